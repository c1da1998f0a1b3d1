//! What each fault has to say: which nodes, which links, how much.

use serde::{Deserialize, Serialize};

use super::Target;
use crate::identity::NodeId;
use crate::measure::{Drift, Offset, Share};
use crate::network::Delay;
use crate::time::Span;

/// Nothing further to say: `{}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// A fault of nodes and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OfNodes {
    /// Which nodes.
    pub target: Target,
}

/// How nodes die.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Crash {
    /// Which nodes.
    pub target: Target,
    /// If given: not at once, but inside the next step that has more effects than this, after so many of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_effects: Option<u32>,
}

/// How nodes die and come back. A node that another fault keeps down until an end of its own (`for`) starts only then.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Restart {
    /// Which nodes.
    pub target: Target,
    /// Whether the disk is empty afterwards, also that of a node that does not start yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wipe: bool,
    /// If given: not at once, but inside the next step that has more effects than this, after so many of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_effects: Option<u32>,
}

/// Which messages a partition stops, seen from the first group.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Both ways, between any two groups.
    #[default]
    Both,
    /// Only those to the first group.
    To,
    /// Only those from the first group.
    From,
}

/// The ways in which a network falls apart that have a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// Two halves, the first the greater by one if the number is odd.
    Halves,
    /// One node against the rest.
    IsolateOne,
    /// As many as can be missing against a majority.
    Minority,
    /// Two halves and one node that reaches both.
    Bridge,
    /// Every node reaches a majority, no two the same one: neighbours on a ring.
    MajoritiesRing,
}

/// A partition of the network: between which groups links are cut.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Partition {
    /// Who stands where. Without a shape: the groups; nodes in none of them form one more. For `bridge`: the two sides.
    /// For `majorities-ring`: one list, the order on the ring. With a shape it may be left out, and is drawn.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Vec<NodeId>>,
    /// The way in which the network falls apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shape: Option<Shape>,
    /// Which messages are stopped.
    pub direction: Direction,
}

/// Links by their ends; all of them if neither end is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Clog {
    /// The senders' ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Target>,
    /// The receivers' ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Target>,
}

/// Links that take another time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlowLinks {
    /// How long they take.
    pub delay: Delay,
    /// The senders' ends; all if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Target>,
    /// The receivers' ends; all if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Target>,
}

/// Links that do something to a share of their messages.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkShare {
    /// To how many of the messages; the greater of this and the link's own holds.
    pub share: Share,
    /// The senders' ends; all if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Target>,
    /// The receivers' ends; all if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Target>,
}

/// Moves or bends clocks; what is given holds while the fault lasts, a bump for ever.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClockFault {
    /// Whose clocks.
    pub target: Target,
    /// How far the wall clock is off, added to its own offset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<Offset>,
    /// How much too fast the wall clock runs, in place of its own drift.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<Drift>,
    /// How much too fast the monotonic clock runs, in place of its own drift.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monotonic_drift: Option<Drift>,
    /// A jump of the wall clock; it stays when the fault ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bump: Option<Offset>,
    /// Whether the wall clock stands still.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub freeze: bool,
    /// Whether the monotonic clock, and so every timer, stands still.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub monotonic_freeze: bool,
}

/// Makes disks fail.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiskFault {
    /// Whose disks.
    pub target: Target,
    /// How.
    pub harm: Harm,
}

/// What a disk can do wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Harm {
    /// The next crash leaves the first unsynced entry torn in place of nothing.
    Torn,
    /// One synced entry, drawn from the seed, can't be read at the next start.
    Damage,
    /// The next append, rewrite or sync fails, and the node with it.
    IoError,
    /// A sync takes this long.
    Slow(Span),
}
