//! One of several parts of a sweep, which may run on different machines.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::SeedRange;

/// The `index`-th (from 1) of `of` shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shard {
    index: u64,
    of: u64,
}

/// The maximum number of shards.
const MOST: u64 = 1_000_000;

impl Shard {
    /// The `index`-th (from 1) of `of` shards, if it exists.
    #[must_use]
    pub const fn new(index: u64, of: u64) -> Option<Self> {
        if 1 <= index && index <= of && of <= MOST { Some(Self { index, of }) } else { None }
    }

    /// Whether it is the first one, or the only one.
    #[must_use]
    pub const fn is_first(self) -> bool {
        self.index == 1
    }

    /// Its part of these seeds. The parts of all shards cover them exactly once, and their sizes differ by at most one.
    #[must_use]
    pub fn part(self, seeds: SeedRange) -> SeedRange {
        let before = |shards: u64| {
            let seeds = u128::from(seeds.count) * u128::from(shards) / u128::from(self.of);
            u64::try_from(seeds).expect("a part of a u64")
        };
        let (from, until) = (before(self.index - 1), before(self.index));
        SeedRange { first: seeds.first.wrapping_add(from), count: until - from }
    }

    /// All shards of the same number.
    pub fn all(self) -> impl Iterator<Item = Self> {
        (1..=self.of).map(move |index| Self { index, of: self.of })
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
        let (index, of) = numbers.ok_or(format!("`{text}` is not a shard; a shard is K/N, the K-th of N"))?;
        Self::new(index, of).ok_or_else(|| match of {
            0 => format!("`{text}` has no shards: in K/N, N must be greater than 0"),
            1_000_001.. => format!("`{text}` has too many shards: at most {MOST} are allowed"),
            1.. => format!("there is no shard {index} of {of}: they are numbered 1 to {of}"),
        })
    }
}

impl Serialize for Shard {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Shard {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_tile_the_seeds() {
        let ranges = [(0, 0), (0, 1), (5, 7), (3, 1_000), (u64::MAX - 9, 10), (0, u64::MAX)];
        for (first, count) in ranges {
            for of in [1, 2, 3, 7, 64] {
                let seeds = SeedRange { first, count };
                let parts: Vec<_> = Shard { index: 1, of }.all().map(|shard| shard.part(seeds)).collect();
                let mut next = u128::from(first);
                for part in &parts {
                    assert_eq!(u128::from(part.first), next % (1 << 64), "{seeds} in {of}");
                    next = part.end();
                }
                assert_eq!(next, seeds.end(), "{seeds} in {of}");
                let sizes = parts.iter().map(|part| part.count);
                let (least, most) = (sizes.clone().min(), sizes.max());
                assert!(most.zip(least).is_some_and(|(most, least)| most - least <= 1), "{seeds} in {of}");
            }
        }
    }

    #[test]
    fn the_arithmetic_is_that_of_the_contract() {
        let seeds = SeedRange { first: 100, count: 10 };
        let parts: Vec<_> = Shard { index: 1, of: 3 }.all().map(|shard| shard.part(seeds).to_string()).collect();
        assert_eq!(parts, ["100..103", "103..106", "106..110"]);
    }

    #[test]
    fn an_invalid_shard_is_refused_with_the_reason() {
        assert_eq!("3/7".parse(), Ok(Shard { index: 3, of: 7 }));
        for (text, why) in [
            ("0/4", "1 to 4"),
            ("5/4", "1 to 4"),
            ("1/0", "greater than 0"),
            ("4", "K/N"),
            ("-1/4", "K/N"),
            ("1/1000001", "many"),
        ] {
            let error = text.parse::<Shard>().expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
