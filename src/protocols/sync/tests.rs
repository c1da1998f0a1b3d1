//! Two replicas that sync, and all that passes between them.

mod caps;
mod wire;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::*;
use crate::clocks::Dots;
use crate::codex::{Claim, ClaimId, Key, Keyspace, Keyspaces, Value};
use crate::encoding;
use crate::identity::ClientId;
use crate::observation::{SyncEnd, SyncKind};
use crate::protocols::replica::{Kept, ReplicaSettings};
use crate::protocols::test_port::{Did, TestPort};
use crate::protocols::{Given, Registry};
use crate::subject::Setup;
use crate::time::{LocalTime, Time};

struct Node {
    sync: Sync,
    replica: Replica,
    port: TestPort<Sync>,
    asked: u32,
}

impl Node {
    fn new(me: u32, settings: &SyncSettings, log: u32) -> Self {
        let keyspaces: Keyspaces = [(String::new(), Keyspace::of("gossip"))].into_iter().collect();
        let setup = Setup { voters: 2, observers: 0, quiescence: Time::MAX, keyspaces, core: None, corrupts: false };
        let registry = Registry::new(2);
        let replica = ReplicaSettings { log, ..ReplicaSettings::default() };
        let rules = Arc::new(replica.rules(Given { setup: &setup, registry: &registry }));
        let mut replica = Replica::start(&rules, Kept::default(), (), &mut TestPort::new(me, 2));
        let mut port = TestPort::new(me, 2);
        let sync = Sync::start(&Arc::new(settings.rules()), (), &mut replica, &mut port);
        port.take();
        Self { sync, replica, port, asked: 0 }
    }

    fn put(&mut self, key: &str, bytes: usize) {
        self.asked += 1;
        let op = OpId { client: ClientId::new(0), number: self.asked };
        let (key, value) = (Key::new(key).expect("a key"), Value::text(&format!("{:0bytes$}", self.asked)));
        let version = self.replica.write(op, key, Some(value), None, LocalTime::default(), &mut self.port);
        version.expect("it is accepted");
        self.port.take();
    }
}

/// Two nodes, and what has passed.
struct Pair {
    nodes: [Node; 2],
    /// The labels and bytes of what was sent, by the sender.
    passed: Vec<(usize, &'static str, usize)>,
    ends: Vec<(SyncKind, SyncEnd, u64, u64)>,
}

impl Pair {
    fn new(settings: &SyncSettings, log: u32) -> Self {
        Self { nodes: [0, 1].map(|me| Node::new(me, settings, log)), passed: Vec::new(), ends: Vec::new() }
    }

    /// The first node brings itself up to date, and everything that follows happens.
    fn sync(&mut self) {
        let [first, _] = &mut self.nodes;
        first.sync.begin(NodeId::new(1), &mut first.replica, &mut first.port);
        let mut pending = VecDeque::from([0, 1]);
        while let Some(at) = pending.pop_front() {
            for did in self.nodes[at].port.take() {
                let to = 1 - at;
                match did {
                    Did::Send(_, message) => {
                        self.pass(at, label(&message), &message);
                        let Node { sync, replica, port, .. } = &mut self.nodes[to];
                        sync.on_message(NodeId::new(at as u32), message, replica, port);
                        pending.push_back(to);
                    }
                    Did::Post(_, payload) => {
                        self.pass(at, "payload", &payload);
                        let Node { sync, replica, port, .. } = &mut self.nodes[to];
                        sync.on_payload(NodeId::new(at as u32), payload, replica, port);
                        pending.push_back(to);
                    }
                    Did::Note(SyncFact::Ended { kind, end, received, applied, .. }) => {
                        self.ends.push((kind, end, received, applied));
                    }
                    Did::Note(_) | Did::NoteReplica(_) | Did::Reply(..) | Did::Answer(..) => {}
                    Did::SetTimer(..) | Did::CancelTimer(_) => {}
                    Did::Keep(_) | Did::RewriteReplica(_) | Did::Sync | Did::Append(_) | Did::Rewrite(_) => {}
                    Did::Tell(_) => unreachable!("nobody asks for a status"),
                }
            }
        }
    }

    fn pass(&mut self, at: usize, label: &'static str, what: &impl serde::Serialize) {
        let mut bytes = Vec::new();
        encoding::write(what, &mut bytes);
        assert!(bytes.len() <= 65_536, "{label} has {} bytes", bytes.len());
        self.passed.push((at, label, bytes.len()));
    }

    fn count(&self, label: &str) -> usize {
        self.passed.iter().filter(|(_, known, _)| *known == label).count()
    }

    fn assert_same(&self) {
        let [one, other] = self.nodes.each_ref().map(|node| node.replica.store().root());
        assert_eq!(one, other);
    }
}

const fn label(message: &SyncMessage) -> &'static str {
    match message {
        SyncMessage::Probe(_) => "probe",
        SyncMessage::Same(_) => "same",
        SyncMessage::Differs(_) => "differs",
        SyncMessage::Walk(_) => "walk",
        SyncMessage::Place(_) => "place",
        SyncMessage::Give(_) => "give",
        SyncMessage::Got(_) => "got",
    }
}

fn of(kind: SyncKind) -> SyncSettings {
    SyncSettings { kind, switchable: true, ..SyncSettings::default() }
}

#[test]
fn equal_states_cost_a_question_and_an_answer() {
    let mut pair = Pair::new(&of(SyncKind::Merkle), 100);
    pair.sync();
    assert_eq!(pair.passed.iter().map(|(_, label, _)| *label).collect::<Vec<_>>(), ["probe", "same"]);
}

#[test]
fn every_way_brings_both_to_one_state() {
    for kind in [SyncKind::Full, SyncKind::Incremental, SyncKind::Merkle, SyncKind::Streaming] {
        let mut pair = Pair::new(&of(kind), 1_000);
        for number in 0..200 {
            pair.nodes[0].put(&format!("k{number}"), 10);
            pair.nodes[1].put(&format!("k{}", number + 100), 10);
        }
        pair.sync();
        // What goes over the channel goes one way.
        pair.nodes.swap(0, 1);
        let [first, second] = &mut pair.nodes;
        (first.port.me, second.port.me) = (NodeId::new(0), NodeId::new(1));
        pair.sync();
        pair.assert_same();
        assert!(pair.ends.iter().all(|(_, end, ..)| *end == SyncEnd::Complete), "{kind:?}: {:?}", pair.ends);
    }
}

#[test]
fn a_walk_looks_only_at_what_differs() {
    let mut pair = Pair::new(&of(SyncKind::Merkle), 10_000);
    for number in 0..3_000 {
        pair.nodes[1].put(&format!("k{number}"), 20);
    }
    pair.sync();
    pair.assert_same();
    pair.passed.clear();
    pair.nodes[1].put("new", 20);
    pair.sync();
    pair.assert_same();
    // From the top, which the first answer shows, down three levels to a leaf.
    assert!(pair.count("walk") <= 3, "{:?}", pair.passed);
    assert_eq!(pair.ends.last(), Some(&(SyncKind::Merkle, SyncEnd::Complete, 1, 1)));
    let inner: usize = pair
        .passed
        .iter()
        .filter(|(at, label, _)| *at == 1 && ["place", "differs"].contains(label))
        .map(|(.., bytes)| bytes)
        .sum();
    assert!(inner < 4 * (16 * 17 + 100), "{inner} bytes: {:?}", pair.passed);
}

#[test]
fn a_log_that_does_not_reach_back_gives_way_to_a_walk() {
    let mut pair = Pair::new(&of(SyncKind::Incremental), 10);
    for number in 0..50 {
        pair.nodes[1].put(&format!("k{number}"), 10);
    }
    pair.sync();
    let kinds: Vec<_> = pair.ends.iter().map(|(kind, end, ..)| (*kind, *end)).collect();
    assert_eq!(kinds, [(SyncKind::Incremental, SyncEnd::BelowFloor), (SyncKind::Merkle, SyncEnd::Complete)]);
    pair.assert_same();
}

#[test]
fn large_values_are_sent_in_messages_of_bounded_size() {
    for kind in [SyncKind::Full, SyncKind::Incremental, SyncKind::Merkle, SyncKind::Streaming] {
        let mut pair = Pair::new(&SyncSettings { chunk: 48 * 1_024, ..of(kind) }, 1_000);
        for number in 0..30 {
            pair.nodes[1].put(&format!("k{}", number % 3), 16_000);
        }
        pair.sync();
        pair.assert_same();
    }
}

#[test]
fn a_walk_ends_when_the_peer_restarts() {
    let mut pair = Pair::new(&of(SyncKind::Merkle), 100);
    for number in 0..100 {
        pair.nodes[1].put(&format!("k{number}"), 10);
    }
    let [first, second] = &mut pair.nodes;
    first.sync.begin(NodeId::new(1), &mut first.replica, &mut first.port);
    let (_, probe) = first.port.take_sent().pop().expect("it asks");
    second.sync.on_message(NodeId::new(0), probe, &mut second.replica, &mut second.port);
    let (_, differs) = second.port.take_sent().pop().expect("it answers");
    first.sync.on_message(NodeId::new(1), differs, &mut first.replica, &mut first.port);
    let (_, walk) = first.port.take_sent().pop().expect("it goes on");
    second.sync.boot = second.sync.boot.next();
    second.sync.on_message(NodeId::new(0), walk, &mut second.replica, &mut second.port);
    let (_, place) = second.port.take_sent().pop().expect("it answers");
    first.sync.on_message(NodeId::new(1), place, &mut first.replica, &mut first.port);
    let ended = |did: &Did<_, _, _, _, _, _, _>| matches!(did, Did::Note(SyncFact::Ended { end: SyncEnd::Broken, .. }));
    assert!(first.port.take().iter().any(ended));
    assert_eq!(**first.replica.store().vector(), Dots::new(), "nothing is claimed");
}

#[test]
fn a_node_without_channels_can_only_walk() {
    let mut node = Node::new(0, &SyncSettings::default(), 100);
    let switch = |kind| SyncCommand::Switch { kind };
    node.sync.on_command(OpId::default(), switch(SyncKind::Full), &mut node.replica, &mut node.port);
    assert_eq!(node.port.take(), [Did::Reply(OpId::default(), SyncReply::NoChannel)]);
    node.sync.on_command(OpId::default(), switch(SyncKind::Merkle), &mut node.replica, &mut node.port);
    assert_eq!(node.port.take(), [Did::Reply(OpId::default(), SyncReply::Switched)]);
}

#[test]
fn a_probe_is_repeated_until_it_is_answered() {
    let mut node = Node::new(0, &of(SyncKind::Merkle), 100);
    let peer = NodeId::new(1);
    node.sync.begin(peer, &mut node.replica, &mut node.port);
    let mut numbers = Vec::new();
    for _ in 0..3 {
        node.sync.begin(peer, &mut node.replica, &mut node.port);
        node.sync.on_reprobe(peer, &mut node.replica, &mut node.port);
    }
    for (_, message) in node.port.take_sent() {
        let SyncMessage::Probe(probe) = message else { panic!("{message:?}") };
        numbers.push(probe.number);
    }
    assert_eq!(numbers, [1; 4], "one probe, asked again, and no second one beside it");
    let store = node.replica.store();
    let same = Probe { number: 1, root: store.root(), vector: Arc::clone(store.vector()) };
    node.sync.on_same(peer, &same, &mut node.replica, &mut node.port);
    node.sync.on_reprobe(peer, &mut node.replica, &mut node.port);
    assert!(node.port.take_sent().is_empty());
}

#[test]
fn what_a_peer_covers_counts_only_where_the_states_are_equal() {
    let mut pair = Pair::new(&of(SyncKind::Merkle), 100);
    pair.nodes[1].put("k", 10);
    let [first, second] = &mut pair.nodes;
    let theirs = second.replica.store();
    let same = Probe { number: 1, root: theirs.root(), vector: Arc::clone(theirs.vector()) };
    first.sync.on_same(NodeId::new(1), &same, &mut first.replica, &mut first.port);
    assert!(first.replica.store().vector().is_empty());
}

#[test]
fn a_transfer_is_given_up_after_more_patience_each_time() {
    let mut node = Node::new(0, &of(SyncKind::Merkle), 100);
    let mut other = Node::new(1, &of(SyncKind::Merkle), 100);
    for number in 0..100 {
        other.put(&format!("k{number}"), 10);
    }
    let peer = NodeId::new(1);
    let mut given_up = Vec::new();
    for rotation in 0..40 {
        node.sync.begin(peer, &mut node.replica, &mut node.port);
        for did in node.port.take() {
            if matches!(did, Did::Note(SyncFact::Ended { end: SyncEnd::Broken, .. })) {
                given_up.push(rotation);
            } else if let Did::Send(_, SyncMessage::Probe(probe)) = did {
                // It shows that the states differ, and answers nothing more.
                other.sync.on_probe(NodeId::new(0), &probe, &mut other.replica, &mut other.port);
                let (_, differs) = other.port.take_sent().pop().expect("it answers");
                node.sync.on_message(peer, differs, &mut node.replica, &mut node.port);
            }
        }
    }
    assert_eq!(given_up, [5, 14, 31]);
}

#[test]
fn a_start_amid_a_sync_of_the_whole_store_takes_it_up_again() {
    let mut node = Node::new(0, &of(SyncKind::Full), 100);
    assert!(!node.sync.is_new);
    let claim = Claim { start: Arc::new(Dots::new()), upto: None, late: BTreeSet::new() };
    node.replica.store_mut().set_claim(ClaimId::Full, Some(Arc::new(claim)));
    let again = Sync::start(&node.sync.rules.clone(), (), &mut node.replica, &mut node.port);
    assert!(again.is_new);
}

/// The pulls of a node since the last call.
fn pulls(node: &mut Node) -> Vec<SyncPayload> {
    let pull = |did| if let Did::Post(_, payload @ SyncPayload::Pull(_)) = did { Some(payload) } else { None };
    node.port.take().into_iter().filter_map(pull).collect()
}

#[test]
fn of_two_questions_for_the_whole_store_only_the_last_is_followed() {
    let mut pair = Pair::new(&SyncSettings { chunk: 1, ..of(SyncKind::Full) }, 100);
    (0..4).for_each(|number| pair.nodes[1].put(&format!("k{number}"), 10));
    let [asks, gives] = &mut pair.nodes;
    let [me, peer] = [0, 1].map(NodeId::new);
    asks.sync.begin(peer, &mut asks.replica, &mut asks.port);
    let sent = |node: &mut Node| {
        let message = |did| if let Did::Send(_, message) = did { Some(message) } else { None };
        node.port.take().into_iter().find_map(message).expect("a message")
    };
    gives.sync.on_message(me, sent(asks), &mut gives.replica, &mut gives.port);
    asks.sync.on_message(peer, sent(gives), &mut asks.replica, &mut asks.port);
    asks.sync.pull_whole(peer, &mut asks.replica, &mut asks.port);
    let questions = pulls(asks);
    assert_eq!(questions.len(), 2, "both from the first key on");
    let mut counts = Vec::new();
    for question in questions {
        gives.sync.on_payload(me, question, &mut gives.replica, &mut gives.port);
        let posted = |did| if let Did::Post(_, payload) = did { Some(payload) } else { None };
        let answer = gives.port.take().into_iter().find_map(posted).expect("an answer");
        asks.sync.on_payload(peer, answer, &mut asks.replica, &mut asks.port);
        counts.push(pulls(asks).len());
    }
    assert_eq!(counts, [1, 0], "the second answer is to a question that is dead");
}
