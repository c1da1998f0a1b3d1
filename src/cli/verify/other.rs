//! The second process: the same program with another language, time zone and folder.

use std::fs;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::difference::Difference;
use crate::chance::Seed;
use crate::cli::args::Overlay;
use crate::cli::environment;
use crate::cli::failure::Failure;
use crate::cli::seeds::SeedRange;
use crate::trace::jsonl::Reader;
use crate::trace::{Digest, Trace};

/// How the second process is started. Its folder is new and empty, and removed at the end.
pub(super) struct Other {
    program: PathBuf,
    scenario: PathBuf,
    flaws: Vec<String>,
    folder: PathBuf,
}

/// A second process that is running; it is ended when nobody waits for it any more.
pub(super) struct Running(Option<Child>);

impl Other {
    pub(super) fn new(scenario: &str, overlay: &Overlay) -> Result<Self, Failure> {
        let program = environment::executable().map_err(failed)?;
        // A file must be found from another folder too; a built-in scenario is found by its name everywhere.
        let path = Path::new(scenario);
        let scenario = if path.exists() { fs::canonicalize(path).map_err(failed)? } else { path.to_owned() };
        let folder = environment::temporary().join(format!("stemmata-verify-{}", std::process::id()));
        fs::create_dir_all(&folder).map_err(failed)?;
        let mut flaws = Vec::new();
        if overlay.as_written {
            flaws.push("--as-written".to_owned());
        }
        flaws.extend(overlay.flaw.iter().map(|flaw| format!("--flaw={flaw}")));
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

    /// Records a seed's trace there too, and compares.
    pub(super) fn compare(
        &self,
        here: &Trace,
        seed: Seed,
        digests: [Digest; 2],
    ) -> Result<Option<Difference>, Failure> {
        let mut command = self.command("run");
        command.arg(format!("--seed={seed}")).args(["--trace=-", "--quiet"]);
        let output = command.output().map_err(failed)?;
        let mut lines = Vec::new();
        here.write_jsonl(&mut lines).map_err(failed)?;
        let wrong = |error: crate::trace::jsonl::ReadError| broken(&error.to_string());
        let here = Reader::open(BufReader::new(lines.as_slice())).map_err(wrong)?;
        let there = Reader::open(BufReader::new(output.stdout.as_slice()));
        let there = there.map_err(|_| broken(&String::from_utf8_lossy(&output.stderr)))?;
        Difference::find(here, there, seed, digests).map_err(wrong)
    }
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

/// The second process did not do what it should.
pub(super) fn broken(message: &str) -> Failure {
    let error = io::Error::other(message.trim().to_owned());
    Failure::Io { what: "the second process failed".to_owned(), error, help: None }
}
