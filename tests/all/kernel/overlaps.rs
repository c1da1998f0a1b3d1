//! Faults of one kind that overlap: the end of one never lifts what another still holds.

use stemmata::fault::{Crash, DiskFault, Fault, Harm, LinkShare, OfNodes, Restart, SlowLinks};
use stemmata::measure::Share;
use stemmata::network::Delay;
use stemmata::time::Span;

use super::player::Act::{Alarm, Append, Note, Send, Set, Sync};
use super::player::Cue::{Heard, Start, Timer};
use super::stage::{Stage, kill, kill_after, pause, restart, split, target, wipe};

fn disk(harm: Harm) -> Fault {
    Fault::Disk(DiskFault { target: target(&[1]), harm })
}

fn resume() -> Fault {
    Fault::Resume(OfNodes { target: target(&[1]) })
}

/// A node that writes at 10 ms.
fn writing() -> Stage {
    Stage::new(1).on(1, Start(1), [Set(1, 10)]).on(1, Timer(1), [Append(1)])
}

#[test]
fn a_node_that_two_kills_keep_down_starts_when_both_have_ended() {
    let seen = Stage::new(1).during(5..=20, kill(1)).during(10..=30, kill(1)).run();
    assert_eq!(seen.of("n1")[1..], ["5ms killed", "30ms start boot=2"]);
    assert_eq!(seen.touched(), [1, 1], "from 20 ms on it was the second that kept it down");
    let seen = Stage::new(1).during(5..=30, kill(1)).during(10..=20, kill(1)).run();
    assert_eq!(seen.of("n1")[1..], ["5ms killed", "30ms start boot=2"]);
    assert_eq!(seen.touched(), [1, 0], "the second made no difference");
}

#[test]
fn a_kill_that_ends_starts_no_node_that_another_killed_for_good() {
    let seen = Stage::new(1).at(5, kill(1)).during(10..=20, kill(1)).calm_at(100).run();
    assert_eq!(seen.of("n1")[1..], ["5ms killed", "100ms start boot=2"]);
    let seen = Stage::new(1).during(5..=20, kill(1)).at(10, kill(1)).calm_at(100).run();
    assert_eq!(seen.of("n1")[1..], ["5ms killed", "100ms start boot=2"]);
    assert_eq!(seen.touched(), [1, 1]);
}

#[test]
fn a_node_that_a_kill_and_an_io_error_keep_down_starts_when_both_have_ended() {
    for (of_disk, of_kill) in [(1..=20, 15..=30), (1..=30, 15..=20)] {
        let seen = writing().during(of_disk, disk(Harm::IoError)).during(of_kill, kill(1)).run();
        assert_eq!(seen.lines("n1", "killed"), ["10ms killed"]);
        assert_eq!(seen.lines("n1", "start")[1..], ["30ms start boot=2"]);
    }
    let seen = writing().during(5..=30, kill(1)).during(1..=20, disk(Harm::IoError)).run();
    assert_eq!(seen.of("n1")[1..], ["5ms killed", "30ms start boot=2"], "the end of an io error that struck nobody");
    assert_eq!(seen.touched(), [1, 0]);
}

#[test]
fn each_of_two_io_errors_strikes_once_and_holds_until_its_own_end() {
    let stage = writing().on(1, Start(2), [Append(2)]).on(1, Start(3), [Append(3)]);
    let seen = stage.during(1..=30, disk(Harm::IoError)).during(2..=50, disk(Harm::IoError)).run();
    assert_eq!(seen.lines("n1", "io-error"), ["10ms io-error", "30ms io-error"]);
    assert_eq!(seen.lines("n1", "start")[1..], ["30ms start boot=2", "50ms start boot=3"]);
    assert_eq!(seen.lines("n1", "append line"), ["50ms append line 3"]);
    assert_eq!(seen.touched(), [1, 1]);
}

#[test]
fn a_kill_inside_a_step_forgets_no_other() {
    let seen = Stage::new(1)
        .on(1, Start(1), [Set(1, 20)])
        .on(1, Start(2), [Set(1, 5)])
        .on(1, Timer(1), [Note(1), Note(2)])
        .during(5..=15, kill_after(1, 1))
        .during(6..=16, kill_after(1, 0))
        .run();
    assert_eq!(
        seen.of("n1")[1..],
        [
            "20ms timer ring 1",
            "20ms dropped fact",
            "20ms dropped fact",
            "20ms killed",
            "30ms start boot=2",
            "35ms timer ring 1",
            "35ms fact noted 1",
            "35ms dropped fact",
            "35ms killed",
            "45ms start boot=3",
        ]
    );
    assert_eq!(seen.touched(), [1, 1]);
}

#[test]
fn a_kill_inside_steps_keeps_each_node_down_from_its_own_death_on() {
    let both = Fault::Kill(Crash { target: target(&[1, 2]), after_effects: Some(0) });
    let seen = Stage::new(2)
        .on(1, Start(1), [Set(1, 20)])
        .on(2, Start(1), [Set(1, 25)])
        .all_on(Timer(1), &[Note(1)])
        .during(5..=15, both)
        .run();
    assert_eq!(seen.lines("n1", "boot=2"), ["30ms start boot=2"]);
    assert_eq!(seen.lines("n2", "boot=2"), ["35ms start boot=2"]);
}

#[test]
fn a_restart_lifts_no_kill_that_has_an_end_but_wipes_the_disk() {
    let seen = Stage::new(1).with_disks(&[7]).during(5..=30, kill(1)).at(10, restart(1)).run();
    assert_eq!(seen.of("n1")[2..4], ["5ms killed", "30ms start boot=2 intact=1"]);
    assert_eq!(seen.touched(), [1, 0]);
    let seen = Stage::new(1).with_disks(&[7]).during(5..=30, kill(1)).at(10, wipe(1)).run();
    assert_eq!(seen.of("n1")[2..], ["5ms killed", "30ms start boot=2"]);
    assert_eq!(seen.touched(), [1, 1]);
}

#[test]
fn a_restart_ends_a_kill_that_has_no_end_and_leaves_the_node_to_one_that_has() {
    let seen = Stage::new(1).at(5, kill(1)).during(8..=30, kill(1)).at(10, restart(1)).run();
    assert_eq!(seen.of("n1")[1..], ["5ms killed", "30ms start boot=2"]);
    assert_eq!(seen.touched(), [1, 1, 0]);
}

#[test]
fn a_restart_inside_a_step_that_another_kill_forestalls_comes_in_a_later_step() {
    let dies_after_one = Fault::Restart(Restart { target: target(&[1]), wipe: false, after_effects: Some(1) });
    let seen = Stage::new(1)
        .on(1, Start(1), [Set(1, 20)])
        .on(1, Start(2), [Set(2, 5)])
        .on(1, Timer(1), [Alarm, Note(1)])
        .on(1, Timer(2), [Note(2), Note(3)])
        .at(5, dies_after_one)
        .at_alarm_for(1, 10, kill(1))
        .run();
    assert_eq!(
        seen.of("n1")[1..],
        [
            "20ms timer ring 1",
            "20ms fact alarm",
            "20ms dropped fact",
            "20ms killed",
            "30ms start boot=2",
            "35ms timer ring 2",
            "35ms fact noted 2",
            "35ms dropped fact",
            "35ms killed",
            "35ms start boot=3",
        ]
    );
    assert_eq!(seen.touched(), [1, 1]);
}

#[test]
fn a_kill_of_a_node_that_has_not_started_yet_keeps_it_from_nothing() {
    let seen = Stage::new(2).on(1, Start(1), [Alarm]).at_alarm_for(1, 10, kill(2)).run();
    assert_eq!(seen.of("n2"), ["0ms start boot=1"]);
    assert_eq!(seen.touched(), [0]);
}

/// Node 2 sends a word to node 1 that arrives at 20 ms.
fn spoken_to() -> Stage {
    Stage::new(2).on(2, Start(1), [Set(1, 10)]).on(2, Timer(1), [Send(1, 7)]).on(1, Heard(7), [Note(7)])
}

#[test]
fn a_node_that_two_faults_pause_goes_on_when_both_have_ended() {
    let seen = spoken_to().during(5..=25, pause(1)).during(15..=40, pause(1)).run();
    assert_eq!(seen.lines("n1", "paused"), ["5ms paused", "40ms unpaused"]);
    assert_eq!(seen.touched(), [1, 1], "from 25 ms on the word waited for the second");
    let seen = spoken_to().during(5..=40, pause(1)).during(10..=25, pause(1)).run();
    assert_eq!(seen.lines("n1", "paused"), ["5ms paused", "40ms unpaused"]);
    assert_eq!(seen.touched(), [1, 0]);
}

#[test]
fn a_resume_ends_every_pause() {
    let seen = spoken_to().during(5..=30, pause(1)).during(6..=40, pause(1)).at(22, resume()).run();
    assert_eq!(seen.lines("n1", "paused"), ["5ms paused", "22ms unpaused"]);
    assert_eq!(seen.lines("env", "ended").len(), 2);
}

#[test]
fn the_end_of_a_pause_that_a_death_ended_lifts_no_later_pause() {
    let seen = spoken_to().during(5..=30, pause(1)).at(10, restart(1)).during(15..=40, pause(1)).run();
    assert_eq!(seen.lines("n1", "paused"), ["5ms paused", "15ms paused", "40ms unpaused"]);
}

#[test]
fn a_pause_lifts_no_kill_and_a_kill_no_pause() {
    let seen = spoken_to().during(5..=30, kill(1)).during(10..=20, pause(1)).run();
    assert_eq!(seen.of("n1")[1..], ["5ms killed", "20ms lost n2.words#1 (down)", "30ms start boot=2"]);
    let seen = spoken_to().during(5..=30, pause(1)).during(1..=4, kill(1)).run();
    assert_eq!(seen.lines("n1", "paused"), ["5ms paused", "30ms unpaused"]);
}

#[test]
fn each_of_two_faults_tears_one_crash() {
    let stage = (1..=4).fold(Stage::new(1), |stage, boot| stage.on(1, Start(boot), [Append(1)]));
    let stage = stage.at(1, disk(Harm::Torn)).at(2, disk(Harm::Torn));
    let seen = [10, 20, 30].into_iter().fold(stage, |stage, time| stage.at(time, restart(1))).run();
    assert_eq!(
        seen.lines("n1", "start")[1..],
        ["10ms start boot=2 torn=1", "20ms start boot=3 torn=1", "30ms start boot=4"]
    );
    assert_eq!(seen.touched()[..2], [1, 1]);
}

#[test]
fn the_end_of_one_fault_of_a_disk_leaves_the_other_in_store() {
    for harm in [Harm::Torn, Harm::Damage, Harm::IoError] {
        let stage = Stage::new(1).with_disks(&[1]).on(1, Start(1), [Set(1, 20)]).on(1, Timer(1), [Append(2)]);
        let seen = stage.during(1..=40, disk(harm)).during(2..=10, disk(harm)).at(25, restart(1)).run();
        assert_eq!(seen.touched()[..2], [1, 0], "{harm:?}");
    }
}

#[test]
fn each_of_two_faults_damages_an_entry() {
    let stage = Stage::new(1).with_disks(&[1, 2, 3]).at(1, disk(Harm::Damage)).at(2, disk(Harm::Damage));
    let seen = stage.at(3, disk(Harm::Damage)).at(10, restart(1)).at(20, restart(1)).run();
    assert_eq!(seen.lines("n1", "start")[1], "10ms start boot=2 damaged=3");
    assert_eq!(seen.touched()[..3], [1, 1, 1]);
}

#[test]
fn of_two_slow_disks_the_slower_holds_and_only_it_touches() {
    let slow = |millis| disk(Harm::Slow(Span::from_millis(millis)));
    let stage = Stage::new(1).on(1, Start(1), [Set(1, 10)]).on(1, Timer(1), [Sync]);
    let seen = stage.at(1, slow(20)).at(2, slow(50)).at(3, slow(1)).run();
    assert_eq!(seen.lines("n1", "synced"), ["60ms synced"]);
    assert_eq!(seen.touched(), [0, 1, 0]);
}

#[test]
fn a_link_that_two_partitions_cut_is_open_when_both_have_ended() {
    let words: Vec<_> = (1..=6).map(|n| Set(n, 10 * u64::from(n))).collect();
    let stage = (1..=6).fold(Stage::new(3).on(1, Start(1), words), |stage, n| stage.on(1, Timer(n), [Send(2, n)]));
    let seen = stage.during(15..=35, split(&[&[1]])).during(25..=45, split(&[&[2]])).run();
    let got: Vec<_> = seen.lines("n2", "recv").iter().map(|line| line[..4].to_owned()).collect();
    assert_eq!(got, ["60ms", "70ms"], "what was sent at 10 ms was under way when the first cut fell");
    assert_eq!(seen.touched(), [3, 1]);
}

#[test]
fn the_end_of_one_change_of_a_link_leaves_the_others_in_force() {
    let share = |percent| LinkShare { share: Share::from_percent(percent), from: None, to: None };
    let late =
        |millis| Fault::Delay(SlowLinks { delay: Delay::Constant(Span::from_millis(millis)), from: None, to: None });
    let words: Vec<_> = (1..=5).map(|n| Set(n, 100 * u64::from(n))).collect();
    let stage = (1..=5).fold(Stage::new(2).on(1, Start(1), words), |stage, n| stage.on(1, Timer(n), [Send(2, n)]));
    let seen = stage.clone().during(150..=450, Fault::Loss(share(100))).during(250..=350, Fault::Loss(share(5))).run();
    assert_eq!(seen.lines("n2", "lost").len(), 3);
    let seen = stage.during(150..=450, late(30)).during(250..=350, late(50)).run();
    let got: Vec<_> = seen.lines("n2", "recv").iter().map(|line| line[..5].to_owned()).collect();
    assert_eq!(got, ["110ms", "230ms", "350ms", "430ms", "510ms"]);
}
