//! Judges one object, call by call and answer by answer.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::chain::Chain;
use super::configuration::{Configuration, Frontier, Position, Slot};
use super::model::Model;
use super::slack::{Slack, Sort};
use crate::check::{Derived, RunOnly, Witness};

/// The work that each ended operation earns, on average, before the budget is used.
const EARNED: usize = 1_000;

/// Why an object is not linearizable: an answer that no order of the operations explains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impossible<A, N> {
    /// The operation.
    pub name: N,
    /// The possible answers, in order; empty if the operation must not have taken effect.
    pub possible: Vec<A>,
    /// The last operations of a longest order that explains everything before, including reads.
    pub order: Vec<N>,
    /// The number of operations that changed the object in that order.
    pub changes: u64,
}

/// An open operation, or one whose outcome is unknown.
#[derive(Clone, Debug, Hash)]
struct Pending<C, N> {
    name: N,
    call: C,
}

/// Operations with the same call whose outcomes will never be known.
#[derive(Clone, Debug, Hash)]
struct Abandoned<C, N> {
    call: C,
    names: Vec<Witness<N>>,
}

/// Judges one object; operations have names of type `N`.
#[derive(Clone, Debug, Hash)]
pub struct Linearizer<M: Model, N> {
    model: M,
    /// The remaining work, and its limit. The histories of an exploration are too short to use it up.
    left: RunOnly<usize>,
    budget: usize,
    /// Open operations; slots are reused.
    open: Vec<Option<Pending<M::Call, N>>>,
    slots: Derived<BTreeMap<N, Slot>>,
    /// Operations whose outcomes will never be known, and that can change the object: those with the same call are
    /// interchangeable.
    abandoned: Vec<Abandoned<M::Call, N>>,
    frontier: Frontier<M::State, M::Answer>,
    chain: Witness<Chain<N>>,
    undecided: bool,
}

type Of<M> = Configuration<<M as Model>::State, <M as Model>::Answer>;
type Verdict<M, N> = Result<(), Box<Impossible<<M as Model>::Answer, N>>>;

impl<M: Model, N: Copy + Ord> Linearizer<M, N> {
    /// An object without observations; `budget` is the work allowed in addition to a thousand configurations per
    /// operation.
    #[must_use]
    pub fn new(model: M, budget: usize) -> Self {
        let mut frontier = Frontier::default();
        frontier.insert((Position::new(model.start()), Slack::new()));
        let (open, slots, abandoned, chain) = (Vec::new(), Derived::default(), Vec::new(), Witness(Chain::new()));
        Self { model, left: RunOnly(budget), budget, open, slots, abandoned, frontier, chain, undecided: false }
    }

    /// The object's model.
    pub const fn model(&mut self) -> &mut M {
        &mut self.model
    }

    /// Whether the budget was used up; then nothing more is concluded.
    #[must_use]
    pub const fn undecided(&self) -> bool {
        self.undecided
    }

    /// An operation was called.
    ///
    /// # Panics
    /// If an operation with this name is open.
    pub fn call(&mut self, name: N, call: M::Call) {
        if self.undecided {
            return;
        }
        let free = self.open.iter().position(Option::is_none).unwrap_or(self.open.len());
        let slot = slot_at(free);
        for (position, slack) in self.frontier.each_mut() {
            let (answer, next) = self.model.step(&position.state, &call);
            if next == position.state {
                slack.note(slot, answer);
            }
        }
        let pending = Some(Pending { name, call });
        if free == self.open.len() {
            self.open.push(pending)
        } else {
            self.open[free] = pending
        }
        assert!(self.slots.insert(name, slot).is_none(), "an operation is called once");
    }

    /// An open operation was answered.
    ///
    /// # Errors
    /// If no order of the operations explains the answer. The linearizer must not be used any more.
    ///
    /// # Panics
    /// If no operation with this name is open.
    pub fn answer(&mut self, name: N, answer: &M::Answer) -> Verdict<M, N> {
        if self.undecided {
            return Ok(());
        }
        let slot = self.close(name);
        let before = std::mem::take(&mut self.frontier);
        let mut search = Search::new(slot, answer.clone());
        for (position, slack) in before.iter() {
            self.settle(&(position.clone(), slack.clone()), &mut search);
            if search.work() > *self.left {
                break;
            }
        }
        while let Some(further) = search.queue.pop_front().filter(|_| search.work() <= *self.left) {
            self.settle(&further, &mut search);
        }
        if !self.spend(search.work()) {
            return Ok(());
        }
        if search.kept.is_empty() {
            return Err(self.explain(name, slot, &before, &search.visited));
        }
        self.free(slot);
        self.frontier = search.kept;
        self.tidy();
        Ok(())
    }

    /// An open operation did not take effect, and never will.
    ///
    /// # Errors
    /// If it must have taken effect, because its effect was observed.
    ///
    /// # Panics
    /// If no operation with this name is open.
    pub fn fail(&mut self, name: N) -> Verdict<M, N> {
        if self.undecided {
            return Ok(());
        }
        let slot = self.close(name);
        self.free(slot);
        let before = std::mem::take(&mut self.frontier);
        let without = before.iter().filter(|(position, _)| position.done(slot).is_none());
        let forgotten = without.map(|(position, slack)| {
            let mut slack = slack.clone();
            slack.forget(slot);
            (position.clone(), slack)
        });
        if !self.refill(forgotten) {
            return Ok(());
        }
        if self.frontier.is_empty() {
            let (order, changes) = self.longest(&before);
            return Err(Box::new(Impossible { name, possible: Vec::new(), order, changes }));
        }
        Ok(())
    }

    /// The outcome of an open operation will never be known: it may take effect at any time from its call on, or never.
    ///
    /// # Panics
    /// If no operation with this name is open.
    pub fn abandon(&mut self, name: N) {
        if self.undecided {
            return;
        }
        let slot = self.close(name);
        let pending = self.free(slot).expect("it is open");
        let lasting = self.model.may_change(&pending.call, None);
        let sort = if lasting { Some(self.sort(pending)) } else { None };
        let before = std::mem::take(&mut self.frontier);
        self.refill(before.into_each().map(|(mut position, mut slack)| {
            if let Some(sort) = sort.filter(|_| position.done(slot).is_some()) {
                slack.spend(sort);
            }
            position.forget(slot);
            slack.forget(slot);
            (position, slack)
        }));
    }

    /// Fills the empty frontier with these; returns false if that is too much work, and everything is given up.
    fn refill(&mut self, all: impl Iterator<Item = Of<M>>) -> bool {
        for configuration in all {
            self.frontier.insert(configuration);
            if self.frontier.work > self.left {
                break;
            }
        }
        self.spend(*self.frontier.work)
    }

    /// Uses up some of the allowed work; returns false if it is too much, and everything is given up.
    fn spend(&mut self, work: usize) -> bool {
        let left = self.left.checked_sub(work);
        match left {
            Some(left) => self.left = RunOnly(left),
            None => self.give_up(),
        }
        left.is_some()
    }

    /// Adds an operation to those whose outcomes will never be known.
    fn sort(&mut self, pending: Pending<M::Call, N>) -> Sort {
        let Pending { name, call } = pending;
        let same = self.abandoned.iter().position(|abandoned| abandoned.call == call);
        match same {
            Some(index) => self.abandoned[index].names.push(Witness(name)),
            None => self.abandoned.push(Abandoned { call, names: vec![Witness(name)] }),
        }
        Sort(same.unwrap_or(self.abandoned.len() - 1) as u32)
    }

    /// An operation ends, and earns the work for its end.
    fn close(&mut self, name: N) -> Slot {
        *self.left = (*self.left + EARNED).min(self.budget + EARNED);
        self.slots.remove(&name).expect("what ends was called, and has not ended before")
    }

    /// Frees a slot; the number of slots before it has no effect.
    fn free(&mut self, slot: Slot) -> Option<Pending<M::Call, N>> {
        let pending = self.open[slot.0 as usize].take();
        while self.open.pop_if(|last| last.is_none()).is_some() {}
        pending
    }

    fn give_up(&mut self) {
        self.undecided = true;
        self.frontier = Frontier::default();
        self.open.clear();
        self.slots.clear();
        self.abandoned.clear();
        self.chain = Witness(Chain::new());
    }

    fn tidy(&mut self) {
        if self.chain.is_long() {
            let ends = self.frontier.each_mut().flat_map(|(_, slack)| [&mut *slack.changed, &mut *slack.observed]);
            self.chain.tidy(ends);
        }
    }
}

/// The search for the configurations that remain after an answer.
struct Search<M: Model> {
    /// The slot of the answered operation.
    slot: Slot,
    answer: M::Answer,
    /// The configurations that explain it.
    kept: Frontier<M::State, M::Answer>,
    /// Extended configurations that do not explain it yet.
    visited: Frontier<M::State, M::Answer>,
    /// The configurations to process.
    queue: VecDeque<Of<M>>,
}

impl<M: Model> Search<M> {
    fn new(slot: Slot, answer: M::Answer) -> Self {
        let (kept, visited) = (Frontier::default(), Frontier::default());
        Self { slot, answer, kept, visited, queue: VecDeque::new() }
    }

    fn keep(&mut self, (mut position, mut slack): Of<M>) {
        position.forget(self.slot);
        slack.forget(self.slot);
        self.kept.insert((position, slack));
    }

    const fn work(&self) -> usize {
        self.kept.work.0 + self.visited.work.0
    }

    fn look_at(&mut self, further: Of<M>) {
        if self.visited.insert(further.clone()) {
            self.queue.push_back(further);
        }
    }
}

impl<M: Model, N: Copy + Ord> Linearizer<M, N> {
    /// Keeps the parts of a configuration that explain the answer, and queues those that may explain it after another
    /// operation.
    fn settle(&mut self, from: &Of<M>, search: &mut Search<M>) {
        let (position, slack) = from;
        if let Some(done) = position.done(search.slot) {
            if *done == search.answer {
                search.keep(from.clone());
            }
            return;
        }
        let Pending { name, call } = self.open[search.slot.0 as usize].clone().expect("it is open");
        let chance = slack.chance(search.slot, &search.answer);
        if let Some(at) = chance {
            let mut after = from.clone();
            *after.1.observed = self.chain.after(*slack.observed, name, at);
            search.keep(after);
            if !self.model.may_change(&call, Some(&search.answer)) {
                return;
            }
        }
        let (given, next) = self.model.step(&position.state, &call);
        let changes = given == search.answer && next != position.state;
        if changes {
            search.keep(self.advanced(from, name, next, search));
        }
        // Answers that were possible before were not given, or are kept already.
        let mut from = from.clone();
        from.1.forget(search.slot);
        let waiting = self.extend_by_open(&from, search);
        // Unobserved effects that this call overwrites make no difference.
        let unseen = !waiting && (changes || chance.is_some()) && self.model.forgets(&call, &search.answer);
        if !unseen {
            self.extend_by_abandoned(&from, search);
        }
    }

    /// Lets each other open operation take effect; returns whether there is one that has not.
    fn extend_by_open(&mut self, from: &Of<M>, search: &mut Search<M>) -> bool {
        let mut waiting = false;
        for index in 0..self.open.len() {
            let slot = slot_at(index);
            let Some(Pending { name, call }) = &self.open[index] else { continue };
            if slot == search.slot || from.0.done(slot).is_some() {
                continue;
            }
            waiting = true;
            let (answer, next) = self.model.step(&from.0.state, call);
            if next != from.0.state {
                let mut after = from.clone();
                after.0.set_done(slot, answer);
                after.1.forget(slot);
                let after = self.advanced(&after, *name, next, search);
                search.look_at(after);
            }
        }
        waiting
    }

    /// Lets each operation of unknown outcome take effect.
    fn extend_by_abandoned(&mut self, from: &Of<M>, search: &mut Search<M>) {
        for (index, sort) in (0..self.abandoned.len()).zip((0..).map(Sort)) {
            let Abandoned { call, names } = &self.abandoned[index];
            let Some(Witness(name)) = names.get(from.1.spent(sort) as usize).copied() else { continue };
            let (_, next) = self.model.step(&from.0.state, call);
            if next != from.0.state {
                let mut after = from.clone();
                after.1.spend(sort);
                let after = self.advanced(&after, name, next, search);
                search.look_at(after);
            }
        }
    }

    /// The configuration after this operation has changed the object's state to `next`; other open operations could be
    /// answered then, and so could the one whose answer is known, if it fits.
    fn advanced(&mut self, (position, slack): &Of<M>, name: N, next: M::State, search: &Search<M>) -> Of<M> {
        let (mut position, mut slack) = (position.clone(), slack.clone());
        *slack.changes += 1;
        *slack.changed = self.chain.after(*slack.changed, name, *slack.changes);
        position.state = next;
        for (index, open) in self.open.iter().enumerate() {
            let slot = slot_at(index);
            let Some(Pending { call, .. }) = open else { continue };
            if position.done(slot).is_some() {
                continue;
            }
            let (answer, after) = self.model.step(&position.state, call);
            if after == position.state && (slot != search.slot || answer == search.answer) {
                slack.note(slot, answer);
            }
        }
        (position, slack)
    }

    #[cold]
    fn explain(
        &mut self,
        name: N,
        slot: Slot,
        before: &Frontier<M::State, M::Answer>,
        visited: &Frontier<M::State, M::Answer>,
    ) -> Box<Impossible<M::Answer, N>> {
        let Pending { call, .. } = self.open[slot.0 as usize].clone().expect("it is open");
        let mut possible = BTreeSet::new();
        for (position, slack) in before.iter().chain(visited.iter()) {
            match position.done(slot) {
                Some(answer) => possible.insert(answer.clone()),
                None => possible.insert(self.model.step(&position.state, &call).0),
            };
            possible.extend(slack.chances(slot).map(|chance| chance.answer.clone()));
        }
        let (order, changes) = self.longest(before);
        Box::new(Impossible { name, possible: possible.into_iter().collect(), order, changes })
    }

    /// The last operations of a longest order, and its number of changes.
    fn longest(&self, frontier: &Frontier<M::State, M::Answer>) -> (Vec<N>, u64) {
        let longest = frontier
            .iter()
            .map(|(_, slack)| slack)
            .reduce(|longest, slack| if slack.changes > longest.changes { slack } else { longest });
        let Some(slack) = longest else { return (Vec::new(), 0) };
        // An answer after a change follows it.
        let changed = self.chain.back(*slack.changed).map(|(name, at)| (at, 0, name));
        let mut order: Vec<_> =
            changed.chain(self.chain.back(*slack.observed).map(|(name, at)| (at, 1, name))).collect();
        order.reverse();
        order.sort_by_key(|(at, kind, _)| (*at, *kind));
        let told = order.len().saturating_sub(TOLD);
        (order.into_iter().skip(told).map(|(_, _, name)| name).collect(), *slack.changes)
    }
}

/// The maximum number of operations of an order in a report.
const TOLD: usize = 20;

fn slot_at(index: usize) -> Slot {
    Slot(u32::try_from(index).expect("so many open operations fit no memory"))
}
