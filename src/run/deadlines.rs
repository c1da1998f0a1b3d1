//! The deadlines of what is owed after quiescence, and so the end of a run whose scenario does not fix it.

use std::collections::BTreeMap;

use super::{clients, read};
use crate::process::ClientPlan;
use crate::scenario::{Resolved, Run};
use crate::subject::Subject;
use crate::time::{Span, Time};

/// The deadline of each bounded invariant, and the end of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadlines {
    due: BTreeMap<&'static str, Time>,
    /// When the run ends at the latest.
    pub end: Time,
    /// Whether it ends early when it has come to rest.
    pub rests: bool,
}

pub(super) type Ask = fn(&Resolved) -> Deadlines;

impl Deadlines {
    /// The deadline of an invariant, if it is bounded.
    #[must_use]
    pub fn due(&self, invariant: &str) -> Option<Time> {
        self.due.get(invariant).copied()
    }

    /// The bounded invariants with their deadlines.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'static str, Time)> {
        self.due.iter().map(|(name, due)| (*name, *due))
    }

    /// Whether a run that ended then, without an interruption, had come to rest.
    pub(super) fn is_rest(&self, end: Time) -> bool {
        self.rests && end < self.end
    }

    /// The invariant with the latest deadline among those that determine the run's verdict, with that deadline, if the
    /// run ends before it: work that is open at the run's end is then undecided.
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

/// The deadlines of a run with these clients: the subject's bounds, or the scenario's instead of them.
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
            &resolved.world().with_clients(clients, resolved.setup.quiescence).around(resolved.setup.outside()),
        ));
        bounds.extend(expected.within.iter().map(|(name, within)| (*name, *within)));
        bounds.retain(|name, _| asked(name));
    }
    let quiescence = resolved.setup.quiescence;
    let due = bounds.iter().map(|(name, bound)| (*name, quiescence + *bound)).collect();
    let end = resolved.end.unwrap_or_else(|| quiescence + lingers(bounds.into_values().max()));
    Deadlines { due, end, rests: resolved.end.is_none() }
}

/// How long after quiescence a run continues at most if its scenario does not say: one and a half times the longest
/// bound, so that messages that are sent forever are noticed; or the default length of a run, if nothing is bounded.
fn lingers(longest: Option<Span>) -> Span {
    longest.map_or(Run::USUAL, |bound| bound + bound.divided_by(2))
}
