//! The properties of links in a file: defaults for all links, and the links that differ.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::identity::NodeId;
use crate::measure::Share;
use crate::network::{Delay, Lag, Link, LinkOverride, Network};
use crate::time::Span;

/// The network of a scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkSettings {
    /// How long a message takes.
    pub delay: Delay,
    /// The share of messages that are lost.
    pub loss: Share,
    /// The share of messages that arrive twice.
    pub duplicate: Share,
    /// How much later than the first copy the second may arrive, at most.
    pub duplicate_lag: Lag,
    /// The share of messages that are held back, so that later ones overtake them.
    pub reorder: Share,
    /// How long such a message is held back, at most.
    pub reorder_lag: Lag,
    /// The share of messages in which a bit is flipped.
    pub corrupt: Share,
    /// The links that differ.
    pub links: Vec<LinkSettings>,
    /// The longest delay after quiescence.
    pub calm_delay: Span,
}

/// One link that differs; everything that it does not set is as on every link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkSettings {
    /// The sender's end.
    pub from: NodeId,
    /// The receiver's end.
    pub to: NodeId,
    /// How long a message takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<Delay>,
    /// The share of messages that are lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<Share>,
    /// The share of messages that arrive twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicate: Option<Share>,
    /// How much later than the first copy the second may arrive, at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicate_lag: Option<Lag>,
    /// The share of messages that are held back, so that later ones overtake them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reorder: Option<Share>,
    /// How long such a message is held back, at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reorder_lag: Option<Lag>,
    /// The share of messages in which a bit is flipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrupt: Option<Share>,
}

impl Default for NetworkSettings {
    fn default() -> Self {
        let Network { link, links: _, calm_delay } = Network::default();
        let Link { delay, loss, duplicate, duplicate_lag, reorder, reorder_lag, corrupt } = link;
        Self { delay, loss, duplicate, duplicate_lag, reorder, reorder_lag, corrupt, links: Vec::new(), calm_delay }
    }
}

impl NetworkSettings {
    /// The network for the kernel.
    #[must_use]
    pub fn network(&self) -> Network {
        let links = self.links.iter().map(|link_settings| LinkOverride {
            from: link_settings.from,
            to: link_settings.to,
            link: self.link(link_settings),
        });
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

    fn link(&self, link_settings: &LinkSettings) -> Link {
        Link {
            delay: link_settings.delay.unwrap_or(self.delay),
            loss: link_settings.loss.unwrap_or(self.loss),
            duplicate: link_settings.duplicate.unwrap_or(self.duplicate),
            duplicate_lag: link_settings.duplicate_lag.unwrap_or(self.duplicate_lag),
            reorder: link_settings.reorder.unwrap_or(self.reorder),
            reorder_lag: link_settings.reorder_lag.unwrap_or(self.reorder_lag),
            corrupt: link_settings.corrupt.unwrap_or(self.corrupt),
        }
    }
}
