//! A scenario as a space of states: what is searched, and how a way found there becomes a run with a trace.

mod maze;
mod seats;
mod space;

use std::fmt;

pub use maze::Maze;
pub use seats::Judges;
pub use space::{Found, Place, Print, Searcher, Space, Step};

use super::observer::{Jury, Observer};
use super::{AnySubject, Keep, Outcome, clients, deadlines, operations, outcome, panel, read};
use crate::check;
use crate::identity::{LaneId, NodeId};
use crate::network::Discipline;
use crate::scenario::Resolved;
use crate::sim::Cast;
use crate::subject::Subject;
use crate::trace::Recorder;

/// A scenario to be explored.
pub struct Exploration {
    /// Its states.
    pub space: Box<dyn Space>,
    /// The invariants that are judged on every way, in the order of the bits of [`Searcher::exercised`].
    pub judged: Vec<&'static str>,
    /// Those of the scenario that are not: their checkers can't be a part of a state.
    pub unjudged: Vec<&'static str>,
    /// The lanes whose messages are taken to arrive in order, as a channel promises.
    pub queues: Vec<&'static str>,
    /// The nodes whose order makes no states apart.
    pub interchangeable: Vec<NodeId>,
    retrace: Box<Retrace>,
}

type Retrace = dyn Fn(&[u32]) -> Outcome + Send + Sync;

impl Exploration {
    /// The run along a way from the beginning, with every checker and its whole trace.
    #[must_use]
    pub fn retrace(&self, way: &[u32]) -> Outcome {
        (self.retrace)(way)
    }
}

impl fmt::Debug for Exploration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { judged, unjudged, .. } = self;
        f.debug_struct("Exploration").field("judged", judged).field("unjudged", unjudged).finish_non_exhaustive()
    }
}

/// Why a scenario is not explored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The subject decides by time, which stands still in an exploration.
    DecidesByTime(&'static str),
    /// An invariant that must fall can't be judged there.
    Unjudged(&'static str),
    /// Nothing that the scenario expects is judged there.
    NothingJudged,
    /// The fact after which the ways begin is not noted by itself.
    NeverBegins(String),
    /// There are too many nodes or invariants.
    TooLarge(&'static str),
}

impl Refusal {
    /// What may be done about it.
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

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DecidesByTime(why) => write!(f, "clocks stand still in an exploration, and {why}"),
            Self::Unjudged(name) => write!(f, "`{name}` must fall, but its checker can't be a part of a state"),
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

impl std::error::Error for Refusal {}

pub(super) type Explore = fn(&Resolved) -> Result<Exploration, Refusal>;

impl AnySubject {
    /// A scenario of this subject as a space of states. Of the scenario count its nodes, clocks' offsets, settings,
    /// workload, operations, budget and expectations; time, delays, chances, faults and fates do not.
    ///
    /// # Errors
    /// If what would come of it would be no answer.
    pub fn explore(&self, resolved: &Resolved) -> Result<Exploration, Refusal> {
        (self.explore)(resolved)
    }
}

/// More nodes than this are no small world.
const MOST_NODES: u32 = 64;

pub(super) fn explore<S: Subject>(resolved: &Resolved) -> Result<Exploration, Refusal> {
    let settings: S::Settings = read(resolved.settings());
    if let Some(why) = S::decides_by_time(&settings) {
        return Err(Refusal::DecidesByTime(why));
    }
    if resolved.setup.nodes() > MOST_NODES {
        return Err(Refusal::TooLarge("at most 64 nodes are explored"));
    }
    let (judges, unjudged) = judges::<S>(resolved, &settings)?;
    let judged = judges.names();
    let maze = || maze::<S>(resolved, &settings);
    let mut space = maze()?.judged_by(judges);
    if let Some(symmetry) = S::symmetry(&resolved.setup, &settings) {
        space = space.interchanging(symmetry);
    }
    let interchangeable = space.interchangeable().to_vec();
    let queues = queues::<S>(resolved);
    let (kept, resolved) = (maze()?, resolved.clone());
    let retrace = move |way: &[u32]| {
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
        let (end, observer) = kept.retrace(way, observer);
        outcome::<S>(&resolved, &deadlines, end, observer)
    };
    Ok(Exploration { space: Box::new(space), judged, unjudged, queues, interchangeable, retrace: Box::new(retrace) })
}

fn maze<S: Subject>(resolved: &Resolved, settings: &S::Settings) -> Result<Maze<S>, Refusal> {
    let (setup, settings) = (resolved.setup.clone(), settings.clone());
    let cast = Cast::<S> {
        config: S::explored(S::config(&setup, &settings), resolved.scenario.explore.frames),
        nodes: setup.nodes(),
        clients: clients::<S>(resolved),
        disk: Box::new(move |node| S::fresh_disk(&setup, &settings, node)),
    };
    let budget = resolved.scenario.explore.clone();
    let disciplines = lanes::<S>().map(|(lane, _)| resolved.profile.discipline(lane, budget.frames)).collect();
    let after = budget.after.clone();
    let maze = Maze::new(resolved.seed, cast, &resolved.clock_errors(), budget, disciplines)
        .ending_sessions(S::session_over)
        .with_operations(operations::<S>(resolved));
    match after {
        Some(fact) => maze.after(&fact).ok_or(Refusal::NeverBegins(fact)),
        None => Ok(maze),
    }
}

fn lanes<S: Subject>() -> impl Iterator<Item = (LaneId, &'static str)> {
    (0..).zip(S::LANES).map(|(lane, name)| (LaneId::new(lane), *name))
}

/// The lanes that are queues, and on which anything is said.
fn queues<S: Subject>(resolved: &Resolved) -> Vec<&'static str> {
    let (profile, frames) = (resolved.profile, resolved.scenario.explore.frames);
    let queued =
        |lane| profile.discipline(lane, frames) == Discipline::Fifo && profile.speaks_on(lane, resolved.settings());
    lanes::<S>().filter(|(lane, _)| queued(*lane)).map(|(_, name)| name).collect()
}

/// The checkers that can be parts of a state, and the invariants that have none such.
fn judges<S: Subject>(
    resolved: &Resolved,
    settings: &S::Settings,
) -> Result<(Judges<S::Fact>, Vec<&'static str>), Refusal> {
    let expected = &resolved.expected;
    let named = |name: &&str| expected.holds.contains(name) || expected.violates.contains(name);
    let claimed: Vec<_> =
        resolved.profile.claims(resolved.settings()).iter().map(|claim| claim.name).filter(named).collect();
    let laws = check::kernel().map(|law| law.name);
    let mut judges = Judges::default();
    let mut unjudged = Vec::new();
    for name in laws.chain(claimed.iter().copied()) {
        let own = claimed.contains(&name).then(|| S::checker(&resolved.setup, settings, name)).flatten();
        match own.or_else(|| check::checker(name)).and_then(|checker| checker.branch()) {
            Some(branch) => judges.seat(name, branch, expected.violates.contains(&name)),
            None if expected.violates.contains(&name) => return Err(Refusal::Unjudged(name)),
            None => unjudged.push(name),
        }
    }
    if !claimed.is_empty() && claimed.iter().all(|name| unjudged.contains(name)) {
        return Err(Refusal::NothingJudged);
    }
    Ok((judges, unjudged))
}
