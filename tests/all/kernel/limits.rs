//! What must not happen: a panic, and a time that does not pass.

use super::player::Act::{Append, Note, Panic, Send, Set, Sync};
use super::player::Cue::{Heard, Start, Timer};
use super::stage::{Stage, kill};

#[test]
fn a_panic_is_recorded_kills_the_node_and_the_run_goes_on() {
    let seen = Stage::new(2)
        .on(1, Start(1), [Append(1), Sync, Append(2), Note(1)])
        .on(2, Start(1), [Send(1, 7), Set(1, 50)])
        .on(1, Heard(7), [Note(2), Send(2, 1), Panic])
        .on(2, Timer(1), [Send(1, 8), Send(2, 9)])
        .calm_at(100)
        .run();
    assert_eq!(
        seen.of("n1")[4..],
        [
            "5ms append line 2",
            "5ms fact noted 1",
            "10ms recv n2.words#1",
            "10ms panicked \"as told\"",
            "10ms killed unsynced=1",
            "60ms lost n2.words#2 (down)",
            "100ms start boot=2 intact=1",
            "100ms fact read [1]",
        ],
        "a step that panics has no effects"
    );
    assert_eq!(seen.lines("n2", "recv"), ["60ms recv n2.words#3"]);
    let numbers = seen.numbers("n1");
    assert!((1..).zip(&numbers).all(|(expected, number)| expected == *number), "{numbers:?}");
}

#[test]
fn a_panic_at_a_start_kills_the_node() {
    let seen = Stage::new(1).on(1, Start(1), [Panic]).on(1, Start(2), [Note(1)]).calm_at(20).run();
    assert_eq!(
        seen.of("n1"),
        ["0ms start boot=1", "0ms panicked \"as told\"", "0ms killed", "20ms start boot=2", "20ms fact noted 1"]
    );
}

#[test]
fn a_million_events_at_one_instant_are_the_end() {
    let seen = Stage::new(2)
        .on(1, Start(1), [Set(1, 5)])
        .on(1, Timer(1), [Set(1, 0)])
        .on(2, Start(1), [Set(1, 6)])
        .at(7, kill(1))
        .run();
    assert_eq!(seen.of("env"), ["5ms stuck events=1000000", "5ms fault 1 touched 0"]);
    assert_eq!(seen.numbers("n1").len(), 1_000_001, "a start and a million timers");
    assert_eq!(seen.of("n2").len(), 1);
}

#[test]
fn more_than_a_million_events_at_many_instants_are_not() {
    let mut stage = Stage::new(1).on(1, Start(1), [Set(1, 1)]).on(1, Timer(1), [Set(1, 1)]);
    stage.conditions.end = super::stage::at(1_000_010);
    let seen = stage.run();
    assert!(seen.numbers("env").is_empty(), "the time passes");
    assert_eq!(seen.numbers("n1").len(), 1_000_011);
}
