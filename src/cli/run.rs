//! `run`: one scenario under one seed, explained.

use std::path::Path;

use super::account::Account;
use super::args::RunArgs;
use super::chosen::Chosen;
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::shell::Shell;
use super::store;
use crate::run::AnySubject;
use crate::trace::Trace;

pub(super) fn run(args: &RunArgs, subjects: &[AnySubject], shell: &Shell) -> Outcome {
    let RunArgs { scenario, seed, overlay, trace } = args;
    let to_stdout = trace.as_deref().is_some_and(is_stdout);
    if to_stdout && shell.json {
        return Err(two_documents());
    }
    let chosen = Chosen::load(scenario, overlay, subjects)?;
    let resolved = chosen.resolve(seed.unwrap_or(chosen.file.seed()))?;
    chosen.note_what_is_missed(&resolved, shell);
    let outcome = chosen.run(&resolved)?;
    let account = Account::new(&chosen, &resolved, &outcome, shell);
    if let Some(file) = trace {
        save(outcome.trace.as_ref().expect("it was kept"), file, shell)?;
    }
    if shell.json {
        shell.document(&account)?;
    } else if to_stdout {
        shell.say(account.text(shell).trim_end());
    } else {
        shell.result(&account.text(shell))?;
    }
    Ok(Exit::from(account.standing))
}

/// Whether a file's name means the standard output.
pub(super) fn is_stdout(file: &Path) -> bool {
    file == Path::new("-")
}

pub(super) fn two_documents() -> Failure {
    Failure::helped("`--json` and `--trace -` both write to the standard output", "write the trace to a file")
}

/// Writes a trace as JSON Lines to a file, or to the standard output.
pub(super) fn save(trace: &Trace, file: &Path, shell: &Shell) -> Result<(), Failure> {
    if is_stdout(file) {
        Ok(trace.write_jsonl(shell.results())?)
    } else {
        store::write(file, |out| trace.write_jsonl(out))
    }
}
