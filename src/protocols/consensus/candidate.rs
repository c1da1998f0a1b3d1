//! Elections: to stand, to gather promises, and to find out what may have been decided before.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::machine::{Consensus, Role};
use super::messages::{ConsensusEntry, ConsensusFact, ConsensusMessage, ConsensusTimer, Report, Reported};
use super::quorum::Tally;
use super::value::Value;
use crate::identity::NodeId;
use crate::observation::{Ballot, Round, Slot};
use crate::protocols::{Port, Signature};
use crate::time::LocalTime;

/// What a candidate has gathered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Candidate {
    pub(super) round: Round,
    promises: Tally,
    /// Of each slot that somebody spoke of: what was confirmed under the highest ballot, if anything was.
    slots: BTreeMap<Slot, Option<(Ballot, Value)>>,
    /// Who keeps nothing of slots up to this one but the state that they came to, which has to be fetched first.
    behind: Option<(Slot, NodeId)>,
}

impl Candidate {
    /// Takes in what a voter reports. With flaw k09 the lowest ballot counts.
    fn take(&mut self, from: NodeId, report: &Report, lowest: bool) {
        if report.compacted > self.behind.map_or(Slot::default(), |(slot, _)| slot) {
            self.behind = Some((report.compacted, from));
        }
        for (slot, reported) in &report.slots {
            let known = self.slots.entry(*slot).or_default();
            if let Reported::Confirmed(ballot, value) = reported
                && known.as_ref().is_none_or(|(highest, _)| (ballot > highest) != lowest)
            {
                *known = Some((*ballot, value.clone()));
            }
        }
    }

    /// What was confirmed for a slot under the highest ballot.
    pub(super) fn confirmed(&self, slot: Slot) -> Option<&Value> {
        self.slots.get(&slot)?.as_ref().map(|(_, value)| value)
    }

    /// The highest slot of which anybody spoke.
    pub(super) fn highest(&self) -> Slot {
        self.slots.last_key_value().map(|(slot, _)| *slot).unwrap_or_default()
    }
}

impl Consensus {
    /// Stands for election.
    pub(super) fn stand(&mut self, port: &mut impl Port<Self>) {
        if !self.stands(port.boot()) || matches!(self.role, Role::Proposer(_)) {
            return;
        }
        let round = Round { number: self.seen.number.max(self.promised.number) + 1, node: self.me };
        port.note(ConsensusFact::Candidate { round });
        (self.promised, self.seen) = (round, round);
        self.keep_candidacy(round, port);
        port.note(ConsensusFact::Promised { round });
        let (promises, slots) = (Tally::default(), BTreeMap::new());
        self.role = Role::Candidate(Candidate { round, promises, slots, behind: None });
        self.failures = self.failures.saturating_add(1);
        self.await_proposer(port);
        let from = self.log.first_open();
        let asked = port.monotonic();
        for voter in self.other_voters() {
            port.send(voter, ConsensusMessage::Elect { round, from, asked, signature: Signature::default() });
        }
        let report = self.report(from);
        self.on_promise(self.me, round, &report, port);
    }

    /// What this node knows of the slots from `from` on.
    fn report(&self, from: Slot) -> Report {
        let mut slots = Vec::new();
        for (slot, cell) in self.log.from(from) {
            slots.push((
                slot,
                match (&cell.decided, &cell.confirmed, &cell.voted) {
                    (Some(decided), ..) => Reported::Decided(Arc::clone(decided)),
                    (None, Some((ballot, value)), _) => Reported::Confirmed(*ballot, value.clone()),
                    (None, None, Some((ballot, value))) => Reported::Voted(*ballot, value.clone()),
                    (None, None, None) => continue,
                },
            ));
        }
        Report { compacted: self.log.compacted, slots }
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
        if self.is_votable(from, round, port).is_err() {
            return;
        }
        if round > self.promised {
            self.follow(round, port);
            self.keep(ConsensusEntry::Promised { round }, port);
            port.note(ConsensusFact::Promised { round });
        }
        self.await_proposer(port);
        let (report, signature) = (Arc::new(self.report(first)), Signature::default());
        port.send(from, ConsensusMessage::Promise { round, report, asked, signature });
    }

    /// A voter has promised this node's round.
    pub(super) fn on_promise(&mut self, from: NodeId, round: Round, report: &Report, port: &mut impl Port<Self>) {
        if !self.rules.voters.has(from) {
            return port.note(ConsensusFact::Rejected { from });
        }
        for (_, reported) in &report.slots {
            if let Reported::Decided(decided) = reported {
                self.learn(from, decided, port);
            }
        }
        let (quorum, lowest) = (self.quorum(port.monotonic()), self.rules.flaws.k09);
        let Role::Candidate(candidate) = &mut self.role else { return };
        if candidate.round != round || !candidate.promises.add(from) {
            return;
        }
        candidate.take(from, report, lowest);
        // Flaw e02: nobody is asked.
        if candidate.promises.count() >= quorum || self.rules.flaws.e02 {
            self.conclude_election(port);
        }
    }

    /// A quorum has promised: takes over, unless slots that may be decided can only be had as a state.
    pub(super) fn conclude_election(&mut self, port: &mut impl Port<Self>) {
        let quorum = self.quorum(port.monotonic());
        let first = self.log.first_open();
        let Role::Candidate(candidate) = &self.role else { return };
        if candidate.promises.count() < quorum && !self.rules.flaws.e02 {
            return;
        }
        match candidate.behind {
            Some((slot, keeper)) if slot >= first => {
                port.send(keeper, ConsensusMessage::Fetch { from: first, signature: Signature::default() });
            }
            Some(_) | None => {
                let candidate = candidate.clone();
                self.take_over(&candidate, port);
            }
        }
    }

    /// A voter has promised a higher round.
    pub(super) fn on_refuse(&mut self, from: NodeId, promised: Round, port: &mut impl Port<Self>) {
        // Flaw e24: any answer is a confirmation.
        if self.rules.flaws.e24 && matches!(self.role, Role::Proposer(_)) {
            return self.count_unread(from, port);
        }
        self.seen = self.seen.max(promised);
        if self.round().is_some_and(|round| round < promised) {
            self.step_down(port);
        }
    }

    /// The round in which this node stands or proposes.
    pub(super) const fn round(&self) -> Option<Round> {
        match &self.role {
            Role::Follower => None,
            Role::Candidate(candidate) => Some(candidate.round),
            Role::Proposer(proposer) => Some(proposer.round),
        }
    }

    /// Stands or proposes no more.
    pub(super) fn step_down(&mut self, port: &mut impl Port<Self>) {
        let Some(round) = self.round() else { return };
        port.note(ConsensusFact::SteppedDown { round });
        self.role = Role::Follower;
        port.cancel_timer(ConsensusTimer::Beat);
        port.cancel_timer(ConsensusTimer::Ask);
        self.await_proposer(port);
    }
}
