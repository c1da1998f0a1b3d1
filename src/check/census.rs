//! Counts what happened in a run: messages by lane, facts by label, and what each planned fault touched.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use xxhash_rust::xxh3::{Xxh3Default, xxh3_64};

use super::conflict_census::ConflictCensus;
use super::message_event::MessageEvent;
use super::slots::Slots;
use super::transaction_census::TransactionCensus;
use serde::Serialize;

use crate::identity::{Actor, LaneId, MessageId, NodeId, OpId};
use crate::observation::{ConsensusSeen, Observation, ReplicaSeen, Slot, SyncEnd, SyncKind};
use crate::time::{Span, Time};
use crate::trace::{Cause, Event, Label, Record, Said};

/// Counts over the records of a run; for reports, and to show whether a passing run proves anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// All records.
    pub records: u64,
    /// Nodes' starts.
    pub starts: u64,
    /// Nodes' crashes: by a kill, an io error, or a panic.
    pub deaths: u64,
    /// Clients' operations.
    pub operations: OperationCount,
    /// Messages with a fixed fate that were never sent.
    pub unmet: Vec<MessageId>,
    /// By node: the last slot that it reported as applied, and the root of its state then.
    pub replicas: BTreeMap<NodeId, (Slot, u64)>,
    /// The syncs that have ended, by how they were done.
    pub syncs: BTreeMap<SyncKind, SyncCount>,
    /// The conflicts of replicated keys.
    pub conflicts: ConflictCensus,
    /// The transactions.
    pub transactions: TransactionCensus,
    lanes: Slots<LaneCount>,
    facts: Vec<Labelled>,
    faults: Slots<FaultCount>,
    /// By fault: the nodes that it acted on, if it has nodes as target.
    targets: BTreeMap<u32, Vec<NodeId>>,
    /// A hash of each node's facts so far, in their order.
    paths: Slots<u64>,
    /// The open operations, with the times at which they were invoked.
    open: BTreeMap<OpId, Time>,
}

/// The outcomes of syncs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SyncCount {
    /// Those after which the receiver covered what the sender covered.
    pub complete: u64,
    /// Those that ended otherwise.
    pub broken: u64,
    /// The versions that were received.
    pub received: u64,
    /// Those of them that the receiver lacked.
    pub needed: u64,
}

/// The outcomes of clients' operations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OperationCount {
    /// Operations that were invoked.
    pub invoked: u64,
    /// Retries.
    pub retried: u64,
    /// Answered.
    pub returned: u64,
    /// Given up.
    pub given_up: u64,
    /// The longest wait for an answer.
    pub longest: Option<Wait>,
}

/// A client's wait for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The operation.
    pub op: OpId,
    /// When it was invoked.
    pub since: Time,
    /// How long it took.
    pub lasted: Span,
}

/// The outcomes of the messages of one lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LaneCount {
    /// Messages sent.
    pub sent: u64,
    /// Messages whose sender crashed before they were sent.
    pub dropped: u64,
    /// Copies received, including corrupted ones.
    pub received: u64,
    /// Copies received with bits flipped.
    pub corrupted: u64,
    /// Copies that could not be decoded.
    pub garbled: u64,
    /// Copies lost by chance.
    pub lost: u64,
    /// Copies lost at a cut link.
    pub cut: u64,
    /// Copies lost because the receiver was down.
    pub missed: u64,
    /// Copies held by a clogged link.
    pub held: u64,
    /// Copies that the network made in addition to the first.
    pub doubled: u64,
}

/// The effects of one planned fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FaultCount {
    /// How often it acted.
    pub acted: u64,
    /// How many messages, nodes or disk answers it touched.
    pub touched: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Labelled {
    outer: String,
    inner: Option<String>,
    count: u64,
    /// A hash of the label.
    hash: u64,
}

impl Census {
    /// Counts one record.
    pub fn see(&mut self, record: &Record<'_>) {
        self.records += 1;
        if let Some(passage) = MessageEvent::of(&record.event) {
            self.passage(passage);
            return;
        }
        match &record.event {
            Event::Start { .. } => self.starts += 1,
            Event::Killed { .. } | Event::IoError | Event::Panicked { .. } => self.deaths += 1,
            Event::Invoked { op, .. } => {
                self.operations.invoked += 1;
                self.open.insert(*op, record.time);
            }
            Event::Retried { .. } => self.operations.retried += 1,
            Event::Returned { op, .. } => {
                self.operations.returned += 1;
                if let Some(since) = self.open.remove(op) {
                    let wait = Wait { op: *op, since, lasted: record.time.since(since) };
                    let longest = self.operations.longest.filter(|longest| longest.lasted >= wait.lasted);
                    self.operations.longest = longest.or(Some(wait));
                }
            }
            Event::GaveUp { op } => {
                self.operations.given_up += 1;
                self.open.remove(op);
            }
            Event::Fact { fact } => self.fact(record.id.actor, fact),
            Event::Fault { fault, what } => {
                self.faults.at(*fault as usize).acted += 1;
                self.acted_on(*fault, what);
            }
            Event::Touched { fault, count } => self.faults.at(*fault as usize).touched += count,
            Event::Receive { .. }
            | Event::Timer { .. }
            | Event::Command { .. }
            | Event::Synced { .. }
            | Event::Send { .. }
            | Event::Append { .. }
            | Event::Rewrite { .. }
            | Event::Sync
            | Event::Reply { .. }
            | Event::Dropped { .. }
            | Event::Lost { .. }
            | Event::Garbled { .. }
            | Event::Held { .. }
            | Event::Paused
            | Event::Unpaused
            | Event::Damaged { .. }
            | Event::FaultEnded { .. }
            | Event::Calm
            | Event::Core { .. }
            | Event::Pending { .. }
            | Event::Stuck { .. } => {}
            Event::Unmet { message } => self.unmet.push(*message),
        }
    }

    /// The outcomes of the messages of `lane`.
    #[must_use]
    pub fn lane(&self, lane: LaneId) -> LaneCount {
        self.lanes.get(lane.index()).copied().unwrap_or_default()
    }

    /// The effects of the `fault`-th fault of the plan, from 1.
    #[must_use]
    pub fn fault(&self, fault: u32) -> FaultCount {
        self.faults.get(fault as usize).copied().unwrap_or_default()
    }

    /// The nodes that the `fault`-th fault of the plan acted on, from 1; none if its target is no list of nodes.
    #[must_use]
    pub fn targets(&self, fault: u32) -> &[NodeId] {
        self.targets.get(&fault).map(Vec::as_slice).unwrap_or_default()
    }

    /// The labels of the facts that were noted, in order, with their numbers.
    pub fn facts(&self) -> impl Iterator<Item = (String, u64)> + '_ {
        self.facts.iter().map(|fact| (fact.name(), fact.count))
    }

    /// The number of facts with this label: `locks.deferred`.
    #[must_use]
    pub fn facts_of(&self, label: &str) -> u64 {
        self.facts.iter().filter(|fact| fact.name() == label).map(|fact| fact.count).sum()
    }

    /// A hash of the nodes' behaviour: of the labels of each node's facts, in the node's own order. It depends neither
    /// on the order between nodes nor on the content of facts beyond their labels.
    #[must_use]
    pub fn behaviour(&self) -> u64 {
        let mut hash = Xxh3Default::new();
        for (node, path) in self.paths.iter().filter(|(_, path)| **path != 0) {
            hash.update(&(node as u64).to_le_bytes());
            hash.update(&path.to_le_bytes());
        }
        hash.digest()
    }

    /// The nodes stand behind the kind of the fault: `kill n1,n3 after_effects=2`.
    fn acted_on(&mut self, fault: u32, what: &str) {
        let names = what.split(' ').nth(1).unwrap_or_default().split(',');
        let Some(nodes) = names.map(|name| name.parse().ok()).collect::<Option<Vec<NodeId>>>() else { return };
        let known = self.targets.entry(fault).or_default();
        for node in nodes {
            if !known.contains(&node) {
                known.push(node);
            }
        }
    }

    fn passage(&mut self, passage: MessageEvent) {
        match passage {
            MessageEvent::Sent { message, copies, .. } => {
                let lane = self.lanes.at(message.lane.index());
                lane.sent += 1;
                lane.doubled += u64::from(copies.saturating_sub(1));
            }
            MessageEvent::Dropped { message } => self.lanes.at(message.lane.index()).dropped += 1,
            MessageEvent::Received { message, corrupted, .. } => {
                let lane = self.lanes.at(message.lane.index());
                lane.received += 1;
                lane.corrupted += u64::from(corrupted);
            }
            MessageEvent::Garbled { message, .. } => self.lanes.at(message.lane.index()).garbled += 1,
            MessageEvent::Held { message, .. } => self.lanes.at(message.lane.index()).held += 1,
            MessageEvent::Lost { message, cause, .. } => {
                let lane = self.lanes.at(message.lane.index());
                match cause {
                    Cause::Loss => lane.lost += 1,
                    Cause::Partition => lane.cut += 1,
                    Cause::Down => lane.missed += 1,
                }
            }
        }
    }

    fn fact(&mut self, actor: Actor, said: &Said<'_>) {
        let label = &said.label;
        let place = self.facts.binary_search_by(|fact| fact.order(label));
        let place = place.unwrap_or_else(|place| {
            self.facts.insert(place, Labelled::new(label));
            place
        });
        let fact = &mut self.facts[place];
        fact.count += 1;
        if let Actor::Node(node) = actor {
            let path = self.paths.at(node.index());
            *path = (path.rotate_left(5) ^ fact.hash).wrapping_mul(STEP);
            said.observations.iter().for_each(|seen| self.replica(node, seen));
        }
    }

    fn replica(&mut self, node: NodeId, seen: &Observation) {
        if let Observation::Consensus(
            ConsensusSeen::Started { slot, root, .. }
            | ConsensusSeen::Applied { slot, root, .. }
            | ConsensusSeen::Installed { slot, root },
        ) = seen
        {
            self.replicas.insert(node, (*slot, *root));
        }
        if let Observation::Replica(seen) = seen {
            self.conflicts.see(seen);
        }
        if let Observation::Transaction(seen) = seen {
            self.transactions.see(node, seen);
        }
        if let Observation::Replica(ReplicaSeen::SyncEnded { kind, end, received, applied, from: _ }) = seen {
            let count = self.syncs.entry(*kind).or_default();
            let is_complete = *end == SyncEnd::Complete;
            count.complete += u64::from(is_complete);
            count.broken += u64::from(!is_complete);
            count.received += received;
            count.needed += applied;
        }
    }
}

/// An odd number without a pattern, by which the hash of the earlier facts is multiplied.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Labelled {
    fn new(label: &Label<'_>) -> Self {
        let (outer, inner) = (label.outer.to_string(), label.inner.as_ref().map(ToString::to_string));
        let mut fact = Self { outer, inner, count: 0, hash: 0 };
        fact.hash = xxh3_64(fact.name().as_bytes());
        fact
    }

    fn order(&self, label: &Label<'_>) -> Ordering {
        (self.outer.as_str(), self.inner.as_deref()).cmp(&(&label.outer, label.inner.as_deref()))
    }

    fn name(&self) -> String {
        self.inner.as_ref().map_or_else(|| self.outer.clone(), |inner| format!("{}.{inner}", self.outer))
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::check::history::*;
    use crate::fault::{ClockFault, Crash, DiskFault, Fault, Harm, OfNodes, PlannedFault, Restart, Target, Trigger};

    #[test]
    fn it_counts_what_happened() {
        let mut history = History::default();
        history.on("n1", start(1)).on("n1", send("n1#1", "n2", 3)).on("n1", dropped_send("n1#2")).on("n1", killed());
        history.on("n2", receive("n1#1", 0)).on("n2", lost("n1#1", 1)).on("n2", receive_corrupted("n1#1", 2));
        history.on("c1", invoked("c1#1", "n1")).on("c1", gave_up("c1#1"));
        history.on("n1", fact_named("locks.granted")).on("n1", fact_named("locks.deferred"));
        history.on("n1", fact_named("locks.granted")).on("n1", fact_named("locks"));
        history.on("env", Event::Fault { fault: 2, what: Cow::Borrowed("heal") });
        history.on("env", Event::Touched { fault: 2, count: 7 });
        let mut census = Census::default();
        history.records.iter().for_each(|record| census.see(record));
        assert_eq!((census.records, census.starts, census.deaths), (15, 1, 1));
        let lane =
            LaneCount { sent: 1, doubled: 2, dropped: 1, received: 2, corrupted: 1, lost: 1, ..LaneCount::default() };
        assert_eq!(census.lane(LaneId::new(0)), lane);
        assert_eq!(census.lane(LaneId::new(1)), LaneCount::default());
        assert_eq!((census.operations.invoked, census.operations.given_up), (1, 1));
        assert_eq!(census.fault(2), FaultCount { acted: 1, touched: 7 });
        assert_eq!(census.fault(1), FaultCount::default());
        let facts: Vec<_> = census.facts().collect();
        let told = [("locks", 1), ("locks.deferred", 1), ("locks.granted", 2)];
        assert_eq!(facts, told.map(|(label, count)| (label.to_owned(), count)));
        assert_eq!(census.facts_of("locks.granted"), 2);
    }

    #[test]
    fn it_keeps_the_nodes_that_a_fault_acted_on() {
        let mut history = History::default();
        let acts = [(1, "kill n2 after_effects=2"), (1, "kill n3,n2"), (2, "partition {n1} | {n2}"), (3, "pause ")];
        for (fault, what) in acts {
            history.on("env", Event::Fault { fault, what: Cow::Borrowed(what) });
        }
        let mut census = Census::default();
        history.records.iter().for_each(|record| census.see(record));
        let named = |fault| census.targets(fault).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        assert_eq!([1, 2, 3].map(named), ["n2 n3", "", ""]);
    }

    /// The nodes are read from the text of the fault, which every fault with a target must have in the same place.
    #[test]
    fn the_targets_of_every_fault_are_in_its_text() {
        let target = || Target::Nodes(vec![NodeId::new(1), NodeId::new(4)]);
        let clock = ClockFault {
            target: target(),
            offset: None,
            drift: None,
            monotonic_drift: None,
            bump: None,
            freeze: true,
            monotonic_freeze: false,
        };
        let faults = [
            Fault::Kill(Crash { target: target(), after_effects: Some(2) }),
            Fault::Restart(Restart { target: target(), wipe: true, after_effects: None }),
            Fault::Pause(OfNodes { target: target() }),
            Fault::Resume(OfNodes { target: target() }),
            Fault::Clock(clock),
            Fault::Disk(DiskFault { target: target(), harm: Harm::Torn }),
        ];
        for mut fault in faults {
            let mut history = History::default();
            history.on("env", Event::Fault { fault: 1, what: Cow::Owned(fault.to_string()) });
            let mut census = Census::default();
            history.records.iter().for_each(|record| census.see(record));
            assert_eq!(Target::Nodes(census.targets(1).to_vec()), target(), "{fault}");
            *fault.target_mut().expect("it has one") = Target::Proposer;
            let planned = PlannedFault {
                name: None,
                when: Trigger::At(Time::ZERO),
                lasts: None,
                fault: fault.clone(),
                drawn: false,
            };
            let told = planned.told(Some(census.targets(1)));
            assert!(told.contains(" proposer (n2, n5)"), "{told}");
        }
    }

    #[test]
    fn it_keeps_how_far_each_replica_has_come() {
        let mut history = History::default();
        history.on("n1", applied(1, 7, 5)).on("n2", installed(3, 6)).on("n1", applied(2, 8, 4));
        let mut census = Census::default();
        history.records.iter().for_each(|record| census.see(record));
        let replicas: Vec<_> = census.replicas.iter().map(|(node, at)| (node.to_string(), *at)).collect();
        assert_eq!(replicas, [("n1".to_owned(), (Slot(2), 4)), ("n2".to_owned(), (Slot(3), 6))]);
    }

    #[test]
    fn it_keeps_who_waited_longest_for_an_answer() {
        let mut history = History::default();
        history.on("c1", invoked("c1#1", "n1")).on("c2", invoked("c2#1", "n1")).on("c3", invoked("c3#1", "n1"));
        history.on("c2", returned("c2#1")).on("c1", returned("c1#1")).on("c3", gave_up("c3#1"));
        let mut census = Census::default();
        for (record, millis) in history.records.iter().zip([1, 2, 3, 8, 10, 50]) {
            census.see(&Record { time: Time::ZERO + Span::from_millis(millis), ..record.clone() });
        }
        let longest = census.operations.longest.expect("two were answered");
        assert_eq!(
            (longest.op.to_string(), longest.since, longest.lasted),
            ("c1#1".to_owned(), Time::ZERO + Span::from_millis(1), Span::from_millis(9))
        );
    }

    #[test]
    fn a_behaviour_is_the_order_of_each_nodes_facts() {
        let behaviour = |told: &[(&str, &'static str)]| {
            let mut history = History::default();
            for (node, label) in told {
                history.on(node, fact_named(label));
            }
            let mut census = Census::default();
            history.records.iter().for_each(|record| census.see(record));
            census.behaviour()
        };
        let one = behaviour(&[("n1", "locks.granted"), ("n1", "locks.freed"), ("n2", "locks.granted")]);
        assert_eq!(
            one,
            behaviour(&[("n2", "locks.granted"), ("n1", "locks.granted"), ("n1", "locks.freed")]),
            "who was first"
        );
        assert_ne!(
            one,
            behaviour(&[("n1", "locks.freed"), ("n1", "locks.granted"), ("n2", "locks.granted")]),
            "in which order"
        );
        assert_ne!(
            one,
            behaviour(&[("n1", "locks.granted"), ("n1", "locks.freed"), ("n3", "locks.granted")]),
            "at which node"
        );
        assert_ne!(
            one,
            behaviour(&[
                ("n1", "locks.granted"),
                ("n1", "locks.freed"),
                ("n2", "locks.granted"),
                ("n2", "locks.granted")
            ])
        );
        assert_eq!(behaviour(&[]), 0x2d06_8005_38d3_94c2, "the hash of nothing");
    }
}
