//! What a configuration has left open: the more, the better.

use smallvec::SmallVec;

use super::chain::End;
use super::configuration::Slot;
use crate::check::Witness;

/// An answer that could have been given to an open operation without changing the state.
#[derive(Clone, Debug, Hash)]
pub(super) struct Chance<A> {
    pub(super) slot: Slot,
    pub(super) answer: A,
    /// The number of changes before it.
    pub(super) at: Witness<u64>,
}

/// A class of operations of unknown outcome: those with the same call, by index in the linearizer's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Sort(pub(super) u32);

/// The open possibilities of a configuration, and its history.
#[derive(Clone, Debug, Hash)]
pub(super) struct Slack<A> {
    /// By slot, then by answer.
    chances: SmallVec<[Chance<A>; 2]>,
    /// The number of operations of unknown outcome that have taken effect, by class, without zeros.
    spent: SmallVec<[(Sort, u32); 2]>,
    /// The number of changes of the object.
    pub(super) changes: Witness<u64>,
    /// The operations that changed the object.
    pub(super) changed: Witness<End>,
    /// The operations that were answered without a change.
    pub(super) observed: Witness<End>,
}

impl<A: Ord + Clone> Slack<A> {
    pub(super) fn new() -> Self {
        let (chances, spent) = (SmallVec::new(), SmallVec::new());
        Self { chances, spent, changes: Witness(0), changed: Witness::default(), observed: Witness::default() }
    }

    /// Adds an answer that could be given now.
    pub(super) fn note(&mut self, slot: Slot, answer: A) {
        let place = self.chances.binary_search_by(|chance| (chance.slot, &chance.answer).cmp(&(slot, &answer)));
        if let Err(place) = place {
            self.chances.insert(place, Chance { slot, answer, at: self.changes });
        }
    }

    /// The answers that could have been given to an operation.
    pub(super) fn chances(&self, slot: Slot) -> impl Iterator<Item = &Chance<A>> {
        self.chances.iter().filter(move |chance| chance.slot == slot)
    }

    /// The number of changes after which an operation could have been given this answer, if any.
    pub(super) fn chance(&self, slot: Slot, answer: &A) -> Option<u64> {
        self.chances(slot).find(|chance| chance.answer == *answer).map(|chance| *chance.at)
    }

    /// The operation has ended, or has taken effect.
    pub(super) fn forget(&mut self, slot: Slot) {
        self.chances.retain(|chance| chance.slot != slot);
    }

    /// The number of operations of this class that have taken effect.
    pub(super) fn spent(&self, sort: Sort) -> u32 {
        self.spent.iter().find(|(spent, _)| *spent == sort).map_or(0, |(_, count)| *count)
    }

    /// One more operation of this class has taken effect.
    pub(super) fn spend(&mut self, sort: Sort) {
        let place = self.spent.partition_point(|(spent, _)| *spent < sort);
        match self.spent.get_mut(place) {
            Some((spent, count)) if *spent == sort => *count += 1,
            Some(_) | None => self.spent.insert(place, (sort, 1)),
        }
    }

    /// The amount of data to compare and to copy.
    pub(super) fn size(&self) -> usize {
        self.chances.len() + self.spent.len()
    }

    /// Whether it can explain everything that the other can still explain.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let mut mine = self.chances.iter();
        let chance = |theirs: &Chance<A>| {
            let theirs = (theirs.slot, &theirs.answer);
            mine.find(|mine| (mine.slot, &mine.answer) >= theirs)
                .is_some_and(|mine| (mine.slot, &mine.answer) == theirs)
        };
        let mut theirs = other.spent.iter();
        let spent = |(sort, count): &(Sort, u32)| {
            theirs.find(|(other, _)| other >= sort).is_some_and(|(other, spent)| other == sort && count <= spent)
        };
        self.spent.iter().all(spent) && other.chances.iter().all(chance)
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn slack(chances: &[(u32, u8)], spent: &[u32]) -> Slack<u8> {
        let mut slack = Slack::new();
        chances.iter().for_each(|(slot, answer)| slack.note(Slot(*slot), *answer));
        spent.iter().for_each(|sort| slack.spend(Sort(*sort)));
        slack
    }

    proptest! {
        #[test]
        fn one_covers_another_where_it_has_each_of_its_chances_and_has_spent_no_more(
            (mine, theirs) in (vec((0..3_u32, 0..3_u8), 0..9), vec((0..3_u32, 0..3_u8), 0..5)),
            (my_spent, their_spent) in (vec(0..3_u32, 0..3), vec(0..3_u32, 0..5)),
        ) {
            let (one, other) = (slack(&mine, &my_spent), slack(&theirs, &their_spent));
            let chances = theirs.iter().all(|(slot, answer)| one.chance(Slot(*slot), answer).is_some());
            let spent = (0..3).map(Sort).all(|sort| one.spent(sort) <= other.spent(sort));
            prop_assert_eq!(one.covers(&other), chances && spent);
            prop_assert_eq!(one.size(), one.chances.len() + one.spent.len());
        }
    }
}
