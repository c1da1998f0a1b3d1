//! How an exploration stands to its scenario, and why it ends as it does.

use serde::Serialize;

use crate::check;
use crate::cli::exit::Exit;
use crate::cli::table::counted;
use crate::cli::verdicts::{self, Judged};
use crate::hunt::explore::{End, Explored, Limits};
use crate::run::Outcome;
use crate::run::explore::Exploration;
use crate::scenario::Resolved;

/// A search, and all that it was given.
#[derive(Clone, Copy, Debug)]
pub(super) struct Searched<'a> {
    pub(super) explored: &'a Explored,
    pub(super) limits: &'a Limits,
    pub(super) exploration: &'a Exploration,
    /// How a signal wants it to end.
    pub(super) signal: Option<Exit>,
}

/// One invariant that was judged.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    pub(super) invariant: &'static str,
    pub(super) verdict: &'static str,
    pub(super) exercised: bool,
}

/// What was judged: of a way that was found, what its run says.
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
            End::Found | End::Depth | End::Enough | End::Stopped => "has not fallen",
        },
        exercised: explored.exercised & (1 << bit) != 0,
    };
    (0..).zip(&exploration.judged).map(row).collect()
}

pub(super) fn judgements(outcome: &Outcome, violates: &[&'static str]) -> Vec<Judged> {
    let trace = outcome.trace.as_ref().expect("a way is gone again with its trace");
    let lines = verdicts::cited_lines(trace, &outcome.judgements);
    let violates: Vec<String> = violates.iter().map(|name| (*name).to_owned()).collect();
    verdicts::judged(&outcome.judgements, &violates, &lines)
}

/// How it ends, and why.
pub(super) fn standing(
    searched: &Searched<'_>,
    violates: &[&'static str],
    judged: &[Row],
    resolved: &Resolved,
    outcome: Option<&Outcome>,
) -> (Exit, Vec<String>) {
    let Searched { explored, limits, signal, .. } = *searched;
    match explored.end {
        End::Found => {
            let outcome = outcome.expect("a way that was found is gone again");
            let fell = outcome.judgements.iter().any(|judged| judged.verdict.violation().is_some());
            assert!(fell, "the run along a way that was found breaks what fell there");
            let steps = counted(explored.way.as_ref().map_or(0, Vec::len) as u64, "step");
            let sentence = |shortfall| format!("{} after {steps}", verdicts::sentence(shortfall));
            let shortfalls = outcome.shortfalls(resolved);
            (Exit::from(outcome.standing(resolved)), shortfalls.iter().map(sentence).collect())
        }
        End::Enough => {
            let most = counted(limits.states.unwrap_or_default(), "state");
            (Exit::Stopped, vec![format!("nothing fell on the way to {most}, and there are more")])
        }
        End::Stopped => {
            (signal.unwrap_or(Exit::Stopped), vec!["a signal came before every state was looked at".to_owned()])
        }
        End::Complete | End::Depth if !violates.is_empty() => {
            let names = violates.join(", ");
            (Exit::Broken, vec![format!("{names} was expected to fall, and no way is found on which it does")])
        }
        End::Complete | End::Depth => {
            let idle = judged.iter().filter(|row| !row.exercised && !check::is_law(row.invariant));
            let idle: Vec<String> = idle.map(|row| format!("{} was never put to the test", row.invariant)).collect();
            (if idle.is_empty() { Exit::Met } else { Exit::Unproven }, idle)
        }
    }
}
