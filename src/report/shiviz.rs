//! A trace as a ShiViz log, which ShiViz draws as a space-time diagram and compares with other runs.
//!
//! A host is a node, a client, or `env`, the environment, which also has the outcomes of messages that did not arrive. The
//! vector clocks are computed from the causes in the trace, and count the events that are shown. The subject's own stamps
//! are only in the text: they count steps, and ShiViz would refuse those of a flawed subject.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::ReportError;
use super::error::each;
use crate::identity::{Actor, EventId};
use crate::trace::text::Renderer;
use crate::trace::{Causes, Detail, Source};

/// The first two lines: the format of the other lines, and that the log has one run.
const HEAD: &str = "(?<event>.*)\\n(?<host>\\S*) (?<clock>{.*})\n\n";

/// Writes a trace as a ShiViz log. The trace is held in memory.
///
/// # Errors
/// If the trace can't be read, or the log can't be written.
pub fn write(source: &mut dyn Source, detail: Detail, out: &mut dyn io::Write) -> Result<(), ReportError> {
    let mut renderer = Renderer::new(&source.header().lanes, detail);
    let mut causes = Causes::default();
    let mut events = Vec::new();
    each(source, &mut |record| {
        causes.see(record);
        events.push((record.id, renderer.line(record)));
        Ok(())
    })?;
    let shown = events.iter().filter(|(_, line)| line.is_some()).map(|(id, _)| *id).collect();
    let mut clocks = Clocks { causes: &causes, shown, known: BTreeMap::new(), environment: Clock::new() };
    out.write_all(HEAD.as_bytes())?;
    for (id, line) in &events {
        let (host, clock) = clocks.of(*id);
        if let Some(line) = line {
            let clock = serde_json::to_string(&clock).map_err(io::Error::from)?;
            writeln!(out, "{}\n{host} {clock}", line.trim_start())?;
        }
    }
    Ok(())
}

/// The number of shown events of each host in an event's past, including the event.
type Clock = BTreeMap<Actor, u64>;

struct Clocks<'c> {
    causes: &'c Causes,
    shown: BTreeSet<EventId>,
    known: BTreeMap<EventId, Clock>,
    /// The clock of the environment's last event.
    environment: Clock,
}

impl Clocks<'_> {
    /// The host of an event, and its clock. Called once for every event, in the order of the trace.
    fn of(&mut self, id: EventId) -> (Actor, Clock) {
        self.compute(id);
        if self.causes.is_own(id) {
            return (id.actor, self.known[&id].clone());
        }
        for cause in self.elsewhere(id) {
            merge(&mut self.environment, &self.known[&cause]);
        }
        if self.shown.contains(&id) {
            *self.environment.entry(Actor::Environment).or_default() += 1;
        }
        (Actor::Environment, self.environment.clone())
    }

    /// Computes the clocks of an event and of all its causes; program order may be ahead of the trace.
    fn compute(&mut self, id: EventId) {
        let mut open = vec![id];
        while let Some(id) = open.last().copied() {
            let missing = self.causes.of(id).find(|cause| self.is_cause(*cause) && !self.known.contains_key(cause));
            match missing {
                // In a forged trace, events may cause each other.
                Some(cause) if !open.contains(&cause) => open.push(cause),
                Some(_) | None => {
                    open.pop();
                    let clock = self.clock(id);
                    self.known.entry(id).or_insert(clock);
                }
            }
        }
    }

    /// Only the events of hosts themselves are causes.
    fn is_cause(&self, id: EventId) -> bool {
        id.actor != Actor::Environment && self.causes.is_own(id)
    }

    fn clock(&self, id: EventId) -> Clock {
        let mut clock = Clock::new();
        let causes = self.causes.of(id).filter(|cause| self.is_cause(*cause));
        causes.filter_map(|cause| self.known.get(&cause)).for_each(|cause| merge(&mut clock, cause));
        if self.shown.contains(&id) {
            *clock.entry(id.actor).or_default() += 1;
        }
        clock
    }

    /// The causes of an event on other hosts than the node that it affects.
    fn elsewhere(&self, id: EventId) -> Vec<EventId> {
        let causes = self.causes.of(id).filter(|cause| self.is_cause(*cause) && cause.actor != id.actor);
        causes.filter(|cause| self.known.contains_key(cause)).collect()
    }
}

fn merge(clock: &mut Clock, other: &Clock) {
    for (host, count) in other {
        let mine = clock.entry(*host).or_default();
        *mine = (*mine).max(*count);
    }
}
