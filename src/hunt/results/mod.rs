//! What a sweep of one scenario came to, as a file keeps it: JSON Lines, a header, the failures by kind, a footer.
//!
//! A file holds one such section for each scenario. What was cut off or changed does not read back.

mod error;
mod reader;
mod writer;

use serde::{Deserialize, Serialize};

pub use error::ResultsError;
pub use reader::read;
pub use writer::write;

use super::tally::SweepTally;
use super::{RunId, SeedRange, Shard};
use crate::chance::Seed;
use crate::scenario::ScenarioFile;
use crate::trace::Digest;

/// The version of the form, and of what its numbers mean.
const VERSION: u64 = 2;

/// What a sweep of one scenario came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Results {
    /// What was swept.
    pub header: Header,
    /// What its first seeds came to.
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
    /// Where the scenario was, if it is not built in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What ran.
    pub subject: String,
    /// The flaws that were switched on from outside, or `none`.
    pub flaws: Vec<String>,
    /// Whether each seed drew which kinds of faults there were.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub swarm: bool,
    /// The invariants that the scenario expects to fall.
    pub violates: Vec<String>,
    /// The seeds of the whole sweep.
    pub seeds: SeedRange,
    /// Which part of them was swept; all if there is none.
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
    /// There were enough failures.
    Failures,
    /// A signal came.
    Signal,
    /// It did not: this is how far it had come when it was last saved.
    Unfinished,
}

impl Header {
    /// The header of a sweep of `file`, which was found at `path` if it is not built in.
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

    /// The name of a run of this sweep.
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

    /// In what it differs from another sweep, whatever the part: the first difference, in words.
    #[must_use]
    pub fn differs_from(&self, other: &Self) -> Option<String> {
        let list = |names: &[String]| if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
        let pairs = [
            ("the program's version", self.build.clone(), other.build.clone()),
            ("the scenario", self.scenario.clone(), other.scenario.clone()),
            ("the digest of the scenario's file", self.file.to_string(), other.file.to_string()),
            ("the subject", self.subject.clone(), other.subject.clone()),
            ("the flaws switched from outside", list(&self.flaws), list(&other.flaws)),
            ("whether it is a swarm", self.swarm.to_string(), other.swarm.to_string()),
            ("what the scenario expects to fall", list(&self.violates), list(&other.violates)),
            ("the seeds of the whole sweep", self.seeds.to_string(), other.seeds.to_string()),
        ];
        let difference = pairs.into_iter().find(|(_, mine, others)| mine != others);
        difference.map(|(what, mine, others)| format!("{what}: `{mine}` in place of `{others}`"))
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

    /// How many behaviours the last tenth of the seeds still showed first.
    #[must_use]
    pub fn fresh_behaviours(&self) -> u64 {
        let SeedRange { first, count } = self.done();
        self.tally.behaviours.since(Seed(first.saturating_add(count - count / 10)))
    }
}
