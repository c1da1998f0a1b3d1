//! `shrink`: makes a failing run smaller, and writes it as a scenario, a story and a picture.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use super::args::ShrinkArgs;
use super::chosen::{Chosen, quoted};
use super::environment::{self, Stopwatch};
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::files::{Files, Format};
use super::heartbeat::{Beat, Heartbeat};
use super::replay::{self, RunSelector, RunToRepeat, wanted};
use super::run::is_stdout;
use super::shell::{BAD, FAINT, GOOD, Shell};
use super::signals::Signals;
use super::store;
use super::table::{Grid, count, counted};
use crate::hunt::{self, Need, RunId, Shrink, ShrinkProgress, Shrunk, Unbroken};
use crate::path_text::path_of;
use crate::report::{FileHeader, ShrunkFiles};
use crate::run::{AnySubject, Keep};
use crate::scenario;

pub(super) fn shrink(args: &ShrinkArgs, seed_was_typed: bool, subjects: &[AnySubject], shell: &Shell) -> Outcome {
    let which =
        RunSelector { run: &args.run, scenario: args.scenario.as_deref(), seed: args.seed, overrides: &args.overrides };
    let RunToRepeat { chosen, seed, id } = wanted(which, seed_was_typed, subjects)?;
    let outputs = Outputs::beside(&args.output)?;
    let mut files = Files::new(args.writing.force);
    files.reads(path_of(chosen.path().unwrap_or_default()));
    files.writes(&outputs.scenario, Format::Shrunk)?;
    files.writes(&outputs.story, Format::Story)?;
    files.writes(&outputs.picture, Format::Svg)?;
    let resolved = chosen.resolve(seed)?;
    let difference = id.as_ref().and_then(|id| {
        let digest = chosen.subject.run(&resolved, Keep::Verdicts).digest;
        replay::difference(id, &chosen, &resolved, digest)
    });
    match &difference {
        Some((Exit::NotDeterministic, why)) => return Err(Failure::NotDeterministic(why.clone())),
        Some((_, why)) => {
            let note = format!("{why}; what is shrunk is the run of now");
            shell.tell(&format!("{BAD}differs{BAD:#}: {note}"), || json!({ "note": note }));
        }
        None => {}
    }
    let (signals, watch) = (Signals::watch(), Stopwatch::start());
    let in_time = || args.time.is_none_or(|time| watch.elapsed().as_nanos() < time.as_nanos().into());
    let go_on = || signals.exit().is_none() && in_time();
    let meter = Meter::new(chosen.file.name(), shell);
    // More threads than cores only wait for each other.
    let cores = environment::cores().get();
    let threads = args.jobs.map_or(cores, |jobs| usize::from(jobs).min(cores));
    let shrunk = Shrink { resolved: &resolved, subject: chosen.subject, threads };
    let shrunk = shrunk.run(&go_on, &|progress| meter.tell(progress));
    meter.end();
    let shrunk = shrunk.map_err(|unbroken| refusal(&unbroken, &chosen, id.as_ref(), &signals))?;
    let parts = hunt::parts(&shrunk.resolved);
    let needs = hunt::needs(chosen.subject, &shrunk.resolved, &shrunk.kind, parts, &go_on);
    let files_of_run = outputs.write(chosen.file.name(), &shrunk, &needs)?;
    if !shell.quiet {
        let millis = watch.elapsed().as_millis();
        shell.remark(&format!("{} runs in {}.{}s", count(shrunk.runs), millis / 1_000, millis % 1_000 / 100));
    }
    // Used-up time is a normal end.
    let exit = signals.exit().filter(|_| shrunk.stopped).unwrap_or(Exit::Met);
    let run = format!("{} run {}", quoted(&shell.program), quoted(&args.output.display().to_string()));
    if shell.json {
        let Outputs { scenario, story, picture } = &outputs;
        shell.document(&json!({
            "invariant": shrunk.kind.invariant, "sentence": shrunk.violation.sentence, "kind": shrunk.kind,
            "before": shrunk.before, "after": shrunk.after, "needs": needs,
            "files": { "scenario": scenario, "story": story, "picture": picture },
            "same_digest": id.map(|_| difference.is_none()), "difference": difference.map(|(_, why)| why),
            "complete": !shrunk.stopped, "run": run, "exit_code": exit.code(),
        }))?;
    } else {
        shell.result(&format!("{}{run}\n", text(&shrunk, &files_of_run, &args.output, shell)))?;
    }
    Ok(exit)
}

/// The output files.
struct Outputs {
    scenario: PathBuf,
    story: PathBuf,
    picture: PathBuf,
}

impl Outputs {
    /// The story and the picture are next to the scenario.
    fn beside(scenario: &Path) -> Result<Self, Failure> {
        let files = Self {
            scenario: scenario.to_owned(),
            story: scenario.with_extension("md"),
            picture: scenario.with_extension("svg"),
        };
        if is_stdout(scenario) || files.story == scenario || files.picture == scenario {
            let message = format!(
                "the output can't be `{}`, because a story (.md) and a picture (.svg) are written next to it",
                scenario.display()
            );
            return Err(Failure::helped(message, "name a file such as small.json"));
        }
        Ok(files)
    }

    fn write(&self, whole: &str, shrunk: &Shrunk, needs: &[Need]) -> Result<ShrunkFiles, Failure> {
        let stem = self.scenario.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let about = format!("Shrunk from {whole}: {}.", shrunk.violation.sentence);
        let naming = FileHeader { name: &scenario::named_after(&stem), about: &about, schema: "scenario.schema.json" };
        let files_of_run = ShrunkFiles::of(shrunk, needs, naming, &format!("{stem}.svg"));
        let texts = [
            (&self.scenario, &files_of_run.scenario),
            (&self.story, &files_of_run.story),
            (&self.picture, &files_of_run.picture),
        ];
        for (file, text) in texts {
            store::write(file, |out| out.write_all(text.as_bytes()))?;
        }
        Ok(files_of_run)
    }
}

/// Whether the run is named by a run id, which pins the seed.
pub(super) fn is_pinned(args: &ShrinkArgs) -> bool {
    RunId::resembles(&args.run)
}

fn refusal(unbroken: &Unbroken, chosen: &Chosen, id: Option<&RunId>, signals: &Signals) -> Failure {
    let name = chosen.file.name();
    match unbroken {
        Unbroken::Holds => {
            let changed = id.is_some_and(|id| id.file != chosen.file.short_digest());
            let why = if changed { "; its scenario has changed since" } else { "" };
            Failure::Nothing(format!("nothing to shrink: the run of `{name}` violates nothing{why}"))
        }
        Unbroken::Elsewhere(kind) => Failure::Nothing(format!(
            "nothing to shrink: the run of `{name}` breaks {kind}, but not if no other violation is expected"
        )),
        Unbroken::Stopped => {
            Failure::Early { exit: signals.exit().unwrap_or(Exit::Stopped), at: crate::time::Time::ZERO }
        }
    }
}

fn text(shrunk: &Shrunk, files_of_run: &ShrunkFiles, file: &Path, shell: &Shell) -> String {
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
    let story = if shell.quiet { String::new() } else { format!("\n{}", files_of_run.scenario) };
    let stopped = if *stopped { "stopped early; the smallest run so far: " } else { "" };
    let end = format!(
        "\n{GOOD}shrunk{GOOD:#}: {stopped}{} ({FAINT}with .md and .svg next to it{FAINT:#})\n{BAD}violated{BAD:#} {}: {}\n",
        file.display(),
        kind.invariant,
        violation.sentence
    );
    format!("{}{story}{}", grid.render(shell.width), shell.fit(&end))
}

/// The progress display.
struct Meter {
    bar: ProgressBar,
    /// The fewest records so far.
    least: Mutex<u64>,
    heartbeat: Heartbeat,
    name: String,
}

impl Meter {
    fn new(name: &str, shell: &Shell) -> Self {
        let target = if shell.progress() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let style = ProgressStyle::with_template("{prefix} {spinner} {msg}").expect("a template of ours");
        let bar = ProgressBar::with_draw_target(None, target).with_style(style);
        bar.set_prefix(name.to_owned());
        Self { bar, least: Mutex::new(u64::MAX), heartbeat: Heartbeat::new(shell), name: name.to_owned() }
    }

    fn tell(&self, progress: ShrinkProgress) {
        let ShrinkProgress { runs, size } = progress;
        let mut least = self.least.lock().expect("no thread panics with it");
        *least = size.records.min(*least);
        self.heartbeat.beat(&self.name, || Beat {
            text: format!("{}, at best {}", counted(runs, "run"), counted(*least, "record")),
            counts: json!({ "runs": runs, "records": *least }),
        });
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
