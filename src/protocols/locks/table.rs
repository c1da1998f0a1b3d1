//! A node's open requests, its grants, and its deferred answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::request::Request;
use super::spec::Rules;
use crate::identity::{ClientId, NodeId, OpId};
use crate::observation::{Claims, LockStamp};
use crate::protocols::grants::Grants;

/// A request of this node that is sent and not yet granted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Open {
    /// As it was sent.
    pub request: Arc<Request>,
    /// The peers that have not answered.
    pub missing: BTreeSet<NodeId>,
}

/// A peer's request that waits for a request or grant of this node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Deferred {
    /// The peer.
    pub peer: NodeId,
    /// As it was sent.
    pub request: Arc<Request>,
}

/// The open requests, the grants, and the deferred answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tables {
    /// By operation.
    pub open: BTreeMap<OpId, Open>,
    /// By operation.
    pub grants: Grants<OpId, Arc<Request>>,
    deferred: BTreeMap<(NodeId, OpId), Arc<Request>>,
}

impl Tables {
    /// The request or grant of this node that a peer's request has to wait for: an incompatible grant, or an
    /// incompatible open request that is earlier according to `is_earlier`.
    pub fn obstacle(
        &self,
        request: &Request,
        is_earlier: impl Fn(&Request) -> bool,
        rules: Rules,
    ) -> Option<LockStamp> {
        let clashes = |mine: &Request| rules.conflict(&mine.claims, &request.claims);
        // Flaw e23: the handler reads another table than the one in which grants are stored.
        let mut held = self.grants.iter().map(|(_, grant)| grant).filter(|_| !rules.e23);
        let open = || self.open.values().map(|open| &open.request);
        let held = held.find(|grant| clashes(grant));
        held.or_else(|| open().find(|mine| clashes(mine) && is_earlier(mine))).map(|mine| mine.stamp)
    }

    /// The grants and open requests of a client.
    pub fn of(&self, client: ClientId) -> impl Iterator<Item = &Arc<Request>> {
        let open = self.open.values().map(|open| &open.request);
        self.grants.iter().map(|(_, grant)| grant).chain(open).filter(move |request| request.stamp.op.client == client)
    }

    /// Whether an open request names one of these resources.
    pub fn is_busy(&self, claims: &Claims) -> bool {
        self.open.values().any(|open| open.request.claims.meets(claims))
    }

    /// Whether a grant is incompatible with these claims.
    pub fn is_held(&self, claims: &Claims) -> bool {
        self.grants.clashing(claims).next().is_some()
    }

    /// Stores a peer's request until it can be answered, once.
    pub fn defer(&mut self, peer: NodeId, request: Arc<Request>) {
        self.deferred.insert((peer, request.stamp.op), request);
    }

    /// Removes and returns the requests that no longer have an `obstacle`, in the order of stamps.
    pub fn answerable(&mut self, obstacle: impl Fn(&Self, &Request) -> bool) -> Vec<Deferred> {
        if self.deferred.is_empty() {
            return Vec::new();
        }
        let deferred = std::mem::take(&mut self.deferred);
        let (mut waits, mut free) = (BTreeMap::new(), Vec::new());
        for ((peer, op), request) in deferred {
            if obstacle(self, &request) {
                waits.insert((peer, op), request);
            } else {
                free.push(Deferred { peer, request });
            }
        }
        self.deferred = waits;
        free.sort_by_key(|deferred| deferred.request.stamp);
        free
    }

    /// Forgets the requests of a peer's previous incarnation.
    pub fn forget(&mut self, peer: NodeId) {
        self.deferred.retain(|(asker, _), _| *asker != peer);
    }
}
