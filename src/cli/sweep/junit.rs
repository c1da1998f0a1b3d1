//! The verdicts of a sweep as JUnit XML: a case for each invariant of each scenario.

use std::collections::BTreeSet;
use std::path::Path;

use super::SweepReport;
use super::saved::StillFailed;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::cli::store;
use crate::cli::table::{count, counted};
use crate::hunt::Results;
use crate::report::junit::{Case, suite};

pub(super) fn write(file: &Path, reports: &[SweepReport], shell: &Shell) -> Result<(), Failure> {
    let cases: Vec<Case> = reports.iter().flat_map(|report| cases(report, shell)).collect();
    let text = suite("sweep", &cases);
    store::write(file, |out| out.write_all(text.as_bytes()))
}

fn cases(report: &SweepReport, shell: &Shell) -> Vec<Case> {
    let Results { header, tally, .. } = &report.results;
    let names = tally.exercised.keys().chain(tally.undecided.keys()).chain(tally.fell.keys()).chain(&header.violates);
    let names: BTreeSet<&String> = names.collect();
    let named = |what: &str| format!("{}: {what}", header.scenario);
    let invariants = names.into_iter().map(|name| Case { name: named(name), failure: fallen(report, name, shell) });
    let mut cases: Vec<Case> = invariants.collect();
    let why = report.shortfalls.join("; ");
    let failure = (!why.is_empty()).then(|| (why.clone(), why));
    cases.push(Case { name: named("expectations"), failure });
    if report.saved.runs > 0 {
        cases.push(Case { name: named("saved runs"), failure: still(&report.saved.failed) });
    }
    cases
}

/// How an invariant was violated that was expected to hold.
fn fallen(report: &SweepReport, invariant: &str, shell: &Shell) -> Option<(String, String)> {
    let Results { header, tally, .. } = &report.results;
    let number = tally.fell.get(invariant).filter(|_| header.violates.is_empty())?;
    let message = format!("violated in {} of {}", count(*number), counted(tally.runs, "run"));
    let mut text = String::new();
    for (_, failures) in tally.failures.iter().filter(|(kind, _)| kind.invariant == invariant) {
        for failure in &failures.kept {
            let run = header.run_id(failure.seed, failure.digest);
            let replay = crate::cli::chosen::replay(shell, &run, header.path.as_deref());
            text.push_str(&format!("{}\n{replay}\n", failure.sentence));
        }
    }
    Some((message, text))
}

fn still(failed: &[StillFailed]) -> Option<(String, String)> {
    let lines = failed.iter().map(|failed| format!("{}: {}\n", failed.invariant, failed.run));
    let failing = if failed.len() == 1 { "still fails" } else { "still fail" };
    let message = format!("{} {failing}", counted(failed.len() as u64, "saved run"));
    (!failed.is_empty()).then(|| (message, lines.collect()))
}
