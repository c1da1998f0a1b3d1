//! `check`: runs the checkers on a saved trace.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::args::CheckArgs;
use super::chosen::{profiles, quoted, subject_of};
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::file;
use super::history;
use super::run::is_stdout;
use super::shell::{BAD, FAINT, GOOD, STRONG, Shell};
use super::signals::Signals;
use super::suggest;
use super::table::counted;
use super::verdicts::{self, Judged};
use crate::check;
use crate::report::annotation::{Annotation, Level};
use crate::run::{self, AnySubject, RunVerdict, Shortfall};
use crate::scenario::{Resolved, ScenarioFile};
use crate::trace::{Header, Judgement, Source, Verdict};

pub(super) fn check(args: &CheckArgs, subjects: &[AnySubject], shell: &Shell) -> Outcome {
    match (&args.history, &args.trace) {
        (Some(file), _) => history::check(file, args, shell),
        (None, Some(trace)) => check_trace(trace, args, subjects, shell),
        (None, None) => Err(Failure::usage("name a trace, or a history with --history")),
    }
}

fn check_trace(trace: &Path, args: &CheckArgs, subjects: &[AnySubject], shell: &Shell) -> Outcome {
    let names = args.invariant.as_slice();
    let mut reader = file::open(trace)?;
    let header = reader.header().clone();
    let known = known(&header, subjects);
    knows(names, known.as_ref())?;
    let violates = violates(&header);
    let judged = match &known {
        Some((subject, resolved)) => subject.judge(resolved, &mut reader, names),
        None => run::judge_unknown(&mut reader, &unknown_names(trace, &header, names)?, &violates),
    };
    let run::Judged { mut outcome, footer, foreign_facts } = judged.map_err(|error| file::unreadable(trace, error))?;
    if let Some((subject, resolved)) = &known
        && names.is_empty()
    {
        let signals = Signals::watch();
        subject.find_idle_flaws(resolved, &mut outcome, &|| signals.exit().is_none());
        if let Some(exit) = signals.exit().filter(|_| outcome.interrupted) {
            return Err(Failure::Early { exit, at: outcome.end });
        }
    }
    warn(&header, known.is_some(), foreign_facts, shell);
    if !names.is_empty() {
        outcome.judgements.retain(|judged| names.contains(&judged.invariant));
    }
    let differences = differences(&footer.judgements, &outcome.judgements);
    let shortfalls = match &known {
        Some((_, resolved)) if names.is_empty() => outcome.shortfalls(resolved),
        Some(_) | None => shortfalls(&outcome.judgements, &violates),
    };
    let standing = shortfalls.iter().map(Shortfall::verdict).max().unwrap_or(RunVerdict::Met);
    let exit = if differences.is_empty() { Exit::from(standing) } else { Exit::Broken };
    let lines = file::lines_of(trace, &verdicts::witnesses(&outcome.judgements))?;
    let judged = verdicts::judged(&outcome.judgements, &violates, &lines);
    let report = Report { header: &header, judged, shortfalls, differences, standing, exit, trace, names };
    if shell.json {
        shell.document(&report.json())?;
        shell.annotate(args.annotate, &report.annotations(shell))?;
        return Ok(exit);
    }
    shell.result(&report.text(shell))?;
    shell.annotate(args.annotate, &report.annotations(shell))?;
    if exit != Exit::Met {
        shell.result(&format!("{}\n", report.again(shell)))?;
    }
    Ok(exit)
}

/// The subject of a trace and what its run was given, if this program knows them.
fn known(header: &Header, subjects: &[AnySubject]) -> Option<(AnySubject, Resolved)> {
    let text = header.resolved.to_string();
    let file = ScenarioFile::parse("the trace's head", &header.scenario, &text, &profiles(subjects)).ok()?;
    let resolved = file.resolve(header.seed).ok()?;
    Some((subject_of(&file, subjects), resolved))
}

/// Refuses names of unknown invariants.
fn knows(names: &[String], known: Option<&(AnySubject, Resolved)>) -> Result<(), Failure> {
    let own = known.into_iter().flat_map(|(subject, _)| subject.profile.invariants());
    let own = own.map(|(_, invariant)| invariant.name);
    let stated = known.into_iter().flat_map(|(_, resolved)| resolved.scenario.expect.own());
    let all: Vec<&str> = check::invariants().map(|invariant| invariant.name).chain(own).chain(stated).collect();
    match names.iter().find(|name| !all.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(Failure::helped(format!("there is no invariant `{name}`"), suggest::cure(name, &all))),
    }
}

/// The invariants that the scenario expects to be violated.
fn violates(header: &Header) -> Vec<String> {
    let violates = header.resolved.pointer("/expect/violates").and_then(Value::as_array);
    violates.into_iter().flatten().filter_map(|name| Some(name.as_str()?.to_owned())).collect()
}

/// The invariants to check if the subject is unknown: those that were asked for, or else those that were checked in the
/// run, according to the trace's footer. A trace from standard input can't be read twice, so the expectations in its
/// header are used instead.
fn unknown_names(trace: &Path, header: &Header, names: &[String]) -> Result<Vec<String>, Failure> {
    if !names.is_empty() {
        return Ok(names.to_vec());
    }
    if is_stdout(trace) {
        let holds = header.resolved.pointer("/expect/holds").and_then(Value::as_array);
        let holds = holds.into_iter().flatten().filter_map(|name| Some(name.as_str()?.to_owned()));
        return Ok(holds.chain(violates(header)).collect());
    }
    let mut reader = file::open(trace)?;
    let footer = reader.for_each(&mut |_| {}).map_err(|error| file::unreadable(trace, error))?;
    Ok(footer.judgements.iter().map(|judged| judged.invariant.clone()).collect())
}

fn warn(header: &Header, known: bool, foreign_facts: u64, shell: &Shell) {
    if !known {
        shell.note(&format!(
            "this program doesn't know the subject `{}`, or knows it with other settings: only built-in checkers ran",
            header.subject
        ));
    } else if foreign_facts > 0 {
        shell.note(&format!(
            "{} from another build: the subject's own checkers did not see them",
            counted(foreign_facts, "fact")
        ));
    }
}

/// Where the verdicts differ from those in the trace's footer.
fn differences(told: &[Judgement], found: &[Judgement]) -> Vec<String> {
    let told: BTreeMap<&str, &Verdict> =
        told.iter().map(|judged| (judged.invariant.as_str(), &judged.verdict)).collect();
    let differ = found.iter().filter_map(|judged| {
        let before = told.get(judged.invariant.as_str()).filter(|before| **before != &judged.verdict)?;
        Some(format!(
            "{}: the trace says {}, but its records say {}",
            judged.invariant,
            say(before),
            say(&judged.verdict)
        ))
    });
    differ.collect()
}

fn say(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Holds { exercised } => format!("`holds`, exercised {exercised} times"),
        Verdict::Violated(violation) => format!("`violated` ({})", violation.sentence),
        Verdict::Undecided { why } | Verdict::Vacuous { why } => format!("`{}` ({why})", verdict.word()),
    }
}

/// Which expectations are not met, if nothing else is known about the run.
fn shortfalls(judgements: &[Judgement], violates: &[String]) -> Vec<Shortfall> {
    let mut awaited = judgements.iter().filter(|judged| violates.contains(&judged.invariant)).peekable();
    if awaited.peek().is_some() {
        let holds = awaited.filter(|judged| judged.verdict.violation().is_none());
        return holds.map(|judged| Shortfall::StillHolds { invariant: judged.invariant.clone() }).collect();
    }
    let of = |judged: &Judgement| {
        let invariant = judged.invariant.clone();
        match judged.verdict.clone() {
            Verdict::Holds { .. } => None,
            Verdict::Violated(violation) => Some(Shortfall::Violated { invariant, violation }),
            Verdict::Undecided { why } => Some(Shortfall::Undecided { invariant, why }),
            Verdict::Vacuous { why } => Some(Shortfall::Vacuous { invariant, why }),
        }
    };
    judgements.iter().filter_map(of).collect()
}

/// A shortfall as an annotation: its title, and a sentence.
fn annotated(shortfall: &Shortfall) -> Annotation {
    let sentence = verdicts::sentence(shortfall);
    let (level, title) = match shortfall {
        Shortfall::Violated { invariant, violation } => {
            return Annotation::new(Level::Error, format!("{invariant} violated"), violation.sentence.clone());
        }
        Shortfall::StillHolds { .. } => (Level::Error, "expected violation is missing".to_owned()),
        Shortfall::Undecided { invariant, .. } => (Level::Warning, format!("{invariant} undecided")),
        Shortfall::Vacuous { invariant, .. } => (Level::Warning, format!("{invariant} vacuous")),
        Shortfall::Untouched { .. }
        | Shortfall::Unmet { .. }
        | Shortfall::IdleFlaw { .. }
        | Shortfall::Never { .. } => (Level::Warning, "unproven".to_owned()),
    };
    Annotation::new(level, title, sentence)
}

struct Report<'a> {
    header: &'a Header,
    judged: Vec<Judged>,
    shortfalls: Vec<Shortfall>,
    differences: Vec<String>,
    standing: RunVerdict,
    exit: Exit,
    trace: &'a Path,
    names: &'a [String],
}

impl Report<'_> {
    fn json(&self) -> Value {
        json!({
            "scenario": self.header.scenario,
            "subject": self.header.subject,
            "seed": self.header.seed,
            "standing": self.standing,
            "judgements": self.judged,
            "differences": self.differences,
            "exit_code": self.exit.code(),
        })
    }

    fn text(&self, shell: &Shell) -> String {
        let Header { scenario, seed, .. } = self.header;
        let mut text = String::new();
        if !shell.quiet {
            let trace = self.trace.display();
            text.push_str(&format!("{STRONG}{scenario}{STRONG:#} {FAINT}seed {seed}, from {trace}{FAINT:#}\n\n"));
            text.push_str(&verdicts::table(&self.judged, shell));
        }
        text.push_str(&verdicts::violations(&self.judged, shell));
        for difference in &self.differences {
            text.push_str(&shell.fit(&format!("\n{BAD}differs{BAD:#}: {difference}\n")));
        }
        let (word, style) = match self.standing {
            RunVerdict::Met => ("passed", GOOD),
            RunVerdict::Unproven => ("unproven", super::shell::DOUBT),
            RunVerdict::Broken => ("failed", BAD),
        };
        let same =
            if self.differences.is_empty() { "same verdicts as in the run" } else { "other verdicts than in the run" };
        let judged = counted(self.judged.len() as u64, "invariant");
        let why: String =
            self.shortfalls.iter().map(|shortfall| format!("; {}", verdicts::sentence(shortfall))).collect();
        text.push_str(&shell.fit(&format!("\n{style}{word}{style:#}: {judged} checked, {same}{why}\n")));
        text
    }

    /// The command that repeats the check.
    fn again(&self, shell: &Shell) -> String {
        let trace = quoted(&self.trace.display().to_string());
        let names = self.names.join(",");
        let names = if names.is_empty() { names } else { format!(" --invariant {names}") };
        format!("{} check {trace}{names}", quoted(&shell.program))
    }

    /// What is not as expected, for a CI service.
    fn annotations(&self, shell: &Shell) -> Vec<Annotation> {
        let differs = |why: &String| Annotation::new(Level::Error, "verdict differs", why.clone());
        let found = self.shortfalls.iter().map(annotated).chain(self.differences.iter().map(differs));
        let trace = self.trace.to_str();
        let again = self.again(shell);
        let placed = found.map(|found| {
            let message = format!("{}: {}. replay: {again}", self.header.scenario, found.message);
            Annotation { message, ..found }.at(trace, 1)
        });
        placed.collect()
    }
}
