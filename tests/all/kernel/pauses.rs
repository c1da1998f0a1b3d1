//! Pauses: between two steps; what comes waits, in order.

use super::player::Act::{Append, Cancel, Note, Send, Set, SyncThen};
use super::player::Cue::{Heard, Start, Synced, Timer};
use super::stage::{Stage, kill, pause, restart};

#[test]
fn what_comes_to_a_paused_node_is_handled_in_order_when_it_goes_on() {
    let seen = Stage::new(2)
        .on(2, Start(1), [Send(1, 7), Set(1, 8)])
        .on(2, Timer(1), [Send(1, 8)])
        .on(1, Start(1), [Set(3, 14), Set(2, 12)])
        .during(5..=30, pause(1))
        .run();
    assert_eq!(
        seen.of("n1")[1..],
        [
            "5ms paused",
            "30ms unpaused",
            "30ms recv n2.words#1",
            "30ms timer ring 2",
            "30ms timer ring 3",
            "30ms recv n2.words#2",
        ]
    );
    assert_eq!(seen.touched(), [4]);
}

#[test]
fn a_late_timer_that_an_earlier_input_cancels_or_moves_does_not_fire() {
    let seen = Stage::new(2)
        .on(2, Start(1), [Send(1, 7)])
        .on(1, Start(1), [Set(1, 12), Set(2, 13), Set(3, 14)])
        .on(1, Heard(7), [Cancel(1), Set(2, 20)])
        .during(5..=30, pause(1))
        .run();
    assert_eq!(seen.lines("n1", "timer"), ["30ms timer ring 3", "50ms timer ring 2"]);
}

#[test]
fn a_paused_node_that_is_killed_loses_what_waited() {
    let seen = Stage::new(2)
        .on(2, Start(1), [Send(1, 7)])
        .on(1, Start(1), [Set(1, 12)])
        .on(1, Heard(7), [Note(1)])
        .during(5..=30, pause(1))
        .at(20, restart(1))
        .run();
    assert_eq!(
        seen.of("n1")[1..],
        ["5ms paused", "20ms lost n2.words#1 (down)", "20ms killed", "20ms start boot=2",],
        "the end of its pause finds it up already"
    );
}

#[test]
fn the_disk_answers_during_a_pause_and_what_waited_goes_on_after_it() {
    let story = |killed: bool| {
        let stage = Stage::new(1).on(1, Start(1), [Append(1), SyncThen(1), Note(1)]).on(1, Synced(1), [Note(2)]);
        let stage = stage.during(3..=20, pause(1));
        let stage = if killed { stage.at(10, restart(1)) } else { stage };
        stage.run().of("n1")[3..].to_vec()
    };
    assert_eq!(story(false), ["3ms paused", "5ms synced", "20ms unpaused", "20ms fact noted 1", "20ms fact noted 2"]);
    assert_eq!(
        story(true),
        [
            "3ms paused",
            "5ms synced",
            "10ms dropped fact",
            "10ms killed",
            "10ms start boot=2 intact=1",
            "10ms fact read [1]",
        ]
    );
}

#[test]
fn what_waited_for_the_disk_goes_before_what_came_in_the_pause() {
    let seen = Stage::new(2)
        .on(2, Start(1), [Send(1, 7)])
        .on(1, Start(1), [Set(1, 8)])
        .on(1, Timer(1), [SyncThen(1), Note(1)])
        .on(1, Synced(1), [Note(2)])
        .on(1, Heard(7), [Note(3)])
        .during(9..=20, pause(1))
        .run();
    assert_eq!(seen.lines("n1", "noted"), ["20ms fact noted 1", "20ms fact noted 2", "20ms fact noted 3"]);
}

#[test]
fn a_timer_runs_on_through_a_pause() {
    let seen = Stage::new(1).on(1, Start(1), [Set(1, 40)]).during(5..=30, pause(1)).run();
    assert_eq!(seen.lines("n1", "timer"), ["40ms timer ring 1"]);
    assert_eq!(seen.touched(), [0], "nothing came while it stood still");
}

#[test]
fn a_resume_ends_a_pause() {
    let resume =
        |node| stemmata::fault::Fault::Resume(stemmata::fault::OfNodes { target: super::stage::target(&[node]) });
    let seen = Stage::new(2).at(5, pause(1)).at(9, resume(1)).at(9, resume(2)).at(12, kill(1)).at(13, resume(1)).run();
    assert_eq!(seen.of("n1")[1..], ["5ms paused", "9ms unpaused", "12ms killed"]);
    assert_eq!(seen.touched(), [0, 1, 0, 1, 0]);
}
