//! Settings, claims, flaws and bounds of polls.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::machine::TURN;
use crate::check;
use crate::measure::positive;
use crate::protocols::{Bound, Settings};
use crate::subject::{Flaw, Flaws, LivesOn, Row, World};
use crate::time::Span;

/// Settings of polls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConflictSettings {
    /// The time between two looks of a node at the conflicts that are open: an arbiter asks then whoever has not answered.
    #[serde(deserialize_with = "positive")]
    pub every: Span,
    /// How often an arbiter asks voters that it does not suspect, before the answers of a majority are enough.
    #[serde(deserialize_with = "positive")]
    #[schemars(range(min = 1))]
    pub patience: u32,
    /// Flaws that are switched on: `r01`, `r04`.
    pub flaws: Flaws,
}

impl Default for ConflictSettings {
    fn default() -> Self {
        Self { every: Span::from_millis(50), patience: 3, flaws: Flaws::default() }
    }
}

impl Settings for ConflictSettings {}

/// The settings, as the machine reads them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rules {
    pub(super) every: Span,
    pub(super) patience: u32,
    pub(super) voters: u32,
    /// Nobody takes over from an arbiter that is suspected.
    pub(super) no_heir: bool,
    /// A client's choice of a strategy holds at its own node alone.
    pub(super) adopts_alone: bool,
}

impl ConflictSettings {
    pub(super) fn rules(&self, voters: u32) -> Rules {
        Rules {
            every: self.every,
            patience: self.patience,
            voters,
            no_heir: self.flaws.has("r01"),
            adopts_alone: self.flaws.has("r04"),
        }
    }
}

/// So many polls in a row, one after the other's choice, settle a key of which all replicas hold the same: each settles all
/// that its arbiter holds.
const POLLS: u64 = 4;

/// Once all replicas hold the same versions, the arbiter of each conflict asks all that it does not suspect; what it chooses
/// spreads as versions do, in as long a time again.
pub(super) fn bound(settings: &ConflictSettings, spread: Span, world: &World) -> Bound {
    let look = world.timer(settings.every);
    let patience = u64::from(settings.patience);
    // Arbiters that are heard of and come to no end are waited for, one after the other.
    let waits = look.times((patience * u64::from(TURN) + 1) * u64::from(world.silent));
    let poll = look.times(patience + 2) + world.round_trip().times(2) + world.late + waits;
    let polled = poll.times(POLLS);
    Bound {
        payloads: 0,
        ended: Span::ZERO,
        claims: vec![(check::RESOLUTION_UNIQUENESS.name, spread + polled + spread)],
        quiet: polled + spread,
    }
}

/// Polls about conflicts.
pub const ROW: Row = Row {
    lanes: &["conflicts"],
    needs: &["replica", "gossip", "sync"],
    claims: &[check::RESOLUTION_UNIQUENESS],
    polls: true,
    flaws: &[
        Flaw::new(
            "r01",
            "resolution-uniqueness",
            "Nobody takes over from an arbiter that is suspected.",
            "a conflict whose arbiter is away for good",
        ),
        Flaw::new(
            "r04",
            "resolution-uniqueness",
            "What a client says of the strategy of a keyspace holds at its own node alone.",
            "the workload `strategies`, and a conflict about which only some nodes would ask",
        ),
    ],
    lives_on: LivesOn::Majority,
    ..Row::new(
        "conflicts",
        "Conflict resolution: arbiters, by rendezvous hashing over the voters (Thaler and Ravishankar 1998), poll voters about \
         concurrent versions of a replicated key; a signed choice of one of them is shown by all replicas and removes none.",
    )
};
