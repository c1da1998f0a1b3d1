//! Failing runs in `regressions/NAME.seeds`, one run id per line: `--save` writes them, and every later sweep runs them
//! first.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};

use serde_json::{Value, json};

use crate::cli::chosen::Chosen;
use crate::cli::failure::Failure;
use crate::cli::shell::{BAD, GOOD, STRONG};
use crate::cli::signals::Signals;
use crate::cli::table::counted;
use crate::hunt::{Failure as FailedRun, Results, RunId};
use crate::path_text::path_of;
use crate::run::{Keep, Shortfall};

/// The folder, relative to the working directory.
const FOLDER: &str = "regressions";

/// Where in it the files of scenarios are that are not below the working directory.
const OUTSIDE: &str = "@root";

/// The outcomes of the saved runs of a scenario.
#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct Saved {
    /// How many were run.
    pub(in crate::cli) runs: u64,
    /// How many were skipped, because they have other flaws than this sweep.
    pub(in crate::cli) others: u64,
    /// Those that still fail.
    pub(in crate::cli) failed: Vec<StillFailed>,
}

/// A saved run that still fails.
#[derive(Clone, Debug)]
pub(in crate::cli) struct StillFailed {
    pub(in crate::cli) run: RunId,
    pub(in crate::cli) invariant: String,
    pub(super) sentence: String,
}

impl Saved {
    /// For programs.
    pub(in crate::cli) fn json(&self) -> Value {
        let failed = self.failed.iter();
        let failed = failed
            .map(|StillFailed { run, invariant, sentence }| {
                json!({ "run": run.to_string(), "invariant": invariant, "sentence": sentence })
            })
            .collect::<Vec<_>>();
        json!({ "runs": self.runs, "left_out": self.others, "failed": failed })
    }

    /// For people.
    pub(in crate::cli) fn text(&self, quiet: bool) -> String {
        let mut text = String::new();
        if self.runs > 0 && self.failed.is_empty() && !quiet {
            text.push_str(&format!("{GOOD}passed{GOOD:#} {}\n", counted(self.runs, "saved run")));
        }
        for StillFailed { run, invariant, sentence } in &self.failed {
            let text_of = format!("{BAD}violated{BAD:#} {STRONG}{invariant}{STRONG:#}: a saved run still fails\n");
            text.push_str(&format!("{text_of}  {sentence}\n  {run}\n"));
        }
        if self.others > 0 && !quiet {
            text.push_str(&format!("skipped {} saved with other flaws\n", counted(self.others, "run")));
        }
        text
    }
}

/// Runs the saved runs of a scenario again.
pub(super) fn replay(chosen: &Chosen, signals: &Signals) -> Result<Saved, Failure> {
    let mut saved = Saved::default();
    if !chosen.file.scenario().expect.violates.is_empty() {
        return Ok(saved);
    }
    for run in read(&file(chosen))? {
        if run.flaws != chosen.file.switched() {
            saved.others += 1;
            continue;
        }
        let resolved = chosen.file.clone().with_swarm(run.swarm).resolve(run.seed)?;
        let outcome = chosen.subject.run_while(&resolved, Keep::Verdicts, &|| signals.exit().is_none());
        if outcome.interrupted {
            break;
        }
        saved.runs += 1;
        let fell = outcome.shortfalls(&resolved).into_iter().find_map(|shortfall| match shortfall {
            Shortfall::Violated { invariant, violation } => Some((invariant, violation.sentence)),
            Shortfall::StillHolds { .. }
            | Shortfall::Undecided { .. }
            | Shortfall::Vacuous { .. }
            | Shortfall::Untouched { .. }
            | Shortfall::Unmet { .. }
            | Shortfall::IdleFlaw { .. }
            | Shortfall::Never { .. } => None,
        });
        if let Some((invariant, sentence)) = fell {
            let run = RunId { swarm: run.swarm, ..chosen.run_id(run.seed, outcome.digest) };
            saved.failed.push(StillFailed { run, invariant, sentence });
        }
    }
    Ok(saved)
}

/// Adds the failing runs of a sweep to the saved runs, and returns how many are new.
pub(super) fn save(results: &Results, file: &Path) -> Result<usize, Failure> {
    let Results { header, tally, .. } = results;
    if !header.violates.is_empty() || tally.failures.is_empty() {
        return Ok(0);
    }
    let same = |a: &RunId, b: &RunId| (a.seed, &a.flaws, a.swarm) == (b.seed, &b.flaws, b.swarm);
    let kept = tally.failures.values().flat_map(|kind| &kind.kept);
    let mut fresh: Vec<RunId> = kept.map(|FailedRun { seed, digest, .. }| header.run_id(*seed, *digest)).collect();
    fresh.sort_by_key(|run| run.seed);
    fresh.dedup_by(|a, b| same(a, b));
    let name = file.display().to_string();
    let failed = |error| Failure::Io { what: format!("can't write `{name}`"), error, help: None };
    let mut locked = open_locked(file).map_err(failed)?;
    let mut text = String::new();
    locked.read_to_string(&mut text).map_err(failed)?;
    let known = runs_in(&name, &text)?;
    fresh.retain(|run| !known.iter().any(|known| same(known, run)));
    if fresh.is_empty() {
        return Ok(0);
    }
    let mut added = String::new();
    if text.is_empty() {
        added.push_str(&format!("# Failing runs of {}, one per line; every sweep runs them first.\n", header.scenario));
    } else if !text.ends_with('\n') {
        added.push('\n');
    }
    fresh.iter().for_each(|run| added.push_str(&format!("{run}\n")));
    locked.write_all(added.as_bytes()).map_err(failed)?;
    Ok(fresh.len())
}

/// Opens a file to read and to append; other sweeps wait until it is closed.
fn open_locked(file: &Path) -> io::Result<File> {
    fs::create_dir_all(file.parent().expect("it is in a folder"))?;
    let opened = File::options().read(true).append(true).create(true).open(file)?;
    opened.lock()?;
    Ok(opened)
}

/// The file of the saved runs of a scenario: named after a built-in scenario, or after the path of a file, so that two
/// files of one name are told apart.
pub(super) fn file(chosen: &Chosen) -> PathBuf {
    let Some(path) = chosen.path() else {
        return Path::new(FOLDER).join(format!("{}.seeds", chosen.file.name()));
    };
    let path = path_of(path);
    let whole = fs::canonicalize(&path).unwrap_or(path);
    let here = fs::canonicalize(".").unwrap_or_default();
    let within = whole.strip_prefix(&here).ok();
    let parts = within.unwrap_or(&whole).components().filter(|part| matches!(part, Component::Normal(_)));
    let outside = within.is_none().then_some(Component::Normal(OUTSIDE.as_ref()));
    let mut name = outside.into_iter().chain(parts).collect::<PathBuf>();
    if name.extension().is_some_and(|ending| ending == "json") {
        name.set_extension("");
    }
    name.as_mut_os_string().push(".seeds");
    Path::new(FOLDER).join(name)
}

/// The saved runs; none if there is no file.
fn read(file: &Path) -> Result<Vec<RunId>, Failure> {
    let name = file.display().to_string();
    match fs::read_to_string(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        text => runs_in(&name, &text.map_err(|error| Failure::unreadable(&name, error))?),
    }
}

/// The runs in the text of the file of this name.
fn runs_in(name: &str, text: &str) -> Result<Vec<RunId>, Failure> {
    let lines = (1..).zip(text.lines()).map(|(number, line): (u32, _)| (number, line.trim()));
    let runs = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let run = |(number, line): (u32, &str)| {
        line.parse().map_err(|error| Failure::usage(format!("`{name}` line {number}: {error}")))
    };
    runs.map(run).collect()
}
