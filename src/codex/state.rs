//! The state: what is there, and what comes of a write.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::trie::{Entry, Path, Trie};
use super::{Anchors, Key, MOST_NESTED, Refusal, Root, Value, Write};

/// Entries by key. Two of them are equal if their roots are; a clone costs nothing until one of them changes.
#[derive(Clone, Default)]
pub struct Codex {
    trie: Trie<Value>,
}

impl Codex {
    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.trie.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the entry of a key holds.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<&Value> {
        self.trie.get(Path::of(key)).map(|entry| &entry.value)
    }

    /// All entries whose keys begin with `prefix`, in the order of their keys. It looks at all that there are.
    #[must_use]
    pub fn under(&self, prefix: &str) -> Vec<(&Key, &Value)> {
        let entries = self.trie.entries().into_iter().filter(|entry| entry.key.as_str().starts_with(prefix));
        let mut found: Vec<_> = entries.map(|Entry { key, value, .. }| (key, value)).collect();
        found.sort_unstable_by_key(|(key, _)| *key);
        found
    }

    /// What stands for all of it; the zero root for nothing. It costs what has changed since the last one was asked for.
    #[must_use]
    pub fn root(&self) -> Root {
        self.trie.root()
    }

    /// The trie that holds it, to be walked.
    #[must_use]
    pub const fn trie(&self) -> &Trie<Value> {
        &self.trie
    }

    /// Does what a write asks for, unless that breaks an anchor, or does not apply.
    ///
    /// # Errors
    /// Why nothing was changed.
    pub fn apply(&mut self, write: &Write, anchors: &Anchors) -> Result<(), Refusal> {
        let key = write.key();
        let path = Path::of(key);
        let before = self.trie.get(path).map(|entry| &entry.value);
        let after = after(before, write)?;
        if let Some(place) = anchors.broken(key, before, after.as_ref()) {
            return Err(Refusal::Anchor(place));
        }
        match after {
            Some(value) => self.trie.put(path, key.clone(), value),
            None => self.trie.remove(path),
        }
        Ok(())
    }
}

/// What an entry that holds `before` holds after a write; nothing if it is gone then.
fn after(before: Option<&Value>, write: &Write) -> Result<Option<Value>, Refusal> {
    let value = match write {
        Write::Put { value, .. } => value.clone(),
        Write::Delete { .. } => return Ok(None),
        Write::Cas { expected, value, .. } if before == expected.as_ref() => value.clone(),
        Write::Cas { .. } => return Err(Refusal::Mismatch),
        Write::Append { value, .. } => Value::List(Arc::new(match before {
            None => vec![value.clone()],
            Some(Value::List(items)) => items.iter().chain([value]).cloned().collect(),
            Some(Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Text(_) | Value::Map(_)) => {
                return Err(Refusal::NoList);
            }
        })),
    };
    if value.nesting() > MOST_NESTED { Err(Refusal::Nested) } else { Ok(Some(value)) }
}

/// The state that holds these entries; of two with one key the later one.
impl FromIterator<(Key, Value)> for Codex {
    fn from_iter<I: IntoIterator<Item = (Key, Value)>>(entries: I) -> Self {
        let mut codex = Self::default();
        entries.into_iter().for_each(|(key, value)| codex.trie.put(Path::of(&key), key, value));
        codex
    }
}

impl PartialEq for Codex {
    fn eq(&self, other: &Self) -> bool {
        self.root() == other.root()
    }
}

impl Eq for Codex {}

impl Hash for Codex {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.root().hash(state);
    }
}

impl fmt::Debug for Codex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Codex").field("entries", &self.len()).field("root", &self.root().to_string()).finish()
    }
}
