//! The replicated store, which the protocols of replicated keyspaces share: `gossip` spreads its versions, `sync` brings two
//! replicas to the same state, and clients read and write it at any node, whatever the others do.
//!
//! Every write is a version with a *dot*, its name, and a *context*, the exact set of the dots that its writer knew
//! (Almeida, Shoker and Baquero 2014, dotted version vectors; DeCandia et al. 2007, section 4.4, for siblings and
//! hinted contexts). A replica *covers* the dots of its vector, an interval set; a version whose dot is covered is old,
//! whatever is held. Concurrent versions stay siblings. A delete is a version too, a tombstone, which is collected when every
//! configured replica has reported that it covers it.
//!
//! A replica is its journal: every change is an entry of its file, and a start replays what was durable by the same
//! function. What a message, an answer or a fact claims is synced before it leaves ([`Replica::persist`]). A replica that finds
//! a damaged entry starts with nothing, and covers nothing: a vector that claims too much is the most dangerous datum there
//! is, because absence then deletes what others hold.
//!
//! Facts: see [`ReplicaFact`]. Departure from the specification, whose state is a map under a hash: a value is never
//! overwritten, only versions are added and named.

mod machine;
mod preload;
mod spec;
#[cfg(test)]
mod tests;
mod words;

pub use machine::{Conflict, Kept, Offered, Replica, ReplicaPort};
pub use preload::PreloadSettings;
pub use spec::{ROW, ReplicaSettings, Rules};
pub use words::{Flushed, ReplicaEntry, ReplicaFact};

use std::sync::Arc;

use super::{Given, Port, Protocol, Words};
use crate::identity::{NodeId, OpId};
use crate::process::{Never, Stored};
use crate::subject::Row;

impl Words for Replica {
    type Message = Never;
    type Payload = Never;
    type Timer = Never;
    type Completion = Flushed;
    type Command = Never;
    type Reply = Never;
    type Entry = ReplicaEntry;
    type Fact = ReplicaFact;
    type Outcome = Never;
}

/// It sends nothing itself: those that see it do.
impl Protocol for Replica {
    const ROW: Row = ROW;
    type Settings = ReplicaSettings;
    type Rules = Rules;
    type Kept = Kept;
    type Sees<'a> = ();

    fn rules(settings: &ReplicaSettings, given: Given<'_>) -> Rules {
        settings.rules(given)
    }

    fn fresh_disk(rules: &Rules, node: NodeId) -> Vec<ReplicaEntry> {
        rules.preload.iter().flat_map(|preload| preload.changes(node)).map(ReplicaEntry).collect()
    }

    fn read(kept: &mut Kept, stored: Stored<&ReplicaEntry>) {
        kept.read(stored);
    }

    fn start(rules: &Arc<Rules>, kept: Kept, (): (), port: &mut impl Port<Self>) -> Self {
        Self::begin(rules, kept, port.me(), port.boot(), port)
    }

    fn on_message(&mut self, _from: NodeId, message: Never, (): (), _port: &mut impl Port<Self>) {
        match message {}
    }

    fn on_payload(&mut self, _from: NodeId, payload: Never, (): (), _port: &mut impl Port<Self>) {
        match payload {}
    }

    fn on_timer(&mut self, timer: Never, (): (), _port: &mut impl Port<Self>) {
        match timer {}
    }

    /// The node does what waited for it.
    fn on_synced(&mut self, Flushed: Flushed, (): (), _port: &mut impl Port<Self>) {}

    fn on_command(&mut self, _op: OpId, command: Never, (): (), _port: &mut impl Port<Self>) {
        match command {}
    }
}
