//! The states of numbered items: opened once, live for a while, ended for good; uses memory for the live ones only.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{Hash, Hasher};

use super::slots::Slots;
use crate::identity::{LaneId, MessageId, NodeId};

/// The items of one counter. The recent ones are in a window; of the older ones, the live ones and the numbers that
/// were never opened are stored separately, and all others have ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Ledger<T> {
    /// The number of the window's first slot.
    first: u64,
    window: VecDeque<Slot<T>>,
    /// The number of live slots in the window.
    live: usize,
    older: BTreeMap<u64, T>,
    /// Numbers before the window that were never opened, as ranges: first and last number.
    gaps: BTreeMap<u64, u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Slot<T> {
    Vacant,
    Live(T),
    Ended,
}

/// The knowledge of a number.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) enum Known<'a, T> {
    /// It was never opened.
    No,
    /// It is live.
    Live(&'a mut T),
    /// It was opened, and has ended.
    Ended,
}

/// The maximum length of a window that is not trimmed.
const SHORT: usize = 64;
/// A number this far beyond the window starts a new one: no counter skips so many, but a forged trace may.
const FAR: usize = 1 << 16;

impl<T> Default for Ledger<T> {
    fn default() -> Self {
        Self { first: 0, window: VecDeque::new(), live: 0, older: BTreeMap::new(), gaps: BTreeMap::new() }
    }
}

impl<T> Ledger<T> {
    /// Opens `number`; returns whether it had not been opened before.
    pub(super) fn open(&mut self, number: u32, thing: T) -> bool {
        let number = u64::from(number);
        self.trim();
        if number < self.first {
            return self.open_older(number, thing);
        }
        let mut place = (number - self.first) as usize;
        if place > self.window.len() + FAR {
            self.leap(number);
            place = 0;
        }
        while self.window.len() <= place {
            self.window.push_back(Slot::Vacant);
        }
        let fresh = matches!(self.window[place], Slot::Vacant);
        if fresh {
            self.window[place] = Slot::Live(thing);
            self.live += 1;
        }
        fresh
    }

    /// The state of `number`.
    pub(super) fn get(&mut self, number: u32) -> Known<'_, T> {
        let number = u64::from(number);
        if number >= self.first {
            return match self.window.get_mut((number - self.first) as usize) {
                None | Some(Slot::Vacant) => Known::No,
                Some(Slot::Live(thing)) => Known::Live(thing),
                Some(Slot::Ended) => Known::Ended,
            };
        }
        if self.gap_of(number).is_some() {
            return Known::No;
        }
        self.older.get_mut(&number).map_or(Known::Ended, Known::Live)
    }

    /// Ends `number`, and returns its item if it was live.
    pub(super) fn end(&mut self, number: u32) -> Option<T> {
        let number = u64::from(number);
        if number < self.first {
            return self.older.remove(&number);
        }
        let slot = self.window.get_mut((number - self.first) as usize)?;
        match std::mem::replace(slot, Slot::Ended) {
            Slot::Live(thing) => {
                self.live -= 1;
                self.forget_ended();
                Some(thing)
            }
            Slot::Vacant => {
                *slot = Slot::Vacant;
                None
            }
            Slot::Ended => None,
        }
    }

    /// The live items, by number.
    pub(super) fn live(&self) -> impl Iterator<Item = (u32, &T)> {
        let live = |slot: &'_ Slot<T>| matches!(slot, Slot::Live(_));
        let window = (self.first..).zip(&self.window).filter(move |(_, slot)| live(slot));
        let window =
            window.filter_map(|(number, slot)| if let Slot::Live(thing) = slot { Some((number, thing)) } else { None });
        let older = self.older.iter().map(|(number, thing)| (*number, thing));
        older.chain(window).map(|(number, thing)| (u32::try_from(number).expect("it was opened as one"), thing))
    }

    fn forget_ended(&mut self) {
        while let Some(Slot::Ended) = self.window.front() {
            self.window.pop_front();
            self.first += 1;
        }
    }

    /// Keeps the window no longer than a few times its live items: a message that a clogged link holds must not keep
    /// the slots of all messages that were sent after it.
    fn trim(&mut self) {
        if self.window.len() > SHORT && self.window.len() / 4 > self.live {
            while self.window.len() / 2 > self.live {
                self.shift();
            }
        }
    }

    fn leap(&mut self, number: u64) {
        while !self.window.is_empty() {
            self.shift();
        }
        self.gap(self.first, number - 1);
        self.first = number;
    }

    /// Moves the window by one.
    fn shift(&mut self) {
        match self.window.pop_front() {
            Some(Slot::Live(thing)) => {
                self.live -= 1;
                self.older.insert(self.first, thing);
            }
            Some(Slot::Vacant) => self.gap(self.first, self.first),
            Some(Slot::Ended) | None => {}
        }
        self.first += 1;
    }

    /// Records that these numbers, which are above all known gaps, were not opened.
    fn gap(&mut self, first: u64, last: u64) {
        if let Some(mut before) = self.gaps.last_entry()
            && before.get() + 1 == first
        {
            *before.get_mut() = last;
        } else {
            self.gaps.insert(first, last);
        }
    }

    fn gap_of(&self, number: u64) -> Option<(u64, u64)> {
        let (first, last) = self.gaps.range(..=number).next_back()?;
        (number <= *last).then_some((*first, *last))
    }

    fn open_older(&mut self, number: u64, thing: T) -> bool {
        let Some((first, last)) = self.gap_of(number) else { return false };
        self.gaps.remove(&first);
        if first < number {
            self.gaps.insert(first, number - 1);
        }
        if number < last {
            self.gaps.insert(number + 1, last);
        }
        self.older.insert(number, thing);
        true
    }
}

/// A ledger for every sender and lane: the state of each message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Messages<T>(Slots<Slots<Ledger<T>>>);

impl<T: PartialEq + Hash> Hash for Messages<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<T> Default for Messages<T> {
    fn default() -> Self {
        Self(Slots::default())
    }
}

impl<T> Messages<T> {
    /// The ledger of `message`.
    #[inline]
    pub(super) fn of(&mut self, message: MessageId) -> &mut Ledger<T> {
        self.0.at(message.sender.index()).at(message.lane.index())
    }

    /// The messages that are live.
    pub(super) fn live(&self) -> impl Iterator<Item = (MessageId, &T)> {
        let ledgers =
            self.0.iter().flat_map(|(sender, lanes)| lanes.iter().map(move |(lane, ledger)| (sender, lane, ledger)));
        ledgers.flat_map(|(sender, lane, ledger)| {
            let sender = NodeId::new(u32::try_from(sender).expect("it was a node"));
            let lane = LaneId::new(u8::try_from(lane).expect("it was a lane"));
            ledger.live().map(move |(number, thing)| (MessageId { sender, lane, number }, thing))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_thing_is_opened_once_and_ends_once() {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.get(1), Known::No);
        assert!(ledger.open(1, 'a'));
        assert!(!ledger.open(1, 'b'));
        assert_eq!(ledger.get(1), Known::Live(&mut 'a'));
        assert_eq!(ledger.end(1), Some('a'));
        assert_eq!(ledger.end(1), None);
        assert_eq!(ledger.get(1), Known::Ended);
        assert!(!ledger.open(1, 'c'));
    }

    #[test]
    fn one_that_lives_long_keeps_no_room_for_the_others() {
        let mut ledger = Ledger::default();
        ledger.open(1, 0);
        for number in 2..100_000 {
            ledger.open(number, number);
            ledger.end(number);
        }
        assert!(ledger.window.len() <= SHORT + 1);
        assert_eq!(ledger.get(1), Known::Live(&mut 0));
        ledger.open(100_001, 7);
        assert_eq!(ledger.live().collect::<Vec<_>>(), [(1, &0), (100_001, &7)]);
        assert_eq!(ledger.get(0), Known::No);
        assert_eq!(ledger.get(99_999), Known::Ended);
    }

    #[test]
    fn a_forged_number_takes_no_room() {
        let mut ledger = Ledger::default();
        assert!(ledger.open(7, ()));
        assert!(ledger.open(u32::MAX - 1, ()));
        assert!(ledger.window.capacity() < 1000);
        assert_eq!(ledger.get(u32::MAX), Known::No);
        assert_eq!(ledger.get(1_000_000), Known::No);
        assert!(ledger.open(1_000_000, ()));
        assert_eq!(ledger.get(7), Known::Live(&mut ()));
        assert_eq!(ledger.end(1_000_000), Some(()));
        assert_eq!(ledger.get(1_000_000), Known::Ended);
        assert_eq!(ledger.get(1_000_001), Known::No);
    }

    proptest! {
        #[test]
        fn it_knows_what_a_plain_map_knows(acts in vec((0..400_u32, 0..3_u8, 0..200_000_u32), 0..600)) {
            let mut ledger = Ledger::default();
            let mut plain: BTreeMap<u32, bool> = BTreeMap::new();
            let mut top = 0;
            for (near, act, far) in acts {
                let number = if far < 1000 { top + far * 200 } else { (top + 5).saturating_sub(near) };
                if act > 0 {
                    prop_assert_eq!(ledger.open(number, number), !plain.contains_key(&number));
                    plain.entry(number).or_insert(true);
                    top = top.max(number);
                } else {
                    let live = plain.get(&number) == Some(&true);
                    prop_assert_eq!(ledger.end(number), live.then_some(number));
                    plain.entry(number).and_modify(|live| *live = false);
                }
                for asked in number.saturating_sub(3)..number + 3 {
                    let mut copy = asked;
                    let known = plain.get(&asked).map_or(Known::No, |live| if *live { Known::Live(&mut copy) } else { Known::Ended });
                    prop_assert_eq!(ledger.get(asked), known);
                }
            }
        }
    }
}
