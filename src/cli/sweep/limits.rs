//! How far a sweep goes: which seeds, which part of them, for how long, on how many threads.

use std::time::Duration;

use crate::cli::args::SweepArgs;
use crate::cli::environment;
use crate::cli::failure::Failure;
use crate::cli::shard;
use crate::cli::shell::Shell;
use crate::hunt::{SeedRange, Shard};

/// How far each scenario is swept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The seeds of the whole sweep.
    pub(super) seeds: SeedRange,
    /// The part of them that is swept here; all if there is none.
    pub(super) shard: Option<Shard>,
    pub(super) time: Option<Duration>,
    pub(super) threads: usize,
    pub(super) max_failures: Option<u64>,
}

impl Limits {
    pub(super) fn new(args: &SweepArgs, seeds_were_typed: bool, shell: &Shell) -> Result<Self, Failure> {
        let SweepArgs { time, jobs, max_failures, .. } = args;
        let seeds = seeds(args, seeds_were_typed)?;
        let shard = args.shard.map(|wanted| shard::of(wanted, &environment::variable)).transpose()?;
        if seeds.count == 0 {
            return Err(Failure::Nothing(format!("no seed is in {seeds}: nothing to do")));
        }
        if let Some(shard) = shard {
            if args.seeds.is_none() && args.count.is_none() {
                return Err(Failure::helped(
                    "shards of what? --time alone names no seeds",
                    "--count N or --seeds A..B",
                ));
            }
            let part = shard.part(seeds);
            if part.count == 0 {
                return Err(Failure::Nothing(format!("no seed of {seeds} is in shard {shard}: nothing to do")));
            }
            shell.note(&format!("shard {shard}: seeds {part} of {seeds}"));
        }
        let threads = jobs.map_or_else(|| environment::cores().get(), usize::from);
        let time = time.map(|span| Duration::from_nanos(span.as_nanos()));
        Ok(Self { seeds, shard, time, threads, max_failures: *max_failures })
    }
}

fn seeds(args: &SweepArgs, seeds_were_typed: bool) -> Result<SeedRange, Failure> {
    match (args.seeds, args.count) {
        (Some(_), Some(_)) if seeds_were_typed => {
            Err(Failure::helped("--seeds and --count both say which seeds", "A+N: N seeds from A on"))
        }
        (_, Some(count)) => Ok(SeedRange { first: 0, count }),
        (Some(seeds), None) => Ok(seeds),
        (None, None) if args.time.is_some() => Ok(SeedRange::from(0)),
        (None, None) => Err(Failure::helped("nothing says how many seeds", "--count N, --seeds A..B or --time 10m")),
    }
}
