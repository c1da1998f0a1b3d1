//! Consensus by its traces: what a decision costs, and how a cluster gets on with few voters.

use std::collections::{BTreeMap, BTreeSet};

use stemmata::identity::{Actor, NodeId};
use stemmata::observation::{ConsensusSeen, Observation, ProposalId, Slot};
use stemmata::report::protocols::{self, FaultCoverage, Hit};
use stemmata::run::{self, Keep, RunVerdict};
use stemmata::scenario::ScenarioFile;
use stemmata::time::{Span, Time};
use stemmata::trace::{Event, Record, Trace};

use crate::support::{assert_committed, load, parse, run};

/// A quiet cluster: one way takes 10 ms, a disk next to nothing, each slot takes one operation, and nothing is asked twice.
fn quiet(voters: u32, observers: u32) -> ScenarioFile {
    parse(&format!(
        r#"{{
            "subject": "codex", "nodes": {{ "voters": {voters}, "observers": {observers} }},
            "run": {{ "for": "20s", "quiesce_at": "18s" }},
            "network": {{ "delay": {{ "constant": "10ms" }} }}, "disk": {{ "sync": {{ "constant": "1ns" }} }},
            "protocols": {{ "consensus": {{ "election": "3s", "heartbeat": "1s", "batch": 1 }} }},
            "workload": [ {{ "registers": {{ "clients": 1, "think": "200ms" }} }} ]
        }}"#
    ))
}

fn trace_of(file: &ScenarioFile) -> Trace {
    let (resolved, outcome) = run(file, 7, Keep::Trace);
    assert_ne!(outcome.verdict(&resolved), RunVerdict::Broken, "{:?}", outcome.shortfalls(&resolved));
    outcome.trace.expect("it was kept")
}

fn facts(record: &Record<'_>) -> Vec<(NodeId, ConsensusSeen)> {
    let (Actor::Node(node), Event::Fact { fact }) = (record.id.actor, &record.event) else { return Vec::new() };
    let consensus = fact.observations.iter().filter_map(|seen| match seen {
        Observation::Consensus(seen) => Some((node, seen.clone())),
        Observation::Store(_)
        | Observation::Lock(_)
        | Observation::Replica(_)
        | Observation::Transaction(_)
        | Observation::Channel(_)
        | Observation::Broadcast { .. }
        | Observation::Compared { .. }
        | Observation::Delivered { .. }
        | Observation::Forged
        | Observation::Resumed { .. } => None,
    });
    consensus.collect()
}

#[test]
fn a_slot_takes_five_messages_a_voter_and_one_an_observer() {
    for (voters, observers) in [(1, 0), (2, 0), (3, 0), (3, 2), (5, 1), (7, 0)] {
        let trace = trace_of(&quiet(voters, observers));
        let (mut messages, mut slots) = (0, BTreeSet::new());
        for record in trace.records() {
            if let Event::Send { said, .. } = &record.event
                && ["propose", "vote", "pre-commit", "confirm", "commit"].contains(&said.label.word())
            {
                messages += 1;
            }
            for (_, seen) in facts(&record) {
                if let ConsensusSeen::Committed { bid } = seen {
                    slots.insert(bid.slot);
                }
            }
        }
        assert!(slots.len() > 20, "{} slots with {voters} voters", slots.len());
        let each = 5 * (voters - 1) + observers;
        assert_eq!(messages, slots.len() * each as usize, "{voters} voters, {observers} observers");
    }
}

#[test]
fn a_decision_takes_two_round_trips_and_half_of_one_until_all_know() {
    for voters in [2, 3, 5, 7] {
        let trace = trace_of(&quiet(voters, 0));
        let mut proposed: BTreeMap<Slot, (Time, ProposalId)> = BTreeMap::new();
        let mut known: BTreeMap<Slot, Vec<Span>> = BTreeMap::new();
        for record in trace.records() {
            for (_, seen) in facts(&record) {
                match seen {
                    ConsensusSeen::Proposed { bid, .. } => _ = proposed.insert(bid.slot, (record.time, bid)),
                    ConsensusSeen::Committed { bid } => {
                        let (since, first) = proposed[&bid.slot];
                        assert_eq!(bid, first);
                        known.entry(bid.slot).or_default().push(record.time.since(since));
                    }
                    ConsensusSeen::Started { .. }
                    | ConsensusSeen::Lost
                    | ConsensusSeen::Promised { .. }
                    | ConsensusSeen::Elected { .. }
                    | ConsensusSeen::Voted { .. }
                    | ConsensusSeen::Confirmed { .. }
                    | ConsensusSeen::Blessed { .. }
                    | ConsensusSeen::Applied { .. }
                    | ConsensusSeen::Installed { .. }
                    | ConsensusSeen::Decreed { .. }
                    | ConsensusSeen::WroteConfirmed { .. }
                    | ConsensusSeen::WroteDecided { .. } => {}
                }
            }
        }
        let round_trip = Span::from_millis(20);
        let slack = Span::from_micros(1);
        for (slot, times) in known {
            assert_eq!(times.len(), voters as usize, "slot {slot}");
            let (first, last) = (times[0], times[times.len() - 1]);
            assert!(first >= round_trip.times(2) && first <= round_trip.times(2) + slack, "slot {slot}: {first}");
            let all_know = round_trip.times(2) + Span::from_millis(10);
            assert!(last >= all_know && last <= all_know + slack, "slot {slot}: {last}");
        }
    }
}

#[test]
fn a_lone_voter_decides_by_itself() {
    let file = parse(
        r#"{
            "subject": "codex", "nodes": 1, "run": { "for": "8s", "quiesce_at": "5s" },
            "protocols": { "consensus": { "compact_after": 10, "keep": 2 } },
            "workload": [ { "registers": { "clients": 2 } } ],
            "faults": [ { "at": "1s", "every": "1s", "for": "300ms", "fault": { "kill": { "target": "n1" } } } ],
            "expect": { "holds": ["validity", "quorum-evidence", "election-safety", "log-order", "durability",
                                  "exactly-once", "linearizability", "termination"] }
        }"#,
    );
    for seed in 0..20 {
        let (resolved, outcome) = run(&file, seed, Keep::Verdicts);
        assert_eq!(outcome.verdict(&resolved), RunVerdict::Met, "seed {seed}: {:?}", outcome.shortfalls(&resolved));
    }
}

#[test]
fn the_way_of_every_phase_is_gone_under_fire() {
    let facts = [
        ("elections", &["candidate", "promised", "elected", "stepped-down", "proposed", "voted", "pre-committed"][..]),
        ("pipelined", &["confirmed", "committed", "applied", "replaced"]),
        ("voter-lost", &["voter-lost", "compacted", "installed"]),
    ];
    for (name, words) in facts {
        let file = load(name);
        let mut counts = vec![0; words.len()];
        for seed in 0..30 {
            let (_, outcome) = run(&file, seed, Keep::Verdicts);
            for (count, word) in counts.iter_mut().zip(words) {
                *count += outcome.census.facts_of(&format!("consensus.{word}"));
            }
        }
        for (count, word) in counts.iter().zip(words) {
            assert!(*count > 0, "{name}: nothing was {word}");
        }
    }
}

#[test]
fn random_seeds_and_swarms_of_every_scenario_hold() {
    for name in [
        "split-brain",
        "elections",
        "flapping",
        "bridge",
        "consensus-lossy",
        "disk-torn",
        "voter-lost",
        "observers",
        "consensus-storm",
    ] {
        for file in [load(name), load(name).with_swarm(true)] {
            for seed in 100..115 {
                let (resolved, outcome) = run(&file, seed, Keep::Verdicts);
                assert_ne!(
                    outcome.verdict(&resolved),
                    RunVerdict::Broken,
                    "{name}, seed {seed}: {:?}",
                    outcome.judgements
                );
            }
        }
    }
}

/// No phase and no role is spared by any fault: nothing may be missing in the tables.
#[test]
fn every_fault_strikes_in_every_phase_and_role() {
    let coverage = protocols::coverage(run::codex(), protocols::COVERAGE_SEEDS);
    for (rows, faults) in
        [(&FaultCoverage::SENT[..], &Hit::OF_MESSAGES[..]), (&FaultCoverage::TAKEN[..], &Hit::OF_NODES[..])]
    {
        for (stage, part) in rows {
            for fault in faults.iter().filter(|fault| FaultCoverage::can_be(*stage, *part, **fault)) {
                assert!(coverage.count(*stage, *part, *fault) > 0, "never: {fault} in {stage} of a {part}");
            }
        }
    }
    assert_committed("protocols.md", &protocols::coverage_tables(&coverage));
}

#[test]
fn the_committed_figures_are_what_comes_out() {
    assert_committed("protocols.md", &protocols::decision_rows(run::codex(), 3));
    for name in ["split-brain", "voter-lost"] {
        let settling = protocols::settling(run::codex(), name, protocols::SETTLING_SEEDS);
        assert_committed("protocols.md", &settling.row(name));
    }
}

#[test]
fn what_is_open_at_the_calm_is_decided_within_the_bound() {
    for name in protocols::CONSENSUS {
        let settling = protocols::settling(run::codex(), name, 20);
        assert!(settling.count() > 10, "{name}: {}", settling.count());
        assert!(settling.share() <= 1_000, "{name}: {} thousandths of {}", settling.share(), settling.bound());
    }
}
