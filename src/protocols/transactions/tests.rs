//! One coordinator and one participant in test benches, and the locks of a participant.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::locks::Answer;
use super::*;
use crate::clocks::HybridStamp;
use crate::codex::{AnchorRule, Keyspace, Keyspaces};
use crate::identity::ClientId;
use crate::observation::{TransactionRefusal, TransactionStamp, owner_of};
use crate::protocols::Registry;
use crate::protocols::test_port::{Did, TestPort};
use crate::subject::{Flaws, Setup};
use crate::time::{LocalTime, Time};

struct Node {
    machine: Transactions,
    port: TestPort<Transactions>,
}

fn rules(settings: &TransactionSettings) -> Rules {
    let bank = Keyspace { anchors: vec![AnchorRule::AtLeast(0)], ..Keyspace::of("transaction") };
    let keyspaces: Keyspaces = [
        ("a/".to_owned(), bank),
        ("o/".to_owned(), Keyspace::of("transaction")),
        ("o/log/".to_owned(), Keyspace::of("consensus")),
    ]
    .into_iter()
    .collect();
    let setup = Setup { voters: 3, observers: 0, quiescence: Time::MAX, keyspaces, core: None, corrupts: false };
    settings.rules(Given { setup: &setup, registry: &Registry::new(3) })
}

impl Node {
    fn new(me: u32) -> Self {
        Self::with(me, Kept::default())
    }

    fn with(me: u32, kept: Kept) -> Self {
        let mut port = TestPort::new(me, 3);
        let machine = Transactions::start(&Arc::new(rules(&TransactionSettings::default())), kept, (), &mut port);
        port.take();
        Self { machine, port }
    }

    fn hear(&mut self, from: u32, message: TransactionMessage) {
        self.machine.on_message(NodeId::new(from), message, (), &mut self.port);
    }

    fn ask(&mut self, number: u32, operations: Vec<Operation>) {
        let command = TransactionCommand::Transact { operations };
        self.machine.on_command(op(number), command, (), &mut self.port);
    }

    fn synced(&mut self) {
        self.machine.on_synced(Flushed, (), &mut self.port);
    }

    fn sent(&mut self) -> Vec<TransactionMessage> {
        self.port.take_sent().into_iter().map(|(_, message)| message).collect()
    }

    fn replies(&mut self) -> Vec<TransactionReply> {
        let reply = |did| if let Did::Reply(_, reply) = did { Some(reply) } else { None };
        self.port.take().into_iter().filter_map(reply).collect()
    }
}

fn op(number: u32) -> OpId {
    OpId { client: ClientId::new(0), number }
}

/// The number-th key that a node owns.
fn key(owner: u32, number: usize) -> Key {
    let keys = (0..).map(|number| format!("o/k{number}"));
    let mut own = keys.filter(|key| owner_of(key, 3) == NodeId::new(owner));
    Key::new(&own.nth(number).expect("there are many keys")).expect("a key")
}

fn put(owner: u32, number: usize) -> Operation {
    Operation::Put { key: key(owner, number), value: Value::Integer(1) }
}

fn id(number: u64) -> TransactionId {
    TransactionId { coordinator: Incarnation::new(NodeId::new(0), Boot::new(1)), number }
}

fn part(operations: Vec<Operation>, at: u64) -> Arc<Part> {
    let time = HybridStamp { wall: LocalTime::from_nanos(at), count: 0 };
    let writers = vec![NodeId::new(1), NodeId::new(2)];
    Arc::new(Part { stamp: TransactionStamp { time, first: id(at) }, operations, writers, sole: false })
}

fn prepare(number: u64, operations: Vec<Operation>, at: u64) -> TransactionMessage {
    TransactionMessage::Prepare { id: id(number), part: part(operations, at), below: id(1) }
}

fn refused(messages: &[TransactionMessage]) -> Option<TransactionRefusal> {
    let [TransactionMessage::Vote { vote: Vote::No { reason }, .. }] = messages else { return None };
    Some(*reason)
}

#[test]
fn a_vote_waits_for_its_record_and_an_acknowledgement_for_its_own() {
    let mut node = Node::new(1);
    node.hear(0, prepare(1, vec![put(1, 0)], 1));
    assert!(node.sent().is_empty());
    node.synced();
    assert!(matches!(node.sent()[..], [TransactionMessage::Vote { vote: Vote::Yes { .. }, .. }]));
    let decide = TransactionMessage::Decide { id: id(1), commits: true, below: id(1) };
    node.hear(0, decide.clone());
    assert!(node.sent().is_empty());
    node.synced();
    assert_eq!(node.sent(), [TransactionMessage::Acknowledge { id: id(1) }]);
    node.hear(0, decide);
    assert_eq!(node.sent(), [TransactionMessage::Acknowledge { id: id(1) }], "it is told again");
}

#[test]
fn a_prepare_that_comes_again_is_answered_as_before_and_never_locks_twice() {
    let mut node = Node::new(1);
    node.hear(0, prepare(1, vec![put(1, 0)], 1));
    node.synced();
    node.sent();
    node.hear(0, prepare(1, vec![put(1, 0)], 1));
    assert!(matches!(node.sent()[..], [TransactionMessage::Vote { vote: Vote::Yes { .. }, .. }]));
    node.hear(0, TransactionMessage::Decide { id: id(1), commits: false, below: id(1) });
    node.synced();
    node.sent();
    node.hear(0, prepare(1, vec![put(1, 0)], 1));
    assert_eq!(refused(&node.sent()), Some(TransactionRefusal::Stale));
    node.hear(0, TransactionMessage::Watermark { below: id(9) });
    node.sent();
    node.hear(0, prepare(8, vec![put(1, 0)], 8));
    assert_eq!(refused(&node.sent()), Some(TransactionRefusal::Stale), "it is below the watermark");
}

#[test]
fn what_nobody_asked_for_changes_nothing() {
    let mut node = Node::new(1);
    // A decision without a prepare: whoever forgot has acknowledged before.
    node.hear(0, TransactionMessage::Decide { id: id(1), commits: true, below: id(1) });
    assert_eq!(node.sent(), [TransactionMessage::Acknowledge { id: id(1) }]);
    // One that another than the coordinator sends.
    node.hear(0, prepare(2, vec![put(1, 0)], 2));
    node.synced();
    node.sent();
    node.hear(2, TransactionMessage::Decide { id: id(2), commits: true, below: id(1) });
    assert!(node.machine.held.is_empty() && node.sent().is_empty());
    // An answer to a question about what is not in doubt here.
    node.hear(2, TransactionMessage::Tell { id: id(7), known: Known::Committed });
    assert!(node.machine.held.is_empty());
    let mut coordinator = Node::new(0);
    coordinator.ask(1, vec![put(1, 0), put(2, 0)]);
    coordinator.sent();
    let yes = Vote::Yes { reads: Arc::default() };
    coordinator.hear(1, TransactionMessage::Vote { id: id(1), vote: yes.clone() });
    // The vote of one who was not asked, and the first one once more.
    coordinator.hear(0, TransactionMessage::Vote { id: id(1), vote: yes.clone() });
    coordinator.hear(1, TransactionMessage::Vote { id: id(1), vote: yes.clone() });
    assert!(coordinator.machine.open[&id(1)].commit.is_none());
    // A vote for what was never begun, a question about it, and an acknowledgement of it.
    coordinator.hear(1, TransactionMessage::Vote { id: id(5), vote: yes });
    coordinator.hear(1, TransactionMessage::Ask { id: id(6) });
    coordinator.hear(1, TransactionMessage::Acknowledge { id: id(6) });
    let aborted = TransactionMessage::Decide { id: id(5), commits: false, below: id(1) };
    assert_eq!(coordinator.sent(), [aborted, TransactionMessage::Tell { id: id(6), known: Known::Aborted }]);
}

#[test]
fn malformed_transactions_are_refused_with_the_reason() {
    let mut node = Node::new(0);
    let add = |key: &str, amount| Operation::Add { key: Key::new(key).expect("a key"), amount };
    let twice = key(1, 0);
    let elsewhere = Key::new("o/log/1").expect("a key");
    for (operations, reason) in [
        (vec![], Malformed::Empty),
        (vec![put(1, 0), Operation::Delete { key: twice.clone() }], Malformed::Twice(twice)),
        (vec![add("nobody/1", 1)], Malformed::NotOwned(Key::new("nobody/1").expect("a key"))),
        (vec![put(1, 0), add("o/log/1", 1)], Malformed::NotOwned(elsewhere)),
    ] {
        node.ask(1, operations);
        assert_eq!(node.replies(), [TransactionReply::Refused { reason }]);
        node.machine.answered.clear();
    }
    assert!(serde_json::from_str::<Operation>(r#"{ "add": { "key": "a/1", "amount": "much" } }"#).is_err());
}

#[test]
fn an_operation_that_does_not_apply_is_refused_for_good() {
    let mut node = Node::new(1);
    let key = |prefix: &str| {
        let keys = (0..).map(|number| format!("{prefix}{number}"));
        let mut own = keys.filter(|key| owner_of(key, 3) == NodeId::new(1));
        Key::new(&own.next().expect("there are many")).expect("a key")
    };
    node.hear(0, prepare(1, vec![Operation::Add { key: key("a/"), amount: -1 }], 1));
    assert_eq!(refused(&node.sent()), Some(TransactionRefusal::AnchorViolation));
    node.machine.hold(&[Install { key: key("o/k"), version: 1, value: Some(Value::text("no list")) }]);
    node.hear(0, prepare(2, vec![Operation::Append { key: key("o/k"), value: Value::Null }], 2));
    assert_eq!(refused(&node.sent()), Some(TransactionRefusal::InvalidOperations));
    let most = Install { key: key("a/"), version: 1, value: Some(Value::Integer(i64::MAX)) };
    node.machine.hold(&[most]);
    node.hear(0, prepare(3, vec![Operation::Add { key: key("a/"), amount: 1 }], 3));
    assert_eq!(refused(&node.sent()), Some(TransactionRefusal::InvalidOperations), "the number would be too large");
}

#[test]
fn an_operation_that_comes_again_is_never_done_again() {
    let mut node = Node::new(0);
    node.port.attempt = 2;
    node.ask(1, vec![put(0, 0)]);
    assert_eq!(node.replies(), [TransactionReply::Unknown]);
    node.port.attempt = 1;
    node.ask(2, vec![put(0, 0)]);
    node.synced();
    assert_eq!(node.replies(), [TransactionReply::Committed { reads: Vec::new() }]);
    node.port.attempt = 2;
    node.ask(2, vec![put(0, 0)]);
    assert_eq!(node.replies(), [TransactionReply::Committed { reads: Vec::new() }]);
    assert_eq!(node.machine.held[&key(0, 0)].version, 1);
}

#[test]
fn one_without_a_vote_says_aborted_only_from_a_record_and_keeps_to_it() {
    let mut node = Node::new(1);
    node.hear(2, TransactionMessage::Ask { id: id(1) });
    assert!(node.sent().is_empty(), "the record is not durable");
    node.synced();
    assert_eq!(node.sent(), [TransactionMessage::Tell { id: id(1), known: Known::Aborted }]);
    node.hear(0, prepare(1, vec![put(1, 0)], 1));
    assert_eq!(refused(&node.sent()), Some(TransactionRefusal::Stale));
    node.hear(0, prepare(2, vec![put(1, 0)], 2));
    node.synced();
    node.sent();
    node.hear(2, TransactionMessage::Ask { id: id(2) });
    assert_eq!(node.sent(), [TransactionMessage::Tell { id: id(2), known: Known::InDoubt }]);
    node.hear(0, TransactionMessage::Watermark { below: id(9) });
    node.sent();
    node.hear(2, TransactionMessage::Ask { id: id(8) });
    assert_eq!(node.sent(), [TransactionMessage::Tell { id: id(8), known: Known::Unknown }]);
}

#[test]
fn a_reader_is_not_released_by_another_that_is_in_doubt() {
    let mut node = Node::new(1);
    node.hear(0, prepare(1, vec![Operation::Read { key: key(1, 0) }], 1));
    node.synced();
    node.sent();
    for known in [Known::Undecided, Known::InDoubt] {
        node.hear(2, TransactionMessage::Tell { id: id(1), known });
        assert!(node.machine.in_doubt.contains_key(&id(1)), "{known:?}");
    }
    node.hear(2, TransactionMessage::Tell { id: id(1), known: Known::Unknown });
    assert!(node.machine.in_doubt.is_empty());
}

/// The file as it stands on the disk after what was done.
fn file(did: &mut TestPort<Transactions>) -> Vec<TransactionEntry> {
    let mut file = Vec::new();
    for did in did.take() {
        if let Did::Append(entry) = did {
            file.push(entry);
        } else if let Did::Rewrite(entries) = did {
            file = entries;
        }
    }
    file
}

#[test]
fn a_torn_vote_was_never_given_and_a_damaged_decision_ends_all() {
    let mut node = Node::new(1);
    node.hear(0, prepare(1, vec![put(1, 0)], 1));
    let entries = file(&mut node.port);
    let mut kept = Kept::default();
    Transactions::read(&mut kept, Stored::Intact(&entries[0]));
    assert!(Node::with(1, kept).machine.in_doubt.contains_key(&id(1)));
    let mut kept = Kept::default();
    Transactions::read(&mut kept, Stored::Torn(crate::identity::LaneId::new(0)));
    assert!(Node::with(1, kept).machine.in_doubt.is_empty());
    let mut kept = Kept::default();
    Transactions::read(&mut kept, Stored::Damaged(crate::identity::LaneId::new(0)));
    let mut node = Node::with(1, kept);
    node.hear(0, prepare(2, vec![put(1, 0)], 2));
    node.hear(2, TransactionMessage::Ask { id: id(1) });
    node.ask(1, vec![put(1, 0)]);
    assert!(node.port.take().is_empty(), "it does not know what it has promised");
}

#[test]
fn a_file_grows_no_longer_than_what_it_has_to_say() {
    let settings = TransactionSettings { compact_after: 10, flaws: Flaws::default(), ..TransactionSettings::default() };
    let mut port = TestPort::new(1, 3);
    let mut machine = Transactions::start(&Arc::new(rules(&settings)), Kept::default(), (), &mut port);
    port.take();
    let mut entries: Vec<TransactionEntry> = Vec::new();
    for number in 1..100 {
        let below = id(number);
        let message = TransactionMessage::Prepare { id: id(number), part: part(vec![put(1, 0)], number), below };
        machine.on_message(NodeId::new(0), message, (), &mut port);
        machine.on_synced(Flushed, (), &mut port);
        let message = TransactionMessage::Decide { id: id(number), commits: true, below };
        machine.on_message(NodeId::new(0), message, (), &mut port);
        machine.on_synced(Flushed, (), &mut port);
        for did in port.take() {
            if let Did::Append(entry) = did {
                entries.push(entry);
            } else if let Did::Rewrite(all) = did {
                entries = all;
            }
        }
        assert!(entries.len() < 20, "{} entries after {number}", entries.len());
    }
    let mut kept = Kept::default();
    entries.iter().for_each(|entry| Transactions::read(&mut kept, Stored::Intact(entry)));
    let again = Node::with(1, kept).machine;
    assert_eq!((again.held, again.in_doubt.len()), (machine.held, 0));
    assert!(again.over.len() < 20);
}

#[test]
fn a_prepare_of_an_earlier_boot_is_stale_though_an_older_commit_holds_the_watermark_back() {
    let mut node = Node::new(1);
    let later = TransactionId { coordinator: Incarnation::new(NodeId::new(0), Boot::new(2)), number: 1 };
    node.hear(0, TransactionMessage::Prepare { id: later, part: part(vec![put(1, 1)], 9), below: id(1) });
    node.synced();
    node.sent();
    node.hear(0, prepare(8, vec![put(1, 0)], 8));
    assert_eq!(refused(&node.sent()), Some(TransactionRefusal::Stale));
}

#[test]
fn only_the_coordinator_moves_its_watermark_and_only_its_own_is_heard() {
    let mut node = Node::new(1);
    node.hear(2, TransactionMessage::Watermark { below: id(9) });
    node.sent();
    node.hear(0, prepare(8, vec![put(1, 0)], 8));
    node.synced();
    assert!(matches!(node.sent()[..], [TransactionMessage::Vote { vote: Vote::Yes { .. }, .. }]));
    let mut coordinator = Node::new(0);
    coordinator.ask(1, vec![put(1, 0)]);
    let other = TransactionId { coordinator: Incarnation::new(NodeId::new(2), Boot::new(1)), number: 9 };
    coordinator.hear(1, TransactionMessage::Heard { below: other });
    assert_eq!(coordinator.machine.involved[&NodeId::new(1)], TransactionId::default());
    coordinator.hear(1, TransactionMessage::Heard { below: id(1) });
    assert_eq!(coordinator.machine.involved[&NodeId::new(1)], id(1));
}

#[test]
fn a_record_of_an_older_version_does_not_undo_a_later_one() {
    let install = |version| Install { key: key(1, 0), version, value: Some(Value::Integer(version as i64)) };
    let decided = TransactionEntry::Decided { id: id(1), commits: true, installs: vec![install(2)] };
    let kept = Kept { entries: vec![TransactionEntry::Value(install(3)), decided], damaged: false };
    assert_eq!(Node::with(1, kept).machine.held[&key(1, 0)].version, 3);
}

#[test]
fn a_prepare_that_comes_again_while_it_waits_waits_once() {
    let mut node = Node::new(1);
    node.hear(0, prepare(2, vec![put(1, 0)], 2));
    node.synced();
    node.sent();
    (0..2).for_each(|_| node.hear(0, prepare(1, vec![put(1, 0)], 1)));
    let waits = |did: &Did<_, _, _, _, _, _, _>| matches!(did, Did::Note(TransactionSeen::Waits { .. }));
    assert_eq!(node.port.take().iter().filter(|did| waits(did)).count(), 1);
    node.hear(0, TransactionMessage::Decide { id: id(2), commits: false, below: id(1) });
    node.synced();
    assert!(node.machine.in_doubt.contains_key(&id(1)) && node.machine.parked.is_empty());
}

#[test]
fn what_does_not_apply_is_not_tried_again_and_what_is_under_way_is_not_begun_again() {
    let mut node = Node::new(0);
    node.ask(1, vec![put(1, 0)]);
    node.port.take();
    node.port.attempt = 2;
    node.ask(1, vec![put(1, 0)]);
    assert!(node.port.take().is_empty(), "the answer follows");
    let no = |reason| TransactionMessage::Vote { id: id(1), vote: Vote::No { reason } };
    node.hear(1, no(TransactionRefusal::ResourceConflict));
    let retries = |did: &Did<_, _, _, _, _, _, _>| matches!(did, Did::SetTimer(TransactionTimer::Retry(_), _));
    assert!(node.port.take().iter().any(retries));
    node.machine.on_timer(TransactionTimer::Retry(op(1)), (), &mut node.port);
    node.port.take();
    let reason = TransactionRefusal::AnchorViolation;
    node.hear(1, TransactionMessage::Vote { id: id(2), vote: Vote::No { reason } });
    let did = node.port.take();
    assert!(did.contains(&Did::Reply(op(1), TransactionReply::Aborted { reason })) && !did.iter().any(retries));
}

#[test]
fn what_shows_a_version_that_is_not_durable_waits_for_its_sync() {
    let mut node = Node::new(1);
    node.hear(0, prepare(1, vec![put(1, 0)], 1));
    node.synced();
    node.sent();
    node.hear(0, TransactionMessage::Decide { id: id(1), commits: true, below: id(1) });
    let time = HybridStamp::default();
    let stamp = TransactionStamp { time, first: id(2) };
    let operations = vec![Operation::Read { key: key(1, 0) }];
    let part = Arc::new(Part { stamp, operations, writers: Vec::new(), sole: true });
    node.hear(0, TransactionMessage::Prepare { id: id(2), part, below: id(1) });
    assert!(node.sent().is_empty());
    node.synced();
    assert!(matches!(node.sent()[..], [TransactionMessage::Acknowledge { .. }, TransactionMessage::Vote { .. }]));
}

#[test]
fn a_file_that_has_much_to_say_is_left_as_it_is() {
    let settings = TransactionSettings { compact_after: 10, ..TransactionSettings::default() };
    let install = |number| Install { key: key(1, number), version: 1, value: Some(Value::Null) };
    let kept = Kept { entries: (0..40).map(install).map(TransactionEntry::Value).collect(), damaged: false };
    let mut port = TestPort::new(1, 3);
    let mut machine = Transactions::start(&Arc::new(rules(&settings)), kept, (), &mut port);
    for number in 1..10 {
        machine.on_message(NodeId::new(0), prepare(number, vec![put(1, number as usize)], number), (), &mut port);
        machine.on_synced(Flushed, (), &mut port);
    }
    assert!(!port.take().iter().any(|did| matches!(did, Did::Rewrite(_))));
}

/// A transaction that asks for locks, or ends.
#[derive(Clone, Debug)]
enum Step {
    Asks { stamp: u64, wanted: BTreeMap<usize, bool> },
    Ends(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let asks = (0..20_u64, prop::collection::btree_map(0..4_usize, any::<bool>(), 1..3));
    let step = prop_oneof![
        3 => asks.prop_map(|(stamp, wanted)| Step::Asks { stamp, wanted }),
        2 => (0..12_usize).prop_map(Step::Ends),
    ];
    prop::collection::vec(step, 1..40)
}

fn clash(one: &BTreeMap<usize, bool>, other: &BTreeMap<usize, bool>) -> bool {
    one.iter().any(|(key, writes)| other.get(key).is_some_and(|also| *writes || *also))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    /// Against a plain list: no two clash, whoever waits is earlier than all in its way, nobody overtakes, and nobody waits
    /// for nothing.
    #[test]
    fn locks_are_granted_in_order(steps in steps()) {
        let mut table = LockTable::default();
        let mut all: Vec<(TransactionId, u64, BTreeMap<usize, bool>)> = Vec::new();
        let (mut held, mut queue): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
        for step in steps {
            match step {
                Step::Asks { stamp, wanted } => {
                    let operations = wanted.iter().map(|(number, writes)| {
                        let key = key(1, *number);
                        if *writes { Operation::Delete { key } } else { Operation::Read { key } }
                    });
                    let name = id(all.len() as u64 + 1);
                    let answer = table.request(name, Wanted::of(&part(operations.collect(), stamp)), false);
                    let mine = all.len();
                    all.push((name, stamp, wanted));
                    let is_before = |other: &&usize| clash(&all[**other].2, &all[mine].2);
                    let obstacles: Vec<usize> = held.iter().chain(&queue).filter(is_before).copied().collect();
                    match answer {
                        Answer::Granted => {
                            prop_assert!(obstacles.is_empty());
                            held.push(mine);
                        }
                        Answer::Waits(_) => {
                            prop_assert!(!obstacles.is_empty());
                            // Stamps that are equal are told apart by the first attempt, which is as late here.
                            prop_assert!(obstacles.iter().all(|other| all[*other].1 > stamp));
                            queue.push(mine);
                        }
                        Answer::Dies(by) => {
                            let by = all.iter().position(|(name, ..)| *name == by).expect("it is known");
                            prop_assert!(obstacles.contains(&by) && all[by].1 <= stamp);
                        }
                    }
                }
                Step::Ends(number) if number < all.len() => {
                    let (_, granted) = table.release(all[number].0);
                    held.retain(|other| *other != number);
                    queue.retain(|other| *other != number);
                    for name in granted {
                        let mine = all.iter().position(|(known, ..)| *known == name).expect("it is known");
                        let place = queue.iter().position(|other| *other == mine).expect("it waited");
                        let in_the_way = held.iter().chain(&queue[..place]);
                        prop_assert!(!in_the_way.into_iter().any(|other| clash(&all[*other].2, &all[mine].2)));
                        queue.remove(place);
                        held.push(mine);
                    }
                    for (place, mine) in queue.iter().enumerate() {
                        let mut in_the_way = held.iter().chain(&queue[..place]);
                        prop_assert!(in_the_way.any(|other| clash(&all[*other].2, &all[*mine].2)), "it waits for nothing");
                    }
                }
                Step::Ends(_) => {}
            }
        }
    }
}
