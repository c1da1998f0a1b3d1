//! Passes operations to the keeper and, at the keeper, carries them out.

use std::convert::Infallible;

use super::guard::{Cell, Guard};
use super::messages::{Asked, RegisterCommand, RegisterEntry, RegisterFact, RegisterMessage, RegisterReply};
use crate::identity::{NodeId, OpId};
use crate::observation::{Access, Resource};
use crate::protocols::locks::Refusal;
use crate::protocols::{Port, Protocol, Words};

/// One node's part in the guarded register.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Register {
    keeper: Keeper,
    guard: Guard,
    tokens: Tokens,
}

/// Whether tokens are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tokens {
    /// As they must be.
    Checked,
    /// Flaw l02: they are not.
    Ignored,
}

/// Who keeps the register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Keeper(pub NodeId);

impl Words for Register {
    type Message = Infallible;
    type Payload = RegisterMessage;
    type Timer = Infallible;
    type Entry = RegisterEntry;
    type Fact = RegisterFact;
    type Command = Presented;
    type Reply = RegisterReply;
    type Outcome = Infallible;
}

/// What a client asks, and whether the grant of the token that it presents covers the key, where this node knows the
/// grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presented {
    /// What is asked.
    pub command: RegisterCommand,
    /// What the lock manager says to it.
    pub covered: Option<bool>,
}

impl Protocol for Register {
    fn on_command(&mut self, op: OpId, Presented { command, covered }: Presented, port: &mut impl Port<Self>) {
        if covered == Some(false) {
            let reason = Refusal::NotCovered;
            port.note(RegisterFact::Refused { op, reason });
            port.reply(op, RegisterReply::Refused { reason });
        } else if self.keeper.0 == port.me() {
            let reply = self.perform(op, command, port);
            port.reply(op, reply);
        } else {
            port.post(self.keeper.0, RegisterMessage::Ask(Box::new(Asked { op, command })));
        }
    }

    fn on_payload(&mut self, from: NodeId, message: RegisterMessage, port: &mut impl Port<Self>) {
        match message {
            RegisterMessage::Ask(asked) => {
                let Asked { op, command } = *asked;
                let reply = self.perform(op, command, port);
                port.post(from, RegisterMessage::Answer { op, reply });
            }
            RegisterMessage::Answer { op, reply } => port.reply(op, reply),
        }
    }
}

impl Register {
    /// The register of a node that starts, as its disk has it.
    #[must_use]
    pub const fn start(keeper: Keeper, guard: Guard, tokens: Tokens) -> Self {
        Self { keeper, guard, tokens }
    }

    /// What must stand on the disk when the log is rewritten.
    pub fn retained(&self) -> impl Iterator<Item = RegisterEntry> {
        self.guard.iter().map(|(key, cell)| RegisterEntry { key: key.clone(), cell: *cell })
    }

    /// Carries out an operation, if its token is not too old. What was read or written is durable before anybody hears
    /// of it.
    fn perform(&mut self, op: OpId, command: RegisterCommand, port: &mut impl Port<Self>) -> RegisterReply {
        let (key, token, access) = command.target();
        let key = Resource::new(key);
        let mut cell = self.guard.cell(&key);
        if self.tokens == Tokens::Checked && !cell.admits(access, token) {
            port.note(RegisterFact::Fenced { op, key, access, token });
            return RegisterReply::Fenced;
        }
        let reply = apply(&mut cell, &command);
        if cell != self.guard.cell(&key) {
            self.guard.put(key.clone(), cell);
            port.append(RegisterEntry { key: key.clone(), cell });
            port.sync();
        }
        port.note(RegisterFact::Guarded { op, key, access, token, value: cell.value });
        reply
    }
}

fn apply(cell: &mut Cell, command: &RegisterCommand) -> RegisterReply {
    let (_, token, access) = command.target();
    match access {
        Access::Read => cell.read = cell.read.max(Some(token)),
        Access::Write => cell.written = cell.written.max(Some(token)),
    }
    match command {
        RegisterCommand::Read { .. } => RegisterReply::Value { value: cell.value },
        RegisterCommand::Write { value, .. } => {
            cell.value = Some(*value);
            RegisterReply::Written
        }
    }
}
