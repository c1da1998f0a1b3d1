//! Group commit for the replica: while a sync of its file is open, further writes are gathered, and what shows them waits;
//! when the disk answers, all of it is written with one more sync.
//!
//! A sync delays all later effects of its node. If each step asked for its own, a disk that is slower than the rate of steps
//! would fall behind forever; so no effect waits for more than two syncs. The order of effects is kept, except that writes
//! go first.

use super::desk::Desk;
use super::hosted::{Body, Completion, Entry, Fact, Payload, REPLICA, Reply};
use crate::codex::StoreReply;
use crate::identity::{NodeId, OpId};
use crate::protocols::replica::{Flushed, ReplicaEntry, ReplicaFact};

/// The open sync, and what waits for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct GroupCommit {
    is_open: bool,
    writes: Vec<Write>,
    /// What may show what was written, in the order of the calls.
    waiting: Vec<Waiting>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Write {
    Append(ReplicaEntry),
    Rewrite(Vec<ReplicaEntry>),
    /// What the replica holds between the writes before and after it.
    Note(ReplicaFact),
}

/// An effect of a protocol that sees the replica.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Waiting {
    Send(NodeId, Body),
    Post(NodeId, Payload),
    Note(Fact),
    Reply(OpId, Reply),
}

impl Desk<'_, '_> {
    pub(super) fn append_to_replica(&mut self, entry: ReplicaEntry) {
        if self.commit.is_open {
            self.commit.writes.push(Write::Append(entry));
        } else {
            self.ctx.append(Entry::Replica(entry));
        }
    }

    pub(super) fn rewrite_replica_file(&mut self, entries: Vec<ReplicaEntry>) {
        if self.commit.is_open {
            self.commit.writes.push(Write::Rewrite(entries));
        } else {
            self.ctx.rewrite_file(REPLICA, entries.into_iter().map(Entry::Replica).collect());
        }
    }

    /// Notes a fact of the replica: one that claims what is durable waits; one that tells what is held keeps its place among
    /// the writes.
    pub(super) fn note_of_replica(&mut self, fact: ReplicaFact) {
        if fact.claims_durability() {
            self.perform_or_wait(Waiting::Note(Fact::Replica(fact)));
        } else if self.commit.writes.is_empty() {
            self.ctx.note(Fact::Replica(fact));
        } else {
            self.commit.writes.push(Write::Note(fact));
        }
    }

    /// What follows waits until all that was written is durable.
    pub(super) fn sync_replica(&mut self) {
        if !self.commit.is_open {
            self.commit.is_open = true;
            self.write_clock();
            self.ctx.sync_then(Completion::Replica(Flushed));
        }
    }

    /// Performs an effect of a protocol that sees the replica, now or behind what it may show.
    pub(super) fn perform_or_wait(&mut self, effect: Waiting) {
        if self.commit.writes.is_empty() {
            self.perform(effect);
        } else {
            self.commit.waiting.push(effect);
        }
    }

    /// Answers a client's operation on a replicated key.
    pub(super) fn answer_replicated(&mut self, op: OpId, reply: StoreReply) {
        self.perform_or_wait(Waiting::Reply(op, Reply::Store(reply)));
    }

    fn perform(&mut self, effect: Waiting) {
        match effect {
            Waiting::Send(to, body) => self.send_body(to, body),
            Waiting::Post(to, payload) => self.post_payload(to, payload),
            Waiting::Note(fact) => self.ctx.note(fact),
            Waiting::Reply(op, reply) => self.ctx.reply(op, reply),
        }
    }

    /// The disk has answered: what was gathered meanwhile is written.
    pub(super) fn flush_replica(&mut self) {
        let GroupCommit { writes, waiting, .. } = std::mem::take(self.commit);
        if writes.is_empty() {
            return;
        }
        for write in writes {
            match write {
                Write::Append(entry) => self.append_to_replica(entry),
                Write::Rewrite(entries) => self.rewrite_replica_file(entries),
                Write::Note(fact) => self.ctx.note(Fact::Replica(fact)),
            }
        }
        self.sync_replica();
        waiting.into_iter().for_each(|effect| self.perform(effect));
    }
}
