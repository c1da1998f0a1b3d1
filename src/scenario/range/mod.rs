//! Ranges, drawn per seed: `{ "min": "1ms", "max": "5ms" }` in place of a quantity, `{ "min": 1, "max": 64 }` in place of
//! a count, and `{ "one_of": ["log", "index"] }` in place of any value.

mod ends;
mod search;

use serde_json::Value;

use self::ends::Ends;
pub(super) use self::search::{MOST_OPTIONS, find};
use super::path::{Path, Step};
use crate::chance::{Chance, Seed};

/// A range, and where in the file it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) path: Path,
    values: Values,
}

/// What is drawn from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Values {
    /// All between two ends, both included.
    Between(Ends),
    /// The options of a choice, of which there is one at least.
    OneOf(Vec<Value>),
}

/// Which value of each range is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pick {
    /// The least, and the first option of each choice.
    Least,
    /// The most, and the last option of each choice.
    Most,
    /// The least, and of each choice the option with this index, or the last if it has fewer.
    Nth(usize),
    /// What the seed draws at this attempt, the first of which is 0.
    Drawn(Seed, u64),
}

/// Puts a plain value in the place of each range.
pub(super) fn fill(value: &mut Value, ranges: &[Range], pick: Pick) {
    for range in ranges {
        let place = range.path.get_mut(value).expect("a range stands where it was found");
        *place = range.pick(pick);
    }
}

/// The picks with which every end and every option is met; just one if there are no ranges.
pub(super) fn extremes(ranges: &[Range]) -> Vec<Pick> {
    if ranges.is_empty() {
        return vec![Pick::Least];
    }
    let longest = ranges.iter().map(Range::options).max().unwrap_or_default();
    let between = (1..longest.saturating_sub(1)).map(Pick::Nth);
    [Pick::Least, Pick::Most].into_iter().chain(between).collect()
}

/// Where the file says what stands at `path` once the ranges are filled: at an end, or in an option.
pub(super) fn written(path: &Path, ranges: &[Range], pick: Pick) -> Path {
    let Some(range) = ranges.iter().find(|range| path.starts_with(&range.path)) else {
        return path.clone();
    };
    let inner = &path.steps()[range.path.steps().len()..];
    range.place(pick).into_iter().chain(inner.iter().cloned()).fold(range.path.clone(), |path, step| path.then(step))
}

impl Range {
    /// The range in its shortest spelling; options are as they were written.
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

    /// Each range draws for itself, so that another one moves nothing; and each attempt anew.
    fn chance(&self, seed: Seed, attempt: u64) -> impl Chance {
        let key = seed.key("range").text(&self.path.to_string());
        if attempt == 0 { key.draws() } else { key.with(attempt).draws() }
    }

    /// How many options there are; none if it is no choice.
    fn options(&self) -> usize {
        match &self.values {
            Values::Between(_) => 0,
            Values::OneOf(options) => options.len(),
        }
    }

    /// The index of the option that is picked without a draw.
    fn option(&self, pick: Pick) -> usize {
        let last = self.options().saturating_sub(1);
        match pick {
            Pick::Least | Pick::Drawn(..) => 0,
            Pick::Most => last,
            Pick::Nth(index) => index.min(last),
        }
    }

    /// The steps from the range to what is picked; none to what is drawn, which stands nowhere.
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
