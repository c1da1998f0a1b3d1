//! For tests: histories written by hand, event by event.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use super::{Checker, Common, End, Shown};
use crate::clocks::{HybridStamp, Stamp, VectorClock};
use crate::identity::{Actor, Boot, EventId, Incarnation, LaneId, MessageId, NodeId};
use crate::observation::{
    ChannelSeen, Claims, ConsensusSeen, DecreeId, LockCall, LockMode, LockSeen, Observation, ProposalId, Resource,
    Slot, StoreAnswer, StoreCall, StoreRefusal, StoreSeen, ValueId,
};
use crate::time::{LocalTime, Time};
use crate::trace::{Body, Cause, EffectKind, Event, Kinds, Label, Record, Said, Verdict, Violation};

/// Records in the order of the trace; each actor numbers its own.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    pub(super) records: Vec<Record<'static>>,
    counts: BTreeMap<Actor, u32>,
    now: u64,
}

impl History {
    /// The following events happen at this millisecond.
    pub(super) fn at(&mut self, millis: u64) -> &mut Self {
        self.now = millis;
        self
    }

    /// The actor's next event.
    pub(super) fn on(&mut self, actor: &str, event: Event<'static>) -> &mut Self {
        let count = self.counts.get(&of(actor)).copied().unwrap_or(0);
        self.numbered(actor, count + 1, event)
    }

    /// An event of the actor with this number.
    pub(super) fn numbered(&mut self, actor: &str, number: u32, event: Event<'static>) -> &mut Self {
        let id = EventId { actor: of(actor), number };
        let count = self.counts.entry(of(actor)).or_default();
        *count = number.max(*count);
        let time = Time::from_nanos(self.now * 1_000_000);
        self.records.push(Record { time, id, stamp: None, event });
        self
    }

    /// Gives the last record this vector, and a hybrid stamp that increases with its place in the history.
    pub(super) fn stamped(&mut self, vector: &str) -> &mut Self {
        let wall = self.records.len() as u64 * 1_000_000;
        self.stamped_at(vector, wall)
    }

    /// Gives the last record this vector and a hybrid stamp of this many nanoseconds.
    pub(super) fn stamped_at(&mut self, vector: &str, nanos: u64) -> &mut Self {
        let hybrid = HybridStamp { wall: LocalTime::from_nanos(nanos), count: 0 };
        let stamp = Stamp { vector: vector_of(vector), hybrid };
        self.records.last_mut().expect("a record").stamp = Some(Cow::Owned(stamp));
        self
    }

    /// The checker's verdict.
    pub(super) fn judged_by<C: Checker<()>>(&self, mut checker: C) -> Verdict {
        let mut common = Common::of(C::READS);
        for record in &self.records {
            common.see(record, Kinds::of(&record.event));
            if let Err(violation) = checker.see(&Shown::new(record, None, &common)) {
                return Verdict::Violated(violation);
            }
        }
        let time = self.records.last().map_or(Time::ZERO, |record| record.time);
        checker.conclude(&End { time, common: &common })
    }

    /// The sentence and the witnesses of the checker's violation.
    pub(super) fn broken_by(&self, checker: impl Checker<()>) -> (String, String) {
        let verdict = self.judged_by(checker);
        let Some(Violation { sentence, witnesses, .. }) = verdict.violation() else {
            panic!("it is not broken: {verdict:?}");
        };
        let witnesses: Vec<String> = witnesses.iter().map(ToString::to_string).collect();
        (sentence.clone(), witnesses.join(" "))
    }
}

/// Asserts that the checker finds `history` violated, with this sentence and these witnesses.
#[track_caller]
pub(super) fn assert_broken(history: &History, checker: impl Checker<()>, sentence: &str, witnesses: &str) {
    assert_eq!(history.broken_by(checker), (sentence.to_owned(), witnesses.to_owned()));
}

/// Asserts that the checker finds that `history` holds, exercised this often.
#[track_caller]
pub(super) fn assert_holds(history: &History, checker: impl Checker<()>, exercised: u64) {
    assert_eq!(history.judged_by(checker), Verdict::Holds { exercised });
}

/// Asserts that the checker finds `history` vacuous.
#[track_caller]
pub(super) fn assert_vacuous(history: &History, checker: impl Checker<()>, why: &str) {
    assert_eq!(history.judged_by(checker), Verdict::Vacuous { why: why.to_owned() });
}

fn of(actor: &str) -> Actor {
    actor.parse().expect("an actor")
}

pub(super) fn node(name: &str) -> NodeId {
    name.parse().expect("a node")
}

/// `n1:3 n2/2:1`
pub(super) fn vector_of(text: &str) -> VectorClock {
    let entry = |entry: &str| {
        let (who, count) = entry.split_once(':').expect("an entry");
        (who.parse::<Incarnation>().expect("a life"), count.parse().expect("a count"))
    };
    text.split_whitespace().map(entry).collect()
}

/// `n1#7`: a message, by its sender and number, on the one lane.
pub(super) fn message(name: &str) -> MessageId {
    let (sender, number) = name.split_once('#').expect("a message");
    MessageId { sender: node(sender), lane: LaneId::new(0), number: number.parse().expect("a number") }
}

pub(super) fn start(boot: u32) -> Event<'static> {
    Event::Start { boot: Boot::new(boot), intact: 0, torn: 0, damaged: 0 }
}

pub(super) fn start_from(boot: u32, intact: u32, damaged: u32) -> Event<'static> {
    Event::Start { boot: Boot::new(boot), intact, torn: 0, damaged }
}

pub(super) fn send(name: &str, to: &str, copies: u16) -> Event<'static> {
    Event::Send { message: message(name), to: node(to), copies, said: said(Vec::new()) }
}

/// A message with a label.
pub(super) fn labelled(label: &'static str, number: u32, to: &str) -> Event<'static> {
    let label = Label { outer: Cow::Borrowed(label), inner: None };
    let said = Said { label, ..said(Vec::new()) };
    Event::Send { message: message(&format!("n1#{number}")), to: node(to), copies: 1, said }
}

pub(super) fn receive(name: &str, copy: u16) -> Event<'static> {
    Event::Receive { message: message(name), copy, corrupted: None }
}

pub(super) fn receive_corrupted(name: &str, copy: u16) -> Event<'static> {
    Event::Receive { message: message(name), copy, corrupted: Some(said(Vec::new())) }
}

pub(super) fn lost(name: &str, copy: u16) -> Event<'static> {
    Event::Lost { message: message(name), copy, cause: Cause::Loss }
}

pub(super) fn garbled(name: &str, copy: u16) -> Event<'static> {
    Event::Garbled { message: message(name), copy }
}

pub(super) fn held(name: &str, copy: u16) -> Event<'static> {
    Event::Held { message: message(name), copy }
}

pub(super) fn timer() -> Event<'static> {
    Event::Timer { timer: said(Vec::new()) }
}

pub(super) fn dropped(effect: EffectKind) -> Event<'static> {
    Event::Dropped { effect, message: None }
}

pub(super) fn dropped_send(name: &str) -> Event<'static> {
    Event::Dropped { effect: EffectKind::Send, message: Some(message(name)) }
}

pub(super) fn append() -> Event<'static> {
    Event::Append { entry: said(Vec::new()) }
}

pub(super) fn killed() -> Event<'static> {
    Event::Killed { unsynced: 0 }
}

pub(super) fn panicked(reason: &str) -> Event<'static> {
    Event::Panicked { reason: Cow::Owned(reason.to_owned()) }
}

pub(super) fn fact(observations: Vec<Observation>) -> Event<'static> {
    Event::Fact { fact: said(observations) }
}

pub(super) fn broadcast(number: u64) -> Event<'static> {
    fact(vec![Observation::Broadcast { number, op: None }])
}

/// The broadcast of an operation.
pub(super) fn broadcast_for(number: u64, op: &str) -> Event<'static> {
    fact(vec![Observation::Broadcast { number, op: Some(op.parse().expect("an operation")) }])
}

pub(super) fn delivered(origin: &str, number: u64) -> Event<'static> {
    fact(vec![Observation::Delivered { origin: node(origin), number }])
}

pub(super) fn resumed(delivered: &[(&str, u64)]) -> Event<'static> {
    let delivered = delivered.iter().map(|(origin, number)| (node(origin), *number)).collect();
    fact(vec![Observation::Resumed { delivered }])
}

/// The nodes that quiescence heals.
pub(super) fn core(nodes: &[&str]) -> Event<'static> {
    Event::Core { nodes: nodes.iter().map(|name| node(name)).collect() }
}

/// A fact with this label, and nothing in it.
pub(super) fn fact_named(label: &'static str) -> Event<'static> {
    let (outer, inner) = label.split_once('.').map_or((label, None), |(outer, inner)| (outer, Some(inner)));
    let label = Label { outer: Cow::Borrowed(outer), inner: inner.map(Cow::Borrowed) };
    Event::Fact { fact: Said { label, ..said(Vec::new()) } }
}

pub(super) fn invoked(op: &str, to: &str) -> Event<'static> {
    Event::Invoked { op: op.parse().expect("an operation"), to: node(to), command: said(Vec::new()) }
}

pub(super) fn retried(op: &str, to: &str, attempt: u32) -> Event<'static> {
    Event::Retried { op: op.parse().expect("an operation"), to: node(to), attempt }
}

pub(super) fn returned(op: &str) -> Event<'static> {
    Event::Returned { op: op.parse().expect("an operation"), reply: said(Vec::new()) }
}

pub(super) fn gave_up(op: &str) -> Event<'static> {
    Event::GaveUp { op: op.parse().expect("an operation") }
}

pub(super) fn command(op: &str) -> Event<'static> {
    Event::Command { op: op.parse().expect("an operation") }
}

pub(super) fn reply(op: &str) -> Event<'static> {
    Event::Reply { op: op.parse().expect("an operation"), reply: said(Vec::new()) }
}

/// A payload with these observations.
pub(super) fn said(observations: Vec<Observation>) -> Said<'static> {
    let label = Label { outer: Cow::Borrowed("word"), inner: None };
    Said { label, observations: Cow::Owned(observations), body: Body::Json(Value::Null) }
}

/// A fact of the lock manager.
pub(super) fn lock(seen: LockSeen) -> Event<'static> {
    fact(vec![Observation::Lock(seen)])
}

/// A fact of the channel.
pub(super) fn channel(seen: ChannelSeen) -> Event<'static> {
    fact(vec![Observation::Channel(seen)])
}

/// `a/b x, c s`: the claims of a request for these.
pub(super) fn claims_of(text: &str) -> Claims {
    let wanted = text.split(", ").map(|one| {
        let (path, mode) = one.split_once(' ').expect("a path and a mode");
        let named = |known: &LockMode| known.to_string().eq_ignore_ascii_case(mode);
        (Resource::new(path), LockMode::ALL.into_iter().find(named).expect("a mode"))
    });
    let wanted: Vec<(Resource, LockMode)> = wanted.collect();
    Claims::of(wanted.iter().map(|(resource, mode)| (resource, *mode)))
}

/// `a/b x, c s`: a client's request for these.
pub(super) fn acquire(text: &str) -> LockCall {
    let wanted = text.split(", ").map(|one| {
        let (path, mode) = one.split_once(' ').expect("a path and a mode");
        (path.to_owned(), mode.to_owned())
    });
    LockCall::Acquire { wanted: wanted.collect(), priority: 0 }
}

/// A client's call of the lock manager.
pub(super) fn asked_lock(op: &str, call: LockCall) -> Event<'static> {
    let called = Observation::Lock(LockSeen::Called { call });
    Event::Invoked { op: op.parse().expect("an operation"), to: node("n1"), command: said(vec![called]) }
}

/// The request with this stamp was sent.
pub(super) fn requested(stamp: &str, claims: &str) -> Event<'static> {
    lock(LockSeen::Requested { stamp: stamp.parse().expect("a stamp"), claims: claims_of(claims) })
}

/// The request with this stamp was granted.
pub(super) fn granted(stamp: &str, claims: &str) -> Event<'static> {
    lock(LockSeen::Granted { stamp: stamp.parse().expect("a stamp"), claims: claims_of(claims) })
}

/// The grant of this operation has ended.
pub(super) fn released(op: &str) -> Event<'static> {
    lock(LockSeen::Released { op: op.parse().expect("an operation") })
}

/// The client withdrew the request of this operation.
pub(super) fn withdrawn(op: &str) -> Event<'static> {
    lock(LockSeen::Withdrawn { op: op.parse().expect("an operation") })
}

/// A fact of consensus.
pub(super) fn consensus(seen: ConsensusSeen) -> Event<'static> {
    fact(vec![Observation::Consensus(seen)])
}

/// `1.n1/2`: a proposal of a value for a slot.
pub(super) fn bid(slot: u64, ballot: &str, value: u64) -> ProposalId {
    ProposalId { slot: Slot(slot), ballot: ballot.parse().expect("a ballot"), value: ValueId(value) }
}

/// A node started, one of this many voters, with nothing applied.
pub(super) fn started(voters: u32) -> Event<'static> {
    consensus(ConsensusSeen::Started { voters, slot: Slot(0), root: 0, session_slots: None })
}

pub(super) fn promised(round: &str) -> Event<'static> {
    consensus(ConsensusSeen::Promised { round: round.parse().expect("a round") })
}

pub(super) fn proposed(slot: u64, ballot: &str, value: u64) -> Event<'static> {
    consensus(ConsensusSeen::Proposed { bid: bid(slot, ballot, value), ops: Vec::new() })
}

pub(super) fn confirmed(slot: u64, ballot: &str, value: u64) -> Event<'static> {
    consensus(ConsensusSeen::Confirmed { bid: bid(slot, ballot, value) })
}

pub(super) fn committed(slot: u64, ballot: &str, value: u64) -> Event<'static> {
    consensus(ConsensusSeen::Committed { bid: bid(slot, ballot, value) })
}

pub(super) fn applied(slot: u64, value: u64, root: u64) -> Event<'static> {
    applied_with(slot, value, root, &[])
}

/// A slot was applied, in which these operations took effect.
pub(super) fn applied_with(slot: u64, value: u64, root: u64, done: &[&str]) -> Event<'static> {
    let done = done.iter().map(|op| op.parse().expect("an operation")).collect();
    let (slot, value) = (Slot(slot), ValueId(value));
    consensus(ConsensusSeen::Applied { slot, value, root, done, refused: Vec::new(), decrees: Vec::new() })
}

/// A slot was applied, in which this operation was refused for this reason.
pub(super) fn applied_refusing(slot: u64, op: &str, reason: Option<StoreRefusal>) -> Event<'static> {
    let refused = vec![(op.parse().expect("an operation"), reason)];
    let (slot, value) = (Slot(slot), ValueId(slot));
    consensus(ConsensusSeen::Applied { slot, value, root: 0, done: Vec::new(), refused, decrees: Vec::new() })
}

fn decree(of: &str, number: u32) -> DecreeId {
    DecreeId { of: of.parse().expect("an incarnation"), number }
}

pub(super) fn decreed(of: &str, number: u32) -> Event<'static> {
    consensus(ConsensusSeen::Decreed { id: decree(of, number) })
}

/// A slot was applied, in which this decree took effect.
pub(super) fn decree_applied(slot: u64, value: u64, root: u64, of: &str, number: u32) -> Event<'static> {
    let (slot, value, decrees) = (Slot(slot), ValueId(value), vec![decree(of, number)]);
    consensus(ConsensusSeen::Applied { slot, value, root, done: Vec::new(), refused: Vec::new(), decrees })
}

pub(super) fn installed(slot: u64, root: u64) -> Event<'static> {
    consensus(ConsensusSeen::Installed { slot: Slot(slot), root })
}

pub(super) fn wrote_decided(slot: u64, ops: &[&str]) -> Event<'static> {
    let ops = ops.iter().map(|op| op.parse().expect("an operation")).collect();
    let seen = ConsensusSeen::WroteDecided { slot: Slot(slot), ops };
    Event::Append { entry: said(vec![Observation::Consensus(seen)]) }
}

/// A confirmation was written.
pub(super) fn wrote(slot: u64, ballot: &str, value: u64) -> Event<'static> {
    let seen = ConsensusSeen::WroteConfirmed { bid: bid(slot, ballot, value) };
    Event::Append { entry: said(vec![Observation::Consensus(seen)]) }
}

/// A client's call of a store.
pub(super) fn asked_store(op: &str, key: &str, call: StoreCall) -> Event<'static> {
    let asked = Observation::Store(StoreSeen::Asked { key: key.into(), call, session: None, token: None });
    Event::Invoked { op: op.parse().expect("an operation"), to: node("n1"), command: said(vec![asked]) }
}

/// A store's answer at a client.
pub(super) fn returned_store(op: &str, answer: StoreAnswer) -> Event<'static> {
    let told = Observation::Store(StoreSeen::Told { answer });
    Event::Returned { op: op.parse().expect("an operation"), reply: said(vec![told]) }
}

/// A store's answer at a node.
pub(super) fn told_store(op: &str, answer: StoreAnswer) -> Event<'static> {
    let told = Observation::Store(StoreSeen::Told { answer });
    Event::Reply { op: op.parse().expect("an operation"), reply: said(vec![told]) }
}
