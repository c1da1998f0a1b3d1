//! The file of consensus: how it is read, and which entries it must hold.

use std::sync::Arc;

use super::certificate::Decided;
use super::learner::Learner;
use super::log::Log;
use super::machine::Consensus;
use super::messages::ConsensusEntry;
use super::replica::{Replica, Snapshot};
use super::spec::Rules;
use super::voter::{Seat, Voter};
use crate::identity::NodeId;
use crate::observation::{Round, Slot};
use crate::process::Stored;
use crate::protocols::Port;

/// The contents of a node's file of consensus.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    voter: bool,
    lost: bool,
    /// Whether a synced entry could not be read.
    damaged: bool,
    promised: Round,
    log: Log,
    snapshot: Option<Arc<Snapshot>>,
    /// Decisions, above the snapshot and below it.
    decided: Vec<Arc<Decided>>,
}

impl Kept {
    /// Reads the next entry. A damaged entry makes the node a lost voter, because it may have held a promise or a
    /// confirmation. A torn tail was never synced, and is ignored.
    pub(super) fn read(&mut self, stored: Stored<&ConsensusEntry>) {
        match stored {
            Stored::Intact(entry) => self.take(entry),
            Stored::Damaged(_) => self.damaged = true,
            Stored::Torn(_) => {}
        }
    }

    fn take(&mut self, entry: &ConsensusEntry) {
        match entry {
            ConsensusEntry::Voter { .. } => self.voter = true,
            ConsensusEntry::Lost => self.lost = true,
            ConsensusEntry::Promised { round } => self.promised = self.promised.max(*round),
            ConsensusEntry::Voted { slot, ballot, value } => {
                self.promised = self.promised.max(ballot.round);
                self.log.vote(*slot, *ballot, value.clone());
            }
            ConsensusEntry::Confirmed { slot, ballot, value } => {
                self.promised = self.promised.max(ballot.round);
                self.log.confirm(*slot, *ballot, value.clone());
            }
            ConsensusEntry::Decided { decided } => self.decided.push(Arc::clone(decided)),
            ConsensusEntry::State { compacted, snapshot } => {
                self.log.compact(*compacted);
                self.snapshot = Some(Arc::clone(snapshot));
            }
        }
    }

    /// Whether the file says that its node is lost.
    pub(super) const fn is_lost(&self) -> bool {
        self.lost
    }

    /// The parts of a node that starts with this file.
    pub(super) fn restore(self, me: NodeId, rules: &Rules) -> (Voter, Learner, Log) {
        let Self { voter, lost, damaged, promised, mut log, snapshot, decided } = self;
        // Flaw e28: an empty disk is not detected as a wipe.
        let trusted = (voter && !lost && !damaged) || rules.flaws.e28;
        let seat = match (rules.voters.has(me), trusted) {
            (false, _) => Seat::Observer,
            (true, true) => Seat::Voter,
            (true, false) => Seat::Lost,
        };
        for one in &decided {
            log.decide(one);
        }
        if let Some(snapshot) = snapshot.as_deref().filter(|snapshot| snapshot.slot >= log.first_open()) {
            // A damaged disk lacks decisions that the state includes.
            log.compact(snapshot.slot);
        }
        let mut learner = Learner::new(snapshot.map_or_else(Replica::default, |snapshot| Replica::of(&snapshot)));
        learner.replay(&log, rules);
        (Voter::new(seat, promised), learner, log)
    }
}

/// The entries that a rewritten file must hold.
pub(super) fn retained(me: NodeId, voter: &Voter, learner: &Learner, log: &Log, rules: &Rules) -> Vec<ConsensusEntry> {
    let mut entries = Vec::new();
    match voter.seat() {
        Seat::Voter => entries.push(ConsensusEntry::Voter { node: me }),
        // Flaw k15: the mark of a lost voter is omitted.
        Seat::Lost if rules.flaws.k15 => entries.push(ConsensusEntry::Voter { node: me }),
        Seat::Lost => entries.push(ConsensusEntry::Lost),
        Seat::Observer => {}
    }
    // Flaw k05: the promise is omitted.
    if voter.promised() > Round::default() && !rules.flaws.k05 {
        entries.push(ConsensusEntry::Promised { round: voter.promised() });
    }
    if learner.replica.applied > Slot::default() {
        let snapshot = Arc::new(learner.replica.snapshot());
        entries.push(ConsensusEntry::State { compacted: log.compacted, snapshot });
    }
    for (slot, entry) in log.from(log.compacted.next()) {
        let voted = entry.voted.clone().map(|(ballot, value)| ConsensusEntry::Voted { slot, ballot, value });
        let confirmed =
            entry.confirmed.clone().map(|(ballot, value)| ConsensusEntry::Confirmed { slot, ballot, value });
        let decided = entry.decided.clone().map(|decided| ConsensusEntry::Decided { decided });
        entries.extend(voted.into_iter().chain(confirmed).chain(decided));
    }
    entries
}

impl Rules {
    /// Writes an entry that must be durable before any later effect.
    pub(super) fn persist(&self, entry: ConsensusEntry, port: &mut impl Port<Consensus>) {
        // Flaw e28: nothing is written.
        if self.flaws.e28 {
            return;
        }
        port.append(entry);
        port.sync();
    }

    /// Writes the proposer's own entry, which must be durable before it announces the decision.
    pub(super) fn persist_own(&self, entry: ConsensusEntry, port: &mut impl Port<Consensus>) {
        // Flaw k10: it does not wait for the disk.
        if self.flaws.k10 {
            return port.append(entry);
        }
        self.persist(entry, port);
    }

    /// Writes a candidate's own promise, which must be durable before it asks other voters.
    pub(super) fn persist_candidacy(&self, round: Round, port: &mut impl Port<Consensus>) {
        let entry = ConsensusEntry::Promised { round };
        // Flaw k11: it does not wait for the disk.
        if self.flaws.k11 {
            return port.append(entry);
        }
        self.persist(entry, port);
    }

    /// Writes a learnt decision, which is durable with the next sync: a decision that is lost is fetched again.
    pub(super) fn persist_learnt(&self, decided: &Arc<Decided>, port: &mut impl Port<Consensus>) {
        // Flaw e28: nothing is written.
        if !self.flaws.e28 {
            port.append(ConsensusEntry::Decided { decided: Arc::clone(decided) });
        }
    }

    /// Syncs a rewritten file.
    pub(super) fn persist_installed(&self, port: &mut impl Port<Consensus>) {
        // Flaw e28: nothing is written.
        if !self.flaws.e28 {
            port.sync();
        }
    }
}
