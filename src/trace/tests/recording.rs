//! The recorder: the bytes that it writes by hand are those of the encoding, and none is lost between its blocks.

use std::borrow::Cow;

use proptest::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

use super::story::{bytes, everything, message, node, said};
use crate::clocks::{HybridStamp, Stamp};
use crate::encoding;
use crate::identity::{Actor, Boot, ClientId, EventId, Incarnation, LaneId, MessageId, NodeId};
use crate::time::{LocalTime, Time};
use crate::trace::{Body, Digest, Event, Head, Record, Recorder, Said, Sent, Tape};

/// What the general encoding makes of the records, one after another.
fn encoded(records: &[Record<'_>]) -> Vec<u8> {
    records.iter().flat_map(bytes).collect()
}

fn recorded(records: &[Record<'_>]) -> (Digest, Tape) {
    let mut recorder = Recorder::keeping();
    let mut silent = Recorder::digest_only();
    for record in records {
        recorder.push(record);
        silent.push(record);
    }
    assert_eq!(recorder.digest(), silent.digest(), "keeping changes no digest");
    assert_eq!(recorder.records(), records.len() as u64);
    let (digest, tape) = recorder.finish();
    assert_eq!(silent.finish().0, digest);
    (digest, tape.expect("it keeps"))
}

fn assert_faithful(records: &[Record<'_>]) {
    let bytes = encoded(records);
    let (digest, tape) = recorded(records);
    assert_eq!(digest, Digest(xxh3_64(&bytes)));
    assert_eq!(tape.bytes(), bytes.len());
    assert!(tape.records().eq(records.iter().cloned()), "what was recorded is read");
}

#[test]
fn every_kind_of_event_is_recorded_as_the_encoding_writes_it() {
    let trace = everything();
    let records: Vec<_> = trace.tape.records().collect();
    let mut kinds: Vec<_> = records.iter().map(|record| encoding::variant_index(&record.event).0).collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds, (0..30).collect::<Vec<_>>(), "the story has all events");
    for record in &records {
        assert_faithful(std::slice::from_ref(record));
    }
    assert_faithful(&records);
}

#[test]
fn a_message_longer_than_a_block_is_recorded_whole() {
    let long = vec![7; 100_000];
    let record = |number, bytes| Record {
        time: Time::ZERO,
        id: EventId { actor: node(0), number },
        stamp: None,
        event: Event::Send {
            message: message(NodeId::new(0), 0, number),
            to: NodeId::new(1),
            copies: 1,
            said: said(bytes),
        },
    };
    assert_faithful(&[record(1, &long), record(2, &[]), record(3, &long[..70_000])]);
}

#[test]
fn nothing_recorded_has_a_digest_too() {
    assert_faithful(&[]);
}

fn stamps() -> impl Strategy<Value = Option<Stamp>> {
    let life =
        (any::<u32>(), any::<u32>()).prop_map(|(node, boot)| Incarnation::new(NodeId::new(node), Boot::new(boot)));
    let entries = prop::collection::vec((life, any::<u64>()), 0..12);
    let stamp = (entries, any::<u64>(), any::<u32>()).prop_map(|(entries, wall, count)| Stamp {
        vector: entries.into_iter().collect(),
        hybrid: HybridStamp { wall: LocalTime::from_nanos(wall), count },
    });
    prop::option::of(stamp)
}

fn actors() -> impl Strategy<Value = Actor> {
    prop_oneof![
        Just(Actor::Environment),
        any::<u32>().prop_map(|index| Actor::Node(NodeId::new(index))),
        any::<u32>().prop_map(|index| Actor::Client(ClientId::new(index))),
    ]
}

/// A send and a receive of what `bytes` hold, with numbers of any size.
fn pair<'a>(stamp: Option<&'a Stamp>, actor: Actor, numbers: [u32; 5], bytes: &'a [u8]) -> [Record<'a>; 2] {
    let [time, number, sender, lane, narrow] = numbers;
    let copies = narrow as u16;
    let lane = LaneId::new(lane as u8);
    let message = MessageId { sender: NodeId::new(sender), lane, number };
    let send = Event::Send { message, to: NodeId::new(time), copies, said: said(bytes) };
    let receive = Event::Receive { message, copy: copies, corrupted: None };
    [send, receive].map(|event| Record {
        time: Time::from_nanos(u64::from(time) << 32 | u64::from(number)),
        id: EventId { actor, number: sender },
        stamp: stamp.map(Cow::Borrowed),
        event,
    })
}

/// Records without building records, where that is possible.
fn push_parts(recorder: &mut Recorder, record: &Record<'_>) {
    let head = Head { time: record.time, id: record.id, stamp: record.stamp.as_deref() };
    if let Event::Send { message, to, copies, said: Said { body: Body::Encoded(said), .. } } = &record.event {
        recorder.push_send(head, Sent { message: *message, to: *to, copies: *copies, said });
    } else if let Event::Receive { message, copy, .. } = &record.event {
        recorder.push_receive(head, *message, *copy);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn messages_are_recorded_as_the_encoding_writes_them(
        stamp in stamps(), actor in actors(), numbers in any::<[u32; 5]>(),
        said in prop::collection::vec(any::<u8>(), 0..40), times in 1..300_usize,
    ) {
        let pair = pair(stamp.as_ref(), actor, numbers, &said);
        let records: Vec<_> = pair.iter().cycle().take(times).cloned().collect();
        assert_faithful(&records);
        let mut recorder = Recorder::digest_only();
        records.iter().for_each(|record| push_parts(&mut recorder, record));
        prop_assert_eq!(recorder.finish().0, recorded(&records).0);
    }
}
