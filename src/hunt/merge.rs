//! Merges the results of shards, which must cover the whole sweep exactly once.

use std::fmt;

use super::results::{End, Results};
use super::{SeedRange, Shard};

/// The results in one file.
#[derive(Clone, Debug)]
pub struct Piece {
    /// The file's name.
    pub file: String,
    /// Its results, one per scenario.
    pub results: Vec<Results>,
}

/// Why results can't be merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MergeError {
    /// Some are missing or unfinished; one sentence for each.
    Incomplete(Vec<String>),
    /// They are from different sweeps, or overlap.
    Unfit(String),
}

impl fmt::Display for MergeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incomplete(missing) => f.write_str(&missing.join("\n")),
            Self::Unfit(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for MergeError {}

/// One shard's file and results.
type Named<'a> = (&'a str, &'a Results);

/// The results of the whole sweep, one per scenario, the same as from one machine.
///
/// # Errors
/// If the parts are from different sweeps, if seeds are missing, or if some occur twice.
///
/// # Panics
/// If there are no parts.
pub fn merge(parts: &[Piece]) -> Result<Vec<Results>, MergeError> {
    let first = parts.first().expect("there is a part to merge");
    let mut missing = Vec::new();
    let mut whole = Vec::new();
    for (place, model) in longest(parts).iter().enumerate() {
        let there = parts.iter().filter_map(|part| Some((part.file.as_str(), part.results.get(place)?)));
        let mut shards: Vec<Named<'_>> = there.collect();
        let model = (first.file.as_str(), first.results.get(place).unwrap_or(model));
        alike(&shards, model)?;
        shards.sort_by_key(|(_, results)| (results.header.part(), results.tally.runs));
        missing.extend(tile(&shards)?);
        whole.push(sum(&shards));
    }
    if missing.is_empty() { Ok(whole) } else { Err(MergeError::Incomplete(missing)) }
}

/// The results of the part with the most scenarios; other parts may lack the last ones.
fn longest(parts: &[Piece]) -> &[Results] {
    parts.iter().map(|part| part.results.as_slice()).max_by_key(|results| results.len()).unwrap_or_default()
}

fn alike(shards: &[Named<'_>], (model_file, model): Named<'_>) -> Result<(), MergeError> {
    let differences = shards.iter().filter_map(|(file, results)| {
        let difference = results.header.differs_from(&model.header)?;
        Some(format!("`{file}` and `{model_file}` are from different sweeps: {difference}"))
    });
    differences.map(MergeError::Unfit).map(Err).next().unwrap_or(Ok(()))
}

/// What is missing in shards, which are sorted by their seeds.
fn tile(shards: &[Named<'_>]) -> Result<Vec<String>, MergeError> {
    let whole = shards.first().expect("the model is among them").1.header.seeds;
    let mut missing = Vec::new();
    let mut next = u128::from(whole.first);
    let mut before = "";
    for (file, results) in shards {
        let part = results.header.part();
        if u128::from(part.first) < next && part.count > 0 {
            let why = format!("`{file}` has seeds {part}, which overlap those of `{before}`: remove one of the two");
            return Err(MergeError::Unfit(why));
        }
        missing.extend(gap(next, part.first.into(), results));
        if !results.is_whole() {
            missing.push(unfinished(file, results));
        }
        next = next.max(part.end());
        before = file;
    }
    let last = shards.last().expect("the model is among them").1;
    missing.extend(gap(next, whole.end(), last));
    Ok(missing)
}

/// The seeds from `next` to `until`, and the shards that they belong to, if the sweep has as many shards as `near` says.
fn gap(next: u128, until: u128, near: &Results) -> Option<String> {
    let range = SeedRange { first: u64::try_from(next).ok()?, count: u64::try_from(until.checked_sub(next)?).ok()? };
    if range.count == 0 {
        return None;
    }
    let within = |shard: &Shard| {
        let part = shard.part(near.header.seeds);
        u128::from(part.first) >= next && part.end() <= until && part.count > 0
    };
    let shards: Vec<_> = near.header.shard.into_iter().flat_map(Shard::all).filter(within).take(9).collect();
    let names: Vec<_> = shards.iter().take(8).map(ToString::to_string).collect();
    let names = match (names.len(), shards.len()) {
        (0, _) => String::new(),
        (1, 1) => format!(": shard {}", names[0]),
        (8, 9) => format!(": shards {}, and more", names.join(", ")),
        _ => format!(": shards {}", names.join(", ")),
    };
    Some(format!("seeds {range} of `{}` are missing{names}", near.header.scenario))
}

fn unfinished(file: &str, results: &Results) -> String {
    let why = match results.end {
        End::Complete => "ended",
        End::Time => "its time was used up",
        End::Failures => "it reached --max-failures",
        End::Signal => "a signal stopped it",
        End::Unfinished => "it did not finish",
    };
    let (done, part) = (results.done(), results.header.part());
    format!("`{file}` has only seeds {done} of {part}: {why}; continue it with --resume")
}

fn sum(shards: &[Named<'_>]) -> Results {
    let mut shards = shards.iter().map(|(_, results)| *results);
    let mut whole = shards.next().expect("the model is among them").clone();
    whole.header.shard = None;
    whole.end = End::Complete;
    shards.for_each(|results| whole.tally.merge(results.tally.clone()));
    whole
}
