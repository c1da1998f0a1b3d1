//! The observations of one object, and whether one given order of its changes explains them: no search, but one pass.
//!
//! An execution is linearizable if a single order of its operations explains it, however many others there may be. The
//! log of a system gives such an order, which is tried if the search has too many orders to consider.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::model::Model;

/// The observations of one object, in order.
#[derive(Clone, Debug)]
pub struct Transcript<M: Model, N> {
    moments: Vec<Moment<M::Call, M::Answer, N>>,
}

/// One observation.
#[derive(Clone, Debug)]
pub enum Moment<C, A, N> {
    /// The operation was called.
    Called(N, C),
    /// It was answered.
    Answered(N, A),
    /// It did not take effect, and never will.
    Failed(N),
}

impl<C, A, N: Copy> Moment<C, A, N> {
    /// The operation.
    pub const fn name(&self) -> N {
        match self {
            Self::Called(name, _) | Self::Answered(name, _) | Self::Failed(name) => *name,
        }
    }
}

impl<M: Model, N> Default for Transcript<M, N> {
    fn default() -> Self {
        Self { moments: Vec::new() }
    }
}

impl<M: Model, N: Copy + Ord> Transcript<M, N> {
    /// An operation was called. Without a later answer or failure, it may have taken effect or not.
    pub fn call(&mut self, name: N, call: M::Call) {
        self.moments.push(Moment::Called(name, call));
    }

    /// An operation that was called was answered.
    pub fn answer(&mut self, name: N, answer: M::Answer) {
        self.moments.push(Moment::Answered(name, answer));
    }

    /// An operation that was called did not take effect, and never will.
    pub fn fail(&mut self, name: N) {
        self.moments.push(Moment::Failed(name));
    }

    /// The observations, in order.
    #[must_use]
    pub fn moments(&self) -> &[Moment<M::Call, M::Answer, N>] {
        &self.moments
    }

    /// Whether all observations are explained if exactly these operations changed the object, in this order. If an
    /// operation occurs twice, its first place counts; operations that were not called here, or that cannot change the
    /// object, are skipped. An operation that is not in the order took effect only if its answer changes nothing.
    ///
    /// If it returns true, the object is linearizable; otherwise another order may explain the observations.
    pub fn is_explained_by(&self, model: &mut M, order: impl IntoIterator<Item = N>) -> bool {
        let Some(calls) = self.calls() else { return false };
        let changes = Changes::new(model, &calls, order);
        let mut replay = Replay::new(model, &calls, &changes);
        self.moments.iter().all(|moment| match moment {
            Moment::Called(name, _) => {
                replay.call(*name);
                true
            }
            Moment::Answered(name, answer) => replay.answer(*name, answer),
            Moment::Failed(name) => !changes.places.contains_key(name),
        })
    }

    /// The call of each operation; `None` if two have the same name.
    fn calls(&self) -> Option<BTreeMap<N, &M::Call>> {
        let mut calls = BTreeMap::new();
        for moment in &self.moments {
            if let Moment::Called(name, call) = moment
                && calls.insert(*name, call).is_some()
            {
                return None;
            }
        }
        Some(calls)
    }
}

/// The changes of an order, as the model applies them. A *place* is the number of changes before it.
struct Changes<M: Model, N> {
    places: BTreeMap<N, usize>,
    /// By place: the answer of the change there.
    answers: Vec<M::Answer>,
    /// By place: the object's state there, before the change.
    states: Vec<M::State>,
}

impl<M: Model, N: Copy + Ord> Changes<M, N> {
    fn new(model: &mut M, calls: &BTreeMap<N, &M::Call>, order: impl IntoIterator<Item = N>) -> Self {
        let mut state = model.start();
        let mut changes = Self { places: BTreeMap::new(), answers: Vec::new(), states: vec![state.clone()] };
        for name in order {
            let Some(call) = calls.get(&name).filter(|call| model.may_change(call, None)) else { continue };
            let Entry::Vacant(place) = changes.places.entry(name) else { continue };
            place.insert(changes.answers.len());
            let (answer, next) = model.step(&state, call);
            changes.answers.push(answer);
            changes.states.push(next.clone());
            state = next;
        }
        changes
    }
}

/// Processes a transcript and gives every operation the first possible place: an operation that ends before another is
/// called has a place that is no later, so a first place never restricts later operations.
struct Replay<'t, M: Model, N> {
    model: &'t mut M,
    calls: &'t BTreeMap<N, &'t M::Call>,
    changes: &'t Changes<M, N>,
    /// The first possible place of each operation, from its call on.
    earliest: BTreeMap<N, usize>,
    /// By place: whether the change there was called.
    is_called: Vec<bool>,
    /// The last possible place of an operation that is answered now: all changes before it were called.
    latest: usize,
    /// The first possible place of an operation that is called now: after all answered operations.
    floor: usize,
}

impl<'t, M: Model, N: Copy + Ord> Replay<'t, M, N> {
    fn new(model: &'t mut M, calls: &'t BTreeMap<N, &'t M::Call>, changes: &'t Changes<M, N>) -> Self {
        let is_called = vec![false; changes.answers.len()];
        Self { model, calls, changes, earliest: BTreeMap::new(), is_called, latest: 0, floor: 0 }
    }

    fn call(&mut self, name: N) {
        self.earliest.insert(name, self.floor);
        if let Some(place) = self.changes.places.get(&name) {
            self.is_called[*place] = true;
            self.latest += self.is_called[self.latest..].iter().take_while(|is_called| **is_called).count();
        }
    }

    /// Whether the operation has a place between its call and now at which it has this answer.
    fn answer(&mut self, name: N, answer: &M::Answer) -> bool {
        let Some(earliest) = self.earliest.remove(&name) else { return false };
        let floor = match self.changes.places.get(&name) {
            Some(place) => self.changed(*place, answer).then_some(place + 1),
            None => self.observed(earliest, self.calls[&name], answer),
        };
        self.floor = self.floor.max(floor.unwrap_or_default());
        floor.is_some()
    }

    /// Whether all changes before this one were called, and it has this answer. It is after all operations that had
    /// ended when it was called: none of those could have a place after a change that was not called yet.
    fn changed(&self, place: usize, answer: &M::Answer) -> bool {
        place < self.latest && self.changes.answers[place] == *answer
    }

    /// The first place at which a call has this answer and changes nothing.
    fn observed(&mut self, earliest: usize, call: &M::Call, answer: &M::Answer) -> Option<usize> {
        (earliest..=self.latest).find(|place| {
            let state = &self.changes.states[*place];
            let (given, next) = self.model.step(state, call);
            given == *answer && next == *state
        })
    }
}
