//! The rounds of one node, and what it does with what others tell.

use std::sync::Arc;

use super::beats::Beats;
use super::spec::Rules;
use super::{Blessed, Digest, GossipFact, GossipMessage, GossipOutcome, GossipTimer, Push};
use crate::codex::Item;
use crate::identity::{Incarnation, NodeId};
use crate::observation::CopyId;
use crate::protocols::replica::{Offered, Replica};
use crate::protocols::{Decided, Port};

/// One node's gossip.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Gossip {
    rules: Arc<Rules>,
    beats: Beats,
    /// The peers, in the order in which they get digests.
    circle: Vec<NodeId>,
    /// Which of them is next.
    next: usize,
    /// How many copies this incarnation has pushed.
    pushed: u64,
}

impl Gossip {
    pub(super) fn new(rules: &Arc<Rules>, port: &mut impl Port<Self>) -> Self {
        let beats = Beats::new(port.me(), port.boot(), port.node_count(), port.monotonic());
        let circle: Vec<NodeId> = port.peers().collect();
        let gossip = Self { rules: Arc::clone(rules), beats, next: circle.len(), circle, pushed: 0 };
        let first = port.jitter("round", rules.period.divided_by(8), rules.period);
        port.set_timer(GossipTimer::Round, first);
        gossip
    }

    /// The next peers of the circle.
    fn peers(&mut self, port: &mut impl Port<Self>) -> Vec<NodeId> {
        let count = self.circle.len().min(self.rules.fanout as usize);
        let mut peers = Vec::with_capacity(count);
        while peers.len() < count {
            if self.next == self.circle.len() {
                self.shuffle(port);
            }
            let peer = self.circle[self.next];
            self.next += 1;
            if !peers.contains(&peer) {
                peers.push(peer);
            }
        }
        peers
    }

    fn shuffle(&mut self, port: &mut impl Port<Self>) {
        self.next = 0;
        for place in (1..self.circle.len()).rev() {
            let other = port.choose("circle", place as u64 + 1);
            self.circle.swap(place, usize::try_from(other).expect("below the number of peers"));
        }
    }

    pub(super) fn on_round(&mut self, replica: &mut Replica, port: &mut impl Port<Self>) {
        port.set_timer(GossipTimer::Round, self.rules.period);
        self.beats.beat();
        for node in self.beats.overdue(self.rules.patience, port.monotonic()) {
            port.note(GossipFact::Suspected { node });
            port.tell(GossipOutcome::Suspects { peer: node, suspected: true });
        }
        replica.collect(port);
        let peers = self.peers(port);
        if !peers.is_empty() {
            replica.persist(port);
            let digest = Arc::new(self.digest(false, replica));
            for peer in peers {
                port.send(peer, GossipMessage::Heartbeat(Arc::clone(&digest)));
            }
        }
        replica.settle(port);
    }

    fn digest(&mut self, answers: bool, replica: &Replica) -> Digest {
        let store = replica.store();
        let beats = self.beats.told(self.rules.beats);
        Digest { root: store.root(), vector: Arc::clone(store.vector()), beats, answers }
    }

    /// A peer tells what it covers: it gets what it lacks, and is told what this node covers if that lacks something.
    pub(super) fn on_digest(
        &mut self,
        from: NodeId,
        digest: &Digest,
        replica: &mut Replica,
        port: &mut impl Port<Self>,
    ) {
        for node in self.beats.hear(&digest.beats, port.monotonic()) {
            port.note(GossipFact::Trusted { node });
            port.tell(GossipOutcome::Suspects { peer: node, suspected: false });
        }
        replica.report(from, &digest.vector);
        if !self.rules.pull {
            return;
        }
        let same = replica.store().root() == digest.root;
        // Flaw g02: the root is not looked at.
        if same || self.rules.g02 {
            replica.join(&digest.vector, port);
        }
        let (mine, theirs) = (Arc::clone(replica.store().vector()), &digest.vector);
        let missing = replica.store().missing(theirs, self.rules.room);
        let asks = !digest.answers && (!mine.covers(theirs) || (same && !theirs.covers(&mine)));
        replica.persist(port);
        if !missing.is_empty() {
            port.send(from, GossipMessage::Pulled(Arc::new(missing)));
        } else if !same && (!theirs.covers(&mine) || mine == *theirs) {
            port.send(from, GossipMessage::SyncRequest);
        }
        if asks {
            let digest = Arc::new(self.digest(true, replica));
            port.send(from, GossipMessage::Heartbeat(digest));
        }
        replica.settle(port);
    }

    /// A peer pushes a version or a resolution.
    pub(super) fn on_push(&mut self, push: &Push, replica: &mut Replica, port: &mut impl Port<Self>) {
        let Push { item, copy, ttl } = push;
        let is_news = self.offer(item, replica, port) == Offered::Applied;
        // Flaw g01: every copy is relayed.
        if (is_news || self.rules.g01) && *ttl > 0 {
            // Flaw e29: the ttl stays as it is.
            let ttl = if self.rules.e29 { *ttl } else { ttl - 1 };
            self.push(item, Some(*copy), ttl.min(self.rules.ttl), replica, port);
        }
        replica.settle(port);
    }

    /// A peer sends what this node's digest lacked.
    pub(super) fn on_pulled(&mut self, items: &[Item], replica: &mut Replica, port: &mut impl Port<Self>) {
        for item in items {
            if self.offer(item, replica, port) == Offered::Applied {
                self.push(item, None, self.rules.ttl, replica, port);
            }
        }
        replica.settle(port);
    }

    fn offer(&self, item: &Item, replica: &mut Replica, port: &mut impl Port<Self>) -> Offered {
        // Flaws e29 and g03: nobody looks at the signature.
        if self.rules.g03 { replica.believe(item, port) } else { replica.offer(item, port) }
    }

    /// A client has written a version here, or this node has minted a resolution.
    pub fn on_written(&mut self, item: &Item, replica: &mut Replica, port: &mut impl Port<Self>) {
        self.push(item, None, self.rules.ttl, replica, port);
    }

    /// This node has learnt a decision from voters.
    pub fn on_certified(&mut self, decided: &Arc<Decided>, port: &mut impl Port<Self>) {
        self.push_blessed(decided, self.rules.ttl, port);
    }

    /// This node has learnt a decision from a peer's gossip.
    pub fn on_blessed(&mut self, blessed: &Blessed, port: &mut impl Port<Self>) {
        // Flaw e29: the ttl stays as it is.
        let ttl = if self.rules.e29 { Some(blessed.ttl) } else { blessed.ttl.checked_sub(1) };
        if let Some(ttl) = ttl {
            self.push_blessed(&blessed.decided, ttl.min(self.rules.ttl), port);
        }
    }

    fn push_blessed(&mut self, decided: &Arc<Decided>, ttl: u32, port: &mut impl Port<Self>) {
        if !self.rules.push {
            return;
        }
        let blessed = Arc::new(Blessed { decided: Arc::clone(decided), ttl });
        for to in self.peers(port) {
            port.send(to, GossipMessage::Blessed(Arc::clone(&blessed)));
        }
    }

    /// Pushes what this node has accepted for the first time.
    fn push(&mut self, item: &Item, of: Option<CopyId>, ttl: u32, replica: &mut Replica, port: &mut impl Port<Self>) {
        if !self.rules.push {
            return;
        }
        replica.persist(port);
        let me = Incarnation::new(port.me(), port.boot());
        let (start, fanout) = (self.rules.ttl, self.rules.fanout);
        for to in self.peers(port) {
            self.pushed += 1;
            let copy = CopyId { of: me, number: self.pushed };
            port.note(GossipFact::Pushed { dot: item.dot(), to, copy, of, ttl, start, fanout });
            port.send(to, GossipMessage::StateUpdate(Arc::new(Push { item: item.clone(), copy, ttl })));
        }
    }
}
