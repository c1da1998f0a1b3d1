//! JSON values and texts in the short ASCII form of a line.

use std::fmt::{self, Write as _};

use serde_json::{Map, Value};

/// A text in which everything that is not printable ASCII is escaped as in JSON.
pub(in super::super) struct Plain<'a>(pub(in super::super) &'a str);

/// A text in quotes, escaped as in JSON.
pub(super) struct Quoted<'a>(pub(super) &'a str);

/// A value without spaces between its parts.
pub(super) struct Compact<'a>(pub(super) &'a Value);

/// The content after a label: fields as `key=value`, or a single value, with a space before each.
pub(super) struct Content<'a> {
    pub(super) value: &'a Value,
    /// Fields that are omitted.
    pub(super) hidden: &'a [&'a str],
}

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return f.write_str(self.0);
        }
        self.0.chars().try_for_each(|letter| printable(letter, f))
    }
}

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for letter in self.0.chars() {
            match letter {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                _ => printable(letter, f)?,
            }
        }
        f.write_char('"')
    }
}

fn printable(letter: char, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if matches!(letter, ' '..='~') {
        return f.write_char(letter);
    }
    letter.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(f, "\\u{unit:04x}"))
}

impl fmt::Display for Content<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value {
            Value::Null => Ok(()),
            Value::Object(fields) => {
                let told = sorted(fields).into_iter().filter(|(key, _)| !self.hidden.contains(&key.as_str()));
                let mut told = told.filter(|(_, value)| !is_default(value));
                told.try_for_each(|(key, value)| write!(f, " {}={}", Word(key), Compact(value)))
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                write!(f, " {}", Compact(self.value))
            }
        }
    }
}

/// Numbers have no default: a zero is shown.
fn is_default(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(truth) => !truth,
        Value::Number(_) => false,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

/// Sorted by key, numbered keys by number, even if another crate makes `serde_json` keep the order of insertion.
fn sorted(fields: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut sorted: Vec<_> = fields.iter().collect();
    sorted.sort_unstable_by_key(|(key, _)| numbered(key));
    sorted
}

/// The text before the last digits, then the digits, fewer first: `n2` comes before `n10`.
fn numbered(key: &str) -> (&str, usize, &str) {
    let (name, digits) = key.split_at(key.trim_end_matches(|letter: char| letter.is_ascii_digit()).len());
    (name, digits.len(), digits)
}

impl fmt::Display for Compact<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => f.write_str("null"),
            Value::Bool(truth) => write!(f, "{truth}"),
            Value::Number(number) => write!(f, "{number}"),
            Value::String(text) => Word(text).fmt(f),
            Value::Array(items) => {
                list(f, '[', items.iter().map(Compact))?;
                f.write_char(']')
            }
            Value::Object(fields) => {
                let told = sorted(fields).into_iter().filter(|(_, value)| !value.is_null());
                list(
                    f,
                    '{',
                    told.map(|(key, value)| fmt::from_fn(move |f| write!(f, "{}:{}", Word(key), Compact(value)))),
                )?;
                f.write_char('}')
            }
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, open: char, items: impl Iterator<Item = impl fmt::Display>) -> fmt::Result {
    f.write_char(open)?;
    for (place, item) in items.enumerate() {
        let comma = if place == 0 { "" } else { "," };
        write!(f, "{comma}{item}")?;
    }
    Ok(())
}

/// A text without quotes, if it can't be mistaken for something else.
struct Word<'a>(&'a str);

impl fmt::Display for Word<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bare = |byte: u8| byte.is_ascii_graphic() && !b"\"\\,:=[]{}@".contains(&byte);
        let plain = !self.0.is_empty() && self.0.bytes().all(bare) && !["null", "true", "false"].contains(&self.0);
        if plain { f.write_str(self.0) } else { Quoted(self.0).fmt(f) }
    }
}
