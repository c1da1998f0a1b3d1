//! Settings, claims, flaws and bounds of gossip.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check;
use crate::measure::{between, positive};
use crate::protocols::sync::MOST_CHUNK;
use crate::protocols::{Bound, Settings, Written};
use crate::subject::{Flaw, Flaws, LivesOn, Row, World};
use crate::time::Span;

/// Settings of gossip.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GossipSettings {
    /// The time between two rounds of a node.
    #[serde(deserialize_with = "positive")]
    pub period: Span,
    /// To how many peers a round and a push go; to all, if there are fewer.
    #[serde(deserialize_with = "positive")]
    #[schemars(range(min = 1))]
    pub fanout: u32,
    /// How many hops a pushed copy may make after the first.
    pub ttl: u32,
    /// Whether a node pushes what it accepts.
    pub push: bool,
    /// Whether digests are answered with what they lack; heartbeats they are in any case.
    pub pull: bool,
    /// About how many bytes of versions an answer to a digest has, at most 49,152.
    #[serde(deserialize_with = "between::<1, MOST_CHUNK, _>")]
    #[schemars(range(min = 1, max = MOST_CHUNK))]
    pub chunk: u32,
    /// A peer is suspected after so many periods without a heartbeat.
    #[serde(deserialize_with = "positive")]
    #[schemars(range(min = 1))]
    pub suspect: u32,
    /// How many counts of others a digest has at the most.
    pub beats: u32,
    /// Flaws that are switched on: `e29`, `g01` to `g03`.
    pub flaws: Flaws,
}

impl Default for GossipSettings {
    fn default() -> Self {
        Self {
            period: Span::from_millis(100),
            fanout: 3,
            ttl: 3,
            push: true,
            pull: true,
            chunk: 16 * 1_024,
            suspect: 5,
            beats: 32,
            flaws: Flaws::default(),
        }
    }
}

impl Settings for GossipSettings {}

/// The settings, as the machine reads them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rules {
    pub(super) period: Span,
    pub(super) fanout: u32,
    pub(super) ttl: u32,
    pub(super) push: bool,
    pub(super) pull: bool,
    pub(super) room: usize,
    pub(super) patience: Span,
    pub(super) beats: usize,
    /// The ttl is never lowered, and signatures are never verified.
    pub(super) e29: bool,
    /// Every copy is relayed.
    pub(super) g01: bool,
    /// Signatures are never verified.
    pub(super) g03: bool,
    /// A digest's vector is joined without a look at the root.
    pub(super) g02: bool,
}

impl GossipSettings {
    /// Whether pushed copies are relayed.
    #[must_use]
    pub const fn relays(&self) -> bool {
        self.push && self.ttl > 0
    }

    pub(super) fn rules(&self) -> Rules {
        let has = |flaw| self.flaws.has(flaw);
        Rules {
            period: self.period,
            fanout: self.fanout,
            ttl: self.ttl,
            push: self.push,
            pull: self.pull,
            room: self.chunk as usize,
            patience: self.period.times(self.suspect.into()),
            beats: self.beats as usize,
            e29: has("e29"),
            g01: has("g01"),
            g02: has("g02"),
            g03: has("e29") || has("g03"),
        }
    }
}

/// Every node sends each peer a digest at least once in two turns of its circle, and what either lacks follows in answers of
/// bounded size: in the worst case one for each version.
pub(super) fn bound(settings: &GossipSettings, written: Written, world: &World) -> Bound {
    let peers = u64::from(world.nodes.saturating_sub(1));
    let circle = world.timer(settings.period).times(peers.div_ceil(settings.fanout.into()).max(1) * 2);
    let messages = written.bytes.div_ceil(settings.chunk.into()).min(written.versions);
    let spread = world.late + circle.times(8 + messages.min(MOST)) + world.round_trip().times(20);
    Bound { payloads: 0, ended: world.late + world.timeout + world.round_trip(), claims: Vec::new(), quiet: spread }
}

/// Digests of so many circles are waited for at the most: syncs bring what is left.
const MOST: u64 = 100;

/// Gossip.
pub const ROW: Row = Row {
    lanes: &["gossip"],
    needs: &["replica", "sync"],
    owns: &["gossip"],
    replicates: true,
    claims: &[check::CONVERGENCE, check::DISSEMINATION, check::TTL_BOUND],
    periodic: &["gossip.heartbeat"],
    flaws: &[
        Flaw::new(
            "e29",
            "ttl-bound",
            "The ttl is never lowered, and signatures are never verified.",
            "a version that is relayed",
        ),
        Flaw::new(
            "g01",
            "ttl-bound",
            "Every copy is relayed, not only the first.",
            "a version that is pushed to a node twice",
        ),
        Flaw::new(
            "g02",
            "no-lost-update",
            "A digest's vector is joined without a look at the root.",
            "a digest that covers what its receiver has not accepted",
        ),
        Flaw::new(
            "g03",
            "authenticity",
            "Signatures are never verified.",
            "a version whose bits were flipped on its way",
        ),
    ],
    lives_on: LivesOn::AnyNodes,
    ..Row::new(
        "gossip",
        "Gossip: digests and versions by push and pull (Demers et al. 1987), heartbeats and suspicion (van Renesse, Minsky \
         and Hayden 1998), for keyspaces that every node writes on its own.",
    )
};
