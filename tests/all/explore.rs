//! Exploring: counts that are known from elsewhere, ways that are runs, and what is refused.

mod channel;
mod clockwork;
mod copy;
mod mail;
mod two_phase;

use stemmata::hunt::explore::{End, Explored, Limits, Order, Progress, Watch, explore};
use stemmata::run::explore::{Exploration, Space};
use stemmata::scenario::ScenarioFile;

use crate::pins::assert_pinned;
use crate::support::{load, parse, subject_of};

/// Searches a space, whatever it takes.
fn search(space: &dyn Space, limits: &Limits) -> Explored {
    explore(space, limits, Watch { go_on: &|| true, tell: &|_: Progress| {} })
}

#[test]
fn two_phase_commit_has_the_states_that_others_count() {
    let one = Limits { threads: 1, ..Limits::default() };
    for (resources, states) in [(3, 288), (5, 8_832)] {
        let explored = search(&two_phase::state_space(resources), &one);
        assert_eq!((explored.states, explored.end), (states, End::Complete), "{explored:?}");
    }
}

#[test]
fn seven_resources_have_the_states_that_others_count_in_any_order_and_on_any_threads() {
    let (two, deep) = (Limits { threads: 2, ..Limits::default() }, Limits { order: Order::Depth, ..Limits::default() });
    for limits in [two, deep] {
        let explored = search(&two_phase::state_space(7), &limits);
        assert_eq!((explored.states, explored.end), (296_448, End::Complete), "{explored:?}");
        let bytes = explored.bytes / explored.states;
        assert!(bytes <= 24, "{bytes} bytes a visited state");
    }
}

#[test]
fn resources_that_may_change_places_leave_the_states_in_which_they_are_counted() {
    for resources in [2, 3, 5, 7] {
        let state_space = two_phase::state_space(resources).interchanging(two_phase::symmetry(resources));
        let explored = search(&state_space, &Limits { threads: 1, ..Limits::default() });
        let expected = two_phase::unnamed_states(resources as usize);
        assert_eq!((explored.states, explored.end), (expected, End::Complete), "{explored:?}");
    }
    assert_eq!([3, 5, 7].map(two_phase::unnamed_states), [80, 314, 920]);
}

/// A built-in scenario, explored breadth-first on one thread.
fn small(name: &str, flaw: Option<&str>) -> (Explored, Vec<String>) {
    explored(&load(name).with_flaws(flaw.as_slice()).expect("a known flaw"))
}

/// The same under another budget.
fn budgeted(name: &str, budget: &str, flaw: Option<&str>) -> (Explored, Vec<String>) {
    explored(&with_budget(name, budget).with_flaws(flaw.as_slice()).expect("a known flaw"))
}

fn with_budget(name: &str, budget: &str) -> ScenarioFile {
    let path = format!("{}/scenarios/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("it is shipped");
    let (before, _) = text.split_once("\"explore\":").expect("it has a budget");
    parse(&format!("{before}\"explore\": {budget} }}"))
}

fn explored(file: &ScenarioFile) -> (Explored, Vec<String>) {
    explored_to(file, None)
}

fn explored_to(file: &ScenarioFile, depth: Option<u32>) -> (Explored, Vec<String>) {
    let resolved = file.resolve(file.seed()).expect("it resolves");
    let exploration = subject_of(file).explore(&resolved).expect("it can be explored");
    let explored = search(&*exploration.space, &Limits { threads: 1, depth, ..Limits::default() });
    let outcome = explored.path.as_deref().map(|path| exploration.retrace(path));
    let fallen = outcome.iter().flat_map(|outcome| &outcome.judgements);
    let fallen = fallen.filter(|judged| judged.verdict.violation().is_some());
    let fallen = fallen.map(|judged| judged.invariant.clone()).collect();
    (explored, fallen)
}

#[test]
fn small_worlds_of_locks_are_seen_whole() {
    for name in ["locks-tiny", "locks-pair", "channel-tiny"] {
        let (explored, fallen) = small(name, None);
        assert_eq!((explored.end, fallen), (End::Complete, Vec::new()), "{name}");
        assert_pinned(&format!("states of {name}"), explored.states);
        assert!(explored.exercised.count_ones() >= 2, "{name}: {explored:?}");
    }
}

#[test]
fn a_node_that_dies_and_starts_again_meets_its_peers_anew() {
    for budget in [r#"{ "crashes": 1, "timers": 0 }"#, r#"{ "loss": 1, "crashes": 1, "timers": 0 }"#] {
        let (explored, fallen) = budgeted("locks-pair", budget, None);
        assert_eq!((explored.end, fallen), (End::Complete, Vec::new()), "{budget}");
        assert_pinned(&format!("states of locks-pair with {budget}"), explored.states);
    }
    let (explored, fallen) = budgeted("locks-pair", r#"{ "crashes": 1, "timers": 0 }"#, Some("l03"));
    assert_eq!((explored.end, fallen), (End::Found, vec!["fair-order".to_owned()]), "{explored:?}");
}

#[test]
fn errata_of_locks_are_found_on_a_shortest_way() {
    let found = [
        ("locks-tiny", "e20", "lock-exclusion", 13),
        ("locks-tiny", "e23", "lock-exclusion", 13),
        ("locks-tiny", "e32", "lock-exclusion", 13),
        ("locks-tiny", "l01", "lock-exclusion", 13),
        ("locks-pair", "e21", "no-starvation", 16),
    ];
    for (name, flaw, invariant, steps) in found {
        let (Explored { end, path, .. }, fallen) = small(name, Some(flaw));
        assert_eq!((end, path.map(|path| path.len())), (End::Found, Some(steps)), "{name} with {flaw}");
        assert!(fallen.iter().any(|fell| fell == invariant), "{name} with {flaw}: {fallen:?}");
    }
}

#[test]
fn small_worlds_of_consensus_hold_to_a_depth() {
    for (name, depth) in [("consensus-tiny", 16), ("consensus-three", 8), ("consensus-elected", 10)] {
        let (explored, fallen) = explored_to(&load(name), Some(depth));
        assert_eq!((explored.end, fallen), (End::Depth, Vec::new()), "{name}");
        assert_pinned(&format!("states of {name} to depth {depth}"), explored.states);
    }
}

#[test]
fn a_small_world_of_replicas_holds_to_a_depth() {
    let (explored, fallen) = explored_to(&load("replicas-tiny"), Some(5));
    assert_eq!((explored.end, fallen), (End::Depth, Vec::new()));
    assert_pinned("states of replicas-tiny to depth 5", explored.states);
    for (flaw, invariant, steps) in
        [("e11", "no-regression", 3), ("s04", "no-resurrection", 3), ("s08", "no-resurrection", 4)]
    {
        let (Explored { end, path, .. }, fallen) = small("replicas-tiny", Some(flaw));
        assert_eq!((end, path.map(|path| path.len())), (End::Found, Some(steps)), "{flaw}");
        assert!(fallen.iter().any(|fell| fell == invariant), "{flaw}: {fallen:?}");
    }
}

#[test]
fn a_small_world_of_transactions_holds_to_a_depth_and_without_timers_to_its_end() {
    let (explored, fallen) = explored_to(&load("transactions-tiny"), Some(9));
    assert_eq!((explored.end, fallen), (End::Depth, Vec::new()));
    assert_pinned("states of transactions-tiny to depth 9", explored.states);
    let budget = r#"{ "crashes": 1, "loss": 1, "timers": 0 }"#;
    let (explored, fallen) = budgeted("transactions-tiny", budget, None);
    assert_eq!((explored.end, fallen), (End::Complete, Vec::new()));
    assert_pinned(&format!("states of transactions-tiny with {budget}"), explored.states);
    let (Explored { end, path, .. }, fallen) = small("transactions-tiny", Some("x01"));
    assert_eq!((end, path.map(|path| path.len())), (End::Found, Some(6)));
    assert_eq!(fallen, ["commit-validity"]);
}

/// From the boot no way of so few steps decides anything.
#[test]
fn a_world_that_begins_after_the_election_puts_every_invariant_to_the_test() {
    for (name, depth, decides) in [("consensus-three", 8, false), ("consensus-elected", 10, true)] {
        let file = load(name);
        let exploration = subject_of(&file).explore(&file.resolve(file.seed()).expect("it resolves"));
        let exploration = exploration.expect("it can be explored");
        let limits = Limits { threads: 1, depth: Some(depth), ..Limits::default() };
        let explored = search(&*exploration.space, &limits);
        let tested = |(bit, _): &(usize, &&str)| explored.exercised >> bit & 1 == 1;
        let tested: Vec<_> = exploration.judged.iter().enumerate().filter(tested).map(|(_, name)| *name).collect();
        let all = ["agreement", "validity", "quorum-evidence", "election-safety", "log-order"];
        assert_eq!(all.iter().all(|name| tested.contains(name)), decides, "{name}: {tested:?}");
    }
}

/// The timer that ran out in the beginning may do so once more.
#[test]
fn a_beginning_uses_nothing_of_the_budget() {
    let file = with_budget("consensus-tiny", r#"{ "timers": 1, "after": "consensus.elected" }"#);
    let (explored, fallen) = explored_to(&file, Some(10));
    assert_eq!((explored.end, fallen), (End::Depth, Vec::new()));
    assert_pinned("states of consensus-tiny behind an election, to depth 10", explored.states);
}

/// Two voters of which one has been elected: all that may become of one slot.
#[test]
fn a_world_that_begins_after_a_fact_is_seen_whole() {
    let budget = r#"{ "loss": 1, "crashes": 1, "timers": 0, "after": "consensus.elected" }"#;
    let (explored, fallen) = budgeted("consensus-tiny", budget, None);
    assert_eq!((explored.end, fallen), (End::Complete, Vec::new()));
    assert_pinned(&format!("states of consensus-tiny with {budget}"), explored.states);
    for (flaw, steps) in [("e28", 5), ("k10", 8), ("k06", 9)] {
        let (Explored { end, path, .. }, fallen) = small("consensus-elected", Some(flaw));
        assert_eq!((end, path.map(|path| path.len())), (End::Found, Some(steps)), "{flaw}");
        assert_eq!(fallen, ["quorum-evidence"], "{flaw}");
    }
}

#[test]
fn errata_of_consensus_are_found_on_a_shortest_way() {
    let found = [
        ("e01", "election-safety", 3),
        ("e02", "election-safety", 3),
        ("e28", "quorum-evidence", 8),
        ("k10", "quorum-evidence", 13),
        ("k06", "quorum-evidence", 14),
        ("e24", "quorum-evidence", 15),
    ];
    for (flaw, invariant, steps) in found {
        let (Explored { end, path, .. }, fallen) = small("consensus-tiny", Some(flaw));
        assert_eq!((end, path.map(|path| path.len())), (End::Found, Some(steps)), "{flaw}");
        assert!(fallen.iter().any(|fell| fell == invariant), "{flaw}: {fallen:?}");
    }
}

/// What is written down is asked too, whenever it may be; and what one client asks, in its order.
#[test]
fn written_operations_are_explored_like_those_of_a_workload() {
    let world = |operations: &str| {
        let text = format!(
            r#"{{ "nodes": 1, "protocols": {{ "consensus": {{}} }}, "operations": [{operations}], "explore": {{ "timers": 0 }} }}"#
        );
        let (explored, fallen) = explored(&parse(&text));
        assert_eq!((explored.end, fallen), (End::Complete, Vec::new()), "{text}");
        explored.states
    };
    let open = |op| format!(r#"{{ "at": "1s", "op": "{op}", "to": "n1", "command": {{ "store": "open" }} }}"#);
    let states = [
        world(""),
        world(&open("c1#1")),
        world(&[open("c1#1"), open("c1#2")].join(",")),
        world(&[open("c1#1"), open("c2#1")].join(",")),
    ];
    assert_eq!(states, [1, 2, 3, 4], "none, one, one after the other, each before the other");
}

/// The way to what is looked for.
fn path(exploration: &Exploration) -> Vec<u32> {
    let one = Limits { threads: 1, ..Limits::default() };
    search(&*exploration.space, &one).path.expect("it is found")
}
