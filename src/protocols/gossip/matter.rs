//! What clients of replicated keys write about: the keys of a workload, and what a put of each writes.

use super::content::{Content, Document, edits};
use super::workload::{DocumentWorkload, ScriptureWorkload, SetWorkload};
use crate::chance::Dice;
use crate::codex::scripture::verses;
use crate::codex::{Key, KeyError};

/// The keys of a workload, and their content.
pub(super) trait Matter {
    /// The number of keys.
    fn keys(&self) -> u64;
    /// One of them, counted from 0.
    fn key(&self, number: u64) -> Key;
    /// What a put of this key writes.
    fn content(&self, number: u64, dice: &mut Dice) -> Content;
}

impl Matter for &DocumentWorkload {
    fn keys(&self) -> u64 {
        self.keys.into()
    }

    fn key(&self, number: u64) -> Key {
        key(&self.keyspace, &format!("d{}", number + 1)).expect("its keyspace leaves room")
    }

    fn content(&self, _number: u64, dice: &mut Dice) -> Content {
        Content::Document(Document::drawn(self.meanings, self.bytes, dice))
    }
}

impl Matter for &SetWorkload {
    fn keys(&self) -> u64 {
        self.keys.into()
    }

    fn key(&self, number: u64) -> Key {
        key(&self.keyspace, &format!("s{}", number + 1)).expect("its keyspace leaves room")
    }

    fn content(&self, _number: u64, _dice: &mut Dice) -> Content {
        Content::Grown
    }
}

/// The verses of a workload, each with its key.
pub(super) struct Verses {
    all: Vec<(Key, &'static str)>,
    edits: u32,
}

impl From<&ScriptureWorkload> for Verses {
    fn from(workload: &ScriptureWorkload) -> Self {
        let all = verses(&workload.keyspace).take(workload.verses as usize).collect();
        Self { all, edits: workload.edits }
    }
}

impl Verses {
    fn verse(&self, number: u64) -> &(Key, &'static str) {
        &self.all[usize::try_from(number).expect("an index fits")]
    }
}

impl Matter for Verses {
    fn keys(&self) -> u64 {
        self.all.len() as u64
    }

    fn key(&self, number: u64) -> Key {
        self.verse(number).0.clone()
    }

    fn content(&self, number: u64, dice: &mut Dice) -> Content {
        let (_, canon) = self.verse(number);
        Content::Verse { canon, edits: edits(canon, self.edits, dice) }
    }
}

/// The key of this name in a keyspace.
pub(super) fn key(keyspace: &str, name: &str) -> Result<Key, KeyError> {
    Key::new(&format!("{keyspace}{name}"))
}

/// The number of bytes of the longest name that a key may have.
pub(super) fn longest_name() -> usize {
    let numbered = format!("d{}", u32::MAX).len();
    verses("").map(|(name, _)| name.as_str().len()).max().map_or(numbered, |longest| longest.max(numbered))
}
