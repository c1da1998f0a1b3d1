//! What a run's outcome means for its scenario: which expectations are met, and what falls short.

use serde::{Deserialize, Serialize};

use super::Outcome;
use crate::identity::NodeId;
use crate::scenario::Resolved;
use crate::trace::{Verdict, Violation};

/// How a run stands to what its scenario expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Every expectation is met.
    Met,
    /// Something could not be decided, or proves nothing.
    Unproven,
    /// An invariant fell that should hold, or one holds that should fall.
    Broken,
}

/// One thing in which a run falls short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shortfall {
    /// An invariant fell that was expected to hold.
    Violated {
        /// Which.
        invariant: String,
        /// How.
        violation: Violation,
    },
    /// An invariant did not fall though it was expected to.
    StillHolds {
        /// Which.
        invariant: String,
    },
    /// An invariant could not be decided.
    Undecided {
        /// Which.
        invariant: String,
        /// Why.
        why: String,
    },
    /// An invariant was never put to the test.
    Vacuous {
        /// Which.
        invariant: String,
        /// What did not happen.
        why: String,
    },
    /// A planned fault touched nothing.
    Untouched {
        /// Its place in the plan, from 1.
        fault: u32,
        /// What it would have done.
        what: String,
    },
    /// A message whose fate was fixed was never sent.
    Unmet {
        /// Its sender.
        sender: NodeId,
        /// Its lane.
        lane: String,
        /// Its number.
        number: u32,
    },
    /// A fact that must occur did not.
    Never {
        /// Its label.
        fact: String,
    },
}

impl Shortfall {
    /// How bad it is.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        match self {
            Self::Violated { .. } | Self::StillHolds { .. } => Standing::Broken,
            Self::Undecided { .. }
            | Self::Vacuous { .. }
            | Self::Untouched { .. }
            | Self::Unmet { .. }
            | Self::Never { .. } => Standing::Unproven,
        }
    }
}

impl Outcome {
    /// In what the run falls short of its scenario's expectations; nothing if all are met.
    ///
    /// A run that violates something is judged for that alone: what was cut short proves nothing about the rest.
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
        let never = expected.sometimes.iter().filter(|fact| self.census.facts_of(fact) == 0);
        all.extend(never.map(|fact| Shortfall::Never { fact: fact.clone() }));
        all
    }

    /// The worst of its shortfalls.
    #[must_use]
    pub fn standing(&self, resolved: &Resolved) -> Standing {
        self.shortfalls(resolved).iter().map(Shortfall::standing).max().unwrap_or(Standing::Met)
    }

    fn verdict(&self, invariant: &str) -> Option<&Verdict> {
        self.judgements.iter().find(|judged| judged.invariant == invariant).map(|judged| &judged.verdict)
    }

    fn still_holding(&self, violates: &[&'static str]) -> Vec<Shortfall> {
        let fell = |name: &str| self.verdict(name).is_some_and(|verdict| verdict.violation().is_some());
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

    /// Faults that were written down, not drawn, and touched nothing.
    fn untouched(&self, resolved: &Resolved) -> Vec<Shortfall> {
        let faults = (1..).zip(&resolved.plan.faults);
        let untouched = faults.filter(|(number, planned)| !planned.drawn && self.census.fault(*number).touched == 0);
        untouched.map(|(fault, planned)| Shortfall::Untouched { fault, what: planned.fault.to_string() }).collect()
    }
}
