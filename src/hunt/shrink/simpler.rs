//! Simplifies faults and the words in commands.

use serde_json::Value;

use super::search::Search;
use crate::network::PinnedFate;
use crate::scenario::{FaultEntry, Scenario};

/// The number of bits of a message that are tried.
const MOST_BITS: usize = 8_192;

impl Search<'_> {
    /// Makes every fault simpler: fewer targets, smaller numbers, no optional keys.
    pub(super) fn simplify_faults(&mut self) {
        for at in 0..self.scenario().faults.len() {
            while self.simplify_fault(at) {}
        }
    }

    fn simplify_fault(&mut self, at: usize) -> bool {
        let whole = serde_json::to_value(&self.scenario().faults[at]).expect("a scenario is plain data");
        let simpler: Vec<FaultEntry> = cuts(&whole)
            .into_iter()
            .filter_map(|value| serde_json::from_value(value).ok())
            .filter(|entry| *entry != self.scenario().faults[at])
            .collect();
        let change = |scenario: &mut Scenario, which: usize| {
            scenario.faults[at] = simpler.get(which)?.clone();
            Some(())
        };
        self.take(simpler.len(), change).is_some()
    }

    /// Flips the first bit with which the run still fails.
    pub(super) fn flip_early(&mut self) {
        for message in self.scenario().fates.keys().cloned().collect::<Vec<_>>() {
            let Some(PinnedFate::Flip(now)) = self.scenario().fates.get(&message).copied() else { continue };
            let earlier = usize::try_from(now).unwrap_or(usize::MAX).min(MOST_BITS);
            self.take(earlier, |scenario, bit| {
                scenario.fates.insert(message.clone(), PinnedFate::Flip(bit as u64));
                Some(())
            });
        }
    }

    /// Replaces the words and numbers in commands by short words and small numbers, each everywhere at once; merges words if
    /// possible.
    pub(super) fn simplify_words(&mut self) {
        let mut said = Vec::new();
        self.scenario().operations.iter().for_each(|entry| leaves(&entry.command, &mut said));
        for (place, word) in said.iter().enumerate() {
            let plain: Vec<Value> = match word {
                Value::String(text) => numbered(text).chain((0..=place).map(name)).map(Value::String).collect(),
                Value::Number(_) => vec![Value::from(1), Value::from(0)],
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => continue,
            };
            // A word that is already plain is kept.
            let better = plain.iter().position(|plain| plain == word).unwrap_or(plain.len());
            self.take(better, |scenario, at| {
                for entry in &mut scenario.operations {
                    swap(&mut entry.command, word, &plain[at]);
                }
                Some(())
            });
        }
    }
}

/// `a`, `b`, …
fn name(place: usize) -> String {
    let letter = char::from(b'a' + u8::try_from(place % 26).expect("below 26"));
    letter.to_string().repeat(place / 26 + 1)
}

/// The text with smaller numbers, if it has any: the first becomes 1, 2 or 3, all others 1.
fn numbered(text: &str) -> impl Iterator<Item = String> + '_ {
    let with = move |first: char| {
        let mut plain = String::with_capacity(text.len());
        let mut digits = false;
        for letter in text.chars() {
            if !letter.is_ascii_digit() {
                plain.push(letter);
            } else if !digits {
                plain.push(if plain.contains(|letter: char| letter.is_ascii_digit()) { '1' } else { first });
            }
            digits = letter.is_ascii_digit();
        }
        plain
    };
    ['1', '2', '3'].into_iter().map(with).filter(move |plain| plain.contains('1') || plain != text)
}

/// The texts and numbers in a value, each once; keys are texts too.
fn leaves(value: &Value, found: &mut Vec<Value>) {
    match value {
        Value::String(_) | Value::Number(_) => {
            if !found.contains(value) {
                found.push(value.clone());
            }
        }
        Value::Array(items) => items.iter().for_each(|item| leaves(item, found)),
        Value::Object(fields) => {
            for (key, value) in fields {
                leaves(&Value::String(key.clone()), found);
                leaves(value, found);
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

fn swap(value: &mut Value, word: &Value, plain: &Value) {
    if value == word {
        value.clone_from(plain);
        return;
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| swap(item, word, plain)),
        Value::Object(fields) => {
            if let (Value::String(word), Value::String(plain)) = (word, plain)
                && let Some(inner) = fields.remove(word)
            {
                fields.insert(plain.clone(), inner);
            }
            fields.values_mut().for_each(|value| swap(value, word, plain));
        }
        Value::String(_) | Value::Number(_) | Value::Null | Value::Bool(_) => {}
    }
}

/// The value with one simplification, in every way: a key or an item removed, or a smaller number.
fn cuts(value: &Value) -> Vec<Value> {
    match value {
        Value::Object(fields) => {
            let mut all = Vec::new();
            for key in fields.keys() {
                let mut without = fields.clone();
                without.remove(key);
                all.push(Value::Object(without));
            }
            for (key, inner) in fields {
                for cut in cuts(inner) {
                    let mut with = fields.clone();
                    with.insert(key.clone(), cut);
                    all.push(Value::Object(with));
                }
            }
            all
        }
        Value::Array(items) => {
            let mut all = Vec::new();
            for at in (0..items.len()).rev() {
                let mut without = items.clone();
                without.remove(at);
                all.push(Value::Array(without));
            }
            for (at, inner) in items.iter().enumerate() {
                for cut in cuts(inner) {
                    let mut with = items.clone();
                    with[at] = cut;
                    all.push(Value::Array(with));
                }
            }
            all
        }
        Value::Number(number) => {
            let most = number.as_u64().unwrap_or_default();
            (0..most.min(20)).map(Value::from).collect()
        }
        Value::Null | Value::Bool(_) | Value::String(_) => Vec::new(),
    }
}
