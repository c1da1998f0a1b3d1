//! A trace made by hand, in which everything happens that can happen.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;

use super::chatter::{Alarm, Chatter, Command, Entry, Fact, Message, Reply, Shape, Timer, Vote};
use crate::chance::Seed;
use crate::clocks::{HybridStamp, Stamp, VectorClock};
use crate::encoding;
use crate::identity::{Actor, Boot, ClientId, EventId, Incarnation, LaneId, MessageId, NodeId, OpId};
use crate::time::{LocalTime, Time};
use crate::trace::{
    Body, Cause, Codec, EffectKind, Event, Footer, Header, Judgement, Label, Record, Recorder, Said, Trace, Verdict,
};

/// Texts that a careless reader or writer stumbles over.
pub(super) const ODD: &[&str] = &[
    "",
    "null",
    "a b",
    "\"quoted\\",
    "line\nend\r\t\0\u{7f}",
    "\u{85}\u{2028}\u{2029}\u{feff}",
    "\u{202e}\u{5d0}\u{5d1}",
    "🦀e\u{301}\u{10ffff}",
    "@ x,y",
];

pub(super) const N1: NodeId = NodeId::new(0);
pub(super) const N2: NodeId = NodeId::new(1);
pub(super) const C1: ClientId = ClientId::new(0);

pub(super) const fn node(index: u32) -> Actor {
    Actor::Node(NodeId::new(index))
}

/// Records events, and gives times and numbers.
pub(super) struct Teller {
    recorder: Recorder,
    time: u64,
    numbers: BTreeMap<Actor, u32>,
}

impl Teller {
    pub(super) fn new() -> Self {
        Self { recorder: Recorder::keeping(), time: 0, numbers: BTreeMap::new() }
    }

    /// `micros` after the last record; `clock` are counts of first boots, and of n2's second where the node is 9.
    pub(super) fn tell(&mut self, micros: u64, actor: Actor, event: Event<'_>, clock: &[(u32, u64)]) {
        self.time += micros * 1_000;
        let number = self.numbers.entry(actor).or_default();
        *number += 1;
        let life = |node| match node {
            9 => Incarnation::new(N2, Boot::new(2)),
            _ => Incarnation::new(NodeId::new(node), Boot::new(1)),
        };
        let vector: VectorClock = clock.iter().map(|(node, count)| (life(*node), *count)).collect();
        let hybrid = HybridStamp { wall: LocalTime::from_nanos(self.time), count: 3 };
        let stamp = (!clock.is_empty()).then(|| Cow::Owned(Stamp { vector, hybrid }));
        let id = EventId { actor, number: *number };
        self.recorder.push(&Record { time: Time::from_nanos(self.time), id, stamp, event });
    }

    pub(super) fn trace(self, judgements: Vec<Judgement>) -> Trace {
        let records = self.recorder.records();
        let (digest, tape) = self.recorder.finish();
        let footer = Footer { time: Time::from_nanos(self.time), records, digest, judgements };
        Trace::new(header(), footer, tape.expect("it keeps"), Codec::of::<Chatter>())
    }
}

pub(super) fn header() -> Header {
    Header {
        scenario: "tale".to_owned(),
        subject: "chatter".to_owned(),
        seed: Seed(42),
        nodes: 3,
        lanes: vec!["consensus".to_owned(), "rümours".to_owned()],
        resolved: json!({ "nodes": 3, "about": "A tale of «two» nodes." }),
        faults: vec!["at 5s partition {n1,n2} | {n3}".to_owned()],
        due: BTreeMap::new(),
    }
}

pub(super) fn bytes(said: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    encoding::write(said, &mut bytes);
    bytes
}

pub(super) fn said(bytes: &[u8]) -> Said<'_> {
    Said { label: Label::default(), observations: Cow::Borrowed(&[]), body: Body::Encoded(bytes) }
}

pub(super) const fn message(sender: NodeId, lane: u8, number: u32) -> MessageId {
    MessageId { sender, lane: LaneId::new(lane), number }
}

/// Every event, and every kind of thing said.
pub(super) fn everything() -> Trace {
    let mut story = Teller::new();
    an_election(&mut story);
    a_client(&mut story);
    the_environment(&mut story);
    let judgement = |invariant: &str, verdict| Judgement { invariant: invariant.to_owned(), verdict };
    story.trace(vec![
        judgement("agreement", Verdict::Holds { exercised: 3 }),
        judgement("no-panic", Verdict::Vacuous { why: "nothing \u{2028} happened".to_owned() }),
    ])
}

fn an_election(story: &mut Teller) {
    let elect = bytes(&Message::Consensus(Vote::Elect { ballot: "1.n1".to_owned(), from: 0 }));
    let elected = bytes(&Message::Consensus(Vote::Elect { ballot: "9.n1".to_owned(), from: 0 }));
    let slots = BTreeMap::from([
        (2, Shape::Held { by: None, until: Time::from_nanos(7) }),
        (10, Shape::Pair(-1, '\u{2028}')),
        (u64::MAX, Shape::Empty),
    ]);
    let promise = bytes(&Message::Consensus(Vote::Promise(slots)));
    let refuse = bytes(&Message::Consensus(Vote::Refuse));
    let election = bytes(&Timer::Consensus(Alarm::Election));
    let entry = bytes(&Entry { slots: BTreeMap::from([((1, 2), u128::MAX)]) });
    let delivered = bytes(&Fact::Delivered { origin: N2, number: 1 });
    let (first, second) = (message(N1, 0, 1), message(N1, 0, 2));
    let start = Event::Start { boot: Boot::new(1), intact: 0, torn: 0, damaged: 0 };
    let send = |message, copies, bytes| Event::Send { message, to: N2, copies, said: said(bytes) };
    story.tell(0, node(0), start, &[]);
    story.tell(150_212, node(0), Event::Timer { timer: said(&election) }, &[]);
    story.tell(0, node(0), Event::Append { entry: said(&entry) }, &[]);
    story.tell(0, node(0), Event::Sync, &[]);
    story.tell(400, node(0), Event::Synced { sync: 4 }, &[]);
    story.tell(0, node(0), send(first, 2, &elect), &[(0, 3)]);
    story.tell(0, node(0), send(second, 1, &promise), &[(0, 4)]);
    story.tell(0, node(0), send(message(N1, 0, 3), 0, &refuse), &[(0, 5)]);
    let receive = Event::Receive { message: first, copy: 0, corrupted: None };
    story.tell(5_000, node(1), receive, &[(0, 3), (1, 1)]);
    story.tell(1, node(1), Event::Fact { fact: said(&delivered) }, &[(0, 3), (1, 1)]);
    let again = Event::Receive { message: first, copy: 1, corrupted: Some(said(&elected)) };
    story.tell(1, node(1), again, &[(0, 3), (1, 2)]);
    story.tell(1, node(2), Event::Lost { message: second, copy: 0, cause: Cause::Partition }, &[]);
    story.tell(1, node(1), Event::Lost { message: second, copy: 1, cause: Cause::Down }, &[]);
    story.tell(1, node(1), Event::Garbled { message: second, copy: 2 }, &[]);
    story.tell(1, node(1), Event::Held { message: second, copy: 3 }, &[]);
    story.tell(1, node(1), Event::Rewrite { file: LaneId::new(0), entries: 2 }, &[]);
    story.tell(1, node(1), Event::Killed { unsynced: 1 }, &[]);
    story.tell(0, node(1), Event::Dropped { effect: EffectKind::Send, message: Some(first) }, &[]);
    story.tell(0, node(1), Event::Dropped { effect: EffectKind::Fact, message: None }, &[]);
    story.tell(1, node(1), Event::Start { boot: Boot::new(2), intact: 3, torn: 1, damaged: 2 }, &[(9, 1)]);
}

fn a_client(story: &mut Teller) {
    let op = OpId { client: C1, number: 1 };
    let client = Actor::Client(C1);
    let put = bytes(&Command::Put { key: "ledger/a".to_owned(), value: "two words".to_owned() });
    let token = bytes(&Reply::Token(7));
    let done = bytes(&Reply::Done);
    story.tell(1, client, Event::Invoked { op, to: N1, command: said(&put) }, &[]);
    story.tell(9, node(0), Event::Command { op }, &[]);
    story.tell(1, node(0), Event::Reply { op, reply: said(&token) }, &[]);
    story.tell(1, client, Event::Retried { op, to: N2, attempt: 2 }, &[]);
    story.tell(1, client, Event::Returned { op, reply: said(&done) }, &[]);
    story.tell(1, client, Event::GaveUp { op: OpId { client: C1, number: 2 } }, &[]);
    for text in ODD {
        let rumour = Message::Rumour { text: (*text).into(), heard: vec![N1, N2], sure: true, origin: None };
        let rumour = bytes(&rumour);
        let send = Event::Send { message: message(N2, 1, 1), to: N1, copies: 1, said: said(&rumour) };
        story.tell(1, node(1), send, &[]);
    }
    for fact in [Fact::Said(String::new()), Fact::Loud(false), Fact::Said("\u{5d0}".to_owned())] {
        story.tell(1, node(1), Event::Fact { fact: said(&bytes(&fact)) }, &[]);
    }
    story.tell(1, node(2), Event::Timer { timer: said(&bytes(&Timer::Retry(N2))) }, &[]);
}

fn the_environment(story: &mut Teller) {
    let env = Actor::Environment;
    story.tell(1, env, Event::Fault { fault: 1, what: "partition {n1,n2} | {n3}".into() }, &[]);
    story.tell(1, env, Event::FaultEnded { fault: 1 }, &[]);
    story.tell(1, node(0), Event::Paused, &[]);
    story.tell(1, node(0), Event::Unpaused, &[]);
    story.tell(1, node(0), Event::IoError, &[]);
    story.tell(0, node(0), Event::Damaged { file: LaneId::new(1), entry: 3 }, &[]);
    story.tell(1, node(2), Event::Panicked { reason: "no\nway: \u{1f980}".into() }, &[]);
    story.tell(10_000_000_000, env, Event::Calm, &[]);
    story.tell(1, env, Event::Stuck { events: 1_000_000 }, &[]);
    story.tell(1, env, Event::Touched { fault: 1, count: 34 }, &[]);
}
