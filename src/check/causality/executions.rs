//! For tests: random executions, with syncs that delay effects, kills that drop them, and disks that are wiped. Stamps
//! are computed from the graph of events: an event counts all events that a walk along its causes reaches.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proptest::collection::vec;
use proptest::prelude::*;

use crate::check::event_of;
use crate::check::history::said;
use crate::clocks::{Causality as Relation, HybridStamp, Stamp, VectorClock};
use crate::identity::{Boot, EventId, Incarnation, LaneId, MessageId, NodeId};
use crate::observation::Observation;
use crate::time::{LocalTime, Time};
use crate::trace::{Cause, EffectKind, Event, Record};

const NODES: usize = 3;

/// The next event; indexes are taken modulo the number of choices.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// A node takes a step that calls these effects.
    Step(usize, Vec<Call>),
    /// A copy under way arrives, and its receiver calls these effects.
    Arrive(usize, Vec<Call>, Bits),
    /// A copy under way is lost.
    Lose(usize),
    /// A disk answers.
    Answer(usize),
    /// A node crashes; or restarts, possibly with a wiped disk.
    KillOrStart(usize, bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bits {
    Sound,
    Flipped,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Call {
    Send(usize, u16),
    Sync,
    /// A comparison of two events in the trace.
    Compare(usize, usize),
}

pub(super) fn acts() -> impl Strategy<Value = Vec<Act>> {
    let call = prop_oneof![
        4 => (0..NODES, 1..3_u16).prop_map(|(to, copies)| Call::Send(to, copies)),
        2 => Just(Call::Sync),
        2 => (0..1000_usize, 0..1000_usize).prop_map(|(left, right)| Call::Compare(left, right)),
    ];
    let calls = vec(call, 0..4);
    let bits = prop_oneof![6 => Just(Bits::Sound), 1 => Just(Bits::Flipped)];
    let act = prop_oneof![
        6 => (0..NODES, calls.clone()).prop_map(|(node, calls)| Act::Step(node, calls)),
        9 => (0..1000_usize, calls, bits).prop_map(|(which, calls, bits)| Act::Arrive(which, calls, bits)),
        1 => (0..1000_usize).prop_map(Act::Lose),
        5 => (0..NODES).prop_map(Act::Answer),
        2 => (0..NODES, any::<bool>()).prop_map(|(node, wiped)| Act::KillOrStart(node, wiped)),
    ];
    vec(act, 0..60)
}

/// An event of the trace, and the events that it directly follows in addition to its predecessor in program order.
struct Happened {
    id: EventId,
    life: Incarnation,
    ticks: bool,
    follows: Option<usize>,
    event: Event<'static>,
    /// For a comparison: the two events.
    compared: Option<(usize, usize)>,
}

#[derive(Default)]
struct Node {
    up: bool,
    boot: Boot,
    count: u32,
    sent: u32,
    waiting: VecDeque<(u32, Call)>,
    barrier: Option<u32>,
    /// The last sync that was answered since the last wipe.
    durable: Option<u32>,
}

#[derive(Default)]
pub(super) struct World {
    nodes: [Node; NODES],
    happened: Vec<Happened>,
    /// Message, copy, receiver, and the index of its send.
    flights: Vec<(MessageId, u16, usize, usize)>,
}

fn id_of(node: usize) -> NodeId {
    NodeId::all(NODES as u32).nth(node).expect("a node")
}

impl World {
    pub(super) fn run(acts: &[Act]) -> Self {
        let mut world = Self::default();
        for node in 0..NODES {
            world.start(node, false);
        }
        for act in acts {
            match act {
                Act::Step(node, calls) if world.nodes[*node].up => {
                    world.input(*node, Event::Timer { timer: said(Vec::new()) }, None, calls);
                }
                Act::Arrive(which, calls, bits) if !world.flights.is_empty() => world.arrive(*which, calls, *bits),
                Act::Lose(which) if !world.flights.is_empty() => world.lose(*which),
                Act::Answer(node) => world.answer(*node),
                Act::KillOrStart(node, _) if world.nodes[*node].up => world.kill(*node),
                Act::KillOrStart(node, wiped) => world.start(*node, *wiped),
                Act::Step(..) | Act::Arrive(..) | Act::Lose(_) => {}
            }
        }
        for node in 0..NODES {
            world.drop_waiting(node);
        }
        world
    }

    fn next(&mut self, node: usize) -> u32 {
        self.nodes[node].count += 1;
        self.nodes[node].count
    }

    fn happen(&mut self, node: usize, number: u32, event: Event<'static>, follows: Option<usize>) {
        let steps = matches!(event, Event::Start { .. } | Event::Receive { .. } | Event::Timer { .. });
        let sends = matches!(event, Event::Send { .. } | Event::Dropped { effect: EffectKind::Send, .. });
        let ticks = steps || sends;
        let (id, life) = (event_of(id_of(node), number), Incarnation::new(id_of(node), self.nodes[node].boot));
        self.happened.push(Happened { id, life, ticks, follows, event, compared: None });
    }

    fn start(&mut self, node: usize, wiped: bool) {
        let own = &mut self.nodes[node];
        if wiped {
            own.durable = None;
        }
        (own.up, own.boot) = (true, own.boot.next());
        let (boot, durable) = (own.boot, own.durable);
        // The last event that ticks before the call of that sync.
        let known = durable.and_then(|sync| {
            let before = |event: &Happened| event.ticks && event.id < event_of(id_of(node), sync);
            let own = self.happened.iter().enumerate().filter(|(_, event)| event.life.node == id_of(node));
            own.filter(|(_, event)| before(event)).max_by_key(|(_, event)| event.id).map(|(place, _)| place)
        });
        let number = self.next(node);
        let intact = u32::from(durable.is_some());
        self.happen(node, number, Event::Start { boot, intact, torn: 0, damaged: 0 }, known);
    }

    fn input(&mut self, node: usize, event: Event<'static>, follows: Option<usize>, calls: &[Call]) {
        let number = self.next(node);
        self.happen(node, number, event, follows);
        for call in calls {
            let number = self.next(node);
            self.nodes[node].waiting.push_back((number, *call));
        }
        self.go_on(node);
    }

    fn go_on(&mut self, node: usize) {
        while self.nodes[node].barrier.is_none()
            && let Some((number, call)) = self.nodes[node].waiting.pop_front()
        {
            self.perform(node, number, call);
        }
    }

    fn message(&mut self, node: usize) -> MessageId {
        self.nodes[node].sent += 1;
        MessageId { sender: id_of(node), lane: LaneId::new(0), number: self.nodes[node].sent }
    }

    fn perform(&mut self, node: usize, number: u32, call: Call) {
        match call {
            Call::Send(to, copies) => {
                let (message, place) = (self.message(node), self.happened.len());
                self.flights.extend((0..copies).map(|copy| (message, copy, to, place)));
                let event = Event::Send { message, to: id_of(to), copies, said: said(Vec::new()) };
                self.happen(node, number, event, None);
            }
            Call::Sync => {
                self.nodes[node].barrier = Some(number);
                self.happen(node, number, Event::Sync, None);
            }
            Call::Compare(left, right) => {
                let ticked: Vec<_> = (0..self.happened.len()).filter(|place| self.happened[*place].ticks).collect();
                let two = (ticked[left % ticked.len()], ticked[right % ticked.len()]);
                self.happen(node, number, Event::Fact { fact: said(Vec::new()) }, None);
                self.happened.last_mut().expect("it happened").compared = Some(two);
            }
        }
    }

    fn arrive(&mut self, which: usize, calls: &[Call], bits: Bits) {
        let (message, copy, to, send) = self.flights.swap_remove(which % self.flights.len());
        if !self.nodes[to].up {
            let number = self.next(to);
            return self.happen(to, number, Event::Lost { message, copy, cause: Cause::Down }, None);
        }
        let sound = bits == Bits::Sound;
        let corrupted = (!sound).then(|| said(Vec::new()));
        self.input(to, Event::Receive { message, copy, corrupted }, sound.then_some(send), calls);
    }

    fn lose(&mut self, which: usize) {
        let (message, copy, to, _) = self.flights.swap_remove(which % self.flights.len());
        let number = self.next(to);
        self.happen(to, number, Event::Lost { message, copy, cause: Cause::Loss }, None);
    }

    fn answer(&mut self, node: usize) {
        if let Some(sync) = self.nodes[node].barrier.take() {
            let number = self.next(node);
            self.nodes[node].durable = Some(sync);
            self.happen(node, number, Event::Synced { sync }, None);
            self.go_on(node);
        }
    }

    fn kill(&mut self, node: usize) {
        self.drop_waiting(node);
        let number = self.next(node);
        self.happen(node, number, Event::Killed { unsynced: 0 }, None);
        self.nodes[node].up = false;
    }

    fn drop_waiting(&mut self, node: usize) {
        self.nodes[node].barrier = None;
        while let Some((number, call)) = self.nodes[node].waiting.pop_front() {
            let (effect, message) = match call {
                Call::Send(..) => (EffectKind::Send, Some(self.message(node))),
                Call::Sync => (EffectKind::Sync, None),
                Call::Compare(..) => (EffectKind::Fact, None),
            };
            self.happen(node, number, Event::Dropped { effect, message }, None);
        }
    }

    /// For each event, its last predecessor in program order that ticks.
    fn before(&self) -> Vec<Option<usize>> {
        let mut lives: BTreeMap<Incarnation, Vec<usize>> = BTreeMap::new();
        for (place, event) in self.happened.iter().enumerate() {
            lives.entry(event.life).or_default().push(place);
        }
        let mut before = vec![None; self.happened.len()];
        for life in lives.values_mut() {
            life.sort_by_key(|place| self.happened[*place].id);
            let mut last = None;
            for place in life {
                before[*place] = last;
                if self.happened[*place].ticks {
                    last = Some(*place);
                }
            }
        }
        before
    }

    /// For each event, all events that happened before it, and itself.
    fn pasts(&self) -> Vec<BTreeSet<usize>> {
        let before = self.before();
        let past = |place: usize| {
            let mut found = BTreeSet::new();
            let mut ahead = vec![place];
            while let Some(place) = ahead.pop() {
                if found.insert(place) {
                    ahead.extend(before[place].into_iter().chain(self.happened[place].follows));
                }
            }
            found
        };
        (0..self.happened.len()).map(past).collect()
    }

    /// The records, each with its stamp from the graph.
    pub(super) fn records(self) -> Vec<Record<'static>> {
        let pasts = self.pasts();
        let before = self.before();
        let ticking = |past: &BTreeSet<usize>| -> Vec<usize> {
            past.iter().copied().filter(|place| self.happened[*place].ticks).collect()
        };
        let stamps: Vec<Stamp> = pasts
            .iter()
            .map(|past| {
                let mut counts: BTreeMap<Incarnation, u64> = BTreeMap::new();
                for place in ticking(past) {
                    *counts.entry(self.happened[place].life).or_default() += 1;
                }
                let wall = LocalTime::from_nanos(ticking(past).len() as u64);
                Stamp { vector: counts.into_iter().collect(), hybrid: HybridStamp { wall, count: 0 } }
            })
            .collect();
        let relation = |left: usize, right: usize| match (pasts[right].contains(&left), pasts[left].contains(&right)) {
            (true, true) => Relation::Equal,
            (true, false) => Relation::Before,
            (false, true) => Relation::After,
            (false, false) => Relation::Concurrent,
        };
        let record = |(place, happened): (usize, &Happened)| {
            let mut event = happened.event.clone();
            if let (Some((left, right)), Event::Fact { fact }) = (happened.compared, &mut event) {
                let vector = |place: usize| -> VectorClock { stamps[place].vector.clone() };
                let answer = relation(left, right);
                let seen = Observation::Compared { left: vector(left), right: vector(right), answer };
                fact.observations = Cow::Owned(vec![seen]);
            }
            let whose = if happened.ticks { Some(place) } else { before[place].filter(|_| place % 2 == 0) };
            let bare = matches!(event, Event::Dropped { .. }) && !happened.ticks;
            let stamp = whose.filter(|_| !bare).map(|place| Cow::Owned(stamps[place].clone()));
            Record { time: Time::from_nanos(place as u64), id: happened.id, stamp, event }
        };
        self.happened.iter().enumerate().map(record).collect()
    }
}
