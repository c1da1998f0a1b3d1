//! One replica: what it accepts and refuses, and what it goes on from.

use std::sync::Arc;

use super::*;
use crate::clocks::{Dot, Dots};
use crate::codex::{
    self, AnchorRule, CausalContext, Change, Item, Key, Keyspace, Keyspaces, Lax, Refusal, StoreReply, Value, Version,
    VersionStore,
};
use crate::identity::{Boot, ClientId, LaneId};
use crate::measure::Share;
use crate::observation::Basis;
use crate::protocols::test_port::{Did, TestPort};
use crate::protocols::{Given, Registry};
use crate::subject::Setup;
use crate::time::{LocalTime, Time};

const N2: NodeId = NodeId::new(1);

struct Node {
    replica: Replica,
    port: TestPort<Replica>,
    rules: Arc<Rules>,
    asked: u32,
}

fn rules(settings: &ReplicaSettings) -> Arc<Rules> {
    let space = |anchors: &[AnchorRule]| Keyspace { anchors: anchors.to_vec(), ..Keyspace::of("gossip") };
    let spaces =
        [("", space(&[])), ("fixed/", space(&[AnchorRule::Immutable])), ("short/", space(&[AnchorRule::MaxBytes(3)]))];
    let keyspaces: Keyspaces = spaces.into_iter().map(|(prefix, space)| (prefix.to_owned(), space)).collect();
    let setup = Setup { voters: 2, observers: 0, quiescence: Time::MAX, keyspaces, core: None, corrupts: false };
    Arc::new(settings.rules(Given { setup: &setup, registry: &Registry::new(2) }))
}

fn key(name: &str) -> Key {
    Key::new(name).expect("a key")
}

fn dot(name: &str) -> Dot {
    name.parse().expect("a dot")
}

impl Node {
    fn new() -> Self {
        let rules = rules(&ReplicaSettings::default());
        let mut port = TestPort::new(0, 2);
        let replica = Replica::start(&rules, Kept::default(), (), &mut port);
        port.take();
        Self { replica, port, rules, asked: 0 }
    }

    fn op(&mut self) -> OpId {
        self.asked += 1;
        OpId { client: ClientId::new(0), number: self.asked }
    }

    fn read(&mut self, name: &str) -> (Option<Value>, Arc<CausalContext>) {
        let op = self.op();
        let StoreReply::View { value, seen, .. } = self.replica.read(op, &key(name), &mut self.port) else {
            panic!("a view")
        };
        (value, seen)
    }

    fn write(
        &mut self,
        name: &str,
        value: Option<&str>,
        seen: Option<&CausalContext>,
    ) -> Result<Arc<Version>, Refusal> {
        let op = self.op();
        let value = value.map(Value::text);
        self.replica.write(op, key(name), value, seen, LocalTime::default(), &mut self.port)
    }

    fn put(&mut self, name: &str, value: &str) -> Arc<Version> {
        self.write(name, Some(value), None).expect("it is accepted")
    }

    fn held(&self, name: &str) -> Vec<String> {
        self.replica.store().held(&key(name)).iter().map(|version| version.dot.to_string()).collect()
    }
}

/// A version of n2.
fn theirs(number: u64, value: Option<&str>, context: &[&str]) -> Arc<Version> {
    let context: Dots = context.iter().map(|name| dot(name)).collect();
    let name = dot(&format!("n2.{number}"));
    Version::signed(key("a"), value.map(Value::text), name, number, context, &Registry::new(2))
}

#[test]
fn a_write_replaces_what_its_client_has_read_and_stands_beside_the_rest() {
    let mut node = Node::new();
    node.put("a", "x");
    let (value, seen) = node.read("a");
    assert_eq!((value, seen.held.as_slice()), (Some(Value::text("x")), &[dot("n1.1")][..]));
    node.put("a", "y");
    assert_eq!(node.held("a"), ["n1.1", "n1.2"]);
    node.write("a", Some("z"), Some(&seen)).expect("it is accepted");
    assert_eq!(node.held("a"), ["n1.2", "n1.3"], "y was not read");
    node.write("a", None, None).expect("it is accepted");
    assert_eq!(node.held("a"), ["n1.4"], "a delete takes what is held");
    assert_eq!(node.read("a").0, None);
}

#[test]
fn nothing_is_said_of_a_write_before_it_is_durable() {
    let mut node = Node::new();
    node.put("a", "x");
    let done = node.port.take();
    let place = |is: fn(&Did<_, _, _, _, _, _, _>) -> bool| done.iter().position(is).expect("it was done");
    let (kept, synced) = (place(|did| matches!(did, Did::Keep(_))), place(|did| matches!(did, Did::Sync)));
    let noted = place(|did| matches!(did, Did::NoteReplica(ReplicaFact::Written { basis: Basis::Nothing, .. })));
    assert!(kept < synced && synced < noted, "{done:?}");
}

#[test]
fn stamps_exceed_all_that_was_seen() {
    let mut node = Node::new();
    let ahead = Version::signed(key("b"), None, dot("n2.1"), 7_000, Dots::new(), &Registry::new(2));
    assert_eq!(node.replica.offer(&ahead.into(), &mut node.port), Offered::Applied);
    assert_eq!(node.put("a", "x").stamp, 7_001);
    let seen = CausalContext { stamp: 9_000, ..CausalContext::default() };
    assert_eq!(node.write("a", Some("y"), Some(&seen)).expect("it is accepted").stamp, 9_001);
}

#[test]
fn what_a_replica_does_not_keep_is_refused() {
    let mut node = Node::new();
    let long = "-".repeat(17_000);
    assert_eq!(node.write("a", Some(&long), None), Err(Refusal::TooLarge));
    assert_eq!(node.write("short/a", Some("long"), None), Err(Refusal::Anchor(1)));
    for _ in 0..16 {
        node.put("a", "x");
    }
    assert_eq!(node.write("a", Some("y"), None), Err(Refusal::TooManySiblings));
    let full = CausalContext { covered: Dots::first(dot("n2.1").source, 1_025), ..CausalContext::default() };
    assert_eq!(node.write("a", Some("y"), Some(&full)), Err(Refusal::ContextFull));
    let (_, seen) = node.read("a");
    node.write("a", Some("y"), Some(&seen)).expect("it has read them");
    assert_eq!(node.held("a"), ["n1.17"]);
}

#[test]
fn an_immutable_key_is_written_once() {
    let mut node = Node::new();
    node.put("fixed/a", "x");
    let (_, seen) = node.read("fixed/a");
    for (value, seen) in [(Some("y"), None), (Some("y"), Some(&*seen)), (None, None)] {
        assert_eq!(node.write("fixed/a", value, seen), Err(Refusal::Immutable));
    }
}

#[test]
fn a_version_is_accepted_once_if_its_origin_has_signed_it() {
    let mut node = Node::new();
    let version = theirs(1, Some("x"), &[]);
    let mut forged = (*version).clone();
    forged.value = Some(Value::text("y"));
    assert_eq!(node.replica.offer(&Arc::new(forged).into(), &mut node.port), Offered::Refused);
    let refused = Did::NoteReplica(ReplicaFact::Refused { dot: dot("n2.1"), forged: true });
    assert_eq!(node.port.take(), [refused]);
    assert_eq!(node.replica.offer(&version.clone().into(), &mut node.port), Offered::Applied);
    assert_eq!(node.replica.offer(&version.clone().into(), &mut node.port), Offered::Old);
    let later = theirs(3, Some("z"), &["n2.1", "n2.2"]);
    assert_eq!(node.replica.offer(&later.into(), &mut node.port), Offered::Applied);
    assert_eq!(
        node.replica.offer(&theirs(2, Some("y"), &["n2.1"]).into(), &mut node.port),
        Offered::Old,
        "its context is covered"
    );
    assert_eq!(node.held("a"), ["n2.3"]);
}

#[test]
fn a_tombstone_is_collected_when_all_have_reported_it() {
    let mut node = Node::new();
    node.put("a", "x");
    node.write("a", None, None).expect("it is accepted");
    node.replica.collect(&mut node.port);
    assert_eq!(node.held("a"), ["n1.2"]);
    node.replica.report(N2, &Arc::new([dot("n1.2")].into_iter().collect()));
    node.replica.collect(&mut node.port);
    assert_eq!(node.held("a"), <[String; 0]>::default());
    assert!(node.replica.store().vector().contains(dot("n1.1")));
}

fn restarted(node: &Node, changes: &[Change], damaged: bool) -> Replica {
    let mut kept = Kept::default();
    changes.iter().for_each(|change| kept.read(Stored::Intact(&ReplicaEntry(change.clone()))));
    if damaged {
        kept.read(Stored::Damaged(LaneId::new(0)));
    }
    let mut port = TestPort::new(0, 2);
    port.boot = Boot::new(2);
    Replica::start(&node.rules, kept, (), &mut port)
}

#[test]
fn a_start_goes_on_from_the_journal_and_from_nothing_if_that_is_damaged() {
    let mut node = Node::new();
    node.put("a", "x");
    let journal = node.replica.store().journal();
    let mut again = restarted(&node, &journal, false);
    assert_eq!(again.store(), node.replica.store());
    assert!(!again.is_new());
    let version = again.write(OpId::default(), key("a"), None, None, LocalTime::default(), &mut node.port);
    assert_eq!(version.expect("it is accepted").dot, dot("n1/2.1"), "a boot counts its own dots");
    let lost = restarted(&node, &journal, true);
    assert!(lost.is_new() && lost.store().is_empty() && lost.store().vector().is_empty());
}

#[test]
fn a_journal_is_compacted_to_what_is_held() {
    let rules = rules(&ReplicaSettings { compact_after: 3, log: 2, ..ReplicaSettings::default() });
    let mut port = TestPort::new(0, 2);
    let mut replica = Replica::start(&rules, Kept::default(), (), &mut port);
    for number in 0..6 {
        let op = OpId { client: ClientId::new(0), number };
        replica.write(op, key("a"), None, None, LocalTime::default(), &mut port).expect("it is accepted");
        replica.settle(&mut port);
    }
    let rewrites = port.take().into_iter().filter(|did| matches!(did, Did::RewriteReplica(_))).count();
    assert_eq!(rewrites, 1);
}

fn preloaded(settings: PreloadSettings) -> Arc<Rules> {
    rules(&ReplicaSettings { preload: Some(settings), ..ReplicaSettings::default() })
}

/// A start from the disk that a node has before its first one, and what the replica notes.
fn first_start(rules: &Arc<Rules>, node: u32) -> (Replica, Vec<ReplicaFact>) {
    let (mut kept, mut port) = (Kept::default(), TestPort::new(node, 2));
    let entries = Replica::fresh_disk(rules, NodeId::new(node));
    entries.iter().for_each(|entry| kept.read(Stored::Intact(entry)));
    let replica = Replica::start(rules, kept, (), &mut port);
    let noted = |did| if let Did::NoteReplica(fact) = did { Some(fact) } else { None };
    (replica, port.take().into_iter().filter_map(noted).collect())
}

#[test]
fn replicas_begin_with_what_their_disks_hold() {
    let settings = PreloadSettings { keys: 1_000, differ: Share::from_percent(1), ..PreloadSettings::default() };
    let rules = preloaded(settings);
    let [(one, first), (other, second)] = [0, 1].map(|node| first_start(&rules, node));
    for (replica, facts, count) in [(&one, first, 1_000), (&other, second, 990)] {
        let value = codex::digest(&Value::text(&"-".repeat(64)));
        assert_eq!(facts[0], ReplicaFact::Preloaded { prefix: "documents/d".to_owned(), count, value });
        assert_eq!(**replica.store().vector(), Dots::first(dot("n1/0.1").source, count));
        assert_eq!(replica.store().len() as u64, count);
    }
    assert!(!one.is_new() && !other.is_new());
    assert_ne!(one.store().root(), other.store().root());
    let [mine, theirs] = [&one, &other].map(|replica| &replica.store().held(&key("documents/d7"))[0]);
    assert!(Arc::ptr_eq(mine, theirs), "what all have is shared");
    let news = one.store().version(dot("n1/0.995")).expect("n1 has it");
    assert!(other.store().held(&news.key).is_empty() && !other.store().reaches(&Dots::new()));
    let mut other = other;
    assert_eq!(
        other.offer(&Item::Version(Arc::clone(news)), &mut TestPort::<Replica>::new(1, 2)),
        Offered::Applied,
        "it is signed"
    );
    let logged = one.store().logged_from(one.store().oldest(), other.store().vector(), usize::MAX);
    assert_eq!(logged.expect("the log has them").0.len(), 9);
}

#[test]
fn a_wiped_replica_does_not_begin_with_it_again() {
    let rules = preloaded(PreloadSettings::default());
    let mut port = TestPort::new(1, 2);
    port.boot = Boot::new(2);
    let replica = Replica::start(&rules, Kept::default(), (), &mut port);
    assert!(replica.is_new() && replica.store().is_empty());
    assert!(!port.take().iter().any(|did| matches!(did, Did::NoteReplica(ReplicaFact::Preloaded { .. }))));
}

#[test]
fn a_compacted_journal_keeps_what_replicas_began_with() {
    let rules = preloaded(PreloadSettings { keys: 20, ..PreloadSettings::default() });
    let (replica, _) = first_start(&rules, 0);
    let mut again = VersionStore::new(1_000, Lax::default());
    replica.store().journal().iter().for_each(|change| again.apply(change));
    assert_eq!(&again, replica.store());
    assert_eq!(again.root(), replica.store().root());
}

#[test]
fn keys_that_replicas_begin_with_are_those_that_gossip_owns_and_without_anchors() {
    let spaces = |spaces: &[(&str, Keyspace)]| {
        spaces.iter().map(|(prefix, space)| ((*prefix).to_owned(), space.clone())).collect::<Keyspaces>()
    };
    let of = |prefix: &str| ReplicaSettings {
        preload: Some(PreloadSettings { prefix: prefix.to_owned(), ..PreloadSettings::default() }),
        ..ReplicaSettings::default()
    };
    let fixed = Keyspace { anchors: vec![AnchorRule::Immutable], ..Keyspace::of("gossip") };
    let all = spaces(&[("a/", Keyspace::of("gossip")), ("b/", Keyspace::of("consensus")), ("c/", fixed)]);
    let message = |prefix: &str| of(prefix).misplaced(&all).map(|objection| objection.message);
    assert_eq!(message("a/k"), None);
    let begin = |prefix: &str, rest: &str| Some(format!("replicas begin with keys of `{prefix}`, {rest}"));
    assert_eq!(message("d/k"), begin("d/k", "which is in no keyspace"));
    assert_eq!(message("b/k"), begin("b/k", "and `consensus` owns `b/`"));
    assert_eq!(message("c/k"), begin("c/k", "which the anchors of `c/` may forbid"));
    assert_eq!(ReplicaSettings::default().misplaced(&all), None);
}

#[test]
fn what_cannot_be_preloaded_is_refused() {
    let refusal = |json: &str| serde_json::from_str::<PreloadSettings>(json).expect_err("it is refused").to_string();
    assert!(refusal(r#"{"keys": 0}"#).starts_with("0 is too small: at least 1"));
    assert!(refusal(r#"{"keys": 2000000}"#).starts_with("2000000 is too large: at most 1000000"));
    assert!(refusal(r#"{"bytes": 20000}"#).starts_with("20000 is too large: at most 16000"));
    assert!(refusal(r#"{"holders": 0}"#).starts_with("must be greater than 0"));
    assert!(refusal(r#"{"prefix": "~a"}"#).starts_with("keys that begin with `~` belong to the system"));
    let long = format!(r#"{{"prefix": "{}"}}"#, "a".repeat(1_020));
    assert!(refusal(&long).starts_with("a key of 1027 bytes is too long: at most 1024"));
}
