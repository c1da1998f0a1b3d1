//! The channel's guarantees without its frames: for explorations, in which links are queues.
//!
//! A queue keeps the order and loses nothing, so there are no acknowledgements and no resends. A session ends when one
//! end restarts, as on the channel, or when the exploration lets a link lose a message; all messages of that session
//! that are still under way are then lost too. Both ends are told, each before any payload of the next session is
//! delivered to it.

use std::collections::VecDeque;

use super::machine::{Channel, ChannelEvent, ChannelEvents};
use super::{ChannelTimer, Frame};
use crate::identity::{Boot, Incarnation, NodeId};
use crate::process::{Data, Lane};
use crate::protocols::{Era, Port};

/// All links of one node, to every peer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Promise<M> {
    /// By peer; the link to this node itself is never used.
    ends: Vec<End<M>>,
}

/// This node's end of one link.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct End<M> {
    /// The peer's boot, once it is known.
    theirs: Option<Boot>,
    /// The number of ended sessions between these two incarnations.
    session: u32,
    /// Payloads that wait until the peer is known.
    waiting: VecDeque<M>,
}

impl<M: Data + Lane> Promise<M> {
    /// The links of one of `nodes` nodes. A node in its first boot assumes that its peers are in their first boot.
    #[must_use]
    pub fn new(nodes: u32, boot: Boot) -> Self {
        let theirs = (boot == Boot::new(1)).then_some(boot);
        let end = |_| End { theirs, session: 0, waiting: VecDeque::new() };
        Self { ends: (0..nodes).map(end).collect() }
    }

    /// The node starts: peers must learn that it restarted.
    pub fn open(&self, port: &mut impl Port<Channel<M>>) {
        if port.boot() > Boot::new(1) {
            for peer in port.peers() {
                self.hello(peer, true, port);
            }
        }
    }

    /// Sends a payload, now or as soon as the peer is known.
    pub fn send(&mut self, to: NodeId, payload: M, port: &mut impl Port<Channel<M>>) {
        self.ends[to.index()].waiting.push_back(payload);
        self.send_waiting(to, port);
    }

    /// Handles a frame with a valid signature.
    pub fn on_frame(&mut self, from: NodeId, frame: Frame<M>, port: &mut impl Port<Channel<M>>) -> ChannelEvents<M> {
        let mut events = ChannelEvents::new();
        match frame {
            Frame::Hello { boot, asks, .. } => {
                self.observe_boot(from, boot, &mut events);
                if asks {
                    self.hello(from, false, port);
                }
            }
            Frame::Data { boot, to, number, payload, era, .. } => {
                self.observe_boot(from, boot, &mut events);
                let End { theirs, session, .. } = self.ends[from.index()];
                if to == port.boot() && theirs == Some(boot) && number == session {
                    events.push(ChannelEvent::Delivered { from: Incarnation::new(from, boot), era, payload });
                }
            }
            Frame::Over => self.end(from, &mut events),
            Frame::Ack { .. } => {}
        }
        self.send_waiting(from, port);
        events
    }

    /// The link lost a message from a peer: the session has ended, and the peer must learn so.
    pub fn on_timer(&mut self, timer: ChannelTimer, port: &mut impl Port<Channel<M>>) -> ChannelEvents<M> {
        let mut events = ChannelEvents::new();
        match timer {
            ChannelTimer::Over(peer) => {
                port.send(peer, Frame::Over);
                self.end(peer, &mut events);
            }
            ChannelTimer::Resend(_) => {}
        }
        events
    }

    /// The peer is in this boot: a later one than known opens a session.
    fn observe_boot(&mut self, peer: NodeId, boot: Boot, events: &mut ChannelEvents<M>) {
        let end = &mut self.ends[peer.index()];
        if end.theirs >= Some(boot) {
            return;
        }
        if end.theirs.is_some() {
            end.waiting.clear();
            events.push(ChannelEvent::Reset { peer });
        }
        (end.theirs, end.session) = (Some(boot), 0);
    }

    fn end(&mut self, peer: NodeId, events: &mut ChannelEvents<M>) {
        self.ends[peer.index()].session += 1;
        events.push(ChannelEvent::Reset { peer });
    }

    fn send_waiting(&mut self, to: NodeId, port: &mut impl Port<Channel<M>>) {
        let End { theirs, session, waiting } = &mut self.ends[to.index()];
        let Some(theirs) = *theirs else { return };
        for payload in waiting.drain(..) {
            let (boot, number, era) = (port.boot(), *session, Era::default());
            port.send(to, Frame::Data { boot, to: theirs, number, upto: 0, payload, era, clock: None });
        }
    }

    fn hello(&self, peer: NodeId, asks: bool, port: &mut impl Port<Channel<M>>) {
        let (boot, knows) = (port.boot(), self.ends[peer.index()].theirs);
        port.send(peer, Frame::Hello { boot, knows, asks });
    }
}
