//! One node of a cluster: its process, disk and timers, and the effects that wait for the disk.

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use smallvec::SmallVec;

use super::disk::Disk;
use super::timers::Timers;
use crate::clocks::Stamp;
use crate::context::{DrawBook, Effect};
use crate::identity::{Boot, NodeId, OpId};
use crate::process::{Process, SyncTicket};
use crate::trace::EffectKind;

/// Whether a node takes steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Life {
    Down,
    Up,
    Paused,
}

/// One node, in one place of memory.
#[derive(Clone, Debug)]
pub(crate) struct Node<P: Process> {
    pub(crate) life: Life,
    pub(crate) boot: Boot,
    pub(crate) process: Option<P>,
    pub(crate) disk: Disk<P::Entry>,
    pub(crate) timers: Timers<P::Timer>,
    /// How many events it had.
    pub(crate) events: u32,
    /// How many messages it sent on each lane.
    pub(crate) sent: SmallVec<[u32; 4]>,
    pub(crate) tickets: u32,
    pub(crate) draws: DrawBook,
    /// The stamp of the next effect's record, until a record has borne it.
    pub(crate) stamp: Option<Arc<Stamp>>,
    /// What the disk is busy with: later effects wait.
    pub(crate) barrier: Option<Barrier>,
    pub(crate) waiting: VecDeque<Waiting<P>>,
    /// What came while it was paused.
    pub(crate) inbox: VecDeque<Input<P>>,
    /// The completion step that is due when what waited for its sync has been performed.
    pub(crate) completed: Option<SyncTicket>,
    pub(crate) syncs: u32,
    /// The fault that paused it.
    pub(crate) paused_by: Option<u32>,
    pub(crate) doom: Option<Doom>,
    pub(crate) ailment: Ailment,
}

/// A sync that the disk has not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Barrier {
    /// The number of the event that asked for it.
    pub(crate) sync: u32,
    pub(crate) ticket: Option<SyncTicket>,
    /// How many of the unsynced writes it covers.
    pub(crate) covers: usize,
    /// Whether the disk has answered while the node was paused.
    pub(crate) answered: bool,
}

/// An effect that waits, with the number that it was given at the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiting<P: Process> {
    /// Zero for a stamp, which is no event.
    pub(crate) number: u32,
    /// The message's number on its lane, where it is a send.
    pub(crate) message: u32,
    pub(crate) effect: Effect<P>,
}

/// What a node handles in one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Input<P: Process> {
    Message { from: NodeId, message: P::Message, arrival: Arrival },
    Timer(P::Timer),
    Command { op: OpId, command: P::Command },
}

/// Which message arrived, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    pub(crate) id: crate::identity::MessageId,
    pub(crate) copy: u16,
    pub(crate) corrupted: bool,
}

/// A death inside a step to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Doom {
    /// The fault that will kill it.
    pub(crate) fault: u32,
    /// After how many effects of a step that has more.
    pub(crate) after_effects: u32,
    /// The event's number before which it dies, once such a step has come.
    pub(crate) before: Option<u32>,
}

/// What is wrong with a disk: the faults, by their place in the plan, that will strike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Ailment {
    pub(crate) torn: Option<u32>,
    pub(crate) damage: Option<u32>,
    pub(crate) io_error: Option<u32>,
}

impl<P: Process> Node<P> {
    pub(crate) fn new(disk: Vec<P::Entry>) -> Self {
        Self {
            life: Life::Down,
            boot: Boot::default(),
            process: None,
            disk: Disk::holding(disk),
            timers: Timers::default(),
            events: 0,
            sent: SmallVec::from_elem(0, P::LANES.len()),
            tickets: 0,
            draws: DrawBook::default(),
            stamp: None,
            barrier: None,
            waiting: VecDeque::new(),
            inbox: VecDeque::new(),
            completed: None,
            syncs: 0,
            paused_by: None,
            doom: None,
            ailment: Ailment::default(),
        }
    }

    /// The number of this node's next event.
    #[inline]
    pub(crate) const fn number(&mut self) -> u32 {
        self.events += 1;
        self.events
    }

    /// Whether it is to die before its event `number`.
    #[inline]
    pub(crate) fn is_doomed(&self, number: u32) -> bool {
        self.doom.is_some_and(|doom| doom.before.is_some_and(|before| number >= before))
    }

    /// Whether its disk fails at this effect.
    #[inline]
    pub(crate) fn disk_fails(&self, effect: &Effect<P>) -> bool {
        self.ailment.io_error.is_some()
            && matches!(effect, Effect::Append(_) | Effect::Rewrite(_) | Effect::Sync { .. })
    }

    /// Loses all that is volatile.
    pub(crate) fn die(&mut self) {
        self.life = Life::Down;
        self.process = None;
        self.timers.clear();
        self.tickets = 0;
        self.stamp = None;
        self.barrier = None;
        self.completed = None;
        self.paused_by = None;
        self.doom = None;
    }
}

/// What the node is, without the counts that only name its events and messages.
impl<P: Process> Hash for Node<P> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.life.hash(state);
        self.boot.hash(state);
        self.process.hash(state);
        self.disk.hash(state);
        self.timers.hash(state);
        for waiting in &self.waiting {
            waiting.effect.hash(state);
        }
        for input in &self.inbox {
            match input {
                Input::Message { from, message, .. } => (from, message).hash(state),
                Input::Timer(timer) => timer.hash(state),
                Input::Command { op, command } => (op, command).hash(state),
            }
        }
    }
}

/// What an effect is in a trace; `None` for timers and stamps, which are no events.
pub(crate) const fn kind_of<P: Process>(effect: &Effect<P>) -> Option<EffectKind> {
    match effect {
        Effect::Send { .. } => Some(EffectKind::Send),
        Effect::Append(_) => Some(EffectKind::Append),
        Effect::Rewrite(_) => Some(EffectKind::Rewrite),
        Effect::Sync { .. } => Some(EffectKind::Sync),
        Effect::Reply { .. } => Some(EffectKind::Reply),
        Effect::Note(_) => Some(EffectKind::Fact),
        Effect::SetTimer { .. } | Effect::CancelTimer { .. } | Effect::Stamp(_) => None,
    }
}
