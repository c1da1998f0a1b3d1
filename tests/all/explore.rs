//! Exploring: counts that are known from elsewhere, ways that are runs, and what is refused.

mod clockwork;
mod mail;
mod two_phase;

use stemmata::hunt::explore::{End, Explored, Limits, Order, Progress, Watch, explore};
use stemmata::run::explore::{Exploration, Space};

/// Searches a space, whatever it takes.
fn search(space: &dyn Space, judged: usize, limits: &Limits) -> Explored {
    explore(space, judged, limits, Watch { go_on: &|| true, tell: &|_: Progress| {} })
}

#[test]
fn two_phase_commit_has_the_states_that_others_count() {
    let one = Limits { threads: 1, ..Limits::default() };
    for (resources, states) in [(3, 288), (5, 8_832)] {
        let explored = search(&two_phase::maze(resources), 0, &one);
        assert_eq!((explored.states, explored.end), (states, End::Complete), "{explored:?}");
    }
}

#[test]
fn seven_resources_have_the_states_that_others_count_in_any_order_and_on_any_threads() {
    let (two, deep) = (Limits { threads: 2, ..Limits::default() }, Limits { order: Order::Depth, ..Limits::default() });
    for limits in [two, deep] {
        let explored = search(&two_phase::maze(7), 0, &limits);
        assert_eq!((explored.states, explored.end), (296_448, End::Complete), "{explored:?}");
        let bytes = explored.bytes / explored.states;
        assert!(bytes <= 24, "{bytes} bytes a visited state");
    }
}

/// The way to what is looked for.
fn way(exploration: &Exploration) -> Vec<u32> {
    let one = Limits { threads: 1, ..Limits::default() };
    search(&*exploration.space, exploration.judged.len(), &one).way.expect("it is found")
}
