//! How many nodes there are: a number in a file, or voters and observers.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, de};

/// The nodes of a cluster: voters first, then observers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Nodes {
    /// How many vote.
    pub voters: u32,
    /// How many only learn.
    pub observers: u32,
}

impl Nodes {
    /// The most nodes that a scenario may have.
    pub const MOST: u32 = 1_000_000;

    /// How many there are; more than a `u32` can hold is `u32::MAX`.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.voters.saturating_add(self.observers)
    }

    /// The fewest voters that are a majority.
    #[must_use]
    pub const fn majority(self) -> u32 {
        self.voters / 2 + 1
    }

    /// As many voters as can be missing while a majority is left.
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
    voters: u32,
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
            "description": "How many nodes there are.",
            "anyOf": [{ "type": "integer", "minimum": 1, "maximum": Self::MOST }, parts]
        })
    }
}
