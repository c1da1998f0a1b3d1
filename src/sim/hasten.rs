//! The end of a fault, for the messages and syncs under way that it delays.

use super::Witness;
use super::agenda::{Item, Kind};
use super::cluster::Cluster;
use super::links::Course;
use super::outside::Outside;
use crate::process::Process;
use crate::time::Span;

impl<P: Process, W: Witness<P::Fact>> Outside<P, W> {
    /// Shortens delays when a fault has ended: from now on, each message or sync takes at most the time that it would
    /// have taken from its start without the fault, by the same draws; after quiescence, without any fault.
    #[cold]
    pub(crate) fn hasten(&mut self, cluster: &mut Cluster<P>) {
        let now = self.now;
        let mut agenda = std::mem::take(&mut self.agenda);
        agenda.reschedule(|item| {
            let at_most = self.at_most(item, cluster);
            at_most.map_or(item.time(), |left| item.time().min(now + left))
        });
        self.agenda = agenda;
    }

    /// The maximum remaining time of an item under way, if it is known.
    fn at_most(&self, item: &Item, cluster: &mut Cluster<P>) -> Option<Span> {
        match item.kind {
            Kind::Deliver | Kind::DeliverCorrupted | Kind::DeliverGarbage | Kind::Lose => self.passage_at_most(item),
            Kind::Disk => {
                let node = cluster.node(item.node());
                let waits = node.awaits(item.slot, item.sync());
                waits.then(|| self.latency(item.node(), node.syncs).0)
            }
            Kind::Fault | Kind::FaultEnd | Kind::Quiesce | Kind::Timer | Kind::Ask | Kind::Patience => None,
        }
    }

    fn passage_at_most(&self, item: &Item) -> Option<Span> {
        let (id, to, copy) = (item.message(), item.node(), item.copy());
        match self.flights.course(item.slot, id, copy) {
            Course::Fixed => None,
            Course::Altered(draws) => Some(self.links.delay_again(&id, to, copy, draws)),
            Course::Plain => {
                let took = item.time().since(self.flights.get(item.slot).sent);
                self.links.capped(id.sender, to, took)
            }
        }
    }
}
