//! Proposals, heartbeats and reads: the driver's part for the proposer.

use std::sync::Arc;

use super::{Consensus, ConsensusOutcome};
use crate::codex::Refusal;
use crate::identity::NodeId;
use crate::observation::{Ballot, ProposalId, Round, Slot};
use crate::protocols::Port;
use crate::protocols::consensus::attempt::{AfterVote, Replacement};
use crate::protocols::consensus::certificate::{Decided, Seal};
use crate::protocols::consensus::messages::{ConsensusEntry, ConsensusFact, ConsensusMessage, ConsensusTimer};
use crate::protocols::consensus::proposer::Planned;
use crate::protocols::consensus::reads::{Reads, WaitingRead};
use crate::protocols::consensus::request::{Request, RequestId};
use crate::protocols::consensus::value::Value;
use crate::protocols::consensus::voter;

impl Consensus {
    /// Accepts an operation, unless it is under way already or has an outcome.
    pub(super) fn enqueue(&mut self, request: Arc<Request>, port: &mut impl Port<Self>) {
        if self.learner.replica.answer(&request).is_some() {
            return;
        }
        let Some(proposer) = self.role.proposer() else { return };
        if proposer.enqueue(request) {
            self.fill(port);
        }
    }

    /// Proposes waiting operations, as far as the window allows. To be called whenever a slot is closed, or an
    /// operation starts to wait.
    pub(super) fn fill(&mut self, port: &mut impl Port<Self>) {
        loop {
            let (first, applied) = (self.log.first_open(), self.learner.replica.applied);
            let Some(proposer) = self.role.proposer() else { return };
            let planned = proposer.plan(first, applied, &self.rules.settings);
            let Some(Planned { slot, ballot, value }) = planned else { return };
            self.propose(slot, ballot, value, port);
        }
    }

    /// Asks for votes on a value.
    pub(super) fn propose(&mut self, slot: Slot, ballot: Ballot, value: Value, port: &mut impl Port<Self>) {
        let bid = ProposalId { slot, ballot, value: value.id() };
        port.note(ConsensusFact::Proposed { bid, ops: value.ops().collect() });
        let Some(proposer) = self.role.proposer() else { return };
        proposer.propose(slot, ballot, value.clone());
        self.expect_answers(port);
        for voter in self.other_voters() {
            let value = value.clone();
            port.send(voter, ConsensusMessage::Propose { slot, ballot, value });
        }
        let against = voter::advise(slot, &value, &self.learner.replica, &self.rules);
        self.vote(bid, value, against.is_empty(), port);
        // Flaw e25: the proposer does not vote.
        if !self.rules.flaws.e25 {
            self.on_vote(self.me, bid, &against, port);
        }
    }

    /// Asks to confirm a value that may have been decided for the slot before, without votes.
    pub(super) fn recover(&mut self, slot: Slot, ballot: Ballot, value: Value, port: &mut impl Port<Self>) {
        let bid = ProposalId { slot, ballot, value: value.id() };
        port.note(ConsensusFact::Proposed { bid, ops: value.ops().collect() });
        let Some(proposer) = self.role.proposer() else { return };
        proposer.recover(slot, ballot, value);
        self.expect_answers(port);
        self.pre_commit(slot, port);
    }

    /// A voter has voted.
    pub(super) fn on_vote(
        &mut self,
        from: NodeId,
        bid: ProposalId,
        against: &[(RequestId, Refusal)],
        port: &mut impl Port<Self>,
    ) {
        let (voters, quorum) = (self.rules.voters, self.quorum(port.monotonic()));
        if !voters.has(from) {
            return port.note(ConsensusFact::Rejected { from });
        }
        let Some(proposer) = self.role.proposer() else { return };
        match proposer.on_vote(from, bid, against, voters, quorum) {
            AfterVote::Nothing => {}
            AfterVote::PreCommit => self.pre_commit(bid.slot, port),
            AfterVote::Replace => self.replace(bid.slot, port),
        }
    }

    /// Replaces the value of a slot, under the next try.
    fn replace(&mut self, slot: Slot, port: &mut impl Port<Self>) {
        let Some(replacement) = self.role.proposer().and_then(|proposer| proposer.replace(slot, &self.rules)) else {
            return;
        };
        let Replacement { replaced, ballot, value } = replacement;
        port.note(ConsensusFact::Replaced { bid: replaced });
        self.propose(slot, ballot, value, port);
    }

    /// Asks to confirm a slot's value.
    fn pre_commit(&mut self, slot: Slot, port: &mut impl Port<Self>) {
        let Some(attempt) = self.role.proposer().and_then(|proposer| proposer.attempt(slot)) else { return };
        let (bid, ballot, value) = (attempt.bid(slot), attempt.ballot(), attempt.value().clone());
        port.note(ConsensusFact::PreCommitted { bid });
        for voter in self.other_voters() {
            let value = value.clone();
            port.send(voter, ConsensusMessage::PreCommit { slot, ballot, value });
        }
        self.log.confirm(slot, ballot, value.clone());
        self.rules.persist_own(ConsensusEntry::Confirmed { slot, ballot, value }, port);
        port.note(ConsensusFact::Confirmed { bid });
        let seal = Seal::new(self.me, bid, &self.rules.registry);
        // Flaw e25: the proposer does not confirm.
        if !self.rules.flaws.e25 {
            self.on_confirm(self.me, bid, seal, port);
        }
    }

    /// A voter has confirmed.
    pub(super) fn on_confirm(&mut self, from: NodeId, bid: ProposalId, seal: Seal, port: &mut impl Port<Self>) {
        let sound = seal.voter == from && self.rules.voters.has(from) && seal.fits(bid, &self.rules.registry);
        if !sound {
            return port.note(ConsensusFact::Rejected { from });
        }
        let quorum = self.quorum(port.monotonic());
        let Some(proposer) = self.role.proposer() else { return };
        if let Some(decided) = proposer.on_confirm(bid, seal, quorum, &self.rules) {
            self.commit(decided, port);
        }
    }

    /// Flaw e24: counts an answer of any kind as a confirmation of everything under way.
    pub(super) fn count_unread(&mut self, from: NodeId, port: &mut impl Port<Self>) {
        let Some(proposer) = self.role.proposer() else { return };
        for slot in proposer.open_slots() {
            let quorum = self.quorum(port.monotonic());
            let Some(proposer) = self.role.proposer() else { return };
            if let Some(decided) = proposer.confirm_unread(slot, from, quorum) {
                self.commit(decided, port);
            }
        }
    }

    /// A quorum has confirmed: sends the decision to all nodes, and continues.
    fn commit(&mut self, decided: Decided, port: &mut impl Port<Self>) {
        let decided = Arc::new(decided);
        self.rules.persist_own(ConsensusEntry::Decided { decided: Arc::clone(&decided) }, port);
        port.note(ConsensusFact::Committed { bid: decided.bid() });
        for node in port.peers() {
            let decided = Arc::clone(&decided);
            port.send(node, ConsensusMessage::Commit { decided });
        }
        self.log.decide(&decided);
        port.tell(ConsensusOutcome::Certified { decided });
        self.apply(port);
        self.fill(port);
    }

    /// Sends a heartbeat. A late heartbeat is sent before the effects that waited for the disk.
    pub(super) fn beat(&mut self, is_late: bool, port: &mut impl Port<Self>) {
        let (decided, trip) = (self.log.first_open().before(), self.pace.trip());
        let (quorum, patience) = (self.rules.voters.quorum(), self.pace.election(&self.rules.settings).times(2));
        let Some(proposer) = self.role.proposer() else { return };
        // Flaw k20: a proposer that no quorum answers goes on, and its heartbeats keep all others from standing.
        if proposer.backing.is_lost(quorum, port.monotonic(), patience) && !self.rules.flaws.k20 {
            return self.step_down(port);
        }
        let (number, decided) = proposer.beat(decided, is_late);
        let (round, asked) = (proposer.round(), port.monotonic());
        port.set_timer(ConsensusTimer::Beat, self.rules.settings.heartbeat);
        for node in port.peers() {
            port.send(node, ConsensusMessage::Heartbeat { round, decided, number, asked, trip });
        }
    }

    /// Sets the timer after which voters without an answer are asked again.
    fn expect_answers(&mut self, port: &mut impl Port<Self>) {
        if self.role.proposer().is_some_and(|proposer| proposer.begin_asking()) {
            port.set_timer(ConsensusTimer::Ask, self.pace.repeat(&self.rules.settings));
        }
    }

    /// The time for answers has expired: asks again, and replaces values that get no quorum of votes.
    pub(super) fn ask_voters_again(&mut self, port: &mut impl Port<Self>) {
        let voters: Vec<_> = self.other_voters().collect();
        let Some(proposer) = self.role.proposer() else { return };
        let overdue = proposer.overdue(&voters, &self.rules);
        overdue.repeated.into_iter().for_each(|(voter, message)| port.send(voter, message));
        overdue.stuck.into_iter().for_each(|slot| self.replace(slot, port));
        self.expect_answers(port);
    }

    /// A client of `home` reads: once a quorum has acknowledged a heartbeat sent after this, the read may be answered
    /// when all slots that may be decided now are applied.
    pub(super) fn on_read_ask(&mut self, home: NodeId, id: RequestId, port: &mut impl Port<Self>) {
        // Not only those without a gap before them: where a recovered slot is open here, another node may know it decided, and
        // has told a client of a later one.
        let (decided, quorum) = (self.log.last_decided(), self.quorum(port.monotonic()));
        let Some(proposer) = self.role.proposer() else { return };
        if proposer.read(id, home, self.me, decided, &self.rules) && Reads::needed(quorum, &self.rules) == 1 {
            self.release_reads(port);
        }
    }

    /// A voter has promised no round above that of a heartbeat.
    pub(super) fn on_heartbeat_ack(&mut self, from: NodeId, round: Round, number: u32, port: &mut impl Port<Self>) {
        let is_voter = self.rules.voters.has(from);
        let Some(proposer) = self.role.proposer() else { return };
        if is_voter && proposer.round() == round {
            proposer.backing.acknowledged(from, port.monotonic());
            proposer.reads.on_heartbeat_ack(from, number);
            self.release_reads(port);
        }
    }

    fn release_reads(&mut self, port: &mut impl Port<Self>) {
        let needed = Reads::needed(self.quorum(port.monotonic()), &self.rules);
        let Some(proposer) = self.role.proposer() else { return };
        for WaitingRead { id, home, slot, .. } in proposer.reads.take_ready(needed) {
            if home == self.me {
                self.on_read_at(id, slot, port);
            } else {
                port.send(home, ConsensusMessage::ReadAt { id, slot });
            }
        }
    }
}
