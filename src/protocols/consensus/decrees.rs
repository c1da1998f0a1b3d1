//! Decrees: writes that a node makes itself, for one of its protocols, under the system's own keys.
//!
//! They are entries of the log like the operations of clients, in a session that the node opens at its first decree in
//! an incarnation: each takes effect once, however often it is decided. A decree whose answer is
//! [`Expired`](Answer::Expired) may have taken effect or not.

use std::collections::BTreeMap;

use super::request::{Act, Answer, Origin, Request, RequestId};
use crate::codex::{Key, Within, Write};
use crate::observation::Slot;

/// The decrees of this incarnation that have no outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Decrees {
    /// The last entry number that was assigned.
    last: u32,
    session: Option<Slot>,
    /// The entry that opens the session, while it is under way.
    opening: Option<u32>,
    /// The decrees that wait for the session, by ticket.
    waiting: BTreeMap<u32, Decree>,
    /// The ticket of each decree under way, by the number of its entry.
    under_way: BTreeMap<u32, u32>,
    /// The last ticket that was assigned.
    tickets: u32,
}

/// A write that a node has decreed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Decree {
    write: Write,
    barrier: bool,
}

impl Decree {
    /// The key that it changes.
    pub(super) const fn key(&self) -> &Key {
        self.write.key()
    }
}

/// The meaning of the outcome of a node's own entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DecreeEvent {
    /// No decree waits for it.
    Nothing,
    /// The session is open: the waiting decrees can be sent.
    Opened,
    /// A decree has its outcome.
    Answered {
        /// The ticket of the decree.
        ticket: u32,
    },
}

impl Decrees {
    /// Adds a write, which waits for the session; returns its ticket.
    pub(super) fn add(&mut self, write: Write, barrier: bool) -> u32 {
        self.tickets += 1;
        self.waiting.insert(self.tickets, Decree { write, barrier });
        self.tickets
    }

    /// The open session, if there is one.
    pub(super) const fn session(&self) -> Option<Slot> {
        self.session
    }

    /// Leaves the session if it has ended.
    pub(super) fn leave(&mut self, has_ended: impl FnOnce(Slot) -> bool) {
        self.session = self.session.filter(|session| !has_ended(*session));
    }

    /// The entry that opens a session, unless one is under way.
    pub(super) fn open(&mut self, origin: Origin) -> Option<Request> {
        if self.opening.is_some() {
            return None;
        }
        let number = self.next_number();
        self.opening = Some(number);
        Some(Request { id: RequestId { origin, number }, act: Act::Open, barrier: false })
    }

    /// Removes and returns the decrees that wait for the session, by ticket.
    pub(super) fn take_waiting(&mut self) -> BTreeMap<u32, Decree> {
        std::mem::take(&mut self.waiting)
    }

    /// The entry of a decree, which is under way from now on.
    pub(super) fn enter(&mut self, ticket: u32, decree: Decree, session: Slot, origin: Origin) -> Request {
        let Decree { write, barrier } = decree;
        let number = self.next_number();
        self.under_way.insert(number, ticket);
        let lowest = self.under_way.first_key_value().map_or(number, |(lowest, _)| *lowest);
        let within = Within { session, lowest, token: None };
        Request { id: RequestId { origin, number }, act: Act::Write(within, write), barrier }
    }

    /// An entry of this node has an outcome.
    pub(super) fn on_answer(&mut self, number: u32, answer: &Answer) -> DecreeEvent {
        if let Answer::Opened { session } = answer {
            if self.opening != Some(number) {
                return DecreeEvent::Nothing;
            }
            (self.session, self.opening) = (Some(*session), None);
            return DecreeEvent::Opened;
        }
        if *answer == Answer::Expired {
            self.session = None;
        }
        self.under_way.remove(&number).map_or(DecreeEvent::Nothing, |ticket| DecreeEvent::Answered { ticket })
    }

    fn next_number(&mut self) -> u32 {
        self.last += 1;
        self.last
    }
}
