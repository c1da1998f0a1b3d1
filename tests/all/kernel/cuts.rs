//! Cuts and clogs: what is sent into them, what is under way, what is held.

use stemmata::fault::{Clog, Direction, Fault, Nothing, Partition};

use super::player::Act::{Note, Send, Set, Whisper};
use super::player::Cue::{Start, Timer};
use super::stage::{Stage, nodes, pause, split, target};

/// Both nodes send to each other every 8 ms from the beginning on, five times.
fn talking() -> Stage {
    let stage = (0..5).fold(Stage::new(2), |stage, n| stage.all_on(Start(1), &[Set(n, 8 * u64::from(n))]));
    (0..5).fold(stage, |stage, n| stage.on(1, Timer(n), [Send(2, n)]).on(2, Timer(n), [Send(1, n)]))
}

fn clog(from: &[u32], to: &[u32]) -> Fault {
    Fault::Clog(Clog { from: Some(target(from)), to: Some(target(to)) })
}

#[test]
fn a_cut_loses_what_is_sent_into_it_and_what_is_under_way() {
    let seen = talking().during(15..=20, split(&[&[1], &[2]])).run();
    for (node, peer) in [("n1", "n2"), ("n2", "n1")] {
        assert_eq!(
            seen.of(node).iter().filter(|line| line.contains(peer) && !line.contains("send")).collect::<Vec<_>>(),
            [
                &format!("10ms recv {peer}.words#1"),
                &format!("18ms lost {peer}.words#2 (partition)"),
                &format!("26ms lost {peer}.words#3 (partition)"),
                &format!("34ms recv {peer}.words#4"),
                &format!("42ms recv {peer}.words#5"),
            ],
            "#2 was under way, #3 was sent into it and arrives when it is over"
        );
    }
    assert_eq!(seen.touched(), [4]);
}

#[test]
fn a_cut_that_is_over_still_loses_what_was_under_way_when_it_fell() {
    let seen = talking().during(2..=4, split(&[&[1]])).run();
    assert_eq!(seen.lines("n1", "lost"), ["10ms lost n2.words#1 (partition)"]);
    assert_eq!(seen.heard(1), [2, 2, 2, 2]);
}

#[test]
fn a_cut_that_has_a_direction_stops_that_way_only() {
    for (direction, stopped, open) in [(Direction::To, "n1", "n2"), (Direction::From, "n2", "n1")] {
        let groups = vec![nodes(&[1]), nodes(&[2])];
        let seen = talking().at(1, Fault::Partition(Partition { groups, shape: None, direction })).run();
        assert_eq!(seen.lines(stopped, "lost").len(), 5, "{direction:?}");
        assert_eq!(seen.lines(open, "lost").len(), 0, "{direction:?}");
        assert_eq!(seen.touched(), [5]);
    }
}

#[test]
fn a_heal_ends_cuts_and_clogs() {
    let seen = talking()
        .at(2, split(&[&[1]]))
        .at(2, clog(&[1], &[2]))
        .at(12, Fault::Heal(Nothing {}))
        .at(50, Fault::Heal(Nothing {}))
        .run();
    assert_eq!(seen.lines("n1", "lost"), ["10ms lost n2.words#1 (partition)", "18ms lost n2.words#2 (partition)"]);
    assert_eq!(seen.heard(2), [1, 1, 1]);
    assert_eq!(seen.touched()[2..], [2, 0]);
}

#[test]
fn nobody_is_cut_off_from_itself() {
    let seen = Stage::new(2).on(1, Start(1), [Send(1, 1)]).at(0, split(&[&[1], &[2]])).run();
    assert_eq!(seen.heard(1), [1]);
}

#[test]
fn a_clog_holds_and_releases_in_order() {
    let seen = Stage::new(3)
        .on(2, Start(1), [Set(1, 2), Set(2, 1)])
        .on(2, Timer(1), [Send(1, 3)])
        .on(2, Timer(2), [Whisper(1, 1), Send(1, 2)])
        .on(3, Start(1), [Send(1, 4), Send(2, 5)])
        .during(5..=30, clog(&[2, 3], &[1]))
        .run();
    assert_eq!(
        seen.of("n1")[1..],
        [
            "10ms held n3.words#1",
            "11ms held n2.words#1",
            "11ms held n2.whispers#1",
            "12ms held n2.words#2",
            "30ms recv n2.words#1",
            "30ms recv n2.words#2",
            "30ms recv n2.whispers#1",
            "30ms recv n3.words#1",
        ],
        "by sender, lane and number"
    );
    assert_eq!(seen.heard(3), [1, 2], "the other link is open");
    assert_eq!(seen.touched(), [4]);
}

#[test]
fn a_heal_unclogs() {
    let seen =
        Stage::new(2).on(2, Start(1), [Send(1, 1)]).at(5, clog(&[2], &[1])).at(30, Fault::Heal(Nothing {})).run();
    assert_eq!(seen.of("n1")[1..], ["10ms held n2.words#1", "30ms recv n2.words#1"]);
}

#[test]
fn what_two_clogs_hold_waits_for_both() {
    let seen = Stage::new(2)
        .on(2, Start(1), [Send(1, 1)])
        .during(5..=20, clog(&[2], &[1]))
        .during(5..=30, Fault::Clog(Clog::default()))
        .run();
    assert_eq!(seen.of("n1")[1..], ["10ms held n2.words#1", "30ms recv n2.words#1"]);
}

#[test]
fn what_is_held_when_a_cut_falls_is_lost() {
    let seen = Stage::new(2)
        .on(2, Start(1), [Send(1, 1)])
        .during(5..=30, clog(&[2], &[1]))
        .during(15..=20, split(&[&[1]]))
        .run();
    assert_eq!(seen.of("n1")[1..], ["10ms held n2.words#1", "30ms lost n2.words#1 (partition)"]);
    assert_eq!(seen.touched(), [1, 1]);
}

#[test]
fn a_fault_acts_before_all_else_of_its_instant_and_in_file_order() {
    let seen = talking().on(1, Timer(0), [Note(9)]).at(10, split(&[&[1]])).during(10..=12, pause(1)).run();
    let all: Vec<_> =
        seen.records().filter(|record| record.time == super::stage::at(10)).map(|r| r.id.to_string()).collect();
    assert_eq!(all[..3], ["env#1", "env#2", "n1#7"]);
    assert_eq!(seen.lines("env", "10ms"), ["10ms fault partition {n1}", "10ms fault pause n1"]);
    assert_eq!(seen.lines("n1", "lost")[0], "10ms lost n2.words#1 (partition)", "what arrives with the cut is cut");
}
