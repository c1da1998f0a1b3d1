//! The limits of a sweep: which seeds, which part of them, for how long, on how many threads.

use std::time::Duration;

use crate::cli::args::SweepArgs;
use crate::cli::environment;
use crate::cli::failure::Failure;
use crate::cli::shard;
use crate::cli::shell::Shell;
use crate::hunt::{SeedRange, Shard};

/// The limits for each scenario.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The seeds of the whole sweep.
    pub(super) seeds: SeedRange,
    /// The part of them to sweep here; all of them if there is none.
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
            return Err(Failure::Nothing(format!("nothing to do: {seeds} has no seeds")));
        }
        if let Some(shard) = shard {
            if args.seeds.is_none() && args.count.is_none() {
                return Err(Failure::helped(
                    "shards need a range of seeds, and --time alone gives none",
                    "add --count N or --seeds A..B",
                ));
            }
            let part = shard.part(seeds);
            if part.count == 0 {
                return Err(Failure::Nothing(format!("nothing to do: shard {shard} of {seeds} has no seeds")));
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
            Err(Failure::helped("--seeds and --count both choose the seeds", "A+N means N seeds, starting at A"))
        }
        (_, Some(count)) => Ok(SeedRange { first: 0, count }),
        (Some(seeds), None) => Ok(seeds),
        (None, None) if args.time.is_some() => Ok(SeedRange::from(0)),
        (None, None) => {
            Err(Failure::helped("the number of seeds is missing", "add --count N, --seeds A..B or --time 10m"))
        }
    }
}
