//! Starts the program and looks at what it leaves.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// What a command left.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
    typed: String,
}

impl Ran {
    #[track_caller]
    pub(super) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "`{}`\n{}\n{}", self.typed, self.stdout, self.stderr);
        self
    }

    /// Its standard output has this text.
    #[track_caller]
    pub(super) fn says(&self, text: &str) -> &Self {
        assert!(self.stdout.contains(text), "`{}` does not say `{text}`:\n{}", self.typed, self.stdout);
        self
    }

    /// Its standard error has this text.
    #[track_caller]
    pub(super) fn complains(&self, text: &str) -> &Self {
        assert!(self.stderr.contains(text), "`{}` does not complain of `{text}`:\n{}", self.typed, self.stderr);
        self
    }

    pub(super) fn last_line(&self) -> &str {
        self.stdout.trim_end().lines().last().unwrap_or_default()
    }
}

/// The program, in an environment without anything that it reads.
pub(super) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stemmata"));
    for name in
        ["STEMMATA_SEED", "STEMMATA_SEEDS", "STEMMATA_JOBS", "STEMMATA_SHARD", "CLICOLOR_FORCE", "CI", "COLUMNS"]
    {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

/// Runs the program.
pub(super) fn stemmata(arguments: &[&str]) -> Ran {
    with(&[], arguments)
}

/// Runs the program in a folder.
pub(super) fn within(folder: &Path, arguments: &[&str]) -> Ran {
    let output = command().current_dir(folder).args(arguments).output().expect("the program starts");
    ran(arguments.join(" "), output)
}

/// Runs the program with these variables.
pub(super) fn with(variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let output = command().envs(variables.iter().copied()).args(arguments).output().expect("the program starts");
    ran(arguments.join(" "), output)
}

/// Runs a line as a shell does.
pub(super) fn shell(line: &str) -> Ran {
    let output = Command::new("sh").args(["-c", line]).output().expect("a shell");
    ran(line.to_owned(), output)
}

/// Runs the program, and sends it a signal when it has surely begun.
pub(super) fn signalled(signal: &str, arguments: &[&str]) -> Ran {
    let child = command()
        .args(arguments)
        .args(["-j", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    std::thread::sleep(std::time::Duration::from_secs(1));
    let id = child.id().to_string();
    assert!(Command::new("kill").args([signal, &id]).status().expect("kill runs").success());
    ran(arguments.join(" "), child.wait_with_output().expect("it ends"))
}

pub(super) fn ran(typed: String, output: Output) -> Ran {
    let text = |bytes| String::from_utf8(bytes).expect("the program writes text");
    let ran = Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr), typed };
    let panicked = ran.stderr.contains("panicked") || ran.stderr.contains("internal error");
    assert!(!panicked, "`{}` panicked:\n{}", ran.typed, ran.stderr);
    ran
}

/// A new folder of this name.
pub(super) fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli").join(name);
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// A file of the package.
pub(super) fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The run id that a report names.
#[track_caller]
pub(super) fn run_id(stdout: &str) -> String {
    let mut words = stdout.split_whitespace().filter(|word| word.starts_with("stm2:"));
    words.next().unwrap_or_else(|| panic!("no run id in:\n{stdout}")).to_owned()
}

#[track_caller]
pub(super) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}:\n{text}"))
}
