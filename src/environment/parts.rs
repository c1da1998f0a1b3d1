//! The parameters of faults: nodes, links, amounts.

use serde::{Deserialize, Serialize};

use super::target::Target;
use crate::identity::NodeId;
use crate::measure::{Drift, Offset, Share};
use crate::network::Delay;
use crate::time::Span;

/// No parameters: `{}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// A fault whose only parameter is the nodes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OfNodes {
    /// Which nodes.
    pub target: Target,
}

/// A crash of nodes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Crash {
    /// Which nodes.
    pub target: Target,
    /// If given: not at once, but inside the next step that has more effects than this, after this many of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_effects: Option<u32>,
}

/// A restart of nodes. A node that another fault keeps down until its own end (`for`) restarts only then.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Restart {
    /// Which nodes.
    pub target: Target,
    /// Whether the disk is empty afterwards, also that of a node that does not start yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wipe: bool,
    /// If given: not at once, but inside the next step that has more effects than this, after this many of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_effects: Option<u32>,
}

/// Which messages a partition loses, seen from the first group.
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

/// The named shapes of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// Two halves, the first the greater by one if the number is odd.
    Halves,
    /// One node against the rest.
    IsolateOne,
    /// A minority against a majority.
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
    /// The groups. Without a shape: all groups; nodes in none of them form one more. For `bridge`: the two sides; the
    /// other nodes are linked to both, so two sides of one node each cut a single link.
    /// For `majorities-ring`: one list, the order on the ring. With a shape the default is to draw them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Vec<NodeId>>,
    /// The shape of the partition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shape: Option<Shape>,
    /// Which messages are lost.
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

/// Links with another delay.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlowLinks {
    /// The delay.
    pub delay: Delay,
    /// The senders' ends; by default all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Target>,
    /// The receivers' ends; by default all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Target>,
}

/// Links that lose, duplicate, reorder or corrupt a share of their messages.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkShare {
    /// The share of messages; the greater of this and the link's own share applies.
    pub share: Share,
    /// The senders' ends; by default all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Target>,
    /// The receivers' ends; by default all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Target>,
}

/// Changes clocks; the changes last as long as the fault, except a bump, which is permanent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClockFault {
    /// Whose clocks.
    pub target: Target,
    /// The offset of the wall clock, added to its own offset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<Offset>,
    /// The drift of the wall clock, instead of its own drift.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<Drift>,
    /// The drift of the monotonic clock, instead of its own drift.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monotonic_drift: Option<Drift>,
    /// A jump of the wall clock; it stays when the fault ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bump: Option<Offset>,
    /// Whether the wall clock stops.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub freeze: bool,
    /// Whether the monotonic clock, and with it every timer, stops.
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

/// A disk fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Harm {
    /// The next crash leaves the first unsynced entry torn, instead of removing it.
    Torn,
    /// One synced entry, drawn from the seed, can't be read at the next start.
    Damage,
    /// The next append, rewrite or sync fails, and the node with it.
    IoError,
    /// A sync takes this long.
    Slow(Span),
}
