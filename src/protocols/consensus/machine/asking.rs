//! Operations and decrees: the entries that this node's clients, and the node itself, send to the proposer.

use std::sync::Arc;

use super::{Consensus, ConsensusOutcome, Role};
use crate::codex::Write;
use crate::identity::{Incarnation, NodeId};
use crate::observation::{DecreeId, Slot};
use crate::protocols::Port;
use crate::protocols::consensus::decrees::DecreeEvent;
use crate::protocols::consensus::messages::{ConsensusFact, ConsensusMessage, ConsensusTimer, Told};
use crate::protocols::consensus::request::{Answer, Origin, Request, RequestId};
use crate::protocols::consensus::spec::Reads;
use crate::time::LocalTime;

/// After so many election timeouts without an outcome, an entry goes through other voters too.
const LONG: u64 = 3;

impl Consensus {
    /// Accepts an entry for which a client of this node, or the node itself, waits.
    pub(super) fn take_command(&mut self, request: Request, port: &mut impl Port<Self>) {
        let request = Arc::new(request);
        if let Some(answer) = self.learner.replica.answer(&request) {
            return self.answer(request.id, answer, port);
        }
        if self.learner.replica.is_stale(&request) {
            return;
        }
        let was_idle = self.learner.is_idle();
        self.learner.await_outcome(&request, port.monotonic());
        self.ask(&request, port);
        if was_idle {
            self.expect_outcomes(port);
        }
    }

    /// Sets the timer after which entries without an outcome are sent again.
    fn expect_outcomes(&self, port: &mut impl Port<Self>) {
        if !self.learner.is_idle() {
            port.set_timer(ConsensusTimer::Again, self.pace.election(&self.rules.settings));
        }
    }

    /// Whether a read needs no slot. A read of a fenced key needs one, because it keeps older tokens from writing.
    fn reads_by_index(&self, request: &Request) -> bool {
        let is_fenced = request.key().is_some_and(|key| self.rules.keyspaces.fenced_path(key).is_some());
        self.rules.settings.reads == Reads::Index && request.is_read() && !is_fenced
    }

    /// Sends an entry to the proposer, if one is known.
    fn ask(&mut self, request: &Arc<Request>, port: &mut impl Port<Self>) {
        let by_index = self.reads_by_index(request);
        match (&self.role, self.followed) {
            (Role::Proposer(_), _) if by_index => self.on_read_ask(self.me, request.id, port),
            (Role::Proposer(_), _) => self.enqueue(Arc::clone(request), port),
            (_, Some(round)) if by_index && round.node != self.me => {
                port.send(round.node, ConsensusMessage::ReadAsk { id: request.id });
            }
            (_, Some(round)) if round.node != self.me => {
                let request = Arc::clone(request);
                port.send(round.node, ConsensusMessage::Forward { request });
            }
            (Role::Follower | Role::Candidate(_), Some(_) | None) => {}
        }
    }

    /// Sends all entries without an outcome to the proposer again. Some may have got one meanwhile without a slot that
    /// would report it: a session may have ended, or an operation sent here may have been answered elsewhere.
    pub(super) fn ask_again(&mut self, port: &mut impl Port<Self>) {
        self.tell_known(port);
        for (request, since) in self.learner.awaited() {
            self.ask(&request, port);
            self.ask_around(&request, since, port);
        }
        self.expect_outcomes(port);
    }

    /// What this node sends may not reach the proposer that it hears: an entry that has waited for long goes through the
    /// other voters too, each in turn. In an exploration, where clocks stand still, nothing waits for long.
    fn ask_around(&self, request: &Arc<Request>, since: LocalTime, port: &mut impl Port<Self>) {
        let patience = self.pace.election(&self.rules.settings).as_nanos().max(1);
        let turns = port.monotonic().since(since).as_nanos() / patience;
        let Some(round) = self.followed.filter(|round| round.node != self.me) else { return };
        // Flaw k23: the proposer alone is asked.
        if turns < LONG || self.role.is_proposer() || self.rules.flaws.k23 {
            return;
        }
        let relay = self.voter_after(round.node, u32::try_from(turns - LONG + 1).unwrap_or(1));
        if relay == round.node {
            return;
        }
        // A read by index must not become an entry of the log too, which might answer it once more, and otherwise.
        if self.reads_by_index(request) {
            port.send(relay, ConsensusMessage::RelayRead { id: request.id, home: self.me });
        } else {
            port.send(relay, ConsensusMessage::Relay { request: Arc::clone(request) });
        }
    }

    /// An entry of a node that may not reach the proposer.
    pub(super) fn on_relay(&mut self, request: Arc<Request>, port: &mut impl Port<Self>) {
        if self.role.is_proposer() {
            self.enqueue(request, port);
        } else if let Some(round) = self.followed.filter(|round| round.node != self.me) {
            port.send(round.node, ConsensusMessage::Forward { request });
        }
    }

    /// A read of a client of `home`, which may not reach the proposer; it is passed on once.
    pub(super) fn on_relay_read(&mut self, from: NodeId, id: RequestId, home: NodeId, port: &mut impl Port<Self>) {
        if self.role.is_proposer() {
            self.on_read_ask(home, id, port);
        } else if let Some(round) = self.followed.filter(|round| round.node != self.me && from == home) {
            port.send(round.node, ConsensusMessage::RelayRead { id, home });
        }
    }

    /// Tells clients the outcomes that the state has, and forgets entries for which no client waits any more.
    pub(super) fn tell_known(&mut self, port: &mut impl Port<Self>) {
        self.learner.forget_stale();
        self.tell(self.learner.known(), port);
    }

    /// Tells the outcomes of entries for which this node waits.
    pub(super) fn tell(&mut self, answers: Told, port: &mut impl Port<Self>) {
        for (id, answer) in answers {
            if self.learner.forget(id) {
                self.answer(id, answer, port);
            }
        }
    }

    /// Tells a client of this node the outcome of its operation, or the node the outcome of its own entry.
    fn answer(&mut self, id: RequestId, answer: Answer, port: &mut impl Port<Self>) {
        match id.op() {
            Some(op) => port.answer(op, answer),
            None => self.decree_answered(id.number, answer, port),
        }
    }

    /// A read of a client of this node may be answered when `slot` is applied.
    pub(super) fn on_read_at(&mut self, id: RequestId, slot: Slot, port: &mut impl Port<Self>) {
        self.learner.set_readable(id, slot);
        self.answer_reads(port);
    }

    pub(super) fn answer_reads(&mut self, port: &mut impl Port<Self>) {
        for (id, answer) in self.learner.take_readable() {
            self.answer(id, answer, port);
        }
    }

    /// Sends a write under one of the system's own keys to be decided, and tells its outcome with
    /// [`ConsensusOutcome::Answered`] under the returned ticket. After a `barrier` the proposer proposes nothing until
    /// it has applied it. A recovered value above it may be decided already, and is not held back: who cannot bear that must
    /// tell by its content that it is out of date.
    pub fn decree(&mut self, write: Write, barrier: bool, port: &mut impl Port<Self>) -> u32 {
        let ticket = self.decrees.add(write, barrier);
        self.gathering(port, |consensus, port| consensus.bring_decrees(port));
        ticket
    }

    /// Sends the waiting decrees to the proposer, in the session; opens a session first, if there is none.
    fn bring_decrees(&mut self, port: &mut impl Port<Self>) {
        let of = Incarnation::new(self.me, port.boot());
        let origin = Origin::Node(of);
        // It may have ended unused.
        let replica = &self.learner.replica;
        self.decrees.leave(|opened| !replica.has_session(origin, opened));
        let Some(session) = self.decrees.session() else {
            if let Some(request) = self.decrees.open(origin) {
                self.take_command(request, port);
            }
            return;
        };
        for (ticket, decree) in self.decrees.take_waiting() {
            let key = decree.key().clone();
            let request = self.decrees.enter(ticket, decree, session, origin);
            port.note(ConsensusFact::Decreed { id: DecreeId { of, number: request.id.number }, key });
            self.take_command(request, port);
        }
    }

    /// An entry of this node has an outcome.
    fn decree_answered(&mut self, number: u32, answer: Answer, port: &mut impl Port<Self>) {
        match self.decrees.on_answer(number, &answer) {
            DecreeEvent::Nothing => {}
            DecreeEvent::Opened => self.bring_decrees(port),
            DecreeEvent::Answered { ticket } => port.tell(ConsensusOutcome::Answered { ticket, answer }),
        }
    }
}
