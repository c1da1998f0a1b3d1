//! Conflicts: voters are polled about concurrent versions of a key, and an arbiter's choice is shown everywhere.
//!
//! Every replica evaluates most conflicts by itself, by a pure rule (see [`codex::conflict`](crate::codex::conflict)). Where
//! the strategy of a key's prefix asks for a poll, the *arbiter* of the conflict asks: by rendezvous hashing over the voters,
//! of which each node leaves out those that it suspects, so that another takes over. It does too if an arbiter that is not
//! suspected comes to no end: it may be heard of and hear nobody. Asked are the voters that the arbiter does
//! not suspect, itself among them. Each names the version that it applied first, durably, or the one whose meaning most keys
//! under the prefix bear; one that holds a version that the request lacks sends that instead, and the poll begins anew.
//!
//! With answers of a majority of the configured voters the arbiter mints a *resolution*: a signed choice, which replicas
//! exchange and compare like versions, and which removes none of them. Without a majority the conflict stays open, and
//! replicas show what the local rule gives.
//!
//! Which strategy a keyspace has is replicated configuration: the scenario says with which it begins, and a client has it
//! changed by a decree of the replicated log, which each replica follows as it hears of it.
//!
//! Two arbiters at once, which suspect different nodes, cost a second poll and no more: of concurrent resolutions the one of the
//! greatest stamp stays, and a resolution whose choice was replaced says nothing any more.

mod decrees;
mod machine;
mod spec;
#[cfg(test)]
mod tests;
mod words;
mod workload;

pub use decrees::decree;
pub use machine::Conflicts;
pub use spec::{ConflictSettings, ROW};
pub use words::{
    Answer, ConflictCommand, ConflictFact, ConflictMessage, ConflictOutcome, ConflictReply, ConflictTimer, Prayer,
};
pub use workload::StrategyWorkload;

use std::sync::Arc;

use super::replica::Replica;
use super::{Bound, Given, Load, Port, Protocol, Words};
use crate::identity::{NodeId, OpId};
use crate::process::{Never, Stored};
use crate::subject::{Needs, Row, World};

impl Words for Conflicts {
    type Message = ConflictMessage;
    type Payload = Never;
    type Timer = ConflictTimer;
    type Completion = Never;
    type Command = ConflictCommand;
    type Reply = ConflictReply;
    type Entry = Never;
    type Fact = ConflictFact;
    type Outcome = ConflictOutcome;
}

impl Protocol for Conflicts {
    const ROW: Row = ROW;
    type Settings = ConflictSettings;
    type Rules = spec::Rules;
    type Kept = ();
    type Sees<'a> = &'a mut Replica;

    fn rules(settings: &ConflictSettings, given: Given<'_>) -> spec::Rules {
        settings.rules(given.setup.voters)
    }

    fn read((): &mut (), _stored: Stored<&Never>) {}

    fn start(rules: &Arc<spec::Rules>, (): (), replica: &mut Replica, _port: &mut impl Port<Self>) -> Self {
        replica.watch();
        Self::new(rules)
    }

    fn on_message(
        &mut self,
        from: NodeId,
        message: ConflictMessage,
        replica: &mut Replica,
        port: &mut impl Port<Self>,
    ) {
        match message {
            ConflictMessage::PrayerRequest(prayer) => self.on_prayer(from, &prayer, replica, port),
            ConflictMessage::Answer(answer) => self.on_answer(from, &answer, replica, port),
            ConflictMessage::Lacked(items) => Self::on_lacked(&items, replica, port),
        }
    }

    fn on_payload(&mut self, _from: NodeId, payload: Never, _replica: &mut Replica, _port: &mut impl Port<Self>) {
        match payload {}
    }

    fn on_timer(&mut self, timer: ConflictTimer, replica: &mut Replica, port: &mut impl Port<Self>) {
        match timer {
            ConflictTimer::Poll => self.on_poll(replica, port),
        }
    }

    fn on_synced(&mut self, completion: Never, _replica: &mut Replica, _port: &mut impl Port<Self>) {
        match completion {}
    }

    fn needs(ConflictCommand::Adopt { keyspace, .. }: &ConflictCommand) -> Needs {
        decrees::needs(keyspace)
    }

    fn on_command(
        &mut self,
        op: OpId,
        ConflictCommand::Adopt { keyspace, strategy }: ConflictCommand,
        replica: &mut Replica,
        port: &mut impl Port<Self>,
    ) {
        self.on_adopt(op, keyspace, strategy, replica, port);
    }

    fn bound(settings: &ConflictSettings, load: &Load, world: &World) -> Bound {
        spec::bound(settings, load.quieted, world)
    }
}
