//! The states that a search has come by: 16 bytes each, in one flat table.

use crate::run::explore::Print;

/// A set of fingerprints. They lie in one array, sorted, with gaps: each as near as it can behind the place that its
/// first bits point to. So a search for one that is missing ends at the first greater one, however full the array is,
/// and the array grows in small steps, in place: at most 20 bytes for each that is in it.
#[derive(Debug)]
pub(super) struct Visited {
    /// Zero where there is none. Longer than `home`, so that those of the last places fit.
    slots: Vec<u128>,
    /// How many places fingerprints point to.
    home: usize,
    count: usize,
}

/// The array grows when it is so full…
const FULL: (usize, usize) = (9, 10);
/// … by an eighth, or to this.
const LEAST: usize = 1 << 12;
/// Room behind the last place.
const TAIL: usize = 512;

impl Visited {
    pub(super) fn new() -> Self {
        Self { slots: vec![0; LEAST + TAIL], home: LEAST, count: 0 }
    }

    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.count
    }

    /// The bytes that they take.
    pub(super) const fn bytes(&self) -> usize {
        self.slots.capacity() * size_of::<u128>()
    }

    pub(super) fn has(&self, print: Print) -> bool {
        let print = nonzero(print);
        self.slots[self.place(print)] == print
    }

    /// Puts one in; tells whether it is new.
    pub(super) fn insert(&mut self, print: Print) -> bool {
        let print = nonzero(print);
        let mut at = self.place(print);
        if self.slots[at] == print {
            return false;
        }
        let free = |slots: &[u128], from: usize| slots[from..].iter().position(|slot| *slot == 0).map(|gap| from + gap);
        let gap = match free(&self.slots, at).filter(|_| self.count * FULL.1 < self.home * FULL.0) {
            Some(gap) => gap,
            None => {
                self.grow();
                at = self.place(print);
                free(&self.slots, at).expect("a table that has grown has room")
            }
        };
        self.slots.copy_within(at..gap, at + 1);
        self.slots[at] = print;
        self.count += 1;
        true
    }

    /// Where it is, or where it would be put.
    fn place(&self, print: u128) -> usize {
        let mut at = self.home_of(print);
        while at + 1 < self.slots.len() && self.slots[at] != 0 && self.slots[at] < print {
            at += 1;
        }
        at
    }

    const fn home_of(&self, print: u128) -> usize {
        (((print >> 64) * self.home as u128) >> 64) as usize
    }

    /// Makes the array longer: all move to its end, and from there, in order, to their new places.
    #[cold]
    fn grow(&mut self) {
        self.home += self.home / 8;
        let length = self.home + TAIL;
        let before = self.slots.len();
        self.slots.reserve_exact(length - before);
        self.slots.resize(length, 0);
        let mut last = length;
        for at in (0..before).rev() {
            let print = std::mem::take(&mut self.slots[at]);
            if print != 0 {
                last -= 1;
                self.slots[last] = print;
            }
        }
        let mut next = 0;
        for at in last..length {
            let print = std::mem::take(&mut self.slots[at]);
            next = self.home_of(print).max(next);
            self.slots[next] = print;
            next += 1;
        }
    }
}

/// Zero stands for no fingerprint.
const fn nonzero(Print(print): Print) -> u128 {
    if print == 0 { 1 } else { print }
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
            let print = if known {
                all[usize::try_from(draws.below(all.len() as u64)).expect("it fits")]
            } else {
                u128::from(draws.below(u64::MAX)) << 64 | u128::from(draws.below(1 << 20))
            };
            all.push(print);
            let print = Print(print);
            assert_eq!(visited.has(print), plain.contains(&nonzero(print)));
            assert_eq!(visited.insert(print), plain.insert(nonzero(print)));
            assert!(visited.has(print));
        }
        assert_eq!(visited.len(), plain.len());
        assert!(plain.iter().all(|print| visited.has(Print(*print))));
    }

    #[test]
    fn it_takes_at_most_20_bytes_for_each_and_a_little_at_all() {
        let mut visited = Visited::new();
        let mut draws = Seed(2).key("prints").draws();
        while visited.len() < 200_000 {
            visited.insert(Print(u128::from(draws.below(u64::MAX)) << 64));
            let least = (LEAST + 2 * TAIL) * 16;
            assert!(visited.bytes() <= least.max(visited.len() * 20 + TAIL * 16 + 64), "{}", visited.len());
        }
    }
}
