//! No text makes reading panic.

use proptest::prelude::*;

use super::fake::{FAKE, read};
use crate::chance::Seed;
use crate::scenario::Problem;

const WHOLE: &str = r#"{
  "subject": "fake", "name": "whole", "about": "Everything once.", // and a comment
  "nodes": { "voters": 5, "observers": 1 },
  "run": { "for": "30s", "quiesce_at": { "min": "20s", "max": "25s" }, "seed": "0x2a" },
  "network": {
    "delay": { "uniform": { "min": "1ms", "max": { "min": "10ms", "max": "20ms" } } }, "loss": "1%",
    "links": [{ "from": "n1", "to": "n2", "delay": { "log-normal": { "median": "5ms", "sigma": "50%" } } }]
  },
  "clocks": { "offset": "50ms", "drift": "100ppm" }, "disk": { "sync": { "constant": "1ms" } },
  "protocols": { "gossip": { "resend": "50ms", "fanout": { "one_of": [1, 3] }, "flaws": ["e01"] } },
  "workload": [{ "writes": { "clients": { "min": 1, "max": 64 }, "rate": { "min": "1/s", "max": "50/s" } } }],
  "faults": [
    { "at": "5s", "for": "8s", "fault": { "partition": { "groups": [["n1", "n2"], ["n3", "n4", "n5"]] } } },
    { "at": "1s", "every": "3s", "for": "1s", "fault": { "kill": { "target": "one", "after_effects": 2 } } },
    { "when": { "fact": "locks.granted", "n": 3 }, "fault": { "pause": { "target": "n3" } }, "for": "1s" },
    { "from": "1s", "until": "18s", "draw": { "kinds": ["kill", "clog", "partition", "clock"], "rate": "2/s" } }
  ],
  "fates": { "n1.gossip#7": "lost", "n2.locks#1": { "delay": "5ms" }, "n3.locks#2": { "copies": 2 } },
  "expect": { "violates": ["convergence"], "within": { "lock-exclusion": "5s" }, "sometimes": ["gossip.merged"] }
}
"#;

/// Reads a text and calls everything that can be called with it.
fn survives(text: &str) {
    match read(text) {
        Ok(file) => {
            if let Err(problem) = file.resolve(Seed(7)) {
                assert!(!problem.render(true, Problem::WIDTH).is_empty());
            }
            let file = file.with_flaws(&["e20"]).expect("a known flaw").without_flaws();
            drop(file.resolve(Seed(8)));
        }
        Err(problem) => {
            assert!(!problem.render(false, Problem::WIDTH).is_empty());
            assert!(!problem.render(true, Problem::WIDTH).is_empty());
        }
    }
}

#[test]
fn the_whole_is_a_scenario() {
    let file = read(WHOLE).unwrap_or_else(|problem| panic!("{problem}"));
    let resolved = file.resolve(Seed(1)).unwrap_or_else(|problem| panic!("{problem}"));
    assert_eq!(resolved.fates.len(), 3);
    assert!(resolved.plan.faults.len() > 15, "{}", resolved.plan.faults.len());
}

#[test]
fn what_a_resolved_scenario_prints_is_a_scenario() {
    let resolved = read(WHOLE).expect("fine").resolve(Seed(1)).expect("fine");
    let text = serde_json::to_string_pretty(&*resolved.scenario).expect("plain data");
    let again = read(&text).unwrap_or_else(|problem| panic!("{problem}"));
    let again = again.resolve(Seed(1)).expect("fine");
    assert_eq!(again.scenario, resolved.scenario);
    assert_eq!(again.plan, resolved.plan);
    assert_eq!(serde_json::to_string_pretty(&FAKE.name).expect("a string"), "\"fake\"");
}

#[test]
fn deep_nesting_is_refused_and_not_followed() {
    for (open, close) in [("[", "]"), ("{ \"a\": ", "}")] {
        for depth in [400, 100_000] {
            survives(&format!("{}0{}", open.repeat(depth), close.repeat(depth)));
            survives(&open.repeat(depth));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_text_never_panics(text in any::<Vec<u8>>()) {
        survives(&String::from_utf8_lossy(&text));
    }

    #[test]
    fn json_like_text_never_panics(text in "[\\[\\]{}:,\"0-9a-z \n\u{e9}/*-]{0,60}") {
        survives(&text);
    }

    #[test]
    fn mutations_of_a_scenario_never_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..4_u8), 1..4)
    ) {
        let mut letters: Vec<char> = WHOLE.chars().collect();
        for (at, other, edit) in edits {
            let (at, other) = (at.index(letters.len()), other.index(letters.len()));
            match edit {
                0 => drop(letters.remove(at)),
                1 => letters[at] = letters[other],
                2 => letters.insert(at, letters[other]),
                _ => letters.swap(at, other),
            }
        }
        survives(&letters.into_iter().collect::<String>());
    }
}
