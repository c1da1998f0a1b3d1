//! The nodes of a cluster: a number in a file, or voters and observers.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::identity::NodeId;

/// The nodes of a cluster: voters first, then observers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Nodes {
    /// The number of nodes that vote.
    pub voters: u32,
    /// The number of nodes that only learn.
    pub observers: u32,
}

impl Nodes {
    /// The maximum number of nodes of a scenario.
    pub const MOST: u32 = 1_000_000;

    /// The number of nodes, at most `u32::MAX`.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.voters.saturating_add(self.observers)
    }

    /// The smallest number of voters that is a majority.
    #[must_use]
    pub const fn majority(self) -> u32 {
        self.voters / 2 + 1
    }

    /// The largest number of voters that can be missing while a majority remains.
    #[must_use]
    pub const fn minority(self) -> u32 {
        self.voters.saturating_sub(self.majority())
    }
}

impl Default for Nodes {
    fn default() -> Self {
        Self { voters: 3, observers: 0 }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Parts {
    /// The number of nodes that vote.
    voters: u32,
    /// The number of nodes that only learn.
    observers: u32,
}

impl Default for Parts {
    fn default() -> Self {
        let Nodes { voters, observers } = Nodes::default();
        Self { voters, observers }
    }
}

impl<'de> Deserialize<'de> for Nodes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrParts;
        impl<'de> de::Visitor<'de> for NumberOrParts {
            type Value = Nodes;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of nodes, or { \"voters\": 5, \"observers\": 1 }")
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Nodes, E> {
                Ok(Nodes { voters: u32::try_from(number).unwrap_or(u32::MAX), observers: 0 })
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Nodes, A::Error> {
                let Parts { voters, observers } = Parts::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(Nodes { voters, observers })
            }
        }
        deserializer.deserialize_any(NumberOrParts)
    }
}

impl JsonSchema for Nodes {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Nodes".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut parts = Parts::json_schema(generator);
        parts.insert("description".to_owned(), "Voters, and observers, which only learn.".into());
        schemars::json_schema!({
            "description": "The number of nodes.",
            "anyOf": [{ "type": "integer", "minimum": 1, "maximum": Self::MOST }, parts]
        })
    }
}

/// Sorted nodes, or all nodes if there is no list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NodeSet(Option<Vec<NodeId>>);

impl NodeSet {
    /// Every node.
    pub(super) const ALL: Self = Self(None);

    /// These nodes.
    pub(super) fn of(mut nodes: Vec<NodeId>) -> Self {
        nodes.sort_unstable();
        Self(Some(nodes))
    }

    /// Whether a node is in both sets.
    pub(super) fn intersects(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, _) | (_, None) => true,
            (Some(a), Some(b)) => a.iter().any(|node| b.binary_search(node).is_ok()),
        }
    }
}
