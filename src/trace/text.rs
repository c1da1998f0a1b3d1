//! The text format of a trace, version 1: one line per event, for people and golden files.
//!
//! It is always ASCII with LF line ends, whatever is in the values; see [`Renderer::line`] for what a line shows.

mod line;
mod value;

use std::collections::BTreeMap;
use std::fmt::Write as _;

pub(super) use value::Plain;

use super::{Detail, EffectKind, Event, Footer, Header, Record, VERSION, Verdict};
use crate::clocks::VectorClock;
use crate::identity::{Actor, Incarnation};
use line::Line;

/// The lines before the first record: format, scenario, subject, seed, the resolved scenario as JSON, planned faults.
#[must_use]
pub fn head(header: &Header) -> String {
    let Header { scenario, subject, seed, nodes: _, lanes: _, resolved, faults, due: _ } = header;
    let mut lines = vec![format!("stemmata trace v{VERSION}"), format!("scenario {scenario}")];
    lines.extend([format!("subject {subject}"), format!("seed {seed}")]);
    lines.extend(format!("{resolved:#}").lines().map(str::to_owned));
    lines.extend(faults.iter().enumerate().map(|(index, fault)| format!("fault {} {fault}", index + 1)));
    lines.iter().map(|line| format!("# {}\n", Plain(line))).collect()
}

/// The lines after the last record: verdict, end and digest.
#[must_use]
pub fn end(footer: &Footer) -> String {
    let Footer { time, records: _, digest, judgements: _ } = footer;
    format!("# end {} t={time}\n# digest {digest}\n", Plain(&conclusion(footer)))
}

/// The most severe verdict, and the invariants that have it: `violated causality`; `holds` if all held.
fn conclusion(footer: &Footer) -> String {
    let grave = |verdict: &Verdict| match verdict {
        Verdict::Violated(_) => 3,
        Verdict::Undecided { .. } => 2,
        Verdict::Vacuous { .. } => 1,
        Verdict::Holds { .. } => 0,
    };
    let Some(gravest) = footer.judgements.iter().map(|judgement| grave(&judgement.verdict)).max() else {
        return "unjudged".to_owned();
    };
    let mut with = footer.judgements.iter().filter(|judgement| grave(&judgement.verdict) == gravest).peekable();
    let mut words = vec![with.peek().map_or("", |first| first.verdict.word())];
    if gravest > 0 {
        words.extend(with.map(|judgement| judgement.invariant.as_str()));
    }
    words.join(" ")
}

/// Writes records as lines; it remembers each node's last stamp, to show only what changed.
#[derive(Clone, Debug)]
pub struct Renderer {
    lanes: Vec<String>,
    detail: Detail,
    shown: BTreeMap<Actor, VectorClock>,
}

impl Renderer {
    /// A renderer for a trace with these lanes.
    #[must_use]
    pub fn new(lanes: &[String], detail: Detail) -> Self {
        let lanes = lanes.iter().map(|lane| Plain(lane).to_string()).collect();
        Self { lanes, detail, shown: BTreeMap::new() }
    }

    /// The record's line, without the line end; `None` if the detail omits it.
    ///
    /// Time in milliseconds; `--`, `n1` or `c1`; a word for the event; its fields as `key=value`, by key, without those
    /// that are null, false or empty; and after `@` the entries of the vector clock that changed since this node's last line that
    /// had one. An entry that has disappeared is shown as 0. A message's `signature` and `stamp` show at [`Detail::All`].
    pub fn line(&mut self, record: &Record<'_>) -> Option<String> {
        if least_detail(&record.event) > self.detail {
            return None;
        }
        let envelope = self.detail == Detail::All;
        let mut line = Line { record, lanes: &self.lanes, envelope }.to_string();
        if let Some(stamp) = &record.stamp {
            let last = self.shown.entry(record.id.actor).or_default();
            push_clock(&mut line, changes(&stamp.vector, last));
            last.clone_from(&stamp.vector);
        }
        Some(line)
    }

    /// The record's line without its clock; `None` if the detail omits it.
    #[must_use]
    pub fn plain(&self, record: &Record<'_>) -> Option<String> {
        let shown = least_detail(&record.event) <= self.detail;
        let envelope = self.detail == Detail::All;
        shown.then(|| Line { record, lanes: &self.lanes, envelope }.to_string())
    }

    /// The line of a single record, with any detail and the whole vector clock.
    #[must_use]
    pub fn alone(&self, record: &Record<'_>) -> String {
        let mut line = Line { record, lanes: &self.lanes, envelope: false }.to_string();
        if let Some(stamp) = &record.stamp {
            push_clock(&mut line, stamp.vector.iter());
        }
        line
    }
}

fn changes(now: &VectorClock, last: &VectorClock) -> BTreeMap<Incarnation, u64> {
    let gone = last.iter().filter(|(who, _)| now.get(who.node, who.boot) == 0).map(|(who, _)| (who, 0));
    now.changes_since(last).iter().chain(gone).collect()
}

fn push_clock(line: &mut String, entries: impl IntoIterator<Item = (Incarnation, u64)>) {
    for (place, (who, count)) in entries.into_iter().enumerate() {
        let at = if place == 0 { " @" } else { "" };
        write!(line, "{at} {who}:{count}").expect("a string takes all that is written");
    }
}

/// The lowest level of detail that shows the event.
const fn least_detail(event: &Event<'_>) -> Detail {
    match event {
        Event::Start { .. }
        | Event::Fact { .. }
        | Event::Killed { .. }
        | Event::Paused
        | Event::Unpaused
        | Event::IoError
        | Event::Damaged { .. }
        | Event::Panicked { .. }
        | Event::Invoked { .. }
        | Event::Retried { .. }
        | Event::Returned { .. }
        | Event::GaveUp { .. }
        | Event::Fault { .. }
        | Event::FaultEnded { .. }
        | Event::Calm
        | Event::Core { .. }
        | Event::Touched { .. }
        | Event::Stuck { .. }
        | Event::Unmet { .. }
        | Event::Pending { .. } => Detail::Facts,
        Event::Receive { .. }
        | Event::Timer { .. }
        | Event::Command { .. }
        | Event::Send { .. }
        | Event::Reply { .. }
        | Event::Lost { .. }
        | Event::Garbled { .. }
        | Event::Held { .. } => Detail::Messages,
        Event::Append { .. } | Event::Rewrite { .. } | Event::Sync | Event::Synced { .. } => Detail::All,
        Event::Dropped { effect, .. } => match effect {
            EffectKind::Fact => Detail::Facts,
            EffectKind::Send | EffectKind::Reply => Detail::Messages,
            EffectKind::Append | EffectKind::Rewrite | EffectKind::Sync => Detail::All,
        },
    }
}
