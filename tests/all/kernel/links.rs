//! What faults do to links, and fates that are fixed.

use stemmata::fault::{Fault, LinkShare, SlowLinks};
use stemmata::measure::Share;
use stemmata::network::{Delay, PinnedFate};
use stemmata::time::Span;

use super::player::Act::{Send, Set};
use super::player::Cue::{Start, Timer};
use super::stage::{Stage, always, kill, target, word};

/// Three nodes; at 10 ms and at 110 ms each sends one word to each other node.
fn talking() -> Stage {
    let stage = Stage::new(3).all_on(Start(1), &[Set(1, 10), Set(2, 110)]);
    let to = |from: u32| (1..=3).filter(move |to| *to != from);
    (1..=3).fold(stage, |stage, from| {
        let first: Vec<_> = to(from).map(|to| Send(to, 1)).collect();
        let second: Vec<_> = to(from).map(|to| Send(to, 2)).collect();
        stage.on(from, Timer(1), first).on(from, Timer(2), second)
    })
}

/// The times at which the words from one node came to another.
fn arrivals(stage: Stage, from: &str, to: &str) -> Vec<String> {
    let lines = stage.run().lines(to, &format!("recv {from}."));
    lines.iter().map(|line| line.split(' ').next().expect("a time").to_owned()).collect()
}

#[test]
fn a_loss_acts_on_the_links_that_it_names_while_it_lasts() {
    let lossy = || talking().during(5..=50, Fault::Loss(always(1, 2)));
    let seen = lossy().run();
    assert_eq!(seen.lines("n2", "lost"), ["20ms lost n1.words#1 (loss)"]);
    assert_eq!((seen.heard(1), seen.heard(2), seen.heard(3)), (vec![2, 3, 3], vec![1, 1, 3, 3], vec![1, 1, 2, 2]));
    assert_eq!(seen.touched(), [1]);
}

#[test]
fn a_lost_message_does_not_arrive() {
    let mut stage = talking();
    stage.conditions.network.link.loss = Share::from_percent(100);
    let seen = stage.run();
    assert_eq!(seen.lines("n1", "recv").len() + seen.lines("n2", "recv").len(), 0);
    assert_eq!(seen.lines("n1", "lost").len(), 4);
}

#[test]
fn a_delay_acts_on_the_links_that_it_names_while_it_lasts() {
    let delay = Delay::Constant(Span::from_millis(35));
    let slow = || {
        let links = SlowLinks { delay, from: Some(target(&[1])), to: Some(target(&[2])) };
        talking().during(5..=50, Fault::Delay(links))
    };
    assert_eq!(arrivals(slow(), "n1", "n2"), ["45ms", "120ms"]);
    assert_eq!(arrivals(slow(), "n2", "n1"), ["20ms", "120ms"]);
    assert_eq!(arrivals(slow(), "n1", "n3"), ["20ms", "120ms"]);
    assert_eq!(slow().run().touched(), [1]);
}

#[test]
fn a_duplicate_makes_two_copies_and_each_arrives_once() {
    let seen = talking().during(5..=50, Fault::Duplicate(always(1, 2))).run();
    assert_eq!(seen.lines("n1", "x2"), ["10ms send n1.words#1 x2 -> n2 word 1"]);
    assert_eq!(seen.heard(1), [2, 2, 2, 3, 3]);
    assert_eq!(seen.lines("n2", "n1.words#1 copy=1").len(), 1);
    assert_eq!(seen.touched(), [1]);
}

#[test]
fn a_reordered_message_is_held_up() {
    let seen = talking().during(5..=50, Fault::Reorder(always(1, 2))).run();
    let late = &seen.lines("n2", "recv n1.words#1");
    assert!(late.len() == 1 && late[0] != "20ms recv n1.words#1", "{late:?}");
    assert_eq!(seen.lines("n3", "recv n1.words#2"), ["20ms recv n1.words#2"]);
    assert_eq!(seen.touched(), [1]);
}

#[test]
fn a_corrupted_message_arrives_as_another_or_as_none() {
    let stage = (1..=40)
        .fold(Stage::new(3).on(1, Start(1), [Set(1, 10)]), |stage, _| stage.on(1, Timer(1), [Send(2, 1), Send(3, 1)]));
    let seen = stage.at(5, Fault::Corrupt(always(1, 2))).run();
    let altered = seen.lines("n2", "corrupted");
    assert!(altered.iter().all(|line| line.contains("word ") || line.contains("whisper ")), "{altered:?}");
    assert!(!altered.iter().any(|line| line.ends_with("corrupted word 1")), "a bit did flip");
    assert!(!altered.is_empty() && !seen.lines("n2", "garbled").is_empty());
    assert_eq!(altered.len() + seen.lines("n2", "garbled").len(), 40);
    assert_eq!(seen.lines("n3", "recv").len(), 40);
    assert_eq!(seen.lines("n3", "corrupted").len(), 0);
    assert_eq!(seen.touched(), [40]);
}

#[test]
fn a_fault_without_ends_acts_on_every_link_and_the_greater_share_holds() {
    let all = |percent| LinkShare { share: Share::from_percent(percent), from: None, to: None };
    let seen = talking().at(5, Fault::Loss(all(100))).at(6, Fault::Loss(all(0))).run();
    assert_eq!(seen.touched(), [12, 0], "the other did nothing");
    assert_eq!(seen.heard(1).len() + seen.heard(2).len() + seen.heard(3).len(), 0);
}

#[test]
fn a_fault_that_changes_nothing_touches_nothing() {
    let none = || LinkShare { share: Share::NONE, from: None, to: None };
    let same = SlowLinks { delay: Delay::Constant(Span::from_millis(10)), from: None, to: None };
    let faults = [Fault::Delay(same), Fault::Loss(none()), Fault::Duplicate(none()), Fault::Reorder(none())];
    let stage = faults.into_iter().fold(talking(), |stage, fault| stage.at(5, fault));
    let seen = stage.at(5, Fault::Corrupt(none())).run();
    assert_eq!(seen.touched(), [0; 5]);
    let mut lossy = talking().at(5, Fault::Loss(always(1, 2)));
    lossy.conditions.network.link.loss = Share::from_percent(100);
    assert_eq!(lossy.run().touched(), [0], "the link loses all by itself");
}

#[test]
fn a_fate_that_is_fixed_is_what_happens() {
    let with = |fate| {
        let mut stage = talking();
        stage.conditions.fates.insert(word(1, 1), fate);
        stage
    };
    assert_eq!(
        with(PinnedFate::Lost).run().lines("n2", "n1.words"),
        ["20ms lost n1.words#1 (loss)", "120ms recv n1.words#3"]
    );
    assert_eq!(arrivals(with(PinnedFate::Delay(Span::from_millis(33))), "n1", "n2"), ["43ms", "120ms"]);
    assert_eq!(
        with(PinnedFate::Copies(3)).run().lines("n2", "n1.words"),
        ["20ms recv n1.words#1", "30ms recv n1.words#1 copy=1", "40ms recv n1.words#1 copy=2", "120ms recv n1.words#3",]
    );
    assert_eq!(arrivals(with(PinnedFate::Copies(1)), "n1", "n2"), ["20ms", "120ms"]);
    assert_eq!(
        with(PinnedFate::Again(Span::from_millis(25))).run().lines("n2", "n1.words"),
        ["20ms recv n1.words#1", "45ms recv n1.words#1 copy=1", "120ms recv n1.words#3"]
    );
    // The first byte says which variant, the second which word: 0b0000_0001 becomes 0b0000_1001.
    let flipped = with(PinnedFate::Flip(8 + 3)).run();
    assert_eq!(flipped.lines("n2", "n1.words")[0], "20ms recv n1.words#1 corrupted word 9");
}

#[test]
fn a_fixed_fate_stands_against_faults() {
    let mut stage = talking().at(5, Fault::Loss(always(1, 2))).at(60, kill(3));
    stage.conditions.fates.insert(word(1, 1), PinnedFate::Delay(Span::from_millis(10)));
    let seen = stage.run();
    assert_eq!(seen.lines("n2", "n1.words"), ["20ms recv n1.words#1", "120ms lost n1.words#3 (loss)"]);
}
