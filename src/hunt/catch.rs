//! How many seeds it takes until a defect shows: the same search from many first seeds.

use std::fmt;

use crate::chance::Seed;
use crate::run::{AnySubject, Keep, Standing};
use crate::scenario::{Problem, ScenarioFile};

/// A way of making runs from seeds.
#[derive(Clone, Copy, Debug)]
pub struct Searching {
    /// Its name.
    pub name: &'static str,
    /// Whether each seed draws its own kinds of faults.
    pub swarm: bool,
}

/// The ways that there are: the scenario's own faults, or those that each seed of a swarm draws for itself.
pub const SEARCHING: [Searching; 2] =
    [Searching { name: "plain", swarm: false }, Searching { name: "swarm", swarm: true }];

/// How long a search goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trials {
    /// How many times it begins, each time far away from the others.
    pub count: u64,
    /// How many seeds it tries each time at most.
    pub most: u64,
}

/// How many seeds it took until every violation had shown that a scenario expects, the one that shows it counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caught {
    /// In half of the trials it took no more.
    pub median: Count,
    /// In no trial did it take more.
    pub worst: Count,
}

/// So many seeds, or more than were tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Count {
    /// So many.
    Seeds(u64),
    /// More than these.
    Beyond(u64),
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seeds(count) => write!(f, "{count}"),
            Self::Beyond(most) => write!(f, "> {most}"),
        }
    }
}

/// Searches until the violation shows, in each of the trials.
///
/// # Errors
/// If no draw of a seed from the scenario's ranges can work.
///
/// # Panics
/// If there are no trials.
pub fn catch(
    file: &ScenarioFile,
    subject: AnySubject,
    searching: Searching,
    trials: Trials,
) -> Result<Caught, Problem> {
    let file = file.clone().with_swarm(searching.swarm);
    let mut counts = Vec::new();
    for trial in 0..trials.count {
        counts.push(once(&file, subject, trial << 32, trials.most)?);
    }
    counts.sort_unstable();
    let worst = *counts.last().expect("a search is tried once at least");
    Ok(Caught { median: counts[(counts.len() - 1) / 2], worst })
}

fn once(file: &ScenarioFile, subject: AnySubject, first: u64, most: u64) -> Result<Count, Problem> {
    for tried in 0..most {
        let resolved = file.resolve(Seed(first + tried))?;
        if subject.run(&resolved, Keep::Verdicts).standing(&resolved) == Standing::Met {
            return Ok(Count::Seeds(tried + 1));
        }
    }
    Ok(Count::Beyond(most))
}
