//! The meaning of a run's outcome for its scenario: which expectations are met, and which are not.

use serde::{Deserialize, Serialize};

use super::Outcome;
use crate::identity::NodeId;
use crate::scenario::Resolved;
use crate::trace::{Verdict, Violation};

/// The verdict on a run, given the expectations of its scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunVerdict {
    /// Every expectation is met.
    Met,
    /// Some invariant is undecided or was not exercised, or a fault had no effect.
    Unproven,
    /// An invariant that should hold is violated, or one that should be violated holds.
    Broken,
}

/// One expectation that a run does not meet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shortfall {
    /// An invariant was violated that was expected to hold.
    Violated {
        /// The invariant.
        invariant: String,
        /// The violation.
        violation: Violation,
    },
    /// An invariant was not violated though it was expected to be.
    StillHolds {
        /// The invariant.
        invariant: String,
    },
    /// An invariant could not be decided.
    Undecided {
        /// The invariant.
        invariant: String,
        /// The reason.
        why: String,
    },
    /// An invariant was not exercised.
    Vacuous {
        /// The invariant.
        invariant: String,
        /// What did not happen.
        why: String,
    },
    /// A planned fault touched nothing.
    Untouched {
        /// Its index in the plan, from 1.
        fault: u32,
        /// The fault, as in a trace.
        what: String,
    },
    /// A message with a fixed fate was never sent.
    Unmet {
        /// Its sender.
        sender: NodeId,
        /// Its lane.
        lane: String,
        /// Its number.
        number: u32,
    },
    /// A flaw is on, and the run is the same without it.
    IdleFlaw {
        /// The flaw.
        flaw: String,
        /// What a run must have for it to act.
        needs: String,
    },
    /// A fact that must occur did not.
    Never {
        /// Its label.
        fact: String,
    },
}

impl Shortfall {
    /// Its severity.
    #[must_use]
    pub const fn verdict(&self) -> RunVerdict {
        match self {
            Self::Violated { .. } | Self::StillHolds { .. } => RunVerdict::Broken,
            Self::Undecided { .. }
            | Self::Vacuous { .. }
            | Self::Untouched { .. }
            | Self::Unmet { .. }
            | Self::IdleFlaw { .. }
            | Self::Never { .. } => RunVerdict::Unproven,
        }
    }
}

impl Outcome {
    /// The expectations of its scenario that the run does not meet; empty if all are met.
    ///
    /// If the run violates something, only that is reported: a run that was cut short proves nothing about the rest.
    #[must_use]
    pub fn shortfalls(&self, resolved: &Resolved) -> Vec<Shortfall> {
        let expected = &resolved.expected;
        if !expected.violates.is_empty() {
            return self.still_holding(&expected.violates);
        }
        let violated = self.violated();
        if !violated.is_empty() {
            return violated;
        }
        let mut all = self.unproven();
        all.extend(self.untouched(resolved));
        all.extend(self.census.unmet.iter().map(|message| Shortfall::Unmet {
            sender: message.sender,
            lane: resolved.profile.lanes[message.lane.index()].to_owned(),
            number: message.number,
        }));
        all.extend(
            self.idle_flaws
                .iter()
                .map(|flaw| Shortfall::IdleFlaw { flaw: flaw.id.to_owned(), needs: flaw.needs.to_owned() }),
        );
        let never = expected.sometimes.iter().filter(|fact| self.census.facts_of(fact) == 0);
        all.extend(never.map(|fact| Shortfall::Never { fact: fact.clone() }));
        all
    }

    /// The verdict of its most severe shortfall.
    #[must_use]
    pub fn verdict(&self, resolved: &Resolved) -> RunVerdict {
        self.shortfalls(resolved).iter().map(Shortfall::verdict).max().unwrap_or(RunVerdict::Met)
    }

    fn verdict_on(&self, invariant: &str) -> Option<&Verdict> {
        self.judgements.iter().find(|judged| judged.invariant == invariant).map(|judged| &judged.verdict)
    }

    fn still_holding(&self, violates: &[&'static str]) -> Vec<Shortfall> {
        let fell = |name: &str| self.verdict_on(name).is_some_and(|verdict| verdict.violation().is_some());
        let standing = violates.iter().filter(|name| !fell(name));
        standing.map(|name| Shortfall::StillHolds { invariant: (*name).to_owned() }).collect()
    }

    fn violated(&self) -> Vec<Shortfall> {
        let violations = self.judgements.iter().filter_map(|judged| {
            let violation = judged.verdict.violation()?.clone();
            Some(Shortfall::Violated { invariant: judged.invariant.clone(), violation })
        });
        violations.collect()
    }

    fn unproven(&self) -> Vec<Shortfall> {
        let unproven = self.judgements.iter().filter_map(|judged| {
            let invariant = judged.invariant.clone();
            match &judged.verdict {
                Verdict::Undecided { why } => Some(Shortfall::Undecided { invariant, why: why.clone() }),
                Verdict::Vacuous { why } => Some(Shortfall::Vacuous { invariant, why: why.clone() }),
                Verdict::Holds { .. } | Verdict::Violated(_) => None,
            }
        });
        unproven.collect()
    }

    /// Scripted faults that touched nothing.
    fn untouched(&self, resolved: &Resolved) -> Vec<Shortfall> {
        let faults = (1..).zip(&resolved.plan.faults);
        let untouched = faults.filter(|(number, planned)| !planned.drawn && self.census.fault(*number).touched == 0);
        untouched.map(|(fault, planned)| Shortfall::Untouched { fault, what: planned.fault.to_string() }).collect()
    }
}
