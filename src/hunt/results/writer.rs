//! Writes results.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use super::{End, Header, Results, VERSION};
use crate::hunt::{Behaviours, Kind, Ratio};
use crate::run::RunVerdict;
use crate::trace::Digest;

#[derive(Serialize)]
struct Opening<'a> {
    stemmata: &'static str,
    version: u64,
    header: &'a Header,
}

#[derive(Serialize)]
struct Line<'a> {
    failures: Failures<'a>,
}

#[derive(Serialize)]
struct Failures<'a> {
    kind: &'a Kind,
    expected: bool,
    count: u64,
    runs: Vec<Failed<'a>>,
}

#[derive(Serialize)]
struct Failed<'a> {
    run: String,
    sentence: &'a str,
}

#[derive(Serialize)]
struct Closing<'a> {
    end: Footer<'a>,
}

#[derive(Serialize)]
struct Footer<'a> {
    why: End,
    runs: u64,
    records: u64,
    digest: Digest,
    standing: RunVerdict,
    shortfalls: Vec<String>,
    fell: &'a BTreeMap<String, u64>,
    undecided: &'a BTreeMap<String, u64>,
    exercised: &'a BTreeMap<String, Ratio>,
    touched: &'a BTreeMap<String, Ratio>,
    sometimes: &'a BTreeMap<String, Ratio>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    acted: &'a BTreeMap<String, Ratio>,
    behaviours: &'a Behaviours,
}

/// Writes the results of one scenario.
///
/// # Errors
/// If `out` can't be written.
pub fn write(results: &Results, out: &mut dyn Write) -> io::Result<()> {
    let Results { header, tally, end } = results;
    let mut text = Vec::new();
    line(&Opening { stemmata: "results", version: VERSION, header }, &mut text)?;
    for (kind, failures) in &tally.failures {
        let failed = failures.kept.iter().map(|failure| Failed {
            run: header.run_id(failure.seed, failure.digest).to_string(),
            sentence: &failure.sentence,
        });
        let expected = !header.violates.is_empty();
        line(
            &Line { failures: Failures { kind, expected, count: failures.count, runs: failed.collect() } },
            &mut text,
        )?;
    }
    let (standing, shortfalls) = tally.shortfalls(&header.violates);
    let footer = Footer {
        why: *end,
        runs: tally.runs,
        records: tally.records,
        digest: tally.digest,
        standing,
        shortfalls,
        fell: &tally.fell,
        undecided: &tally.undecided,
        exercised: &tally.exercised,
        touched: &tally.touched,
        sometimes: &tally.sometimes,
        acted: &tally.acted,
        behaviours: &tally.behaviours,
    };
    serde_json::to_writer(&mut text, &Closing { end: footer })?;
    text.pop();
    let content = Digest(xxh3_64(&text));
    writeln!(text, ",\"content\":\"{content}\"}}")?;
    out.write_all(&text)
}

fn line(line: &impl Serialize, text: &mut Vec<u8>) -> io::Result<()> {
    serde_json::to_writer(&mut *text, line)?;
    text.push(b'\n');
    Ok(())
}
