//! `run`: runs one scenario under one seed, and explains the verdicts.

use std::path::Path;

use super::args::RunArgs;
use super::chosen::Chosen;
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::files::{Files, Format};
use super::run_report::RunReport;
use super::shell::Shell;
use super::store;
use crate::path_text::path_of;
use crate::run::AnySubject;
use crate::trace::Trace;

pub(super) fn run(args: &RunArgs, subjects: &[AnySubject], shell: &Shell) -> Outcome {
    let RunArgs { scenario, seed, overrides, trace, writing } = args;
    let to_stdout = trace.as_deref().is_some_and(is_stdout);
    if to_stdout && shell.json {
        return Err(two_documents());
    }
    let chosen = Chosen::load(scenario, overrides, subjects)?;
    let mut files = Files::new(writing.force);
    files.reads(path_of(scenario));
    if let Some(file) = trace {
        files.writes(file, Format::Trace)?;
    }
    let resolved = chosen.resolve(seed.unwrap_or(chosen.file.seed()))?;
    chosen.note_what_is_missed(&resolved, shell);
    let outcome = chosen.run(&resolved)?;
    let report = RunReport::new(&chosen, &resolved, &outcome, shell);
    if let Some(file) = trace {
        save(outcome.trace.as_ref().expect("it was kept"), file, shell)?;
    }
    if shell.json {
        shell.document(&report)?;
    } else if to_stdout {
        shell.say(report.text(shell).trim_end());
    } else {
        shell.result(&report.text(shell))?;
    }
    Ok(Exit::from(report.standing))
}

/// Whether a file's name means standard output.
pub(super) fn is_stdout(file: &Path) -> bool {
    file == Path::new("-")
}

pub(super) fn two_documents() -> Failure {
    Failure::helped("`--json` and `--trace -` both write to standard output", "write the trace to a file")
}

/// Writes a trace as JSON Lines to a file, or to standard output.
pub(super) fn save(trace: &Trace, file: &Path, shell: &Shell) -> Result<(), Failure> {
    if is_stdout(file) {
        Ok(trace.write_jsonl(shell.results())?)
    } else {
        store::write(file, |out| trace.write_jsonl(out))
    }
}
