//! The values of slots.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::request::{Request, RequestId};
use crate::codex::Refusal;
use crate::encoding;
use crate::identity::OpId;
use crate::observation::ValueId;

/// A proposal for a slot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proposal {
    /// Nothing: it only fills the slot.
    Noop,
    /// Operations of clients, in order.
    Requests(Vec<Request>),
    /// Only refusals: these operations are refused, unless they already have an outcome.
    Refused(Vec<(Request, Refusal)>),
}

/// A proposal with its digest. Copies share the proposal.
#[derive(Clone, Debug)]
pub struct Value(Arc<Hashed>);

#[derive(Debug)]
struct Hashed {
    id: ValueId,
    proposal: Proposal,
}

impl Value {
    /// The value with this proposal.
    #[must_use]
    pub fn new(proposal: Proposal) -> Self {
        let mut bytes = Vec::with_capacity(128);
        encoding::write(&proposal, &mut bytes);
        let hash = blake3::hash(&bytes);
        let (first, _) = hash.as_bytes().split_first_chunk().expect("a hash has 32 bytes");
        Self(Arc::new(Hashed { id: ValueId(u64::from_le_bytes(*first)), proposal }))
    }

    /// A value that only fills its slot.
    #[must_use]
    pub fn noop() -> Self {
        Self::new(Proposal::Noop)
    }

    /// Its digest.
    #[must_use]
    pub fn id(&self) -> ValueId {
        self.0.id
    }

    /// The proposal.
    #[must_use]
    pub fn proposal(&self) -> &Proposal {
        &self.0.proposal
    }

    /// The ids of its entries.
    pub fn ids(&self) -> impl Iterator<Item = RequestId> {
        self.requests().map(|request| request.id)
    }

    /// Its clients' operations.
    pub fn ops(&self) -> impl Iterator<Item = OpId> {
        self.ids().filter_map(RequestId::op)
    }

    /// Whether nothing may be proposed after it until it is applied.
    #[must_use]
    pub fn is_barrier(&self) -> bool {
        self.requests().any(|request| request.barrier)
    }

    /// Its requests, without those that it refuses.
    pub fn admitted(&self) -> &[Request] {
        match self.proposal() {
            Proposal::Noop | Proposal::Refused(_) => &[],
            Proposal::Requests(requests) => requests,
        }
    }

    /// Its requests, including those that it refuses.
    pub fn requests(&self) -> impl DoubleEndedIterator<Item = &Request> {
        let (requests, refused) = match self.proposal() {
            Proposal::Noop => (&[][..], &[][..]),
            Proposal::Requests(requests) => (&requests[..], &[][..]),
            Proposal::Refused(refused) => (&[][..], &refused[..]),
        };
        requests.iter().chain(refused.iter().map(|(request, _)| request))
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl Eq for Value {}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        self.id().cmp(&other.id())
    }
}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id().hash(state);
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.proposal().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Proposal::deserialize(deserializer).map(Self::new)
    }
}
