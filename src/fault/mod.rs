//! Faults as data: what may be done to nodes, links, clocks and disks, and the plan that says when.

mod budget;
mod display;
mod kind;
mod parts;
mod target;

use serde::{Deserialize, Serialize};

pub use budget::Budget;
pub use kind::FaultKind;
pub use parts::{
    ClockFault, Clog, Crash, Direction, DiskFault, Harm, LinkShare, Nothing, OfNodes, Partition, Restart, Shape,
    SlowLinks,
};
pub use target::Target;

use crate::time::{Span, Time};

/// All that will be done to the cluster in one run: drawn before the run, printed with it, and shrinkable.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FaultPlan {
    /// In the order in which those of one instant act.
    pub faults: Vec<PlannedFault>,
}

impl FaultPlan {
    /// Whether a fault befalls whoever is the proposer when it acts.
    #[must_use]
    pub fn means_proposer(&self) -> bool {
        self.faults.iter().any(|planned| planned.fault.target() == Some(&Target::Proposer))
    }
}

/// One fault and its time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedFault {
    /// When it acts.
    pub when: Trigger,
    /// How long it lasts; what can end ends then (a killed node starts again), or at the calm. Messages and syncs that
    /// are under way take from then on at most what they would have taken without it.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Span>,
    /// What it does.
    pub fault: Fault,
    /// Whether it was drawn from the seed; one that was written must touch something, or the run proves nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drawn: bool,
}

/// When a fault acts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Trigger {
    /// At an instant, before everything else of that instant.
    At(Time),
    /// Right after the record of the `n`-th such fact, before the step's next effect.
    Fact {
        /// The fact's name: `broadcast.delivered`.
        fact: String,
        /// How many of them must have been recorded, from 1.
        n: u32,
    },
}

/// What is done. The words are those of scenario files.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Fault {
    /// Kills nodes: all that is volatile or not synced is lost. They start again when the fault ends.
    Kill(Crash),
    /// Kills nodes and starts them again at once, or, where another fault keeps them down, when that one has ended.
    Restart(Restart),
    /// Stops nodes between two steps; what arrives waits.
    Pause(OfNodes),
    /// Ends a pause.
    Resume(OfNodes),
    /// Cuts links: what is sent into them and what is under way is lost.
    Partition(Partition),
    /// Ends every partition and clog.
    Heal(Nothing),
    /// Holds what would arrive until the fault ends.
    Clog(Clog),
    /// Replaces the delay of links.
    Delay(SlowLinks),
    /// Raises the loss of links.
    Loss(LinkShare),
    /// Raises how often messages arrive twice.
    Duplicate(LinkShare),
    /// Raises how often messages are held up and overtaken.
    Reorder(LinkShare),
    /// Raises how often a bit of a message flips.
    Corrupt(LinkShare),
    /// Moves or bends nodes' clocks.
    Clock(ClockFault),
    /// Makes nodes' disks fail.
    Disk(DiskFault),
}

/// What of a fault hardly a protocol bears: it takes something that no other node can give back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Taken {
    /// All that a node's disk holds.
    Disk,
    /// One entry of a node's disk.
    Entry,
    /// The time by which a node's timers run.
    Timers,
}

impl Fault {
    /// What it takes for good, if it takes anything.
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

    /// The nodes that it befalls, where it befalls nodes.
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

    /// The same, to be changed.
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

    /// Which kind it is.
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
