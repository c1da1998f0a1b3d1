//! Quiescence: what ends then, for whom, and when the run has come to rest.

use std::borrow::Cow;

use super::Simulation;
use crate::fault::Fault;
use crate::identity::NodeId;
use crate::process::{Lane as _, Process};
use crate::sim::Witness;
use crate::sim::agenda::{Item, Kind};
use crate::sim::node::Life;
use crate::trace::Event;

impl<P: Process, W: Witness<P::Fact>> Simulation<P, W> {
    /// Ends every disturbance, and starts every node that is down: of the core, if there is one.
    pub(super) fn quiesce(&mut self) {
        self.quiescent = true;
        let healed: Vec<NodeId> = NodeId::all(self.cluster.size()).filter(|node| self.heals(*node)).collect();
        if self.core.is_some() {
            self.outside.tell_environment(Event::Core { nodes: Cow::Borrowed(&healed) });
        }
        self.outside.tell_environment(Event::Calm);
        self.outside.links.quiesce(self.outside.now, self.core.as_ref());
        self.release_held();
        self.outside.slow_disks.retain(|slow| healed.binary_search(&slow.node).is_err());
        self.outside.hasten(&mut self.cluster);
        self.outside.tripwires.clear();
        self.heal_clocks();
        for id in healed {
            let node = self.cluster.node(id);
            node.pending_faults = None;
            match node.life {
                Life::Up => {}
                Life::Paused => _ = self.resume(id),
                Life::Down => self.start_again(id),
            }
        }
    }

    fn heal_clocks(&mut self) {
        let odd = self.outside.odd_clocks.iter().copied();
        let odd: Vec<(u32, NodeId)> = odd.filter(|(_, node)| self.heals(*node)).collect();
        for (fault, node) in odd {
            let Fault::Clock(clock) = self.plan.faults[fault as usize].fault.clone() else {
                unreachable!("no other fault moves a clock");
            };
            self.end_clock(fault, node, &clock);
        }
    }

    /// Whether quiescence heals this node.
    fn heals(&self, node: NodeId) -> bool {
        self.core.as_ref().is_none_or(|core| core.contains(node.index()))
    }

    /// Whether only periodic messages and timers are pending, and the witness is settled; called after `happened`.
    pub(super) fn has_come_to_rest(&mut self, happened: &Item) -> bool {
        if self.awaited.is_some_and(|awaited| awaited != *happened) {
            return false;
        }
        let awaited = self.pending().next();
        self.awaited = awaited;
        awaited.is_none() && self.outside.witness.is_settled()
    }

    /// The items after quiescence that are not periodic: a message that arrives or is lost, a set timer, a sync without
    /// an answer, an operation that is open or finishes something. With a core, those of its nodes and clients.
    pub(super) fn pending(&self) -> impl Iterator<Item = Item> {
        self.outside.agenda.iter().filter(|item| self.is_awaited(item)).copied()
    }

    fn is_awaited(&self, item: &Item) -> bool {
        let client = || &self.outside.clients[item.client_id().index()];
        let asks_core = || client().asks_any(|node| self.heals(node));
        match item.kind {
            Kind::Fault | Kind::FaultEnd | Kind::Quiesce => false,
            Kind::Deliver | Kind::DeliverCorrupted | Kind::DeliverGarbage | Kind::Lose => {
                let is_periodic = self.outside.flights.get(item.slot).message.is_periodic();
                !is_periodic && self.heals(item.node()) && self.heals(item.sender())
            }
            Kind::Timer => {
                let timer = self.cluster.peek(item.node()).timers.standing(item.slot, item.number());
                timer.is_some_and(|timer| !timer.is_periodic()) && self.heals(item.node())
            }
            Kind::Disk => self.cluster.peek(item.node()).awaits(item.slot, item.sync()) && self.heals(item.node()),
            Kind::Ask => client().winds_up() && asks_core(),
            Kind::Patience => client().open().any(|number| number == item.slot) && asks_core(),
        }
    }
}
