//! Hybrid logical clocks: close to the wall clock, and increasing along every cause, whatever the wall clock does.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::time::LocalTime;

/// A reading of a hybrid clock; ordered by `wall`, then by `count`.
///
/// Stamps of different nodes are comparable: if event a could have caused event b, a's stamp is less than b's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HybridStamp {
    /// The greatest reading of any wall clock that the event can know of, in nanoseconds.
    pub wall: LocalTime,
    /// Which of the events at that `wall`, along the chain of causes.
    pub count: u32,
}

/// A node's hybrid logical clock: the last stamp that it gave, and the rule for the next.
///
/// After Kulkarni, Demirbas, Madeppa, Avva and Leone 2014, *Logical Physical Clocks*, whose *l* and *c* are
/// `wall` and `count`. With one addition: a count that has no next carries into the wall part, so that stamps rise
/// strictly at any rate. So a stamp's wall part is at least the node's own reading, and at most the greatest reading in
/// its causal past plus one nanosecond for every 2³² events there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HybridClock {
    last: HybridStamp,
}

impl HybridClock {
    /// A clock whose stamps all come after `last`, as after a restart from a disk that kept it.
    #[must_use]
    pub const fn after(last: HybridStamp) -> Self {
        Self { last }
    }

    /// The last stamp that was given; `HybridStamp::default()`, which is no event's, if none was.
    #[must_use]
    pub const fn last(self) -> HybridStamp {
        self.last
    }

    /// A local event or a send happens while the node's wall clock reads `wall`: returns its stamp, greater than every
    /// one before.
    ///
    /// # Panics
    /// If no later stamp exists.
    pub fn tick(&mut self, wall: LocalTime) -> HybridStamp {
        self.last = if wall > self.last.wall { HybridStamp { wall, count: 0 } } else { self.last.next() };
        self.last
    }

    /// A message that bears `stamp` is received while the node's wall clock reads `wall`: returns the receive's stamp,
    /// greater than `stamp` and than every one before.
    ///
    /// # Panics
    /// If no later stamp exists.
    pub fn receive(&mut self, stamp: HybridStamp, wall: LocalTime) -> HybridStamp {
        self.last = self.last.max(stamp);
        self.tick(wall)
    }
}

impl HybridStamp {
    /// The least stamp after this one.
    fn next(self) -> Self {
        match self.count.checked_add(1) {
            Some(count) => Self { wall: self.wall, count },
            None => Self { wall: after(self.wall), count: 0 },
        }
    }
}

fn after(wall: LocalTime) -> LocalTime {
    let nanos = wall.as_nanos().checked_add(1).expect("a hybrid clock ends with its wall clock");
    LocalTime::from_nanos(nanos)
}

/// The wall part in milliseconds, as [`LocalTime`] shows it, and the count if there is one: `150.212`, `150.212+3`.
impl fmt::Display for HybridStamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.wall.fmt(f)?;
        if self.count > 0 { write!(f, "+{}", self.count) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::encoding;

    fn stamp(wall: u64, count: u32) -> HybridStamp {
        HybridStamp { wall: LocalTime::from_nanos(wall), count }
    }

    fn at(nanos: u64) -> LocalTime {
        LocalTime::from_nanos(nanos)
    }

    /// The algorithm of the paper, case by case: the new *l* and *c* of a receive, nothing folded.
    fn receive_by_the_paper(own: HybridStamp, message: HybridStamp, wall: LocalTime) -> HybridStamp {
        let l = own.wall.max(message.wall).max(wall);
        let count = if l == own.wall && l == message.wall {
            own.count.max(message.count) + 1
        } else if l == own.wall {
            own.count + 1
        } else if l == message.wall {
            message.count + 1
        } else {
            0
        };
        HybridStamp { wall: l, count }
    }

    #[test]
    fn stamps_rise_while_the_wall_clock_stands_or_goes_back() {
        let mut clock = HybridClock::default();
        let stamps = [10, 10, 4, 10, 11].map(|wall| clock.tick(at(wall)));
        assert_eq!(stamps, [stamp(10, 0), stamp(10, 1), stamp(10, 2), stamp(10, 3), stamp(11, 0)]);
    }

    #[test]
    fn the_first_stamp_comes_after_none_even_at_zero() {
        assert!(HybridClock::default().tick(at(0)) > HybridStamp::default());
    }

    #[test]
    fn a_full_count_carries_into_the_wall() {
        let mut clock = HybridClock::after(stamp(10, u32::MAX));
        assert_eq!(clock.tick(at(10)), stamp(11, 0));
        assert_eq!(clock.receive(stamp(11, u32::MAX), at(3)), stamp(12, 0));
        assert_eq!(clock.tick(at(12)), stamp(12, 1));
    }

    #[test]
    #[should_panic(expected = "ends with its wall clock")]
    fn a_clock_at_its_end_does_not_wrap() {
        HybridClock::default().receive(stamp(u64::MAX, u32::MAX), at(0));
    }

    #[test]
    fn a_stamp_shows_its_count_when_it_has_one() {
        assert_eq!(stamp(150_212_999, 0).to_string(), "150.212");
        assert_eq!(stamp(150_212_999, 3).to_string(), "150.212+3");
    }

    #[test]
    fn a_stamp_survives_json_and_binary() {
        let written = stamp(u64::MAX, 3);
        let json = serde_json::to_string(&written).expect("written");
        assert_eq!(json, r#"{"wall":"18446744073709551615","count":3}"#);
        assert_eq!(serde_json::from_str::<HybridStamp>(&json).expect("read"), written);
        let mut binary = Vec::new();
        encoding::write(&written, &mut binary);
        assert_eq!(binary, [255, 255, 255, 255, 255, 255, 255, 255, 3, 0, 0, 0]);
        assert_eq!(encoding::read(&binary), Ok(written));
    }

    proptest! {
        #[test]
        fn a_receive_does_what_the_paper_says(
            own in (0..4_u64, 0..4_u32), message in (0..4_u64, 0..4_u32), wall in 0..4_u64,
        ) {
            let (own, message) = (stamp(own.0, own.1), stamp(message.0, message.1));
            let received = HybridClock::after(own).receive(message, at(wall));
            prop_assert_eq!(received, receive_by_the_paper(own, message, at(wall)));
        }
    }
}
