//! The contract of a node: what a protocol implements to be simulated.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::hash::Hash;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::identity::{Boot, LaneId, NodeId, OpId};
use crate::observation::{Observation, Observe};
use crate::time::{Span, Time};

/// Plain data: snapshots, fingerprints and traces need all of these traits; `Hash` excludes floats and unordered maps.
///
/// Enumerations that occur in a trace are best renamed to kebab case (`#[serde(rename_all = "kebab-case")]`): a trace
/// shows serde's names.
pub trait Data: Clone + Ord + Hash + Debug + Serialize + DeserializeOwned + Send + Sync + 'static {}

impl<T: Clone + Ord + Hash + Debug + Serialize + DeserializeOwned + Send + Sync + 'static> Data for T {}

/// Properties of a message, a timer, or an entry of the disk that the kernel needs.
pub trait Lane {
    /// The lane that it belongs to, by its index in [`Process::LANES`]; a process with one lane keeps the default. For
    /// an entry it names the file that holds the entry.
    fn lane(&self) -> LaneId {
        LaneId::new(0)
    }

    /// Whether it recurs for as long as the process runs, even if no client asks for anything: a heartbeat, or its
    /// timer. After quiescence a run in which nothing else is pending has come to rest.
    fn is_periodic(&self) -> bool {
        false
    }
}

impl Lane for () {}

/// For values that a process or a protocol does not have: an empty type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Never {}

impl Lane for Never {
    fn lane(&self) -> LaneId {
        match *self {}
    }
}

impl Observe for Never {
    fn observe(&self, _seen: &mut Vec<Observation>) {
        match *self {}
    }
}

/// One entry on the disk when a node starts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Stored<E> {
    /// The entry as it was written.
    Intact(E),
    /// The tail of a write to the file of this lane that a crash cut off: it was never synced, and may be dropped.
    Torn(LaneId),
    /// A synced entry in the file of this lane that can no longer be read.
    Damaged(LaneId),
}

/// A state machine that runs on every node of a cluster.
///
/// Handlers return nothing: all effects go through the [`Context`], in order, and a crash may fall between any two of
/// them. Any randomness, clock or I/O outside the [`Context`] breaks determinism.
pub trait Process: Clone + Eq + Hash + Debug + Sized + Send + Sync + 'static {
    /// The lanes of its messages: the names of its protocols. The order is part of every trace: new lanes are added at
    /// the end only.
    const LANES: &'static [&'static str];
    /// The configuration of the whole cluster, which never changes.
    type Config: Clone + Debug + Send + Sync + 'static;
    /// The messages between nodes.
    type Message: Data + Lane;
    /// The names of its timers: a timer is its value.
    type Timer: Data + Copy + Lane;
    /// The commands of clients.
    type Command: Data + Observe;
    /// The replies to clients.
    type Reply: Data + Observe;
    /// The entries that the node writes to its disk. There is one file per lane: entries of one file are kept in the
    /// order in which they were written, and a rewrite replaces one file. The disk is one device: it has one order of
    /// writes and one barrier over all files.
    type Entry: Data + Lane + Observe;
    /// The completions of syncs, which [`Process::on_synced`] receives; `()` for a process that never asks for one.
    type Completion: Data + Copy;
    /// The facts that a node notes.
    type Fact: Data + Observe;
    /// The machine of a client; [`Script`] is enough if replies decide nothing.
    type Client: Client<Self::Command, Self::Reply>;

    /// Starts the node, for the first time or after a crash, from the entries on its disk: file by file, in the order
    /// of [`Process::LANES`].
    fn start(boot: Boot, disk: &[Stored<Self::Entry>], ctx: &mut Context<'_, Self>) -> Self;
    /// Handles a message; `from` is the sender according to the network, and only a signature proves it.
    fn on_message(&mut self, from: NodeId, message: Self::Message, ctx: &mut Context<'_, Self>);
    /// Handles a timer that expired; it is no longer set.
    fn on_timer(&mut self, timer: Self::Timer, ctx: &mut Context<'_, Self>);
    /// Handles a client's operation; the same `op` may arrive again, from a retry.
    fn on_command(&mut self, op: OpId, command: Self::Command, ctx: &mut Context<'_, Self>);
    /// Completes a scripted command, before it is sent, with what its client's earlier operations were answered.
    fn complete(_command: &mut Self::Command, _answers: &BTreeMap<OpId, Self::Reply>) {}
    /// Runs when the disk has answered a [`Context::sync_then`], after the effects that waited for it. A completion is
    /// identified by its value, like a timer; one that was requested twice runs twice.
    fn on_synced(&mut self, _completion: Self::Completion, _ctx: &mut Context<'_, Self>) {}
}

/// A client: decides its next operation from the outcome of the last one. A small deterministic machine for which the
/// kernel invokes, waits, retries and gives up.
pub trait Client<C, R>: Clone + Eq + Hash + Debug + Send + Sync + 'static {
    /// The next operation, or `None` when the client is done. `last` is the outcome of the operation before; `None` at
    /// the first call, and always `None` for a client with an open loop.
    fn next(&mut self, last: Option<Outcome<'_, R>>) -> Option<Ask<C>>;

    /// Which of the homes of its plan, counted from 0, is asked first for the operation that it decided last; retries go
    /// to those that follow, cyclically.
    fn home(&self) -> usize {
        0
    }

    /// Whether `command` finishes something that the client started. Such a command is invoked even after quiescence,
    /// when clients start nothing new.
    fn winds_up(&self, _command: &C) -> bool {
        false
    }

    /// After quiescence, the operation to invoke instead of a command that does not wind up: one that finishes
    /// something that the client started, if there is anything.
    fn wind_up(&mut self) -> Option<Ask<C>> {
        None
    }
}

/// The outcome of a client's operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<'a, R> {
    /// A node answered.
    Answered(&'a R),
    /// No answer came in time: whether the operation took effect is unknown.
    Unknown,
}

/// An operation and the pause before it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ask<C> {
    /// The pause: from the end of the previous operation (closed loop), or from its invocation (open loop).
    pub after: Span,
    /// The operation.
    pub command: C,
}

/// A client that invokes a list of operations in order, whatever the answers are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Script<C> {
    asks: Vec<Ask<C>>,
    next: usize,
}

impl<C> Script<C> {
    /// A client that invokes `asks` in order.
    #[must_use]
    pub const fn new(asks: Vec<Ask<C>>) -> Self {
        Self { asks, next: 0 }
    }

    /// The operations that are not invoked yet.
    #[must_use]
    pub fn rest(&self) -> &[Ask<C>] {
        self.asks.get(self.next..).unwrap_or_default()
    }
}

impl<C: Data, R> Client<C, R> for Script<C> {
    fn next(&mut self, _last: Option<Outcome<'_, R>>) -> Option<Ask<C>> {
        let ask = self.asks.get(self.next).cloned();
        self.next += 1;
        ask
    }
}

/// Whether a client waits for an answer before its next operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pace {
    /// One operation at a time.
    #[default]
    Closed,
    /// Operations follow at their own times, however many are open.
    Open,
}

/// A client's plan: its nodes, its start, its timeout and retries, and its machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientPlan<M> {
    /// The nodes that it asks: the first attempt of an operation goes to the first node, unless [`Client::home`] names
    /// another, each retry to the next one, cyclically.
    pub homes: Vec<NodeId>,
    /// When it begins, counted from the beginning of the run.
    pub begins: Span,
    /// How long it waits for an answer before it retries.
    pub timeout: Span,
    /// The number of retries before it gives up.
    pub retries: u32,
    /// Whether it waits for answers.
    pub pace: Pace,
    /// Decides its operations.
    pub machine: M,
}

impl<M> ClientPlan<M> {
    /// The same client with another machine.
    #[must_use]
    pub fn map<N>(self, machine: impl FnOnce(M) -> N) -> ClientPlan<N> {
        let Self { homes, begins, timeout, retries, pace, machine: before } = self;
        ClientPlan { homes, begins, timeout, retries, pace, machine: machine(before) }
    }

    /// A client of one node that begins at once, waits for answers, and retries ten times with a timeout of half a
    /// second.
    #[must_use]
    pub fn new(home: NodeId, machine: M) -> Self {
        Self {
            homes: vec![home],
            begins: Span::ZERO,
            timeout: Span::from_millis(500),
            retries: 10,
            pace: Pace::Closed,
            machine,
        }
    }
}

/// A scripted operation, which is invoked at its time whatever the outcome of earlier ones.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operation<C> {
    /// Its id, which names its client.
    pub op: OpId,
    /// When it is invoked.
    pub at: Time,
    /// The nodes that are asked: the first attempt goes to the first node, each retry to the next one, cyclically.
    pub to: Vec<NodeId>,
    /// The command.
    pub command: C,
    /// How long the client waits for an answer before it retries.
    pub timeout: Span,
    /// The number of retries before it gives up.
    pub retries: u32,
}
