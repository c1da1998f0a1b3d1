//! One entry of `"operations"`: a client's operation and its time, instead of a workload.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use crate::identity::{NodeId, OpId};
use crate::time::Span;

/// A scripted operation. It starts at its time, whatever the outcome of earlier ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OperationEntry {
    /// Its id, which names the client; a client's operations are numbered in order.
    pub op: OpId,
    /// When it starts.
    pub at: Span,
    /// The nodes that the client asks.
    pub to: Homes,
    /// The subject's command, as a trace shows it.
    pub command: Value,
    /// How long the client waits for an answer before it retries.
    #[serde(default = "timeout", skip_serializing_if = "is_timeout")]
    pub timeout: Span,
    /// How often it retries before it gives up.
    #[serde(default = "retries", skip_serializing_if = "is_retries")]
    pub retries: u32,
}

const fn timeout() -> Span {
    Span::from_millis(500)
}

const fn retries() -> u32 {
    10
}

fn is_timeout(span: &Span) -> bool {
    *span == timeout()
}

const fn is_retries(count: &u32) -> bool {
    *count == retries()
}

impl OperationEntry {
    /// The operation `op` on `to` at a time, with the default timeout and retries.
    #[must_use]
    pub const fn new(op: OpId, at: Span, to: Homes, command: Value) -> Self {
        Self { op, at, to, command, timeout: timeout(), retries: retries() }
    }
}

/// The nodes that a client asks: the first attempt goes to the first node, each retry to the next one, cyclically. In a file
/// it is a name (`"n1"`) or a list of names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Homes(pub Vec<NodeId>);

impl Serialize for Homes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [home] => home.serialize(serializer),
            homes => homes.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Homes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NodeOrNodes;
        impl<'de> de::Visitor<'de> for NodeOrNodes {
            type Value = Homes;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a node such as `n1`, or a list of nodes")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Homes, E> {
                let node = text.parse().map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))?;
                Ok(Homes(vec![node]))
            }
            fn visit_seq<A: de::SeqAccess<'de>>(self, mut nodes: A) -> Result<Homes, A::Error> {
                let mut all = Vec::new();
                while let Some(node) = nodes.next_element()? {
                    all.push(node);
                }
                Ok(Homes(all))
            }
        }
        deserializer.deserialize_any(NodeOrNodes)
    }
}

impl JsonSchema for Homes {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Homes".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let node = generator.subschema_for::<NodeId>();
        schemars::json_schema!({
            "description": "The nodes that the client asks, in turn: a name, or a list of names.",
            "anyOf": [node, { "type": "array", "items": node, "minItems": 1 }]
        })
    }
}
