//! Two-phase commit as Gray and Lamport specify it ("Consensus on Transaction Commit", 2006): the first node manages the
//! transaction, the others resources. Whatever a node may do by itself is a timer; messages are a set and never consumed.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use stemmata::chance::Seed;
use stemmata::context::Context;
use stemmata::fault::Budget;
use stemmata::identity::{Boot, NodeId, OpId};
use stemmata::network::Discipline;
use stemmata::observation::Observe;
use stemmata::process::{Lane, Process, Script, Stored};
use stemmata::run::explore::StateSpace;
use stemmata::sim::Cast;
use stemmata::symmetry::{Names, Symmetry};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum TwoPhase {
    Manager { outcome: Option<Outcome>, prepared: u32 },
    Resource(Resource),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Outcome {
    Committed,
    Aborted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Resource {
    Working,
    Prepared,
    Ended(Outcome),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Message {
    Prepared,
    Decided(Outcome),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Choice {
    Commit,
    Abort,
    Prepare,
    ChooseToAbort,
}

/// That a resource ended, for who checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Fact {
    Ended(Outcome),
}

impl Lane for Message {}
impl Lane for Choice {}
impl Observe for Fact {}

const MANAGER: NodeId = NodeId::new(0);
/// Nothing runs out by time here.
const WHENEVER: stemmata::time::Span = stemmata::time::Span::ZERO;

fn end(outcome: Outcome, ctx: &mut Context<'_, TwoPhase>) -> Resource {
    ctx.cancel_timer(Choice::Prepare);
    ctx.cancel_timer(Choice::ChooseToAbort);
    Resource::Ended(outcome)
}

impl TwoPhase {
    fn decide(decided: Outcome, prepared: u32, ctx: &mut Context<'_, Self>) -> Self {
        ctx.cancel_timer(Choice::Commit);
        ctx.cancel_timer(Choice::Abort);
        for resource in ctx.peers() {
            ctx.send(resource, Message::Decided(decided));
        }
        Self::Manager { outcome: Some(decided), prepared }
    }
}

impl Process for TwoPhase {
    const LANES: &'static [&'static str] = &["commit"];
    type Config = ();
    type Message = Message;
    type Timer = Choice;
    type Command = ();
    type Reply = ();
    type Entry = ();
    type Completion = ();
    type Fact = Fact;
    type Client = Script<()>;

    fn start(_: Boot, _: &[Stored<()>], ctx: &mut Context<'_, Self>) -> Self {
        if ctx.me() == MANAGER {
            ctx.set_timer(Choice::Abort, WHENEVER);
            return Self::Manager { outcome: None, prepared: 0 };
        }
        ctx.set_timer(Choice::Prepare, WHENEVER);
        ctx.set_timer(Choice::ChooseToAbort, WHENEVER);
        Self::Resource(Resource::Working)
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, Self>) {
        match (self, message) {
            (Self::Manager { outcome: None, prepared }, Message::Prepared) => {
                *prepared |= 1 << from.index();
                if prepared.count_ones() == ctx.node_count() - 1 {
                    ctx.set_timer(Choice::Commit, WHENEVER);
                }
            }
            (Self::Resource(resource), Message::Decided(outcome)) => *resource = end(outcome, ctx),
            (Self::Manager { .. } | Self::Resource(_), Message::Prepared | Message::Decided(_)) => {}
        }
    }

    fn on_timer(&mut self, choice: Choice, ctx: &mut Context<'_, Self>) {
        let prepared = if let Self::Manager { prepared, .. } = self { *prepared } else { 0 };
        *self = match choice {
            Choice::Commit => Self::decide(Outcome::Committed, prepared, ctx),
            Choice::Abort => Self::decide(Outcome::Aborted, prepared, ctx),
            Choice::Prepare => {
                ctx.cancel_timer(Choice::ChooseToAbort);
                ctx.send(MANAGER, Message::Prepared);
                Self::Resource(Resource::Prepared)
            }
            Choice::ChooseToAbort => Self::Resource(end(Outcome::Aborted, ctx)),
        };
    }

    fn on_command(&mut self, _: OpId, (): (), _: &mut Context<'_, Self>) {}
}

/// All states of it with so many resources.
pub(crate) fn state_space(resources: u32) -> StateSpace<TwoPhase> {
    let cast = Cast { config: (), nodes: 1 + resources, disk: Box::new(|_| Vec::new()), clients: Vec::new() };
    let budget = Budget { timers: None, ..Budget::default() };
    StateSpace::new(Seed(0), cast, &[], budget, vec![Discipline::Set])
}

/// The resources may change places with one another.
pub(crate) fn symmetry(resources: u32) -> Symmetry<TwoPhase> {
    let process = |it: &TwoPhase, names: &Names| match it {
        TwoPhase::Manager { outcome, prepared } => {
            let renamed = NodeId::all(u32::BITS).filter(|id| prepared & (1 << id.index()) != 0);
            let prepared = renamed.fold(0, |set, id| set | 1 << names.of(id).index());
            TwoPhase::Manager { outcome: *outcome, prepared }
        }
        TwoPhase::Resource(resource) => TwoPhase::Resource(*resource),
    };
    Symmetry::new(NodeId::all(1 + resources).skip(1), process, |message, _| *message)
}

/// How many states there are in which resources are counted and not named, by the rules of Gray and Lamport alone.
pub(crate) fn unnamed_states(resources: usize) -> u64 {
    /// Of a resource: its state, whether it said that it is prepared, and whether the manager knows.
    type Seat = (Resource, bool, bool);
    type Unnamed = (Option<Outcome>, Vec<Seat>);
    let ended = Resource::Ended;
    let follow = |(outcome, seats): &Unnamed| -> Vec<Unnamed> {
        let mut next = Vec::new();
        if outcome.is_none() {
            next.push((Some(Outcome::Aborted), seats.clone()));
            if seats.iter().all(|seat| seat.2) {
                next.push((Some(Outcome::Committed), seats.clone()));
            }
        }
        for (at, (resource, said, known)) in seats.iter().enumerate() {
            let mut put = |outcome: Option<Outcome>, seat: Seat| {
                let mut seats = seats.clone();
                seats[at] = seat;
                seats.sort_unstable();
                next.push((outcome, seats));
            };
            if *resource == Resource::Working {
                put(*outcome, (Resource::Prepared, true, *known));
                put(*outcome, (ended(Outcome::Aborted), *said, *known));
            }
            if outcome.is_none() && *said {
                put(*outcome, (*resource, *said, true));
            }
            if let Some(decided) = outcome {
                put(*outcome, (ended(*decided), *said, *known));
            }
        }
        next
    };
    let mut waiting = vec![(None, vec![(Resource::Working, false, false); resources])];
    let mut seen: BTreeSet<Unnamed> = waiting.iter().cloned().collect();
    while let Some(state) = waiting.pop() {
        waiting.extend(follow(&state).into_iter().filter(|state| seen.insert(state.clone())));
    }
    seen.len() as u64
}
