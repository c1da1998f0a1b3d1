//! Checkers as parts of a state: they part where an exploration does.

use std::hash::Hasher;

use super::Checker;
use crate::trace::Event;

/// A checker that is a part of each state of an exploration.
///
/// There all words have their observations, but only facts are named, and none is written out; the time is the number
/// of the step.
pub trait Branch<F>: Checker<F> {
    /// The same checker once more.
    fn fork(&self) -> Box<dyn Branch<F>>;

    /// Writes what it remembers and judges later records by. What only names (the numbers of events, which become
    /// witnesses) or only counts how often it was put to the test is left out: states that differ in that alone are one.
    /// What it was asked for and never had counts as nothing.
    fn memory(&self, state: &mut dyn Hasher);

    /// Whether such an event can change its memory or break its invariant; it is not shown the others.
    fn heeds(&self, event: &Event<'_>) -> bool;

    /// Whether it remembers nodes by their names. One that does not lets nodes change places, where the subject does.
    fn names_nodes(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use std::hash::DefaultHasher;

    use super::*;
    use crate::check::history::*;
    use crate::check::{CausalDelivery, NoDuplication};

    /// What a checker remembers of a history.
    fn memory(history: &History, mut checker: impl Checker<()>) -> u64 {
        for record in &history.records {
            checker.see(record, None).expect("it breaks nothing");
        }
        let mut state = DefaultHasher::new();
        checker.branch().expect("it can be a part of a state").memory(&mut state);
        state.finish()
    }

    fn delivered_at_two(timers: usize, more: bool) -> History {
        let mut history = History::default();
        history.on("n1", start(1)).on("n2", start(1)).on("n3", start(1));
        for _ in 0..timers {
            history.on("n1", timer()).on("n2", timer());
        }
        history.on("n1", broadcast(1)).on("n2", delivered("n1", 1)).on("n2", broadcast(1));
        if more {
            history.on("n3", delivered("n1", 1));
        }
        history
    }

    #[test]
    fn what_only_names_events_is_not_remembered_and_what_decides_is() {
        let (plain, renumbered, more) =
            (delivered_at_two(0, false), delivered_at_two(3, false), delivered_at_two(0, true));
        let of = |history| [memory(history, NoDuplication::default()), memory(history, CausalDelivery::default())];
        assert_eq!(of(&plain), of(&renumbered));
        for (one, other) in of(&plain).into_iter().zip(of(&more)) {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn the_copy_of_a_checker_goes_on_alone() {
        let history = delivered_at_two(0, true);
        let mut checker = NoDuplication::default();
        let mut early: Option<Box<dyn Branch<()>>> = None;
        for record in &history.records {
            // The last one is the delivery at n3.
            early = checker.branch();
            Checker::<()>::see(&mut checker, record, None).expect("it breaks nothing");
        }
        let mut twice = History::default();
        twice.on("n3", delivered("n1", 1));
        let mut early = early.expect("it was copied");
        assert!(early.see(&twice.records[0], None).is_ok(), "the copy has not seen the first delivery");
        assert!(Checker::<()>::see(&mut checker, &twice.records[0], None).is_err());
    }

    #[test]
    fn a_checker_is_shown_all_that_can_break_its_invariant() {
        let history = delivered_at_two(2, true);
        let heeded =
            |checker: &dyn Branch<()>| history.records.iter().filter(|record| checker.heeds(&record.event)).count();
        assert_eq!((heeded(&NoDuplication::default()), heeded(&CausalDelivery::default())), (4, 4));
    }
}
