//! The `stemmata` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    stemmata::cli::main(&stemmata::run::subjects())
}
