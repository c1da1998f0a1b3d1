//! `one-fate`: each copy of each message ends once, and in time: received, lost or garbled.

use std::collections::BTreeSet;

use smallvec::SmallVec;

use crate::check::ledger::{Known, Messages};
use crate::check::passage::Passage;
use crate::check::{Checker, broken, event_of};
use crate::identity::{Actor, MessageId, NodeId};
use crate::time::{Span, Time};
use crate::trace::{Event, Kinds, Record, Verdict, Violation};

/// Says that every copy of a sent message ends at most once, at the node it was sent to, and that there are no more
/// copies than the network made; and, where it knows the network, that after quiescence no copy is under way for longer
/// than the network allows. Exercised by every copy that ended.
///
/// It keeps the messages with a copy under way, and no others.
#[derive(Clone, Debug, Default)]
pub struct OneFate {
    messages: Messages<Copies>,
    fates: u64,
    limit: Option<Limit>,
    quiescence: Option<Time>,
}

/// How long a copy may be under way after quiescence.
#[derive(Clone, Debug)]
struct Limit {
    longest: Span,
    /// Messages whose fate the scenario fixes: they may take longer.
    fixed: BTreeSet<MessageId>,
}

/// The copies of one message.
#[derive(Clone, Debug)]
struct Copies {
    to: NodeId,
    sent: Time,
    /// The number of the event that sent it.
    event: u32,
    made: u16,
    ended: u16,
    /// A bit for each that ended.
    which: SmallVec<[u64; 2]>,
}

impl Copies {
    /// Ends `copy`; tells whether it was under way.
    fn end(&mut self, copy: u16) -> bool {
        let (word, mask) = (usize::from(copy / 64), 1_u64 << (copy % 64));
        if self.which.len() <= word {
            self.which.resize(word + 1, 0);
        }
        let fresh = self.which[word] & mask == 0;
        self.which[word] |= mask;
        self.ended += u16::from(fresh);
        fresh
    }

    fn has_ended(&self, copy: u16) -> bool {
        self.which.get(usize::from(copy / 64)).is_some_and(|word| word & (1 << (copy % 64)) != 0)
    }
}

impl OneFate {
    /// The law for a network where, after quiescence, no message but those with a `fixed` fate takes longer than
    /// `longest`.
    #[must_use]
    pub fn within(longest: Span, fixed: BTreeSet<MessageId>) -> Self {
        Self { limit: Some(Limit { longest, fixed }), ..Self::default() }
    }

    /// Of the copies that should have ended before `end`, that of the message that was sent first.
    fn overdue(&self, end: Time) -> Option<Violation> {
        let (Limit { longest, fixed }, quiescence) = (self.limit.as_ref()?, self.quiescence?);
        let late = self
            .messages
            .live()
            .filter(|(message, copies)| copies.sent.max(quiescence) + *longest < end && !fixed.contains(message));
        let (message, copies) = late.min_by_key(|(message, copies)| (copies.sent, *message))?;
        let copy = (0..copies.made).find(|copy| !copies.has_ended(*copy)).expect("a message is live while a copy is");
        let send = event_of(message.sender, copies.event);
        let sentence = format!(
            "copy {copy} of message {} of {}, sent at {send} to {}, had no end by {end}, though after quiescence at \
             {quiescence} no copy may be under way for more than {longest}",
            message.number, message.sender, copies.to
        );
        Some(Violation { time: end, sentence, witnesses: vec![send] })
    }

    fn sent(&mut self, record: &Record<'_>, message: MessageId, to: NodeId, made: u16) -> Result<(), Violation> {
        let copies = Copies { to, sent: record.time, event: record.id.number, made, ended: 0, which: SmallVec::new() };
        let ledger = self.messages.of(message);
        if !ledger.open(message.number, copies) {
            let sentence = format!("{} sends a message under a name that was used before", record.id);
            return Err(broken(record, sentence, &[record.id]));
        }
        if made == 0 {
            ledger.end(message.number);
        }
        Ok(())
    }

    /// A copy ends, or, if it is only `held`, is under way.
    fn fate(&mut self, record: &Record<'_>, message: MessageId, copy: u16, held: bool) -> Result<(), Violation> {
        let ledger = self.messages.of(message);
        let copies = match ledger.get(message.number) {
            Known::Live(copies) => copies,
            Known::Ended => {
                let sentence = format!("{} {}, whose copies had all ended", record.id, speaks_of(message, copy));
                return Err(broken(record, sentence, &[record.id]));
            }
            // A receipt of it is the business of `received-was-sent`.
            Known::No if matches!(record.event, Event::Receive { .. }) => return Ok(()),
            Known::No => {
                let sentence = format!("{} {}, which was never sent", record.id, speaks_of(message, copy));
                return Err(broken(record, sentence, &[record.id]));
            }
        };
        let send = event_of(message.sender, copies.event);
        if copy >= copies.made {
            let (speaks, made) = (speaks_of(message, copy), copies.made);
            let sentence = format!("{} {speaks}, but {send} made no more than {made}, counted from 0", record.id);
            return Err(broken(record, sentence, &[record.id, send]));
        }
        if record.id.actor != Actor::Node(copies.to) {
            let sentence = format!("{} {}, which {send} sent to {}", record.id, speaks_of(message, copy), copies.to);
            return Err(broken(record, sentence, &[record.id, send]));
        }
        if if held { copies.has_ended(copy) } else { !copies.end(copy) } {
            let sentence = format!("{} {}, sent at {send}, which had ended", record.id, speaks_of(message, copy));
            return Err(broken(record, sentence, &[record.id, send]));
        }
        if copies.ended == copies.made {
            ledger.end(message.number);
        }
        self.fates += u64::from(!held);
        Ok(())
    }
}

fn speaks_of(message: MessageId, copy: u16) -> String {
    format!("speaks of copy {copy} of message {} of {}", message.number, message.sender)
}

impl<F> Checker<F> for OneFate {
    fn see(&mut self, record: &Record<'_>, _fact: Option<&F>) -> Result<(), Violation> {
        if let Event::Calm = record.event {
            self.quiescence = Some(record.time);
        }
        match Passage::of(&record.event) {
            Some(Passage::Sent { message, to, copies }) => self.sent(record, message, to, copies),
            Some(
                Passage::Received { message, copy, .. }
                | Passage::Lost { message, copy, .. }
                | Passage::Garbled { message, copy },
            ) => self.fate(record, message, copy, false),
            Some(Passage::Held { message, copy }) => self.fate(record, message, copy, true),
            Some(Passage::Dropped { .. }) | None => Ok(()),
        }
    }

    fn wants(&self) -> Kinds {
        Kinds::CALM.with(Kinds::SEND).with(Kinds::RECEIVE).with(Kinds::LOST).with(Kinds::GARBLED).with(Kinds::HELD)
    }

    fn conclude(&mut self, end: Time) -> Verdict {
        self.overdue(end).map_or(Verdict::Holds { exercised: self.fates }, Verdict::Violated)
    }
}
