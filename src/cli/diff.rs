//! `diff`: the first event in which two saved traces differ.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::args::DiffArgs;
use super::chosen::quoted;
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::file;
use super::run::is_stdout;
use super::shell::{BAD, DOUBT, FAINT, GOOD, STRONG, Shell};
use super::table::counted;
use super::verdicts::Cited;
use crate::identity::EventId;
use crate::trace::{self, Difference, Footer, Header, Verdict};

pub(super) fn diff(args: &DiffArgs, shell: &Shell) -> Outcome {
    let DiffArgs { one, other } = args;
    if is_stdout(one) && is_stdout(other) {
        return Err(Failure::helped("standard input can't be both traces", "name a file for one of them"));
    }
    let (mut mine, mut theirs) = (file::open(one)?, file::open(other)?);
    let heads = heads(mine.header(), theirs.header());
    let found = trace::difference(&mut mine, &mut theirs);
    let found = found.map_err(|(which, error)| file::unreadable(if which == 0 { one } else { other }, error))?;
    let ends = [mine.footer(), theirs.footer()].map(|footer| footer.expect("both were read to their ends"));
    let shown = match &found {
        Some(found) => Some(Shown::new(found, before(found, one, other)?)),
        None => None,
    };
    let verdicts = if shown.is_none() { verdicts(ends) } else { Vec::new() };
    let same = shown.is_none() && verdicts.is_empty();
    let exit = if same { Exit::Met } else { Exit::Broken };
    let records = ends.map(|footer| footer.records);
    let report = Report { heads, difference: shown, verdicts, records, exit_code: exit.code() };
    if shell.json {
        shell.document(&report)?;
    } else {
        shell.result(&report.text(args, shell))?;
    }
    Ok(exit)
}

/// The lines of the events that led to the difference. They are the same in both traces, so either can be read again.
fn before(found: &Difference, one: &Path, other: &Path) -> Result<Vec<Cited>, Failure> {
    let mut events = found.causes.clone();
    events.sort_unstable();
    let lines = file::lines_of(if is_stdout(one) { other } else { one }, &events)?;
    Ok(cited(found, &lines))
}

/// The events that led to a difference, with these lines.
pub(super) fn cited(found: &Difference, lines: &BTreeMap<EventId, String>) -> Vec<Cited> {
    let cited = found
        .causes
        .iter()
        .filter_map(|event| Some(Cited { event: event.to_string(), line: lines.get(event)?.trim_start().to_owned() }));
    cited.collect()
}

/// Two traces, compared.
#[derive(Serialize)]
struct Report {
    heads: Vec<Unequal>,
    difference: Option<Shown>,
    /// Invariants with different verdicts, although the events are the same.
    verdicts: Vec<Unequal>,
    records: [u64; 2],
    exit_code: u8,
}

/// Something that differs between the traces.
#[derive(Serialize)]
struct Unequal {
    what: String,
    values: [Value; 2],
}

/// A difference with the lines of the events that led to it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Shown {
    event: String,
    /// The event in each trace; none where it is missing.
    lines: [Option<String>; 2],
    before: Vec<Cited>,
    /// The number of records before it, which are the same.
    agreed: u64,
}

impl Shown {
    pub(super) fn new(found: &Difference, before: Vec<Cited>) -> Self {
        let line = |line: &Option<String>| line.as_ref().map(|line| line.trim_start().to_owned());
        let lines = [line(&found.lines[0]), line(&found.lines[1])];
        Self { event: found.event.to_string(), lines, before, agreed: found.agreed }
    }

    /// The difference for people, with the names of the traces.
    pub(super) fn text(&self, names: [&str; 2]) -> String {
        let Self { event, lines, before, agreed } = self;
        let agreed = counted(*agreed, "record");
        let mut text = format!("first differing event: {STRONG}{event}{STRONG:#}; {agreed} before it agree\n\n");
        let width = before.iter().map(|cited| cited.event.len()).chain([event.len()]).max().unwrap_or_default();
        let name_width = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
        for Cited { event, line } in before {
            text.push_str(&format!("    {:name_width$}  {FAINT}{event:width$} | {line}{FAINT:#}\n", ""));
        }
        for (name, line) in names.into_iter().zip(lines) {
            let line = line.as_deref().unwrap_or("(no such event)");
            text.push_str(&format!("  {BAD}>{BAD:#} {name:name_width$}  {event:width$} | {line}\n"));
        }
        text
    }
}

/// The number of header differences that are listed.
const HEADS: usize = 12;

impl Report {
    fn text(&self, args: &DiffArgs, shell: &Shell) -> String {
        let [one, other] = [&args.one, &args.other].map(|path| path.display().to_string());
        let mut text = String::new();
        if !shell.quiet {
            for Unequal { what, values: [mine, theirs] } in self.heads.iter().take(HEADS) {
                text.push_str(&format!("{DOUBT}headers differ{DOUBT:#} in {what}: {mine} and {theirs}\n"));
            }
            let more = self.heads.len().saturating_sub(HEADS);
            if more > 0 {
                text.push_str(&format!("{FAINT}and in {}{FAINT:#}\n", counted(more as u64, "more value")));
            }
        }
        if let Some(difference) = self.difference.as_ref().filter(|_| !shell.quiet) {
            text.push_str(&difference.text([&one, &other]));
        }
        for Unequal { what, values: [mine, theirs] } in &self.verdicts {
            text.push_str(&format!("{BAD}verdicts differ{BAD:#} in {what}: {mine} and {theirs}\n"));
        }
        let [records, _] = self.records.map(|records| counted(records, "record"));
        let again = format!("{} diff {} {}", quoted(&shell.program), quoted(&one), quoted(&other));
        let verdict = match (&self.difference, self.verdicts.is_empty()) {
            (Some(Shown { event, .. }), _) => format!("{BAD}different{BAD:#}: from {event} on\n{again}"),
            (None, false) => format!("{BAD}different{BAD:#}: only the verdicts\n{again}"),
            (None, true) => format!("{GOOD}same{GOOD:#}: {records}"),
        };
        let gap = if text.is_empty() { "" } else { "\n" };
        format!("{text}{gap}{verdict}\n")
    }
}

/// Where the headers differ.
fn heads(one: &Header, other: &Header) -> Vec<Unequal> {
    let [mine, theirs] = [one, other].map(|header| {
        let mut head = serde_json::to_value(header).expect("a header is plain data");
        // They follow from the scenario and the seed.
        head["faults"].take();
        head
    });
    let mut unequal = Vec::new();
    compare("", &mine, &theirs, &mut unequal);
    unequal
}

/// Collects where two values differ, with the path to each difference.
fn compare(path: &str, mine: &Value, theirs: &Value, unequal: &mut Vec<Unequal>) {
    if mine == theirs {
        return;
    }
    let (Value::Object(one), Value::Object(other)) = (mine, theirs) else {
        let what = path.strip_prefix("resolved.").unwrap_or(path).to_owned();
        return unequal.push(Unequal { what, values: [mine.clone(), theirs.clone()] });
    };
    let mut keys: Vec<&String> = one.keys().chain(other.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let of = |fields: &serde_json::Map<String, Value>| fields.get(key).cloned().unwrap_or_default();
        compare(&path, &of(one), &of(other), unequal);
    }
}

/// The invariants that both traces judge, with different verdicts.
fn verdicts([one, other]: [&Footer; 2]) -> Vec<Unequal> {
    let value = |verdict: &Verdict| serde_json::to_value(verdict).expect("a verdict is plain data");
    let unequal = one.judgements.iter().filter_map(|mine| {
        let theirs = other.judgements.iter().find(|theirs| theirs.invariant == mine.invariant)?;
        let values = [value(&mine.verdict), value(&theirs.verdict)];
        (mine.verdict != theirs.verdict).then(|| Unequal { what: mine.invariant.clone(), values })
    });
    unequal.collect()
}
