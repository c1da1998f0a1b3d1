//! `replay --why`: what led to a violation, and which faults were necessary.

use serde::Serialize;

use super::chosen::Chosen;
use super::shell::{BAD, DOUBT, FAINT, GOOD, STRONG, Shell};
use super::signals::Signals;
use crate::hunt::{self, Part, Without};
use crate::report::{self, CausalPast};
use crate::run::Outcome;
use crate::scenario::Resolved;

/// The maximum number of events in the causal past.
const LINES: usize = 40;

/// Why a run violated an invariant.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Why {
    invariant: String,
    /// The events that led to it, one line each; the cited events are marked.
    past: Vec<String>,
    /// The number of earlier events that are omitted.
    left_out: usize,
    needs: Vec<Needed>,
    /// Whether a signal arrived before every part had been tried.
    stopped: bool,
}

/// A part of the run, and the outcome of the run without it.
#[derive(Clone, Debug, Serialize)]
struct Needed {
    /// As in the header of a trace.
    what: String,
    /// For people.
    #[serde(skip)]
    told: String,
    necessary: bool,
    without: Without,
}

impl Why {
    /// Finds out why a run violated an invariant; `None` if it did not.
    pub(super) fn of(chosen: &Chosen, resolved: &Resolved, outcome: &Outcome) -> Option<Self> {
        let trace = outcome.trace.as_ref()?;
        let (kind, violation) = hunt::broken(resolved, outcome)?;
        let causal_past = CausalPast::of(&mut &*trace, &violation, LINES).expect("a trace in memory can be read");
        let parts: Vec<Part> = hunt::parts(resolved);
        let parts: Vec<Part> = parts.into_iter().filter(|part| !matches!(part, Part::Operation(_))).collect();
        let (signals, count) = (Signals::watch(), parts.len());
        let needs = hunt::needs(chosen.subject, resolved, &kind, parts, &|| signals.exit().is_none());
        let stopped = needs.len() < count;
        let needed = needs.into_iter().map(|need| Needed {
            what: written(resolved, outcome, &need.part),
            told: report::part(resolved, &outcome.census, &need.part),
            necessary: need.without != Without::Same,
            without: need.without,
        });
        let past = report::lines(&causal_past).lines().map(str::to_owned).collect();
        Some(Self { invariant: kind.invariant, past, left_out: causal_past.left_out, needs: needed.collect(), stopped })
    }

    pub(super) fn text(&self, shell: &Shell) -> String {
        let Self { invariant, past, left_out, needs, stopped } = self;
        let more = if *left_out == 0 { String::new() } else { format!(" ({left_out} earlier events omitted)") };
        let mut text = format!("\n{STRONG}what led to the violation{STRONG:#}{FAINT}{more}{FAINT:#}\n");
        for line in past {
            let style = if line.starts_with('>') { BAD } else { anstyle::Style::new() };
            text.push_str(&format!("{style}{line}{style:#}\n"));
        }
        text.push_str(&format!("\n{STRONG}which faults were necessary{STRONG:#}\n"));
        if needs.is_empty() {
            text.push_str(&format!("  none: {invariant} is violated without any fault\n"));
        }
        for Needed { what: _, told, necessary, without } in needs {
            let (word, style) = if *necessary { ("necessary", BAD) } else { ("not necessary", GOOD) };
            let line = format!("  {style}{word}{style:#}: {told}: {}\n", report::without(without));
            text.push_str(&shell.fit(&line));
        }
        if !needs.is_empty() && !*stopped && needs.iter().all(|need| !need.necessary) {
            text.push_str(&format!(
                "  {FAINT}each fault alone can be removed; several together may be necessary{FAINT:#}\n"
            ));
        }
        if *stopped {
            text.push_str(&format!("  {DOUBT}stopped before every fault had been tried{DOUBT:#}\n"));
        }
        text
    }
}

/// A part as it is written in the header of a trace.
fn written(resolved: &Resolved, outcome: &Outcome, part: &Part) -> String {
    match part {
        Part::Fault(place) => resolved.plan.faults.get(*place).map_or_else(String::new, ToString::to_string),
        Part::Chance(_) | Part::Fate(_) | Part::Operation(_) => report::part(resolved, &outcome.census, part),
    }
}
