//! `replay`: repeats a run, shows everything and compares the digest.

use std::io::Write as _;

use super::args::{Overrides, ReplayArgs};
use super::chosen::Chosen;
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::files::{Files, Format};
use super::run::{is_stdout, save, two_documents};
use super::run_report::RunReport;
use super::shell::{BAD, FAINT, Shell};
use super::verdicts;
use super::why::Why;
use crate::chance::Seed;
use crate::hunt::RunId;
use crate::path_text::path_of;
use crate::run::{AnySubject, Keep};
use crate::scenario::{self, Resolved};
use crate::trace::text::{self, Renderer};
use crate::trace::{Detail, Digest, Trace};

pub(super) fn replay(args: &ReplayArgs, seed_was_typed: bool, subjects: &[AnySubject], shell: &Shell) -> Outcome {
    let to_stdout = args.trace.as_deref().is_some_and(is_stdout);
    if to_stdout && shell.json {
        return Err(two_documents());
    }
    let which =
        RunSelector { run: &args.run, scenario: args.scenario.as_deref(), seed: args.seed, overrides: &args.overrides };
    let RunToRepeat { chosen, seed, id } = wanted(which, seed_was_typed, subjects)?;
    let mut files = Files::new(args.writing.force);
    files.reads(path_of(chosen.path().unwrap_or_default()));
    if let Some(file) = &args.trace {
        files.writes(file, Format::Trace)?;
    }
    let resolved = chosen.resolve(seed)?;
    let outcome = chosen.run(&resolved)?;
    let trace = outcome.trace.as_ref().expect("it was kept");
    let report = RunReport::new(&chosen, &resolved, &outcome, shell);
    let difference = id.as_ref().and_then(|id| difference(id, &chosen, &resolved, outcome.digest));
    if let Some(file) = &args.trace {
        save(trace, file, shell)?;
    }
    let why = if args.why { Why::of(&chosen, &resolved, &outcome) } else { None };
    let exit = match &difference {
        Some((exit, _)) => *exit,
        None => Exit::from(report.standing),
    };
    if shell.json {
        let mut document = serde_json::to_value(&report).expect("a report is plain data");
        document["same_digest"] = id.map(|_| difference.is_none()).into();
        document["difference"] = difference.map(|(_, why)| why).into();
        document["exit_code"] = exit.code().into();
        if args.why {
            document["why"] = serde_json::to_value(&why).expect("a reason is plain data");
        }
        shell.document(&document)?;
        return Ok(exit);
    }
    let difference = difference.map(|(_, why)| why);
    let explained = args.why.then_some(why.as_ref());
    let text = text(&report, difference.as_deref(), explained, exit, shell);
    if to_stdout {
        shell.say(text.trim_end());
    } else {
        if !shell.quiet && !args.why {
            show(trace, args.detail.into(), shell)?;
            shell.result("\n")?;
        }
        shell.result(&text)?;
    }
    Ok(exit)
}

/// The report: the verdict and the events that prove it, the explanation if it is wanted, and then the tables of the run,
/// which an explanation pushes behind `-v`.
fn text(
    report: &RunReport,
    difference: Option<&str>,
    explained: Option<Option<&Why>>,
    exit: Exit,
    shell: &Shell,
) -> String {
    let differs = |why| shell.fit(&format!("{BAD}differs{BAD:#}: {why}\n"));
    let mut text = difference.map(differs).unwrap_or_default();
    text.push_str(&report.finding(shell));
    match explained {
        Some(Some(why)) => text.push_str(&why.text(shell)),
        Some(None) => text.push_str("\nnothing is violated, so there is nothing to explain\n"),
        None => {}
    }
    match explained {
        _ if shell.quiet => {}
        Some(_) if !shell.verbose => text.push_str(&format!("\n{FAINT}-v also shows the tables of the run{FAINT:#}\n")),
        Some(_) | None => text.push_str(&format!("\n{}", report.tables(shell))),
    }
    if exit != Exit::Met {
        let blank = if shell.quiet { "" } else { "\n" };
        text.push_str(&format!("{blank}{}\n", report.replay));
    }
    text
}

/// Whether the run is named by a run id, which pins the seed.
pub(super) fn is_pinned(args: &ReplayArgs) -> bool {
    RunId::resembles(&args.run)
}

/// RunSelector run, according to the arguments: a run id, or a scenario and a seed.
#[derive(Clone, Copy, Debug)]
pub(super) struct RunSelector<'a> {
    pub(super) run: &'a str,
    pub(super) scenario: Option<&'a str>,
    pub(super) seed: Option<Seed>,
    pub(super) overrides: &'a Overrides,
}

/// The run to repeat.
pub(super) struct RunToRepeat {
    pub(super) chosen: Chosen,
    pub(super) seed: Seed,
    pub(super) id: Option<RunId>,
}

pub(super) fn wanted(
    which: RunSelector<'_>,
    seed_was_typed: bool,
    subjects: &[AnySubject],
) -> Result<RunToRepeat, Failure> {
    let RunSelector { run, scenario, seed, overrides } = which;
    if !RunId::resembles(run) {
        if scenario.is_some() {
            return Err(Failure::helped(
                format!("`{run}` is not a run id; --scenario gives the scenario file of a run id"),
                "name one scenario, with --seed",
            ));
        }
        let chosen = Chosen::load(run, overrides, subjects)?;
        let seed = seed.unwrap_or(chosen.file.seed());
        return Ok(RunToRepeat { chosen, seed, id: None });
    }
    let id: RunId = run.parse()?;
    if seed_was_typed || overrides.as_written || overrides.swarm || !overrides.flaw.is_empty() {
        let message = "a run id pins the seed and the flaws: remove --seed, --flaw, --as-written and --swarm";
        return Err(Failure::usage(message));
    }
    let overrides = Overrides { flaw: id.flaws.clone(), as_written: false, swarm: id.swarm };
    let built_in = scenario::built_in().any(|known| known.name == id.scenario);
    let name = match scenario {
        Some(file) => file,
        None if built_in => &id.scenario,
        None => {
            return Err(Failure::helped(
                format!("the scenario `{}` is not built in", id.scenario),
                "give its file: --scenario FILE",
            ));
        }
    };
    Ok(RunToRepeat { chosen: Chosen::load(name, &overrides, subjects)?, seed: id.seed, id: Some(id) })
}

/// Why the digest of a replay differs from that of its run id, if it does.
pub(super) fn difference(id: &RunId, chosen: &Chosen, resolved: &Resolved, digest: Digest) -> Option<(Exit, String)> {
    if digest == id.digest {
        return None;
    }
    let again = chosen.subject.run(resolved, Keep::Verdicts).digest;
    if again != digest {
        let why = format!("this build is not deterministic: the same run first gave {digest}, then {again}");
        return Some((Exit::NotDeterministic, why));
    }
    let file = chosen.file.short_digest();
    let why = if file == id.file {
        format!("the build changed: the run id has digest {}, but this build gives {digest}, twice", id.digest)
    } else {
        let name = chosen.path().unwrap_or(chosen.file.name());
        format!(
            "the scenario changed: the run id has file digest {}, but `{name}` has {file}; so the trace digest is \
             {digest} instead of {}",
            id.file, id.digest
        )
    };
    Some((Exit::Broken, why))
}

/// Prints a trace as text, with the lines that violations cite in colour; the resolved scenario at its head only with `-v`.
pub(super) fn show(trace: &Trace, detail: Detail, shell: &Shell) -> Result<(), Failure> {
    let mut out = shell.results();
    let cited = verdicts::witnesses(&trace.footer.judgements);
    let mut renderer = Renderer::new(&trace.header.lanes, detail);
    if shell.verbose {
        out.write_all(text::head(&trace.header).as_bytes())?;
    }
    for record in trace.records() {
        if out.closed() {
            break;
        }
        match renderer.line(&record) {
            Some(line) if cited.binary_search(&record.id).is_ok() => writeln!(out, "{BAD}{line}{BAD:#}")?,
            Some(line) => writeln!(out, "{line}")?,
            None => {}
        }
    }
    out.write_all(text::end(&trace.footer).as_bytes())?;
    Ok(out.flush()?)
}
