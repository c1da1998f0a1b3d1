//! Counts by key, for keys that are far too many for a table of all: how many messages each link's lane has carried.

/// A hash table from keys to counts, with linear probing. It is only ever asked for one key; its order shows nowhere.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    slots: Vec<Slot>,
    used: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    key: u64,
    /// Zero where the slot is free.
    count: u32,
}

impl Tally {
    /// Counts one more of `key`, and returns how many there are now.
    #[inline]
    pub(crate) fn next(&mut self, key: u64) -> u32 {
        if self.used * 4 >= self.slots.len() * 3 {
            self.grow();
        }
        let slot = find(&mut self.slots, key);
        if slot.count == 0 {
            slot.key = key;
            self.used += 1;
        }
        slot.count += 1;
        slot.count
    }

    #[cold]
    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(64);
        let old = std::mem::replace(&mut self.slots, vec![Slot::default(); size]);
        for slot in old.into_iter().filter(|slot| slot.count > 0) {
            *find(&mut self.slots, slot.key) = slot;
        }
    }
}

/// The slot of `key`, or the free one where it belongs. There always is a free one.
#[inline]
fn find(slots: &mut [Slot], key: u64) -> &mut Slot {
    let mask = slots.len() - 1;
    let hash = (key ^ (key >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut at = (hash >> 20) as usize & mask;
    while slots[at].count != 0 && slots[at].key != key {
        at = (at + 1) & mask;
    }
    &mut slots[at]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn it_counts_as_a_map_does() {
        let mut tally = Tally::default();
        let mut map = BTreeMap::new();
        for n in 0_u64..50_000 {
            let key = n.wrapping_mul(n) % 1_777 << 32 | n % 5;
            let count = map.entry(key).or_insert(0);
            *count += 1;
            assert_eq!(tally.next(key), *count);
        }
    }
}
