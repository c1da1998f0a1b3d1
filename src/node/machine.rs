//! The node: what it does on every message, timer and command.

use std::sync::Arc;

use super::carrier::Carrier;
use super::client::Client;
use super::disk::Found;
use super::locking::Locking;
use super::port::{Ctx, Datagrams};
use super::words::{Command, Entry, Fact, Message, Reply, Timer};
use crate::identity::{Boot, NodeId, OpId};
use crate::process::{Process, Stored, SyncTicket};
use crate::protocols;
use crate::protocols::channel::ChannelFact;
use crate::protocols::consensus::{Consensus, ConsensusCommand, ConsensusMessage, ConsensusTimer, Upshot};
use crate::protocols::locks::Locks;
use crate::protocols::register::{Keeper, Register, Tokens};

/// The log is rewritten when it has grown by so many entries of the lock manager and the register.
const COMPACT_AFTER: usize = 256;

/// A node of the codex, with the protocols that run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CodexNode {
    locking: Option<Locking>,
    consensus: Option<Consensus>,
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
        let Found { below, guard, kept } = Found::on(disk);
        let config = ctx.config();
        let locking = config.settings.locks.as_ref().map(|settings| {
            let tokens = if settings.flaws.has("l02") { Tokens::Ignored } else { Tokens::Checked };
            Locking {
                carrier: Carrier::new(&config.settings.channel, config.promised, ctx.node_count(), boot),
                locks: Locks::start(settings, below),
                register: Register::start(Keeper(NodeId::new(0)), guard, tokens),
                grown: disk.len(),
            }
        });
        let was_lost = kept.is_lost();
        let consensus = config.consensus.as_ref().map(|rules| Consensus::start(ctx.me(), Arc::clone(rules), kept));
        let mut node = Self { locking, consensus, forged: 0 };
        if let Some(consensus) = &mut node.consensus {
            consensus.open(was_lost, &mut Datagrams { ctx });
        }
        if let Some(locking) = &mut node.locking {
            locking.open(ctx);
        }
        node
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
                if let Some(locking) = &mut self.locking {
                    locking.on_frame(from, frame, ctx);
                }
            }
            Message::Consensus(message) => self.on_consensus(from, message, ctx),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Ctx<'_>) {
        match timer {
            Timer::Channel(timer) => {
                if let Some(locking) = &mut self.locking {
                    locking.on_timer(timer, ctx);
                }
            }
            Timer::Consensus(timer) => self.on_consensus_timer(timer, ctx),
        }
    }

    fn on_command(&mut self, op: OpId, command: Command, ctx: &mut Ctx<'_>) {
        self.compact(ctx);
        match command {
            Command::Locks(command) => {
                if let Some(locking) = &mut self.locking {
                    locking.on_lock_command(op, command, ctx);
                }
            }
            Command::Register(command) => {
                if let Some(locking) = &mut self.locking {
                    locking.on_register_command(op, command, ctx);
                }
            }
            Command::Consensus(command) => self.on_consensus_command(op, command, ctx),
        }
    }

    /// Consensus alone asks to be told.
    fn on_synced(&mut self, _ticket: SyncTicket, ctx: &mut Ctx<'_>) {
        let Some(consensus) = &mut self.consensus else { return };
        let upshot = consensus.on_synced(&mut Datagrams { ctx });
        self.route(upshot, ctx);
        self.compact(ctx);
    }
}

impl CodexNode {
    fn on_consensus(&mut self, from: NodeId, message: ConsensusMessage, ctx: &mut Ctx<'_>) {
        let Some(consensus) = &mut self.consensus else { return };
        let upshot = consensus.on_message(from, message, &mut Datagrams { ctx });
        self.route(upshot, ctx);
    }

    fn route(&mut self, upshot: Option<Upshot>, ctx: &mut Ctx<'_>) {
        match upshot {
            None => {}
            Some(Upshot::Install) => {
                self.rewrite(ctx);
                if let Some(consensus) = &mut self.consensus {
                    consensus.installed(&mut Datagrams { ctx });
                }
            }
        }
    }

    fn on_consensus_timer(&mut self, timer: ConsensusTimer, ctx: &mut Ctx<'_>) {
        if let Some(consensus) = &mut self.consensus {
            consensus.on_timer(timer, &mut Datagrams { ctx });
        }
    }

    fn on_consensus_command(&mut self, op: OpId, command: ConsensusCommand, ctx: &mut Ctx<'_>) {
        if let Some(consensus) = &mut self.consensus {
            consensus.on_command(op, command, &mut Datagrams { ctx });
        }
    }

    fn refuse(&mut self, from: NodeId, ctx: &mut Ctx<'_>) {
        self.forged += 1;
        ctx.note(ChannelFact::Forged { from, count: self.forged });
    }

    /// Rewrites the log if it has grown too long. It stands before what the step appends, and waits for the same sync.
    fn compact(&mut self, ctx: &mut Ctx<'_>) {
        if self.consensus.as_ref().is_some_and(|consensus| !consensus.is_rewritable()) {
            return;
        }
        let grown = self.locking.as_ref().is_some_and(|locking| locking.grown >= COMPACT_AFTER);
        let consensus = self.consensus.as_mut();
        let shrinks = consensus.is_some_and(|consensus| consensus.compacts(&mut Datagrams { ctx }));
        if grown || shrinks {
            self.rewrite(ctx);
        }
    }

    /// Writes the log anew, with all that must stand there.
    fn rewrite(&mut self, ctx: &mut Ctx<'_>) {
        let mut entries = Vec::new();
        if let Some(locking) = &mut self.locking {
            locking.grown = 0;
            entries.extend(locking.retained());
        }
        let consensus = self.consensus.iter().flat_map(Consensus::retained);
        entries.extend(consensus.map(Entry::Consensus));
        ctx.rewrite(entries);
    }
}
