//! Disks: torn, damaged, wiped, failing, slow.

use stemmata::fault::{DiskFault, Fault, Harm, Restart};
use stemmata::time::Span;

use super::player::Act::{Append, Note, Rewrite, Set, Sync};
use super::player::Cue::{Start, Timer};
use super::stage::{Stage, restart, target};

fn disk(harm: Harm) -> Fault {
    Fault::Disk(DiskFault { target: target(&[1]), harm })
}

#[test]
fn a_torn_disk_leaves_one_torn_entry_that_is_seen_once() {
    let seen = Stage::new(1)
        .with_disks(&[1])
        .on(1, Start(1), [Append(2), Append(3), Append(4)])
        .at(5, disk(Harm::Torn))
        .at(10, restart(1))
        .at(20, restart(1))
        .run();
    assert_eq!(
        seen.lines("n1", "start"),
        ["0ms start boot=1 intact=1", "10ms start boot=2 intact=1 torn=1", "20ms start boot=3 intact=1",]
    );
    assert_eq!(seen.lines("n1", "read")[1..], ["10ms fact read [1,torn]", "20ms fact read [1]"]);
    assert_eq!(seen.touched(), [1, 1, 1]);
}

#[test]
fn a_crash_with_nothing_unsynced_tears_nothing_and_the_fault_waits_on() {
    let seen = Stage::new(1)
        .on(1, Start(1), [Append(1), Sync])
        .on(1, Start(2), [Append(2)])
        .at(6, disk(Harm::Torn))
        .at(10, restart(1))
        .at(20, restart(1))
        .run();
    assert_eq!(seen.lines("n1", "read"), ["10ms fact read [1]", "20ms fact read [1,torn]"]);
    assert_eq!(seen.touched()[0], 1);
}

#[test]
fn without_the_fault_no_crash_tears_anything() {
    let seen = Stage::new(1).on(1, Start(1), [Append(1)]).at(10, restart(1)).run();
    assert_eq!(seen.lines("n1", "start")[1..], ["10ms start boot=2"]);
}

#[test]
fn damage_is_handed_over_until_it_is_written_over() {
    let seen = Stage::new(1)
        .with_disks(&[1])
        .on(1, Start(2), [Append(2), Sync])
        .on(1, Start(3), [Rewrite(vec![9]), Sync])
        .at(5, disk(Harm::Damage))
        .at(10, restart(1))
        .at(20, restart(1))
        .at(30, restart(1))
        .run();
    assert_eq!(
        seen.lines("n1", "read")[1..],
        ["10ms fact read [damaged]", "20ms fact read [damaged,2]", "30ms fact read [9]",]
    );
    assert_eq!(seen.touched()[0], 1);
}

#[test]
fn damage_strikes_one_entry_only() {
    let seen = Stage::new(1).with_disks(&[1, 2, 3, 4]).at(5, disk(Harm::Damage)).at(10, restart(1)).run();
    assert_eq!(seen.lines("n1", "start")[1..], ["10ms start boot=2 damaged=1 intact=3"]);
}

#[test]
fn a_wipe_empties_the_disk_but_the_boots_are_counted_on() {
    let wipe = Fault::Restart(Restart { target: target(&[1]), wipe: true, after_effects: None });
    let seen =
        Stage::new(1).with_disks(&[1, 2]).on(1, Start(1), [Append(3)]).at(5, disk(Harm::Torn)).at(10, wipe).run();
    assert_eq!(seen.lines("n1", "start"), ["0ms start boot=1 intact=2", "10ms start boot=2"]);
}

#[test]
fn an_io_error_kills_at_the_append() {
    let seen = Stage::new(1)
        .on(1, Start(1), [Set(1, 20)])
        .on(1, Timer(1), [Note(1), Append(1), Note(2)])
        .at(10, disk(Harm::IoError))
        .calm_at(100)
        .run();
    assert_eq!(
        seen.of("n1")[1..],
        [
            "20ms timer ring 1",
            "20ms fact noted 1",
            "20ms io-error",
            "20ms dropped append",
            "20ms dropped fact",
            "20ms killed",
            "100ms start boot=2",
        ]
    );
    assert_eq!(seen.touched(), [1]);
}

#[test]
fn an_io_error_kills_at_a_sync_too_and_once() {
    let seen = Stage::new(1)
        .on(1, Start(1), [Append(1), Set(1, 20)])
        .on(1, Timer(1), [Sync, Note(2)])
        .on(1, Start(2), [Append(2), Sync, Note(3)])
        .during(10..=60, disk(Harm::IoError))
        .run();
    assert_eq!(
        seen.of("n1")[3..],
        [
            "20ms io-error",
            "20ms dropped sync",
            "20ms dropped fact",
            "20ms killed unsynced=1",
            "60ms start boot=2",
            "60ms append line 2",
            "60ms sync",
            "65ms synced",
            "65ms fact noted 3",
        ]
    );
    assert_eq!(seen.lines("env", "ended"), ["60ms fault 1 ended"], "a fault ends once");
}

#[test]
fn a_rewrite_is_atomic_over_a_crash() {
    let story = |crash| {
        let stage =
            Stage::new(1).with_disks(&[1, 2]).on(1, Start(1), [Append(3), Rewrite(vec![8, 9]), Append(4), Sync]);
        stage.at(2, disk(Harm::Torn)).at(crash, restart(1)).run().lines("n1", "read")[1].clone()
    };
    assert_eq!(story(4), "4ms fact read [1,2,torn]");
    assert_eq!(story(6), "6ms fact read [8,9,4]");
    let seen = Stage::new(1)
        .with_disks(&[1])
        .on(1, Start(1), [Rewrite(vec![9])])
        .at(2, disk(Harm::Torn))
        .at(4, restart(1))
        .run();
    assert_eq!(seen.lines("n1", "read")[1..], ["4ms fact read [1]"], "no torn rewrite");
    assert_eq!(seen.lines("n1", "killed"), ["4ms killed unsynced=1"]);
}

#[test]
fn a_slow_disk_answers_late() {
    let seen = Stage::new(2)
        .all_on(Start(1), &[Set(1, 20), Set(2, 60)])
        .all_on(Timer(1), &[Sync])
        .all_on(Timer(2), &[Sync])
        .during(10..=50, disk(Harm::Slow(Span::from_millis(30))))
        .run();
    assert_eq!(seen.lines("n1", "synced"), ["50ms synced", "65ms synced"]);
    assert_eq!(seen.lines("n2", "synced"), ["25ms synced", "65ms synced"]);
    assert_eq!(seen.touched(), [1]);
}
