//! Messages under way, and what each record means for one of them.

use std::hash::{Hash, Hasher};

use smallvec::SmallVec;

use super::ledger::{Known, Messages};
use super::message_event::MessageEvent;
use crate::identity::{Actor, EventId, MessageId, NodeId};
use crate::time::Time;
use crate::trace::{Kinds, Record};

/// The messages with a copy under way, and no others.
#[derive(Clone, Debug, Default)]
pub(super) struct Flights {
    messages: Messages<Copies>,
    told: Told,
}

/// Adds nothing to a hash: no checker that reads it is part of a state of an exploration.
impl Hash for Flights {
    fn hash<H: Hasher>(&self, _state: &mut H) {}
}

/// The meaning of a record for a message, given what was known before.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Told {
    /// It does not concern a message.
    #[default]
    Nothing,
    /// The message is sent.
    Sent {
        /// The message.
        message: MessageId,
        /// Whether its id was used before.
        again: bool,
    },
    /// A copy ends, or is held.
    Copy {
        /// The event.
        passage: MessageEvent,
        /// The message.
        message: MessageId,
        /// The copy.
        copy: u16,
        /// The knowledge of the message before the record.
        known: Before,
    },
}

/// The knowledge of a message before a record.
#[derive(Clone, Copy, Debug)]
pub(super) enum Before {
    /// It was never sent.
    Nothing,
    /// All its copies had ended.
    Ended,
    /// It was under way.
    Live(Flight),
}

/// A message under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flight {
    pub(super) to: NodeId,
    pub(super) sent: Time,
    /// The event of the send.
    pub(super) event: EventId,
    /// The number of copies that the network made.
    pub(super) made: u16,
    /// Whether the copy in the record had ended.
    pub(super) has_ended: bool,
}

/// The copies of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Copies {
    pub(super) to: NodeId,
    pub(super) sent: Time,
    /// The number of the event that sent it.
    pub(super) event: u32,
    pub(super) made: u16,
    ended: u16,
    /// One bit for each copy that has ended.
    which: SmallVec<[u64; 2]>,
}

impl Copies {
    /// Ends `copy`, which was under way; returns whether it was the last one.
    fn end(&mut self, copy: u16) -> bool {
        if self.made == 1 {
            return true;
        }
        let (word, mask) = (usize::from(copy / 64), 1_u64 << (copy % 64));
        if self.which.len() <= word {
            self.which.resize(word + 1, 0);
        }
        self.which[word] |= mask;
        self.ended += 1;
        self.ended == self.made
    }

    fn has_ended(&self, copy: u16) -> bool {
        self.which.get(usize::from(copy / 64)).is_some_and(|word| word & (1 << (copy % 64)) != 0)
    }

    /// The first copy that has not ended.
    pub(super) fn first_open(&self) -> Option<u16> {
        (0..self.made).find(|copy| !self.has_ended(*copy))
    }
}

impl Flights {
    /// The kinds of records that it needs.
    pub(super) const WANTS: Kinds =
        Kinds::SEND.with(Kinds::RECEIVE).with(Kinds::LOST).with(Kinds::GARBLED).with(Kinds::HELD);

    /// Processes a record, which is of these kinds.
    #[inline]
    pub(super) fn see(&mut self, record: &Record<'_>, kinds: Kinds) {
        self.told = Told::Nothing;
        if Self::WANTS.meets(kinds) {
            self.hear(record);
        }
    }

    /// The meaning of the last record for a message.
    #[inline]
    pub(super) const fn told(&self) -> &Told {
        &self.told
    }

    /// The messages that are under way.
    pub(super) fn live(&self) -> impl Iterator<Item = (MessageId, &Copies)> {
        self.messages.live()
    }

    fn hear(&mut self, record: &Record<'_>) {
        let Some(passage) = MessageEvent::of(&record.event) else { return };
        self.told = match passage {
            MessageEvent::Sent { message, to, copies } => self.sent(record, message, to, copies),
            MessageEvent::Received { message, copy, .. }
            | MessageEvent::Lost { message, copy, .. }
            | MessageEvent::Garbled { message, copy } => self.copy(record, passage, message, copy, true),
            MessageEvent::Held { message, copy } => self.copy(record, passage, message, copy, false),
            MessageEvent::Dropped { .. } => Told::Nothing,
        };
    }

    fn sent(&mut self, record: &Record<'_>, message: MessageId, to: NodeId, made: u16) -> Told {
        let copies = Copies { to, sent: record.time, event: record.id.number, made, ended: 0, which: SmallVec::new() };
        let ledger = self.messages.of(message);
        let again = !ledger.open(message.number, copies);
        if made == 0 {
            ledger.end(message.number);
        }
        Told::Sent { message, again }
    }

    /// A copy ends, if `ends` is true and it was sent to this node.
    fn copy(&mut self, record: &Record<'_>, passage: MessageEvent, message: MessageId, copy: u16, ends: bool) -> Told {
        let ledger = self.messages.of(message);
        let known = match ledger.get(message.number) {
            Known::No => Before::Nothing,
            Known::Ended => Before::Ended,
            Known::Live(copies) => {
                let has_ended = copies.has_ended(copy);
                let event = EventId { actor: Actor::Node(message.sender), number: copies.event };
                let flight = Flight { to: copies.to, sent: copies.sent, event, made: copies.made, has_ended };
                let is_here = record.id.actor == Actor::Node(copies.to);
                if ends && is_here && !has_ended && copy < copies.made && copies.end(copy) {
                    ledger.end(message.number);
                }
                Before::Live(flight)
            }
        };
        Told::Copy { passage, message, copy, known }
    }
}
