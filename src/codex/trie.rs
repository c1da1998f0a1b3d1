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

type Hash = [u8; 32];

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

/// What is below, if anything is, and its hash once that was asked for.
#[derive(Clone, Debug, Default)]
struct Way {
    node: Option<Arc<Node>>,
    hash: OnceLock<Hash>,
}

/// Those of a leaf; where many leaves are deep down, they mostly have one or two.
type Entries = SmallVec<[Entry; 2]>;

#[derive(Clone, Debug)]
enum Node {
    /// Entries in the order of their paths.
    Leaf(Entries),
    Branch(Branch),
}

#[derive(Clone, Debug, Default)]
struct Branch {
    /// How many entries are below it.
    count: usize,
    ways: Box<[Way; WAYS]>,
}

impl Path {
    pub(super) fn of(key: &Key) -> Self {
        Self(blake3::hash(key.as_str().as_bytes()).into())
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
        Self { path, print: blake3::hash(&encoded).into(), key, value }
    }
}

impl Trie {
    /// How many entries there are.
    pub(super) fn len(&self) -> usize {
        self.0.count()
    }

    /// The entry at a path.
    pub(super) fn get(&self, path: &Path) -> Option<&Entry> {
        let (mut node, mut depth) = (self.0.node.as_deref()?, 0);
        loop {
            match node {
                Node::Leaf(entries) => return entries.get(place(entries, path).ok()?),
                Node::Branch(branch) => node = branch.ways[path.way(depth)].node.as_deref()?,
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
        Root(if self.len() == 0 { [0; 32] } else { *self.0.hash() })
    }
}

fn place(entries: &[Entry], path: &Path) -> Result<usize, usize> {
    entries.binary_search_by(|entry| entry.path.cmp(path))
}

impl Way {
    /// The way to these entries, which are in order, from a branch above this depth.
    fn to(entries: Entries, depth: usize) -> Self {
        let node = match entries.len() {
            0 => None,
            1..=MOST => Some(Arc::new(Node::Leaf(entries))),
            _ => Some(Arc::new(Node::Branch(Branch::of(entries, depth)))),
        };
        Self { node, hash: OnceLock::new() }
    }

    fn count(&self) -> usize {
        match self.node.as_deref() {
            None => 0,
            Some(Node::Leaf(entries)) => entries.len(),
            Some(Node::Branch(branch)) => branch.count,
        }
    }

    /// Whether the entry is a new one.
    fn put(&mut self, depth: usize, entry: Entry) -> bool {
        self.hash.take();
        match self.node.as_mut().map(Arc::make_mut) {
            None => {
                *self = Self::to(smallvec![entry], depth);
                true
            }
            Some(Node::Leaf(entries)) => match place(entries, &entry.path) {
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
            },
            Some(Node::Branch(branch)) => {
                let is_new = branch.ways[entry.path.way(depth)].put(depth + 1, entry);
                branch.count += usize::from(is_new);
                is_new
            }
        }
    }

    /// Takes away an entry that is there.
    fn remove(&mut self, depth: usize, path: &Path) {
        self.hash.take();
        match self.node.as_mut().map(Arc::make_mut) {
            None => {}
            Some(Node::Leaf(entries)) => {
                entries.retain(|entry| entry.path != *path);
                if entries.is_empty() {
                    self.node = None;
                }
            }
            Some(Node::Branch(branch)) => {
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
        match self.node.as_deref() {
            None => {}
            Some(Node::Leaf(entries)) => all.extend(entries),
            Some(Node::Branch(branch)) => branch.ways.iter().for_each(|way| way.gather(all)),
        }
    }

    fn hash(&self) -> &Hash {
        self.hash.get_or_init(|| match self.node.as_deref() {
            None => [0; 32],
            Some(Node::Leaf(entries)) => hash_of_leaf(entries),
            Some(Node::Branch(branch)) => branch.hashed(),
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
        Self { count, ways: Box::new(parts.map(|part| Way::to(part, depth + 1))) }
    }

    /// Of a mark, which ways lead somewhere, and what is there.
    fn hashed(&self) -> Hash {
        let (mut bytes, mut end, mut taken) = ([1; 3 + WAYS * 32], 3, 0_u16);
        for (place, way) in self.ways.iter().enumerate().filter(|(_, way)| way.node.is_some()) {
            taken |= 1 << place;
            bytes[end..end + 32].copy_from_slice(way.hash());
            end += 32;
        }
        bytes[1..3].copy_from_slice(&taken.to_le_bytes());
        blake3::hash(&bytes[..end]).into()
    }
}

/// Of a mark, and the hashes of each key and its value.
fn hash_of_leaf(entries: &[Entry]) -> Hash {
    let (mut bytes, mut end) = ([0; 1 + MOST * 64], 1);
    for Entry { path: Path(path), print, .. } in entries {
        bytes[end..end + 32].copy_from_slice(path);
        bytes[end + 32..end + 64].copy_from_slice(print);
        end += 64;
    }
    blake3::hash(&bytes[..end]).into()
}
