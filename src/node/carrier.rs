//! What carries the protocols' payloads: the channel, or in an exploration its promise.

use super::words::Payload;
use crate::identity::{Boot, NodeId};
use crate::protocols::Port;
use crate::protocols::channel::{Channel, ChannelSettings, ChannelTimer, Frame, Promise, Upshots};

/// The way on which payloads go.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Carrier {
    /// Frames over datagrams.
    Channel(Channel<Payload>),
    /// Queues that an exploration takes for it.
    Promise(Promise<Payload>),
}

impl Carrier {
    /// The carrier of one of so many nodes, in this boot; nothing is open yet.
    pub(super) fn new(settings: &ChannelSettings, promised: bool, nodes: u32, boot: Boot) -> Self {
        if promised { Self::Promise(Promise::new(nodes, boot)) } else { Self::Channel(Channel::new(settings, nodes)) }
    }

    pub(super) fn open(&mut self, port: &mut impl Port<Channel<Payload>>) {
        match self {
            Self::Channel(channel) => channel.open(port),
            Self::Promise(promise) => promise.open(port),
        }
    }

    pub(super) fn send(&mut self, to: NodeId, payload: Payload, port: &mut impl Port<Channel<Payload>>) {
        match self {
            Self::Channel(channel) => channel.send(to, payload, port),
            Self::Promise(promise) => promise.send(to, payload, port),
        }
    }

    pub(super) fn on_frame(
        &mut self,
        from: NodeId,
        frame: Frame<Payload>,
        port: &mut impl Port<Channel<Payload>>,
    ) -> Upshots<Payload> {
        match self {
            Self::Channel(channel) => channel.on_frame(from, frame, port),
            Self::Promise(promise) => promise.on_frame(from, frame, port),
        }
    }

    pub(super) fn on_timer(&mut self, timer: ChannelTimer, port: &mut impl Port<Channel<Payload>>) -> Upshots<Payload> {
        match self {
            Self::Channel(channel) => {
                channel.on_timer(timer, port);
                Upshots::new()
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
