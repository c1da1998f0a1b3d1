//! The surroundings of the cluster in a timed run: the agenda, the network, the clocks, the disks' latency, the
//! clients, and the witness that receives all records.

use std::borrow::Cow;

use super::agenda::{Agenda, Item, Kind};
use super::clients::Client;
use super::clock::LocalClock;
use super::cluster::{Mark, World, nothing};
use super::flights::{Flight, Flights};
use super::links::{Course, Fate, Links, Luck, Passage};
use super::timers::TimerSlot;
use super::{ClockError, Witness, record};
use crate::chance::{Key, Seed};
use crate::context::ClocksRead;
use crate::encoding;
use crate::identity::{Actor, Boot, EventId, MessageId, NodeId, OpId};
use crate::measure::Drift;
use crate::network::Delay;
use crate::observation::{Observation, Observe};
use crate::process::{Data, Lane, Process};
use crate::time::{LocalTime, Span, Time};
use crate::trace::{Body, Event, Head, Label, Said, Sent, label_of};

/// The two clocks of a node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clocks {
    pub(crate) wall: LocalClock,
    pub(crate) monotonic: LocalClock,
    /// The drift of the clocks without faults.
    pub(crate) drift: Drift,
    pub(crate) monotonic_drift: Drift,
}

/// A fault that waits for facts.
#[derive(Clone, Debug)]
pub(crate) struct Tripwire {
    pub(crate) fault: u32,
    pub(crate) fact: String,
    /// The number of further facts to wait for.
    pub(crate) remaining: u32,
}

/// The clocks of a node as they would be without a fault.
#[derive(Clone, Debug)]
pub(crate) struct Without {
    pub(crate) fault: u32,
    pub(crate) node: NodeId,
    pub(crate) clocks: Clocks,
}

/// A disk that a fault slows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SlowDisk {
    pub(crate) fault: u32,
    pub(crate) node: NodeId,
    /// The minimum duration of a sync.
    pub(crate) takes: Span,
    /// The number of syncs that the node had begun before the fault, which does not slow them.
    pub(crate) after: u32,
}

pub(crate) struct Outside<P: Process, W> {
    pub(crate) now: Time,
    pub(crate) agenda: Agenda,
    pub(crate) links: Links,
    pub(crate) flights: Flights<P::Message>,
    /// Empty if all clocks are accurate.
    pub(crate) clocks: Vec<Clocks>,
    sync: Delay,
    sync_key: Key,
    pub(crate) slow_disks: Vec<SlowDisk>,
    /// Clocks that a fault changes.
    pub(crate) odd_clocks: Vec<(u32, NodeId)>,
    /// The clocks of a node as they would be without one of the faults that changed them.
    pub(crate) without: Vec<Without>,
    pub(crate) clients: Vec<Client<P>>,
    pub(crate) touched: Vec<u64>,
    pub(crate) tripwires: Vec<Tripwire>,
    /// The fact that announces a proposer, if a fault targets it; and the node that noted it last.
    pub(crate) elected: Option<&'static str>,
    pub(crate) proposer: Option<NodeId>,
    /// Faults whose trigger has occurred, and that have not acted yet.
    pub(crate) tripped: Vec<u32>,
    /// Nodes that crashed inside a step, with the fault.
    pub(crate) struck: Vec<(NodeId, u32)>,
    environment_events: u32,
    pub(crate) witness: W,
    pub(crate) stopped: bool,
    payload: Vec<u8>,
    observations: Vec<Observation>,
}

impl<P: Process, W: Witness<P::Fact>> Outside<P, W> {
    pub(crate) fn new(
        seed: Seed,
        links: Links,
        clocks: &[ClockError],
        sync: Delay,
        faults: usize,
        clients: Vec<Client<P>>,
        witness: W,
    ) -> Self {
        Self {
            now: Time::ZERO,
            agenda: Agenda::default(),
            links,
            flights: Flights::default(),
            clocks: clocks.iter().map(Clocks::of).collect(),
            sync,
            sync_key: seed.key("sync"),
            slow_disks: Vec::new(),
            odd_clocks: Vec::new(),
            without: Vec::new(),
            clients,
            touched: vec![0; faults],
            tripwires: Vec::new(),
            elected: None,
            proposer: None,
            tripped: Vec::new(),
            struck: Vec::new(),
            environment_events: 0,
            witness,
            stopped: false,
            payload: Vec::new(),
            observations: Vec::new(),
        }
    }

    /// Counts each fault without which one of these clocks of a node would read something else now.
    #[cold]
    fn count_readings(&mut self, node: NodeId, read: ClocksRead) {
        let now = self.now;
        let is = &self.clocks[node.index()];
        for Without { fault, clocks, .. } in self.without.iter().filter(|without| without.node == node) {
            let wall = read.wall && clocks.wall.read(now) != is.wall.read(now);
            let monotonic = read.monotonic && clocks.monotonic.read(now) != is.monotonic.read(now);
            self.touched[*fault as usize] += u64::from(wall || monotonic);
        }
    }

    /// Counts each fault without which a timer that a node sets now would expire at another instant than `at`.
    #[cold]
    fn count_timer(&mut self, node: NodeId, after: Span, at: Time) {
        let now = self.now;
        for Without { fault, clocks, .. } in self.without.iter().filter(|without| without.node == node) {
            let monotonic = &clocks.monotonic;
            let without = monotonic.when(monotonic.read(now) + after, now);
            self.touched[*fault as usize] += u64::from(without != at);
        }
    }

    /// Reports an event of the environment to the witness.
    pub(crate) fn tell_environment(&mut self, event: Event<'_>) {
        self.environment_events += 1;
        let mark = Mark { actor: Actor::Environment, number: self.environment_events, stamp: None };
        self.tell(mark, event);
    }

    /// Reports an event of a client to the witness.
    pub(crate) fn tell_client(&mut self, op: OpId, event: Event<'_>) {
        let mark = self.client_mark(op);
        self.tell(mark, event);
    }

    fn client_mark(&mut self, op: OpId) -> Mark<'static> {
        let number = self.clients[op.client.index()].number();
        Mark { actor: Actor::Client(op.client), number, stamp: None }
    }

    /// Reports an event with a payload of a client or node, which may be a fact.
    #[inline]
    fn tell_with<T: Data>(
        &mut self,
        mark: Mark<'_>,
        said: &T,
        observe: fn(&T, &mut Vec<Observation>),
        fact: Option<&P::Fact>,
        event: impl FnOnce(Said<'_>) -> Event<'_>,
    ) {
        let Self { now, witness, stopped, payload, observations, .. } = self;
        payload.clear();
        encoding::write(said, payload);
        let mut label = Label::default();
        if witness.reads() {
            label = label_of(said);
            observations.clear();
            observe(said, observations);
        }
        let said = Said { label, observations: Cow::Borrowed(observations), body: Body::Encoded(payload) };
        *stopped |= witness.see(&record(head(*now, mark), event(said)), fact).is_break();
    }

    #[inline(always)]
    fn tell_sent(&mut self, mark: Mark<'_>, id: MessageId, to: NodeId, copies: u16, message: &P::Message) {
        if self.witness.reads() {
            return self.tell_said(mark, message, nothing, |said| Event::Send { message: id, to, copies, said });
        }
        self.payload.clear();
        encoding::write(message, &mut self.payload);
        let sent = Sent { message: id, to, copies, said: &self.payload };
        self.stopped |= self.witness.see_sent(head(self.now, mark), sent).is_break();
    }

    #[inline(never)]
    fn send_copies(
        &mut self,
        mark: Mark<'_>,
        id: &MessageId,
        to: NodeId,
        (passages, course): (&[Passage], Course),
        message: &P::Message,
    ) {
        let copies = u16::try_from(passages.len()).expect("a message has few copies");
        self.tell_sent(mark, *id, to, copies, message);
        for (copy, passage) in (0..copies).zip(passages) {
            let slot = self.transmit(*id, to, copy, *passage, message.clone());
            match course {
                Course::Plain => {}
                Course::Altered(_) | Course::Fixed => self.flights.note(slot, *id, copy, course),
            }
        }
    }

    /// Puts a copy of a message into the agenda; returns its slot.
    #[inline(always)]
    fn transmit(&mut self, id: MessageId, to: NodeId, copy: u16, passage: Passage, message: P::Message) -> u32 {
        let mut kind = Kind::Deliver;
        let mut flight = Flight { message, sent: self.now };
        match passage.luck {
            Luck::Whole => {}
            Luck::Lost => kind = Kind::Lose,
            Luck::Flipped(bit) => kind = flip(&mut flight.message, bit),
        }
        let slot = self.flights.put(flight);
        let time = self.now + passage.delay;
        self.agenda.push(Item::delivery(time, id, to, copy, kind, slot));
        slot
    }

    /// The duration of a node's `nth` sync under the faults in force that apply to it, and the fault that determines
    /// it, if any.
    pub(crate) fn latency(&self, node: NodeId, nth: u32) -> (Span, Option<u32>) {
        let key = self.sync_key.with(node.index() as u64).with(u64::from(nth));
        let (mut latency, mut slowed_by) = (self.sync.sample(&mut key.draws()), None);
        for slow in self.slow_disks.iter().filter(|slow| slow.node == node && slow.after < nth) {
            if slow.takes > latency {
                latency = slow.takes;
                slowed_by = Some(slow.fault);
            }
        }
        (latency, slowed_by)
    }

    pub(crate) fn tell_invoked(&mut self, op: OpId, to: NodeId, command: &P::Command) {
        let mark = self.client_mark(op);
        self.tell_said(mark, command, P::Command::observe, |command| Event::Invoked { op, to, command });
    }

    /// Puts an event of a client's own into the agenda.
    pub(crate) fn client_item(&mut self, time: Time, op: OpId, kind: Kind) {
        self.agenda.push(Item::client(time, op.client, kind, op.number));
    }

    fn trip(&mut self, actor: Actor, fact: &P::Fact) {
        let label = label_of(fact);
        if let (Actor::Node(node), Some(elected)) = (actor, self.elected)
            && label.is(elected)
        {
            self.proposer = Some(node);
        }
        for wire in &mut self.tripwires {
            if wire.remaining > 0 && label.is(&wire.fact) {
                wire.remaining -= 1;
                if wire.remaining == 0 {
                    self.tripped.push(wire.fault);
                }
            }
        }
    }
}

/// The beginning of a record.
#[inline]
const fn head(time: Time, mark: Mark<'_>) -> Head<'_> {
    let Mark { actor, number, stamp } = mark;
    Head { time, id: EventId { actor, number }, stamp }
}

/// The first reading of a wall clock without offset: a day, so that a clock that is behind is not below zero.
const EPOCH: Span = Span::from_secs(86_400);

impl Clocks {
    /// Clocks with these errors.
    pub(crate) fn of(error: &ClockError) -> Self {
        let reading = EPOCH.as_nanos().saturating_add_signed(error.offset.as_nanos());
        Self {
            wall: LocalClock::new(LocalTime::from_nanos(reading), error.drift),
            monotonic: LocalClock::new(LocalTime::default(), error.monotonic_drift),
            drift: error.drift,
            monotonic_drift: error.monotonic_drift,
        }
    }
}

impl<P: Process, W: Witness<P::Fact>> World<P> for Outside<P, W> {
    #[inline(always)]
    fn clocks(&self, node: NodeId) -> (LocalTime, LocalTime) {
        let now = self.now;
        let Some(clocks) = self.clocks.get(node.index()) else {
            let monotonic = LocalTime::from_nanos(now.as_nanos());
            return (monotonic + EPOCH, monotonic);
        };
        (clocks.wall.read(now), clocks.monotonic.read(now))
    }

    #[inline]
    fn used_clocks(&mut self, node: NodeId, read: ClocksRead) {
        if !self.without.is_empty() {
            self.count_readings(node, read);
        }
    }

    #[inline]
    fn armed(&mut self, node: NodeId, after: Span, at: Time) {
        if !self.without.is_empty() {
            self.count_timer(node, after, at);
        }
    }

    #[inline]
    fn monotonic(&self, node: NodeId) -> LocalTime {
        self.clocks
            .get(node.index())
            .map_or(LocalTime::from_nanos(self.now.as_nanos()), |clocks| clocks.monotonic.read(self.now))
    }

    #[inline]
    fn when(&self, node: NodeId, reading: LocalTime) -> Time {
        self.clocks
            .get(node.index())
            .map_or(Time::from_nanos(reading.as_nanos()), |clocks| clocks.monotonic.when(reading, self.now))
    }

    #[inline]
    fn tell(&mut self, mark: Mark<'_>, event: Event<'_>) {
        self.stopped |= self.witness.see(&record(head(self.now, mark), event), None).is_break();
    }

    #[inline(always)]
    fn receive(&mut self, mark: Mark<'_>, message: MessageId, copy: u16) {
        self.stopped |= self.witness.see_received(head(self.now, mark), message, copy).is_break();
    }

    #[inline]
    fn tell_said<T: Data>(
        &mut self,
        mark: Mark<'_>,
        said: &T,
        observe: fn(&T, &mut Vec<Observation>),
        event: impl FnOnce(Said<'_>) -> Event<'_>,
    ) {
        self.tell_with(mark, said, observe, None, event);
    }

    fn note(&mut self, mark: Mark<'_>, fact: &P::Fact) {
        let actor = mark.actor;
        self.tell_with(mark, fact, P::Fact::observe, Some(fact), |fact| Event::Fact { fact });
        if !self.tripwires.is_empty() || self.elected.is_some() {
            self.trip(actor, fact);
        }
    }

    #[inline(always)]
    fn send(&mut self, mark: Mark<'_>, id: MessageId, to: NodeId, message: P::Message) {
        match self.links.fate(to, &id, &mut self.touched) {
            Fate::Single(passage) => {
                self.tell_sent(mark, id, to, 1, &message);
                self.transmit(id, to, 0, passage, message);
            }
            Fate::Several(passages, course) => self.send_copies(mark, &id, to, (&passages, course), &message),
        }
    }

    #[inline]
    fn schedule(&mut self, node: NodeId, timer: &P::Timer, place: TimerSlot) {
        if place.time < Time::MAX {
            self.agenda.push(Item::timer(place.time, node, timer.lane(), place.number, place.slot));
        }
    }

    fn sync(&mut self, node: NodeId, boot: Boot, sync: u32, nth: u32) {
        let (latency, slowed_by) = self.latency(node, nth);
        if let Some(fault) = slowed_by {
            self.touched[fault as usize] += 1;
        }
        self.agenda.push(Item::disk(self.now + latency, node, boot.number(), sync));
    }

    fn answer(&mut self, op: OpId, reply: P::Reply) {
        let now = self.now;
        let Some(client) = self.clients.get_mut(op.client.index()) else {
            return;
        };
        let Some(next) = client.answer(op, &reply, now) else {
            return;
        };
        let mark = self.client_mark(op);
        self.tell_said(mark, &reply, P::Reply::observe, |reply| Event::Returned { op, reply });
        if let Some(time) = next {
            self.client_item(time, op, Kind::Ask);
        }
    }

    fn touch(&mut self, fault: u32) {
        self.touched[fault as usize] += 1;
    }

    fn struck(&mut self, node: NodeId, fault: u32) {
        self.struck.push((node, fault));
    }

    #[inline]
    fn interrupted(&self) -> bool {
        !self.tripped.is_empty() || self.stopped
    }
}

/// Flips a bit of a message's encoding: another message arrives, or garbage if the bytes cannot be decoded.
#[cold]
fn flip<M: Data>(message: &mut M, bit: u64) -> Kind {
    let mut bytes = Vec::new();
    encoding::write(message, &mut bytes);
    encoding::flip_bit(&mut bytes, bit);
    match encoding::read(&bytes) {
        Ok(other) => {
            *message = other;
            Kind::DeliverCorrupted
        }
        Err(_) => Kind::DeliverGarbage,
    }
}
