//! The sessions of one node: which peer it compares itself with, and how it goes on.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::spec::Rules;
use super::transfer::Subscriber;
use super::walk::Walking;
use super::{Probe, Shown, SyncFact, SyncMessage, SyncPayload, SyncReply, SyncTimer};
use crate::codex::{ClaimId, Prefix, Version};
use crate::identity::{Boot, NodeId};
use crate::observation::{SyncEnd, SyncKind};
use crate::protocols::Port;
use crate::protocols::replica::{Offered, Replica};

/// One node's syncs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sync {
    pub(super) rules: Arc<Rules>,
    pub(super) boot: Boot,
    pub(super) kind: SyncKind,
    /// How many syncs this incarnation has begun.
    pub(super) begun: u64,
    /// The peer that is probed next.
    next: NodeId,
    /// Those in which this node asks, by peer: one each.
    pub(super) sessions: BTreeMap<NodeId, Session>,
    /// Those to whom this node streams.
    pub(super) subscribers: BTreeMap<NodeId, Subscriber>,
    /// Whether the whole store has to be fetched before anything else.
    pub(super) is_new: bool,
    /// How many changes of the store the streams have seen.
    pub(super) streamed: u64,
    /// Flaw e06: the time from which deltas are counted.
    pub(super) since: u64,
}

/// A sync in which this node asks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Session {
    pub(super) number: u64,
    pub(super) kind: SyncKind,
    pub(super) stage: Stage,
    /// How many versions were received.
    pub(super) received: u64,
    /// How many of them were news.
    pub(super) applied: u64,
}

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Stage {
    /// The peer was asked whether its state is the same.
    Probing,
    /// It differs, and its trie is walked.
    Walking(Walking),
    /// It differs, and the next chunk was asked for.
    Pulling,
    /// Its log is streamed.
    Streaming,
}

impl Sync {
    pub(super) fn new(rules: &Arc<Rules>, replica: &Replica, port: &mut impl Port<Self>) -> Self {
        let first = port.jitter("probe", rules.every.divided_by(8), rules.every);
        let sync = Self {
            rules: Arc::clone(rules),
            boot: port.boot(),
            kind: rules.kind,
            begun: 0,
            next: port.me(),
            sessions: BTreeMap::new(),
            subscribers: BTreeMap::new(),
            is_new: replica.is_new(),
            streamed: replica.changes(),
            since: 0,
        };
        port.set_timer(SyncTimer::Every, first);
        sync
    }

    /// The next peer is probed.
    pub(super) fn on_every(&mut self, replica: &mut Replica, port: &mut impl Port<Self>) {
        port.set_timer(SyncTimer::Every, self.rules.every);
        let nodes = port.node_count();
        if nodes > 1 {
            self.next = next(self.next, port.me(), nodes);
            self.begin(self.next, replica, port);
        }
        replica.collect(port);
        replica.settle(port);
    }

    /// Compares this node's state with that of a peer, unless that is being done.
    pub fn begin(&mut self, peer: NodeId, replica: &mut Replica, port: &mut impl Port<Self>) {
        self.begin_as(peer, self.kind, replica, port);
    }

    pub(super) fn begin_as(&mut self, peer: NodeId, kind: SyncKind, replica: &mut Replica, port: &mut impl Port<Self>) {
        let is_free = self.sessions.get(&peer).is_none_or(|session| match session.stage {
            Stage::Probing | Stage::Streaming => true,
            Stage::Walking(_) | Stage::Pulling => false,
        });
        if !is_free {
            return;
        }
        let is_streaming = self.sessions.get(&peer).is_some_and(|session| session.stage == Stage::Streaming);
        if !is_streaming {
            self.begun += 1;
            let session = Session { number: self.begun, kind, stage: Stage::Probing, received: 0, applied: 0 };
            self.sessions.insert(peer, session);
        }
        let number = self.sessions[&peer].number;
        self.probe(peer, number, replica, port, SyncMessage::Probe);
    }

    fn probe(
        &self,
        peer: NodeId,
        number: u64,
        replica: &mut Replica,
        port: &mut impl Port<Self>,
        message: impl Fn(Arc<Probe>) -> SyncMessage,
    ) {
        replica.persist(port);
        let store = replica.store();
        let probe = Probe { number, root: store.root(), vector: Arc::clone(store.vector()) };
        port.send(peer, message(Arc::new(probe)));
    }

    /// A peer asks whether this node's state is the same.
    pub(super) fn on_probe(&mut self, from: NodeId, probe: &Probe, replica: &mut Replica, port: &mut impl Port<Self>) {
        replica.report(from, &probe.vector);
        if replica.store().root() == probe.root {
            replica.join(&probe.vector, port);
            replica.collect(port);
            self.probe(from, probe.number, replica, port, SyncMessage::Same);
        } else {
            let shown = self.show(probe.number, &[Prefix::TOP], Some(&probe.vector), replica);
            replica.persist(port);
            for part in shown {
                port.send(from, SyncMessage::Differs(Arc::new(part)));
            }
        }
        replica.settle(port);
    }

    /// A peer says that its state was the same.
    pub(super) fn on_same(&mut self, from: NodeId, probe: &Probe, replica: &mut Replica, port: &mut impl Port<Self>) {
        replica.report(from, &probe.vector);
        if replica.store().root() == probe.root {
            replica.join(&probe.vector, port);
            self.is_new = false;
            self.is_same(from, probe.number, replica, port);
        }
        replica.collect(port);
        replica.settle(port);
    }

    /// A peer's state was the same: a probe has nothing more to do, but that a stream is opened for what comes.
    fn is_same(&mut self, from: NodeId, number: u64, replica: &mut Replica, port: &mut impl Port<Self>) {
        let Some(session) = self.sessions.get(&from) else { return };
        if session.stage != Stage::Probing || session.number != number {
            return;
        }
        if session.kind == SyncKind::Streaming {
            port.note(SyncFact::Begun { from, kind: SyncKind::Streaming });
            self.pull_stream(from, replica, port);
        } else {
            self.sessions.remove(&from);
        }
    }

    /// A peer says that its state differs.
    pub(super) fn on_differs(
        &mut self,
        from: NodeId,
        shown: &Shown,
        replica: &mut Replica,
        port: &mut impl Port<Self>,
    ) {
        replica.report(from, &shown.vector);
        let Some(session) = self.sessions.get(&from).filter(|session| session.number == shown.number) else { return };
        let kind = match session.stage {
            Stage::Probing | Stage::Streaming => self.kind_for(session.kind, shown, replica),
            Stage::Walking(_) | Stage::Pulling => None,
        };
        let was_streaming = session.stage == Stage::Streaming;
        let Some(kind) = kind.filter(|kind| !(was_streaming && *kind == SyncKind::Streaming)) else { return };
        if was_streaming {
            self.stop(from, port);
            self.begun += 1;
        }
        let number = if was_streaming { self.begun } else { shown.number };
        self.sessions.insert(from, Session { number, kind, stage: Stage::Pulling, received: 0, applied: 0 });
        port.note(SyncFact::Begun { from, kind });
        match kind {
            SyncKind::Merkle => self.begin_walk(from, shown, replica, port),
            SyncKind::Full => self.pull_whole(from, replica, port),
            SyncKind::Incremental => self.pull_deltas(from, replica, port),
            SyncKind::Streaming => self.pull_stream(from, replica, port),
        }
    }

    /// How to go on with a peer whose state differs. A log tells nothing where this node covers what the peer covers: then, if
    /// the peer covers no less, only a comparison helps; else the peer has to ask.
    fn kind_for(&self, kind: SyncKind, shown: &Shown, replica: &Replica) -> Option<SyncKind> {
        if self.is_new && self.rules.has_channel {
            return (!self.is_pulling_whole()).then_some(SyncKind::Full);
        }
        let mine = replica.store().vector();
        match kind {
            SyncKind::Merkle => Some(kind),
            SyncKind::Full => (!self.is_pulling_whole()).then_some(kind),
            // Flaw e06: nothing else is done.
            SyncKind::Incremental if self.rules.flaws.e06 => Some(kind),
            SyncKind::Incremental | SyncKind::Streaming if !mine.covers(&shown.vector) => Some(kind),
            SyncKind::Incremental | SyncKind::Streaming => shown.vector.covers(mine).then_some(SyncKind::Merkle),
        }
    }

    /// Whether the whole store is being fetched from any peer: one is enough.
    fn is_pulling_whole(&self) -> bool {
        self.sessions.values().any(|session| session.kind == SyncKind::Full && session.stage == Stage::Pulling)
    }

    /// A sync has ended.
    pub(super) fn end(&mut self, peer: NodeId, end: SyncEnd, replica: &mut Replica, port: &mut impl Port<Self>) {
        let Some(Session { kind, received, applied, stage, .. }) = self.sessions.remove(&peer) else { return };
        if end == SyncEnd::Complete {
            self.is_new = false;
        }
        replica.store_mut().set_claim(ClaimId::Walk(peer), None);
        port.cancel_timer(SyncTimer::Again(peer));
        replica.persist(port);
        if stage != Stage::Probing {
            port.note(SyncFact::Ended { from: peer, kind, end, received, applied });
        }
    }

    /// Takes in versions of a peer; returns whether none was refused.
    pub(super) fn take(
        &mut self,
        peer: NodeId,
        versions: &[Arc<Version>],
        replica: &mut Replica,
        port: &mut impl Port<Self>,
    ) -> bool {
        let (mut applied, mut refused) = (0, false);
        for version in versions {
            match replica.offer(version, port) {
                Offered::Applied => applied += 1,
                Offered::Old => {}
                Offered::Refused => refused = true,
            }
        }
        if let Some(session) = self.sessions.get_mut(&peer) {
            session.received += versions.len() as u64;
            session.applied += applied;
        }
        !refused
    }

    /// From now on this node syncs in another way; what is under way goes on.
    pub(super) fn switch(&mut self, kind: SyncKind, replica: &mut Replica, port: &mut impl Port<Self>) -> SyncReply {
        if kind != SyncKind::Merkle && !self.rules.has_channel {
            return SyncReply::NoChannel;
        }
        if self.kind == kind {
            return SyncReply::Switched;
        }
        self.kind = kind;
        port.note(SyncFact::Switched { kind });
        let streams = self.sessions.iter().filter(|(_, session)| session.stage == Stage::Streaming);
        let streams: Vec<NodeId> = streams.map(|(peer, _)| *peer).collect();
        for peer in streams {
            self.stop(peer, port);
            self.end(peer, SyncEnd::Replaced, replica, port);
        }
        SyncReply::Switched
    }

    /// Tells a peer to stream no more.
    fn stop(&self, peer: NodeId, port: &mut impl Port<Self>) {
        if let Some(session) = self.sessions.get(&peer) {
            port.post(peer, SyncPayload::Stop { number: session.number });
        }
    }
}

/// The peer after `last`, in a circle without `me`.
fn next(last: NodeId, me: NodeId, nodes: u32) -> NodeId {
    let step = |node: NodeId| NodeId::new((node.index() as u32 + 1) % nodes);
    let next = step(last);
    if next == me { step(next) } else { next }
}
