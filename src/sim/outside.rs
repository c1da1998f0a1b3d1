//! What surrounds the cluster in a timed run: the agenda, the network, the clocks, the disks' latency, the clients' ends,
//! and the witness to whom everything is told.

use std::borrow::Cow;
use std::ops::ControlFlow;

use super::agenda::{Agenda, Item, Kind};
use super::clients::Client;
use super::clock::LocalClock;
use super::cluster::{What, World};
use super::flights::{Flight, Flights};
use super::links::Links;
use super::timers::Place;
use super::{ClockError, Witness};
use crate::chance::{Key, Seed};
use crate::clocks::Stamp;
use crate::encoding;
use crate::identity::{Actor, Boot, EventId, MessageId, NodeId, OpId};
use crate::measure::Drift;
use crate::network::Delay;
use crate::observation::{Observation, Observe};
use crate::process::{Data, Lane, Process};
use crate::time::{LocalTime, Span, Time};
use crate::trace::{Body, Cause, Event, Label, Record, Said, label_of};

/// The two clocks of a node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clocks {
    pub(crate) wall: LocalClock,
    pub(crate) monotonic: LocalClock,
    /// How the clocks drift when no fault bends them.
    pub(crate) drift: Drift,
    pub(crate) monotonic_drift: Drift,
}

/// A fault that waits for facts.
#[derive(Clone, Debug)]
pub(crate) struct Tripwire {
    pub(crate) fault: u32,
    pub(crate) fact: String,
    /// How many more of them.
    pub(crate) remaining: u32,
}

pub(crate) struct Outside<P: Process, W> {
    pub(crate) now: Time,
    pub(crate) agenda: Agenda,
    pub(crate) links: Links,
    pub(crate) flights: Flights<P::Message>,
    /// Empty where all clocks are true.
    pub(crate) clocks: Vec<Clocks>,
    sync: Delay,
    sync_key: Key,
    /// Disks that a fault slows: the fault, the node, how long a sync takes.
    pub(crate) slow_disks: Vec<(u32, NodeId, Span)>,
    /// Clocks that a fault moved or bent.
    pub(crate) odd_clocks: Vec<(u32, NodeId)>,
    pub(crate) clients: Vec<Client<P>>,
    pub(crate) touched: Vec<u64>,
    pub(crate) tripwires: Vec<Tripwire>,
    /// Faults whose tripwire was touched, and have not acted yet.
    pub(crate) tripped: Vec<u32>,
    /// Nodes that died inside a step, and the fault that did it.
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
            clients,
            touched: vec![0; faults],
            tripwires: Vec::new(),
            tripped: Vec::new(),
            struck: Vec::new(),
            environment_events: 0,
            witness,
            stopped: false,
            payload: Vec::new(),
            observations: Vec::new(),
        }
    }

    /// Tells the witness.
    #[inline]
    fn tell(&mut self, actor: Actor, number: u32, stamp: Option<&Stamp>, event: Event<'_>, fact: Option<&P::Fact>) {
        let id = EventId { actor, number };
        let record = Record { time: self.now, id, stamp: stamp.map(Cow::Borrowed), event };
        if self.witness.see(&record, fact) == ControlFlow::Break(()) {
            self.stopped = true;
        }
    }

    /// Tells the witness about the environment.
    pub(crate) fn tell_environment(&mut self, event: Event<'_>) {
        self.environment_events += 1;
        self.tell(Actor::Environment, self.environment_events, None, event, None);
    }

    /// Tells the witness about something at a node that is not the node's own doing.
    pub(crate) fn tell_node(&mut self, node: NodeId, number: u32, event: Event<'_>) {
        self.tell(Actor::Node(node), number, None, event, None);
    }

    /// Tells the witness about a client.
    pub(crate) fn tell_client(&mut self, op: OpId, event: Event<'_>) {
        let number = self.clients[op.client.index()].number();
        self.tell(Actor::Client(op.client), number, None, event, None);
    }

    /// Tells about something in which a client or node said something.
    #[inline]
    fn tell_said<T: Data>(
        &mut self,
        actor: Actor,
        number: u32,
        stamp: Option<&Stamp>,
        said: &T,
        observe: impl Fn(&T, &mut Vec<Observation>),
        fact: Option<&P::Fact>,
        event: impl FnOnce(Said<'_>) -> Event<'_>,
    ) {
        let mut payload = std::mem::take(&mut self.payload);
        let mut observations = std::mem::take(&mut self.observations);
        payload.clear();
        encoding::write(said, &mut payload);
        let mut label = Label::default();
        if self.witness.reads() {
            label = label_of(said);
            observations.clear();
            observe(said, &mut observations);
        }
        let said = Said { label, observations: Cow::Borrowed(&observations), body: Body::Encoded(&payload) };
        self.tell(actor, number, stamp, event(said), fact);
        self.payload = payload;
        self.observations = observations;
    }

    pub(crate) fn tell_invoked(&mut self, op: OpId, to: NodeId, command: &P::Command) {
        let number = self.clients[op.client.index()].number();
        let actor = Actor::Client(op.client);
        self.tell_said(actor, number, None, command, P::Command::observe, None, |command| Event::Invoked {
            op,
            to,
            command,
        });
    }

    /// Puts what a client will do by itself into the agenda.
    pub(crate) fn client_item(&mut self, time: Time, op: OpId, kind: Kind) {
        self.agenda.push(Item::client(time, op.client, kind, op.number));
    }

    fn trip(&mut self, fact: &P::Fact) {
        let label = label_of(fact);
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

/// What a wall clock without offset reads at the beginning: a day, so that a clock that is behind still has room.
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
    #[inline]
    fn clocks(&mut self, node: NodeId) -> (LocalTime, LocalTime) {
        let now = self.now;
        let Some(clocks) = self.clocks.get(node.index()) else {
            let monotonic = LocalTime::from_nanos(now.as_nanos());
            return (monotonic + EPOCH, monotonic);
        };
        for (fault, odd) in &self.odd_clocks {
            self.touched[*fault as usize] += u64::from(*odd == node);
        }
        (clocks.wall.read(now), clocks.monotonic.read(now))
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
    fn record(&mut self, node: NodeId, number: u32, stamp: Option<&Stamp>, what: What<'_, P>) {
        let actor = Actor::Node(node);
        let nothing = |_: &_, _: &mut Vec<Observation>| {};
        let event = match what {
            What::Start { boot, intact, torn, damaged } => Event::Start { boot, intact, torn, damaged },
            What::Receive { arrival, corrupted: None } => {
                Event::Receive { message: arrival.id, copy: arrival.copy, corrupted: None }
            }
            What::Receive { arrival, corrupted: Some(message) } => {
                let (id, copy) = (arrival.id, arrival.copy);
                return self.tell_said(
                    actor,
                    number,
                    stamp,
                    message,
                    |_, _| {},
                    None,
                    |said| Event::Receive { message: id, copy, corrupted: Some(said) },
                );
            }
            What::Timer(timer) => {
                return self.tell_said(actor, number, stamp, timer, nothing, None, |timer| Event::Timer { timer });
            }
            What::Command(op) => Event::Command { op },
            What::Synced { sync } => Event::Synced { sync },
            What::Append(entry) => {
                return self
                    .tell_said(actor, number, stamp, entry, P::Entry::observe, None, |entry| Event::Append { entry });
            }
            What::Rewrite { entries } => Event::Rewrite { entries },
            What::Sync => Event::Sync,
            What::Reply { op, reply } => {
                return self.tell_said(actor, number, stamp, reply, P::Reply::observe, None, |reply| Event::Reply {
                    op,
                    reply,
                });
            }
            What::Fact(fact) => {
                self.tell_said(actor, number, stamp, fact, P::Fact::observe, Some(fact), |fact| Event::Fact { fact });
                if !self.tripwires.is_empty() {
                    self.trip(fact);
                }
                return;
            }
            What::Dropped { effect, message } => Event::Dropped { effect, message },
            What::LostDown(arrival) => Event::Lost { message: arrival.id, copy: arrival.copy, cause: Cause::Down },
            What::Killed { unsynced } => Event::Killed { unsynced },
            What::Paused => Event::Paused,
            What::Unpaused => Event::Unpaused,
            What::IoError => Event::IoError,
            What::Panicked { reason } => Event::Panicked { reason: Cow::Owned(reason.to_owned()) },
        };
        self.tell(actor, number, stamp, event, None);
    }

    #[inline]
    fn send(&mut self, id: MessageId, number: u32, stamp: Option<&Stamp>, to: NodeId, message: P::Message) {
        let fate = self.links.fate(to, id, &mut self.touched);
        let copies = u16::try_from(fate.copies.len()).expect("a message has few copies");
        let actor = Actor::Node(id.sender);
        self.tell_said(
            actor,
            number,
            stamp,
            &message,
            |_, _| {},
            None,
            |said| Event::Send { message: id, to, copies, said },
        );
        let mut message = Some(message);
        for (copy, passage) in (0..copies).zip(&fate.copies) {
            let last = copy + 1 == copies;
            let message = if last { message.take() } else { message.clone() }.expect("taken by the last copy alone");
            let slot = self.flights.put(Flight { message, sent: self.now, lost: passage.lost, flip: passage.flip });
            let time = self.now + passage.delay;
            self.agenda.push(Item::delivery(time, to, id.sender, id.lane, id.number, copy, slot));
        }
    }

    #[inline]
    fn schedule(&mut self, node: NodeId, timer: &P::Timer, place: Place) {
        if place.time < Time::MAX {
            self.agenda.push(Item::timer(place.time, node, timer.lane(), place.number, place.slot));
        }
    }

    fn sync(&mut self, node: NodeId, boot: Boot, sync: u32, nth: u32) {
        let key = self.sync_key.with(node.index() as u64).with(u64::from(nth));
        let mut latency = self.sync.sample(&mut key.draws());
        if let Some((fault, _, slow)) = self.slow_disks.iter().find(|(_, slow, _)| *slow == node) {
            self.touched[*fault as usize] += 1;
            latency = latency.max(*slow);
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
        let number = client.number();
        let actor = Actor::Client(op.client);
        self.tell_said(actor, number, None, &reply, P::Reply::observe, None, |reply| Event::Returned { op, reply });
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
