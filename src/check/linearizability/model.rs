//! What an object is: its states, what it is asked, and what it answers.

use std::collections::BTreeMap;
use std::fmt::Debug;

/// A deterministic object.
pub trait Model {
    /// What it is asked to do.
    type Call: Clone + PartialEq + Debug;
    /// What it answers.
    type Answer: Clone + Ord + Debug;
    /// What it holds.
    type State: Clone + Ord + Debug;

    /// What it holds at first.
    fn start(&self) -> Self::State;

    /// What it answers to a call in a state, and what it holds then.
    fn step(&mut self, state: &Self::State, call: &Self::Call) -> (Self::Answer, Self::State);

    /// Whether a call can change the state if it is answered so, or, where the answer is not known, at all.
    fn may_change(&self, call: &Self::Call, answer: Option<&Self::Answer>) -> bool;

    /// Whether the state after a call that is answered so is the same, whatever it was before.
    fn forgets(&self, call: &Self::Call, answer: &Self::Answer) -> bool;
}

/// What a [`Register`] is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterCall<V> {
    /// Tell the value.
    Read,
    /// Take this value.
    Put(V),
    /// Take the value `new`, if the value is `old`.
    Cas {
        /// What must be there.
        old: V,
        /// What is to be there.
        new: V,
    },
}

/// What an object answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seen<V> {
    /// It holds this.
    Value(V),
    /// It is done.
    Done,
    /// Not done: the register holds another value.
    Refused,
}

/// A register with read, put and compare-and-swap.
#[derive(Clone, Copy, Debug)]
pub struct Register<V> {
    /// What it holds at first.
    pub start: V,
}

impl<V: Clone + Ord + Debug> Model for Register<V> {
    type Call = RegisterCall<V>;
    type Answer = Seen<V>;
    type State = V;

    fn start(&self) -> V {
        self.start.clone()
    }

    fn step(&mut self, state: &V, call: &RegisterCall<V>) -> (Seen<V>, V) {
        match call {
            RegisterCall::Read => (Seen::Value(state.clone()), state.clone()),
            RegisterCall::Put(value) => (Seen::Done, value.clone()),
            RegisterCall::Cas { old, new } if old == state => (Seen::Done, new.clone()),
            RegisterCall::Cas { .. } => (Seen::Refused, state.clone()),
        }
    }

    fn may_change(&self, call: &RegisterCall<V>, answer: Option<&Seen<V>>) -> bool {
        match call {
            RegisterCall::Read => false,
            RegisterCall::Put(_) | RegisterCall::Cas { .. } => answer != Some(&Seen::Refused),
        }
    }

    fn forgets(&self, call: &RegisterCall<V>, answer: &Seen<V>) -> bool {
        self.may_change(call, Some(answer))
    }
}

/// What a list is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListCall<V> {
    /// Tell all of it.
    Read,
    /// Take this at its end.
    Append(V),
}

/// A list, by its place in the tree of all lists that were met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListId(u32);

/// A list that values are appended to; every list that was met is kept once, as its parent and its last value.
#[derive(Clone, Debug)]
pub struct Lists<V> {
    longer: BTreeMap<(ListId, V), ListId>,
    /// Each list but the empty one, less its last value, and this.
    parents: Vec<(ListId, V)>,
}

impl<V> Default for Lists<V> {
    fn default() -> Self {
        Self { longer: BTreeMap::new(), parents: Vec::new() }
    }
}

impl<V: Clone + Ord> Lists<V> {
    /// The list that holds nothing.
    pub const EMPTY: ListId = ListId(0);

    /// The list of these values.
    pub fn of<'v>(&mut self, values: impl IntoIterator<Item = &'v V>) -> ListId
    where
        V: 'v,
    {
        values.into_iter().fold(Self::EMPTY, |list, value| self.with(list, value))
    }

    /// The values of a list.
    #[must_use]
    pub fn values(&self, list: ListId) -> Vec<V> {
        let mut values = Vec::new();
        let mut list = list;
        while let Some((longer, value)) = list.0.checked_sub(1).map(|index| &self.parents[index as usize]) {
            values.push(value.clone());
            list = *longer;
        }
        values.reverse();
        values
    }

    fn with(&mut self, list: ListId, value: &V) -> ListId {
        let next = ListId(u32::try_from(self.parents.len() + 1).expect("so many lists fit no memory"));
        *self.longer.entry((list, value.clone())).or_insert_with_key(|parent| {
            self.parents.push(parent.clone());
            next
        })
    }
}

impl<V: Clone + Ord + Debug> Model for Lists<V> {
    type Call = ListCall<V>;
    type Answer = Seen<ListId>;
    type State = ListId;

    fn start(&self) -> ListId {
        Self::EMPTY
    }

    fn step(&mut self, state: &ListId, call: &ListCall<V>) -> (Seen<ListId>, ListId) {
        match call {
            ListCall::Read => (Seen::Value(*state), *state),
            ListCall::Append(value) => (Seen::Done, self.with(*state, value)),
        }
    }

    fn may_change(&self, call: &ListCall<V>, _: Option<&Seen<ListId>>) -> bool {
        match call {
            ListCall::Read => false,
            ListCall::Append(_) => true,
        }
    }

    fn forgets(&self, _: &ListCall<V>, _: &Seen<ListId>) -> bool {
        false
    }
}
