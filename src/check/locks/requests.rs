//! Live requests and grants, according to the nodes' facts.

use std::collections::BTreeMap;

use super::Told;
use crate::check::Witness;
use crate::identity::{EventId, NodeId, OpId};
use crate::observation::{Claims, LockSeen, LockStamp};
use crate::trace::Kinds;

/// The state of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum RequestState {
    /// It waits at its node.
    Asked,
    /// It was sent, with this stamp.
    Open(LockStamp),
    /// It is granted, with this stamp.
    Granted(LockStamp),
}

/// A live request.
#[derive(Clone, Debug, Hash)]
pub(super) struct Live {
    pub(super) state: RequestState,
    pub(super) claims: Claims,
    /// The event that led to this state.
    pub(super) event: Witness<EventId>,
}

impl Live {
    /// Whether it is granted.
    pub(super) const fn is_granted(&self) -> bool {
        matches!(self.state, RequestState::Granted(_))
    }
}

/// All live requests, by node and operation; at most one for each client in most runs.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Requests(BTreeMap<(NodeId, OpId), Live>);

impl Requests {
    /// The kinds of records that it needs.
    pub(super) const WANTS: Kinds = Kinds::LOCK_ASKED
        .with(Kinds::LOCK_REQUESTED)
        .with(Kinds::LOCK_GRANTED)
        .with(Kinds::LOCK_RELEASED)
        .with(Kinds::LOCK_WITHDRAWN)
        .with(Kinds::LOCK_REFUSED)
        .with(Kinds::DEATHS);

    /// Processes a record.
    pub(super) fn see(&mut self, told: &Told<'_>, event: EventId) {
        let (node, seen) = match told {
            Told::Death(node) => return self.0.retain(|(at, _), _| at != node),
            Told::Seen(node, seen) => (*node, *seen),
        };
        let (op, state, claims) = match seen {
            LockSeen::Asked { op, claims, turn: _ } => (*op, RequestState::Asked, claims),
            LockSeen::Requested { stamp, claims } => (stamp.op, RequestState::Open(*stamp), claims),
            LockSeen::Granted { stamp, claims } => (stamp.op, RequestState::Granted(*stamp), claims),
            LockSeen::Released { op } | LockSeen::Withdrawn { op } | LockSeen::Refused { op, .. } => {
                self.0.remove(&(node, *op));
                return;
            }
            LockSeen::Deferred { .. } | LockSeen::Called { .. } => return,
        };
        self.0.insert((node, op), Live { state, claims: claims.clone(), event: Witness(event) });
    }

    /// The request of an operation at a node.
    pub(super) fn get(&self, node: NodeId, op: OpId) -> Option<&Live> {
        self.0.get(&(node, op))
    }

    /// The request with this stamp.
    pub(super) fn stamped(&self, stamp: LockStamp) -> Option<&Live> {
        let live = self.get(stamp.node, stamp.op)?;
        let known = match live.state {
            RequestState::Asked => return None,
            RequestState::Open(known) | RequestState::Granted(known) => known,
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
