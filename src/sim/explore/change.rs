//! The changes of a step, and the resulting fingerprint.

use smallvec::SmallVec;

use super::Rules;
use super::fingerprint::Fingerprint;
use super::state::{Fired, Flight, Patron, Spent, State};
use super::step_executor::Gathered;
use crate::identity::{ClientId, NodeId};
use crate::network::Discipline;
use crate::process::Process;

/// The changes of a step.
#[derive(Debug)]
pub(super) struct Change<P: Process> {
    /// The node that is in the cluster, how often its timers expired, and its fingerprint.
    pub(super) node: Option<(NodeId, Fired<P::Timer>, Fingerprint)>,
    /// Indexes of messages in flight.
    pub(super) gone: SmallVec<[usize; 2]>,
    pub(super) come: Vec<Flight<P::Message>>,
    /// The index of a message that arrived and is still in flight, and the number of the copy that arrives next.
    pub(super) again: Option<(usize, u16)>,
    pub(super) patrons: SmallVec<[(ClientId, Patron<P>); 1]>,
    pub(super) spent: Spent,
    pub(super) loose: Fingerprint,
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
            loose: Fingerprint::default(),
        }
    }
}

impl<P: Process> Change<P> {
    /// Resets the changes before the next step.
    pub(super) fn clear(&mut self, spent: Spent) {
        self.node = None;
        self.gone.clear();
        self.come.clear();
        self.again = None;
        self.patrons.clear();
        self.spent = spent;
    }

    /// Adds what a step gathered, and computes the fingerprint.
    pub(super) fn weigh(&mut self, rules: &Rules<P>, state: &State<P>, gathered: &mut Gathered<P>) {
        let mut fingerprint = state.loose;
        if let Some((id, _, now)) = &self.node {
            fingerprint = fingerprint.less(state.nodes[id.index()].fingerprint).and(*now);
        }
        for (id, client, lapses) in gathered.patrons.drain(..) {
            let patron = Patron::new(id.index() as u32, client, lapses);
            fingerprint = fingerprint.less(state.patrons[id.index()].fingerprint).and(patron.fingerprint);
            self.patrons.push((id, patron));
        }
        if self.spent != state.spent {
            fingerprint = fingerprint.less(state.spent.fingerprint()).and(self.spent.fingerprint());
        }
        for at in &self.gone {
            let flight = &state.flights[*at];
            if !rules.discipline(&flight.message).is_queue() {
                fingerprint = fingerprint.less(flight.fingerprint);
            }
        }
        for (id, to, message) in gathered.sent.drain(..) {
            let flight = Flight::new(id, to, 0, message);
            let same = |other: &Flight<P::Message>| other.fingerprint == flight.fingerprint;
            let set = rules.discipline(&flight.message) == Discipline::Set;
            if !set || !(state.flights.iter().any(|other| same(other)) || self.come.iter().any(same)) {
                self.come.push(flight);
            }
        }
        for flight in &self.come {
            if !rules.discipline(&flight.message).is_queue() {
                fingerprint = fingerprint.and(flight.fingerprint);
            }
        }
        self.loose = fingerprint;
    }
}
