//! A scenario as a state space: what is searched, and how a path in it becomes a run with a trace.

mod checker_slots;
mod space;
mod state_space;

use std::fmt;

pub use checker_slots::Judges;
pub use space::{AnyState, Fingerprint, Searcher, Space, Step, Successors};
pub use state_space::StateSpace;

use super::observer::{Jury, Observer};
use super::{AnySubject, Keep, Outcome, clients, deadlines, operations, outcome, panel, read};
use crate::check::{self, Exploring};
use crate::identity::{LaneId, NodeId};
use crate::network::Discipline;
use crate::scenario::Resolved;
use crate::sim::Cast;
use crate::subject::Subject;
use crate::trace::Recorder;

/// A scenario to be explored.
pub struct Exploration {
    /// The state space.
    pub space: Box<dyn Space>,
    /// The invariants that are judged on every path, in the order of the bits of [`Searcher::exercised`].
    pub judged: Vec<&'static str>,
    /// The scenario's invariants that are not: their checkers cannot be part of a state.
    pub unjudged: Vec<&'static str>,
    /// The lanes whose messages are modelled as arriving in order, as a channel guarantees.
    pub queues: Vec<&'static str>,
    /// The nodes whose permutations are identified.
    pub interchangeable: Vec<NodeId>,
    retrace: Box<Retrace>,
}

type Retrace = dyn Fn(&[u32]) -> Outcome + Send + Sync;

impl Exploration {
    /// The run along a path from the root, with every checker and its whole trace.
    #[must_use]
    pub fn retrace(&self, path: &[u32]) -> Outcome {
        (self.retrace)(path)
    }
}

impl fmt::Debug for Exploration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { judged, unjudged, .. } = self;
        f.debug_struct("Exploration").field("judged", judged).field("unjudged", unjudged).finish_non_exhaustive()
    }
}

/// Why a scenario cannot be explored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExploreError {
    /// The subject's decisions depend on time, which stands still in an exploration.
    DecidesByTime(&'static str),
    /// An invariant that the scenario names cannot be judged there: one that must be violated, or a safety invariant.
    Unjudged(&'static str),
    /// None of the expected invariants can be judged there.
    NothingJudged,
    /// The fact after which the paths start is never noted without faults and clients.
    NeverBegins(String),
    /// There are too many nodes or invariants.
    TooLarge(&'static str),
}

impl ExploreError {
    /// A suggestion for the user.
    #[must_use]
    pub const fn cure(&self) -> &'static str {
        match self {
            Self::NeverBegins(_) => "let `explore.after` name a fact that nodes note without a client, or leave it out",
            Self::DecidesByTime(_) | Self::Unjudged(_) | Self::NothingJudged | Self::TooLarge(_) => {
                "`run` and `sweep` have no such limits"
            }
        }
    }
}

impl fmt::Display for ExploreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DecidesByTime(why) => write!(f, "clocks stand still in an exploration, and {why}"),
            Self::Unjudged(name) => write!(f, "`expect` names `{name}`, but its checker can't be a part of a state"),
            Self::NothingJudged => {
                f.write_str("none of the scenario's invariants has a checker that can be a part of a state")
            }
            Self::NeverBegins(fact) => {
                write!(f, "no node notes `{fact}` by itself, where nothing goes wrong and no client asks")
            }
            Self::TooLarge(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for ExploreError {}

pub(super) type Explore = fn(&Resolved) -> Result<Exploration, ExploreError>;

impl AnySubject {
    /// A scenario of this subject as a state space. It uses the scenario's nodes, clock offsets, settings, workload,
    /// operations, budget and expectations; it ignores time, delays, shares, faults and fates.
    ///
    /// # Errors
    /// If an exploration of it would give no answer.
    pub fn explore(&self, resolved: &Resolved) -> Result<Exploration, ExploreError> {
        (self.explore)(resolved)
    }
}

/// The maximum number of nodes.
const MOST_NODES: u32 = 64;

pub(super) fn explore<S: Subject>(resolved: &Resolved) -> Result<Exploration, ExploreError> {
    let settings: S::Settings = read(resolved.settings());
    if let Some(why) = S::decides_by_time(&settings) {
        return Err(ExploreError::DecidesByTime(why));
    }
    if resolved.setup.nodes() > MOST_NODES {
        return Err(ExploreError::TooLarge("at most 64 nodes are explored"));
    }
    let (judges, unjudged) = judges::<S>(resolved, &settings)?;
    let judged = judges.names();
    let state_space = || state_space::<S>(resolved, &settings);
    let mut space = state_space()?.judged_by(judges);
    if let Some(symmetry) = S::symmetry(&resolved.setup, &settings) {
        space = space.interchanging(symmetry);
    }
    let interchangeable = space.interchangeable().to_vec();
    let queues = queues::<S>(resolved);
    let (kept, resolved) = (state_space()?, resolved.clone());
    let retrace = move |path: &[u32]| {
        let deadlines = deadlines::of::<S>(&resolved);
        let panel = panel::<S>(&settings, &resolved, &deadlines);
        let jury = Jury::new(panel, resolved.expected.violates.clone());
        let observer = Observer {
            recorder: Recorder::keeping(),
            keep: Keep::Trace,
            marks: Vec::new(),
            jury,
            go_on: &|| true,
            interrupted: false,
        };
        let (end, observer) = kept.retrace(path, observer);
        outcome::<S>(&resolved, &deadlines, end, observer)
    };
    Ok(Exploration { space: Box::new(space), judged, unjudged, queues, interchangeable, retrace: Box::new(retrace) })
}

fn state_space<S: Subject>(resolved: &Resolved, settings: &S::Settings) -> Result<StateSpace<S>, ExploreError> {
    let config = S::explored(S::config(&resolved.setup, settings), resolved.scenario.explore.frames);
    let cast = Cast::<S> {
        config: config.clone(),
        nodes: resolved.setup.nodes(),
        clients: clients::<S>(resolved),
        disk: Box::new(move |node| S::fresh_disk(&config, node)),
    };
    let budget = resolved.scenario.explore.clone();
    let disciplines = lanes::<S>().map(|(lane, _)| resolved.profile.discipline(lane, budget.frames)).collect();
    let after = budget.after.clone();
    let state_space = StateSpace::new(resolved.seed, cast, &resolved.clock_errors(), budget, disciplines)
        .ending_sessions(S::session_over)
        .with_operations(operations::<S>(resolved));
    match after {
        Some(fact) => state_space.after(&fact).ok_or(ExploreError::NeverBegins(fact)),
        None => Ok(state_space),
    }
}

fn lanes<S: Subject>() -> impl Iterator<Item = (LaneId, &'static str)> {
    (0..).zip(S::LANES).map(|(lane, name)| (LaneId::new(lane), *name))
}

/// The lanes that are queues and carry any messages.
fn queues<S: Subject>(resolved: &Resolved) -> Vec<&'static str> {
    let (profile, frames) = (resolved.profile, resolved.scenario.explore.frames);
    let queued =
        |lane| profile.discipline(lane, frames) == Discipline::Fifo && profile.speaks_on(lane, resolved.settings());
    lanes::<S>().filter(|(lane, _)| queued(*lane)).map(|(_, name)| name).collect()
}

/// The checkers that can be parts of a state, and the invariants that have no such checker.
fn judges<S: Subject>(
    resolved: &Resolved,
    settings: &S::Settings,
) -> Result<(Judges<S::Fact>, Vec<&'static str>), ExploreError> {
    let expected = &resolved.expected;
    let named = |name: &&str| expected.holds.contains(name) || expected.violates.contains(name);
    let claimed: Vec<_> = resolved
        .profile
        .claims(&resolved.setup, resolved.settings())
        .iter()
        .map(|claim| claim.name)
        .filter(named)
        .collect();
    let asked = &resolved.scenario.expect;
    let asked = asked.holds.iter().flatten().chain(&asked.violates);
    let asked: Vec<&str> = asked.map(String::as_str).collect();
    let is_named = |name: &str| asked.contains(&name);
    let is_liveness = |name: &str| check::invariants().any(|known| known.name == name && known.liveness);
    let laws = check::kernel().map(|law| law.name);
    let mut judges = Judges::default();
    let mut unjudged = Vec::new();
    for name in laws.chain(claimed.iter().copied()) {
        let own = claimed.contains(&name).then(|| S::checker(&resolved.setup, settings, name)).flatten();
        let checker = own.or_else(|| check::checker(name)).filter(|checker| match checker.explored() {
            Exploring::Never => false,
            Exploring::IfNamed => is_named(name),
            Exploring::Always => true,
        });
        match checker {
            Some(checker) => judges.add(name, checker, expected.violates.contains(&name)),
            None if expected.violates.contains(&name) => return Err(ExploreError::Unjudged(name)),
            None if is_named(name) && !is_liveness(name) => return Err(ExploreError::Unjudged(name)),
            None => unjudged.push(name),
        }
    }
    // What the scenario states itself is about whole runs.
    for name in resolved.scenario.expect.own() {
        if expected.violates.contains(&name) {
            return Err(ExploreError::Unjudged(name));
        }
        unjudged.push(name);
    }
    if !claimed.is_empty() && claimed.iter().all(|name| unjudged.contains(name)) {
        return Err(ExploreError::NothingJudged);
    }
    Ok((judges, unjudged))
}
