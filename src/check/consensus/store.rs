//! The checkers' own model of the store: applies the clients' operations slot by slot, with values as plain texts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::check::Witness;
use crate::identity::{EventId, OpId};
use crate::observation::{Observation, Slot, StoreAnswer, StoreCall, StoreSeen, ValueText};
use crate::trace::{Event, Kinds, Record};

/// The values of keys after the applied slots, each taken from the first node that reports it.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Store {
    /// The clients' operations that are not answered, or that are answered as done and have not taken effect yet.
    asked: BTreeMap<OpId, Asked>,
    /// The operations of these that have taken effect, and wait for the answer.
    done: BTreeSet<OpId>,
    /// A key that is missing here has no value, or an unknown one after a slot that no node reported.
    held: BTreeMap<Arc<str>, ValueText>,
    applied: Slot,
    /// Whether there is a slot that no node reported.
    has_gap: bool,
}

/// A client's operation.
#[derive(Clone, Debug, Hash)]
pub(super) struct Asked {
    pub(super) key: Arc<str>,
    pub(super) call: StoreCall,
    /// The event that invoked it.
    pub(super) event: Witness<EventId>,
}

/// A write that took effect.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) op: OpId,
    pub(super) asked: Asked,
    pub(super) before: Option<ValueText>,
    pub(super) after: Option<ValueText>,
    /// Whether `after` is the whole value of the key: after a gap, only the new item of a list is known.
    pub(super) is_known: bool,
}

/// The changes of one slot.
#[derive(Clone, Debug)]
pub(super) struct Changes {
    /// Its writes, in order.
    pub(super) all: Vec<Change>,
    /// Whether the request of each operation is known.
    pub(super) is_whole: bool,
}

impl Store {
    /// The kinds of records that it needs.
    pub(super) const WANTS: Kinds = Kinds::INVOKED.with(Kinds::RETURNED);

    /// Processes a client's record.
    pub(super) fn see(&mut self, record: &Record<'_>) {
        if let Event::Invoked { op, command, .. } = &record.event {
            for seen in command.observations.iter() {
                if let Observation::Store(StoreSeen::Asked { key, call, .. }) = seen {
                    let asked = Asked { key: Arc::clone(key), call: call.clone(), event: Witness(record.id) };
                    self.asked.insert(*op, asked);
                }
            }
        } else if let Event::Returned { op, reply } = &record.event {
            // A node that started with the decision on its disk may answer before any node has reported the slot.
            let is_early = !self.done.remove(op) && reply.observations.iter().any(says_done);
            if !is_early {
                self.asked.remove(op);
            }
        }
    }

    /// An operation that waits for its answer.
    pub(super) fn asked(&self, op: OpId) -> Option<&Asked> {
        self.asked.get(&op)
    }

    /// The value of a key; the outer option is empty if it is unknown.
    pub(super) fn held(&self, key: &str) -> Option<Option<&ValueText>> {
        match self.held.get(key) {
            Some(value) => Some(Some(value)),
            None => (!self.has_gap).then_some(None),
        }
    }

    /// Whether every slot was reported.
    pub(super) const fn is_whole(&self) -> bool {
        !self.has_gap
    }

    /// Applies a slot in which these operations took effect, unless it has been applied.
    pub(super) fn apply(&mut self, slot: Slot, done: &[OpId]) -> Option<Changes> {
        if slot <= self.applied {
            return None;
        }
        if slot > self.applied.next() {
            self.held.clear();
            self.has_gap = true;
        }
        self.applied = slot;
        let mut changes = Changes { all: Vec::new(), is_whole: true };
        for op in done {
            match self.asked.get(op).cloned() {
                Some(asked) => {
                    self.done.insert(*op);
                    changes.all.extend(self.carry_out(*op, asked));
                }
                None => changes.is_whole = false,
            }
        }
        if !changes.is_whole {
            self.held.clear();
            self.has_gap = true;
        }
        Some(changes)
    }

    fn carry_out(&mut self, op: OpId, asked: Asked) -> Option<Change> {
        let before = self.held.get(&asked.key).cloned();
        let after = match &asked.call {
            StoreCall::Read => return None,
            StoreCall::Put { value } | StoreCall::Cas { new: value, .. } => Some(Arc::clone(value)),
            StoreCall::Delete => None,
            StoreCall::Append { value } => Some(longer(before.as_ref(), value)),
        };
        let is_known = !(self.has_gap && before.is_none() && matches!(asked.call, StoreCall::Append { .. }));
        match &after {
            Some(_) if !is_known => {}
            Some(value) => _ = self.held.insert(Arc::clone(&asked.key), Arc::clone(value)),
            None => _ = self.held.remove(&asked.key),
        }
        Some(Change { op, asked, before, after, is_known })
    }
}

/// Whether an answer says that the operation has taken effect.
const fn says_done(seen: &Observation) -> bool {
    matches!(seen, Observation::Store(StoreSeen::Told { answer: StoreAnswer::Done | StoreAnswer::Value { .. } }))
}

/// The value of a key with `before` after a call, ignoring anchors; `None` if the call does not apply to it.
pub(crate) fn outcome(before: Option<&ValueText>, call: &StoreCall) -> Option<Option<ValueText>> {
    let after = match call {
        StoreCall::Read => return Some(before.cloned()),
        StoreCall::Delete => return Some(None),
        StoreCall::Put { value } => Arc::clone(value),
        StoreCall::Cas { old, new } if old.as_ref() == before => Arc::clone(new),
        StoreCall::Cas { .. } => return None,
        StoreCall::Append { value } if before.is_none_or(|list| list.starts_with('[')) => longer(before, value),
        StoreCall::Append { .. } => return None,
    };
    (nesting(&after) <= 32).then_some(Some(after))
}

/// The list with a value appended, as JSON; only the value if the list is unknown.
fn longer(list: Option<&ValueText>, value: &str) -> ValueText {
    let items = list.and_then(|list| list.strip_suffix(']'));
    match items {
        Some("[") | None => format!("[{value}]").into(),
        Some(items) => format!("{items},{value}]").into(),
    }
}

/// The nesting depth of lists and maps in a JSON text.
fn nesting(text: &str) -> usize {
    let (mut depth, mut most, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for letter in text.bytes() {
        match letter {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => depth += 1,
            b']' | b'}' if !quoted => depth -= 1,
            _ => {}
        }
        most = most.max(depth);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_count_outside_of_texts_alone() {
        for (text, depth) in [("7", 0), ("[]", 1), (r#"{"a":[1,[2]]}"#, 3), (r#"["[\"["]"#, 1), (r#""\\""#, 0)] {
            assert_eq!(nesting(text), depth, "{text}");
        }
    }

    #[test]
    fn a_call_that_does_not_apply_has_no_outcome() {
        let (text, list): (ValueText, ValueText) = ("\"a\"".into(), "[1]".into());
        let append = StoreCall::Append { value: "2".into() };
        assert_eq!(outcome(Some(&list), &append), Some(Some("[1,2]".into())));
        assert_eq!(outcome(None, &append), Some(Some("[2]".into())));
        assert_eq!(outcome(Some(&text), &append), None);
        let cas = |old: Option<&ValueText>| StoreCall::Cas { old: old.cloned(), new: "3".into() };
        assert_eq!(outcome(Some(&text), &cas(Some(&text))), Some(Some("3".into())));
        assert_eq!(outcome(Some(&text), &cas(None)), None);
        assert_eq!(outcome(None, &cas(None)), Some(Some("3".into())));
        let deep: ValueText = format!("{}{}", "[".repeat(32), "]".repeat(32)).into();
        assert_eq!(outcome(None, &StoreCall::Append { value: Arc::clone(&deep) }), None);
        assert!(outcome(None, &StoreCall::Put { value: deep }).is_some());
    }
}
