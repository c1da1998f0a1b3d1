//! One node's gossip: what it pushes, pulls and asks for.

use std::sync::Arc;

use super::*;
use crate::clocks::{Dot, Dots};
use crate::codex::{Key, Keyspace, Keyspaces, Root, Value, Version};
use crate::identity::{Boot, Incarnation};
use crate::observation::{Ballot, CopyId, Slot};
use crate::protocols::replica::{Kept, ReplicaSettings};
use crate::protocols::test_port::{Did, TestPort};
use crate::protocols::{Decided, Given, Registry, consensus};
use crate::subject::Setup;
use crate::time::Time;

const NODES: u32 = 5;
const N2: NodeId = NodeId::new(1);

struct Node {
    gossip: Gossip,
    replica: Replica,
    port: TestPort<Gossip>,
}

impl Node {
    fn new() -> Self {
        let keyspaces: Keyspaces = [(String::new(), Keyspace::of("gossip"))].into_iter().collect();
        let setup =
            Setup { voters: NODES, observers: 0, quiescence: Time::MAX, keyspaces, core: None, corrupts: false };
        let registry = Registry::new(NODES);
        let rules = Arc::new(ReplicaSettings::default().rules(Given { setup: &setup, registry: &registry }));
        let mut replica = Replica::start(&rules, Kept::default(), (), &mut TestPort::new(0, NODES));
        let mut port = TestPort::new(0, NODES);
        let gossip = Gossip::start(&Arc::new(GossipSettings::default().rules()), (), &mut replica, &mut port);
        port.take();
        Self { gossip, replica, port }
    }

    fn hear(&mut self, message: GossipMessage) {
        self.gossip.on_message(N2, message, &mut self.replica, &mut self.port);
    }

    /// The pushes since the last call: the copy that each relays, and its ttl.
    fn pushed(&mut self) -> Vec<(Option<CopyId>, u32)> {
        let push = |did| if let Did::Note(GossipFact::Pushed { of, ttl, .. }) = did { Some((of, ttl)) } else { None };
        self.port.take().into_iter().filter_map(push).collect()
    }
}

fn version(number: u64) -> Arc<Version> {
    let dot = Dot::new(Incarnation::new(N2, Boot::new(1)), crate::identity::Era(0), number);
    let key = Key::new("k").expect("a key");
    Version::signed(key, Some(Value::text("x")), dot, number, Dots::new(), &Registry::new(NODES))
}

fn copy(number: u64) -> CopyId {
    CopyId { of: Incarnation::new(N2, Boot::new(1)), number }
}

fn push(number: u64, ttl: u32) -> GossipMessage {
    GossipMessage::StateUpdate(Arc::new(Push { item: version(1).into(), copy: copy(number), ttl }))
}

fn digest(root: Root, vector: Dots) -> GossipMessage {
    GossipMessage::Heartbeat(Arc::new(Digest { root, vector: Arc::new(vector), beats: Vec::new(), answers: false }))
}

#[test]
fn a_version_is_relayed_once_with_a_hop_less() {
    let mut node = Node::new();
    node.hear(push(7, 2));
    assert_eq!(node.pushed(), [(Some(copy(7)), 1); 3]);
    node.hear(push(8, 2));
    assert_eq!(node.pushed(), []);
}

#[test]
fn a_copy_without_hops_is_accepted_and_not_relayed() {
    let mut node = Node::new();
    node.hear(push(7, 0));
    assert_eq!((node.pushed(), node.replica.store().len()), (Vec::new(), 1));
}

#[test]
fn a_ttl_over_the_bound_is_cut_to_it() {
    let mut node = Node::new();
    node.hear(push(7, 1_000));
    assert_eq!(node.pushed(), [(Some(copy(7)), 3); 3]);
}

#[test]
fn what_was_pulled_is_pushed_as_new() {
    let mut node = Node::new();
    node.hear(GossipMessage::Pulled(Arc::new(vec![version(1).into(), version(1).into()])));
    assert_eq!(node.pushed(), [(None, 3); 3]);
}

#[test]
fn a_digest_is_answered_with_what_it_lacks_and_with_one_if_it_has_more() {
    let mut node = Node::new();
    node.hear(push(7, 0));
    node.port.take();
    node.hear(digest(Root([0; 16]), Dots::new()));
    assert_eq!(node.port.take_sent(), [(N2, GossipMessage::Pulled(Arc::new(vec![version(1).into()])))]);
    node.hear(digest(Root([1; 16]), [version(1).dot, version(2).dot].into_iter().collect()));
    let sent = node.port.take_sent();
    assert!(matches!(&sent[..], [(N2, GossipMessage::Heartbeat(digest))] if digest.answers), "{sent:?}");
}

#[test]
fn equal_roots_are_a_complete_comparison() {
    let mut node = Node::new();
    let covered: Dots = [version(9).dot].into_iter().collect();
    node.hear(digest(Root([1; 16]), covered.clone()));
    assert!(node.replica.store().vector().is_empty());
    node.hear(digest(node.replica.store().root(), covered.clone()));
    assert_eq!(**node.replica.store().vector(), covered);
}

/// Both cover the same, and hold something else.
#[test]
fn what_only_a_comparison_finds_is_asked_for() {
    let mut node = Node::new();
    node.hear(push(7, 0));
    node.port.take();
    node.hear(digest(Root([1; 16]), [version(1).dot].into_iter().collect()));
    assert_eq!(node.port.take_sent(), [(N2, GossipMessage::SyncRequest)]);
    node.hear(GossipMessage::SyncRequest);
    assert_eq!(node.port.take_told(), [GossipOutcome::Differs { peer: N2 }]);
}

/// A decision, whatever proves it.
fn decided() -> Arc<Decided> {
    Arc::new(Decided { slot: Slot(1), ballot: Ballot::default(), value: consensus::Value::noop(), seals: Vec::new() })
}

/// To how many peers a decision was pushed since the last call, and with which ttl.
fn blessed(node: &mut Node) -> Vec<u32> {
    let push = |did| if let Did::Send(_, GossipMessage::Blessed(blessed)) = did { Some(blessed.ttl) } else { None };
    node.port.take().into_iter().filter_map(push).collect()
}

#[test]
fn a_decision_is_told_on_as_it_came_and_relayed_with_a_hop_less() {
    let mut node = Node::new();
    node.hear(GossipMessage::Blessed(Arc::new(Blessed { decided: decided(), ttl: 2 })));
    let told = node.port.take_told();
    assert!(matches!(&told[..], [GossipOutcome::Blessed { from: N2, blessed }] if blessed.ttl == 2), "{told:?}");
    assert!(blessed(&mut node).is_empty(), "it is relayed once it is known to be proven");
    node.gossip.on_certified(&decided(), &mut node.port);
    assert_eq!(blessed(&mut node), [3; 3], "what voters told begins");
    for (ttl, relayed) in [(2, vec![1; 3]), (1, vec![0; 3]), (0, Vec::new()), (1_000, vec![3; 3])] {
        node.gossip.on_blessed(&Blessed { decided: decided(), ttl }, &mut node.port);
        assert_eq!(blessed(&mut node), relayed, "{ttl}");
    }
}

#[test]
fn who_does_not_push_passes_on_no_decision() {
    let mut node = Node::new();
    let settings = GossipSettings { push: false, ..GossipSettings::default() };
    node.gossip = Gossip::start(&Arc::new(settings.rules()), (), &mut node.replica, &mut node.port);
    node.gossip.on_certified(&decided(), &mut node.port);
    node.gossip.on_blessed(&Blessed { decided: decided(), ttl: 2 }, &mut node.port);
    assert!(blessed(&mut node).is_empty());
}
