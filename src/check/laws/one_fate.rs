//! `one-fate`: each copy of each message ends at most once: received, lost or garbled.

use smallvec::SmallVec;

use crate::check::ledger::{Known, Messages};
use crate::check::passage::Passage;
use crate::check::{Checker, broken, event_of};
use crate::identity::{Actor, MessageId, NodeId};
use crate::time::Time;
use crate::trace::{Record, Verdict, Violation};

/// Says that every copy of a sent message ends at most once, at the node it was sent to, and that there are no more
/// copies than the network made. Exercised by every copy that ended.
///
/// It keeps the messages with a copy under way, and no others.
#[derive(Clone, Debug, Default)]
pub struct OneFate {
    messages: Messages<Copies>,
    fates: u64,
}

/// The copies of one message.
#[derive(Clone, Debug)]
struct Copies {
    to: NodeId,
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
    fn sent(&mut self, record: &Record<'_>, message: MessageId, to: NodeId, made: u16) -> Result<(), Violation> {
        let copies = Copies { to, event: record.id.number, made, ended: 0, which: SmallVec::new() };
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
            // That it was never sent is the business of `received-was-sent`, where it was received.
            Known::No => return Ok(()),
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

    fn conclude(&mut self, _end: Time) -> Verdict {
        Verdict::Holds { exercised: self.fates }
    }
}
