//! Learning: decisions, what they come to, catching up, and reads.

use std::sync::Arc;

use super::certificate::Decided;
use super::machine::{Consensus, Fetching};
use super::messages::{ConsensusEntry, ConsensusFact, ConsensusMessage, ConsensusTimer, Told};
use super::proposer::ReadWaiting;
use super::quorum::Tally;
use super::replica::{Replica, Snapshot};
use super::request::Answer;
use super::voter::Refused;
use crate::identity::{NodeId, OpId};
use crate::observation::{Round, Slot};
use crate::protocols::{Port, Signature};
use crate::time::{LocalTime, Span};

/// So many decisions are sent at once.
pub(super) const CHUNK: usize = 64;

/// Which heartbeat it is, when it was sent by its proposer's clock, and how long answers take its proposer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beat {
    pub(super) number: u32,
    pub(super) asked: LocalTime,
    pub(super) trip: Span,
}

impl Consensus {
    /// Takes in a decision from whomever: its certificate proves it.
    pub(super) fn on_decided(&mut self, from: NodeId, decided: &Arc<Decided>, port: &mut impl Port<Self>) {
        self.learn(from, decided, port);
    }

    /// Takes in a decision, and applies what follows from it.
    pub(super) fn learn(&mut self, from: NodeId, decided: &Arc<Decided>, port: &mut impl Port<Self>) {
        if self.log.is_decided(decided.slot) {
            return;
        }
        // Flaws e01, e24 and k02: a certificate is not read.
        let flaws = self.rules.flaws;
        let unread = flaws.e01 || flaws.e24 || flaws.k02;
        if !unread && !decided.proves(self.rules.voters, &self.rules.registry) {
            return port.note(ConsensusFact::Rejected { from });
        }
        if !flaws.e28 {
            // Durable with the next sync: a decision that is lost is fetched again.
            port.append(ConsensusEntry::Decided { decided: Arc::clone(decided) });
        }
        port.note(ConsensusFact::Committed { bid: decided.bid() });
        self.log.decide(decided);
        self.close(decided);
        self.apply(port);
        self.fill(port);
    }

    /// Applies all slots that are decided, in order, and tells the clients of this node what they came to.
    pub(super) fn apply(&mut self, port: &mut impl Port<Self>) {
        while let Some(decided) = self.log.decided(self.replica.applied.next()).cloned() {
            let (slot, value) = (decided.slot, decided.value.id());
            let effects = self.replica.apply(&decided.value, &self.rules);
            let (root, done, refused) = (self.replica.root(), effects.done, effects.refused);
            port.note(ConsensusFact::Applied { slot, value, root, done, refused });
            self.untake(&decided.value);
            self.tell(effects.answers, port);
        }
        self.answer_reads(port);
    }

    /// The same for decisions that a disk held, of which nobody is told.
    pub(super) fn replay(&mut self) {
        while let Some(decided) = self.log.decided(self.replica.applied.next()).cloned() {
            self.replica.apply(&decided.value, &self.rules);
        }
    }

    /// Tells clients what the state knows of what they wait for, and forgets what they wait for no more.
    pub(super) fn tell_known(&mut self, port: &mut impl Port<Self>) {
        let Self { asked, replica, .. } = self;
        asked.retain(|_, asked| !replica.is_stale(&asked.request));
        let known = |asked: &super::machine::Asked| Some((asked.request.op, replica.answer(&asked.request)?));
        let answers: Vec<(OpId, Answer)> = asked.values().filter_map(known).collect();
        self.tell(answers, port);
    }

    fn tell(&mut self, answers: Told, port: &mut impl Port<Self>) {
        for (op, answer) in answers {
            if self.asked.remove(&op).is_some() {
                port.reply(op, answer);
            }
        }
    }

    /// The proposer lives, and knows so much to be decided.
    pub(super) fn on_heartbeat(
        &mut self,
        from: NodeId,
        round: Round,
        decided: Slot,
        Beat { number, asked, trip }: Beat,
        port: &mut impl Port<Self>,
    ) {
        self.pace.heartbeat(round, trip, port.monotonic(), &self.rules.settings);
        match self.is_votable(from, round, port) {
            Ok(()) => {
                port.send(from, ConsensusMessage::Loyal { round, number, asked, signature: Signature::default() })
            }
            Err(Refused::NoVoter) => {}
            Err(Refused::Forged | Refused::Promised) => return,
        }
        self.follow_lower(round, port);
        self.hear_of(round, port);
        if decided < self.log.first_open() {
            self.fetched(port);
        } else if !self.fetching.waits {
            self.fetch(from, port);
        }
    }

    /// Asks for the decisions that this node lacks, and for nothing more until they have come or time is up.
    fn fetch(&mut self, from: NodeId, port: &mut impl Port<Self>) {
        let (first, signature) = (self.log.first_open(), Signature::default());
        port.send(from, ConsensusMessage::Fetch { from: first, signature });
        self.fetching.waits = true;
        port.set_timer(ConsensusTimer::Fetch, self.pace.fetch(self.fetching.failures, &self.rules.settings));
    }

    /// They have not come: the next heartbeat that shows what is lacking makes it ask again.
    pub(super) const fn fetch_failed(&mut self) {
        self.fetching.waits = false;
        self.fetching.failures += 1;
    }

    /// An answer has come, or it lacks none any more.
    fn fetched(&mut self, port: &mut impl Port<Self>) {
        if self.fetching != Fetching::default() {
            self.fetching = Fetching::default();
            port.cancel_timer(ConsensusTimer::Fetch);
        }
    }

    /// A higher round has a proposer: this node proposes no more.
    fn follow_lower(&mut self, round: Round, port: &mut impl Port<Self>) {
        if self.round().is_some_and(|own| own < round) && !self.rules.flaws.e02 {
            self.step_down(port);
        }
    }

    /// A peer lacks decisions.
    pub(super) fn on_fetch(&self, from: NodeId, first: Slot, port: &mut impl Port<Self>) {
        let signature = Signature::default();
        if first <= self.log.compacted {
            return self.send_state(from, port);
        }
        let decided: Vec<_> = self.log.from(first).filter_map(|(_, cell)| cell.decided.clone()).take(CHUNK).collect();
        if !decided.is_empty() {
            port.send(from, ConsensusMessage::Slots { decided: Arc::new(decided), signature });
        }
    }

    pub(super) fn send_state(&self, to: NodeId, port: &mut impl Port<Self>) {
        let snapshot = Arc::new(self.replica.snapshot());
        port.send(to, ConsensusMessage::State { snapshot, signature: Signature::default() });
    }

    /// Decisions that this node lacked.
    pub(super) fn on_slots(&mut self, from: NodeId, decided: &[Arc<Decided>], port: &mut impl Port<Self>) {
        let before = self.log.first_open();
        for one in decided {
            self.learn(from, one, port);
        }
        self.fetched(port);
        if decided.len() == CHUNK && self.log.first_open() > before {
            self.fetch(from, port);
        }
        self.conclude_election(port);
    }

    /// A state that stands for more than this node has applied: it takes it, and must have it written down at once.
    pub(super) fn install(&mut self, snapshot: &Snapshot) -> bool {
        // Flaw k03: it is taken though it lies behind.
        if snapshot.slot < self.log.first_open() && !self.rules.flaws.k03 {
            return false;
        }
        self.replica = Replica::of(snapshot);
        self.log.compact(snapshot.slot);
        true
    }

    /// Makes durable what was installed, and goes on from there.
    pub(super) fn go_on_installed(&mut self, port: &mut impl Port<Self>) {
        if !self.rules.flaws.e28 {
            port.sync();
        }
        port.note(ConsensusFact::Installed { slot: self.replica.applied, root: self.replica.root() });
        self.tell_known(port);
        self.fetched(port);
        self.apply(port);
        self.close_installed();
        self.fill(port);
        self.conclude_election(port);
    }

    /// A client of `home` reads: once a quorum is loyal after this, it may be answered where all is applied that may be
    /// decided now.
    pub(super) fn on_read_ask(&mut self, home: NodeId, op: OpId, port: &mut impl Port<Self>) {
        let (me, decided, number) = (self.me, self.log.first_open().before(), self.next_beat());
        let quorum = self.quorum(port.monotonic());
        let (unasked, unseen) = (self.rules.flaws.k04, self.rules.flaws.k12);
        let Some(proposer) = self.proposer() else { return };
        if proposer.reads.iter().any(|read| read.op == op) {
            return;
        }
        let mut loyal = Tally::default();
        loyal.add(me);
        // Flaw k12: what recovery has seen may not be decided yet, and is not waited for.
        let slot = if unseen { decided } else { decided.max(proposer.floor) };
        proposer.reads.push(ReadWaiting { op, home, number, slot, loyal });
        if quorum == 1 || unasked {
            self.release_reads(port);
        }
    }

    /// A voter has promised nothing above the round of a heartbeat.
    pub(super) fn on_loyal(&mut self, from: NodeId, round: Round, number: u32, port: &mut impl Port<Self>) {
        let voter = self.rules.voters.has(from);
        let Some(proposer) = self.proposer().filter(|proposer| proposer.round == round && voter) else { return };
        let waiting = proposer.reads.iter_mut().filter(|read| read.number <= number);
        waiting.for_each(|read| _ = read.loyal.add(from));
        self.release_reads(port);
    }

    fn release_reads(&mut self, port: &mut impl Port<Self>) {
        // Flaw k04: no quorum is waited for.
        let quorum = if self.rules.flaws.k04 { 1 } else { self.quorum(port.monotonic()) };
        let me = self.me;
        let Some(proposer) = self.proposer() else { return };
        let ready: Vec<ReadWaiting> = proposer.reads.extract_if(.., |read| read.loyal.count() >= quorum).collect();
        for ReadWaiting { op, home, slot, .. } in ready {
            if home == me {
                self.on_read_at(op, slot, port);
            } else {
                port.send(home, ConsensusMessage::ReadAt { op, slot, signature: Signature::default() });
            }
        }
    }

    /// A read of a client of this node may be answered where `slot` is applied.
    pub(super) fn on_read_at(&mut self, op: OpId, slot: Slot, port: &mut impl Port<Self>) {
        if let Some(asked) = self.asked.get_mut(&op) {
            asked.readable = Some(asked.readable.map_or(slot, |known| known.min(slot)));
        }
        self.answer_reads(port);
    }

    fn answer_reads(&mut self, port: &mut impl Port<Self>) {
        let applied = self.replica.applied;
        let ready = |asked: &&super::machine::Asked| asked.readable.is_some_and(|slot| slot <= applied);
        let ready: Vec<_> = self.asked.values().filter(ready).map(|asked| Arc::clone(&asked.request)).collect();
        for request in ready {
            if let Some(answer) = self.replica.read(&request) {
                self.asked.remove(&request.op);
                port.reply(request.op, answer);
            }
        }
    }
}
