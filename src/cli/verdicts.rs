//! The verdicts of the checkers, with the events that prove them, for people and for programs.

use std::collections::BTreeMap;

use anstyle::Style;
use serde::Serialize;

use super::shell::{BAD, DOUBT, GOOD, STRONG, Shell};
use super::table::{Grid, count};
use crate::check;
use crate::identity::EventId;
use crate::run::Shortfall;
use crate::trace::text::Renderer;
use crate::trace::{Detail, Judgement, Trace, Verdict};

/// One invariant's verdict.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Judged {
    pub(super) invariant: String,
    /// Whether the scenario expects it to be violated.
    pub(super) expected_to_fall: bool,
    pub(super) verdict: Verdict,
    /// The events that a violation cites, with their lines in the trace.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) cited: Vec<Cited>,
}

/// An event that proves a violation.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Cited {
    pub(super) event: String,
    pub(super) line: String,
}

/// The judgements, with the lines of the trace that they cite.
pub(super) fn judged(judgements: &[Judgement], violates: &[String], lines: &BTreeMap<EventId, String>) -> Vec<Judged> {
    let judged = judgements.iter().map(|Judgement { invariant, verdict }| {
        let witnesses = verdict.violation().map(|violation| violation.witnesses.as_slice()).unwrap_or_default();
        let cited = witnesses.iter().filter_map(|id| {
            let line = lines.get(id)?.trim_start().to_owned();
            Some(Cited { event: id.to_string(), line })
        });
        Judged {
            invariant: invariant.clone(),
            expected_to_fall: violates.contains(invariant),
            verdict: verdict.clone(),
            cited: cited.collect(),
        }
    });
    judged.collect()
}

/// The events that violations cite.
pub(super) fn witnesses(judgements: &[Judgement]) -> Vec<EventId> {
    let violations = judgements.iter().filter_map(|judged| judged.verdict.violation());
    let mut all: Vec<_> = violations.flat_map(|violation| violation.witnesses.iter().copied()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The lines of the trace that violations cite.
pub(super) fn cited_lines(trace: &Trace, judgements: &[Judgement]) -> BTreeMap<EventId, String> {
    let witnesses = witnesses(judgements);
    if witnesses.is_empty() {
        return BTreeMap::new();
    }
    let renderer = Renderer::new(&trace.header.lanes, Detail::All);
    let cited = trace.records().filter(|record| witnesses.binary_search(&record.id).is_ok());
    cited.map(|record| (record.id, renderer.alone(&record))).collect()
}

/// The table of verdicts.
pub(super) fn table(judged: &[Judged], shell: &Shell) -> String {
    let mut grid = Grid::new(&["invariant", "verdict", "#exercised", ""]);
    let keeps = |judged: &&Judged| check::is_law(&judged.invariant) && matches!(judged.verdict, Verdict::Holds { .. });
    let (laws, others): (Vec<&Judged>, Vec<&Judged>) = judged.iter().partition(keeps);
    if !laws.is_empty() {
        let is_idle = |law: &&&Judged| law.verdict == Verdict::Holds { exercised: 0 };
        let idle: Vec<&str> = laws.iter().filter(is_idle).map(|law| law.invariant.as_str()).collect();
        let idle = if idle.is_empty() { String::new() } else { format!("not exercised: {}", idle.join(", ")) };
        grid.row(vec![counted_laws(laws.len()), "holds".to_owned(), String::new(), idle], "holds", GOOD);
    }
    for Judged { invariant, expected_to_fall, verdict, cited: _ } in others {
        let (exercised, why) = match verdict {
            Verdict::Holds { exercised } => (count(*exercised), String::new()),
            Verdict::Violated(violation) => (String::new(), format!("at {}ms", violation.time)),
            Verdict::Undecided { why } | Verdict::Vacuous { why } => (String::new(), why.clone()),
        };
        let why = if *expected_to_fall { format!("{why} (expected: violated)") } else { why };
        let style = style_of(verdict, *expected_to_fall);
        grid.row(vec![invariant.clone(), verdict.word().to_owned(), exercised, why], verdict.word(), style);
    }
    grid.render(shell.width)
}

/// `the kernel's 7 laws`
pub(super) fn counted_laws(laws: usize) -> String {
    format!("the kernel's {laws} laws")
}

const fn style_of(verdict: &Verdict, expected_to_fall: bool) -> Style {
    match verdict {
        Verdict::Holds { .. } if expected_to_fall => BAD,
        Verdict::Holds { .. } => GOOD,
        Verdict::Violated(_) if expected_to_fall => GOOD,
        Verdict::Violated(_) => BAD,
        Verdict::Undecided { .. } | Verdict::Vacuous { .. } => DOUBT,
    }
}

/// Each violation in its sentence, with the events that prove it.
pub(super) fn violations(judged: &[Judged], shell: &Shell) -> String {
    let mut text = String::new();
    for Judged { invariant, expected_to_fall, verdict, cited } in judged {
        let Some(violation) = verdict.violation() else {
            continue;
        };
        let (title, style) = if *expected_to_fall { ("expected: violated", GOOD) } else { ("violated", BAD) };
        let sentence = &violation.sentence;
        let told = format!("\n{style}{title}{style:#} {STRONG}{invariant}{STRONG:#}: {sentence}\n");
        text.push_str(&shell.fit(&told));
        let width = cited.iter().map(|cited| cited.event.len()).max().unwrap_or_default();
        for Cited { event, line } in cited {
            text.push_str(&format!("  {BAD}>{BAD:#} {event:width$} | {line}\n"));
        }
    }
    text
}

/// A shortfall, in a sentence.
pub(super) fn sentence(shortfall: &Shortfall) -> String {
    match shortfall {
        Shortfall::Violated { invariant, violation: _ } => format!("{invariant} is violated"),
        Shortfall::StillHolds { invariant } => format!("{invariant} was expected to be violated, but holds"),
        Shortfall::Undecided { invariant, why } => format!("{invariant} is undecided: {why}"),
        Shortfall::Vacuous { invariant, why } => format!("{invariant} was not exercised: {why}"),
        Shortfall::Untouched { fault, what } => format!("fault {fault} took no effect: {what}"),
        Shortfall::Unmet { sender, lane, number } => {
            format!("the message {sender}.{lane}#{number}, whose fate is fixed, was never sent")
        }
        Shortfall::IdleFlaw { flaw, needs } => {
            format!("the flaw {flaw} never acted: the run is the same without it; it needs {needs}")
        }
        Shortfall::Never { fact } => format!("the fact {fact} never occurred"),
    }
}
