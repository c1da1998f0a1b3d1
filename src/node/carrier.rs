//! The carrier of the protocols' payloads: the channel, or in an exploration its guarantees.

use super::hosted::Payload;
use crate::identity::{Boot, NodeId};
use crate::protocols::Port;
use crate::protocols::channel::{Carries, Channel, ChannelEvents, ChannelSettings, ChannelTimer, Frame, Promise};

/// How payloads are carried.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Carrier {
    /// Frames over datagrams.
    Channel(Channel<Payload>),
    /// Queues, in place of the channel, in an exploration.
    Promise(Promise<Payload>),
}

impl Carrier {
    /// The carrier of one of `nodes` nodes, in this boot, without an open session.
    pub(super) fn new(settings: &ChannelSettings, promised: bool, nodes: u32, boot: Boot) -> Self {
        if promised { Self::Promise(Promise::new(nodes, boot)) } else { Self::Channel(Channel::new(settings, nodes)) }
    }

    pub(super) fn open(&mut self, port: &mut impl Port<Channel<Payload>>) {
        match self {
            Self::Channel(channel) => channel.open(port),
            Self::Promise(promise) => promise.open(port),
        }
    }

    pub(super) fn send(&mut self, to: NodeId, payload: Payload, port: &mut (impl Port<Channel<Payload>> + Carries)) {
        match self {
            Self::Channel(channel) => channel.send(to, payload, port),
            Self::Promise(promise) => promise.send(to, payload, port),
        }
    }

    pub(super) fn on_frame(
        &mut self,
        from: NodeId,
        frame: Frame<Payload>,
        port: &mut (impl Port<Channel<Payload>> + Carries),
    ) -> ChannelEvents<Payload> {
        match self {
            Self::Channel(channel) => channel.on_frame(from, frame, port),
            Self::Promise(promise) => promise.on_frame(from, frame, port),
        }
    }

    pub(super) fn on_timer(
        &mut self,
        timer: ChannelTimer,
        port: &mut impl Port<Channel<Payload>>,
    ) -> ChannelEvents<Payload> {
        match self {
            Self::Channel(channel) => {
                channel.on_timer(timer, port);
                ChannelEvents::new()
            }
            Self::Promise(promise) => promise.on_timer(timer, port),
        }
    }

    pub(super) fn settle(&mut self, port: &mut impl Port<Channel<Payload>>) {
        match self {
            Self::Channel(channel) => channel.settle(port),
            Self::Promise(_) => {}
        }
    }
}
