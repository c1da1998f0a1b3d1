//! `sweep`: many seeds of several scenarios, one scenario after another.

mod annotations;
mod junit;
mod limits;
mod progress;
mod report;
mod results_file;
mod saved;

use std::time::Duration;

use annotations::annotations;
use limits::Limits;
use progress::Meter;
pub(super) use report::SweepReport;
pub(super) use results_file::read;
use results_file::{ResultsFile, resumed};
pub(super) use saved::Saved;

use super::args::SweepArgs;
use super::chosen::Chosen;
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::files::{Files, Format};
use super::shell::Shell;
use super::signals::Signals;
use super::table::{count, counted};
use crate::hunt::{End, Header, Results, Sweep, SweepTally};
use crate::path_text::path_of;
use crate::run::AnySubject;

pub(super) fn sweep(args: &SweepArgs, seeds_were_typed: bool, subjects: &[AnySubject], shell: &Shell) -> Outcome {
    let limits = Limits::new(args, seeds_were_typed, shell)?;
    let mut chosen = Vec::with_capacity(args.scenarios.len());
    for scenario in &args.scenarios {
        let scenario = Chosen::load(scenario, &args.overrides, subjects)?;
        if let Ok(resolved) = scenario.resolve(scenario.file.seed()) {
            scenario.note_what_is_missed(&resolved, shell);
        }
        chosen.push(scenario);
    }
    let mut files = Files::new(args.writing.force);
    args.scenarios.iter().for_each(|scenario| files.reads(path_of(scenario)));
    for chosen in &chosen {
        if args.save && chosen.path() == Some("-") {
            let message = "--save names its file after the scenario's, and standard input has no name";
            return Err(Failure::helped(message, "save the scenario in a file, and name that"));
        }
        files.reads(saved::file(chosen));
    }
    if let Some(file) = &args.output {
        files.writes(file, Format::Results)?;
    }
    if let Some(file) = &args.junit {
        files.writes(file, Format::Junit)?;
    }
    let mut results_file = ResultsFile::new(args.output.as_deref())?;
    let before = if args.resume { results_file.before()? } else { Vec::new() };
    let signals = Signals::watch();
    let mut reports = Vec::with_capacity(chosen.len());
    for (place, chosen) in chosen.iter().enumerate() {
        let header = Header::new(&chosen.file, chosen.path(), limits.seeds, limits.shard);
        let before = resumed(before.get(place), &header)?;
        let report = one((chosen, header), before, &limits, &signals, &results_file, shell)?;
        results_file.ended(report.results.clone())?;
        if args.save {
            save(chosen, &report.results, shell)?;
        }
        if !shell.json {
            shell.result(&report.text(shell))?;
        }
        reports.push(report);
        if signals.exit().is_some() {
            break;
        }
    }
    results_file.close()?;
    if let Some(file) = &args.junit {
        let waiting: Vec<&str> = chosen[reports.len()..].iter().map(|chosen| chosen.file.name()).collect();
        junit::write(file, &reports, &waiting, shell)?;
    }
    let mut exit = reports.iter().map(SweepReport::exit).fold(Exit::Met, Exit::or);
    if let Some(signal) = signals.exit() {
        exit = exit.or(signal);
        shell.note(&format!(
            "stopped early: started {} of {}",
            reports.len(),
            counted(chosen.len() as u64, "scenario")
        ));
    }
    let found: Vec<_> = reports.iter().flat_map(|report| annotations(report, shell)).collect();
    shell.annotate(args.annotate, &found)?;
    conclude(&reports, exit, shell)
}

/// Prints the results as a document, or the command that reproduces a failure.
pub(super) fn conclude(reports: &[SweepReport], exit: Exit, shell: &Shell) -> Outcome {
    let culprit = reports.iter().find_map(SweepReport::culprit);
    if shell.json {
        let replay = culprit.map(|culprit| culprit.replay(shell));
        let sweeps: Vec<_> = reports.iter().map(SweepReport::json).collect();
        shell.document(&serde_json::json!({ "sweeps": sweeps, "replay": replay, "exit_code": exit.code() }))?;
    } else if let Some(culprit) = culprit {
        let hints = if shell.quiet { String::new() } else { culprit.hints(shell) };
        shell.result(&format!("{hints}{}\n", culprit.replay(shell)))?;
    }
    Ok(exit)
}

fn one(
    (chosen, header): (&Chosen, Header),
    before: Option<Results>,
    limits: &Limits,
    signals: &Signals,
    results_file: &ResultsFile,
    shell: &Shell,
) -> Result<SweepReport, Failure> {
    let first = limits.shard.is_none_or(|shard| shard.is_first());
    let saved = if first { saved::replay(chosen, signals)? } else { Saved::default() };
    let done = before.map(|results| results.tally).unwrap_or_default();
    let already = (done.runs, done.records);
    let meter = Meter::new((chosen, &header), done.runs, limits, signals, results_file, shell);
    let seeds = header.part();
    let Limits { max_failures, .. } = *limits;
    let threads = limits.threads.min(usize::try_from(seeds.count).unwrap_or(usize::MAX));
    let tally =
        Sweep { file: &chosen.file, subject: chosen.subject, seeds, done, threads, max_failures }.run(&meter)?;
    meter.end();
    let end = match signals.exit() {
        _ if tally.runs == seeds.count => End::Complete,
        Some(_) => End::Signal,
        None if meter.in_time() => End::Failures,
        None => End::Time,
    };
    if !shell.quiet {
        if already.0 > 0 {
            shell.remark(&format!("{} from the earlier results", counted(already.0, "run")));
        }
        shell.remark(&pace(&tally, already, meter.elapsed(), threads));
    }
    let took = meter.elapsed();
    Ok(SweepReport { took, ..SweepReport::new(Results { header: header.clone(), tally, end }, saved) })
}

fn save(chosen: &Chosen, results: &Results, shell: &Shell) -> Result<(), Failure> {
    let file = saved::file(chosen);
    let fresh = saved::save(results, &file)?;
    if fresh > 0 {
        shell.note(&format!("{} saved in {}", counted(fresh as u64, "failing run"), file.display()));
    }
    Ok(())
}

/// How fast it went; not part of the result, which is the same on every machine.
fn pace(tally: &SweepTally, already: (u64, u64), took: Duration, threads: usize) -> String {
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
    let (runs, records) = (tally.runs - already.0, tally.records - already.1);
    format!(
        "{} in {}.{}s on {}: {} runs/s, {} records/s",
        counted(runs, "run"),
        millis / 1_000,
        millis % 1_000 / 100,
        counted(threads as u64, "thread"),
        count(runs.saturating_mul(1_000) / millis),
        count(records.saturating_mul(1_000) / millis)
    )
}
