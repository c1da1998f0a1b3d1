//! The causal past of a violation, from the trace alone: program order at each node and client, from a send to its
//! receipt, from an operation's invocation to its command, and from a reply to its return.

use std::collections::{BTreeMap, BTreeSet};

use crate::identity::{Actor, EventId, MessageId, OpId};
use crate::time::Time;
use crate::trace::jsonl::ReadError;
use crate::trace::text::Renderer;
use crate::trace::{Detail, Event, Record, Source, Violation};

/// An event of the past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Its name.
    pub id: EventId,
    /// When it happened.
    pub time: Time,
    /// What happened, as a trace says it, without its clock.
    pub line: String,
    /// Whose event, elsewhere, led to it: its place among the deeds.
    pub cause: Option<usize>,
    /// Whether nobody ever learned of it: a loss, or a copy that is held.
    pub is_loss: bool,
    /// Whether the violation cites it.
    pub is_witness: bool,
}

/// The causal past of a violation, or a whole trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cone {
    /// In the order of the trace.
    pub deeds: Vec<Deed>,
    /// How many earlier events of the past there are that are not among the deeds.
    pub left_out: usize,
}

impl Cone {
    /// The past of `violation` in the records of `source`, as [`Web::past_of`] has it.
    ///
    /// # Errors
    /// If the trace can't be read to its end.
    pub fn of(source: &mut dyn Source, violation: &Violation, most: usize) -> Result<Self, ReadError> {
        Ok(Web::spun(source)?.past_of(violation, most))
    }

    /// Who acts in it: clients, then nodes.
    #[must_use]
    pub fn actors(&self) -> Vec<Actor> {
        let all: BTreeSet<Actor> = self.deeds.iter().map(|deed| deed.id.actor).collect();
        let (clients, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|actor| matches!(actor, Actor::Client(_)));
        clients.into_iter().chain(others.into_iter().filter(|actor| *actor != Actor::Environment)).collect()
    }
}

/// All events of a trace, each with what led to it.
#[derive(Clone, Debug, Default)]
pub struct Web {
    threads: Vec<Thread>,
    /// The last event of each actor that it knew of.
    last: BTreeMap<Actor, usize>,
    sent: BTreeMap<MessageId, usize>,
    asked: BTreeMap<OpId, usize>,
    replied: BTreeMap<OpId, usize>,
    fault: Option<usize>,
}

#[derive(Clone, Debug)]
struct Thread {
    deed: Deed,
    /// The event before it at the same place.
    before: Option<usize>,
    /// Whether a story tells it.
    told: bool,
    /// Whether it is a fault's beginning or end, or the calm.
    acts: bool,
}

impl Web {
    /// The events of all further records of `source`.
    ///
    /// # Errors
    /// If the trace can't be read to its end.
    pub fn spun(source: &mut dyn Source) -> Result<Self, ReadError> {
        let renderer = Renderer::new(&source.header().lanes, Detail::Messages);
        let mut web = Self::default();
        source.for_each(&mut |record| web.spin(record, &renderer))?;
        Ok(web)
    }

    /// The past of a violation: at most so many events, the latest, and those that it cites; with the faults that acted before, and what was lost
    /// of the messages in it. What never happens has no past of its own: the whole run is it.
    #[must_use]
    pub fn past_of(&self, violation: &Violation, most: usize) -> Cone {
        let witnesses: BTreeSet<EventId> = violation.witnesses.iter().copied().collect();
        let cited = self.threads.iter().enumerate().filter(|(_, thread)| witnesses.contains(&thread.deed.id));
        let cited: Vec<usize> = cited.map(|(place, _)| place).collect();
        let last = cited.iter().map(|place| self.threads[*place].deed.time).max();
        let past = if last == Some(violation.time) { self.past(cited) } else { (0..self.threads.len()).collect() };
        self.cut(past, &witnesses, violation.time, most)
    }

    /// Every event, but at most so many, the latest.
    #[must_use]
    pub fn whole(&self, most: usize) -> Cone {
        self.cut((0..self.threads.len()).collect(), &BTreeSet::new(), Time::MAX, most)
    }

    fn spin(&mut self, record: &Record<'_>, renderer: &Renderer) {
        let place = self.threads.len();
        let actor = record.id.actor;
        let (cause, is_loss) = self.cause(record, place);
        let line = renderer.plain(record);
        let told = line.is_some();
        let before = self.last.get(&actor).copied().filter(|_| !is_loss);
        let line = line.unwrap_or_default().trim_start().to_owned();
        let deed = Deed { id: record.id, time: record.time, line, cause, is_loss, is_witness: false };
        let acts = matches!(record.event, Event::Fault { .. } | Event::FaultEnded { .. } | Event::Calm);
        let told = told && (acts || actor != Actor::Environment);
        self.threads.push(Thread { deed, before, told, acts });
        if !is_loss && actor != Actor::Environment {
            self.last.insert(actor, place);
        }
    }

    /// What led to an event from elsewhere, and whether it is one of which nobody learns.
    fn cause(&mut self, record: &Record<'_>, place: usize) -> (Option<usize>, bool) {
        match &record.event {
            Event::Send { message, .. } => {
                self.sent.insert(*message, place);
                (None, false)
            }
            Event::Invoked { op, .. } | Event::Retried { op, .. } => {
                self.asked.insert(*op, place);
                (None, false)
            }
            Event::Reply { op, .. } => {
                self.replied.insert(*op, place);
                (None, false)
            }
            Event::Fault { .. } => {
                self.fault = Some(place);
                (None, false)
            }
            Event::Receive { message, .. } => (self.sent.get(message).copied(), false),
            Event::Command { op } => (self.asked.get(op).copied(), false),
            Event::Returned { op, .. } => (self.replied.get(op).copied(), false),
            Event::Lost { message, .. } | Event::Garbled { message, .. } | Event::Held { message, .. } => {
                (self.sent.get(message).copied(), true)
            }
            Event::Killed { .. } | Event::Paused | Event::IoError => (self.fault, false),
            Event::Start { .. }
            | Event::Timer { .. }
            | Event::Synced { .. }
            | Event::Append { .. }
            | Event::Rewrite { .. }
            | Event::Sync
            | Event::Fact { .. }
            | Event::Dropped { .. }
            | Event::Unpaused
            | Event::Panicked { .. }
            | Event::GaveUp { .. }
            | Event::FaultEnded { .. }
            | Event::Calm
            | Event::Touched { .. }
            | Event::Stuck { .. }
            | Event::Unmet { .. }
            | Event::Pending { .. } => (None, false),
        }
    }

    /// These events and all that led to them.
    fn past(&self, mut open: Vec<usize>) -> BTreeSet<usize> {
        let mut past = BTreeSet::new();
        while let Some(place) = open.pop() {
            if past.insert(place) {
                let Thread { deed, before, .. } = &self.threads[place];
                open.extend(deed.cause.into_iter().chain(*before));
            }
        }
        past
    }

    fn cut(&self, mut past: BTreeSet<usize>, witnesses: &BTreeSet<EventId>, until: Time, most: usize) -> Cone {
        for (place, Thread { deed, acts, .. }) in self.threads.iter().enumerate() {
            let lost = deed.is_loss && deed.cause.is_some_and(|cause| past.contains(&cause));
            if deed.time <= until && (*acts || lost) {
                past.insert(place);
            }
        }
        let told: Vec<usize> = past.into_iter().filter(|place| self.threads[*place].told).collect();
        let cited = |place: &usize| witnesses.contains(&self.threads[*place].deed.id);
        let left_out = told.len().saturating_sub(most);
        let (early, late) = told.split_at(left_out);
        let early = early.iter().filter(|place| cited(place));
        let kept: Vec<usize> = early.chain(late).copied().collect();
        let left_out = told.len() - kept.len();
        let places: BTreeMap<usize, usize> = kept.iter().enumerate().map(|(new, old)| (*old, new)).collect();
        let deed = |place: &usize| {
            let deed = self.threads[*place].deed.clone();
            let cause = deed.cause.and_then(|cause| places.get(&cause).copied());
            Deed { cause, is_witness: cited(place), ..deed }
        };
        Cone { deeds: kept.iter().map(deed).collect(), left_out }
    }
}
