//! State sync: two replicas are brought to the same state, in one of four ways.
//!
//! Each node probes one peer after another with its root and its vector. Equal roots are a complete comparison: each side
//! covers from then on what the other covered when that root was read. Where they differ, the node that asked brings
//! itself up to date, and gives the peer what that lacks:
//!
//! - *merkle*: a walk down the peer's trie (Merkle 1987), over datagrams that are repeated until answered. Only the peer
//!   sends inner nodes; below a leaf the two exchange what they hold of its range.
//! - *full*: the whole store in chunks of a range of keys, over the channel. Its position is the last key, and is durable
//!   with the entries: after a crash of either end it goes on from there, at any peer that covers its start.
//! - *incremental*: what the peer's log holds beyond this node's vector. A log that does not reach back far enough says so,
//!   and a walk takes its place.
//! - *streaming*: the same log as it grows; credits bound what is under way. The node's durable vector is the cursor.
//!
//! *Absence speaks*: a chunk answers for all keys of its range, and carries the sender's vector of the same instant. What the
//! receiver holds there, the vector covers and the chunk lacks was replaced or collected at the sender, and is dropped. A
//! sync claims its *start vector* alone: what the sender covered before it read its first chunk. What came from elsewhere
//! into keys that were done is dropped by the join, if the start vector covers it: its chunk lacked it.
//!
//! Departures from the specification: its walk pairs the children of two trees by their index and sees local keys alone
//! (erratum E5); its deltas are counted from one timestamp for all peers (E6); it writes what an earlier comparison chose
//! (E31). One session a pair of nodes; both may ask at once.

mod machine;
mod parts;
mod spec;
mod synced;
#[cfg(test)]
mod tests;
mod transfer;
mod walk;
mod words;
mod workload;

pub use machine::Sync;
pub use parts::Parts;
pub use spec::{MOST_CHUNK, ROW, SyncSettings};
pub use words::{
    Given, Got, Probe, Pull, Shown, SyncCommand, SyncFact, SyncMessage, SyncOutcome, SyncPayload, SyncReply, SyncTimer,
    Walk, Wanted,
};
pub use workload::SwitchWorkload;

use std::sync::Arc;

use super::replica::Replica;
use super::{Bound, Load, Port, Protocol, Words};
use crate::identity::{NodeId, OpId};
use crate::process::{Never, Stored};
use crate::subject::{Row, World};

impl Words for Sync {
    type Message = SyncMessage;
    type Payload = SyncPayload;
    type Timer = SyncTimer;
    type Completion = Never;
    type Command = SyncCommand;
    type Reply = SyncReply;
    type Entry = Never;
    type Fact = SyncFact;
    type Outcome = SyncOutcome;
}

impl Protocol for Sync {
    const ROW: Row = ROW;
    type Settings = SyncSettings;
    type Rules = spec::Rules;
    type Kept = ();
    type Sees<'a> = &'a mut Replica;

    fn rules(settings: &SyncSettings, _given: super::Given<'_>) -> spec::Rules {
        settings.rules()
    }

    fn carries(settings: &SyncSettings) -> bool {
        settings.carries()
    }

    fn read((): &mut (), _stored: Stored<&Never>) {}

    fn start(rules: &Arc<spec::Rules>, (): (), replica: &mut Replica, port: &mut impl Port<Self>) -> Self {
        Self::new(rules, replica, port)
    }

    fn on_message(&mut self, from: NodeId, message: SyncMessage, replica: &mut Replica, port: &mut impl Port<Self>) {
        match message {
            SyncMessage::Probe(probe) => self.on_probe(from, &probe, replica, port),
            SyncMessage::Same(probe) => self.on_same(from, &probe, replica, port),
            SyncMessage::Differs(shown) => self.on_differs(from, &shown, replica, port),
            SyncMessage::Walk(walk) => self.on_walk(from, &walk, replica, port),
            SyncMessage::Place(shown) => self.on_place(from, &shown, replica, port),
            SyncMessage::Give(given) => self.on_give(from, &given, replica, port),
            SyncMessage::Got(got) => self.on_got(from, &got, replica, port),
        }
    }

    fn on_payload(&mut self, from: NodeId, payload: SyncPayload, replica: &mut Replica, port: &mut impl Port<Self>) {
        match payload {
            SyncPayload::Pull(pull) => self.on_pull(from, &pull, replica, port),
            SyncPayload::Whole { number, chunk } => self.on_whole(from, number, &chunk, replica, port),
            SyncPayload::Deltas { number, items, last } => {
                self.on_deltas(from, number, &items, last, replica, port);
            }
            SyncPayload::BelowFloor { number } => self.on_below_floor(from, number, replica, port),
            SyncPayload::Credit { number } => self.on_credit(from, number, replica, port),
            SyncPayload::Stop { number } => self.on_stop(from, number),
        }
    }

    fn on_reset(&mut self, peer: NodeId, replica: &mut Replica, port: &mut impl Port<Self>) {
        self.on_session_over(peer, replica, port);
    }

    fn on_timer(&mut self, timer: SyncTimer, replica: &mut Replica, port: &mut impl Port<Self>) {
        match timer {
            SyncTimer::Every => self.on_every(replica, port),
            SyncTimer::Again(peer) => self.on_again(peer, replica, port),
            SyncTimer::Reprobe(peer) => self.on_reprobe(peer, replica, port),
        }
    }

    fn on_synced(&mut self, completion: Never, _replica: &mut Replica, _port: &mut impl Port<Self>) {
        match completion {}
    }

    fn on_command(&mut self, op: OpId, command: SyncCommand, replica: &mut Replica, port: &mut impl Port<Self>) {
        match command {
            SyncCommand::Switch { kind } => {
                let reply = self.switch(kind, replica, port);
                port.reply(op, reply);
            }
            SyncCommand::Status => port.tell(SyncOutcome::Asked { op }),
        }
    }

    fn bound(settings: &SyncSettings, load: &Load, world: &World) -> Bound {
        spec::bound(settings, load.written, world)
    }
}
