//! The file of a sweep's results: read to resume it, written periodically and at the end.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use crate::cli::environment::Stopwatch;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::cli::store;
use crate::hunt::{Header, Results, read_results, write_results};

/// The time between two checkpoints.
const OFTEN: Duration = Duration::from_secs(2);

/// Keeps results in a file, if there is one.
pub(super) struct ResultsFile {
    file: Option<PathBuf>,
    /// The results of the scenarios that are finished.
    ended: Vec<Results>,
    saved: Mutex<Last>,
}

/// When the results were last saved.
#[derive(Clone, Copy)]
enum Last {
    /// Only the end is written: there is no file, or it can't be written twice.
    Unwanted,
    /// Not yet.
    Never,
    At(Stopwatch),
}

impl ResultsFile {
    /// Keeps results in `file`, which must be writable.
    pub(super) fn new(file: Option<&Path>) -> Result<Self, Failure> {
        let mut saved = Last::Unwanted;
        if let Some(file) = file {
            // A special file takes one document only.
            let regular = fs::metadata(file).map_or(true, |known| known.is_file());
            if regular {
                saved = Last::Never;
            }
        }
        Ok(Self { file: file.map(Path::to_owned), ended: Vec::new(), saved: Mutex::new(saved) })
    }

    /// The results in the file, to resume from; nothing if there is no file yet.
    pub(super) fn before(&self) -> Result<Vec<Results>, Failure> {
        let file = self.file.as_deref().expect("`--resume` requires a file");
        match fs::metadata(file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Ok(known) if !known.is_file() => {
                Err(Failure::usage(format!("can't resume from `{}`: it is not a regular file", file.display())))
            }
            Ok(_) | Err(_) => read(file),
        }
    }

    /// Saves the results of an unfinished sweep, if the last checkpoint is old enough.
    pub(super) fn checkpoint(&self, results: impl FnOnce() -> Results, shell: &Shell) {
        let mut saved = self.saved.lock().expect("no thread panics with it");
        match *saved {
            Last::Unwanted => return,
            Last::At(time) if time.elapsed() < OFTEN => return,
            Last::Never | Last::At(_) => *saved = Last::At(Stopwatch::start()),
        }
        if let Err(failure) = self.write(Some(&results())) {
            shell.note(&format!("{}; the sweep continues", failure.message()));
        }
    }

    /// Adds the results of a finished scenario.
    pub(super) fn ended(&mut self, results: Results) -> Result<(), Failure> {
        self.ended.push(results);
        if self.is_rewritten() { self.write(None) } else { Ok(()) }
    }

    /// Writes the results if checkpoints could not.
    pub(super) fn close(self) -> Result<(), Failure> {
        if self.is_rewritten() { Ok(()) } else { self.write(None) }
    }

    fn is_rewritten(&self) -> bool {
        match *self.saved.lock().expect("no thread panics with it") {
            Last::Unwanted => false,
            Last::Never | Last::At(_) => true,
        }
    }

    fn write(&self, current: Option<&Results>) -> Result<(), Failure> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        store::write(file, |out| self.ended.iter().chain(current).try_for_each(|results| write_results(results, out)))
    }
}

/// The results in a file.
pub(in crate::cli) fn read(file: &Path) -> Result<Vec<Results>, Failure> {
    let name = file.display().to_string();
    let text = fs::read(file).map_err(|error| Failure::unreadable(&name, error))?;
    let text = String::from_utf8(text).map_err(|_| Failure::usage(format!("`{name}` is not text")))?;
    read_results(&text).map_err(|error| Failure::usage(format!("`{name}`: {error}")))
}

/// The earlier results of this sweep, if they are from the same sweep.
pub(super) fn resumed(before: Option<&Results>, header: &Header) -> Result<Option<Results>, Failure> {
    let Some(before) = before else {
        return Ok(None);
    };
    let shard = |header: &Header| header.shard.map_or("all".to_owned(), |shard| shard.to_string());
    let other = before.header.differs_from(header).or_else(|| {
        let (there, here) = (shard(&before.header), shard(header));
        (there != here).then(|| format!("the shard is `{there}` instead of `{here}`"))
    });
    match other {
        Some(difference) => Err(Failure::helped(
            format!("can't resume: the results are from another sweep: {difference}"),
            "name another file, or remove --resume",
        )),
        None => Ok(Some(before.clone())),
    }
}
