//! Every flaw is caught as its scenario says, and gone without it; every checker earns its place.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rayon::prelude::*;
use stemmata::report::{self, Erratum};
use stemmata::run::{Keep, Standing};
use stemmata::trace::{Judgement, Verdict};

use crate::support::{errata, load, ordinary, run, subjects};

#[test]
fn every_erratum_is_caught_as_written() {
    for name in errata() {
        let file = load(name);
        let (resolved, outcome) = run(&file, file.seed().0, Keep::Verdicts);
        let shortfalls = outcome.shortfalls(&resolved);
        assert!(shortfalls.is_empty(), "{name}: {shortfalls:?}");
        assert!(!resolved.expected.violates.is_empty(), "{name} must say what falls");
    }
}

/// Nothing falls without the flaw, and what falls with it was put to the test: else its absence would say nothing. What is
/// shrunk may consist of nothing but the fall.
#[test]
fn every_erratum_is_gone_without_its_flaw() {
    for name in errata() {
        let file = load(name).without_flaws();
        let named = load(name).scenario().expect.violates.clone();
        let seeds = if name.starts_with("errata/shrunk/") { 20 } else { 100 };
        let exercised = (0..seeds).into_par_iter().filter(|seed| {
            let (resolved, outcome) = run(&file, *seed, Keep::Verdicts);
            assert_ne!(outcome.standing(&resolved), Standing::Broken, "{name}, seed {seed}: {:?}", outcome.judgements);
            let holds = |name: &String| {
                let named = |judged: &&Judgement| judged.invariant == *name;
                let judged = outcome.judgements.iter().find(named).expect("it is judged");
                matches!(judged.verdict, Verdict::Holds { exercised } if exercised > 0)
            };
            named.iter().all(holds)
        });
        let exercised = exercised.count();
        let is_whole = !name.starts_with("errata/shrunk/");
        assert!(exercised > 0 || !is_whole, "{name}: {named:?} never came into question");
    }
}

#[test]
fn every_flaw_has_its_scenario_and_every_claim_falls_to_one() {
    let shipped: BTreeSet<&str> = errata().into_iter().filter_map(|name| name.strip_prefix("errata/")).collect();
    for subject in subjects() {
        let profile = subject.profile;
        let felled: BTreeSet<&str> = profile.flaws().map(|(_, flaw)| flaw.violates).collect();
        for (_, flaw) in profile.flaws() {
            assert!(shipped.contains(flaw.id), "no scenario shows {}", flaw.id);
            let file = load(&format!("errata/{}", flaw.id));
            assert_eq!(file.scenario().expect.violates, [flaw.violates], "{}", flaw.id);
        }
        for (_, invariant) in profile.invariants() {
            assert!(felled.contains(invariant.name), "nothing shows that `{}` can fall", invariant.name);
        }
    }
}

/// All rows are written by `.ci/remake`; here some are made anew.
#[test]
fn the_report_and_the_shrunk_files_are_those_of_this_build() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let report = fs::read_to_string(root.join("reports/errata.md")).expect("the report is there");
    let known = report::errata(&subjects()).unwrap_or_else(|problem| panic!("{}", problem.render(false)));
    for (id, file, subject) in &known {
        let start = format!("\n| {id} | ");
        assert!(report.contains(&start), "the report has no row for {id}: write it anew");
        if ["b01", "b04", "e10", "k13"].contains(&id.as_str()) {
            let erratum =
                Erratum::of(id, file, *subject, 2).unwrap_or_else(|problem| panic!("{}", problem.render(false)));
            assert!(report.contains(&format!("\n{}\n", erratum.row())), "another row now: {}", erratum.row());
            let shipped = fs::read_to_string(erratum.path(&root.join("scenarios"))).expect("it is shipped");
            assert_eq!(shipped, erratum.shrunk, "write the shrunk scenarios anew");
        }
    }
    assert_eq!(report.matches("\n| ").count(), known.len() + 2, "rows of errata that there are, a title and a rule");
}

#[test]
fn ordinary_scenarios_hold_and_prove_something() {
    for name in ordinary() {
        let file = load(name);
        let (resolved, outcome) = run(&file, file.seed().0, Keep::Verdicts);
        let shortfalls = outcome.shortfalls(&resolved);
        assert!(shortfalls.is_empty(), "{name}: {shortfalls:?}");
    }
}

/// If hunting ever finds nothing any more, this notices: the flaw needs a crash between two effects.
#[test]
fn a_canary_falls_within_a_hundred_seeds() {
    let file = load("broadcast-crash").with_flaws(&["b04"]).expect("a known flaw");
    let falls = (0..100).filter(|seed| {
        let (resolved, outcome) = run(&file, *seed, Keep::Verdicts);
        outcome.standing(&resolved) == Standing::Broken
    });
    assert!(falls.count() > 10, "the canary sings on");
}
