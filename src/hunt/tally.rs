//! The sum of many runs, which does not depend on the order in which they ended.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Behaviours, Kind};
use crate::chance::Seed;
use crate::check;
use crate::run::{Outcome, RunVerdict};
use crate::scenario::Resolved;
use crate::trace::{Digest, Verdict};

/// The number of failing seeds of one kind that are kept: the smallest ones.
const KEPT: usize = 10;

/// The number of kinds of failures that are kept: the first ones in their order, so that a part of the runs keeps whatever
/// the whole keeps. Failures of other kinds are only counted by invariant.
const KINDS: usize = 100;

/// The sum of many runs of one scenario, in memory that does not grow with their number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepTally {
    /// The number of runs.
    pub runs: u64,
    /// The number of their records.
    pub records: u64,
    /// The commutative sum of the runs' digests, each with its seed.
    pub digest: Digest,
    /// In how many runs each invariant was violated.
    pub fell: BTreeMap<String, u64>,
    /// The violations, by kind.
    pub failures: BTreeMap<Kind, FailureKind>,
    /// In how many runs each invariant was undecided.
    pub undecided: BTreeMap<String, u64>,
    /// In how many of the runs without violations each invariant was exercised.
    pub exercised: BTreeMap<String, Ratio>,
    /// In how many of the runs in which a kind of fault was planned it took effect.
    pub touched: BTreeMap<String, Ratio>,
    /// In how many runs each fact occurred that must occur in one.
    pub sometimes: BTreeMap<String, Ratio>,
    /// In how many of the runs without violations each flaw that is on acted.
    pub acted: BTreeMap<String, Ratio>,
    /// The behaviours of the nodes.
    pub behaviours: Behaviours,
}

impl Default for SweepTally {
    fn default() -> Self {
        Self {
            runs: 0,
            records: 0,
            digest: Digest(0),
            fell: BTreeMap::new(),
            failures: BTreeMap::new(),
            undecided: BTreeMap::new(),
            exercised: BTreeMap::new(),
            touched: BTreeMap::new(),
            sometimes: BTreeMap::new(),
            acted: BTreeMap::new(),
            behaviours: Behaviours::default(),
        }
    }
}

/// The number of runs with a property, and the number of all runs in question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ratio {
    /// The runs with the property.
    #[serde(rename = "of")]
    pub part: u64,
    /// All runs in question.
    #[serde(rename = "all")]
    pub whole: u64,
}

/// The failures of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FailureKind {
    /// The number of failures.
    pub count: u64,
    /// The failures with the smallest seeds.
    pub kept: Vec<Failure>,
}

/// A failing run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its seed.
    pub seed: Seed,
    /// Its digest.
    pub digest: Digest,
    /// The violation, in one sentence.
    pub sentence: String,
}

impl Ratio {
    const fn count(&mut self, hit: bool) {
        self.whole += 1;
        self.part += hit as u64;
    }

    /// Whether it is greater than 0, and at least one percent.
    #[must_use]
    pub const fn suffices(self) -> bool {
        self.part > 0 && self.part * 100 >= self.whole
    }
}

impl SweepTally {
    /// Adds one run; `kinds` are those of its violations, in their order.
    pub fn add(&mut self, resolved: &Resolved, outcome: &Outcome, kinds: Vec<Kind>) {
        self.runs += 1;
        self.records += outcome.records;
        let Digest(digest) = outcome.digest;
        let Seed(seed) = resolved.seed;
        self.add_digest(digest.wrapping_mul(seed.wrapping_mul(2).wrapping_add(1)));
        self.behaviours.add(outcome.census.behaviour(), resolved.seed);
        let violated = !kinds.is_empty();
        let mut kinds = kinds.into_iter();
        for judged in &outcome.judgements {
            match &judged.verdict {
                Verdict::Violated(violation) => {
                    *at(&mut self.fell, &judged.invariant) += 1;
                    let failure =
                        Failure { seed: resolved.seed, digest: outcome.digest, sentence: violation.sentence.clone() };
                    let kind = kinds.next().expect("every violation has its kind");
                    self.failures.entry(kind).or_default().add(1, [failure]);
                }
                Verdict::Undecided { .. } => *at(&mut self.undecided, &judged.invariant) += 1,
                Verdict::Holds { .. } | Verdict::Vacuous { .. } => {}
            }
        }
        if violated {
            self.keep_few();
        } else {
            self.add_coverage(resolved, outcome);
        }
    }

    fn add_coverage(&mut self, resolved: &Resolved, outcome: &Outcome) {
        for judged in &outcome.judgements {
            let holds = matches!(judged.verdict, Verdict::Holds { exercised } if exercised > 0);
            at(&mut self.exercised, &judged.invariant).count(holds);
        }
        let mut kinds: BTreeMap<&'static str, bool> = BTreeMap::new();
        for (number, planned) in (1..).zip(&resolved.plan.faults) {
            *kinds.entry(planned.fault.kind().name()).or_default() |= outcome.census.fault(number).touched > 0;
        }
        for (kind, touched) in kinds {
            at(&mut self.touched, kind).count(touched);
        }
        if resolved.expected.violates.is_empty() {
            for flaw in resolved.flaws() {
                let is_idle = outcome.idle_flaws.iter().any(|idle| idle.id == flaw.id);
                at(&mut self.acted, flaw.id).count(!is_idle);
            }
        }
        for fact in &resolved.expected.sometimes {
            at(&mut self.sometimes, fact).count(outcome.census.facts_of(fact) > 0);
        }
    }

    fn keep_few(&mut self) {
        while self.failures.len() > KINDS {
            self.failures.pop_last();
        }
    }

    const fn add_digest(&mut self, other: u64) {
        self.digest = Digest(self.digest.0.wrapping_add(other));
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: Self) {
        self.runs += other.runs;
        self.records += other.records;
        self.add_digest(other.digest.0);
        self.behaviours.merge(other.behaviours);
        for (kind, failures) in other.failures {
            self.failures.entry(kind).or_default().add(failures.count, failures.kept);
        }
        self.keep_few();
        for (mine, others) in [(&mut self.fell, other.fell), (&mut self.undecided, other.undecided)] {
            others.into_iter().for_each(|(invariant, count)| *mine.entry(invariant).or_default() += count);
        }
        for (mine, others) in [
            (&mut self.exercised, other.exercised),
            (&mut self.touched, other.touched),
            (&mut self.sometimes, other.sometimes),
            (&mut self.acted, other.acted),
        ] {
            for (name, share) in others {
                let sum = mine.entry(name).or_default();
                *sum = Ratio { part: sum.part + share.part, whole: sum.whole + share.whole };
            }
        }
    }

    /// The number of unexpected failures; a scenario that expects a violation expects all of them.
    #[must_use]
    pub fn failed(&self, expects_any: bool) -> u64 {
        if expects_any { 0 } else { self.fell.values().sum() }
    }

    /// The number of failures of kinds that are not kept.
    #[must_use]
    pub fn untold(&self) -> u64 {
        let told: u64 = self.failures.values().map(|kind| kind.count).sum();
        self.fell.values().sum::<u64>().saturating_sub(told)
    }

    /// The verdict, and the expectations of the scenario that are not met, in a sentence each.
    #[must_use]
    pub fn shortfalls(&self, violates: &[String]) -> (RunVerdict, Vec<String>) {
        if !violates.is_empty() {
            let standing = violates.iter().filter(|name| !self.fell.contains_key(*name));
            let sentences: Vec<String> =
                standing.map(|name| format!("`{name}` was expected to be violated, but held in every seed")).collect();
            return (if sentences.is_empty() { RunVerdict::Met } else { RunVerdict::Broken }, sentences);
        }
        if !self.fell.is_empty() {
            return (RunVerdict::Broken, Vec::new());
        }
        let mut sentences: Vec<String> =
            self.undecided.iter().map(|(name, count)| format!("`{name}` was undecided in {count} seeds")).collect();
        let poor = |shares: &BTreeMap<String, Ratio>, what: &dyn Fn(&str) -> String| -> Vec<String> {
            let poor = shares.iter().filter(|(_, share)| !share.suffices());
            let poor = poor.map(|(name, share)| (what(name), share));
            poor.map(|(what, share)| format!("{what} in only {} of {} seeds", share.part, share.whole)).collect()
        };
        // A law of the kernel is a prohibition and need not be exercised.
        let mut claims = self.exercised.clone();
        claims.retain(|name, _| !check::is_law(name));
        sentences.extend(poor(&claims, &|name| format!("the invariant `{name}` was exercised")));
        sentences.extend(poor(&self.touched, &|name| format!("the fault `{name}` took effect")));
        let idle = self.acted.iter().filter(|(_, share)| share.part == 0);
        sentences.extend(idle.map(|(flaw, share)| {
            format!("the flaw `{flaw}` acted in none of {} seeds: each run is the same without it", share.whole)
        }));
        let never = self.sometimes.iter().filter(|(_, share)| share.part == 0);
        sentences
            .extend(never.map(|(fact, share)| format!("the fact `{fact}` occurred in none of {} seeds", share.whole)));
        (if sentences.is_empty() { RunVerdict::Met } else { RunVerdict::Unproven }, sentences)
    }
}

impl FailureKind {
    fn add(&mut self, count: u64, failures: impl IntoIterator<Item = Failure>) {
        self.count += count;
        self.kept.extend(failures);
        self.kept.sort_by_key(|failure| failure.seed);
        self.kept.truncate(KEPT);
    }
}

/// The count of this name; created if it is missing.
fn at<'a, T: Default>(counts: &'a mut BTreeMap<String, T>, name: &str) -> &'a mut T {
    if !counts.contains_key(name) {
        counts.insert(name.to_owned(), T::default());
    }
    counts.get_mut(name).expect("it is there now")
}
