//! A Merkle trie: 16 ways at each node, and leaves of at most 16 entries (Merkle 1987). The way to an entry follows a
//! hash of its key, which balances the trie whatever keys there are; what vouches for the content are the BLAKE3 hashes.
//!
//! Its shape is a function of its content: a node is a leaf exactly if no more than 16 entries are below it. Nodes are
//! shared between clones until one of them changes. The hash of what is below a way is remembered beside the way until
//! something there changes: a root costs only what has changed since the last one, and a branch is hashed without a look
//! at the nodes below that have not.

use std::fmt;
use std::mem::take;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use smallvec::{SmallVec, smallvec};

use super::{Key, Root};
use crate::encoding;

const WAYS: usize = 16;
/// A leaf has at most so many entries.
const MOST: usize = 16;

/// The first 128 bits of a BLAKE3 hash: no more are told apart in a simulation, and a node with its ways takes half the
/// time to hash.
type Hash = [u8; SIZE];

const SIZE: usize = 16;

/// A hash of a key, from which the ways follow to its entry. Two keys have one only if somebody looks for such.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Path(u128);

/// A place of a [`Trie`]: the first ways to it. Written as their hex digits, `*` for the top.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    /// The ways, from the highest four bits on; zeros behind them.
    ways: u128,
    /// How many there are, at most [`Prefix::DEEPEST`].
    depth: u8,
}

/// The paths from one to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PathRange {
    /// The first.
    pub from: Path,
    /// The last.
    pub to: Path,
}

/// An entry of a [`Trie`].
#[derive(Clone, Debug)]
pub struct Entry<V> {
    path: Path,
    /// The hash of it.
    print: Hash,
    /// Its name.
    pub(super) key: Key,
    /// What it holds.
    pub(super) value: V,
}

/// Entries by key, with a hash that stands for all of them. A clone shares all nodes with the original until one of the two
/// changes.
///
/// The hashes of two tries tell where they differ: equal roots have equal content below them, so that a walk from
/// [`Trie::top`] needs to go on only along the ways whose roots are not equal.
#[derive(Clone, Debug)]
pub struct Trie<V> {
    all: Below<V>,
    hash: Remembered,
    /// Room for the encoding of an entry, empty between two.
    room: Vec<u8>,
}

/// What stands at a place of a [`Trie`].
#[derive(Debug)]
pub enum Place<'t, V> {
    /// Nothing.
    Nothing,
    /// All entries below the place: 16 at most, in the order of their paths.
    Leaf(&'t [Entry<V>]),
    /// A node with 16 ways.
    Branch(Ways<'t, V>),
}

/// The ways on from a place of a [`Trie`].
#[derive(Debug)]
pub struct Ways<'t, V>(&'t Branch<V>);

/// What is below a way.
#[derive(Clone, Debug)]
enum Below<V> {
    Nothing,
    /// Entries in the order of their paths.
    Leaf(Arc<Entries<V>>),
    Branch(Arc<Branch<V>>),
}

/// Those of a leaf; where many leaves are deep down, they mostly have one or two.
type Entries<V> = SmallVec<[Entry<V>; 2]>;

/// 16 ways. Their hashes stand side by side, so that few lines of memory are read for the hash of the branch.
#[derive(Clone, Debug)]
struct Branch<V> {
    /// How many entries are below it.
    count: usize,
    /// Which ways lead somewhere, a bit each.
    taken: u16,
    ways: [Below<V>; WAYS],
    hashes: [Remembered; WAYS],
}

/// A hash, if it has been found. It takes no more room than that: a word of 0 says that it has not, and the one hash in
/// 2^63 that has such a word is found again each time. Whoever finds it at the same time finds the same.
#[derive(Debug, Default)]
struct Remembered {
    high: AtomicU64,
    low: AtomicU64,
}

impl Remembered {
    fn get(&self) -> Option<Hash> {
        let (high, low) = (self.high.load(Ordering::Relaxed), self.low.load(Ordering::Relaxed));
        let hash = (u128::from(high) << 64 | u128::from(low)).to_be_bytes();
        (high != 0 && low != 0).then_some(hash)
    }

    fn set(&self, hash: Hash) {
        let both = u128::from_be_bytes(hash);
        self.high.store((both >> 64) as u64, Ordering::Relaxed);
        self.low.store(both as u64, Ordering::Relaxed);
    }

    fn or_find(&self, find: impl FnOnce() -> Hash) -> Hash {
        self.get().unwrap_or_else(|| {
            let hash = find();
            self.set(hash);
            hash
        })
    }

    fn forget(&mut self) {
        *self = Self::default();
    }
}

impl Clone for Remembered {
    fn clone(&self) -> Self {
        let copy = |word: &AtomicU64| AtomicU64::new(word.load(Ordering::Relaxed));
        Self { high: copy(&self.high), low: copy(&self.low) }
    }
}

impl Path {
    /// The path of the entry of a key.
    #[must_use]
    pub fn of(key: &Key) -> Self {
        Self(xxhash_rust::xxh3::xxh3_128(key.as_str().as_bytes()))
    }

    /// The way that it takes at this depth.
    const fn way(self, depth: usize) -> usize {
        (self.0 >> (124 - 4 * depth) & 15) as usize
    }
}

impl Path {
    /// The first of all.
    pub const FIRST: Self = Self(0);
    /// The last of all.
    pub const LAST: Self = Self(u128::MAX);

    /// The path after this one, if it is not the last.
    #[must_use]
    pub const fn next(self) -> Option<Self> {
        match self.0.checked_add(1) {
            Some(next) => Some(Self(next)),
            None => None,
        }
    }
}

impl PathRange {
    /// All paths.
    pub const ALL: Self = Self { from: Path::FIRST, to: Path::LAST };

    /// Whether a path is in it.
    #[must_use]
    pub fn contains(&self, path: Path) -> bool {
        self.from <= path && path <= self.to
    }
}

impl Prefix {
    /// Where a walk begins.
    pub const TOP: Self = Self { ways: 0, depth: 0 };
    /// A path has so many ways.
    pub const DEEPEST: u8 = 32;

    /// The place that a way leads to.
    ///
    /// # Panics
    /// If this is a whole path, or `way` is not below 16.
    #[must_use]
    pub const fn follow(self, way: u8) -> Self {
        assert!(self.depth < Self::DEEPEST, "no way leads on from a whole path");
        assert!(way < 16, "there are 16 ways");
        Self { ways: self.ways | (way as u128) << (124 - 4 * self.depth), depth: self.depth + 1 }
    }

    /// How many ways lead to it.
    #[must_use]
    pub const fn depth(self) -> u8 {
        self.depth
    }

    /// The paths below it.
    #[must_use]
    pub const fn range(self) -> PathRange {
        let rest = if self.depth == Self::DEEPEST { 0 } else { u128::MAX >> (4 * self.depth) };
        PathRange { from: Path(self.ways), to: Path(self.ways | rest) }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.depth == 0 {
            return f.write_str("*");
        }
        let digits = format!("{:032x}", self.ways);
        f.write_str(&digits[..usize::from(self.depth)])
    }
}

impl Serialize for Prefix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            (self.ways, self.depth).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Prefix {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = || de::Error::custom("no prefix of a path");
        if !deserializer.is_human_readable() {
            let (ways, depth) = <(u128, u8)>::deserialize(deserializer)?;
            let prefix = Self { ways, depth };
            let is_one = depth <= Self::DEEPEST && (depth == Self::DEEPEST || ways << (4 * depth) == 0);
            return if is_one { Ok(prefix) } else { Err(wrong()) };
        }
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        if text == "*" {
            return Ok(Self::TOP);
        }
        let digit = |letter: char| letter.to_digit(16).and_then(|way| u8::try_from(way).ok());
        let ways: Option<Vec<u8>> = text.chars().map(digit).collect();
        let ways =
            ways.filter(|ways| !ways.is_empty() && ways.len() <= usize::from(Self::DEEPEST)).ok_or_else(wrong)?;
        Ok(ways.into_iter().fold(Self::TOP, Self::follow))
    }
}

impl<V: Serialize> Entry<V> {
    fn new(path: Path, key: Key, value: V, room: &mut Vec<u8>) -> Self {
        encoding::write(&key, room);
        encoding::write(&value, room);
        let print = hash(room);
        room.clear();
        Self { path, print, key, value }
    }
}

impl<V> Entry<V> {
    /// Its name.
    #[must_use]
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// What it holds.
    #[must_use]
    pub const fn value(&self) -> &V {
        &self.value
    }
}

/// A trie without entries.
impl<V> Default for Trie<V> {
    fn default() -> Self {
        Self { all: Below::Nothing, hash: Remembered::default(), room: Vec::new() }
    }
}

impl<V> Trie<V> {
    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all.count()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_nothing()
    }

    /// The entry at a path.
    #[must_use]
    pub fn get(&self, path: Path) -> Option<&Entry<V>> {
        let (mut below, mut depth) = (&self.all, 0);
        loop {
            match below {
                Below::Nothing => return None,
                Below::Leaf(entries) => return entries.get(place(entries, path).ok()?),
                Below::Branch(branch) => below = &branch.ways[path.way(depth)],
            }
            depth += 1;
        }
    }

    /// All entries, in no order that means anything.
    #[must_use]
    pub fn entries(&self) -> Vec<&Entry<V>> {
        let mut all = Vec::with_capacity(self.len());
        self.all.gather(&mut all);
        all
    }

    /// What stands for all of it; the zero root for nothing. It costs what has changed since the last one was asked for.
    #[must_use]
    pub fn root(&self) -> Root {
        Root(self.hash.or_find(|| self.all.hash()))
    }

    /// Where a walk begins.
    #[must_use]
    pub fn top(&self) -> Place<'_, V> {
        self.all.place()
    }

    /// What stands at a prefix: of a leaf that is reached before its end, the entries below the prefix.
    #[must_use]
    pub fn at(&self, prefix: Prefix) -> Place<'_, V> {
        let mut below = &self.all;
        for depth in 0..usize::from(prefix.depth) {
            match below {
                Below::Nothing => return Place::Nothing,
                Below::Leaf(entries) => return within(entries, prefix.range()),
                Below::Branch(branch) => below = &branch.ways[Path(prefix.ways).way(depth)],
            }
        }
        below.place()
    }

    /// What stands for all that is below a prefix; the zero root for nothing.
    #[must_use]
    pub fn root_at(&self, prefix: Prefix) -> Root {
        match self.at(prefix) {
            Place::Nothing => Root([0; SIZE]),
            Place::Leaf(entries) => Root(hash_of_leaf(entries)),
            Place::Branch(Ways(branch)) => Root(branch.hash()),
        }
    }
}

impl<V: Clone + Serialize> Trie<V> {
    /// Puts an entry at a path, which is its key's, in the place of the one that is there.
    pub fn put(&mut self, path: Path, key: Key, value: V) {
        self.hash.forget();
        self.all.put(0, Entry::new(path, key, value, &mut self.room));
    }

    /// Takes the entry at a path away.
    pub fn remove(&mut self, path: Path) {
        if self.get(path).is_some() {
            self.hash.forget();
            self.all.remove(0, path);
        }
    }
}

impl<'t, V> Ways<'t, V> {
    /// Those that lead somewhere, from 0 to 15, with the root of what is below each.
    pub fn taken(&self) -> impl Iterator<Item = (u8, Root)> + use<'t, V> {
        let branch = self.0;
        (0..)
            .zip(&branch.hashes)
            .zip(&branch.ways)
            .filter(|(_, below)| !below.is_nothing())
            .map(|((way, hash), below)| (way, Root(hash.or_find(|| below.hash()))))
    }

    /// The place that a way leads to.
    ///
    /// # Panics
    /// If `way` is not below 16.
    #[must_use]
    pub fn follow(&self, way: u8) -> Place<'t, V> {
        self.0.ways[usize::from(way)].place()
    }
}

/// The entries of a leaf whose paths are in a range.
fn within<V>(entries: &[Entry<V>], range: PathRange) -> Place<'_, V> {
    let from = entries.partition_point(|entry| entry.path < range.from);
    let to = entries.partition_point(|entry| entry.path <= range.to);
    if from == to { Place::Nothing } else { Place::Leaf(&entries[from..to]) }
}

fn hash(bytes: &[u8]) -> Hash {
    *blake3::hash(bytes).as_bytes().first_chunk().expect("a hash has 32 bytes")
}

fn place<V>(entries: &[Entry<V>], path: Path) -> Result<usize, usize> {
    entries.binary_search_by_key(&path, |entry| entry.path)
}

impl<V> Below<V> {
    /// These entries, which are in order, below a branch above this depth.
    fn of(entries: Entries<V>, depth: usize) -> Self {
        match entries.len() {
            0 => Self::Nothing,
            1..=MOST => Self::Leaf(Arc::new(entries)),
            _ => Self::Branch(Arc::new(Branch::of(entries, depth))),
        }
    }

    fn place(&self) -> Place<'_, V> {
        match self {
            Self::Nothing => Place::Nothing,
            Self::Leaf(entries) => Place::Leaf(entries),
            Self::Branch(branch) => Place::Branch(Ways(branch)),
        }
    }

    const fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing)
    }

    fn count(&self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Leaf(entries) => entries.len(),
            Self::Branch(branch) => branch.count,
        }
    }

    fn gather<'n>(&'n self, all: &mut Vec<&'n Entry<V>>) {
        match self {
            Self::Nothing => {}
            Self::Leaf(entries) => all.extend(entries.iter()),
            Self::Branch(branch) => branch.ways.iter().for_each(|way| way.gather(all)),
        }
    }

    /// What stands for all of it; zeros for nothing.
    fn hash(&self) -> Hash {
        match self {
            Self::Nothing => [0; SIZE],
            Self::Leaf(entries) => hash_of_leaf(entries),
            Self::Branch(branch) => branch.hash(),
        }
    }
}

impl<V: Clone> Below<V> {
    /// Whether the entry is a new one.
    fn put(&mut self, depth: usize, entry: Entry<V>) -> bool {
        match self {
            Self::Nothing => {
                *self = Self::Leaf(Arc::new(smallvec![entry]));
                true
            }
            Self::Leaf(entries) => {
                let entries = Arc::make_mut(entries);
                match place(entries, entry.path) {
                    Ok(place) => {
                        let known = &mut entries[place];
                        (known.print, known.value) = (entry.print, entry.value);
                        false
                    }
                    Err(place) => {
                        entries.insert(place, entry);
                        if entries.len() > MOST {
                            *self = Self::of(take(entries), depth);
                        }
                        true
                    }
                }
            }
            Self::Branch(branch) => {
                let (branch, way) = (Arc::make_mut(branch), entry.path.way(depth));
                branch.hashes[way].forget();
                branch.taken |= 1 << way;
                let is_new = branch.ways[way].put(depth + 1, entry);
                branch.count += usize::from(is_new);
                is_new
            }
        }
    }

    /// Takes away an entry that is there.
    fn remove(&mut self, depth: usize, path: Path) {
        match self {
            Self::Nothing => {}
            Self::Leaf(entries) => {
                let entries = Arc::make_mut(entries);
                entries.retain(|entry| entry.path != path);
                if entries.is_empty() {
                    *self = Self::Nothing;
                }
            }
            Self::Branch(branch) => {
                let (branch, way) = (Arc::make_mut(branch), path.way(depth));
                branch.hashes[way].forget();
                branch.ways[way].remove(depth + 1, path);
                branch.taken &= !(u16::from(branch.ways[way].is_nothing()) << way);
                branch.count -= 1;
                if branch.count <= MOST {
                    let mut entries = Vec::with_capacity(branch.count);
                    branch.ways.iter().for_each(|way| way.gather(&mut entries));
                    *self = Self::of(entries.into_iter().cloned().collect(), depth);
                }
            }
        }
    }
}

impl<V> Branch<V> {
    /// The branch at this depth to these entries, which are in order.
    fn of(entries: Entries<V>, depth: usize) -> Self {
        let count = entries.len();
        let mut parts: [Entries<V>; WAYS] = Default::default();
        for entry in entries {
            parts[entry.path.way(depth)].push(entry);
        }
        let ways = parts.map(|part| Below::of(part, depth + 1));
        let taken = (0..WAYS).filter(|way| !ways[*way].is_nothing()).fold(0, |taken, way| taken | 1 << way);
        Self { count, taken, ways, hashes: Default::default() }
    }

    /// Of what is there on each way.
    fn hash(&self) -> Hash {
        let mut bytes = [0; WAYS * SIZE];
        for (way, place) in bytes.chunks_exact_mut(SIZE).enumerate().filter(|(way, _)| self.taken >> way & 1 == 1) {
            place.copy_from_slice(&self.hashes[way].or_find(|| self.ways[way].hash()));
        }
        hash(&bytes)
    }
}

/// Of a mark, and the hash of each entry: an odd number of bytes, and so never those of a branch.
fn hash_of_leaf<V>(entries: &[Entry<V>]) -> Hash {
    let (mut bytes, mut end) = ([0; 1 + MOST * SIZE], 1);
    for entry in entries {
        bytes[end..end + SIZE].copy_from_slice(&entry.print);
        end += SIZE;
    }
    hash(&bytes[..end])
}
