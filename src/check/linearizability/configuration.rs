//! One explanation of the observations, and a set of them.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::slack::Slack;
use crate::check::RunOnly;

/// The index of an open operation in the linearizer's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Slot(pub(super) u32);

/// The state of the object, and the open operations that have changed it, with their answers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Position<S, A> {
    pub(super) state: S,
    /// By slot.
    done: SmallVec<[(Slot, A); 2]>,
}

impl<S, A: Clone> Position<S, A> {
    pub(super) fn new(state: S) -> Self {
        Self { state, done: SmallVec::new() }
    }

    /// The answer of the operation, if it has changed the object.
    pub(super) fn done(&self, slot: Slot) -> Option<&A> {
        self.done.iter().find(|(done, _)| *done == slot).map(|(_, answer)| answer)
    }

    /// The operation has changed the object, with this answer.
    pub(super) fn set_done(&mut self, slot: Slot, answer: A) {
        let place = self.done.partition_point(|(done, _)| *done < slot);
        self.done.insert(place, (slot, answer));
    }

    /// The operation has ended.
    pub(super) fn forget(&mut self, slot: Slot) {
        self.done.retain(|(done, _)| *done != slot);
    }
}

/// One explanation of the observations.
pub(super) type Configuration<S, A> = (Position<S, A>, Slack<A>);

/// A set of configurations of which none covers another.
#[derive(Clone, Debug, Hash)]
pub(super) struct Frontier<S, A> {
    all: BTreeMap<Position<S, A>, SmallVec<[Slack<A>; 1]>>,
    /// The work to fill it: configurations, and comparisons of two, weighted by their size.
    pub(super) work: RunOnly<usize>,
}

/// A configuration with this much left open counts as twice the work of one with nothing left open.
const LIGHT: usize = 16;

impl<S, A> Default for Frontier<S, A> {
    fn default() -> Self {
        Self { all: BTreeMap::new(), work: RunOnly(0) }
    }
}

impl<S: Ord + Clone, A: Ord + Clone> Frontier<S, A> {
    /// Adds a configuration, unless an existing one covers it; returns whether it was added.
    pub(super) fn insert(&mut self, (position, slack): Configuration<S, A>) -> bool {
        let alike = self.all.entry(position).or_default();
        *self.work += (1 + alike.len()) * (1 + slack.size() / LIGHT);
        if alike.iter().any(|known| known.covers(&slack)) {
            return false;
        }
        alike.retain(|known| !slack.covers(known));
        alike.push(slack);
        true
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Position<S, A>, &Slack<A>)> {
        self.all.iter().flat_map(|(position, alike)| alike.iter().map(move |slack| (position, slack)))
    }

    /// The slack of each configuration, for changes that make none cover another.
    pub(super) fn each_mut(&mut self) -> impl Iterator<Item = (&Position<S, A>, &mut Slack<A>)> {
        self.all.iter_mut().flat_map(|(position, alike)| alike.iter_mut().map(move |slack| (position, slack)))
    }

    pub(super) fn into_each(self) -> impl Iterator<Item = Configuration<S, A>> {
        self.all.into_iter().flat_map(|(position, alike)| alike.into_iter().map(move |slack| (position.clone(), slack)))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise a search would exceed its memory long before its budget.
    #[test]
    fn what_leaves_much_open_is_more_work_to_compare() {
        let mut much = Slack::new();
        (0..LIGHT as u32).for_each(|slot| much.note(Slot(slot), 0));
        for (slack, work) in [(Slack::new(), [1, 2]), (much, [2, 4])] {
            let mut frontier = Frontier::default();
            let mut works = [0; 2];
            for done in &mut works {
                let before = *frontier.work;
                frontier.insert((Position::<u8, u8>::new(0), slack.clone()));
                *done = *frontier.work - before;
            }
            assert_eq!(works, work);
        }
    }
}
