//! The proposer: what it asks, slot by slot, and how it takes up what was left before.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::candidate::Candidate;
use super::certificate::{Decided, Seal};
use super::machine::{Consensus, Role};
use super::messages::{ConsensusEntry, ConsensusFact, ConsensusMessage, ConsensusTimer};
use super::quorum::Tally;
use super::request::Request;
use super::value::{Proposal, Value};
use crate::codex::Refusal;
use crate::identity::{NodeId, OpId};
use crate::observation::{Ballot, Bid, Round, Slot};
use crate::protocols::{Port, Signature};

/// What a proposer has under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Proposer {
    pub(super) round: Round,
    /// The first slot that it has not used.
    next: Slot,
    /// Operations that wait for a slot.
    queue: VecDeque<Arc<Request>>,
    /// The operations in the queue and in the slots under way.
    taken: BTreeSet<OpId>,
    open: BTreeMap<Slot, Attempt>,
    /// Whether the timer runs after which voters are asked again.
    asking: bool,
    /// How many heartbeats it has sent.
    beats: u32,
    /// Up to where the last heartbeat that was not late showed every slot to be decided.
    shown: Slot,
    /// No read is answered below this slot: the highest that was seen in recovery.
    pub(super) floor: Slot,
    /// Reads that wait for a quorum to be loyal after them.
    pub(super) reads: Vec<ReadWaiting>,
}

/// A read that waits until a quorum has assured the proposer of its loyalty.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ReadWaiting {
    pub(super) op: OpId,
    /// Whose client reads.
    pub(super) home: NodeId,
    /// Which heartbeat has to be answered.
    pub(super) number: u32,
    /// Up to which slot the log must be applied.
    pub(super) slot: Slot,
    pub(super) loyal: Tally,
}

/// A slot under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Attempt {
    ballot: Ballot,
    value: Value,
    phase: Phase,
    /// Whether the time for answers has run out once since the phase began: if it does again, voters are asked again.
    ripe: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Voting { yes: Tally, no: Tally, against: BTreeMap<OpId, Refusal> },
    Confirming { seals: Vec<Seal> },
}

impl Proposer {
    fn bid(&self, slot: Slot) -> Option<Bid> {
        let Attempt { ballot, value, .. } = self.open.get(&slot)?;
        Some(Bid { slot, ballot: *ballot, value: value.id() })
    }
}

impl Consensus {
    pub(super) const fn proposer(&mut self) -> Option<&mut Proposer> {
        if let Role::Proposer(proposer) = &mut self.role { Some(proposer) } else { None }
    }

    /// A quorum has promised: takes up what may have been decided, and fills what was not.
    pub(super) fn take_over(&mut self, candidate: &Candidate, port: &mut impl Port<Self>) {
        let round = candidate.round;
        let first = self.log.first_open();
        let highest = self.log.highest().max(candidate.highest());
        let open = |slot: &Slot| !self.log.is_decided(*slot);
        let slots: Vec<_> = (first.0..=highest.0).map(Slot).filter(open).collect();
        let recovered = slots.iter().filter(|slot| candidate.confirmed(**slot).is_some()).count() as u32;
        let filled = slots.len() as u32 - recovered;
        port.note(ConsensusFact::Elected { round, recovered, filled });
        self.role = Role::Proposer(Proposer {
            round,
            next: highest.next(),
            queue: VecDeque::new(),
            taken: BTreeSet::new(),
            open: BTreeMap::new(),
            asking: false,
            beats: 0,
            shown: Slot::default(),
            floor: highest,
            reads: Vec::new(),
        });
        self.failures = 0;
        self.followed = self.followed.max(Some(round));
        port.cancel_timer(ConsensusTimer::Election);
        self.beat(false, port);
        let ballot = Ballot { round, attempt: 1 };
        for slot in slots {
            match candidate.confirmed(slot) {
                Some(value) => self.take_up(slot, ballot, value.clone(), port),
                None => self.propose(slot, ballot, Value::noop(), port),
            }
        }
        self.ask_again(port);
    }

    /// Asks to confirm what may have been decided for a slot before; nobody votes on it.
    fn take_up(&mut self, slot: Slot, ballot: Ballot, value: Value, port: &mut impl Port<Self>) {
        let bid = Bid { slot, ballot, value: value.id() };
        port.note(ConsensusFact::Proposed { bid, ops: value.ops().collect() });
        let phase = Phase::Confirming { seals: Vec::new() };
        let Some(proposer) = self.proposer() else { return };
        proposer.taken.extend(value.ops());
        proposer.open.insert(slot, Attempt { ballot, value, phase, ripe: false });
        self.expect_answers(port);
        self.pre_commit(slot, port);
    }

    /// Takes in an operation, unless it is under way already or has come to something.
    pub(super) fn enqueue(&mut self, request: Arc<Request>, port: &mut impl Port<Self>) {
        if self.replica.answer(&request).is_some() {
            return;
        }
        let Some(proposer) = self.proposer() else { return };
        if proposer.taken.insert(request.op) {
            proposer.queue.push_back(request);
            self.fill(port);
        }
    }

    /// Proposes what waits, as far as the window allows. Due whenever a slot is under way no more, or something waits anew.
    pub(super) fn fill(&mut self, port: &mut impl Port<Self>) {
        let (window, batch) = (self.rules.settings.window.max(1) as usize, self.rules.settings.batch.max(1) as usize);
        loop {
            let first = self.log.first_open();
            let Some(proposer) = self.proposer() else { return };
            if proposer.queue.is_empty() || proposer.open.len() >= window {
                return;
            }
            let taken = proposer.queue.len().min(batch);
            proposer.next = proposer.next.max(first);
            let requests = proposer.queue.drain(..taken).map(|request| (*request).clone()).collect();
            let (slot, ballot) = (proposer.next, Ballot { round: proposer.round, attempt: 1 });
            proposer.next = slot.next();
            self.propose(slot, ballot, Value::new(Proposal::Requests(requests)), port);
        }
    }

    /// Asks for votes on a value.
    fn propose(&mut self, slot: Slot, ballot: Ballot, value: Value, port: &mut impl Port<Self>) {
        let bid = Bid { slot, ballot, value: value.id() };
        port.note(ConsensusFact::Proposed { bid, ops: value.ops().collect() });
        let phase = Phase::Voting { yes: Tally::default(), no: Tally::default(), against: BTreeMap::new() };
        let attempt = Attempt { ballot, value: value.clone(), phase, ripe: false };
        let Some(proposer) = self.proposer() else { return };
        proposer.open.insert(slot, attempt);
        self.expect_answers(port);
        for voter in self.other_voters() {
            let (value, signature) = (value.clone(), Signature::default());
            port.send(voter, ConsensusMessage::Propose { slot, ballot, value, signature });
        }
        let against = self.objections(slot, &value);
        self.vote(bid, value, against.is_empty(), port);
        // Flaw e25: the proposer is not among those who vote.
        if !self.rules.flaws.e25 {
            self.on_vote(self.me, bid, &against, port);
        }
    }

    /// A voter advises.
    pub(super) fn on_vote(&mut self, from: NodeId, bid: Bid, against: &[(OpId, Refusal)], port: &mut impl Port<Self>) {
        let (voters, quorum) = (self.rules.voters, self.quorum(port.monotonic()));
        if !voters.has(from) {
            return port.note(ConsensusFact::Rejected { from });
        }
        let Some(proposer) = self.proposer() else { return };
        if proposer.bid(bid.slot) != Some(bid) {
            return;
        }
        let Some(Attempt { phase, ripe, .. }) = proposer.open.get_mut(&bid.slot) else { return };
        let Phase::Voting { yes, no, against: reasons } = phase else { return };
        if against.is_empty() {
            yes.add(from);
        } else {
            no.add(from);
            reasons.extend(against.iter().cloned());
        }
        if yes.count() >= quorum {
            *phase = Phase::Confirming { seals: Vec::new() };
            *ripe = false;
            self.pre_commit(bid.slot, port);
        } else if voters.0 - no.count() < quorum {
            self.replace(bid.slot, port);
        }
    }

    /// No quorum of votes will form for a slot's value: a no-op takes its place, under the next try.
    fn replace(&mut self, slot: Slot, port: &mut impl Port<Self>) {
        // Flaw e04: the no-op is never proposed.
        if self.rules.flaws.e04 {
            return;
        }
        let Some(proposer) = self.proposer() else { return };
        let (Some(bid), Some(attempt)) = (proposer.bid(slot), proposer.open.remove(&slot)) else { return };
        let against = match attempt.phase {
            Phase::Voting { against, .. } => against,
            // With flaw k14 alone.
            Phase::Confirming { .. } => BTreeMap::new(),
        };
        let (mut refused, mut waiting) = (Vec::new(), Vec::new());
        for request in attempt.value.requests() {
            match against.get(&request.op) {
                Some(reason) => refused.push((request.clone(), reason.clone())),
                None => waiting.push(Arc::new(request.clone())),
            }
        }
        waiting.into_iter().rev().for_each(|request| proposer.queue.push_front(request));
        port.note(ConsensusFact::Replaced { bid });
        let value = if refused.is_empty() { Value::noop() } else { Value::new(Proposal::Refused(refused)) };
        let ballot = Ballot { attempt: attempt.ballot.attempt + 1, ..attempt.ballot };
        self.propose(slot, ballot, value, port);
    }

    /// Asks to confirm a slot's value.
    fn pre_commit(&mut self, slot: Slot, port: &mut impl Port<Self>) {
        let Some(proposer) = self.proposer() else { return };
        let (Some(bid), Some(attempt)) = (proposer.bid(slot), proposer.open.get(&slot)) else { return };
        let (ballot, value) = (attempt.ballot, attempt.value.clone());
        port.note(ConsensusFact::PreCommitted { bid });
        for voter in self.other_voters() {
            let (value, signature) = (value.clone(), Signature::default());
            port.send(voter, ConsensusMessage::PreCommit { slot, ballot, value, signature });
        }
        self.log.confirm(slot, ballot, value.clone());
        self.keep_own(ConsensusEntry::Confirmed { slot, ballot, value }, port);
        port.note(ConsensusFact::Confirmed { bid });
        let seal = Seal::new(self.me, bid, &self.rules.registry);
        // Flaw e25: the proposer is not among those who confirm.
        if !self.rules.flaws.e25 {
            self.on_confirm(self.me, bid, seal, port);
        }
    }

    /// A voter has confirmed.
    pub(super) fn on_confirm(&mut self, from: NodeId, bid: Bid, seal: Seal, port: &mut impl Port<Self>) {
        let sound = seal.voter == from && self.rules.voters.has(from) && seal.fits(bid, &self.rules.registry);
        if !sound {
            return port.note(ConsensusFact::Rejected { from });
        }
        let counted_twice = self.rules.flaws.k02;
        let Some(proposer) = self.proposer() else { return };
        if proposer.bid(bid.slot) != Some(bid) {
            return;
        }
        let Some(Attempt { phase: Phase::Confirming { seals }, .. }) = proposer.open.get_mut(&bid.slot) else { return };
        // Flaw k02: one that comes twice counts twice.
        if counted_twice || seals.iter().all(|known| known.voter != from) {
            seals.push(seal);
            self.decide_if_confirmed(bid.slot, port);
        }
    }

    /// Flaw e24: an answer of whatever kind stands for a confirmation of all that is under way.
    pub(super) fn count_unread(&mut self, from: NodeId, port: &mut impl Port<Self>) {
        let Some(proposer) = self.proposer() else { return };
        let slots: Vec<_> = proposer.open.keys().copied().collect();
        for slot in slots {
            let Some(proposer) = self.proposer() else { return };
            if let Some(Attempt { phase: Phase::Confirming { seals }, .. }) = proposer.open.get_mut(&slot)
                && seals.iter().all(|known| known.voter != from)
            {
                seals.push(Seal { voter: from, signature: Signature::default() });
                self.decide_if_confirmed(slot, port);
            }
        }
    }

    fn decide_if_confirmed(&mut self, slot: Slot, port: &mut impl Port<Self>) {
        let quorum = self.quorum(port.monotonic());
        let Some(proposer) = self.proposer() else { return };
        let Some(Attempt { phase: Phase::Confirming { seals }, .. }) = proposer.open.get(&slot) else { return };
        if u32::try_from(seals.len()).expect("few voters") < quorum {
            return;
        }
        let Some(Attempt { ballot, value, phase: Phase::Confirming { seals }, .. }) = proposer.open.remove(&slot)
        else {
            return;
        };
        let decided = Arc::new(Decided { slot, ballot, value, seals });
        self.keep_own(ConsensusEntry::Decided { decided: Arc::clone(&decided) }, port);
        port.note(ConsensusFact::Committed { bid: decided.bid() });
        for node in port.peers() {
            let (decided, signature) = (Arc::clone(&decided), Signature::default());
            port.send(node, ConsensusMessage::Commit { decided, signature });
        }
        self.log.decide(&decided);
        self.apply(port);
        self.fill(port);
    }

    /// A slot was decided, by whomever: it is not under way any more.
    pub(super) fn close(&mut self, decided: &Decided) {
        let Some(proposer) = self.proposer() else { return };
        if let Some(attempt) = proposer.open.remove(&decided.slot)
            && attempt.value != decided.value
        {
            let again = attempt.value.requests().rev();
            again.for_each(|request| proposer.queue.push_front(Arc::new(request.clone())));
        }
    }

    /// A state was installed: slots for which it stands are not under way any more, and what was asked there and has come
    /// to nothing waits for another.
    pub(super) fn close_installed(&mut self) {
        let first = self.log.first_open();
        let Role::Proposer(proposer) = &mut self.role else { return };
        let later = proposer.open.split_off(&first);
        let closed = std::mem::replace(&mut proposer.open, later);
        let values = closed.values().rev().map(|attempt| &attempt.value);
        for request in values.flat_map(|value| value.requests().rev()) {
            proposer.queue.push_front(Arc::new(request.clone()));
        }
        proposer.queue.retain(|request| self.replica.answer(request).is_none());
        let open = proposer.open.values().flat_map(|attempt| attempt.value.ops());
        proposer.taken = proposer.queue.iter().map(|request| request.op).chain(open).collect();
    }

    /// Operations have come to something: they may be asked again.
    pub(super) fn untake(&mut self, value: &Value) {
        if let Some(proposer) = self.proposer() {
            value.ops().for_each(|op| _ = proposer.taken.remove(&op));
        }
    }

    /// Shows that the proposer lives. A late heartbeat goes before what waited for the disk, of which it must not tell yet.
    pub(super) fn beat(&mut self, late: bool, port: &mut impl Port<Self>) {
        let (heartbeat, decided) = (self.rules.settings.heartbeat, self.log.first_open().before());
        let trip = self.pace.trip();
        let Some(proposer) = self.proposer() else { return };
        proposer.beats += 1;
        if !late {
            proposer.shown = decided;
        }
        let (round, number, decided, asked) = (proposer.round, proposer.beats, proposer.shown, port.monotonic());
        port.set_timer(ConsensusTimer::Beat, heartbeat);
        for node in port.peers() {
            let signature = Signature::default();
            port.send(node, ConsensusMessage::Heartbeat { round, decided, number, asked, trip, signature });
        }
    }

    /// Sees to it that voters are asked again that do not answer.
    fn expect_answers(&mut self, port: &mut impl Port<Self>) {
        let patience = self.pace.repeat(&self.rules.settings);
        let Some(proposer) = self.proposer() else { return };
        if !proposer.asking && !proposer.open.is_empty() {
            proposer.asking = true;
            port.set_timer(ConsensusTimer::Ask, patience);
        }
    }

    /// The time for answers has run out: repeats what voters have not answered since it ran out before. Where one has
    /// advised against a value, and no quorum for it has come together by then, a no-op takes its place: the value may wait
    /// for voters that are gone for good, and the no-op needs fewer. Where nobody has, it would be no better off.
    pub(super) fn ask_voters_again(&mut self, port: &mut impl Port<Self>) {
        let voters: Vec<_> = self.other_voters().collect();
        let confirming_too = self.rules.flaws.k14;
        let Some(proposer) = self.proposer() else { return };
        proposer.asking = false;
        let mut stuck = Vec::new();
        for (slot, attempt) in &mut proposer.open {
            if !std::mem::replace(&mut attempt.ripe, true) {
                continue;
            }
            let (slot, ballot) = (*slot, attempt.ballot);
            for voter in &voters {
                let (value, signature) = (attempt.value.clone(), Signature::default());
                match &attempt.phase {
                    Phase::Voting { yes, no, .. } if !yes.has(*voter) && !no.has(*voter) => {
                        port.send(*voter, ConsensusMessage::Propose { slot, ballot, value, signature });
                    }
                    Phase::Confirming { seals } if seals.iter().all(|seal| seal.voter != *voter) => {
                        port.send(*voter, ConsensusMessage::PreCommit { slot, ballot, value, signature });
                    }
                    Phase::Voting { .. } | Phase::Confirming { .. } => {}
                }
            }
            let replaceable = match &attempt.phase {
                Phase::Voting { no, .. } => no.count() > 0,
                // Flaw k14: what voters were asked to confirm is replaced, too.
                Phase::Confirming { .. } => confirming_too,
            };
            if replaceable {
                stuck.push(slot);
            }
        }
        stuck.into_iter().for_each(|slot| self.replace(slot, port));
        self.expect_answers(port);
    }

    /// The number of the heartbeat that is sent next.
    pub(super) fn next_beat(&mut self) -> u32 {
        self.proposer().map_or(0, |proposer| proposer.beats + 1)
    }
}
