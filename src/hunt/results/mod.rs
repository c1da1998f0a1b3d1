//! The results of a sweep of one scenario, in a file: JSON Lines with a header, the failures by kind and a footer.
//!
//! A file has one such section for each scenario. A truncated or changed file is an error.

mod reader;
mod writer;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use reader::read;
pub use writer::write;

use super::tally::SweepTally;
use super::{RunId, SeedRange, Shard};
use crate::chance::Seed;
use crate::scenario::ScenarioFile;
use crate::trace::Digest;

/// The version of the format, and of the meaning of its numbers.
const VERSION: u64 = 3;
/// The oldest version that is still read: from it on, words are only added.
const OLDEST: u64 = 3;

/// The results of a sweep of one scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Results {
    /// What was swept.
    pub header: Header,
    /// The sum over its first seeds.
    pub tally: SweepTally,
    /// Why it ended.
    pub end: End,
}

/// What was swept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The version of the program.
    pub build: String,
    /// The scenario's name.
    pub scenario: String,
    /// The digest of the scenario's file.
    pub file: Digest,
    /// The path of the scenario, if it is not built in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The subject.
    pub subject: String,
    /// The flaws that were switched on on the command line, or `none`.
    pub flaws: Vec<String>,
    /// Whether each seed drew its own kinds of faults.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub swarm: bool,
    /// The invariants that the scenario expects to be violated.
    pub violates: Vec<String>,
    /// The seeds of the whole sweep.
    pub seeds: SeedRange,
    /// Which part of them was swept; all of them if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
}

/// Why a sweep ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// Every seed was run.
    Complete,
    /// The time was used up.
    Time,
    /// The limit on failures was reached.
    Failures,
    /// A signal arrived.
    Signal,
    /// It did not end: this is its state at the last checkpoint.
    Unfinished,
}

impl Header {
    /// The header of a sweep of `file`, which is at `path` if it is not built in.
    #[must_use]
    pub fn new(file: &ScenarioFile, path: Option<&str>, seeds: SeedRange, shard: Option<Shard>) -> Self {
        Self {
            build: env!("CARGO_PKG_VERSION").to_owned(),
            scenario: file.name().to_owned(),
            file: Digest(file.digest()),
            path: path.map(str::to_owned),
            subject: file.subject().name.to_owned(),
            flaws: file.switched().to_vec(),
            swarm: file.is_swarm(),
            violates: file.scenario().expect.violates.clone(),
            seeds,
            shard,
        }
    }

    /// The seeds of this part.
    #[must_use]
    pub fn part(&self) -> SeedRange {
        self.shard.map_or(self.seeds, |shard| shard.part(self.seeds))
    }

    /// The id of a run of this sweep.
    #[must_use]
    pub fn run_id(&self, seed: Seed, digest: Digest) -> RunId {
        let Digest(file) = self.file;
        RunId {
            scenario: self.scenario.clone(),
            file: format!("{:08x}", file >> 32),
            seed,
            flaws: self.flaws.clone(),
            swarm: self.swarm,
            digest,
        }
    }

    /// The first difference from another sweep, in words; shards are ignored.
    #[must_use]
    pub fn differs_from(&self, other: &Self) -> Option<String> {
        let list = |names: &[String]| if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
        let pairs = [
            ("the version of the program", self.build.clone(), other.build.clone()),
            ("the scenario", self.scenario.clone(), other.scenario.clone()),
            ("the digest of the scenario's file", self.file.to_string(), other.file.to_string()),
            ("the subject", self.subject.clone(), other.subject.clone()),
            ("the set of flaws", list(&self.flaws), list(&other.flaws)),
            ("--swarm", self.swarm.to_string(), other.swarm.to_string()),
            ("the set of expected violations", list(&self.violates), list(&other.violates)),
            ("the range of all seeds", self.seeds.to_string(), other.seeds.to_string()),
        ];
        let difference = pairs.into_iter().find(|(_, mine, others)| mine != others);
        difference.map(|(what, mine, others)| format!("{what} is `{mine}` instead of `{others}`"))
    }
}

impl Results {
    /// The seeds that were run.
    #[must_use]
    pub fn done(&self) -> SeedRange {
        SeedRange { first: self.header.part().first, count: self.tally.runs }
    }

    /// Whether every seed of its part was run.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.tally.runs == self.header.part().count
    }

    /// How many new behaviours the last tenth of the seeds showed.
    #[must_use]
    pub fn fresh_behaviours(&self) -> u64 {
        let SeedRange { first, count } = self.done();
        self.tally.behaviours.since(Seed(first.saturating_add(count - count / 10)))
    }
}

/// Why a file can't be read as results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResultsError {
    /// It is a file of another kind.
    Foreign,
    /// It has another version.
    Version(u64),
    /// It is truncated.
    Cut,
    /// It was changed after it was written.
    Changed,
    /// A line, counted from 1, is invalid.
    Line(usize, String),
}

impl fmt::Display for ResultsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => f.write_str("these are not the results of a sweep"),
            Self::Version(version) => {
                write!(f, "results of version {version}, but this build reads {VERSION}: use the build that wrote them")
            }
            Self::Cut => f.write_str("the results are truncated"),
            Self::Changed => f.write_str("the results were changed after they were written"),
            Self::Line(line, why) => write!(f, "line {line} is invalid: {why}"),
        }
    }
}

impl std::error::Error for ResultsError {}
