//! The possible actions in a state, in a fixed order.

use std::sync::Arc;

use super::Rules;
use super::state::{Flight, Placed, State};
use crate::identity::{ClientId, NodeId, OpId};
use crate::network::Discipline;
use crate::process::Process;
use crate::sim::node::Life;

/// One possible action; messages are given by their index among those in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action<T> {
    /// A message arrives; at a node that is down it has no effect.
    Deliver(usize),
    /// A message is lost, with all messages behind it if it is in a queue.
    Lose(usize),
    /// The network makes one more copy of a message.
    Double(usize),
    /// A timer expires.
    Fire(NodeId, T),
    /// A disk answers a sync.
    Sync(NodeId),
    /// A client invokes its next operation.
    Ask(ClientId),
    /// The timeout of an operation expires: the client retries, or gives up.
    Lapse(OpId),
    /// A node crashes between two steps.
    Kill(NodeId),
    /// A node that is down starts.
    Start(NodeId),
}

impl<P: Process> Rules<P> {
    /// All possible actions in `state`, except crashes inside a step: the number of those is known only when the step
    /// is taken.
    pub(crate) fn actions(&self, state: &State<P>, actions: &mut Vec<Action<P::Timer>>) {
        actions.clear();
        self.of_messages(state, actions);
        for (id, placed) in self.nodes().zip(&state.nodes) {
            match placed.node.life {
                Life::Up => self.of_node(id, placed, state, actions),
                Life::Down => actions.push(Action::Start(id)),
                Life::Paused => unreachable!("an exploration pauses no node"),
            }
        }
        let clients = (0..).map(ClientId::new);
        for (client, patron) in clients.zip(&state.patrons) {
            if patron.client.wants() {
                actions.push(Action::Ask(client));
            }
            if self.may_run_out(patron.lapses) {
                actions.extend(patron.client.open().map(|number| Action::Lapse(OpId { client, number })));
            }
        }
    }

    /// Whether a timer or timeout that has expired this often may expire again.
    fn may_run_out(&self, count: u32) -> bool {
        self.budget.timers.is_none_or(|most| count < most)
    }

    fn of_messages(&self, state: &State<P>, actions: &mut Vec<Action<P::Timer>>) {
        for (at, flight) in state.flights.iter().enumerate() {
            let before = &state.flights[..at];
            let discipline = self.discipline(&flight.message);
            if !self.is_foremost(discipline, flight, before) {
                continue;
            }
            actions.push(Action::Deliver(at));
            match discipline {
                Discipline::Datagram => {
                    if state.spent.may_lose(&self.budget) {
                        actions.push(Action::Lose(at));
                    }
                    if state.spent.may_double(&self.budget) {
                        actions.push(Action::Double(at));
                    }
                }
                Discipline::Fifo => {
                    if state.spent.may_lose(&self.budget) {
                        actions.push(Action::Lose(at));
                    }
                }
                Discipline::Sure | Discipline::Set => {}
            }
        }
    }

    /// Whether none of the messages `before` it is equivalent: an equal one, or in a queue any one.
    fn is_foremost(
        &self,
        discipline: Discipline,
        flight: &Flight<P::Message>,
        before: &[Arc<Flight<P::Message>>],
    ) -> bool {
        match discipline {
            Discipline::Datagram | Discipline::Set => {
                before.iter().all(|other| other.fingerprint != flight.fingerprint)
            }
            Discipline::Fifo | Discipline::Sure => before.iter().all(|other| !self.share_queue(other, flight)),
        }
    }

    fn of_node(&self, id: NodeId, placed: &Placed<P>, state: &State<P>, actions: &mut Vec<Action<P::Timer>>) {
        let first = actions.len();
        let set = placed.node.timers.set_ones().filter(|timer| self.may_run_out(placed.count(*timer)));
        actions.extend(set.map(|timer| Action::Fire(id, timer)));
        actions[first..]
            .sort_unstable_by_key(|action| if let Action::Fire(_, timer) = action { Some(*timer) } else { None });
        if placed.node.barrier().is_some() {
            actions.push(Action::Sync(id));
        }
        if state.spent.may_crash(&self.budget) {
            actions.push(Action::Kill(id));
        }
    }
}
