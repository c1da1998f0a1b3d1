//! Two ends and a wire between them.

use super::*;
use crate::chance::{Chance, Seed};
use crate::identity::Incarnation;
use crate::protocols::test_port::{Did, TestPort};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Note(u32);

impl Lane for Note {
    fn lane(&self) -> LaneId {
        LaneId::new(2)
    }
}

type Notes = Channel<Note>;

/// One node's end: its channel, and the payloads that were delivered to it.
struct End {
    channel: Notes,
    port: TestPort<Notes>,
    got: Vec<u32>,
    resets: usize,
}

impl End {
    fn start(node: u32, boot: u32) -> Self {
        let mut port = TestPort::new(node, 2);
        port.boot = Boot::new(boot);
        let mut channel = Channel::new(&ChannelSettings::default(), 2);
        channel.open(&mut port);
        Self { channel, port, got: Vec::new(), resets: 0 }
    }

    fn peer(&self) -> NodeId {
        NodeId::new(1 - self.port.me.index() as u32)
    }

    fn send(&mut self, note: u32) {
        self.channel.send(self.peer(), Note(note), &mut self.port);
    }

    fn take_in(&mut self, frame: Frame<Note>) {
        let peer = self.peer();
        for event in self.channel.on_frame(peer, frame, &mut self.port) {
            match event {
                ChannelEvent::Reset { .. } => self.resets += 1,
                ChannelEvent::Delivered { payload: Note(note), .. } => self.got.push(note),
            }
        }
        self.channel.settle(&mut self.port);
    }

    fn lose_patience(&mut self) {
        let peer = self.peer();
        self.channel.on_timer(ChannelTimer::Resend(peer), &mut self.port);
    }

    fn frames(&mut self) -> Vec<Frame<Note>> {
        self.port.take_sent().into_iter().map(|(_, frame)| frame).collect()
    }
}

/// Carries frames back and forth until none is under way.
fn quieten(one: &mut End, other: &mut End) {
    loop {
        let (there, back) = (one.frames(), other.frames());
        if there.is_empty() && back.is_empty() {
            return;
        }
        there.into_iter().for_each(|frame| other.take_in(frame));
        back.into_iter().for_each(|frame| one.take_in(frame));
    }
}

/// Carries frames and expires resend timers until there are no more frames.
fn exchange(one: &mut End, other: &mut End) {
    for _ in 0..30 {
        quieten(one, other);
        one.lose_patience();
        other.lose_patience();
    }
    quieten(one, other);
}

#[test]
fn in_their_first_boot_the_lower_node_speaks_first_and_one_answer_is_enough() {
    let (mut one, mut other) = (End::start(0, 1), End::start(1, 1));
    let hello = one.frames();
    assert_eq!((hello.len(), other.frames().len()), (1, 0));
    other.take_in(hello[0].clone());
    let answer = other.frames();
    assert!(matches!(answer[..], [Frame::Hello { knows: Some(_), .. }]));
    one.take_in(answer[0].clone());
    assert!(one.frames().is_empty(), "an answer is not answered");
}

#[test]
fn data_waits_until_the_peer_is_known_and_nothing_of_it_is_lost_at_the_opening() {
    let (mut one, mut other) = (End::start(0, 1), End::start(1, 3));
    one.send(7);
    assert!(one.frames().iter().all(|frame| matches!(frame, Frame::Hello { .. })));
    one.lose_patience();
    quieten(&mut one, &mut other);
    assert_eq!((other.got, one.resets, other.resets), (vec![7], 0, 0));
}

#[test]
fn a_lost_frame_is_sent_again_and_a_second_copy_changes_nothing() {
    let (mut one, mut other) = (End::start(0, 1), End::start(1, 1));
    quieten(&mut one, &mut other);
    one.send(1);
    one.send(2);
    let frames = one.frames();
    other.take_in(frames[1].clone());
    assert!(other.got.is_empty(), "the second waits for the first");
    one.lose_patience();
    let again = one.frames();
    assert_eq!(again.len(), 2);
    again.iter().chain(&frames).for_each(|frame| other.take_in(frame.clone()));
    assert_eq!(other.got, [1, 2]);
    quieten(&mut one, &mut other);
    let waits = |did: &Did<_, _, _, _, _, _, _>| matches!(did, Did::SetTimer(..));
    assert!(!one.port.take().iter().any(waits), "all is acknowledged");
}

#[test]
fn a_rebirth_ends_the_session_and_what_was_under_way_is_dropped() {
    let (mut one, mut other) = (End::start(0, 1), End::start(1, 1));
    quieten(&mut one, &mut other);
    one.send(1);
    let late = one.frames();
    let mut reborn = End::start(1, 2);
    late.iter().for_each(|frame| reborn.take_in(frame.clone()));
    assert!(reborn.got.is_empty(), "it names another life");
    quieten(&mut one, &mut reborn);
    one.send(2);
    quieten(&mut one, &mut reborn);
    assert_eq!((one.resets, reborn.resets), (1, 0), "the reborn knows of itself");
    assert_eq!(reborn.got, [2]);
}

#[test]
fn the_user_hears_of_a_rebirth_before_it_is_given_what_the_new_life_says() {
    let (mut one, mut other) = (End::start(0, 1), End::start(1, 1));
    quieten(&mut one, &mut other);
    one.send(1);
    let to_the_first_life = one.frames();
    let mut reborn = End::start(1, 2);
    reborn.frames(); // its hello is lost
    reborn.send(7);
    to_the_first_life.into_iter().for_each(|frame| reborn.take_in(frame));
    let data =
        reborn.frames().into_iter().find(|frame| matches!(frame, Frame::Data { .. })).expect("it knows its peer");
    let events = one.channel.on_frame(other.port.me, data, &mut one.port);
    assert!(
        matches!(events[..], [ChannelEvent::Reset { .. }, ChannelEvent::Delivered { payload: Note(7), .. }]),
        "{events:?}"
    );
}

#[test]
fn a_frame_of_a_life_that_ended_is_dropped() {
    let (mut one, mut other) = (End::start(0, 1), End::start(1, 1));
    quieten(&mut one, &mut other);
    other.send(1);
    let late = other.frames();
    let mut reborn = End::start(1, 2);
    quieten(&mut one, &mut reborn);
    late.into_iter().for_each(|frame| one.take_in(frame));
    assert!(one.got.is_empty());
    assert!(one.frames().is_empty(), "the dead get no answer");
}

#[test]
fn a_node_that_was_reborn_tells_every_peer_until_one_answers() {
    let mut reborn = End::start(1, 2);
    assert_eq!(reborn.frames().len(), 1);
    reborn.lose_patience();
    assert_eq!(reborn.frames().len(), 1, "its hello may be lost");
    let hello = Frame::Hello { boot: Boot::new(1), knows: None, asks: true };
    reborn.take_in(hello);
    reborn.frames();
    reborn.lose_patience();
    assert_eq!(reborn.frames().len(), 1, "a peer that asks does not know it yet");
}

#[test]
fn what_waits_is_sent_when_data_of_the_peer_opens_the_session() {
    let (mut one, mut other) = (End::start(0, 1), End::start(1, 1));
    let hello = one.frames();
    other.take_in(hello[0].clone());
    other.frames(); // the answer is lost
    one.send(7);
    assert!(one.frames().is_empty(), "the peer is not known");
    other.send(8);
    other.frames().into_iter().for_each(|frame| one.take_in(frame));
    let sent = one.frames();
    assert!(matches!(sent[0], Frame::Data { number: 1, payload: Note(7), .. }), "{sent:?}");
    assert_eq!(one.got, [8]);
}

#[test]
fn a_hello_that_shows_the_receivers_boot_is_answered_where_it_asks() {
    let (mut one, mut other) = (End::start(0, 1), End::start(1, 1));
    quieten(&mut one, &mut other);
    one.send(1);
    let to_the_first_life = one.frames();
    let mut reborn = End::start(1, 2);
    reborn.frames(); // its hello is lost
    to_the_first_life.into_iter().for_each(|frame| reborn.take_in(frame));
    reborn.frames(); // and so is the next, though it knows the peer's boot by now
    reborn.lose_patience();
    quieten(&mut one, &mut reborn);
    reborn.lose_patience();
    assert!(reborn.frames().is_empty(), "it knows that the peer knows it");
}

#[test]
fn two_that_are_reborn_at_once_cease_to_greet_each_other_whichever_answer_is_lost() {
    for lost in 0..4 {
        let (mut one, mut other) = (End::start(0, 2), End::start(1, 2));
        let (there, back) = (one.frames(), other.frames());
        there.into_iter().for_each(|frame| other.take_in(frame));
        back.into_iter().for_each(|frame| one.take_in(frame));
        if lost & 1 > 0 {
            one.frames();
        }
        if lost & 2 > 0 {
            other.frames();
        }
        quieten(&mut one, &mut other);
        one.lose_patience();
        other.lose_patience();
        quieten(&mut one, &mut other);
        for end in [&mut one, &mut other] {
            end.lose_patience();
            assert!(end.frames().is_empty(), "{lost}: it knows that the other knows it");
        }
    }
}

#[test]
fn no_more_than_the_window_is_under_way() {
    let (mut one, mut other) = (End::start(0, 1), End::start(1, 1));
    quieten(&mut one, &mut other);
    (0..40).for_each(|note| one.send(note));
    assert_eq!(one.frames().len(), 16);
    one.lose_patience();
    quieten(&mut one, &mut other);
    assert_eq!(other.got, (0..40).collect::<Vec<_>>());
}

/// The wire loses, duplicates and reorders frames; the ends crash and restart.
#[test]
fn within_a_session_payloads_arrive_once_and_in_order_whatever_the_wire_does() {
    for seed in 0..300 {
        let mut draws = Seed(seed).key("wire").draws();
        let mut ends = [End::start(0, 1), End::start(1, 1)];
        let mut wire: Vec<(usize, Frame<Note>)> = Vec::new();
        let (mut next, mut boots) = (1, [1, 1]);
        for _ in 0..400 {
            let at = draws.below(2) as usize;
            match draws.below(12) {
                0..3 => {
                    ends[at].send(next);
                    next += 1;
                }
                3 => ends[at].lose_patience(),
                4 if draws.below(10) == 0 => {
                    boots[at] += 1;
                    ends[at] = End::start(at as u32, boots[at]);
                }
                _ if !wire.is_empty() => {
                    let (to, frame) = wire.swap_remove(draws.below(wire.len() as u64) as usize);
                    if draws.below(5) == 0 {
                        wire.push((to, frame.clone()));
                    }
                    if draws.below(5) > 0 {
                        ends[to].take_in(frame);
                    }
                }
                _ => {}
            }
            for (from, end) in ends.iter_mut().enumerate() {
                wire.extend(end.frames().into_iter().map(|frame| (1 - from, frame)));
            }
        }
        let [mut one, mut other] = ends;
        let rising = |got: &[u32]| got.windows(2).all(|pair| pair[0] < pair[1]);
        assert!(rising(&one.got) && rising(&other.got), "seed {seed}: {:?} {:?}", one.got, other.got);
        // A payload to an ended incarnation may be dropped: the ends learn each other's boots first.
        exchange(&mut one, &mut other);
        for note in [90_001, 90_002] {
            one.send(note);
        }
        exchange(&mut one, &mut other);
        assert!(other.got.ends_with(&[90_001, 90_002]), "seed {seed}: {:?}", other.got);
        let life = |end: &End| Incarnation::new(end.port.me, end.port.boot);
        assert_eq!((life(&one).boot, life(&other).boot), (Boot::new(boots[0]), Boot::new(boots[1])));
    }
}
