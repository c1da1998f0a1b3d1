//! The number of messages on each link's lane: counts by key, for keys that may be too many for a full table.

use std::collections::BTreeMap;

use crate::identity::{LaneId, NodeId};

/// Counts by sender, receiver and lane. Only single counts are read, so the internal order is never visible.
///
/// A count is a random memory access on the path from a message to its fate, with no other work to hide its latency:
/// the counts must stay in the cache. With 1,000 nodes, a hash table costs 190 ns an event, a table of `u32` 60, one of
/// `u8` 10.
#[derive(Clone, Debug)]
pub(crate) struct MessageCounters {
    table: Table,
    nodes: usize,
}

#[derive(Clone, Debug)]
enum Table {
    /// All counts.
    Wide(Vec<u32>),
    /// The first 255 of each count, and the excess.
    Narrow(Vec<u8>, Sparse),
    /// The counts that are not zero.
    Sparse(Sparse),
}

/// The maximum number of wide counts: 256 KiB of them.
const WIDE: usize = 1 << 16;
/// The maximum number of narrow counts: 16 MiB.
const NARROW: usize = 1 << 24;

/// A hash table with linear probing. A slot holds a key of 48 bits above a count of 16 bits; zero means free.
#[derive(Clone, Debug)]
struct Sparse {
    slots: Vec<u64>,
    used: usize,
    /// Counts that do not fit in their slots.
    great: BTreeMap<u64, u32>,
}

const COUNT_BITS: u32 = 16;
const COUNT_MAX: u64 = (1 << COUNT_BITS) - 1;
const NODE_BITS: u32 = 20;
const LANE_BITS: u32 = 8;

impl MessageCounters {
    /// Counts for this many nodes and lanes, all zero.
    pub(crate) fn new(nodes: u32, lanes: usize) -> Self {
        assert!(nodes <= 1 << NODE_BITS, "a cluster has at most 2^20 nodes");
        let nodes = nodes as usize;
        let table = match nodes.saturating_mul(nodes).saturating_mul(lanes) {
            all @ ..=WIDE => Table::Wide(vec![0; all]),
            all @ ..=NARROW => Table::Narrow(vec![0; all], Sparse::default()),
            _ => Table::Sparse(Sparse::default()),
        };
        Self { table, nodes }
    }

    /// Counts one more message, and returns how many there are now.
    #[inline(always)]
    pub(crate) fn next(&mut self, from: NodeId, to: NodeId, lane: LaneId) -> u32 {
        let place = (lane.index() * self.nodes + from.index()) * self.nodes + to.index();
        match &mut self.table {
            Table::Wide(counts) => {
                counts[place] += 1;
                counts[place]
            }
            Table::Narrow(counts, _) if counts[place] < u8::MAX => {
                counts[place] += 1;
                u32::from(counts[place])
            }
            Table::Narrow(_, above) => u32::from(u8::MAX) + above.next(from, to, lane),
            Table::Sparse(counts) => counts.next(from, to, lane),
        }
    }
}

impl Default for Sparse {
    fn default() -> Self {
        Self { slots: vec![0; 64], used: 0, great: BTreeMap::new() }
    }
}

impl Sparse {
    #[inline(never)]
    fn next(&mut self, from: NodeId, to: NodeId, lane: LaneId) -> u32 {
        let ends = (from.index() as u64) << NODE_BITS | to.index() as u64;
        let key = ends << LANE_BITS | lane.index() as u64;
        let at = find(&self.slots, key);
        let slot = self.slots[at];
        if slot & COUNT_MAX == COUNT_MAX {
            return self.next_great(key);
        }
        if slot != 0 {
            self.slots[at] = slot + 1;
            return (slot & COUNT_MAX) as u32 + 1;
        }
        self.slots[at] = key << COUNT_BITS | 1;
        self.used += 1;
        if self.used * 3 >= self.slots.len() * 2 {
            self.grow();
        }
        1
    }

    #[cold]
    fn next_great(&mut self, key: u64) -> u32 {
        let count = self.great.entry(key).or_insert(COUNT_MAX as u32);
        *count += 1;
        *count
    }

    /// A key's place is given by the upper bits of its hash, so that growing reads and writes the tables from front to
    /// back.
    #[cold]
    fn grow(&mut self) {
        let size = self.slots.len() * 2;
        let old = std::mem::replace(&mut self.slots, vec![0; size]);
        for slot in old.into_iter().filter(|slot| *slot != 0) {
            let at = find(&self.slots, slot >> COUNT_BITS);
            self.slots[at] = slot;
        }
    }
}

/// The place of `key`, or the free place where it belongs. There is always a free place.
#[inline]
fn find(slots: &[u64], key: u64) -> usize {
    let mask = slots.len() - 1;
    let hash = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut at = (hash >> (slots.len().leading_zeros() + 1)) as usize & mask;
    while slots[at] != 0 && slots[at] >> COUNT_BITS != key {
        at = (at + 1) & mask;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts_as_a_map_does(nodes: u32, lanes: u8) {
        let mut counters = MessageCounters::new(nodes, usize::from(lanes));
        let mut map = BTreeMap::new();
        let node = |n: u32| NodeId::new(n % nodes);
        for n in 0_u32..200_000 {
            let key = (node(n.wrapping_mul(n) % 1_777), node(n % 5), LaneId::new((n / 7 % u32::from(lanes)) as u8));
            let count = map.entry(key).or_insert(0);
            *count += 1;
            assert_eq!(counters.next(key.0, key.1, key.2), *count);
        }
    }

    #[test]
    fn every_table_counts_as_a_map_does() {
        counts_as_a_map_does(3, 1);
        counts_as_a_map_does(100, 10);
        counts_as_a_map_does(1_000, 1);
        counts_as_a_map_does(5_000, 1);
        counts_as_a_map_does(2_000, 255);
    }

    #[test]
    fn a_count_may_outgrow_its_place() {
        for nodes in [2, 1_000, 1_000_000] {
            let mut counters = MessageCounters::new(nodes, 1);
            for count in 1..200_000 {
                assert_eq!(counters.next(NodeId::new(nodes - 1), NodeId::new(0), LaneId::new(0)), count);
            }
        }
    }
}
