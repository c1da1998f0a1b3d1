//! The channel's driver: what it does on every frame, payload and timer.

use std::convert::Infallible;

use serde::Serialize;
use smallvec::SmallVec;

use super::link::{Link, Meeting};
use super::spec::{ChannelFact, ChannelSettings, Pace};
use super::{ChannelTimer, Frame};
use crate::identity::{Boot, Incarnation, NodeId};
use crate::observation::PayloadId;
use crate::process::Lane;
use crate::protocols::{LaneName, Port, Signature, Words};

/// All channels of one node, to every peer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Channel<M> {
    pace: Pace,
    /// By peer; the one of this node itself is never used.
    links: Vec<Link<M>>,
    /// Peers that are owed an acknowledgement.
    owing: SmallVec<[NodeId; 8]>,
    /// Flaw c01: payloads are delivered as they come.
    unordered: bool,
    /// Flaw c02: which lives a frame names is not looked at.
    forgetful: bool,
    /// Flaw c03: a hello whose sender knows this node is never answered.
    curt: bool,
}

/// What came of a frame, for the node to route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upshot<M> {
    /// The peer was born again: nothing of the session before will be delivered, on either side.
    Reset {
        /// Who.
        peer: NodeId,
    },
    /// A payload is delivered.
    Delivered {
        /// From which life of which peer.
        from: Incarnation,
        /// What.
        payload: M,
    },
}

/// What a step brings, in order.
pub type Upshots<M> = SmallVec<[Upshot<M>; 2]>;

impl<M> Words for Channel<M> {
    type Message = Frame<M>;
    type Payload = Infallible;
    type Timer = ChannelTimer;
    type Entry = Infallible;
    type Fact = ChannelFact;
    type Command = Infallible;
    type Reply = Infallible;
    type Outcome = Infallible;
}

impl<M: Clone + Lane + Serialize> Channel<M> {
    /// The channels of one of so many nodes, none of them open.
    #[must_use]
    pub fn new(settings: &ChannelSettings, nodes: u32) -> Self {
        let pace = settings.pace();
        let links = (0..nodes).map(|_| Link::new(pace)).collect();
        let has = |flaw| settings.flaws.has(flaw);
        let (unordered, forgetful, curt) = (has("c01"), has("c02"), has("c03"));
        Self { pace, links, owing: SmallVec::new(), unordered, forgetful, curt }
    }

    /// The node starts: it opens a session to every peer.
    pub fn open(&mut self, port: &mut impl Port<Self>) {
        for peer in port.peers() {
            if port.boot() > Boot::new(1) || peer > port.me() {
                self.hello(peer, port);
            }
            self.rearm(peer, port);
        }
    }

    /// Sends a payload, now or as soon as the peer is known and the window has room.
    pub fn send(&mut self, to: NodeId, payload: M, port: &mut impl Port<Self>) {
        self.links[to.index()].push(payload);
        self.send_next(to, port);
    }

    /// Takes in a frame whose signature fits.
    pub fn on_frame(&mut self, from: NodeId, frame: Frame<M>, port: &mut impl Port<Self>) -> Upshots<M> {
        let mut upshots = Upshots::new();
        match frame {
            Frame::Hello { boot, knows, asks, .. } => self.on_hello(from, boot, knows, asks, &mut upshots, port),
            Frame::Ack { boot, to, upto, .. } => {
                if self.belongs(from, boot, to, &mut upshots, port) {
                    self.on_ack(from, upto);
                }
            }
            Frame::Data { boot, to, number, upto, payload, .. } => {
                if self.belongs(from, boot, to, &mut upshots, port) {
                    self.on_ack(from, upto);
                    self.on_data(from, boot, number, payload, &mut upshots, port);
                }
            }
            Frame::Over { .. } => {}
        }
        self.send_next(from, port);
        self.rearm(from, port);
        upshots
    }

    /// A peer has been silent for too long: all that waits is sent again.
    pub fn on_timer(&mut self, timer: ChannelTimer, port: &mut impl Port<Self>) {
        match timer {
            ChannelTimer::Resend(peer) => self.resend(peer, port),
            ChannelTimer::Over(_) => {}
        }
    }

    fn resend(&mut self, peer: NodeId, port: &mut impl Port<Self>) {
        let pace = self.pace;
        let link = &mut self.links[peer.index()];
        link.is_armed = false;
        link.lose_patience(pace);
        let (is_known, again) = (link.is_known, link.unacknowledged());
        if !is_known {
            self.hello(peer, port);
        }
        for (number, payload) in again {
            self.data(peer, number, payload, port);
        }
        self.rearm(peer, port);
    }

    /// At the end of a step: acknowledges what no other frame has.
    pub fn settle(&mut self, port: &mut impl Port<Self>) {
        for peer in std::mem::take(&mut self.owing) {
            let link = &mut self.links[peer.index()];
            if let (true, Some(to)) = (link.owes, link.theirs) {
                link.owes = false;
                let upto = link.delivered();
                port.send(peer, Frame::Ack { boot: port.boot(), to, upto, signature: Signature::default() });
            }
        }
    }

    fn on_hello(
        &mut self,
        from: NodeId,
        boot: Boot,
        knows: Option<Boot>,
        asks: bool,
        upshots: &mut Upshots<M>,
        port: &mut impl Port<Self>,
    ) {
        if !self.meet(from, boot, upshots, port) {
            return;
        }
        // In the first boot no earlier life of this node can have answered a peer that still asks.
        if knows == Some(port.boot()) || port.boot() == Boot::new(1) {
            self.links[from.index()].is_known = true;
        }
        if asks && !(self.curt && knows == Some(port.boot())) {
            self.hello(from, port);
        }
    }

    /// Whether a frame is of this session: it names both lives as they are.
    fn belongs(
        &mut self,
        from: NodeId,
        boot: Boot,
        to: Boot,
        upshots: &mut Upshots<M>,
        port: &mut impl Port<Self>,
    ) -> bool {
        if !self.meet(from, boot, upshots, port) {
            return false;
        }
        if to != port.boot() && !self.forgetful {
            self.hello(from, port);
            return false;
        }
        self.links[from.index()].is_known = true;
        true
    }

    /// The peer is in this boot: false if that is over already.
    fn meet(&mut self, peer: NodeId, boot: Boot, upshots: &mut Upshots<M>, port: &mut impl Port<Self>) -> bool {
        if self.forgetful {
            self.links[peer.index()].theirs = self.links[peer.index()].theirs.max(Some(boot));
            return true;
        }
        let meeting = self.links[peer.index()].meet(boot, self.pace);
        if meeting == Meeting::Reborn {
            port.note(ChannelFact::Reset { peer: Incarnation::new(peer, boot) });
            upshots.push(Upshot::Reset { peer });
        }
        meeting != Meeting::Stale
    }

    fn on_ack(&mut self, from: NodeId, upto: u32) {
        let link = &mut self.links[from.index()];
        if link.acknowledge(upto, self.pace) {
            // What is still under way gets its whole time anew.
            link.is_armed &= !link.is_waiting();
        }
    }

    fn on_data(
        &mut self,
        from: NodeId,
        boot: Boot,
        number: u32,
        payload: M,
        upshots: &mut Upshots<M>,
        port: &mut impl Port<Self>,
    ) {
        let life = Incarnation::new(from, boot);
        let link = &mut self.links[from.index()];
        link.receive(number, payload, self.pace);
        while let Some((number, payload)) = link.deliver(self.unordered) {
            let (lane, digest) = (LaneName(payload.lane()), PayloadId::of(&payload));
            port.note(ChannelFact::Delivered { from: life, lane, number, payload: digest });
            upshots.push(Upshot::Delivered { from: life, payload });
        }
        if link.owes && !self.owing.contains(&from) {
            self.owing.push(from);
        }
    }

    /// Sends what the window has room for.
    fn send_next(&mut self, to: NodeId, port: &mut impl Port<Self>) {
        while let Some((number, payload)) = self.links[to.index()].next(self.pace) {
            let theirs = self.links[to.index()].theirs.expect("nothing is sent before the peer is known");
            let (lane, digest) = (LaneName(payload.lane()), PayloadId::of(&payload));
            port.note(ChannelFact::Sent { to: Incarnation::new(to, theirs), lane, number, payload: digest });
            self.data(to, number, payload, port);
            self.rearm(to, port);
        }
    }

    fn data(&mut self, peer: NodeId, number: u32, payload: M, port: &mut impl Port<Self>) {
        let link = &mut self.links[peer.index()];
        let Some(to) = link.theirs else { return };
        link.owes = false;
        let (boot, upto, signature) = (port.boot(), link.delivered(), Signature::default());
        port.send(peer, Frame::Data { boot, to, number, upto, payload, signature });
    }

    fn hello(&self, peer: NodeId, port: &mut impl Port<Self>) {
        let link = &self.links[peer.index()];
        let (boot, knows, asks) = (port.boot(), link.theirs, !link.is_known);
        port.send(peer, Frame::Hello { boot, knows, asks, signature: Signature::default() });
    }

    /// Sets the timer while something waits for the peer, and cancels it when nothing does.
    fn rearm(&mut self, peer: NodeId, port: &mut impl Port<Self>) {
        let link = &mut self.links[peer.index()];
        let waits = !link.is_known || link.is_waiting();
        if waits && !link.is_armed {
            let patience = link.patience;
            let wait = port.jitter("channel", patience, patience + patience.divided_by(4));
            port.set_timer(ChannelTimer::Resend(peer), wait);
        } else if !waits && link.is_armed {
            port.cancel_timer(ChannelTimer::Resend(peer));
        }
        link.is_armed = waits;
    }
}
