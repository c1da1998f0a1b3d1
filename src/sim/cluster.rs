//! A cluster as a value: what a node does when it starts, handles something, or dies, whoever drives it.

use std::any::Any;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::node::{Arrival, Barrier, Input, Life, Node, Waiting, kind_of};
use super::timers::Place;
use crate::chance::{Chance, Key, Seed};
use crate::clocks::Stamp;
use crate::context::{Context, Effect};
use crate::identity::{Boot, MessageId, NodeId, OpId};
use crate::process::{Lane, Process, Stored};
use crate::time::{LocalTime, Span, Time};
use crate::trace::EffectKind;

/// What surrounds a cluster: who drives it decides what becomes of its effects.
pub(crate) trait World<P: Process> {
    /// A node's wall and monotonic clock, for a step that begins.
    fn clocks(&mut self, node: NodeId) -> (LocalTime, LocalTime);
    /// A node's monotonic clock.
    fn monotonic(&self, node: NodeId) -> LocalTime;
    /// When a node's monotonic clock will read something.
    fn when(&self, node: NodeId, reading: LocalTime) -> Time;
    /// Records what a node did or what happened to it.
    fn record(&mut self, node: NodeId, number: u32, stamp: Option<&Stamp>, what: What<'_, P>);
    /// Records and transmits a message.
    fn send(&mut self, id: MessageId, number: u32, stamp: Option<&Stamp>, to: NodeId, message: P::Message);
    /// Puts a timer into the agenda.
    fn schedule(&mut self, node: NodeId, timer: &P::Timer, place: Place);
    /// Begins the `nth` sync of a node.
    fn sync(&mut self, node: NodeId, boot: Boot, sync: u32, nth: u32);
    /// Carries an answer to its client.
    fn answer(&mut self, op: OpId, reply: P::Reply);
    /// Counts something that a fault touched.
    fn touch(&mut self, fault: u32);
    /// A node died inside a step, by this fault.
    fn struck(&mut self, node: NodeId, fault: u32);
    /// Whether something wants to act before the next effect.
    fn interrupted(&self) -> bool;
}

/// What is recorded of a node.
#[derive(Clone, Copy, Debug)]
pub(crate) enum What<'a, P: Process> {
    Start {
        boot: Boot,
        intact: u32,
        torn: u32,
        damaged: u32,
    },
    Receive {
        arrival: Arrival,
        corrupted: Option<&'a P::Message>,
    },
    Timer(&'a P::Timer),
    Command(OpId),
    Synced {
        sync: u32,
    },
    Append(&'a P::Entry),
    Rewrite {
        entries: u32,
    },
    Sync,
    Reply {
        op: OpId,
        reply: &'a P::Reply,
    },
    Fact(&'a P::Fact),
    Dropped {
        effect: EffectKind,
        message: Option<MessageId>,
    },
    /// A message that waited for a paused node, which died.
    LostDown(Arrival),
    Killed {
        unsynced: u32,
    },
    Paused,
    Unpaused,
    IoError,
    Panicked {
        reason: &'a str,
    },
}

/// All nodes of a run. A value: it can be cloned, hashed, and driven by a clock or by an exploration.
#[derive(Clone, Debug)]
pub struct Cluster<P: Process> {
    nodes: Vec<Node<P>>,
    config: Arc<P::Config>,
    draws: Key,
    /// Reused by every step; empty between steps.
    outbox: Vec<Effect<P>>,
}

/// Two clusters with one hash go on alike: counts that only name events and messages are left out.
impl<P: Process> Hash for Cluster<P> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.nodes.hash(state);
    }
}

/// What became of an effect that was to be performed.
enum Performed {
    Done,
    /// It was a sync: what follows waits.
    Blocks,
    /// The node dies of it or before it.
    Dies,
}

impl<P: Process> Cluster<P> {
    /// A cluster of nodes that have not started; each with what its disk holds.
    pub(crate) fn new(seed: Seed, config: P::Config, disks: impl Iterator<Item = Vec<P::Entry>>) -> Self {
        let nodes = disks.map(Node::new).collect();
        Self { nodes, config: Arc::new(config), draws: seed.key("draw"), outbox: Vec::new() }
    }

    /// How many nodes there are.
    #[must_use]
    pub fn size(&self) -> u32 {
        u32::try_from(self.nodes.len()).expect("at most a million nodes")
    }

    /// The process of a node, if the node is up.
    #[must_use]
    pub fn process(&self, node: NodeId) -> Option<&P> {
        self.nodes[node.index()].process.as_ref()
    }

    #[inline]
    pub(crate) fn node(&mut self, id: NodeId) -> &mut Node<P> {
        &mut self.nodes[id.index()]
    }

    #[inline]
    pub(crate) fn life(&self, id: NodeId) -> Life {
        self.nodes[id.index()].life
    }

    /// Starts a node that is down.
    pub(crate) fn start(&mut self, id: NodeId, world: &mut impl World<P>) {
        let key = self.draws.text("damage");
        let node = &mut self.nodes[id.index()];
        assert!(node.life == Life::Down, "only a node that is down can start");
        node.boot = node.boot.next();
        node.life = Life::Up;
        if let Some(fault) = node.ailment.damage.take() {
            let readable = node.disk.intact();
            if readable > 0 {
                let mut draws = key.with(id.index() as u64).with(u64::from(node.boot.number())).draws();
                node.disk.damage(usize::try_from(draws.below(readable as u64)).expect("an index fits"));
                world.touch(fault);
            }
        }
        let number = node.number();
        let boot = node.boot;
        let disk = std::mem::take(&mut node.disk);
        let started = self.run(id, world, |_, ctx| Some(P::start(boot, disk.entries(), ctx)));
        let count = |which: fn(&Stored<P::Entry>) -> bool| {
            u32::try_from(disk.entries().iter().filter(|entry| which(entry)).count()).unwrap_or(u32::MAX)
        };
        let what = What::Start {
            boot,
            intact: count(|entry| matches!(entry, Stored::Intact(_))),
            torn: count(|entry| matches!(entry, Stored::Torn)),
            damaged: count(|entry| matches!(entry, Stored::Damaged)),
        };
        self.record_input(id, number, what, world);
        let node = &mut self.nodes[id.index()];
        node.disk = disk;
        node.disk.drop_torn();
        match started {
            Ok(process) => {
                node.process = process;
                self.perform_outbox(id, world);
            }
            Err(reason) => self.panicked(id, &reason, world),
        }
    }

    /// Hands something to a node: at once if it is up, later if it is paused; a node that is down never sees it.
    #[inline]
    pub(crate) fn input(&mut self, id: NodeId, input: Input<P>, world: &mut impl World<P>) {
        let node = &mut self.nodes[id.index()];
        match node.life {
            Life::Up => self.step(id, input, world),
            Life::Paused => {
                if let Some(fault) = node.paused_by {
                    world.touch(fault);
                }
                node.inbox.push_back(input);
            }
            Life::Down => {}
        }
    }

    #[inline]
    fn step(&mut self, id: NodeId, input: Input<P>, world: &mut impl World<P>) {
        let number = self.node(id).number();
        let handled = match input {
            Input::Message { from, message, arrival } => {
                let altered = arrival.corrupted.then(|| message.clone());
                let handled = self.run(id, world, |process, ctx| {
                    process.as_mut().expect(RUNNING).on_message(from, message, ctx);
                });
                self.record_input(id, number, What::Receive { arrival, corrupted: altered.as_ref() }, world);
                handled
            }
            Input::Timer(timer) => {
                let handled = self.run(id, world, |process, ctx| process.as_mut().expect(RUNNING).on_timer(timer, ctx));
                self.record_input(id, number, What::Timer(&timer), world);
                handled
            }
            Input::Command { op, command } => {
                let handled =
                    self.run(id, world, |process, ctx| process.as_mut().expect(RUNNING).on_command(op, command, ctx));
                self.record_input(id, number, What::Command(op), world);
                handled
            }
        };
        match handled {
            Ok(()) => self.perform_outbox(id, world),
            Err(reason) => self.panicked(id, &reason, world),
        }
    }

    /// Runs a handler, which fills the outbox; the text of a panic, if it panicked.
    #[inline]
    fn run<R>(
        &mut self,
        id: NodeId,
        world: &mut impl World<P>,
        handler: impl FnOnce(&mut Option<P>, &mut Context<'_, P>) -> R,
    ) -> Result<R, String> {
        let nodes = self.size();
        let (wall, monotonic) = world.clocks(id);
        let node = &mut self.nodes[id.index()];
        let mut ctx = Context {
            me: id,
            boot: node.boot,
            nodes,
            config: self.config.as_ref(),
            wall,
            monotonic,
            draws_key: self.draws.with(id.index() as u64),
            draws: &mut node.draws,
            tickets: &mut node.tickets,
            outbox: &mut self.outbox,
        };
        let process = &mut node.process;
        catch_unwind(AssertUnwindSafe(|| handler(process, &mut ctx))).map_err(|panic| reason_of(panic.as_ref()))
    }

    /// Records what a step handled; a stamp that the handler gave before all else belongs to it.
    #[inline]
    fn record_input(&mut self, id: NodeId, number: u32, what: What<'_, P>, world: &mut impl World<P>) {
        match self.outbox.first() {
            Some(Effect::Stamp(stamp)) => {
                let stamp = Arc::clone(stamp);
                self.outbox.remove(0);
                world.record(id, number, Some(&stamp), what);
            }
            _ => world.record(id, number, None, what),
        }
    }

    /// Gives the effects in the outbox their numbers, and performs those that need not wait.
    #[inline]
    fn perform_outbox(&mut self, id: NodeId, world: &mut impl World<P>) {
        if self.outbox.is_empty() {
            return;
        }
        let mut outbox = std::mem::take(&mut self.outbox);
        let node = &mut self.nodes[id.index()];
        let mut number = node.events;
        let events = outbox.iter().filter(|effect| kind_of(effect).is_some()).count();
        node.events += u32::try_from(events).expect("an outbox has few effects");
        if let Some(doom) = &mut node.doom
            && doom.before.is_none()
            && events > doom.after_effects as usize
        {
            doom.before = Some(number + 1 + doom.after_effects);
        }
        let mut waits = node.barrier.is_some() || !node.waiting.is_empty();
        let mut dies = false;
        for effect in outbox.drain(..) {
            match effect {
                Effect::SetTimer { timer, after } => self.set_timer(id, timer, after, world),
                Effect::CancelTimer { timer } => self.node(id).timers.cancel(timer),
                effect => {
                    if kind_of(&effect).is_some() {
                        number += 1;
                    }
                    let waiting = self.call(id, number, effect);
                    if waits {
                        self.node(id).waiting.push_back(waiting);
                    } else {
                        match self.perform(id, waiting, world) {
                            Performed::Done => waits = world.interrupted(),
                            Performed::Blocks => waits = true,
                            Performed::Dies => (waits, dies) = (true, true),
                        }
                    }
                }
            }
        }
        self.outbox = outbox;
        if dies {
            self.kill(id, world);
        }
    }

    /// An effect as it was called: with its number and, if it is a send, its message's.
    #[inline]
    fn call(&mut self, id: NodeId, number: u32, effect: Effect<P>) -> Waiting<P> {
        let message = match &effect {
            Effect::Send { message, .. } => {
                let sent = &mut self.node(id).sent[message.lane().index()];
                *sent += 1;
                *sent
            }
            _ => 0,
        };
        Waiting { number, message, effect }
    }

    #[inline]
    fn perform(&mut self, id: NodeId, waiting: Waiting<P>, world: &mut impl World<P>) -> Performed {
        let Waiting { number, message: nth, effect } = waiting;
        let node = &mut self.nodes[id.index()];
        if let Effect::Stamp(stamp) = effect {
            node.stamp = Some(stamp);
            return Performed::Done;
        }
        if node.is_doomed(number) || node.disk_fails(&effect) {
            self.fail(id, Waiting { number, message: nth, effect }, world);
            return Performed::Dies;
        }
        let stamp = node.stamp.take();
        let stamp = stamp.as_deref();
        match effect {
            Effect::Send { to, message } => {
                let id = MessageId { sender: id, lane: message.lane(), number: nth };
                world.send(id, number, stamp, to, message);
            }
            Effect::Append(entry) => {
                world.record(id, number, stamp, What::Append(&entry));
                node.disk.append(entry);
            }
            Effect::Rewrite(entries) => {
                let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
                world.record(id, number, stamp, What::Rewrite { entries: count });
                node.disk.rewrite(entries);
            }
            Effect::Sync { ticket } => {
                world.record(id, number, stamp, What::Sync);
                node.syncs += 1;
                node.barrier = Some(Barrier { sync: number, ticket, covers: node.disk.unsynced(), answered: false });
                world.sync(id, node.boot, number, node.syncs);
                return Performed::Blocks;
            }
            Effect::Reply { op, reply } => {
                world.record(id, number, stamp, What::Reply { op, reply: &reply });
                world.answer(op, reply);
            }
            Effect::Note(fact) => world.record(id, number, stamp, What::Fact(&fact)),
            Effect::SetTimer { .. } | Effect::CancelTimer { .. } | Effect::Stamp(_) => {
                unreachable!("timers act at the call, and a stamp was taken above")
            }
        }
        Performed::Done
    }

    /// Records an effect that kills the node in place of being performed.
    #[cold]
    fn fail(&mut self, id: NodeId, waiting: Waiting<P>, world: &mut impl World<P>) {
        let node = &mut self.nodes[id.index()];
        let doomed = node.is_doomed(waiting.number);
        node.waiting.push_front(waiting);
        if doomed {
            let doom = node.doom.take().expect("it is doomed");
            world.touch(doom.fault);
            world.struck(id, doom.fault);
        } else {
            let fault = node.ailment.io_error.take().expect("its disk fails");
            world.touch(fault);
            world.struck(id, fault);
            let number = node.number();
            world.record(id, number, None, What::IoError);
        }
    }

    #[inline]
    fn set_timer(&mut self, id: NodeId, timer: P::Timer, after: Span, world: &mut impl World<P>) {
        let deadline = world.monotonic(id) + after;
        let time = world.when(id, deadline);
        if let Some(place) = self.node(id).timers.set(timer, deadline, time) {
            world.schedule(id, &timer, place);
        }
    }

    /// The disk has answered.
    pub(crate) fn synced(&mut self, id: NodeId, world: &mut impl World<P>) {
        let node = self.node(id);
        let barrier = node.barrier.as_mut().expect("a disk answers only while a sync is open");
        barrier.answered = true;
        let (sync, covers) = (barrier.sync, barrier.covers);
        node.disk.settle(covers);
        let number = node.number();
        world.record(id, number, None, What::Synced { sync });
        self.go_on(id, world);
    }

    /// Goes on with what waits at a node that is up: effects, the completion of a sync, inputs of a pause; until nothing
    /// waits, or something interrupts.
    pub(crate) fn go_on(&mut self, id: NodeId, world: &mut impl World<P>) {
        while self.life(id) == Life::Up && !world.interrupted() {
            let node = self.node(id);
            if let Some(barrier) = node.barrier.filter(|barrier| barrier.answered) {
                node.barrier = None;
                node.completed = barrier.ticket;
            } else if node.barrier.is_none() && !node.waiting.is_empty() {
                let next = node.waiting.pop_front().expect("something waits");
                if matches!(self.perform(id, next, world), Performed::Dies) {
                    self.kill(id, world);
                }
            } else if let Some(ticket) = node.completed.take() {
                let completed =
                    self.run(id, world, |process, ctx| process.as_mut().expect(RUNNING).on_synced(ticket, ctx));
                match completed {
                    Ok(()) => self.perform_outbox(id, world),
                    Err(reason) => self.panicked(id, &reason, world),
                }
            } else if let Some(input) = node.inbox.pop_front() {
                self.step(id, input, world);
            } else {
                return;
            }
        }
    }

    /// Stops a node that is up between two steps.
    pub(crate) fn pause(&mut self, id: NodeId, fault: u32, world: &mut impl World<P>) {
        let node = self.node(id);
        node.life = Life::Paused;
        node.paused_by = Some(fault);
        let number = node.number();
        world.record(id, number, None, What::Paused);
    }

    /// Lets a paused node go on.
    pub(crate) fn unpause(&mut self, id: NodeId, world: &mut impl World<P>) {
        let node = self.node(id);
        node.life = Life::Up;
        node.paused_by = None;
        let number = node.number();
        world.record(id, number, None, What::Unpaused);
        self.go_on(id, world);
    }

    /// Kills a node: all that is volatile or not durable is gone.
    pub(crate) fn kill(&mut self, id: NodeId, world: &mut impl World<P>) {
        let node = &mut self.nodes[id.index()];
        for waiting in std::mem::take(&mut node.waiting) {
            waiting.record_dropped(id, world);
        }
        for input in std::mem::take(&mut node.inbox) {
            if let Input::Message { arrival, .. } = input {
                let number = node.number();
                world.record(id, number, None, What::LostDown(arrival));
            }
        }
        let unsynced = u32::try_from(node.disk.unsynced()).unwrap_or(u32::MAX);
        if node.disk.crash(node.ailment.torn.is_some())
            && let Some(fault) = node.ailment.torn.take()
        {
            world.touch(fault);
        }
        node.die();
        let number = node.number();
        world.record(id, number, None, What::Killed { unsynced });
    }

    /// At the end of the run: what still waits never came to be.
    pub(crate) fn abandon(&mut self, world: &mut impl World<P>) {
        for (id, node) in NodeId::all(self.size()).zip(&mut self.nodes) {
            for waiting in std::mem::take(&mut node.waiting) {
                waiting.record_dropped(id, world);
            }
        }
    }

    #[cold]
    fn panicked(&mut self, id: NodeId, reason: &str, world: &mut impl World<P>) {
        self.outbox.clear();
        let number = self.node(id).number();
        world.record(id, number, None, What::Panicked { reason });
        self.kill(id, world);
    }
}

const RUNNING: &str = "a node that is up has a process";

fn reason_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic that is no text").to_owned()
}

impl<P: Process> Waiting<P> {
    fn record_dropped(&self, node: NodeId, world: &mut impl World<P>) {
        let Some(effect) = kind_of(&self.effect) else {
            return;
        };
        let message = match &self.effect {
            Effect::Send { message, .. } => {
                Some(MessageId { sender: node, lane: message.lane(), number: self.message })
            }
            _ => None,
        };
        world.record(node, self.number, None, What::Dropped { effect, message });
    }
}
