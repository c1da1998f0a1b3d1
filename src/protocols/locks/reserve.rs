//! A Lamport clock that survives crashes: durable ahead of its use.

use crate::clocks::LamportClock;

/// The clock, and how far it may advance before the disk must hold a higher bound.
///
/// After a crash, a clock that was set back would stamp a request below one that this node has answered: the peer that
/// got the answer may hold its lock, and this node would be granted it too. So the disk holds a bound above all times
/// that were stamped or seen, and a restarted clock continues from there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Reserve {
    clock: LamportClock,
    /// The bound on the disk, when all effects so far are performed.
    below: LamportClock,
}

/// By how much one entry on the disk raises the bound.
const REACH: u64 = 64;

impl Reserve {
    /// A clock that continues from the bound on the disk.
    #[must_use]
    pub const fn after(below: LamportClock) -> Self {
        Self { clock: below, below }
    }

    /// The time of the next stamp, later than all times that were stamped or seen.
    pub const fn tick(&mut self) -> LamportClock {
        self.clock.tick()
    }

    /// A stamp was seen.
    pub fn see(&mut self, time: LamportClock) {
        self.clock = self.clock.max(time);
    }

    /// The new bound that the disk must hold before anything leaves, if the current one is too low.
    pub fn extend(&mut self) -> Option<LamportClock> {
        if self.clock < self.below {
            return None;
        }
        self.below = LamportClock::new(self.clock.count().saturating_add(REACH));
        Some(self.below)
    }

    /// The bound on the disk.
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
