//! `one-fate`: each copy of each message ends once, and in time: received, lost or garbled.

use std::collections::BTreeSet;

use crate::check::core::Core;
use crate::check::flights::{Before, Flight, Flights, Told};
use crate::check::message_event::MessageEvent;
use crate::check::{Checker, End, Exercised, Parts, Shown, broken, event_of};
use crate::identity::{Actor, MessageId};
use crate::time::{Span, Time};
use crate::trace::{Event, Kinds, Record, Verdict, Violation};

/// Checks that every copy of a sent message ends at most once, at the node it was sent to, and that there are no more
/// copies than the network made; and, if the network is known, that after quiescence no copy is under way for longer
/// than the network allows on links that are healed. Exercised by every copy that ended.
///
/// It reads the common state of messages under way, and keeps none itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct OneFate {
    fates: Exercised,
    limit: Option<Limit>,
    quiescence: Option<Time>,
    core: Core,
}

/// The maximum time under way of a copy after quiescence.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Limit {
    longest: Span,
    /// Messages whose fate the scenario fixes: they may take longer.
    fixed: BTreeSet<MessageId>,
}

impl OneFate {
    /// The law for a network in which, after quiescence, only messages with a `fixed` fate take longer than `longest`.
    #[must_use]
    pub fn within(longest: Span, fixed: BTreeSet<MessageId>) -> Self {
        Self { limit: Some(Limit { longest, fixed }), ..Self::default() }
    }

    /// Of the copies that should have ended before `end`, a copy of the message that was sent first.
    fn overdue(&self, end: Time, messages: &Flights) -> Option<Violation> {
        let (Limit { longest, fixed }, quiescence) = (self.limit.as_ref()?, self.quiescence?);
        let late = messages
            .live()
            .filter(|(message, copies)| self.core.has(message.sender) && self.core.has(copies.to))
            .filter(|(message, copies)| copies.sent.max(quiescence) + *longest < end && !fixed.contains(message));
        let (message, copies) = late.min_by_key(|(message, copies)| (copies.sent, *message))?;
        let copy = copies.first_open().expect("a message is live while a copy is");
        let send = event_of(message.sender, copies.event);
        let sentence = format!(
            "copy {copy} of message {} of {}, sent at {send} to {}, had no end by {end}, though after quiescence at \
             {quiescence} no copy may be under way for more than {longest}",
            message.number, message.sender, copies.to
        );
        Some(Violation { time: end, sentence, witnesses: vec![send] })
    }

    /// A copy ends, or is held, in which case it is still under way.
    fn fate(
        &mut self,
        record: &Record<'_>,
        told: (MessageEvent, MessageId, u16),
        known: &Before,
    ) -> Result<(), Violation> {
        let (passage, message, copy) = told;
        let flight = match known {
            Before::Live(flight) => flight,
            Before::Ended => {
                let sentence = format!("{} {}, whose copies had all ended", record.id, speaks_of(message, copy));
                return Err(broken(record, sentence, &[record.id]));
            }
            // A receipt of an unsent message is checked by `received-was-sent`.
            Before::Nothing if matches!(passage, MessageEvent::Received { .. }) => return Ok(()),
            Before::Nothing => {
                let sentence = format!("{} {}, which was never sent", record.id, speaks_of(message, copy));
                return Err(broken(record, sentence, &[record.id]));
            }
        };
        let Flight { to, event: send, made, has_ended, .. } = *flight;
        if copy >= made {
            let speaks = speaks_of(message, copy);
            let sentence = format!("{} {speaks}, but {send} made no more than {made}, counted from 0", record.id);
            return Err(broken(record, sentence, &[record.id, send]));
        }
        if record.id.actor != Actor::Node(to) {
            let sentence = format!("{} {}, which {send} sent to {to}", record.id, speaks_of(message, copy));
            return Err(broken(record, sentence, &[record.id, send]));
        }
        if has_ended {
            let sentence = format!("{} {}, sent at {send}, which had ended", record.id, speaks_of(message, copy));
            return Err(broken(record, sentence, &[record.id, send]));
        }
        self.fates += !matches!(passage, MessageEvent::Held { .. });
        Ok(())
    }
}

fn speaks_of(message: MessageId, copy: u16) -> String {
    format!("speaks of copy {copy} of message {} of {}", message.number, message.sender)
}

impl<F> Checker<F> for OneFate {
    const WANTS: Kinds = Kinds::CALM.with(Core::WANTS).with(Flights::WANTS);
    const READS: Parts = Parts::MESSAGES;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        self.core.see(&record.event);
        if let Event::Calm = record.event {
            self.quiescence = Some(record.time);
        }
        match *shown.common.messages().told() {
            Told::Sent { again: true, .. } => {
                let sentence = format!("{} sends a message under a name that was used before", record.id);
                Err(broken(record, sentence, &[record.id]))
            }
            Told::Copy { passage, message, copy, ref known } => self.fate(record, (passage, message, copy), known),
            Told::Sent { again: false, .. } | Told::Nothing => Ok(()),
        }
    }

    fn conclude(&mut self, end: &End<'_>) -> Verdict {
        let overdue = self.overdue(end.time, end.common.messages());
        overdue.map_or(Verdict::Holds { exercised: self.fates.0 }, Verdict::Violated)
    }
}
