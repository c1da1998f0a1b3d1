//! `explore`: every interleaving of a small scenario.

mod progress;
mod report;
mod verdict;

use progress::Meter;
use report::ExploreReport;
use verdict::Searched;

use super::args::ExploreArgs;
use super::chosen::Chosen;
use super::environment::{self, Stopwatch};
use super::failure::{Failure, Outcome};
use super::files::{Files, Format};
use super::replay;
use super::run::{is_stdout, save, two_documents};
use super::shell::Shell;
use super::signals::Signals;
use super::table::{count, counted};
use crate::hunt::explore::{End, Explored, Limits, Order, Watch, explore as search};
use crate::path_text::path_of;
use crate::run::AnySubject;
use crate::scenario::Resolved;
use crate::subject::Flaw;
use std::time::Duration;

pub(super) fn explore(args: &ExploreArgs, subjects: &[AnySubject], shell: &Shell) -> Outcome {
    let ExploreArgs { scenario, seed, overrides, detail, trace, writing, .. } = args;
    let to_stdout = trace.as_deref().is_some_and(is_stdout);
    if to_stdout && shell.json {
        return Err(two_documents());
    }
    if overrides.swarm {
        return Err(Failure::usage("an exploration draws no faults: remove --swarm"));
    }
    let chosen = Chosen::load(scenario, overrides, subjects)?;
    let mut files = Files::new(writing.force);
    files.reads(path_of(scenario));
    if let Some(file) = trace {
        files.writes(file, Format::Trace)?;
    }
    let resolved = chosen.resolve(seed.unwrap_or(chosen.file.seed()))?;
    let exploration = chosen
        .subject
        .explore(&resolved)
        .map_err(|refusal| Failure::helped(format!("`{scenario}` can't be explored: {refusal}"), refusal.cure()))?;
    let limits = limits(args);
    let signals = Signals::watch();
    let watch = Stopwatch::start();
    let meter = Meter::new(chosen.file.name(), &limits, watch, shell);
    let (go_on, tell) = (|| signals.exit().is_none(), |progress| meter.tell(progress));
    let explored = search(&*exploration.space, &limits, Watch { go_on: &go_on, tell: &tell });
    meter.end();
    if !shell.quiet {
        shell.remark(&pace(&explored, watch.elapsed(), limits.threads));
    }
    let outcome = explored.path.as_deref().map(|path| exploration.retrace(path));
    let idle = idle_flaws(&chosen, &resolved, &explored, &limits, &go_on);
    let searched = Searched {
        explored: &explored,
        limits: &limits,
        exploration: &exploration,
        idle: idle.as_deref(),
        signal: signals.exit(),
    };
    let report = ExploreReport::new(&chosen, &resolved, &searched, outcome.as_ref(), shell);
    let shown = outcome.as_ref().and_then(|outcome| outcome.trace.as_ref());
    if let (Some(file), Some(trace)) = (trace, shown) {
        save(trace, file, shell)?;
    }
    if shell.json {
        shell.document(&report)?;
    } else if to_stdout {
        shell.say(format!("{}{}", report.finding(shell), report.rest(shell)).trim_end());
    } else {
        shell.result(&report.finding(shell))?;
        if let Some(trace) = shown.filter(|_| !shell.quiet) {
            shell.result("\n")?;
            replay::show(trace, (*detail).into(), shell)?;
        }
        shell.result(&report.rest(shell))?;
    }
    Ok(report.exit)
}

/// The flaws that never acted in an exploration that found nothing: it is repeated without each of them, and has the same
/// states. `None` if a signal stops that.
fn idle_flaws(
    chosen: &Chosen,
    resolved: &Resolved,
    explored: &Explored,
    limits: &Limits,
    go_on: &(dyn Fn() -> bool + Sync),
) -> Option<Vec<&'static Flaw>> {
    let found_nothing = matches!(explored.end, End::Complete | End::Depth) && resolved.expected.violates.is_empty();
    let is_idle = |flaw: &&Flaw| {
        let Ok(without) = chosen.subject.explore(&resolved.without_flaw(flaw)) else { return false };
        let other = search(&*without.space, limits, Watch { go_on, tell: &|_| {} });
        (other.end, other.sum, other.generated) == (explored.end, explored.sum, explored.generated)
    };
    let mut idle = Vec::new();
    for flaw in resolved.flaws().filter(|_| found_nothing) {
        if is_idle(&flaw) {
            idle.push(flaw);
        }
        if !go_on() {
            return None;
        }
    }
    Some(idle)
}

fn limits(args: &ExploreArgs) -> Limits {
    let ExploreArgs { depth, states, dfs, jobs, .. } = args;
    let order = if *dfs { Order::Depth } else { Order::Breadth };
    let threads = match order {
        // More threads than cores only wait for each other.
        Order::Breadth => jobs.map_or(1, |jobs| usize::from(jobs).min(environment::cores().get())),
        Order::Depth => 1,
    };
    Limits { depth: *depth, states: *states, threads, order }
}

/// How fast it went; not part of the result, which is the same on every machine.
fn pace(explored: &Explored, took: Duration, threads: usize) -> String {
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = explored.generated.saturating_mul(1_000) / millis;
    format!(
        "{} in {}.{}s on {}: {} generated/s, {} bytes per visited state",
        counted(explored.states, "state"),
        millis / 1_000,
        millis % 1_000 / 100,
        counted(threads as u64, "thread"),
        count(rate),
        count(explored.bytes / explored.states.max(1))
    )
}
