//! Live requests and grants, as the nodes' facts tell of them.

use std::collections::BTreeMap;
use std::hash::{Hash as _, Hasher};

use super::Told;
use crate::identity::{EventId, NodeId, OpId};
use crate::observation::{Claims, LockSeen, LockStamp};

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Stage {
    /// It waits at its node.
    Asked,
    /// It was sent, with this stamp.
    Open(LockStamp),
    /// It is granted, with this stamp.
    Granted(LockStamp),
}

/// A live request.
#[derive(Clone, Debug)]
pub(super) struct Live {
    pub(super) stage: Stage,
    pub(super) claims: Claims,
    /// The event that brought it to this stage.
    pub(super) event: EventId,
}

impl Live {
    /// Whether it is granted, and waits no more.
    pub(super) const fn is_granted(&self) -> bool {
        matches!(self.stage, Stage::Granted(_))
    }
}

/// All live requests, by node and operation. Few: no more than clients.
#[derive(Clone, Debug, Default)]
pub(super) struct Requests(BTreeMap<(NodeId, OpId), Live>);

impl Requests {
    /// Takes in what a record tells.
    pub(super) fn see(&mut self, told: &Told<'_>, event: EventId) {
        let (node, seen) = match told {
            Told::Death(node) => return self.0.retain(|(at, _), _| at != node),
            Told::Seen(node, seen) => (*node, *seen),
        };
        let (op, stage, claims) = match seen {
            LockSeen::Asked { op, claims, turn: _ } => (*op, Stage::Asked, claims),
            LockSeen::Requested { stamp, claims } => (stamp.op, Stage::Open(*stamp), claims),
            LockSeen::Granted { stamp, claims } => (stamp.op, Stage::Granted(*stamp), claims),
            LockSeen::Released { op } | LockSeen::Withdrawn { op } | LockSeen::Refused { op, .. } => {
                self.0.remove(&(node, *op));
                return;
            }
            LockSeen::Deferred { .. } | LockSeen::Guarded { .. } | LockSeen::Fenced { .. } => return,
            LockSeen::WroteGuarded { .. } | LockSeen::Called { .. } | LockSeen::Told { .. } => return,
        };
        self.0.insert((node, op), Live { stage, claims: claims.clone(), event });
    }

    /// Writes what is remembered, without the events that told of it.
    pub(super) fn memory(&self, mut state: &mut dyn Hasher) {
        for ((node, op), Live { stage, claims, event: _ }) in &self.0 {
            (node, op, stage, claims).hash(&mut state);
        }
    }

    /// The request of an operation at a node.
    pub(super) fn get(&self, node: NodeId, op: OpId) -> Option<&Live> {
        self.0.get(&(node, op))
    }

    /// The request with this stamp.
    pub(super) fn stamped(&self, stamp: LockStamp) -> Option<&Live> {
        let live = self.get(stamp.node, stamp.op)?;
        let known = match live.stage {
            Stage::Asked => return None,
            Stage::Open(known) | Stage::Granted(known) => known,
        };
        (known == stamp).then_some(live)
    }

    /// Those of one node.
    pub(super) fn at(&self, node: NodeId) -> impl Iterator<Item = (OpId, &Live)> {
        let own = self.0.range((node, OpId::default())..).take_while(move |((at, _), _)| *at == node);
        own.map(|((_, op), live)| (*op, live))
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (NodeId, OpId, &Live)> {
        self.0.iter().map(|((node, op), live)| (*node, *op, live))
    }
}
