//! The messages under way, in slots that are reused.

use std::collections::BTreeMap;

use super::links::Course;
use crate::identity::MessageId;
use crate::time::Time;

/// One copy of a message under way. Sender, receiver and id are in its item of the agenda.
#[derive(Clone, Debug)]
pub(crate) struct Flight<M> {
    pub(crate) message: M,
    pub(crate) sent: Time,
}

/// Slots with a free list.
#[derive(Clone, Debug)]
pub(crate) struct Flights<M> {
    slots: Vec<Option<Flight<M>>>,
    free: Vec<u32>,
    /// The copies whose time under way does not depend on their link's delay alone, by slot. If a slot has been reused,
    /// its entry names another copy, and is ignored.
    courses: BTreeMap<u32, (MessageId, u16, Course)>,
}

impl<M> Default for Flights<M> {
    fn default() -> Self {
        Self { slots: Vec::new(), free: Vec::new(), courses: BTreeMap::new() }
    }
}

impl<M> Flights<M> {
    #[inline]
    pub(crate) fn put(&mut self, flight: Flight<M>) -> u32 {
        if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = Some(flight);
            return slot;
        }
        self.slots.push(Some(flight));
        u32::try_from(self.slots.len() - 1).expect("at most 2^32 messages under way")
    }

    /// Records what determines the time under way of the copy in a slot.
    pub(crate) fn note(&mut self, slot: u32, id: MessageId, copy: u16, course: Course) {
        self.courses.insert(slot, (id, copy, course));
    }

    /// What determines a copy's time under way.
    pub(crate) fn course(&self, slot: u32, id: MessageId, copy: u16) -> Course {
        let known = self.courses.get(&slot).filter(|known| (known.0, known.1) == (id, copy));
        known.map_or(Course::Plain, |known| known.2)
    }

    #[inline]
    pub(crate) fn get(&self, slot: u32) -> &Flight<M> {
        self.slots[slot as usize].as_ref().expect("an item of the agenda has its flight")
    }

    #[inline]
    pub(crate) fn take(&mut self, slot: u32) -> Flight<M> {
        self.free.push(slot);
        self.slots[slot as usize].take().expect("an item of the agenda has its flight")
    }
}
