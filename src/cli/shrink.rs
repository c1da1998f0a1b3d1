//! `shrink`: a failing run made smaller, written as a scenario, a story and a picture.

use std::path::Path;
use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use super::args::ShrinkArgs;
use super::chosen::{Chosen, quoted};
use super::environment::{self, Stopwatch};
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::replay::{Wanted, Which, wanted};
use super::shell::{BAD, FAINT, GOOD, Shell};
use super::signals::Signals;
use super::store;
use super::table::{Grid, count};
use crate::hunt::{self, RunId, Shrink, ShrinkProgress, Shrunk, Unbroken};
use crate::report::{Naming, Papers};
use crate::run::AnySubject;

pub(super) fn shrink(args: &ShrinkArgs, seed_was_typed: bool, subjects: &[AnySubject], shell: &Shell) -> Outcome {
    let which = Which { run: &args.run, scenario: args.scenario.as_deref(), seed: args.seed, overlay: &args.overlay };
    let Wanted { chosen, seed, id } = wanted(which, seed_was_typed, subjects)?;
    // Said before the work is done, not after it.
    store::probe(&args.output)?;
    let resolved = chosen.resolve(seed)?;
    let threads = args.jobs.map_or_else(|| environment::cores().get(), usize::from);
    let (signals, watch) = (Signals::watch(), Stopwatch::start());
    let go_on = || signals.exit().is_none();
    let meter = Meter::new(chosen.file.name(), shell);
    let shrink = Shrink { resolved: &resolved, subject: chosen.subject, threads };
    let shrunk = shrink.run(&go_on, &|progress| meter.tell(progress));
    meter.end();
    let shrunk = shrunk.map_err(|unbroken| refusal(&unbroken, &chosen, id.as_ref(), &signals))?;
    let parts = hunt::parts(&shrunk.resolved);
    let needs = hunt::needs(chosen.subject, &shrunk.resolved, &shrunk.kind, parts, &go_on);
    let about = about(chosen.file.name(), &shrunk);
    let stem = args.output.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let naming = Naming { name: &named(&stem), about: &about, schema: "scenario.schema.json" };
    let papers = Papers::of(&shrunk, &needs, naming, &format!("{stem}.svg"));
    let files = [
        (args.output.clone(), &papers.scenario),
        (args.output.with_extension("md"), &papers.story),
        (args.output.with_extension("svg"), &papers.picture),
    ];
    for (file, text) in &files {
        store::write(file, |out| out.write_all(text.as_bytes()))?;
    }
    if !shell.quiet {
        let millis = watch.elapsed().as_millis();
        shell.say(&format!("{} runs in {}.{}s", count(shrunk.runs), millis / 1_000, millis % 1_000 / 100));
    }
    let exit = if shrunk.stopped { signals.exit().unwrap_or(Exit::Stopped) } else { Exit::Met };
    let run = format!("{} run {}", quoted(&shell.program), quoted(&args.output.display().to_string()));
    if shell.json {
        let files: Vec<_> = files.iter().map(|(file, _)| file.display().to_string()).collect();
        shell.document(&json!({
            "invariant": shrunk.kind.invariant, "sentence": shrunk.violation.sentence, "kind": shrunk.kind,
            "before": shrunk.before, "after": shrunk.after, "needs": needs, "files": files,
            "complete": !shrunk.stopped, "run": run, "exit_code": exit.code(),
        }))?;
    } else {
        shell.result(&text(&shrunk, &papers, &args.output, shell))?;
        shell.result(&format!("{run}\n"))?;
    }
    Ok(exit)
}

/// Whether a run id says which seed.
pub(super) fn is_pinned(args: &ShrinkArgs) -> bool {
    RunId::resembles(&args.run)
}

fn refusal(unbroken: &Unbroken, chosen: &Chosen, id: Option<&RunId>, signals: &Signals) -> Failure {
    let name = chosen.file.name();
    match unbroken {
        Unbroken::Holds => {
            let changed = id.is_some_and(|id| id.file != chosen.file.short_digest());
            let why = if changed { ": its scenario has changed since" } else { "" };
            Failure::Nothing(format!("the run of `{name}` violates nothing, so that there is nothing to shrink{why}"))
        }
        Unbroken::Elsewhere(kind) => Failure::Nothing(format!(
            "the run of `{name}` breaks {kind}; but not if that alone is expected: nothing to shrink"
        )),
        Unbroken::Stopped => {
            Failure::Early { exit: signals.exit().unwrap_or(Exit::Stopped), at: crate::time::Time::ZERO }
        }
    }
}

/// A file's name as a scenario's.
fn named(stem: &str) -> String {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    stem.chars().take(100).map(|letter| if fits(letter) { letter } else { '-' }).collect()
}

fn about(name: &str, shrunk: &Shrunk) -> String {
    format!("Shrunk from {name}: {}.", shrunk.violation.sentence)
}

fn text(shrunk: &Shrunk, papers: &Papers, file: &Path, shell: &Shell) -> String {
    let Shrunk { kind, violation, before, after, stopped, .. } = shrunk;
    let mut grid = Grid::new(&["", "#before", "#after"]);
    let rows = [
        ("nodes", before.nodes.into(), after.nodes.into()),
        ("operations", before.operations, after.operations),
        ("faults", before.faults, after.faults),
        ("messages", before.messages, after.messages),
        ("records", before.records, after.records),
    ];
    for (what, before, after) in rows {
        grid.plain(vec![what.to_owned(), count(before), count(after)]);
    }
    let story = if shell.quiet { String::new() } else { format!("\n{}", papers.scenario) };
    let stopped = if *stopped { "stopped early, with what it had: " } else { "" };
    format!(
        "{}{story}\n{GOOD}shrunk{GOOD:#}: {stopped}{} ({FAINT}with .md and .svg beside it{FAINT:#})\n{BAD}violated{BAD:#} {}: {}\n",
        grid.render(),
        file.display(),
        kind.invariant,
        violation.sentence
    )
}

/// What is shown while it shrinks.
struct Meter {
    bar: ProgressBar,
    /// The fewest records so far.
    least: Mutex<u64>,
}

impl Meter {
    fn new(name: &str, shell: &Shell) -> Self {
        let target = if shell.progress() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let style = ProgressStyle::with_template("{prefix} {spinner} {msg}").expect("a template of ours");
        let bar = ProgressBar::with_draw_target(None, target).with_style(style);
        bar.set_prefix(name.to_owned());
        Self { bar, least: Mutex::new(u64::MAX) }
    }

    fn tell(&self, progress: ShrinkProgress) {
        let ShrinkProgress { runs, size } = progress;
        let mut least = self.least.lock().expect("no thread panics with it");
        *least = size.records.min(*least);
        self.bar.set_message(format!(
            "{} runs: {} nodes, {} operations, {} faults, {} records",
            count(runs),
            size.nodes,
            size.operations,
            size.faults,
            count(*least)
        ));
        self.bar.tick();
    }

    fn end(&self) {
        self.bar.finish_and_clear();
    }
}
