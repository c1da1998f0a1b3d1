//! The messages under way, in slots that are used again.

use crate::time::Time;

/// One copy of a message under way. Who sent it to whom, and its name, stand in its item of the agenda.
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
}

impl<M> Default for Flights<M> {
    fn default() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
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
