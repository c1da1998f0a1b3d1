//! For tests: the events of replicas, in few words.

use crate::check::history::{History, fact, said, start};
use crate::check::{Checker, Common, Shown};
use crate::clocks::{Dot, Dots};
use crate::identity::NodeId;
use crate::observation::{Basis, ChoiceBasis, ConflictClass, CopyId, Observation, ReplicaSeen, ValueId};
use crate::trace::{Event, Kinds};

/// Replicas that have started with nothing.
pub(super) fn replicas(nodes: &[&str]) -> History {
    let mut history = History::default();
    nodes.iter().for_each(|node| _ = history.on(node, start(1)).on(node, began("", 0)));
    history
}

/// Whether a checker waits for nothing after a history.
pub(super) fn settled<C: Checker<()>>(history: &History, mut checker: C) -> bool {
    let mut common = Common::of(C::READS);
    for record in &history.records {
        let kinds = Kinds::of(&record.event);
        common.see(record, kinds);
        if C::WANTS.meets(kinds) {
            checker.see(&Shown::new(record, None, &common)).expect("nothing is broken");
        }
    }
    Checker::<()>::is_settled(&checker)
}

/// `n1.1 n2/3.4`
pub(super) fn dots(text: &str) -> Vec<Dot> {
    text.split_whitespace().map(dot).collect()
}

pub(super) fn set(text: &str) -> Dots {
    dots(text).into_iter().collect()
}

pub(super) fn dot(text: &str) -> Dot {
    text.parse().expect("a dot")
}

pub(super) fn fact_of(seen: ReplicaSeen) -> Event<'static> {
    fact(vec![Observation::Replica(seen)])
}

pub(super) fn entry(seen: ReplicaSeen) -> Event<'static> {
    Event::Append { entry: said(vec![Observation::Replica(seen)]) }
}

/// A put was accepted; its value is 1.
pub(super) fn put(key: &str, dot: &str, context: &str) -> Event<'static> {
    version(key, dot, context, Some(1))
}

/// A tombstone was accepted.
pub(super) fn delete(key: &str, dot: &str, context: &str) -> Event<'static> {
    version(key, dot, context, None)
}

pub(super) fn version(key: &str, name: &str, context: &str, value: Option<u64>) -> Event<'static> {
    let (key, dot, value) = (key.into(), dot(name), value.map(ValueId));
    entry(ReplicaSeen::WroteVersion { key, dot, stamp: 0, context: set(context), value })
}

pub(super) fn removed(key: &str, names: &str) -> Event<'static> {
    entry(ReplicaSeen::WroteDropped { key: key.into(), dots: dots(names) })
}

pub(super) fn collected(key: &str, names: &str) -> Event<'static> {
    entry(ReplicaSeen::WroteCollected { key: key.into(), dots: dots(names) })
}

pub(super) fn joined(names: &str) -> Event<'static> {
    entry(ReplicaSeen::WroteJoined { vector: set(names) })
}

/// Before its first start a replica had so many versions, whose value is 1.
pub(super) fn preloaded(prefix: &str, count: u64) -> Event<'static> {
    fact_of(ReplicaSeen::Preloaded { prefix: prefix.into(), count, value: ValueId(1) })
}

/// A replica has started with this vector and this many versions.
pub(super) fn began(vector: &str, held: u64) -> Event<'static> {
    fact_of(ReplicaSeen::Started { vector: set(vector), held, lost: false })
}

/// A replica has started with nothing, because its disk is damaged.
pub(super) fn began_lost() -> Event<'static> {
    fact_of(ReplicaSeen::Started { vector: Dots::new(), held: 0, lost: true })
}

/// The put of an operation was accepted by a client that has read these.
pub(super) fn put_over(op: &str, key: &str, dot: &str, read: &str) -> Event<'static> {
    written(op, key, dot, Basis::Read(dots(read)), Some(1))
}

/// The delete of an operation was accepted, over all that its replica held.
pub(super) fn deleted(op: &str, key: &str, dot: &str) -> Event<'static> {
    written(op, key, dot, Basis::Held, None)
}

pub(super) fn written(op: &str, key: &str, name: &str, basis: Basis, value: Option<u64>) -> Event<'static> {
    let (op, key, dot, value) = (op.parse().expect("an operation"), key.into(), dot(name), value.map(ValueId));
    fact_of(ReplicaSeen::Written { op, key, dot, stamp: 0, basis, value })
}

/// A client was shown that these are held; behind a `=`, the resolution.
pub(super) fn shown(key: &str, held: &str) -> Event<'static> {
    let (held, resolution) = held.split_once('=').map_or((held, None), |(held, choice)| (held, Some(dot(choice))));
    let (op, key, held) = ("c9#1".parse().expect("an operation"), key.into(), dots(held));
    fact_of(ReplicaSeen::Shown { op, key, held, dot: None, value: None, resolution, open: false })
}

/// `n1~3`
pub(super) fn copy(text: &str) -> CopyId {
    let (of, number) = text.split_once('~').expect("a copy");
    CopyId { of: of.parse().expect("an incarnation"), number: number.parse().expect("a number") }
}

/// A copy is pushed: 3 hops and 2 peers are configured.
pub(super) fn pushed(name: &str, to: &str, as_copy: &str, of: Option<&str>, ttl: u32) -> Event<'static> {
    let to: NodeId = to.parse().expect("a node");
    let (dot, copy, of) = (dot(name), copy(as_copy), of.map(copy));
    fact_of(ReplicaSeen::Pushed { dot, to, copy, of, ttl, start: 3, fanout: 2 })
}

/// A resolution that settles what it chooses.
pub(super) fn resolution(key: &str, name: &str, stamp: u64, chosen: &str, replaces: &str) -> ReplicaSeen {
    let (key, name, settled, chosen) = (key.into(), dot(name), set(chosen), dot(chosen));
    ReplicaSeen::WroteResolution { key, dot: name, stamp, chosen, settled, replaces: set(replaces) }
}

/// A resolution was accepted.
pub(super) fn resolved(key: &str, name: &str, stamp: u64, chosen: &str, replaces: &str) -> Event<'static> {
    entry(resolution(key, name, stamp, chosen, replaces))
}

/// The arbiter's resolution is durable.
pub(super) fn settled_by(key: &str, name: &str, stamp: u64, chosen: &str) -> Event<'static> {
    let (key, name, settled, chosen) = (key.into(), dot(name), set(chosen), dot(chosen));
    fact_of(ReplicaSeen::Settled { key, dot: name, stamp, chosen, settled, basis: ChoiceBasis::Poll })
}

/// A polled conflict is open.
pub(super) fn opened(key: &str, siblings: &str) -> Event<'static> {
    let class = ConflictClass::Value;
    fact_of(ReplicaSeen::Opened { key: key.into(), class, siblings: dots(siblings) })
}

/// A conflict is resolved by a rule.
pub(super) fn ruled(key: &str, siblings: &str, shown: Option<&str>) -> Event<'static> {
    let (class, shown) = (ConflictClass::Structural, shown.map(dot));
    fact_of(ReplicaSeen::Ruled { key: key.into(), class, siblings: dots(siblings), shown })
}

pub(super) fn closed(key: &str) -> Event<'static> {
    fact_of(ReplicaSeen::Closed { key: key.into() })
}
