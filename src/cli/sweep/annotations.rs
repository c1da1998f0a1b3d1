//! The failures of a sweep as annotations: each kind with its smallest seed, and what proves nothing.

use super::SweepReport;
use super::saved::StillFailed;
use crate::cli::chosen::replay;
use crate::cli::shell::Shell;
use crate::cli::table::{count, counted};
use crate::hunt::{Failure, FailureKind, Kind, Results, RunId};
use crate::report::annotation::{Annotation, Level};
use crate::run::RunVerdict;

pub(super) fn annotations(report: &SweepReport, shell: &Shell) -> Vec<Annotation> {
    let Results { header, tally, .. } = &report.results;
    let mut all: Vec<_> = report.saved.failed.iter().map(|failed| still(failed, report, shell)).collect();
    if header.violates.is_empty() {
        all.extend(tally.failures.iter().filter_map(|(kind, failures)| fallen(kind, failures, report, shell)));
    }
    if tally.untold() > 0 {
        let message = format!("{} of kinds that are not listed", counted(tally.untold(), "failure"));
        let further = Annotation::new(Level::Error, "further failures", message);
        all.push(Annotation { times: tally.untold(), ..further });
    }
    all.extend(report.shortfalls.iter().map(|why| shortfall(why, report, shell)));
    if report.ran_nothing() {
        let message = format!("{}: no seed was begun before the time ran out", header.scenario);
        all.push(Annotation::new(Level::Warning, "nothing was run", message));
    }
    all.into_iter().map(|annotation| annotation.at(header.path.as_deref(), 1)).collect()
}

fn still(failed: &StillFailed, report: &SweepReport, shell: &Shell) -> Annotation {
    let StillFailed { run, invariant, sentence } = failed;
    violated(invariant, &format!("a saved run still fails: {sentence}"), run, report, shell)
}

/// A kind of failure, with its smallest seed.
fn fallen(kind: &Kind, failures: &FailureKind, report: &SweepReport, shell: &Shell) -> Option<Annotation> {
    let Results { header, tally, .. } = &report.results;
    let Failure { seed, digest, sentence, .. } = failures.kept.iter().min_by_key(|failure| failure.seed)?;
    let times = format!("{sentence}; in {} of {}", count(failures.count), counted(tally.runs, "run"));
    let annotation = violated(&kind.invariant, &times, &header.run_id(*seed, *digest), report, shell);
    Some(Annotation { times: failures.count, ..annotation })
}

fn violated(invariant: &str, sentence: &str, run: &RunId, report: &SweepReport, shell: &Shell) -> Annotation {
    let replay = replay(shell, run, report.results.header.path.as_deref());
    let message = format!("{}: {sentence}. replay: {replay}", report.results.header.scenario);
    Annotation::new(Level::Error, format!("{invariant} violated"), message)
}

/// An expectation that is not met, though no single run fails.
fn shortfall(why: &str, report: &SweepReport, shell: &Shell) -> Annotation {
    let (level, title) = match report.standing {
        RunVerdict::Broken => (Level::Error, "expected violation is missing"),
        RunVerdict::Unproven | RunVerdict::Met => (Level::Warning, "unproven"),
    };
    let message = format!("{}: {why}. replay: {}", report.results.header.scenario, report.again(shell));
    Annotation::new(level, title, message)
}
