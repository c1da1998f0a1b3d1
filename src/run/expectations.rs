//! The checkers of what a scenario states itself under `expect`.

use crate::check::{ANSWERED, AT_MOST, Answered, AnyChecker, AtMost, LONGEST_WAIT, LongestWait, Owed, Panel};
use crate::scenario::Resolved;

/// Adds them to a run's panel.
pub(super) fn seat<F>(panel: &mut Panel<F>, resolved: &Resolved) {
    let expect = &resolved.scenario.expect;
    if !expect.answered.is_empty() {
        panel.seat(ANSWERED.name, AnyChecker::new(Answered::during(owed(resolved))));
    }
    if !expect.at_most.is_empty() {
        panel.seat(AT_MOST.name, AnyChecker::new(AtMost::of(&expect.at_most)));
    }
    if let Some(most) = expect.longest_wait {
        panel.seat(LONGEST_WAIT.name, AnyChecker::new(LongestWait::of(most)));
    }
}

/// What is owed while the faults last that have a name, by their numbers in the plan.
fn owed(resolved: &Resolved) -> impl Iterator<Item = (u32, Owed)> {
    let named = (1..).zip(&resolved.plan.faults).filter_map(|(number, planned)| Some((number, planned.name.as_ref()?)));
    named.filter_map(|(number, name)| {
        let entry = resolved.scenario.expect.answered.iter().find(|entry| entry.during == *name)?;
        Some((number, Owed { during: name.clone(), at_least: entry.at_least }))
    })
}
