//! The definition of an object: its states, its calls, and its answers.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::hash::Hash;

/// A deterministic object.
pub trait Model {
    /// A call.
    type Call: Clone + PartialEq + Hash + Debug;
    /// An answer.
    type Answer: Clone + Ord + Hash + Debug;
    /// A state.
    type State: Clone + Ord + Hash + Debug;

    /// The initial state.
    fn start(&self) -> Self::State;

    /// The answer to a call in a state, and the next state.
    fn step(&mut self, state: &Self::State, call: &Self::Call) -> (Self::Answer, Self::State);

    /// Whether a call with this answer can change the state; without an answer, whether the call can.
    fn may_change(&self, call: &Self::Call, answer: Option<&Self::Answer>) -> bool;

    /// Whether the state after a call with this answer is the same for every state before it.
    fn forgets(&self, call: &Self::Call, answer: &Self::Answer) -> bool;
}

/// A model of which a search can know ahead what its calls need and do.
pub trait Guided: Model<Call: Ord, State: Copy + Into<u32>> {
    /// The states in which a call has this answer.
    fn wants(&self, call: &Self::Call, answer: &Self::Answer) -> Wanted<Self::State>;

    /// The state after a call that took effect, if it is the same after every state.
    fn makes(&self, call: &Self::Call) -> Option<Self::State>;

    /// The only state that a call changes, if there is only one.
    fn changes_only(&self, call: &Self::Call) -> Option<Self::State>;

    /// Whether some calls lead from one state to the other.
    fn leads(&self, from: Self::State, to: Self::State) -> bool;
}

/// States in which a call has an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted<S> {
    /// Every state.
    Any,
    /// One state.
    Only(S),
    /// Every state but one.
    Another,
}

/// A call of a [`Register`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RegisterCall<V> {
    /// Returns the value.
    Read,
    /// Sets this value.
    Put(V),
    /// Sets the value to `new` if it is `old`.
    Cas {
        /// The expected value.
        old: V,
        /// The new value.
        new: V,
    },
}

/// An answer of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Seen<V> {
    /// It has this value.
    Value(V),
    /// The call took effect.
    Done,
    /// The call had no effect: the register has another value.
    Refused,
}

/// A register with read, put and compare-and-swap.
#[derive(Clone, Copy, Debug)]
pub struct Register<V> {
    /// The initial value.
    pub start: V,
}

impl<V: Clone + Ord + Hash + Debug> Model for Register<V> {
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

impl<V: Copy + Ord + Hash + Debug + Into<u32>> Guided for Register<V> {
    fn wants(&self, call: &RegisterCall<V>, answer: &Seen<V>) -> Wanted<V> {
        match (call, answer) {
            (RegisterCall::Read, Seen::Value(value)) => Wanted::Only(*value),
            (RegisterCall::Cas { old, .. }, Seen::Done) => Wanted::Only(*old),
            (RegisterCall::Cas { .. }, Seen::Refused) => Wanted::Another,
            (RegisterCall::Read, Seen::Done | Seen::Refused)
            | (RegisterCall::Put(_), Seen::Value(_) | Seen::Done | Seen::Refused)
            | (RegisterCall::Cas { .. }, Seen::Value(_)) => Wanted::Any,
        }
    }

    fn makes(&self, call: &RegisterCall<V>) -> Option<V> {
        match call {
            RegisterCall::Read => None,
            RegisterCall::Put(value) | RegisterCall::Cas { new: value, .. } => Some(*value),
        }
    }

    fn changes_only(&self, call: &RegisterCall<V>) -> Option<V> {
        match call {
            RegisterCall::Read | RegisterCall::Put(_) => None,
            RegisterCall::Cas { old, .. } => Some(*old),
        }
    }

    fn leads(&self, _from: V, _to: V) -> bool {
        true
    }
}

/// A call of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ListCall<V> {
    /// Returns all items.
    Read,
    /// Appends this item.
    Append(V),
}

/// A list, by its index in the tree of all lists that occurred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListId(u32);

impl From<ListId> for u32 {
    fn from(ListId(index): ListId) -> Self {
        index
    }
}

/// A list to which values are appended; every list that occurred is stored once, as its parent and its last value.
#[derive(Clone, Debug)]
pub struct Lists<V> {
    longer: BTreeMap<(ListId, V), ListId>,
    /// For each list except the empty one: the list without its last value, and that value.
    parents: Vec<(ListId, V)>,
    /// The length of each list except the empty one.
    lengths: Vec<u32>,
}

impl<V> Default for Lists<V> {
    fn default() -> Self {
        Self { longer: BTreeMap::new(), parents: Vec::new(), lengths: Vec::new() }
    }
}

impl<V: Clone + Ord> Lists<V> {
    /// The empty list.
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
        let length = self.length(list) + 1;
        *self.longer.entry((list, value.clone())).or_insert_with_key(|parent| {
            self.parents.push(parent.clone());
            self.lengths.push(length);
            next
        })
    }

    fn length(&self, ListId(index): ListId) -> u32 {
        index.checked_sub(1).map_or(0, |index| self.lengths[index as usize])
    }
}

impl<V: Clone + Ord + Hash + Debug> Model for Lists<V> {
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

impl<V: Clone + Ord + Hash + Debug> Guided for Lists<V>
where
    ListCall<V>: Ord,
{
    fn wants(&self, call: &ListCall<V>, answer: &Seen<ListId>) -> Wanted<ListId> {
        match (call, answer) {
            (ListCall::Read, Seen::Value(list)) => Wanted::Only(*list),
            (ListCall::Read, Seen::Done | Seen::Refused) | (ListCall::Append(_), _) => Wanted::Any,
        }
    }

    fn makes(&self, _call: &ListCall<V>) -> Option<ListId> {
        None
    }

    fn changes_only(&self, _call: &ListCall<V>) -> Option<ListId> {
        None
    }

    /// Whether one list is the beginning of the other.
    fn leads(&self, from: ListId, to: ListId) -> bool {
        let mut list = to;
        for _ in self.length(from)..self.length(to) {
            list = self.parents[list.0 as usize - 1].0;
        }
        list == from
    }
}
