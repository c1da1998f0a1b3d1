//! Compares an exploration with the scenario's expectations, and derives the exit code.

use serde::Serialize;

use crate::check;
use crate::cli::exit::Exit;
use crate::cli::table::counted;
use crate::cli::verdicts::{self, Judged};
use crate::hunt::explore::{End, Explored, Limits};
use crate::run::Outcome;
use crate::run::explore::Exploration;
use crate::scenario::Resolved;
use crate::subject::Flaw;

/// A search with its inputs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Searched<'a> {
    pub(super) explored: &'a Explored,
    pub(super) limits: &'a Limits,
    pub(super) exploration: &'a Exploration,
    /// The flaws that are on and without which it has the same states: they never acted. `None` if a signal arrived before
    /// that was known.
    pub(super) idle: Option<&'a [&'static Flaw]>,
    /// The exit code of the signal that stopped it, if any.
    pub(super) signal: Option<Exit>,
}

/// One invariant that was checked.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    pub(super) invariant: &'static str,
    pub(super) verdict: &'static str,
    pub(super) exercised: bool,
}

/// The invariants that were checked; if a path was found, with the verdicts of its run.
pub(super) fn rows(exploration: &Exploration, explored: &Explored, outcome: Option<&Outcome>) -> Vec<Row> {
    let fell = |name: &str| {
        let judgements = outcome.into_iter().flat_map(|outcome| &outcome.judgements);
        judgements.filter(|judged| judged.invariant == name).any(|judged| judged.verdict.violation().is_some())
    };
    let row = |(bit, invariant): (u32, &&'static str)| Row {
        invariant,
        verdict: match explored.end {
            End::Found if fell(invariant) => "violated",
            End::Complete => "holds",
            End::Found | End::Depth | End::Enough | End::Stopped => "not violated",
        },
        exercised: explored.exercised & (1 << bit) != 0,
    };
    (0..).zip(&exploration.judged).map(row).collect()
}

pub(super) fn judgements(outcome: &Outcome, violates: &[&'static str]) -> Vec<Judged> {
    let trace = outcome.trace.as_ref().expect("a path is repeated with its trace");
    let lines = verdicts::cited_lines(trace, &outcome.judgements);
    let violates: Vec<String> = violates.iter().map(|name| (*name).to_owned()).collect();
    verdicts::judged(&outcome.judgements, &violates, &lines)
}

/// The exit code, and the reasons for it.
pub(super) fn standing(
    searched: &Searched<'_>,
    violates: &[&'static str],
    judged: &[Row],
    resolved: &Resolved,
    outcome: Option<&Outcome>,
) -> (Exit, Vec<String>) {
    let Searched { explored, limits, idle: idle_flaws, signal, .. } = *searched;
    match explored.end {
        End::Found => {
            let outcome = outcome.expect("a path that was found is repeated");
            let fell = outcome.judgements.iter().any(|judged| judged.verdict.violation().is_some());
            assert!(fell, "the run along a path that was found violates the same invariant");
            let steps = counted(explored.path.as_ref().map_or(0, Vec::len) as u64, "step");
            let sentence = |shortfall| format!("{} after {steps}", verdicts::sentence(shortfall));
            let shortfalls = outcome.shortfalls(resolved);
            (Exit::from(outcome.verdict(resolved)), shortfalls.iter().map(sentence).collect())
        }
        End::Enough => {
            let most = counted(limits.states.unwrap_or_default(), "state");
            (Exit::Stopped, vec![format!("no violation in {most}, and there are more states")])
        }
        End::Stopped => {
            (signal.unwrap_or(Exit::Stopped), vec!["a signal arrived before every state was visited".to_owned()])
        }
        End::Complete | End::Depth if !violates.is_empty() => {
            let names = violates.join(", ");
            (Exit::Broken, vec![format!("{names} was expected to be violated, but no path violates it")])
        }
        End::Complete | End::Depth if idle_flaws.is_none() => {
            let why = "a signal arrived before it was known whether each flaw acts".to_owned();
            (signal.unwrap_or(Exit::Stopped), vec![why])
        }
        End::Complete | End::Depth => {
            let idle = judged.iter().filter(|row| !row.exercised && !check::is_law(row.invariant));
            let mut idle: Vec<String> = idle.map(|row| format!("{} was not exercised", row.invariant)).collect();
            idle.extend(idle_flaws.into_iter().flatten().map(|flaw| {
                format!(
                    "the flaw {} never acted: all states are the same without it; to act, it needs {}",
                    flaw.id, flaw.needs
                )
            }));
            (if idle.is_empty() { Exit::Met } else { Exit::Unproven }, idle)
        }
    }
}
