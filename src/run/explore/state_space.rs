//! The state space of one process under one set of rules, with the checkers that judge every path in it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::checker_slots::{CheckerSlots, Hearing, Judges};
use super::space::{AnyState, Fingerprint, Searcher, Space, Step, Successors};
use crate::chance::Seed;
use crate::fault::Budget;
use crate::identity::{MessageId, NodeId};
use crate::network::Discipline;
use crate::process::{Operation, Process};
use crate::sim::explore::{Action, Ears, Rules, State, StateBuilder};
use crate::sim::{Cast, ClockError, Witness};
use crate::symmetry::Symmetry;
use crate::time::Time;
use crate::trace::{Event, Record};

/// All states of a cluster: the start of a search, or of a path.
#[derive(Debug)]
pub struct StateSpace<P: Process> {
    rules: Rules<P>,
    judges: Judges<P::Fact>,
    /// The actions before the root.
    beginning: Vec<Action<P::Timer>>,
}

/// A state with its checkers.
struct SearchState<P: Process> {
    state: State<P>,
    slots: CheckerSlots<P::Fact>,
}

impl<P: Process> StateSpace<P> {
    /// The states of a cast under a budget, with the errors of its clocks by node, and a discipline for each lane;
    /// without checkers.
    ///
    /// # Panics
    /// If there are not as many disciplines as lanes, or if the budget has more than 65,535 duplicates.
    #[must_use]
    pub fn new(seed: Seed, cast: Cast<P>, clocks: &[ClockError], budget: Budget, disciplines: Vec<Discipline>) -> Self {
        let rules = Rules::new(seed, cast, clocks, budget, disciplines);
        Self { rules, judges: Judges::default(), beginning: Vec::new() }
    }

    /// The same, with checkers as part of each state.
    ///
    /// # Panics
    /// If there are interchangeable nodes already: they depend on the checkers.
    #[must_use]
    pub fn judged_by(self, judges: Judges<P::Fact>) -> Self {
        assert!(self.interchangeable().is_empty(), "judges are named before nodes change places");
        Self { judges, ..self }
    }

    /// The same with these additional operations, invoked by clients of their own, each client's in the given order.
    ///
    /// # Panics
    /// If a client that has operations here is one of the cast, or if there are interchangeable nodes already: clients
    /// know nodes by name.
    #[must_use]
    pub fn with_operations(mut self, operations: Vec<Operation<P::Command>>) -> Self {
        assert!(self.interchangeable().is_empty(), "clients are named before nodes change places");
        self.rules.ask(operations);
        self
    }

    /// The same, starting where a fact is noted for the first time without faults and clients; a timer expires only if
    /// nothing else can happen. None if the fact is never noted.
    #[must_use]
    pub fn after(mut self, fact: &str) -> Option<Self> {
        let mut rules = self.rules.clone();
        rules.budget.timers = None;
        let mut builder = rules.builder(Ears::Open);
        let mut listener = Listener { fact, heard: false };
        let mut state = builder.root(&rules, &mut listener);
        let mut actions = Vec::new();
        while !listener.heard && self.beginning.len() < LONGEST {
            rules.actions(&state, &mut actions);
            let urgent = |action: &&Action<P::Timer>| urgency(action);
            let action = *actions.iter().filter(|action| urgency(action).is_some()).min_by_key(urgent)?;
            builder.take(&rules, &state, action, None, &mut listener);
            state = builder.make(&state);
            self.beginning.push(action);
        }
        listener.heard.then_some(self)
    }

    /// The same, with a timer from whose expiry nodes learn that a session has ended.
    #[must_use]
    pub fn ending_sessions(mut self, over: fn(NodeId) -> Option<P::Timer>) -> Self {
        self.rules.over = over;
        self
    }

    /// The same, identifying states that differ only by a permutation of some nodes. Has no effect if there are clients
    /// or checkers that know nodes by name, or if those nodes differ at the beginning.
    #[must_use]
    pub fn interchanging(mut self, symmetry: Symmetry<P>) -> Self {
        if !self.judges.name_nodes() {
            self.rules.interchange(symmetry);
        }
        self
    }

    /// The nodes whose permutations are identified.
    #[must_use]
    pub fn interchangeable(&self) -> &[NodeId] {
        self.rules.interchangeable()
    }

    /// Follows a path from the root, and reports to a witness what a timed run would report, until the end of the path
    /// or until the witness breaks. Returns when that was, at a millisecond per step, and the witness.
    ///
    /// # Panics
    /// If there is no such path.
    #[must_use]
    pub fn retrace<W: Witness<P::Fact>>(&self, path: &[u32], mut witness: W) -> (Time, W) {
        let mut copies = Copies::default();
        let end = self.walk(path, BTreeMap::new(), &mut copies);
        copies.count_flights(&end);
        let end = self.walk(path, copies.0, &mut witness);
        (end.instant(), witness)
    }

    /// The last state of a path.
    fn walk<W: Witness<P::Fact>>(&self, path: &[u32], copies: BTreeMap<MessageId, u16>, witness: &mut W) -> State<P> {
        let Self { rules, .. } = self;
        let mut builder = rules.builder(Ears::Recording).copying(copies);
        let mut scout = rules.builder(Ears::Shut);
        let mut state = self.begin(&mut builder, witness);
        for nth in path {
            if builder.stopped() {
                break;
            }
            let (action, crash_point) = self.nth(&mut scout, &state, *nth);
            builder.take(rules, &state, action, crash_point, witness);
            state = builder.make(&state);
        }
        builder.abandon(rules, &state, witness);
        state
    }

    /// The root.
    fn begin<W: Witness<P::Fact>>(&self, builder: &mut StateBuilder<P>, witness: &mut W) -> State<P> {
        let mut state = builder.root(&self.rules, witness);
        for action in &self.beginning {
            if builder.stopped() {
                break;
            }
            builder.take(&self.rules, &state, *action, None, witness);
            state = builder.make(&state);
        }
        state.unspent()
    }

    /// The action and crash point of the `nth` successor of `state`.
    fn nth(&self, scout: &mut StateBuilder<P>, state: &State<P>, nth: u32) -> (Action<P::Timer>, Option<u32>) {
        let mut found = None;
        let mut next = 0;
        self.rules.each(
            scout,
            state,
            || Deaf,
            |_, _, action, crash_point| {
                if next == nth {
                    found = Some((action, crash_point));
                }
                next += 1;
            },
        );
        found.expect("a way consists of steps that there are")
    }

    fn step(&self, nth: u32, fingerprint: Fingerprint, search_state: SearchState<P>) -> Step {
        let goal = self.judges.reached(search_state.slots.fallen());
        Step { nth, fingerprint, goal, state: AnyState(Box::new(search_state)) }
    }

    /// The level of detail that the checkers need.
    const fn ears(&self) -> Ears {
        if self.judges.is_empty() { Ears::Shut } else { Ears::Open }
    }
}

impl<P: Process> Space for StateSpace<P> {
    fn root(&self) -> Step {
        let slots = self.judges.slots();
        let mut builder = self.rules.builder(self.ears());
        let mut hearing = Hearing::new(&slots);
        let state = self.begin(&mut builder, &mut hearing);
        let fingerprint = state.fingerprint(&self.rules).and(hearing.fingerprint());
        let slots = hearing.after();
        self.step(0, fingerprint, SearchState { state, slots })
    }

    fn searcher(&self) -> Box<dyn Searcher + '_> {
        Box::new(Walker { state_space: self, builder: self.rules.builder(self.ears()) })
    }
}

/// Finds the successors of states of a state space.
struct Walker<'a, P: Process> {
    state_space: &'a StateSpace<P>,
    builder: StateBuilder<P>,
}

impl<P: Process> Searcher for Walker<'_, P> {
    fn expand(&mut self, state: &AnyState, known: &dyn Fn(Fingerprint) -> bool, successors: &mut Successors) {
        let Self { state_space, builder } = self;
        let SearchState { state, slots } = search_state::<P>(state);
        let (first, mut nth) = (successors.steps.len(), 0);
        let hear = || Hearing::new(slots);
        let is_symmetric = !state_space.interchangeable().is_empty();
        state_space.rules.each(builder, state, hear, |builder, hearing, _, _| {
            let mut made = is_symmetric.then(|| builder.make(state));
            let own = made.as_ref().map_or_else(
                || builder.fingerprint(&state_space.rules, state),
                |made| made.fingerprint(&state_space.rules),
            );
            let fingerprint = own.and(hearing.fingerprint());
            if !successors.steps[first..].iter().any(|step| step.fingerprint == fingerprint) && !known(fingerprint) {
                let state = made.take().unwrap_or_else(|| builder.make(state));
                let search_state = SearchState { state, slots: hearing.after() };
                successors.steps.push(state_space.step(nth, fingerprint, search_state));
            }
            nth += 1;
        });
        successors.generated += u64::from(nth);
    }

    fn exercised(&mut self, state: &AnyState, known: u64) -> u64 {
        search_state::<P>(state).slots.exercised(known)
    }
}

fn search_state<P: Process>(state: &AnyState) -> &SearchState<P> {
    state.0.downcast_ref().expect("a place is a state of the space that it came from")
}

/// The maximum number of steps before the root.
const LONGEST: usize = 10_000;

/// The order of actions before the root, where there are no faults and no operations.
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

/// Ignores all records.
struct Deaf;

impl<F> Witness<F> for Deaf {
    fn see(&mut self, _record: &Record<'_>, _fact: Option<&F>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn reads(&self) -> bool {
        false
    }
}

/// The number of copies of each duplicated message on a path.
#[derive(Default)]
struct Copies(BTreeMap<MessageId, u16>);

impl Copies {
    fn count(&mut self, message: MessageId, copy: u16) {
        if copy > 0 {
            let copies = self.0.entry(message).or_default();
            *copies = (*copies).max(copy + 1);
        }
    }

    /// Counts the copies that are still in flight.
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
