//! Tests of checkers in explorations: copies that continue independently, and are identified if they hash alike.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::history::*;
use super::{AnyChecker, CausalDelivery, Checker, Common, Exploring, NoDuplication, Shown};

/// The checker after a history that does not violate its invariant.
fn after(history: &History, checker: impl Checker<()>) -> AnyChecker<()> {
    let mut checker = AnyChecker::new(checker);
    for record in &history.records {
        checker.see(&Shown::new(record, None, &Common::default())).expect("it breaks nothing");
    }
    checker
}

/// The hash of its memory after a history.
fn memory(history: &History, checker: impl Checker<()>) -> u64 {
    let mut state = DefaultHasher::new();
    after(history, checker).hash(&mut state);
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
    let (plain, renumbered, more) = (delivered_at_two(0, false), delivered_at_two(3, false), delivered_at_two(0, true));
    let of = |history| [memory(history, NoDuplication::default()), memory(history, CausalDelivery::default())];
    assert_eq!(of(&plain), of(&renumbered));
    for (one, other) in of(&plain).into_iter().zip(of(&more)) {
        assert_ne!(one, other);
    }
}

#[test]
fn the_copy_of_a_checker_goes_on_alone() {
    let mut checker = after(&delivered_at_two(0, false), NoDuplication::default());
    let mut copy = checker.clone();
    let mut history = History::default();
    history.on("n3", delivered("n1", 1));
    let common = Common::default();
    let shown = Shown::new(&history.records[0], None, &common);
    assert!(checker.see(&shown).is_ok() && checker.see(&shown).is_err());
    assert!(copy.see(&shown).is_ok(), "the copy has not seen the first delivery");
}

#[test]
fn a_checker_is_shown_all_that_can_break_its_invariant_and_no_more() {
    let history = delivered_at_two(2, true);
    for checker in [AnyChecker::<()>::new(NoDuplication::default()), AnyChecker::new(CausalDelivery::default())] {
        let wanted = history.records.iter().filter(|record| checker.wants().has(&record.event)).count();
        assert_eq!((checker.explored(), wanted), (Exploring::Always, 4));
    }
}
