//! Gossip: replicas tell a few others at a time what they cover, and pass on what is new.
//!
//! In each round a node sends its digest to a few peers, the next of a circle that it shuffles anew each time around
//! (Demers et al. 1987, anti-entropy by push and pull; Das, Gupta and Motivala 2002, section 4.3, for the circle). Who gets
//! one sends the versions that it lacks, and, if it lacks some itself, its own digest. Equal roots are a complete comparison:
//! each side covers then what the other covered when that root was read. What neither digest nor versions can tell, a
//! difference by absence alone, is left to a sync: `sync-request` asks for one.
//!
//! A node that accepts a version for the first time pushes it at once, to as many peers as a round has; never again in
//! that incarnation. A pushed copy names the copy that it relays, and may make one hop less; one that was pulled begins
//! anew.
//!
//! *Suspicion*: heartbeats are counters of incarnations, merged by maximum, on digests. A node suspects a peer when its
//! monotonic clock has gained `suspect` periods without a rise of that peer's counter (van Renesse, Minsky and Hayden 1998).

mod beats;
mod client;
#[cfg(test)]
mod client_tests;
mod content;
mod habits;
mod machine;
mod matter;
mod spec;
#[cfg(test)]
mod tests;
mod words;
mod workload;

pub use client::{Act, Brought, Planned, ReplicaClient};
pub use content::{Content, Document, Edit, Shape};
pub use machine::Gossip;
pub use spec::{GossipSettings, ROW};
pub use words::{Beat, Blessed, Digest, GossipFact, GossipMessage, GossipOutcome, GossipTimer, Push};
pub use workload::{DocumentWorkload, ScriptureWorkload, SetWorkload};

use std::sync::Arc;

use super::replica::Replica;
use super::{Bound, Load, Port, Protocol, Words};
use crate::identity::{NodeId, OpId};
use crate::process::{Never, Stored};
use crate::subject::{Row, World};

impl Words for Gossip {
    type Message = GossipMessage;
    type Payload = Never;
    type Timer = GossipTimer;
    type Completion = Never;
    type Command = Never;
    type Reply = Never;
    type Entry = Never;
    type Fact = GossipFact;
    type Outcome = GossipOutcome;
}

impl Protocol for Gossip {
    const ROW: Row = ROW;
    type Settings = GossipSettings;
    type Rules = spec::Rules;
    type Kept = ();
    type Sees<'a> = &'a mut Replica;

    fn rules(settings: &GossipSettings, _given: super::Given<'_>) -> spec::Rules {
        settings.rules()
    }

    fn read((): &mut (), _stored: Stored<&Never>) {}

    fn start(rules: &Arc<spec::Rules>, (): (), _replica: &mut Replica, port: &mut impl Port<Self>) -> Self {
        Self::new(rules, port)
    }

    fn trusts(rules: &spec::Rules, _message: &GossipMessage) -> bool {
        rules.g03 // Flaws e29 and g03: signatures are never verified.
    }

    fn on_message(&mut self, from: NodeId, message: GossipMessage, replica: &mut Replica, port: &mut impl Port<Self>) {
        match message {
            GossipMessage::Heartbeat(digest) => self.on_digest(from, &digest, replica, port),
            GossipMessage::StateUpdate(push) => self.on_push(&push, replica, port),
            GossipMessage::Pulled(items) => self.on_pulled(&items, replica, port),
            GossipMessage::Blessed(blessed) => port.tell(GossipOutcome::Blessed { from, blessed }),
            GossipMessage::SyncRequest => port.tell(GossipOutcome::Differs { peer: from }),
        }
    }

    fn on_payload(&mut self, _from: NodeId, payload: Never, _replica: &mut Replica, _port: &mut impl Port<Self>) {
        match payload {}
    }

    fn on_timer(&mut self, timer: GossipTimer, replica: &mut Replica, port: &mut impl Port<Self>) {
        match timer {
            GossipTimer::Round => self.on_round(replica, port),
        }
    }

    fn on_synced(&mut self, completion: Never, _replica: &mut Replica, _port: &mut impl Port<Self>) {
        match completion {}
    }

    fn on_command(&mut self, _op: OpId, command: Never, _replica: &mut Replica, _port: &mut impl Port<Self>) {
        match command {}
    }

    fn bound(settings: &GossipSettings, load: &Load, world: &World) -> Bound {
        spec::bound(settings, load.written, world)
    }
}
