//! How much may go wrong on one way through an exploration.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much may go wrong on one way through an exploration, where every possibility is tried.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Budget {
    /// How many messages are lost, beside those that reach a node that is down.
    pub loss: u32,
    /// How many messages arrive once more.
    pub duplicates: u32,
    /// How often a node dies, between two effects of a step or two steps; it may start again at any later moment.
    pub crashes: u32,
    /// How often each timer of a node runs out, over all its boots, and how often each client loses its patience; null
    /// for as often as they may, of which no count is kept then.
    pub timers: Option<u32>,
    /// Whether a channel's own frames are explored, as datagrams, in place of what it promises.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub frames: bool,
    /// The name of a fact: the ways begin where it is noted for the first time if nothing goes wrong and no client asks,
    /// and a timer runs out only where nothing else can happen, the first node's first. None of the budget is used up by
    /// then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { loss: 0, duplicates: 0, crashes: 0, timers: Some(1), frames: false, after: None }
    }
}
