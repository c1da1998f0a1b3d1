//! Ranges of seeds: `A..B` without B, or `A+N`, N seeds starting at A.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::chance::Seed;

/// Consecutive seeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SeedRange {
    /// The first one.
    pub first: u64,
    /// The number of seeds.
    pub count: u64,
}

impl SeedRange {
    /// From `first` to the last seed.
    #[must_use]
    pub const fn from(first: u64) -> Self {
        Self { first, count: u64::MAX - first }
    }

    /// The number after the last seed, which may be 2^64.
    #[must_use]
    pub fn end(self) -> u128 {
        u128::from(self.first) + u128::from(self.count)
    }

    /// The seeds after the first `done`.
    #[must_use]
    pub const fn after(self, done: u64) -> Self {
        Self { first: self.first.wrapping_add(done), count: self.count.saturating_sub(done) }
    }
}

impl fmt::Display for SeedRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first.checked_add(self.count) {
            Some(end) => write!(f, "{}..{end}", self.first),
            None => write!(f, "{}+{}", self.first, self.count),
        }
    }
}

impl FromStr for SeedRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let seed = |text: &str| text.parse::<Seed>().map(|Seed(number)| number).map_err(|error| error.to_string());
        if let Some((first, end)) = text.split_once("..") {
            let (first, end) = (seed(first)?, seed(end)?);
            let count = end
                .checked_sub(first)
                .ok_or(format!("`{text}` is empty, because its end is before its start; a range is A..B or A+N"))?;
            return Ok(Self { first, count });
        }
        if let Some((first, count)) = text.split_once('+') {
            let first = seed(first)?;
            let count: u64 = count.parse().map_err(|_| format!("`{count}` is not a number of seeds"))?;
            let fits = count == 0 || first.checked_add(count - 1).is_some();
            return if fits {
                Ok(Self { first, count })
            } else {
                Err(format!("`{text}` exceeds the last seed, 2^64-1"))
            };
        }
        Err(format!("`{text}` is not a range of seeds: A..B (without B) or A+N; a single seed is {text}+1"))
    }
}

impl Serialize for SeedRange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SeedRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_in_both_forms() {
        assert_eq!("5..8".parse(), Ok(SeedRange { first: 5, count: 3 }));
        assert_eq!("0x10+3".parse(), Ok(SeedRange { first: 16, count: 3 }));
        assert_eq!("7..7".parse(), Ok(SeedRange { first: 7, count: 0 }));
        assert_eq!("18446744073709551615+1".parse(), Ok(SeedRange { first: u64::MAX, count: 1 }));
    }

    #[test]
    fn an_invalid_range_is_refused() {
        for text in ["", "5", "8..5", "1..", "..3", "a+b", "1+-1", "18446744073709551615+2", "0..18446744073709551616"]
        {
            assert!(text.parse::<SeedRange>().is_err(), "{text}");
        }
    }
}
