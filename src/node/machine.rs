//! The node: what it does on every message, timer and command.

use super::carrier::Carrier;
use super::disk::Found;
use super::lock_client::LockClient;
use super::port::{Ctx, Datagrams, OverChannel};
use super::words::{Command, Entry, Fact, Message, Payload, Reply, Timer};
use crate::identity::{Boot, Incarnation, NodeId, OpId};
use crate::process::{Process, Stored};
use crate::protocols;
use crate::protocols::channel::{ChannelFact, Upshot};
use crate::protocols::locks::Locks;
use crate::protocols::register::{Keeper, Register, Tokens};

/// The log is rewritten when it has grown by so many entries.
const COMPACT_AFTER: usize = 256;

/// A node of the codex.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CodexNode {
    carrier: Carrier,
    locks: Locks,
    register: Register,
    /// How many entries the log has grown by since it was rewritten.
    grown: usize,
    /// How many messages were refused.
    forged: u64,
}

impl Process for CodexNode {
    const LANES: &'static [&'static str] = protocols::LANES;
    type Config = super::spec::Config;
    type Message = Message;
    type Timer = Timer;
    type Command = Command;
    type Reply = Reply;
    type Entry = Entry;
    type Fact = Fact;
    type Client = LockClient;

    fn start(boot: Boot, disk: &[Stored<Entry>], ctx: &mut Ctx<'_>) -> Self {
        let Found { below, guard } = Found::on(disk);
        let settings = &ctx.config().settings;
        let tokens = if settings.locks.flaws.has("l02") { Tokens::Ignored } else { Tokens::Checked };
        let keeper = Keeper(NodeId::new(0));
        let mut node = Self {
            carrier: Carrier::new(&settings.channel, ctx.config().promised, ctx.node_count(), boot),
            locks: Locks::start(&settings.locks, below),
            register: Register::start(keeper, guard, tokens),
            grown: disk.len(),
            forged: 0,
        };
        let (locks, mut port) = node.locks(ctx);
        locks.resume(&mut port);
        node.carrier.open(&mut Datagrams { ctx });
        node
    }

    fn on_message(&mut self, from: NodeId, mut message: Message, ctx: &mut Ctx<'_>) {
        if !message.take_signature(from, ctx.me(), &ctx.config().registry) {
            return self.refuse(from, ctx);
        }
        self.compact(ctx);
        let Message::Channel(frame) = message;
        for upshot in self.carrier.on_frame(from, frame, &mut Datagrams { ctx }) {
            self.route(upshot, ctx);
        }
        self.settle(ctx);
    }

    fn on_timer(&mut self, Timer::Channel(timer): Timer, ctx: &mut Ctx<'_>) {
        for upshot in self.carrier.on_timer(timer, &mut Datagrams { ctx }) {
            self.route(upshot, ctx);
        }
    }

    fn on_command(&mut self, op: OpId, command: Command, ctx: &mut Ctx<'_>) {
        self.compact(ctx);
        match command {
            Command::Locks(command) => {
                let (locks, mut port) = self.locks(ctx);
                locks.on_command(op, command, &mut port);
            }
            Command::Register(command) => {
                let (key, token, access) = command.target();
                let covered = self.locks.covers(token, &crate::observation::Resource::new(key), access);
                let (register, mut port) = self.register(ctx);
                register.on_command(op, command, covered, &mut port);
            }
        }
        self.settle(ctx);
    }
}

impl CodexNode {
    fn route(&mut self, upshot: Upshot<Payload>, ctx: &mut Ctx<'_>) {
        match upshot {
            Upshot::Reset { peer } => {
                let (locks, mut port) = self.locks(ctx);
                locks.on_reset(peer, &mut port);
            }
            Upshot::Delivered { from: Incarnation { node, .. }, payload: Payload::Locks(message) } => {
                let (locks, mut port) = self.locks(ctx);
                locks.on_message(node, message, &mut port);
            }
            Upshot::Delivered { from: Incarnation { node, .. }, payload: Payload::Register(message) } => {
                let (register, mut port) = self.register(ctx);
                register.on_message(node, message, &mut port);
            }
        }
    }

    fn locks<'c, 'a>(&'c mut self, ctx: &'c mut Ctx<'a>) -> (&'c mut Locks, OverChannel<'c, 'a>) {
        (&mut self.locks, OverChannel { ctx, carrier: &mut self.carrier, grown: &mut self.grown })
    }

    fn register<'c, 'a>(&'c mut self, ctx: &'c mut Ctx<'a>) -> (&'c mut Register, OverChannel<'c, 'a>) {
        (&mut self.register, OverChannel { ctx, carrier: &mut self.carrier, grown: &mut self.grown })
    }

    /// Ends a step.
    fn settle(&mut self, ctx: &mut Ctx<'_>) {
        self.carrier.settle(&mut Datagrams { ctx });
    }

    fn refuse(&mut self, from: NodeId, ctx: &mut Ctx<'_>) {
        self.forged += 1;
        ctx.note(ChannelFact::Forged { from, count: self.forged });
    }

    /// Rewrites the log if it has grown too long. It stands before what the step appends, and waits for the same sync.
    fn compact(&mut self, ctx: &mut Ctx<'_>) {
        if self.grown < COMPACT_AFTER {
            return;
        }
        self.grown = 0;
        let register = self.register.retained().map(Entry::Register);
        ctx.rewrite([Entry::Locks(self.locks.retained())].into_iter().chain(register).collect());
    }
}
