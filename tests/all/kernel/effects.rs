//! Effects: in order, behind their syncs, with the ids of their calls.

use super::player::Act::{Alarm, Append, Cancel, Note, Send, Set, Sync, SyncThen};
use super::player::Cue::{Heard, Start, Synced, Timer};
use super::stage::{Stage, kill, pause};

#[test]
fn effects_after_a_sync_wait_for_the_disk_in_this_step_and_in_later_ones() {
    let seen = Stage::new(2)
        .on(2, Start(1), [Send(1, 7), Send(1, 8)])
        .on(1, Heard(7), [Note(1), Append(1), Sync, Note(2), Send(2, 1)])
        .on(1, Heard(8), [Note(3)])
        .run();
    assert_eq!(
        seen.of("n1"),
        [
            "0ms start boot=1",
            "10ms recv n2.words#1",
            "10ms fact noted 1",
            "10ms append line 1",
            "10ms sync",
            "10ms recv n2.words#2",
            "15ms synced",
            "15ms fact noted 2",
            "15ms send n1.words#1 -> n2 word 1",
            "15ms fact noted 3",
        ]
    );
}

#[test]
fn syncs_are_answered_one_after_another() {
    let seen = Stage::new(1).on(1, Start(1), [Append(1), Sync, Append(2), Sync, Note(1)]).run();
    assert_eq!(seen.lines("n1", "sync"), ["0ms sync", "5ms synced", "5ms sync", "10ms synced"]);
    assert_eq!(seen.lines("n1", "noted"), ["10ms fact noted 1"]);
}

#[test]
fn timers_do_not_wait_for_the_disk() {
    let seen = Stage::new(1)
        .on(1, Start(1), [Set(2, 3), Sync, Set(1, 2), Cancel(2), Note(1)])
        .on(1, Timer(1), [Note(2)])
        .run();
    assert_eq!(
        seen.of("n1")[1..],
        ["0ms sync", "2ms timer ring 1", "5ms synced", "5ms fact noted 1", "5ms fact noted 2"]
    );
}

#[test]
fn the_completion_step_comes_after_the_effects_that_waited() {
    let seen = Stage::new(2)
        .on(2, Start(1), [Send(1, 7)])
        .on(1, Start(1), [Set(1, 8), Set(2, 12)])
        .on(1, Timer(1), [SyncThen(1), Note(1)])
        .on(1, Heard(7), [Note(2)])
        .on(1, Timer(2), [Note(3)])
        .on(1, Synced(1), [Note(4), SyncThen(2), Note(5)])
        .on(1, Synced(2), [Note(6)])
        .run();
    assert_eq!(
        seen.lines("n1", "noted"),
        [
            "13ms fact noted 1",
            "13ms fact noted 2",
            "13ms fact noted 3",
            "13ms fact noted 4",
            "18ms fact noted 5",
            "18ms fact noted 6",
        ]
    );
}

#[test]
fn a_completion_step_comes_before_the_effects_behind_the_next_sync() {
    let seen =
        Stage::new(1).on(1, Start(1), [SyncThen(1), Note(1), SyncThen(2), Note(2)]).on(1, Synced(1), [Note(9)]).run();
    assert_eq!(seen.lines("n1", "noted"), ["5ms fact noted 1", "10ms fact noted 2", "10ms fact noted 9"]);
    assert_eq!(seen.numbers("n1"), (1..=8).collect::<Vec<_>>());
}

#[test]
fn a_completion_that_is_asked_for_twice_runs_twice() {
    let seen = Stage::new(1).on(1, Start(1), [SyncThen(7), SyncThen(7)]).on(1, Synced(7), [Note(9)]).run();
    assert_eq!(seen.lines("n1", "noted"), ["10ms fact noted 9", "10ms fact noted 9"]);
}

#[test]
fn no_completion_step_comes_after_a_death_among_the_effects_that_waited() {
    let seen =
        Stage::new(1).on(1, Start(1), [SyncThen(1), Alarm]).on(1, Synced(1), [Note(1)]).at_alarm(1, kill(1)).run();
    assert_eq!(seen.of("n1")[1..], ["0ms sync", "5ms synced", "5ms fact alarm", "5ms killed"]);
}

#[test]
fn ids_are_given_at_the_call() {
    let seen = Stage::new(2)
        .on(2, Start(1), [Send(1, 7)])
        .on(1, Start(1), [Set(1, 8)])
        .on(1, Timer(1), [Sync, Note(1), Send(2, 1)])
        .on(1, Heard(7), [Send(2, 2)])
        .run();
    let ids: Vec<_> = seen.records().filter(|record| record.id.to_string().starts_with("n1#")).collect();
    let ids: Vec<_> = ids.iter().map(|record| record.id.number).collect();
    assert_eq!(ids, [1, 2, 3, 6, 8, 4, 5, 7], "start, timer, sync, recv, synced, and what waited");
    assert_eq!(seen.lines("n1", "send"), ["13ms send n1.words#1 -> n2 word 1", "13ms send n1.words#2 -> n2 word 2"]);
}

#[test]
fn numbers_have_no_gaps_and_no_doubles_whatever_happens() {
    let busy = [Note(1), Append(1), Sync, Send(1, 1), Send(2, 1), Note(2), Alarm, SyncThen(1), Note(3), Set(1, 7)];
    let seen = Stage::new(3)
        .all_on(Start(1), &busy)
        .all_on(Start(2), &busy)
        .all_on(Timer(1), &busy)
        .all_on(Heard(1), &[Append(2), Sync, Note(4)])
        .during(12..=30, kill(1))
        .during(33..=39, pause(2))
        .at_alarm(20, kill(3))
        .calm_at(500)
        .run();
    for actor in ["n1", "n2", "n3", "env"] {
        let numbers = seen.numbers(actor);
        assert!(actor == "env" || numbers.len() > 300, "{actor} does something");
        assert!((1..).zip(&numbers).all(|(expected, number)| expected == *number), "{actor}: {numbers:?}");
    }
}

#[test]
fn what_still_waits_at_the_end_never_came_to_be() {
    let mut stage = Stage::new(1).on(1, Start(1), [Sync, Send(1, 1), Note(1)]);
    stage.conditions.end = super::stage::at(3);
    assert_eq!(stage.run().of("n1")[1..], ["0ms sync", "3ms dropped send n1.words#1", "3ms dropped fact"]);
}
