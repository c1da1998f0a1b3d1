//! What many runs come to: a sum that does not depend on the order in which they ended.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::chance::Seed;
use crate::check::{self, Invariant};
use crate::run::{Outcome, Standing};
use crate::scenario::Resolved;
use crate::trace::{Digest, Verdict};

/// How many failing seeds of one kind are kept: the smallest ones.
const KEPT: usize = 10;

/// The sum of many runs of one scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepTally {
    /// How many runs there were.
    pub runs: u64,
    /// How many records they made.
    pub records: u64,
    /// The commutative sum of the runs' digests, each with its seed.
    pub digest: Digest,
    /// What fell, by invariant.
    pub failures: BTreeMap<String, FailureKind>,
    /// How many runs could not decide an invariant.
    pub undecided: BTreeMap<String, u64>,
    /// In how many of the runs that violated nothing each invariant was put to the test.
    pub exercised: BTreeMap<String, Share>,
    /// In how many of the runs in which a kind of fault was planned it touched something.
    pub touched: BTreeMap<String, Share>,
    /// In how many runs a fact occurred that must occur in one.
    pub sometimes: BTreeMap<String, Share>,
}

impl Default for SweepTally {
    fn default() -> Self {
        Self {
            runs: 0,
            records: 0,
            digest: Digest(0),
            failures: BTreeMap::new(),
            undecided: BTreeMap::new(),
            exercised: BTreeMap::new(),
            touched: BTreeMap::new(),
            sometimes: BTreeMap::new(),
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureKind {
    /// How many there were.
    pub count: u64,
    /// Those with the smallest seeds.
    pub kept: Vec<Failure>,
}

/// A failing run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Adds one run.
    pub fn add(&mut self, resolved: &Resolved, outcome: &Outcome) {
        self.runs += 1;
        self.records += outcome.records;
        let Digest(digest) = outcome.digest;
        let Seed(seed) = resolved.seed;
        self.add_digest(digest.wrapping_mul(seed.wrapping_mul(2).wrapping_add(1)));
        let mut violated = false;
        for judged in &outcome.judgements {
            match &judged.verdict {
                Verdict::Violated(violation) => {
                    violated = true;
                    let failure =
                        Failure { seed: resolved.seed, digest: outcome.digest, sentence: violation.sentence.clone() };
                    self.failures.entry(judged.invariant.clone()).or_default().add(1, [failure]);
                }
                Verdict::Undecided { .. } => *self.undecided.entry(judged.invariant.clone()).or_default() += 1,
                Verdict::Holds { .. } | Verdict::Vacuous { .. } => {}
            }
        }
        if !violated {
            self.add_coverage(resolved, outcome);
        }
    }

    fn add_coverage(&mut self, resolved: &Resolved, outcome: &Outcome) {
        for judged in &outcome.judgements {
            let holds = matches!(judged.verdict, Verdict::Holds { exercised } if exercised > 0);
            self.exercised.entry(judged.invariant.clone()).or_default().count(holds);
        }
        let mut kinds: BTreeMap<&'static str, bool> = BTreeMap::new();
        for (number, planned) in (1..).zip(&resolved.plan.faults) {
            *kinds.entry(planned.fault.kind().name()).or_default() |= outcome.census.fault(number).touched > 0;
        }
        for (kind, touched) in kinds {
            self.touched.entry(kind.to_owned()).or_default().count(touched);
        }
        for fact in &resolved.expected.sometimes {
            self.sometimes.entry(fact.clone()).or_default().count(outcome.census.facts_of(fact) > 0);
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
        for (invariant, kind) in other.failures {
            self.failures.entry(invariant).or_default().add(kind.count, kind.kept);
        }
        for (invariant, count) in other.undecided {
            *self.undecided.entry(invariant).or_default() += count;
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

    /// The failures that the scenario did not expect, by invariant.
    pub fn unexpected<'a>(&'a self, violates: &'a [&str]) -> impl Iterator<Item = (&'a str, &'a FailureKind)> {
        let none = violates.is_empty();
        self.failures.iter().filter(move |_| none).map(|(invariant, kind)| (invariant.as_str(), kind))
    }

    /// How many failures there are that the scenario did not expect.
    #[must_use]
    pub fn failed(&self, violates: &[&str]) -> u64 {
        self.unexpected(violates).map(|(_, kind)| kind.count).sum()
    }

    /// In what the sweep falls short of its scenario's expectations, each in a sentence; and how it stands.
    #[must_use]
    pub fn shortfalls(&self, violates: &[&str]) -> (Standing, Vec<String>) {
        if !violates.is_empty() {
            let standing = violates.iter().filter(|name| !self.failures.contains_key(**name));
            let sentences: Vec<String> =
                standing.map(|name| format!("`{name}` was expected to fall, and held in every seed")).collect();
            return (if sentences.is_empty() { Standing::Met } else { Standing::Broken }, sentences);
        }
        if !self.failures.is_empty() {
            return (Standing::Broken, Vec::new());
        }
        let mut sentences: Vec<String> =
            self.undecided.iter().map(|(name, count)| format!("`{name}` was undecided in {count} seeds")).collect();
        let poor = |shares: &BTreeMap<String, Share>, what: &str| -> Vec<String> {
            let poor = shares.iter().filter(|(_, share)| !share.suffices());
            poor.map(|(name, share)| format!("{what} `{name}` in {} of {} seeds only", share.of, share.all)).collect()
        };
        // A law of the kernel forbids, and claims nothing that must happen.
        let laws: Vec<&str> = check::invariants().filter(Invariant::is_law).map(|law| law.name).collect();
        let mut claims = self.exercised.clone();
        claims.retain(|name, _| !laws.contains(&name.as_str()));
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
