//! Histories that break each invariant of transactions, and some that do not.

use std::sync::Arc;

use super::*;
use crate::check::history::*;
use crate::clocks::HybridStamp;
use crate::observation::{
    LockMode, TransactionAct, TransactionCall, TransactionId, TransactionRead, TransactionRefusal, TransactionStamp,
};
use crate::time::LocalTime;

fn id(name: &str) -> TransactionId {
    name.parse().expect("a transaction")
}

fn seen(seen: TransactionSeen) -> Event<'static> {
    fact(vec![Observation::Transaction(seen)])
}

/// `n1 w, n2 r`: the participants, and whether each writes.
fn begun_at(name: &str, op: &str, millis: u64, parts: &str) -> Event<'static> {
    let parts = parts.split(", ").map(|part| {
        let (at, act) = part.split_once(' ').expect("a node and an act");
        (node(at), act == "w")
    });
    let time = HybridStamp { wall: LocalTime::from_nanos(millis * 1_000_000), count: 0 };
    let stamp = TransactionStamp { time, first: id(name) };
    seen(TransactionSeen::Begun { id: id(name), op: op.parse().expect("an operation"), stamp, parts: parts.collect() })
}

pub(super) fn begun(name: &str, op: &str, parts: &str) -> Event<'static> {
    begun_at(name, op, 1, parts)
}

/// `a 1, b 2`: keys and versions.
fn reads(text: &str) -> Vec<TransactionRead> {
    let read = |read: &str| {
        let (key, version) = read.split_once(' ').expect("a key and a version");
        TransactionRead { key: key.into(), version: version.parse().expect("a number") }
    };
    text.split(", ").filter(|read| !read.is_empty()).map(read).collect()
}

fn prepared(name: &str, read: &str, writes: bool) -> Event<'static> {
    let locks = reads(read).into_iter().map(|read| (read.key, LockMode::X)).collect();
    seen(TransactionSeen::Prepared { id: id(name), reads: reads(read), locks, writes })
}

fn served(name: &str, read: &str) -> Event<'static> {
    seen(TransactionSeen::Served { id: id(name), reads: reads(read) })
}

pub(super) fn decided(name: &str, commits: bool, read: &str) -> Event<'static> {
    seen(TransactionSeen::Decided { id: id(name), commits, reads: reads(read) })
}

pub(super) fn installed(name: &str, key: &str, version: u64, value: &str) -> Event<'static> {
    seen(TransactionSeen::Installed { id: id(name), key: key.into(), version, value: Some(value.into()) })
}

fn preloaded(key: &str, value: &str) -> Event<'static> {
    seen(TransactionSeen::Preloaded { key: key.into(), value: value.into() })
}

fn unlocked(name: &str) -> Event<'static> {
    seen(TransactionSeen::Unlocked { id: id(name) })
}

fn asks(op: &str, calls: &[(&str, TransactionAct)]) -> Event<'static> {
    let call = |(key, act): &(&str, TransactionAct)| TransactionCall { key: (*key).into(), act: act.clone() };
    let asked = TransactionSeen::Asked { calls: calls.iter().map(call).collect() };
    let (op, to) = (op.parse().expect("an operation"), node("n1"));
    Event::Invoked { op, to, command: said(vec![Observation::Transaction(asked)]) }
}

fn told(op: &str, answer: TransactionAnswer) -> Event<'static> {
    let reply = said(vec![Observation::Transaction(TransactionSeen::Told { answer })]);
    Event::Returned { op: op.parse().expect("an operation"), reply }
}

/// n1 coordinates, n2 and n3 write: all are prepared.
fn all_prepared() -> History {
    let mut history = History::default();
    history.on("n1", begun("n1.t1", "c1#1", "n2 w, n3 w"));
    history.on("n2", prepared("n1.t1", "a 1", true)).on("n3", prepared("n1.t1", "b 1", true));
    history
}

#[test]
fn all_decide_alike() {
    let mut history = all_prepared();
    history.on("n1", decided("n1.t1", true, "a 1, b 1")).on("n2", decided("n1.t1", true, ""));
    let mut right = history.clone();
    right.on("n3", decided("n1.t1", true, ""));
    assert_holds(&right, Atomicity::default(), 2);
    let mut wrong = history.clone();
    wrong.on("n3", decided("n1.t1", false, ""));
    assert_broken(&wrong, Atomicity::default(), "n3 aborted n1.t1, which n1 has committed", "n1#2 n3#2");
    history.on("env", Event::Calm);
    let sentence = "n1 committed n1.t1, in which n3 writes, and n3 has not decided";
    assert_broken(&history, Atomicity::default(), sentence, "n1#2");
}

#[test]
fn nothing_is_committed_that_not_all_have_prepared() {
    let mut history = all_prepared();
    history.on("n1", decided("n1.t1", true, "b 1, a 1"));
    assert_holds(&history, CommitValidity::default(), 1);
    let mut other = all_prepared();
    other.on("n1", decided("n1.t1", true, "a 1, b 2"));
    let sentence = "n1.t1 is committed with reads that its participants have not told of";
    assert_broken(&other, CommitValidity::default(), sentence, "n1#1 n1#2");
    let mut early = History::default();
    early.on("n1", begun("n1.t1", "c1#1", "n2 w, n3 w")).on("n2", prepared("n1.t1", "a 1", true));
    early.on("n1", decided("n1.t1", true, "a 1"));
    let sentence = "n1.t1 is committed, and its participant n3 has not told that it is prepared";
    assert_broken(&early, CommitValidity::default(), sentence, "n1#1 n1#2");
    let mut again = all_prepared();
    again.on("n2", prepared("n1.t1", "a 2", true));
    let sentence = "n2 is prepared for n1.t1, and names other versions than before";
    assert_broken(&again, CommitValidity::default(), sentence, "n2#1 n2#2");
    let mut late = all_prepared();
    late.on("n2", decided("n1.t1", false, "")).on("n2", prepared("n1.t1", "a 1", true));
    let sentence = "n2 is prepared for n1.t1, of which it knew the outcome";
    assert_broken(&late, CommitValidity::default(), sentence, "n2#2 n2#3");
}

#[test]
fn what_is_read_is_locked_and_the_coordinators_own_part_names_the_same_again() {
    let mut bare = History::default();
    bare.on("n1", begun("n1.t1", "c1#1", "n2 w"));
    let prepared_bare =
        TransactionSeen::Prepared { id: id("n1.t1"), reads: reads("a 1"), locks: Vec::new(), writes: true };
    bare.on("n2", seen(prepared_bare));
    let sentence = "n2 is prepared for n1.t1, has read a, and has not locked it";
    assert_broken(&bare, CommitValidity::default(), sentence, "n2#1");
    let mut own = History::default();
    own.on("n1", begun("n1.t1", "c1#1", "n1 w, n2 w")).on("n2", prepared("n1.t1", "b 1", true));
    own.on("n1", prepared("n1.t1", "a 1", true)).on("n1", decided("n1.t1", true, "a 1, b 1"));
    let mut again = own.clone();
    again.on("n1", prepared("n1.t1", "a 1", true)).on("n1", decided("n1.t1", true, "a 1, b 1"));
    assert_holds(&again, CommitValidity::default(), 2);
    own.on("n1", prepared("n1.t1", "a 2", true));
    let sentence = "n1 is prepared for n1.t1, and names other versions than before";
    assert_broken(&own, CommitValidity::default(), sentence, "n1#2 n1#4");
}

#[test]
fn a_sole_reader_may_serve_twice_and_either_counts() {
    let mut history = History::default();
    history.on("n1", begun("n1.t1", "c1#1", "n2 r"));
    history.on("n2", served("n1.t1", "a 1")).on("n2", served("n1.t1", "a 2"));
    for (read, holds) in [("a 1", true), ("a 2", true), ("a 3", false)] {
        let mut history = history.clone();
        history.on("n1", decided("n1.t1", true, read));
        assert_eq!(history.judged_by(CommitValidity::default()).violation().is_none(), holds, "{read}");
    }
}

#[test]
fn a_decision_stands_and_clients_are_told_of_it() {
    let mut history = all_prepared();
    history.on("n1", decided("n1.t1", true, "a 1, b 1"));
    let mut right = history.clone();
    right.on("c1", told("c1#1", TransactionAnswer::Committed { reads: Vec::new() }));
    assert_holds(&right, DecisionStability::default(), 1);
    let mut wrong = history.clone();
    wrong.on("c1", told("c1#1", TransactionAnswer::Aborted));
    let sentence = "c1#1 was told that it is aborted, and n1.t1 had committed it";
    assert_broken(&wrong, DecisionStability::default(), sentence, "n1#2 c1#1");
    let mut back = history.clone();
    back.on("n1", decided("n1.t1", false, ""));
    let sentence = "n1 aborts n1.t1, after it had decided the contrary";
    assert_broken(&back, DecisionStability::default(), sentence, "n1#2 n1#3");
    let mut twice = history;
    twice.on("n1", begun("n1.t1", "c2#1", "n2 w"));
    let sentence = "n1 begins n1.t1 for c2#1, and has given that name for c1#1";
    assert_broken(&twice, DecisionStability::default(), sentence, "n1#1 n1#3");
}

#[test]
fn nothing_stays_locked() {
    let mut history = all_prepared();
    history.on("n2", decided("n1.t1", true, "")).on("n2", unlocked("n1.t1"));
    let mut died = history.clone();
    died.on("n3", killed()).on("env", Event::Calm);
    assert_holds(&died, NoOrphanLocks::default(), 2);
    let mut again = history.clone();
    again.on("n2", prepared("n1.t1", "a 1", true));
    let sentence = "n2 locks for n1.t1, of which it knew the outcome";
    assert_broken(&again, NoOrphanLocks::default(), sentence, "n2#2 n2#4");
    history.on("env", Event::Calm);
    assert_broken(&history, NoOrphanLocks::default(), "n3 still holds the locks of n1.t1", "n3#1");
}

#[test]
fn transactions_wait_for_later_ones_and_keep_their_place() {
    let mut history = History::default();
    history.on("n1", begun_at("n1.t1", "c1#1", 1, "n3 w")).on("n2", begun_at("n2.t1", "c2#1", 2, "n3 w"));
    let waits = |one, other| seen(TransactionSeen::Waits { id: id(one), behind: id(other) });
    let mut right = history.clone();
    right.on("n3", waits("n1.t1", "n2.t1"));
    assert_holds(&right, WaitOrder::default(), 1);
    let mut wrong = history.clone();
    wrong.on("n3", waits("n2.t1", "n1.t1"));
    assert_broken(&wrong, WaitOrder::default(), "n2.t1 waits at n3 for n1.t1, which is not later", "n2#1 n1#1 n3#1");
    history.on("n1", begun_at("n1.t2", "c1#1", 5, "n3 w"));
    let sentence = "n1.t2 is an attempt of c1#1, and has not the place of the first";
    assert_broken(&history, WaitOrder::default(), sentence, "n1#1 n1#2");
}

#[test]
fn a_cycle_is_told_edge_by_edge() {
    let mut history = History::default();
    history.on("n1", begun("n1.t1", "c1#1", "n2 w, n3 r")).on("n1", begun("n1.t2", "c2#1", "n2 r, n3 w"));
    history.on("n1", decided("n1.t1", true, "b 0")).on("n1", decided("n1.t2", true, "a 0"));
    history.on("n2", installed("n1.t1", "a", 1, "1")).on("n3", installed("n1.t2", "b", 1, "1"));
    let sentence = "no order fits: c1#1 (n1.t1) read version 0 of b, which was replaced by c2#1 (n1.t2); c2#1 (n1.t2) \
                    read version 0 of a, which was replaced by c1#1 (n1.t1)";
    assert_broken(&history, Serializability::default(), sentence, "n1#3 n1#4 n3#1");
}

#[test]
fn a_version_is_what_its_transaction_makes_of_the_one_before() {
    let mut history = History::default();
    let add = |amount| [("a", TransactionAct::Add(amount))];
    history.on("n2", preloaded("a", "5")).on("c1", asks("c1#1", &add(2))).on("n1", begun("n1.t1", "c1#1", "n2 w"));
    let mut early = history.clone();
    early.on("n2", installed("n1.t1", "a", 2, "7"));
    let sentence = "n2 installed version 2 of a for c1#1 (n1.t1), which is not committed";
    assert_broken(&early, Serializability::default(), sentence, "n2#2");
    history.on("n1", decided("n1.t1", true, "a 1"));
    for (version, value, why) in [
        (2, "8", "c1#1 (n1.t1) made 8 of 5 in a"),
        (3, "7", "n2 installed version 3 of a for c1#1 (n1.t1), and version 1 was the last"),
        (1, "7", "n2 installed version 1 of a for c1#1 (n1.t1), which was written before the first start"),
    ] {
        let mut wrong = history.clone();
        wrong.on("n2", installed("n1.t1", "a", version, value));
        assert_broken(&wrong, Serializability::default(), why, "n2#2");
    }
    history.on("n2", installed("n1.t1", "a", 2, "7")).on("n2", installed("n1.t1", "a", 2, "7"));
    assert!(history.judged_by(Serializability::default()).violation().is_none(), "it is told again after a start");
    assert_holds(&history, Conservation::default(), 1);
    let mut none = History::default();
    none.on("n2", preloaded("a", "5")).on("c1", asks("c1#1", &add(2))).on("n1", begun("n1.t1", "c1#1", "n2 w"));
    none.on("n1", decided("n1.t1", true, "a 1")).on("n2", installed("n1.t1", "a", 2, "null"));
    assert_broken(&none, Conservation::default(), "n1.t1 was to add 2 to a, and left no number", "n2#2");
    let mut twice = history.clone();
    twice.on("n2", installed("n1.t1", "a", 3, "9"));
    assert_broken(&twice, Conservation::default(), "n1.t1 has changed a twice, in versions 2 and 3", "n2#2 n2#4");
}

#[test]
fn a_client_is_told_what_was_read() {
    let mut history = History::default();
    history.on("n2", preloaded("a", "5")).on("c1", asks("c1#1", &[("a", TransactionAct::Read)]));
    history.on("n1", begun("n1.t1", "c1#1", "n2 r")).on("n1", decided("n1.t1", true, "a 1"));
    let answer = |value: &str| TransactionAnswer::Committed { reads: vec![("a".into(), Some(value.into()))] };
    let mut wrong = history.clone();
    wrong.on("c1", told("c1#1", answer("6")));
    let sentence = "c1#1 was told that a holds 6, and that is not what it has read";
    assert_broken(&wrong, Serializability::default(), sentence, "n1#2 c1#2");
    let mut silent = history.clone();
    silent.on("c1", told("c1#1", TransactionAnswer::Committed { reads: Vec::new() }));
    let sentence = "c1#1 was told that it is committed, and not what a holds";
    assert_broken(&silent, Serializability::default(), sentence, "n1#2 c1#2");
    history.on("c1", told("c1#1", answer("5")));
    assert!(history.judged_by(Serializability::default()).violation().is_none());
}

#[test]
fn an_audit_adds_up() {
    let mut history = History::default();
    history.on("n1", preloaded("a", "5")).on("n2", preloaded("b", "5"));
    let transfer = [("a", TransactionAct::Add(-2)), ("b", TransactionAct::Add(2))];
    let audit = [("a", TransactionAct::Read), ("b", TransactionAct::Read)];
    history.on("c1", asks("c1#1", &transfer)).on("c2", asks("c2#1", &audit));
    history.on("n1", begun("n1.t1", "c1#1", "n1 w, n2 w")).on("n1", begun("n1.t2", "c2#1", "n1 r, n2 r"));
    history.on("n1", decided("n1.t1", true, "a 1, b 1")).on("n1", installed("n1.t1", "a", 2, "3"));
    let mut wrong = history.clone();
    wrong.on("n1", decided("n1.t2", true, "a 2, b 1"));
    let sentence = "n1.t2 read all numbers, and they add up to 8: at the beginning it was 10";
    assert_broken(&wrong, Conservation::default(), sentence, "n1#6");
    let mut lost = history.clone();
    lost.on("env", Event::Calm);
    let sentence = "the numbers add up to 8: at the beginning it was 10, and committed transactions added 0";
    assert_broken(&lost, Conservation::default(), sentence, "");
    history.on("n2", installed("n1.t1", "b", 2, "7")).on("n1", decided("n1.t2", true, "a 2, b 2"));
    history.on("env", Event::Calm);
    assert_holds(&history, Conservation::default(), 2);
}

#[test]
fn names_read_what_they_write() {
    assert_eq!(id("n1/2.t7").to_string(), "n1/2.t7");
    for wrong in ["n1.7", "n1.t", "n1/1.t7", "t7", "n1.t07"] {
        assert!(wrong.parse::<TransactionId>().is_err(), "{wrong}");
    }
    let reason: Arc<str> = TransactionRefusal::Timeout.to_string().into();
    assert_eq!(&*reason, "votes are missing");
}
