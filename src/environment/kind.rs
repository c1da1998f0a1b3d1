//! The kinds of faults, with a sentence about each.

use serde::{Deserialize, Serialize};

/// The kinds of faults, by name; a drawn fault names the kinds to draw from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// Kills nodes.
    Kill,
    /// Restarts nodes.
    Restart,
    /// Stops nodes for a while.
    Pause,
    /// Ends a pause.
    Resume,
    /// Cuts links.
    Partition,
    /// Ends partitions and clogs.
    Heal,
    /// Holds messages.
    Clog,
    /// Changes delays.
    Delay,
    /// Loses messages.
    Loss,
    /// Duplicates messages.
    Duplicate,
    /// Reorders messages.
    Reorder,
    /// Flips bits of messages.
    Corrupt,
    /// Changes clocks.
    Clock,
    /// Makes disks fail.
    Disk,
}

impl FaultKind {
    /// Every kind, in the order of the words of scenario files.
    pub const ALL: [Self; 14] = [
        Self::Kill,
        Self::Restart,
        Self::Pause,
        Self::Resume,
        Self::Partition,
        Self::Heal,
        Self::Clog,
        Self::Delay,
        Self::Loss,
        Self::Duplicate,
        Self::Reorder,
        Self::Corrupt,
        Self::Clock,
        Self::Disk,
    ];

    /// The name in scenario files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Restart => "restart",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Partition => "partition",
            Self::Heal => "heal",
            Self::Clog => "clog",
            Self::Delay => "delay",
            Self::Loss => "loss",
            Self::Duplicate => "duplicate",
            Self::Reorder => "reorder",
            Self::Corrupt => "corrupt",
            Self::Clock => "clock",
            Self::Disk => "disk",
        }
    }

    /// What it does, in a sentence.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Kill => {
                "nodes crash and lose everything that is volatile or not synced; they restart when the fault ends"
            }
            Self::Restart => "nodes crash and restart at once; with `wipe`, with an empty disk",
            Self::Pause => "nodes stop between two steps; incoming messages wait, and late timers fire in order",
            Self::Resume => "a pause ends",
            Self::Partition => "links are cut: messages that are sent on them or under way are lost",
            Self::Heal => "every partition and clog ends",
            Self::Clog => "links hold messages until the fault ends",
            Self::Delay => "links have another delay",
            Self::Loss => "links lose more messages",
            Self::Duplicate => "links deliver more messages twice, the second copy perhaps much later",
            Self::Reorder => "links hold back messages so that later ones overtake them",
            Self::Corrupt => "links flip a bit of a message's encoding",
            Self::Clock => "clocks get an offset, jump (bump), drift or stop (freeze)",
            Self::Disk => "disks lose or tear the unsynced tail, damage a synced entry, fail, or answer slowly",
        }
    }
}
