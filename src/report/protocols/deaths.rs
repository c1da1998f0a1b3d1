//! Where nodes died: in which step of the lock manager's, and in place of which effect.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeOwned;

use crate::encoding;
use crate::identity::{Actor, MessageId, NodeId, OpId};
use crate::node::{Command, Message, Payload};
use crate::protocols::channel::Frame;
use crate::protocols::locks::{LockCommand, LockMessage};
use crate::trace::{Body, EffectKind, Event, Record, Said, Trace};

/// What a step is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// The first step of a boot.
    Start,
    /// A client asks for a lock.
    Acquire,
    /// A client gives a lock, or a request, up.
    Release,
    /// A peer's request arrives.
    Answer,
    /// A peer's reply arrives.
    Grant,
    /// Anything else.
    Other,
}

/// The effect in whose place a node died.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cut {
    /// Before something is written to the disk.
    Append,
    /// Before the disk is asked to make it durable.
    Sync,
    /// Before a fact.
    Fact,
    /// Before a message.
    Send,
    /// Before an answer to a client.
    Reply,
}

/// How many deaths there were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deaths {
    /// By step and effect: killed, and dead of a failing disk.
    counts: BTreeMap<(Phase, Cut), (u64, u64)>,
}

/// What is known of one node while its trace is read.
#[derive(Default)]
struct Node {
    /// The steps of this boot: the number of each one's first event.
    steps: Vec<(u32, Phase)>,
    /// What the crash under way cut off first.
    dropped: Option<(u32, EffectKind)>,
    /// Whether it is the disk that killed it.
    disk_failed: bool,
}

impl Deaths {
    /// What can be: not every step has every effect.
    pub fn possible() -> impl Iterator<Item = (Phase, Cut)> {
        let all = [
            (Phase::Start, &[Cut::Send][..]),
            (Phase::Acquire, &[Cut::Append, Cut::Sync, Cut::Fact, Cut::Send]),
            (Phase::Answer, &[Cut::Append, Cut::Sync, Cut::Fact, Cut::Send]),
            (Phase::Grant, &[Cut::Fact, Cut::Send, Cut::Reply]),
            (Phase::Release, &[Cut::Fact, Cut::Send, Cut::Reply]),
        ];
        all.into_iter().flat_map(|(phase, cuts)| cuts.iter().map(move |cut| (phase, *cut)))
    }

    /// How many were killed in this step, in place of this effect.
    #[must_use]
    pub fn kills(&self, phase: Phase, cut: Cut) -> u64 {
        self.counts.get(&(phase, cut)).map_or(0, |(kills, _)| *kills)
    }

    /// How many died of a failing disk in this step, at this effect.
    #[must_use]
    pub fn io_errors(&self, phase: Phase, cut: Cut) -> u64 {
        self.counts.get(&(phase, cut)).map_or(0, |(_, errors)| *errors)
    }

    /// Adds a run.
    pub fn add(&mut self, trace: &Trace) {
        let mut nodes: BTreeMap<NodeId, Node> = BTreeMap::new();
        let mut messages: BTreeMap<MessageId, Phase> = BTreeMap::new();
        let mut operations: BTreeMap<OpId, Phase> = BTreeMap::new();
        for record in trace.raw_records() {
            if let Event::Send { message, said, .. } = &record.event {
                messages.insert(*message, phase_of_message(said));
            }
            if let Event::Invoked { op, command, .. } = &record.event {
                operations.insert(*op, phase_of_command(command));
            }
            let Actor::Node(node) = record.id.actor else { continue };
            let node = nodes.entry(node).or_default();
            if let Some(phase) = phase_of(&record.event, &messages, &operations) {
                node.step(&record, phase);
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
            let (kills, errors) = self.counts.entry((node.phase_at(number), Cut::of(effect))).or_default();
            *if disk_failed { errors } else { kills } += 1;
        }
    }
}

impl Node {
    fn step(&mut self, record: &Record<'_>, phase: Phase) {
        if phase == Phase::Start {
            self.steps.clear();
            self.dropped = None;
        }
        self.steps.push((record.id.number, phase));
    }

    /// In which step the event `number` was called.
    fn phase_at(&self, number: u32) -> Phase {
        let step = self.steps.iter().rev().find(|(first, _)| *first < number);
        step.map_or(Phase::Other, |(_, phase)| *phase)
    }
}

fn phase_of(
    event: &Event<'_>,
    messages: &BTreeMap<MessageId, Phase>,
    operations: &BTreeMap<OpId, Phase>,
) -> Option<Phase> {
    let known = |phase: Option<&Phase>| Some(phase.copied().unwrap_or(Phase::Other));
    if let Event::Receive { message, .. } = event {
        return known(messages.get(message));
    }
    if let Event::Command { op } = event {
        return known(operations.get(op));
    }
    if matches!(event, Event::Start { .. }) {
        return Some(Phase::Start);
    }
    matches!(event, Event::Timer { .. }).then_some(Phase::Other)
}

fn phase_of_message(said: &Said<'_>) -> Phase {
    match decoded(said) {
        Message::Channel(Frame::Data { payload: Payload::Locks(LockMessage::Request(_)), .. }) => Phase::Answer,
        Message::Channel(Frame::Data { payload: Payload::Locks(LockMessage::Reply { .. }), .. }) => Phase::Grant,
        Message::Channel(
            Frame::Data { payload: Payload::Locks(LockMessage::Denied { .. }) | Payload::Register(_), .. }
            | Frame::Hello { .. }
            | Frame::Ack { .. }
            | Frame::Over { .. },
        )
        | Message::Consensus(_) => Phase::Other,
    }
}

fn phase_of_command(said: &Said<'_>) -> Phase {
    match decoded(said) {
        Command::Locks(LockCommand::Acquire { .. }) => Phase::Acquire,
        Command::Locks(LockCommand::Release { .. } | LockCommand::Withdraw { .. }) => Phase::Release,
        Command::Register(_) | Command::Consensus(_) => Phase::Other,
    }
}

/// What was said, in the node's own type.
pub(super) fn decoded<T: DeserializeOwned>(said: &Said<'_>) -> T {
    let Body::Encoded(bytes) = said.body else { panic!("a record as it was recorded is encoded") };
    encoding::read(bytes).expect("a node's own words can be read")
}

impl Cut {
    const fn of(effect: EffectKind) -> Self {
        match effect {
            EffectKind::Append | EffectKind::Rewrite => Self::Append,
            EffectKind::Sync => Self::Sync,
            EffectKind::Fact => Self::Fact,
            EffectKind::Send => Self::Send,
            EffectKind::Reply => Self::Reply,
        }
    }

    /// Whether a disk may fail at it: a sync follows what it writes, at which the disk has failed already.
    #[must_use]
    pub const fn writes(self) -> bool {
        match self {
            Self::Append => true,
            Self::Sync | Self::Fact | Self::Send | Self::Reply => false,
        }
    }
}

impl fmt::Display for Phase {
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

impl fmt::Display for Cut {
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
