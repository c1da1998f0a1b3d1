//! When peers answer requests: at once, or only when they release something.

use std::collections::VecDeque;

use super::steps::Steps;
use crate::check::slots::Slots;
use crate::identity::{EventId, LaneId, NodeId, OpId};
use crate::observation::Claims;

/// The payloads between nodes on the lane of locks, as far as they show when peers answer.
///
/// The trace does not say which payload is which. But a request's payloads are the first that its node sends to each
/// peer in the step that sends it; and no answer to it leaves a peer before they are delivered there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Answers {
    nodes: Slots<Node>,
    /// By requester, then by peer.
    sessions: Slots<Slots<PeerSession>>,
    /// The lane of locks, once a request was sent.
    lane: Option<LaneId>,
    /// The number of watched requests.
    watched: usize,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Node {
    steps: Steps,
    /// The request that it sent last, and the step.
    asking: Option<(OpId, u32)>,
    /// Its last release.
    released: Option<Release>,
}

/// A grant that ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Release {
    pub(super) op: OpId,
    pub(super) claims: Claims,
    /// The event of the grant.
    pub(super) granted: EventId,
    pub(super) event: EventId,
    step: u32,
}

/// From one node to another, in the session of their current incarnations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct PeerSession {
    /// The request that was sent last.
    asked: Option<OpId>,
    /// Requests that were sent and not delivered, by the numbers of their payloads.
    requests: VecDeque<(u64, OpId)>,
    /// The number of the last payload that was delivered.
    delivered: u64,
    /// Requests that were delivered, and that have no reason to wait.
    watched: Vec<Watch>,
}

/// A request at a peer that has neither a grant nor an earlier request that it would have to wait for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Watch {
    op: OpId,
    /// The event of the delivery.
    event: EventId,
    step: u32,
    /// Whether a grant of the peer shares a resource with it.
    meets: bool,
    late: Option<Late>,
}

/// The payloads that a peer sent in the step of a release, when it had sent nothing since the request arrived.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Late {
    release: Release,
    first: u64,
    last: u64,
}

/// An answer that waited for a release without reason.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Delay {
    pub(super) peer: NodeId,
    /// The event of the request's delivery.
    pub(super) delivered: EventId,
    pub(super) release: Release,
}

impl Answers {
    /// A node's step begins.
    #[inline]
    pub(super) fn step(&mut self, node: NodeId, number: u32) {
        self.nodes.at(node.index()).steps.begin(number);
    }

    /// A node had an event.
    #[inline]
    pub(super) fn did(&mut self, node: NodeId, number: u32) {
        self.nodes.at(node.index()).steps.of(number);
    }

    /// A node's request is sent.
    pub(super) fn asks(&mut self, node: NodeId, op: OpId, event: EventId) {
        let own = self.nodes.at(node.index());
        own.asking = Some((op, own.steps.of(event.number)));
    }

    /// A node released the grant of `op`.
    pub(super) fn releases(&mut self, node: NodeId, op: OpId, claims: &Claims, granted: EventId, event: EventId) {
        let own = self.nodes.at(node.index());
        let step = own.steps.of(event.number);
        own.released = Some(Release { op, claims: claims.clone(), granted, event, step });
    }

    /// A node sent a payload; returns the number of requests that it thereby answered at once, though it holds one of
    /// their resources.
    pub(super) fn sent(&mut self, node: NodeId, to: NodeId, lane: LaneId, number: u64, event: EventId) -> u64 {
        let own = self.nodes.at(node.index());
        let step = own.steps.of(event.number);
        if let Some((op, _)) = own.asking.filter(|(_, asked)| *asked == step) {
            let session = self.sessions.at(node.index()).at(to.index());
            // A step that waits for the disk may send further payloads when the peer already has its request.
            if *self.lane.get_or_insert(lane) == lane && session.asked.replace(op) != Some(op) {
                session.requests.push_back((number, op));
                return 0;
            }
        }
        if self.watched == 0 || self.lane != Some(lane) {
            return 0;
        }
        let released = self.nodes.at(node.index()).released.clone().filter(|release| release.step == step);
        self.answered(node, to, step, number, released.as_ref())
    }

    /// A payload of `from` was delivered at a node; returns its request, if it was one.
    pub(super) fn delivered(&mut self, from: NodeId, node: NodeId, lane: LaneId, number: u64) -> Option<OpId> {
        if self.lane != Some(lane) {
            return None;
        }
        let session = self.sessions.at(from.index()).at(node.index());
        session.delivered = number;
        while session.requests.front().is_some_and(|(first, _)| *first < number) {
            session.requests.pop_front();
        }
        let (_, op) = session.requests.pop_front_if(|(first, _)| *first == number)?;
        Some(op)
    }

    /// From now on the request, which was just delivered at `node`, has no reason to wait there.
    pub(super) fn watch(&mut self, from: NodeId, node: NodeId, op: OpId, event: EventId, meets: bool) {
        let step = self.nodes.at(node.index()).steps.of(event.number);
        self.watched += 1;
        let watch = Watch { op, event, step, meets, late: None };
        self.sessions.at(from.index()).at(node.index()).watched.push(watch);
    }

    /// A node's request is granted; returns the peer that answered it only at a release, without reason.
    pub(super) fn granted(&mut self, node: NodeId, op: OpId) -> Option<Delay> {
        if self.watched == 0 {
            return None;
        }
        let mut delay = None;
        let peers: Vec<NodeId> =
            self.sessions.at(node.index()).iter().map(|(peer, _)| NodeId::new(peer as u32)).collect();
        for peer in peers {
            let delivered = self.sessions.at(peer.index()).at(node.index()).delivered;
            let watched = &mut self.sessions.at(node.index()).at(peer.index()).watched;
            for Watch { event, late, .. } in watched.extract_if(.., |watch| watch.op == op) {
                self.watched -= 1;
                if let Some(Late { release, first, last }) = late
                    && (first..=last).contains(&delivered)
                {
                    delay = Some(Delay { peer, delivered: event, release });
                }
            }
        }
        delay
    }

    /// A node crashed: its sessions, requests and grants have ended.
    pub(super) fn died(&mut self, node: NodeId) {
        let own = self.nodes.at(node.index());
        (own.asking, own.released) = (None, None);
        let peers: Vec<NodeId> = self.nodes.iter().map(|(peer, _)| NodeId::new(peer as u32)).collect();
        peers.into_iter().for_each(|peer| self.ended(node, peer));
    }

    /// The session between two nodes has ended.
    pub(super) fn ended(&mut self, one: NodeId, other: NodeId) {
        for (from, to) in [(one, other), (other, one)] {
            let session = std::mem::take(self.sessions.at(from.index()).at(to.index()));
            self.watched -= session.watched.len();
        }
    }

    /// A peer sent to `asker` a payload that may answer the requests delivered from there.
    fn answered(&mut self, peer: NodeId, asker: NodeId, step: u32, number: u64, released: Option<&Release>) -> u64 {
        let watched = &mut self.sessions.at(asker.index()).at(peer.index()).watched;
        let (before, mut at_once) = (watched.len(), 0);
        watched.retain_mut(|watch| match (&mut watch.late, released) {
            (None, _) if watch.step == step => {
                at_once += u64::from(watch.meets);
                false
            }
            (None, Some(release)) if release.granted.number < watch.event.number => {
                watch.late = Some(Late { release: release.clone(), first: number, last: number });
                true
            }
            (None, _) => false,
            (Some(late), _) => {
                if late.release.step == step {
                    late.last = number;
                }
                true
            }
        });
        self.watched -= before - watched.len();
        at_once
    }
}
