//! The configurations from which a search is known to fail.

/// What has taken effect before a point of a history: equal keys have the same future, except for the operations of unknown
/// outcome that are spent.
#[derive(Clone, Debug, Default)]
pub(super) struct Key {
    /// The point, the state, and the open operations that have taken effect.
    pub(super) words: Vec<u32>,
    /// The operations of unknown outcome that have taken effect: their number for each class, by class.
    pub(super) spent: Vec<(u32, u32)>,
}

/// A table of keys, each stored once. Nothing depends on its order, and its memory is counted.
#[derive(Clone, Debug, Default)]
pub(super) struct Failed {
    /// By hash: the first of its entries, which begins one word before this index; 0 if there is none.
    heads: Vec<u32>,
    /// The entries: the next one of the same hash, two lengths, the words of a key, and pairs.
    entries: Vec<u32>,
    count: usize,
}

/// The number of words before a key.
const HEAD: usize = 3;
/// The number of hashes of a table that is not empty.
const LEAST: usize = 1 << 6;

impl Failed {
    /// The memory in bytes.
    pub(super) const fn bytes(&self) -> usize {
        (self.heads.capacity() + self.entries.capacity()) * size_of::<u32>()
    }

    /// Whether the search failed from a configuration with this key that had spent no more.
    pub(super) fn covers(&self, key: &Key) -> bool {
        if self.heads.is_empty() {
            return false;
        }
        let mut next = self.heads[self.place(&key.words)];
        while let Some(at) = (next as usize).checked_sub(1) {
            let words = self.words(at);
            if words == key.words && self.is_spent_within(at, &key.spent) {
                return true;
            }
            next = self.entries[at];
        }
        false
    }

    /// Adds a key.
    pub(super) fn insert(&mut self, key: &Key) {
        if self.count >= self.heads.len() {
            self.grow();
        }
        let (place, at) = (self.place(&key.words), self.entries.len());
        let more = HEAD + key.words.len() + 2 * key.spent.len();
        if self.entries.capacity() - at < more {
            // An eighth, so that little more is in use than is counted.
            self.entries.reserve_exact(more + at / 8);
        }
        let length = |length: usize| u32::try_from(length).expect("the memory is limited");
        self.entries.extend([self.heads[place], length(key.words.len()), length(key.spent.len())]);
        self.entries.extend(&key.words);
        self.entries.extend(key.spent.iter().flat_map(|(class, count)| [class, count]));
        self.heads[place] = length(at + 1);
        self.count += 1;
    }

    fn words(&self, at: usize) -> &[u32] {
        &self.entries[at + HEAD..][..self.entries[at + 1] as usize]
    }

    fn is_spent_within(&self, at: usize, spent: &[(u32, u32)]) -> bool {
        let pairs = self.entries[at + HEAD + self.words(at).len()..].chunks_exact(2);
        let mut theirs = spent.iter();
        pairs.take(self.entries[at + 2] as usize).all(|pair| {
            let theirs = theirs.find(|(class, _)| *class >= pair[0]);
            theirs.is_some_and(|(class, count)| *class == pair[0] && pair[1] <= *count)
        })
    }

    /// The index of its hash: that of Fowler, Noll and Vo, on words, with the upper bits mixed in.
    fn place(&self, words: &[u32]) -> usize {
        let mix = |hash: u64, word: &u32| (hash ^ u64::from(*word)).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
        let hash = words.iter().fold(0xcbf2_9ce4_8422_2325, mix).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (hash >> 32) as usize & (self.heads.len() - 1)
    }

    fn grow(&mut self) {
        self.heads = vec![0; (self.heads.len() * 2).max(LEAST)];
        let mut at = 0;
        while at < self.entries.len() {
            let place = self.place(self.words(at));
            self.entries[at] = self.heads[place];
            self.heads[place] = u32::try_from(at + 1).expect("the memory is limited");
            at += HEAD + self.entries[at + 1] as usize + 2 * self.entries[at + 2] as usize;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_key_is_covered_by_one_of_the_same_words_that_has_spent_no_more(
            keys in vec((vec(0..3_u32, 0..3), [0..3_u32, 0..3, 0..3]), 1..300),
        ) {
            let mut failed = Failed::default();
            for (at, (words, spent)) in keys.iter().enumerate() {
                let pairs = (0..).zip(spent).filter(|(_, count)| **count > 0).map(|(class, count)| (class, *count));
                let key = Key { words: words.clone(), spent: pairs.collect() };
                let covered = keys[..at].iter().any(|(other, less)| {
                    other == words && less.iter().zip(spent).all(|(less, more)| less <= more)
                });
                prop_assert_eq!(failed.covers(&key), covered);
                failed.insert(&key);
            }
        }
    }
}
