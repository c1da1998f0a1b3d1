//! Damage: to bytes, which knows nothing of JSON, and to JSON, which goes deeper into what reads it.

use serde_json::Value;
use stemmata::chance::{Chance, Dice};

/// What stands at the edges of what is allowed or past them, each kind by itself: a value gives way to one of its kind
/// more often than to any other, so that much of what is damaged can be read all the same.
const NUMBERS: &[&str] = &[
    "0",
    "1",
    "2",
    "3",
    "-1",
    "100",
    "65535",
    "65536",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1e300",
    "0.5",
];
const SPANS: &[&str] = &[
    "\"0ms\"",
    "\"1ns\"",
    "\"3us\"",
    "\"1ms\"",
    "\"70ms\"",
    "\"1s\"",
    "\"5h\"",
    "\"2562047h\"",
    "\"5124095h\"",
    "\"9999999h\"",
    "\"-1ms\"",
    "\"-5h\"",
    "\"5\"",
    "{ \"min\": \"0ms\", \"max\": \"5h\" }",
    "{ \"min\": \"2ms\", \"max\": \"1ms\" }",
];
const SHARES: &[&str] = &[
    "\"0%\"",
    "\"50%\"",
    "\"99.9999999%\"",
    "\"100%\"",
    "\"101%\"",
    "\"1ppm\"",
    "{ \"min\": \"0%\", \"max\": \"100%\" }",
];
const RATES: &[&str] = &["\"0/s\"", "\"0.000000001/s\"", "\"1/s\"", "\"100/s\"", "\"100000/s\"", "\"18446744073/s\""];
const NAMES: &[&str] = &[
    "\"n1\"",
    "\"n2\"",
    "\"n3\"",
    "\"n4\"",
    "\"n0\"",
    "\"n20\"",
    "\"n1000000\"",
    "\"n4294967296\"",
    "\"c1\"",
    "\"c9\"",
    "\"--\"",
];
const EVENTS: &[&str] = &[
    "\"n1#1\"",
    "\"n3#18446744073709551615\"",
    "\"n999999#1\"",
    "\"c1#1\"",
    "\"c99#1\"",
    "\"--#1\"",
    "\"n1.broadcast#1\"",
];
const TIMES: &[&str] =
    &["\"0\"", "\"1\"", "\"999999999\"", "\"18446744073709551615\"", "\"-1\"", "\"18446744073709551616\""];
const OTHERS: &[&str] = &[
    "null",
    "true",
    "[]",
    "{}",
    "[[]]",
    "\"\"",
    "\"one\"",
    "\"minority\"",
    "\"all\"",
    "\"halves\"",
    "\"lost\"",
    "\"both\"",
    "\"kill\"",
    "\"1.n1\"",
    "\"é\\u0000\\u202e\"",
    "{ \"min\": 1, \"max\": 2 }",
];
const KINDS: [&[&str]; 8] = [NUMBERS, SPANS, SHARES, RATES, NAMES, EVENTS, TIMES, OTHERS];

/// The kind of a value.
fn kind(value: &Value) -> &'static [&'static str] {
    let text = match value {
        Value::Number(_) => return NUMBERS,
        Value::String(text) => text,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return OTHERS,
    };
    let digits = text.trim_start_matches(['n', 'c', '-']);
    let number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    match text.as_bytes() {
        [b'n' | b'c', ..] if number => NAMES,
        [b'0'..=b'9', .., b'%' | b'm'] => SHARES,
        [b'0'..=b'9', .., b'/', b's'] => RATES,
        [b'-' | b'0'..=b'9', .., b's' | b'h'] => SPANS,
        _ if number => TIMES,
        _ if text.contains('#') => EVENTS,
        _ => OTHERS,
    }
}

/// Something odd, of any kind.
fn odd(dice: &mut Dice) -> &'static str {
    one(KINDS[below(KINDS.len(), dice)], dice)
}

/// Cuts, flips, inserts and doubles bytes in one to four places.
pub(super) fn bytes(file: &mut Vec<u8>, dice: &mut Dice) {
    for _ in 0..dice.between(1, 4) {
        let at = place(file, dice);
        match dice.below(7) {
            0 => file.truncate(at),
            1 => drop(file.drain(at..(at + length(dice)).min(file.len()))),
            2 => drop(file.splice(at..at, odd(dice).bytes())),
            3 => {
                let from = place(file, dice);
                let part = file[from..(from + length(dice)).min(file.len())].to_vec();
                drop(file.splice(at..at, part));
            }
            4 => file.insert(at, dice.bits().to_le_bytes()[0]),
            5 if at < file.len() => file[at] ^= 1 << dice.below(8),
            _ => {
                let other = place(file, dice);
                if at.max(other) < file.len() {
                    file.swap(at, other);
                }
            }
        }
    }
}

/// Puts odd values into one to three places of a document; or else leaves a part out, moves or replaces it.
pub(super) fn document(document: &mut Value, dice: &mut Dice) {
    for _ in 0..dice.between(1, 3) {
        if dice.below(6) > 0 {
            let mut quantities = Vec::new();
            collect(document, &mut quantities);
            if !quantities.is_empty() {
                let at = below(quantities.len(), dice);
                let like = one(kind(quantities[at]), dice);
                *quantities[at] = json(like);
            }
        } else {
            let with = match dice.below(4) {
                0 => Some(node(document, dice).clone()),
                1 => Some(json(odd(dice))),
                _ => None,
            };
            put(node(document, dice), with, dice);
        }
    }
}

/// Finds what is of a kind that has limits.
fn collect<'a>(part: &'a mut Value, quantities: &mut Vec<&'a mut Value>) {
    match part {
        Value::Array(items) => items.iter_mut().for_each(|item| collect(item, quantities)),
        Value::Object(fields) => fields.values_mut().for_each(|field| collect(field, quantities)),
        Value::Number(_) | Value::String(_) if kind(part) != OTHERS => quantities.push(part),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("what is odd is JSON all the same")
}

/// Replaces a part, or something of it by nothing.
fn put(part: &mut Value, with: Option<Value>, dice: &mut Dice) {
    match (with, part) {
        (Some(with), Value::Array(items)) if dice.below(2) == 0 => items.push(with),
        (Some(with), part) => *part = with,
        (None, Value::Array(items)) => drop(items.pop()),
        (None, Value::Object(fields)) => {
            let name = fields.keys().nth(below(fields.len().max(1), dice)).cloned();
            drop(name.and_then(|name| fields.remove(&name)));
        }
        (None, part) => *part = Value::Null,
    }
}

/// A part of the document: down from its root, and at every step perhaps no further.
fn node<'a>(mut part: &'a mut Value, dice: &mut Dice) -> &'a mut Value {
    loop {
        let children = match &*part {
            Value::Array(items) => items.len(),
            Value::Object(fields) => fields.len(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
        };
        if children == 0 || dice.below(16) == 0 {
            return part;
        }
        let at = below(children, dice);
        part = match part {
            Value::Array(items) => &mut items[at],
            Value::Object(fields) => fields.values_mut().nth(at).expect("it has so many"),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => unreachable!("it has no children"),
        };
    }
}

/// One of several.
fn one<'a>(items: &[&'a str], dice: &mut Dice) -> &'a str {
    dice.pick(items).expect("there are some")
}

/// A number below `n`.
pub(super) fn below(n: usize, dice: &mut Dice) -> usize {
    usize::try_from(dice.below(n as u64)).expect("an index fits")
}

fn place(file: &[u8], dice: &mut Dice) -> usize {
    below(file.len() + 1, dice)
}

fn length(dice: &mut Dice) -> usize {
    below(60, dice)
}
