//! Sets of numbers that arrive nearly in order: a mark below which all are present, and the few above it.

use std::collections::BTreeSet;

/// The seen numbers of one actor's records, from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct NumberSet {
    /// All numbers up to and including this one were seen, and the next was not.
    upto: u32,
    /// Which of the next numbers were seen: the lowest bit stands for `upto + 1`.
    near: u64,
    /// The seen numbers beyond those.
    far: BTreeSet<u32>,
}

/// The result of an insertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Insertion {
    /// It is new.
    New,
    /// It was in the set.
    Again,
    /// It is so far ahead of the first gap that the trace must be invalid.
    TooFar,
}

/// How far ahead of a gap a number may be: the maximum number of records of a node that wait.
const REACH: u32 = 1 << 22;

impl NumberSet {
    /// Inserts `number`.
    #[inline]
    pub(super) fn insert(&mut self, number: u32) -> Insertion {
        // The number 0 wraps around to the highest place.
        let place = number.wrapping_sub(self.upto).wrapping_sub(1);
        if place == 0 && self.near == 0 && self.far.is_empty() {
            self.upto = number;
            return Insertion::New;
        }
        if place >= u64::BITS {
            return self.insert_far(number);
        }
        let bit = 1 << place;
        if self.near & bit != 0 {
            return Insertion::Again;
        }
        self.near |= bit;
        if place == 0 {
            self.settle();
        }
        Insertion::New
    }

    /// The first missing number.
    pub(super) fn missing(&self) -> u64 {
        u64::from(self.upto) + 1
    }

    #[cold]
    fn insert_far(&mut self, number: u32) -> Insertion {
        if number <= self.upto {
            Insertion::Again
        } else if number - self.upto > REACH {
            Insertion::TooFar
        } else if self.far.insert(number) {
            Insertion::New
        } else {
            Insertion::Again
        }
    }

    /// Moves the mark up to the next gap.
    fn settle(&mut self) {
        while self.near & 1 != 0 {
            let row = self.near.trailing_ones();
            self.near = self.near.unbounded_shr(row);
            self.upto += row;
            while let Some(next) = self.far.first().filter(|next| **next - self.upto <= u64::BITS) {
                self.near |= 1 << (next - self.upto - 1);
                self.far.pop_first();
            }
        }
    }
}

/// Numbers of one origin's broadcasts, from 1, that a node has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct SeenNumbers {
    /// All numbers up to and including this one were seen.
    upto: u64,
    ahead: BTreeSet<u64>,
}

impl SeenNumbers {
    /// Inserts `number`.
    pub(super) fn insert(&mut self, number: u64) {
        if number > self.upto {
            self.ahead.insert(number);
            self.settle();
        }
    }

    /// Inserts all numbers up to and including `number`.
    pub(super) fn insert_all(&mut self, number: u64) {
        if number > self.upto {
            self.upto = number;
            self.ahead = self.ahead.split_off(&number);
            self.ahead.remove(&number);
            self.settle();
        }
    }

    /// Whether `number` is in.
    pub(super) fn contains(&self, number: u64) -> bool {
        number > 0 && number <= self.upto || self.ahead.contains(&number)
    }

    fn settle(&mut self) {
        while self.upto.checked_add(1).is_some_and(|next| self.ahead.remove(&next)) {
            self.upto += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_count_from_one() {
        assert_eq!(NumberSet::default().insert(0), Insertion::Again);
        assert_eq!(NumberSet::default().insert(1), Insertion::New);
        assert!(!SeenNumbers::default().contains(0));
    }

    #[test]
    fn a_number_far_ahead_of_a_gap_takes_no_room() {
        let mut numbers = NumberSet::default();
        assert_eq!(numbers.insert(u32::MAX), Insertion::TooFar);
        assert_eq!(numbers.insert(2), Insertion::New);
        assert_eq!(numbers.missing(), 1);
        assert!(numbers.far.is_empty());
    }

    #[test]
    fn all_up_to_a_number_takes_in_those_that_follow_it() {
        let mut seen = SeenNumbers::default();
        seen.insert(2);
        seen.insert(5);
        seen.insert(6);
        seen.insert_all(4);
        assert_eq!(seen.upto, 6);
        assert!(seen.ahead.is_empty());
    }

    proptest! {
        #[test]
        fn numbers_know_what_a_plain_set_knows(leaps in vec(-130..140_i64, 0..400)) {
            let (mut numbers, mut plain, mut seen) = (NumberSet::default(), BTreeSet::new(), SeenNumbers::default());
            for leap in leaps {
                let number = u32::try_from((numbers.missing() as i64 + leap).max(1)).expect("small");
                let fresh = plain.insert(number);
                prop_assert_eq!(numbers.insert(number), if fresh { Insertion::New } else { Insertion::Again });
                prop_assert_eq!(seen.contains(number.into()), !fresh);
                seen.insert(number.into());
                let missing = (1..).find(|number| !plain.contains(number));
                prop_assert_eq!(Some(numbers.missing()), missing.map(u64::from));
            }
        }
    }
}
