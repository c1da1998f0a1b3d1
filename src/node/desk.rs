//! What a step works with: the context, the channel, and what protocols tell while it lasts. The desk is the port of every
//! protocol that the node hosts: what leaves is signed here.

use std::collections::VecDeque;
use std::convert::Infallible;

use super::carrier::Carrier;
use super::machine::CodexNode;
use super::words::{Entry, Fact, Message, Outcome, Payload, Reply, Timer};
use crate::context::Context;
use crate::identity::{Boot, NodeId, OpId};
use crate::protocols::{Port, Words};
use crate::time::{LocalTime, Span};

pub(super) type Ctx<'a> = Context<'a, CodexNode>;

/// What a step works with, beside the protocols themselves.
pub(super) struct Desk<'d, 'a> {
    pub(super) ctx: &'d mut Ctx<'a>,
    /// What carries payloads, where a protocol runs that has any.
    pub(super) channel: &'d mut Option<Carrier>,
    /// How many entries of the lock manager and the register the log has grown by.
    pub(super) grown: &'d mut usize,
    /// What protocols have told, and nobody has heard yet.
    pub(super) told: &'d mut VecDeque<Outcome>,
}

/// A port of the channel itself, to which nobody posts and which tells nothing.
pub(super) struct Datagrams<'c, 'a> {
    pub(super) ctx: &'c mut Ctx<'a>,
}

/// All of a port but how it appends, posts and tells.
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
        fn send(&mut self, to: NodeId, message: Q::Message) {
            let message = Message::from(message).signed(self.ctx.me(), to, &self.ctx.config().registry);
            self.ctx.send(to, message);
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

impl<Q: Words> Port<Q> for Desk<'_, '_>
where
    Message: From<Q::Message>,
    Payload: From<Q::Payload>,
    Timer: From<Q::Timer>,
    Entry: From<Q::Entry>,
    Fact: From<Q::Fact>,
    Reply: From<Q::Reply>,
    Outcome: From<Q::Outcome>,
{
    through_context!();

    fn append(&mut self, entry: Q::Entry) {
        let entry = entry.into();
        *self.grown += usize::from(matches!(entry, Entry::Locks(_) | Entry::Register(_)));
        self.ctx.append(entry);
    }

    fn post(&mut self, to: NodeId, payload: Q::Payload) {
        let channel = self.channel.as_mut().expect("a channel runs where a protocol has payloads");
        channel.send(to, payload.into(), &mut Datagrams { ctx: self.ctx });
    }

    fn tell(&mut self, outcome: Q::Outcome) {
        self.told.push_back(outcome.into());
    }
}

impl<Q: Words<Payload = Infallible, Outcome = Infallible>> Port<Q> for Datagrams<'_, '_>
where
    Message: From<Q::Message>,
    Timer: From<Q::Timer>,
    Entry: From<Q::Entry>,
    Fact: From<Q::Fact>,
    Reply: From<Q::Reply>,
{
    through_context!();

    fn append(&mut self, entry: Q::Entry) {
        self.ctx.append(entry.into());
    }

    fn post(&mut self, _: NodeId, payload: Infallible) {
        match payload {}
    }

    fn tell(&mut self, outcome: Infallible) {
        match outcome {}
    }
}
