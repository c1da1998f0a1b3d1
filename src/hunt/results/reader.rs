//! Reads results, and checks that they are unchanged.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use xxhash_rust::xxh3::xxh3_64;

use super::{End, Header, OLDEST, Results, ResultsError, VERSION};
use crate::hunt::tally::{Failure, FailureKind, SweepTally};
use crate::hunt::{Behaviours, Kind, Ratio, RunId};
use crate::run::RunVerdict;
use crate::trace::Digest;

/// The first fields of every file of this program.
#[derive(Deserialize)]
struct Title {
    stemmata: String,
    version: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Opening {
    #[serde(rename = "stemmata")]
    _kind: String,
    #[serde(rename = "version")]
    _version: u64,
    header: Header,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    failures: Failures,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Failures {
    kind: Kind,
    #[serde(rename = "expected")]
    _expected: bool,
    count: u64,
    runs: Vec<Failed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Failed {
    run: String,
    sentence: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Closing {
    end: Footer,
    content: Digest,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Footer {
    why: End,
    runs: u64,
    records: u64,
    digest: Digest,
    #[serde(rename = "standing")]
    _standing: RunVerdict,
    #[serde(rename = "shortfalls")]
    _shortfalls: Vec<String>,
    fell: BTreeMap<String, u64>,
    undecided: BTreeMap<String, u64>,
    exercised: BTreeMap<String, Ratio>,
    touched: BTreeMap<String, Ratio>,
    sometimes: BTreeMap<String, Ratio>,
    #[serde(default)]
    acted: BTreeMap<String, Ratio>,
    behaviours: Behaviours,
}

/// The length of the end of a section's last line: `,"content":"0123456789abcdef"}` and the line end.
const CONTENT: usize = 31;

/// Reads the results of every scenario in a file's text.
///
/// # Errors
/// If the text is of another kind or version, truncated or changed.
pub fn read(text: &str) -> Result<Vec<Results>, ResultsError> {
    let mut lines = text.split_inclusive('\n').enumerate().peekable();
    let mut all = Vec::new();
    let mut from = 0;
    while lines.peek().is_some() || all.is_empty() {
        let (results, length) = section(&mut lines, &text[from..])?;
        all.push(results);
        from += length;
    }
    Ok(all)
}

/// Reads the section at the start of `text`, and returns it with its length.
fn section<'a>(
    lines: &mut impl Iterator<Item = (usize, &'a str)>,
    text: &str,
) -> Result<(Results, usize), ResultsError> {
    let (number, first) = lines.next().ok_or(ResultsError::Foreign)?;
    let header = open(number, first)?;
    let mut length = first.len();
    let mut failures = BTreeMap::new();
    for (number, text_of) in lines {
        if !text_of.ends_with('\n') {
            return Err(ResultsError::Cut);
        }
        length += text_of.len();
        if text_of.starts_with("{\"end\":") {
            let Closing { end, content } = parse(number, text_of)?;
            let covered = length.checked_sub(CONTENT).and_then(|covered| text.get(..covered));
            if covered.map(|covered| Digest(xxh3_64(covered.as_bytes()))) != Some(content) {
                return Err(ResultsError::Changed);
            }
            return Ok((results(header, failures, end), length));
        }
        let Line { failures: Failures { kind, count, runs, .. } } = parse(number, text_of)?;
        let kept = runs.into_iter().map(|failed| failure(number, failed)).collect::<Result<_, _>>()?;
        failures.insert(kind, FailureKind { count, kept });
    }
    Err(ResultsError::Cut)
}

fn open(number: usize, line: &str) -> Result<Header, ResultsError> {
    let Ok(Title { stemmata, version }) = serde_json::from_str(line) else {
        let ours = line.starts_with("{\"stemmata\":\"results\",");
        return Err(if ours { ResultsError::Cut } else { ResultsError::Foreign });
    };
    if stemmata != "results" {
        return Err(ResultsError::Foreign);
    }
    if !(OLDEST..=VERSION).contains(&version) {
        return Err(ResultsError::Version(version));
    }
    parse::<Opening>(number, line).map(|opening| opening.header)
}

fn parse<T: DeserializeOwned>(number: usize, line: &str) -> Result<T, ResultsError> {
    serde_json::from_str(line).map_err(|error| ResultsError::Line(number + 1, error.to_string()))
}

fn failure(number: usize, failed: Failed) -> Result<Failure, ResultsError> {
    let Failed { run, sentence } = failed;
    let run: RunId =
        run.parse().map_err(|error: crate::hunt::RunIdError| ResultsError::Line(number + 1, error.to_string()))?;
    Ok(Failure { seed: run.seed, digest: run.digest, sentence })
}

fn results(header: Header, failures: BTreeMap<Kind, FailureKind>, footer: Footer) -> Results {
    let Footer {
        why, runs, records, digest, fell, undecided, exercised, touched, sometimes, acted, behaviours, ..
    } = footer;
    let tally = SweepTally {
        runs,
        records,
        digest,
        fell,
        failures,
        undecided,
        exercised,
        touched,
        sometimes,
        acted,
        behaviours,
    };
    Results { header, tally, end: why }
}
