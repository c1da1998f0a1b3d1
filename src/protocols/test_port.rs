//! A port for unit tests of a protocol: what it does is kept in a list.

use std::sync::Arc;

use super::channel::{Carries, ChannelFact};
use super::replica::{ReplicaEntry, ReplicaFact, ReplicaPort};
use super::{Era, Port, Words};
use crate::clocks::Stamp;
use crate::codex::StoreReply;
use crate::identity::{Boot, NodeId, OpId};
use crate::time::{LocalTime, Span};

/// One thing that a protocol did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Did<M, P, T, E, F, R, O> {
    Send(NodeId, M),
    Post(NodeId, P),
    SetTimer(T, Span),
    CancelTimer(T),
    Append(E),
    Rewrite(Vec<E>),
    Sync,
    Note(F),
    Reply(OpId, R),
    Answer(OpId, StoreReply),
    Tell(O),
    Keep(ReplicaEntry),
    RewriteReplica(Vec<ReplicaEntry>),
    NoteReplica(ReplicaFact),
}

type DidBy<Q> = Did<
    <Q as Words>::Message,
    <Q as Words>::Payload,
    <Q as Words>::Timer,
    <Q as Words>::Entry,
    <Q as Words>::Fact,
    <Q as Words>::Reply,
    <Q as Words>::Outcome,
>;

/// What a protocol sees and did.
pub(crate) struct TestPort<Q: Words> {
    pub(crate) me: NodeId,
    pub(crate) boot: Boot,
    pub(crate) nodes: u32,
    pub(crate) now: LocalTime,
    pub(crate) attempt: u32,
    pub(crate) done: Vec<DidBy<Q>>,
}

impl<Q: Words> TestPort<Q> {
    /// A port of node `me` (from zero) of `nodes`, in its first boot, at time zero.
    pub(crate) fn new(me: u32, nodes: u32) -> Self {
        Self { me: NodeId::new(me), boot: Boot::new(1), nodes, now: LocalTime::default(), attempt: 1, done: Vec::new() }
    }

    /// All that was done since the last call.
    pub(crate) fn take(&mut self) -> Vec<DidBy<Q>> {
        std::mem::take(&mut self.done)
    }

    /// What was told since the last call, taken out of what was done.
    pub(crate) fn take_told(&mut self) -> Vec<Q::Outcome> {
        let told = self.done.extract_if(.., |did| matches!(did, Did::Tell(_)));
        told.filter_map(|did| if let Did::Tell(outcome) = did { Some(outcome) } else { None }).collect()
    }

    /// The payloads among what was done since the last call.
    pub(crate) fn take_posted(&mut self) -> Vec<(NodeId, Q::Payload)> {
        let posted = |did| if let Did::Post(to, payload) = did { Some((to, payload)) } else { None };
        self.take().into_iter().filter_map(posted).collect()
    }

    /// The messages among what was done since the last call.
    pub(crate) fn take_sent(&mut self) -> Vec<(NodeId, Q::Message)> {
        let sent = |did| if let Did::Send(to, message) = did { Some((to, message)) } else { None };
        self.take().into_iter().filter_map(sent).collect()
    }
}

impl<Q: Words> Port<Q> for TestPort<Q> {
    fn me(&self) -> NodeId {
        self.me
    }
    fn boot(&self) -> Boot {
        self.boot
    }
    fn node_count(&self) -> u32 {
        self.nodes
    }
    fn attempt(&self) -> u32 {
        self.attempt
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
    fn choose(&mut self, _label: &str, _n: u64) -> u64 {
        0
    }
    fn send(&mut self, to: NodeId, message: Q::Message) {
        self.done.push(Did::Send(to, message));
    }
    fn post(&mut self, to: NodeId, payload: Q::Payload) {
        self.done.push(Did::Post(to, payload));
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
    fn rewrite(&mut self, entries: Vec<Q::Entry>) {
        self.done.push(Did::Rewrite(entries));
    }
    fn sync(&mut self) {
        self.done.push(Did::Sync);
    }
    fn sync_then(&mut self, _completion: Q::Completion) {
        self.done.push(Did::Sync);
    }
    fn note(&mut self, fact: Q::Fact) {
        self.done.push(Did::Note(fact));
    }
    fn reply(&mut self, op: OpId, reply: Q::Reply) {
        self.done.push(Did::Reply(op, reply));
    }
    fn answer(&mut self, op: OpId, reply: StoreReply) {
        self.done.push(Did::Answer(op, reply));
    }
    fn tell(&mut self, outcome: Q::Outcome) {
        self.done.push(Did::Tell(outcome));
    }
}

impl<Q: Words> ReplicaPort for TestPort<Q> {
    fn keep(&mut self, entry: ReplicaEntry) {
        self.done.push(Did::Keep(entry));
    }
    fn rewrite_replica(&mut self, entries: Vec<ReplicaEntry>) {
        self.done.push(Did::RewriteReplica(entries));
    }
    fn persist(&mut self) {
        self.done.push(Did::Sync);
    }
    fn note_replica(&mut self, fact: ReplicaFact) {
        self.done.push(Did::NoteReplica(fact));
    }
}

/// Nothing is stamped on a bench.
impl<Q: Words<Fact = ChannelFact>> Carries for TestPort<Q> {
    fn era(&self) -> Era {
        Era::default()
    }

    fn sent(&mut self, fact: ChannelFact) -> Option<Arc<Stamp>> {
        self.note(fact);
        None
    }

    fn delivered(&mut self, fact: ChannelFact, _stamp: Option<Stamp>) {
        self.note(fact);
    }
}
