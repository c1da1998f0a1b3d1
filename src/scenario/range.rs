//! Ranges: `{ "min": "1ms", "max": "5ms" }` in place of a quantity, drawn per seed.

use std::fmt::Display;

use serde_json::Value;

use super::diagnostic::Finding;
use super::path::{Path, Step};
use crate::chance::{Chance, Seed};
use crate::measure::{Drift, Offset, Rate, Share};
use crate::time::Span;

/// A range, and where in the file it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) path: Path,
    bounds: Bounds,
}

/// The two ends, both included, of one quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bounds {
    Span(Span, Span),
    Offset(Offset, Offset),
    Share(Share, Share),
    Drift(Drift, Drift),
    Rate(Rate, Rate),
}

/// Which value of each range is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pick {
    Least,
    Most,
    Drawn(Seed),
}

/// All ranges in `value`, in the order of their paths.
pub(super) fn find(value: &Value) -> Result<Vec<Range>, Vec<Finding>> {
    let mut search = Search { path: Path::ROOT, ranges: Vec::new(), findings: Vec::new() };
    search.visit(value);
    if search.findings.is_empty() { Ok(search.ranges) } else { Err(search.findings) }
}

/// Puts a plain quantity in the place of each range.
pub(super) fn fill(value: &mut Value, ranges: &[Range], pick: Pick) {
    for range in ranges {
        let place = range.path.get_mut(value).expect("a range stands where it was found");
        *place = Value::String(range.pick(pick));
    }
}

impl Range {
    /// The range in its shortest spelling.
    pub(super) fn spelled(&self) -> Value {
        serde_json::json!({ "min": self.pick(Pick::Least), "max": self.pick(Pick::Most) })
    }

    fn pick(&self, pick: Pick) -> String {
        let text = |least: &dyn Display, most: &dyn Display, drawn: &dyn Fn(Seed) -> String| match pick {
            Pick::Least => least.to_string(),
            Pick::Most => most.to_string(),
            Pick::Drawn(seed) => drawn(seed),
        };
        let between =
            |seed: Seed, low: u64, high: u64| seed.key("range").text(&self.path.to_string()).draws().between(low, high);
        let signed = |seed: Seed, low: i64, high: i64| {
            low.wrapping_add(between(seed, 0, high.wrapping_sub(low).cast_unsigned()).cast_signed())
        };
        match self.bounds {
            Bounds::Span(low, high) => {
                text(&low, &high, &|seed| Span::from_nanos(between(seed, low.as_nanos(), high.as_nanos())).to_string())
            }
            Bounds::Offset(low, high) => {
                text(&low, &high, &|seed| Offset::from_nanos(signed(seed, low.as_nanos(), high.as_nanos())).to_string())
            }
            Bounds::Share(low, high) => text(&low, &high, &|seed| {
                let ppb = between(seed, low.as_ppb().into(), high.as_ppb().into());
                Share::from_ppb(u32::try_from(ppb).expect("between two shares")).to_string()
            }),
            Bounds::Drift(low, high) => text(&low, &high, &|seed| {
                let ppb = signed(seed, low.as_ppb().into(), high.as_ppb().into());
                Drift::from_ppb(i32::try_from(ppb).expect("between two drifts")).to_string()
            }),
            Bounds::Rate(low, high) => text(&low, &high, &|seed| {
                Rate::from_nanohertz(between(seed, low.as_nanohertz(), high.as_nanohertz())).to_string()
            }),
        }
    }
}

struct Search {
    path: Path,
    ranges: Vec<Range>,
    findings: Vec<Finding>,
}

impl Search {
    fn visit(&mut self, value: &Value) {
        match value {
            Value::Object(fields) => {
                if let Some((min, max)) = self.ends(value) {
                    return self.read(min, max);
                }
                for (key, value) in fields {
                    self.step(Step::Key(key.clone()), value);
                }
            }
            Value::Array(items) => {
                for (index, value) in items.iter().enumerate() {
                    self.step(Step::Index(index), value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn step(&mut self, step: Step, value: &Value) {
        self.path.push(step);
        if !self.path.is_command() {
            self.visit(value);
        }
        self.path.pop();
    }

    /// The two texts of what looks like a range; the bounds of a uniform delay only look like one.
    fn ends<'a>(&self, value: &'a Value) -> Option<(&'a str, &'a str)> {
        let fields = value.as_object()?;
        if fields.len() != 2 || self.path.last_key() == Some("uniform") {
            return None;
        }
        Some((fields.get("min")?.as_str()?, fields.get("max")?.as_str()?))
    }

    fn read(&mut self, min: &str, max: &str) {
        if let Some(bounds) = bounds(min, max) {
            if !bounds.in_order() {
                let finding =
                    Finding::new(self.path.key("min"), format!("the range ends before it begins: {max} < {min}"));
                self.findings.push(finding.label("greater than `max`").help("swap the two"));
            }
            self.ranges.push(Range { path: self.path.clone(), bounds });
        } else if let Some((wrong, why)) = half(min, max) {
            let finding = Finding::new(self.path.key(wrong), format!("this is no range: {why}"));
            self.findings.push(finding.help("both ends of a range are of one quantity"));
        }
    }
}

impl Bounds {
    fn in_order(self) -> bool {
        match self {
            Self::Span(low, high) => low <= high,
            Self::Offset(low, high) => low <= high,
            Self::Share(low, high) => low <= high,
            Self::Drift(low, high) => low <= high,
            Self::Rate(low, high) => low <= high,
        }
    }
}

fn both<T: std::str::FromStr>(min: &str, max: &str) -> Option<(T, T)> {
    Some((min.parse().ok()?, max.parse().ok()?))
}

fn bounds(min: &str, max: &str) -> Option<Bounds> {
    None.or_else(|| both(min, max).map(|(low, high)| Bounds::Span(low, high)))
        .or_else(|| both(min, max).map(|(low, high)| Bounds::Offset(low, high)))
        .or_else(|| both(min, max).map(|(low, high)| Bounds::Share(low, high)))
        .or_else(|| both(min, max).map(|(low, high)| Bounds::Drift(low, high)))
        .or_else(|| both(min, max).map(|(low, high)| Bounds::Rate(low, high)))
}

/// If one end is a quantity and the other is none of that kind: which key is wrong, and why.
fn half(min: &str, max: &str) -> Option<(&'static str, String)> {
    let (good, key, bad) = match (bounds(min, min), bounds(max, max)) {
        (Some(good), _) => (good, "max", max),
        (None, Some(good)) => (good, "min", min),
        (None, None) => return None,
    };
    let why = match good {
        Bounds::Span(..) | Bounds::Offset(..) => bad.parse::<Offset>().err(),
        Bounds::Share(..) => bad.parse::<Share>().err(),
        Bounds::Drift(..) => bad.parse::<Drift>().err(),
        Bounds::Rate(..) => bad.parse::<Rate>().err(),
    };
    Some((key, why.map_or_else(|| "its ends are of different kinds".to_owned(), |why| why.to_string())))
}
