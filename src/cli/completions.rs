//! `completions`: the script with which a shell completes commands and flags.

use clap::CommandFactory;

use super::args::{Cli, CompletionsArgs};
use super::exit::Exit;
use super::failure::Outcome;
use super::shell::Shell;

pub(super) fn completions(args: &CompletionsArgs, shell: &Shell) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "stemmata", &mut script);
    let script = String::from_utf8(script).expect("a script is text");
    if shell.json {
        shell.document(&serde_json::json!({ "shell": args.shell.to_string(), "script": script }))?;
    } else {
        shell.result(&script)?;
    }
    Ok(Exit::Met)
}
