//! Swarms: each seed draws its own kinds of faults, within what the subject bears, and says all that it drew.

use std::collections::BTreeMap;

use rayon::prelude::*;
use stemmata::chance::Seed;
use stemmata::fault::FaultKind;
use stemmata::run::Keep;
use stemmata::scenario::{Resolved, ScenarioFile};

use crate::support::{load, ordinary, parse, run, subject_of};

fn drawn(name: &str, seed: u64) -> Resolved {
    load(name).with_swarm(true).resolve(Seed(seed)).expect("nothing clashes")
}

#[test]
fn the_scenario_that_is_printed_says_all_that_a_swarm_drew() {
    for name in ["hello", "broadcast-split", "locks-contended", "locks-crash"] {
        for seed in 0..20 {
            let swarm = drawn(name, seed);
            let printed = serde_json::to_string(swarm.scenario.as_ref()).expect("plain data");
            let read = parse(&printed);
            let plain = read.resolve(Seed(seed)).expect("nothing clashes");
            assert_eq!(plain.plan, swarm.plan, "{name}, seed {seed}");
            assert_eq!(plain.network, swarm.network, "{name}, seed {seed}");
            let subject = subject_of(&read);
            let (plain, swarm) = (subject.run(&plain, Keep::Verdicts), subject.run(&swarm, Keep::Verdicts));
            assert_eq!((plain.digest, plain.judgements), (swarm.digest, swarm.judgements), "{name}, seed {seed}");
        }
    }
}

#[test]
fn each_kind_is_there_in_some_seeds_and_not_in_others() {
    let seeds = 200;
    let mut with: BTreeMap<FaultKind, u32> = BTreeMap::new();
    for seed in 0..seeds {
        let mut kinds: Vec<_> = drawn("hello", seed).plan.faults.iter().map(|planned| planned.fault.kind()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds.into_iter().for_each(|kind| *with.entry(kind).or_default() += 1);
    }
    for kind in FaultKind::ALL {
        let share = with.get(&kind).copied().unwrap_or_default();
        assert!((1..=130).contains(&share), "{} in {share} of {seeds} seeds", kind.name());
    }
}

#[test]
fn nothing_is_drawn_beyond_the_bounds() {
    let text = r#"{ "subject": "broadcast", "nodes": 3, "network": { "loss": "90%" },
        "faults": [ { "at": "1s", "for": "1s", "fault": { "pause": { "target": "n1" } } },
                    { "draw": { "kinds": ["clock"], "rate": "9/s" } } ],
        "swarm": { "kinds": ["kill", "loss"], "rate": "2/s", "loss": "3%", "corrupt": "0%", "delay": "20ms" } }"#;
    let file = parse(text).with_swarm(true);
    let (mut lossy, mut killed) = (0, 0);
    for seed in 0..200 {
        let resolved = file.resolve(Seed(seed)).expect("nothing clashes");
        let faults = &resolved.plan.faults;
        assert!(
            faults.iter().any(|planned| planned.fault.kind() == FaultKind::Pause && !planned.drawn),
            "the written one"
        );
        let kinds = faults.iter().filter(|planned| planned.drawn).map(|planned| planned.fault.kind());
        assert!(kinds.clone().all(|kind| [FaultKind::Kill, FaultKind::Loss].contains(&kind)), "seed {seed}");
        killed += u32::from(kinds.clone().any(|kind| kind == FaultKind::Kill));
        assert!(faults.len() < 100, "2/s for 10 s are not {}", faults.len());
        let link = resolved.network.link;
        assert!(link.loss.as_ppb() <= 30_000_000 && link.corrupt.is_none(), "seed {seed}: {link:?}");
        lossy += u32::from(!link.loss.is_none());
        assert!(faults.iter().all(|planned| resolved.profile.exceeds(&planned.fault, resolved.settings()).is_none()));
    }
    assert!((60..140).contains(&lossy) && (60..140).contains(&killed), "{lossy} lossy, {killed} killed");
}

#[test]
fn bounds_without_a_swarm_move_nothing() {
    let plain = load("hello");
    let text = include_str!("../../scenarios/hello.json").replacen('{', r#"{ "swarm": { "kinds": ["kill"] },"#, 1);
    let bounded = parse(&text);
    assert_ne!(plain.digest(), bounded.digest(), "it says more");
    let digest = |file: &ScenarioFile, seed| run(file, seed, Keep::Verdicts).1.digest;
    let same = |seed| digest(&plain, seed) == digest(&bounded, seed);
    assert!((0..5).all(same));
}

#[test]
fn what_the_subjects_claim_to_bear_they_bear_in_a_swarm() {
    for name in ordinary() {
        let subject = subject_of(&load(name));
        (0..50_u64).into_par_iter().for_each(|seed| {
            let outcome = subject.run(&drawn(name, seed), Keep::Verdicts);
            let violated = outcome.judgements.iter().find_map(|judged| judged.verdict.violation());
            assert!(violated.is_none(), "{name}, seed {seed}: {violated:?}");
        });
    }
}
