//! Where steps are tried: what each would lead to, and the state that it makes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::change::Change;
use super::print::Print;
use super::stage::{Ears, Gathered, Stage};
use super::state::{Flight, Placed, State, queued};
use super::step::Step;
use super::{Action, Rules};
use crate::identity::MessageId;
use crate::process::Process;
use crate::sim::Witness;
use crate::sim::cluster::Cluster;

/// Where steps are tried: a cluster into which the node is put that a step touches.
#[derive(Debug)]
pub(crate) struct Bench<P: Process> {
    cluster: Cluster<P>,
    gathered: Gathered<P>,
    change: Change<P>,
    /// Reused.
    actions: Vec<Action<P::Timer>>,
    effects: Vec<u32>,
    /// How much a witness is told.
    ears: Ears,
    /// How many copies the network will have made of a message, where not one.
    copies: BTreeMap<MessageId, u16>,
}

impl<P: Process> Rules<P> {
    pub(crate) fn bench(&self, ears: Ears) -> Bench<P> {
        Bench {
            cluster: Cluster::new(self.seed, self.config.clone(), self.disks.iter().map(|_| Vec::new())),
            gathered: Gathered::default(),
            change: Change::default(),
            actions: Vec::new(),
            effects: Vec::new(),
            ears,
            copies: BTreeMap::new(),
        }
    }

    /// Takes every step that there is from `state`, in a fixed order, each with a witness of its own: the actions, and
    /// after each, if a node may die, the same with its death before each of the effects that came to be.
    pub(crate) fn each<W: Witness<P::Fact>>(
        &self,
        bench: &mut Bench<P>,
        state: &State<P>,
        hear: impl Fn() -> W,
        mut taken: impl FnMut(&mut Bench<P>, W, Action<P::Timer>, Option<u32>),
    ) {
        let mut actions = std::mem::take(&mut bench.actions);
        let mut effects = std::mem::take(&mut bench.effects);
        self.actions(state, &mut actions);
        for action in &actions {
            let mut witness = hear();
            bench.take(self, state, *action, None, &mut witness);
            effects.clear();
            if state.spent.may_crash(&self.budget) {
                effects.extend_from_slice(&bench.gathered.effects);
            }
            taken(bench, witness, *action, None);
            for effect in &effects {
                let mut witness = hear();
                bench.take(self, state, *action, Some(*effect), &mut witness);
                taken(bench, witness, *action, Some(*effect));
            }
        }
        (bench.actions, bench.effects) = (actions, effects);
    }
}

impl<P: Process> Bench<P> {
    /// The same, where it is known how many copies the network will have made of messages.
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

    /// Takes an action in `state`. With `doom`, the number of an effect of the same step taken without, the node dies
    /// before that effect.
    pub(crate) fn take<W: Witness<P::Fact>>(
        &mut self,
        rules: &Rules<P>,
        state: &State<P>,
        action: Action<P::Timer>,
        doom: Option<u32>,
        witness: &mut W,
    ) {
        let Self { cluster, gathered, change, ears, copies, .. } = self;
        gathered.clear();
        change.clear(state.spent);
        change.spent.crashes += u32::from(doom.is_some());
        let now = state.next_instant();
        let stage = Stage { now, walls: &rules.walls, before: &state.patrons, copies, ears: *ears, witness, gathered };
        Step { rules, state, doom, cluster, change, stage }.perform(action);
        change.weigh(rules, state, gathered);
    }

    /// Whether the witness has seen enough.
    pub(crate) const fn stopped(&self) -> bool {
        self.gathered.stopped
    }

    /// The fingerprint of the state that the step leads to, where no nodes are interchangeable.
    pub(crate) fn print(&self, rules: &Rules<P>, state: &State<P>) -> Print {
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
        if let Some((id, fired, print)) = change.node.take() {
            nodes[id.index()] = Arc::new(Placed { node: cluster.take_out(id), fired, print });
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

    /// Ends a way: what still waits at a node never came to be.
    pub(crate) fn abandon<W: Witness<P::Fact>>(&mut self, rules: &Rules<P>, state: &State<P>, witness: &mut W) {
        let Self { cluster, gathered, ears, copies, .. } = self;
        for (id, placed) in rules.nodes().zip(&state.nodes) {
            cluster.put_in(id, placed.node.clone());
        }
        let (now, walls) = (state.instant(), &rules.walls);
        cluster.abandon(&mut Stage { now, walls, before: &state.patrons, copies, ears: *ears, witness, gathered });
    }
}
