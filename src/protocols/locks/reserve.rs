//! A Lamport clock that survives crashes: durable ahead of its use.

use crate::clocks::LamportClock;

/// The clock, and how far it may run before the disk must hear of it.
///
/// A clock that a crash sets back would stamp a request below one that this node has answered: the peer that got the
/// answer may hold its lock, and this node would be granted too. So the disk holds a bound above everything that was
/// stamped or seen, and a restarted clock goes on from there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Reserve {
    clock: LamportClock,
    /// What the disk holds, as soon as the effects so far are done.
    below: LamportClock,
}

/// How far one entry of the disk reaches.
const REACH: u64 = 64;

impl Reserve {
    /// A clock that goes on from what the disk holds.
    #[must_use]
    pub const fn after(below: LamportClock) -> Self {
        Self { clock: below, below }
    }

    /// The next stamp's time, later than all that was stamped or seen.
    pub const fn tick(&mut self) -> LamportClock {
        self.clock.tick()
    }

    /// A stamp was seen.
    pub fn see(&mut self, time: LamportClock) {
        self.clock = self.clock.max(time);
    }

    /// The bound that the disk must hold before anything leaves, if it does not yet.
    pub fn extend(&mut self) -> Option<LamportClock> {
        if self.clock < self.below {
            return None;
        }
        self.below = LamportClock::new(self.clock.count().saturating_add(REACH));
        Some(self.below)
    }

    /// What the disk holds.
    #[must_use]
    pub const fn below(&self) -> LamportClock {
        self.below
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_disk_always_holds_more_than_was_stamped_or_seen() {
        let mut reserve = Reserve::default();
        reserve.tick();
        let below = reserve.extend().expect("a fresh clock has no reserve");
        assert_eq!((below.count(), reserve.extend()), (1 + REACH, None));
        reserve.see(LamportClock::new(5_000));
        assert_eq!(reserve.extend(), Some(LamportClock::new(5_000 + REACH)));
        assert_eq!(Reserve::after(reserve.below()).tick(), LamportClock::new(5_001 + REACH));
    }
}
