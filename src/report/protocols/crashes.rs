//! The crash points of nodes: the step of the lock manager, and the effect before which the node crashed.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeOwned;

use crate::encoding;
use crate::identity::{Actor, MessageId, NodeId, OpId};
use crate::node::{self, Command, Payload};
use crate::protocols::channel::Frame;
use crate::protocols::locks::{LockCommand, LockMessage, Locks};
use crate::protocols::{CommandOf, Datagram};
use crate::trace::{Body, EffectKind, Event, Record, Said, Trace};

/// What a step handles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockStep {
    /// The first step of an incarnation.
    Start,
    /// A client requests a lock.
    Acquire,
    /// A client releases a lock, or withdraws a request.
    Release,
    /// A peer's request arrives.
    Answer,
    /// A peer's reply arrives.
    Grant,
    /// Anything else.
    Other,
}

/// The effect before which a node crashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CrashPoint {
    /// Before a write to the disk.
    Append,
    /// Before a sync.
    Sync,
    /// Before a fact.
    Fact,
    /// Before a message.
    Send,
    /// Before an answer to a client.
    Reply,
}

/// The crashes of some runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crashes {
    /// By step and effect: kills, and io errors.
    counts: BTreeMap<(LockStep, CrashPoint), (u64, u64)>,
}

/// The state of one node while a trace is read.
#[derive(Default)]
struct Node {
    /// The steps of this incarnation, with the number of each one's first event.
    steps: Vec<(u32, LockStep)>,
    /// The first effect that the current crash dropped.
    dropped: Option<(u32, EffectKind)>,
    /// Whether an io error caused the crash.
    disk_failed: bool,
}

impl Crashes {
    /// The possible combinations; not every step has every effect.
    pub fn possible() -> impl Iterator<Item = (LockStep, CrashPoint)> {
        let all = [
            (LockStep::Start, &[CrashPoint::Send][..]),
            (LockStep::Acquire, &[CrashPoint::Append, CrashPoint::Sync, CrashPoint::Fact, CrashPoint::Send]),
            (LockStep::Answer, &[CrashPoint::Append, CrashPoint::Sync, CrashPoint::Fact, CrashPoint::Send]),
            (LockStep::Grant, &[CrashPoint::Fact, CrashPoint::Send, CrashPoint::Reply]),
            (LockStep::Release, &[CrashPoint::Fact, CrashPoint::Send, CrashPoint::Reply]),
        ];
        all.into_iter().flat_map(|(step, cuts)| cuts.iter().map(move |cut| (step, *cut)))
    }

    /// The number of kills in this step, before this effect.
    #[must_use]
    pub fn kills(&self, step: LockStep, cut: CrashPoint) -> u64 {
        self.counts.get(&(step, cut)).map_or(0, |(kills, _)| *kills)
    }

    /// The number of io errors in this step, at this effect.
    #[must_use]
    pub fn io_errors(&self, step: LockStep, cut: CrashPoint) -> u64 {
        self.counts.get(&(step, cut)).map_or(0, |(_, errors)| *errors)
    }

    /// Adds a run.
    pub fn add(&mut self, trace: &Trace) {
        let mut nodes: BTreeMap<NodeId, Node> = BTreeMap::new();
        let mut messages: BTreeMap<MessageId, LockStep> = BTreeMap::new();
        let mut operations: BTreeMap<OpId, LockStep> = BTreeMap::new();
        for record in trace.raw_records() {
            if let Event::Send { message, said, .. } = &record.event {
                messages.insert(*message, phase_of_message(said));
            }
            if let Event::Invoked { op, command, .. } = &record.event {
                operations.insert(*op, phase_of_command(command));
            }
            let Actor::Node(node) = record.id.actor else { continue };
            let node = nodes.entry(node).or_default();
            if let Some(step) = phase_of(&record.event, &messages, &operations) {
                node.step(&record, step);
            }
            self.see(node, &record);
        }
    }

    fn see(&mut self, node: &mut Node, record: &Record<'_>) {
        let number = record.id.number;
        if let Event::Dropped { effect, .. } = record.event {
            let first = node.dropped.get_or_insert((number, effect));
            if number < first.0 {
                *first = (number, effect);
            }
        }
        node.disk_failed |= matches!(record.event, Event::IoError);
        if matches!(record.event, Event::Killed { .. }) {
            self.died(node);
        }
    }

    fn died(&mut self, node: &mut Node) {
        let disk_failed = std::mem::take(&mut node.disk_failed);
        if let Some((number, effect)) = node.dropped.take() {
            let (kills, errors) = self.counts.entry((node.phase_at(number), CrashPoint::of(effect))).or_default();
            *if disk_failed { errors } else { kills } += 1;
        }
    }
}

impl Node {
    fn step(&mut self, record: &Record<'_>, step: LockStep) {
        if step == LockStep::Start {
            self.steps.clear();
            self.dropped = None;
        }
        self.steps.push((record.id.number, step));
    }

    /// The step in which the event `number` was called.
    fn phase_at(&self, number: u32) -> LockStep {
        let step = self.steps.iter().rev().find(|(first, _)| *first < number);
        step.map_or(LockStep::Other, |(_, step)| *step)
    }
}

fn phase_of(
    event: &Event<'_>,
    messages: &BTreeMap<MessageId, LockStep>,
    operations: &BTreeMap<OpId, LockStep>,
) -> Option<LockStep> {
    let known = |step: Option<&LockStep>| Some(step.copied().unwrap_or(LockStep::Other));
    if let Event::Receive { message, .. } = event {
        return known(messages.get(message));
    }
    if let Event::Command { op } = event {
        return known(operations.get(op));
    }
    if matches!(event, Event::Start { .. }) {
        return Some(LockStep::Start);
    }
    matches!(event, Event::Timer { .. }).then_some(LockStep::Other)
}

fn phase_of_message(said: &Said<'_>) -> LockStep {
    let Datagram { body: node::Body::Channel(Frame::Data { payload: Payload::Locks(message), .. }), .. } =
        decoded(said)
    else {
        return LockStep::Other;
    };
    match message {
        LockMessage::Request(_) => LockStep::Answer,
        LockMessage::Reply { .. } => LockStep::Grant,
        LockMessage::Denied { .. } => LockStep::Other,
    }
}

fn phase_of_command(said: &Said<'_>) -> LockStep {
    match CommandOf::<Locks>::get(&decoded::<Command>(said)) {
        Some(LockCommand::Acquire { .. }) => LockStep::Acquire,
        Some(LockCommand::Release { .. } | LockCommand::Withdraw { .. }) => LockStep::Release,
        None => LockStep::Other,
    }
}

/// A message, fact, timer or command, decoded to the node's type.
pub(super) fn decoded<T: DeserializeOwned>(said: &Said<'_>) -> T {
    let Body::Encoded(bytes) = said.body else { panic!("a record as it was recorded is encoded") };
    encoding::read(bytes).expect("a node's own words can be read")
}

impl CrashPoint {
    const fn of(effect: EffectKind) -> Self {
        match effect {
            EffectKind::Append | EffectKind::Rewrite => Self::Append,
            EffectKind::Sync => Self::Sync,
            EffectKind::Fact => Self::Fact,
            EffectKind::Send => Self::Send,
            EffectKind::Reply => Self::Reply,
        }
    }

    /// Whether an io error can happen at it; a sync follows a write, at which the disk would already have failed.
    #[must_use]
    pub const fn writes(self) -> bool {
        match self {
            Self::Append => true,
            Self::Sync | Self::Fact | Self::Send | Self::Reply => false,
        }
    }
}

impl fmt::Display for LockStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Start => "start",
            Self::Acquire => "acquire",
            Self::Release => "release",
            Self::Answer => "answer",
            Self::Grant => "grant",
            Self::Other => "other",
        })
    }
}

impl fmt::Display for CrashPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Append => "append",
            Self::Sync => "sync",
            Self::Fact => "fact",
            Self::Send => "send",
            Self::Reply => "reply",
        })
    }
}
