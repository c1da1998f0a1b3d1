//! One node's polls: who asks, who answers what, and what is minted.

use std::sync::Arc;

use super::*;
use crate::clocks::{Dot, Dots};
use crate::codex::conflict::{Poll, Strategy, arbiters};
use crate::codex::{Item, Key, Keyspace, Keyspaces, Value, Version};
use crate::identity::Era;
use crate::observation::ChoiceBasis;
use crate::protocols::replica::{Kept, ReplicaSettings};
use crate::protocols::test_port::{Did, TestPort};
use crate::protocols::{Given, Registry};
use crate::subject::Setup;
use crate::time::{LocalTime, Time};

const NODES: u32 = 3;

struct Node {
    conflicts: Conflicts,
    replica: Replica,
    port: TestPort<Conflicts>,
}

impl Node {
    fn new(me: u32) -> Self {
        Self::under(me, Strategy::Arbitration, &ConflictSettings::default())
    }

    fn under(me: u32, strategy: Strategy, settings: &ConflictSettings) -> Self {
        let keyspaces: Keyspaces =
            [(String::new(), Keyspace { strategy, ..Keyspace::of("gossip") })].into_iter().collect();
        let setup =
            Setup { voters: NODES, observers: 0, quiescence: Time::MAX, keyspaces, core: None, corrupts: false };
        let registry = Registry::new(NODES);
        let rules = Arc::new(ReplicaSettings::default().rules(Given { setup: &setup, registry: &registry }));
        let mut replica = Replica::start(&rules, Kept::default(), (), &mut TestPort::new(me, NODES));
        let mut port = TestPort::new(me, NODES);
        let conflicts = Conflicts::start(&Arc::new(settings.rules(NODES)), (), &mut replica, &mut port);
        port.take();
        Self { conflicts, replica, port }
    }

    /// Accepts versions, in this order.
    fn accept(&mut self, versions: &[Arc<Version>]) {
        versions.iter().for_each(|version| _ = self.replica.offer(&version.clone().into(), &mut self.port));
        self.conflicts.on_changed(&mut self.replica, &mut self.port);
    }

    fn look(&mut self) {
        self.conflicts.on_timer(ConflictTimer::Poll, &mut self.replica, &mut self.port);
    }

    fn hear(&mut self, from: u32, message: ConflictMessage) {
        self.conflicts.on_message(NodeId::new(from), message, &mut self.replica, &mut self.port);
        self.conflicts.on_changed(&mut self.replica, &mut self.port);
    }

    fn answer(&mut self, from: u32, number: u64, named: &str) {
        self.hear(from, ConflictMessage::Answer(Arc::new(Answer { number, key: key(), named: dot(named) })));
    }

    /// What it asks of whom since the last call.
    fn asks(&mut self) -> Vec<(u32, Arc<Prayer>)> {
        let asks = |(to, message)| match message {
            ConflictMessage::PrayerRequest(prayer) => Some((NodeId::index(to) as u32, prayer)),
            ConflictMessage::Answer(_) | ConflictMessage::Lacked(_) => None,
        };
        self.port.take_sent().into_iter().filter_map(asks).collect()
    }

    /// What it has told of conflicts since the last call.
    fn told(&mut self) -> Vec<String> {
        let facts = self.port.take().into_iter().filter_map(|did| {
            let Did::Note(fact) = did else { return None };
            match fact {
                ConflictFact::Opened { siblings, .. } => Some(format!("{} open", siblings.len())),
                ConflictFact::Ruled { siblings, shown, .. } => {
                    let shown = shown.map_or("their merge".to_owned(), |shown| shown.to_string());
                    Some(format!("{} show {shown}", siblings.len()))
                }
                ConflictFact::Closed { .. } => Some("closed".to_owned()),
                ConflictFact::Adopted { keyspace, strategy } => Some(format!("`{keyspace}` by {}", strategy.name())),
                ConflictFact::Asked { .. } | ConflictFact::Settled { .. } => None,
            }
        });
        facts.collect()
    }

    /// The log has decided this text under a key.
    fn decree(&mut self, key: &str, text: &str) {
        let writes = [(Key::new(key).expect("a key"), Some(Value::text(text)))];
        self.conflicts.on_decreed(&writes, &mut self.replica, &mut self.port);
        self.conflicts.on_changed(&mut self.replica, &mut self.port);
    }

    /// What it has settled since the last call: the chosen version, and why.
    fn settled(&mut self) -> Option<(String, ChoiceBasis)> {
        self.port.take().into_iter().find_map(|did| {
            let Did::Note(ConflictFact::Settled { chosen, basis, .. }) = did else { return None };
            Some((chosen.to_string(), basis))
        })
    }
}

fn key() -> Key {
    Key::new("k").expect("a key")
}

fn dot(name: &str) -> Dot {
    name.parse().expect("a dot")
}

fn version(name: &str, value: &Value) -> Arc<Version> {
    let name = dot(name);
    Version::signed(key(), Some(value.clone()), name, name.number, Dots::new(), &Registry::new(NODES))
}

fn text(name: &str) -> Arc<Version> {
    version(name, &Value::text(name))
}

/// The arbiters of the conflict between these, in order.
fn order(names: &[&str]) -> Vec<u32> {
    let siblings = names.iter().map(|name| dot(name)).collect();
    arbiters(&key(), &siblings, NodeId::all(NODES), |_| false).into_iter().map(|node| node.index() as u32).collect()
}

/// The arbiter of the conflict of n1.1 with n2.2, which holds both.
fn arbiter() -> (Node, [u32; 2]) {
    let [me, first, second] = order(&["n1/9.1", "n2/9.2"])[..] else { panic!("three voters") };
    let mut node = Node::new(me);
    node.accept(&[text("n1/9.1"), text("n2/9.2")]);
    (node, [first, second])
}

#[test]
fn the_arbiter_alone_asks_all_others() {
    let (mut node, [first, second]) = arbiter();
    node.look();
    let asks = node.asks();
    assert_eq!(asks.iter().map(|(to, _)| *to).collect::<Vec<_>>(), {
        let mut others = [first, second];
        others.sort_unstable();
        others
    });
    assert_eq!(asks[0].1.siblings, [dot("n1/9.1"), dot("n2/9.2")]);
    let mut other = Node::new(first);
    other.accept(&[text("n1/9.1"), text("n2/9.2")]);
    other.look();
    assert_eq!(other.asks(), []);
}

#[test]
fn a_majority_is_enough_for_an_arbiter_that_has_been_patient() {
    let (mut node, [first, _]) = arbiter();
    node.look();
    node.answer(first, 1, "n1/9.1");
    assert_eq!(node.settled(), None, "the third may still answer");
    node.look();
    node.look();
    assert_eq!(node.settled(), None);
    node.look();
    assert_eq!(node.settled(), Some(("n1/9.1".to_owned(), ChoiceBasis::Poll)));
    let resolution = node.replica.store().resolution(&key()).expect("it holds what it has minted");
    assert_eq!(resolution.settled, [dot("n1/9.1"), dot("n2/9.2")].into_iter().collect());
    assert_eq!(node.replica.siblings(&key()).len(), 1);
}

#[test]
fn nothing_is_minted_without_a_majority() {
    let (mut node, _) = arbiter();
    for _ in 0..100 {
        node.look();
    }
    assert_eq!(node.settled(), None);
}

#[test]
fn a_split_poll_falls_to_the_last_write() {
    let (mut node, [first, second]) = arbiter();
    node.look();
    node.answer(first, 1, "n2/9.2");
    node.answer(second, 1, "n2/9.2");
    assert_eq!(node.settled(), Some(("n2/9.2".to_owned(), ChoiceBasis::Poll)), "two of three are two thirds");
    let (mut node, [first, _]) = arbiter();
    node.look();
    node.answer(first, 1, "n2/9.2");
    (0..4).for_each(|_| node.look());
    assert_eq!(node.settled(), Some(("n2/9.2".to_owned(), ChoiceBasis::Local)), "one of two is not");
}

#[test]
fn answers_to_another_poll_and_by_others_than_voters_do_not_count() {
    let (mut node, [first, second]) = arbiter();
    node.look();
    node.answer(first, 2, "n1/9.1");
    node.answer(second, 1, "n3/9.7");
    node.answer(NODES, 1, "n1/9.1");
    (0..9).for_each(|_| node.look());
    assert_eq!(node.settled(), None);
}

#[test]
fn a_voter_names_what_it_applied_first_and_sends_what_an_arbiter_lacks() {
    let prayer = |held: &[&str]| {
        let held: Dots = held.iter().map(|name| dot(name)).collect();
        let siblings = held.iter().collect();
        ConflictMessage::PrayerRequest(Arc::new(Prayer {
            number: 7,
            key: key(),
            siblings,
            held,
            poll: Poll::Arbitration,
        }))
    };
    let mut node = Node::new(0);
    node.hear(1, prayer(&["n1/9.1", "n2/9.2"]));
    assert_eq!(node.port.take_sent(), [], "it holds neither");
    node.accept(&[text("n2/9.2"), text("n1/9.1")]);
    node.port.take();
    node.hear(1, prayer(&["n1/9.1", "n2/9.2"]));
    let answer = Answer { number: 7, key: key(), named: dot("n2/9.2") };
    assert_eq!(node.port.take_sent(), [(NodeId::new(1), ConflictMessage::Answer(Arc::new(answer)))]);
    node.hear(1, prayer(&["n1/9.1"]));
    let lacked = ConflictMessage::Lacked(Arc::new(vec![Item::from(text("n2/9.2"))]));
    assert_eq!(node.port.take_sent(), [(NodeId::new(1), lacked)]);
    let delete = Version::signed(key(), None, dot("n3/9.3"), 3, Dots::new(), &Registry::new(NODES));
    node.accept(&[delete]);
    node.port.take();
    node.hear(1, prayer(&["n1/9.1", "n2/9.2"]));
    let answer = node.port.take_sent();
    assert!(
        matches!(answer[..], [(_, ConflictMessage::Answer(_))]),
        "the arbiter may have dropped the tombstone: {answer:?}"
    );
}

#[test]
fn a_vote_goes_to_the_meaning_that_most_keys_bear() {
    let meaning =
        |word: &str| serde_json::from_value::<Value>(serde_json::json!({ "$meaning": word })).expect("a value");
    let mut node = Node::under(0, Strategy::Vote, &ConflictSettings::default());
    let elsewhere = |name: &str, word: &str| {
        let (other, name) = (Key::new(name).expect("a key"), dot(name));
        Version::signed(other, Some(meaning(word)), name, name.number, Dots::new(), &Registry::new(NODES))
    };
    node.accept(&[elsewhere("n3/9.1", "law"), elsewhere("n3/9.2", "law"), elsewhere("n3/9.3", "song")]);
    node.accept(&[version("n1/9.5", &meaning("law")), version("n2/9.6", &meaning("song"))]);
    assert_eq!(node.replica.most_borne(&key(), &[dot("n1/9.5"), dot("n2/9.6")]), Some(dot("n1/9.5")));
}

#[test]
fn what_an_arbiter_lacked_begins_the_poll_anew() {
    let (mut node, [first, second]) = arbiter();
    node.look();
    node.answer(first, 1, "n1/9.1");
    node.hear(second, ConflictMessage::Lacked(Arc::new(vec![Item::from(text("n3/9.3"))])));
    node.answer(second, 1, "n1/9.1");
    assert_eq!(node.settled(), None, "that was another question");
    let conflict = node.replica.conflict(&key()).expect("it is open");
    assert_eq!(conflict.siblings, [dot("n1/9.1"), dot("n2/9.2"), dot("n3/9.3")]);
}

#[test]
fn another_takes_over_from_an_arbiter_that_is_suspected_or_comes_to_no_end() {
    let [first, heir, _] = order(&["n1/9.1", "n2/9.2"])[..] else { panic!("three voters") };
    let mut node = Node::new(heir);
    node.accept(&[text("n1/9.1"), text("n2/9.2")]);
    node.look();
    assert_eq!(node.asks(), []);
    node.conflicts.on_suspicion(NodeId::new(first), true);
    node.look();
    assert_eq!(node.asks().len(), 1, "the suspected one is not asked");
    node.conflicts.on_suspicion(NodeId::new(first), false);
    let looks = (0..100).take_while(|_| {
        node.look();
        node.asks().is_empty()
    });
    assert_eq!(looks.count(), 10, "two looks have gone by already");
}

#[test]
fn a_conflict_is_told_when_it_opens_changes_and_closes() {
    let mut node = Node::new(0);
    node.accept(&[text("n1/9.1")]);
    assert_eq!(node.told(), [""; 0]);
    node.accept(&[text("n2/9.2")]);
    node.accept(&[text("n3/9.3")]);
    node.accept(&[text("n3/9.3")]);
    assert_eq!(node.told(), ["2 open", "3 open"]);
    let context = ["n1/9.1", "n2/9.2", "n3/9.3"].iter().map(|name| dot(name)).collect();
    let put = Version::signed(key(), Some(Value::text("x")), dot("n3/9.4"), 9, context, &Registry::new(NODES));
    node.accept(&[put]);
    assert_eq!(node.told(), ["closed"]);
}

#[test]
fn a_decree_changes_how_the_conflicts_of_its_keyspace_are_resolved() {
    let mut node = Node::new(0);
    node.accept(&[text("n1/9.1"), text("n2/9.2")]);
    assert_eq!(node.told(), ["2 open"]);
    for (key, text) in [("~strategies", "merge"), ("~strategy/b/", "merge"), ("~strategy/", "by lot")] {
        node.decree(key, text);
        assert_eq!(node.told(), [""; 0], "it is none of its keyspaces, or no strategy: {key} {text}");
    }
    node.decree("~strategy/", "last_write_wins");
    assert_eq!(node.told(), ["`` by last_write_wins", "2 show n2/9.2"]);
    node.decree("~strategy/", "last_write_wins");
    assert_eq!(node.told(), [""; 0]);
    node.decree("~strategy/", "vote");
    assert_eq!(node.told(), ["`` by vote", "2 open"]);
}

#[test]
fn a_client_waits_for_what_the_log_decides() {
    let mut node = Node::new(0);
    let op = OpId::default();
    let adopt = ConflictCommand::Adopt { keyspace: String::new(), strategy: Strategy::Merge };
    node.conflicts.on_command(op, adopt, &mut node.replica, &mut node.port);
    let wanted = ConflictOutcome::Wanted { op, write: decree("", Strategy::Merge).expect("a write") };
    assert_eq!(node.port.take(), [Did::Tell(wanted)]);
    for (is_decided, reply) in [(true, ConflictReply::Adopted), (false, ConflictReply::Unknown)] {
        node.conflicts.on_asked(op, 7);
        node.conflicts.on_answered(8, true, &mut node.port);
        assert_eq!(node.port.take(), [], "that is another's");
        node.conflicts.on_answered(7, is_decided, &mut node.port);
        assert_eq!(node.port.take(), [Did::Reply(op, reply)]);
    }
}

#[test]
fn a_resolution_hides_nothing_before_what_it_chooses_is_there() {
    let (mut node, [first, second]) = arbiter();
    node.look();
    [first, second].into_iter().for_each(|voter| node.answer(voter, 1, "n1/9.1"));
    let resolution = Arc::clone(node.replica.store().resolution(&key()).expect("it is minted"));
    let mut other = Node::new(first);
    other.accept(&[text("n2/9.2")]);
    other.replica.offer(&Item::Resolution(resolution), &mut other.port);
    assert_eq!(other.replica.siblings(&key()).len(), 1, "n2/9.2 is settled, and shown");
    other.accept(&[text("n1/9.1")]);
    let shown: Vec<Dot> = other.replica.siblings(&key()).iter().map(|sibling| sibling.dot).collect();
    assert_eq!(shown, [dot("n1/9.1")]);
}

#[test]
fn a_start_knows_the_conflicts_that_its_disk_holds() {
    let (mut node, _) = arbiter();
    let again =
        Conflicts::start(&Arc::new(ConflictSettings::default().rules(NODES)), (), &mut node.replica, &mut node.port);
    node.conflicts = again;
    node.port.take();
    node.conflicts.on_changed(&mut node.replica, &mut node.port);
    let opened = |did: &Did<_, _, _, _, _, _, _>| matches!(did, Did::Note(ConflictFact::Opened { .. }));
    assert!(node.port.take().iter().any(opened));
}

#[test]
fn a_put_that_names_what_was_chosen_makes_the_resolution_void() {
    let (mut node, [first, second]) = arbiter();
    node.look();
    [first, second].into_iter().for_each(|voter| node.answer(voter, 1, "n1/9.1"));
    let hidden = node.replica.store().held(&key()).len();
    assert_eq!((hidden, node.replica.siblings(&key()).len()), (2, 1), "the other one is hidden, and held");
    let context = [dot("n1/9.1")].into_iter().collect();
    let put = Version::signed(key(), Some(Value::text("x")), dot("n3/9.4"), 9, context, &Registry::new(NODES));
    node.accept(&[put]);
    assert_eq!(node.replica.store().resolution(&key()), None);
    assert_eq!(node.replica.siblings(&key()).len(), 2, "what it had settled is shown again");
}

#[test]
fn a_resolution_of_a_peer_counts_if_it_is_signed() {
    let (mut node, [first, second]) = arbiter();
    node.look();
    [first, second].into_iter().for_each(|voter| node.answer(voter, 1, "n1/9.1"));
    let resolution = Arc::clone(node.replica.store().resolution(&key()).expect("it is minted"));
    let mut other = Node::new(first);
    other.accept(&[text("n1/9.1"), text("n2/9.2")]);
    let mut forged = (*resolution).clone();
    forged.chosen = dot("n2/9.2");
    other.replica.offer(&Item::Resolution(Arc::new(forged)), &mut other.port);
    assert_eq!(other.replica.store().resolution(&key()), None);
    other.replica.offer(&Item::Resolution(resolution), &mut other.port);
    assert_eq!(other.replica.siblings(&key()).len(), 1);
    assert_eq!(other.replica.store().root(), node.replica.store().root());
    assert_eq!(other.replica.siblings(&key())[0].dot, dot("n1/9.1"));
}

/// What depends on an order that a compaction must keep.
#[test]
fn what_was_applied_first_outlives_a_compaction() {
    let mut node = Node::new(0);
    node.accept(&[text("n3/9.3"), text("n1/9.1"), text("n2/9.2")]);
    let among = [dot("n1/9.1"), dot("n2/9.2"), dot("n3/9.3")];
    let mut again = crate::codex::VersionStore::new(10, crate::codex::Lax::default());
    node.replica.store().journal().iter().for_each(|change| again.apply(change));
    assert_eq!(again.first_of(&key(), &among), Some(dot("n3/9.3")));
    assert_eq!(again.first_of(&key(), &among[..2]), Some(dot("n1/9.1")));
    let op = OpId::default();
    let write = node.replica.write(op, key(), None, None, LocalTime::default(), &mut node.port);
    assert_eq!(write.expect("it is accepted").dot.source.era, Era(0));
    assert_eq!(node.replica.store().first_of(&key(), &among), None);
}
