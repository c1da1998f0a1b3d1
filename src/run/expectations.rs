//! The checkers of what a scenario states itself under `expect`.

use std::collections::BTreeSet;

use crate::check::{ANSWERED, AT_MOST, Answered, AnyChecker, AtMost, LONGEST_WAIT, LongestWait, Owed, Panel};
use crate::fault::{Fault, PlannedFault, Target};
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
        let undone_by = undone_by(&resolved.plan.faults, number);
        Some((number, Owed { during: name.clone(), at_least: entry.at_least, undone_by }))
    })
}

/// The numbers of the faults that undo this one, or a part of it.
fn undone_by(faults: &[PlannedFault], number: u32) -> BTreeSet<u32> {
    let undone = &faults[number as usize - 1].fault;
    let meets = |other: &Fault| match (undone.target(), other.target()) {
        (Some(Target::Nodes(nodes)), Some(Target::Nodes(others))) => nodes.iter().any(|node| others.contains(node)),
        (Some(_), Some(_)) => true, // the proposer is known only when a fault acts
        (None, _) | (_, None) => false,
    };
    let undoes = |other: &Fault| match other {
        Fault::Heal(_) => matches!(undone, Fault::Partition(_) | Fault::Clog(_)),
        Fault::Resume(_) => matches!(undone, Fault::Pause(_)) && meets(other),
        Fault::Restart(_) => matches!(undone, Fault::Kill(_)) && meets(other),
        Fault::Kill(_) | Fault::Pause(_) | Fault::Partition(_) | Fault::Clog(_) | Fault::Delay(_) => false,
        Fault::Loss(_) | Fault::Duplicate(_) | Fault::Reorder(_) | Fault::Corrupt(_) => false,
        Fault::Clock(_) | Fault::Disk(_) => false,
    };
    (1..).zip(faults).filter(|(_, other)| undoes(&other.fault)).map(|(number, _)| number).collect()
}
