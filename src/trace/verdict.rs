//! What a checker concludes.

use serde::{Deserialize, Serialize};

use crate::identity::EventId;
use crate::time::Time;

/// What became of one invariant in one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judgement {
    /// The invariant's name.
    pub invariant: String,
    /// What its checker concluded.
    pub verdict: Verdict,
}

/// A checker's conclusion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Verdict {
    /// It held, and was put to the test.
    Holds {
        /// How often it was put to the test: comparisons, deliveries, grants, whatever it speaks of.
        exercised: u64,
    },
    /// It broke.
    Violated(Violation),
    /// It could not be decided within the checker's budget.
    Undecided {
        /// What the budget did not allow.
        why: String,
    },
    /// Nothing happened that it speaks of, so that it proves nothing.
    Vacuous {
        /// What did not happen.
        why: String,
    },
}

/// How an invariant broke.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Violation {
    /// When.
    pub time: Time,
    /// What broke, where, in one sentence.
    pub sentence: String,
    /// The events that prove it, in the order of the sentence.
    pub witnesses: Vec<EventId>,
}

impl Verdict {
    /// That it held, if it was put to the test at all; else vacuous, for this reason.
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
