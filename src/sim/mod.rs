//! The kernel: drives a cluster through virtual time, and knows no protocol.
//!
//! A run is a function of what [`Conditions`] and the process are given: it draws nothing that is not keyed by the seed,
//! and events at one instant happen in the order of (receiver, sender, lane, number).

mod agenda;
mod clients;
mod clock;
mod cluster;
mod disk;
pub(crate) mod explore;
mod flights;
mod hasten;
mod links;
mod node;
mod outside;
mod simulation;
mod tally;
#[cfg(test)]
mod tests;
mod timers;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

pub use cluster::Cluster;
pub use simulation::Simulation;

use crate::chance::Seed;
use crate::fault::FaultPlan;
use crate::identity::{MessageId, NodeId};
use crate::measure::{Drift, Offset};
use crate::network::{Delay, Network, PinnedFate};
use crate::process::{ClientPlan, Process};
use crate::time::{Span, Time};
use crate::trace::{Body, Event, Head, Label, Record, Recorder, Said, Sent};

/// To whom everything that happens is told, as it happens.
pub trait Witness<F> {
    /// Takes in one record; `fact` is given where the record is a fact. `Break` ends the run after this record.
    fn see(&mut self, record: &Record<'_>, fact: Option<&F>) -> ControlFlow<()>;

    /// Whether all is settled that a run which is quiescent must go on for; where [`Conditions::rests`], the run then ends
    /// as soon as nothing is pending but what is periodic.
    fn is_settled(&self) -> bool {
        false
    }

    /// Whether it reads labels and observations; they are left out otherwise.
    fn reads(&self) -> bool;

    /// Takes in the record of a message that was sent; called in place of [`Witness::see`] if it does not read. The two
    /// commonest records have their own ways in, since a recorder writes one in less time than it takes to build it.
    #[inline]
    fn see_sent(&mut self, head: Head<'_>, sent: Sent<'_>) -> ControlFlow<()> {
        let Sent { message, to, copies, said } = sent;
        let said = Said { label: Label::default(), observations: Cow::Borrowed(&[]), body: Body::Encoded(said) };
        self.see(&record(head, Event::Send { message, to, copies, said }), None)
    }

    /// Takes in the record of a message that arrived as it was sent, in place of [`Witness::see`].
    #[inline]
    fn see_received(&mut self, head: Head<'_>, message: MessageId, copy: u16) -> ControlFlow<()> {
        self.see(&record(head, Event::Receive { message, copy, corrupted: None }), None)
    }
}

#[inline]
fn record<'a>(head: Head<'a>, event: Event<'a>) -> Record<'a> {
    let Head { time, id, stamp } = head;
    Record { time, id, stamp: stamp.map(Cow::Borrowed), event }
}

/// A recorder alone: the digest, and perhaps the records.
impl<F> Witness<F> for Recorder {
    #[inline]
    fn see(&mut self, record: &Record<'_>, _fact: Option<&F>) -> ControlFlow<()> {
        self.push(record);
        ControlFlow::Continue(())
    }

    #[inline]
    fn reads(&self) -> bool {
        false
    }

    #[inline(always)]
    fn see_sent(&mut self, head: Head<'_>, sent: Sent<'_>) -> ControlFlow<()> {
        self.push_send(head, sent);
        ControlFlow::Continue(())
    }

    #[inline(always)]
    fn see_received(&mut self, head: Head<'_>, message: MessageId, copy: u16) -> ControlFlow<()> {
        self.push_receive(head, message, copy);
        ControlFlow::Continue(())
    }
}

/// Under which conditions a cluster runs.
#[derive(Clone, Debug)]
pub struct Conditions {
    /// Decides everything that chance decides.
    pub seed: Seed,
    /// When the run ends.
    pub end: Time,
    /// When faults and clients' new operations end.
    pub calm: Option<Time>,
    /// Whether the run ends sooner once it has come to rest: it is quiescent, its witness is settled, and nothing is
    /// pending but what is periodic.
    pub rests: bool,
    /// The network before any fault.
    pub network: Network,
    /// Messages whose fate is fixed.
    pub fates: BTreeMap<MessageId, PinnedFate>,
    /// The errors of the nodes' clocks, by node; empty if all are true.
    pub clocks: Vec<ClockError>,
    /// How long a sync takes.
    pub sync: Delay,
    /// What is done to the cluster; targets are lists of nodes, or the proposer.
    pub faults: FaultPlan,
    /// The fact that a node notes when it becomes the proposer, if faults mean it.
    pub elected: Option<&'static str>,
}

impl Conditions {
    /// Conditions without faults: the default network, true clocks.
    #[must_use]
    pub fn plain(seed: Seed, end: Time) -> Self {
        Self {
            seed,
            end,
            calm: None,
            rests: false,
            network: Network::default(),
            fates: BTreeMap::new(),
            clocks: Vec::new(),
            sync: Delay::Constant(Span::from_millis(1)),
            faults: FaultPlan::default(),
            elected: None,
        }
    }
}

/// The error of one node's clocks before any fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ClockError {
    /// How far the wall clock is off.
    pub offset: Offset,
    /// How much too fast the wall clock runs.
    pub drift: Drift,
    /// How much too fast the monotonic clock runs.
    pub monotonic_drift: Drift,
}

/// Who takes part: what the process is given, what the disks hold, and the clients.
pub struct Cast<P: Process> {
    /// What the cluster is given.
    pub config: P::Config,
    /// How many nodes there are.
    pub nodes: u32,
    /// What a node's disk holds before its first boot.
    pub disk: Box<dyn Fn(NodeId) -> Vec<P::Entry>>,
    /// The clients.
    pub clients: Vec<ClientPlan<P::Client>>,
}
