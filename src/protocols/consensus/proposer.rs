//! The proposer: operations that wait for a slot, and slots under way.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::attempt::{AfterVote, Attempt, Replacement};
use super::backing::Backing;
use super::certificate::{Decided, Seal};
use super::messages::ConsensusMessage;
use super::quorum::Voters;
use super::reads::Reads;
use super::request::{Request, RequestId};
use super::spec::{ConsensusSettings, Rules};
use super::value::{Proposal, Value};
use crate::codex::Refusal;
use crate::identity::NodeId;
use crate::observation::{Ballot, ProposalId, Round, Slot};
use crate::time::LocalTime;

/// The state of a proposer in its round.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Proposer {
    round: Round,
    /// The first slot that it has not used.
    next: Slot,
    /// Operations that wait for a slot.
    queue: VecDeque<Arc<Request>>,
    /// The operations in the queue and in the slots under way.
    taken: BTreeSet<RequestId>,
    /// The highest slot that holds a barrier: nothing is proposed above it before it is applied.
    barrier: Option<Slot>,
    open: BTreeMap<Slot, Attempt>,
    /// Whether the timer is set after which voters are asked again.
    asking: bool,
    /// The number of heartbeats that it has sent.
    beats: u32,
    /// The last slot that a heartbeat, other than a late one, showed to be decided.
    shown: Slot,
    /// Reads that need no slot.
    pub(super) reads: Reads,
    /// Who has acknowledged it lately.
    pub(super) backing: Backing,
}

/// A value that is to be proposed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Planned {
    pub(super) slot: Slot,
    pub(super) ballot: Ballot,
    pub(super) value: Value,
}

/// The actions when the time for answers has expired.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Overdue {
    /// The messages that are sent again, in this order.
    pub(super) repeated: Vec<(NodeId, ConsensusMessage)>,
    /// The slots whose values are replaced after that.
    pub(super) stuck: Vec<Slot>,
}

impl Proposer {
    /// The proposer of a round that is elected now, where `highest` is the highest slot that recovery found.
    pub(super) const fn new(round: Round, highest: Slot, now: LocalTime) -> Self {
        Self {
            round,
            next: highest.next(),
            queue: VecDeque::new(),
            taken: BTreeSet::new(),
            barrier: None,
            open: BTreeMap::new(),
            asking: false,
            beats: 0,
            shown: Slot(0),
            reads: Reads::new(highest),
            backing: Backing::new(now),
        }
    }

    pub(super) const fn round(&self) -> Round {
        self.round
    }

    /// Adds an operation, unless it is under way already; returns whether it did.
    pub(super) fn enqueue(&mut self, request: Arc<Request>) -> bool {
        let is_new = self.taken.insert(request.id);
        if is_new {
            self.queue.push_back(request);
        }
        is_new
    }

    /// The next value to propose, if an operation waits and the window allows it; `first` is the first open slot, and
    /// `applied` the last applied one.
    pub(super) fn plan(&mut self, first: Slot, applied: Slot, settings: &ConsensusSettings) -> Option<Planned> {
        let (window, batch) = (settings.window.max(1) as usize, settings.batch.max(1) as usize);
        let is_held = self.barrier.is_some_and(|barrier| applied < barrier);
        if self.queue.is_empty() || self.open.len() >= window || is_held {
            return None;
        }
        // A barrier is the last entry of its batch.
        let barrier = self.queue.iter().position(|request| request.barrier);
        let taken = self.queue.len().min(batch).min(barrier.map_or(batch, |at| at + 1));
        let slot = self.next.max(first);
        self.next = slot.next();
        if barrier.is_some_and(|at| at < taken) {
            self.barrier = Some(slot);
        }
        let requests = self.queue.drain(..taken).map(|request| (*request).clone()).collect();
        let ballot = Ballot { round: self.round, attempt: 1 };
        Some(Planned { slot, ballot, value: Value::new(Proposal::Requests(requests)) })
    }

    /// A value is proposed: its slot is under way, and waits for votes.
    pub(super) fn propose(&mut self, slot: Slot, ballot: Ballot, value: Value) {
        self.open.insert(slot, Attempt::voting(ballot, value));
    }

    /// A value that may have been decided for a slot before is under way, and waits for confirmations, without votes.
    pub(super) fn recover(&mut self, slot: Slot, ballot: Ballot, value: Value) {
        self.taken.extend(value.ids());
        if value.is_barrier() {
            self.hold(slot);
        }
        self.open.insert(slot, Attempt::confirming(ballot, value));
    }

    /// A slot holds a barrier: nothing is proposed above it before it is applied.
    pub(super) fn hold(&mut self, slot: Slot) {
        self.barrier = self.barrier.max(Some(slot));
    }

    /// The attempt under way in a slot.
    pub(super) fn attempt(&self, slot: Slot) -> Option<&Attempt> {
        self.open.get(&slot)
    }

    /// The slots under way.
    pub(super) fn open_slots(&self) -> Vec<Slot> {
        self.open.keys().copied().collect()
    }

    /// The attempt under way for this proposal.
    fn asked(&mut self, bid: ProposalId) -> Option<&mut Attempt> {
        self.open.get_mut(&bid.slot).filter(|attempt| attempt.bid(bid.slot) == bid)
    }

    /// A voter has voted.
    pub(super) fn on_vote(
        &mut self,
        from: NodeId,
        bid: ProposalId,
        against: &[(RequestId, Refusal)],
        voters: Voters,
        quorum: u32,
    ) -> AfterVote {
        self.asked(bid).map_or(AfterVote::Nothing, |attempt| attempt.on_vote(from, against, voters, quorum))
    }

    /// A voter has confirmed; returns the decision, if this confirmation completes one.
    pub(super) fn on_confirm(&mut self, bid: ProposalId, seal: Seal, quorum: u32, rules: &Rules) -> Option<Decided> {
        let counts = self.asked(bid)?.on_confirm(seal, rules);
        if counts { self.decide_if_confirmed(bid.slot, quorum) } else { None }
    }

    /// With flaw e24: counts an answer of any kind as a confirmation of the attempt under way in a slot.
    pub(super) fn confirm_unread(&mut self, slot: Slot, from: NodeId, quorum: u32) -> Option<Decided> {
        let counts = self.open.get_mut(&slot)?.confirm_unread(from);
        if counts { self.decide_if_confirmed(slot, quorum) } else { None }
    }

    fn decide_if_confirmed(&mut self, slot: Slot, quorum: u32) -> Option<Decided> {
        if !self.open.get(&slot)?.is_confirmed(quorum) {
            return None;
        }
        self.open.remove(&slot).map(|attempt| attempt.into_decided(slot))
    }

    /// A slot's value can get no quorum of votes: returns its replacement. The operations that no voter advised against
    /// wait for another slot.
    pub(super) fn replace(&mut self, slot: Slot, rules: &Rules) -> Option<Replacement> {
        // Flaw e04: the no-op is never proposed.
        if rules.flaws.e04 {
            return None;
        }
        let (replacement, waiting) = self.open.remove(&slot)?.into_replacement(slot);
        waiting.into_iter().rev().for_each(|request| self.queue.push_front(request));
        Some(replacement)
    }

    /// Returns whether the timer after which voters are asked again has to be set.
    pub(super) fn begin_asking(&mut self) -> bool {
        let begins = !self.asking && !self.open.is_empty();
        self.asking |= begins;
        begins
    }

    /// The time for answers has expired: repeats the requests that these voters have not answered since it expired
    /// before.
    pub(super) fn overdue(&mut self, voters: &[NodeId], rules: &Rules) -> Overdue {
        self.asking = false;
        let mut overdue = Overdue::default();
        for (slot, attempt) in &mut self.open {
            if !attempt.ripen() {
                continue;
            }
            let repeated = voters.iter().filter_map(|voter| Some((*voter, attempt.repeated(*slot, *voter)?)));
            overdue.repeated.extend(repeated);
            if attempt.is_replaceable(rules) {
                overdue.stuck.push(*slot);
            }
        }
        overdue
    }

    /// A slot was decided, by any proposer: it is no longer under way. The operations that were proposed there and not
    /// decided wait again.
    pub(super) fn close(&mut self, decided: &Decided) {
        if let Some(attempt) = self.open.remove(&decided.slot)
            && *attempt.value() != decided.value
        {
            self.requeue(attempt.value());
        }
    }

    /// A state was installed: the slots below `first` are no longer under way, and their operations wait again, unless
    /// the state has their outcome.
    pub(super) fn close_below(&mut self, first: Slot, is_answered: impl Fn(&Request) -> bool) {
        let later = self.open.split_off(&first);
        let closed = std::mem::replace(&mut self.open, later);
        closed.values().rev().for_each(|attempt| self.requeue(attempt.value()));
        self.queue.retain(|request| !is_answered(request));
        let open = self.open.values().flat_map(|attempt| attempt.value().ids());
        self.taken = self.queue.iter().map(|request| request.id).chain(open).collect();
    }

    fn requeue(&mut self, value: &Value) {
        value.requests().rev().for_each(|request| self.queue.push_front(Arc::new(request.clone())));
    }

    /// Operations have an outcome: they may be asked again.
    pub(super) fn release(&mut self, value: &Value) {
        value.ids().for_each(|id| _ = self.taken.remove(&id));
    }

    /// The next heartbeat: its number, and the slot up to which it shows the log to be decided. A late heartbeat is
    /// sent before the effects that waited for the disk, and must not announce their decisions yet.
    pub(super) const fn beat(&mut self, decided: Slot, is_late: bool) -> (u32, Slot) {
        self.beats += 1;
        if !is_late {
            self.shown = decided;
        }
        (self.beats, self.shown)
    }

    /// A client of `home` reads: a heartbeat after this one has to be acknowledged. Returns whether the read is new.
    pub(super) fn read(&mut self, id: RequestId, home: NodeId, me: NodeId, decided: Slot, rules: &Rules) -> bool {
        self.reads.add(id, home, me, self.beats + 1, decided, rules)
    }
}
