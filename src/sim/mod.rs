//! The kernel: drives a cluster through virtual time, and knows no protocol.
//!
//! A run is a function of its [`Conditions`] and the process's inputs: all draws are keyed by the seed, and events at
//! one instant happen in the order of (receiver, sender, lane, number).

mod agenda;
mod clients;
mod clock;
mod cluster;
mod disk;
pub(crate) mod explore;
mod flights;
mod hasten;
mod links;
mod message_counters;
mod node;
mod outside;
mod simulation;
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

/// Receives everything that happens, as it happens.
pub trait Witness<F> {
    /// Receives one record; `fact` is given if the record is a fact. `Break` ends the run after this record.
    fn see(&mut self, record: &Record<'_>, fact: Option<&F>) -> ControlFlow<()>;

    /// Whether everything is settled for which a quiescent run must continue. If [`Conditions::rests`], the run then
    /// ends as soon as only periodic messages and timers are pending.
    fn is_settled(&self) -> bool {
        false
    }

    /// Whether it reads labels and observations; they are omitted otherwise.
    fn reads(&self) -> bool;

    /// Receives the record of a sent message, instead of [`Witness::see`] if the witness does not read. The two most
    /// frequent records have their own methods, because a recorder writes one in less time than it takes to build it.
    #[inline]
    fn see_sent(&mut self, head: Head<'_>, sent: Sent<'_>) -> ControlFlow<()> {
        let Sent { message, to, copies, said } = sent;
        let said = Said { label: Label::default(), observations: Cow::Borrowed(&[]), body: Body::Encoded(said) };
        self.see(&record(head, Event::Send { message, to, copies, said }), None)
    }

    /// Receives the record of a message that arrived uncorrupted, instead of [`Witness::see`].
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

/// A recorder alone: the digest, and optionally the records.
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

/// The conditions under which a cluster runs.
#[derive(Clone, Debug)]
pub struct Conditions {
    /// Determines all draws.
    pub seed: Seed,
    /// When the run ends.
    pub end: Time,
    /// When faults and clients' new operations end.
    pub quiescence: Option<Time>,
    /// The nodes that quiescence heals, in order, if not all.
    pub core: Option<Vec<NodeId>>,
    /// Whether the run ends early when it has come to rest: it is quiescent, its witness is settled, and only periodic
    /// messages and timers are pending.
    pub rests: bool,
    /// The network without faults.
    pub network: Network,
    /// Messages with a fixed fate.
    pub fates: BTreeMap<MessageId, PinnedFate>,
    /// The errors of the nodes' clocks, by node; empty if all are accurate.
    pub clocks: Vec<ClockError>,
    /// How long a sync takes.
    pub sync: Delay,
    /// The planned faults; targets are lists of nodes, or the proposer.
    pub faults: FaultPlan,
    /// The fact that a node notes when it becomes the proposer, if faults target it.
    pub elected: Option<&'static str>,
}

impl Conditions {
    /// Conditions without faults: the default network, accurate clocks.
    #[must_use]
    pub fn plain(seed: Seed, end: Time) -> Self {
        Self {
            seed,
            end,
            quiescence: None,
            core: None,
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

/// The error of one node's clocks without faults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ClockError {
    /// The offset of the wall clock.
    pub offset: Offset,
    /// The drift of the wall clock: how much too fast it runs.
    pub drift: Drift,
    /// The drift of the monotonic clock: how much too fast it runs.
    pub monotonic_drift: Drift,
}

/// The participants: the process's configuration, the contents of the disks, and the clients.
pub struct Cast<P: Process> {
    /// The configuration of the cluster.
    pub config: P::Config,
    /// The number of nodes.
    pub nodes: u32,
    /// The contents of a node's disk before its first boot.
    pub disk: Box<dyn Fn(NodeId) -> Vec<P::Entry>>,
    /// The clients.
    pub clients: Vec<ClientPlan<P::Client>>,
}
