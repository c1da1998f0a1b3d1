//! The desk, which every message passes on its way in and out. Outgoing messages are stamped, tagged and signed here;
//! incoming ones are verified here, before they are handed to their protocol. Protocols see neither tag nor signature.

use std::collections::VecDeque;
use std::sync::Arc;

use super::carrier::Carrier;
use super::group_commit::GroupCommit;
use super::hosted::{Body, Entry, Fact, Outcome, Payload, Timer};
use super::machine::CodexNode;
use crate::clocks::Stamp;
use crate::codex::StoreReply;
use crate::context::Context;
use crate::identity::{Boot, NodeId, OpId};
use crate::process::Never;
use crate::protocols::channel::{Carries, Channel, ChannelFact, ChannelTimer, Frame};
use crate::protocols::clocks::{ClocksEntry, NodeClock};
use crate::protocols::replica::{ReplicaEntry, ReplicaFact, ReplicaPort};
use crate::protocols::{CLOCKS, Datagram, Era, Port, Tag};
use crate::time::{LocalTime, Span};

pub(super) type Ctx<'a> = Context<'a, CodexNode>;

/// The node's state beside its protocols: its era, and its clocks if they run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Envelope {
    pub(super) era: Era,
    pub(super) clock: Option<Box<NodeClock>>,
    /// The number of refused messages.
    pub(super) forged: u64,
}

/// The result of opening a datagram.
#[derive(Debug)]
pub(super) enum Received {
    /// It is for a protocol.
    Message(Body),
    /// It is for the channel.
    Frame(Frame<Payload>),
    /// It is refused, or of another era.
    Nothing,
}

impl Envelope {
    /// Opens a datagram: verifies it and merges its clocks. A body for which `trusts` returns true is accepted whatever
    /// its signature.
    pub(super) fn receive(
        &mut self,
        from: NodeId,
        message: Datagram<Body>,
        trusts: impl FnOnce(&Body) -> bool,
        ctx: &mut Ctx<'_>,
    ) -> Received {
        let is_genuine = message.is_signed(from, ctx.me(), &ctx.config().registry);
        let is_frame = matches!(message.body, Body::Channel(_));
        if !is_frame {
            self.stamp_delivery(message.stamp().filter(|_| is_genuine), ctx);
        }
        if !is_genuine && !trusts(&message.body) {
            self.forged += 1;
            ctx.note(Fact::Channel(ChannelFact::Forged { from, count: self.forged }));
            return Received::Nothing;
        }
        if message.era() != self.era {
            return Received::Nothing;
        }
        if let Body::Channel(frame) = message.body {
            return Received::Frame(frame);
        }
        Received::Message(message.body)
    }

    /// Stamps the step's own event, a delivery: the stamp includes that of the message, if the message is trusted.
    fn stamp_delivery(&mut self, stamp: Option<&Arc<Stamp>>, ctx: &mut Ctx<'_>) {
        let Some(clock) = &mut self.clock else { return };
        match stamp {
            Some(stamp) => {
                let (compared, stamp) = clock.receive(stamp, ctx.wall());
                ctx.stamp_step(stamp);
                ctx.note(Fact::Clocks(compared));
            }
            None => ctx.stamp_step(clock.tick(ctx.wall())),
        }
    }

    /// Stamps a step that no message causes.
    pub(super) fn tick_step(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(clock) = &mut self.clock {
            ctx.stamp_step(clock.tick(ctx.wall()));
        }
    }

    /// Stamps a send: its record, which comes next, carries the stamp.
    fn tick_send(&mut self, ctx: &mut Ctx<'_>) -> Option<Arc<Stamp>> {
        let stamp = self.clock.as_mut()?.tick(ctx.wall());
        ctx.stamp(Arc::clone(&stamp));
        Some(stamp)
    }
}

/// What a step works with, in addition to the protocols. It is the port of every protocol that the node hosts.
pub(super) struct Desk<'d, 'a> {
    pub(super) ctx: &'d mut Ctx<'a>,
    /// The carrier of payloads, if a running protocol has any.
    pub(super) channel: &'d mut Option<Carrier>,
    pub(super) envelope: &'d mut Envelope,
    /// What waits for the replica's disk.
    pub(super) commit: &'d mut GroupCommit,
    /// Outcomes of protocols that are not yet routed.
    pub(super) told: &'d mut VecDeque<Outcome>,
}

impl Desk<'_, '_> {
    /// Sends a protocol's message: an event of the node's clocks.
    pub(super) fn send_body(&mut self, to: NodeId, body: Body) {
        let stamp = self.envelope.tick_send(self.ctx);
        let tag = Tag { era: self.envelope.era, cuts: Vec::new(), stamp }.shared();
        let message = Datagram::signed(body, tag, self.ctx.me(), to, &self.ctx.config().registry);
        self.ctx.send(to, message);
    }

    /// Has the channel carry a payload.
    pub(super) fn post_payload(&mut self, to: NodeId, payload: Payload) {
        let channel = self.channel.as_mut().expect("a channel runs where a protocol has payloads");
        channel.send(to, payload, &mut Frames { ctx: self.ctx, envelope: self.envelope });
    }

    /// Makes the next sync cover the current clocks.
    pub(super) fn write_clock(&mut self) {
        if let Some(clock) = &self.envelope.clock {
            self.ctx.rewrite_file(CLOCKS, vec![Entry::Clocks(ClocksEntry(Arc::clone(clock.last())))]);
        }
    }
}

/// The port of the channel. Its frames are no events of the node's clocks; the payloads are.
pub(super) struct Frames<'c, 'a> {
    pub(super) ctx: &'c mut Ctx<'a>,
    pub(super) envelope: &'c mut Envelope,
}

impl ReplicaPort for Desk<'_, '_> {
    fn keep(&mut self, entry: ReplicaEntry) {
        self.append_to_replica(entry);
    }
    fn rewrite_replica(&mut self, entries: Vec<ReplicaEntry>) {
        self.rewrite_replica_file(entries);
    }
    fn persist(&mut self) {
        self.sync_replica();
    }
    fn note_replica(&mut self, fact: ReplicaFact) {
        self.note_of_replica(fact);
    }
}

impl ReplicaPort for Frames<'_, '_> {}

impl Port<Channel<Payload>> for Frames<'_, '_> {
    fn me(&self) -> NodeId {
        self.ctx.me()
    }
    fn boot(&self) -> Boot {
        self.ctx.boot()
    }
    fn node_count(&self) -> u32 {
        self.ctx.node_count()
    }
    fn attempt(&self) -> u32 {
        self.ctx.attempt()
    }
    fn wall(&self) -> LocalTime {
        self.ctx.wall()
    }
    fn monotonic(&self) -> LocalTime {
        self.ctx.monotonic()
    }
    fn jitter(&mut self, label: &str, low: Span, high: Span) -> Span {
        self.ctx.jitter(label, low, high)
    }
    fn choose(&mut self, label: &str, n: u64) -> u64 {
        self.ctx.choose(label, n)
    }
    fn send(&mut self, to: NodeId, frame: Frame<Payload>) {
        let tag = Tag { era: self.envelope.era, ..Tag::default() }.shared();
        let message = Datagram::signed(Body::Channel(frame), tag, self.ctx.me(), to, &self.ctx.config().registry);
        self.ctx.send(to, message);
    }
    fn post(&mut self, _: NodeId, payload: Never) {
        match payload {}
    }
    fn set_timer(&mut self, timer: ChannelTimer, after: Span) {
        self.ctx.set_timer(Timer::Channel(timer), after);
    }
    fn cancel_timer(&mut self, timer: ChannelTimer) {
        self.ctx.cancel_timer(Timer::Channel(timer));
    }
    fn append(&mut self, entry: Never) {
        match entry {}
    }
    fn rewrite(&mut self, _: Vec<Never>) {
        unreachable!("the channel has no file")
    }
    fn sync(&mut self) {
        unreachable!("the channel has no file")
    }
    fn sync_then(&mut self, completion: Never) {
        match completion {}
    }
    fn note(&mut self, fact: ChannelFact) {
        self.ctx.note(Fact::Channel(fact));
    }
    fn reply(&mut self, _: OpId, reply: Never) {
        match reply {}
    }
    fn answer(&mut self, _: OpId, _: StoreReply) {
        unreachable!("the channel owns no keys")
    }
    fn tell(&mut self, outcome: Never) {
        match outcome {}
    }
}

impl Carries for Frames<'_, '_> {
    fn era(&self) -> Era {
        self.envelope.era
    }

    fn sent(&mut self, fact: ChannelFact) -> Option<Arc<Stamp>> {
        let stamp = self.envelope.tick_send(self.ctx);
        self.note(fact);
        stamp
    }

    fn delivered(&mut self, fact: ChannelFact, stamp: Option<Stamp>) {
        let Some(clock) = &mut self.envelope.clock else { return self.note(fact) };
        let known = stamp.unwrap_or_default();
        let (compared, stamp) = clock.receive(&known, self.ctx.wall());
        self.ctx.stamp(stamp);
        self.note(fact);
        self.ctx.note(Fact::Clocks(compared));
    }
}
