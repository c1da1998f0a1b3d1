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
use super::suggest;
use super::table::counted;
use super::verdicts::{self, Judged};
use crate::check;
use crate::run::{self, AnySubject, RunVerdict};
use crate::scenario::{Resolved, ScenarioFile};
use crate::trace::{Header, Judgement, Source, Verdict};

pub(super) fn check(args: &CheckArgs, subjects: &[AnySubject], shell: &Shell) -> Outcome {
    match (&args.history, &args.trace) {
        (Some(file), _) => history::check(file, args, shell),
        (None, Some(trace)) => check_trace(trace, &args.invariant, subjects, shell),
        (None, None) => Err(Failure::usage("name a trace, or a history with --history")),
    }
}

fn check_trace(trace: &Path, names: &[String], subjects: &[AnySubject], shell: &Shell) -> Outcome {
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
    warn(&header, known.is_some(), foreign_facts, shell);
    if !names.is_empty() {
        outcome.judgements.retain(|judged| names.contains(&judged.invariant));
    }
    let differences = differences(&footer.judgements, &outcome.judgements);
    let standing = match &known {
        Some((_, resolved)) if names.is_empty() => outcome.verdict(resolved),
        Some(_) | None => standing(&outcome.judgements, &violates),
    };
    let exit = if differences.is_empty() { Exit::from(standing) } else { Exit::Broken };
    let lines = file::lines_of(trace, &verdicts::witnesses(&outcome.judgements))?;
    let judged = verdicts::judged(&outcome.judgements, &violates, &lines);
    let report = Report { header: &header, judged, differences, standing, exit, trace, names };
    if shell.json {
        shell.document(&report.json())?;
    } else {
        shell.result(&report.text(shell))?;
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
    let own =
        known.into_iter().flat_map(|(subject, _)| subject.profile.invariants()).map(|(_, invariant)| invariant.name);
    let all: Vec<&str> = check::invariants().map(|invariant| invariant.name).chain(own).collect();
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

/// Compares the verdicts with the expectations, if nothing else is known about the run.
fn standing(judgements: &[Judgement], violates: &[String]) -> RunVerdict {
    let fell = |judged: &&Judgement| judged.verdict.violation().is_some();
    let mut awaited = judgements.iter().filter(|judged| violates.contains(&judged.invariant)).peekable();
    if awaited.peek().is_some() {
        return if awaited.all(|judged| fell(&judged)) { RunVerdict::Met } else { RunVerdict::Broken };
    }
    let of = |judged: &Judgement| match judged.verdict {
        Verdict::Holds { .. } => RunVerdict::Met,
        Verdict::Violated(_) => RunVerdict::Broken,
        Verdict::Undecided { .. } | Verdict::Vacuous { .. } => RunVerdict::Unproven,
    };
    judgements.iter().map(of).max().unwrap_or(RunVerdict::Met)
}

struct Report<'a> {
    header: &'a Header,
    judged: Vec<Judged>,
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
        text.push_str(&format!("\n{style}{word}{style:#}: {judged} checked, {same}\n"));
        if self.exit != Exit::Met {
            let trace = quoted(&self.trace.display().to_string());
            let names = self.names.join(",");
            let names = if names.is_empty() { names } else { format!(" --invariant {names}") };
            text.push_str(&format!("{} check {trace}{names}\n", quoted(&shell.program)));
        }
        text
    }
}
