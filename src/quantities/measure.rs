//! Quantities with a unit in scenarios: shares, rates, clock drifts; all are stored as integers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::time::Span;
use crate::units::{self, MeasureError};

/// A probability or part of a whole, in parts per billion (0 to 1,000,000,000).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Share(u32);

impl Share {
    /// Never.
    pub const NONE: Self = Self(0);
    /// Always.
    pub const ALL: Self = Self(1_000_000_000);

    /// A share in parts per billion; more than a billion is [`Share::ALL`].
    #[must_use]
    pub const fn from_ppb(ppb: u32) -> Self {
        Self(if ppb > Self::ALL.0 { Self::ALL.0 } else { ppb })
    }

    /// A share in percent; more than a hundred is [`Share::ALL`].
    #[must_use]
    pub const fn from_percent(percent: u32) -> Self {
        Self::from_ppb(percent.saturating_mul(10_000_000))
    }

    /// The share in parts per billion.
    #[must_use]
    pub const fn as_ppb(self) -> u32 {
        self.0
    }

    /// Whether the share is zero.
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }
}

/// A rate, in events per billion seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(u64);

impl Rate {
    /// A rate of `n` events per second.
    #[must_use]
    pub const fn per_second(n: u64) -> Self {
        Self(n.saturating_mul(1_000_000_000))
    }

    /// A rate in events per billion seconds.
    #[must_use]
    pub const fn from_nanohertz(n: u64) -> Self {
        Self(n)
    }

    /// The events per billion seconds.
    #[must_use]
    pub const fn as_nanohertz(self) -> u64 {
        self.0
    }

    /// The mean time between two events, in nanoseconds; `None` for a rate of zero.
    #[must_use]
    pub const fn mean_gap(self) -> Option<u64> {
        1_000_000_000_000_000_000_u64.checked_div(self.0)
    }
}

/// How much faster than true time a clock runs, in parts per billion; negative is slower. Between −50 % and +100 %.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Drift(i32);

impl Drift {
    /// An exact clock.
    pub const NONE: Self = Self(0);

    /// A drift in parts per billion, clamped to −500,000,000 and 1,000,000,000.
    #[must_use]
    pub const fn from_ppb(ppb: i32) -> Self {
        if ppb < -500_000_000 {
            Self(-500_000_000)
        } else if ppb > 1_000_000_000 {
            Self(1_000_000_000)
        } else {
            Self(ppb)
        }
    }

    /// The drift in parts per billion.
    #[must_use]
    pub const fn as_ppb(self) -> i32 {
        self.0
    }
}

/// The offset of a clock: a signed span, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset(i64);

impl Offset {
    /// An offset in nanoseconds; positive is ahead.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// The offset in nanoseconds; positive is ahead.
    #[must_use]
    pub const fn as_nanos(self) -> i64 {
        self.0
    }
}

/// `1%`, `250ppm`, `3ppb`: the largest unit that needs no decimals.
impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ppb if ppb.is_multiple_of(10_000_000) => f.pad(&format!("{}%", ppb / 10_000_000)),
            ppb if ppb.is_multiple_of(1_000_000) => f.pad(&format!("{}.{}%", ppb / 10_000_000, ppb / 1_000_000 % 10)),
            ppb if ppb.is_multiple_of(1_000) => f.pad(&format!("{}ppm", ppb / 1_000)),
            ppb => f.pad(&format!("{ppb}ppb")),
        }
    }
}

impl FromStr for Share {
    type Err = MeasureError;
    fn from_str(text: &str) -> Result<Self, MeasureError> {
        let ppb = units::parse("a share", text, &[("%", 10_000_000), ("ppm", 1_000), ("ppb", 1)])?;
        match u32::try_from(ppb) {
            Ok(ppb) if ppb <= Self::ALL.0 => Ok(Self(ppb)),
            Ok(_) | Err(_) => Err(MeasureError(format!("a share is at most 100%, not {text}"))),
        }
    }
}

/// `50/s`, or the next longer unit that needs no decimals.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0 / 1_000_000_000, self.0 % 1_000_000_000);
        if fraction == 0 {
            return f.pad(&format!("{whole}/s"));
        }
        f.pad(&format!("{whole}.{}/s", format!("{fraction:09}").trim_end_matches('0')))
    }
}

impl FromStr for Rate {
    type Err = MeasureError;
    fn from_str(text: &str) -> Result<Self, MeasureError> {
        units::parse("a rate", text, &[("/s", 1_000_000_000)]).map(Self)
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        f.pad(&format!("{sign}{}", Share(self.0.unsigned_abs())))
    }
}

/// A share with an optional sign: `100ppm`, `-20ppm`, `1%`.
impl FromStr for Drift {
    type Err = MeasureError;
    fn from_str(text: &str) -> Result<Self, MeasureError> {
        let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let ppb = rest.parse::<Share>()?.as_ppb();
        let ppb = i32::try_from(ppb).expect("a share is at most a billion");
        let drift = Self(if negative { -ppb } else { ppb });
        if drift == Self::from_ppb(drift.0) {
            Ok(drift)
        } else {
            Err(MeasureError("a drift must be between -50% and 100%".to_owned()))
        }
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        f.pad(&format!("{sign}{}", Span::from_nanos(self.0.unsigned_abs())))
    }
}

/// A span with an optional sign: `50ms`, `-3s`.
impl FromStr for Offset {
    type Err = MeasureError;
    fn from_str(text: &str) -> Result<Self, MeasureError> {
        let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let nanos = i64::try_from(rest.parse::<Span>()?.as_nanos());
        let nanos = nanos.map_err(|_| MeasureError("an offset is at most 292 years".to_owned()))?;
        Ok(Self(if negative { -nanos } else { nanos }))
    }
}

macro_rules! serde_as_text {
    ($type:ident, $from_number:expr, $into_number:expr, $name:literal, $pattern:literal, $about:literal) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    serializer.serialize_u64($into_number(*self))
                }
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                units::deserialize(deserializer, $from_number)
            }
        }

        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": $pattern, "description": $about })
            }
        }
    };
}

serde_as_text!(
    Share,
    |n: u64| Self::from_ppb(u32::try_from(n).unwrap_or(u32::MAX)),
    |share: Self| u64::from(share.0),
    "Share",
    r"^[0-9]+(\.[0-9]+)?(%|ppm|ppb)$",
    "A part of a whole with its unit: \"1%\", \"100ppm\"."
);
serde_as_text!(
    Rate,
    Self,
    |rate: Self| rate.0,
    "Rate",
    r"^[0-9]+(\.[0-9]+)?/s$",
    "A rate per second: \"50/s\", \"0.5/s\"."
);
serde_as_text!(
    Drift,
    |n: u64| Self::from_ppb(i32::try_from(n.cast_signed()).unwrap_or(0)),
    |drift: Self| i64::from(drift.0).cast_unsigned(),
    "Drift",
    r"^-?[0-9]+(\.[0-9]+)?(%|ppm|ppb)$",
    "How much faster than true time a clock runs: \"100ppm\", \"-20ppm\"."
);

serde_as_text!(
    Offset,
    |n: u64| Self::from_nanos(n.cast_signed()),
    |offset: Self| offset.0.cast_unsigned(),
    "Offset",
    r"^-?[0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h)$",
    "The offset of a clock, with its unit: \"50ms\", \"-3s\"."
);

/// Reads a count of at most `MOST`, for `deserialize_with`.
///
/// # Errors
/// If it is not a count, or greater than `MOST`.
pub fn at_most<'de, const MOST: u32, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    between::<0, MOST, D>(deserializer)
}

/// Reads a count from `LEAST` to `MOST`, for `deserialize_with`.
///
/// # Errors
/// If it is not a count, less than `LEAST`, or greater than `MOST`.
pub fn between<'de, const LEAST: u32, const MOST: u32, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let count = u32::deserialize(deserializer)?;
    if count < LEAST {
        return Err(de::Error::custom(format!("{count} is too small: at least {LEAST}")));
    }
    if count > MOST {
        return Err(de::Error::custom(format!("{count} is too large: at most {MOST}")));
    }
    Ok(count)
}

/// Reads a count or a span greater than 0, for `deserialize_with`.
///
/// # Errors
/// If it is 0.
pub fn positive<'de, T: Deserialize<'de> + Default + PartialEq, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let read = T::deserialize(deserializer)?;
    if read == T::default() { Err(de::Error::custom("must be greater than 0")) } else { Ok(read) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_reads_what_it_writes() {
        for ppb in [0, 1, 1_000, 1_000_000, 5_000_000, 10_000_000, 15_000_000, 1_000_000_000, 123_456_789] {
            let share = Share::from_ppb(ppb);
            assert_eq!(share.to_string().parse(), Ok(share), "{share}");
        }
    }

    #[test]
    fn a_share_over_the_whole_is_refused() {
        let error = "101%".parse::<Share>().expect_err("more than all");
        assert_eq!(error.to_string(), "a share is at most 100%, not 101%");
        assert!("-1%".parse::<Share>().is_err());
        assert!("1".parse::<Share>().is_err());
    }

    #[test]
    fn a_rate_reads_what_it_writes() {
        for text in ["50/s", "0.5/s", "1.25/s", "0/s"] {
            assert_eq!(text.parse::<Rate>().expect(text).to_string(), text);
        }
        assert_eq!("0.5/s".parse::<Rate>().expect("a rate").mean_gap(), Some(2_000_000_000));
    }

    #[test]
    fn a_drift_may_be_negative_within_its_bounds() {
        assert_eq!("-100ppm".parse(), Ok(Drift::from_ppb(-100_000)));
        assert!("-51%".parse::<Drift>().is_err());
        assert_eq!(Drift::from_ppb(-100_000).to_string(), "-100ppm");
    }
}
