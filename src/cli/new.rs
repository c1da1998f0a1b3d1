//! `new`: writes a first scenario.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::args::NewArgs;
use super::chosen::{profiles, quoted};
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::shell::{GOOD, Shell};
use super::suggest;
use crate::run::AnySubject;
use crate::scenario::{self, ScenarioFile};

pub(super) fn new(args: &NewArgs, subjects: &[AnySubject], shell: &Shell) -> Outcome {
    let path = path(&args.name)?;
    let text = match &args.template {
        Some(template) => copy_of(template, subjects)?,
        None => starter(subjects),
    };
    write(&path, &text)?;
    let file = path.display().to_string();
    if shell.json {
        shell.document(&serde_json::json!({ "file": file }))?;
    } else {
        let run = format!("{} run {}", quoted(&shell.program), quoted(&file));
        shell.result(&format!("{GOOD}written{GOOD:#}: {file}\n{run}\n"))?;
    }
    Ok(Exit::Met)
}

/// The file of a scenario of this name.
fn path(name: &str) -> Result<PathBuf, Failure> {
    let plain = name.strip_suffix(".json").unwrap_or(name);
    if Path::new(plain).file_name().is_none() || plain.ends_with('/') {
        return Err(Failure::helped(format!("`{name}` is not a valid scenario name"), "use a file name, such as mine"));
    }
    Ok(PathBuf::from(format!("{plain}.json")))
}

fn copy_of(template: &str, subjects: &[AnySubject]) -> Result<String, Failure> {
    let profiles = profiles(subjects);
    let ours = |text: &str| ScenarioFile::parse(template, template, text, &profiles).is_ok();
    let mut known = scenario::built_in().filter(|known| ours(known.text));
    if let Some(found) = known.clone().find(|known| known.name == template) {
        // The path to the schema is relative to the shipped file, and wrong in a copy.
        let lines = found.text.lines().filter(|line| !line.trim_start().starts_with("\"$schema\""));
        return Ok(lines.map(|line| format!("{line}\n")).collect());
    }
    let names: Vec<&str> = known.by_ref().map(|known| known.name).collect();
    let message = format!("there is no built-in scenario `{template}`");
    Err(Failure::helped(message, suggest::cure(template, &names)))
}

/// A small scenario of the first subject.
fn starter(subjects: &[AnySubject]) -> String {
    let profile = subjects.first().map(|subject| subject.profile);
    let subject = profile.map_or("broadcast", |profile| profile.name);
    let workload = match subject {
        "broadcast" => "[ { \"texts\": { \"clients\": 3, \"rate\": \"5/s\" } } ]",
        "codex" => "[ { \"locks\": { \"clients\": 4, \"modes\": [\"x\", \"s\"], \"tree\": { \"width\": 1 } } } ]",
        _ => "[]",
    };
    STARTER.replace("SUBJECT", subject).replace("WORKLOAD", workload)
}

const STARTER: &str = r#"// Every setting has a default; the trace of a run begins with all of them.
// `stemmata schema` describes every setting, for people and for editors.
{
  "about": "Three nodes over a network that loses messages; one of them is killed for a while.",
  // What runs: see `stemmata list protocols`.
  "subject": "SUBJECT",
  "nodes": 3,
  // After `quiesce_at` no fault acts and no client starts an operation. The run ends when everything has finished, or
  // when the bound for that has passed; with "for" it lasts exactly that long.
  "run": { "quiesce_at": "7s" },
  // Any quantity, count or choice may be a range, from which each seed draws: { "min": 3, "max": 5 } nodes, or
  // { "one_of": [3, 5] } nodes.
  "network": {
    "delay": { "uniform": { "min": "1ms", "max": "10ms" } },
    "loss": { "min": "0%", "max": "2%" }
  },
  // What clients do: this depends on the subject.
  "workload": WORKLOAD,
  // `stemmata list faults` shows what can happen.
  "faults": [
    { "at": "2s", "for": "1s", "fault": { "kill": { "target": "n2" } } }
  ]
}
"#;

/// Writes a file that does not exist yet.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let created = OpenOptions::new().write(true).create_new(true).open(path);
    match created.and_then(|mut file| file.write_all(text.as_bytes())) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(Failure::helped(
            format!("`{}` exists already, and was not changed", path.display()),
            "choose another name",
        )),
        Err(error) => Err(Failure::Io { what: format!("can't write `{}`", path.display()), error, help: None }),
    }
}
