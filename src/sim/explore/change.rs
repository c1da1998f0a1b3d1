//! What a step changes, and the fingerprint that comes of it.

use smallvec::SmallVec;

use super::Rules;
use super::print::Print;
use super::stage::Gathered;
use super::state::{Fired, Flight, Patron, Spent, State};
use crate::identity::{ClientId, NodeId};
use crate::network::Discipline;
use crate::process::Process;

/// What a step changes.
#[derive(Debug)]
pub(super) struct Change<P: Process> {
    /// The node that stands in the cluster, how often its timers ran out, and its fingerprint.
    pub(super) node: Option<(NodeId, Fired<P::Timer>, Print)>,
    /// Places among the messages in flight.
    pub(super) gone: SmallVec<[usize; 2]>,
    pub(super) come: Vec<Flight<P::Message>>,
    /// The place of a message that arrived and is still in flight, and the number of the copy that arrives next.
    pub(super) again: Option<(usize, u16)>,
    pub(super) patrons: SmallVec<[(ClientId, Patron<P>); 1]>,
    pub(super) spent: Spent,
    pub(super) loose: Print,
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

impl<P: Process> Change<P> {
    /// Forgets the step before.
    pub(super) fn clear(&mut self, spent: Spent) {
        self.node = None;
        self.gone.clear();
        self.come.clear();
        self.again = None;
        self.patrons.clear();
        self.spent = spent;
    }

    /// Takes what a step did, and finds the fingerprint.
    pub(super) fn weigh(&mut self, rules: &Rules<P>, state: &State<P>, gathered: &mut Gathered<P>) {
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
            if !rules.discipline(&flight.message).is_queue() {
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
            if !rules.discipline(&flight.message).is_queue() {
                print = print.and(flight.print);
            }
        }
        self.loose = print;
    }
}
