//! How many seeds it takes to catch a flaw: repeats the same search from many first seeds.

use std::fmt;

use crate::chance::Seed;
use crate::run::{AnySubject, Keep, RunVerdict};
use crate::scenario::{Problem, ScenarioFile};

/// How a search makes runs from seeds.
#[derive(Clone, Copy, Debug)]
pub struct SearchMode {
    /// Its name.
    pub name: &'static str,
    /// Whether each seed draws its own kinds of faults.
    pub swarm: bool,
}

/// All of them: the scenario's own faults, or a swarm in which each seed draws its own faults.
pub const SEARCH_MODES: [SearchMode; 2] =
    [SearchMode { name: "plain", swarm: false }, SearchMode { name: "swarm", swarm: true }];

/// How long a flaw is searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trials {
    /// The number of searches; their first seeds are far apart.
    pub count: u64,
    /// The maximum number of seeds of each search.
    pub most: u64,
}

/// How many seeds it took until a run violated every invariant that the scenario expects to be violated, including that run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caught {
    /// In half of the searches it took at most this many.
    pub median: SeedCount,
    /// In every search it took at most this many.
    pub worst: SeedCount,
}

/// A number of seeds, or more than were tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SeedCount {
    /// This many.
    Seeds(u64),
    /// More than this many.
    Beyond(u64),
}

impl fmt::Display for SeedCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seeds(count) => write!(f, "{count}"),
            Self::Beyond(most) => write!(f, "> {most}"),
        }
    }
}

/// Runs all searches, each until the violation occurs.
///
/// # Errors
/// If a seed draws only incompatible settings from the scenario's ranges.
///
/// # Panics
/// If the number of searches is 0.
pub fn catch(
    file: &ScenarioFile,
    subject: AnySubject,
    searching: SearchMode,
    trials: Trials,
) -> Result<Caught, Problem> {
    let file = file.clone().with_swarm(searching.swarm);
    let mut counts = Vec::new();
    for trial in 0..trials.count {
        counts.push(once(&file, subject, trial << 32, trials.most)?);
    }
    counts.sort_unstable();
    let worst = *counts.last().expect("there is at least one search");
    Ok(Caught { median: counts[(counts.len() - 1) / 2], worst })
}

fn once(file: &ScenarioFile, subject: AnySubject, first: u64, most: u64) -> Result<SeedCount, Problem> {
    for tried in 0..most {
        let resolved = file.resolve(Seed(first + tried))?;
        if subject.run(&resolved, Keep::Verdicts).verdict(&resolved) == RunVerdict::Met {
            return Ok(SeedCount::Seeds(tried + 1));
        }
    }
    Ok(SeedCount::Beyond(most))
}
