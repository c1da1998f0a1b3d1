//! Parses the arguments, and reports usage errors.

use std::ffi::OsString;

use clap::builder::Resettable;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, CommandFactory, FromArgMatches};

use super::args::Cli;
use super::chosen::quoted;
use super::environment;
use super::exit::Exit;
use super::shell::Shell;

/// The variables that stand for flags.
const VARIABLES: [&str; 4] = ["STEMMATA_SEED", "STEMMATA_SEEDS", "STEMMATA_JOBS", "STEMMATA_SHARD"];

/// The arguments; or, if help or an error was printed, the exit code.
pub(super) fn parse() -> Result<(Cli, ArgMatches), Exit> {
    let arguments = environment::arguments();
    let command = Cli::command().mut_subcommands(|command| command.mut_args(without_empty));
    let parsed = command.try_get_matches_from(&arguments).and_then(|matches| match unknown_variable() {
        Some(message) => Err(Cli::command().error(ErrorKind::InvalidValue, message)),
        None => Ok(matches),
    });
    let parsed = parsed.and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    parsed.map_err(|error| {
        let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
        if !asked && arguments.iter().any(|argument| argument == "--json") {
            say(&as_json(&error));
        } else {
            // A closed pipe is not an error.
            drop(error.print());
            if let Some(note) = from_environment(&error) {
                say(&note);
            }
        }
        if asked { Exit::Met } else { Exit::Usage }
    })
}

/// A variable without a value counts as unset.
fn without_empty(arg: Arg) -> Arg {
    let variable = arg.get_env().and_then(|name| environment::variable(&name.to_string_lossy()));
    if variable.is_some_and(|value| value.is_empty()) { arg.env(Resettable::Reset) } else { arg }
}

/// What is wrong with the `STEMMATA_` variables that are set: one of them is none of ours.
fn unknown_variable() -> Option<String> {
    let names = environment::own_variables().into_iter().map(|name| name.to_string_lossy().into_owned());
    let is_set = |name: &String| environment::variable(name).is_none_or(|value| !value.is_empty());
    let unknown = names.filter(is_set).find(|name| !VARIABLES.contains(&name.as_str()))?;
    let known = VARIABLES.join(", ");
    Some(format!("the environment has `{unknown}`, which stands for no flag: there are {known}"))
}

fn say(text: &str) {
    drop(std::io::Write::write_fmt(&mut anstream::stderr(), format_args!("{text}\n")));
}

fn as_json(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let message = text.trim().strip_prefix("error: ").unwrap_or(text.trim());
    let message = message.split("\n\nUsage:").next().unwrap_or(message);
    let message = message.split("\n\nFor more information").next().unwrap_or(message);
    let note = from_environment(error).map(|note| format!("\n{note}")).unwrap_or_default();
    serde_json::json!({ "error": { "message": format!("{message}{note}"), "exit_code": Exit::Usage.code() } })
        .to_string()
}

/// The variable that an invalid value came from, if any.
fn from_environment(error: &clap::Error) -> Option<String> {
    let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue) else {
        return None;
    };
    let typed = environment::arguments();
    let typed = typed.iter().skip(1).any(|argument| argument.to_string_lossy().contains(value.as_str()));
    let name = VARIABLES.into_iter().find(|name| environment::variable(name).as_deref() == Some(value))?;
    let from_there = !typed || value.is_empty();
    from_there.then(|| format!("note: the value comes from the environment: {name}={}", quoted(value)))
}

/// The command as it was typed.
pub(super) fn typed() -> String {
    let words: Vec<OsString> = environment::arguments();
    words.iter().map(|word| quoted(&word.to_string_lossy())).collect::<Vec<_>>().join(" ")
}

/// Notes that an environment variable, and not a flag, decides what runs.
pub(super) fn show_environment(flag: &str, source: Option<ValueSource>, shell: &Shell) {
    if source == Some(ValueSource::EnvVariable) {
        let variable = format!("STEMMATA_{}", flag.to_uppercase());
        let value = environment::variable(&variable).unwrap_or_default();
        let note = format!("--{flag} {} comes from the environment ({variable})", quoted(&value));
        shell.tell(&format!("note: {note}"), || serde_json::json!({ "note": note }));
    }
}
