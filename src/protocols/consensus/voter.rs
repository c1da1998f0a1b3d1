//! The voter: the rounds and ballots that it admits, and its advice.

use std::cmp::Ordering;

use super::log::Log;
use super::replica::Replica;
use super::request::{Request, RequestId};
use super::spec::Rules;
use super::value::{Proposal, Value};
use crate::codex::Refusal;
use crate::identity::{Boot, NodeId};
use crate::observation::{Ballot, Round, Slot};

/// A node as a voter: its promises. Its votes and confirmations are in its [`Log`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Voter {
    seat: Seat,
    /// It follows no round below this.
    promised: Round,
    /// The highest round that it knows of.
    seen: Round,
}

/// Whether a node may vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Seat {
    Voter,
    Observer,
    /// A voter whose disk does not hold what it wrote.
    Lost,
}

/// The reason why a node does not follow a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// The sender may not propose in it.
    Forged,
    /// The node does not vote.
    NoVoter,
    /// It has promised this higher one.
    Promised(Round),
}

/// How new a request of the proposer is to a voter that may have answered another one for the same slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Novelty {
    /// It has answered a higher ballot: this one gets no answer.
    Stale,
    /// It has answered this ballot: it repeats the answer, and writes nothing.
    Repeated,
    /// It has answered no such ballot.
    New,
}

impl Novelty {
    /// Compares a ballot with the last one that was answered.
    pub(super) fn of(ballot: Ballot, answered: Option<Ballot>, rules: &Rules) -> Self {
        match answered.cmp(&Some(ballot)) {
            Ordering::Less => Self::New,
            Ordering::Equal => Self::Repeated,
            // Flaw e02: ballots are not compared.
            Ordering::Greater if rules.flaws.e02 => Self::New,
            Ordering::Greater => Self::Stale,
        }
    }
}

impl Voter {
    pub(super) const fn new(seat: Seat, promised: Round) -> Self {
        Self { seat, promised, seen: promised }
    }

    pub(super) const fn seat(&self) -> Seat {
        self.seat
    }

    /// It follows no round below this.
    pub(super) const fn promised(&self) -> Round {
        self.promised
    }

    /// Whether it stands for election when it hears from no proposer.
    pub(super) fn may_stand(&self, boot: Boot, rules: &Rules) -> bool {
        // Flaw e03: only in its first incarnation, and only until there was a proposer.
        let bound = rules.flaws.e03 && (boot > Boot::new(1) || self.seen > Round::default());
        self.seat == Seat::Voter && !bound
    }

    /// Promises itself a round above all rounds that it knows of.
    pub(super) fn next_round(&mut self, me: NodeId) -> Round {
        let round = Round { number: self.seen.number.max(self.promised.number) + 1, node: me };
        (self.promised, self.seen) = (round, round);
        round
    }

    /// Records a round that another voter has promised.
    pub(super) fn hear_of(&mut self, round: Round) {
        self.seen = self.seen.max(round);
    }

    /// Records a round in which `from` speaks; fails unless this node may follow the round.
    pub(super) fn admit(&mut self, from: NodeId, round: Round, rules: &Rules) -> Result<(), Refused> {
        if from != round.node || !rules.voters.has(from) {
            return Err(Refused::Forged);
        }
        self.hear_of(round);
        if self.seat != Seat::Voter {
            return Err(Refused::NoVoter);
        }
        // Flaw e02: rounds are not compared.
        if round < self.promised && !rules.flaws.e02 {
            return Err(Refused::Promised(self.promised));
        }
        Ok(())
    }

    /// Follows this round, and no lower one, from now on; returns whether the promise is new. The caller makes it
    /// durable.
    pub(super) fn follow(&mut self, round: Round) -> bool {
        let is_new = round > self.promised;
        self.promised = self.promised.max(round);
        is_new
    }
}

/// Whether a voter with this log answers a ballot in an admitted round.
pub(super) fn admits_try(ballot: Ballot, log: &Log, rules: &Rules) -> bool {
    // Flaw k13: the try is part of the promise.
    !(rules.flaws.k13 && log.has_later_try(ballot))
}

/// The operations of a value that a voter advises against, with the reasons. Only a voter that has applied the previous
/// slot can say whether a list would become too long: in an older state a list may be longer than in this slot.
/// Operations that other voters let pass are checked when the slot is applied. A write that breaks another kind of
/// anchor in an older state breaks it in all later states.
pub(super) fn advise(slot: Slot, value: &Value, replica: &Replica, rules: &Rules) -> Vec<(RequestId, Refusal)> {
    let Proposal::Requests(requests) = value.proposal() else { return Vec::new() };
    if rules.anchors.is_empty() {
        return Vec::new();
    }
    // Flaw k18: it advises even with an older state.
    let knows_lists = replica.applied == slot.before() || rules.flaws.k18;
    let objection = |request: &Request| Some((request.id, replica.objection(request, &rules.anchors)?));
    requests.iter().filter(|request| knows_lists || !request.is_append()).filter_map(objection).collect()
}
