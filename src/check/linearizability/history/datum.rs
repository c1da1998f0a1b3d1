//! Values of histories: JSON and EDN in one canonical text, in which equal values are equal and no number is rounded.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// A value, by its canonical text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Datum {
    /// A scalar or an object.
    Plain(String),
    /// A list, by the texts of its items.
    List(Vec<String>),
}

/// The largest exponent of a number.
const LARGEST: i64 = 10_000;

impl Datum {
    /// The value of a JSON text, which was read before.
    ///
    /// # Errors
    /// If a number is too large to be written out.
    pub(super) fn of_json(raw: &RawValue) -> Result<Self, String> {
        let text = raw.get().trim();
        let broken = |error: serde_json::Error| error.to_string();
        match text.as_bytes().first() {
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(text).map_err(broken)?;
                Ok(Self::List(
                    items.into_iter().map(|item| Ok(Self::of_json(item)?.text())).collect::<Result<_, String>>()?,
                ))
            }
            Some(b'{') => {
                let fields: BTreeMap<String, &RawValue> = serde_json::from_str(text).map_err(broken)?;
                let fields = fields
                    .into_iter()
                    .map(|(name, value)| Ok(format!("{}:{}", quoted(&name), Self::of_json(value)?.text())));
                Ok(Self::Plain(format!("{{{}}}", fields.collect::<Result<Vec<_>, String>>()?.join(","))))
            }
            Some(b'"') => Ok(Self::Plain(quoted(&serde_json::from_str::<String>(text).map_err(broken)?))),
            Some(b'-' | b'0'..=b'9') => Ok(Self::Plain(number(text)?)),
            _ => Ok(Self::Plain(text.to_owned())),
        }
    }

    /// Its canonical text.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Plain(text) => text.clone(),
            Self::List(items) => format!("[{}]", items.join(",")),
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Plain(text) if text == "null")
    }
}

/// A text as JSON.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The canonical text of a decimal number: `1`, `1.0`, `1E+0` are one number, and `-0` is 0.
///
/// # Errors
/// If it is too large to be written out.
pub(super) fn number(text: &str) -> Result<String, String> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.trim_start_matches('+')), |digits| ("-", digits));
    let (mantissa, exponent) = digits.split_once(['e', 'E']).unwrap_or((digits, "0"));
    let exponent: i64 = exponent.parse().map_err(|_| format!("the number {text} is too large"))?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    if all.is_empty() || !all.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(format!("{text} is no number"));
    }
    let significant = all.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        return Ok("0".to_owned());
    }
    let zeros = (all.len() - all.trim_end_matches('0').len()) as i64;
    let power = exponent - fraction.len() as i64 + zeros;
    if power.abs() > LARGEST {
        return Err(format!("the number {text} is too large"));
    }
    let places = significant.len() as i64 + power;
    Ok(match usize::try_from(power) {
        Ok(zeros) if places <= 40 => format!("{sign}{significant}{}", "0".repeat(zeros)),
        Err(_) if (1..=40).contains(&places) => {
            let (whole, fraction) = significant.split_at(places as usize);
            format!("{sign}{whole}.{fraction}")
        }
        Ok(_) | Err(_) => format!("{sign}{significant}e{power}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_are_equal_and_none_is_rounded() {
        let same = [
            ("1", "1.0 1E+0 10e-1 0.1e1 01"),
            ("0", "-0 0.0 0e9 -0.000"),
            ("100", "1e2 100.00"),
            ("1.5", "15e-1 1.50"),
            ("18446744073709551616", "18446744073709551616.0"),
            ("18446744073709551617", "1.8446744073709551617e19"),
            ("-2e-3", "-0.002 -2e-3"),
            ("1e100", "1e100 10e99"),
        ];
        for (canonical, texts) in same {
            texts.split(' ').for_each(|text| assert_eq!(number(text).as_deref(), Ok(canonical), "{text}"));
        }
        assert!(number("1e99999999999999999999").is_err() && number("1e10001").is_err() && number("-").is_err());
    }

    #[test]
    fn a_value_has_one_text() {
        let text = |json: &str| {
            let raw: Box<RawValue> = serde_json::from_str(json).expect("JSON");
            Datum::of_json(&raw).expect("a value").text()
        };
        assert_eq!(text(r#" { "b" : [ 1.0, "\u0041" ], "a" : null } "#), r#"{"a":null,"b":[1,"A"]}"#);
        assert_eq!(text("[ ]"), "[]");
    }
}
