//! Ranges, drawn per seed: `{ "min": "1ms", "max": "5ms" }` instead of a quantity, `{ "min": 1, "max": 64 }` instead of a
//! count, and `{ "one_of": ["log", "index"] }` instead of any value.

mod ends;
mod search;

use serde_json::Value;

use self::ends::Ends;
pub(super) use self::search::{MOST_OPTIONS, find};
use super::path::{Path, Step};
use crate::chance::{Chance, Seed};

/// A range, and its path in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) path: Path,
    values: Values,
}

/// The values to draw from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Values {
    /// All values between two ends, including the ends.
    Between(Ends),
    /// The options of a choice, at least one.
    OneOf(Vec<Value>),
}

/// Which value of each range to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pick {
    /// The minimum, and the first option of each choice.
    Least,
    /// The maximum, and the last option of each choice.
    Most,
    /// The minimum, and of each choice the option with this index, or the last option.
    Nth(usize),
    /// The draw of the seed at this attempt, counted from 0.
    Drawn(Seed, u64),
}

/// Replaces each range by one value.
pub(super) fn fill(value: &mut Value, ranges: &[Range], pick: Pick) {
    for range in ranges {
        let place = range.path.get_mut(value).expect("a range is where it was found");
        *place = range.pick(pick);
    }
}

/// The picks that cover every end and every option; just one without ranges.
pub(super) fn extremes(ranges: &[Range]) -> Vec<Pick> {
    if ranges.is_empty() {
        return vec![Pick::Least];
    }
    let longest = ranges.iter().map(Range::options).max().unwrap_or_default();
    let between = (1..longest.saturating_sub(1)).map(Pick::Nth);
    [Pick::Least, Pick::Most].into_iter().chain(between).collect()
}

/// The path in the file, at an end or in an option, for a `path` after the ranges are replaced.
pub(super) fn written(path: &Path, ranges: &[Range], pick: Pick) -> Path {
    let Some(range) = ranges.iter().find(|range| path.starts_with(&range.path)) else {
        return path.clone();
    };
    let inner = &path.steps()[range.path.steps().len()..];
    range.place(pick).into_iter().chain(inner.iter().cloned()).fold(range.path.clone(), |path, step| path.then(step))
}

impl Range {
    /// The same range at another path.
    pub(super) fn at(&self, path: Path) -> Self {
        Self { path, values: self.values.clone() }
    }

    /// The range in its shortest form; options as they were written.
    pub(super) fn spelled(&self) -> Value {
        match &self.values {
            Values::Between(ends) => serde_json::json!({ "min": ends.least(), "max": ends.most() }),
            Values::OneOf(options) => serde_json::json!({ "one_of": options }),
        }
    }

    fn pick(&self, pick: Pick) -> Value {
        match (&self.values, pick) {
            (Values::Between(ends), Pick::Least | Pick::Nth(_)) => ends.least(),
            (Values::Between(ends), Pick::Most) => ends.most(),
            (Values::Between(ends), Pick::Drawn(seed, attempt)) => ends.draw(&mut self.chance(seed, attempt)),
            (Values::OneOf(options), Pick::Least | Pick::Most | Pick::Nth(_)) => options[self.option(pick)].clone(),
            (Values::OneOf(options), Pick::Drawn(seed, attempt)) => {
                self.chance(seed, attempt).pick(options).expect("a choice has options").clone()
            }
        }
    }

    /// Each range has its own draws, so that another range changes nothing; each attempt has new ones.
    fn chance(&self, seed: Seed, attempt: u64) -> impl Chance {
        let key = seed.key("range").text(&self.path.to_string());
        if attempt == 0 { key.draws() } else { key.with(attempt).draws() }
    }

    /// The number of options; 0 if it is not a choice.
    fn options(&self) -> usize {
        match &self.values {
            Values::Between(_) => 0,
            Values::OneOf(options) => options.len(),
        }
    }

    /// The index of the option of a pick that is not drawn.
    fn option(&self, pick: Pick) -> usize {
        let last = self.options().saturating_sub(1);
        match pick {
            Pick::Least | Pick::Drawn(..) => 0,
            Pick::Most => last,
            Pick::Nth(index) => index.min(last),
        }
    }

    /// The steps from the range to the picked value; none for a drawn value, which is not in the file.
    fn place(&self, pick: Pick) -> Vec<Step> {
        let key = |key: &str| Step::Key(key.to_owned());
        match (&self.values, pick) {
            (_, Pick::Drawn(..)) => Vec::new(),
            (Values::Between(_), Pick::Least | Pick::Nth(_)) => vec![key("min")],
            (Values::Between(_), Pick::Most) => vec![key("max")],
            (Values::OneOf(_), Pick::Least | Pick::Most | Pick::Nth(_)) => {
                vec![key("one_of"), Step::Index(self.option(pick))]
            }
        }
    }
}
