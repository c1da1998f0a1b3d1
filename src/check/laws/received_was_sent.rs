//! `received-was-sent`: only sent messages are received.

use crate::check::flights::{Before, Flight, Told};
use crate::check::message_event::MessageEvent;
use crate::check::{Checker, End, Exercised, Parts, Shown, broken};
use crate::identity::{Actor, MessageId};
use crate::trace::{Kinds, Record, Verdict, Violation};

/// Checks that every received message was sent before, by the node in its id and to the node that receives it; a
/// corrupted message is still one that was sent. Exercised by every receipt.
///
/// It reads the common state of messages under way, and keeps none itself. Duplicate receipts of a copy are checked by
/// `one-fate`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ReceivedWasSent {
    receipts: Exercised,
}

impl ReceivedWasSent {
    fn received(&mut self, record: &Record<'_>, message: MessageId, known: &Before) -> Result<(), Violation> {
        self.receipts += true;
        let MessageId { sender, number, .. } = message;
        let (sentence, send) = match *known {
            Before::Ended => return Ok(()),
            Before::Nothing => {
                (format!("{} receives message {number} of {sender}, which was never sent", record.id), None)
            }
            Before::Live(Flight { to, sent, event: send, .. }) => {
                let sentence = if record.id.actor != Actor::Node(to) {
                    format!("{} receives what {send} sent to {to}", record.id)
                } else if record.time < sent {
                    format!("{} receives at {}ms what {send} sent at {sent}ms", record.id, record.time)
                } else {
                    return Ok(());
                };
                (sentence, Some(send))
            }
        };
        let witnesses: Vec<_> = [record.id].into_iter().chain(send).collect();
        Err(broken(record, sentence, &witnesses))
    }
}

impl<F> Checker<F> for ReceivedWasSent {
    const WANTS: Kinds = Kinds::SEND.with(Kinds::RECEIVE);
    const READS: Parts = Parts::MESSAGES;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        match *shown.common.messages().told() {
            Told::Sent { message, .. } if record.id.actor != Actor::Node(message.sender) => {
                let sentence = format!("{} sends in the name of {}", record.id, message.sender);
                Err(broken(record, sentence, &[record.id]))
            }
            Told::Copy { passage: MessageEvent::Received { .. }, message, ref known, .. } => {
                self.received(record, message, known)
            }
            Told::Sent { .. } | Told::Copy { .. } | Told::Nothing => Ok(()),
        }
    }

    fn conclude(&mut self, _end: &End<'_>) -> Verdict {
        Verdict::Holds { exercised: self.receipts.0 }
    }
}
