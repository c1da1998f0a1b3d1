//! Vector clocks: how many events of every incarnation an event can know of.

use std::cmp::Ordering;
use std::fmt;

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smallvec::SmallVec;

use super::packed::{put, unpack};
use crate::identity::{Boot, Incarnation, NodeId};

/// A sparse vector clock: for every incarnation, the number of its known events; 0 without an entry.
///
/// After Fidge 1988 and Mattern 1989, with an entry per incarnation instead of one per process: a restart that lost
/// its memory starts a new count, and never gives an old count to a new event.
///
/// `Ord` is the order of the entries as a list. It is total, it is good for sorting and sets, and it says nothing about
/// causality: for that, see [`compare`](Self::compare).
///
/// In text formats a map, `{"n1":3,"n2/2":5}`, in the order of the incarnations and read in any order; in binary ones
/// node, boot and count of each, in strictly rising order, each number in as few bytes as it needs. An entry that is zero or given twice is refused by both, one that is
/// out of order by the latter, which so has one form for one clock.
#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VectorClock {
    /// Strictly rising by incarnation, no count zero.
    entries: Entries,
}

/// How two events of a run relate, according to their vector clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Causality {
    /// The left one could have caused the right one.
    Before,
    /// The right one could have caused the left one.
    After,
    /// They are the same.
    Equal,
    /// Neither could have caused the other.
    Concurrent,
}

type Entry = (Incarnation, u64);

/// A cluster of five with three restarts needs no heap; 136 bytes.
type Entries = SmallVec<[Entry; 8]>;

/// Entries are copied at once: clocks are cloned at every event.
impl Clone for VectorClock {
    fn clone(&self) -> Self {
        Self { entries: Entries::from_slice(&self.entries) }
    }

    fn clone_from(&mut self, other: &Self) {
        self.entries.clear();
        self.entries.extend_from_slice(&other.entries);
    }
}

impl VectorClock {
    /// The clock of no event.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many events of `node` in `boot` are known.
    #[must_use]
    pub fn get(&self, node: NodeId, boot: Boot) -> u64 {
        self.place(Incarnation::new(node, boot)).map_or(0, |place| self.entries[place].1)
    }

    /// An event of `node` in `boot` happens; returns its number there, from 1.
    ///
    /// # Panics
    /// If its count has reached the last of 64 bits.
    pub fn tick(&mut self, node: NodeId, boot: Boot) -> u64 {
        let incarnation = Incarnation::new(node, boot);
        let place = self.place(incarnation).unwrap_or_else(|gap| {
            self.entries.insert(gap, (incarnation, 0));
            gap
        });
        let count = &mut self.entries[place].1;
        *count = count.checked_add(1).expect("a vector clock counts to 64 bits");
        *count
    }

    /// Learns all that `other` knows: the least clock that covers both. It does not tick; a receive merges, then ticks.
    pub fn merge(&mut self, other: &Self) {
        if self.raise(other) == Strangers::Some {
            self.entries = self.joined(other).map(|(who, left, right)| (who, left.max(right))).collect();
        }
    }

    /// How the event with this clock relates to the one with `other`.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Causality {
        let (mut behind, mut ahead) = (false, false);
        let (mut left, mut right) = (self.entries.as_slice(), other.entries.as_slice());
        while let ([(mine, ours), more @ ..], [(theirs, count), others @ ..]) = (left, right) {
            if mine != theirs {
                break;
            }
            behind |= ours < count;
            ahead |= ours > count;
            (left, right) = (more, others);
        }
        for (_, left, right) in (Joined { left, right }) {
            behind |= left < right;
            ahead |= left > right;
        }
        match (behind, ahead) {
            (false, false) => Causality::Equal,
            (true, false) => Causality::Before,
            (false, true) => Causality::After,
            (true, true) => Causality::Concurrent,
        }
    }

    /// Whether this knows every event that `other` knows; equal clocks cover each other.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.joined(other).all(|(_, left, right)| left >= right)
    }

    /// Whether this knows every event that `other` knows, and one more.
    #[must_use]
    pub fn dominates(&self, other: &Self) -> bool {
        self.compare(other) == Causality::After
    }

    /// The entries that `other` lacks or has with another count: what to print, or to send to a node that knows `other`.
    ///
    /// If this covers `other`, merging the changes into `other` gives this. Entries that only `other` has are omitted.
    #[must_use]
    pub fn changes_since(&self, other: &Self) -> Self {
        let changed = self.joined(other).filter(|(_, left, right)| *left != 0 && left != right);
        Self { entries: changed.map(|(who, left, _)| (who, left)).collect() }
    }

    /// The entries in rising order of incarnation, none of them zero.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (Incarnation, u64)> + ExactSizeIterator + Clone + '_ {
        self.entries.iter().copied()
    }

    /// How many incarnations have an entry.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no event is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Writes each entry into the beginning of `room`, as three numbers of as few bytes as they need: most of a trace with
    /// clocks is vectors. Returns how many bytes that are, at most [`ENTRY`](Self::ENTRY) for an entry.
    #[inline]
    pub(crate) fn pack(&self, room: &mut [u8]) -> usize {
        let mut end = 0;
        for (who, count) in &self.entries {
            for number in [who.node.index() as u64, who.boot.number().into(), *count] {
                end += put(number, &mut room[end..]);
            }
        }
        end
    }

    /// The maximum number of bytes of an entry in binary formats.
    pub(crate) const ENTRY: usize = 20;

    /// The index of the entry, or where it would be inserted.
    fn place(&self, incarnation: Incarnation) -> Result<usize, usize> {
        self.entries.binary_search_by_key(&incarnation, |(who, _)| *who)
    }

    /// Raises the entries that both have, in place. In a steady state these are all, and nothing is allocated.
    fn raise(&mut self, other: &Self) -> Strangers {
        let mut theirs = other.entries.as_slice();
        for (who, count) in &mut self.entries {
            match theirs.first() {
                Some((first, _)) if first < who => return Strangers::Some,
                Some(_) => *count = take(&mut theirs, *who).max(*count),
                None => break,
            }
        }
        if theirs.is_empty() { Strangers::None } else { Strangers::Some }
    }

    fn joined<'a>(&'a self, other: &'a Self) -> Joined<'a> {
        Joined { left: &self.entries, right: &other.entries }
    }
}

/// Whether the other clock has incarnations that this one has not.
#[derive(PartialEq, Eq)]
enum Strangers {
    None,
    Some,
}

/// Every incarnation that either clock has, in order, with both counts.
struct Joined<'a> {
    left: &'a [Entry],
    right: &'a [Entry],
}

impl Iterator for Joined<'_> {
    type Item = (Incarnation, u64, u64);

    fn next(&mut self) -> Option<Self::Item> {
        let who = match (self.left.first(), self.right.first()) {
            (Some((left, _)), Some((right, _))) => *left.min(right),
            (one, other) => one.or(other)?.0,
        };
        Some((who, take(&mut self.left, who), take(&mut self.right, who)))
    }
}

/// Removes and returns the count of `who` if it is the first entry; 0 otherwise.
fn take(entries: &mut &[Entry], who: Incarnation) -> u64 {
    match entries.split_first() {
        Some(((first, count), rest)) if *first == who => {
            *entries = rest;
            *count
        }
        Some(_) | None => 0,
    }
}

/// The least clock that knows all the entries: of an incarnation given twice the greater count, and no zeros.
impl FromIterator<(Incarnation, u64)> for VectorClock {
    fn from_iter<I: IntoIterator<Item = (Incarnation, u64)>>(entries: I) -> Self {
        let mut entries: Entries = entries.into_iter().filter(|(_, count)| *count > 0).collect();
        entries.sort_unstable_by(|left, right| left.0.cmp(&right.0).then(right.1.cmp(&left.1)));
        entries.dedup_by_key(|(who, _)| *who);
        Self { entries }
    }
}

impl Causality {
    /// The same relation, seen from the right event.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::Before => Self::After,
            Self::After => Self::Before,
            Self::Equal => Self::Equal,
            Self::Concurrent => Self::Concurrent,
        }
    }
}

impl fmt::Display for Causality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Before => "before",
            Self::After => "after",
            Self::Equal => "equal",
            Self::Concurrent => "concurrent",
        })
    }
}

/// `n1:3 n2/2:5`; empty for the clock of no event.
impl fmt::Display for VectorClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (who, count)) in self.iter().enumerate() {
            let gap = if place == 0 { "" } else { " " };
            write!(f, "{gap}{who}:{count}")?;
        }
        Ok(())
    }
}

impl Serialize for VectorClock {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_map(self.iter())
        } else {
            let mut room = SmallVec::<[u8; 8 * Self::ENTRY]>::from_elem(0, self.len() * Self::ENTRY);
            let end = self.pack(&mut room);
            serializer.serialize_bytes(&room[..end])
        }
    }
}

impl<'de> Deserialize<'de> for VectorClock {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_map(Reader)
        } else {
            deserializer.deserialize_bytes(Reader)
        }
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = VectorClock;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a vector clock such as {\"n1\": 3, \"n2/2\": 5}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<VectorClock, A::Error> {
        let mut clock = VectorClock::new();
        while let Some((who, count)) = map.next_entry::<Incarnation, u64>()? {
            match clock.place(who) {
                Ok(_) => return Err(twice(who)),
                Err(gap) => clock.entries.insert(gap, (who, positive(who, count)?)),
            }
        }
        Ok(clock)
    }

    fn visit_bytes<E: de::Error>(self, mut packed: &[u8]) -> Result<VectorClock, E> {
        let mut clock = VectorClock::new();
        while !packed.is_empty() {
            let (node, boot, count) = (unpack(&mut packed)?, unpack(&mut packed)?, unpack(&mut packed)?);
            let narrow = |number: u64| u32::try_from(number).map_err(|_| E::custom("an incarnation is out of range"));
            let who = Incarnation::new(NodeId::new(narrow(node)?), Boot::new(narrow(boot)?));
            let order = clock.entries.last().map_or(Ordering::Less, |(last, _)| last.cmp(&who));
            match order {
                Ordering::Less => clock.entries.push((who, positive(who, count)?)),
                Ordering::Equal => return Err(twice(who)),
                Ordering::Greater => return Err(unsorted(who)),
            }
        }
        Ok(clock)
    }
}

fn positive<E: de::Error>(who: Incarnation, count: u64) -> Result<u64, E> {
    if count > 0 { Ok(count) } else { Err(E::custom(format_args!("`{who}` has the count 0; leave it out"))) }
}

fn twice<E: de::Error>(who: Incarnation) -> E {
    E::custom(format_args!("`{who}` stands twice in one vector clock"))
}

fn unsorted<E: de::Error>(who: Incarnation) -> E {
    E::custom(format_args!("`{who}` stands out of order in a vector clock"))
}

#[cfg(test)]
mod tests;
