//! Every flaw is caught as its scenario says, and gone without it; every checker earns its place.

use std::collections::BTreeSet;

use stemmata::run::{Keep, Standing};

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

#[test]
fn every_erratum_is_gone_without_its_flaw() {
    for name in errata() {
        let file = load(name).without_flaws();
        for seed in 0..20 {
            let (resolved, outcome) = run(&file, seed, Keep::Verdicts);
            assert_ne!(outcome.standing(&resolved), Standing::Broken, "{name}, seed {seed}: {:?}", outcome.judgements);
        }
    }
}

#[test]
fn every_flaw_has_its_scenario_and_every_claim_falls_to_one() {
    let shipped: BTreeSet<&str> = errata().into_iter().filter_map(|name| name.strip_prefix("errata/")).collect();
    for subject in subjects() {
        let profile = subject.profile;
        let felled: BTreeSet<&str> = profile.flaws.iter().map(|flaw| flaw.violates).collect();
        for flaw in profile.flaws {
            assert!(shipped.contains(flaw.id), "no scenario shows {}", flaw.id);
            let file = load(&format!("errata/{}", flaw.id));
            assert_eq!(file.scenario().expect.violates, [flaw.violates], "{}", flaw.id);
        }
        for invariant in profile.invariants {
            assert!(felled.contains(invariant.name), "nothing shows that `{}` can fall", invariant.name);
        }
    }
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
