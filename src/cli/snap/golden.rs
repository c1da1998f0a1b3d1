//! A golden trace.

use std::fs;
use std::io;
use std::path::PathBuf;

use clap::ValueEnum;

use crate::chance::Seed;
use crate::cli::args::{Depth, Goldens, Overrides};
use crate::cli::chosen::Chosen;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::run::AnySubject;
use crate::trace::{Trace, VERSION};

/// A golden trace; it may not exist yet.
pub(super) struct Golden {
    pub(super) path: PathBuf,
    /// None if it does not exist yet.
    pub(super) text: Option<String>,
}

/// The start of a golden, before its detail and its seed.
pub(super) const HEAD: &str = "# golden";
/// The start of its second line, before the version of the trace.
const TITLE: &str = "# stemmata trace v";

impl Golden {
    pub(super) fn open(path: PathBuf) -> Result<Self, Failure> {
        match fs::read_to_string(&path) {
            // A checkout may have converted the line endings.
            Ok(text) => Ok(Self { path, text: Some(text.replace("\r\n", "\n")) }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self { path, text: None }),
            Err(error) => Err(Failure::Io { what: format!("can't read `{}`", path.display()), error, help: None }),
        }
    }

    /// Refuses a golden of another version of the trace: all its lines may differ, and say nothing of the run.
    pub(super) fn is_current(&self) -> Result<(), Failure> {
        let title = self.text.as_ref().and_then(|text| text.lines().nth(1)?.strip_prefix(TITLE));
        let Some(version) = title.filter(|version| *version != VERSION.to_string()) else { return Ok(()) };
        let path = self.path.display();
        let message = format!("`{path}` is a golden of version {version}, but this build reads version {VERSION}");
        Err(Failure::helped(message, "write it anew with `stemmata snap update`"))
    }

    /// The golden that the scenario gives now. A flaw that never acts is noted: the golden shows nothing of it.
    pub(super) fn fresh(
        &self,
        scenario: &str,
        wanted: &Goldens,
        subjects: &[AnySubject],
        shell: &Shell,
    ) -> Result<String, Failure> {
        let chosen =
            Chosen::load(scenario, &Overrides { flaw: Vec::new(), as_written: false, swarm: false }, subjects)?;
        let (detail, seed) = self.made_with();
        let detail = wanted.detail.or(detail).unwrap_or_default();
        let seed = wanted.seed.or(seed).unwrap_or(chosen.file.seed());
        let outcome = chosen.run(&chosen.resolve(seed)?)?;
        for flaw in &outcome.idle_flaws {
            shell.note(&format!("{scenario}: the flaw {} never acted; to act, it needs {}", flaw.id, flaw.needs));
        }
        let name = detail.to_possible_value().expect("no detail is hidden");
        let trace = outcome.trace.as_ref().expect("it was kept");
        Ok(format!("{HEAD} detail={} seed={seed}\n{}", name.get_name(), story(trace, detail)))
    }

    /// The detail and the seed in the golden's first line.
    fn made_with(&self) -> (Option<Depth>, Option<Seed>) {
        let first = self.text.as_ref().and_then(|text| text.lines().next()?.strip_prefix(HEAD));
        let mut words = first.unwrap_or_default().split_whitespace();
        let mut value = |key: &str| words.next().and_then(|word| word.strip_prefix(key));
        let detail = value("detail=").and_then(|word| Depth::from_str(word, false).ok());
        (detail, value("seed=").and_then(|word| word.parse().ok()))
    }
}

/// The trace as text, without the resolved scenario and the digest.
fn story(trace: &Trace, detail: Depth) -> String {
    let text = trace.text(detail.into());
    let resolved = |line: &str| line.starts_with("# {") || line.starts_with("#  ") || line == "# }";
    let lines = text.lines().filter(|line| !resolved(line) && !line.starts_with("# digest "));
    lines.map(|line| format!("{line}\n")).collect()
}
