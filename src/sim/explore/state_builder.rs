//! Takes steps from a state, and builds the resulting states.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::change::Change;
use super::fingerprint::Fingerprint;
use super::state::{Flight, Placed, State, queued};
use super::step::Step;
use super::step_executor::{Ears, Gathered, StepExecutor};
use super::{Action, Rules};
use crate::identity::MessageId;
use crate::process::Process;
use crate::sim::Witness;
use crate::sim::cluster::Cluster;

/// Takes steps in a scratch cluster, which holds the node that a step touches, and builds the next state.
#[derive(Debug)]
pub(crate) struct StateBuilder<P: Process> {
    cluster: Cluster<P>,
    gathered: Gathered<P>,
    change: Change<P>,
    /// Reused between steps.
    actions: Vec<Action<P::Timer>>,
    effects: Vec<u32>,
    /// The level of detail for a witness.
    ears: Ears,
    /// The total number of copies of each duplicated message.
    copies: BTreeMap<MessageId, u16>,
}

impl<P: Process> Rules<P> {
    pub(crate) fn builder(&self, ears: Ears) -> StateBuilder<P> {
        StateBuilder {
            cluster: Cluster::new(self.seed, self.config.clone(), self.disks.iter().map(|_| Vec::new())),
            gathered: Gathered::default(),
            change: Change::default(),
            actions: Vec::new(),
            effects: Vec::new(),
            ears,
            copies: BTreeMap::new(),
        }
    }

    /// Takes every possible step from `state`, in a fixed order, each with its own witness: each action, and after it,
    /// if a node may crash, the same action with a crash before each of the effects that it performed.
    pub(crate) fn each<W: Witness<P::Fact>>(
        &self,
        builder: &mut StateBuilder<P>,
        state: &State<P>,
        hear: impl Fn() -> W,
        mut taken: impl FnMut(&mut StateBuilder<P>, W, Action<P::Timer>, Option<u32>),
    ) {
        let mut actions = std::mem::take(&mut builder.actions);
        let mut effects = std::mem::take(&mut builder.effects);
        self.actions(state, &mut actions);
        for action in &actions {
            let mut witness = hear();
            builder.take(self, state, *action, None, &mut witness);
            effects.clear();
            if state.spent.may_crash(&self.budget) {
                effects.extend_from_slice(&builder.gathered.effects);
            }
            taken(builder, witness, *action, None);
            for effect in &effects {
                let mut witness = hear();
                builder.take(self, state, *action, Some(*effect), &mut witness);
                taken(builder, witness, *action, Some(*effect));
            }
        }
        (builder.actions, builder.effects) = (actions, effects);
    }
}

impl<P: Process> StateBuilder<P> {
    /// The same, given the total number of copies of duplicated messages.
    pub(crate) fn copying(self, copies: BTreeMap<MessageId, u16>) -> Self {
        Self { copies, ..self }
    }

    /// The state in which every node has started, in order, as in a timed run.
    pub(crate) fn root<W: Witness<P::Fact>>(&mut self, rules: &Rules<P>, witness: &mut W) -> State<P> {
        let mut state = rules.nothing();
        for node in rules.nodes() {
            self.take(rules, &state, Action::Start(node), None, witness);
            state = State { depth: 0, ..self.make(&state) };
        }
        state
    }

    /// Takes an action in `state`. `crash_point` is the number of an effect that the same step performed without a
    /// crash: the node crashes before that effect.
    pub(crate) fn take<W: Witness<P::Fact>>(
        &mut self,
        rules: &Rules<P>,
        state: &State<P>,
        action: Action<P::Timer>,
        crash_point: Option<u32>,
        witness: &mut W,
    ) {
        let Self { cluster, gathered, change, ears, copies, .. } = self;
        gathered.clear();
        change.clear(state.spent);
        change.spent.crashes += u32::from(crash_point.is_some());
        let now = state.next_instant();
        let executor =
            StepExecutor { now, walls: &rules.walls, before: &state.patrons, copies, ears: *ears, witness, gathered };
        Step { rules, state, crash_point, cluster, change, executor }.perform(action);
        change.weigh(rules, state, gathered);
    }

    /// Whether the witness has seen enough.
    pub(crate) const fn stopped(&self) -> bool {
        self.gathered.stopped
    }

    /// The fingerprint of the state that the step leads to, if no nodes are interchangeable.
    pub(crate) fn fingerprint(&self, rules: &Rules<P>, state: &State<P>) -> Fingerprint {
        let Change { gone, come, loose, .. } = &self.change;
        if !rules.has_queues() {
            return *loose;
        }
        let kept = state.flights.iter().enumerate().filter(|(at, _)| !gone.contains(at));
        let flights = kept.map(|(_, flight)| &**flight).chain(come);
        loose.and(queued::<P>(flights, &rules.disciplines))
    }

    /// The state that the step leads to.
    pub(crate) fn make(&mut self, before: &State<P>) -> State<P> {
        let Self { cluster, change, .. } = self;
        let mut nodes = before.nodes.clone();
        if let Some((id, fired, fingerprint)) = change.node.take() {
            nodes[id.index()] = Arc::new(Placed { node: cluster.take_out(id), fired, fingerprint });
        }
        let mut patrons = before.patrons.clone();
        for (id, patron) in change.patrons.drain(..) {
            patrons[id.index()] = Arc::new(patron);
        }
        let mut flights = Vec::with_capacity(before.flights.len() + change.come.len());
        let kept = before.flights.iter().enumerate().filter(|(at, _)| !change.gone.contains(at));
        flights.extend(kept.map(|(at, flight)| match change.again {
            Some((again, copy)) if again == at => Arc::new(Flight { copy, ..(**flight).clone() }),
            Some(_) | None => Arc::clone(flight),
        }));
        flights.extend(change.come.drain(..).map(Arc::new));
        State { nodes, flights, patrons, spent: change.spent, loose: change.loose, depth: before.depth + 1 }
    }

    /// Ends a path: effects that still wait at a node are dropped.
    pub(crate) fn abandon<W: Witness<P::Fact>>(&mut self, rules: &Rules<P>, state: &State<P>, witness: &mut W) {
        let Self { cluster, gathered, ears, copies, .. } = self;
        for (id, placed) in rules.nodes().zip(&state.nodes) {
            cluster.put_in(id, placed.node.clone());
        }
        let (now, walls) = (state.instant(), &rules.walls);
        cluster.abandon(&mut StepExecutor {
            now,
            walls,
            before: &state.patrons,
            copies,
            ears: *ears,
            witness,
            gathered,
        });
    }
}
