//! The operations on one object, prepared for a search.

use std::collections::BTreeMap;

use crate::check::linearizability::model::{Guided, Model, Wanted};

/// A step of a history.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    Called(u32),
    Ended(u32),
}

/// An operation that took effect, or may have.
#[derive(Clone, Debug)]
pub(super) struct Operation<M: Model, N> {
    pub(super) name: N,
    pub(super) call: M::Call,
    /// `None` if its outcome is unknown.
    pub(super) answer: Option<M::Answer>,
    /// Operations of one class have the same call.
    pub(super) class: u32,
    /// The index of its end among the events; `u32::MAX` if it has none.
    pub(super) ended: u32,
    /// The state that it makes, by its place in [`Course::states`].
    pub(super) makes: Option<u32>,
    /// The only state in which it can have had its answer.
    pub(super) wants: Option<u32>,
    /// Whether it can have had its answer in every state but one.
    pub(super) wants_another: bool,
    /// Whether it takes effect in every state, and makes the same state of each.
    pub(super) overwrites: bool,
    /// Whether it is known to have changed nothing.
    pub(super) observes: bool,
}

/// The operations on one object, in the order of their calls and ends.
#[derive(Clone, Debug)]
pub struct Course<M: Model, N> {
    pub(super) operations: Vec<Operation<M, N>>,
    pub(super) events: Vec<Event>,
    /// For each event: its mark, by which the caller knows it.
    pub(super) marks: Vec<u32>,
    /// The number of different calls.
    pub(super) classes: u32,
    /// The different states that operations make or want.
    pub(super) states: Vec<M::State>,
    /// Whether every change makes the same state of every other.
    pub(super) overwrites: bool,
    indexes: BTreeMap<N, u32>,
    by_call: BTreeMap<M::Call, u32>,
    by_state: BTreeMap<M::State, u32>,
}

impl<M: Guided, N: Copy + Ord> Course<M, N> {
    /// No operations.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            operations: Vec::new(),
            events: Vec::new(),
            marks: Vec::new(),
            classes: 0,
            states: Vec::new(),
            overwrites: true,
            indexes: BTreeMap::new(),
            by_call: BTreeMap::new(),
            by_state: BTreeMap::new(),
        }
    }

    /// An operation is called; without an answer it may take effect at any later time, or never. One that fails is
    /// left out.
    pub fn called(&mut self, model: &M, name: N, call: M::Call, answer: Option<M::Answer>, mark: u32) {
        if answer.is_none() && !model.may_change(&call, None) {
            return;
        }
        let index = u32::try_from(self.operations.len()).expect("so many operations fit no memory");
        let wanted = match &answer {
            Some(answer) => model.wants(&call, answer),
            None => model.changes_only(&call).map_or(Wanted::Any, Wanted::Only),
        };
        let wants = match wanted {
            Wanted::Only(state) => Some(self.state(state)),
            Wanted::Any | Wanted::Another => None,
        };
        let makes = model.makes(&call).map(|state| self.state(state));
        let class = *self.by_call.entry(call.clone()).or_insert(self.classes);
        self.classes = self.classes.max(class + 1);
        let overwrites = makes.is_some() && wanted == Wanted::Any;
        let wants_another = wanted == Wanted::Another;
        let observes = answer.is_some() && !model.may_change(&call, answer.as_ref());
        self.overwrites &= observes || makes.is_some();
        self.operations.push(Operation {
            name,
            call,
            answer,
            class,
            ended: u32::MAX,
            makes: makes.filter(|_| !observes),
            wants,
            wants_another,
            overwrites,
            observes,
        });
        self.events.push(Event::Called(index));
        self.marks.push(mark);
        self.indexes.insert(name, index);
    }

    /// An operation that was called with an answer ends.
    pub fn ended(&mut self, name: N, mark: u32) {
        let Some(index) = self.indexes.remove(&name) else { return };
        self.operations[index as usize].ended = self.events.len() as u32;
        self.events.push(Event::Ended(index));
        self.marks.push(mark);
    }

    fn state(&mut self, state: M::State) -> u32 {
        let next = self.states.len() as u32;
        let place = *self.by_state.entry(state).or_insert(next);
        if place == next {
            self.states.push(state);
        }
        place
    }

    /// For each event, and for the end: the first event from it on at which an operation ends that needs a certain state.
    pub(super) fn needs(&self) -> Vec<usize> {
        let mut needs = vec![self.events.len(); self.events.len() + 2];
        for (at, event) in self.events.iter().enumerate().rev() {
            let needed = |index: u32| self.operations[index as usize].wants.is_some();
            needs[at] = if matches!(event, Event::Ended(index) if needed(*index)) { at } else { needs[at + 1] };
        }
        needs
    }
}
