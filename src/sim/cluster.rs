//! A cluster as a value: how a node starts, handles inputs, and crashes, in a timed run or an exploration.

use std::any::Any;
use std::borrow::Cow;
use std::cell::Cell;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::node::{Arrival, Barrier, Input, Life, Node, Waiting, kind_of};
use super::timers::{Due, TimerSlot};
use crate::chance::{Chance, Key, Seed};
use crate::clocks::Stamp;
use crate::context::{ClocksRead, Context, Effect};
use crate::identity::{Actor, Boot, MessageId, NodeId, OpId};
use crate::observation::{Observation, Observe as _};
use crate::process::{Data, Lane, Process, Stored};
use crate::time::{LocalTime, Span, Time};
use crate::trace::{Cause, Event, Said};

/// The surroundings of a cluster, which determine what its effects do.
pub(crate) trait World<P: Process> {
    /// A node's wall and monotonic clock, for a step that begins.
    fn clocks(&self, node: NodeId) -> (LocalTime, LocalTime);
    /// A step of a node has read these of its clocks.
    fn used_clocks(&mut self, _node: NodeId, _read: ClocksRead) {}
    /// A node sets a timer for this time from now: counts the faults without which it would expire at another instant
    /// than `at`.
    fn armed(&mut self, _node: NodeId, _after: Span, _at: Time) {}
    /// A node's monotonic clock.
    fn monotonic(&self, node: NodeId) -> LocalTime;
    /// When a node's monotonic clock will have a reading.
    fn when(&self, node: NodeId, reading: LocalTime) -> Time;
    /// Records an event at a node.
    fn tell(&mut self, mark: Mark<'_>, event: Event<'_>);
    /// Records the arrival of an uncorrupted message.
    fn receive(&mut self, mark: Mark<'_>, message: MessageId, copy: u16);
    /// Records an event that contains a value of a node's type, which `observe` translates for checkers.
    fn tell_said<T: Data>(
        &mut self,
        mark: Mark<'_>,
        said: &T,
        observe: fn(&T, &mut Vec<Observation>),
        event: impl FnOnce(Said<'_>) -> Event<'_>,
    );
    /// Records a fact.
    fn note(&mut self, mark: Mark<'_>, fact: &P::Fact);
    /// Records and transmits a message.
    fn send(&mut self, mark: Mark<'_>, id: MessageId, to: NodeId, message: P::Message);
    /// Puts a timer into the agenda.
    fn schedule(&mut self, node: NodeId, timer: &P::Timer, place: TimerSlot);
    /// Begins the `nth` sync of a node.
    fn sync(&mut self, node: NodeId, boot: Boot, sync: u32, nth: u32);
    /// Carries an answer to its client.
    fn answer(&mut self, op: OpId, reply: P::Reply);
    /// Counts something that a fault touched.
    fn touch(&mut self, fault: u32);
    /// A node crashed inside a step, because of this fault.
    fn struck(&mut self, node: NodeId, fault: u32);
    /// Whether a fault has to act before the next effect.
    fn interrupted(&self) -> bool;
}

/// The observations in a timer or message: none.
pub(crate) const fn nothing<T>(_: &T, _: &mut Vec<Observation>) {}

/// The identity of a record: its actor, its number among that actor's events, and the stamp that it carries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark<'a> {
    pub(crate) actor: Actor,
    pub(crate) number: u32,
    pub(crate) stamp: Option<&'a Stamp>,
}

impl Mark<'_> {
    /// An event of a node, without a stamp.
    pub(crate) const fn plain(node: NodeId, number: u32) -> Self {
        Self { actor: Actor::Node(node), number, stamp: None }
    }
}

/// All nodes of a run. A value: it can be cloned and hashed, and driven by a clock or by an exploration.
#[derive(Clone, Debug)]
pub struct Cluster<P: Process> {
    nodes: Vec<Node<P>>,
    config: Arc<P::Config>,
    draws: Key,
    /// Reused by every step; empty between steps.
    outbox: Vec<Effect<P>>,
    /// The stamp that a step has given to the event that it handles, until that event is recorded.
    own_stamp: Option<Arc<Stamp>>,
}

/// Two clusters with equal hashes behave alike, apart from the times at which their timers expire: counts that only
/// name events and messages are left out, and so are draws.
impl<P: Process> Hash for Cluster<P> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.nodes.hash(state);
    }
}

/// Whether the next effect of a step is performed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Passing {
    /// It is performed.
    Free,
    /// It waits, for the disk or for a fault that acts first.
    Blocked,
    /// It is dropped: the node crashes before it.
    Deadly,
}

impl Passing {
    #[inline]
    fn after<P: Process>(world: &impl World<P>) -> Self {
        if world.interrupted() { Self::Blocked } else { Self::Free }
    }
}

impl<P: Process> Cluster<P> {
    /// A cluster of nodes that have not started, with the contents of their disks.
    pub(crate) fn new(seed: Seed, config: P::Config, disks: impl Iterator<Item = Vec<P::Entry>>) -> Self {
        let nodes = disks.map(Node::new).collect();
        Self { nodes, config: Arc::new(config), draws: seed.key("draw"), outbox: Vec::new(), own_stamp: None }
    }

    /// The number of nodes.
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

    pub(crate) fn peek(&self, id: NodeId) -> &Node<P> {
        &self.nodes[id.index()]
    }

    /// Replaces a node.
    pub(crate) fn put_in(&mut self, id: NodeId, node: Node<P>) {
        self.nodes[id.index()] = node;
    }

    /// Takes a node out, and leaves one that never started in its place.
    pub(crate) fn take_out(&mut self, id: NodeId) -> Node<P> {
        std::mem::replace(&mut self.nodes[id.index()], Node::new(Vec::new()))
    }

    #[inline]
    pub(crate) fn life(&self, id: NodeId) -> Life {
        self.nodes[id.index()].life
    }

    /// Starts a node that is down.
    pub(crate) fn start(&mut self, id: NodeId, world: &mut impl World<P>) {
        self.damage_disk(id, world);
        let node = &mut self.nodes[id.index()];
        assert!(node.life == Life::Down, "only a node that is down can start");
        node.boot = node.boot.next();
        node.life = Life::Up;
        let (number, boot) = (node.number(), node.boot);
        let disk = std::mem::take(&mut node.disk);
        let started = self.run(id, world, |_, ctx| Some(P::start(boot, disk.entries(), ctx)));
        let count = |which: fn(&Stored<P::Entry>) -> bool| {
            u32::try_from(disk.entries().iter().filter(|entry| which(entry)).count()).unwrap_or(u32::MAX)
        };
        let event = Event::Start {
            boot,
            intact: count(|entry| matches!(entry, Stored::Intact(_))),
            torn: count(|entry| matches!(entry, Stored::Torn(_))),
            damaged: count(|entry| matches!(entry, Stored::Damaged(_))),
        };
        let stamp = self.own_stamp.take();
        world.tell(Mark { stamp: stamp.as_deref(), ..Mark::plain(id, number) }, event);
        let node = &mut self.nodes[id.index()];
        node.disk = disk;
        node.disk.drop_torn();
        match started {
            Ok(process) => {
                node.process = process;
                self.perform_outbox(id, world);
            }
            Err(reason) => self.panicked(id, reason, world),
        }
    }

    /// Before a start, makes one durable entry unreadable for each fault that damages entries, as long as there are
    /// readable ones. The entry is drawn from the readable entries of all files.
    fn damage_disk(&mut self, id: NodeId, world: &mut impl World<P>) {
        let key = self.draws.text("damage");
        let node = &mut self.nodes[id.index()];
        let Some(pending_faults) =
            node.pending_faults.as_mut().filter(|pending_faults| !pending_faults.disk_faults.damage.is_empty())
        else {
            return;
        };
        let boot = node.boot.next();
        let mut draws = key.with(id.index() as u64).with(u64::from(boot.number())).draws();
        for fault in std::mem::take(&mut pending_faults.disk_faults.damage) {
            let readable = node.disk.intact();
            if readable > 0 {
                let drawn = usize::try_from(draws.below(readable as u64)).expect("an index fits");
                let (file, entry) = node.disk.damage(drawn);
                world.touch(fault);
                world.tell(Mark::plain(id, node.number()), Event::Damaged { file, entry });
            }
        }
    }

    /// Hands an input to a node: at once if it is up, later if it is paused, never if it is down.
    #[inline]
    pub(crate) fn input(&mut self, id: NodeId, input: Input<P>, world: &mut impl World<P>) {
        match self.nodes[id.index()].life {
            Life::Up => self.step(id, input, world),
            Life::Paused => self.put_off(id, input, world),
            Life::Down => {}
        }
    }

    #[cold]
    #[inline(never)]
    fn put_off(&mut self, id: NodeId, input: Input<P>, world: &mut impl World<P>) {
        let node = self.node(id);
        if let Some(fault) = node.paused_by()
            && node.matters(&input)
        {
            world.touch(fault);
        }
        node.backlog().inbox.push_back(input);
    }

    #[inline]
    fn step(&mut self, id: NodeId, input: Input<P>, world: &mut impl World<P>) {
        match input {
            Input::Message { message, arrival } => self.step_message(id, message, arrival, world),
            Input::Timer { slot, number } => self.timer(id, slot, number, world),
            Input::Command { op, attempt, command } => self.step_command(id, op, attempt, command, world),
        }
    }

    /// A timer's entry in the agenda is due.
    #[inline]
    pub(crate) fn due(&mut self, id: NodeId, slot: u32, number: u32, world: &mut impl World<P>) {
        match self.life(id) {
            Life::Up => self.timer(id, slot, number, world),
            Life::Paused => self.put_off(id, Input::Timer { slot, number }, world),
            Life::Down => {}
        }
    }

    /// Delivers a message to a node that is not down.
    #[inline(always)]
    pub(crate) fn deliver(&mut self, id: NodeId, message: P::Message, arrival: Arrival, world: &mut impl World<P>) {
        if self.life(id) == Life::Up {
            self.step_message(id, message, arrival, world);
        } else {
            self.put_off(id, Input::Message { message, arrival }, world);
        }
    }

    #[inline(always)]
    fn step_message(&mut self, id: NodeId, message: P::Message, arrival: Arrival, world: &mut impl World<P>) {
        let Arrival { id: name, copy, corrupted } = arrival;
        let number = self.node(id).number();
        let altered = corrupted.then(|| message.clone());
        let handled =
            self.run(id, world, |process, ctx| process.as_mut().expect(RUNNING).on_message(name.sender, message, ctx));
        let stamp = self.own_stamp.take();
        let mark = Mark { stamp: stamp.as_deref(), ..Mark::plain(id, number) };
        match &altered {
            None => world.receive(mark, name, copy),
            Some(altered) => world.tell_said(mark, altered, nothing, |said| Event::Receive {
                message: name,
                copy,
                corrupted: Some(said),
            }),
        }
        self.conclude(id, handled, world);
    }

    /// A timer expires, unless it was moved or cancelled after it got its entry in the agenda.
    #[inline]
    fn timer(&mut self, id: NodeId, slot: u32, number: u32, world: &mut impl World<P>) {
        let reading = world.monotonic(id);
        match self.node(id).timers.due(slot, number, reading, |reading| world.when(id, reading)) {
            Due::Fire(timer) => self.step_timer(id, timer, world),
            Due::Requeue(timer, place) => world.schedule(id, &timer, place),
            Due::Stale => {}
        }
    }

    /// A set timer expires, whatever the clock reads.
    pub(crate) fn fire(&mut self, id: NodeId, timer: P::Timer, world: &mut impl World<P>) {
        self.node(id).timers.run_out(timer);
        self.step_timer(id, timer, world);
    }

    /// A timer expires that is not set.
    pub(crate) fn ring(&mut self, id: NodeId, timer: P::Timer, world: &mut impl World<P>) {
        self.step_timer(id, timer, world);
    }

    #[inline]
    fn step_timer(&mut self, id: NodeId, timer: P::Timer, world: &mut impl World<P>) {
        let number = self.node(id).number();
        let handled = self.run(id, world, |process, ctx| process.as_mut().expect(RUNNING).on_timer(timer, ctx));
        let stamp = self.own_stamp.take();
        let mark = Mark { stamp: stamp.as_deref(), ..Mark::plain(id, number) };
        world.tell_said(mark, &timer, nothing, |timer| Event::Timer { timer });
        self.conclude(id, handled, world);
    }

    fn step_command(&mut self, id: NodeId, op: OpId, attempt: u32, command: P::Command, world: &mut impl World<P>) {
        let number = self.node(id).number();
        let handled = self.run(id, world, |process, ctx| {
            ctx.attempt = attempt;
            process.as_mut().expect(RUNNING).on_command(op, command, ctx);
        });
        let stamp = self.own_stamp.take();
        world.tell(Mark { stamp: stamp.as_deref(), ..Mark::plain(id, number) }, Event::Command { op });
        self.conclude(id, handled, world);
    }

    /// Ends a step after its handler has run.
    #[inline(always)]
    fn conclude(&mut self, id: NodeId, handled: Result<(), Panicked>, world: &mut impl World<P>) {
        match handled {
            Ok(()) => self.perform_outbox(id, world),
            Err(panic) => self.panicked(id, panic, world),
        }
    }

    /// Runs a handler, which fills the outbox; returns the panic, if it panicked.
    #[inline(always)]
    fn run<R>(
        &mut self,
        id: NodeId,
        world: &mut impl World<P>,
        handler: impl FnOnce(&mut Option<P>, &mut Context<'_, P>) -> R,
    ) -> Result<R, Panicked> {
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
            read: Cell::default(),
            draws_key: self.draws,
            draws: &mut node.draws,
            outbox: &mut self.outbox,
            own_stamp: &mut self.own_stamp,
            attempt: 0,
        };
        let process = &mut node.process;
        let handled = catch_unwind(AssertUnwindSafe(|| handler(process, &mut ctx)));
        world.used_clocks(id, ctx.read.get());
        handled
    }

    /// Numbers the effects in the outbox, and performs those that need not wait.
    fn perform_outbox(&mut self, id: NodeId, world: &mut impl World<P>) {
        let Self { nodes, outbox, .. } = self;
        let node = &mut nodes[id.index()];
        if let Some(pending_faults) = &mut node.pending_faults {
            let events = outbox.iter().filter(|effect| kind_of(effect).is_some()).count();
            pending_faults.foresee(node.events + 1, events);
        }
        let mut way = if node.holds_effects() { Passing::Blocked } else { Passing::Free };
        for effect in outbox.drain(..) {
            // Destructured and rebuilt, so that a message stays in registers: 5 ns of an event.
            let other = match effect {
                Effect::Send { to, message } if way == Passing::Free && node.pending_faults.is_none() => {
                    let (number, nth) = (node.number(), node.number_of(&message));
                    node.send(id, number, nth, to, message, world);
                    way = Passing::after(world);
                    continue;
                }
                Effect::SetTimer { timer, after } => {
                    node.set_timer(id, timer, after, world);
                    continue;
                }
                Effect::CancelTimer { timer } => {
                    node.timers.cancel(timer);
                    continue;
                }
                Effect::Send { to, message } => Effect::Send { to, message },
                Effect::Append(entry) => Effect::Append(entry),
                Effect::Rewrite { file, entries } => Effect::Rewrite { file, entries },
                Effect::Sync { completion } => Effect::Sync { completion },
                Effect::Reply { op, reply } => Effect::Reply { op, reply },
                Effect::Note(fact) => Effect::Note(fact),
                Effect::Stamp(stamp) => Effect::Stamp(stamp),
            };
            way = node.perform_or_wait(id, other, way, world);
        }
        if way == Passing::Deadly {
            self.strike(id, world);
        }
    }

    /// The disk has answered.
    pub(crate) fn synced(&mut self, id: NodeId, world: &mut impl World<P>) {
        let node = self.node(id);
        let barrier = node.backlog().barrier.as_mut().expect("a disk answers only while a sync is open");
        barrier.answered = true;
        let (sync, covers) = (barrier.sync, barrier.covers);
        node.disk.settle(covers);
        let number = node.number();
        world.tell(Mark::plain(id, number), Event::Synced { sync });
        self.go_on(id, world);
    }

    /// Continues at a node that is up with everything that waits: effects, the completion of a sync, inputs that
    /// arrived during a pause; until nothing waits, or a fault has to act.
    pub(crate) fn go_on(&mut self, id: NodeId, world: &mut impl World<P>) {
        while self.life(id) == Life::Up && !world.interrupted() {
            let node = self.node(id);
            let backlog = node.backlog();
            if let Some(barrier) = backlog.barrier.filter(|barrier| barrier.answered) {
                backlog.barrier = None;
                backlog.completed = barrier.completion;
            } else if backlog.barrier.is_none() && !backlog.waiting.is_empty() {
                let next = backlog.waiting.pop_front().expect("something waits");
                if node.perform(id, next, world) == Passing::Deadly {
                    self.strike(id, world);
                }
            } else if let Some(completion) = backlog.completed.take() {
                let completed =
                    self.run(id, world, |process, ctx| process.as_mut().expect(RUNNING).on_synced(completion, ctx));
                self.conclude(id, completed, world);
            } else if let Some(input) = backlog.inbox.pop_front() {
                self.step(id, input, world);
            } else {
                return;
            }
        }
    }

    /// Pauses a node that is up, between two steps; a node that is paused already stays paused until this fault has
    /// ended too.
    pub(crate) fn pause(&mut self, id: NodeId, fault: u32, world: &mut impl World<P>) {
        let node = self.node(id);
        match node.life {
            Life::Up => {
                node.life = Life::Paused;
                node.make_pending_faults().paused_by.push(fault);
                let number = node.number();
                world.tell(Mark::plain(id, number), Event::Paused);
            }
            Life::Paused => node.make_pending_faults().paused_by.push(fault),
            Life::Down => {}
        }
    }

    /// A fault no longer pauses a node, which continues unless another fault pauses it. If that other fault becomes
    /// decisive only now, it has touched the inputs that are waiting.
    pub(crate) fn end_pause(&mut self, id: NodeId, fault: u32, world: &mut impl World<P>) {
        let node = self.node(id);
        let before = node.paused_by();
        let Some(pending_faults) =
            node.pending_faults.as_mut().filter(|pending_faults| pending_faults.paused_by.contains(&fault))
        else {
            return;
        };
        pending_faults.paused_by.retain(|other| *other != fault);
        match node.paused_by() {
            None => self.unpause(id, world),
            Some(next) if before != Some(next) => {
                for _ in 0..node.waiting_inputs() {
                    world.touch(next);
                }
            }
            Some(_) => {}
        }
    }

    /// Lets a paused node continue.
    pub(crate) fn unpause(&mut self, id: NodeId, world: &mut impl World<P>) {
        let node = self.node(id);
        node.life = Life::Up;
        if let Some(pending_faults) = &mut node.pending_faults {
            pending_faults.paused_by.clear();
        }
        let number = node.number();
        world.tell(Mark::plain(id, number), Event::Unpaused);
        self.go_on(id, world);
    }

    /// Crashes a node inside a step, at its crash point or because of its disk.
    #[cold]
    fn strike(&mut self, id: NodeId, world: &mut impl World<P>) {
        let node = self.node(id);
        let number = node.backlog().waiting.front().expect("the effect that it dies at").number;
        let pending_faults = node.pending_faults.as_mut().expect("a fault kills it");
        if let Some(crash_point) = pending_faults.take_doom(number) {
            world.touch(crash_point.fault);
            world.struck(id, crash_point.fault);
        } else {
            let fault = pending_faults.disk_faults.io_error.remove(0);
            world.touch(fault);
            world.struck(id, fault);
            let number = node.number();
            world.tell(Mark::plain(id, number), Event::IoError);
        }
        self.kill(id, world);
    }

    /// Crashes a node: everything volatile or not durable is lost.
    pub(crate) fn kill(&mut self, id: NodeId, world: &mut impl World<P>) {
        let node = &mut self.nodes[id.index()];
        let backlog = node.take_backlog();
        tell_dropped(id, node.stamp.take(), backlog.waiting, world);
        for input in backlog.inbox {
            if let Input::Message { arrival, .. } = input {
                let event = Event::Lost { message: arrival.id, copy: arrival.copy, cause: Cause::Down };
                world.tell(Mark::plain(id, node.number()), event);
            }
        }
        let unsynced = u32::try_from(node.disk.unsynced()).unwrap_or(u32::MAX);
        let torn = node
            .pending_faults
            .as_mut()
            .map(|pending_faults| &mut pending_faults.disk_faults.torn)
            .filter(|torn| !torn.is_empty());
        if node.disk.crash(torn.is_some())
            && let Some(torn) = torn
        {
            world.touch(torn.remove(0));
        }
        node.die();
        let number = node.number();
        world.tell(Mark::plain(id, number), Event::Killed { unsynced });
    }

    /// At the end of the run: effects that still wait are dropped.
    pub(crate) fn abandon(&mut self, world: &mut impl World<P>) {
        for (id, node) in NodeId::all(self.size()).zip(&mut self.nodes) {
            tell_dropped(id, node.stamp.take(), node.take_backlog().waiting, world);
        }
    }

    #[cold]
    fn panicked(&mut self, id: NodeId, panic: Panicked, world: &mut impl World<P>) {
        self.outbox.clear();
        let number = self.node(id).number();
        let reason = Cow::Borrowed(reason_of(panic.as_ref()));
        world.tell(Mark::plain(id, number), Event::Panicked { reason });
        self.kill(id, world);
    }
}

impl<P: Process> Node<P> {
    /// Performs an effect, or appends it to those that wait.
    #[inline(never)]
    fn perform_or_wait(&mut self, id: NodeId, effect: Effect<P>, way: Passing, world: &mut impl World<P>) -> Passing {
        let number = if kind_of(&effect).is_some() { self.number() } else { 0 };
        let message = if let Effect::Send { message, .. } = &effect { self.number_of(message) } else { 0 };
        let waiting = Waiting { number, message, effect };
        if way == Passing::Free {
            return self.perform(id, waiting, world);
        }
        self.backlog().waiting.push_back(waiting);
        way
    }

    /// The number of a message on its lane.
    #[inline]
    fn number_of(&mut self, message: &P::Message) -> u32 {
        let count = &mut self.sent[message.lane().index()];
        *count += 1;
        *count
    }

    fn perform(&mut self, id: NodeId, waiting: Waiting<P>, world: &mut impl World<P>) -> Passing {
        if self.dies_at(waiting.number, &waiting.effect) {
            self.backlog().waiting.push_front(waiting);
            return Passing::Deadly;
        }
        let Waiting { number, message: nth, effect } = waiting;
        if let Effect::Stamp(stamp) = effect {
            self.stamp = Some(stamp);
            return Passing::Free;
        }
        if let Effect::Send { to, message } = effect {
            self.send(id, number, nth, to, message, world);
            return Passing::after(world);
        }
        let stamp = self.stamp.take();
        let mark = Mark { stamp: stamp.as_deref(), ..Mark::plain(id, number) };
        match effect {
            Effect::Append(entry) => {
                world.tell_said(mark, &entry, P::Entry::observe, |entry| Event::Append { entry });
                self.disk.append(entry);
            }
            Effect::Rewrite { file, entries } => {
                let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
                world.tell(mark, Event::Rewrite { file, entries: count });
                self.disk.rewrite(file, entries);
            }
            Effect::Sync { completion } => {
                world.tell(mark, Event::Sync);
                self.syncs += 1;
                let covers = self.disk.unsynced();
                self.backlog().barrier = Some(Barrier { sync: number, completion, covers, answered: false });
                world.sync(id, self.boot, number, self.syncs);
                return Passing::Blocked;
            }
            Effect::Reply { op, reply } => {
                world.tell_said(mark, &reply, P::Reply::observe, |reply| Event::Reply { op, reply });
                world.answer(op, reply);
            }
            Effect::Note(fact) => world.note(mark, &fact),
            Effect::Send { .. } | Effect::SetTimer { .. } | Effect::CancelTimer { .. } | Effect::Stamp(_) => {
                unreachable!("timers act at the call; messages and stamps went before")
            }
        }
        Passing::after(world)
    }

    #[inline(always)]
    fn send(&mut self, me: NodeId, number: u32, nth: u32, to: NodeId, message: P::Message, world: &mut impl World<P>) {
        let stamp = self.stamp.take();
        let mark = Mark { stamp: stamp.as_deref(), ..Mark::plain(me, number) };
        let name = MessageId { sender: me, lane: message.lane(), number: nth };
        world.send(mark, name, to, message);
    }

    #[inline]
    fn set_timer(&mut self, id: NodeId, timer: P::Timer, after: Span, world: &mut impl World<P>) {
        let deadline = world.monotonic(id) + after;
        let time = world.when(id, deadline);
        world.armed(id, after, time);
        if let Some(place) = self.timers.set(timer, deadline, time) {
            world.schedule(id, &timer, place);
        }
    }
}

/// The payload of a handler's panic.
type Panicked = Box<dyn Any + Send>;

const RUNNING: &str = "a node that is up has a process";

fn reason_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic that is no text")
}

/// Records effects as dropped, each with the stamp that was given before it, as if it had been performed.
fn tell_dropped<P: Process>(
    node: NodeId,
    mut stamp: Option<Arc<Stamp>>,
    effects: impl IntoIterator<Item = Waiting<P>>,
    world: &mut impl World<P>,
) {
    for Waiting { number, message, effect } in effects {
        if let Effect::Stamp(given) = effect {
            stamp = Some(given);
            continue;
        }
        let Some(kind) = kind_of(&effect) else { continue };
        let message = match &effect {
            Effect::Send { message: sent, .. } => Some(MessageId { sender: node, lane: sent.lane(), number: message }),
            Effect::SetTimer { .. }
            | Effect::CancelTimer { .. }
            | Effect::Append(_)
            | Effect::Rewrite { .. }
            | Effect::Sync { .. }
            | Effect::Reply { .. }
            | Effect::Note(_)
            | Effect::Stamp(_) => None,
        };
        let stamp = stamp.take();
        let mark = Mark { stamp: stamp.as_deref(), ..Mark::plain(node, number) };
        world.tell(mark, Event::Dropped { effect: kind, message });
    }
}
