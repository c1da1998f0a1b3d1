//! Clients at work: they invoke, wait, retry and give up.

use std::hash::{Hash, Hasher};

use smallvec::SmallVec;

use crate::identity::{NodeId, OpId};
use crate::process::{Client as _, ClientPlan, Outcome, Pace, Process};
use crate::time::{Span, Time};

/// One client and its open operations.
#[derive(Clone, Debug)]
pub(crate) struct Client<P: Process> {
    plan: ClientPlan<P::Client>,
    /// How many events it had.
    pub(crate) events: u32,
    operations: u32,
    next: Option<P::Command>,
    open: SmallVec<[Open<P::Command>; 1]>,
}

/// What it does next and may do later, whenever that is; without the count that only names its events.
impl<P: Process> Hash for Client<P> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.plan.machine.hash(state);
        self.operations.hash(state);
        self.next.hash(state);
        self.open.hash(state);
    }
}

/// An operation that has no answer yet.
#[derive(Clone, Debug, Hash)]
struct Open<C> {
    number: u32,
    attempts: u32,
    command: C,
}

/// An attempt at an operation.
#[derive(Clone, Debug)]
pub(crate) struct Attempt<C> {
    pub(crate) op: OpId,
    pub(crate) to: NodeId,
    pub(crate) attempt: u32,
    pub(crate) command: C,
    /// When its patience ends.
    pub(crate) until: Time,
}

/// What a client does when its patience ends.
pub(crate) enum Impatience<C> {
    /// Nothing: the operation has ended.
    Content,
    Retry(Attempt<C>),
    GiveUp(OpId),
}

impl<P: Process> Client<P> {
    pub(crate) fn new(plan: ClientPlan<P::Client>) -> Self {
        Self { plan, events: 0, operations: 0, next: None, open: SmallVec::new() }
    }

    /// Whether it has decided on an operation that it has not invoked.
    pub(crate) const fn wants(&self) -> bool {
        self.next.is_some()
    }

    /// The numbers of the operations that have no answer yet.
    pub(crate) fn open(&self) -> impl Iterator<Item = u32> {
        self.open.iter().map(|open| open.number)
    }

    /// The number of its next event.
    pub(crate) const fn number(&mut self) -> u32 {
        self.events += 1;
        self.events
    }

    /// Decides the first operation; when it is due.
    pub(crate) fn begin(&mut self) -> Option<Time> {
        let begins = Time::ZERO + self.plan.begins;
        self.decide(None).map(|after| begins + after)
    }

    /// Whether the operation that is due ends something, and is asked after the calm too.
    pub(crate) fn winds_up(&self) -> bool {
        self.next.as_ref().is_some_and(|command| self.plan.machine.winds_up(command))
    }

    /// Invokes the operation that is due; and when the next one is due, if the client does not wait for the answer.
    pub(crate) fn invoke(&mut self, me: crate::identity::ClientId, now: Time) -> (Attempt<P::Command>, Option<Time>) {
        let command = self.next.take().expect("a client asks only what it decided");
        self.operations += 1;
        let number = self.operations;
        self.open.push(Open { number, attempts: 1, command: command.clone() });
        let attempt = self.attempt(OpId { client: me, number }, 1, command, now);
        let next = match self.plan.pace {
            Pace::Closed => None,
            Pace::Open => self.decide(None).map(|after| now + after),
        };
        (attempt, next)
    }

    /// Takes an answer; `None` if the operation has ended before, else when the next operation is due, if one follows.
    pub(crate) fn answer(&mut self, op: OpId, reply: &P::Reply, now: Time) -> Option<Option<Time>> {
        self.close(op)?;
        Some(self.follow(Outcome::Answered(reply), now))
    }

    /// What it does when the patience for an attempt at `op` ends.
    pub(crate) fn lose_patience(&mut self, op: OpId, now: Time) -> Impatience<P::Command> {
        let retries = self.plan.retries;
        let Some(open) = self.open.iter_mut().find(|open| open.number == op.number) else {
            return Impatience::Content;
        };
        if open.attempts > retries {
            return Impatience::GiveUp(op);
        }
        open.attempts += 1;
        let (attempts, command) = (open.attempts, open.command.clone());
        Impatience::Retry(self.attempt(op, attempts, command, now))
    }

    /// Ends an operation without an answer; when the next one is due, if one follows.
    pub(crate) fn give_up(&mut self, op: OpId, now: Time) -> Option<Time> {
        self.close(op)?;
        self.follow(Outcome::Unknown, now)
    }

    fn close(&mut self, op: OpId) -> Option<()> {
        let at = self.open.iter().position(|open| open.number == op.number)?;
        self.open.remove(at);
        Some(())
    }

    fn follow(&mut self, outcome: Outcome<'_, P::Reply>, now: Time) -> Option<Time> {
        match self.plan.pace {
            Pace::Closed => self.decide(Some(outcome)).map(|after| now + after),
            Pace::Open => None,
        }
    }

    fn decide(&mut self, last: Option<Outcome<'_, P::Reply>>) -> Option<Span> {
        let ask = self.plan.machine.next(last)?;
        self.next = Some(ask.command);
        Some(ask.after)
    }

    fn attempt(&self, op: OpId, attempt: u32, command: P::Command, now: Time) -> Attempt<P::Command> {
        let homes = &self.plan.homes;
        let to = homes[(attempt as usize - 1) % homes.len()];
        Attempt { op, to, attempt, command, until: now + self.plan.timeout }
    }
}
