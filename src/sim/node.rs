//! One node of a cluster: its process, disk and timers, and the effects that wait for the disk.

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use smallvec::SmallVec;

use super::disk::Disk;
use super::timers::Timers;
use crate::clocks::Stamp;
use crate::context::{DrawBook, Effect};
use crate::identity::{Boot, OpId};
use crate::process::Process;
use crate::time::Time;
use crate::trace::EffectKind;

/// The state of a node: whether it takes steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Life {
    Down,
    Up,
    Paused,
}

/// One node in one block of memory; state that most nodes never need is stored elsewhere.
///
/// Fields that every step touches come before those that few steps touch: with 100,000 nodes, each line is a cache
/// miss.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(crate) struct Node<P: Process> {
    pub(crate) life: Life,
    pub(crate) boot: Boot,
    /// The number of its events.
    pub(crate) events: u32,
    pub(crate) process: Option<P>,
    pub(crate) draws: DrawBook,
    /// The number of messages that it sent on each lane.
    pub(crate) sent: SmallVec<[u32; 4]>,
    /// The stamp of the next effect's record, until a record has carried it.
    pub(crate) stamp: Option<Arc<Stamp>>,
    backlog: Option<Box<Backlog<P>>>,
    /// None if no fault is pending at it.
    pub(crate) pending_faults: Option<Box<PendingFaults>>,
    pub(crate) syncs: u32,
    pub(crate) timers: Timers<P::Timer>,
    pub(crate) disk: Disk<P::Entry>,
}

/// What waits at a node for its disk or for the end of a pause.
#[derive(Clone, Debug)]
pub(crate) struct Backlog<P: Process> {
    /// The open sync, for which later effects wait.
    pub(crate) barrier: Option<Barrier<P::Completion>>,
    pub(crate) waiting: VecDeque<Waiting<P>>,
    /// The completion step that is due when the effects that waited for its sync are performed.
    pub(crate) completed: Option<P::Completion>,
    /// The inputs that arrived while it was paused.
    pub(crate) inbox: VecDeque<Input<P>>,
}

/// The faults that are pending at a node.
#[derive(Clone, Debug, Default)]
pub(crate) struct PendingFaults {
    /// The faults that keep it down: the one that crashed it, then those that found it down, in their order.
    pub(crate) held_down: Vec<Hold>,
    /// The faults that keep it paused: the one that paused it, then those that found it paused, in their order.
    pub(crate) paused_by: Vec<u32>,
    pub(crate) crash_points: Vec<CrashPoint>,
    pub(crate) disk_faults: DiskFaults,
}

/// A fault that keeps a node down until it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hold {
    pub(crate) fault: u32,
    /// When it crashed the node or found it down.
    pub(crate) since: Time,
    /// Whether it has its own end; if not, a restart ends it.
    pub(crate) ends: bool,
}

/// A sync that the disk has not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Barrier<C> {
    /// The number of the event that asked for it.
    pub(crate) sync: u32,
    pub(crate) completion: Option<C>,
    /// The number of unsynced writes that it covers.
    pub(crate) covers: usize,
    /// Whether the disk has answered while the node was paused.
    pub(crate) answered: bool,
}

/// An effect that waits, with the number from its call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiting<P: Process> {
    /// Zero for a stamp, which is not an event.
    pub(crate) number: u32,
    /// The message's number on its lane, if it is a send.
    pub(crate) message: u32,
    pub(crate) effect: Effect<P>,
}

/// The input of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Input<P: Process> {
    Message {
        message: P::Message,
        arrival: Arrival,
    },
    /// A timer's entry in the agenda, which was due. Whether the timer expires is decided when the node handles the
    /// entry, because an earlier input may move or cancel the timer.
    Timer {
        slot: u32,
        number: u32,
    },
    Command {
        op: OpId,
        attempt: u32,
        command: P::Command,
    },
}

/// The id of a message that arrived, and how it arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    pub(crate) id: crate::identity::MessageId,
    pub(crate) copy: u16,
    pub(crate) corrupted: bool,
}

/// A crash inside a later step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CrashPoint {
    /// The fault that will crash the node.
    pub(crate) fault: u32,
    /// The number of effects before the crash, in a step that has more.
    pub(crate) after_effects: u32,
    /// The number of the event before which the node crashes, once such a step has begun.
    pub(crate) before: Option<u32>,
}

/// The pending faults of a disk, by their index in the plan; each takes effect once, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct DiskFaults {
    pub(crate) torn: Vec<u32>,
    pub(crate) damage: Vec<u32>,
    pub(crate) io_error: Vec<u32>,
}

impl<P: Process> Default for Backlog<P> {
    fn default() -> Self {
        Self { barrier: None, waiting: VecDeque::new(), completed: None, inbox: VecDeque::new() }
    }
}

impl<P: Process> Backlog<P> {
    fn is_empty(&self) -> bool {
        self.barrier.is_none() && self.waiting.is_empty() && self.completed.is_none() && self.inbox.is_empty()
    }
}

impl<P: Process> Node<P> {
    pub(crate) fn new(disk: Vec<P::Entry>) -> Self {
        Self {
            life: Life::Down,
            boot: Boot::default(),
            events: 0,
            process: None,
            draws: DrawBook::default(),
            sent: SmallVec::from_elem(0, P::LANES.len()),
            stamp: None,
            backlog: None,
            pending_faults: None,
            syncs: 0,
            timers: Timers::default(),
            disk: Disk::holding(disk),
        }
    }

    /// The number of this node's next event.
    #[inline]
    pub(crate) const fn number(&mut self) -> u32 {
        self.events += 1;
        self.events
    }

    /// The backlog; created if there is none.
    pub(crate) fn backlog(&mut self) -> &mut Backlog<P> {
        self.backlog.get_or_insert_default()
    }

    /// Takes the backlog.
    pub(crate) fn take_backlog(&mut self) -> Backlog<P> {
        self.backlog.take().map_or_else(Backlog::default, |backlog| *backlog)
    }

    /// Whether the next effect has to wait.
    #[inline]
    pub(crate) fn holds_effects(&self) -> bool {
        self.backlog.as_ref().is_some_and(|backlog| backlog.barrier.is_some() || !backlog.waiting.is_empty())
    }

    /// Whether anything waits: for the disk, or for the end of a pause.
    pub(crate) fn has_backlog(&self) -> bool {
        self.backlog.as_ref().is_some_and(|backlog| !backlog.is_empty())
    }

    /// The open sync.
    pub(crate) fn barrier(&self) -> Option<Barrier<P::Completion>> {
        self.backlog.as_ref()?.barrier
    }

    /// Whether the node waits for this sync of this boot.
    pub(crate) fn awaits(&self, boot: u32, sync: u32) -> bool {
        let asked = self.barrier().is_some_and(|barrier| barrier.sync == sync && !barrier.answered);
        asked && self.boot.number() == boot
    }

    /// The pending faults, for modification.
    pub(crate) fn make_pending_faults(&mut self) -> &mut PendingFaults {
        self.pending_faults.get_or_insert_default()
    }

    /// The fault that pauses it; of several, the earliest.
    pub(crate) fn paused_by(&self) -> Option<u32> {
        self.pending_faults.as_ref()?.paused_by.first().copied()
    }

    /// Whether an input still has to be handled: a timer may have been moved since.
    pub(crate) fn matters(&self, input: &Input<P>) -> bool {
        match input {
            Input::Timer { slot, number } => self.timers.standing(*slot, *number).is_some(),
            Input::Message { .. } | Input::Command { .. } => true,
        }
    }

    /// The number of inputs that arrived while it was paused and still have to be handled.
    pub(crate) fn waiting_inputs(&self) -> usize {
        let inbox = self.backlog.iter().flat_map(|backlog| &backlog.inbox);
        inbox.filter(|input| self.matters(input)).count()
    }

    /// Whether it crashes at this effect, at a crash point or because of its disk, instead of performing it.
    #[inline]
    pub(crate) fn dies_at(&self, number: u32, effect: &Effect<P>) -> bool {
        let writes = matches!(effect, Effect::Append(_) | Effect::Rewrite { .. } | Effect::Sync { .. });
        let dies = |pending_faults: &PendingFaults| {
            pending_faults.is_doomed(number) || (!pending_faults.disk_faults.io_error.is_empty() && writes)
        };
        self.pending_faults.as_deref().is_some_and(dies)
    }

    /// Loses everything volatile.
    pub(crate) fn die(&mut self) {
        self.life = Life::Down;
        self.process = None;
        self.timers.clear();
        self.stamp = None;
        self.backlog = None;
        if let Some(pending_faults) = &mut self.pending_faults {
            pending_faults.outlive();
        }
    }
}

impl PendingFaults {
    /// Whether a crash is due before the event `number`.
    pub(crate) fn is_doomed(&self, number: u32) -> bool {
        self.crash_points.iter().any(|crash_point| crash_point.is_due(number))
    }

    /// Takes the crash point that is due before the event `number`, the first if there are several.
    pub(crate) fn take_doom(&mut self, number: u32) -> Option<CrashPoint> {
        let place = self.crash_points.iter().position(|crash_point| crash_point.is_due(number))?;
        Some(self.crash_points.remove(place))
    }

    /// A step with this many events, the first of which is `first`, is about to be performed: the crash point may lie
    /// in it.
    pub(crate) fn foresee(&mut self, first: u32, events: usize) {
        for crash_point in self.crash_points.iter_mut().filter(|crash_point| crash_point.before.is_none()) {
            if events > crash_point.after_effects as usize {
                crash_point.before = Some(first + crash_point.after_effects);
            }
        }
    }

    /// The node crashes: a pause ends with the boot that it stopped, and a crash point that another crash preceded
    /// waits for a step of the next boot.
    fn outlive(&mut self) {
        self.paused_by.clear();
        for crash_point in &mut self.crash_points {
            crash_point.before = None;
        }
    }

    /// Removes the faults for which `keep` is false. If the fault that kept the node down is removed, returns the one
    /// that keeps it down from now on, which takes effect only now.
    pub(crate) fn let_up(&mut self, keep: impl Fn(&Hold) -> bool) -> Option<u32> {
        let before = self.held_down.first().copied();
        self.held_down.retain(keep);
        self.held_down.first().filter(|hold| before != Some(**hold)).map(|hold| hold.fault)
    }
}

impl CrashPoint {
    fn is_due(&self, number: u32) -> bool {
        self.before.is_some_and(|before| number >= before)
    }
}

/// Covers the state of the node, without the counts that only name its events and messages.
impl<P: Process> Hash for Node<P> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.life.hash(state);
        self.boot.hash(state);
        self.process.hash(state);
        self.disk.hash(state);
        self.timers.hash(state);
        self.backlog.as_ref().filter(|_| self.has_backlog()).hash(state);
    }
}

impl<P: Process> Hash for Backlog<P> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.barrier.map(|barrier| (barrier.completion, barrier.covers, barrier.answered)).hash(state);
        self.completed.hash(state);
        self.waiting.len().hash(state);
        for waiting in &self.waiting {
            waiting.effect.hash(state);
        }
        for input in &self.inbox {
            match input {
                Input::Message { message, arrival } => (arrival.id.sender, message).hash(state),
                Input::Timer { slot, .. } => slot.hash(state),
                Input::Command { op, attempt, command } => (op, attempt, command).hash(state),
            }
        }
    }
}

/// The kind of an effect in a trace; `None` for timers and stamps, which are not events.
pub(crate) const fn kind_of<P: Process>(effect: &Effect<P>) -> Option<EffectKind> {
    match effect {
        Effect::Send { .. } => Some(EffectKind::Send),
        Effect::Append(_) => Some(EffectKind::Append),
        Effect::Rewrite { .. } => Some(EffectKind::Rewrite),
        Effect::Sync { .. } => Some(EffectKind::Sync),
        Effect::Reply { .. } => Some(EffectKind::Reply),
        Effect::Note(_) => Some(EffectKind::Fact),
        Effect::SetTimer { .. } | Effect::CancelTimer { .. } | Effect::Stamp(_) => None,
    }
}
