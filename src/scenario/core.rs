//! The nodes that quiescence heals, as a scenario names them.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::identity::NodeId;

/// The nodes that quiescence heals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Core {
    /// These.
    Nodes(Vec<NodeId>),
    /// A smallest majority of the voters, drawn from the seed.
    Majority,
}

/// The word for a drawn core.
const MAJORITY: &str = "majority";

impl Serialize for Core {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nodes(nodes) => nodes.serialize(serializer),
            Self::Majority => serializer.serialize_str(MAJORITY),
        }
    }
}

impl<'de> Deserialize<'de> for Core {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Named;
        impl<'de> de::Visitor<'de> for Named {
            type Value = Core;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of nodes, or `majority`")
            }
            fn visit_str<E: de::Error>(self, word: &str) -> Result<Core, E> {
                if word == MAJORITY {
                    Ok(Core::Majority)
                } else {
                    Err(E::invalid_value(de::Unexpected::Str(word), &self))
                }
            }
            fn visit_seq<A: de::SeqAccess<'de>>(self, seq: A) -> Result<Core, A::Error> {
                Vec::deserialize(de::value::SeqAccessDeserializer::new(seq)).map(Core::Nodes)
            }
        }
        deserializer.deserialize_any(Named)
    }
}

impl JsonSchema for Core {
    fn schema_name() -> Cow<'static, str> {
        "Core".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let nodes = generator.subschema_for::<Vec<NodeId>>();
        json_schema!({
            "description": "The nodes that quiescence heals.",
            "oneOf": [
                { "const": MAJORITY, "description": "A smallest majority of the voters, drawn from the seed." },
                nodes,
            ],
        })
    }
}
