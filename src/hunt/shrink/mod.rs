//! Shrinking: from a failing run to the smallest scenario that breaks the same invariant in the same way.
//!
//! All that the seed drew is written out first: the faults that were planned, the operations that clients asked. Then
//! whatever can be missing is taken away (delta debugging), rates become zero and delays equal, and the fates of single
//! messages take the place of chance; settings become the defaults again, or small numbers. At last times are rounded,
//! names are those that come first, the seed is 0, and of the family of scenarios with these operations the first that
//! breaks is taken, so that many failing seeds of one defect end in one file. Each step is kept only if the run still breaks in that way.
//!
//! What comes out does not depend on threads: of the candidates that are tried at a time, the first in order that breaks
//! is taken. It is a local minimum, not the smallest scenario that there is.

mod family;
mod lab;
mod leap;
mod names;
mod pins;
mod rounds;
mod script;
mod search;
mod settings;
mod simpler;
#[cfg(test)]
mod tests;
mod times;

use serde::Serialize;

use super::Kind;
use crate::run::{AnySubject, Keep, Outcome};
use crate::scenario::{Expect, Resolved, Scenario};
use crate::trace::Violation;

use lab::{Caller, Found, Lab};
use search::Search;

/// A run to be made smaller.
#[derive(Clone, Copy, Debug)]
pub struct Shrink<'a> {
    /// The run.
    pub resolved: &'a Resolved,
    /// Its subject.
    pub subject: AnySubject,
    /// How many threads.
    pub threads: usize,
}

/// How far shrinking has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShrinkProgress {
    /// Runs so far; how many they are depends on the threads.
    pub runs: u64,
    /// The smallest so far.
    pub size: Size,
}

/// How large a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Size {
    /// Nodes.
    pub nodes: u32,
    /// Faults, and messages whose fate is fixed.
    pub faults: u64,
    /// Operations that clients asked.
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

/// What shrinking came to.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The small run; its scenario expects the violation.
    pub resolved: Resolved,
    /// What came of it, with the trace.
    pub outcome: Outcome,
    /// How it breaks: as the whole run did.
    pub kind: Kind,
    /// The violation in the small run.
    pub violation: Violation,
    /// How large the whole run was.
    pub before: Size,
    /// How large the small one is.
    pub after: Size,
    /// How many runs it took; this depends on the threads.
    pub runs: u64,
    /// Whether it was told to stop before nothing more could be taken away.
    pub stopped: bool,
}

/// Why there is nothing to shrink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unbroken {
    /// The run violates nothing.
    Holds,
    /// It was told to stop before the run had broken.
    Stopped,
    /// The run breaks, but not when its scenario expects the violation and nothing else.
    Elsewhere(Kind),
}

impl Shrink<'_> {
    /// Makes the run smaller, as long as `go_on` agrees; `tell` is told of every success.
    ///
    /// # Errors
    /// If the run breaks nothing.
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
        let whole = Found { resolved: self.resolved.clone(), outcome: whole, violation };
        let lab = Lab::new(self.subject, kind.clone(), &whole, self.threads, Caller { go_on, tell });
        let plain = Scenario { expect: only(&kind), swarm: None, ..whole.scenario().clone() };
        let plain = Scenario { run: crate::scenario::Run { seed: self.resolved.seed, ..plain.run }, ..plain };
        let Some(best) = lab.judge(plain) else {
            return Err(if lab.goes_on() { Unbroken::Elsewhere(kind) } else { Unbroken::Stopped });
        };
        let mut search = Search { lab, best };
        search.shrink();
        let Search { lab, best: Found { resolved, outcome, violation } } = search;
        let after = Size::of(&resolved, &outcome);
        Ok(Shrunk { resolved, outcome, kind, violation, before, after, runs: lab.runs(), stopped: !lab.goes_on() })
    }
}

/// That this invariant falls, and nothing else is asked.
fn only(kind: &Kind) -> Expect {
    Expect { violates: vec![kind.invariant.clone()], ..Expect::default() }
}

/// What a run that kept its trace breaks, if anything: of the invariants that fell, the first that was expected to, or
/// else the first.
#[must_use]
pub fn broken(resolved: &Resolved, outcome: &Outcome) -> Option<(Kind, Violation)> {
    let trace = outcome.trace.as_ref()?;
    let fallen = || outcome.judgements.iter().filter_map(|judged| Some((judged, judged.verdict.violation()?)));
    let violates = &resolved.expected.violates;
    let expected = fallen().find(|(judged, _)| violates.contains(&judged.invariant.as_str()));
    let (judged, violation) = expected.or_else(|| fallen().next())?;
    Some((Kind::of(&judged.invariant, violation, trace), violation.clone()))
}
