//! The causal past of a violation, from the trace alone. The causal order contains program order at each node and client, and
//! leads from a send to its receipt, from an operation's invocation to its command, and from a reply to its return.

use std::collections::{BTreeMap, BTreeSet};

use crate::identity::{Actor, EventId, MessageId, OpId};
use crate::time::Time;
use crate::trace::jsonl::ReadError;
use crate::trace::text::Renderer;
use crate::trace::{Detail, Event, Record, Source, Violation};

/// An event of the causal past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastEvent {
    /// Its id.
    pub id: EventId,
    /// Its time.
    pub time: Time,
    /// Its line in the trace, without its clock.
    pub line: String,
    /// The event of another actor that led to it: its index in the list.
    pub cause: Option<usize>,
    /// Whether no actor learned of it: a loss, or a copy that is held.
    pub is_loss: bool,
    /// Whether the violation cites it.
    pub is_witness: bool,
}

/// The causal past of a violation, or a whole trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CausalPast {
    /// In the order of the trace.
    pub events: Vec<PastEvent>,
    /// The number of earlier events that are omitted.
    pub left_out: usize,
}

impl CausalPast {
    /// The past of `violation` in the records of `source`; see [`CausalGraph::past_of`].
    ///
    /// # Errors
    /// If the trace can't be read to its end.
    pub fn of(source: &mut dyn Source, violation: &Violation, most: usize) -> Result<Self, ReadError> {
        Ok(CausalGraph::of(source)?.past_of(violation, most))
    }

    /// The actors in it: clients, then nodes.
    #[must_use]
    pub fn actors(&self) -> Vec<Actor> {
        let all: BTreeSet<Actor> = self.events.iter().map(|event| event.id.actor).collect();
        let (clients, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|actor| matches!(actor, Actor::Client(_)));
        clients.into_iter().chain(others.into_iter().filter(|actor| *actor != Actor::Environment)).collect()
    }
}

/// All events of a trace, each with its causes.
#[derive(Clone, Debug, Default)]
pub struct CausalGraph {
    nodes: Vec<GraphNode>,
    /// The last event of each actor, without losses.
    last: BTreeMap<Actor, usize>,
    sent: BTreeMap<MessageId, usize>,
    asked: BTreeMap<OpId, usize>,
    replied: BTreeMap<OpId, usize>,
    fault: Option<usize>,
}

#[derive(Clone, Debug)]
struct GraphNode {
    event: PastEvent,
    /// The previous event of the same actor.
    before: Option<usize>,
    /// Whether a story shows it.
    told: bool,
    /// Whether it is the start or the end of a fault, or quiescence.
    acts: bool,
}

impl CausalGraph {
    /// The events of all further records of `source`.
    ///
    /// # Errors
    /// If the trace can't be read to its end.
    pub fn of(source: &mut dyn Source) -> Result<Self, ReadError> {
        let renderer = Renderer::new(&source.header().lanes, Detail::Messages);
        let mut graph = Self::default();
        source.for_each(&mut |record| graph.add(record, &renderer))?;
        Ok(graph)
    }

    /// The past of a violation: the latest events, at most `most`, and the cited ones, with the faults that acted before and
    /// the losses of messages in it. If the violation is that something never happened, its past is the whole run.
    #[must_use]
    pub fn past_of(&self, violation: &Violation, most: usize) -> CausalPast {
        let witnesses: BTreeSet<EventId> = violation.witnesses.iter().copied().collect();
        let cited = self.nodes.iter().enumerate().filter(|(_, thread)| witnesses.contains(&thread.event.id));
        let cited: Vec<usize> = cited.map(|(place, _)| place).collect();
        let last = cited.iter().map(|place| self.nodes[*place].event.time).max();
        let past = if last == Some(violation.time) { self.past(cited) } else { (0..self.nodes.len()).collect() };
        self.cut(past, &witnesses, violation.time, most)
    }

    /// The latest events, at most `most`.
    #[must_use]
    pub fn whole(&self, most: usize) -> CausalPast {
        self.cut((0..self.nodes.len()).collect(), &BTreeSet::new(), Time::MAX, most)
    }

    fn add(&mut self, record: &Record<'_>, renderer: &Renderer) {
        let place = self.nodes.len();
        let actor = record.id.actor;
        let (cause, is_loss) = self.cause(record, place);
        let line = renderer.plain(record);
        let told = line.is_some();
        let before = self.last.get(&actor).copied().filter(|_| !is_loss);
        let line = line.unwrap_or_default().trim_start().to_owned();
        let event = PastEvent { id: record.id, time: record.time, line, cause, is_loss, is_witness: false };
        let acts = matches!(record.event, Event::Fault { .. } | Event::FaultEnded { .. } | Event::Calm);
        let told = told && (acts || actor != Actor::Environment);
        self.nodes.push(GraphNode { event, before, told, acts });
        if !is_loss && actor != Actor::Environment {
            self.last.insert(actor, place);
        }
    }

    /// The event of another actor that led to an event, and whether no actor learns of it.
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
            Event::Killed { .. } | Event::Paused | Event::IoError | Event::Damaged { .. } => (self.fault, false),
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
            | Event::Core { .. }
            | Event::Touched { .. }
            | Event::Stuck { .. }
            | Event::Unmet { .. }
            | Event::Pending { .. } => (None, false),
        }
    }

    /// These events and all their causes.
    fn past(&self, mut open: Vec<usize>) -> BTreeSet<usize> {
        let mut past = BTreeSet::new();
        while let Some(place) = open.pop() {
            if past.insert(place) {
                let GraphNode { event, before, .. } = &self.nodes[place];
                open.extend(event.cause.into_iter().chain(*before));
            }
        }
        past
    }

    fn cut(&self, mut past: BTreeSet<usize>, witnesses: &BTreeSet<EventId>, until: Time, most: usize) -> CausalPast {
        for (place, GraphNode { event, acts, .. }) in self.nodes.iter().enumerate() {
            let lost = event.is_loss && event.cause.is_some_and(|cause| past.contains(&cause));
            if event.time <= until && (*acts || lost) {
                past.insert(place);
            }
        }
        let told: Vec<usize> = past.into_iter().filter(|place| self.nodes[*place].told).collect();
        let cited = |place: &usize| witnesses.contains(&self.nodes[*place].event.id);
        let left_out = told.len().saturating_sub(most);
        let (early, late) = told.split_at(left_out);
        let early = early.iter().filter(|place| cited(place));
        let kept: Vec<usize> = early.chain(late).copied().collect();
        let left_out = told.len() - kept.len();
        let places: BTreeMap<usize, usize> = kept.iter().enumerate().map(|(new, old)| (*old, new)).collect();
        let event = |place: &usize| {
            let event = self.nodes[*place].event.clone();
            let cause = event.cause.and_then(|cause| places.get(&cause).copied());
            PastEvent { cause, is_witness: cited(place), ..event }
        };
        CausalPast { events: kept.iter().map(event).collect(), left_out }
    }
}
