//! The surroundings of the cluster in a step of an exploration: gathers the effects of the step, and reports to a
//! witness.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use smallvec::SmallVec;

use super::state::Patron;
use crate::encoding;
use crate::identity::{Actor, Boot, ClientId, EventId, MessageId, NodeId, OpId};
use crate::observation::{Observation, Observe};
use crate::process::{Data, Process};
use crate::sim::Witness;
use crate::sim::clients::Client;
use crate::sim::cluster::{Mark, World};
use crate::sim::timers::TimerSlot;
use crate::time::{LocalTime, Time};
use crate::trace::{Body, Event, Label, Record, Said, label_of};

/// The level of detail for the witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ears {
    /// Nothing: there are no checkers.
    Shut,
    /// Events and observations for checkers; only facts have labels, and payloads are not encoded.
    Open,
    /// Everything that a trace holds.
    Recording,
}

/// The world around the cluster in one step: it carries out the effects of the step and records them.
pub(crate) struct StepExecutor<'a, P: Process, W> {
    pub(crate) now: Time,
    /// The constant readings of the nodes' wall clocks.
    pub(crate) walls: &'a [LocalTime],
    pub(crate) before: &'a [Arc<Patron<P>>],
    /// The total number of copies of each duplicated message.
    pub(crate) copies: &'a BTreeMap<MessageId, u16>,
    pub(crate) ears: Ears,
    pub(crate) witness: &'a mut W,
    pub(crate) gathered: &'a mut Gathered<P>,
}

/// What a step has gathered.
#[derive(Debug)]
pub(crate) struct Gathered<P: Process> {
    pub(crate) sent: Vec<(MessageId, NodeId, P::Message)>,
    /// Clients that changed.
    pub(crate) patrons: SmallVec<[(ClientId, Client<P>, u32); 1]>,
    /// The numbers of the effects that were performed, in order.
    pub(crate) effects: Vec<u32>,
    /// Whether the witness has seen enough.
    pub(crate) stopped: bool,
    payload: Vec<u8>,
    observations: Vec<Observation>,
}

impl<P: Process> Default for Gathered<P> {
    fn default() -> Self {
        Self {
            sent: Vec::new(),
            patrons: SmallVec::new(),
            effects: Vec::new(),
            stopped: false,
            payload: Vec::new(),
            observations: Vec::new(),
        }
    }
}

impl<P: Process> Gathered<P> {
    pub(crate) fn clear(&mut self) {
        self.sent.clear();
        self.patrons.clear();
        self.effects.clear();
        self.stopped = false;
    }
}

impl<P: Process, W: Witness<P::Fact>> StepExecutor<'_, P, W> {
    /// A client for modification.
    pub(crate) fn client(&mut self, id: ClientId) -> &mut (ClientId, Client<P>, u32) {
        let changed = &mut self.gathered.patrons;
        let at = changed.iter().position(|(changed, ..)| *changed == id).unwrap_or_else(|| {
            let Patron { client, lapses, .. } = &*self.before[id.index()];
            changed.push((id, client.clone(), *lapses));
            changed.len() - 1
        });
        &mut changed[at]
    }

    pub(crate) fn client_mark(&mut self, id: ClientId) -> Mark<'static> {
        Mark { actor: Actor::Client(id), number: self.client(id).1.number(), stamp: None }
    }

    pub(crate) fn tell_client(&mut self, id: ClientId, event: Event<'_>) {
        let mark = self.client_mark(id);
        self.tell(mark, event);
    }

    /// Reports an event with a payload.
    fn tell_words<T: Data>(
        &mut self,
        mark: Mark<'_>,
        said: &T,
        observe: fn(&T, &mut Vec<Observation>),
        fact: Option<&P::Fact>,
        event: impl FnOnce(Said<'_>) -> Event<'_>,
    ) {
        let Self { ears, witness, gathered, now, .. } = self;
        let Gathered { payload, observations, stopped, effects, .. } = &mut **gathered;
        payload.clear();
        observations.clear();
        let mut label = Label::default();
        if *ears == Ears::Recording {
            encoding::write(said, payload);
        }
        if *ears == Ears::Recording || (*ears == Ears::Open && fact.is_some()) {
            label = label_of(said);
        }
        if *ears != Ears::Shut {
            observe(said, observations);
        }
        let said = Said { label, observations: Cow::Borrowed(observations), body: Body::Encoded(payload) };
        let event = event(said);
        if is_effect(&event) {
            effects.push(mark.number);
        }
        if *ears != Ears::Shut {
            *stopped |= witness.see(&record(*now, mark, event), fact).is_break();
        }
    }
}

fn record<'a>(time: Time, mark: Mark<'a>, event: Event<'a>) -> Record<'a> {
    let Mark { actor, number, stamp } = mark;
    Record { time, id: EventId { actor, number }, stamp: stamp.map(Cow::Borrowed), event }
}

/// Whether the event is an effect of a node.
const fn is_effect(event: &Event<'_>) -> bool {
    matches!(
        event,
        Event::Send { .. }
            | Event::Append { .. }
            | Event::Rewrite { .. }
            | Event::Sync
            | Event::Reply { .. }
            | Event::Fact { .. }
    )
}

/// Time stands still: a node's wall clock has its offset, its monotonic clock its first reading.
impl<P: Process, W: Witness<P::Fact>> World<P> for StepExecutor<'_, P, W> {
    fn clocks(&self, node: NodeId) -> (LocalTime, LocalTime) {
        (self.walls[node.index()], LocalTime::default())
    }

    fn monotonic(&self, _node: NodeId) -> LocalTime {
        LocalTime::default()
    }

    fn when(&self, _node: NodeId, reading: LocalTime) -> Time {
        Time::from_nanos(reading.as_nanos())
    }

    fn tell(&mut self, mark: Mark<'_>, event: Event<'_>) {
        if is_effect(&event) {
            self.gathered.effects.push(mark.number);
        }
        if self.ears != Ears::Shut {
            self.gathered.stopped |= self.witness.see(&record(self.now, mark, event), None).is_break();
        }
    }

    fn receive(&mut self, mark: Mark<'_>, message: MessageId, copy: u16) {
        self.tell(mark, Event::Receive { message, copy, corrupted: None });
    }

    fn tell_said<T: Data>(
        &mut self,
        mark: Mark<'_>,
        said: &T,
        observe: fn(&T, &mut Vec<Observation>),
        event: impl FnOnce(Said<'_>) -> Event<'_>,
    ) {
        self.tell_words(mark, said, observe, None, event);
    }

    fn note(&mut self, mark: Mark<'_>, fact: &P::Fact) {
        self.tell_words(mark, fact, P::Fact::observe, Some(fact), |fact| Event::Fact { fact });
    }

    fn send(&mut self, mark: Mark<'_>, id: MessageId, to: NodeId, message: P::Message) {
        let copies = self.copies.get(&id).copied().unwrap_or(1);
        self.tell_words(mark, &message, crate::sim::cluster::nothing, None, |said| Event::Send {
            message: id,
            to,
            copies,
            said,
        });
        self.gathered.sent.push((id, to, message));
    }

    fn schedule(&mut self, _node: NodeId, _timer: &P::Timer, _place: TimerSlot) {}

    fn sync(&mut self, _node: NodeId, _boot: Boot, _sync: u32, _nth: u32) {}

    fn answer(&mut self, op: OpId, reply: P::Reply) {
        if op.client.index() >= self.before.len() {
            return;
        }
        let now = self.now;
        if self.client(op.client).1.answer(op, &reply, now).is_some() {
            let mark = self.client_mark(op.client);
            self.tell_words(mark, &reply, P::Reply::observe, None, |reply| Event::Returned { op, reply });
        }
    }

    fn touch(&mut self, _fault: u32) {}

    fn struck(&mut self, _node: NodeId, _fault: u32) {}

    fn interrupted(&self) -> bool {
        self.gathered.stopped
    }
}
