//! A cluster as a value: what a node does when it starts, handles something, or dies, whoever drives it.

use std::any::Any;
use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::node::{Arrival, Barrier, Input, Life, Node, Waiting, kind_of};
use super::timers::{Due, Place};
use crate::chance::{Chance, Key, Seed};
use crate::clocks::Stamp;
use crate::context::{Context, Effect};
use crate::identity::{Actor, Boot, MessageId, NodeId, OpId};
use crate::observation::{Observation, Observe as _};
use crate::process::{Data, Lane, Process, Stored};
use crate::time::{LocalTime, Span, Time};
use crate::trace::{Cause, Event, Said};

/// What surrounds a cluster: who drives it decides what becomes of its effects.
pub(crate) trait World<P: Process> {
    /// A node's wall and monotonic clock, for a step that begins.
    fn clocks(&mut self, node: NodeId) -> (LocalTime, LocalTime);
    /// A node's monotonic clock.
    fn monotonic(&self, node: NodeId) -> LocalTime;
    /// When a node's monotonic clock will read something.
    fn when(&self, node: NodeId, reading: LocalTime) -> Time;
    /// Records what a node did or what happened to it.
    fn tell(&mut self, mark: Mark<'_>, event: Event<'_>);
    /// Records that a message arrived as it was sent.
    fn receive(&mut self, mark: Mark<'_>, message: MessageId, copy: u16);
    /// Records something in which a node said something, which `observe` translates for checkers.
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

/// What is said in a timer or message, for checkers: nothing.
pub(crate) const fn nothing<T>(_: &T, _: &mut Vec<Observation>) {}

/// By what a record is known: whose event it is, which of that one's, and the clocks that it bears.
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

/// All nodes of a run. A value: it can be cloned, hashed, and driven by a clock or by an exploration.
#[derive(Clone, Debug)]
pub struct Cluster<P: Process> {
    nodes: Vec<Node<P>>,
    config: Arc<P::Config>,
    draws: Key,
    /// Reused by every step; empty between steps.
    outbox: Vec<Effect<P>>,
}

/// Two clusters with one hash go on alike, whenever their timers run out: counts that only name events and messages are
/// left out, and so are draws.
impl<P: Process> Hash for Cluster<P> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.nodes.hash(state);
    }
}

/// What the next effect of a step meets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// It is performed.
    Free,
    /// It waits, for the disk or for a fault that acts first.
    Blocked,
    /// It is dropped: the node dies before it.
    Deadly,
}

impl Way {
    #[inline]
    fn after<P: Process>(world: &impl World<P>) -> Self {
        if world.interrupted() { Self::Blocked } else { Self::Free }
    }
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

    pub(crate) fn peek(&self, id: NodeId) -> &Node<P> {
        &self.nodes[id.index()]
    }

    /// Puts a node in the place of the one that stands there.
    pub(crate) fn put_in(&mut self, id: NodeId, node: Node<P>) {
        self.nodes[id.index()] = node;
    }

    /// Takes a node out, and leaves one that never started.
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
            torn: count(|entry| matches!(entry, Stored::Torn)),
            damaged: count(|entry| matches!(entry, Stored::Damaged)),
        };
        let stamp = self.take_first_stamp();
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

    /// Makes a durable entry unreadable before a start for each fault that wants it, as far as there are any.
    fn damage_disk(&mut self, id: NodeId, world: &mut impl World<P>) {
        let key = self.draws.text("damage");
        let node = &mut self.nodes[id.index()];
        let Some(plight) = node.plight.as_mut().filter(|plight| !plight.ailment.damage.is_empty()) else {
            return;
        };
        let boot = node.boot.next();
        let mut draws = key.with(id.index() as u64).with(u64::from(boot.number())).draws();
        for fault in std::mem::take(&mut plight.ailment.damage) {
            let readable = node.disk.intact();
            if readable > 0 {
                node.disk.damage(usize::try_from(draws.below(readable as u64)).expect("an index fits"));
                world.touch(fault);
            }
        }
    }

    /// Hands something to a node: at once if it is up, later if it is paused; a node that is down never sees it.
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
            Input::Command { op, command } => self.step_command(id, op, command, world),
        }
    }

    /// A timer's place in the agenda came up.
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
        let stamp = self.take_first_stamp();
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

    /// A timer runs out, unless it was moved or cancelled since it got its place in the agenda.
    #[inline]
    fn timer(&mut self, id: NodeId, slot: u32, number: u32, world: &mut impl World<P>) {
        let reading = world.monotonic(id);
        match self.node(id).timers.due(slot, number, reading, |reading| world.when(id, reading)) {
            Due::Fire(timer) => self.step_timer(id, timer, world),
            Due::Requeue(timer, place) => world.schedule(id, &timer, place),
            Due::Stale => {}
        }
    }

    /// A timer that is set runs out, whatever the clock reads.
    pub(crate) fn fire(&mut self, id: NodeId, timer: P::Timer, world: &mut impl World<P>) {
        self.node(id).timers.run_out(timer);
        self.step_timer(id, timer, world);
    }

    /// A timer runs out that is not set.
    pub(crate) fn ring(&mut self, id: NodeId, timer: P::Timer, world: &mut impl World<P>) {
        self.step_timer(id, timer, world);
    }

    #[inline]
    fn step_timer(&mut self, id: NodeId, timer: P::Timer, world: &mut impl World<P>) {
        let number = self.node(id).number();
        let handled = self.run(id, world, |process, ctx| process.as_mut().expect(RUNNING).on_timer(timer, ctx));
        let stamp = self.take_first_stamp();
        let mark = Mark { stamp: stamp.as_deref(), ..Mark::plain(id, number) };
        world.tell_said(mark, &timer, nothing, |timer| Event::Timer { timer });
        self.conclude(id, handled, world);
    }

    fn step_command(&mut self, id: NodeId, op: OpId, command: P::Command, world: &mut impl World<P>) {
        let number = self.node(id).number();
        let handled = self.run(id, world, |process, ctx| process.as_mut().expect(RUNNING).on_command(op, command, ctx));
        let stamp = self.take_first_stamp();
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

    /// Runs a handler, which fills the outbox; the panic, if it panicked.
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
            draws_key: self.draws,
            draws: &mut node.draws,
            tickets: &mut node.tickets,
            outbox: &mut self.outbox,
        };
        let process = &mut node.process;
        catch_unwind(AssertUnwindSafe(|| handler(process, &mut ctx)))
    }

    /// A stamp that a handler gave before all else belongs to the record of what the step handles.
    #[inline(always)]
    fn take_first_stamp(&mut self) -> Option<Arc<Stamp>> {
        let Some(Effect::Stamp(_)) = self.outbox.first() else {
            return None;
        };
        let Effect::Stamp(stamp) = self.outbox.remove(0) else { unreachable!("it was one") };
        Some(stamp)
    }

    /// Gives the effects in the outbox their numbers, and performs those that need not wait.
    fn perform_outbox(&mut self, id: NodeId, world: &mut impl World<P>) {
        let Self { nodes, outbox, .. } = self;
        let node = &mut nodes[id.index()];
        if let Some(plight) = &mut node.plight {
            let events = outbox.iter().filter(|effect| kind_of(effect).is_some()).count();
            plight.foresee(node.events + 1, events);
        }
        let mut way = if node.holds_effects() { Way::Blocked } else { Way::Free };
        for effect in outbox.drain(..) {
            // Taken apart and put together again, so that a message stays in registers: 5 ns of an event.
            let other = match effect {
                Effect::Send { to, message } if way == Way::Free && node.plight.is_none() => {
                    let (number, nth) = (node.number(), node.number_of(&message));
                    node.send(id, number, nth, to, message, world);
                    way = Way::after(world);
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
                Effect::Rewrite(entries) => Effect::Rewrite(entries),
                Effect::Sync { ticket } => Effect::Sync { ticket },
                Effect::Reply { op, reply } => Effect::Reply { op, reply },
                Effect::Note(fact) => Effect::Note(fact),
                Effect::Stamp(stamp) => Effect::Stamp(stamp),
            };
            way = node.perform_or_wait(id, other, way, world);
        }
        if way == Way::Deadly {
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

    /// Goes on with what waits at a node that is up: effects, the completion of a sync, inputs of a pause; until nothing
    /// waits, or something interrupts.
    pub(crate) fn go_on(&mut self, id: NodeId, world: &mut impl World<P>) {
        while self.life(id) == Life::Up && !world.interrupted() {
            let node = self.node(id);
            let backlog = node.backlog();
            if let Some(barrier) = backlog.barrier.filter(|barrier| barrier.answered) {
                backlog.barrier = None;
                backlog.completed = barrier.ticket;
            } else if backlog.barrier.is_none() && !backlog.waiting.is_empty() {
                let next = backlog.waiting.pop_front().expect("something waits");
                if node.perform(id, next, world) == Way::Deadly {
                    self.strike(id, world);
                }
            } else if let Some(ticket) = backlog.completed.take() {
                let completed =
                    self.run(id, world, |process, ctx| process.as_mut().expect(RUNNING).on_synced(ticket, ctx));
                self.conclude(id, completed, world);
            } else if let Some(input) = backlog.inbox.pop_front() {
                self.step(id, input, world);
            } else {
                return;
            }
        }
    }

    /// Stops a node that is up between two steps; one that is paused stays so until this fault has ended too.
    pub(crate) fn pause(&mut self, id: NodeId, fault: u32, world: &mut impl World<P>) {
        let node = self.node(id);
        match node.life {
            Life::Up => {
                node.life = Life::Paused;
                node.make_plight().paused_by.push(fault);
                let number = node.number();
                world.tell(Mark::plain(id, number), Event::Paused);
            }
            Life::Paused => node.make_plight().paused_by.push(fault),
            Life::Down => {}
        }
    }

    /// A fault no longer pauses a node, which goes on unless another does. That one touches what waits already, if it
    /// only now makes a difference.
    pub(crate) fn end_pause(&mut self, id: NodeId, fault: u32, world: &mut impl World<P>) {
        let node = self.node(id);
        let before = node.paused_by();
        let Some(plight) = node.plight.as_mut().filter(|plight| plight.paused_by.contains(&fault)) else {
            return;
        };
        plight.paused_by.retain(|other| *other != fault);
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

    /// Lets a paused node go on.
    pub(crate) fn unpause(&mut self, id: NodeId, world: &mut impl World<P>) {
        let node = self.node(id);
        node.life = Life::Up;
        if let Some(plight) = &mut node.plight {
            plight.paused_by.clear();
        }
        let number = node.number();
        world.tell(Mark::plain(id, number), Event::Unpaused);
        self.go_on(id, world);
    }

    /// Kills a node inside a step, by its doom or by its disk.
    #[cold]
    fn strike(&mut self, id: NodeId, world: &mut impl World<P>) {
        let node = self.node(id);
        let number = node.backlog().waiting.front().expect("the effect that it dies at").number;
        let plight = node.plight.as_mut().expect("a fault kills it");
        if let Some(doom) = plight.take_doom(number) {
            world.touch(doom.fault);
            world.struck(id, doom.fault);
        } else {
            let fault = plight.ailment.io_error.remove(0);
            world.touch(fault);
            world.struck(id, fault);
            let number = node.number();
            world.tell(Mark::plain(id, number), Event::IoError);
        }
        self.kill(id, world);
    }

    /// Kills a node: all that is volatile or not durable is gone.
    pub(crate) fn kill(&mut self, id: NodeId, world: &mut impl World<P>) {
        let node = &mut self.nodes[id.index()];
        let backlog = node.take_backlog();
        for waiting in backlog.waiting {
            waiting.tell_dropped(id, world);
        }
        for input in backlog.inbox {
            if let Input::Message { arrival, .. } = input {
                let event = Event::Lost { message: arrival.id, copy: arrival.copy, cause: Cause::Down };
                world.tell(Mark::plain(id, node.number()), event);
            }
        }
        let unsynced = u32::try_from(node.disk.unsynced()).unwrap_or(u32::MAX);
        let torn = node.plight.as_mut().map(|plight| &mut plight.ailment.torn).filter(|torn| !torn.is_empty());
        if node.disk.crash(torn.is_some())
            && let Some(torn) = torn
        {
            world.touch(torn.remove(0));
        }
        node.die();
        let number = node.number();
        world.tell(Mark::plain(id, number), Event::Killed { unsynced });
    }

    /// At the end of the run: what still waits never came to be.
    pub(crate) fn abandon(&mut self, world: &mut impl World<P>) {
        for (id, node) in NodeId::all(self.size()).zip(&mut self.nodes) {
            for waiting in node.take_backlog().waiting {
                waiting.tell_dropped(id, world);
            }
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
    /// Performs an effect, or puts it behind those that wait.
    #[inline(never)]
    fn perform_or_wait(&mut self, id: NodeId, effect: Effect<P>, way: Way, world: &mut impl World<P>) -> Way {
        let number = if kind_of(&effect).is_some() { self.number() } else { 0 };
        let message = if let Effect::Send { message, .. } = &effect { self.number_of(message) } else { 0 };
        let waiting = Waiting { number, message, effect };
        if way == Way::Free {
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

    fn perform(&mut self, id: NodeId, waiting: Waiting<P>, world: &mut impl World<P>) -> Way {
        if self.dies_at(waiting.number, &waiting.effect) {
            self.backlog().waiting.push_front(waiting);
            return Way::Deadly;
        }
        let Waiting { number, message: nth, effect } = waiting;
        if let Effect::Stamp(stamp) = effect {
            self.stamp = Some(stamp);
            return Way::Free;
        }
        if let Effect::Send { to, message } = effect {
            self.send(id, number, nth, to, message, world);
            return Way::after(world);
        }
        let stamp = self.stamp.take();
        let mark = Mark { stamp: stamp.as_deref(), ..Mark::plain(id, number) };
        match effect {
            Effect::Append(entry) => {
                world.tell_said(mark, &entry, P::Entry::observe, |entry| Event::Append { entry });
                self.disk.append(entry);
            }
            Effect::Rewrite(entries) => {
                let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
                world.tell(mark, Event::Rewrite { entries: count });
                self.disk.rewrite(entries);
            }
            Effect::Sync { ticket } => {
                world.tell(mark, Event::Sync);
                self.syncs += 1;
                let covers = self.disk.unsynced();
                self.backlog().barrier = Some(Barrier { sync: number, ticket, covers, answered: false });
                world.sync(id, self.boot, number, self.syncs);
                return Way::Blocked;
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
        Way::after(world)
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
        if let Some(place) = self.timers.set(timer, deadline, time) {
            world.schedule(id, &timer, place);
        }
    }
}

/// What a handler panicked with.
type Panicked = Box<dyn Any + Send>;

const RUNNING: &str = "a node that is up has a process";

fn reason_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic that is no text")
}

impl<P: Process> Waiting<P> {
    fn tell_dropped(&self, node: NodeId, world: &mut impl World<P>) {
        let Some(effect) = kind_of(&self.effect) else {
            return;
        };
        let mut message = None;
        if let Effect::Send { message: sent, .. } = &self.effect {
            message = Some(MessageId { sender: node, lane: sent.lane(), number: self.message });
        }
        world.tell(Mark::plain(node, self.number), Event::Dropped { effect, message });
    }
}
