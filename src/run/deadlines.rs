//! By when what is owed after quiescence must have come, and so when a run ends that does not say it.

use std::collections::BTreeMap;

use super::{clients, read};
use crate::process::ClientPlan;
use crate::scenario::{Resolved, Run};
use crate::subject::Subject;
use crate::time::{Span, Time};

/// When each invariant that is bounded must hold, and when the run ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadlines {
    due: BTreeMap<&'static str, Time>,
    /// When the run ends, at the latest.
    pub end: Time,
    /// Whether it ends sooner once it has come to rest.
    pub rests: bool,
}

pub(super) type Ask = fn(&Resolved) -> Deadlines;

impl Deadlines {
    /// By when an invariant must hold, if it is bounded.
    #[must_use]
    pub fn due(&self, invariant: &str) -> Option<Time> {
        self.due.get(invariant).copied()
    }

    /// The invariants that are bounded, and by when each must hold.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'static str, Time)> {
        self.due.iter().map(|(name, due)| (*name, *due))
    }

    /// Whether a run that ended then, with nothing to stop it, had come to rest.
    pub(super) fn is_rest(&self, end: Time) -> bool {
        self.rests && end < self.end
    }

    /// The invariant among those that decide how the run stands which is due last, and when, if the run ends sooner: then
    /// what is open at its end is undecided.
    #[must_use]
    pub fn missed(&self, resolved: &Resolved) -> Option<(&'static str, Time)> {
        let expected = &resolved.expected;
        let asked = if expected.violates.is_empty() { &expected.holds } else { &expected.violates };
        let due = asked.iter().filter_map(|name| Some((*name, self.due(name)?)));
        due.max_by_key(|(_, due)| *due).filter(|(_, due)| *due > self.end)
    }
}

pub(super) fn of<S: Subject>(resolved: &Resolved) -> Deadlines {
    deadlines::<S>(resolved, &read(resolved.settings()), &clients::<S>(resolved))
}

/// The deadlines of a run with these clients: the subject's bounds, or the scenario's own in their place.
pub(super) fn deadlines<S: Subject>(
    resolved: &Resolved,
    settings: &S::Settings,
    clients: &[ClientPlan<S::Client>],
) -> Deadlines {
    let expected = &resolved.expected;
    let asked = |name: &&str| expected.holds.contains(name) || expected.violates.contains(name);
    let mut bounds = BTreeMap::new();
    if resolved.is_quiescent() {
        bounds.extend(S::bounds(
            &resolved.setup,
            settings,
            clients,
            &resolved.world().with_clients(clients, resolved.setup.calm),
        ));
        bounds.extend(expected.within.iter().map(|(name, within)| (*name, *within)));
        bounds.retain(|name, _| asked(name));
    }
    let calm = resolved.setup.calm;
    let due = bounds.iter().map(|(name, bound)| (*name, calm + *bound)).collect();
    let end = resolved.end.unwrap_or_else(|| calm + lingers(bounds.into_values().max()));
    Deadlines { due, end, rests: resolved.end.is_none() }
}

/// How long after quiescence a run goes on at most that does not say it: as long as the longest bound, and half as long
/// again, so that what is sent for ever is seen; or as long as runs last that say nothing, if nothing is bounded.
fn lingers(longest: Option<Span>) -> Span {
    longest.map_or(Run::USUAL, |bound| bound + bound.divided_by(2))
}
