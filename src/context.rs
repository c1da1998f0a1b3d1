//! What a handler sees and may do: its clocks, its keyed draws, and the one ordered outbox of effects.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::chance::{self, Chance, Draws, Key, Seed};
use crate::clocks::Stamp;
use crate::identity::{Boot, NodeId, OpId};
use crate::process::{Process, SyncTicket};
use crate::time::{LocalTime, Span};

/// One thing that a handler wants done. The kernel does them in order, and a crash may fall between any two.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect<P: Process> {
    /// Sends a datagram.
    Send {
        /// The receiver; a node may send to itself.
        to: NodeId,
        /// What is sent.
        message: P::Message,
    },
    /// Sets a timer, or moves it if it is set; acts at once, whatever the disk does.
    SetTimer {
        /// Its name.
        timer: P::Timer,
        /// How long from now on the node's monotonic clock.
        after: Span,
    },
    /// Cancels a timer, if it is set; acts at once.
    CancelTimer {
        /// Its name.
        timer: P::Timer,
    },
    /// Adds an entry to the disk's log; it is durable when a later sync has been answered.
    Append(P::Entry),
    /// Replaces the disk's log, atomically; durable when a later sync has been answered.
    Rewrite(Vec<P::Entry>),
    /// Waits until all before is durable: all later effects, of this and later steps, wait with it.
    Sync {
        /// Given where [`Process::on_synced`] is to run then.
        ticket: Option<SyncTicket>,
    },
    /// Answers a client's operation.
    Reply {
        /// Which operation.
        op: OpId,
        /// The answer.
        reply: P::Reply,
    },
    /// Writes a fact into the trace.
    Note(P::Fact),
    /// Gives the stamp that this node's next record bears: that of the next effect, or, before all other effects of a step,
    /// the record of what the step handles.
    Stamp(Arc<Stamp>),
}

/// A node's keyed draws: for each label, by its hash, the draws that come next. Every use of a label takes one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct DrawBook(SmallVec<[(u64, Draws); 1]>);

impl DrawBook {
    /// The draws of a label; under `key`, where it is used for the first time.
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

/// What one handler call sees and may do.
#[derive(Debug)]
pub struct Context<'a, P: Process> {
    pub(crate) me: NodeId,
    pub(crate) boot: Boot,
    pub(crate) nodes: u32,
    pub(crate) config: &'a P::Config,
    pub(crate) wall: LocalTime,
    pub(crate) monotonic: LocalTime,
    /// The key of all nodes' draws.
    pub(crate) draws_key: Key,
    pub(crate) draws: &'a mut DrawBook,
    pub(crate) tickets: &'a mut u32,
    pub(crate) outbox: &'a mut Vec<Effect<P>>,
}

impl<'a, P: Process> Context<'a, P> {
    /// What was given to the cluster.
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

    /// How many nodes there are.
    #[must_use]
    #[inline]
    pub const fn node_count(&self) -> u32 {
        self.nodes
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

    /// The node's wall clock: offset, drifting, jumping, perhaps standing still.
    #[must_use]
    #[inline]
    pub const fn wall(&self) -> LocalTime {
        self.wall
    }

    /// The node's monotonic clock: it may drift, and runs on through pauses, but never goes back within a boot.
    #[must_use]
    #[inline]
    pub const fn monotonic(&self) -> LocalTime {
        self.monotonic
    }

    /// A number below `n`, drawn under `label`: no other draw can change it.
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

    /// Sends a datagram: it may be lost, doubled, delayed, overtaken or corrupted.
    ///
    /// A call of its own: inlined into a handler, the effect is put together on the stack in small pieces and copied in
    /// large ones, which stalls (5 ns of an event).
    #[inline(never)]
    pub fn send(&mut self, to: NodeId, message: P::Message) {
        self.outbox.push(Effect::Send { to, message });
    }

    /// Sets a timer to run out `after` from now on the monotonic clock; if it is set, it is moved.
    pub fn set_timer(&mut self, timer: P::Timer, after: Span) {
        self.outbox.push(Effect::SetTimer { timer, after });
    }

    /// Cancels a timer, if it is set.
    pub fn cancel_timer(&mut self, timer: P::Timer) {
        self.outbox.push(Effect::CancelTimer { timer });
    }

    /// Adds an entry to the disk's log; not durable before a sync.
    pub fn append(&mut self, entry: P::Entry) {
        self.outbox.push(Effect::Append(entry));
    }

    /// Replaces the disk's log, atomically; not durable before a sync.
    pub fn rewrite(&mut self, entries: Vec<P::Entry>) {
        self.outbox.push(Effect::Rewrite(entries));
    }

    /// A barrier: the effects after it, of this and of later steps, wait until all before it is durable.
    pub fn sync(&mut self) {
        self.outbox.push(Effect::Sync { ticket: None });
    }

    /// A barrier like [`Context::sync`] that calls [`Process::on_synced`] with this ticket when the disk has answered.
    pub fn sync_then(&mut self) -> SyncTicket {
        *self.tickets += 1;
        let ticket = SyncTicket(*self.tickets);
        self.outbox.push(Effect::Sync { ticket: Some(ticket) });
        ticket
    }

    /// Answers a client's operation.
    pub fn reply(&mut self, op: OpId, reply: P::Reply) {
        self.outbox.push(Effect::Reply { op, reply });
    }

    /// Writes a fact into the trace.
    pub fn note(&mut self, fact: impl Into<P::Fact>) {
        self.outbox.push(Effect::Note(fact.into()));
    }

    /// Gives the stamp that this node's next record bears: the step's own, before all other effects, or the next effect's.
    pub fn stamp(&mut self, stamp: Arc<Stamp>) {
        self.outbox.push(Effect::Stamp(stamp));
    }
}

/// Everything that a context borrows, owned: for unit tests of a process without a simulation.
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
    /// The boot that the next step sees.
    pub boot: Boot,
    /// The wall clock that the next step sees.
    pub wall: LocalTime,
    /// The monotonic clock that the next step sees.
    pub monotonic: LocalTime,
    config: P::Config,
    draws: DrawBook,
    tickets: u32,
    outbox: Vec<Effect<P>>,
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
            config,
            draws: DrawBook::default(),
            tickets: 0,
            outbox: Vec::new(),
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
            draws_key: Seed(0).key("draw"),
            draws: &mut self.draws,
            tickets: &mut self.tickets,
            outbox: &mut self.outbox,
        };
        handler(&mut ctx)
    }

    /// The effects since the last call, in order.
    pub fn take_effects(&mut self) -> Vec<Effect<P>> {
        std::mem::take(&mut self.outbox)
    }
}
