//! Locks, the register that they guard, and the channel under both.

use super::carrier::Carrier;
use super::port::{Ctx, Datagrams, OverChannel};
use super::words::{Entry, Payload};
use crate::identity::{Incarnation, NodeId, OpId};
use crate::observation::Resource;
use crate::protocols::channel::{ChannelTimer, Frame, Upshot};
use crate::protocols::locks::{LockCommand, Locks};
use crate::protocols::register::{Register, RegisterCommand};

/// What a node has of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Locking {
    pub(super) carrier: Carrier,
    pub(super) locks: Locks,
    pub(super) register: Register,
    /// How many entries the log has grown by since it was rewritten.
    pub(super) grown: usize,
}

impl Locking {
    pub(super) fn open(&mut self, ctx: &mut Ctx<'_>) {
        let (locks, mut port) = self.locks(ctx);
        locks.resume(&mut port);
        self.carrier.open(&mut Datagrams { ctx });
    }

    pub(super) fn on_frame(&mut self, from: NodeId, frame: Frame<Payload>, ctx: &mut Ctx<'_>) {
        for upshot in self.carrier.on_frame(from, frame, &mut Datagrams { ctx }) {
            self.route(upshot, ctx);
        }
        self.settle(ctx);
    }

    pub(super) fn on_timer(&mut self, timer: ChannelTimer, ctx: &mut Ctx<'_>) {
        for upshot in self.carrier.on_timer(timer, &mut Datagrams { ctx }) {
            self.route(upshot, ctx);
        }
    }

    pub(super) fn on_lock_command(&mut self, op: OpId, command: LockCommand, ctx: &mut Ctx<'_>) {
        let (locks, mut port) = self.locks(ctx);
        locks.on_command(op, command, &mut port);
        self.settle(ctx);
    }

    pub(super) fn on_register_command(&mut self, op: OpId, command: RegisterCommand, ctx: &mut Ctx<'_>) {
        let (key, token, access) = command.target();
        let covered = self.locks.covers(token, &Resource::new(key), access);
        let (register, mut port) = self.register(ctx);
        register.on_command(op, command, covered, &mut port);
        self.settle(ctx);
    }

    /// What must stand on the disk when the log is rewritten.
    pub(super) fn retained(&self) -> impl Iterator<Item = Entry> {
        [Entry::Locks(self.locks.retained())].into_iter().chain(self.register.retained().map(Entry::Register))
    }

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

    const fn locks<'c, 'a>(&'c mut self, ctx: &'c mut Ctx<'a>) -> (&'c mut Locks, OverChannel<'c, 'a>) {
        (&mut self.locks, OverChannel { ctx, carrier: &mut self.carrier, grown: &mut self.grown })
    }

    const fn register<'c, 'a>(&'c mut self, ctx: &'c mut Ctx<'a>) -> (&'c mut Register, OverChannel<'c, 'a>) {
        (&mut self.register, OverChannel { ctx, carrier: &mut self.carrier, grown: &mut self.grown })
    }

    /// Ends a step.
    fn settle(&mut self, ctx: &mut Ctx<'_>) {
        self.carrier.settle(&mut Datagrams { ctx });
    }
}
