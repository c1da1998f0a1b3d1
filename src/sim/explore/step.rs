//! A step: one action, on the cluster's own code.

use super::change::Change;
use super::print::{Part, Print};
use super::stage::Stage;
use super::state::{Flight, State, count_up};
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
use crate::trace::{Cause, Event};

/// A step under way.
pub(super) struct Step<'a, P: Process, W> {
    pub(super) rules: &'a Rules<P>,
    pub(super) state: &'a State<P>,
    /// The number of the effect before which the node dies.
    pub(super) doom: Option<u32>,
    pub(super) cluster: &'a mut Cluster<P>,
    pub(super) change: &'a mut Change<P>,
    pub(super) stage: Stage<'a, P, W>,
}

impl<P: Process, W: Witness<P::Fact>> Step<'_, P, W> {
    pub(super) fn perform(&mut self, action: Action<P::Timer>) {
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
            Discipline::Datagram | Discipline::Fifo | Discipline::Sure => self.change.gone.push(at),
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
                let behind = (at..state.flights.len()).filter(|other| {
                    let other = &state.flights[*other];
                    self.rules.share_queue(other, first) && self.rules.discipline(&other.message) == Discipline::Fifo
                });
                self.change.gone.extend(behind);
            }
            Discipline::Sure | Discipline::Set => unreachable!("nothing of a set is lost, nor what is sure"),
        }
        for index in 0..self.change.gone.len() {
            let lost = &state.flights[self.change.gone[index]];
            self.tell_lost(lost.to, lost.id, lost.copy, Cause::Loss);
        }
        let is_queue = self.rules.discipline(&first.message) == Discipline::Fifo;
        if let Some(timer) = (self.rules.over)(first.id.sender).filter(|_| is_queue)
            && self.cluster.life(first.to) == Life::Up
        {
            self.cluster.ring(first.to, timer, &mut self.stage);
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
            self.cluster.node(id).make_plight().dooms = vec![doom];
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
            let queued = self.rules.discipline(&flight.message).is_queue();
            if queued && flight.to == id && !self.change.gone.contains(&at) {
                self.change.gone.push(at);
                self.tell_lost(id, flight.id, flight.copy, Cause::Down);
            }
        }
        let mut at = 0;
        while let Some((name, to, message)) = self.stage.gathered.sent.get(at) {
            if *to == id && self.rules.discipline(message).is_queue() {
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
