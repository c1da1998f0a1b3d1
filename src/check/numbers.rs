//! Sets of numbers that come nearly in order: a mark below which all are in, and the few above it.

use std::collections::{BTreeSet, VecDeque};

/// The numbers of one actor's records, from 1, as far as they were seen: one bit for each that is ahead of a gap.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    /// All up to and with this one were seen.
    upto: u32,
    /// Whether those after it were: the lowest bit of the first word stands for `upto + 1`.
    ahead: VecDeque<u64>,
    /// How many bits of the first word have been shifted out.
    shifted: u32,
}

/// What became of a number that was put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Put {
    /// It is new.
    New,
    /// It was in.
    Again,
    /// It is so far ahead of the first gap that those between can't all be missing for a good reason.
    TooFar,
}

/// How far ahead of a gap a number may be: how many records a node may wait to make.
const REACH: u32 = 1 << 22;

impl Numbers {
    /// Puts `number` in.
    #[inline]
    pub(super) fn put(&mut self, number: u32) -> Put {
        if number == self.upto.wrapping_add(1) && self.ahead.is_empty() && number > 0 {
            self.upto = number;
            return Put::New;
        }
        self.put_ahead(number)
    }

    /// The first number that is missing.
    pub(super) fn missing(&self) -> u64 {
        u64::from(self.upto) + 1
    }

    fn put_ahead(&mut self, number: u32) -> Put {
        if number <= self.upto {
            return Put::Again;
        }
        let place = number - self.upto - 1;
        if place > REACH {
            return Put::TooFar;
        }
        let bit = place + self.shifted;
        let word = (bit / 64) as usize;
        while self.ahead.len() <= word {
            self.ahead.push_back(0);
        }
        let mask = 1_u64 << (bit % 64);
        if self.ahead[word] & mask != 0 {
            return Put::Again;
        }
        self.ahead[word] |= mask;
        self.settle();
        Put::New
    }

    /// Moves the mark up to the next gap.
    fn settle(&mut self) {
        while let Some(first) = self.ahead.front() {
            let row = (*first >> self.shifted).trailing_ones().min(64 - self.shifted);
            self.upto += row;
            self.shifted += row;
            if self.shifted < 64 {
                break;
            }
            self.ahead.pop_front();
            self.shifted = 0;
        }
        if self.ahead.len() == 1 && self.ahead[0] >> self.shifted == 0 {
            self.ahead.clear();
            self.shifted = 0;
        }
    }
}

/// Numbers of one origin's broadcasts, from 1, that a node has seen.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Seen {
    /// All up to and with this one were seen.
    upto: u64,
    ahead: BTreeSet<u64>,
}

impl Seen {
    /// Whether none is in.
    pub(super) fn is_empty(&self) -> bool {
        self.upto == 0 && self.ahead.is_empty()
    }

    /// Puts `number` in.
    pub(super) fn put(&mut self, number: u64) {
        if number > self.upto {
            self.ahead.insert(number);
            self.settle();
        }
    }

    /// Puts all in up to and with `number`.
    pub(super) fn put_all(&mut self, number: u64) {
        if number > self.upto {
            self.upto = number;
            self.ahead = self.ahead.split_off(&number);
            self.ahead.remove(&number);
            self.settle();
        }
    }

    /// Whether `number` is in.
    pub(super) fn has(&self, number: u64) -> bool {
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
        assert_eq!(Numbers::default().put(0), Put::Again);
        assert_eq!(Numbers::default().put(1), Put::New);
        assert!(!Seen::default().has(0));
    }

    #[test]
    fn a_number_far_ahead_of_a_gap_takes_no_room() {
        let mut numbers = Numbers::default();
        assert_eq!(numbers.put(u32::MAX), Put::TooFar);
        assert_eq!(numbers.put(2), Put::New);
        assert_eq!(numbers.missing(), 1);
        assert!(numbers.ahead.len() < 2);
    }

    #[test]
    fn all_up_to_a_number_takes_in_those_that_follow_it() {
        let mut seen = Seen::default();
        seen.put(2);
        seen.put(5);
        seen.put(6);
        seen.put_all(4);
        assert_eq!(seen.upto, 6);
        assert!(seen.ahead.is_empty());
    }

    proptest! {
        #[test]
        fn numbers_know_what_a_plain_set_knows(leaps in vec(-130..140_i64, 0..400)) {
            let (mut numbers, mut plain, mut seen) = (Numbers::default(), BTreeSet::new(), Seen::default());
            for leap in leaps {
                let number = u32::try_from((numbers.missing() as i64 + leap).max(1)).expect("small");
                let fresh = plain.insert(number);
                prop_assert_eq!(numbers.put(number), if fresh { Put::New } else { Put::Again });
                prop_assert_eq!(seen.has(number.into()), !fresh);
                seen.put(number.into());
                let missing = (1..).find(|number| !plain.contains(number));
                prop_assert_eq!(Some(numbers.missing()), missing.map(u64::from));
            }
        }
    }
}
