//! The file of transactions, with group commit: while a sync is open, further entries are gathered, and written with one more
//! when the disk has answered. What may show what is not durable waits for the sync that covers it.

use std::collections::VecDeque;

use super::Transactions;
use super::words::{Flushed, TransactionEntry, TransactionMessage, TransactionReply};
use crate::identity::{NodeId, OpId};
use crate::observation::{TransactionId, TransactionSeen};
use crate::protocols::Port;

/// What follows a sync.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Then {
    Note(TransactionSeen),
    Send(NodeId, TransactionMessage),
    Reply(OpId, TransactionReply),
    /// The record of a commit of this coordinator is durable.
    Committed(TransactionId),
}

/// The open sync, and what waits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Journal {
    /// What follows the open sync, if one is open, in this order.
    open: Option<VecDeque<Then>>,
    entries: Vec<TransactionEntry>,
    /// A file that replaces the one that is there, before the entries.
    rewrite: Option<Vec<TransactionEntry>>,
    /// What follows the sync after it.
    then: Vec<Then>,
    /// How many entries the file has.
    pub(super) length: usize,
}

impl Journal {
    /// The journal of a file with so many entries.
    pub(super) fn of(length: usize) -> Self {
        Self { length, ..Self::default() }
    }

    pub(super) fn append(&mut self, entry: TransactionEntry) {
        self.entries.push(entry);
        self.length += 1;
    }

    /// Replaces the file by these entries, which say all that its entries and those that are gathered say.
    pub(super) fn replace(&mut self, entries: Vec<TransactionEntry>) {
        self.length = entries.len();
        self.entries.clear();
        self.rewrite = Some(entries);
    }

    fn is_clean(&self) -> bool {
        self.entries.is_empty() && self.rewrite.is_none()
    }
}

impl Transactions {
    /// Does this when all is durable that was written.
    pub(super) fn then(&mut self, then: Then, port: &mut impl Port<Self>) {
        if !self.journal.is_clean() {
            self.journal.then.push(then);
        } else if let Some(open) = &mut self.journal.open {
            open.push_back(then);
        } else {
            self.perform(then, port);
        }
    }

    pub(super) fn note(&mut self, seen: TransactionSeen, port: &mut impl Port<Self>) {
        self.then(Then::Note(seen), port);
    }

    fn perform(&mut self, then: Then, port: &mut impl Port<Self>) {
        match then {
            Then::Note(seen) => port.note(seen),
            Then::Send(to, message) => port.send(to, message),
            Then::Reply(op, reply) => port.reply(op, reply),
            Then::Committed(id) => self.committed(id, port),
        }
    }

    /// The end of a step: what was written is synced, unless a sync is open.
    pub(super) fn flush(&mut self, port: &mut impl Port<Self>) {
        if self.journal.open.is_some() || self.journal.is_clean() {
            return;
        }
        if let Some(entries) = self.journal.rewrite.take() {
            port.rewrite(entries);
        }
        self.journal.entries.drain(..).for_each(|entry| port.append(entry));
        port.sync_then(Flushed);
        self.journal.open = Some(std::mem::take(&mut self.journal.then).into());
    }

    /// The disk has answered.
    pub(super) fn flushed(&mut self, port: &mut impl Port<Self>) {
        while let Some(then) = self.journal.open.as_mut().and_then(VecDeque::pop_front) {
            self.perform(then, port);
        }
        self.journal.open = None;
        self.flush(port);
    }
}
