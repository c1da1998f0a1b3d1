//! The second process: the same program with another locale, time zone and working directory.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::chance::Seed;
use crate::cli::args::Overrides;
use crate::cli::environment;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::hunt::SeedRange;
use crate::path_text::path_of;
use crate::run::Outcome;
use crate::trace::jsonl::Reader;
use crate::trace::{self, Digest, Trace};

/// How to start the second process. Its working directory is new and empty, and is removed at the end.
pub(super) struct Other {
    program: PathBuf,
    scenario: PathBuf,
    flaws: Vec<String>,
    folder: PathBuf,
}

/// A running second process; it is killed when this is dropped.
pub(super) struct Running(Option<Child>);

impl Other {
    pub(super) fn new(scenario: &str, overrides: &Overrides) -> Result<Self, Failure> {
        let program = environment::executable().map_err(failed)?;
        // The second process runs in another folder, so it needs the absolute path of a file; a built-in scenario is found
        // by its name.
        let path = path_of(scenario);
        let scenario = if path.exists() { fs::canonicalize(path).map_err(failed)? } else { path };
        let folder = environment::temporary().join(format!("stemmata-verify-{}", std::process::id()));
        fs::create_dir_all(&folder).map_err(failed)?;
        let mut flaws = Vec::new();
        if overrides.as_written {
            flaws.push("--as-written".to_owned());
        }
        if overrides.swarm {
            flaws.push("--swarm".to_owned());
        }
        flaws.extend(overrides.flaw.iter().map(|flaw| format!("--flaw={flaw}")));
        Ok(Self { program, scenario, flaws, folder })
    }

    fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(verb).arg(&self.scenario).args(&self.flaws).current_dir(&self.folder);
        for name in environment::own_variables() {
            command.env_remove(name);
        }
        command.env("LC_ALL", "tr_TR.UTF-8").env("LANG", "tr_TR.UTF-8").env("TZ", "Asia/Kathmandu");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Begins to run these seeds.
    pub(super) fn begin(&self, seeds: SeedRange, threads: usize) -> Result<Running, Failure> {
        let SeedRange { first, count } = seeds;
        let mut command = self.command("__digests");
        command.arg(format!("--seeds={first}+{count}")).arg(format!("--jobs={threads}"));
        Ok(Running(Some(command.spawn().map_err(failed)?)))
    }

    /// A seed's digests after each block of records.
    pub(super) fn marks(&self, seed: Seed) -> Result<Vec<Digest>, Failure> {
        Ok(self.watch(seed, "--marks")?.marks)
    }

    /// A seed's digests, and the records around a block.
    pub(super) fn block(&self, seed: Seed, number: u64) -> Result<Watched, Failure> {
        self.watch(seed, &format!("--block={number}"))
    }

    fn watch(&self, seed: Seed, what: &str) -> Result<Watched, Failure> {
        let mut command = self.command("__digests");
        command.arg(format!("--seeds={seed}+1")).args(["--jobs=1", what]);
        let output = command.output().map_err(failed)?;
        let read = || {
            let mut marks = Vec::new();
            let mut rest = output.stdout.as_slice();
            for _ in 0..number(&mut rest)? {
                marks.push(line(&mut rest)?.parse().ok()?);
            }
            Some(Watched { marks, lines: rest.to_vec() })
        };
        read().filter(|_| output.status.success()).ok_or_else(|| broken(&String::from_utf8_lossy(&output.stderr)))
    }
}

/// The output of the second process for one run.
pub(super) struct Watched {
    pub(super) marks: Vec<Digest>,
    /// Records, as JSON Lines.
    lines: Vec<u8>,
}

impl Watched {
    /// Where these records and those of this process diverge.
    pub(super) fn compare(&self, here: &Trace) -> Result<Option<trace::Difference>, Failure> {
        let mut lines = Vec::new();
        here.write_jsonl(&mut lines).map_err(failed)?;
        let open = |lines| Reader::open(lines).map_err(|error| broken(&error.to_string()));
        let (mut here, mut there) = (open(lines.as_slice())?, open(self.lines.as_slice())?);
        trace::difference(&mut here, &mut there).map_err(|(_, error)| broken(&error.to_string()))
    }
}

/// Prints what [`Watched`] is read from: the number of digests, the digests, and the records if they were kept.
pub(super) fn tell(outcome: &Outcome, shell: &Shell) -> Result<(), Failure> {
    let mut out = shell.results();
    writeln!(out, "{}", outcome.marks.len())?;
    outcome.marks.iter().try_for_each(|mark| writeln!(out, "{mark}"))?;
    if let Some(trace) = &outcome.trace {
        trace.write_jsonl(&mut out)?;
    }
    Ok(out.flush()?)
}

/// The next line.
fn line<'t>(text: &mut &'t [u8]) -> Option<&'t str> {
    let end = text.iter().position(|byte| *byte == b'\n')?;
    let (line, rest) = text.split_at(end);
    *text = &rest[1..];
    std::str::from_utf8(line).ok()
}

fn number(text: &mut &[u8]) -> Option<usize> {
    line(text)?.parse().ok()
}

impl Drop for Other {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.folder));
    }
}

impl Running {
    /// Waits for the digests.
    pub(super) fn digests(mut self) -> Result<Vec<(Seed, Digest)>, Failure> {
        let child = self.0.take().expect("it is waited for once");
        let output = child.wait_with_output().map_err(failed)?;
        if !output.status.success() {
            return Err(broken(&String::from_utf8_lossy(&output.stderr)));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let read = |line: &str| {
            let (seed, digest) = line.split_once(' ')?;
            Some((seed.parse().ok()?, digest.parse().ok()?))
        };
        let digests: Option<Vec<_>> = text.lines().map(read).collect();
        digests.ok_or_else(|| broken("it printed no digests"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

fn failed(error: io::Error) -> Failure {
    Failure::Io { what: "can't start this program a second time".to_owned(), error, help: None }
}

/// The second process failed.
pub(super) fn broken(message: &str) -> Failure {
    let error = io::Error::other(message.trim().to_owned());
    Failure::Io { what: "the second process failed".to_owned(), error, help: None }
}
