//! The `stemmata` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    use stemmata::{broadcast::Broadcaster, node::CodexNode, run::subject};
    stemmata::cli::main(&[subject::<CodexNode>(), subject::<Broadcaster>()])
}
