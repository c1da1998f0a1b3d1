//! A replica as one entry of a journal: what a run may begin with.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Lax, Version, VersionStore};
use crate::clocks::Dots;

/// Versions that a replica holds and covers, and of which its log tells nothing: all at once, and shared by all replicas
/// that begin with them.
#[derive(Clone)]
pub struct Preloaded(VersionStore);

impl Preloaded {
    /// A replica that holds these versions, none of which names another.
    #[must_use]
    pub fn new(versions: &[Arc<Version>]) -> Self {
        let mut store = VersionStore::default();
        versions.iter().for_each(|version| store.hold(version));
        let all: Dots = versions.iter().map(|version| version.dot).collect();
        (store.floor, store.vector) = (all.clone(), Arc::new(all));
        Self(store)
    }

    /// How many versions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A replica that begins with them.
    pub(super) fn store(&self, longest_log: usize, lax: Lax) -> VersionStore {
        VersionStore { longest_log, lax, ..self.0.clone() }
    }

    fn versions(&self) -> impl Iterator<Item = &Arc<Version>> {
        self.0.slots.values().flat_map(|slot| &slot.versions)
    }
}

impl fmt::Debug for Preloaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Preloaded").field(&self.0).finish()
    }
}

impl PartialEq for Preloaded {
    fn eq(&self, other: &Self) -> bool {
        self.versions().eq(other.versions())
    }
}

impl Eq for Preloaded {}

impl PartialOrd for Preloaded {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Preloaded {
    fn cmp(&self, other: &Self) -> Ordering {
        self.versions().cmp(other.versions())
    }
}

impl Hash for Preloaded {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.versions().for_each(|version| version.hash(state));
    }
}

impl Serialize for Preloaded {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.versions().collect::<Vec<_>>())
    }
}

impl<'de> Deserialize<'de> for Preloaded {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(|versions: Vec<Arc<Version>>| Self::new(&versions))
    }
}
