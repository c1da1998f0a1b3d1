//! A trace as a log of ShiViz, which draws it as a space-time diagram and compares runs.
//!
//! A host is a node, a client, or `env`: the environment, with what became of messages that did not arrive. The vector
//! clocks are computed from what the trace tells of causes, and count the events that are shown. The stamps that a subject
//! gives stand in the text: they count steps only, and a flawed subject's would be refused by ShiViz.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::Refused;
use super::refused::each;
use crate::identity::{Actor, EventId};
use crate::trace::text::Renderer;
use crate::trace::{Causes, Detail, Source};

/// The first two lines: how the others are read, and that there is one run.
const HEAD: &str = "(?<event>.*)\\n(?<host>\\S*) (?<clock>{.*})\n\n";

/// Writes a trace as a log of ShiViz. It is held in memory.
///
/// # Errors
/// If the trace can't be read, or the log can't be written.
pub fn write(source: &mut dyn Source, detail: Detail, out: &mut dyn io::Write) -> Result<(), Refused> {
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

/// How many events of each host, of those that are shown, are in an event's past, with itself.
type Clock = BTreeMap<Actor, u64>;

struct Clocks<'c> {
    causes: &'c Causes,
    shown: BTreeSet<EventId>,
    known: BTreeMap<EventId, Clock>,
    /// That of the environment's last event.
    environment: Clock,
}

impl Clocks<'_> {
    /// On whose line an event stands, and its clock. Every event is asked for once, in the order of the trace.
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

    /// Computes the clocks of an event and of all that caused it; program order may run ahead of the trace.
    fn compute(&mut self, id: EventId) {
        let mut open = vec![id];
        while let Some(id) = open.last().copied() {
            let missing = self.causes.of(id).find(|cause| self.is_cause(*cause) && !self.known.contains_key(cause));
            match missing {
                // A forged trace may have events that cause one another.
                Some(cause) if !open.contains(&cause) => open.push(cause),
                Some(_) | None => {
                    open.pop();
                    let clock = self.clock(id);
                    self.known.entry(id).or_insert(clock);
                }
            }
        }
    }

    /// Only what hosts themselves did spreads.
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

    /// What caused an event on another line than that of the node that it befell.
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
