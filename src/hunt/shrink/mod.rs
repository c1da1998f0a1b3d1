//! Shrinking: turns a failing run into a small scenario that violates the same invariant in the same way.
//!
//! First the draws of the seed are written out: the planned faults and the clients' operations. Then everything that is not
//! necessary is removed (delta debugging), probabilities become zero and delays constant, and fixed fates of single messages
//! replace random ones; settings become their defaults, or small numbers. Finally times are rounded, nodes and clients get
//! the first names, the seed becomes 0, and the first failing member of the family of scenarios with these operations is
//! taken, so that many failing seeds of one bug give one file. Each step is kept only if the run still fails in that way.
//!
//! The result does not depend on threads: of the candidates of a step, the first in order that fails is taken. It is a local
//! minimum, not the smallest possible scenario.

mod candidates;
mod canonical;
mod pins;
mod renaming;
mod rounds;
mod script;
mod search;
mod settings;
mod simpler;
mod subsets;
#[cfg(test)]
mod tests;
mod times;

use serde::Serialize;

use super::Kind;
use crate::run::{AnySubject, Keep, Outcome};
use crate::scenario::{Expect, Resolved, Scenario};
use crate::trace::Violation;

use candidates::{Caller, CandidateRunner, FailingRun};
use search::Search;

/// A run to shrink.
#[derive(Clone, Copy, Debug)]
pub struct Shrink<'a> {
    /// The run.
    pub resolved: &'a Resolved,
    /// Its subject.
    pub subject: AnySubject,
    /// The number of threads.
    pub threads: usize,
}

/// The progress of shrinking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShrinkProgress {
    /// The number of runs so far, which depends on the threads.
    pub runs: u64,
    /// The size of the smallest run so far.
    pub size: Size,
}

/// The size of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Size {
    /// Nodes.
    pub nodes: u32,
    /// Faults, and messages whose fate is fixed.
    pub faults: u64,
    /// Operations that clients invoked.
    pub operations: u64,
    /// Messages that were sent.
    pub messages: u64,
    /// Records of the trace.
    pub records: u64,
}

impl Size {
    /// The size of a run.
    #[must_use]
    pub fn of(resolved: &Resolved, outcome: &Outcome) -> Self {
        let lanes = (0_u8..).zip(resolved.profile.lanes);
        let sent = lanes.map(|(lane, _)| outcome.census.lane(crate::identity::LaneId::new(lane)).sent);
        Self {
            nodes: resolved.setup.nodes(),
            faults: (resolved.plan.faults.len() + resolved.fates.len()) as u64,
            operations: outcome.census.operations.invoked,
            messages: sent.sum(),
            records: outcome.records,
        }
    }
}

/// The result of shrinking.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The small run; its scenario expects the violation.
    pub resolved: Resolved,
    /// Its outcome, with the trace.
    pub outcome: Outcome,
    /// The kind of its failure, the same as of the whole run.
    pub kind: Kind,
    /// The violation in the small run.
    pub violation: Violation,
    /// The size of the whole run.
    pub before: Size,
    /// The size of the small run.
    pub after: Size,
    /// The number of runs it took, which depends on the threads.
    pub runs: u64,
    /// Whether it was stopped before it had finished.
    pub stopped: bool,
}

/// Why there is nothing to shrink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unbroken {
    /// The run violates nothing.
    Holds,
    /// It was stopped before the run failed.
    Stopped,
    /// The run fails, but not if its scenario expects only this violation.
    Elsewhere(Kind),
}

impl Shrink<'_> {
    /// Makes the run smaller, while `go_on` returns true; `tell` is called after every success.
    ///
    /// # Errors
    /// If the run violates nothing.
    pub fn run(
        &self,
        go_on: &(dyn Fn() -> bool + Sync),
        tell: &(dyn Fn(ShrinkProgress) + Sync),
    ) -> Result<Shrunk, Unbroken> {
        let whole = self.subject.run_while(self.resolved, Keep::Trace, go_on);
        if whole.interrupted {
            return Err(Unbroken::Stopped);
        }
        let (kind, violation) = broken(self.resolved, &whole).ok_or(Unbroken::Holds)?;
        let before = Size::of(self.resolved, &whole);
        let whole = FailingRun { resolved: self.resolved.clone(), outcome: whole, violation };
        let runner = CandidateRunner::new(self.subject, kind.clone(), &whole, self.threads, Caller { go_on, tell });
        let mut plain =
            Scenario { expect: only(&kind, &whole.scenario().expect), swarm: None, ..whole.scenario().clone() };
        if plain.expect.answered.is_empty() {
            plain.faults.iter_mut().for_each(|entry| entry.name = None);
        }
        let plain = Scenario { run: crate::scenario::Run { seed: self.resolved.seed, ..plain.run }, ..plain };
        let Some(best) = runner.judge(plain) else {
            return Err(if runner.goes_on() { Unbroken::Elsewhere(kind) } else { Unbroken::Stopped });
        };
        let mut search = Search { runner, best };
        search.shrink();
        let Search { runner, best: FailingRun { resolved, outcome, violation } } = search;
        let after = Size::of(&resolved, &outcome);
        Ok(Shrunk {
            resolved,
            outcome,
            kind,
            violation,
            before,
            after,
            runs: runner.runs(),
            stopped: !runner.goes_on(),
        })
    }
}

/// Expects a violation of this invariant, and nothing else.
fn only(kind: &Kind, expect: &Expect) -> Expect {
    Expect { violates: vec![kind.invariant.clone()], ..expect.stated(&kind.invariant) }
}

/// The violation of a run that kept its trace, if any: the first expected one, or else the first.
#[must_use]
pub fn broken(resolved: &Resolved, outcome: &Outcome) -> Option<(Kind, Violation)> {
    let trace = outcome.trace.as_ref()?;
    let fallen = || outcome.judgements.iter().filter_map(|judged| Some((judged, judged.verdict.violation()?)));
    let violates = &resolved.expected.violates;
    let expected = fallen().find(|(judged, _)| violates.contains(&judged.invariant.as_str()));
    let (judged, violation) = expected.or_else(|| fallen().next())?;
    Some((Kind::of(&judged.invariant, violation, trace), violation.clone()))
}
