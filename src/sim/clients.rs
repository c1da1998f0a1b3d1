//! Clients: they invoke, wait, retry and give up.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use smallvec::SmallVec;

use crate::identity::{NodeId, OpId};
use crate::process::{Client as _, ClientPlan, Operation, Outcome, Pace, Process};
use crate::time::{Span, Time};

/// One client and its open operations.
#[derive(Clone, Debug)]
pub(crate) struct Client<P: Process> {
    part: Part<P>,
    /// The number of its events.
    pub(crate) events: u32,
    /// The number of its last operation.
    last: u32,
    next: Option<P::Command>,
    open: SmallVec<[Open<P::Command>; 1]>,
}

/// What decides a client's operations.
#[derive(Clone, Debug)]
enum Part<P: Process> {
    /// A machine, which decides from answer to answer.
    Played(ClientPlan<P::Client>),
    /// A list: its operations in order, how many of them were invoked, and what those were answered.
    Written { operations: Vec<Operation<P::Command>>, asked: usize, answers: BTreeMap<OpId, P::Reply> },
}

/// Where and how often an operation is tried.
struct Patience<'a> {
    homes: &'a [NodeId],
    timeout: Span,
    retries: u32,
}

/// Covers everything that determines its future behaviour, apart from times; not the count of its events, which only
/// names them.
impl<P: Process> Hash for Client<P> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match &self.part {
            Part::Played(plan) => plan.machine.hash(state),
            Part::Written { asked, answers, operations: _ } => (asked, answers).hash(state),
        }
        self.last.hash(state);
        self.next.hash(state);
        self.open.hash(state);
    }
}

/// An operation that has no answer yet.
#[derive(Clone, Debug, Hash)]
struct Open<C> {
    number: u32,
    attempts: u32,
    /// Which of the nodes that it may ask was asked first.
    home: usize,
    command: C,
}

/// An attempt at an operation.
#[derive(Clone, Debug)]
pub(crate) struct Attempt<C> {
    pub(crate) op: OpId,
    pub(crate) to: NodeId,
    pub(crate) attempt: u32,
    pub(crate) command: C,
    /// When its timeout expires.
    pub(crate) until: Time,
}

/// What a client does when a timeout expires.
pub(crate) enum Impatience<C> {
    /// Nothing: the operation has ended.
    Content,
    Retry(Attempt<C>),
    GiveUp(OpId),
}

impl<P: Process> Client<P> {
    pub(crate) fn new(plan: ClientPlan<P::Client>) -> Self {
        Self::with(Part::Played(plan))
    }

    /// A client that invokes these operations, all its own, in this order at their times, whatever the answers are.
    fn written(operations: Vec<Operation<P::Command>>) -> Self {
        Self::with(Part::Written { operations, asked: 0, answers: BTreeMap::new() })
    }

    /// The clients of scripted operations, one for each client that they name, numbered after the `others`.
    ///
    /// # Panics
    /// If the client of an operation is one of the others.
    pub(crate) fn all_written(operations: Vec<Operation<P::Command>>, others: usize) -> impl Iterator<Item = Self> {
        let mut written: Vec<Vec<Operation<P::Command>>> = Vec::new();
        for operation in operations {
            let client = operation.op.client.index();
            let place = client.checked_sub(others).expect("the cast has operations of its own");
            if written.len() <= place {
                written.resize_with(place + 1, Vec::new);
            }
            written[place].push(operation);
        }
        written.into_iter().map(Self::written)
    }

    fn with(part: Part<P>) -> Self {
        Self { part, events: 0, last: 0, next: None, open: SmallVec::new() }
    }

    /// Whether it has an operation that it has not invoked, due or not.
    pub(crate) const fn wants(&self) -> bool {
        match &self.part {
            Part::Played(_) => self.next.is_some(),
            Part::Written { operations, asked, .. } => *asked < operations.len(),
        }
    }

    /// Whether it asks a node for which this is true, at some attempt.
    pub(crate) fn asks_any(&self, is_one: impl Fn(NodeId) -> bool) -> bool {
        match &self.part {
            Part::Played(plan) => plan.homes.iter().any(|home| is_one(*home)),
            Part::Written { operations, .. } => {
                operations.iter().flat_map(|operation| &operation.to).any(|home| is_one(*home))
            }
        }
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

    /// Decides the first operation; returns when it is due.
    pub(crate) fn begin(&mut self) -> Option<Time> {
        match &self.part {
            Part::Played(plan) => {
                let begins = Time::ZERO + plan.begins;
                self.decide(None).map(|after| begins + after)
            }
            Part::Written { operations, .. } => operations.first().map(|first| first.at),
        }
    }

    /// Whether the operation that is due finishes something that was started, and is invoked after quiescence too.
    pub(crate) fn winds_up(&self) -> bool {
        match &self.part {
            Part::Played(plan) => self.next.as_ref().is_some_and(|command| plan.machine.winds_up(command)),
            Part::Written { .. } => false,
        }
    }

    /// Replaces the operation that is due by one that finishes what was started; returns when that is due, if there is
    /// one.
    pub(crate) fn wind_up(&mut self, now: Time) -> Option<Time> {
        self.next = None;
        let Part::Played(plan) = &mut self.part else {
            return None;
        };
        let ask = plan.machine.wind_up()?;
        self.next = Some(ask.command);
        Some(now + ask.after)
    }

    /// Invokes the operation that is due; also returns when the next one is due, if the client does not wait for the
    /// answer.
    pub(crate) fn invoke(&mut self, me: crate::identity::ClientId, now: Time) -> (Attempt<P::Command>, Option<Time>) {
        let (home, command) = match &mut self.part {
            Part::Played(plan) => {
                self.last += 1;
                (plan.machine.home(), self.next.take().expect("a client asks only what it decided"))
            }
            Part::Written { operations, asked, answers } => {
                let operation = &operations[*asked];
                *asked += 1;
                self.last = operation.op.number;
                let mut command = operation.command.clone();
                P::complete(&mut command, answers);
                (0, command)
            }
        };
        let number = self.last;
        let open = Open { number, attempts: 1, home, command };
        let attempt = self.attempt(OpId { client: me, number }, &open, now);
        self.open.push(open);
        (attempt, self.follow_at_once(now))
    }

    /// When the next operation is due, if the client does not wait for an answer.
    fn follow_at_once(&mut self, now: Time) -> Option<Time> {
        match &self.part {
            Part::Played(ClientPlan { pace: Pace::Closed, .. }) => None,
            Part::Played(ClientPlan { pace: Pace::Open, .. }) => self.decide(None).map(|after| now + after),
            Part::Written { operations, asked, .. } => operations.get(*asked).map(|next| next.at.max(now)),
        }
    }

    /// Takes an answer. Returns `None` if the operation has already ended, else when the next operation is due, if one
    /// follows.
    pub(crate) fn answer(&mut self, op: OpId, reply: &P::Reply, now: Time) -> Option<Option<Time>> {
        self.close(op)?;
        if let Part::Written { answers, .. } = &mut self.part {
            answers.insert(op, reply.clone());
        }
        Some(self.follow(Outcome::Answered(reply), now))
    }

    /// What the client does when the timeout of an attempt at `op` expires.
    pub(crate) fn lose_patience(&mut self, op: OpId, now: Time) -> Impatience<P::Command> {
        let retries = self.patience(op.number).retries;
        let Some(open) = self.open.iter_mut().find(|open| open.number == op.number) else {
            return Impatience::Content;
        };
        if open.attempts > retries {
            return Impatience::GiveUp(op);
        }
        open.attempts += 1;
        let open = open.clone();
        Impatience::Retry(self.attempt(op, &open, now))
    }

    /// Ends an operation without an answer; returns when the next one is due, if one follows.
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
        match &self.part {
            Part::Played(ClientPlan { pace: Pace::Closed, .. }) => self.decide(Some(outcome)).map(|after| now + after),
            Part::Played(ClientPlan { pace: Pace::Open, .. }) | Part::Written { .. } => None,
        }
    }

    /// Lets the machine decide the next operation; returns the pause before it.
    fn decide(&mut self, last: Option<Outcome<'_, P::Reply>>) -> Option<Span> {
        let Part::Played(plan) = &mut self.part else {
            return None;
        };
        let ask = plan.machine.next(last)?;
        self.next = Some(ask.command);
        Some(ask.after)
    }

    fn patience(&self, number: u32) -> Patience<'_> {
        match &self.part {
            Part::Played(ClientPlan { homes, timeout, retries, .. }) => {
                Patience { homes, timeout: *timeout, retries: *retries }
            }
            Part::Written { operations, asked, .. } => {
                let asked = operations[..*asked].iter().rev();
                let Operation { to, timeout, retries, .. } =
                    asked.into_iter().find(|known| known.op.number == number).expect("it was asked");
                Patience { homes: to, timeout: *timeout, retries: *retries }
            }
        }
    }

    fn attempt(&self, op: OpId, open: &Open<P::Command>, now: Time) -> Attempt<P::Command> {
        let Patience { homes, timeout, retries: _ } = self.patience(op.number);
        let to = homes[(open.home + open.attempts as usize - 1) % homes.len()];
        Attempt { op, to, attempt: open.attempts, command: open.command.clone(), until: now + timeout }
    }
}
