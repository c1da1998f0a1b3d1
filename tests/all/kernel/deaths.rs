//! Deaths: between any two effects, with all that was not durable.

use stemmata::fault::{Crash, Fault, Restart};

use super::player::Act::{Append, Note, Send, Set, Sync, SyncThen};
use super::player::Cue::{Heard, Start, Synced, Timer};
use super::stage::{Stage, kill, kill_after, restart, target};

/// A step with five effects and a timer among them, which is none.
fn five() -> Stage {
    Stage::new(2).on(1, Start(1), [Set(1, 20)]).on(
        1,
        Timer(1),
        [Note(1), Set(2, 9), Send(2, 1), Note(2), Send(2, 2), Note(3)],
    )
}

#[test]
fn a_kill_after_effects_falls_between_exactly_these_two() {
    let whole = [
        "fact noted 1",
        "send n1.words#1 -> n2 word 1",
        "fact noted 2",
        "send n1.words#2 -> n2 word 2",
        "fact noted 3",
    ];
    let cut = ["dropped fact", "dropped send n1.words#1", "dropped fact", "dropped send n1.words#2", "dropped fact"];
    for after in 0..=5_usize {
        let seen = five().at(10, kill_after(1, u32::try_from(after).expect("small"))).run();
        let mut expected = vec!["20ms timer ring 1".to_owned()];
        expected.extend(whole[..after].iter().chain(&cut[after..]).map(|what| format!("20ms {what}")));
        expected.extend((after < 5).then(|| "20ms killed".to_owned()));
        expected.extend((after == 5).then(|| "29ms timer ring 2".to_owned()));
        assert_eq!(seen.of("n1")[1..], expected, "after {after}");
        let numbers: Vec<_> =
            seen.records().filter(|r| r.id.to_string().starts_with("n1#")).map(|r| r.id.number).collect();
        assert!(numbers.is_sorted(), "dropped effects keep their ids: {numbers:?}");
        assert_eq!(seen.touched(), [u64::from(after < 5)]);
    }
}

#[test]
fn a_kill_after_effects_waits_for_a_step_that_has_more() {
    let seen = Stage::new(1)
        .on(1, Start(1), [Set(1, 20), Set(2, 30)])
        .on(1, Timer(1), [Note(1), Note(2)])
        .on(1, Timer(2), [Note(3), Note(4), Note(5)])
        .during(10..=50, kill_after(1, 2))
        .run();
    assert_eq!(
        seen.of("n1")[4..],
        [
            "30ms timer ring 2",
            "30ms fact noted 3",
            "30ms fact noted 4",
            "30ms dropped fact",
            "30ms killed",
            "70ms start boot=2",
        ],
        "it stays down for as long as the fault lasts, from its death on"
    );
}

#[test]
fn a_death_inside_a_step_may_come_after_its_sync() {
    let seen = Stage::new(1)
        .on(1, Start(1), [Set(1, 20)])
        .on(1, Timer(1), [Append(1), Sync, Note(1), Note(2)])
        .at(10, Fault::Restart(Restart { target: target(&[1]), wipe: false, after_effects: Some(3) }))
        .run();
    assert_eq!(
        seen.of("n1")[2..],
        [
            "20ms append line 1",
            "20ms sync",
            "25ms synced",
            "25ms fact noted 1",
            "25ms dropped fact",
            "25ms killed",
            "25ms start boot=2 intact=1",
            "25ms fact read [1]",
        ]
    );
}

#[test]
fn nothing_unsynced_survives_and_nothing_synced_is_lost() {
    let seen = Stage::new(1)
        .on(1, Start(1), [Append(1), Append(2), Sync, Append(3), Sync, Append(4)])
        .at(8, restart(1))
        .on(1, Start(2), [Append(5), Sync, Append(6)])
        .at(20, restart(1))
        .run();
    assert_eq!(seen.lines("n1", "killed"), ["8ms killed unsynced=1", "20ms killed unsynced=1"]);
    assert_eq!(seen.lines("n1", "read"), ["8ms fact read [1,2]", "20ms fact read [1,2,5]"]);
    assert_eq!(seen.lines("n1", "dropped"), ["8ms dropped append"], "what stood behind the sync under way");
}

#[test]
fn the_disks_answer_to_a_dead_boot_is_no_answer_to_the_next() {
    let seen = Stage::new(1)
        .on(1, Start(1), [Append(1), SyncThen(1), Note(1)])
        .on(1, Start(2), [Append(2), SyncThen(1), Note(2)])
        .on(1, Synced(1), [Note(3)])
        .at(3, restart(1))
        .run();
    assert_eq!(
        seen.of("n1")[3..],
        [
            "3ms dropped fact",
            "3ms killed unsynced=1",
            "3ms start boot=2",
            "3ms append line 2",
            "3ms sync",
            "8ms synced",
            "8ms fact noted 2",
            "8ms fact noted 3",
        ]
    );
}

#[test]
fn timers_do_not_survive_a_kill() {
    let seen =
        Stage::new(1).on(1, Start(1), [Set(1, 20), Set(2, 30)]).on(1, Start(2), [Set(1, 40)]).at(10, restart(1)).run();
    assert_eq!(seen.lines("n1", "timer"), ["50ms timer ring 1"]);
}

#[test]
fn the_dead_get_no_messages_and_no_commands() {
    let seen = Stage::new(2).on(2, Start(1), [Send(1, 7)]).on(1, Heard(7), [Note(1)]).during(5..=15, kill(1)).run();
    assert_eq!(seen.of("n1")[1..], ["5ms killed", "10ms lost n2.words#1 (down)", "15ms start boot=2"]);
}

#[test]
fn a_kill_of_the_dead_touches_nothing() {
    let seen = Stage::new(1).at(5, kill(1)).at(6, kill(1)).at(7, kill_after(1, 0)).run();
    assert_eq!(seen.touched(), [1, 0, 0]);
    assert_eq!(seen.lines("n1", "killed"), ["5ms killed"]);
}

#[test]
fn a_restart_brings_up_who_was_dead() {
    let after = Fault::Restart(Restart { target: target(&[1]), wipe: false, after_effects: Some(9) });
    let seen = Stage::new(1).at(5, kill(1)).at(6, after).run();
    assert_eq!(seen.of("n1")[1..], ["5ms killed", "6ms start boot=2"]);
}

#[test]
fn a_kill_of_several_brings_all_of_them_back_at_its_end() {
    let both = Fault::Kill(Crash { target: target(&[1, 2]), after_effects: None });
    let seen = Stage::new(3).during(5..=9, both).run();
    assert_eq!(seen.touched(), [2]);
    for node in ["n1", "n2"] {
        assert_eq!(seen.of(node)[1..], ["5ms killed", "9ms start boot=2"]);
    }
    assert_eq!(seen.of("n3"), ["0ms start boot=1"]);
}
