//! `received-was-sent`: nothing is received that was not sent.

use crate::check::ledger::{Known, Messages};
use crate::check::passage::Passage;
use crate::check::{Checker, broken, event_of};
use crate::identity::{Actor, MessageId, NodeId};
use crate::time::Time;
use crate::trace::{Kinds, Record, Verdict, Violation};

/// Says that every received message was sent before, by the node that its name says and to the node that receives it;
/// one that was corrupted on its way is still one that was sent. Exercised by every receipt.
///
/// It keeps the messages with a copy under way, and no others. That a copy is not received twice is `one-fate`.
#[derive(Clone, Debug, Default)]
pub struct ReceivedWasSent {
    messages: Messages<Sent>,
    receipts: u64,
}

#[derive(Clone, Debug)]
struct Sent {
    time: Time,
    to: NodeId,
    /// The number of the event that sent it.
    event: u32,
    /// How many copies are under way.
    left: u16,
}

impl ReceivedWasSent {
    fn sent(&mut self, record: &Record<'_>, message: MessageId, sent: Sent) -> Result<(), Violation> {
        if record.id.actor != Actor::Node(message.sender) {
            let sentence = format!("{} sends in the name of {}", record.id, message.sender);
            return Err(broken(record, sentence, &[record.id]));
        }
        let (ledger, lost) = (self.messages.of(message), sent.left == 0);
        ledger.open(message.number, sent);
        if lost {
            ledger.end(message.number);
        }
        Ok(())
    }

    fn received(&mut self, record: &Record<'_>, message: MessageId) -> Result<(), Violation> {
        self.receipts += 1;
        let known = self.messages.of(message).get(message.number);
        let MessageId { sender, number, .. } = message;
        let (sentence, send) = match known {
            Known::Ended => return Ok(()),
            Known::No => (format!("{} receives message {number} of {sender}, which was never sent", record.id), None),
            Known::Live(sent) => {
                let send = event_of(sender, sent.event);
                let sentence = if record.id.actor != Actor::Node(sent.to) {
                    format!("{} receives what {send} sent to {}", record.id, sent.to)
                } else if record.time < sent.time {
                    format!("{} receives at {} what {send} sent at {}", record.id, record.time, sent.time)
                } else {
                    return Ok(());
                };
                (sentence, Some(send))
            }
        };
        let witnesses: Vec<_> = [record.id].into_iter().chain(send).collect();
        Err(broken(record, sentence, &witnesses))
    }

    fn ended(&mut self, message: MessageId) {
        let ledger = self.messages.of(message);
        if let Known::Live(sent) = ledger.get(message.number) {
            sent.left -= 1;
            if sent.left == 0 {
                ledger.end(message.number);
            }
        }
    }
}

impl<F> Checker<F> for ReceivedWasSent {
    fn see(&mut self, record: &Record<'_>, _fact: Option<&F>) -> Result<(), Violation> {
        match Passage::of(&record.event) {
            Some(Passage::Sent { message, to, copies }) => {
                let sent = Sent { time: record.time, to, event: record.id.number, left: copies };
                return self.sent(record, message, sent);
            }
            Some(Passage::Received { message, .. }) => {
                self.received(record, message)?;
                self.ended(message);
            }
            Some(Passage::Lost { message, .. } | Passage::Garbled { message, .. }) => self.ended(message),
            Some(Passage::Held { .. } | Passage::Dropped { .. }) | None => {}
        }
        Ok(())
    }

    fn wants(&self) -> Kinds {
        Kinds::SEND.with(Kinds::RECEIVE).with(Kinds::LOST).with(Kinds::GARBLED)
    }

    fn conclude(&mut self, _end: Time) -> Verdict {
        Verdict::Holds { exercised: self.receipts }
    }
}
