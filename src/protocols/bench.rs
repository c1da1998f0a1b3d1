//! A port for unit tests of a protocol: what it does is kept in a list.

use super::{Port, Protocol};
use crate::identity::{Boot, NodeId, OpId};
use crate::time::{LocalTime, Span};

/// One thing that a protocol did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Did<M, T, E, F, R> {
    Send(NodeId, M),
    SetTimer(T, Span),
    CancelTimer(T),
    Append(E),
    Sync,
    Note(F),
    Reply(OpId, R),
}

type DidBy<Q> = Did<
    <Q as Protocol>::Message,
    <Q as Protocol>::Timer,
    <Q as Protocol>::Entry,
    <Q as Protocol>::Fact,
    <Q as Protocol>::Reply,
>;

/// What a protocol sees and did.
pub(crate) struct Bench<Q: Protocol> {
    pub(crate) me: NodeId,
    pub(crate) boot: Boot,
    pub(crate) nodes: u32,
    pub(crate) now: LocalTime,
    pub(crate) done: Vec<DidBy<Q>>,
}

impl<Q: Protocol> Bench<Q> {
    /// A port of node `me` (from zero) of `nodes`, in its first boot, at time zero.
    pub(crate) fn new(me: u32, nodes: u32) -> Self {
        Self { me: NodeId::new(me), boot: Boot::new(1), nodes, now: LocalTime::default(), done: Vec::new() }
    }

    /// All that was done since the last call.
    pub(crate) fn take(&mut self) -> Vec<DidBy<Q>> {
        std::mem::take(&mut self.done)
    }

    /// The messages among what was done since the last call.
    pub(crate) fn take_sent(&mut self) -> Vec<(NodeId, Q::Message)> {
        let sent = |did| if let Did::Send(to, message) = did { Some((to, message)) } else { None };
        self.take().into_iter().filter_map(sent).collect()
    }
}

impl<Q: Protocol> Port<Q> for Bench<Q> {
    fn me(&self) -> NodeId {
        self.me
    }
    fn boot(&self) -> Boot {
        self.boot
    }
    fn node_count(&self) -> u32 {
        self.nodes
    }
    fn wall(&self) -> LocalTime {
        self.now
    }
    fn monotonic(&self) -> LocalTime {
        self.now
    }
    fn jitter(&mut self, _label: &str, low: Span, _high: Span) -> Span {
        low
    }
    fn send(&mut self, to: NodeId, message: Q::Message) {
        self.done.push(Did::Send(to, message));
    }
    fn set_timer(&mut self, timer: Q::Timer, after: Span) {
        self.done.push(Did::SetTimer(timer, after));
    }
    fn cancel_timer(&mut self, timer: Q::Timer) {
        self.done.push(Did::CancelTimer(timer));
    }
    fn append(&mut self, entry: Q::Entry) {
        self.done.push(Did::Append(entry));
    }
    fn sync(&mut self) {
        self.done.push(Did::Sync);
    }
    fn sync_then(&mut self) {
        self.done.push(Did::Sync);
    }
    fn note(&mut self, fact: Q::Fact) {
        self.done.push(Did::Note(fact));
    }
    fn reply(&mut self, op: OpId, reply: Q::Reply) {
        self.done.push(Did::Reply(op, reply));
    }
}
