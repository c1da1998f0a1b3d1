//! A step: one action, on the cluster's own code; what it changes, and the state that it makes.

use std::collections::BTreeMap;
use std::sync::Arc;

use smallvec::SmallVec;

use super::print::{Part, Print};
use super::stage::{Ears, Gathered, Stage};
use super::state::{Fired, Flight, Patron, Placed, Spent, State, count_up, queued};
use super::{Action, Rules};
use crate::context::DrawBook;
use crate::identity::{ClientId, MessageId, NodeId, OpId};
use crate::network::Discipline;
use crate::observation::Observe as _;
use crate::process::Process;
use crate::sim::Witness;
use crate::sim::clients::{Attempt, Impatience};
use crate::sim::cluster::{Cluster, Mark, World as _};
use crate::sim::node::{Arrival, Doom, Input, Life};
use crate::time::{Span, Time};
use crate::trace::{Cause, Event};

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

/// What a step changes.
#[derive(Debug)]
struct Change<P: Process> {
    /// The node that stands in the cluster, how often its timers ran out, and its fingerprint.
    node: Option<(NodeId, Fired<P::Timer>, Print)>,
    /// Places among the messages in flight.
    gone: SmallVec<[usize; 2]>,
    come: Vec<Flight<P::Message>>,
    /// The place of a message that arrived, or was doubled, and is still in flight: the number that a copy bears next.
    again: Option<(usize, u16)>,
    patrons: SmallVec<[(ClientId, Patron<P>); 1]>,
    spent: Spent,
    loose: Print,
}

impl<P: Process> Default for Change<P> {
    fn default() -> Self {
        Self {
            node: None,
            gone: SmallVec::new(),
            come: Vec::new(),
            again: None,
            patrons: SmallVec::new(),
            spent: Spent::default(),
            loose: Print::default(),
        }
    }
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
}

impl<P: Process> Rules<P> {
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

    /// The fingerprint of the state that the step leads to.
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
        let now = Time::ZERO + Span::from_millis(state.depth.into());
        let walls = &rules.walls;
        cluster.abandon(&mut Stage { now, walls, before: &state.patrons, copies, ears: *ears, witness, gathered });
    }
}

/// A step under way.
struct Step<'a, P: Process, W> {
    rules: &'a Rules<P>,
    state: &'a State<P>,
    /// The number of the effect before which the node dies.
    doom: Option<u32>,
    cluster: &'a mut Cluster<P>,
    change: &'a mut Change<P>,
    stage: Stage<'a, P, W>,
}

impl<P: Process, W: Witness<P::Fact>> Step<'_, P, W> {
    fn perform(&mut self, action: Action<P::Timer>) {
        match action {
            Action::Deliver(at) => self.deliver(at),
            Action::Lose(at) => self.lose(at),
            Action::Double(at) => self.double(at),
            Action::Fire(id, timer) => {
                self.put_in(id);
                self.cluster.fire(id, timer, &mut self.stage);
                self.leave(id, Some(timer));
            }
            Action::Sync(id) => {
                self.put_in(id);
                self.cluster.synced(id, &mut self.stage);
                self.leave(id, None);
            }
            Action::Ask(client) => self.ask(client),
            Action::Lapse(op) => self.lapse(op),
            Action::Kill(id) => {
                self.put_in(id);
                self.change.spent.crashes += 1;
                self.cluster.kill(id, &mut self.stage);
                self.leave(id, None);
            }
            Action::Start(id) => {
                self.put_in(id);
                self.cluster.start(id, &mut self.stage);
                self.leave(id, None);
            }
        }
    }

    fn deliver(&mut self, at: usize) {
        let Flight { id, to, copy, message, .. } = &*self.state.flights[at];
        self.put_in(*to);
        match self.rules.discipline(message) {
            Discipline::Datagram | Discipline::Fifo => self.change.gone.push(at),
            Discipline::Set => self.change.again = Some((at, copy + 1)),
        }
        if self.cluster.life(*to) == Life::Down {
            self.tell_lost(*to, *id, *copy, Cause::Down);
        } else {
            let arrival = Arrival { id: *id, copy: *copy, corrupted: false };
            self.cluster.deliver(*to, message.clone(), arrival, &mut self.stage);
        }
        self.leave(*to, None);
    }

    fn lose(&mut self, at: usize) {
        let state = self.state;
        let first = &state.flights[at];
        self.put_in(first.to);
        self.change.spent.loss += 1;
        match self.rules.discipline(&first.message) {
            Discipline::Datagram => self.change.gone.push(at),
            Discipline::Fifo => {
                let queue = (at..state.flights.len()).filter(|other| state.flights[*other].shares_queue(first));
                self.change.gone.extend(queue);
            }
            Discipline::Set => unreachable!("nothing of a set is lost"),
        }
        for index in 0..self.change.gone.len() {
            let lost = &state.flights[self.change.gone[index]];
            self.tell_lost(lost.to, lost.id, lost.copy, Cause::Loss);
        }
        self.leave(first.to, None);
    }

    /// Its copies are told apart by the how-many-eth double on the way they are.
    fn double(&mut self, at: usize) {
        let Flight { id, to, message, .. } = &*self.state.flights[at];
        self.change.spent.duplicates += 1;
        let copy = u16::try_from(self.change.spent.duplicates).expect("few messages are doubled");
        self.change.come.push(Flight::new(*id, *to, copy, message.clone()));
    }

    fn ask(&mut self, client: ClientId) {
        let now = self.stage.now;
        let (attempt, _) = self.stage.client(client).1.invoke(client, now);
        let Attempt { op, to, command, .. } = &attempt;
        let mark = self.stage.client_mark(client);
        self.stage.tell_said(mark, command, P::Command::observe, |command| Event::Invoked {
            op: *op,
            to: *to,
            command,
        });
        self.attempt(attempt);
    }

    fn lapse(&mut self, op: OpId) {
        let now = self.stage.now;
        let bounded = self.rules.budget.timers.is_some();
        let (_, client, lapses) = self.stage.client(op.client);
        *lapses += u32::from(bounded);
        match client.lose_patience(op, now) {
            Impatience::Content => unreachable!("only an open operation tries a client's patience"),
            Impatience::Retry(attempt) => {
                let event = Event::Retried { op, to: attempt.to, attempt: attempt.attempt };
                self.stage.tell_client(op.client, event);
                self.attempt(attempt);
            }
            Impatience::GiveUp(op) => {
                self.stage.tell_client(op.client, Event::GaveUp { op });
                self.stage.client(op.client).1.give_up(op, now);
            }
        }
    }

    fn attempt(&mut self, attempt: Attempt<P::Command>) {
        let Attempt { op, to, command, .. } = attempt;
        self.put_in(to);
        self.cluster.input(to, Input::Command { op, command }, &mut self.stage);
        self.leave(to, None);
    }

    fn put_in(&mut self, id: NodeId) {
        self.cluster.put_in(id, self.state.nodes[id.index()].node.clone());
        if let Some(number) = self.doom {
            let doom = Doom { fault: 0, after_effects: 0, before: Some(number) };
            self.cluster.node(id).make_plight().doom = Some(doom);
        }
    }

    /// Ends what happened at a node, at which `fired` ran out.
    fn leave(&mut self, id: NodeId, fired: Option<P::Timer>) {
        let before = &self.state.nodes[id.index()];
        if before.node.life == Life::Up && self.cluster.life(id) == Life::Down {
            self.end_sessions(id);
        }
        let node = self.cluster.node(id);
        node.plight = None;
        // Each draw is its label's first, so that what a node drew before makes no states apart.
        node.draws = DrawBook::default();
        let mut count = before.fired.clone();
        if let Some(timer) = fired.filter(|_| self.rules.budget.timers.is_some()) {
            count_up(&mut count, timer);
        }
        let print = Print::of(Part::Node(id.index() as u32), &(&*node, &count));
        self.change.node = Some((id, count, print));
    }

    /// A node died: what is under way to it in queues is lost.
    fn end_sessions(&mut self, id: NodeId) {
        let state = self.state;
        for (at, flight) in state.flights.iter().enumerate() {
            let queued = self.rules.discipline(&flight.message) == Discipline::Fifo;
            if queued && flight.to == id && !self.change.gone.contains(&at) {
                self.change.gone.push(at);
                self.tell_lost(id, flight.id, flight.copy, Cause::Down);
            }
        }
        let mut at = 0;
        while let Some((name, to, message)) = self.stage.gathered.sent.get(at) {
            if *to == id && self.rules.discipline(message) == Discipline::Fifo {
                let name = *name;
                self.stage.gathered.sent.remove(at);
                self.tell_lost(id, name, 0, Cause::Down);
            } else {
                at += 1;
            }
        }
    }

    fn tell_lost(&mut self, at: NodeId, message: MessageId, copy: u16, cause: Cause) {
        let number = self.cluster.node(at).number();
        self.stage.tell(Mark::plain(at, number), Event::Lost { message, copy, cause });
    }
}

impl<P: Process> Change<P> {
    fn clear(&mut self, spent: Spent) {
        self.node = None;
        self.gone.clear();
        self.come.clear();
        self.again = None;
        self.patrons.clear();
        self.spent = spent;
    }

    /// Takes what a step did, and finds the fingerprint.
    fn weigh(&mut self, rules: &Rules<P>, state: &State<P>, gathered: &mut Gathered<P>) {
        let mut print = state.loose;
        if let Some((id, _, now)) = &self.node {
            print = print.less(state.nodes[id.index()].print).and(*now);
        }
        for (id, client, lapses) in gathered.patrons.drain(..) {
            let patron = Patron::new(id.index() as u32, client, lapses);
            print = print.less(state.patrons[id.index()].print).and(patron.print);
            self.patrons.push((id, patron));
        }
        if self.spent != state.spent {
            print = print.less(state.spent.print()).and(self.spent.print());
        }
        for at in &self.gone {
            let flight = &state.flights[*at];
            if rules.discipline(&flight.message) != Discipline::Fifo {
                print = print.less(flight.print);
            }
        }
        for (id, to, message) in gathered.sent.drain(..) {
            let flight = Flight::new(id, to, 0, message);
            let same = |other: &Flight<P::Message>| other.print == flight.print;
            let set = rules.discipline(&flight.message) == Discipline::Set;
            if !set || !(state.flights.iter().any(|other| same(other)) || self.come.iter().any(same)) {
                self.come.push(flight);
            }
        }
        for flight in &self.come {
            if rules.discipline(&flight.message) != Discipline::Fifo {
                print = print.and(flight.print);
            }
        }
        self.loose = print;
    }
}
