//! Pings in whole runs: as every protocol's, their runs are judged, and a flaw of theirs is caught.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::chance::Seed;
use crate::run::{self, Keep, Outcome};
use crate::scenario::{self, ScenarioFile};
use crate::trace::Verdict;

const PINGS: &str = r#"{
    "nodes": { "voters": 3 },
    "network": { "loss": "20%", "duplicate": "30%" },
    "workload": [{ "ping": { "clients": 4 } }],
    "run": { "quiesce_at": "1s" }
}"#;

fn pings() -> ScenarioFile {
    let codex = run::codex();
    ScenarioFile::parse("pings.json", "pings", PINGS, &[codex.profile]).unwrap_or_else(|problem| panic!("{problem}"))
}

fn outcomes(file: &ScenarioFile) -> impl Iterator<Item = Outcome> {
    (0..20).map(|seed| run::codex().run(&file.resolve(Seed(seed)).expect("no ranges clash"), Keep::Verdicts))
}

fn verdict(outcome: &Outcome) -> &Verdict {
    let judgement = outcome.judgements.iter().find(|judgement| judgement.invariant == "echoed-once");
    &judgement.expect("it is claimed").verdict
}

#[test]
fn its_invariant_is_judged_by_its_own_checker() {
    let pings = pings();
    let judged = outcomes(&pings).filter(|outcome| *verdict(outcome) == Verdict::Holds { exercised: 20 });
    assert_eq!(judged.count(), 20);
}

#[test]
fn its_flaw_is_caught() {
    let flawed = pings().with_flaws(&["t01"]).expect("it is known");
    assert!(outcomes(&flawed).all(|outcome| matches!(verdict(&outcome), Verdict::Violated(_))));
}

/// The digests that the shipped program has, whose table ends before these rows.
#[test]
fn rows_at_the_end_change_no_run_that_has_no_use_for_them() {
    let pins = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/all/pins.json")).expect("pins");
    let pins: BTreeMap<String, String> = serde_json::from_str(&pins).expect("names and values");
    let codex = run::codex();
    for name in ["split-brain", "locks-contended"] {
        let file = scenario::load(name, &[codex.profile]).expect("it is built in");
        let outcome = codex.run(&file.resolve(Seed(42)).expect("no ranges clash"), Keep::Verdicts);
        assert_eq!(pins[&format!("digest of {name}, seed 42")], outcome.digest.to_string());
        assert_eq!(pins[&format!("digest of the scenario {name}")], file.short_digest());
    }
}
