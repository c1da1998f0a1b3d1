//! Settings, claims and flaws of the replicated store.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check;
use crate::codex::{Anchors, Keyspaces, Lax};
use crate::measure::positive;
use crate::protocols::{Given, Registry, Settings};
use crate::subject::{Flaw, Flaws, LivesOn, Row};

/// Settings of the replicated store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReplicaSettings {
    /// How many accepted versions the log keeps for replicas that lag; what is older is found by comparison.
    #[serde(deserialize_with = "positive")]
    #[schemars(range(min = 1))]
    pub log: u32,
    /// A journal is compacted when it has so many entries more than twice the versions that are held.
    #[serde(deserialize_with = "positive")]
    #[schemars(range(min = 1))]
    pub compact_after: u32,
    /// Flaws that are switched on: `e07`, `e11`, `s01` to `s09`.
    pub flaws: Flaws,
}

impl Default for ReplicaSettings {
    fn default() -> Self {
        Self { log: 1_000, compact_after: 200, flaws: Flaws::default() }
    }
}

impl Settings for ReplicaSettings {}

/// What all replicas share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    pub(super) settings: ReplicaSettings,
    pub(super) keyspaces: Keyspaces,
    pub(super) anchors: Anchors,
    pub(super) registry: Registry,
    pub(super) nodes: u32,
    pub(super) lax: Lax,
    /// What was written last by physical time is kept, whatever was read.
    pub(super) e07: bool,
    /// Tombstones are collected when the peers that were heard of last cover them.
    pub(super) s04: bool,
    /// A client is answered before its write is durable.
    pub(super) s07: bool,
    /// What a message claims need not be durable.
    pub(super) s08: bool,
    /// What a damaged journal still holds is believed.
    pub(super) s09: bool,
}

/// The word for replicated keyspaces.
pub(super) const OWNER: &str = "gossip";

impl ReplicaSettings {
    /// What all replicas share, under these settings.
    #[must_use]
    pub fn rules(&self, given: Given<'_>) -> Rules {
        let has = |flaw| self.flaws.has(flaw);
        Rules {
            settings: self.clone(),
            keyspaces: given.setup.keyspaces.clone(),
            anchors: given.setup.keyspaces.anchors(OWNER),
            registry: given.registry.clone(),
            nodes: given.setup.nodes(),
            lax: Lax {
                context_uncovered: has("s01"),
                news_by_holding: has("s02") || has("e11"),
                context_filled: has("s03"),
                context_trimmed: has("s05"),
                absence_ignored: has("s06"),
                late_kept: false,
                no_tombstones: has("e11"),
            },
            e07: has("e07"),
            s04: has("s04"),
            s07: has("s07"),
            s08: has("s08"),
            s09: has("s09"),
        }
    }
}

/// The replicated store.
pub const ROW: Row = Row {
    claims: &[
        check::CONVERGENCE,
        check::NO_REGRESSION,
        check::NO_LOST_UPDATE,
        check::NO_RESURRECTION,
        check::CAUSAL_PRECEDENCE,
        check::AUTHENTICITY,
    ],
    flaws: &[
        Flaw::new(
            "e07",
            "causal-precedence",
            "Physical time is compared in place of what was read: of a key the version with the latest time is kept.",
            "wall clocks that differ, and a write of what another node wrote before",
        ),
        Flaw::new(
            "e11",
            "no-resurrection",
            "A delete leaves no tombstone, and a version is accepted unless what is held names it.",
            "a delete, and an older version of its key that arrives after it",
        ),
        Flaw::new(
            "s01",
            "causal-precedence",
            "Applying a version covers its dot, but not its context.",
            "a version that arrives after one whose context names it",
        ),
        Flaw::new(
            "s02",
            "no-regression",
            "A version is accepted unless what is held names it, whatever the vector covers.",
            "a version that arrives again after what replaced it is no longer held",
        ),
        Flaw::new(
            "s03",
            "no-lost-update",
            "A context has all dots of a source up to the greatest that was read: it names siblings that nobody read.",
            "a client that reads a later write of a replica and not an earlier one of the same key",
        ),
        Flaw::new(
            "s04",
            "no-resurrection",
            "A tombstone is collected when the peers that this incarnation has heard of cover it.",
            "a delete while a replica is away",
        ),
        Flaw::new(
            "s05",
            "causal-precedence",
            "A context leaves out every dot that all replicas have reported: what is covered need not have been dropped.",
            "a write whose client has read a version that all replicas cover",
        ),
        Flaw::new(
            "s06",
            "convergence",
            "Nothing is dropped because a peer that covers it holds it no more.",
            "a tombstone that is collected before a replica has heard of it: after a wipe",
        ),
        Flaw::new(
            "s07",
            "dissemination",
            "A client is answered before its write is durable.",
            "a replica that crashes after it answered a write",
        ),
        Flaw::new(
            "s08",
            "no-resurrection",
            "What a message claims need not be durable.",
            "a replica that crashes after it told of a version",
        ),
        Flaw::new(
            "s09",
            "no-regression",
            "What a damaged journal still holds is believed, with its vector.",
            "a damaged entry of a replica's journal",
        ),
    ],
    lives_on: LivesOn::AnyNodes,
    ..Row::new(
        "replica",
        "The replica: versions with dots and exact contexts under vectors (Almeida, Shoker and Baquero 2014), \
         which siblings, tombstones and absence keep in step.",
    )
};
