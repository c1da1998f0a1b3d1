//! The lock manager by its traces: what it costs, and that it is tried at every step.

use stemmata::observation::{ChannelSeen, Observation};
use stemmata::report::protocols::{self, Crashes};
use stemmata::run::{self, Keep};
use stemmata::trace::{Event, Trace};

use crate::support::{assert_committed, parse, run};

/// How many payloads of the lock manager were sent.
fn lock_messages(trace: &Trace) -> usize {
    let sent = |record: stemmata::trace::Record<'_>| {
        let Event::Fact { fact } = record.event else { return 0 };
        let of_locks = |seen: &&Observation| matches!(seen, Observation::Channel(ChannelSeen::Sent { lane, .. }) if Some(*lane) == stemmata::protocols::lane("locks"));
        fact.observations.iter().filter(of_locks).count()
    };
    trace.records().map(sent).sum()
}

fn uncontended(nodes: u32, levels: u32, paths: u32) -> (usize, usize) {
    let file = parse(&format!(
        r#"{{
            "subject": "codex", "nodes": {nodes}, "run": {{ "for": "3s", "quiesce_at": "2s" }},
            "workload": [ {{ "locks": {{ "clients": 1, "operations": 1, "paths": {paths},
                                         "tree": {{ "levels": {levels}, "width": 4 }}, "modes": ["x", "s", "ix"] }} }} ]
        }}"#
    ));
    let (_, outcome) = run(&file, 7, Keep::Trace);
    let granted = outcome.census.facts_of("locks.granted");
    (lock_messages(&outcome.trace.expect("it was kept")), usize::try_from(granted).expect("few"))
}

#[test]
fn an_uncontended_request_takes_two_messages_a_peer_whatever_it_locks() {
    for nodes in [1, 2, 3, 5, 50] {
        for (levels, paths) in [(1, 1), (1, 4), (20, 1), (12, 8)] {
            let (messages, granted) = uncontended(nodes, levels, paths);
            assert_eq!(
                (messages, granted),
                (2 * (nodes as usize - 1), 1),
                "{nodes} nodes, {levels} levels, {paths} paths"
            );
        }
    }
}

/// A crash between any two effects: nothing may be missing in the table.
#[test]
fn nodes_die_in_place_of_every_effect_of_every_step() {
    let crashes = protocols::crashes(run::codex(), protocols::CRASH_SEEDS);
    for (phase, cut) in Crashes::possible() {
        assert!(crashes.kills(phase, cut) > 0, "nobody was killed in {phase} before {cut}");
        assert!(!cut.writes() || crashes.io_errors(phase, cut) > 0, "no disk failed in {phase} before {cut}");
    }
    assert_committed("protocols.md", &protocols::crash_rows(&crashes));
}

#[test]
fn the_committed_waits_are_what_comes_out() {
    for nodes in [2, 3, 5] {
        assert_committed("protocols.md", &protocols::wait_row(run::codex(), nodes));
    }
}
