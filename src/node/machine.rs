//! The node: what it does on every message, timer and command.

use std::collections::VecDeque;

use super::carrier::Carrier;
use super::client::Client;
use super::desk::{Ctx, Datagrams, Desk};
use super::hosted::{Found, Hosted};
use super::routes::{Call, route};
use super::words::{Command, Entry, Fact, Message, Outcome, Payload, Reply, Timer};
use crate::identity::{Boot, Incarnation, NodeId, OpId};
use crate::process::{Process, Stored, SyncTicket};
use crate::protocols;
use crate::protocols::channel::{ChannelFact, Upshot, Upshots};
use crate::protocols::consensus::ConsensusMessage;

/// The log is rewritten when it has grown by so many entries of the lock manager and the register.
const COMPACT_AFTER: usize = 256;

/// A node of the codex, with the protocols that run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CodexNode {
    hosted: Hosted,
    /// What carries payloads, where a protocol runs that has any.
    channel: Option<Carrier>,
    /// How many entries of the lock manager and the register the log has grown by since it was rewritten.
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
    type Client = Client;

    fn start(boot: Boot, disk: &[Stored<Entry>], ctx: &mut Ctx<'_>) -> Self {
        let config = ctx.config();
        let carries = config.settings.locks.is_some();
        let carrier = || Carrier::new(&config.settings.channel, config.promised, ctx.node_count(), boot);
        let (mut channel, mut told) = (carries.then(carrier), VecDeque::new());
        let mut grown = if carries { disk.len() } else { 0 };
        let mut desk = Desk { ctx, channel: &mut channel, grown: &mut grown, told: &mut told };
        let hosted = Hosted::start(config, Found::on(disk), &mut desk);
        if let Some(channel) = &mut channel {
            channel.open(&mut Datagrams { ctx });
        }
        Self { hosted, channel, grown, forged: 0 }
    }

    fn on_message(&mut self, from: NodeId, mut message: Message, ctx: &mut Ctx<'_>) {
        let forwarded = matches!(message, Message::Consensus(ConsensusMessage::Forward { .. }));
        let trusted = forwarded && ctx.config().trusts_forwards();
        if !message.take_signature(from, ctx.me(), &ctx.config().registry) && !trusted {
            return self.refuse(from, ctx);
        }
        self.compact(ctx);
        match message {
            Message::Channel(frame) => {
                let Some(channel) = &mut self.channel else { return };
                let upshots = channel.on_frame(from, frame, &mut Datagrams { ctx });
                self.deliver(upshots, ctx);
            }
            Message::Consensus(_) => self.step(ctx, |hosted, desk| hosted.on_message(from, message, desk)),
        }
        self.settle(ctx);
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Ctx<'_>) {
        match timer {
            Timer::Channel(timer) => {
                let Some(channel) = &mut self.channel else { return };
                let upshots = channel.on_timer(timer, &mut Datagrams { ctx });
                self.deliver(upshots, ctx);
            }
            Timer::Consensus(_) => self.step(ctx, |hosted, desk| hosted.on_timer(timer, desk)),
        }
        self.settle(ctx);
    }

    fn on_command(&mut self, op: OpId, command: Command, ctx: &mut Ctx<'_>) {
        self.compact(ctx);
        self.step(ctx, |hosted, desk| hosted.on_command(op, command, desk));
        self.settle(ctx);
    }

    fn on_synced(&mut self, _ticket: SyncTicket, ctx: &mut Ctx<'_>) {
        self.step(ctx, Hosted::on_synced);
        self.settle(ctx);
        self.compact(ctx);
    }
}

impl CodexNode {
    /// Lets protocols act, and others hear of what they tell, until nothing is left to be told.
    fn step<'a>(&mut self, ctx: &mut Ctx<'a>, act: impl FnOnce(&mut Hosted, &mut Desk<'_, 'a>)) {
        let mut told = VecDeque::new();
        let Self { hosted, channel, grown, .. } = self;
        act(hosted, &mut Desk { ctx, channel, grown, told: &mut told });
        while let Some(outcome) = told.pop_front() {
            match route(outcome) {
                Call::Install => self.install(&mut told, ctx),
            }
        }
    }

    /// Hands on what the channel has brought, in order.
    fn deliver(&mut self, upshots: Upshots<Payload>, ctx: &mut Ctx<'_>) {
        for upshot in upshots {
            self.step(ctx, |hosted, desk| match upshot {
                Upshot::Reset { peer } => hosted.on_reset(peer, desk),
                Upshot::Delivered { from: Incarnation { node, .. }, payload } => hosted.on_payload(node, payload, desk),
            });
        }
    }

    /// Ends a step.
    fn settle(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(channel) = &mut self.channel {
            channel.settle(&mut Datagrams { ctx });
        }
    }

    fn refuse(&mut self, from: NodeId, ctx: &mut Ctx<'_>) {
        self.forged += 1;
        ctx.note(ChannelFact::Forged { from, count: self.forged });
    }

    /// Writes down the state that consensus has installed, and lets it go on.
    fn install(&mut self, told: &mut VecDeque<Outcome>, ctx: &mut Ctx<'_>) {
        self.rewrite(ctx);
        let Self { hosted, channel, grown, .. } = self;
        if let Some(consensus) = &mut hosted.consensus {
            consensus.installed(&mut Desk { ctx, channel, grown, told });
        }
    }

    /// Rewrites the log if it has grown too long. It stands before what the step appends, and waits for the same sync.
    fn compact(&mut self, ctx: &mut Ctx<'_>) {
        let Self { hosted, channel, grown, .. } = self;
        if hosted.consensus.as_ref().is_some_and(|consensus| !consensus.is_rewritable()) {
            return;
        }
        let mut told = VecDeque::new();
        let has_grown = *grown >= COMPACT_AFTER;
        let mut desk = Desk { ctx, channel, grown, told: &mut told };
        let shrinks = hosted.consensus.as_mut().is_some_and(|consensus| consensus.compacts(&mut desk));
        if has_grown || shrinks {
            self.rewrite(ctx);
        }
    }

    /// Writes the log anew, with all that must stand there.
    fn rewrite(&mut self, ctx: &mut Ctx<'_>) {
        self.grown = 0;
        ctx.rewrite(self.hosted.retained());
    }
}
