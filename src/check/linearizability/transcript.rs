//! What was seen of one object, and whether one given order of its changes explains that: no search, but one pass.
//!
//! An execution is linearizable if a single order of its operations explains it, however many others there may be. A
//! system that writes a log tells such an order, and where the search has too many to look at, that one is tried.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::model::Model;

/// What was seen of one object, in the order in which it was seen.
#[derive(Clone, Debug)]
pub struct Transcript<M: Model, N> {
    moments: Vec<Moment<M::Call, M::Answer, N>>,
}

#[derive(Clone, Debug)]
enum Moment<C, A, N> {
    Called(N, C),
    Answered(N, A),
    Failed(N),
}

impl<M: Model, N> Default for Transcript<M, N> {
    fn default() -> Self {
        Self { moments: Vec::new() }
    }
}

impl<M: Model, N: Copy + Ord> Transcript<M, N> {
    /// An operation was called. If it is never said to be answered or to have failed, it may have happened or not.
    pub fn call(&mut self, name: N, call: M::Call) {
        self.moments.push(Moment::Called(name, call));
    }

    /// An operation that was called was answered.
    pub fn answer(&mut self, name: N, answer: M::Answer) {
        self.moments.push(Moment::Answered(name, answer));
    }

    /// An operation that was called did not happen, and never will.
    pub fn fail(&mut self, name: N) {
        self.moments.push(Moment::Failed(name));
    }

    /// Whether everything that was seen is explained if exactly these operations changed the object, in this order. Of
    /// an operation that stands there twice the first place counts; those that were not called here, or that can change
    /// nothing, are passed over. One that does not stand there happened where its answer changes nothing.
    ///
    /// If it is so, the object is linearizable; if not, another order may explain it.
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

    /// What each operation asks; `None` if two have the same name.
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

/// The changes of an order, as the model carries them out. A *place* is the number of changes before it.
struct Changes<M: Model, N> {
    places: BTreeMap<N, usize>,
    /// By place: what the change there is answered.
    answers: Vec<M::Answer>,
    /// By place: what the object holds there, before the change.
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

/// Goes through a transcript and gives every operation the first place that it can have: what ends before another is
/// called has a place that is no later, so that a first place never hinders what follows.
struct Replay<'t, M: Model, N> {
    model: &'t mut M,
    calls: &'t BTreeMap<N, &'t M::Call>,
    changes: &'t Changes<M, N>,
    /// The first place that an operation can have, from its call on.
    earliest: BTreeMap<N, usize>,
    /// By place: whether the change there was called.
    is_called: Vec<bool>,
    /// The last place that an operation can have that is answered now: all changes before it were called.
    latest: usize,
    /// The first place that an operation can have that is called now: it comes after all that was answered.
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

    /// Whether the operation has a place between its call and now in which it is answered so.
    fn answer(&mut self, name: N, answer: &M::Answer) -> bool {
        let Some(earliest) = self.earliest.remove(&name) else { return false };
        let floor = match self.changes.places.get(&name) {
            Some(place) => self.changed(*place, answer).then_some(place + 1),
            None => self.observed(earliest, self.calls[&name], answer),
        };
        self.floor = self.floor.max(floor.unwrap_or_default());
        floor.is_some()
    }

    /// Whether all changes before this one were called, and it is answered so. It comes after all that had ended when it
    /// was called: none of that could have a place behind a change that was still to be called.
    fn changed(&self, place: usize, answer: &M::Answer) -> bool {
        place < self.latest && self.changes.answers[place] == *answer
    }

    /// The first place where a call is answered so and changes nothing.
    fn observed(&mut self, earliest: usize, call: &M::Call, answer: &M::Answer) -> Option<usize> {
        (earliest..=self.latest).find(|place| {
            let state = &self.changes.states[*place];
            let (given, next) = self.model.step(state, call);
            given == *answer && next == *state
        })
    }
}
