//! Decisions, heartbeats, and catching up: the driver's part for the learner.

use std::sync::Arc;

use super::{Consensus, ConsensusOutcome};
use crate::identity::NodeId;
use crate::observation::{Round, Slot};
use crate::protocols::Port;
use crate::protocols::consensus::CHUNK;
use crate::protocols::consensus::certificate::Decided;
use crate::protocols::consensus::learner::{Applied, Learner, Learnt};
use crate::protocols::consensus::messages::{ConsensusFact, ConsensusMessage, ConsensusTimer};
use crate::protocols::consensus::replica::{Effects, Snapshot};
use crate::protocols::consensus::request::RequestId;
use crate::protocols::consensus::voter::Refused;
use crate::time::LocalTime;

impl Consensus {
    /// Accepts a decision from any node, because its certificate proves it, and applies the slots that are decided now.
    pub(super) fn learn(&mut self, from: NodeId, decided: &Arc<Decided>, port: &mut impl Port<Self>) {
        match Learner::judge(decided, &self.log, &self.rules) {
            Learnt::Known => return,
            Learnt::Unproven => return port.note(ConsensusFact::Rejected { from }),
            Learnt::News => {}
        }
        self.take(decided, port);
        port.tell(ConsensusOutcome::Certified { decided: Arc::clone(decided) });
    }

    /// Accepts a decision that another protocol brings, if its certificate proves it; returns whether it is news.
    pub fn on_certified(&mut self, from: NodeId, decided: &Arc<Decided>, port: &mut impl Port<Self>) -> bool {
        self.compact(port);
        let learnt = match Learner::judge(decided, &self.log, &self.rules) {
            // Flaw e12: it is believed.
            Learnt::Unproven if self.rules.flaws.e12 => Learnt::News,
            learnt @ (Learnt::Known | Learnt::Unproven | Learnt::News) => learnt,
        };
        self.gathering(port, |consensus, port| match learnt {
            Learnt::Known => {}
            Learnt::Unproven => port.note(ConsensusFact::Rejected { from }),
            Learnt::News => {
                port.note(ConsensusFact::Blessed { bid: decided.bid() });
                consensus.take(decided, port);
            }
        });
        learnt == Learnt::News
    }

    /// Takes a decision.
    fn take(&mut self, decided: &Arc<Decided>, port: &mut impl Port<Self>) {
        self.rules.persist_learnt(decided, port);
        port.note(ConsensusFact::Committed { bid: decided.bid() });
        self.log.decide(decided);
        if let Some(proposer) = self.role.proposer() {
            proposer.close(decided);
        }
        self.apply(port);
        self.fill(port);
    }

    /// Applies all decided slots, in order, and tells the clients of this node the outcomes.
    pub(super) fn apply(&mut self, port: &mut impl Port<Self>) {
        while let Some(applied) = self.learner.apply_next(&self.log, &self.rules) {
            let Applied { slot, value, root, effects } = applied;
            let Effects { done, refused, fenced, answers, decreed } = effects;
            let decrees = done.iter().copied().filter_map(RequestId::decree).collect();
            let done = done.into_iter().filter_map(RequestId::op).collect();
            let refused = refused.into_iter().filter_map(|(id, reason)| Some((id.op()?, reason))).collect();
            port.note(ConsensusFact::Applied { slot, value: value.id(), root, done, refused, decrees });
            for (id, key, access, token) in fenced {
                if let Some(op) = id.op() {
                    port.note(ConsensusFact::Fenced { op, key, access, token });
                }
            }
            if let Some(proposer) = self.role.proposer() {
                proposer.release(&value);
            }
            if !decreed.is_empty() {
                port.tell(ConsensusOutcome::Decreed { slot, writes: decreed });
            }
            self.tell(answers, port);
        }
        self.answer_reads(port);
    }

    /// Tells all entries under the system's own keys.
    pub(super) fn tell_installed(&self, port: &mut impl Port<Self>) {
        let (slot, entries) = (self.learner.replica.applied, self.learner.replica.decreed());
        port.tell(ConsensusOutcome::Installed { slot, entries });
    }

    /// The proposer is alive, and knows that every slot up to `decided` is decided.
    pub(super) fn on_heartbeat(
        &mut self,
        from: NodeId,
        round: Round,
        decided: Slot,
        (number, asked): (u32, LocalTime),
        port: &mut impl Port<Self>,
    ) {
        match self.admit(from, round, port) {
            Ok(()) => port.send(from, ConsensusMessage::HeartbeatAck { round, number, asked }),
            Err(Refused::NoVoter) => {}
            Err(Refused::Forged | Refused::Promised(_)) => return,
        }
        self.step_down_below(round, port);
        self.hear_of_proposer(round, port);
        if decided < self.log.first_open() {
            self.fetched(port);
        } else if !self.learner.fetching.waits() {
            self.fetch(from, port);
        }
    }

    /// Asks for the decisions that this node lacks, and sends no other request before an answer or the timeout. After two
    /// requests without an answer it asks the other voters in turn: what `from` sends may arrive while nothing reaches it.
    fn fetch(&mut self, from: NodeId, port: &mut impl Port<Self>) {
        let failures = self.learner.fetching.begin();
        // Flaw k21: only the proposer is asked.
        let further = if self.rules.flaws.k21 { 0 } else { failures.saturating_sub(1) };
        let keeper = self.voter_after(from, further);
        port.send(keeper, ConsensusMessage::Fetch { from: self.log.first_open() });
        port.set_timer(ConsensusTimer::Fetch, self.pace.fetch(failures, &self.rules.settings));
    }

    /// The voter that comes so many places after this one, cyclically, without this node itself.
    pub(super) fn voter_after(&self, voter: NodeId, places: u32) -> NodeId {
        let others: Vec<NodeId> = self.other_voters().collect();
        let before = others.iter().filter(|other| **other < voter).count();
        others.get((before + places as usize) % others.len().max(1)).copied().unwrap_or(voter)
    }

    /// An answer has come, or no decision is missing any more.
    fn fetched(&mut self, port: &mut impl Port<Self>) {
        if self.learner.fetching.end() {
            port.cancel_timer(ConsensusTimer::Fetch);
        }
    }

    /// A peer lacks decisions.
    pub(super) fn on_fetch(&self, from: NodeId, first: Slot, port: &mut impl Port<Self>) {
        if first <= self.log.compacted {
            return self.send_state(from, port);
        }
        let decided: Vec<_> = self.log.decisions(first).take(CHUNK).collect();
        if !decided.is_empty() {
            port.send(from, ConsensusMessage::Slots { decided: Arc::new(decided) });
        }
    }

    pub(super) fn send_state(&self, to: NodeId, port: &mut impl Port<Self>) {
        let snapshot = Arc::new(self.learner.replica.snapshot());
        port.send(to, ConsensusMessage::State { snapshot });
    }

    /// Decisions have arrived that this node asked for. If the first that it lacks is not among them, the node that sent them
    /// lacks it too, and this is no answer: another one is asked.
    pub(super) fn on_slots(&mut self, from: NodeId, decided: &[Arc<Decided>], port: &mut impl Port<Self>) {
        let before = self.log.first_open();
        for one in decided {
            self.learn(from, one, port);
        }
        if self.log.first_open() > before {
            self.fetched(port);
            if decided.len() == CHUNK {
                self.fetch(from, port);
            }
        }
        self.conclude_election(port);
    }

    /// A state has arrived. If effects are gathered it waits, because the trace must report those first.
    pub(super) fn on_state(&mut self, snapshot: Arc<Snapshot>, port: &mut impl Port<Self>) {
        if self.is_rewritable() {
            if self.learner.install(&snapshot, &mut self.log, &self.rules) {
                port.rewrite(self.retained());
                self.gathering(port, |consensus, port| consensus.go_on_installed(port));
            }
        } else if self.arrived.as_ref().is_none_or(|arrived| arrived.slot < snapshot.slot) {
            self.arrived = Some(snapshot);
        }
    }

    /// Syncs the installed state, and continues from there.
    fn go_on_installed(&mut self, port: &mut impl Port<Self>) {
        self.rules.persist_installed(port);
        let (slot, root) = (self.learner.replica.applied, self.learner.replica.root());
        port.note(ConsensusFact::Installed { slot, root });
        self.tell_installed(port);
        self.tell_known(port);
        self.fetched(port);
        self.apply(port);
        let (first, replica) = (self.log.first_open(), &self.learner.replica);
        if let Some(proposer) = self.role.proposer() {
            proposer.close_below(first, |request| replica.answer(request).is_some());
        }
        self.fill(port);
        self.conclude_election(port);
    }
}
