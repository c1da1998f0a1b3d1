//! Clocks: the wall that may be off, jump and stand still; and the monotonic one that timers run on.

use stemmata::fault::{ClockFault, Fault};
use stemmata::measure::{Drift, Offset};
use stemmata::sim::ClockError;

use super::player::Act::{Clocks, Set};
use super::player::Cue::{Start, Timer};
use super::stage::{Stage, restart, target};

const MILLI: i64 = 1_000_000;
/// What a true wall clock reads at the beginning, in milliseconds.
const DAY: i64 = 86_400_000;

/// No error of n1's clocks yet.
fn true_clock() -> ClockFault {
    ClockFault {
        target: target(&[1]),
        offset: None,
        drift: None,
        monotonic_drift: None,
        bump: None,
        freeze: false,
        monotonic_freeze: false,
    }
}

fn milli(millis: i64) -> Option<Offset> {
    Some(Offset::from_nanos(millis * MILLI))
}

/// Twice as fast, or half as fast.
fn drift(percent: i32) -> Option<Drift> {
    Some(Drift::from_ppb(percent * 10_000_000))
}

/// What n1's clocks read at each of its timers: global time, wall (without the day) and monotonic, in milliseconds.
fn readings(stage: Stage) -> Vec<(i64, i64, i64)> {
    let seen = stage.on(1, Timer(1), [Clocks, Set(1, 10)]).on(1, Start(1), [Set(1, 10)]).run();
    let of = |line: &String| {
        let (time, clocks) = line.split_once(" fact clocks [").expect("what the player notes");
        let (wall, monotonic) = clocks.trim_end_matches(']').split_once(',').expect("two clocks");
        let number = |text: &str| text.parse::<i64>().expect("nanoseconds") / MILLI;
        let time: i64 = time.trim_end_matches("ms").trim_end_matches('s').parse().expect("whole milliseconds");
        (time, number(wall) - DAY, number(monotonic))
    };
    seen.lines("n1", "clocks").iter().take(9).map(of).collect()
}

#[test]
fn true_clocks_read_the_time() {
    let times: Vec<_> = (1..=9).map(|n| (10 * n, 10 * n, 10 * n)).collect();
    assert_eq!(readings(Stage::new(1)), times);
}

#[test]
fn an_offset_goes_when_its_fault_ends_and_a_bump_stays() {
    let offset = ClockFault { offset: milli(500), ..true_clock() };
    let bump = ClockFault { bump: milli(-3_000), ..true_clock() };
    let read = readings(Stage::new(1).during(15..=45, Fault::Clock(offset)).during(65..=75, Fault::Clock(bump)));
    let walls: Vec<_> = read.iter().map(|(time, wall, _)| wall - time).collect();
    assert_eq!(walls, [0, 500, 500, 500, 0, 0, -3_000, -3_000, -3_000]);
    assert!(read.iter().all(|(time, _, monotonic)| time == monotonic), "the monotonic clock knows nothing of it");
}

#[test]
fn a_drift_bends_the_wall_and_a_freeze_stops_it() {
    let fast = ClockFault { drift: drift(100), ..true_clock() };
    let frozen = ClockFault { freeze: true, ..true_clock() };
    let read = readings(Stage::new(1).during(15..=35, Fault::Clock(fast)).during(55..=75, Fault::Clock(frozen)));
    let walls: Vec<_> = read.iter().map(|(_, wall, _)| *wall).collect();
    assert_eq!(walls, [10, 25, 45, 60, 70, 75, 75, 80, 90]);
    assert!(read.iter().all(|(time, _, monotonic)| time == monotonic));
}

#[test]
fn a_clocks_own_errors_hold_from_the_beginning() {
    let mut stage = Stage::new(1);
    let drift = Drift::from_ppb(500_000_000);
    stage.conditions.clocks =
        vec![ClockError { offset: Offset::from_nanos(40 * MILLI), drift, monotonic_drift: Drift::NONE }];
    assert_eq!(readings(stage)[..3], [(10, 55, 10), (20, 70, 20), (30, 85, 30)]);
}

#[test]
fn timers_run_on_the_monotonic_clock() {
    let timer = |percent| {
        let mut stage = Stage::new(2).all_on(Start(1), &[Set(1, 60)]);
        let error = ClockError { monotonic_drift: Drift::from_ppb(percent * 10_000_000), ..ClockError::default() };
        stage.conditions.clocks = vec![error, ClockError::default()];
        let seen = stage.run();
        assert_eq!(seen.lines("n2", "timer"), ["60ms timer ring 1"]);
        seen.lines("n1", "timer")
    };
    assert_eq!(timer(100), ["30ms timer ring 1"]);
    assert_eq!(timer(-50), ["120ms timer ring 1"]);
    let wall = ClockFault { drift: drift(100), bump: milli(999), freeze: true, ..true_clock() };
    let seen = Stage::new(1).on(1, Start(1), [Set(1, 60)]).at(1, Fault::Clock(wall)).run();
    assert_eq!(seen.lines("n1", "timer"), ["60ms timer ring 1"], "the wall moves none");
}

#[test]
fn a_change_of_the_monotonic_clock_moves_timers_under_way() {
    let fast = ClockFault { monotonic_drift: drift(100), ..true_clock() };
    let seen = Stage::new(1).on(1, Start(1), [Set(1, 60), Set(2, 100)]).during(20..=50, Fault::Clock(fast)).run();
    assert_eq!(seen.lines("n1", "timer"), ["40ms timer ring 1", "70ms timer ring 2"]);
    let slow = ClockFault { monotonic_drift: drift(-50), ..true_clock() };
    let seen = Stage::new(1).on(1, Start(1), [Set(1, 30), Set(2, 100)]).during(20..=60, Fault::Clock(slow)).run();
    assert_eq!(seen.lines("n1", "timer"), ["40ms timer ring 1", "120ms timer ring 2"]);
    let frozen = ClockFault { monotonic_freeze: true, ..true_clock() };
    let seen = Stage::new(1).on(1, Start(1), [Set(1, 30)]).during(20..=60, Fault::Clock(frozen)).run();
    assert_eq!(seen.lines("n1", "timer"), ["70ms timer ring 1"]);
}

#[test]
fn the_monotonic_clock_never_goes_back() {
    let bent = |percent| Fault::Clock(ClockFault { monotonic_drift: drift(percent), bump: milli(-50), ..true_clock() });
    let frozen = Fault::Clock(ClockFault { monotonic_freeze: true, ..true_clock() });
    let stage = Stage::new(1).during(3..=30, bent(100)).during(33..=66, bent(-90)).during(70..=80, frozen).calm_at(200);
    let seen = stage.on(1, Start(1), [Set(1, 3)]).on(1, Timer(1), [Clocks, Set(1, 3)]).run();
    let monotonic = |line: &String| {
        let (_, last) = line.trim_end_matches(']').rsplit_once(',').expect("two clocks");
        last.parse::<u64>().expect("nanoseconds")
    };
    let read: Vec<_> = seen.lines("n1", "clocks").iter().map(monotonic).collect();
    assert!(read.len() > 200 && read.is_sorted(), "{read:?}");
    assert!(seen.touched()[..2].iter().all(|count| *count > 0));
}

#[test]
fn a_clock_fault_outlives_a_restart_of_its_node() {
    let ahead = ClockFault { offset: milli(500), ..true_clock() };
    let stage = Stage::new(1).on(1, Start(2), [Set(1, 6)]).at(5, Fault::Clock(ahead)).at(14, restart(1));
    assert_eq!(readings(stage)[1], (20, 520, 20));
}

#[test]
fn the_end_of_one_fault_of_a_clock_leaves_the_others_in_force() {
    let fast = || Fault::Clock(ClockFault { drift: drift(100), ..true_clock() });
    let slow = || Fault::Clock(ClockFault { drift: drift(-50), ..true_clock() });
    let still = || Fault::Clock(ClockFault { freeze: true, ..true_clock() });
    let wall = |stage: Stage| readings(stage).iter().take(6).map(|(_, wall, _)| *wall).collect::<Vec<_>>();
    let nested = Stage::new(1).during(15..=45, fast()).during(25..=35, slow());
    assert_eq!(wall(nested), [10, 25, 37, 50, 65, 75], "it is fast again when the slow one is over");
    let in_turn = Stage::new(1).during(15..=35, fast()).during(25..=45, slow());
    assert_eq!(wall(in_turn), [10, 25, 37, 42, 50, 60], "it is slow until the slow one is over");
    let frozen = Stage::new(1).during(15..=45, still()).during(25..=35, fast());
    assert_eq!(wall(frozen), [10, 15, 15, 15, 20, 30], "no drift moves what is frozen");
    let until_the_calm = Stage::new(1).at(15, still()).at(25, fast()).calm_at(45);
    assert_eq!(wall(until_the_calm), [10, 15, 15, 15, 20, 30]);
}

#[test]
fn a_frozen_monotonic_clock_stands_still_until_every_freeze_is_over() {
    let still = || Fault::Clock(ClockFault { monotonic_freeze: true, ..true_clock() });
    let fast = || Fault::Clock(ClockFault { monotonic_drift: drift(100), ..true_clock() });
    let stage = Stage::new(1).during(15..=40, still()).during(20..=30, fast()).during(25..=45, still());
    assert_eq!(readings(stage)[..2], [(10, 10, 10), (50, 50, 20)]);
}
