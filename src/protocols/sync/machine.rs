//! The sessions of one node: which peer it compares itself with, and how it goes on.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::spec::Rules;
use super::synced::Synced;
use super::transfer::Subscriber;
use super::walk::Walking;
use super::{Probe, Shown, SyncFact, SyncMessage, SyncPayload, SyncReply, SyncTimer};
use crate::codex::{Change, ClaimId, Item, Path, Prefix, Standing, Status};
use crate::identity::{Boot, NodeId, OpId};
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
    /// For how many rotations a peer may be silent before what was asked of it is given up, if not for [`PATIENCE`]: twice as
    /// many as an answer took last, and more after each that was given up, so that a slow peer is waited for and one that is
    /// gone is not.
    patience: BTreeMap<NodeId, u32>,
    synced: Synced,
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
    /// Where the chunk of the whole store begins that was asked for last: an answer to an earlier question counts no more.
    pub(super) awaits: Option<Path>,
    /// For how many rotations the peer has been silent.
    waited: u32,
    /// How many versions were received.
    pub(super) received: u64,
    /// How many of them were news.
    pub(super) applied: u64,
}

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Stage {
    /// The peer was asked whether its state is the same, so often.
    Probing(u32),
    /// It differs, and its trie is walked.
    Walking(Walking),
    /// It differs, and the next chunk was asked for.
    Pulling,
    /// Its log is streamed.
    Streaming,
}

/// The least patience, in rotations.
const PATIENCE: u32 = 4;

impl Session {
    const fn new(number: u64, kind: SyncKind, stage: Stage) -> Self {
        Self { number, kind, stage, awaits: None, waited: 0, received: 0, applied: 0 }
    }
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
            is_new: replica.is_new() || replica.store().claim(ClaimId::Full).is_some(),
            patience: BTreeMap::new(),
            synced: Synced::default(),
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
        match self.sessions.get_mut(&peer) {
            None => {}
            Some(Session { stage: Stage::Probing(_), .. }) => return,
            Some(Session { stage: Stage::Streaming, number, .. }) => {
                let number = *number;
                return self.probe(peer, number, replica, port, SyncMessage::Probe);
            }
            Some(Session { stage: Stage::Walking(_) | Stage::Pulling, waited, .. }) => {
                *waited += 1;
                let patience = self.patience.entry(peer).or_insert(PATIENCE);
                if *waited <= *patience {
                    return;
                }
                *patience = patience.saturating_mul(2);
                self.end(peer, SyncEnd::Broken, replica, port);
            }
        }
        self.begun += 1;
        self.sessions.insert(peer, Session::new(self.begun, kind, Stage::Probing(0)));
        self.on_reprobe(peer, replica, port);
    }

    /// A probe is repeated until it is answered.
    pub(super) fn on_reprobe(&mut self, peer: NodeId, replica: &mut Replica, port: &mut impl Port<Self>) {
        let Some(Session { number, stage: Stage::Probing(tries), .. }) = self.sessions.get_mut(&peer) else { return };
        let (number, after) = (*number, self.rules.resend_after(*tries));
        *tries += 1;
        self.probe(peer, number, replica, port, SyncMessage::Probe);
        port.set_timer(SyncTimer::Reprobe(peer), after);
    }

    /// What was asked of a peer has been answered.
    pub(super) fn answered(&mut self, peer: NodeId) {
        if let Some(session) = self.sessions.get_mut(&peer) {
            self.patience.insert(peer, session.waited.saturating_mul(2).max(PATIENCE));
            session.waited = 0;
        }
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
            self.synced.complete(from, port.monotonic());
            self.catch_up(replica, port);
        }
        if self.is_probing(from, probe.number) {
            let kind = self.sessions[&from].kind;
            self.forget_probe(from, port);
            // A stream is opened for what comes.
            if kind == SyncKind::Streaming {
                self.sessions.insert(from, Session::new(probe.number, kind, Stage::Streaming));
                port.note(SyncFact::Begun { from, kind });
                self.pull_stream(from, replica, port);
            }
        }
        replica.collect(port);
        replica.settle(port);
    }

    /// Whether the answer to a probe of this number is waited for.
    fn is_probing(&self, peer: NodeId, number: u64) -> bool {
        let session = self.sessions.get(&peer).filter(|session| session.number == number);
        session.is_some_and(|session| matches!(session.stage, Stage::Probing(_)))
    }

    /// A probe was answered.
    fn forget_probe(&mut self, peer: NodeId, port: &mut impl Port<Self>) {
        self.sessions.remove(&peer);
        port.cancel_timer(SyncTimer::Reprobe(peer));
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
        let was_streaming = match session.stage {
            Stage::Probing(_) => false,
            Stage::Streaming => true,
            Stage::Walking(_) | Stage::Pulling => return,
        };
        let kind = self.kind_for(session.kind, shown, replica);
        if !was_streaming {
            self.forget_probe(from, port);
        }
        let Some(kind) = kind.filter(|kind| !(was_streaming && *kind == SyncKind::Streaming)) else { return };
        let mut number = shown.number;
        if was_streaming {
            self.stop(from, port);
            self.begun += 1;
            number = self.begun;
        }
        self.sessions.insert(from, Session::new(number, kind, Stage::Pulling));
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

    /// This node has caught up with a peer: what an earlier attempt at the whole store left is done with.
    fn catch_up(&mut self, replica: &mut Replica, port: &mut impl Port<Self>) {
        self.is_new = false;
        if !self.is_pulling_whole() && replica.store().claim(ClaimId::Full).is_some() {
            replica.change(Change::Claimed(None), port);
        }
    }

    /// A client hears the node's status; `log` is its place in the replicated log.
    pub fn tell_status(&self, op: OpId, log: Option<Standing>, replica: &mut Replica, port: &mut impl Port<Self>) {
        replica.persist(port);
        let store = replica.store();
        let (root, vector) = (store.root(), (**store.vector()).clone());
        let peers = self.synced.told(port.peers());
        let status = Status { id: port.me(), era: replica.era(), log, root, vector, peers };
        port.reply(op, SyncReply::Status(Box::new(status)));
    }

    /// A sync has ended.
    pub(super) fn end(&mut self, peer: NodeId, end: SyncEnd, replica: &mut Replica, port: &mut impl Port<Self>) {
        let Some(Session { kind, received, applied, stage, .. }) = self.sessions.remove(&peer) else { return };
        if end == SyncEnd::Complete {
            self.synced.complete(peer, port.monotonic());
            self.catch_up(replica, port);
        }
        replica.store_mut().set_claim(ClaimId::Walk(peer), None);
        port.cancel_timer(SyncTimer::Again(peer));
        port.cancel_timer(SyncTimer::Reprobe(peer));
        replica.persist(port);
        if !matches!(stage, Stage::Probing(_)) {
            port.note(SyncFact::Ended { from: peer, kind, end, received, applied });
        }
    }

    /// Takes in what a peer sends; returns whether nothing was refused.
    pub(super) fn take(
        &mut self,
        peer: NodeId,
        items: &[Item],
        replica: &mut Replica,
        port: &mut impl Port<Self>,
    ) -> bool {
        let (mut applied, mut refused) = (0, false);
        for item in items {
            match replica.offer(item, port) {
                Offered::Applied => applied += 1,
                Offered::Old => {}
                Offered::Refused => refused = true,
            }
        }
        if let Some(session) = self.sessions.get_mut(&peer) {
            session.received += items.len() as u64;
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
        let probing = self.sessions.values_mut().filter(|session| matches!(session.stage, Stage::Probing(_)));
        probing.for_each(|session| session.kind = kind);
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
