//! What links do before any fault, as a file says it: one rule for all of them, and the links that differ.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::identity::NodeId;
use crate::measure::Share;
use crate::network::{Delay, Lag, Link, LinkOverride, Network};
use crate::time::Span;

/// The network of a scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Wires {
    /// How long a message takes.
    pub delay: Delay,
    /// How often one is lost.
    pub loss: Share,
    /// How often one arrives twice.
    pub duplicate: Share,
    /// How much later than the first the second copy may come, at most.
    pub duplicate_lag: Lag,
    /// How often one is held up so that later ones overtake it.
    pub reorder: Share,
    /// How long such a one is held up, at most.
    pub reorder_lag: Lag,
    /// How often one has a bit flipped on its way.
    pub corrupt: Share,
    /// The links that differ.
    pub links: Vec<Wire>,
    /// The longest delay after the calm.
    pub calm_delay: Span,
}

/// One link that differs; what it leaves out is as on every link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wire {
    /// The sender's end.
    pub from: NodeId,
    /// The receiver's end.
    pub to: NodeId,
    /// How long a message takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<Delay>,
    /// How often one is lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<Share>,
    /// How often one arrives twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicate: Option<Share>,
    /// How much later than the first the second copy may come, at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicate_lag: Option<Lag>,
    /// How often one is held up so that later ones overtake it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reorder: Option<Share>,
    /// How long such a one is held up, at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reorder_lag: Option<Lag>,
    /// How often one has a bit flipped on its way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrupt: Option<Share>,
}

impl Default for Wires {
    fn default() -> Self {
        let Network { link, links: _, calm_delay } = Network::default();
        let Link { delay, loss, duplicate, duplicate_lag, reorder, reorder_lag, corrupt } = link;
        Self { delay, loss, duplicate, duplicate_lag, reorder, reorder_lag, corrupt, links: Vec::new(), calm_delay }
    }
}

impl Wires {
    /// The network that the kernel is given.
    #[must_use]
    pub fn network(&self) -> Network {
        let links = self.links.iter().map(|wire| LinkOverride { from: wire.from, to: wire.to, link: self.link(wire) });
        Network { link: self.common(), links: links.collect(), calm_delay: self.calm_delay }
    }

    fn common(&self) -> Link {
        Link {
            delay: self.delay,
            loss: self.loss,
            duplicate: self.duplicate,
            duplicate_lag: self.duplicate_lag,
            reorder: self.reorder,
            reorder_lag: self.reorder_lag,
            corrupt: self.corrupt,
        }
    }

    fn link(&self, wire: &Wire) -> Link {
        Link {
            delay: wire.delay.unwrap_or(self.delay),
            loss: wire.loss.unwrap_or(self.loss),
            duplicate: wire.duplicate.unwrap_or(self.duplicate),
            duplicate_lag: wire.duplicate_lag.unwrap_or(self.duplicate_lag),
            reorder: wire.reorder.unwrap_or(self.reorder),
            reorder_lag: wire.reorder_lag.unwrap_or(self.reorder_lag),
            corrupt: wire.corrupt.unwrap_or(self.corrupt),
        }
    }
}
