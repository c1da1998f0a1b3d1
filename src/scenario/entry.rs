//! One entry of `"faults"`: a fault and its time, or what to draw faults from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fault::{Fault, FaultKind, PlannedFault, Trigger};
use crate::measure::Rate;
use crate::subject::Profile;
use crate::time::{Span, Time};

/// A fault that is written, with `at` (and perhaps `for` and `every`) or `when`; or faults that are drawn, with `from`
/// and `until`. Which fields stand together is checked when the file is loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FaultEntry {
    /// When the fault acts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Span>,
    /// How long it lasts; until the calm if left out.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Span>,
    /// How long after `at` it acts again, and again, until the calm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<Span>,
    /// The fact right after which the fault acts, in place of `at`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
    /// What it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// When drawn faults begin; at once if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Span>,
    /// When drawn faults end; at the calm if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Span>,
    /// What to draw faults from, in place of `fault`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draw: Option<Draw>,
    /// Whether it may go beyond what the subject claims to bear.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub exceed: bool,
    /// Whether it was drawn before it was written down: then it may touch nothing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub drawn: bool,
}

/// The fact right after which a fault acts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// The fact's name: `broadcast.delivered`.
    pub fact: String,
    /// How many of them must have been recorded, from 1.
    #[serde(default = "first")]
    pub n: u32,
}

const fn first() -> u32 {
    1
}

/// What to draw faults from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Draw {
    /// The kinds, all equally likely.
    pub kinds: Vec<FaultKind>,
    /// How often a fault comes, on average.
    pub rate: Rate,
    /// The least that one lasts: `50ms` if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shortest: Option<Span>,
    /// The most that one lasts: a quarter of the time between `from` and `until` if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest: Option<Span>,
}

impl FaultEntry {
    /// The entry that says what was planned.
    pub(crate) fn of(planned: &PlannedFault, settings: &Value, profile: &Profile) -> Self {
        let PlannedFault { when, lasts, fault, drawn } = planned;
        let (at, when) = match when {
            Trigger::At(time) => (Some(time.since(Time::ZERO)), None),
            Trigger::Fact { fact, n } => (None, Some(When { fact: fact.clone(), n: *n })),
        };
        let exceed = profile.beyond(fault, settings).is_some();
        Self { at, when, lasts: *lasts, fault: Some(fault.clone()), exceed, drawn: *drawn, ..Self::default() }
    }

    /// The times at which a written fault acts that first acts `at` a time: with `every`, until the calm.
    pub(super) fn times(&self, at: Span, calm: Span) -> impl Iterator<Item = Span> + use<> {
        let every = self.every.filter(|every| !every.is_zero());
        std::iter::successors(Some(at), move |at| {
            let next = *at + every?;
            (next < calm && next > *at).then_some(next)
        })
    }
}
