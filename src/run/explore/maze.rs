//! The states of one process under one set of rules, with the checkers that judge every way through them.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::seats::{Hearing, Judges, Seats};
use super::space::{Found, Place, Print, Searcher, Space, Step};
use crate::chance::Seed;
use crate::fault::Budget;
use crate::identity::{MessageId, NodeId};
use crate::network::Discipline;
use crate::process::{Operation, Process};
use crate::sim::explore::{Action, Bench, Ears, Rules, State};
use crate::sim::{Cast, ClockError, Witness};
use crate::symmetry::Symmetry;
use crate::time::Time;
use crate::trace::{Event, Record};

/// All states of a cluster: the start of a search, or of a way through it.
#[derive(Debug)]
pub struct Maze<P: Process> {
    rules: Rules<P>,
    judges: Judges<P::Fact>,
    /// What happens before the first state.
    beginning: Vec<Action<P::Timer>>,
}

/// A state with its checkers.
struct Spot<P: Process> {
    state: State<P>,
    seats: Seats<P::Fact>,
}

impl<P: Process> Maze<P> {
    /// The states of a cast under a budget, with the errors of its clocks by node, and a discipline for each lane;
    /// judged by nobody.
    ///
    /// # Panics
    /// If there are not as many disciplines as lanes, or more than 65,535 messages may be doubled.
    #[must_use]
    pub fn new(seed: Seed, cast: Cast<P>, clocks: &[ClockError], budget: Budget, disciplines: Vec<Discipline>) -> Self {
        let rules = Rules::new(seed, cast, clocks, budget, disciplines);
        Self { rules, judges: Judges::default(), beginning: Vec::new() }
    }

    /// The same, with checkers as part of each state.
    ///
    /// # Panics
    /// If nodes are interchangeable already: the checkers have a word in that.
    #[must_use]
    pub fn judged_by(self, judges: Judges<P::Fact>) -> Self {
        assert!(self.interchangeable().is_empty(), "judges are named before nodes change places");
        Self { judges, ..self }
    }

    /// The same with these operations asked too, by clients of their own, of each in the order in which they stand here.
    ///
    /// # Panics
    /// If a client that has operations here is one of the cast, or if nodes are interchangeable already: clients know
    /// them by their names.
    #[must_use]
    pub fn with_operations(mut self, operations: Vec<Operation<P::Command>>) -> Self {
        assert!(self.interchangeable().is_empty(), "clients are named before nodes change places");
        self.rules.ask(operations);
        self
    }

    /// The same, but that it begins where a fact is noted for the first time if nothing goes wrong and no client asks; a
    /// timer runs out only where nothing else can happen. None where it never is.
    #[must_use]
    pub fn after(mut self, fact: &str) -> Option<Self> {
        let mut rules = self.rules.clone();
        rules.budget.timers = None;
        let mut bench = rules.bench(Ears::Open);
        let mut listener = Listener { fact, heard: false };
        let mut state = bench.root(&rules, &mut listener);
        let mut actions = Vec::new();
        while !listener.heard && self.beginning.len() < LONGEST {
            rules.actions(&state, &mut actions);
            let urgent = |action: &&Action<P::Timer>| urgency(action);
            let action = *actions.iter().filter(|action| urgency(action).is_some()).min_by_key(urgent)?;
            bench.take(&rules, &state, action, None, &mut listener);
            state = bench.make(&state);
            self.beginning.push(action);
        }
        listener.heard.then_some(self)
    }

    /// The same, where nodes learn that a session is over from a timer that runs out.
    #[must_use]
    pub fn ending_sessions(mut self, over: fn(NodeId) -> Option<P::Timer>) -> Self {
        self.rules.over = over;
        self
    }

    /// The same, where states are one that differ only in which of some nodes is which. Nothing comes of it where there
    /// are clients or checkers that know nodes by their names, or where those nodes are unlike from the beginning.
    #[must_use]
    pub fn interchanging(mut self, symmetry: Symmetry<P>) -> Self {
        if !self.judges.name_nodes() {
            self.rules.interchange(symmetry);
        }
        self
    }

    /// The nodes whose order makes no states apart.
    #[must_use]
    pub fn interchangeable(&self) -> &[NodeId] {
        self.rules.interchangeable()
    }

    /// Goes a way from the beginning, and tells a witness all that a timed run would tell; until its end, or until the
    /// witness has seen enough. When that was, a millisecond a step, and the witness.
    ///
    /// # Panics
    /// If it is no way.
    #[must_use]
    pub fn retrace<W: Witness<P::Fact>>(&self, way: &[u32], mut witness: W) -> (Time, W) {
        let mut copies = Copies::default();
        let end = self.walk(way, BTreeMap::new(), &mut copies);
        copies.count_flights(&end);
        let end = self.walk(way, copies.0, &mut witness);
        (end.instant(), witness)
    }

    /// Where a way ends.
    fn walk<W: Witness<P::Fact>>(&self, way: &[u32], copies: BTreeMap<MessageId, u16>, witness: &mut W) -> State<P> {
        let Self { rules, .. } = self;
        let mut bench = rules.bench(Ears::Recording).copying(copies);
        let mut scout = rules.bench(Ears::Shut);
        let mut state = self.begin(&mut bench, witness);
        for nth in way {
            if bench.stopped() {
                break;
            }
            let (action, doom) = self.nth(&mut scout, &state, *nth);
            bench.take(rules, &state, action, doom, witness);
            state = bench.make(&state);
        }
        bench.abandon(rules, &state, witness);
        state
    }

    /// The first state.
    fn begin<W: Witness<P::Fact>>(&self, bench: &mut Bench<P>, witness: &mut W) -> State<P> {
        let mut state = bench.root(&self.rules, witness);
        for action in &self.beginning {
            if bench.stopped() {
                break;
            }
            bench.take(&self.rules, &state, *action, None, witness);
            state = bench.make(&state);
        }
        state.unspent()
    }

    /// What the `nth` of the states that follow `state` comes by.
    fn nth(&self, scout: &mut Bench<P>, state: &State<P>, nth: u32) -> (Action<P::Timer>, Option<u32>) {
        let mut found = None;
        let mut next = 0;
        self.rules.each(
            scout,
            state,
            || Deaf,
            |_, _, action, doom| {
                if next == nth {
                    found = Some((action, doom));
                }
                next += 1;
            },
        );
        found.expect("a way consists of steps that there are")
    }

    fn step(&self, nth: u32, print: Print, spot: Spot<P>) -> Step {
        let goal = self.judges.reached(spot.seats.fallen());
        Step { nth, print, goal, place: Place(Box::new(spot)) }
    }

    /// How much the checkers have to be told.
    const fn ears(&self) -> Ears {
        if self.judges.is_empty() { Ears::Shut } else { Ears::Open }
    }
}

impl<P: Process> Space for Maze<P> {
    fn root(&self) -> Step {
        let seats = self.judges.seats();
        let mut bench = self.rules.bench(self.ears());
        let mut hearing = Hearing::new(&seats);
        let state = self.begin(&mut bench, &mut hearing);
        let print = state.print(&self.rules).and(hearing.print());
        let seats = hearing.after();
        self.step(0, print, Spot { state, seats })
    }

    fn searcher(&self) -> Box<dyn Searcher + '_> {
        Box::new(Walker { maze: self, bench: self.rules.bench(self.ears()) })
    }
}

/// Finds what follows states of a maze.
struct Walker<'a, P: Process> {
    maze: &'a Maze<P>,
    bench: Bench<P>,
}

impl<P: Process> Searcher for Walker<'_, P> {
    fn expand(&mut self, place: &Place, known: &dyn Fn(Print) -> bool, found: &mut Found) {
        let Self { maze, bench } = self;
        let Spot { state, seats } = spot::<P>(place);
        let (first, mut nth) = (found.steps.len(), 0);
        let hear = || Hearing::new(seats);
        let is_symmetric = !maze.interchangeable().is_empty();
        maze.rules.each(bench, state, hear, |bench, hearing, _, _| {
            let mut made = is_symmetric.then(|| bench.make(state));
            let own = made.as_ref().map_or_else(|| bench.print(&maze.rules, state), |made| made.print(&maze.rules));
            let print = own.and(hearing.print());
            if !found.steps[first..].iter().any(|step| step.print == print) && !known(print) {
                let state = made.take().unwrap_or_else(|| bench.make(state));
                let spot = Spot { state, seats: hearing.after() };
                found.steps.push(maze.step(nth, print, spot));
            }
            nth += 1;
        });
        found.generated += u64::from(nth);
    }

    fn exercised(&mut self, place: &Place, known: u64) -> u64 {
        spot::<P>(place).seats.exercised(known)
    }
}

fn spot<P: Process>(place: &Place) -> &Spot<P> {
    place.0.downcast_ref().expect("a place is a state of the space that it came from")
}

/// A beginning has no more steps than this.
const LONGEST: usize = 10_000;

/// What comes first in a beginning; nothing goes wrong there, and nobody asks.
const fn urgency<T>(action: &Action<T>) -> Option<u32> {
    match action {
        Action::Deliver(_) => Some(0),
        Action::Sync(_) => Some(1),
        Action::Start(_) => Some(2),
        Action::Fire(..) => Some(3),
        Action::Lose(_) | Action::Double(_) | Action::Ask(_) | Action::Lapse(_) | Action::Kill(_) => None,
    }
}

/// Waits for a fact.
struct Listener<'f> {
    fact: &'f str,
    heard: bool,
}

impl<F> Witness<F> for Listener<'_> {
    fn see(&mut self, record: &Record<'_>, _fact: Option<&F>) -> ControlFlow<()> {
        if let Event::Fact { fact } = &record.event {
            self.heard |= fact.label.is(self.fact);
        }
        ControlFlow::Continue(())
    }

    fn reads(&self) -> bool {
        true
    }
}

/// Hears nothing.
struct Deaf;

impl<F> Witness<F> for Deaf {
    fn see(&mut self, _record: &Record<'_>, _fact: Option<&F>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn reads(&self) -> bool {
        false
    }
}

/// How many copies of each message there are on a way, where more than one.
#[derive(Default)]
struct Copies(BTreeMap<MessageId, u16>);

impl Copies {
    fn count(&mut self, message: MessageId, copy: u16) {
        if copy > 0 {
            let copies = self.0.entry(message).or_default();
            *copies = (*copies).max(copy + 1);
        }
    }

    /// Counts those that are still in flight.
    fn count_flights<P: Process>(&mut self, state: &State<P>) {
        state.flights.iter().for_each(|flight| self.count(flight.id, flight.copy));
    }
}

impl<F> Witness<F> for Copies {
    fn see(&mut self, record: &Record<'_>, _fact: Option<&F>) -> ControlFlow<()> {
        if let Event::Receive { message, copy, .. } | Event::Lost { message, copy, .. } = record.event {
            self.count(message, copy);
        }
        ControlFlow::Continue(())
    }

    fn reads(&self) -> bool {
        false
    }
}
