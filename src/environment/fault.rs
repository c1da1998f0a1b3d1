//! Faults as data: what may be done to nodes, links, clocks and disks, and the plan that says when.

use serde::{Deserialize, Serialize};

pub use super::budget::Budget;
pub use super::kind::FaultKind;
pub use super::parts::{
    ClockFault, Clog, Crash, Direction, DiskFault, Harm, LinkShare, Nothing, OfNodes, Partition, Restart, Shape,
    SlowLinks,
};
pub use super::target::Target;

use crate::time::{Span, Time};

/// All faults of one run: drawn before the run, printed with it, and shrinkable.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FaultPlan {
    /// The faults; those of one instant act in this order.
    pub faults: Vec<PlannedFault>,
}

impl FaultPlan {
    /// Whether the target of a fault is the current proposer.
    #[must_use]
    pub fn means_proposer(&self) -> bool {
        self.faults.iter().any(|planned| planned.fault.target() == Some(&Target::Proposer))
    }
}

/// One fault and its time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedFault {
    /// Its name, if the scenario gives it one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When it acts.
    pub when: Trigger,
    /// How long it lasts; then, or at quiescence, it ends if it can (a killed node restarts). Messages and syncs that
    /// are under way then take at most as long as they would have taken without it.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Span>,
    /// What it does.
    pub fault: Fault,
    /// Whether it was drawn from the seed; a scripted fault must take effect, or the run proves nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drawn: bool,
}

/// When a fault acts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Trigger {
    /// At an instant, before everything else of that instant.
    At(Time),
    /// Directly after the record of the `n`-th such fact, before the step's next effect.
    Fact {
        /// The fact's name: `broadcast.delivered`.
        fact: String,
        /// The number of the fact, from 1.
        n: u32,
    },
}

/// A fault. The names are those of scenario files.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Fault {
    /// Kills nodes: everything that is volatile or not synced is lost. They restart when the fault ends.
    Kill(Crash),
    /// Kills nodes and restarts them at once, or, if another fault keeps them down, when that one has ended.
    Restart(Restart),
    /// Stops nodes between two steps; incoming messages wait.
    Pause(OfNodes),
    /// Ends a pause.
    Resume(OfNodes),
    /// Cuts links: messages that are sent on them or under way are lost.
    Partition(Partition),
    /// Ends every partition and clog.
    Heal(Nothing),
    /// Holds messages until the fault ends.
    Clog(Clog),
    /// Replaces the delay of links.
    Delay(SlowLinks),
    /// Increases the share of messages that are lost.
    Loss(LinkShare),
    /// Increases the share of messages that arrive twice.
    Duplicate(LinkShare),
    /// Increases the share of messages that are held back and overtaken.
    Reorder(LinkShare),
    /// Increases the share of messages in which a bit is flipped.
    Corrupt(LinkShare),
    /// Changes nodes' clocks.
    Clock(ClockFault),
    /// Makes nodes' disks fail.
    Disk(DiskFault),
}

/// The permanent loss that a fault causes, which hardly any protocol tolerates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Taken {
    /// The content of a node's disk.
    Disk,
    /// One entry of a node's disk.
    Entry,
    /// The accuracy of a node's timers.
    Timers,
}

impl Fault {
    /// The permanent loss, if any.
    #[must_use]
    pub const fn takes(&self) -> Option<Taken> {
        match self {
            Self::Restart(restart) if restart.wipe => Some(Taken::Disk),
            Self::Disk(DiskFault { harm: Harm::Damage, .. }) => Some(Taken::Entry),
            Self::Clock(clock) if clock.monotonic_freeze => Some(Taken::Timers),
            Self::Restart(_) | Self::Disk(_) | Self::Clock(_) | Self::Kill(_) | Self::Pause(_) | Self::Resume(_) => {
                None
            }
            Self::Partition(_) | Self::Heal(_) | Self::Clog(_) | Self::Delay(_) => None,
            Self::Loss(_) | Self::Duplicate(_) | Self::Reorder(_) | Self::Corrupt(_) => None,
        }
    }

    /// The target, if it has nodes as target.
    #[must_use]
    pub const fn target(&self) -> Option<&Target> {
        match self {
            Self::Kill(crash) => Some(&crash.target),
            Self::Restart(restart) => Some(&restart.target),
            Self::Pause(of) | Self::Resume(of) => Some(&of.target),
            Self::Clock(clock) => Some(&clock.target),
            Self::Disk(disk) => Some(&disk.target),
            Self::Partition(_) | Self::Heal(_) | Self::Clog(_) | Self::Delay(_) => None,
            Self::Loss(_) | Self::Duplicate(_) | Self::Reorder(_) | Self::Corrupt(_) => None,
        }
    }

    /// The target, mutable.
    pub const fn target_mut(&mut self) -> Option<&mut Target> {
        match self {
            Self::Kill(crash) => Some(&mut crash.target),
            Self::Restart(restart) => Some(&mut restart.target),
            Self::Pause(of) | Self::Resume(of) => Some(&mut of.target),
            Self::Clock(clock) => Some(&mut clock.target),
            Self::Disk(disk) => Some(&mut disk.target),
            Self::Partition(_) | Self::Heal(_) | Self::Clog(_) | Self::Delay(_) => None,
            Self::Loss(_) | Self::Duplicate(_) | Self::Reorder(_) | Self::Corrupt(_) => None,
        }
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> FaultKind {
        match self {
            Self::Kill(_) => FaultKind::Kill,
            Self::Restart(_) => FaultKind::Restart,
            Self::Pause(_) => FaultKind::Pause,
            Self::Resume(_) => FaultKind::Resume,
            Self::Partition(_) => FaultKind::Partition,
            Self::Heal(_) => FaultKind::Heal,
            Self::Clog(_) => FaultKind::Clog,
            Self::Delay(_) => FaultKind::Delay,
            Self::Loss(_) => FaultKind::Loss,
            Self::Duplicate(_) => FaultKind::Duplicate,
            Self::Reorder(_) => FaultKind::Reorder,
            Self::Corrupt(_) => FaultKind::Corrupt,
            Self::Clock(_) => FaultKind::Clock,
            Self::Disk(_) => FaultKind::Disk,
        }
    }
}
