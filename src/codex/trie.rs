//! A Merkle trie over the hashes of keys: 16 ways at each node, and leaves of at most 16 entries (Merkle 1987; hashing
//! the key first balances the trie, whatever keys there are).
//!
//! Its shape is a function of its content: a node is a leaf exactly if no more than 16 entries are below it. Nodes are
//! shared between clones until one of them changes. The hash of what is below a way is remembered beside the way until
//! something there changes: a root costs only what has changed since the last one, and a branch is hashed without a look
//! at the nodes below that have not.

use std::mem::take;
use std::sync::{Arc, OnceLock};

use smallvec::{SmallVec, smallvec};

use super::{Key, Root, Value};
use crate::encoding;

const WAYS: usize = 16;
/// A leaf has at most so many entries.
const MOST: usize = 16;

/// The first 128 bits of a BLAKE3 hash: no more are told apart in a simulation, and a node with its ways takes half the
/// time to hash.
type Hash = [u8; SIZE];

const SIZE: usize = 16;

/// The hash of a key: where its entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Path(Hash);

/// An entry, with the hashes of its key and of its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    path: Path,
    print: Hash,
    pub(super) key: Key,
    pub(super) value: Value,
}

/// All entries.
#[derive(Clone, Debug, Default)]
pub(super) struct Trie(Way);

/// A way down, with the hash of what is there once that was asked for.
#[derive(Clone, Debug, Default)]
struct Way {
    below: Below,
    hash: OnceLock<Hash>,
}

/// What is below.
#[derive(Clone, Debug, Default)]
enum Below {
    #[default]
    Nothing,
    /// Entries in the order of their paths.
    Leaf(Arc<Entries>),
    Branch(Arc<Branch>),
}

/// Those of a leaf; where many leaves are deep down, they mostly have one or two.
type Entries = SmallVec<[Entry; 2]>;

#[derive(Clone, Debug, Default)]
struct Branch {
    /// How many entries are below it.
    count: usize,
    ways: [Way; WAYS],
}

impl Path {
    pub(super) fn of(key: &Key) -> Self {
        Self(hash(key.as_str().as_bytes()))
    }

    /// The way that it takes at this depth.
    const fn way(&self, depth: usize) -> usize {
        let byte = self.0[depth / 2];
        (if depth.is_multiple_of(2) { byte >> 4 } else { byte & 15 }) as usize
    }
}

impl Entry {
    fn new(path: Path, key: Key, value: Value) -> Self {
        let mut encoded = Vec::with_capacity(64);
        encoding::write(&value, &mut encoded);
        Self { path, print: hash(&encoded), key, value }
    }
}

impl Trie {
    /// How many entries there are.
    pub(super) fn len(&self) -> usize {
        self.0.count()
    }

    /// The entry at a path.
    pub(super) fn get(&self, path: &Path) -> Option<&Entry> {
        let (mut below, mut depth) = (&self.0.below, 0);
        loop {
            match below {
                Below::Nothing => return None,
                Below::Leaf(entries) => return entries.get(place(entries, path).ok()?),
                Below::Branch(branch) => below = &branch.ways[path.way(depth)].below,
            }
            depth += 1;
        }
    }

    /// Puts an entry at a path, which is its key's, in the place of the one that is there.
    pub(super) fn put(&mut self, path: Path, key: Key, value: Value) {
        self.0.put(0, Entry::new(path, key, value));
    }

    /// Takes the entry at a path away.
    pub(super) fn remove(&mut self, path: &Path) {
        if self.get(path).is_some() {
            self.0.remove(0, path);
        }
    }

    /// All entries, in no order that means anything.
    pub(super) fn entries(&self) -> Vec<&Entry> {
        let mut all = Vec::with_capacity(self.len());
        self.0.gather(&mut all);
        all
    }

    pub(super) fn root(&self) -> Root {
        Root(if self.len() == 0 { [0; SIZE] } else { *self.0.hash() })
    }
}

fn hash(bytes: &[u8]) -> Hash {
    *blake3::hash(bytes).as_bytes().first_chunk().expect("a hash has 32 bytes")
}

fn place(entries: &[Entry], path: &Path) -> Result<usize, usize> {
    entries.binary_search_by(|entry| entry.path.cmp(path))
}

impl Way {
    /// The way to these entries, which are in order, from a branch above this depth.
    fn to(entries: Entries, depth: usize) -> Self {
        let below = match entries.len() {
            0 => Below::Nothing,
            1..=MOST => Below::Leaf(Arc::new(entries)),
            _ => Below::Branch(Arc::new(Branch::of(entries, depth))),
        };
        Self { below, hash: OnceLock::new() }
    }

    fn count(&self) -> usize {
        match &self.below {
            Below::Nothing => 0,
            Below::Leaf(entries) => entries.len(),
            Below::Branch(branch) => branch.count,
        }
    }

    /// Whether the entry is a new one.
    fn put(&mut self, depth: usize, entry: Entry) -> bool {
        self.hash.take();
        match &mut self.below {
            Below::Nothing => {
                self.below = Below::Leaf(Arc::new(smallvec![entry]));
                true
            }
            Below::Leaf(entries) => {
                let entries = Arc::make_mut(entries);
                match place(entries, &entry.path) {
                    Ok(place) => {
                        let known = &mut entries[place];
                        (known.print, known.value) = (entry.print, entry.value);
                        false
                    }
                    Err(place) => {
                        entries.insert(place, entry);
                        if entries.len() > MOST {
                            *self = Self::to(take(entries), depth);
                        }
                        true
                    }
                }
            }
            Below::Branch(branch) => {
                let branch = Arc::make_mut(branch);
                let is_new = branch.ways[entry.path.way(depth)].put(depth + 1, entry);
                branch.count += usize::from(is_new);
                is_new
            }
        }
    }

    /// Takes away an entry that is there.
    fn remove(&mut self, depth: usize, path: &Path) {
        self.hash.take();
        match &mut self.below {
            Below::Nothing => {}
            Below::Leaf(entries) => {
                let entries = Arc::make_mut(entries);
                entries.retain(|entry| entry.path != *path);
                if entries.is_empty() {
                    self.below = Below::Nothing;
                }
            }
            Below::Branch(branch) => {
                let branch = Arc::make_mut(branch);
                branch.ways[path.way(depth)].remove(depth + 1, path);
                branch.count -= 1;
                if branch.count <= MOST {
                    let mut entries = Vec::with_capacity(branch.count);
                    branch.ways.iter().for_each(|way| way.gather(&mut entries));
                    *self = Self::to(entries.into_iter().cloned().collect(), depth);
                }
            }
        }
    }

    fn gather<'n>(&'n self, all: &mut Vec<&'n Entry>) {
        match &self.below {
            Below::Nothing => {}
            Below::Leaf(entries) => all.extend(entries.iter()),
            Below::Branch(branch) => branch.ways.iter().for_each(|way| way.gather(all)),
        }
    }

    fn hash(&self) -> &Hash {
        self.hash.get_or_init(|| match &self.below {
            Below::Nothing => [0; SIZE],
            Below::Leaf(entries) => hash_of_leaf(entries),
            Below::Branch(branch) => branch.hashed(),
        })
    }
}

impl Branch {
    /// The branch at this depth to these entries, which are in order.
    fn of(entries: Entries, depth: usize) -> Self {
        let count = entries.len();
        let mut parts: [Entries; WAYS] = Default::default();
        for entry in entries {
            parts[entry.path.way(depth)].push(entry);
        }
        Self { count, ways: parts.map(|part| Way::to(part, depth + 1)) }
    }

    /// Of a mark, which ways lead somewhere, and what is there.
    fn hashed(&self) -> Hash {
        let (mut bytes, mut end, mut taken) = ([1; 3 + WAYS * SIZE], 3, 0_u16);
        for (place, way) in self.ways.iter().enumerate().filter(|(_, way)| !matches!(way.below, Below::Nothing)) {
            taken |= 1 << place;
            bytes[end..end + SIZE].copy_from_slice(way.hash());
            end += SIZE;
        }
        bytes[1..3].copy_from_slice(&taken.to_le_bytes());
        hash(&bytes[..end])
    }
}

/// Of a mark, and the hashes of each key and its value.
fn hash_of_leaf(entries: &[Entry]) -> Hash {
    let (mut bytes, mut end) = ([0; 1 + MOST * 2 * SIZE], 1);
    for Entry { path: Path(path), print, .. } in entries {
        bytes[end..end + SIZE].copy_from_slice(path);
        bytes[end + SIZE..end + 2 * SIZE].copy_from_slice(print);
        end += 2 * SIZE;
    }
    hash(&bytes[..end])
}
