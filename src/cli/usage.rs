//! Parses the arguments, and reports usage errors.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches};

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
    let parsed = Cli::command().try_get_matches_from(&arguments);
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
        shell.say(&format!("note: --{flag} {} comes from the environment ({variable})", quoted(&value)));
    }
}
