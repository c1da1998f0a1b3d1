//! What goes over the channel: the whole store in chunks, a log's deltas, and streams.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::machine::{Session, Stage};
use super::{Pull, Sync, SyncFact, SyncPayload, Wanted};
use crate::clocks::Dots;
use crate::codex::{Change, Chunk, Claim, ClaimId, Item, Path, PathRange};
use crate::identity::NodeId;
use crate::observation::{SyncEnd, SyncKind};
use crate::protocols::Port;
use crate::protocols::replica::Replica;

/// A peer to whom this node streams its log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Subscriber {
    number: u64,
    /// What the peer covered when it asked.
    vector: Arc<Dots>,
    /// The position in the log of what it gets next.
    position: u64,
    /// How many messages it can take.
    credits: u32,
}

impl Sync {
    fn pull(&mut self, peer: NodeId, wanted: Wanted, replica: &mut Replica, port: &mut impl Port<Self>) {
        let Some(session) = self.sessions.get_mut(&peer) else { return };
        session.awaits = if let Wanted::Whole { from, .. } = wanted { Some(from) } else { None };
        replica.persist(port);
        let vector = Arc::clone(replica.store().vector());
        port.post(peer, SyncPayload::Pull(Arc::new(Pull { number: session.number, vector, wanted })));
    }

    /// The whole store is fetched, or what is left of it after an earlier attempt.
    pub(super) fn pull_whole(&mut self, peer: NodeId, replica: &mut Replica, port: &mut impl Port<Self>) {
        let done = replica.store().claim(ClaimId::Full).and_then(|claim| claim.upto);
        if let Some(after) = done {
            port.note(SyncFact::Resumed { from: peer, after });
        }
        let from = done.map_or(Some(Path::FIRST), Path::next).unwrap_or(Path::LAST);
        self.pull(peer, Wanted::Whole { from, covered: true }, replica, port);
    }

    pub(super) fn pull_deltas(&mut self, peer: NodeId, replica: &mut Replica, port: &mut impl Port<Self>) {
        // Flaw e06: from one time for all peers.
        let since = self.rules.flaws.e06.then_some(self.since);
        self.pull(peer, Wanted::Deltas { since }, replica, port);
    }

    pub(super) fn pull_stream(&mut self, peer: NodeId, replica: &mut Replica, port: &mut impl Port<Self>) {
        self.pull(peer, Wanted::Stream { credits: self.rules.credits }, replica, port);
        if let Some(session) = self.sessions.get_mut(&peer) {
            session.stage = Stage::Streaming;
        }
    }

    /// A peer asks for versions.
    pub(super) fn on_pull(&mut self, from: NodeId, pull: &Pull, replica: &mut Replica, port: &mut impl Port<Self>) {
        let Pull { number, vector, wanted } = pull;
        let number = *number;
        replica.report(from, vector);
        replica.persist(port);
        let (store, room) = (replica.store(), self.rules.room);
        match *wanted {
            Wanted::Whole { from: first, covered } => {
                let range = PathRange { from: first, to: Path::LAST };
                let beyond = (!covered).then_some(&**vector);
                let chunk = Arc::new(store.chunk(range, beyond, room));
                port.post(from, SyncPayload::Whole { number, chunk });
            }
            Wanted::Deltas { since: Some(since) } => {
                let all = store.logged_from(store.oldest(), &Dots::new(), usize::MAX).unwrap_or_default().0;
                let items = all.into_iter().filter(|item| item.stamp() > since).collect();
                port.post(from, SyncPayload::Deltas { number, items: Arc::new(items), last: true });
            }
            Wanted::Deltas { since: None } | Wanted::Stream { .. } if !store.reaches(vector) => {
                port.post(from, SyncPayload::BelowFloor { number });
            }
            Wanted::Deltas { since: None } => {
                let (items, next) = store.logged_from(store.oldest(), vector, room).unwrap_or_default();
                let last = next == store.logged();
                port.post(from, SyncPayload::Deltas { number, items: Arc::new(items), last });
            }
            Wanted::Stream { credits } => {
                let position = store.oldest();
                self.subscribers.insert(from, Subscriber { number, vector: Arc::clone(vector), position, credits });
                self.stream_to(from, replica, port);
            }
        }
    }

    /// The session in which a peer sends what was pulled.
    fn pulling(&self, peer: NodeId, number: u64) -> Option<&Session> {
        self.sessions.get(&peer).filter(|session| {
            let pulls = match session.stage {
                Stage::Pulling | Stage::Streaming => true,
                Stage::Probing(_) | Stage::Walking(_) => false,
            };
            session.number == number && pulls
        })
    }

    /// The next chunk of the whole replica.
    pub(super) fn on_whole(
        &mut self,
        from: NodeId,
        number: u64,
        chunk: &Chunk,
        replica: &mut Replica,
        port: &mut impl Port<Self>,
    ) {
        let Some(session) = self.pulling(from, number) else { return };
        let is_awaited = session.awaits == Some(chunk.range.from);
        self.answered(from);
        replica.report(from, &chunk.vector);
        // Of two questions under way, as after a switch and back, the earlier one is dead: were both followed, the answer to
        // each would begin the sync anew.
        if !is_awaited {
            return replica.settle(port);
        }
        let Some(claim) = self.claim_of(chunk, replica) else {
            // The sender has lost what the sync had begun with: it begins again.
            replica.change(Change::Claimed(None), port);
            return self.pull_whole(from, replica, port);
        };
        if replica.store().claim(ClaimId::Full).is_none_or(|known| known.start != claim.start) {
            replica.change(Change::Claimed(Some(Arc::new(claim))), port);
        }
        if !self.take(from, &chunk.items, replica, port) {
            return self.end(from, SyncEnd::Broken, replica, port);
        }
        for change in replica.store().absent(chunk) {
            replica.change(change, port);
        }
        if !replica.store().has_all(chunk) {
            let wanted = Wanted::Whole { from: chunk.range.from, covered: false };
            return self.pull(from, wanted, replica, port);
        }
        self.chunk_done(from, chunk, replica, port);
    }

    /// The claim of the sync of the whole store that a chunk goes on with, or begins; none if it does not fit.
    fn claim_of(&self, chunk: &Chunk, replica: &Replica) -> Option<Claim> {
        let begins = Claim { start: Arc::clone(&chunk.vector), upto: None, late: BTreeSet::new() };
        let Some(known) = replica.store().claim(ClaimId::Full) else {
            return (chunk.range.from == Path::FIRST).then_some(begins);
        };
        let goes_on = known.upto.map_or(Some(Path::FIRST), Path::next) == Some(chunk.range.from);
        // Flaw y04: whoever sends, the chunk counts.
        let covers = chunk.vector.covers(&known.start) || self.rules.flaws.y04;
        if goes_on && covers {
            return Some((**known).clone());
        }
        (chunk.range.from == Path::FIRST && known.upto.is_none()).then_some(begins)
    }

    /// All keys of a chunk are done: the position moves in the batch of its entries, and after the last chunk the start
    /// vector is joined.
    fn chunk_done(&mut self, from: NodeId, chunk: &Chunk, replica: &mut Replica, port: &mut impl Port<Self>) {
        let Some(known) = replica.store().claim(ClaimId::Full).cloned() else { return };
        let mut claim = (*known).clone();
        claim.upto = Some(chunk.range.to);
        // Flaw y02: what the sender covers by now.
        if self.rules.flaws.y02 {
            claim.start = Arc::clone(&chunk.vector);
        }
        // Flaw y01: what the sender covered is covered before it has been received.
        if self.rules.flaws.y01 {
            replica.join(&Arc::clone(&claim.start), port);
        }
        let next = chunk.range.to.next();
        replica.change(Change::Claimed(Some(Arc::new(claim))), port);
        match next {
            Some(first) => self.pull(from, Wanted::Whole { from: first, covered: true }, replica, port),
            None => {
                for change in replica.store().join(ClaimId::Full) {
                    replica.change(change, port);
                }
                self.end(from, SyncEnd::Complete, replica, port);
            }
        }
        replica.settle(port);
    }

    /// What a peer's log has.
    pub(super) fn on_deltas(
        &mut self,
        from: NodeId,
        number: u64,
        items: &[Item],
        last: bool,
        replica: &mut Replica,
        port: &mut impl Port<Self>,
    ) {
        let Some(session) = self.pulling(from, number) else { return };
        let is_stream = session.stage == Stage::Streaming;
        self.answered(from);
        if self.rules.flaws.y03 && is_stream {
            // Flaw y03: the cursor moves first.
            let dots: Dots = items.iter().map(Item::dot).collect();
            let news = items.iter().filter(|item| replica.store().is_news(item)).cloned().collect::<Vec<_>>();
            replica.join(&Arc::new(dots), port);
            replica.persist(port);
            for item in news {
                replica.change(item.into(), port);
            }
            port.post(from, SyncPayload::Credit { number });
            return;
        }
        if !self.take(from, items, replica, port) {
            return self.end(from, SyncEnd::Broken, replica, port);
        }
        replica.persist(port);
        if is_stream {
            port.post(from, SyncPayload::Credit { number });
        } else if last {
            self.since = replica.store().stamp();
            self.end(from, SyncEnd::Complete, replica, port);
        } else {
            self.pull_deltas(from, replica, port);
        }
        replica.settle(port);
    }

    /// A peer's log does not reach back far enough: a comparison takes its place at the next probe.
    pub(super) fn on_below_floor(
        &mut self,
        from: NodeId,
        number: u64,
        replica: &mut Replica,
        port: &mut impl Port<Self>,
    ) {
        if self.pulling(from, number).is_none() {
            return;
        }
        self.end(from, SyncEnd::BelowFloor, replica, port);
        self.begin_as(from, SyncKind::Merkle, replica, port);
    }

    /// A peer can take one more message of a stream.
    pub(super) fn on_credit(&mut self, from: NodeId, number: u64, replica: &mut Replica, port: &mut impl Port<Self>) {
        if let Some(subscriber) = self.subscribers.get_mut(&from).filter(|subscriber| subscriber.number == number) {
            subscriber.credits += 1;
            self.stream_to(from, replica, port);
        }
    }

    /// A peer wants no more of a stream.
    pub(super) fn on_stop(&mut self, from: NodeId, number: u64) {
        if self.subscribers.get(&from).is_some_and(|subscriber| subscriber.number == number) {
            self.subscribers.remove(&from);
        }
    }

    /// The store has changed: those who stream it are sent what is new.
    pub fn on_changed(&mut self, replica: &mut Replica, port: &mut impl Port<Self>) {
        if self.subscribers.is_empty() || self.streamed == replica.changes() {
            return;
        }
        self.streamed = replica.changes();
        let peers: Vec<NodeId> = self.subscribers.keys().copied().collect();
        for peer in peers {
            self.stream_to(peer, replica, port);
        }
    }

    fn stream_to(&mut self, peer: NodeId, replica: &mut Replica, port: &mut impl Port<Self>) {
        replica.persist(port);
        while let Some(subscriber) = self.subscribers.get_mut(&peer).filter(|subscriber| subscriber.credits > 0) {
            let Subscriber { number, vector, position, .. } = subscriber;
            let number = *number;
            let Some((items, next)) = replica.store().logged_from(*position, vector, self.rules.room) else {
                self.subscribers.remove(&peer);
                return port.post(peer, SyncPayload::BelowFloor { number });
            };
            *position = next;
            if items.is_empty() {
                return;
            }
            subscriber.credits -= 1;
            port.post(peer, SyncPayload::Deltas { number, items: Arc::new(items), last: false });
        }
    }

    /// The session with a peer is over: what was asked of it will not be answered.
    pub(super) fn on_session_over(&mut self, peer: NodeId, replica: &mut Replica, port: &mut impl Port<Self>) {
        self.subscribers.remove(&peer);
        let pulls = self.sessions.get(&peer).is_some_and(|session| match session.stage {
            Stage::Pulling | Stage::Streaming => true,
            Stage::Probing(_) | Stage::Walking(_) => false,
        });
        if pulls {
            self.end(peer, SyncEnd::Broken, replica, port);
            self.begin(peer, replica, port);
        }
    }
}
