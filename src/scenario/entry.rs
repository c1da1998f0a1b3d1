//! One entry of `"faults"`: a fault and its time, or the kinds and the rate of drawn faults.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fault::{Fault, FaultKind, PlannedFault, Trigger};
use crate::measure::Rate;
use crate::subject::Profile;
use crate::time::{Span, Time};

/// A scripted fault, with `at` (and optionally `for` and `every`) or `when`; or drawn faults, with `from` and `until`. The
/// combination of fields is checked when the file is loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FaultEntry {
    /// A name, by which `expect.answered` refers to it; several faults may have the same one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When the fault acts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Span>,
    /// How long it lasts; by default until quiescence.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Span>,
    /// The period with which it acts again after `at`, until quiescence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<Span>,
    /// The fact directly after which the fault acts, instead of `at`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
    /// What it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// When drawn faults begin; by default at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Span>,
    /// When drawn faults end; by default at quiescence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Span>,
    /// The kinds and the rate of drawn faults, instead of `fault`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draw: Option<Draw>,
    /// Whether it may exceed what the subject claims to tolerate.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub exceed: bool,
    /// Whether it was drawn before it was written to this file: then it need not take effect.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub drawn: bool,
}

/// The fact directly after which a fault acts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// The fact's name: `broadcast.delivered`.
    pub fact: String,
    /// The fault acts after the n-th such fact, counted from 1.
    #[serde(default = "first")]
    pub n: u32,
}

const fn first() -> u32 {
    1
}

/// The kinds and the rate of drawn faults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Draw {
    /// The kinds, all equally likely.
    pub kinds: Vec<FaultKind>,
    /// How often a fault acts, on average.
    pub rate: Rate,
    /// The shortest duration of a fault; `50ms` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shortest: Option<Span>,
    /// The longest duration of a fault; by default a quarter of the time between `from` and `until`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest: Option<Span>,
}

impl FaultEntry {
    /// The entry for a planned fault.
    pub(crate) fn of(planned: &PlannedFault, settings: &Value, profile: &Profile) -> Self {
        let PlannedFault { name, when, lasts, fault, drawn } = planned;
        let (at, when) = match when {
            Trigger::At(time) => (Some(time.since(Time::ZERO)), None),
            Trigger::Fact { fact, n } => (None, Some(When { fact: fact.clone(), n: *n })),
        };
        let exceed = profile.exceeds(fault, settings).is_some();
        Self {
            name: name.clone(),
            at,
            when,
            lasts: *lasts,
            fault: Some(fault.clone()),
            exceed,
            drawn: *drawn,
            ..Self::default()
        }
    }

    /// The times at which a scripted fault acts: first `at`, then with `every` until quiescence.
    pub(super) fn times(&self, at: Span, quiescence: Span) -> impl Iterator<Item = Span> + use<> {
        let every = self.every.filter(|every| !every.is_zero());
        std::iter::successors(Some(at), move |at| {
            let next = *at + every?;
            (next < quiescence && next > *at).then_some(next)
        })
    }
}
