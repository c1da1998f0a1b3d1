//! The context of a handler: the node's clocks, keyed draws, and the one ordered outbox of effects.

use std::cell::Cell;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::chance::{self, Chance, Draws, Key, Seed};
use crate::clocks::Stamp;
use crate::identity::{Boot, LaneId, NodeId, OpId};
use crate::process::Process;
use crate::time::{LocalTime, Span};

/// An effect that a handler asks for. The kernel performs effects in order, and a crash may fall between any two.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect<P: Process> {
    /// Sends a datagram.
    Send {
        /// The receiver; a node may send to itself.
        to: NodeId,
        /// The message.
        message: P::Message,
    },
    /// Sets a timer, or moves it if it is set; takes effect at once, whatever the disk does.
    SetTimer {
        /// Its name.
        timer: P::Timer,
        /// The time from now, on the node's monotonic clock.
        after: Span,
    },
    /// Cancels a timer, if it is set; takes effect at once.
    CancelTimer {
        /// Its name.
        timer: P::Timer,
    },
    /// Adds an entry to its file; it is durable when a later sync has been answered.
    Append(P::Entry),
    /// Replaces one file, atomically; durable when a later sync has been answered.
    Rewrite {
        /// The lane whose file it is.
        file: LaneId,
        /// Its new content.
        entries: Vec<P::Entry>,
    },
    /// Waits until all writes before it are durable: all later effects, of this and later steps, wait with it.
    Sync {
        /// Given if [`Process::on_synced`] has to run then.
        completion: Option<P::Completion>,
    },
    /// Answers a client's operation.
    Reply {
        /// The operation.
        op: OpId,
        /// The answer.
        reply: P::Reply,
    },
    /// Writes a fact into the trace.
    Note(P::Fact),
    /// Gives the stamp of the next effect's record.
    Stamp(Arc<Stamp>),
}

/// A node's keyed draws: for each label, by its hash, the next draws. Every use of a label takes one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct DrawBook(SmallVec<[(u64, Draws); 1]>);

impl DrawBook {
    /// The draws of a label, which start with `key` when it is used for the first time.
    #[inline]
    fn under(&mut self, label: u64, key: impl FnOnce() -> Key) -> &mut Draws {
        let at = match self.0.binary_search_by_key(&label, |(known, _)| *known) {
            Ok(at) => at,
            Err(at) => {
                self.begin(at, label, key());
                at
            }
        };
        &mut self.0[at].1
    }

    #[cold]
    fn begin(&mut self, at: usize, label: u64, key: Key) {
        self.0.insert(at, (label, key.with(label).draws()));
    }
}

/// What one handler call can read and do.
#[derive(Debug)]
pub struct Context<'a, P: Process> {
    pub(crate) me: NodeId,
    pub(crate) boot: Boot,
    pub(crate) nodes: u32,
    pub(crate) config: &'a P::Config,
    pub(crate) wall: LocalTime,
    pub(crate) monotonic: LocalTime,
    /// Which of the clocks was read.
    pub(crate) read: Cell<ClocksRead>,
    /// The key of all nodes' draws.
    pub(crate) draws_key: Key,
    pub(crate) draws: &'a mut DrawBook,
    pub(crate) outbox: &'a mut Vec<Effect<P>>,
    /// The stamp on the record of the event that the step handles.
    pub(crate) own_stamp: &'a mut Option<Arc<Stamp>>,
    /// Which attempt of a client brings the command that is handled.
    pub(crate) attempt: u32,
}

/// Which clocks a step has read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ClocksRead {
    pub(crate) wall: bool,
    pub(crate) monotonic: bool,
}

impl<'a, P: Process> Context<'a, P> {
    /// The configuration of the cluster.
    #[must_use]
    #[inline]
    pub const fn config(&self) -> &'a P::Config {
        self.config
    }
}

impl<P: Process> Context<'_, P> {
    /// This node.
    #[must_use]
    #[inline]
    pub const fn me(&self) -> NodeId {
        self.me
    }

    /// This node's boot.
    #[must_use]
    #[inline]
    pub const fn boot(&self) -> Boot {
        self.boot
    }

    /// The number of nodes.
    #[must_use]
    #[inline]
    pub const fn node_count(&self) -> u32 {
        self.nodes
    }

    /// Which attempt of its client brings the command that is being handled: 1 for the first. A command that is not a first
    /// attempt may have been handled before, here or elsewhere, also by an earlier incarnation. 0 in other steps.
    #[must_use]
    #[inline]
    pub const fn attempt(&self) -> u32 {
        self.attempt
    }

    /// All nodes, this one included.
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = NodeId> + ExactSizeIterator + use<P> {
        NodeId::all(self.nodes)
    }

    /// All nodes but this one.
    pub fn peers(&self) -> impl DoubleEndedIterator<Item = NodeId> + use<P> {
        let me = self.me;
        NodeId::all(self.nodes).filter(move |node| *node != me)
    }

    /// The node's wall clock: it has an offset, drifts and jumps, and may be frozen.
    #[must_use]
    #[inline]
    pub fn wall(&self) -> LocalTime {
        self.read.set(ClocksRead { wall: true, ..self.read.get() });
        self.wall
    }

    /// The node's monotonic clock: it may drift, and continues during pauses, but never goes back within a boot.
    #[must_use]
    #[inline]
    pub fn monotonic(&self) -> LocalTime {
        self.read.set(ClocksRead { monotonic: true, ..self.read.get() });
        self.monotonic
    }

    /// A number below `n`, drawn under `label`, independent of all other draws.
    ///
    /// # Panics
    /// If `n` is zero.
    #[inline]
    pub fn choose(&mut self, label: &str, n: u64) -> u64 {
        self.draws(label).below(n)
    }

    /// A span from `low` to `high`, both included, drawn under `label`.
    #[inline]
    pub fn jitter(&mut self, label: &str, low: Span, high: Span) -> Span {
        self.draws(label).span(low, high)
    }

    #[inline]
    fn draws(&mut self, label: &str) -> &mut Draws {
        let key = || self.draws_key.with(self.me.index() as u64);
        self.draws.under(chance::hash(label), key)
    }

    /// Sends a datagram: it may be lost, duplicated, delayed, overtaken or corrupted.
    ///
    /// Not inlined: inlined into a handler, the effect would be assembled on the stack in small pieces and copied in
    /// large ones, which stalls (5 ns per event).
    #[inline(never)]
    pub fn send(&mut self, to: NodeId, message: P::Message) {
        self.outbox.push(Effect::Send { to, message });
    }

    /// Sets a timer to expire `after` from now on the monotonic clock; if it is set, it is moved.
    pub fn set_timer(&mut self, timer: P::Timer, after: Span) {
        self.outbox.push(Effect::SetTimer { timer, after });
    }

    /// Cancels a timer, if it is set.
    pub fn cancel_timer(&mut self, timer: P::Timer) {
        self.outbox.push(Effect::CancelTimer { timer });
    }

    /// Adds an entry to its file; not durable before a sync.
    pub fn append(&mut self, entry: P::Entry) {
        self.outbox.push(Effect::Append(entry));
    }

    /// Replaces the file of a process that has one lane, atomically; not durable before a sync.
    pub fn rewrite(&mut self, entries: Vec<P::Entry>) {
        self.rewrite_file(LaneId::new(0), entries);
    }

    /// Replaces the file of one lane, atomically, with entries of that lane; not durable before a sync.
    pub fn rewrite_file(&mut self, file: LaneId, entries: Vec<P::Entry>) {
        self.outbox.push(Effect::Rewrite { file, entries });
    }

    /// A barrier: the effects after it, of this and of later steps, wait until all writes before it are durable.
    pub fn sync(&mut self) {
        self.outbox.push(Effect::Sync { completion: None });
    }

    /// A barrier like [`Context::sync`] that calls [`Process::on_synced`] with this completion when the disk has answered.
    pub fn sync_then(&mut self, completion: P::Completion) {
        self.outbox.push(Effect::Sync { completion: Some(completion) });
    }

    /// Answers a client's operation.
    pub fn reply(&mut self, op: OpId, reply: P::Reply) {
        self.outbox.push(Effect::Reply { op, reply });
    }

    /// Writes a fact into the trace.
    pub fn note(&mut self, fact: impl Into<P::Fact>) {
        self.outbox.push(Effect::Note(fact.into()));
    }

    /// Gives the stamp on the record of the event that this step handles: a start, a message, a timer or a command.
    pub fn stamp_step(&mut self, stamp: Arc<Stamp>) {
        *self.own_stamp = Some(stamp);
    }

    /// Gives the stamp on the next effect's record.
    pub fn stamp(&mut self, stamp: Arc<Stamp>) {
        self.outbox.push(Effect::Stamp(stamp));
    }
}

/// Owns everything that a context borrows: for unit tests of a process without a simulation.
///
/// ```
/// # use stemmata::context::Workbench;
/// # use stemmata::identity::NodeId;
/// # fn with<P: stemmata::process::Process<Config = ()>>() {
/// let mut bench = Workbench::<P>::new(NodeId::new(0), 3, ());
/// let process = bench.step(|ctx| P::start(ctx.boot(), &[], ctx));
/// let effects = bench.take_effects();
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Workbench<P: Process> {
    me: NodeId,
    nodes: u32,
    /// The boot in the next step.
    pub boot: Boot,
    /// The wall clock in the next step.
    pub wall: LocalTime,
    /// The monotonic clock in the next step.
    pub monotonic: LocalTime,
    /// Which attempt brings the command in the next step.
    pub attempt: u32,
    config: P::Config,
    draws: DrawBook,
    outbox: Vec<Effect<P>>,
    own_stamp: Option<Arc<Stamp>>,
}

impl<P: Process> Workbench<P> {
    /// A bench for node `me` of `nodes`, in its first boot at time zero.
    #[must_use]
    pub fn new(me: NodeId, nodes: u32, config: P::Config) -> Self {
        Self {
            me,
            nodes,
            boot: Boot::new(1),
            wall: LocalTime::default(),
            monotonic: LocalTime::default(),
            attempt: 1,
            config,
            draws: DrawBook::default(),
            outbox: Vec::new(),
            own_stamp: None,
        }
    }

    /// Runs one handler.
    pub fn step<R>(&mut self, handler: impl FnOnce(&mut Context<'_, P>) -> R) -> R {
        let mut ctx = Context {
            me: self.me,
            boot: self.boot,
            nodes: self.nodes,
            config: &self.config,
            wall: self.wall,
            monotonic: self.monotonic,
            read: Cell::default(),
            draws_key: Seed(0).key("draw"),
            draws: &mut self.draws,
            outbox: &mut self.outbox,
            own_stamp: &mut self.own_stamp,
            attempt: self.attempt,
        };
        handler(&mut ctx)
    }

    /// The effects since the last call, in order.
    pub fn take_effects(&mut self) -> Vec<Effect<P>> {
        std::mem::take(&mut self.outbox)
    }

    /// The stamp on the event that the last step handled, if the step gave one.
    pub const fn take_own_stamp(&mut self) -> Option<Arc<Stamp>> {
        self.own_stamp.take()
    }
}
