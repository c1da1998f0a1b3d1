//! When a peer answers the requests that reach it: at once, or only when it releases something.

use std::collections::VecDeque;

use super::steps::Steps;
use crate::check::slots::Slots;
use crate::identity::{EventId, LaneId, NodeId, OpId};
use crate::observation::Claims;

/// What passes between nodes on the lane of locks, as far as it tells who answers when.
///
/// The trace does not say which payload is which. But a request's payloads are the first that its node sends to each
/// peer in the step that sends it; and no answer to it leaves a peer before they are delivered there.
#[derive(Clone, Debug, Default)]
pub(super) struct Answers {
    nodes: Slots<Node>,
    /// By asker, then by peer.
    ways: Slots<Slots<Way>>,
    /// The lane of locks, once a request was sent.
    lane: Option<LaneId>,
    /// How many are watched.
    watched: usize,
}

#[derive(Clone, Debug, Default)]
struct Node {
    steps: Steps,
    /// The request that it sent last, and in which step.
    asking: Option<(OpId, u32)>,
    /// What it released last.
    released: Option<Release>,
}

/// A grant that ended.
#[derive(Clone, Debug)]
pub(super) struct Release {
    pub(super) op: OpId,
    pub(super) claims: Claims,
    /// Where it was granted, and where it was released.
    pub(super) granted: EventId,
    pub(super) event: EventId,
    step: u32,
}

/// From one node to another, in the session of their present lives.
#[derive(Clone, Debug, Default)]
struct Way {
    /// The request that was sent last.
    asked: Option<OpId>,
    /// Requests that were sent and not delivered, by the number of their payload.
    requests: VecDeque<(u64, OpId)>,
    /// The number of the last payload that was delivered.
    delivered: u64,
    /// Requests that were delivered, and have no reason to wait.
    watched: Vec<Watch>,
}

/// A request at a peer that holds nothing, and asks for nothing earlier, that it would have to wait for.
#[derive(Clone, Debug)]
struct Watch {
    op: OpId,
    /// Where and in which step it was delivered.
    event: EventId,
    step: u32,
    /// Whether a grant of the peer names a resource of it.
    meets: bool,
    late: Option<Late>,
}

/// What a peer sent in the step in which it released something, when it had sent nothing since the request came.
#[derive(Clone, Debug)]
struct Late {
    release: Release,
    first: u64,
    last: u64,
}

/// An answer that waited for a release for no reason.
#[derive(Clone, Debug)]
pub(super) struct Delay {
    pub(super) peer: NodeId,
    /// Where the request was delivered.
    pub(super) delivered: EventId,
    pub(super) release: Release,
}

impl Answers {
    /// A node's step begins.
    #[inline]
    pub(super) fn step(&mut self, node: NodeId, number: u32) {
        self.nodes.at(node.index()).steps.begin(number);
    }

    /// A node did something.
    #[inline]
    pub(super) fn did(&mut self, node: NodeId, number: u32) {
        self.nodes.at(node.index()).steps.of(number);
    }

    /// A node's request is sent.
    pub(super) fn asks(&mut self, node: NodeId, op: OpId, event: EventId) {
        let own = self.nodes.at(node.index());
        own.asking = Some((op, own.steps.of(event.number)));
    }

    /// A node released what it had granted to `op`.
    pub(super) fn releases(&mut self, node: NodeId, op: OpId, claims: &Claims, granted: EventId, event: EventId) {
        let own = self.nodes.at(node.index());
        let step = own.steps.of(event.number);
        own.released = Some(Release { op, claims: claims.clone(), granted, event, step });
    }

    /// A node sent a payload; the number of requests that it thereby answered at once, though it holds something of
    /// theirs.
    pub(super) fn sent(&mut self, node: NodeId, to: NodeId, lane: LaneId, number: u64, event: EventId) -> u64 {
        let own = self.nodes.at(node.index());
        let step = own.steps.of(event.number);
        if let Some((op, _)) = own.asking.filter(|(_, asked)| *asked == step) {
            let way = self.ways.at(node.index()).at(to.index());
            // A step that waits for the disk may send more when the peer has its request already.
            if *self.lane.get_or_insert(lane) == lane && way.asked.replace(op) != Some(op) {
                way.requests.push_back((number, op));
                return 0;
            }
        }
        if self.watched == 0 || self.lane != Some(lane) {
            return 0;
        }
        let released = self.nodes.at(node.index()).released.clone().filter(|release| release.step == step);
        self.answered(node, to, step, number, released.as_ref())
    }

    /// A payload of `from` was delivered at a node: the request that it was, if it was one.
    pub(super) fn delivered(&mut self, from: NodeId, node: NodeId, lane: LaneId, number: u64) -> Option<OpId> {
        if self.lane != Some(lane) {
            return None;
        }
        let way = self.ways.at(from.index()).at(node.index());
        way.delivered = number;
        while way.requests.front().is_some_and(|(first, _)| *first < number) {
            way.requests.pop_front();
        }
        let (_, op) = way.requests.pop_front_if(|(first, _)| *first == number)?;
        Some(op)
    }

    /// From here on the request, which was just delivered at `node`, has no reason to wait there.
    pub(super) fn watch(&mut self, from: NodeId, node: NodeId, op: OpId, event: EventId, meets: bool) {
        let step = self.nodes.at(node.index()).steps.of(event.number);
        self.watched += 1;
        let watch = Watch { op, event, step, meets, late: None };
        self.ways.at(from.index()).at(node.index()).watched.push(watch);
    }

    /// A node's request is granted: who answered it only at a release, though it had no reason to wait.
    pub(super) fn granted(&mut self, node: NodeId, op: OpId) -> Option<Delay> {
        if self.watched == 0 {
            return None;
        }
        let mut delay = None;
        let peers: Vec<NodeId> = self.ways.at(node.index()).iter().map(|(peer, _)| NodeId::new(peer as u32)).collect();
        for peer in peers {
            let delivered = self.ways.at(peer.index()).at(node.index()).delivered;
            let watched = &mut self.ways.at(node.index()).at(peer.index()).watched;
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

    /// A node died: its sessions, and all that it asked and held, are over.
    pub(super) fn died(&mut self, node: NodeId) {
        let own = self.nodes.at(node.index());
        (own.asking, own.released) = (None, None);
        let peers: Vec<NodeId> = self.nodes.iter().map(|(peer, _)| NodeId::new(peer as u32)).collect();
        peers.into_iter().for_each(|peer| self.ended(node, peer));
    }

    /// The session between two nodes is over.
    pub(super) fn ended(&mut self, one: NodeId, other: NodeId) {
        for (from, to) in [(one, other), (other, one)] {
            let way = std::mem::take(self.ways.at(from.index()).at(to.index()));
            self.watched -= way.watched.len();
        }
    }

    /// A peer sent to `asker` what may be an answer to what it has delivered from there.
    fn answered(&mut self, peer: NodeId, asker: NodeId, step: u32, number: u64, released: Option<&Release>) -> u64 {
        let watched = &mut self.ways.at(asker.index()).at(peer.index()).watched;
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
