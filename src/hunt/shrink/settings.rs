//! Simplifies settings: replaces drawn values by their defaults, or by smaller numbers.

use serde_json::Value;

use super::search::Search;
use super::times;
use crate::scenario::{Scenario, said};
use crate::time::Span;

/// The path of a value: keys, and indices as numbers.
type SettingPath = Vec<String>;

impl Search<'_> {
    /// Removes each setting of the protocols and the keyspaces that is not necessary for the failure; makes the numbers of the others as small,
    /// and their spans as round, as possible. Does the same for a workload that could not be written out.
    pub(super) fn simplify_settings(&mut self) {
        for part in [Section::Protocols, Section::Keyspaces, Section::Workload] {
            for place in self.set(part) {
                if !self.unset(part, &place) {
                    self.lessen(part, &place);
                }
            }
        }
    }

    /// The paths of settings that differ from their defaults; parents before their children.
    fn set(&self, part: Section) -> Vec<SettingPath> {
        let mut places = Vec::new();
        collect(&self.said(part), &mut Vec::new(), part.fixed(), &mut places);
        places
    }

    /// The content of a part of the scenario that differs from the defaults.
    fn said(&self, part: Section) -> Value {
        said(self.scenario(), &self.best.resolved.profile).get(part.key()).cloned().unwrap_or_default()
    }

    /// Removes a setting, which may already have been removed with its parent.
    fn unset(&mut self, part: Section, place: &[String]) -> bool {
        let mut said = self.said(part);
        let Some((key, around)) = place.split_last() else { return false };
        let Some(fields) = at(&mut said, around).and_then(Value::as_object_mut) else { return true };
        if fields.remove(key).is_none() {
            return true;
        }
        self.put(part, std::slice::from_ref(&said))
    }

    /// Takes the first better value of a setting with which the run still fails.
    fn lessen(&mut self, part: Section, place: &[String]) {
        let said = self.said(part);
        let Some(now) = at(&mut said.clone(), place).cloned() else { return };
        let with = |better: Value| {
            let mut said = said.clone();
            *at(&mut said, place)? = better;
            Some(said)
        };
        let better: Vec<Value> = better(&now).into_iter().filter_map(with).collect();
        self.put(part, &better);
    }

    /// Takes the first of these contents of a part with which the run still fails; skips those that the subject refuses.
    fn put(&mut self, part: Section, better: &[Value]) -> bool {
        let profile = self.best.resolved.profile;
        let change = |scenario: &mut Scenario, which: usize| {
            match part {
                Section::Protocols => scenario.protocols = (profile.settings)(&better[which]).ok()?,
                Section::Keyspaces => scenario.keyspaces = serde_json::from_value(better[which].clone()).ok()?,
                Section::Workload => {
                    let entries = better[which].as_array()?.iter();
                    scenario.workload = entries.map(|entry| (profile.workload)(entry).ok()).collect::<Option<_>>()?;
                }
            }
            Some(())
        };
        self.take(better.len(), change).is_some()
    }
}

/// The parts of a scenario that the subject reads.
#[derive(Clone, Copy)]
enum Section {
    Protocols,
    Keyspaces,
    Workload,
}

impl Section {
    const fn key(self) -> &'static str {
        match self {
            Self::Protocols => "protocols",
            Self::Keyspaces => "keyspaces",
            Self::Workload => "workload",
        }
    }

    /// The depth down to which nothing is removed; other steps decide which protocols and entries there are.
    const fn fixed(self) -> usize {
        match self {
            Self::Protocols => 1,
            Self::Keyspaces => 0,
            Self::Workload => 2,
        }
    }
}

/// The paths in `value` of keys deeper than `fixed`; flaws are never removed.
fn collect(value: &Value, place: &mut SettingPath, fixed: usize, places: &mut Vec<SettingPath>) {
    let mut visit = |key: String, inner: &Value, is_key: bool| {
        if key == "flaws" {
            return;
        }
        place.push(key);
        if is_key && place.len() > fixed {
            places.push(place.clone());
        }
        collect(inner, place, fixed, places);
        place.pop();
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, inner)| visit(key.clone(), inner, true)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, inner)| visit(index.to_string(), inner, false));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn at<'a>(value: &'a mut Value, place: &[String]) -> Option<&'a mut Value> {
    place.iter().try_fold(value, |value, step| match value {
        Value::Object(fields) => fields.get_mut(step),
        Value::Array(items) => items.get_mut(step.parse::<usize>().ok()?),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    })
}

/// The values that are better than `now`, the best first: smaller counts, shorter and rounder spans.
fn better(now: &Value) -> Vec<Value> {
    match now {
        Value::Number(number) => {
            let now = number.as_u64().unwrap_or_default();
            let doubled = (0..u64::BITS).map(|power| 1 << power).take_while(|count| *count < now);
            std::iter::once(0).filter(|zero| *zero < now).chain(doubled).map(Value::from).collect()
        }
        Value::String(text) => match text.parse::<Span>() {
            Ok(span) => times::better(span).into_iter().map(|span| Value::String(span.to_string())).collect(),
            Err(_) => Vec::new(),
        },
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_smaller_count_is_better() {
        assert_eq!(better(&json!(9)), [json!(0), json!(1), json!(2), json!(4), json!(8)]);
        assert_eq!(better(&json!(1)), [json!(0)]);
        assert_eq!(better(&json!(0)), [] as [Value; 0]);
        assert_eq!(better(&json!("5ms")), [json!("1ms"), json!("2ms")]);
        assert_eq!(better(&json!("log")), [] as [Value; 0]);
    }

    #[test]
    fn protocols_and_flaws_are_not_left_out() {
        let mut places = Vec::new();
        let said =
            json!({ "locks": { "ageing": "1s", "flaws": ["e20"] }, "consensus": { "lists": [{ "prefix": "a" }] } });
        collect(&said, &mut Vec::new(), 1, &mut places);
        let places: Vec<String> = places.into_iter().map(|place| place.join(".")).collect();
        assert_eq!(places, ["consensus.lists", "consensus.lists.0.prefix", "locks.ageing"]);
    }
}
