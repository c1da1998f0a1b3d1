//! A node's timers: by value; moving a timer to a later time does not touch the agenda.

use std::hash::{Hash, Hasher};

use smallvec::SmallVec;

use crate::time::{LocalTime, Time};

/// The timers of one node.
///
/// A timer that is moved to a later instant keeps its entry in the agenda, and gets a new one when that entry is due:
/// re-arming a timeout that rarely expires costs a few nanoseconds. A cancelled timer keeps its entry too, because it
/// may be set again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Timers<T> {
    slots: SmallVec<[Option<Armed<T>>; 2]>,
    sets: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Armed<T> {
    timer: T,
    /// Whether it is cancelled, and only its entry in the agenda is left.
    cancelled: bool,
    /// The ordinal of the call that set it.
    number: u32,
    queued_number: u32,
    /// When it expires, on the monotonic clock.
    deadline: LocalTime,
    /// The time of its entry in the agenda.
    queued: Time,
}

/// The entry that a timer needs in the agenda.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimerSlot {
    pub(crate) time: Time,
    pub(crate) number: u32,
    pub(crate) slot: u32,
}

/// What to do when a timer's entry in the agenda is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due<T> {
    Fire(T),
    Requeue(T, TimerSlot),
    Stale,
}

impl<T> Default for Timers<T> {
    fn default() -> Self {
        Self { slots: SmallVec::new(), sets: 0 }
    }
}

impl<T: Copy + Eq> Timers<T> {
    /// Sets or moves a timer: `deadline` on the monotonic clock, which is `time`. Returns the entry that it needs,
    /// unless it has a suitable one.
    #[inline]
    pub(crate) fn set(&mut self, timer: T, deadline: LocalTime, time: Time) -> Option<TimerSlot> {
        self.sets += 1;
        let number = self.sets;
        let slot = match self.find(timer) {
            Some(slot) => slot,
            None => self.free_slot(),
        };
        if let Some(armed) = &mut self.slots[slot]
            && armed.queued <= time
        {
            (armed.cancelled, armed.number, armed.deadline) = (false, number, deadline);
            return None;
        }
        let armed = Armed { timer, cancelled: false, number, queued_number: number, deadline, queued: time };
        self.slots[slot] = Some(armed);
        Some(TimerSlot { time, number, slot: slot as u32 })
    }

    #[inline]
    pub(crate) fn cancel(&mut self, timer: T) {
        if let Some(slot) = self.find(timer)
            && let Some(armed) = &mut self.slots[slot]
        {
            armed.cancelled = true;
        }
    }

    #[inline]
    fn find(&self, timer: T) -> Option<usize> {
        self.slots.iter().position(|slot| slot.is_some_and(|armed| armed.timer == timer))
    }

    fn free_slot(&mut self) -> usize {
        if let Some(free) = self.slots.iter().position(Option::is_none) {
            return free;
        }
        self.slots.push(None);
        self.slots.len() - 1
    }

    /// The set timer with the entry (`slot`, `number`).
    pub(crate) fn standing(&self, slot: u32, number: u32) -> Option<T> {
        let armed = self.slots.get(slot as usize).and_then(Option::as_ref);
        armed.filter(|armed| armed.queued_number == number && !armed.cancelled).map(|armed| armed.timer)
    }

    /// What the entry (`slot`, `number`) means at `now`, when the monotonic clock reads `reading`; `when` converts a
    /// reading to a time.
    #[inline]
    pub(crate) fn due(
        &mut self,
        slot: u32,
        number: u32,
        reading: LocalTime,
        when: impl Fn(LocalTime) -> Time,
    ) -> Due<T> {
        let Some(entry) = self.slots.get_mut(slot as usize) else {
            return Due::Stale;
        };
        let Some(armed) = entry.as_mut().filter(|armed| armed.queued_number == number) else {
            return Due::Stale;
        };
        if armed.cancelled {
            *entry = None;
            return Due::Stale;
        }
        if armed.deadline <= reading {
            let timer = armed.timer;
            *entry = None;
            return Due::Fire(timer);
        }
        armed.queued = when(armed.deadline);
        armed.queued_number = armed.number;
        Due::Requeue(armed.timer, TimerSlot { time: armed.queued, number: armed.number, slot })
    }

    /// The entries that all timers need after the clock was changed.
    pub(crate) fn requeue(&mut self, when: impl Fn(LocalTime) -> Time) -> Vec<(T, TimerSlot)> {
        let mut places = Vec::new();
        for (slot, armed) in self.slots.iter_mut().enumerate() {
            let Some(Armed { timer, cancelled: false, deadline, queued, queued_number, number }) = armed else {
                continue;
            };
            self.sets += 1;
            (*number, *queued_number, *queued) = (self.sets, self.sets, when(*deadline));
            let slot = u32::try_from(slot).expect("a node has few timers");
            places.push((*timer, TimerSlot { time: *queued, number: *number, slot }));
        }
        places
    }

    /// The readings at which the set timers expire.
    pub(crate) fn deadlines(&self) -> impl Iterator<Item = LocalTime> {
        self.slots.iter().flatten().filter(|armed| !armed.cancelled).map(|armed| armed.deadline)
    }

    /// The set timers.
    pub(crate) fn set_ones(&self) -> impl Iterator<Item = T> {
        self.slots.iter().flatten().filter(|armed| !armed.cancelled).map(|armed| armed.timer)
    }

    /// A timer expires early: it is no longer set.
    pub(crate) fn run_out(&mut self, timer: T) {
        let slot = self.find(timer).expect("only a timer that is set runs out");
        self.slots[slot] = None;
    }

    /// Clears all timers: the node crashed.
    pub(crate) fn clear(&mut self) {
        self.slots.clear();
    }
}

/// Covers which timers are set, in their order; not when they expire, which does not matter to an exploration.
impl<T: Copy + Ord + Hash> Hash for Timers<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut set: SmallVec<[T; 4]> = self.set_ones().collect();
        set.sort_unstable();
        set.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(nanos: u64) -> (LocalTime, Time) {
        (LocalTime::from_nanos(nanos), Time::from_nanos(nanos))
    }

    fn true_clock(reading: LocalTime) -> Time {
        Time::from_nanos(reading.as_nanos())
    }

    #[test]
    fn a_timer_that_only_gets_later_needs_no_new_place() {
        let mut timers = Timers::default();
        let place = timers.set('a', at(5).0, at(5).1).expect("a first place");
        assert_eq!(timers.set('a', at(9).0, at(9).1), None);
        let due = timers.due(place.slot, place.number, at(5).0, true_clock);
        let Due::Requeue('a', later) = due else { panic!("{due:?}") };
        assert_eq!(later.time, at(9).1);
        assert_eq!(timers.due(later.slot, later.number, at(9).0, true_clock), Due::Fire('a'));
    }

    #[test]
    fn a_timer_that_gets_earlier_leaves_a_stale_place() {
        let mut timers = Timers::default();
        let late = timers.set('a', at(9).0, at(9).1).expect("a first place");
        let early = timers.set('a', at(5).0, at(5).1).expect("an earlier one");
        assert_eq!(timers.due(early.slot, early.number, at(5).0, true_clock), Due::Fire('a'));
        assert_eq!(timers.due(late.slot, late.number, at(9).0, true_clock), Due::Stale);
    }

    #[test]
    fn a_cancelled_timer_does_not_fire_but_may_be_set_again() {
        let mut timers = Timers::default();
        let place = timers.set('a', at(5).0, at(5).1).expect("a place");
        timers.cancel('a');
        assert_eq!(timers.set('a', at(7).0, at(7).1), None, "its old place serves");
        timers.cancel('a');
        assert_eq!(timers.due(place.slot, place.number, at(5).0, true_clock), Due::Stale);
        assert!(timers.set('a', at(8).0, at(8).1).is_some());
    }
}
