//! The store as the checkers have it: what clients asked, carried out slot by slot, in values that are plain texts.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash as _, Hasher};
use std::sync::Arc;

use crate::identity::{EventId, OpId};
use crate::observation::{Observation, Slot, StoreAnswer, StoreCall, StoreSeen, ValueText};
use crate::trace::{Event, Record};

/// What keys hold after the slots that were applied, by whomever first.
#[derive(Clone, Debug, Default)]
pub(super) struct Store {
    /// What clients asked, until they have the answer, and, where the answer says that it is done, until it is.
    asked: BTreeMap<OpId, Asked>,
    /// What was done of that, and waits for the answer.
    done: BTreeSet<OpId>,
    /// Keys that are not here hold nothing, or, behind a slot that nobody told of, what is not known.
    held: BTreeMap<Arc<str>, ValueText>,
    applied: Slot,
    /// Whether there is a slot of which nobody told.
    has_gap: bool,
}

/// A client's operation.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) key: Arc<str>,
    pub(super) call: StoreCall,
    /// Where it was asked.
    pub(super) event: EventId,
}

/// A write that took effect.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) op: OpId,
    pub(super) asked: Asked,
    pub(super) before: Option<ValueText>,
    pub(super) after: Option<ValueText>,
    /// Whether `after` is all that the key holds: of a list that is lengthened behind a gap the new item alone is known.
    pub(super) is_known: bool,
}

/// What one slot did.
#[derive(Clone, Debug)]
pub(super) struct Changes {
    /// Its writes, in order.
    pub(super) all: Vec<Change>,
    /// Whether it is known of each operation what was asked.
    pub(super) is_whole: bool,
}

impl Store {
    /// Takes in what a client does.
    pub(super) fn see(&mut self, record: &Record<'_>) {
        if let Event::Invoked { op, command, .. } = &record.event {
            for seen in command.observations.iter() {
                if let Observation::Store(StoreSeen::Asked { key, call, .. }) = seen {
                    let asked = Asked { key: Arc::clone(key), call: call.clone(), event: record.id };
                    self.asked.insert(*op, asked);
                }
            }
        } else if let Event::Returned { op, reply } = &record.event {
            // A node that has started with the decision on its disk answers before anybody has told of the slot.
            let is_early = !self.done.remove(op) && reply.observations.iter().any(says_done);
            if !is_early {
                self.asked.remove(op);
            }
        }
    }

    /// What a client asked that waits for the answer.
    pub(super) fn asked(&self, op: OpId) -> Option<&Asked> {
        self.asked.get(&op)
    }

    /// What a key holds; the outer option is empty where that is not known.
    pub(super) fn held(&self, key: &str) -> Option<Option<&ValueText>> {
        match self.held.get(key) {
            Some(value) => Some(Some(value)),
            None => (!self.has_gap).then_some(None),
        }
    }

    /// Whether it was told of every slot.
    pub(super) const fn is_whole(&self) -> bool {
        !self.has_gap
    }

    /// Applies a slot in which these operations took effect, unless that was done before.
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

    /// Writes what is remembered, without the events that told of it.
    pub(super) fn memory(&self, mut state: &mut dyn Hasher) {
        for (op, Asked { key, call, event: _ }) in &self.asked {
            (op, key, call).hash(&mut state);
        }
        (&self.done, &self.held, self.applied, self.has_gap).hash(&mut state);
    }

    /// Whether such an event of a client can change its memory.
    pub(super) const fn heeds(event: &Event<'_>) -> bool {
        matches!(event, Event::Invoked { .. } | Event::Returned { .. })
    }
}

/// Whether an answer says that the operation has taken effect.
const fn says_done(seen: &Observation) -> bool {
    matches!(seen, Observation::Store(StoreSeen::Told { answer: StoreAnswer::Done | StoreAnswer::Value { .. } }))
}

/// What a key that holds `before` holds after a call, anchors aside; `None` if the call does not apply to it.
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

/// The list that is longer by a value, as JSON; the value alone where it is not known what was there.
fn longer(list: Option<&ValueText>, value: &str) -> ValueText {
    let items = list.and_then(|list| list.strip_suffix(']'));
    match items {
        Some("[") | None => format!("[{value}]").into(),
        Some(items) => format!("{items},{value}]").into(),
    }
}

/// How deep lists and maps stand in one another in a JSON text.
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
