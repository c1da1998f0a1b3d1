//! One order of operations, as far as it goes, and the way back.

use std::cmp::Reverse;

use super::course::{Course, Event, Operation};
use super::failed::Key;
use crate::check::linearizability::model::{Guided, Model};

/// One order of operations that explains a history up to some event.
#[derive(Clone, Debug)]
pub(super) struct Walk<M: Model, N> {
    pub(super) model: M,
    pub(super) course: Course<M, N>,
    /// The number of events that it explains.
    pub(super) at: usize,
    pub(super) state: M::State,
    /// The operations that have taken effect, in order.
    pub(super) order: Vec<u32>,
    /// The number of those that changed the state.
    pub(super) changes: u64,
    /// The number of operations that have taken effect, of every attempt.
    pub(super) taken: usize,
    done: Vec<bool>,
    /// The open operations of known outcome that have not taken effect: by class, then by their ends.
    open: Vec<u32>,
    /// Those that have taken effect.
    waiting: Vec<u32>,
    /// By class: the operations of unknown outcome.
    unknown: Vec<Unknown>,
    /// The classes of which some operation of unknown outcome has taken effect, and the number of those.
    spent: Vec<(u32, u32)>,
    /// By state: how many operations that have not taken effect need it.
    wanted: Vec<u32>,
    /// How many operations that have not taken effect need another state.
    wanted_another: u32,
    /// By state: how many operations that were called, and have not taken effect, make it.
    makers: Vec<u32>,
    /// Where every state can be made from every other: empty. Otherwise for each event, and for the end: the first event
    /// from it on at which an operation ends that needs a certain state.
    needs: Vec<usize>,
    log: Vec<Undo<M::State>>,
}

/// Operations of unknown outcome with the same call: whichever is called first may as well take effect first.
#[derive(Clone, Debug, Default)]
struct Unknown {
    /// In the order of their calls.
    operations: Vec<u32>,
    called: usize,
    spent: usize,
}

/// What the way back must revert.
#[derive(Clone, Copy, Debug)]
enum Undo<S> {
    Called(u32),
    Ended(u32),
    Taken(u32),
    /// The state was this one.
    Changed(S),
}

/// A place on the way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark(usize);

impl<M: Guided, N: Copy + Ord> Walk<M, N> {
    pub(super) fn new(model: M, course: Course<M, N>) -> Self {
        let mut unknown = vec![Unknown::default(); course.classes as usize];
        let (mut wanted, makers) = (vec![0; course.states.len()], vec![0; course.states.len()]);
        let mut wanted_another = 0;
        for (operation, index) in course.operations.iter().zip(0..) {
            if operation.answer.is_none() {
                unknown[operation.class as usize].operations.push(index);
            }
            operation.wants.iter().for_each(|state| wanted[*state as usize] += 1);
            wanted_another += u32::from(operation.wants_another);
        }
        Self {
            at: 0,
            state: model.start(),
            order: Vec::new(),
            changes: 0,
            taken: 0,
            done: vec![false; course.operations.len()],
            open: Vec::new(),
            waiting: Vec::new(),
            unknown,
            spent: Vec::new(),
            wanted,
            wanted_another,
            makers,
            needs: if course.overwrites { Vec::new() } else { course.needs() },
            log: Vec::new(),
            model,
            course,
        }
    }

    /// Passes the events that need no decision; returns the operation at whose end one is needed.
    pub(super) fn advance(&mut self) -> Option<u32> {
        while let Some(event) = self.course.events.get(self.at).copied() {
            match event {
                Event::Called(index) => self.call(index),
                Event::Ended(index) if self.done[index as usize] => {
                    self.waiting.retain(|waiting| *waiting != index);
                    self.pass(Undo::Ended(index));
                }
                Event::Ended(index) => return Some(index),
            }
        }
        None
    }

    fn call(&mut self, index: u32) {
        let operation = &self.course.operations[index as usize];
        match operation.answer {
            Some(_) => {
                let place = self.place(index);
                self.open.insert(place, index);
            }
            None => self.unknown[operation.class as usize].called += 1,
        }
        operation.makes.iter().for_each(|state| self.makers[*state as usize] += 1);
        self.pass(Undo::Called(index));
        if self.is_observable(index) {
            self.mark_taken(index);
        }
    }

    fn pass(&mut self, undo: Undo<M::State>) {
        self.log.push(undo);
        self.at += 1;
    }

    /// The place of an operation among the open ones.
    fn place(&self, index: u32) -> usize {
        let key = |index: u32| {
            let Operation { class, ended, .. } = self.course.operations[index as usize];
            (class, ended)
        };
        self.open.partition_point(|open| key(*open) < key(index))
    }

    /// Whether an open operation that changes nothing can have its answer now: then it need not wait.
    fn is_observable(&mut self, index: u32) -> bool {
        let Operation { call, answer, observes, .. } = &self.course.operations[index as usize];
        *observes && answer.as_ref() == Some(&self.model.step(&self.state, call).0)
    }

    /// Lets an operation take effect, and then those that observe the new state.
    pub(super) fn take(&mut self, index: u32) {
        if self.course.operations[index as usize].overwrites {
            self.take_unwanted(index);
        }
        self.apply(index);
        let mut at = 0;
        while let Some(open) = self.open.get(at).copied() {
            if self.is_observable(open) {
                self.mark_taken(open);
            } else {
                at += 1;
            }
        }
    }

    /// Lets those open operations take effect that nobody needs, where another one overwrites their effect.
    fn take_unwanted(&mut self, before: u32) {
        if self.wanted_another > 0 {
            return;
        }
        let mut at = 0;
        while let Some(open) = self.open.get(at).copied() {
            let Operation { makes, overwrites, .. } = self.course.operations[open as usize];
            let is_unwanted = makes.is_some_and(|state| self.wanted[state as usize] == 0);
            if open != before && overwrites && is_unwanted {
                self.apply(open);
            } else {
                at += 1;
            }
        }
    }

    fn apply(&mut self, index: u32) {
        let (_, next) = self.model.step(&self.state, &self.course.operations[index as usize].call);
        if next != self.state {
            self.log.push(Undo::Changed(self.state));
            self.state = next;
            self.changes += 1;
        }
        self.mark_taken(index);
    }

    fn mark_taken(&mut self, index: u32) {
        let Operation { answer, class, makes, wants, wants_another, .. } = &self.course.operations[index as usize];
        makes.iter().for_each(|state| self.makers[*state as usize] -= 1);
        if answer.is_some() {
            wants.iter().for_each(|state| self.wanted[*state as usize] -= 1);
            self.wanted_another -= u32::from(*wants_another);
            let place = self.place(index);
            let open = self.open[place..].iter().position(|open| *open == index).expect("it is open");
            self.open.remove(place + open);
            let place = self.waiting.partition_point(|waiting| *waiting < index);
            self.waiting.insert(place, index);
        } else {
            self.unknown[*class as usize].spent += 1;
            match self.spent.binary_search_by_key(class, |(class, _)| *class) {
                Ok(place) => self.spent[place].1 += 1,
                Err(place) => self.spent.insert(place, (*class, 1)),
            }
        }
        self.done[index as usize] = true;
        self.order.push(index);
        self.taken += 1;
        self.log.push(Undo::Taken(index));
    }

    /// Where it is now.
    pub(super) const fn mark(&self) -> Mark {
        Mark(self.log.len())
    }

    /// Goes back to a mark.
    pub(super) fn go_back(&mut self, Mark(length): Mark) {
        while self.log.len() > length {
            match self.log.pop().expect("it is longer") {
                Undo::Called(index) => self.uncall(index),
                Undo::Ended(index) => {
                    let place = self.waiting.partition_point(|waiting| *waiting < index);
                    self.waiting.insert(place, index);
                    self.at -= 1;
                }
                Undo::Taken(index) => self.untake(index),
                Undo::Changed(state) => {
                    self.state = state;
                    self.changes -= 1;
                }
            }
        }
    }

    fn uncall(&mut self, index: u32) {
        let Operation { answer, class, makes, .. } = &self.course.operations[index as usize];
        makes.iter().for_each(|state| self.makers[*state as usize] -= 1);
        if answer.is_some() {
            self.open.retain(|open| *open != index);
        } else {
            self.unknown[*class as usize].called -= 1;
        }
        self.at -= 1;
    }

    fn untake(&mut self, index: u32) {
        let Operation { answer, class, makes, wants, wants_another, .. } = &self.course.operations[index as usize];
        makes.iter().for_each(|state| self.makers[*state as usize] += 1);
        if answer.is_some() {
            wants.iter().for_each(|state| self.wanted[*state as usize] += 1);
            self.wanted_another += u32::from(*wants_another);
            self.waiting.retain(|waiting| *waiting != index);
            let place = self.place(index);
            self.open.insert(place, index);
        } else {
            self.unknown[*class as usize].spent -= 1;
            let place = self.spent.binary_search_by_key(class, |(class, _)| *class).expect("it is spent");
            self.spent[place].1 -= 1;
            if self.spent[place].1 == 0 {
                self.spent.remove(place);
            }
        }
        self.done[index as usize] = false;
        self.order.pop();
    }

    /// Where it is, for the table of those that fail. What nobody needs any more may be spent or not.
    pub(super) fn key(&self) -> Key {
        let mut words = vec![self.at as u32, self.state.into()];
        words.extend(&self.waiting);
        let needed = |(class, _): &&(u32, u32)| {
            let index = self.unknown[*class as usize].operations[0];
            self.is_needed(&self.course.operations[index as usize])
        };
        Key { words, spent: self.spent.iter().filter(needed).copied().collect() }
    }

    /// Whether some operation that has not taken effect may need the effect of this one.
    fn is_needed(&self, operation: &Operation<M, N>) -> bool {
        self.wanted_another > 0 || operation.makes.is_none_or(|state| self.wanted[state as usize] > 0)
    }

    /// Whether an operation can't take effect next, nor after others: it needs a state that nothing makes.
    pub(super) fn is_hopeless(&mut self, of: u32) -> bool {
        let Operation { call, answer, wants, .. } = &self.course.operations[of as usize];
        let is_unmade = wants.is_some_and(|state| self.course.overwrites && self.makers[state as usize] == 0);
        is_unmade && answer.as_ref() != Some(&self.model.step(&self.state, call).0)
    }

    /// The operations of known outcome that can take effect next where `of` must soon, the best one last.
    pub(super) fn known(&mut self, of: u32) -> Vec<u32> {
        let goal = self.course.operations[of as usize].wants;
        let next_need = self.next_need();
        let mut found: Vec<((bool, bool, u32), u32)> = Vec::new();
        let mut last = None;
        for index in &self.open {
            let Operation { call, answer, class, ended, makes, .. } = &self.course.operations[*index as usize];
            let (given, next) = self.model.step(&self.state, call);
            // Of those with the same call, the first to end goes first.
            if answer.as_ref() != Some(&given) || last.replace(*class) == Some(*class) {
                continue;
            }
            if next_need.is_none_or(|need| self.model.leads(next, need)) {
                let makes_goal = makes.is_some() && *makes == goal;
                found.push(((*index == of, makes_goal, u32::MAX - ended), *index));
            }
        }
        found.sort_unstable();
        found.into_iter().map(|(_, index)| index).collect()
    }

    /// The same for operations of unknown outcome.
    pub(super) fn unknown(&mut self, of: u32) -> Vec<u32> {
        let Operation { overwrites, wants: goal, .. } = self.course.operations[of as usize];
        // It overwrites everything, and nobody else is there to see it before.
        if overwrites && self.open.len() == 1 {
            return Vec::new();
        }
        let next_need = self.next_need();
        let mut found: Vec<(bool, u32)> = Vec::new();
        for (class, Unknown { operations, called, spent }) in self.unknown.iter().enumerate() {
            if spent >= called {
                continue;
            }
            let operation = &self.course.operations[operations[*spent] as usize];
            let is_alike = |open: &u32| {
                let open = &self.course.operations[*open as usize];
                open.class as usize == class && !open.observes
            };
            // One of known outcome goes first.
            if !self.is_needed(operation) || self.open.iter().any(is_alike) {
                continue;
            }
            let (_, next) = self.model.step(&self.state, &operation.call);
            if next != self.state && next_need.is_none_or(|need| self.model.leads(next, need)) {
                found.push((operation.makes.is_some() && operation.makes == goal, operations[*spent]));
            }
        }
        found.sort_unstable_by_key(|(makes_goal, index)| (*makes_goal, Reverse(*index)));
        found.into_iter().map(|(_, index)| index).collect()
    }

    /// The state that must come next, if not every state can come after every other.
    fn next_need(&self) -> Option<M::State> {
        let (_, index) = self.need()?;
        self.course.operations[index as usize].wants.map(|state| self.course.states[state as usize])
    }

    /// The event and the operation that need a certain state next, if not every state can come after every other.
    pub(super) fn need(&self) -> Option<(usize, u32)> {
        let mut at = self.needs.get(self.at).copied()?;
        while let Some(Event::Ended(index) | Event::Called(index)) = self.course.events.get(at).copied() {
            if !self.done[index as usize] {
                return Some((at, index));
            }
            at = self.needs[at + 1];
        }
        None
    }

    /// The names of the last operations of its order.
    pub(super) fn last(&self, count: usize) -> Vec<N> {
        let first = self.order.len().saturating_sub(count);
        self.order[first..].iter().map(|index| self.course.operations[*index as usize].name).collect()
    }
}
