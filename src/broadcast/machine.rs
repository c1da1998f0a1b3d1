//! The node: what it does on every message, timer and command.

use std::sync::Arc;

use super::buffer::{Buffer, Delivery, first_need};
use super::facts::{BroadcastFact, Fact};
use super::log::{Entry, Recovered, Retained};
use super::messages::{Body, Broadcast, Command, Reply, Timer};
use super::outbox::Outbox;
use super::spec::Config;
use crate::context::Context;
use crate::identity::{Boot, Incarnation, NodeId, OpId};
use crate::process::{Process, Script, Stored};
use crate::protocols::clocks::NodeClock;
use crate::protocols::{Datagram, Tag};
use crate::time::LocalTime;

/// The log is rewritten when it has grown by so many entries.
pub(super) const COMPACT_AFTER: usize = 256;

/// A node of the causal broadcast.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Broadcaster {
    clock: NodeClock,
    /// As in memory; on the disk as soon as the effects so far are done.
    retained: Retained,
    outbox: Outbox,
    buffer: Buffer,
    /// How many entries the log has grown by since it was rewritten.
    grown: usize,
    /// What the timer is set to.
    armed: Option<LocalTime>,
    /// How many messages were refused.
    forged: u64,
}

type Ctx<'a> = Context<'a, Broadcaster>;

impl Process for Broadcaster {
    const LANES: &'static [&'static str] = &["broadcast"];
    type Config = Config;
    type Message = Datagram<Body>;
    type Timer = Timer;
    type Command = Command;
    type Reply = Reply;
    type Entry = Entry;
    type Completion = ();
    type Fact = Fact;
    type Client = Script<Command>;

    fn start(boot: Boot, disk: &[Stored<Entry>], ctx: &mut Ctx<'_>) -> Self {
        let me = ctx.me();
        let found = Recovered::on(disk, me);
        let last = found.retained.delivered.get(me);
        let mut node = Self {
            clock: NodeClock::after(found.clock, Incarnation::new(me, boot), &ctx.config().settings.clocks),
            retained: found.retained,
            outbox: Outbox::new(ctx.config().pace(), found.kept, last, ctx.peers()),
            buffer: Buffer::default(),
            grown: disk.len(),
            armed: None,
            forged: 0,
        };
        node.tick(ctx);
        if found.damaged > 0 {
            ctx.note(BroadcastFact::Damaged { entries: found.damaged });
        }
        if let Some(broadcast) = found.untold {
            ctx.note(BroadcastFact::Broadcast { number: broadcast.number, op: broadcast.op });
        }
        if boot > Boot::new(1) || !disk.is_empty() {
            ctx.note(BroadcastFact::Resumed { delivered: node.retained.delivered.clone() });
        }
        for peer in ctx.peers() {
            node.send_owed(peer, ctx);
        }
        node.rearm(ctx);
        node
    }

    fn on_message(&mut self, from: NodeId, message: Datagram<Body>, ctx: &mut Ctx<'_>) {
        // Flaw b05: signatures are not verified.
        let trusting = ctx.config().settings.broadcast.flaws.has("b05");
        if !trusting && !message.is_signed(from, ctx.me(), &ctx.config().registry) {
            return self.refuse(from, ctx);
        }
        // One that is believed whatever its signature may have lost its stamp.
        let stamp = message.stamp().map(|stamp| (**stamp).clone()).unwrap_or_default();
        let (compared, stamp) = self.clock.receive(&stamp, ctx.wall());
        ctx.stamp_step(stamp);
        ctx.note(compared);
        match message.body {
            Body::Data { broadcast } => self.on_data(from, broadcast, ctx),
            Body::Ack { upto } => self.on_ack(from, upto, ctx),
        }
        self.rearm(ctx);
    }

    fn on_timer(&mut self, Timer::Resend: Timer, ctx: &mut Ctx<'_>) {
        self.tick(ctx);
        let now = self.armed.take().max(Some(ctx.monotonic())).expect("it is now");
        for peer in self.outbox.expire(now) {
            self.send_owed(peer, ctx);
        }
        self.rearm(ctx);
    }

    fn on_command(&mut self, op: OpId, Command::Broadcast { text }: Command, ctx: &mut Ctx<'_>) {
        self.tick(ctx);
        match self.retained.ops.get(&op) {
            Some(&number) => ctx.reply(op, Reply::Accepted { number }),
            None => self.broadcast(op, text, ctx),
        }
        self.rearm(ctx);
    }
}

/// What it does. Memory runs ahead of the disk; what leaves stands behind the sync in the order of effects, also where
/// a later step reads the memory.
impl Broadcaster {
    fn broadcast(&mut self, op: OpId, text: String, ctx: &mut Ctx<'_>) {
        self.compact(ctx);
        let me = ctx.me();
        let number = self.retained.delivered.get(me) + 1;
        let causes = self.retained.delivered.without(me);
        let broadcast = Arc::new(Broadcast { number, causes, op, text });
        self.retained.delivered.raise(me, number);
        self.retained.ops.insert(op, number);
        self.outbox.add(Arc::clone(&broadcast));
        self.append(Entry::Broadcast(broadcast), ctx);
        // Flaw b04: it does not wait for the disk, so that a crash may take back what the others have.
        if !ctx.config().settings.broadcast.flaws.has("b04") {
            self.sync(ctx);
        }
        ctx.note(BroadcastFact::Broadcast { number, op });
        ctx.note(BroadcastFact::Delivered { origin: me, number });
        ctx.reply(op, Reply::Accepted { number });
        for peer in ctx.peers() {
            self.send_owed(peer, ctx);
        }
    }

    fn on_data(&mut self, origin: NodeId, broadcast: Arc<Broadcast>, ctx: &mut Ctx<'_>) {
        let delivered = self.retained.delivered.get(origin);
        if broadcast.number <= delivered {
            return self.acknowledge(origin, ctx);
        }
        if broadcast.number - delivered > ctx.config().pace().window {
            return;
        }
        match self.first_need(origin, &broadcast, ctx) {
            Some(need) => self.buffer.keep(need, origin, broadcast),
            None => self.deliver(origin, broadcast, ctx),
        }
    }

    fn on_ack(&mut self, from: NodeId, upto: u64, ctx: &mut Ctx<'_>) {
        // Flaw b06: that a peer has all is not noticed, and it is sent the last broadcast again for ever.
        let has_all = upto == self.retained.delivered.get(ctx.me());
        if has_all && ctx.config().settings.broadcast.flaws.has("b06") {
            return;
        }
        if self.outbox.acknowledge(from, upto) {
            self.send_owed(from, ctx);
        }
    }

    fn refuse(&mut self, from: NodeId, ctx: &mut Ctx<'_>) {
        self.tick(ctx);
        self.forged += 1;
        ctx.note(BroadcastFact::Forged { from, count: self.forged });
    }

    /// Delivers a broadcast and all that waited for it, with one sync, and acknowledges each origin once.
    fn deliver(&mut self, origin: NodeId, broadcast: Arc<Broadcast>, ctx: &mut Ctx<'_>) {
        self.compact(ctx);
        let deliveries = self.release(origin, broadcast, ctx);
        // Flaw b02: deliveries are not written down, and a restarted node has forgotten them.
        if !ctx.config().settings.broadcast.flaws.has("b02") {
            for &(origin, number) in &deliveries {
                self.append(Entry::Delivered { origin, number }, ctx);
            }
            self.sync(ctx);
        }
        for &(origin, number) in &deliveries {
            ctx.note(BroadcastFact::Delivered { origin, number });
        }
        let mut origins: Vec<NodeId> = deliveries.into_iter().map(|(origin, _)| origin).collect();
        origins.sort_unstable();
        origins.dedup();
        for origin in origins {
            self.acknowledge(origin, ctx);
        }
    }

    /// Counts a broadcast that needs nothing more, and all that it releases, in an order that respects their causes.
    fn release(&mut self, origin: NodeId, broadcast: Arc<Broadcast>, ctx: &Ctx<'_>) -> Vec<Delivery> {
        let mut ready = vec![(origin, broadcast)];
        let mut deliveries = Vec::new();
        while let Some((origin, broadcast)) = ready.pop() {
            let delivery = (origin, broadcast.number);
            if delivery.1 <= self.retained.delivered.get(origin) {
                continue;
            }
            self.retained.delivered.raise(origin, delivery.1);
            deliveries.push(delivery);
            for (origin, broadcast) in self.buffer.take(delivery) {
                match self.first_need(origin, &broadcast, ctx) {
                    Some(need) => self.buffer.keep(need, origin, broadcast),
                    None => ready.push((origin, broadcast)),
                }
            }
        }
        deliveries
    }

    fn first_need(&self, origin: NodeId, broadcast: &Broadcast, ctx: &Ctx<'_>) -> Option<Delivery> {
        let need = first_need(&self.retained.delivered, origin, broadcast)?;
        // Flaw b01: only the order of its own origin counts, not its causes.
        if ctx.config().settings.broadcast.flaws.has("b01") && need.0 != origin { None } else { Some(need) }
    }

    fn acknowledge(&mut self, origin: NodeId, ctx: &mut Ctx<'_>) {
        let upto = self.retained.delivered.get(origin);
        self.send(origin, Body::Ack { upto }, ctx);
    }

    /// Sends `to` what its window has room for.
    fn send_owed(&mut self, to: NodeId, ctx: &mut Ctx<'_>) {
        while let Some(broadcast) = self.outbox.next(to) {
            self.send(to, Body::Data { broadcast }, ctx);
        }
        if let Some(patience) = self.outbox.patience(to) {
            let wait = ctx.jitter("resend", patience, patience + patience.divided_by(4));
            self.outbox.expect(to, ctx.monotonic() + wait);
        }
    }

    fn send(&mut self, to: NodeId, body: Body, ctx: &mut Ctx<'_>) {
        ctx.stamp(self.clock.tick(ctx.wall()));
        let tag = Tag { stamp: Some(Arc::clone(self.clock.last())), ..Tag::default() }.shared();
        ctx.send(to, Datagram::signed(body, tag, ctx.me(), to, &ctx.config().registry));
    }

    /// The step is an event that no message causes, or one that may not be believed.
    fn tick(&mut self, ctx: &mut Ctx<'_>) {
        ctx.stamp_step(self.clock.tick(ctx.wall()));
    }

    /// Sets the timer to the first peer that is due, or cancels it if none is.
    fn rearm(&mut self, ctx: &mut Ctx<'_>) {
        // Flaw b03: nothing is ever sent again.
        if ctx.config().settings.broadcast.flaws.has("b03") || self.outbox.next_due() == self.armed {
            return;
        }
        self.armed = self.outbox.next_due();
        match self.armed {
            Some(due) => ctx.set_timer(Timer::Resend, due.since(ctx.monotonic())),
            None => ctx.cancel_timer(Timer::Resend),
        }
    }

    fn append(&mut self, entry: Entry, ctx: &mut Ctx<'_>) {
        self.grown += 1;
        ctx.append(entry);
    }

    /// Waits for the disk, which keeps the clock of this moment too: a restart goes on from there.
    fn sync(&mut self, ctx: &mut Ctx<'_>) {
        self.append(Entry::Clock(Arc::clone(self.clock.last())), ctx);
        ctx.sync();
    }

    /// Rewrites the log if it has grown too long. It stands before what the step appends, and waits for the same sync.
    fn compact(&mut self, ctx: &mut Ctx<'_>) {
        if self.grown < COMPACT_AFTER {
            return;
        }
        self.grown = 0;
        let retained = Entry::Retained(Box::new(self.retained.clone()));
        let owed = self.outbox.compact().cloned().map(Entry::Broadcast);
        ctx.rewrite([retained].into_iter().chain(owed).collect());
    }
}
