//! What replicas hold and cover before their first start: a store that follows from the settings alone.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

use super::ReplicaFact;
use crate::clocks::{Dot, Dots};
use crate::codex::{Change, Key, Preloaded, RESERVED, Value, Version, digest};
use crate::identity::{Boot, Era, Incarnation, NodeId};
use crate::measure::{Share, at_most, between, positive};
use crate::protocols::{Registry, Written};

/// A store that stands on every disk before the first start, as if n1 had written it in boot 0 and all had synced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PreloadSettings {
    /// How the keys begin, whose numbers from 1 on follow; in a keyspace that gossip owns.
    #[serde(deserialize_with = "prefix")]
    pub prefix: String,
    /// The number of keys, up to a million.
    #[serde(deserialize_with = "between::<1, MOST_KEYS, _>")]
    #[schemars(range(min = 1, max = MOST_KEYS))]
    pub keys: u32,
    /// The number of bytes of each value, a text, up to sixteen thousand.
    #[serde(deserialize_with = "at_most::<MOST_BYTES, _>")]
    #[schemars(range(max = MOST_BYTES))]
    pub bytes: u32,
    /// The share of the keys, the last ones, that only the `holders` have: n1 wrote them, and no other node has heard of
    /// them.
    pub differ: Share,
    /// How many nodes have the keys that differ: n1 and those after it.
    #[serde(deserialize_with = "positive")]
    #[schemars(range(min = 1))]
    pub holders: u32,
}

const MOST_KEYS: u32 = 1_000_000;
/// A value has room for a text of so many bytes.
const MOST_BYTES: u32 = 16_000;
/// A version takes about so many bytes beside its key and its value.
const VERSION: u64 = 64;

impl Default for PreloadSettings {
    fn default() -> Self {
        Self { prefix: "documents/d".to_owned(), keys: 1_000, bytes: 64, differ: Share::NONE, holders: 1 }
    }
}

/// Reads how keys begin, with room for their numbers.
fn prefix<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let prefix = String::deserialize(deserializer)?;
    if prefix.starts_with(RESERVED) {
        return Err(de::Error::custom(format!("keys that begin with `{RESERVED}` belong to the system")));
    }
    Key::new(&format!("{prefix}{MOST_KEYS}")).map(|_| prefix).map_err(de::Error::custom)
}

impl PreloadSettings {
    /// How many keys differ.
    fn differing(&self) -> u32 {
        let parts = u64::from(self.keys) * u64::from(self.differ.as_ppb());
        let whole = u64::from(Share::ALL.as_ppb());
        u32::try_from(parts.div_ceil(whole)).expect("a share is no more than all")
    }

    /// How many versions a node begins with.
    fn count(&self, node: NodeId) -> u32 {
        let holds = (node.index() as u64) < u64::from(self.holders);
        if holds { self.keys } else { self.keys - self.differing() }
    }

    /// All versions.
    #[must_use]
    pub const fn written(&self) -> Written {
        let keys = self.keys as u64;
        Written { versions: keys, bytes: keys * (VERSION + self.prefix.len() as u64 + self.bytes as u64) }
    }
}

/// The versions, and who has them.
#[derive(Clone, Debug)]
pub(super) struct Preload {
    settings: PreloadSettings,
    value: Value,
    /// What all replicas begin with.
    common: Arc<Preloaded>,
    /// What the holders have accepted since.
    rest: Vec<Arc<Version>>,
}

/// The rest follows from the settings.
impl PartialEq for Preload {
    fn eq(&self, other: &Self) -> bool {
        self.settings == other.settings
    }
}

impl Eq for Preload {}

impl Preload {
    pub(super) fn new(settings: &PreloadSettings, registry: &Registry) -> Self {
        let value = Value::text(&"-".repeat(settings.bytes as usize));
        let source = Incarnation::new(NodeId::new(0), Boot::new(0));
        let version = |number: u32| {
            let key = Key::new(&format!("{}{number}", settings.prefix)).expect("the prefix leaves room");
            let (dot, stamp) = (Dot::new(source, Era::default(), number.into()), number.into());
            Version::signed(key, Some(value.clone()), dot, stamp, Dots::new(), registry)
        };
        let common = settings.keys - settings.differing();
        let shared: Vec<Arc<Version>> = (1..=common).map(version).collect();
        let rest = (common + 1..=settings.keys).map(version).collect();
        Self { settings: settings.clone(), common: Arc::new(Preloaded::new(&shared)), rest, value: value.clone() }
    }

    /// The journal of a node before its first start.
    pub(super) fn changes(&self, node: NodeId) -> impl Iterator<Item = Change> {
        let common = Change::Preloaded(Arc::clone(&self.common));
        let own = self.settings.count(node) as usize - self.common.len();
        [common].into_iter().chain(self.rest[..own].iter().cloned().map(Change::Version))
    }

    /// What a node tells of it.
    pub(super) fn fact(&self, node: NodeId) -> ReplicaFact {
        let (prefix, count) = (self.settings.prefix.clone(), self.settings.count(node).into());
        ReplicaFact::Preloaded { prefix, count, value: digest(&self.value) }
    }
}
