//! The ports through which the protocols of a node act: on datagrams, or over the channel.

use super::carrier::Carrier;
use super::machine::CodexNode;
use super::words::{Entry, Fact, Message, Payload, Reply, Timer};
use crate::context::Context;
use crate::identity::{Boot, NodeId, OpId};
use crate::protocols::{Port, Protocol};
use crate::time::{LocalTime, Span};

pub(super) type Ctx<'a> = Context<'a, CodexNode>;

/// A port whose messages are datagrams, each signed.
pub(super) struct Datagrams<'c, 'a> {
    pub(super) ctx: &'c mut Ctx<'a>,
}

/// A port whose messages go over the channel.
pub(super) struct OverChannel<'c, 'a> {
    pub(super) ctx: &'c mut Ctx<'a>,
    pub(super) carrier: &'c mut Carrier,
    /// How many entries the log has grown by.
    pub(super) grown: &'c mut usize,
}

/// All of a port but how it sends and writes.
macro_rules! through_context {
    () => {
        fn me(&self) -> NodeId {
            self.ctx.me()
        }
        fn boot(&self) -> Boot {
            self.ctx.boot()
        }
        fn node_count(&self) -> u32 {
            self.ctx.node_count()
        }
        fn wall(&self) -> LocalTime {
            self.ctx.wall()
        }
        fn monotonic(&self) -> LocalTime {
            self.ctx.monotonic()
        }
        fn jitter(&mut self, label: &str, low: Span, high: Span) -> Span {
            self.ctx.jitter(label, low, high)
        }
        fn set_timer(&mut self, timer: Q::Timer, after: Span) {
            self.ctx.set_timer(timer.into(), after);
        }
        fn cancel_timer(&mut self, timer: Q::Timer) {
            self.ctx.cancel_timer(timer.into());
        }
        fn sync(&mut self) {
            self.ctx.sync();
        }
        fn sync_then(&mut self) {
            self.ctx.sync_then();
        }
        fn note(&mut self, fact: Q::Fact) {
            self.ctx.note(fact);
        }
        fn reply(&mut self, op: OpId, reply: Q::Reply) {
            self.ctx.reply(op, reply.into());
        }
    };
}

impl<Q: Protocol> Port<Q> for Datagrams<'_, '_>
where
    Message: From<Q::Message>,
    Timer: From<Q::Timer>,
    Entry: From<Q::Entry>,
    Fact: From<Q::Fact>,
    Reply: From<Q::Reply>,
{
    through_context!();

    fn send(&mut self, to: NodeId, message: Q::Message) {
        let message = Message::from(message).signed(self.ctx.me(), to, &self.ctx.config().registry);
        self.ctx.send(to, message);
    }

    fn append(&mut self, entry: Q::Entry) {
        self.ctx.append(entry.into());
    }
}

impl<Q: Protocol> Port<Q> for OverChannel<'_, '_>
where
    Payload: From<Q::Message>,
    Timer: From<Q::Timer>,
    Entry: From<Q::Entry>,
    Fact: From<Q::Fact>,
    Reply: From<Q::Reply>,
{
    through_context!();

    fn send(&mut self, to: NodeId, message: Q::Message) {
        self.carrier.send(to, message.into(), &mut Datagrams { ctx: self.ctx });
    }

    fn append(&mut self, entry: Q::Entry) {
        *self.grown += 1;
        self.ctx.append(entry.into());
    }
}
