//! `sweep`: many seeds of several scenarios, one scenario after another.

mod account;
mod progress;
mod results;

use account::{Account, End};
use progress::Meter;

use super::args::SweepArgs;
use super::chosen::Chosen;
use super::environment::{self, Stopwatch};
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::seeds::SeedRange;
use super::shell::Shell;
use super::signals::Signals;
use super::store;
use super::table::{count, counted};
use crate::hunt::{Sweep, SweepTally};
use crate::run::AnySubject;
use std::time::Duration;

pub(super) fn sweep(args: &SweepArgs, seeds_were_typed: bool, subjects: &[AnySubject], shell: &Shell) -> Outcome {
    let limits = Limits::new(args, seeds_were_typed)?;
    let mut chosen = Vec::with_capacity(args.scenarios.len());
    for scenario in &args.scenarios {
        chosen.push(Chosen::load(scenario, &args.overlay, subjects)?);
    }
    if let Some(file) = &args.output {
        store::probe(file)?;
    }
    let signals = Signals::watch();
    let mut accounts = Vec::with_capacity(chosen.len());
    let mut exit = Exit::Met;
    for chosen in &chosen {
        let account = one(chosen, &limits, &signals, shell)?;
        exit = exit.or(account.exit());
        if !shell.json {
            shell.result(&account.text(shell))?;
        }
        accounts.push(account);
        if signals.exit().is_some() {
            break;
        }
    }
    if let Some(signal) = signals.exit() {
        exit = exit.or(signal);
        shell.note(&format!("stopped early: {} of {} begun", accounts.len(), counted(chosen.len() as u64, "scenario")));
    }
    if let Some(file) = &args.output {
        store::write(file, |out| accounts.iter().try_for_each(|account| results::write(account, out)))?;
    }
    let replay = accounts.iter().find_map(Account::replay);
    if shell.json {
        shell.document(&serde_json::json!({ "sweeps": accounts, "replay": replay, "exit_code": exit.code() }))?;
    } else if let Some(replay) = replay {
        shell.result(&format!("{replay}\n"))?;
    }
    Ok(exit)
}

/// How far each scenario is swept.
#[derive(Clone, Copy, Debug)]
struct Limits {
    seeds: SeedRange,
    time: Option<Duration>,
    threads: usize,
    max_failures: Option<u64>,
}

impl Limits {
    fn new(args: &SweepArgs, seeds_were_typed: bool) -> Result<Self, Failure> {
        let SweepArgs { seeds, count, time, jobs, max_failures, .. } = args;
        let seeds = match (seeds, count) {
            (Some(_), Some(_)) if seeds_were_typed => {
                return Err(Failure::helped("--seeds and --count both say which seeds", "A+N: N seeds from A on"));
            }
            (_, Some(count)) => SeedRange { first: 0, count: *count },
            (Some(seeds), None) => *seeds,
            (None, None) if time.is_some() => SeedRange::from(0),
            (None, None) => {
                return Err(Failure::helped("nothing says how many seeds", "--count N, --seeds A..B or --time 10m"));
            }
        };
        if seeds.count == 0 {
            return Err(Failure::Nothing(format!("no seed is in {seeds}: nothing to do")));
        }
        let threads = jobs.map_or_else(|| environment::cores().get(), usize::from);
        let time = time.map(|span| Duration::from_nanos(span.as_nanos()));
        Ok(Self { seeds, time, threads, max_failures: *max_failures })
    }
}

fn one(chosen: &Chosen, limits: &Limits, signals: &Signals, shell: &Shell) -> Result<Account, Failure> {
    let Limits { seeds, time, threads, max_failures } = *limits;
    let watch = Stopwatch::start();
    let meter = Meter::new(chosen, limits, watch, shell);
    let in_time = || time.is_none_or(|time| watch.elapsed() < time);
    let SeedRange { first, count } = seeds;
    let sweep = Sweep { file: &chosen.file, subject: chosen.subject, first, count, threads, max_failures };
    let tally = sweep.run(&in_time, &|| signals.exit().is_none(), &|progress, fresh| meter.tell(progress, fresh))?;
    meter.end();
    let took = watch.elapsed();
    let end = match signals.exit() {
        _ if tally.runs == count => End::Complete,
        Some(_) => End::Signal,
        None if in_time() => End::Failures,
        None => End::Time,
    };
    if !shell.quiet {
        shell.say(&pace(&tally, took, threads));
    }
    Ok(Account::new(chosen, first, tally, end, shell))
}

/// How fast it went; not part of the result, which is the same on every machine.
fn pace(tally: &SweepTally, took: Duration, threads: usize) -> String {
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = tally.runs.saturating_mul(1_000) / millis;
    let records = tally.records.saturating_mul(1_000) / millis;
    format!(
        "{} in {}.{}s on {}: {} runs/s, {} records/s",
        counted(tally.runs, "run"),
        millis / 1_000,
        millis % 1_000 / 100,
        counted(threads as u64, "thread"),
        count(rate),
        count(records)
    )
}
