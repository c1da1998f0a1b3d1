//! Fingerprints: 128 bits that identify a state, and sums of them for states of many parts.

use std::hash::{Hash, Hasher};

/// Identifies a state, or a part of one. Valid within one build only, because derived `Hash` computes it: never part of
/// a digest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint(pub u128);

/// The kind and place of a part, so that equal parts of other kinds or places have other fingerprints.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) enum Part {
    Node(u32),
    Client(u32),
    Flight,
    /// The index of a message in its queue.
    Queued(u32),
    Spent,
    Checker(u32),
    /// The common state of the checkers.
    Common,
}

impl Fingerprint {
    /// The fingerprint of a part.
    pub(crate) fn of<T: Hash + ?Sized>(part: Part, what: &T) -> Self {
        let mut printer = Printer::of(part);
        what.hash(&mut printer);
        printer.end()
    }

    /// The fingerprint of two parts together, in any order of addition.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }

    /// Without a part that was added before.
    pub(crate) const fn less(self, other: Self) -> Self {
        Self(self.0.wrapping_sub(other.0))
    }
}

/// Two lanes of folded multiplications, each with a constant of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Printer {
    left: u64,
    right: u64,
}

const SEEDS: [u64; 2] = [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344];
const FACTORS: [u64; 2] = [0x9e37_79b9_7f4a_7c15, 0xd6e8_feb8_6659_fd93];

/// The two halves of a product, folded with XOR.
const fn fold(one: u64, other: u64) -> u64 {
    let product = one as u128 * other as u128;
    product as u64 ^ (product >> 64) as u64
}

/// Every input bit affects every output bit, and no two inputs have one output (the finalizer of SplitMix64).
const fn mixed(mut number: u64) -> u64 {
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

impl Printer {
    /// A printer without input.
    const fn new() -> Self {
        Self { left: SEEDS[0], right: SEEDS[1] }
    }

    /// A printer for a part.
    pub(crate) fn of(part: Part) -> Self {
        let mut printer = Self::new();
        part.hash(&mut printer);
        printer
    }

    /// The fingerprint of the input, in 128 bits.
    pub(crate) const fn end(self) -> Fingerprint {
        let high = mixed(self.left.wrapping_add(self.right.rotate_left(32)));
        let low = mixed(self.right ^ self.left.rotate_left(17));
        Fingerprint((high as u128) << 64 | low as u128)
    }

    #[inline]
    const fn take(&mut self, word: u64) {
        self.left = fold(self.left.rotate_left(5) ^ word, FACTORS[0]);
        self.right = fold(self.right.wrapping_add(word), FACTORS[1]).rotate_left(23);
    }
}

impl Hasher for Printer {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.take(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            self.take(u64::from_le_bytes(last) ^ (rest.len() as u64) << 56);
        }
    }

    #[inline]
    fn write_u8(&mut self, number: u8) {
        // Written like one byte by `write`, so that the end of a text differs from a number.
        self.take(u64::from(number) ^ 1 << 56);
    }

    #[inline]
    fn write_u16(&mut self, number: u16) {
        self.take(number.into());
    }

    #[inline]
    fn write_u32(&mut self, number: u32) {
        self.take(number.into());
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        self.take(number);
    }

    #[inline]
    fn write_usize(&mut self, number: usize) {
        self.take(number as u64);
    }

    fn finish(&self) -> u64 {
        (self.end().0 >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn small_numbers_texts_and_their_sums_all_differ() {
        let mut seen = BTreeSet::new();
        for number in 0..300_u64 {
            assert!(seen.insert(Fingerprint::of(Part::Flight, &number)));
            assert!(seen.insert(Fingerprint::of(Part::Node(1), &number)));
            assert!(seen.insert(Fingerprint::of(Part::Spent, "x".repeat(number as usize).as_str())));
        }
        let all: Vec<Fingerprint> = seen.iter().copied().collect();
        for (index, one) in all.iter().enumerate() {
            for other in &all[index..] {
                assert!(seen.insert(one.and(*other)));
            }
        }
    }

    #[test]
    fn either_half_tells_sequences_apart() {
        let (mut high, mut low) = (BTreeSet::new(), BTreeSet::new());
        for one in 0..64_u64 {
            for other in 0..64_u64 {
                for last in 0..16_u8 {
                    let Fingerprint(fingerprint) = Fingerprint::of(Part::Flight, &(one, other, last));
                    assert!(high.insert((fingerprint >> 64) as u64) && low.insert(fingerprint as u64));
                }
            }
        }
    }
}
