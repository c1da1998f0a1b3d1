//! What syncs cost, according to traces.

use stemmata::report::protocols::{self, Hit, ReplicaCoverage};
use stemmata::run::{self, Keep};
use stemmata::trace::Detail;

use crate::support::{assert_committed, load, parse, run};

/// No message, no step and no role of replicas is spared by any fault.
#[test]
fn every_fault_strikes_every_message_and_step_of_replicas() {
    let coverage = protocols::replica_coverage(run::codex(), protocols::REPLICA_SEEDS);
    for (rows, faults) in
        [(&ReplicaCoverage::SENT[..], &Hit::OF_MESSAGES[..]), (&ReplicaCoverage::TAKEN[..], &Hit::OF_NODES[..])]
    {
        for (step, role) in rows {
            for fault in faults.iter().filter(|fault| ReplicaCoverage::can_be(step, role, **fault)) {
                assert!(coverage.count(step, role, *fault) > 0, "never: {fault} in {step} of a {role}");
            }
        }
    }
    assert_committed("protocols.md", &protocols::replica_coverage_tables(&coverage));
}

#[test]
fn the_committed_costs_of_syncs_are_what_comes_out() {
    assert_committed("protocols.md", &protocols::sync_table(run::codex()));
}

#[test]
fn a_wiped_replica_fetches_what_all_began_with() {
    let file = parse(
        r#"{
            "subject": "codex", "nodes": 3, "run": { "quiesce_at": "3s" }, "keyspaces": { "documents/": "gossip" },
            "protocols": {
                "gossip": { "push": false, "pull": false }, "sync": { "every": "200ms", "switchable": true },
                "replica": { "preload": { "keys": 500, "differ": "10%", "holders": 2 } }
            },
            "workload": [ { "documents": { "keys": 500 } } ],
            "faults": [
                { "at": "1s", "fault": { "kill": { "target": "n1" } } },
                { "at": "1100ms", "fault": { "restart": { "target": "n1", "wipe": true } } }
            ]
        }"#,
    );
    let (resolved, outcome) = run(&file, 3, Keep::Verdicts);
    let shortfalls = outcome.shortfalls(&resolved);
    assert!(shortfalls.is_empty(), "{shortfalls:?}");
    assert!(outcome.census.facts_of("replica.preloaded") == 3, "once wiped, it does not begin with it again");
}

/// A write reaches all replicas in about as many rounds as in a synchronous model of push-pull.
#[test]
fn gossip_takes_the_rounds_of_its_model() {
    for (nodes, loss) in [(10, "0%"), (100, "0%"), (10, "20%"), (100, "20%")] {
        let model = protocols::model_rounds(nodes, loss, protocols::ROUND_SEEDS);
        for push in [true, false] {
            let rounds = protocols::rounds(run::codex(), nodes, loss, push, protocols::ROUND_SEEDS);
            let told = format!("{nodes} nodes, {loss} lost, push {push}: {rounds:?}, and the model {model:?}");
            assert!(rounds.median() <= model.median() + 1, "{told}");
            assert!(rounds.p99() <= model.median() + 3, "{told}");
        }
    }
    assert_committed("protocols.md", &protocols::rounds_rows(run::codex(), 10));
}

#[test]
fn a_node_tells_its_status() {
    let file = parse(
        r#"{
            "subject": "codex", "nodes": { "voters": 3, "observers": 1 }, "run": { "for": "3s", "quiesce_at": "2s" },
            "keyspaces": { "documents/": "gossip", "ledger/": "consensus" },
            "protocols": { "gossip": {}, "sync": { "every": "50ms" } },
            "operations": [
                { "at": "100ms", "op": "c1#1", "to": "n1",
                  "command": { "store": { "put": { "key": "documents/d1", "value": "x" } } } },
                { "at": "500ms", "op": "c2#1", "to": "n1",
                  "command": { "store": { "put": { "key": "ledger/a", "value": "x" } } } },
                { "at": "1900ms", "op": "c3#1", "to": "n1", "command": { "sync": "status" } },
                { "at": "1900ms", "op": "c4#1", "to": "n4", "command": { "sync": "status" } }
            ],
            "expect": { "holds": [] }
        }"#,
    );
    let (_, outcome) = run(&file, 0, Keep::Trace);
    let text = outcome.trace.expect("it is kept").text(Detail::Messages);
    let told: Vec<&str> = text.lines().filter(|line| line.contains("reply") && line.contains("status")).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    for line in told {
        let role = if line.contains(" n4 reply") { "observer" } else { "replica" };
        for part in [&format!("role:{role}"), "slot:1", "vector={n1:1}", "{id:n2,synced:"] {
            assert!(line.contains(part), "should say {part}: {line}");
        }
    }
}

/// The log decides it, though nobody named `consensus`.
#[test]
fn a_scripted_change_of_a_strategy_is_answered() {
    let file = parse(
        r#"{
            "subject": "codex", "nodes": 3, "run": { "quiesce_at": "2s" }, "keyspaces": { "documents/": "gossip" },
            "operations": [
                { "at": "100ms", "op": "c1#1", "to": "n1",
                  "command": { "conflicts": { "adopt": { "keyspace": "documents/", "strategy": "merge" } } } }
            ],
            "expect": { "holds": [] }
        }"#,
    );
    let (resolved, outcome) = run(&file, 0, Keep::Verdicts);
    assert!(outcome.shortfalls(&resolved).is_empty(), "{:?}", outcome.shortfalls(&resolved));
    assert_eq!(outcome.census.facts_of("conflicts.adopted"), 3);
}

/// Two questions for the whole store that are under way at once once answered each other for ever.
#[test]
fn a_storm_of_switches_comes_to_rest() {
    let file = load("codex-storm").with_swarm(true);
    for seed in 208..216 {
        let (resolved, outcome) = run(&file, seed, Keep::Verdicts);
        assert!(outcome.shortfalls(&resolved).is_empty(), "{seed}: {:?}", outcome.shortfalls(&resolved));
    }
}
