//! What many runs come to: a sum that does not depend on the order in which they ended.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Behaviours, Kind};
use crate::chance::Seed;
use crate::check;
use crate::run::{Outcome, Standing};
use crate::scenario::Resolved;
use crate::trace::{Digest, Verdict};

/// How many failing seeds of one kind are kept: the smallest ones.
const KEPT: usize = 10;

/// How many kinds of failures are told apart: the first ones, as they are ordered, so that any parts of the runs keep
/// what the whole does. Failures of the others are counted by invariant alone.
const KINDS: usize = 100;

/// The sum of many runs of one scenario, in memory that does not grow with their number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepTally {
    /// How many runs there were.
    pub runs: u64,
    /// How many records they made.
    pub records: u64,
    /// The commutative sum of the runs' digests, each with its seed.
    pub digest: Digest,
    /// In how many runs each invariant fell.
    pub fell: BTreeMap<String, u64>,
    /// How they fell, by kind.
    pub failures: BTreeMap<Kind, FailureKind>,
    /// How many runs could not decide an invariant.
    pub undecided: BTreeMap<String, u64>,
    /// In how many of the runs that violated nothing each invariant was put to the test.
    pub exercised: BTreeMap<String, Share>,
    /// In how many of the runs in which a kind of fault was planned it touched something.
    pub touched: BTreeMap<String, Share>,
    /// In how many runs a fact occurred that must occur in one.
    pub sometimes: BTreeMap<String, Share>,
    /// What the nodes did.
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
            behaviours: Behaviours::default(),
        }
    }
}

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// So many.
    pub of: u64,
    /// Of so many.
    pub all: u64,
}

/// The failures of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FailureKind {
    /// How many there were.
    pub count: u64,
    /// Those with the smallest seeds.
    pub kept: Vec<Failure>,
}

/// A failing run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its seed.
    pub seed: Seed,
    /// Its digest.
    pub digest: Digest,
    /// What broke, in one sentence.
    pub sentence: String,
}

impl Share {
    const fn count(&mut self, hit: bool) {
        self.all += 1;
        self.of += hit as u64;
    }

    /// Whether it is at least one percent, and not nothing.
    #[must_use]
    pub const fn suffices(self) -> bool {
        self.of > 0 && self.of * 100 >= self.all
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
        ] {
            for (name, share) in others {
                let sum = mine.entry(name).or_default();
                *sum = Share { of: sum.of + share.of, all: sum.all + share.all };
            }
        }
    }

    /// How many failures there are that the scenario did not expect: one that expects any expects all.
    #[must_use]
    pub fn failed(&self, expects_any: bool) -> u64 {
        if expects_any { 0 } else { self.fell.values().sum() }
    }

    /// How many failures are of kinds that are not kept.
    #[must_use]
    pub fn untold(&self) -> u64 {
        let told: u64 = self.failures.values().map(|kind| kind.count).sum();
        self.fell.values().sum::<u64>().saturating_sub(told)
    }

    /// In what the sweep falls short of its scenario's expectations, each in a sentence; and how it stands.
    #[must_use]
    pub fn shortfalls(&self, violates: &[String]) -> (Standing, Vec<String>) {
        if !violates.is_empty() {
            let standing = violates.iter().filter(|name| !self.fell.contains_key(*name));
            let sentences: Vec<String> =
                standing.map(|name| format!("`{name}` was expected to fall, and held in every seed")).collect();
            return (if sentences.is_empty() { Standing::Met } else { Standing::Broken }, sentences);
        }
        if !self.fell.is_empty() {
            return (Standing::Broken, Vec::new());
        }
        let mut sentences: Vec<String> =
            self.undecided.iter().map(|(name, count)| format!("`{name}` was undecided in {count} seeds")).collect();
        let poor = |shares: &BTreeMap<String, Share>, what: &str| -> Vec<String> {
            let poor = shares.iter().filter(|(_, share)| !share.suffices());
            poor.map(|(name, share)| format!("{what} `{name}` in {} of {} seeds only", share.of, share.all)).collect()
        };
        // A law of the kernel forbids, and claims nothing that must happen.
        let mut claims = self.exercised.clone();
        claims.retain(|name, _| !check::is_law(name));
        sentences.extend(poor(&claims, "nothing put to the test the invariant"));
        sentences.extend(poor(&self.touched, "nothing was touched by the fault"));
        let never = self.sometimes.iter().filter(|(_, share)| share.of == 0);
        sentences
            .extend(never.map(|(fact, share)| format!("the fact `{fact}` occurred in none of {} seeds", share.all)));
        (if sentences.is_empty() { Standing::Met } else { Standing::Unproven }, sentences)
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

/// The count of this name, which begins as none.
fn at<'a, T: Default>(counts: &'a mut BTreeMap<String, T>, name: &str) -> &'a mut T {
    if !counts.contains_key(name) {
        counts.insert(name.to_owned(), T::default());
    }
    counts.get_mut(name).expect("it is there now")
}
