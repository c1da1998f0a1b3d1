//! Decimal numbers in one canonical text, so that none is rounded.

use std::borrow::Cow;

/// The largest exponent of a number.
const LARGEST: i64 = 10_000;

/// The canonical text of a decimal number: `1`, `1.0`, `1E+0` are one number, and `-0` is 0.
///
/// # Errors
/// If it is too large to be written out.
pub(crate) fn canonical(text: &str) -> Result<Cow<'_, str>, String> {
    let plain = text.len() < 19 && text.bytes().all(|digit| digit.is_ascii_digit());
    if plain && (text == "0" || text.bytes().next().is_some_and(|first| first != b'0')) {
        return Ok(Cow::Borrowed(text));
    }
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
        return Ok(Cow::Borrowed("0"));
    }
    let zeros = (all.len() - all.trim_end_matches('0').len()) as i64;
    let power = exponent - fraction.len() as i64 + zeros;
    if power.abs() > LARGEST {
        return Err(format!("the number {text} is too large"));
    }
    let places = significant.len() as i64 + power;
    Ok(Cow::Owned(match usize::try_from(power) {
        Ok(zeros) if places <= 40 => format!("{sign}{significant}{}", "0".repeat(zeros)),
        Err(_) if (1..=40).contains(&places) => {
            let (whole, fraction) = significant.split_at(places as usize);
            format!("{sign}{whole}.{fraction}")
        }
        Ok(_) | Err(_) => format!("{sign}{significant}e{power}"),
    }))
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
        for (one, texts) in same {
            texts.split(' ').for_each(|text| assert_eq!(canonical(text).as_deref(), Ok(one), "{text}"));
        }
        assert!(
            canonical("1e99999999999999999999").is_err() && canonical("1e10001").is_err() && canonical("-").is_err()
        );
    }
}
