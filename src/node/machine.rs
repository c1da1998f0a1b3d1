//! The node: its actions on every message, timer and command.

use std::collections::{BTreeMap, VecDeque};

use super::carrier::Carrier;
use super::desk::{Ctx, Desk, Envelope, Frames, Received};
use super::group_commit::GroupCommit;
use super::hosted::{Body, Client, Command, Completion, Entry, Fact, Hosted, Kept, Payload, Reply, Shared, Timer};
use crate::identity::{Boot, Incarnation, NodeId, OpId};
use crate::process::{Process, Stored};
use crate::protocols::channel::{ChannelEvent, ChannelEvents};
use crate::protocols::clocks::NodeClock;
use crate::protocols::replica::Flushed;
use crate::protocols::{self, AsStore, Datagram};

/// A node of the codex, with the protocols that run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CodexNode {
    hosted: Hosted,
    /// The carrier of payloads, if a running protocol has any.
    channel: Option<Carrier>,
    envelope: Envelope,
    commit: GroupCommit,
}

impl Process for CodexNode {
    const LANES: &'static [&'static str] = protocols::LANES;
    type Config = super::spec::Config;
    type Message = Datagram<Body>;
    type Timer = Timer;
    type Command = Command;
    type Reply = Reply;
    type Entry = Entry;
    type Completion = Completion;
    type Fact = Fact;
    type Client = Client;

    fn start(boot: Boot, disk: &[Stored<Entry>], ctx: &mut Ctx<'_>) -> Self {
        let config = ctx.config();
        let mut kept = Kept::on(disk);
        let last = kept.clock.take().map(|entry| entry.0);
        let incarnation = Incarnation::new(ctx.me(), boot);
        let clocks = config.settings.clocks.as_ref();
        let clock = clocks.map(|settings| Box::new(NodeClock::after(last, incarnation, settings)));
        let carrier = || Carrier::new(&config.settings.channel, config.promised, ctx.node_count(), boot);
        let channel = config.settings.carries().then(carrier);
        let envelope = Envelope { clock, ..Envelope::default() };
        let mut node = Self { hosted: Hosted::default(), channel, envelope, commit: GroupCommit::default() };
        node.envelope.tick_step(ctx);
        node.step(ctx, |hosted, shared, desk| *hosted = Hosted::start(&config.rules, kept, shared, desk));
        if let Some(channel) = &mut node.channel {
            channel.open(&mut Frames { ctx, envelope: &mut node.envelope });
        }
        node
    }

    fn on_message(&mut self, from: NodeId, message: Datagram<Body>, ctx: &mut Ctx<'_>) {
        let config = ctx.config();
        match self.envelope.receive(from, message, |body| Hosted::trusts(&config.rules, body), ctx) {
            Received::Nothing => return,
            Received::Frame(frame) => {
                let Some(channel) = &mut self.channel else { return };
                let upshots = channel.on_frame(from, frame, &mut Frames { ctx, envelope: &mut self.envelope });
                self.deliver(upshots, ctx);
            }
            Received::Message(body) => {
                self.step(ctx, |hosted, shared, desk| hosted.on_message(from, body, shared, desk));
            }
        }
        self.settle(ctx);
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Ctx<'_>) {
        self.envelope.tick_step(ctx);
        if let Timer::Channel(timer) = timer {
            let Some(channel) = &mut self.channel else { return };
            let upshots = channel.on_timer(timer, &mut Frames { ctx, envelope: &mut self.envelope });
            self.deliver(upshots, ctx);
        } else {
            self.step(ctx, |hosted, shared, desk| hosted.on_timer(timer, shared, desk));
        }
        self.settle(ctx);
    }

    fn on_command(&mut self, op: OpId, command: Command, ctx: &mut Ctx<'_>) {
        self.envelope.tick_step(ctx);
        self.step(ctx, |hosted, shared, desk| {
            if let Command::Store(command) = command {
                hosted.on_store(op, command, shared, desk);
            } else {
                hosted.on_command(op, command, shared, desk);
            }
        });
        self.settle(ctx);
    }

    fn complete(command: &mut Command, answers: &BTreeMap<OpId, Reply>) {
        if let Command::Store(command) = command {
            command.complete(|op| answers.get(&op).and_then(AsStore::as_store));
        }
    }

    fn on_synced(&mut self, completion: Completion, ctx: &mut Ctx<'_>) {
        self.step(ctx, |hosted, shared, desk| {
            if completion == Completion::Replica(Flushed) {
                desk.flush_replica();
            } else {
                hosted.on_synced(completion, shared, desk);
            }
        });
        self.settle(ctx);
    }
}

impl CodexNode {
    /// Lets protocols act, and routes their outcomes until none is left.
    fn step<'a>(&mut self, ctx: &mut Ctx<'a>, act: impl FnOnce(&mut Hosted, &mut Shared<'_>, &mut Desk<'_, 'a>)) {
        let mut told = VecDeque::new();
        let mut shared = Shared { keyspaces: &ctx.config().keyspaces, replica: None };
        let Self { hosted, channel, envelope, commit } = self;
        let mut desk = Desk { ctx, channel, envelope, commit, told: &mut told };
        hosted.lend(&mut shared);
        act(hosted, &mut shared, &mut desk);
        while let Some(outcome) = desk.told.pop_front() {
            hosted.route(outcome, &mut shared, &mut desk);
        }
        hosted.settle(&mut shared, &mut desk);
        hosted.replica = shared.replica;
    }

    /// Routes the events of the channel, in order. Payloads that were sent in another era are dropped.
    fn deliver(&mut self, upshots: ChannelEvents<Payload>, ctx: &mut Ctx<'_>) {
        for upshot in upshots {
            let now = self.envelope.era;
            self.step(ctx, |hosted, shared, desk| match upshot {
                ChannelEvent::Reset { peer } => hosted.on_reset(peer, shared, desk),
                ChannelEvent::Delivered { from: Incarnation { node, .. }, era, payload } if era == now => {
                    hosted.on_payload(node, payload, shared, desk);
                }
                ChannelEvent::Delivered { .. } => {}
            });
        }
    }

    /// Ends a step.
    fn settle(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(channel) = &mut self.channel {
            channel.settle(&mut Frames { ctx, envelope: &mut self.envelope });
        }
    }
}
