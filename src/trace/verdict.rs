//! The verdicts of checkers.

use serde::{Deserialize, Serialize};

use crate::identity::EventId;
use crate::time::Time;

/// The verdict on one invariant in one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judgement {
    /// The invariant's name.
    pub invariant: String,
    /// The verdict of its checker.
    pub verdict: Verdict,
}

/// A checker's verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Verdict {
    /// It held.
    Holds {
        /// How often it was exercised: by comparisons, deliveries, grants, or whatever it is about.
        exercised: u64,
    },
    /// It was violated.
    Violated(Violation),
    /// It could not be decided within the checker's budget.
    Undecided {
        /// Why.
        why: String,
    },
    /// It was not exercised, so it proves nothing.
    Vacuous {
        /// What did not happen.
        why: String,
    },
}

/// How an invariant was violated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Violation {
    /// When.
    pub time: Time,
    /// The violation, in one sentence.
    pub sentence: String,
    /// The events that prove it, in the order of the sentence.
    pub witnesses: Vec<EventId>,
}

impl Verdict {
    /// Holds if it was exercised, otherwise vacuous, for this reason.
    #[must_use]
    pub fn of(exercised: u64, vacuous: &str) -> Self {
        if exercised > 0 { Self::Holds { exercised } } else { Self::Vacuous { why: vacuous.to_owned() } }
    }

    /// The violation, if it is one.
    #[must_use]
    pub const fn violation(&self) -> Option<&Violation> {
        match self {
            Self::Violated(violation) => Some(violation),
            Self::Holds { .. } | Self::Undecided { .. } | Self::Vacuous { .. } => None,
        }
    }

    /// One word: `holds`, `violated`, `undecided`, `vacuous`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Holds { .. } => "holds",
            Self::Violated(_) => "violated",
            Self::Undecided { .. } => "undecided",
            Self::Vacuous { .. } => "vacuous",
        }
    }
}
