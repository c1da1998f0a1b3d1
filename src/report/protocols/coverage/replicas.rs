//! The steps and roles of replicas: syncs, gossip and polls.

use super::{Hit, Hits, Watched};
use crate::identity::NodeId;
use crate::node::{Body, Fact, Payload, Timer};
use crate::protocols::channel::Frame;
use crate::protocols::conflicts::{ConflictMessage, ConflictTimer};
use crate::protocols::gossip::{GossipMessage, GossipTimer};
use crate::protocols::sync::{SyncMessage, SyncPayload, SyncTimer};

/// The faults that hit replicas, by step and role.
pub type ReplicaCoverage = Hits<ReplicaNode>;

/// A replica while a trace is read: every message tells itself in which role its sender is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplicaNode;

/// It brings itself up to date.
const ASKER: &str = "asker";
/// It is asked.
const GIVER: &str = "giver";
/// It gossips, is started, or is asked by a client.
const NODE: &str = "node";
/// It polls voters about a conflict.
const ARBITER: &str = "arbiter";
/// It is polled.
const VOTER: &str = "voter";

impl ReplicaCoverage {
    /// Which messages a node in which role sends.
    pub const SENT: [(&str, &str); 20] = [
        ("probe", ASKER),
        ("same", GIVER),
        ("differs", GIVER),
        ("walk", ASKER),
        ("place", GIVER),
        ("give", ASKER),
        ("got", GIVER),
        ("pull", ASKER),
        ("whole", GIVER),
        ("deltas", GIVER),
        ("below-floor", GIVER),
        ("credit", ASKER),
        ("stop", ASKER),
        ("digest", NODE),
        ("state-update", NODE),
        ("pulled", NODE),
        ("sync-request", NODE),
        ("prayer-request", ARBITER),
        ("answer", VOTER),
        ("lacked", VOTER),
    ];

    /// Which steps a node in which role takes; a step that handles a message is named after it.
    pub const TAKEN: [(&str, &str); 27] = [
        ("start", NODE),
        ("command", NODE),
        ("probe", GIVER),
        ("same", ASKER),
        ("differs", ASKER),
        ("walk", GIVER),
        ("place", ASKER),
        ("give", GIVER),
        ("got", ASKER),
        ("pull", GIVER),
        ("whole", ASKER),
        ("deltas", ASKER),
        ("below-floor", ASKER),
        ("credit", GIVER),
        ("stop", GIVER),
        ("digest", NODE),
        ("state-update", NODE),
        ("pulled", NODE),
        ("sync-request", NODE),
        ("prayer-request", VOTER),
        ("answer", ARBITER),
        ("lacked", ARBITER),
        ("every", ASKER),
        ("again", ASKER),
        ("reprobe", ASKER),
        ("round", NODE),
        ("poll", NODE),
    ];

    /// Whether the fault is possible there; a disk fails only at a write.
    #[must_use]
    pub fn can_be(step: &str, _role: &str, hit: Hit) -> bool {
        hit != Hit::DiskFailed || !["start", "walk", "below-floor", "sync-request", "again"].contains(&step)
    }
}

impl Watched for ReplicaNode {
    type Step = &'static str;
    type Role = &'static str;
    const NEW: Self = Self;

    fn starts(&self) -> (&'static str, &'static str) {
        ("start", NODE)
    }

    fn hears(&mut self, _id: NodeId, _fact: &Fact) -> bool {
        false
    }

    fn sends(&self, body: &Body) -> Option<(&'static str, &'static str)> {
        if let Body::Sync(message) = body {
            Some(match message {
                SyncMessage::Probe(_) => ("probe", ASKER),
                SyncMessage::Same(_) => ("same", GIVER),
                SyncMessage::Differs(_) => ("differs", GIVER),
                SyncMessage::Walk(_) => ("walk", ASKER),
                SyncMessage::Place(_) => ("place", GIVER),
                SyncMessage::Give(_) => ("give", ASKER),
                SyncMessage::Got(_) => ("got", GIVER),
            })
        } else if let Body::Channel(Frame::Data { payload: Payload::Sync(payload), .. }) = body {
            Some(match payload {
                SyncPayload::Pull(_) => ("pull", ASKER),
                SyncPayload::Whole { .. } => ("whole", GIVER),
                SyncPayload::Deltas { .. } => ("deltas", GIVER),
                SyncPayload::BelowFloor { .. } => ("below-floor", GIVER),
                SyncPayload::Credit { .. } => ("credit", ASKER),
                SyncPayload::Stop { .. } => ("stop", ASKER),
            })
        } else if let Body::Gossip(message) = body {
            Some(match message {
                GossipMessage::Heartbeat(_) => ("digest", NODE),
                GossipMessage::StateUpdate(_) => ("state-update", NODE),
                GossipMessage::Blessed(_) => ("blessed", NODE),
                GossipMessage::Pulled(_) => ("pulled", NODE),
                GossipMessage::SyncRequest => ("sync-request", NODE),
            })
        } else if let Body::Conflicts(message) = body {
            Some(match message {
                ConflictMessage::PrayerRequest(_) => ("prayer-request", ARBITER),
                ConflictMessage::Answer(_) => ("answer", VOTER),
                ConflictMessage::Lacked(_) => ("lacked", VOTER),
            })
        } else {
            None
        }
    }

    fn receives(&self, (step, role): (&'static str, &'static str)) -> (&'static str, &'static str) {
        let receiver = match role {
            ASKER => GIVER,
            GIVER => ASKER,
            ARBITER => VOTER,
            VOTER => ARBITER,
            other => other,
        };
        (step, receiver)
    }

    fn fires(&self, timer: &Timer) -> Option<(&'static str, &'static str)> {
        if let Timer::Sync(timer) = timer {
            return Some(match timer {
                SyncTimer::Every => ("every", ASKER),
                SyncTimer::Again(_) => ("again", ASKER),
                SyncTimer::Reprobe(_) => ("reprobe", ASKER),
            });
        }
        let is_round = matches!(timer, Timer::Gossip(GossipTimer::Round));
        let is_poll = matches!(timer, Timer::Conflicts(ConflictTimer::Poll));
        [("round", is_round), ("poll", is_poll)].into_iter().find(|(_, is)| *is).map(|(step, _)| (step, NODE))
    }

    fn commanded(&self) -> (&'static str, &'static str) {
        ("command", NODE)
    }
}
