//! Items: what replicas exchange.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::conflict::Resolution;
use super::{Key, Version};
use crate::clocks::Dot;
use crate::encoding;
use crate::signature::Registry;

/// What replicas exchange: a version, or a choice between versions. Both have a dot, by which a replica covers them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Item {
    /// A write.
    Version(Arc<Version>),
    /// A choice of an arbiter.
    Resolution(Arc<Resolution>),
}

impl Item {
    /// Its name.
    #[must_use]
    pub fn dot(&self) -> Dot {
        match self {
            Self::Version(version) => version.dot,
            Self::Resolution(resolution) => resolution.dot,
        }
    }

    /// Which key it is about.
    #[must_use]
    pub fn key(&self) -> &Key {
        match self {
            Self::Version(version) => &version.key,
            Self::Resolution(resolution) => &resolution.key,
        }
    }

    /// When it was made, in nanoseconds.
    #[must_use]
    pub fn stamp(&self) -> u64 {
        match self {
            Self::Version(version) => version.stamp,
            Self::Resolution(resolution) => resolution.stamp,
        }
    }

    /// Whether its origin, one of `nodes` nodes, signed exactly this.
    #[must_use]
    pub fn is_genuine(&self, nodes: u32, registry: &Registry) -> bool {
        match self {
            Self::Version(version) => version.is_genuine(nodes, registry),
            Self::Resolution(resolution) => resolution.is_genuine(nodes, registry),
        }
    }

    /// How many bytes it takes in the canonical encoding.
    #[must_use]
    pub fn size(&self) -> usize {
        let mut bytes = Vec::with_capacity(256);
        encoding::write(self, &mut bytes);
        bytes.len()
    }
}

impl From<Arc<Version>> for Item {
    fn from(version: Arc<Version>) -> Self {
        Self::Version(version)
    }
}
