//! `completions`: the script with which a shell completes commands, flags and the names of what is built in.

use clap::builder::PossibleValuesParser;
use clap::{Command, CommandFactory};
use clap_complete::Shell as Language;

use super::args::{Cli, CompletionsArgs};
use super::chosen::profiles;
use super::exit::Exit;
use super::explain;
use super::failure::Outcome;
use super::shell::Shell;
use crate::check;
use crate::run::AnySubject;
use crate::scenario;

pub(super) fn completions(args: &CompletionsArgs, subjects: &[AnySubject], shell: &Shell) -> Outcome {
    let names = Names::of(subjects);
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut names.taught(Cli::command()), "stemmata", &mut script);
    let script = String::from_utf8(script).expect("a script is text");
    let script = match args.shell {
        Language::Bash => names.bash(&script),
        Language::Zsh => names.zsh(&script),
        Language::Fish => names.fish(&script),
        // These complete no values.
        Language::PowerShell | Language::Elvish | _ => script,
    };
    if shell.json {
        shell.document(&serde_json::json!({ "shell": args.shell.to_string(), "script": script }))?;
    } else {
        shell.result(&script)?;
    }
    Ok(Exit::Met)
}

/// The commands that take scenarios, each with its argument; a scenario may also be a file.
const TAKE_SCENARIOS: [(&str, &str); 6] = [
    ("run", "scenario"),
    ("sweep", "scenarios"),
    ("replay", "run"),
    ("shrink", "run"),
    ("verify", "scenario"),
    ("explore", "scenario"),
];
/// The verbs of `snap`, which all take scenarios.
const VERBS: [&str; 2] = ["check", "update"];

/// The names that arguments can have.
struct Names {
    scenarios: Vec<&'static str>,
    flaws: Vec<&'static str>,
    invariants: Vec<&'static str>,
    explained: Vec<String>,
}

impl Names {
    fn of(subjects: &[AnySubject]) -> Self {
        let profiles = profiles(subjects);
        let runs = |known: &scenario::BuiltIn| {
            scenario::ScenarioFile::parse(known.name, known.name, known.text, &profiles).is_ok()
        };
        let flaws = subjects.iter().flat_map(|subject| subject.profile.flaws().map(|(_, flaw)| flaw.id));
        let own = subjects.iter().flat_map(|subject| subject.profile.invariants().map(|(_, claim)| claim.name));
        let mut invariants: Vec<_> = check::invariants().map(|invariant| invariant.name).chain(own).collect();
        invariants.sort_unstable();
        invariants.dedup();
        let mut explained = explain::names(subjects);
        explained.sort_unstable();
        explained.dedup();
        Self {
            scenarios: scenario::built_in().filter(runs).map(|known| known.name).collect(),
            flaws: flaws.chain(["none"]).collect(),
            invariants,
            explained,
        }
    }

    /// The command line, whose arguments have these names as possible values: for scripts only, because parsing must
    /// accept files too, and say more of an unknown name.
    fn taught(&self, cli: Command) -> Command {
        let scenarios = || PossibleValuesParser::new(&self.scenarios);
        let flaws = || PossibleValuesParser::new(&self.flaws);
        let cli = TAKE_SCENARIOS.into_iter().fold(cli, |cli, (name, argument)| {
            cli.mut_subcommand(name, |command| {
                let command = command.mut_arg(argument, |arg| arg.value_parser(scenarios()));
                command.mut_arg("flaw", |arg| arg.value_parser(flaws()))
            })
        });
        let snap = |snap: Command| {
            VERBS.into_iter().fold(snap, |snap, verb| {
                snap.mut_subcommand(verb, |command| command.mut_arg("paths", |arg| arg.value_parser(scenarios())))
            })
        };
        cli.mut_subcommand("snap", snap)
            .mut_subcommand("new", |command| command.mut_arg("template", |arg| arg.value_parser(scenarios())))
            .mut_subcommand("check", |command| {
                command.mut_arg("invariant", |arg| arg.value_parser(PossibleValuesParser::new(&self.invariants)))
            })
            .mut_subcommand("explain", |command| {
                command.mut_arg("name", |arg| arg.value_parser(PossibleValuesParser::new(&self.explained)))
            })
    }

    /// Offers files beside the names of scenarios.
    fn bash(&self, script: &str) -> String {
        let names = self.scenarios.join(" ");
        let words = r#"COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )"#;
        let both = r#"COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") $(compgen -f -- "${cur}") )"#;
        let mut takes_scenarios = false;
        let line = |line: &str| {
            if line.trim_start().starts_with("opts=\"") {
                takes_scenarios = line.contains(&names);
            }
            let indent = &line[..line.len() - line.trim_start().len()];
            match takes_scenarios && line.trim_start() == words {
                true => format!("{indent}compopt -o filenames 2>/dev/null\n{indent}{both}\n"),
                false => format!("{line}\n"),
            }
        };
        script.lines().map(line).collect()
    }

    /// Offers files beside the names of scenarios.
    fn zsh(&self, script: &str) -> String {
        let names = format!(":({})'", self.scenarios.join(" "));
        let line = |line: &str| match line.starts_with("'--") {
            true => format!("{line}\n"),
            false => format!("{}\n", line.replace(&names, ":_stemmata_scenarios'")),
        };
        let script: String = script.lines().map(line).collect();
        let both = format!(
            "_stemmata_scenarios() {{\n    _alternative 'scenarios:scenario:({})' 'files:file:_files'\n}}\n\n",
            self.scenarios.join(" ")
        );
        script.replacen("if [ \"$funcstack[1]\"", &format!("{both}if [ \"$funcstack[1]\""), 1)
    }

    /// Offers names beside files, which fish offers by itself.
    fn fish(&self, script: &str) -> String {
        let scenarios = self.scenarios.join(" ");
        let offered = |condition: &str, flags: &str, names: &str| {
            format!("complete -c stemmata -n \"__fish_stemmata_using_subcommand {condition}\"{flags} -a \"{names}\"\n")
        };
        let commands = TAKE_SCENARIOS.map(|(command, _)| command).join(" ");
        let verbs = VERBS.join(" ");
        let added = [
            offered(&commands, "", &scenarios),
            offered(&format!("snap; and __fish_seen_subcommand_from {verbs}"), "", &scenarios),
            offered("explain", " -f", &self.explained.join(" ")),
        ];
        format!("{script}{}", added.concat())
    }
}
