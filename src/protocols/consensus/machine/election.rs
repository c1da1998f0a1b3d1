//! Elections: the driver's part for the candidate, and for the voters that it asks.

use std::sync::Arc;

use super::{Consensus, Role};
use crate::identity::NodeId;
use crate::observation::{Ballot, Round, Slot};
use crate::protocols::Port;
use crate::protocols::consensus::candidate::{Candidate, ElectionState};
use crate::protocols::consensus::messages::{
    ConsensusEntry, ConsensusFact, ConsensusMessage, ConsensusTimer, Report, Reported,
};
use crate::protocols::consensus::proposer::Proposer;
use crate::protocols::consensus::value::Value;
use crate::protocols::consensus::voter::Refused;
use crate::time::{LocalTime, Span};

impl Consensus {
    /// Waits for a sign of a proposer; without one, this node stands for election.
    pub(super) fn await_proposer(&mut self, port: &mut impl Port<Self>) {
        let election = self.pace.election(&self.rules.settings);
        let backoff = self.pace.backoff(self.failures, &self.rules.settings);
        let wait = port.jitter("election", election, election + election);
        let more = if backoff.is_zero() { backoff } else { port.jitter("backoff", Span::ZERO, backoff) };
        port.set_timer(ConsensusTimer::Election, wait + more);
    }

    /// Stands for election.
    pub(super) fn stand(&mut self, port: &mut impl Port<Self>) {
        if !self.voter.may_stand(port.boot(), &self.rules) || self.role.is_proposer() {
            return;
        }
        let round = self.voter.next_round(self.me);
        port.note(ConsensusFact::Candidate { round });
        self.rules.persist_candidacy(round, port);
        port.note(ConsensusFact::Promised { round });
        self.role = Role::Candidate(Candidate::new(round));
        self.failures = self.failures.saturating_add(1);
        self.promises.reset();
        self.await_proposer(port);
        let from = self.log.first_open();
        let asked = port.monotonic();
        for voter in self.other_voters() {
            port.send(voter, ConsensusMessage::Elect { round, from, asked });
        }
        let report = self.log.report(from);
        self.on_promise(self.me, round, &report, port);
    }

    /// Whether this node may follow a round in which `from` speaks; sends a refusal if it has promised a higher one.
    pub(super) fn admit(&mut self, from: NodeId, round: Round, port: &mut impl Port<Self>) -> Result<(), Refused> {
        let admitted = self.voter.admit(from, round, &self.rules);
        match admitted {
            Ok(()) | Err(Refused::NoVoter) => {}
            Err(Refused::Forged) => port.note(ConsensusFact::Rejected { from }),
            Err(Refused::Promised(promised)) => port.send(from, ConsensusMessage::Refuse { promised }),
        }
        admitted
    }

    /// A candidate asks for this node's promise.
    pub(super) fn on_elect(
        &mut self,
        from: NodeId,
        round: Round,
        first: Slot,
        asked: LocalTime,
        port: &mut impl Port<Self>,
    ) {
        if self.admit(from, round, port).is_err() {
            return;
        }
        if self.voter.follow(round) {
            self.step_down_below(round, port);
            self.rules.persist(ConsensusEntry::Promised { round }, port);
            port.note(ConsensusFact::Promised { round });
        }
        // Flaw k22: each promise restarts the wait, so that a candidate which never wins keeps this voter from standing.
        if self.promises.give() || self.rules.flaws.k22 {
            self.await_proposer(port);
        }
        let report = Arc::new(self.log.report(first));
        port.send(from, ConsensusMessage::Promise { round, report, asked });
    }

    /// A voter has promised a round.
    pub(super) fn on_promise(&mut self, from: NodeId, round: Round, report: &Report, port: &mut impl Port<Self>) {
        if !self.rules.voters.has(from) {
            return port.note(ConsensusFact::Rejected { from });
        }
        for (_, reported) in &report.slots {
            if let Reported::Decided(decided) = reported {
                self.learn(from, decided, port);
            }
        }
        let Role::Candidate(candidate) = &mut self.role else { return };
        if candidate.on_promise(from, round, report, &self.rules) {
            self.conclude_election(port);
        }
    }

    /// Takes over if a quorum has promised, unless slots that may be decided are available only as a state.
    pub(super) fn conclude_election(&mut self, port: &mut impl Port<Self>) {
        let (quorum, first) = (self.quorum(port.monotonic()), self.log.first_open());
        let Role::Candidate(candidate) = &self.role else { return };
        match candidate.state(quorum, first, &self.rules) {
            ElectionState::Open => {}
            ElectionState::FetchFirst(keeper) => port.send(keeper, ConsensusMessage::Fetch { from: first }),
            ElectionState::Elected => self.take_over(port),
        }
    }

    /// A quorum has promised: recovers the slots that may have been decided, and fills the others.
    fn take_over(&mut self, port: &mut impl Port<Self>) {
        let Role::Candidate(candidate) = &self.role else { return };
        let (round, recovery) = (candidate.round(), candidate.recovery(&self.log));
        let recovered = recovery.slots.iter().filter(|(_, value)| value.is_some()).count() as u32;
        let filled = recovery.slots.len() as u32 - recovered;
        port.note(ConsensusFact::Elected { round, recovered, filled });
        let mut proposer = Proposer::new(round, recovery.highest, port.monotonic());
        // What is decided is not recovered, and may be a barrier that is not applied yet.
        let decided = self.log.decisions(self.learner.replica.applied.next());
        decided.filter(|decided| decided.value.is_barrier()).for_each(|decided| proposer.hold(decided.slot));
        self.role = Role::Proposer(proposer);
        self.failures = 0;
        self.followed = self.followed.max(Some(round));
        port.cancel_timer(ConsensusTimer::Election);
        self.beat(false, port);
        let ballot = Ballot { round, attempt: 1 };
        for (slot, value) in recovery.slots {
            match value {
                Some(value) => self.recover(slot, ballot, value, port),
                None => self.propose(slot, ballot, Value::noop(), port),
            }
        }
        self.ask_again(port);
    }

    /// A voter has promised a higher round.
    pub(super) fn on_refuse(&mut self, from: NodeId, promised: Round, port: &mut impl Port<Self>) {
        // Flaw e24: any answer counts as a confirmation.
        if self.rules.flaws.e24 && self.role.is_proposer() {
            return self.count_unread(from, port);
        }
        self.voter.hear_of(promised);
        if self.role.round().is_some_and(|round| round < promised) {
            self.step_down(port);
        }
    }

    /// There is a sign of the proposer of a round.
    pub(super) fn hear_of_proposer(&mut self, round: Round, port: &mut impl Port<Self>) {
        let is_news = self.followed < Some(round);
        self.followed = self.followed.max(Some(round));
        self.promises.reset();
        if self.role.round() != Some(round) && self.voter.may_stand(port.boot(), &self.rules) {
            self.failures = 0;
            self.await_proposer(port);
        }
        if is_news {
            self.ask_again(port);
        }
    }

    /// The node follows a higher round: it neither stands nor proposes in a lower one.
    pub(super) fn step_down_below(&mut self, round: Round, port: &mut impl Port<Self>) {
        let is_lower = self.role.round().is_some_and(|own| own < round);
        // Flaw e02: rounds are not compared.
        if is_lower && !self.rules.flaws.e02 {
            self.step_down(port);
        }
    }

    /// Stops standing or proposing.
    pub(super) fn step_down(&mut self, port: &mut impl Port<Self>) {
        let Some(round) = self.role.round() else { return };
        port.note(ConsensusFact::SteppedDown { round });
        self.role = Role::Follower;
        port.cancel_timer(ConsensusTimer::Beat);
        port.cancel_timer(ConsensusTimer::Ask);
        self.await_proposer(port);
    }
}
