//! Lamport's clock: one number that increases along every cause.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A Lamport clock, and a reading of it: at least the length of the longest chain of causes behind it.
///
/// If event a could have caused event b, a's reading is less than b's; the converse does not hold. Readings of
/// different nodes may be equal; for a total order, add the node (Lamport 1978, *Time, Clocks, and the Ordering
/// of Events in a Distributed System*). In JSON a string of decimal digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LamportClock(u64);

impl LamportClock {
    /// A clock that has read `count`; a fresh one has read 0, which is no event's.
    #[must_use]
    pub const fn new(count: u64) -> Self {
        Self(count)
    }

    /// The last reading.
    #[must_use]
    pub const fn count(self) -> u64 {
        self.0
    }

    /// A local event or a send happens: returns its reading, greater than every one before.
    ///
    /// # Panics
    /// If the clock has read the last of 64 bits.
    pub const fn tick(&mut self) -> Self {
        self.0 = self.0.checked_add(1).expect("a Lamport clock has 64 bits of readings");
        *self
    }

    /// A message that bears `other` is received: returns the receive's reading, greater than `other` and than every one
    /// before.
    ///
    /// # Panics
    /// If the clock or `other` has read the last of 64 bits.
    pub fn receive(&mut self, other: Self) -> Self {
        *self = other.max(*self);
        self.tick()
    }
}

impl fmt::Display for LamportClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for LamportClock {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { serializer.serialize_u64(self.0) }
    }
}

impl<'de> Deserialize<'de> for LamportClock {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return u64::deserialize(deserializer).map(Self);
        }
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map(Self).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding;

    #[test]
    fn a_receive_passes_the_message_and_the_past() {
        let mut clock = LamportClock::default();
        assert_eq!(clock.tick(), LamportClock::new(1));
        assert_eq!(clock.receive(LamportClock::new(7)), LamportClock::new(8));
        assert_eq!(clock.receive(LamportClock::new(3)), LamportClock::new(9));
        assert_eq!(clock.receive(LamportClock::new(9)), LamportClock::new(10));
    }

    #[test]
    fn a_reading_survives_json_as_a_string_and_binary_as_a_number() {
        let clock = LamportClock::new(u64::MAX);
        let json = serde_json::to_string(&clock).expect("written");
        assert_eq!(json, "\"18446744073709551615\"");
        assert_eq!(serde_json::from_str::<LamportClock>(&json).expect("read"), clock);
        let mut binary = Vec::new();
        encoding::write(&clock, &mut binary);
        assert_eq!(binary, [255; 8]);
        assert_eq!(encoding::read(&binary), Ok(clock));
        assert!(serde_json::from_str::<LamportClock>("7").is_err());
    }

    #[test]
    #[should_panic(expected = "64 bits of readings")]
    fn a_clock_at_its_end_does_not_wrap() {
        LamportClock::default().receive(LamportClock::new(u64::MAX));
    }
}
