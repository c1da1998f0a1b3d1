//! Own broadcasts that are owed to peers, and how far each peer is.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::messages::Broadcast;
use crate::identity::NodeId;
use crate::time::{LocalTime, Span};

/// How sending is paced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Pace {
    /// How many unacknowledged broadcasts a peer is sent.
    pub(super) window: u64,
    /// How long a peer may be silent at first.
    pub(super) resend: Span,
    /// How long at most, after doubling.
    pub(super) cap: Span,
}

/// Own broadcasts that are owed to peers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Outbox {
    pace: Pace,
    kept: BTreeMap<u64, Arc<Broadcast>>,
    peers: BTreeMap<NodeId, Peer>,
}

/// How far a peer is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Peer {
    /// It has delivered all up to this number.
    acked: u64,
    /// It was sent all up to this number.
    sent: u64,
    /// How far it is was forgotten in a crash, or it was silent for too long: one broadcast is enough to ask.
    probing: bool,
    /// How long it may be silent.
    patience: Span,
    /// When it will have been silent for too long; set whenever something was sent and not acknowledged.
    due: Option<LocalTime>,
}

impl Outbox {
    /// What is `kept` from the boots before, of which the last was number `last`, and owed to all `peers`.
    pub(super) fn new(
        pace: Pace,
        kept: BTreeMap<u64, Arc<Broadcast>>,
        last: u64,
        peers: impl Iterator<Item = NodeId>,
    ) -> Self {
        let acked = kept.keys().next().map_or(last, |first| first - 1);
        let peer = Peer { acked, sent: acked, probing: !kept.is_empty(), patience: pace.resend, due: None };
        Self { pace, kept, peers: peers.map(|node| (node, peer.clone())).collect() }
    }

    /// Owes a new broadcast to all peers.
    pub(super) fn add(&mut self, broadcast: Arc<Broadcast>) {
        self.kept.insert(broadcast.number, broadcast);
    }

    /// The next broadcast that `to` is to be sent now, if any; it then counts as sent.
    pub(super) fn next(&mut self, to: NodeId) -> Option<Arc<Broadcast>> {
        let peer = self.peers.get_mut(&to)?;
        let limit = peer.acked + if peer.probing { 1 } else { self.pace.window };
        let (number, broadcast) = self.kept.range(peer.sent + 1..).next().filter(|(number, _)| **number <= limit)?;
        peer.sent = *number;
        Some(Arc::clone(broadcast))
    }

    /// How long `peer` may be silent from now on, if it owes an acknowledgement and no time is set.
    pub(super) fn patience(&self, peer: NodeId) -> Option<Span> {
        let peer = self.peers.get(&peer)?;
        (peer.sent > peer.acked && peer.due.is_none()).then_some(peer.patience)
    }

    /// `peer` is to be tried again at `due`.
    pub(super) fn expect(&mut self, peer: NodeId, due: LocalTime) {
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.due = Some(due);
        }
    }

    /// `peer` has delivered all up to `upto`: returns whether that is news.
    pub(super) fn acknowledge(&mut self, peer: NodeId, upto: u64) -> bool {
        let last = self.kept.keys().next_back().copied().unwrap_or(0);
        match self.peers.get_mut(&peer) {
            Some(peer) if peer.acked < upto && upto <= last => {
                *peer = Peer {
                    acked: upto,
                    sent: upto.max(peer.sent),
                    probing: false,
                    patience: self.pace.resend,
                    due: None,
                };
                true
            }
            Some(_) | None => false,
        }
    }

    /// The peers that have been silent for too long `now`: each will be asked by its oldest broadcast again, and be
    /// given more time.
    pub(super) fn expire(&mut self, now: LocalTime) -> Vec<NodeId> {
        let mut silent = Vec::new();
        for (node, peer) in &mut self.peers {
            if peer.due.is_some_and(|due| due <= now) {
                let patience = peer.patience.times(2).min(self.pace.cap);
                *peer = Peer { acked: peer.acked, sent: peer.acked, probing: true, patience, due: None };
                silent.push(*node);
            }
        }
        silent
    }

    /// When the first peer will have been silent for too long.
    pub(super) fn next_due(&self) -> Option<LocalTime> {
        self.peers.values().filter_map(|peer| peer.due).min()
    }

    /// Forgets what every peer has acknowledged, and returns the rest.
    pub(super) fn compact(&mut self) -> impl Iterator<Item = &Arc<Broadcast>> {
        let acked = self.peers.values().map(|peer| peer.acked).min().unwrap_or(u64::MAX);
        self.kept = self.kept.split_off(&acked.saturating_add(1));
        self.kept.values()
    }
}
