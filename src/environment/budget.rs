//! The budget of faults for each path of an exploration.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The budget of faults for each path of an exploration, which tries every possibility.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Budget {
    /// The number of messages that are lost, in addition to those that reach a node that is down.
    pub loss: u32,
    /// The number of messages that arrive a second time.
    pub duplicates: u32,
    /// The number of crashes, between two effects of a step or between two steps; the node may restart at any later time.
    pub crashes: u32,
    /// How often each timer of a node expires, over all its incarnations, and how often each client's timeout does; null
    /// means without a limit.
    pub timers: Option<u32>,
    /// Whether a channel's own frames are explored, as datagrams, instead of its guarantees.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub frames: bool,
    /// The name of a fact: paths start where it is noted for the first time, if there are no faults and no operations,
    /// and a timer expires only if nothing else can happen, that of the first node first. This uses none of the
    /// budget.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { loss: 0, duplicates: 0, crashes: 0, timers: Some(1), frames: false, after: None }
    }
}
