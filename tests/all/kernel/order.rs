//! Events at one instant: by receiver, sender, lane and number, whatever was put into the agenda first.

use stemmata::identity::{LaneId, MessageId};
use stemmata::network::{Delay, PinnedFate};
use stemmata::time::Span;

use super::player::Act::{Send, Set, Sync, Whisper};
use super::player::Cue::{Start, Timer};
use super::stage::{Stage, at, word};

/// What happens at 20 ms, in order.
fn instant(stage: Stage) -> Vec<String> {
    let seen = stage.run();
    let lanes = ["w".to_owned(), "v".to_owned()];
    let renderer = stemmata::trace::text::Renderer::new(&lanes, stemmata::trace::Detail::All);
    let then = seen.records().filter(|record| record.time == at(20));
    then.map(|record| renderer.alone(&record).split_whitespace().skip(1).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn messages_of_one_instant_come_by_receiver_sender_lane_and_number() {
    let stage = Stage::new(3)
        .on(3, Start(1), [Whisper(2, 1), Send(2, 1), Send(1, 1)])
        .on(1, Start(1), [Set(1, 5)])
        .on(1, Timer(1), [Whisper(3, 1), Send(3, 1), Send(2, 1)])
        .on(2, Start(1), [Set(1, 1)])
        .on(2, Timer(1), [Send(2, 1), Send(3, 1), Send(1, 1), Send(1, 2)]);
    let mut stage = stage;
    let wait = |millis| PinnedFate::Delay(Span::from_millis(millis));
    for (sender, millis) in [(1, 15), (2, 19), (3, 20)] {
        for number in 1..=4 {
            let message = word(sender, number);
            let whisper = MessageId { lane: LaneId::new(1), ..message };
            stage.conditions.fates.extend([(message, wait(millis)), (whisper, wait(millis))]);
        }
    }
    assert_eq!(
        instant(stage),
        [
            "n1 recv n2.w#3",
            "n1 recv n2.w#4",
            "n1 recv n3.w#2",
            "n2 recv n1.w#2",
            "n2 recv n2.w#1",
            "n2 recv n3.w#1",
            "n2 recv n3.v#1",
            "n3 recv n1.w#1",
            "n3 recv n1.v#1",
            "n3 recv n2.w#2",
        ]
    );
}

#[test]
fn timers_of_one_instant_fire_in_the_order_of_their_setting() {
    let stage = Stage::new(2).on(2, Start(1), [Set(4, 20), Set(3, 20)]).on(1, Start(1), [Set(5, 7), Set(1, 20)]);
    let seen = stage.on(1, Timer(5), [Set(2, 13)]).run();
    assert_eq!(seen.lines("n1", "timer")[1..], ["20ms timer ring 1", "20ms timer ring 2"]);
    assert_eq!(seen.lines("n2", "timer"), ["20ms timer ring 4", "20ms timer ring 3"]);
}

#[test]
fn the_disk_answers_before_messages_come() {
    let mut stage = Stage::new(2).on(1, Start(1), [Set(1, 15)]).on(1, Timer(1), [Sync]).on(2, Start(1), [Send(1, 1)]);
    let late = PinnedFate::Delay(Span::from_millis(20));
    stage.conditions.fates.insert(word(2, 1), late);
    assert_eq!(instant(stage), ["n1 synced", "n1 recv n2.w#1"]);
}

#[test]
fn a_timer_and_a_message_to_oneself_of_one_number_have_an_order() {
    let mut stage = Stage::new(1);
    stage.conditions.network.link.delay = Delay::Constant(Span::from_millis(20));
    let first = instant(stage.clone().on(1, Start(1), [Send(1, 1), Set(1, 20)]));
    let second = instant(stage.on(1, Start(1), [Set(1, 20), Send(1, 1)]));
    assert_eq!(first.len(), 2);
    assert_eq!(first, second, "whichever was put into the agenda first");
}
