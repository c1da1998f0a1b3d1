//! `election-safety`: who proposes was promised a quorum, and promises are kept.

use std::collections::BTreeMap;
use std::hash::{Hash as _, Hasher};

use super::{majority, tells, told};
use crate::check::slots::Slots;
use crate::check::{Branch, Checker, Invariant, broken};
use crate::identity::{EventId, NodeId};
use crate::observation::{Ballot, Bid, ConsensusSeen, Round, Slot, ValueId};
use crate::time::Time;
use crate::trace::{Event, Kinds, Record, Verdict, Violation};

/// Says that a node proposes only under its own rounds, each promised by a quorum of distinct voters before; that there is
/// at most one value for a slot and a ballot; and that a voter neither promises, votes nor confirms below what it has
/// promised, voted on or confirmed: to follow a round is to promise it. Exercised by proposals.
#[derive(Clone, Debug, Default)]
pub struct ElectionSafety {
    voters: u32,
    promises: BTreeMap<Round, Vec<NodeId>>,
    /// By node: the highest round that it has followed.
    highest: Slots<Option<Followed>>,
    proposals: BTreeMap<(Slot, Ballot), (ValueId, EventId)>,
    exercised: u64,
}

/// A round that a voter has followed.
#[derive(Clone, Copy, Debug)]
struct Followed {
    round: Round,
    /// How: a verb in the past.
    did: &'static str,
    event: EventId,
}

/// What it is, for `list` and `explain`.
pub const ABOUT: Invariant =
    Invariant::safety("election-safety", "who proposes has the promises of a quorum, and no voter breaks its promise");

/// How a round is followed by promising it.
const PROMISED: &str = "promised";

impl ElectionSafety {
    fn promised(&mut self, record: &Record<'_>, node: NodeId, round: Round) -> Result<(), Violation> {
        self.follows(record, node, round, PROMISED)?;
        let promises = self.promises.entry(round).or_default();
        if !promises.contains(&node) && (node.index() as u64) < u64::from(self.voters) {
            promises.push(node);
        }
        Ok(())
    }

    /// A voter follows a round: it has followed none above it.
    fn follows(&mut self, record: &Record<'_>, node: NodeId, round: Round, did: &'static str) -> Result<(), Violation> {
        let highest = self.highest.at(node.index());
        match highest {
            Some(before) if round < before.round => {
                let Followed { round: higher, did: had, event } = *before;
                let under = if had == PROMISED { "" } else { "under " };
                let sentence = format!("{node} {did} under {round}, and had {had} {under}{higher} before");
                Err(broken(record, sentence, &[event, record.id]))
            }
            Some(before) if round == before.round => Ok(()),
            Some(_) | None => {
                *highest = Some(Followed { round, did, event: record.id });
                Ok(())
            }
        }
    }

    fn proposed(&mut self, record: &Record<'_>, node: NodeId, bid: Bid) -> Result<(), Violation> {
        let round = bid.ballot.round;
        if round.node != node {
            let sentence = format!("{node} proposes {bid}, which is a ballot of {}", round.node);
            return Err(broken(record, sentence, &[record.id]));
        }
        let promises = self.promises.get(&round).map_or(0, Vec::len);
        let quorum = majority(self.voters);
        if (promises as u64) < u64::from(quorum) {
            let sentence = format!(
                "{node} proposes {bid}, promised by {promises} of {} voters: a quorum is {quorum}",
                self.voters
            );
            return Err(broken(record, sentence, &[record.id]));
        }
        let (value, event) = *self.proposals.entry((bid.slot, bid.ballot)).or_insert((bid.value, record.id));
        if value != bid.value {
            let sentence = format!("{node} proposes {bid}, and has proposed {value} for the same slot and ballot");
            return Err(broken(record, sentence, &[event, record.id]));
        }
        self.exercised += 1;
        Ok(())
    }
}

impl<F> Checker<F> for ElectionSafety {
    fn see(&mut self, record: &Record<'_>, _fact: Option<&F>) -> Result<(), Violation> {
        for (node, seen) in told(record) {
            match seen {
                ConsensusSeen::Started { voters, .. } => self.voters = *voters,
                ConsensusSeen::Promised { round } => self.promised(record, node, *round)?,
                ConsensusSeen::Proposed { bid, .. } => self.proposed(record, node, *bid)?,
                ConsensusSeen::Voted { bid, .. } => self.follows(record, node, bid.ballot.round, "voted")?,
                ConsensusSeen::Confirmed { bid } => self.follows(record, node, bid.ballot.round, "confirmed")?,
                ConsensusSeen::Lost
                | ConsensusSeen::Elected { .. }
                | ConsensusSeen::Committed { .. }
                | ConsensusSeen::Applied { .. }
                | ConsensusSeen::Installed { .. }
                | ConsensusSeen::WroteConfirmed { .. }
                | ConsensusSeen::WroteDecided { .. } => {}
            }
        }
        Ok(())
    }

    fn wants(&self) -> Kinds {
        Kinds::FACT
    }

    fn conclude(&mut self, _end: Time) -> Verdict {
        Verdict::of(self.exercised, "nothing was proposed")
    }

    fn branch(&self) -> Option<Box<dyn Branch<F>>> {
        Some(Box::new(self.clone()))
    }
}

impl<F> Branch<F> for ElectionSafety {
    fn fork(&self) -> Box<dyn Branch<F>> {
        Box::new(self.clone())
    }

    fn memory(&self, mut state: &mut dyn Hasher) {
        for (round, promises) in &self.promises {
            let mut promises = promises.clone();
            promises.sort_unstable();
            (round, promises).hash(&mut state);
        }
        for (node, highest) in self.highest.iter() {
            if let Some(Followed { round, .. }) = highest {
                (node, round).hash(&mut state);
            }
        }
        for (bid, (value, _)) in &self.proposals {
            (bid, value).hash(&mut state);
        }
    }

    fn heeds(&self, event: &Event<'_>) -> bool {
        tells(event, |seen| match seen {
            ConsensusSeen::Started { .. }
            | ConsensusSeen::Promised { .. }
            | ConsensusSeen::Proposed { .. }
            | ConsensusSeen::Voted { .. }
            | ConsensusSeen::Confirmed { .. } => true,
            ConsensusSeen::Lost
            | ConsensusSeen::Elected { .. }
            | ConsensusSeen::Committed { .. }
            | ConsensusSeen::Applied { .. }
            | ConsensusSeen::Installed { .. }
            | ConsensusSeen::WroteConfirmed { .. }
            | ConsensusSeen::WroteDecided { .. } => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::history::*;

    fn elected() -> History {
        let mut history = History::default();
        history.on("n1", started(3)).on("n1", promised("1.n1")).on("n2", promised("1.n1"));
        history
    }

    #[test]
    fn who_proposes_has_a_quorum_of_promises() {
        let mut history = elected();
        history.on("n1", proposed(1, "1.n1", 7)).on("n1", proposed(1, "1.n1/2", 8));
        assert_holds(&history, ElectionSafety::default(), 2);
        let mut history = elected();
        history.on("n2", promised("2.n2")).on("n2", proposed(1, "2.n2", 7));
        let sentence = "n2 proposes 0000000000000007 in slot 1 under 2.n2, promised by 1 of 3 voters: a quorum is 2";
        assert_broken(&history, ElectionSafety::default(), sentence, "n2#3");
    }

    #[test]
    fn nobody_proposes_under_another_s_round() {
        let mut history = elected();
        history.on("n2", proposed(1, "1.n1", 7));
        let sentence = "n2 proposes 0000000000000007 in slot 1 under 1.n1, which is a ballot of n1";
        assert_broken(&history, ElectionSafety::default(), sentence, "n2#2");
    }

    #[test]
    fn a_ballot_has_one_value_a_slot() {
        let mut history = elected();
        history.on("n1", proposed(1, "1.n1", 7)).on("n1", proposed(1, "1.n1", 8));
        let (sentence, witnesses) = history.broken_by(ElectionSafety::default());
        assert!(sentence.contains("has proposed 0000000000000007 for the same"), "{sentence}");
        assert_eq!(witnesses, "n1#3 n1#4");
    }

    #[test]
    fn a_promise_is_kept_over_a_crash() {
        let mut history = elected();
        history.on("n2", promised("3.n3")).on("n2", killed()).on("n2", confirmed(1, "1.n1", 7));
        let sentence = "n2 confirmed under 1.n1, and had promised 3.n3 before";
        assert_broken(&history, ElectionSafety::default(), sentence, "n2#2 n2#4");
    }

    #[test]
    fn a_vote_and_a_confirmation_are_promises() {
        let voted = |ballot| consensus(ConsensusSeen::Voted { bid: bid(1, ballot, 7), yes: false });
        for (act, had) in [(voted("3.n3"), "voted"), (confirmed(1, "3.n3", 7), "confirmed")] {
            for (then, did) in
                [(promised("2.n2"), "promised"), (voted("1.n1"), "voted"), (confirmed(1, "1.n1", 7), "confirmed")]
            {
                let mut history = elected();
                history.on("n2", act.clone()).on("n2", voted("3.n3/2")).on("n2", promised("3.n3"));
                assert_vacuous(&history, ElectionSafety::default(), "nothing was proposed");
                history.on("n2", then);
                let (sentence, witnesses) = history.broken_by(ElectionSafety::default());
                assert!(sentence.starts_with(&format!("n2 {did} under ")), "{sentence}");
                assert!(sentence.ends_with(&format!("and had {had} under 3.n3 before")), "{sentence}");
                assert_eq!(witnesses, "n2#2 n2#5");
            }
        }
    }
}
