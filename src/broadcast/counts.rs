//! The broadcast's own vector: how many broadcasts of each origin, from the first on without a gap.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::identity::NodeId;

/// How many broadcasts of each origin; an origin without an entry counts 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Counts(BTreeMap<NodeId, u64>);

impl Counts {
    /// The count of `origin`.
    #[must_use]
    pub fn get(&self, origin: NodeId) -> u64 {
        self.0.get(&origin).copied().unwrap_or(0)
    }

    /// Counts the broadcasts of `origin` up to `number`; a count is never lowered.
    pub fn raise(&mut self, origin: NodeId, number: u64) {
        if number > self.get(origin) {
            self.0.insert(origin, number);
        }
    }

    /// These counts but the one of `origin`.
    #[must_use]
    pub fn without(&self, origin: NodeId) -> Self {
        Self(self.iter().filter(|(node, _)| *node != origin).collect())
    }

    /// The first entry that goes beyond `known`.
    #[must_use]
    pub fn first_beyond(&self, known: &Self) -> Option<(NodeId, u64)> {
        self.iter().find(|(origin, count)| known.get(*origin) < *count)
    }

    /// The entries, in the order of the nodes; none is 0.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (NodeId, u64)> + '_ {
        self.0.iter().map(|(origin, count)| (*origin, *count))
    }
}
