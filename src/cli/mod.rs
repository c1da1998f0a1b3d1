//! The command line. A program with its own subjects calls [`main`] with them, and has every command.

mod args;
mod check;
mod chosen;
mod completions;
mod diff;
mod environment;
mod exit;
mod explain;
mod explore;
mod export;
mod failure;
mod file;
mod files;
mod heartbeat;
mod history;
mod list;
mod merge;
mod new;
mod panics;
mod replay;
mod run;
mod run_report;
mod schema;
mod shard;
mod shell;
mod shrink;
mod signals;
mod snap;
mod store;
mod suggest;
mod sweep;
mod table;
mod usage;
mod verdicts;
mod verify;
mod why;

use std::process::ExitCode;

use clap::ArgMatches;
use clap::parser::ValueSource;

use args::Command;
use exit::Exit;
use failure::Outcome;
use shell::Shell;

use crate::run::AnySubject;

/// Runs the command that the arguments name, for scenarios of these subjects, and returns its exit code.
#[must_use]
pub fn main(subjects: &[AnySubject]) -> ExitCode {
    let (cli, matches) = match usage::parse() {
        Ok(parsed) => parsed,
        Err(exit) => return exit.into(),
    };
    let shell = Shell::new(environment::program(), &cli.global);
    let exit = match panics::guard(|| command(&cli.command, &matches, subjects, &shell)) {
        Ok(Ok(exit)) => exit,
        Ok(Err(failure)) => {
            shell.fail(&failure);
            failure.exit()
        }
        Err(panic) => {
            shell.internal(&panic, &usage::typed());
            Exit::Internal
        }
    };
    exit.into()
}

fn command(command: &Command, matches: &ArgMatches, subjects: &[AnySubject], shell: &Shell) -> Outcome {
    let given = matches.subcommand().map(|(_, given)| given);
    let source = |flag: &str| given.and_then(|given| given.try_contains_id(flag).ok().and(given.value_source(flag)));
    let typed = |flag: &str| source(flag) == Some(ValueSource::CommandLine);
    let show = |flag: &str| usage::show_environment(flag, source(flag), shell);
    match command {
        Command::Run(args) => {
            show("seed");
            run::run(args, subjects, shell)
        }
        Command::Replay(args) => {
            if !replay::is_pinned(args) {
                show("seed");
            }
            replay::replay(args, typed("seed"), subjects, shell)
        }
        Command::Shrink(args) => {
            if !shrink::is_pinned(args) {
                show("seed");
            }
            show("jobs");
            shrink::shrink(args, typed("seed"), subjects, shell)
        }
        Command::Sweep(args) => {
            if args.count.is_none() {
                show("seeds");
            }
            show("jobs");
            show("shard");
            sweep::sweep(args, typed("seeds"), subjects, shell)
        }
        Command::Verify(args) => {
            show("seeds");
            show("jobs");
            verify::verify(args, subjects, shell)
        }
        Command::Explore(args) => {
            show("seed");
            show("jobs");
            explore::explore(args, subjects, shell)
        }
        Command::Check(args) => check::check(args, subjects, shell),
        Command::Diff(args) => diff::diff(args, shell),
        Command::Export(args) => export::export(args, shell),
        Command::Snap(args) => snap::snap(args, subjects, shell),
        Command::New(args) => new::new(args, subjects, shell),
        Command::Completions(args) => completions::completions(args, subjects, shell),
        Command::List(args) => list::list(args, subjects, shell),
        Command::Explain(args) => explain::explain(args, subjects, shell),
        Command::Merge(args) => merge::merge(args, shell),
        Command::Schema => schema::schema(subjects, shell),
        Command::Digests(args) => verify::digests(args, subjects, shell),
    }
}
