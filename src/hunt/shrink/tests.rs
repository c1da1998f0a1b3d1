//! What was drawn, written out, is the same run.

use crate::chance::Seed;
use crate::network::Delay;
use crate::run::{self, AnySubject, Keep, Outcome};
use crate::scenario::{self, NetworkSettings, Resolved, Run, Scenario};
use crate::time::Span;

use super::pins::Pins;
use super::script;

fn whole(name: &str, seed: u64) -> (AnySubject, Resolved, Outcome) {
    whole_of(run::broadcast(), name, seed)
}

fn whole_of(subject: AnySubject, name: &str, seed: u64) -> (AnySubject, Resolved, Outcome) {
    let file = scenario::load(name, &[subject.profile]).expect("a scenario");
    let resolved = file.resolve(Seed(seed)).expect("it resolves");
    let outcome = subject.run(&resolved, Keep::Trace);
    (subject, resolved, outcome)
}

/// The scenario with the seed of its run in it.
fn pinned(resolved: &Resolved) -> Scenario {
    let scenario = Scenario::clone(&resolved.scenario);
    Scenario { run: Run { seed: resolved.seed, ..scenario.run }, ..scenario }
}

#[test]
fn a_run_that_is_written_out_is_the_same_run() {
    let broadcast = ["hello", "broadcast-split", "broadcast-crash", "broadcast-lossy", "errata/b04"];
    // A run that lasts until its bound may last longer when every operation is scripted, because all of them may be
    // open.
    let codex = ["split-brain", "elections", "errata/k03", "errata/e24", "errata/k04"];
    let named = broadcast.map(|name| (run::broadcast(), name)).into_iter();
    for (subject, name) in named.chain(codex.map(|name| (run::codex(), name))) {
        for seed in 0..3 {
            let (subject, resolved, outcome) = whole_of(subject, name, seed);
            let trace = outcome.trace.as_ref().expect("it was kept");
            let written = Scenario {
                workload: Vec::new(),
                operations: script::operations(trace),
                faults: script::faults(&resolved),
                ..pinned(&resolved)
            };
            let again =
                Resolved::of(written, resolved.profile).unwrap_or_else(|| panic!("{name}, seed {seed}: a scenario"));
            assert_eq!(again.operations().len() as u64, outcome.census.operations.invoked);
            assert_eq!(subject.run(&again, Keep::Verdicts).digest, outcome.digest, "{name}, seed {seed}");
        }
    }
}

#[test]
fn a_run_whose_fates_are_all_fixed_is_the_same_run() {
    for seed in 0..5 {
        let (subject, resolved, outcome) = whole("errata/b01", seed);
        let trace = outcome.trace.as_ref().expect("it was kept");
        let delay = Delay::Constant(Span::from_millis(10));
        let network = NetworkSettings { delay, ..NetworkSettings::default() };
        let fates = Pins::of(trace, resolved.scenario.run.ends().expect("it says so")).guess(0);
        let fixed = Scenario { network, fates, ..pinned(&resolved) };
        let again = Resolved::of(fixed, resolved.profile).expect("it is a scenario");
        assert_eq!(subject.run(&again, Keep::Verdicts).digest, outcome.digest, "seed {seed}");
    }
}

#[test]
fn a_flipped_bit_is_found_in_the_trace() {
    let (subject, resolved, outcome) = whole("errata/b05", 0);
    let trace = outcome.trace.as_ref().expect("it was kept");
    let fates = Pins::of(trace, resolved.scenario.run.ends().expect("it says so")).guess(0);
    let flips = |fate: &&crate::network::PinnedFate| matches!(fate, crate::network::PinnedFate::Flip(_));
    assert!(fates.values().any(|fate| flips(&fate)), "{fates:?}");
    let fixed = Scenario {
        network: NetworkSettings { delay: Delay::Constant(Span::from_millis(10)), ..NetworkSettings::default() },
        fates,
        ..pinned(&resolved)
    };
    let again = Resolved::of(fixed, resolved.profile).expect("it is a scenario");
    let verdict =
        |outcome: &Outcome| outcome.judgements.iter().filter(|judged| judged.verdict.violation().is_some()).count();
    assert_eq!(verdict(&subject.run(&again, Keep::Verdicts)), 1);
}
