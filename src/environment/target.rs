//! The target of a fault.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::identity::NodeId;

/// Which nodes. In a file a word (`"one"`), a name (`"n1"`) or a list of names; in a plan a list, or the one word whose
/// meaning is known only when the fault acts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// These.
    Nodes(Vec<NodeId>),
    /// One, drawn from the seed.
    One,
    /// The largest number of voters that can be missing while a majority remains, drawn from the seed.
    Minority,
    /// The smallest majority, drawn from the seed.
    Majority,
    /// Every node.
    All,
    /// The node that was elected last when the fault acts, if the subject has elections; no node if none was elected.
    Proposer,
}

const WORDS: [(&str, Target); 5] = [
    ("one", Target::One),
    ("minority", Target::Minority),
    ("majority", Target::Majority),
    ("all", Target::All),
    ("proposer", Target::Proposer),
];

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nodes(nodes) => f.write_str(&names(nodes)),
            Self::One => f.write_str("one"),
            Self::Minority => f.write_str("minority"),
            Self::Majority => f.write_str("majority"),
            Self::All => f.write_str("all"),
            Self::Proposer => f.write_str("proposer"),
        }
    }
}

pub(super) fn names(nodes: &[NodeId]) -> String {
    nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nodes(nodes) => nodes.serialize(serializer),
            Self::One | Self::Minority | Self::Majority | Self::All | Self::Proposer => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordOrNodes;
        impl<'de> de::Visitor<'de> for WordOrNodes {
            type Value = Target;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`one`, `minority`, `majority`, `all`, `proposer`, a node such as `n1`, or a list of nodes")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Target, E> {
                if let Some((_, target)) = WORDS.into_iter().find(|(word, _)| *word == text) {
                    return Ok(target);
                }
                let node = text.parse().map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))?;
                Ok(Target::Nodes(vec![node]))
            }
            fn visit_seq<A: de::SeqAccess<'de>>(self, mut nodes: A) -> Result<Target, A::Error> {
                let mut all = Vec::new();
                while let Some(node) = nodes.next_element()? {
                    all.push(node);
                }
                Ok(Target::Nodes(all))
            }
        }
        deserializer.deserialize_any(WordOrNodes)
    }
}

impl schemars::JsonSchema for Target {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Target".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "Which nodes: a word, a name, or a list of names.",
            "anyOf": [
                { "enum": ["one", "minority", "majority", "all", "proposer"] },
                { "type": "string", "pattern": "^n[1-9][0-9]*$" },
                { "type": "array", "items": { "type": "string", "pattern": "^n[1-9][0-9]*$" } }
            ]
        })
    }
}
