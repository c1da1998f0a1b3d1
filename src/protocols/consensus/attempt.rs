//! A slot under way: its value, and which voters have answered.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::certificate::{Decided, Seal};
use super::messages::ConsensusMessage;
use super::quorum::{VoteCount, Voters};
use super::request::{Request, RequestId};
use super::spec::Rules;
use super::value::{Proposal, Value};
use crate::codex::Refusal;
use crate::identity::NodeId;
use crate::observation::{Ballot, ProposalId, Slot};
use crate::protocols::Signature;

/// A slot under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Attempt {
    ballot: Ballot,
    value: Value,
    phase: Phase,
    /// Whether the time for answers has expired once since the phase began: when it expires again, voters are asked
    /// again.
    ripe: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Voting { yes: VoteCount, no: VoteCount, against: BTreeMap<RequestId, Refusal> },
    Confirming { seals: Vec<Seal> },
}

/// The next step after a vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AfterVote {
    /// More votes are needed, or the vote came too late.
    Nothing,
    /// A quorum votes for the value: voters are asked to confirm it.
    PreCommit,
    /// No quorum of votes can form any more: another value replaces this one.
    Replace,
}

/// The replacement of a value that gets no quorum of votes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Replacement {
    /// The replaced proposal.
    pub(super) replaced: ProposalId,
    /// The next try.
    pub(super) ballot: Ballot,
    /// A no-op, or the refusal of the operations that voters advised against.
    pub(super) value: Value,
}

impl Attempt {
    /// An attempt that asks for votes.
    pub(super) fn voting(ballot: Ballot, value: Value) -> Self {
        let phase = Phase::Voting { yes: VoteCount::default(), no: VoteCount::default(), against: BTreeMap::new() };
        Self { ballot, value, phase, ripe: false }
    }

    /// An attempt that asks for confirmations at once.
    pub(super) const fn confirming(ballot: Ballot, value: Value) -> Self {
        Self { ballot, value, phase: Phase::Confirming { seals: Vec::new() }, ripe: false }
    }

    pub(super) const fn ballot(&self) -> Ballot {
        self.ballot
    }

    pub(super) const fn value(&self) -> &Value {
        &self.value
    }

    pub(super) fn bid(&self, slot: Slot) -> ProposalId {
        ProposalId { slot, ballot: self.ballot, value: self.value.id() }
    }

    /// Counts a vote, with its reasons against operations of the value.
    pub(super) fn on_vote(
        &mut self,
        from: NodeId,
        against: &[(RequestId, Refusal)],
        voters: Voters,
        quorum: u32,
    ) -> AfterVote {
        let Phase::Voting { yes, no, against: reasons } = &mut self.phase else { return AfterVote::Nothing };
        if against.is_empty() {
            yes.add(from);
        } else {
            no.add(from);
            reasons.extend(against.iter().cloned());
        }
        if yes.count() >= quorum {
            self.phase = Phase::Confirming { seals: Vec::new() };
            self.ripe = false;
            AfterVote::PreCommit
        } else if voters.0 - no.count() < quorum {
            AfterVote::Replace
        } else {
            AfterVote::Nothing
        }
    }

    /// Adds the seal of a confirmation; returns whether it counts.
    pub(super) fn on_confirm(&mut self, seal: Seal, rules: &Rules) -> bool {
        let Phase::Confirming { seals } = &mut self.phase else { return false };
        // Flaw k02: a duplicate counts again.
        let counts = rules.flaws.k02 || seals.iter().all(|known| known.voter != seal.voter);
        if counts {
            seals.push(seal);
        }
        counts
    }

    /// With flaw e24: counts an answer of any kind as a confirmation. Returns whether it counts.
    pub(super) fn confirm_unread(&mut self, from: NodeId) -> bool {
        let Phase::Confirming { seals } = &mut self.phase else { return false };
        let counts = seals.iter().all(|known| known.voter != from);
        if counts {
            seals.push(Seal { voter: from, signature: Signature::default() });
        }
        counts
    }

    /// Whether at least `quorum` voters have confirmed its value.
    pub(super) fn is_confirmed(&self, quorum: u32) -> bool {
        match &self.phase {
            Phase::Voting { .. } => false,
            Phase::Confirming { seals } => u32::try_from(seals.len()).expect("few voters") >= quorum,
        }
    }

    /// The decision that its confirmations prove.
    pub(super) fn into_decided(self, slot: Slot) -> Decided {
        let seals = match self.phase {
            Phase::Voting { .. } => Vec::new(),
            Phase::Confirming { seals } => seals,
        };
        Decided { slot, ballot: self.ballot, value: self.value, seals }
    }

    /// The time for answers has expired; returns whether it had expired before in this phase.
    pub(super) const fn ripen(&mut self) -> bool {
        std::mem::replace(&mut self.ripe, true)
    }

    /// The message to send again to a voter, unless the voter has answered.
    pub(super) fn repeated(&self, slot: Slot, voter: NodeId) -> Option<ConsensusMessage> {
        let (ballot, value) = (self.ballot, self.value.clone());
        match &self.phase {
            Phase::Voting { yes, no, .. } => {
                (!yes.has(voter) && !no.has(voter)).then_some(ConsensusMessage::Propose { slot, ballot, value })
            }
            Phase::Confirming { seals } => seals
                .iter()
                .all(|seal| seal.voter != voter)
                .then_some(ConsensusMessage::PreCommit { slot, ballot, value }),
        }
    }

    /// Whether this value, which has waited for too long, may be replaced: only if a voter has advised against it. Then
    /// the value may wait for voters that are gone for good, and a no-op needs fewer of them. Without such advice a
    /// no-op would have to wait for the same voters.
    pub(super) fn is_replaceable(&self, rules: &Rules) -> bool {
        match &self.phase {
            Phase::Voting { no, .. } => no.count() > 0,
            // Flaw k14: a value that voters were asked to confirm is replaced too.
            Phase::Confirming { .. } => rules.flaws.k14,
        }
    }

    /// Its replacement under the next try, and the operations that wait for another slot.
    pub(super) fn into_replacement(self, slot: Slot) -> (Replacement, Vec<Arc<Request>>) {
        let replaced = self.bid(slot);
        let against = match self.phase {
            Phase::Voting { against, .. } => against,
            // With flaw k14 only.
            Phase::Confirming { .. } => BTreeMap::new(),
        };
        let (mut refused, mut waiting) = (Vec::new(), Vec::new());
        for request in self.value.requests() {
            match against.get(&request.id) {
                Some(reason) => refused.push((request.clone(), reason.clone())),
                None => waiting.push(Arc::new(request.clone())),
            }
        }
        let value = if refused.is_empty() { Value::noop() } else { Value::new(Proposal::Refused(refused)) };
        let ballot = Ballot { attempt: self.ballot.attempt + 1, ..self.ballot };
        (Replacement { replaced, ballot, value }, waiting)
    }
}
