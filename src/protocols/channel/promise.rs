//! What the channel promises, without its frames: for explorations, in which links are queues.
//!
//! A queue keeps order and loses nothing, so that there is nothing to acknowledge and nothing to send again. A session
//! ends as on the channel, where one end is born again; and where the exploration lets a link lose something, which is
//! then lost with all that was sent in that session and is still under way. Both ends are told, each before anything of
//! the next session is delivered to it.

use std::collections::VecDeque;

use super::machine::{Channel, Upshot, Upshots};
use super::{ChannelTimer, Frame};
use crate::identity::{Boot, Incarnation, NodeId};
use crate::process::Lane;
use crate::protocols::{Port, Signature};

/// All links of one node, to every peer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Promise<M> {
    /// By peer; the one of this node itself is never used.
    ends: Vec<End<M>>,
}

/// This node's end of one link.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct End<M> {
    /// The peer's boot, once it is known.
    theirs: Option<Boot>,
    /// How many sessions between these two lives have ended.
    session: u32,
    /// What waits until the peer is known.
    waiting: VecDeque<M>,
}

impl<M: Clone + Lane> Promise<M> {
    /// The links of one of so many nodes. In its first boot a node takes its peers to be in theirs.
    #[must_use]
    pub fn new(nodes: u32, boot: Boot) -> Self {
        let theirs = (boot == Boot::new(1)).then_some(boot);
        let end = |_| End { theirs, session: 0, waiting: VecDeque::new() };
        Self { ends: (0..nodes).map(end).collect() }
    }

    /// The node starts: peers must learn that it was born again.
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

    /// Takes in a frame whose signature fits.
    pub fn on_frame(&mut self, from: NodeId, frame: Frame<M>, port: &mut impl Port<Channel<M>>) -> Upshots<M> {
        let mut upshots = Upshots::new();
        match frame {
            Frame::Hello { boot, asks, .. } => {
                self.meet(from, boot, &mut upshots);
                if asks {
                    self.hello(from, false, port);
                }
            }
            Frame::Data { boot, to, number, payload, .. } => {
                self.meet(from, boot, &mut upshots);
                let End { theirs, session, .. } = self.ends[from.index()];
                if to == port.boot() && theirs == Some(boot) && number == session {
                    upshots.push(Upshot::Delivered { from: Incarnation::new(from, boot), payload });
                }
            }
            Frame::Over { .. } => self.end(from, &mut upshots),
            Frame::Ack { .. } => {}
        }
        self.send_waiting(from, port);
        upshots
    }

    /// The link lost something that came from a peer: the session is over, and the peer must learn of it.
    pub fn on_timer(&mut self, timer: ChannelTimer, port: &mut impl Port<Channel<M>>) -> Upshots<M> {
        let mut upshots = Upshots::new();
        match timer {
            ChannelTimer::Over(peer) => {
                port.send(peer, Frame::Over { signature: Signature::default() });
                self.end(peer, &mut upshots);
            }
            ChannelTimer::Resend(_) => {}
        }
        upshots
    }

    /// The peer is in this boot: a later one than was known begins a session.
    fn meet(&mut self, peer: NodeId, boot: Boot, upshots: &mut Upshots<M>) {
        let end = &mut self.ends[peer.index()];
        if end.theirs >= Some(boot) {
            return;
        }
        if end.theirs.is_some() {
            end.waiting.clear();
            upshots.push(Upshot::Reset { peer });
        }
        (end.theirs, end.session) = (Some(boot), 0);
    }

    fn end(&mut self, peer: NodeId, upshots: &mut Upshots<M>) {
        self.ends[peer.index()].session += 1;
        upshots.push(Upshot::Reset { peer });
    }

    fn send_waiting(&mut self, to: NodeId, port: &mut impl Port<Channel<M>>) {
        let End { theirs, session, waiting } = &mut self.ends[to.index()];
        let Some(theirs) = *theirs else { return };
        for payload in waiting.drain(..) {
            let (boot, number, signature) = (port.boot(), *session, Signature::default());
            port.send(to, Frame::Data { boot, to: theirs, number, upto: 0, payload, signature });
        }
    }

    fn hello(&self, peer: NodeId, asks: bool, port: &mut impl Port<Channel<M>>) {
        let (boot, knows) = (port.boot(), self.ends[peer.index()].theirs);
        port.send(peer, Frame::Hello { boot, knows, asks, signature: Signature::default() });
    }
}
