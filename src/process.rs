//! The contract of a node: what a protocol implements to be simulated.

use std::fmt::Debug;
use std::hash::Hash;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::context::Context;
use crate::identity::{Boot, LaneId, NodeId, OpId};
use crate::observation::Observe;
use crate::time::{Span, Time};

/// Plain data: snapshots, fingerprints and traces need all of this; `Hash` keeps out floats and unordered maps.
///
/// Enumerations that show in a trace are best renamed to kebab case (`#[serde(rename_all = "kebab-case")]`): the words
/// of the trace are serde's names.
pub trait Data: Clone + Ord + Hash + Debug + Serialize + DeserializeOwned + Send + Sync + 'static {}

impl<T: Clone + Ord + Hash + Debug + Serialize + DeserializeOwned + Send + Sync + 'static> Data for T {}

/// What the kernel asks of a message or a timer.
pub trait Lane {
    /// The lane that it belongs to, by its place in [`Process::LANES`]; a process with one lane keeps the default.
    fn lane(&self) -> LaneId {
        LaneId::new(0)
    }

    /// Whether it comes again and again for as long as the process runs, though nobody asks anything: a heartbeat, the
    /// timer behind it. After quiescence a run in which nothing else is pending has come to rest.
    fn is_periodic(&self) -> bool {
        false
    }
}

impl Lane for () {}

/// What one entry of the disk's log holds when a node starts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Stored<E> {
    /// The entry as it was written.
    Intact(E),
    /// The tail of a write that a crash cut short: it was never synced, and may be dropped.
    Torn,
    /// A synced entry that cannot be read any more.
    Damaged,
}

/// A state machine that runs on every node of a cluster.
///
/// Handlers return nothing: all effects go through the [`Context`], in order, and a crash may fall between any two of
/// them. Handlers must not reach for time, chance or environment elsewhere.
pub trait Process: Clone + Eq + Hash + Debug + Sized + Send + Sync + 'static {
    /// The lanes of its messages: the names of its protocols. The order is part of every trace: only ever add at the end.
    const LANES: &'static [&'static str];
    /// What is given to the whole cluster and never changes.
    type Config: Clone + Debug + Send + Sync + 'static;
    /// What nodes send to one another.
    type Message: Data + Lane;
    /// The names of its timers: a timer is its value.
    type Timer: Data + Copy + Lane;
    /// What clients ask.
    type Command: Data + Observe;
    /// What clients get.
    type Reply: Data + Observe;
    /// What the node writes to its disk.
    type Entry: Data + Observe;
    /// What happened, in the protocol's own words.
    type Fact: Data + Observe;
    /// The machine that plays a client; [`Script`] serves where replies decide nothing.
    type Client: Client<Self::Command, Self::Reply>;

    /// Starts the node, for the first time or after a crash, from what its disk holds.
    fn start(boot: Boot, disk: &[Stored<Self::Entry>], ctx: &mut Context<'_, Self>) -> Self;
    /// Handles a message; `from` is what the network says, and only a signature proves it.
    fn on_message(&mut self, from: NodeId, message: Self::Message, ctx: &mut Context<'_, Self>);
    /// Handles a timer that ran out; it is no longer set.
    fn on_timer(&mut self, timer: Self::Timer, ctx: &mut Context<'_, Self>);
    /// Handles a client's operation; the same `op` may come again, from a retry.
    fn on_command(&mut self, op: OpId, command: Self::Command, ctx: &mut Context<'_, Self>);
    /// Runs when the disk has answered a [`Context::sync_then`], after the effects that waited for it.
    fn on_synced(&mut self, _ticket: SyncTicket, _ctx: &mut Context<'_, Self>) {}
}

/// Names one call of [`Context::sync_then`], within one boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct SyncTicket(pub u32);

/// A client: what it asks next, given what became of the last operation. A small deterministic machine, played by the
/// kernel, which invokes, waits, retries and gives up for it.
pub trait Client<C, R>: Clone + Eq + Hash + Debug + Send + Sync + 'static {
    /// The next operation, or `None` when the client is done. `last` is the outcome of the operation before; `None` at
    /// the first call, and always `None` for a client with an open loop.
    fn next(&mut self, last: Option<Outcome<'_, R>>) -> Option<Ask<C>>;

    /// Whether `command` ends something that the client began, so that it is asked even after the calm, which ends all
    /// that is new.
    fn winds_up(&self, _command: &C) -> bool {
        false
    }

    /// After the calm, what it asks in place of a command that does not wind up: what ends something that it began, if
    /// there is anything.
    fn wind_up(&mut self) -> Option<Ask<C>> {
        None
    }
}

/// What became of a client's operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<'a, R> {
    /// A node answered.
    Answered(&'a R),
    /// No answer came in time: whether it happened is unknown.
    Unknown,
}

/// An operation and the pause before it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ask<C> {
    /// How long to wait first: from the end of the operation before (closed loop), or from its invocation (open loop).
    pub after: Span,
    /// What to ask.
    pub command: C,
}

/// A client that asks a list of operations in order, whatever the answers are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Script<C> {
    asks: Vec<Ask<C>>,
    next: usize,
}

impl<C> Script<C> {
    /// A client that asks `asks` in order.
    #[must_use]
    pub const fn new(asks: Vec<Ask<C>>) -> Self {
        Self { asks, next: 0 }
    }

    /// What it has not asked yet.
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

/// Whether a client waits for an answer before it asks again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pace {
    /// One operation at a time.
    #[default]
    Closed,
    /// Operations follow at their own times, however many are open.
    Open,
}

/// A client's place in the run: how it is attached, when it begins, how patient it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientPlan<M> {
    /// The nodes it asks: the first attempt of an operation goes to the first, a retry to the next, and so on around.
    pub homes: Vec<NodeId>,
    /// When it begins, after the run's beginning.
    pub begins: Span,
    /// How long it waits for an answer before it tries again.
    pub timeout: Span,
    /// How many times it tries again before it gives up.
    pub retries: u32,
    /// Whether it waits for answers.
    pub pace: Pace,
    /// What it asks.
    pub machine: M,
}

impl<M> ClientPlan<M> {
    /// A client of one node that begins at once, waits for answers, and tries again ten times after half a second.
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

/// An operation that is written down, and asked at its time whatever became of those before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operation<C> {
    /// Its name, which says whose it is.
    pub op: OpId,
    /// When it is asked.
    pub at: Time,
    /// The nodes that are asked: the first attempt goes to the first, a retry to the next, and so on around.
    pub to: Vec<NodeId>,
    /// What is asked.
    pub command: C,
    /// How long the client waits for an answer before it tries again.
    pub timeout: Span,
    /// How many times it tries again before it gives up.
    pub retries: u32,
}
