//! A step: one action, performed by the cluster's own code.

use super::change::Change;
use super::fingerprint::{Fingerprint, Part};
use super::state::{Flight, State, count_up};
use super::step_executor::StepExecutor;
use super::{Action, Rules};
use crate::context::DrawBook;
use crate::identity::{ClientId, MessageId, NodeId, OpId};
use crate::network::Discipline;
use crate::observation::Observe as _;
use crate::process::Process;
use crate::sim::Witness;
use crate::sim::clients::{Attempt, Impatience};
use crate::sim::cluster::{Cluster, Mark, World as _};
use crate::sim::node::{Arrival, CrashPoint, Input, Life};
use crate::trace::{Cause, Event};

/// A step under way.
pub(super) struct Step<'a, P: Process, W> {
    pub(super) rules: &'a Rules<P>,
    pub(super) state: &'a State<P>,
    /// The number of the effect before which the node crashes.
    pub(super) crash_point: Option<u32>,
    pub(super) cluster: &'a mut Cluster<P>,
    pub(super) change: &'a mut Change<P>,
    pub(super) executor: StepExecutor<'a, P, W>,
}

impl<P: Process, W: Witness<P::Fact>> Step<'_, P, W> {
    pub(super) fn perform(&mut self, action: Action<P::Timer>) {
        match action {
            Action::Deliver(at) => self.deliver(at),
            Action::Lose(at) => self.lose(at),
            Action::Double(at) => self.double(at),
            Action::Fire(id, timer) => {
                self.put_in(id);
                self.cluster.fire(id, timer, &mut self.executor);
                self.leave(id, Some(timer));
            }
            Action::Sync(id) => {
                self.put_in(id);
                self.cluster.synced(id, &mut self.executor);
                self.leave(id, None);
            }
            Action::Ask(client) => self.ask(client),
            Action::Lapse(op) => self.lapse(op),
            Action::Kill(id) => {
                self.put_in(id);
                self.change.spent.crashes += 1;
                self.cluster.kill(id, &mut self.executor);
                self.leave(id, None);
            }
            Action::Start(id) => {
                self.put_in(id);
                self.cluster.start(id, &mut self.executor);
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
            self.cluster.deliver(*to, message.clone(), arrival, &mut self.executor);
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
            self.cluster.ring(first.to, timer, &mut self.executor);
        }
        self.leave(first.to, None);
    }

    /// The ordinal of a duplicate on the path tells its copies apart.
    fn double(&mut self, at: usize) {
        let Flight { id, to, message, .. } = &*self.state.flights[at];
        self.change.spent.duplicates += 1;
        let copy = u16::try_from(self.change.spent.duplicates).expect("few messages are doubled");
        self.change.come.push(Flight::new(*id, *to, copy, message.clone()));
    }

    fn ask(&mut self, client: ClientId) {
        let now = self.executor.now;
        let (attempt, _) = self.executor.client(client).1.invoke(client, now);
        let Attempt { op, to, command, .. } = &attempt;
        let mark = self.executor.client_mark(client);
        self.executor.tell_said(mark, command, P::Command::observe, |command| Event::Invoked {
            op: *op,
            to: *to,
            command,
        });
        self.attempt(attempt);
    }

    fn lapse(&mut self, op: OpId) {
        let now = self.executor.now;
        let bounded = self.rules.budget.timers.is_some();
        let (_, client, lapses) = self.executor.client(op.client);
        *lapses += u32::from(bounded);
        match client.lose_patience(op, now) {
            Impatience::Content => unreachable!("only an open operation tries a client's patience"),
            Impatience::Retry(attempt) => {
                let event = Event::Retried { op, to: attempt.to, attempt: attempt.attempt };
                self.executor.tell_client(op.client, event);
                self.attempt(attempt);
            }
            Impatience::GiveUp(op) => {
                self.executor.tell_client(op.client, Event::GaveUp { op });
                self.executor.client(op.client).1.give_up(op, now);
            }
        }
    }

    fn attempt(&mut self, attempt: Attempt<P::Command>) {
        let Attempt { op, to, attempt, command, .. } = attempt;
        self.put_in(to);
        self.cluster.input(to, Input::Command { op, attempt, command }, &mut self.executor);
        self.leave(to, None);
    }

    fn put_in(&mut self, id: NodeId) {
        self.cluster.put_in(id, self.state.nodes[id.index()].node.clone());
        if let Some(number) = self.crash_point {
            let crash_point = CrashPoint { fault: 0, after_effects: 0, before: Some(number) };
            self.cluster.node(id).make_pending_faults().crash_points = vec![crash_point];
        }
    }

    /// Ends the step at a node, at which the timer `fired` expired.
    fn leave(&mut self, id: NodeId, fired: Option<P::Timer>) {
        let before = &self.state.nodes[id.index()];
        if before.node.life == Life::Up && self.cluster.life(id) == Life::Down {
            self.end_sessions(id);
        }
        let node = self.cluster.node(id);
        node.pending_faults = None;
        // Each draw is the first of its label, so that earlier draws of a node do not distinguish states.
        node.draws = DrawBook::default();
        let mut count = before.fired.clone();
        if let Some(timer) = fired.filter(|_| self.rules.budget.timers.is_some()) {
            count_up(&mut count, timer);
        }
        let fingerprint = Fingerprint::of(Part::Node(id.index() as u32), &(&*node, &count));
        self.change.node = Some((id, count, fingerprint));
    }

    /// A node crashed: messages to it that are under way in queues are lost.
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
        while let Some((name, to, message)) = self.executor.gathered.sent.get(at) {
            if *to == id && self.rules.discipline(message).is_queue() {
                let name = *name;
                self.executor.gathered.sent.remove(at);
                self.tell_lost(id, name, 0, Cause::Down);
            } else {
                at += 1;
            }
        }
    }

    fn tell_lost(&mut self, at: NodeId, message: MessageId, copy: u16, cause: Cause) {
        let number = self.cluster.node(at).number();
        self.executor.tell(Mark::plain(at, number), Event::Lost { message, copy, cause });
    }
}
