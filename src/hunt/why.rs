//! Which parts of a failing run were necessary: repeats the run without each of them.

use std::sync::Arc;

use serde::Serialize;

use super::Kind;
use super::shrink::broken;
use crate::identity::{MessageId, OpId};
use crate::measure::Share;
use crate::network::Link;
use crate::run::{AnySubject, Keep, Outcome};
use crate::scenario::{Expect, Resolved, Scenario};
use crate::trace::Verdict;

/// A part of a run that can be removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// A planned fault, by its index in the plan.
    Fault(usize),
    /// A probability of the links: `loss`, `duplicate`, `reorder`, `corrupt`.
    Chance(&'static str),
    /// A fixed fate.
    Fate(MessageId),
    /// A scripted operation.
    Operation(OpId),
}

/// The outcome of a run without one of its parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Without {
    /// It fails in the same way: the part was not necessary.
    Same,
    /// It fails in another way.
    Otherwise {
        /// Which invariant.
        invariant: String,
        /// How.
        sentence: String,
    },
    /// The invariant holds.
    Holds,
    /// The invariant is undecided or was not exercised.
    Open(String),
}

/// A part of a run, and the outcome of the run without it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Need {
    /// The part.
    pub part: Part,
    /// The outcome.
    pub without: Without,
}

/// The parts of a run, in the order of its file; operations only if they are scripted.
#[must_use]
pub fn parts(resolved: &Resolved) -> Vec<Part> {
    let link = &resolved.network.link;
    let chances = CHANCES.iter().filter(|(_, share)| {
        let mut links = std::iter::once(*link).chain(resolved.network.links.iter().map(|other| other.link));
        links.any(|mut link| !share(&mut link).is_none())
    });
    let mut all: Vec<Part> = chances.map(|(name, _)| Part::Chance(name)).collect();
    all.extend(resolved.operations().iter().map(|entry| Part::Operation(entry.op)));
    all.extend((0..resolved.plan.faults.len()).map(Part::Fault));
    all.extend(resolved.fates.keys().copied().map(Part::Fate));
    all
}

/// Repeats a failing run without each of these parts, while `go_on` returns true.
#[must_use]
pub fn needs(
    subject: AnySubject,
    resolved: &Resolved,
    kind: &Kind,
    parts: Vec<Part>,
    go_on: &(dyn Fn() -> bool + Sync),
) -> Vec<Need> {
    let mut needs = Vec::with_capacity(parts.len());
    for part in parts {
        let without = without(resolved, kind, &part);
        let outcome = subject.run_while(&without, Keep::Trace, go_on);
        if outcome.interrupted {
            break;
        }
        needs.push(Need { without: judged(&without, &outcome, kind), part });
    }
    needs
}

type Chance = (&'static str, fn(&mut Link) -> &mut Share);

const CHANCES: [Chance; 4] = [
    ("loss", |link| &mut link.loss),
    ("duplicate", |link| &mut link.duplicate),
    ("reorder", |link| &mut link.reorder),
    ("corrupt", |link| &mut link.corrupt),
];

/// The same run without a part; only the violation ends it early.
fn without(resolved: &Resolved, kind: &Kind, part: &Part) -> Resolved {
    let mut without = resolved.clone();
    let violates = resolved.profile.invariants().map(|(_, invariant)| invariant.name);
    let violates = violates.chain(crate::scenario::ALWAYS).chain(resolved.scenario.expect.own());
    without.expected.violates = violates.filter(|name| *name == kind.invariant).collect();
    match part {
        Part::Fault(place) => _ = without.plan.faults.remove(*place),
        Part::Chance(name) => {
            let shares = CHANCES.iter().filter(|(known, _)| known == name).map(|(_, share)| share);
            for share in shares {
                *share(&mut without.network.link) = Share::NONE;
                without.network.links.iter_mut().for_each(|other| *share(&mut other.link) = Share::NONE);
            }
        }
        Part::Fate(message) => _ = without.fates.remove(message),
        Part::Operation(op) => {
            let mut scenario = Scenario { expect: Expect::default(), ..Scenario::clone(&resolved.scenario) };
            scenario.operations.retain(|entry| entry.op != *op);
            without.scenario = Arc::new(scenario);
        }
    }
    without
}

fn judged(resolved: &Resolved, outcome: &Outcome, kind: &Kind) -> Without {
    if let Some((found, violation)) = broken(resolved, outcome) {
        if found == *kind {
            return Without::Same;
        }
        return Without::Otherwise { invariant: found.invariant, sentence: violation.sentence };
    }
    let verdict = outcome.judgements.iter().find(|judged| judged.invariant == kind.invariant);
    match verdict.map(|judged| &judged.verdict) {
        Some(Verdict::Holds { .. }) => Without::Holds,
        Some(Verdict::Vacuous { why } | Verdict::Undecided { why }) => Without::Open(why.clone()),
        Some(Verdict::Violated(_)) | None => Without::Open("no checker ran".to_owned()),
    }
}
