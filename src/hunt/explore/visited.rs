//! The visited states of a search: 16 bytes each, in one flat table.

use crate::run::explore::Fingerprint;

/// A set of fingerprints in one sorted array with gaps: each fingerprint is as near as possible after the slot that its first
/// bits determine. So a search for a missing one ends at the first greater one, however full the array is, and the array
/// grows in place, in small steps: at most 20 bytes per fingerprint.
#[derive(Debug)]
pub(super) struct Visited {
    /// Zero marks an empty slot. Longer than `home`, so that the fingerprints of the last slots fit.
    slots: Vec<u128>,
    /// The number of slots that fingerprints determine.
    home: usize,
    count: usize,
}

/// The array grows when this part of it is used…
const FULL: (usize, usize) = (9, 10);
/// … by an eighth, or to this length.
const LEAST: usize = 1 << 12;
/// The number of slots after the last one that a fingerprint determines.
const TAIL: usize = 512;

impl Visited {
    pub(super) fn new() -> Self {
        Self { slots: vec![0; LEAST + TAIL], home: LEAST, count: 0 }
    }

    /// The number of fingerprints.
    pub(super) const fn len(&self) -> usize {
        self.count
    }

    /// The memory in bytes.
    pub(super) const fn bytes(&self) -> usize {
        self.slots.capacity() * size_of::<u128>()
    }

    /// The sum of all fingerprints, which does not depend on their order.
    pub(super) fn sum(&self) -> u128 {
        self.slots.iter().fold(0, |sum, fingerprint| sum.wrapping_add(*fingerprint))
    }

    pub(super) fn has(&self, fingerprint: Fingerprint) -> bool {
        let fingerprint = nonzero(fingerprint);
        self.slots[self.place(fingerprint)] == fingerprint
    }

    /// Inserts a fingerprint, and returns whether it is new.
    pub(super) fn insert(&mut self, fingerprint: Fingerprint) -> bool {
        let fingerprint = nonzero(fingerprint);
        let mut at = self.place(fingerprint);
        if self.slots[at] == fingerprint {
            return false;
        }
        let free = |slots: &[u128], from: usize| slots[from..].iter().position(|slot| *slot == 0).map(|gap| from + gap);
        let gap = match free(&self.slots, at).filter(|_| self.count * FULL.1 < self.home * FULL.0) {
            Some(gap) => gap,
            None => {
                self.grow();
                at = self.place(fingerprint);
                free(&self.slots, at).expect("a table that has grown has room")
            }
        };
        self.slots.copy_within(at..gap, at + 1);
        self.slots[at] = fingerprint;
        self.count += 1;
        true
    }

    /// The slot of a fingerprint, or the slot where it would be inserted.
    fn place(&self, fingerprint: u128) -> usize {
        let mut at = self.home_of(fingerprint);
        while at + 1 < self.slots.len() && self.slots[at] != 0 && self.slots[at] < fingerprint {
            at += 1;
        }
        at
    }

    const fn home_of(&self, fingerprint: u128) -> usize {
        (((fingerprint >> 64) * self.home as u128) >> 64) as usize
    }

    /// Makes the array longer: moves all fingerprints to its end, and from there, in order, to their new slots.
    #[cold]
    fn grow(&mut self) {
        self.home += self.home / 8;
        let length = self.home + TAIL;
        let before = self.slots.len();
        self.slots.reserve_exact(length - before);
        self.slots.resize(length, 0);
        let mut last = length;
        for at in (0..before).rev() {
            let fingerprint = std::mem::take(&mut self.slots[at]);
            if fingerprint != 0 {
                last -= 1;
                self.slots[last] = fingerprint;
            }
        }
        let mut next = 0;
        for at in last..length {
            let fingerprint = std::mem::take(&mut self.slots[at]);
            next = self.home_of(fingerprint).max(next);
            self.slots[next] = fingerprint;
            next += 1;
        }
    }
}

/// Zero marks an empty slot, so a fingerprint must not be zero.
const fn nonzero(Fingerprint(fingerprint): Fingerprint) -> u128 {
    if fingerprint == 0 { 1 } else { fingerprint }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::chance::{Chance as _, Seed};

    #[test]
    fn it_knows_what_a_plain_set_knows() {
        let (mut visited, mut plain) = (Visited::new(), BTreeSet::new());
        let mut draws = Seed(1).key("prints").draws();
        let mut all = vec![0, 1, u128::MAX, 1 << 64];
        for _ in 0..60_000 {
            let known = draws.below(4) == 0;
            let fingerprint = if known {
                all[usize::try_from(draws.below(all.len() as u64)).expect("it fits")]
            } else {
                u128::from(draws.below(u64::MAX)) << 64 | u128::from(draws.below(1 << 20))
            };
            all.push(fingerprint);
            let fingerprint = Fingerprint(fingerprint);
            assert_eq!(visited.has(fingerprint), plain.contains(&nonzero(fingerprint)));
            assert_eq!(visited.insert(fingerprint), plain.insert(nonzero(fingerprint)));
            assert!(visited.has(fingerprint));
        }
        assert_eq!(visited.len(), plain.len());
        assert!(plain.iter().all(|fingerprint| visited.has(Fingerprint(*fingerprint))));
    }

    #[test]
    fn it_takes_at_most_20_bytes_per_fingerprint_and_a_constant() {
        let mut visited = Visited::new();
        let mut draws = Seed(2).key("prints").draws();
        while visited.len() < 200_000 {
            visited.insert(Fingerprint(u128::from(draws.below(u64::MAX)) << 64));
            let least = (LEAST + 2 * TAIL) * 16;
            assert!(visited.bytes() <= least.max(visited.len() * 20 + TAIL * 16 + 64), "{}", visited.len());
        }
    }
}
