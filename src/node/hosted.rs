//! The protocols that a node hosts, side by side: what comes is handed to the one that it is for.

use std::sync::Arc;

use super::desk::Desk;
use super::spec::Config;
use super::words::{Command, Entry, Message, Payload, Timer};
use crate::clocks::LamportClock;
use crate::identity::{NodeId, OpId};
use crate::process::Stored;
use crate::protocols::Protocol;
use crate::protocols::consensus::{Consensus, Kept};
use crate::protocols::locks::{LockEntry, Locks};
use crate::protocols::register::{Guard, Keeper, Register, RegisterEntry, Tokens};

/// Those that run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Hosted {
    /// The lock manager.
    pub(super) locks: Option<Locks>,
    /// The register that its locks guard.
    pub(super) register: Option<Register>,
    /// The replicated log.
    pub(super) consensus: Option<Consensus>,
}

/// Each protocol's part of the log, read to its end.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The reserve of the lock manager's clock.
    below: LamportClock,
    /// The keys of the guarded register.
    guard: Guard,
    /// What consensus has written.
    kept: Kept,
}

impl Found {
    /// Reads the log. A torn tail was never synced, and counts for nothing; damage is more than the lock manager bears,
    /// and ends a voter's part in consensus.
    pub(super) fn on(disk: &[Stored<Entry>]) -> Self {
        let mut found = Self::default();
        for stored in disk {
            match stored {
                Stored::Intact(Entry::Locks(LockEntry::Reserve { below })) => found.below = found.below.max(*below),
                Stored::Intact(Entry::Register(RegisterEntry { key, cell })) => found.guard.put(key.clone(), *cell),
                Stored::Intact(Entry::Consensus(entry)) => found.kept.take(entry),
                Stored::Damaged => found.kept.damaged = true,
                Stored::Torn => {}
            }
        }
        found
    }
}

impl Hosted {
    /// Starts those that run, with what the disk holds of each.
    pub(super) fn start(config: &Config, Found { below, guard, kept }: Found, desk: &mut Desk<'_, '_>) -> Self {
        let mut hosted = Self::default();
        if let Some(rules) = &config.consensus {
            let was_lost = kept.is_lost();
            let consensus = hosted.consensus.insert(Consensus::start(desk.ctx.me(), Arc::clone(rules), kept));
            consensus.open(was_lost, desk);
        }
        if let Some(settings) = &config.settings.locks {
            hosted.locks.insert(Locks::start(settings, below)).resume(desk);
            let tokens = if settings.flaws.has("l02") { Tokens::Ignored } else { Tokens::Checked };
            hosted.register = Some(Register::start(Keeper(NodeId::new(0)), guard, tokens));
        }
        hosted
    }

    /// A datagram that is not the channel's.
    pub(super) fn on_message(&mut self, from: NodeId, message: Message, desk: &mut Desk<'_, '_>) {
        match message {
            Message::Channel(_) => unreachable!("frames are the channel's"),
            Message::Consensus(message) => {
                if let Some(consensus) = &mut self.consensus {
                    consensus.on_message(from, message, desk);
                }
            }
        }
    }

    /// A payload that the channel has delivered.
    pub(super) fn on_payload(&mut self, from: NodeId, payload: Payload, desk: &mut Desk<'_, '_>) {
        match payload {
            Payload::Locks(message) => {
                if let Some(locks) = &mut self.locks {
                    locks.on_payload(from, message, desk);
                }
            }
            Payload::Register(message) => {
                if let Some(register) = &mut self.register {
                    register.on_payload(from, message, desk);
                }
            }
        }
    }

    /// The session with a peer is over.
    pub(super) fn on_reset(&mut self, peer: NodeId, desk: &mut Desk<'_, '_>) {
        let Self { locks, register, consensus } = self;
        if let Some(locks) = locks {
            locks.on_reset(peer, desk);
        }
        if let Some(register) = register {
            register.on_reset(peer, desk);
        }
        if let Some(consensus) = consensus {
            consensus.on_reset(peer, desk);
        }
    }

    /// A timer that is not the channel's.
    pub(super) fn on_timer(&mut self, timer: Timer, desk: &mut Desk<'_, '_>) {
        match timer {
            Timer::Channel(_) => unreachable!("these timers are the channel's"),
            Timer::Consensus(timer) => {
                if let Some(consensus) = &mut self.consensus {
                    consensus.on_timer(timer, desk);
                }
            }
        }
    }

    /// The disk has answered. Consensus alone asks to be told.
    pub(super) fn on_synced(&mut self, desk: &mut Desk<'_, '_>) {
        if let Some(consensus) = &mut self.consensus {
            consensus.on_synced(desk);
        }
    }

    /// A client asks.
    pub(super) fn on_command(&mut self, op: OpId, command: Command, desk: &mut Desk<'_, '_>) {
        match command {
            Command::Locks(command) => {
                if let Some(locks) = &mut self.locks {
                    locks.on_command(op, command, desk);
                }
            }
            Command::Register(command) => {
                let presented = self.presented(command);
                if let Some(register) = &mut self.register {
                    register.on_command(op, presented, desk);
                }
            }
            Command::Consensus(command) => {
                if let Some(consensus) = &mut self.consensus {
                    consensus.on_command(op, command, desk);
                }
            }
        }
    }

    /// What must stand on the disk when the log is rewritten.
    pub(super) fn retained(&self) -> Vec<Entry> {
        let Self { locks, register, consensus } = self;
        let locks = locks.iter().map(|locks| Entry::Locks(locks.retained()));
        let register = register.iter().flat_map(Register::retained).map(Entry::Register);
        locks.chain(register).chain(consensus.iter().flat_map(Consensus::retained).map(Entry::Consensus)).collect()
    }
}
