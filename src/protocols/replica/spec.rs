//! Settings, claims and flaws of the replicated store.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::preload::{Preload, PreloadSettings};
use crate::check;
use crate::codex::{Anchors, Keyspace, Keyspaces, Lax};
use crate::measure::positive;
use crate::protocols::{Given, Registry, Settings};
use crate::subject::{Flaw, Flaws, LivesOn, Objection, Row};

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
    /// What replicas hold and cover before their first start, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preload: Option<PreloadSettings>,
    /// Flaws that are switched on: `e07`, `e08`, `e11`, `r02`, `r03`, `r05`, `s01` to `s10`.
    pub flaws: Flaws,
}

impl Default for ReplicaSettings {
    fn default() -> Self {
        Self { log: 1_000, compact_after: 200, preload: None, flaws: Flaws::default() }
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
    pub(super) preload: Option<Preload>,
    pub(super) lax: Lax,
    /// A resolution settles only what was shown.
    pub(super) settles_shown: bool,
    /// A resolution drops what it settles.
    pub(super) r05: bool,
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
    /// Nobody looks at anchors.
    pub(super) s10: bool,
}

/// The word for replicated keyspaces.
pub(super) const OWNER: &str = "gossip";

impl ReplicaSettings {
    /// What is wrong with the keys that replicas hold before their first start, in these keyspaces.
    #[must_use]
    pub fn misplaced(&self, keyspaces: &Keyspaces) -> Option<Objection> {
        let prefix = self.preload.as_ref()?.prefix.as_str();
        let objection = |message: String, help: &str| {
            Some(Objection { places: &["replica.preload"], message, help: help.to_owned() })
        };
        let Some((own, _)) = keyspaces.of(prefix) else {
            let message = format!("replicas begin with keys of `{prefix}`, which is in no keyspace");
            return objection(message, "declare a keyspace of them that gossip owns");
        };
        let is_within = |known: &str| known == own || known.starts_with(prefix);
        let mut within = keyspaces.iter().filter(|(known, _)| is_within(known));
        if let Some((known, other)) = within.find(|(_, keyspace)| keyspace.owner != OWNER) {
            let message = format!("replicas begin with keys of `{prefix}`, and `{}` owns `{known}`", other.owner);
            return objection(message, "name keys that gossip owns");
        }
        let holds = |known: &str| prefix.starts_with(known) || known.starts_with(prefix);
        let anchored = |(known, keyspace): &(&str, &Keyspace)| {
            holds(known) && keyspace.owner == OWNER && !keyspace.anchors.is_empty()
        };
        let (known, _) = keyspaces.iter().find(anchored)?;
        let message = format!("replicas begin with keys of `{prefix}`, which the anchors of `{known}` may forbid");
        objection(message, "name keys without anchors")
    }

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
            preload: self.preload.as_ref().map(|preload| Preload::new(preload, given.registry)),
            lax: Lax {
                context_uncovered: has("s01"),
                news_by_holding: has("s02") || has("e11"),
                context_filled: has("s03"),
                context_trimmed: has("s05"),
                absence_ignored: has("s06"),
                late_kept: false,
                no_tombstones: has("e11"),
                resolutions_apart: has("e08"),
                void_kept: has("r02"),
            },
            settles_shown: has("r03"),
            r05: has("r05"),
            e07: has("e07"),
            s04: has("s04"),
            s07: has("s07"),
            s08: has("s08"),
            s09: has("s09"),
            s10: has("s10"),
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
        check::ANCHOR_SAFETY,
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
            "e08",
            "resolution-uniqueness",
            "Whoever sees a conflict decides it with one other node, and keeps its own decision.",
            "a conflict that two nodes see, of which each applied another version first",
        ),
        Flaw::new(
            "e11",
            "no-resurrection",
            "A delete leaves no tombstone, and a version is accepted unless what is held names it.",
            "a delete, and an older version of its key that arrives after it",
        ),
        Flaw::new(
            "r02",
            "no-regression",
            "A resolution outlives what it chooses.",
            "a put of a client that has read the version that was chosen",
        ),
        Flaw::new(
            "r03",
            "resolution-uniqueness",
            "A resolution settles only what was shown: what an earlier one has hidden is shown again.",
            "a second conflict of a key, beside versions that an earlier resolution hides",
        ),
        Flaw::new(
            "r05",
            "no-lost-update",
            "A resolution is a version with a context: it drops what it settles, which no client has replaced.",
            "a conflict that a poll settles",
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
        Flaw::new(
            "s10",
            "anchor-safety",
            "Replicas accept what an anchor forbids.",
            "a keyspace with anchors, and a write that breaks one",
        ),
    ],
    lives_on: LivesOn::AnyNodes,
    ..Row::new(
        "replica",
        "The replica: versions with dots and exact contexts under vectors (Almeida, Shoker and Baquero 2014), \
         which siblings, tombstones and absence keep in step.",
    )
};
