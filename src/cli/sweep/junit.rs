//! The verdicts of a sweep as JUnit XML: a case for each invariant of each scenario.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::SweepReport;
use super::saved::StillFailed;
use crate::check;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::cli::store;
use crate::cli::table::{count, counted};
use crate::hunt::{End, Results};
use crate::report::junit::{Case, CaseEnd, suite};
use crate::run::RunVerdict;

/// Writes the verdicts; the scenarios of `waiting` were not begun.
pub(super) fn write(file: &Path, reports: &[SweepReport], waiting: &[&str], shell: &Shell) -> Result<(), Failure> {
    let mut all: Vec<Case> = reports.iter().flat_map(|report| cases(report, shell)).collect();
    all.extend(waiting.iter().map(|name| Case {
        name: format!("{name}: expectations"),
        end: CaseEnd::Skipped("the scenario was not begun: the sweep was stopped before".to_owned()),
        took: Duration::ZERO,
    }));
    let text = suite("sweep", &all);
    store::write(file, |out| out.write_all(text.as_bytes()))
}

/// The time of the sweep is that of the case `expectations`.
fn cases(report: &SweepReport, shell: &Shell) -> Vec<Case> {
    let Results { header, tally, .. } = &report.results;
    let names = tally.exercised.keys().chain(tally.undecided.keys()).chain(tally.fell.keys()).chain(&header.violates);
    let names: BTreeSet<&String> = names.collect();
    let case = |what: &str, end| Case { name: format!("{}: {what}", header.scenario), end, took: Duration::ZERO };
    let mut cases: Vec<Case> = names.into_iter().map(|name| case(name, end_of(report, name, shell))).collect();
    cases.push(Case { took: report.took, ..case("expectations", expectations(report)) });
    if report.saved.runs > 0 {
        cases.push(case("saved runs", still(&report.saved.failed)));
    }
    cases
}

fn expectations(report: &SweepReport) -> CaseEnd {
    let why = report.shortfalls.join("; ");
    match report.standing {
        _ if report.results.tally.runs == 0 => CaseEnd::Skipped("no seed was begun".to_owned()),
        RunVerdict::Broken | RunVerdict::Unproven if !why.is_empty() => CaseEnd::Failed(why.clone(), why),
        RunVerdict::Met | RunVerdict::Broken | RunVerdict::Unproven => stopped(report).unwrap_or(CaseEnd::Passed),
    }
}

/// The end of an invariant: failed if it was violated and expected to hold, or the other way round.
fn end_of(report: &SweepReport, invariant: &str, shell: &Shell) -> CaseEnd {
    let Results { header, tally, .. } = &report.results;
    let fell = tally.fell.get(invariant);
    let expected = header.violates.iter().any(|name| name == invariant);
    if let (Some(number), true) = (fell, header.violates.is_empty()) {
        return fallen(report, invariant, *number, shell);
    }
    if expected && fell.is_none() && tally.runs > 0 {
        let why = format!("expected to be violated, but held in {}", counted(tally.runs, "run"));
        return CaseEnd::Failed(why.clone(), why);
    }
    if let Some(number) = tally.undecided.get(invariant) {
        return CaseEnd::Skipped(format!("undecided in {} of {}", count(*number), counted(tally.runs, "run")));
    }
    let idle = tally.exercised.get(invariant).is_some_and(|share| share.part == 0);
    if idle && !check::is_law(invariant) {
        return CaseEnd::Skipped(format!("exercised in none of {}", counted(tally.runs, "run")));
    }
    stopped(report).unwrap_or(CaseEnd::Passed)
}

/// A sweep that was stopped has not shown what it should.
fn stopped(report: &SweepReport) -> Option<CaseEnd> {
    let Results { header, tally, end } = &report.results;
    let seeds = counted(header.part().count, "seed");
    match end {
        End::Signal | End::Unfinished => {
            Some(CaseEnd::Skipped(format!("the sweep was stopped after {} of {seeds}", count(tally.runs))))
        }
        End::Complete | End::Time | End::Failures => None,
    }
}

/// How an invariant was violated that was expected to hold.
fn fallen(report: &SweepReport, invariant: &str, number: u64, shell: &Shell) -> CaseEnd {
    let Results { header, tally, .. } = &report.results;
    let message = format!("violated in {} of {}", count(number), counted(tally.runs, "run"));
    let mut text = String::new();
    for (_, failures) in tally.failures.iter().filter(|(kind, _)| kind.invariant == invariant) {
        for failure in &failures.kept {
            let run = header.run_id(failure.seed, failure.digest);
            let replay = crate::cli::chosen::replay(shell, &run, header.path.as_deref());
            text.push_str(&format!("{}\n{replay}\n", failure.sentence));
        }
    }
    CaseEnd::Failed(message, text)
}

fn still(failed: &[StillFailed]) -> CaseEnd {
    if failed.is_empty() {
        return CaseEnd::Passed;
    }
    let lines = failed.iter().map(|failed| format!("{}: {}\n", failed.invariant, failed.run));
    let failing = if failed.len() == 1 { "still fails" } else { "still fail" };
    CaseEnd::Failed(format!("{} {failing}", counted(failed.len() as u64, "saved run")), lines.collect())
}
