//! What a node has open, what it holds, and whom it owes an answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::request::Request;
use super::spec::Rules;
use crate::identity::{ClientId, NodeId, OpId};
use crate::observation::{Claims, LockStamp};

/// A request of this node that is sent and not granted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Open {
    /// As it was sent.
    pub request: Arc<Request>,
    /// Who has not answered.
    pub missing: BTreeSet<NodeId>,
}

/// A peer's request that waits for something of this node's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Deferred {
    /// Who asked.
    pub peer: NodeId,
    /// As it was sent.
    pub request: Arc<Request>,
}

/// The two tables that a handler reads, and the deferred answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tables {
    /// By operation.
    pub open: BTreeMap<OpId, Open>,
    /// By operation.
    pub grants: BTreeMap<OpId, Arc<Request>>,
    deferred: BTreeMap<(NodeId, OpId), Arc<Request>>,
}

impl Tables {
    /// What of this node's a peer's request has to wait for: a grant that does not go together with it, or an open
    /// request that does not, and is earlier by `is_earlier`.
    pub fn obstacle(
        &self,
        request: &Request,
        is_earlier: impl Fn(&Request) -> bool,
        rules: Rules,
    ) -> Option<LockStamp> {
        let clashes = |mine: &Request| rules.conflict(&mine.claims, &request.claims);
        // Flaw e23: the handler reads another table than the one that grants are kept in.
        let mut held = self.grants.values().filter(|_| !rules.e23);
        let open = || self.open.values().map(|open| &open.request);
        let held = held.find(|grant| clashes(grant));
        held.or_else(|| open().find(|mine| clashes(mine) && is_earlier(mine))).map(|mine| mine.stamp)
    }

    /// What a client holds, or has open.
    pub fn of(&self, client: ClientId) -> impl Iterator<Item = &Arc<Request>> {
        let open = self.open.values().map(|open| &open.request);
        self.grants.values().chain(open).filter(move |request| request.stamp.op.client == client)
    }

    /// Whether an open request names a resource of these.
    pub fn is_busy(&self, claims: &Claims) -> bool {
        self.open.values().any(|open| open.request.claims.meets(claims))
    }

    /// Whether a grant does not go together with these.
    pub fn is_held(&self, claims: &Claims) -> bool {
        self.grants.values().any(|grant| grant.claims.conflicts(claims))
    }

    /// Keeps a peer's request until it can be answered; one that is there already is kept once.
    pub fn defer(&mut self, peer: NodeId, request: Arc<Request>) {
        self.deferred.insert((peer, request.stamp.op), request);
    }

    /// Takes out what need not wait any more, in the order of stamps, as `obstacle` tells.
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

    /// Forgets what a peer's old life had asked.
    pub fn forget(&mut self, peer: NodeId) {
        self.deferred.retain(|(asker, _), _| *asker != peer);
    }
}
