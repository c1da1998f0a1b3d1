//! For tests: random executions, in which the clocks must agree with the graph of events.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::{Causality, HybridClock, LamportClock, Stamp};
use crate::identity::{Boot, NodeId};
use crate::time::LocalTime;

const NODES: usize = 4;

/// A node's next action; the wall clock may read anything.
#[derive(Clone, Copy, Debug)]
struct Act {
    node: usize,
    wall: u64,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// An event that any node may receive later: a step or a send.
    Step,
    /// Receives the event at this index, modulo their number: at once, late, twice, from itself, or from an old incarnation.
    Receive(usize),
    /// Restarts with its last knowledge.
    Restart,
    /// Restarts without knowledge.
    Wiped,
}

/// An event, its clocks, and its direct causes.
struct Event {
    stamp: Stamp,
    lamport: LamportClock,
    wall: LocalTime,
    causes: Vec<usize>,
}

#[derive(Clone, Default)]
struct Node {
    boot: Boot,
    stamp: Stamp,
    lamport: LamportClock,
    last: Option<usize>,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let kind = prop_oneof![
        8 => Just(Kind::Step),
        8 => (0..1_000_usize).prop_map(Kind::Receive),
        1 => Just(Kind::Restart),
        1 => Just(Kind::Wiped),
    ];
    let act = (0..NODES, 0..6_u64, kind).prop_map(|(node, wall, kind)| Act { node, wall, kind });
    vec(act, 0..32)
}

fn execute(acts: &[Act]) -> Vec<Event> {
    let mut nodes = vec![Node { boot: Boot::new(1), ..Node::default() }; NODES];
    let mut events = Vec::new();
    for act in acts {
        let event = nodes[act.node].perform(*act, &events);
        nodes[act.node].last = Some(events.len());
        events.push(event);
    }
    events
}

impl Node {
    fn perform(&mut self, act: Act, events: &[Event]) -> Event {
        let wall = LocalTime::from_nanos(act.wall);
        let mut heard = None;
        match act.kind {
            Kind::Step => {}
            Kind::Receive(place) => heard = place.checked_rem(events.len()),
            Kind::Restart => self.boot = self.boot.next(),
            Kind::Wiped => *self = Self { boot: self.boot.next(), ..Self::default() },
        }
        let mut hybrid = HybridClock::after(self.stamp.hybrid);
        match heard.map(|place| &events[place]) {
            Some(message) => {
                self.stamp.vector.merge(&message.stamp.vector);
                self.stamp.hybrid = hybrid.receive(message.stamp.hybrid, wall);
                self.lamport.receive(message.lamport);
            }
            None => {
                self.stamp.hybrid = hybrid.tick(wall);
                self.lamport.tick();
            }
        }
        self.stamp.vector.tick(NodeId::all(NODES as u32).nth(act.node).expect("a node"), self.boot);
        let causes = self.last.into_iter().chain(heard).collect();
        Event { stamp: self.stamp.clone(), lamport: self.lamport, wall, causes }
    }
}

/// For every event, all events that could have caused it, found along the causes.
fn pasts(events: &[Event]) -> Vec<BTreeSet<usize>> {
    let past = |event: &Event| {
        let mut found = BTreeSet::new();
        let mut ahead = event.causes.clone();
        while let Some(cause) = ahead.pop() {
            if found.insert(cause) {
                ahead.extend(&events[cause].causes);
            }
        }
        found
    };
    events.iter().map(past).collect()
}

fn by_reachability(pasts: &[BTreeSet<usize>], left: usize, right: usize) -> Causality {
    match (pasts[right].contains(&left), pasts[left].contains(&right)) {
        (true, true) => panic!("events cause each other"),
        (true, false) => Causality::Before,
        (false, true) => Causality::After,
        (false, false) if left == right => Causality::Equal,
        (false, false) => Causality::Concurrent,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn vector_clocks_compare_as_the_graph_of_events(acts in acts()) {
        let events = execute(&acts);
        let pasts = pasts(&events);
        for (i, left) in events.iter().enumerate() {
            for (j, right) in events.iter().enumerate() {
                let answer = left.stamp.vector.compare(&right.stamp.vector);
                prop_assert_eq!(answer, by_reachability(&pasts, i, j), "events {} and {}", i, j);
            }
        }
    }

    #[test]
    fn a_vector_counts_the_events_of_the_past(acts in acts()) {
        let events = execute(&acts);
        for (event, past) in events.iter().zip(pasts(&events)) {
            let known: u64 = event.stamp.vector.iter().map(|(_, count)| count).sum();
            prop_assert_eq!(known, past.len() as u64 + 1);
        }
    }

    #[test]
    fn hybrid_stamps_and_lamport_clocks_rise_along_every_cause(acts in acts()) {
        let events = execute(&acts);
        for (event, past) in events.iter().zip(pasts(&events)) {
            for cause in past {
                prop_assert!(events[cause].stamp.hybrid < event.stamp.hybrid);
                prop_assert!(events[cause].lamport < event.lamport);
            }
        }
    }

    #[test]
    fn a_hybrid_stamp_keeps_to_the_greatest_wall_reading_of_its_past(acts in acts()) {
        let events = execute(&acts);
        for (event, past) in events.iter().zip(pasts(&events)) {
            let greatest = past.iter().map(|cause| events[*cause].wall).fold(event.wall, LocalTime::max);
            prop_assert_eq!(event.stamp.hybrid.wall, greatest);
            prop_assert!(event.stamp.hybrid.count as usize <= past.len() + 1);
        }
    }
}
