//! The channel's driver: its actions on every frame, payload and timer.

use smallvec::SmallVec;

use super::link::{BootRelation, Link, Parcel};
use super::spec::{ChannelFact, ChannelSettings, Pace};
use super::{Carries, ChannelTimer, Frame};
use crate::identity::{Boot, Incarnation, NodeId};
use crate::observation::PayloadId;
use crate::process::{Data, Lane, Never};
use crate::protocols::{Era, LaneName, Port, Words};

/// All channels of one node, to every peer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Channel<M> {
    pace: Pace,
    /// By peer; the link to this node itself is never used.
    links: Vec<Link<M>>,
    /// Peers that are owed an acknowledgement.
    owing: SmallVec<[NodeId; 8]>,
    /// Flaw c01: payloads are delivered in the order of arrival.
    unordered: bool,
    /// Flaw c02: the incarnations that a frame names are ignored.
    forgetful: bool,
    /// Flaw c03: a hello whose sender knows this node is never answered.
    curt: bool,
}

/// An event on a channel, for the node to route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelEvent<M> {
    /// The peer restarted: nothing of the previous session will be delivered on either side.
    Reset {
        /// The peer.
        peer: NodeId,
    },
    /// A payload is delivered.
    Delivered {
        /// The incarnation that sent it.
        from: Incarnation,
        /// The sender's era when it was sent.
        era: Era,
        /// The payload.
        payload: M,
    },
}

/// The events of one step, in order.
pub type ChannelEvents<M> = SmallVec<[ChannelEvent<M>; 2]>;

impl<M: Data + Lane> Words for Channel<M> {
    type Message = Frame<M>;
    type Payload = Never;
    type Timer = ChannelTimer;
    type Completion = Never;
    type Entry = Never;
    type Fact = ChannelFact;
    type Command = Never;
    type Reply = Never;
    type Outcome = Never;
}

impl<M: Data + Lane> Channel<M> {
    /// The closed channels of one of `nodes` nodes.
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
    pub fn send(&mut self, to: NodeId, payload: M, port: &mut (impl Port<Self> + Carries)) {
        self.links[to.index()].push(payload);
        self.send_next(to, port);
    }

    /// Handles a frame with a valid signature.
    pub fn on_frame(
        &mut self,
        from: NodeId,
        frame: Frame<M>,
        port: &mut (impl Port<Self> + Carries),
    ) -> ChannelEvents<M> {
        let mut events = ChannelEvents::new();
        match frame {
            Frame::Hello { boot, knows, asks } => self.on_hello(from, boot, knows, asks, &mut events, port),
            Frame::Ack { boot, to, upto } => {
                if self.admit(from, boot, to, &mut events, port) {
                    self.on_ack(from, upto);
                }
            }
            Frame::Data { boot, to, number, upto, payload, era, clock } => {
                if self.admit(from, boot, to, &mut events, port) {
                    self.on_ack(from, upto);
                    self.on_data(from, boot, number, Parcel { payload, era, clock }, &mut events, port);
                }
            }
            Frame::Over => {}
        }
        self.send_next(from, port);
        self.rearm(from, port);
        events
    }

    /// A peer has been silent for too long: all unacknowledged frames are sent again.
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
        for (number, parcel) in again {
            self.data(peer, number, parcel, port);
        }
        self.rearm(peer, port);
    }

    /// At the end of a step: acknowledges what no other frame has acknowledged.
    pub fn settle(&mut self, port: &mut impl Port<Self>) {
        for peer in std::mem::take(&mut self.owing) {
            let link = &mut self.links[peer.index()];
            if let (true, Some(to)) = (link.owes, link.theirs) {
                link.owes = false;
                let upto = link.delivered();
                port.send(peer, Frame::Ack { boot: port.boot(), to, upto });
            }
        }
    }

    fn on_hello(
        &mut self,
        from: NodeId,
        boot: Boot,
        knows: Option<Boot>,
        asks: bool,
        events: &mut ChannelEvents<M>,
        port: &mut impl Port<Self>,
    ) {
        if !self.observe_boot(from, boot, events, port) {
            return;
        }
        // In the first boot, no earlier incarnation of this node can have answered a peer that still asks.
        if knows == Some(port.boot()) || port.boot() == Boot::new(1) {
            self.links[from.index()].is_known = true;
        }
        if asks && !(self.curt && knows == Some(port.boot())) {
            self.hello(from, port);
        }
    }

    /// Learns the peer's boot from a frame, and returns whether the frame is admitted to the session: it names both current
    /// incarnations. A frame to another incarnation of this node is answered with a hello.
    fn admit(
        &mut self,
        from: NodeId,
        boot: Boot,
        to: Boot,
        events: &mut ChannelEvents<M>,
        port: &mut impl Port<Self>,
    ) -> bool {
        if !self.observe_boot(from, boot, events, port) {
            return false;
        }
        if to != port.boot() && !self.forgetful {
            self.hello(from, port);
            return false;
        }
        self.links[from.index()].is_known = true;
        true
    }

    /// The peer is in this boot: returns false if that boot has ended.
    fn observe_boot(
        &mut self,
        peer: NodeId,
        boot: Boot,
        events: &mut ChannelEvents<M>,
        port: &mut impl Port<Self>,
    ) -> bool {
        if self.forgetful {
            self.links[peer.index()].theirs = self.links[peer.index()].theirs.max(Some(boot));
            return true;
        }
        let relation = self.links[peer.index()].observe_boot(boot, self.pace);
        if relation == BootRelation::Restarted {
            port.note(ChannelFact::Reset { peer: Incarnation::new(peer, boot) });
            events.push(ChannelEvent::Reset { peer });
        }
        relation != BootRelation::Stale
    }

    fn on_ack(&mut self, from: NodeId, upto: u32) {
        let link = &mut self.links[from.index()];
        if link.acknowledge(upto, self.pace) {
            // The timer starts anew for the frames that are still under way.
            link.is_armed &= !link.is_waiting();
        }
    }

    fn on_data(
        &mut self,
        from: NodeId,
        boot: Boot,
        number: u32,
        parcel: Parcel<M>,
        events: &mut ChannelEvents<M>,
        port: &mut (impl Port<Self> + Carries),
    ) {
        let life = Incarnation::new(from, boot);
        let link = &mut self.links[from.index()];
        link.receive(number, parcel, self.pace);
        while let Some((number, Parcel { payload, era, clock })) = link.deliver(self.unordered) {
            let stamp = link.unwrap_clock(clock.as_deref());
            let (lane, digest) = (LaneName(payload.lane()), PayloadId::of(&payload));
            port.delivered(ChannelFact::Delivered { from: life, lane, number, payload: digest }, stamp);
            events.push(ChannelEvent::Delivered { from: life, era, payload });
        }
        if link.owes && !self.owing.contains(&from) {
            self.owing.push(from);
        }
    }

    /// Sends the payloads for which the window has room.
    fn send_next(&mut self, to: NodeId, port: &mut (impl Port<Self> + Carries)) {
        let Some(theirs) = self.links[to.index()].theirs else { return };
        while let Some((number, payload)) = self.links[to.index()].next(self.pace) {
            let (lane, digest) = (LaneName(payload.lane()), PayloadId::of(payload));
            let fact = ChannelFact::Sent { to: Incarnation::new(to, theirs), lane, number, payload: digest };
            let stamp = port.sent(fact);
            let parcel = self.links[to.index()].wrap_last(port.era(), stamp.as_deref());
            self.data(to, number, parcel, port);
            self.rearm(to, port);
        }
    }

    fn data(&mut self, peer: NodeId, number: u32, parcel: Parcel<M>, port: &mut impl Port<Self>) {
        let link = &mut self.links[peer.index()];
        let Some(to) = link.theirs else { return };
        link.owes = false;
        let (boot, upto) = (port.boot(), link.delivered());
        let Parcel { payload, era, clock } = parcel;
        port.send(peer, Frame::Data { boot, to, number, upto, payload, era, clock });
    }

    fn hello(&self, peer: NodeId, port: &mut impl Port<Self>) {
        let link = &self.links[peer.index()];
        let (boot, knows, asks) = (port.boot(), link.theirs, !link.is_known);
        port.send(peer, Frame::Hello { boot, knows, asks });
    }

    /// Sets the timer while the channel waits for the peer, and cancels it otherwise.
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
