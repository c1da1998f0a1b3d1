//! `election-safety`: a proposer has promises from a quorum, and promises are kept.

use std::collections::{BTreeMap, BTreeSet};

use super::{majority, told};
use crate::check::slots::Slots;
use crate::check::{Checker, End, Exercised, Exploring, Invariant, Shown, Witness, broken};
use crate::identity::{EventId, NodeId};
use crate::observation::{Ballot, ConsensusSeen, ProposalId, Round, Slot, ValueId};
use crate::trace::{Kinds, Record, Verdict, Violation};

/// Checks that a node proposes only under its own rounds, each promised by a quorum of distinct voters before; that
/// there is at most one value for a slot and a ballot; and that a voter neither promises, votes nor confirms below a
/// round that it has promised, voted in or confirmed: to follow a round is to promise it. Exercised by proposals.
#[derive(Clone, Debug, Default, Hash)]
pub struct ElectionSafety {
    voters: u32,
    promises: BTreeMap<Round, BTreeSet<NodeId>>,
    /// By node: the highest round that it has followed.
    highest: Slots<Option<Followed>>,
    proposals: BTreeMap<(Slot, Ballot), (ValueId, Witness<EventId>)>,
    exercised: Exercised,
}

/// A round that a voter has followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Followed {
    round: Round,
    /// How, as a verb in the past tense, and the event.
    how: Witness<(&'static str, EventId)>,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant =
    Invariant::safety("election-safety", "a proposer has the promises of a quorum, and no voter breaks its promise");

/// The verb for a promise.
const PROMISED: &str = "promised";

impl ElectionSafety {
    fn promised(&mut self, record: &Record<'_>, node: NodeId, round: Round) -> Result<(), Violation> {
        self.follows(record, node, round, PROMISED)?;
        let promises = self.promises.entry(round).or_default();
        if (node.index() as u64) < u64::from(self.voters) {
            promises.insert(node);
        }
        Ok(())
    }

    /// A voter follows a round: it must not have followed a higher one.
    fn follows(&mut self, record: &Record<'_>, node: NodeId, round: Round, did: &'static str) -> Result<(), Violation> {
        let highest = self.highest.at(node.index());
        match highest {
            Some(before) if round < before.round => {
                let Followed { round: higher, how: Witness((had, event)) } = *before;
                let under = if had == PROMISED { "" } else { "under " };
                let sentence = format!("{node} {did} under {round}, and had {had} {under}{higher} before");
                Err(broken(record, sentence, &[event, record.id]))
            }
            Some(before) if round == before.round => Ok(()),
            Some(_) | None => {
                *highest = Some(Followed { round, how: Witness((did, record.id)) });
                Ok(())
            }
        }
    }

    fn proposed(&mut self, record: &Record<'_>, node: NodeId, bid: ProposalId) -> Result<(), Violation> {
        let round = bid.ballot.round;
        if round.node != node {
            let sentence = format!("{node} proposes {bid}, which is a ballot of {}", round.node);
            return Err(broken(record, sentence, &[record.id]));
        }
        let promises = self.promises.get(&round).map_or(0, BTreeSet::len);
        let quorum = majority(self.voters);
        if (promises as u64) < u64::from(quorum) {
            let sentence = format!(
                "{node} proposes {bid}, promised by {promises} of {} voters: a quorum is {quorum}",
                self.voters
            );
            return Err(broken(record, sentence, &[record.id]));
        }
        let (value, event) = *self.proposals.entry((bid.slot, bid.ballot)).or_insert((bid.value, Witness(record.id)));
        if value != bid.value {
            let sentence = format!("{node} proposes {bid}, and has proposed {value} for the same slot and ballot");
            return Err(broken(record, sentence, &[*event, record.id]));
        }
        self.exercised += 1;
        Ok(())
    }
}

impl<F> Checker<F> for ElectionSafety {
    const WANTS: Kinds = Kinds::CONSENSUS_STARTED
        .with(Kinds::CONSENSUS_PROMISED)
        .with(Kinds::CONSENSUS_PROPOSED)
        .with(Kinds::CONSENSUS_VOTED)
        .with(Kinds::CONSENSUS_CONFIRMED);
    const EXPLORED: Exploring = Exploring::Always;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
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
                | ConsensusSeen::Decreed { .. }
                | ConsensusSeen::Blessed { .. }
                | ConsensusSeen::WroteConfirmed { .. }
                | ConsensusSeen::WroteDecided { .. } => {}
            }
        }
        Ok(())
    }

    fn conclude(&mut self, _end: &End<'_>) -> Verdict {
        Verdict::of(self.exercised.0, "nothing was proposed")
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
