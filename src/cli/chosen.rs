//! The scenario that was named on the command line, with its subject, and the commands that replay its runs.

use serde::Serialize;

use super::args::Overrides;
use super::failure::Failure;
use super::shell::Shell;
use super::signals::Signals;
use crate::chance::Seed;
use crate::hunt::{RunId, SeedRange};
use crate::path_text::{escaped, path_of};
use crate::run::{self, AnySubject, Keep};
use crate::scenario::{self, Resolved, ScenarioFile};
use crate::subject::Profile;
use crate::time::{Span, Time};
use crate::trace::Digest;

/// A scenario and the subject that it runs.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    pub(super) file: ScenarioFile,
    pub(super) subject: AnySubject,
    /// Its path, if it is not a built-in scenario.
    path: Option<String>,
}

/// The liveness bound for which a run is too short.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Missed {
    invariant: &'static str,
    /// How long the run would have to last.
    needs: Span,
    lasts: Span,
}

impl Missed {
    pub(super) fn of(subject: &AnySubject, resolved: &Resolved) -> Option<Self> {
        let deadlines = subject.deadlines(resolved);
        let (invariant, due) = deadlines.missed(resolved)?;
        Some(Self { invariant, needs: due.since(Time::ZERO), lasts: deadlines.end.since(Time::ZERO) })
    }

    fn sentence(&self) -> String {
        let Self { invariant, needs, lasts } = self;
        let millis = needs.as_nanos().div_ceil(1_000_000);
        format!(
            "the run ends at {lasts}, but the bound of {invariant} is {}: whatever is still open at the end is undecided; \
             remove `run.for`, or make it longer",
            Span::from_millis(millis)
        )
    }
}

/// The profiles of the subjects, which scenarios are checked against.
pub(super) fn profiles(subjects: &[AnySubject]) -> Vec<Profile> {
    subjects.iter().map(|subject| subject.profile).collect()
}

impl Chosen {
    pub(super) fn load(name: &str, overrides: &Overrides, subjects: &[AnySubject]) -> Result<Self, Failure> {
        let file = scenario::load(name, &profiles(subjects))?;
        let built_in = !path_of(name).is_file() && scenario::built_in().any(|known| known.name == name);
        let subject = subject_of(&file, subjects);
        // A path that begins with `-` would be taken for a flag in the commands that are printed.
        let path = if name.starts_with('-') && name.len() > 1 { format!("./{name}") } else { name.to_owned() };
        Ok(Self { file: laid_over(file, overrides)?, subject, path: (!built_in).then_some(path) })
    }

    /// Notes if its run with this seed ends before the bound of a liveness invariant.
    pub(super) fn note_what_is_missed(&self, resolved: &Resolved, shell: &Shell) {
        if let Some(missed) = Missed::of(&self.subject, resolved) {
            shell.note(&missed.sentence());
        }
    }

    pub(super) fn resolve(&self, seed: Seed) -> Result<Resolved, Failure> {
        Ok(self.file.resolve(seed)?)
    }

    /// Runs it and keeps the trace, unless a signal arrives first.
    pub(super) fn run(&self, resolved: &Resolved) -> Result<run::Outcome, Failure> {
        let signals = Signals::watch();
        let go_on = || signals.exit().is_none();
        let mut outcome = self.subject.run_while(resolved, Keep::Trace, &go_on);
        self.subject.find_idle_flaws(resolved, &mut outcome, &go_on);
        match signals.exit().filter(|_| outcome.interrupted) {
            Some(exit) => Err(Failure::Early { exit, at: outcome.end }),
            None => Ok(outcome),
        }
    }

    pub(super) fn run_id(&self, seed: Seed, digest: Digest) -> RunId {
        RunId {
            scenario: self.file.name().to_owned(),
            file: self.file.short_digest(),
            seed,
            flaws: self.file.switched().to_vec(),
            swarm: self.file.is_swarm(),
            digest,
        }
    }

    /// The command that replays a run of this scenario.
    pub(super) fn replay(&self, shell: &Shell, run: &RunId) -> String {
        replay(shell, run, self.path())
    }

    /// The command that verifies these seeds of this scenario.
    pub(super) fn verify(&self, shell: &Shell, seeds: SeedRange) -> String {
        format!("{} verify {} --seeds {seeds}", quoted(&shell.program), self.named())
    }

    /// The command that explores this scenario.
    pub(super) fn explore(&self, shell: &Shell, seed: Seed, flags: &str) -> String {
        let seed = if seed == self.file.seed() { String::new() } else { format!(" --seed {seed}") };
        format!("{} explore {}{seed}{flags}", quoted(&shell.program), self.named())
    }

    /// The scenario and its flaws, as arguments.
    fn named(&self) -> String {
        let scenario = quoted(self.path().unwrap_or(self.file.name()));
        let flaws = self.file.switched();
        let flaws = if flaws.is_empty() { String::new() } else { format!(" --flaw {}", flaws.join(",")) };
        let swarm = if self.file.is_swarm() { " --swarm" } else { "" };
        format!("{scenario}{flaws}{swarm}")
    }

    /// Its path, if it is not a built-in scenario.
    pub(super) fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }
}

/// The command that replays a run of the scenario at `path`, or of a built-in one.
pub(super) fn replay(shell: &Shell, run: &RunId, path: Option<&str>) -> String {
    command_on("replay", shell, run, path)
}

/// The command that shrinks such a run; the output is still to be named.
pub(super) fn shrink(shell: &Shell, run: &RunId, path: Option<&str>) -> String {
    command_on("shrink", shell, run, path)
}

fn command_on(command: &str, shell: &Shell, run: &RunId, path: Option<&str>) -> String {
    let scenario = path.map(|path| format!(" --scenario {}", quoted(path))).unwrap_or_default();
    format!("{} {command} {}{scenario}", quoted(&shell.program), always_quoted(&run.to_string()))
}

/// The subject of a scenario that was read with these subjects' profiles.
pub(super) fn subject_of(file: &ScenarioFile, subjects: &[AnySubject]) -> AnySubject {
    let named = |subject: &&AnySubject| subject.profile.name == file.subject().name;
    *subjects.iter().find(named).expect("a scenario's subject is one of those that it was read with")
}

fn laid_over(file: ScenarioFile, overrides: &Overrides) -> Result<ScenarioFile, Failure> {
    let Overrides { flaw, as_written, swarm } = overrides;
    let file = file.with_swarm(*swarm);
    if *as_written {
        return Ok(file.as_written());
    }
    match flaw.as_slice() {
        [] => Ok(file),
        [none] if none == "none" => Ok(file.without_flaws()),
        flaws if flaws.iter().any(|flaw| flaw == "none") => {
            Err(Failure::helped("`--flaw none` can't be combined with flaws", "remove the other flaws, or `none`"))
        }
        flaws => Ok(file.with_flaws(flaws)?),
    }
}

/// A word for a shell, in quotes if it needs them.
pub(super) fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=,+@%".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else if word.chars().any(|letter| escaped(letter).is_some()) {
        quoted_bytes(word)
    } else {
        always_quoted(word)
    }
}

/// A word with bytes that are no text, as bash, zsh and ksh read it.
fn quoted_bytes(word: &str) -> String {
    let written = word.chars().map(|letter| match (letter, escaped(letter)) {
        (_, Some(byte)) => format!("\\x{byte:02x}"),
        ('\\' | '\'', None) => format!("\\{letter}"),
        (_, None) => letter.to_string(),
    });
    format!("$'{}'", written.collect::<String>())
}

fn always_quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_as_shells_need() {
        assert_eq!(quoted("target/debug/stemmata"), "target/debug/stemmata");
        assert_eq!(quoted("my file"), "'my file'");
        assert_eq!(quoted("it's\u{10ffff}.json"), "$'it\\'s\\xff.json'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
    }
}
