//! Faults that a fact sets off: right after its record, before the step's next effect.

use super::player::Act::{Alarm, Append, Note, Send, Set, Sync};
use super::player::Cue::{Start, Timer};
use super::stage::{Stage, kill, pause, restart, split};

#[test]
fn a_kill_at_a_fact_comes_before_the_next_effect() {
    let seen = Stage::new(2).on(1, Start(1), [Note(1), Alarm, Send(2, 1), Note(2)]).at_alarm(1, kill(1)).run();
    assert_eq!(
        seen.of("n1")[1..],
        ["0ms fact noted 1", "0ms fact alarm", "0ms dropped send n1.words#1", "0ms dropped fact", "0ms killed",]
    );
    assert_eq!(seen.of("n2"), ["0ms start boot=1"]);
}

#[test]
fn a_fault_acts_at_the_nth_fact_of_all_nodes_together() {
    let seen = Stage::new(2)
        .all_on(Start(1), &[Set(1, 10)])
        .all_on(Timer(1), &[Alarm, Note(1), Set(1, 10)])
        .at_alarm(3, restart(1))
        .run();
    assert_eq!(seen.lines("n1", "killed"), ["20ms killed"]);
    assert_eq!(seen.lines("n2", "killed").len(), 0);
    assert_eq!(seen.lines("env", "restart"), ["20ms fault restart n1"]);
}

#[test]
fn a_partition_at_a_fact_loses_the_very_next_send() {
    let seen = Stage::new(2)
        .on(1, Start(1), [Set(1, 20)])
        .on(1, Timer(1), [Send(2, 1), Alarm, Send(2, 2)])
        .on(2, Start(1), [Set(1, 21)])
        .on(2, Timer(1), [Send(1, 3)])
        .at_alarm(1, split(&[&[1]]))
        .run();
    let lost = ["30ms lost n1.words#1 (partition)", "30ms lost n1.words#2 (partition)"];
    assert_eq!(seen.lines("n2", "lost"), lost, "the one before was under way");
    assert_eq!(seen.lines("n1", "lost"), ["31ms lost n2.words#1 (partition)"]);
    assert_eq!(seen.touched(), [3]);
}

#[test]
fn a_kill_of_another_node_at_a_fact_comes_before_the_next_effect() {
    let seen = Stage::new(2).on(1, Start(1), [Set(1, 20)]).on(1, Timer(1), [Alarm, Note(1)]).at_alarm(1, kill(2)).run();
    let all: Vec<_> = seen.records().map(|record| record.id.to_string()).collect();
    let place = |id: &str| all.iter().position(|known| known == id).expect("it is there");
    assert!(place("n1#3") < place("env#1") && place("env#1") < place("n2#2") && place("n2#2") < place("n1#4"));
}

#[test]
fn a_pause_at_a_fact_stops_the_step_until_the_resume() {
    let mut stage = Stage::new(1).on(1, Start(1), [Alarm, Append(1), Sync, Note(1)]).at_alarm(1, pause(1));
    stage.conditions.faults.faults[0].lasts = Some(stemmata::time::Span::from_millis(7));
    assert_eq!(
        stage.run().of("n1")[1..],
        [
            "0ms fact alarm",
            "0ms paused",
            "7ms unpaused",
            "7ms append line 1",
            "7ms sync",
            "12ms synced",
            "12ms fact noted 1",
        ]
    );
}

#[test]
fn a_fact_behind_a_sync_sets_its_fault_off_when_it_comes_to_be() {
    let seen = Stage::new(1).on(1, Start(1), [Append(1), Sync, Alarm, Note(1)]).at_alarm(1, restart(1)).run();
    assert_eq!(
        seen.of("n1")[3..],
        [
            "5ms synced",
            "5ms fact alarm",
            "5ms dropped fact",
            "5ms killed",
            "5ms start boot=2 intact=1",
            "5ms fact read [1]",
        ]
    );
}

#[test]
fn two_faults_at_one_fact_act_in_file_order() {
    let seen = Stage::new(1).on(1, Start(1), [Alarm, Note(1)]).at_alarm(1, pause(1)).at_alarm(1, restart(1)).run();
    assert_eq!(
        seen.of("n1")[1..],
        ["0ms fact alarm", "0ms paused", "0ms dropped fact", "0ms killed", "0ms start boot=2"]
    );
}
