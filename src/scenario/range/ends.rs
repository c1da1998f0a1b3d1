//! The two ends of a range, and draws between them.

use std::str::FromStr;

use serde_json::Value;

use crate::chance::Chance;
use crate::measure::{Drift, Offset, Rate, Share};
use crate::scenario::plan::log_uniform;
use crate::time::Span;

/// Two ordered values of one kind, as integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ends {
    kind: Kind,
    low: i128,
    high: i128,
}

/// The kind of the ends: counts, or quantities with a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Span,
    Offset,
    Share,
    Drift,
    Rate,
    Count,
}

/// Why two values are not the ends of a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoEnds {
    /// Neither looks like an end.
    Neither,
    /// Only one does; the key of the other, and why it is not an end.
    Half(&'static str, String),
    /// The first is greater than the second.
    Reversed,
}

impl Ends {
    /// Reads two ends.
    pub(super) fn read(min: &Value, max: &Value) -> Result<Self, NoEnds> {
        let both = |kind: Kind| Some((kind, kind.read(min).ok()?, kind.read(max).ok()?));
        match Kind::ALL.into_iter().find_map(both) {
            Some((kind, low, high)) if low <= high => Ok(Self { kind, low, high }),
            Some(_) => Err(NoEnds::Reversed),
            None => Err(half(min, max)),
        }
    }

    /// The lower end.
    pub(super) fn least(&self) -> Value {
        self.kind.write(self.low)
    }

    /// The upper end.
    pub(super) fn most(&self) -> Value {
        self.kind.write(self.high)
    }

    /// A value between the ends.
    pub(super) fn draw(&self, chance: &mut impl Chance) -> Value {
        self.kind.write(between(chance, self.low, self.high))
    }
}

fn half(min: &Value, max: &Value) -> NoEnds {
    let kind = |end: &Value| Kind::ALL.into_iter().find(|kind| kind.read(end).is_ok());
    let (kind, wrong, end) = match (kind(min), kind(max)) {
        (Some(kind), _) => (kind, "max", max),
        (None, Some(kind)) => (kind, "min", min),
        (None, None) if min.is_number() => (Kind::Count, "min", min),
        (None, None) => return NoEnds::Neither,
    };
    // A span is an offset too, which may be negative.
    let kind = if kind == Kind::Span { Kind::Offset } else { kind };
    let why = kind.read(end).err().unwrap_or_else(|| "its ends are of different kinds".to_owned());
    NoEnds::Half(wrong, why)
}

impl Kind {
    const ALL: [Self; 6] = [Self::Span, Self::Offset, Self::Share, Self::Drift, Self::Rate, Self::Count];

    /// The integer for a value of this kind, or why there is none.
    fn read(self, value: &Value) -> Result<i128, String> {
        match self {
            Self::Span => quantity(value).map(|span: Span| span.as_nanos().into()),
            Self::Offset => quantity(value).map(|offset: Offset| offset.as_nanos().into()),
            Self::Share => quantity(value).map(|share: Share| share.as_ppb().into()),
            Self::Drift => quantity(value).map(|drift: Drift| drift.as_ppb().into()),
            Self::Rate => quantity(value).map(|rate: Rate| rate.as_nanohertz().into()),
            Self::Count => match (value.as_u64(), value) {
                (Some(count), _) => Ok(count.into()),
                (None, Value::Number(_)) => Err(format!("a count must be a whole number, not {value}")),
                (None, _) => Err(MIXED.to_owned()),
            },
        }
    }

    /// The value for an integer of this kind.
    fn write(self, number: i128) -> Value {
        let text = match self {
            Self::Span => Span::from_nanos(narrow(number)).to_string(),
            Self::Offset => Offset::from_nanos(narrow(number)).to_string(),
            Self::Share => Share::from_ppb(narrow(number)).to_string(),
            Self::Drift => Drift::from_ppb(narrow(number)).to_string(),
            Self::Rate => Rate::from_nanohertz(narrow(number)).to_string(),
            Self::Count => return Value::from(narrow::<u64>(number)),
        };
        Value::String(text)
    }
}

const MIXED: &str = "its ends are of different kinds";

fn quantity<T: FromStr<Err: ToString>>(value: &Value) -> Result<T, String> {
    value.as_str().ok_or(MIXED.to_owned())?.parse().map_err(|error: T::Err| error.to_string())
}

fn narrow<T: TryFrom<i128>>(number: i128) -> T {
    T::try_from(number).ok().expect("a value between two values of a kind is of that kind")
}

/// The maximum of a wide range is at least this many times its minimum, and greater by at least this much.
const WIDE: u64 = 8;
/// Each end of a wide range is drawn in one of this many seeds.
const ENDS: u64 = 32;
/// If the minimum is zero, draws other than zero are at most this many doublings below the maximum.
const DOUBLINGS: u32 = 20;

/// A number from `low` to `high`; both signs are equally likely.
fn between(chance: &mut impl Chance, low: i128, high: i128) -> i128 {
    let positive = |chance: &mut _, low: i128, high: i128| i128::from(spread(chance, narrow(low), narrow(high)));
    let below = if low < 0 && high > 0 { chance.below(2) == 0 } else { low < 0 };
    if below { -positive(chance, (-high).max(0), -low) } else { positive(chance, low.max(0), high) }
}

/// A number from `low` to `high`. In a wide range every doubling is about equally likely, because a uniform draw would almost
/// never give small numbers; and the ends, which are often limits, are drawn often enough to occur in any sweep. In a narrow
/// range all numbers are equally likely.
fn spread(chance: &mut impl Chance, low: u64, high: u64) -> u64 {
    let wide = high / WIDE >= low && high - low >= WIDE;
    if !wide {
        return chance.between(low, high);
    }
    let from = if low == 0 { (high >> DOUBLINGS).max(1) } else { low };
    match chance.below(ENDS) {
        0 => low,
        1 => high,
        _ => log_uniform(chance, from, high),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Seed;

    fn drawn(low: i128, high: i128) -> Vec<i128> {
        (0..8_000).map(|seed| between(&mut Seed(seed).key("test").draws(), low, high)).collect()
    }

    fn share(drawn: &[i128], of: impl Fn(i128) -> bool) -> usize {
        drawn.iter().filter(|number| of(**number)).count() * 1_000 / drawn.len()
    }

    #[test]
    fn each_end_is_drawn_in_at_least_one_percent_of_the_seeds() {
        for (low, high) in
            [(1, 64), (0, 64), (0, 7), (1_000_000, 5_000_000_000), (0, 1_000_000_000), (-50, 3_000), (-90, -2)]
        {
            let drawn = drawn(low, high);
            for end in [low, high] {
                assert!(share(&drawn, |number| number == end) >= 10, "{end} of {low} to {high}");
            }
            assert!(drawn.iter().all(|number| (low..=high).contains(number)), "{low} to {high}");
        }
    }

    #[test]
    fn each_doubling_of_a_wide_range_is_about_as_likely() {
        let drawn = drawn(1, 64);
        for doubling in 0..=6 {
            let share = share(&drawn, |number| number.ilog2() == doubling);
            assert!((80..=200).contains(&share), "{share} per mill from {} on", 1 << doubling);
        }
    }

    #[test]
    fn every_number_of_a_narrow_range_is_as_likely() {
        let drawn = drawn(8, 15);
        for number in 8..=15 {
            let share = share(&drawn, |drawn| drawn == number);
            assert!((110..=140).contains(&share), "{share} per mill are {number}");
        }
    }
}
