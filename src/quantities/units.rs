//! Reads a number with its unit exactly, for all quantities of scenarios.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};

/// Why a quantity was refused; the message says what is accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeasureError(pub(crate) String);

impl fmt::Display for MeasureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for MeasureError {}

/// Reads a decimal number with one of `units` (name, size in the smallest unit) exactly.
pub(crate) fn parse(what: &str, text: &str, units: &[(&str, u128)]) -> Result<u64, MeasureError> {
    let names = || units.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let fail = |why: String| Err(MeasureError(why));
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    if text.starts_with('-') {
        return fail(format!("{what} cannot be negative"));
    }
    if unit.is_empty() {
        return fail(format!("{what} needs a unit: one of {}", names()));
    }
    let Some((_, size)) = units.iter().find(|(name, _)| *name == unit) else {
        return fail(format!("{what} has an unknown unit `{unit}`: use one of {}", names()));
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || fraction.is_empty() || fraction.contains('.') || number.len() > 30 {
        return fail(format!("{what} is a decimal number followed by a unit, such as `1.5{}`", units[0].0));
    }
    let digits: u128 =
        format!("{whole}{fraction}").parse().map_err(|_| MeasureError(format!("{what} is too large")))?;
    let scale = 10_u128.pow(u32::try_from(fraction.len()).expect("at most 30 digits"));
    let Some(scaled) = digits.checked_mul(*size) else {
        return fail(format!("{what} is too large"));
    };
    if !scaled.is_multiple_of(scale) {
        return fail(format!("{what} has too many decimals"));
    }
    u64::try_from(scaled / scale).map_err(|_| MeasureError(format!("{what} is too large")))
}

/// Reads a quantity: its text in formats for people, its number in others.
pub(crate) fn deserialize<'de, D, T>(deserializer: D, from_number: impl Fn(u64) -> T) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err = MeasureError>,
{
    if !deserializer.is_human_readable() {
        return u64::deserialize(deserializer).map(from_number);
    }
    struct Text<T>(std::marker::PhantomData<T>);
    impl<T: FromStr<Err = MeasureError>> de::Visitor<'_> for Text<T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number with its unit, in a string such as \"5ms\", \"1%\" or \"50/s\"")
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            text.parse().map_err(de::Error::custom)
        }
    }
    deserializer.deserialize_str(Text(std::marker::PhantomData))
}
