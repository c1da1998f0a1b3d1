//! Fault coverage: how often each fault hit each message, and each step of a node, by its role.

mod log;
mod replicas;
mod transactions;

use std::collections::BTreeMap;
use std::fmt;

pub use log::{FaultCoverage, LogNode, Role, StepKind};
pub use replicas::{ReplicaCoverage, ReplicaNode};
pub use transactions::{TransactionCoverage, TransactionNode};

use super::crashes::decoded;
use crate::identity::{Actor, MessageId, NodeId};
use crate::node::{Body, Fact, Timer};
use crate::protocols::Datagram;
use crate::trace::{Cause, Event, Record, Trace};

/// A fault that hits a message or a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hit {
    /// The link loses the message.
    Lost,
    /// A partition loses the message.
    Cut,
    /// The message arrives twice.
    Doubled,
    /// A later message of the same sender reaches the receiver first.
    Overtaken,
    /// A bit of the message is flipped.
    Flipped,
    /// The node is killed during this step, or after it and before the next.
    Killed,
    /// The disk fails during this step, or after it and before the next.
    DiskFailed,
    /// The node is paused after this step.
    Paused,
}

impl Hit {
    /// The faults that hit messages.
    pub const OF_MESSAGES: [Self; 5] = [Self::Lost, Self::Cut, Self::Doubled, Self::Overtaken, Self::Flipped];
    /// The faults that hit nodes.
    pub const OF_NODES: [Self; 3] = [Self::Killed, Self::DiskFailed, Self::Paused];
}

/// What is known of a node while a trace is read: which steps it takes, and in which role.
pub trait Watched: Copy {
    /// The type of a message, or what a step handles.
    type Step: Copy + Ord + fmt::Display;
    /// The role of a node.
    type Role: Copy + Ord + fmt::Display;
    /// A node that starts.
    const NEW: Self;
    /// The first step of an incarnation.
    fn starts(&self) -> (Self::Step, Self::Role);
    /// The node notes a fact; returns whether it tells with it what it is.
    fn hears(&mut self, id: NodeId, fact: &Fact) -> bool;
    /// The node sends a message, if it is one that counts.
    fn sends(&self, body: &Body) -> Option<(Self::Step, Self::Role)>;
    /// The node handles a message that was sent so.
    fn receives(&self, sent: (Self::Step, Self::Role)) -> (Self::Step, Self::Role);
    /// A timer fires, if it is one that counts.
    fn fires(&self, timer: &Timer) -> Option<(Self::Step, Self::Role)>;
    /// A client's operation arrives.
    fn commanded(&self) -> (Self::Step, Self::Role);
}

/// The number of hits of each fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hits<W: Watched> {
    counts: BTreeMap<(W::Step, W::Role, Hit), u64>,
}

impl<W: Watched> Default for Hits<W> {
    fn default() -> Self {
        Self { counts: BTreeMap::new() }
    }
}

/// The state of one node while a trace is read.
struct Node<W: Watched> {
    watched: W,
    /// Its last step, and its role when that step started. None at first, until it has told what it is.
    step: Option<(W::Step, W::Role)>,
    disk_failed: bool,
}

/// A message under way.
struct Flight<W: Watched> {
    sent: (W::Step, W::Role),
    way: (NodeId, NodeId),
    overtaken: bool,
}

type Flights<W> = BTreeMap<MessageId, Flight<W>>;

impl<W: Watched> Hits<W> {
    /// The number of hits of this fault there.
    #[must_use]
    pub fn count(&self, step: W::Step, role: W::Role, hit: Hit) -> u64 {
        self.counts.get(&(step, role, hit)).copied().unwrap_or_default()
    }

    /// Adds a run.
    pub fn add(&mut self, trace: &Trace) {
        let mut nodes: BTreeMap<NodeId, Node<W>> = BTreeMap::new();
        let mut flights = Flights::new();
        for record in trace.raw_records() {
            if let Actor::Node(id) = record.id.actor {
                let node = nodes.entry(id).or_insert(Node::NEW);
                self.see(&record, id, node, &mut flights);
            }
        }
    }

    fn see(&mut self, record: &Record<'_>, id: NodeId, node: &mut Node<W>, flights: &mut Flights<W>) {
        match &record.event {
            Event::Start { .. } => *node = Node::NEW,
            Event::Fact { fact } => {
                if node.watched.hears(id, &decoded(fact)) {
                    node.step = Some(node.watched.starts());
                }
            }
            Event::Send { message, to, copies, said } => {
                let Datagram { body, .. } = decoded(said);
                if let Some(sent) = node.watched.sends(&body) {
                    self.hit(sent, *copies > 1, Hit::Doubled);
                    flights.insert(*message, Flight { sent, way: (id, *to), overtaken: false });
                }
            }
            Event::Receive { message, copy, corrupted } => {
                if let Some(Flight { sent, .. }) = flights.get(message) {
                    self.hit(*sent, corrupted.is_some(), Hit::Flipped);
                    node.step = Some(node.watched.receives(*sent));
                    if *copy == 0 {
                        self.arrived(*message, flights);
                    }
                }
            }
            Event::Garbled { message, .. } => self.ended(message, flights, Hit::Flipped),
            Event::Lost { message, cause: Cause::Loss, .. } => self.ended(message, flights, Hit::Lost),
            Event::Lost { message, cause: Cause::Partition, .. } => self.ended(message, flights, Hit::Cut),
            Event::Timer { timer } => {
                if let Some(step) = node.watched.fires(&decoded(timer)) {
                    node.step = Some(step);
                }
            }
            Event::Command { .. } => node.step = Some(node.watched.commanded()),
            Event::IoError => node.disk_failed = true,
            Event::Paused => self.hit(node.last(), true, Hit::Paused),
            Event::Killed { .. } => {
                let hit = if node.disk_failed { Hit::DiskFailed } else { Hit::Killed };
                self.hit(node.last(), true, hit);
            }
            Event::Lost { cause: Cause::Down, .. }
            | Event::Synced { .. }
            | Event::Append { .. }
            | Event::Rewrite { .. }
            | Event::Sync
            | Event::Reply { .. }
            | Event::Dropped { .. }
            | Event::Held { .. }
            | Event::Unpaused
            | Event::Damaged { .. }
            | Event::Panicked { .. }
            | Event::Invoked { .. }
            | Event::Retried { .. }
            | Event::Returned { .. }
            | Event::GaveUp { .. }
            | Event::Fault { .. }
            | Event::FaultEnded { .. }
            | Event::Calm
            | Event::Core { .. }
            | Event::Touched { .. }
            | Event::Stuck { .. }
            | Event::Unmet { .. }
            | Event::Pending { .. } => {}
        }
    }

    fn hit(&mut self, (step, role): (W::Step, W::Role), is_hit: bool, hit: Hit) {
        if is_hit {
            *self.counts.entry((step, role, hit)).or_default() += 1;
        }
    }

    fn ended(&mut self, message: &MessageId, flights: &Flights<W>, hit: Hit) {
        if let Some(flight) = flights.get(message) {
            self.hit(flight.sent, true, hit);
        }
    }

    /// A message arrived: it overtakes those of its link that were sent before and are still under way.
    fn arrived(&mut self, message: MessageId, flights: &mut Flights<W>) {
        let Some(Flight { way, .. }) = flights.remove(&message) else { return };
        let first = MessageId { number: 0, ..message };
        for (_, flight) in flights.range_mut(first..message).filter(|(_, flight)| flight.way == way) {
            if !flight.overtaken {
                flight.overtaken = true;
                self.hit(flight.sent, true, Hit::Overtaken);
            }
        }
    }
}

impl<W: Watched> Node<W> {
    const NEW: Self = Self { watched: W::NEW, step: None, disk_failed: false };

    fn last(&self) -> (W::Step, W::Role) {
        self.step.unwrap_or_else(|| self.watched.starts())
    }
}

impl fmt::Display for Hit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lost => "lost",
            Self::Cut => "cut",
            Self::Doubled => "doubled",
            Self::Overtaken => "overtaken",
            Self::Flipped => "bit flipped",
            Self::Killed => "killed",
            Self::DiskFailed => "disk failed",
            Self::Paused => "paused",
        })
    }
}
