//! Heralds in whole runs: what one protocol tells reaches the other, and comes back.

use std::collections::BTreeMap;

use crate::chance::Seed;
use crate::identity::{Actor, NodeId};
use crate::run::{self, Keep};
use crate::scenario::ScenarioFile;
use crate::trace::{Event, Record};

const TWO: &str = r#"{
    "nodes": { "voters": 3 },
    "keyspaces": { "a/": "consensus" },
    "protocols": { "herald": {} },
    "operations": [
        { "op": "c1#1", "at": "1s", "to": "n1", "command": { "herald": { "word": "one" } } },
        { "op": "c2#1", "at": "1s", "to": "n3", "command": { "herald": { "word": "two" } } }
    ],
    "run": { "for": "4s" }
}"#;

#[test]
fn what_is_proclaimed_at_one_node_is_decided_once_and_heard_at_all_in_one_order() {
    let codex = run::codex();
    let file = ScenarioFile::parse("heralds.json", "heralds", TWO, &[codex.profile])
        .unwrap_or_else(|problem| panic!("{problem}"));
    let outcome = codex.run(&file.resolve(Seed(1)).expect("no ranges clash"), Keep::Trace);
    let mut heard: BTreeMap<NodeId, Vec<String>> = BTreeMap::new();
    let mut answered = Vec::new();
    let trace = outcome.trace.expect("it was kept");
    for record in trace.records() {
        let Record { id, event, .. } = record;
        match (id.actor, event) {
            (Actor::Node(node), Event::Fact { fact }) if fact.label.is("herald.word") => {
                heard.entry(node).or_default().push(format!("{:?}", fact.body));
            }
            (_, Event::Returned { reply, .. }) => answered.push(reply.body.clone()),
            _ => {}
        }
    }
    assert_eq!(heard.len(), 3, "{heard:?}");
    let first = heard.values().next().expect("somebody heard");
    assert_eq!(first.len(), 2, "{first:?}");
    assert!(heard.values().all(|heard| heard == first), "{heard:?}");
    assert_eq!(answered.len(), 2, "{answered:?}");
}

/// A lone voter that dies as soon as a decree is decided, and one who only learns it.
const OBSERVED: &str = r#"{
    "nodes": { "voters": 1, "observers": 1 },
    "disk": { "sync": { "constant": "50ms" } },
    "protocols": { "herald": {} },
    "operations": [
        { "op": "c1#1", "at": "2s", "to": "n1", "command": { "herald": { "word": "one" } } }
    ],
    "faults": [
        { "when": { "fact": "consensus.committed", "n": NTH }, "for": "500ms", "fault": { "kill": { "target": "n1" } } }
    ],
    "run": { "for": "6s" }
}"#;

#[test]
fn a_decree_is_in_the_trace_before_it_takes_effect_whatever_a_crash_cuts_off() {
    let codex = run::codex();
    for nth in ["1", "2"] {
        let file = ScenarioFile::parse("heralds.json", "heralds", &OBSERVED.replace("NTH", nth), &[codex.profile])
            .unwrap_or_else(|problem| panic!("{problem}"));
        let outcome = codex.run(&file.resolve(Seed(1)).expect("no ranges clash"), Keep::Verdicts);
        let broken = outcome.judgements.iter().find(|judgement| judgement.verdict.violation().is_some());
        assert!(broken.is_none(), "{broken:?}");
        assert!(outcome.census.facts_of("consensus.decreed") > 0);
    }
}
