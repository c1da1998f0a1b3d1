//! Transactions: what they cost, and that a bank without faults adds up.

use stemmata::identity::{Actor, NodeId};
use stemmata::observation::{Observation, TransactionSeen, owner_of};
use stemmata::report::protocols::{self, Hit, TransactionCoverage};
use stemmata::run::{self, Keep};
use stemmata::trace::{Event, Trace};

use crate::support::{assert_committed, load, parse, run as run_file};

/// The number-th key that a node owns among four.
fn key(owner: u32, number: usize) -> String {
    let keys = (0..).map(|number| format!("t/k{number}"));
    let mut own = keys.filter(|key| owner_of(key, 4) == NodeId::new(owner - 1));
    own.nth(number).expect("there are many keys")
}

fn write(owner: u32) -> String {
    format!(r#"{{ "put": {{ "key": "{}", "value": 1 }} }}"#, key(owner, 0))
}

fn read(owner: u32) -> String {
    format!(r#"{{ "read": {{ "key": "{}" }} }}"#, key(owner, 1))
}

fn transacts(at: &str, client: u32, operations: &[String]) -> String {
    format!(
        r#"{{ "at": "{at}", "op": "c{client}#1", "to": "n1",
             "command": {{ "transactions": {{ "transact": {{ "operations": [{}] }} }} }} }}"#,
        operations.join(", ")
    )
}

/// The trace of transactions that n1 coordinates over links of 5 ms, with one attempt each.
fn trace_of(operations: &[String]) -> Trace {
    let file = parse(&format!(
        r#"{{
            "nodes": 4, "run": {{ "quiesce_at": "1s" }}, "network": {{ "delay": {{ "constant": "5ms" }} }},
            "disk": {{ "sync": {{ "constant": "1ms" }} }}, "keyspaces": {{ "t/": "transaction" }},
            "protocols": {{ "transactions": {{ "tries": 1 }} }}, "operations": [{}]
        }}"#,
        operations.join(", ")
    ));
    run_file(&file, 0, Keep::Trace).1.trace.expect("it was kept")
}

/// How many messages were sent, but for those about watermarks, and how many syncs there were.
fn costs(trace: &Trace) -> (usize, usize) {
    let (mut messages, mut syncs) = (0, 0);
    for record in trace.records() {
        if let Event::Send { said, .. } = &record.event {
            messages += usize::from(!["watermark", "heard"].contains(&said.label.word()));
        }
        syncs += usize::from(matches!(record.event, Event::Sync));
    }
    (messages, syncs)
}

/// Whether each coordinator's decision is a commit.
fn decisions(trace: &Trace) -> Vec<bool> {
    let decided = |seen: &Observation, node| {
        let Observation::Transaction(TransactionSeen::Decided { id, commits, .. }) = seen else { return None };
        (id.coordinator.node == node).then_some(*commits)
    };
    let mut all = Vec::new();
    for record in trace.records() {
        if let (Actor::Node(node), Event::Fact { fact }) = (record.id.actor, &record.event) {
            all.extend(fact.observations.iter().filter_map(|seen| decided(seen, node)));
        }
    }
    all
}

/// Four messages for each participant that writes, three for each that only reads, two for one that is the only one, and none
/// for the coordinator's own part. A participant that writes syncs twice, so does one that reads, and the coordinator once, if
/// anything is written.
#[test]
fn a_transaction_costs_what_its_participants_do() {
    for (operations, messages, syncs) in [
        (vec![write(2), write(3)], 8, 5),
        (vec![read(2), write(3)], 7, 5),
        (vec![write(2), write(3), read(4)], 11, 7),
        (vec![read(2), read(3)], 6, 4),
        (vec![write(1), write(2)], 4, 3),
        (vec![write(2)], 4, 3),
        (vec![read(2)], 2, 0),
        (vec![write(1)], 0, 1),
        (vec![read(1)], 0, 0),
    ] {
        let trace = trace_of(&[transacts("1ms", 1, &operations)]);
        assert_eq!(decisions(&trace), [true], "{operations:?}");
        assert_eq!(costs(&trace), (messages, syncs), "{operations:?}");
    }
}

#[test]
fn an_abort_costs_three_messages_a_participant_at_most() {
    let both = [write(2), write(3)];
    let trace = trace_of(&[transacts("1ms", 1, &both), transacts("4ms", 2, &both)]);
    assert_eq!(decisions(&trace), [true, false], "the later one dies");
    let (messages, _) = costs(&trace);
    assert!(messages - 8 <= 6, "{messages}");
}

/// From the command to the answer: a round trip, and a sync at a participant and one at the coordinator; the locks are free a
/// way later.
#[test]
fn a_commit_takes_a_round_trip_and_two_syncs() {
    let trace = trace_of(&[transacts("1ms", 1, &[write(2), write(3)])]);
    let at = |found: fn(&Event<'_>) -> bool| {
        let record = trace.records().find(|record| found(&record.event)).expect("it happens");
        record.time.as_nanos() / 1_000_000
    };
    let asked = at(|event| matches!(event, Event::Invoked { .. }));
    let told = at(|event| matches!(event, Event::Returned { .. }));
    assert_eq!(told - asked, 12);
}

#[test]
fn a_bank_tells_of_waits_of_deaths_and_of_sums() {
    let file = load("bank");
    let (resolved, outcome) = run_file(&file, file.seed().0, Keep::Verdicts);
    assert!(outcome.shortfalls(&resolved).is_empty(), "{:?}", outcome.shortfalls(&resolved));
    for fact in ["begun", "waits", "refused", "prepared", "installed", "decided", "released", "unlocked"] {
        assert!(outcome.census.facts_of(&format!("transactions.{fact}")) > 0, "no transaction {fact}");
    }
}

/// No message, no step and no role of transactions is spared by any fault.
#[test]
fn every_fault_strikes_every_message_and_step_of_transactions() {
    let coverage = protocols::transaction_coverage(run::codex(), protocols::TRANSACTION_SEEDS);
    for (rows, faults) in
        [(&TransactionCoverage::SENT[..], &Hit::OF_MESSAGES[..]), (&TransactionCoverage::TAKEN[..], &Hit::OF_NODES[..])]
    {
        for (step, role) in rows {
            for fault in faults.iter().filter(|fault| TransactionCoverage::can_be(step, role, **fault)) {
                assert!(coverage.count(step, role, *fault) > 0, "never: {fault} in {step} of a {role}");
            }
        }
    }
    assert_committed("protocols.md", &protocols::transaction_coverage_tables(&coverage));
}
