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
use crate::process::{Process, SyncTicket};
use crate::time::Time;
use crate::trace::EffectKind;

/// Whether a node takes steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Life {
    Down,
    Up,
    Paused,
}

/// One node, in one place of memory; what most nodes never need lies elsewhere.
///
/// What every step touches stands in front of what few touch: with 100,000 nodes, each line is a miss of the cache.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(crate) struct Node<P: Process> {
    pub(crate) life: Life,
    pub(crate) boot: Boot,
    /// How many events it had.
    pub(crate) events: u32,
    pub(crate) tickets: u32,
    pub(crate) process: Option<P>,
    pub(crate) draws: DrawBook,
    /// How many messages it sent on each lane.
    pub(crate) sent: SmallVec<[u32; 4]>,
    /// The stamp of the next effect's record, until a record has borne it.
    pub(crate) stamp: Option<Arc<Stamp>>,
    backlog: Option<Box<Backlog<P>>>,
    /// None, where no fault has anything in store for it.
    pub(crate) plight: Option<Box<Plight>>,
    pub(crate) syncs: u32,
    pub(crate) timers: Timers<P::Timer>,
    pub(crate) disk: Disk<P::Entry>,
}

/// What waits at a node, for its disk or for the end of a pause.
#[derive(Clone, Debug)]
pub(crate) struct Backlog<P: Process> {
    /// What the disk is busy with: later effects wait.
    pub(crate) barrier: Option<Barrier>,
    pub(crate) waiting: VecDeque<Waiting<P>>,
    /// The completion step that is due when what waited for its sync has been performed.
    pub(crate) completed: Option<SyncTicket>,
    /// What came while it was paused.
    pub(crate) inbox: VecDeque<Input<P>>,
}

/// What faults have in store for a node.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plight {
    /// The faults that keep it down: the one that killed it, then those that found it down, in their order.
    pub(crate) held_down: Vec<Hold>,
    /// The faults that keep it paused: the one that paused it, then those that found it paused, in their order.
    pub(crate) paused_by: Vec<u32>,
    pub(crate) dooms: Vec<Doom>,
    pub(crate) ailment: Ailment,
}

/// A fault that keeps a node down until it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hold {
    pub(crate) fault: u32,
    /// When it killed the node or found it down.
    pub(crate) since: Time,
    /// Whether it has an end of its own; if not, a restart ends it.
    pub(crate) ends: bool,
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
    Message {
        message: P::Message,
        arrival: Arrival,
    },
    /// A timer's place in the agenda, which came up; what it stands for is seen when the node gets to it, since what it
    /// handles first may move or cancel the timer.
    Timer {
        slot: u32,
        number: u32,
    },
    Command {
        op: OpId,
        command: P::Command,
    },
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

/// What is wrong with a disk: the faults, by their place in the plan, that will strike, each once, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ailment {
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
            tickets: 0,
            process: None,
            draws: DrawBook::default(),
            sent: SmallVec::from_elem(0, P::LANES.len()),
            stamp: None,
            backlog: None,
            plight: None,
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

    /// What waits; made where nothing has waited yet.
    pub(crate) fn backlog(&mut self) -> &mut Backlog<P> {
        self.backlog.get_or_insert_default()
    }

    /// Takes all that waits.
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

    /// The sync that the disk is busy with.
    pub(crate) fn barrier(&self) -> Option<Barrier> {
        self.backlog.as_ref()?.barrier
    }

    /// Whether it waits for its disk to answer this sync of this boot.
    pub(crate) fn awaits(&self, boot: u32, sync: u32) -> bool {
        let asked = self.barrier().is_some_and(|barrier| barrier.sync == sync && !barrier.answered);
        asked && self.boot.number() == boot
    }

    /// What faults have in store for it, to add to.
    pub(crate) fn make_plight(&mut self) -> &mut Plight {
        self.plight.get_or_insert_default()
    }

    /// The fault by which it is paused; of several, the one that has been at it longest.
    pub(crate) fn paused_by(&self) -> Option<u32> {
        self.plight.as_ref()?.paused_by.first().copied()
    }

    /// Whether something that came is still to be handled: a timer may have been moved since.
    pub(crate) fn matters(&self, input: &Input<P>) -> bool {
        match input {
            Input::Timer { slot, number } => self.timers.standing(*slot, *number).is_some(),
            Input::Message { .. } | Input::Command { .. } => true,
        }
    }

    /// How much that is still to be handled has come while it was paused.
    pub(crate) fn waiting_inputs(&self) -> usize {
        let inbox = self.backlog.iter().flat_map(|backlog| &backlog.inbox);
        inbox.filter(|input| self.matters(input)).count()
    }

    /// Whether it dies at this effect, by a doom or by its disk, and in place of it.
    #[inline]
    pub(crate) fn dies_at(&self, number: u32, effect: &Effect<P>) -> bool {
        let writes = matches!(effect, Effect::Append(_) | Effect::Rewrite(_) | Effect::Sync { .. });
        let dies = |plight: &Plight| plight.is_doomed(number) || (!plight.ailment.io_error.is_empty() && writes);
        self.plight.as_deref().is_some_and(dies)
    }

    /// Loses all that is volatile.
    pub(crate) fn die(&mut self) {
        self.life = Life::Down;
        self.process = None;
        self.timers.clear();
        self.tickets = 0;
        self.stamp = None;
        self.backlog = None;
        if let Some(plight) = &mut self.plight {
            plight.outlive();
        }
    }
}

impl Plight {
    /// Whether a death before the event `number` is due.
    pub(crate) fn is_doomed(&self, number: u32) -> bool {
        self.dooms.iter().any(|doom| doom.is_due(number))
    }

    /// Takes the doom that is due before the event `number`, the first if there are several.
    pub(crate) fn take_doom(&mut self, number: u32) -> Option<Doom> {
        let place = self.dooms.iter().position(|doom| doom.is_due(number))?;
        Some(self.dooms.remove(place))
    }

    /// A step with so many events, the first of them `first`, is about to be performed: the doom may lie inside it.
    pub(crate) fn foresee(&mut self, first: u32, events: usize) {
        for doom in self.dooms.iter_mut().filter(|doom| doom.before.is_none()) {
            if events > doom.after_effects as usize {
                doom.before = Some(first + doom.after_effects);
            }
        }
    }

    /// Its node dies: a pause ends with the boot that it stopped, and a doom that another death forestalled waits for a
    /// step of the next boot.
    fn outlive(&mut self) {
        self.paused_by.clear();
        for doom in &mut self.dooms {
            doom.before = None;
        }
    }

    /// Lets those faults go that `keep` does not keep. Returns the one that keeps the node down from now on in the place
    /// of one that let go, since only now it makes a difference.
    pub(crate) fn let_up(&mut self, keep: impl Fn(&Hold) -> bool) -> Option<u32> {
        let before = self.held_down.first().copied();
        self.held_down.retain(keep);
        self.held_down.first().filter(|hold| before != Some(**hold)).map(|hold| hold.fault)
    }
}

impl Doom {
    fn is_due(&self, number: u32) -> bool {
        self.before.is_some_and(|before| number >= before)
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
        self.backlog.as_ref().filter(|_| self.has_backlog()).hash(state);
    }
}

impl<P: Process> Hash for Backlog<P> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.barrier.map(|barrier| (barrier.ticket, barrier.covers, barrier.answered)).hash(state);
        self.completed.hash(state);
        self.waiting.len().hash(state);
        for waiting in &self.waiting {
            waiting.effect.hash(state);
        }
        for input in &self.inbox {
            match input {
                Input::Message { message, arrival } => (arrival.id.sender, message).hash(state),
                Input::Timer { slot, .. } => slot.hash(state),
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
