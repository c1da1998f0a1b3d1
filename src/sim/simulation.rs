//! The drive: takes what is to happen from the agenda, in order, and lets it happen.

use std::borrow::Cow;

use super::agenda::{Item, Kind};
use super::clients::{Client, Impatience};
use super::clock::LocalClock;
use super::cluster::{Cluster, Mark, World};
use super::flights::Flight;
use super::links::{Changed, Links};
use super::node::{Arrival, Doom, Input, Life};
use super::outside::{Clocks, Outside, Tripwire};
use super::{Cast, ClockError, Conditions, Witness};
use crate::fault::{
    ClockFault, Crash, DiskFault, Fault, FaultKind, FaultPlan, Harm, PlannedFault, Restart, Target, Trigger,
};
use crate::identity::{Boot, ClientId, NodeId, OpId};
use crate::process::{Lane as _, Operation, Process};
use crate::time::Time;
use crate::trace::{Cause, Event};

/// A run under way.
pub struct Simulation<P: Process, W> {
    cluster: Cluster<P>,
    outside: Outside<P, W>,
    plan: FaultPlan,
    end: Time,
    calm: bool,
    /// Whether the run ends sooner once it has come to rest.
    rests: bool,
    /// Something pending that is not periodic: before it is over there is no rest.
    awaited: Option<Item>,
    /// Messages that clogged links hold.
    held: Vec<Item>,
    /// Events at the present instant.
    at_once: u64,
}

/// How many events may happen at one instant before the time counts as stuck.
const STUCK: u64 = 1_000_000;

impl<P: Process, W: Witness<P::Fact>> Simulation<P, W> {
    /// A run at its beginning: nothing has happened yet, not even the nodes' starts.
    ///
    /// # Panics
    /// If a planned fault names nodes otherwise than by a list, or nodes that there are not.
    #[must_use]
    pub fn new(conditions: Conditions, cast: Cast<P>, witness: W) -> Self {
        let Conditions { seed, end, calm, rests, network, fates, clocks, sync, faults: plan, elected } = conditions;
        let links = Links::new(seed, cast.nodes, P::LANES, network, fates);
        let clients = cast.clients.into_iter().map(Client::new).collect();
        let mut outside = Outside::new(seed, links, &clocks, sync, plan.faults.len(), clients, witness);
        outside.elected = elected;
        for (fault, planned) in (0..).zip(&plan.faults) {
            match &planned.when {
                Trigger::At(time) => {
                    outside.agenda.push(Item::environment(*time, Kind::Fault, fault, u64::from(fault)))
                }
                Trigger::Fact { fact, n } => {
                    outside.tripwires.push(Tripwire { fault, fact: fact.clone(), remaining: *n });
                }
            }
        }
        if let Some(time) = calm {
            outside.agenda.push(Item::environment(time, Kind::Calm, 0, u64::MAX));
        }
        let cluster = Cluster::new(seed, cast.config, NodeId::all(cast.nodes).map(cast.disk));
        let (calm, awaited, held) = (false, None, Vec::new());
        let mut simulation = Self { cluster, outside, plan, end, calm, rests, awaited, held, at_once: 0 };
        simulation.begin(0);
        simulation
    }

    /// The same run with these operations asked too, by clients of their own, which keep the names that they have there.
    ///
    /// # Panics
    /// If a client that has operations here is one of the cast.
    #[must_use]
    pub fn with_operations(mut self, operations: Vec<Operation<P::Command>>) -> Self {
        let cast = self.outside.clients.len();
        self.outside.clients.extend(Client::all_written(operations, cast));
        self.begin(cast);
        self
    }

    /// Lets the clients from the `first` on decide when they ask first.
    fn begin(&mut self, first: usize) {
        for client in first..self.outside.clients.len() {
            if let Some(time) = self.outside.clients[client].begin() {
                let client = ClientId::new(u32::try_from(client).expect("few clients"));
                self.outside.client_item(time, OpId { client, number: 0 }, Kind::Ask);
            }
        }
    }

    /// Runs to the end, or until the witness has seen enough; and returns when that was, and the witness.
    #[must_use]
    pub fn run(mut self) -> (Time, W) {
        self.start();
        while self.advance() {}
        (self.now(), self.finish())
    }

    /// Starts every node; one that a fault restarted meanwhile, set off by a fact of an earlier start, has started.
    pub fn start(&mut self) {
        for node in NodeId::all(self.cluster.size()) {
            if self.cluster.node(node).boot == Boot::default() {
                self.cluster.start(node, &mut self.outside);
                self.settle(node);
            }
        }
    }

    /// Lets the next thing happen; false when the run is over.
    #[inline]
    pub fn advance(&mut self) -> bool {
        if self.outside.stopped {
            return false;
        }
        let Some(item) = self.outside.agenda.pop() else {
            self.outside.now = self.end;
            return false;
        };
        if item.time() > self.end {
            self.outside.now = self.end;
            self.outside.agenda.push(item);
            return false;
        }
        if item.time() > self.outside.now {
            self.outside.now = item.time();
            self.at_once = 0;
        }
        self.at_once += 1;
        if self.at_once > STUCK {
            self.outside.tell_environment(Event::Stuck { events: STUCK });
            return false;
        }
        self.happen(item);
        if self.calm && self.rests && self.has_come_to_rest(&item) {
            self.outside.stopped = true;
        }
        true
    }

    /// Whether nothing is pending but what is periodic, and the witness is settled; asked after `happened`.
    fn has_come_to_rest(&mut self, happened: &Item) -> bool {
        if self.awaited.is_some_and(|awaited| awaited != *happened) {
            return false;
        }
        let awaited = self.pending().next();
        self.awaited = awaited;
        awaited.is_none() && self.outside.witness.is_settled()
    }

    /// What is to happen after quiescence that is not periodic: a message that arrives or is lost, a timer that is set, a
    /// sync that is not answered, an operation that is open or ends something.
    fn pending(&self) -> impl Iterator<Item = Item> {
        let matters = |item: &&Item| match item.kind {
            Kind::Fault | Kind::FaultEnd | Kind::Calm => false,
            Kind::Deliver | Kind::DeliverCorrupted | Kind::DeliverGarbage | Kind::Lose => {
                !self.outside.flights.get(item.slot).message.is_periodic()
            }
            Kind::Timer => {
                let timer = self.cluster.peek(item.node()).timers.standing(item.slot, item.number());
                timer.is_some_and(|timer| !timer.is_periodic())
            }
            Kind::Disk => self.is_asked(item),
            Kind::Ask => self.outside.clients[item.client_id().index()].winds_up(),
            Kind::Patience => self.outside.clients[item.client_id().index()].open().any(|number| number == item.slot),
        };
        self.outside.agenda.iter().filter(matters).copied()
    }

    /// Ends the run: what waits never comes to be; what each fault touched is told, and which fixed fates met no message.
    #[must_use]
    pub fn finish(mut self) -> W {
        let pending = if self.calm && !self.outside.stopped { self.pending().count() as u64 } else { 0 };
        self.cluster.abandon(&mut self.outside);
        for fault in 0..self.plan.faults.len() {
            let count = self.outside.touched[fault];
            let fault = u32::try_from(fault + 1).expect("few faults");
            self.outside.tell_environment(Event::Touched { fault, count });
        }
        for message in self.outside.links.unmet().collect::<Vec<_>>() {
            self.outside.tell_environment(Event::Unmet { message });
        }
        if pending > 0 {
            self.outside.tell_environment(Event::Pending { count: pending });
        }
        self.outside.witness
    }

    /// The present instant.
    #[must_use]
    pub const fn now(&self) -> Time {
        self.outside.now
    }

    /// Who is told.
    #[must_use]
    pub const fn witness(&self) -> &W {
        &self.outside.witness
    }

    /// The nodes.
    #[must_use]
    pub const fn cluster(&self) -> &Cluster<P> {
        &self.cluster
    }

    #[inline]
    fn happen(&mut self, item: Item) {
        match item.kind {
            Kind::Deliver | Kind::DeliverCorrupted | Kind::DeliverGarbage | Kind::Lose => self.deliver(item),
            Kind::Timer => self.timer(item),
            Kind::Disk => self.disk(item),
            Kind::Ask => self.ask(item.client_id()),
            Kind::Patience => self.impatience(OpId { client: item.client_id(), number: item.slot }),
            Kind::Fault => self.act(item.slot),
            Kind::FaultEnd => self.end_fault(item.slot),
            Kind::Calm => self.calm(),
        }
    }

    #[inline(always)]
    fn deliver(&mut self, item: Item) {
        let to = item.node();
        let undisturbed = item.kind == Kind::Deliver && self.outside.links.are_open();
        if (!undisturbed || self.cluster.life(to) == Life::Down) && !self.gets_through(item) {
            return;
        }
        let Flight { message, .. } = self.outside.flights.take(item.slot);
        let arrival = Arrival { id: item.message(), copy: item.copy(), corrupted: item.kind == Kind::DeliverCorrupted };
        self.cluster.deliver(to, message, arrival, &mut self.outside);
        self.settle(to);
    }

    /// Whether a copy of a message reaches its receiver; if not, it is lost or held.
    #[cold]
    #[inline(never)]
    fn gets_through(&mut self, item: Item) -> bool {
        let (from, to) = (item.sender(), item.node());
        let sent = self.outside.flights.get(item.slot).sent;
        if item.kind == Kind::Lose {
            self.lose(item, Cause::Loss);
        } else if let Some(fault) = self.outside.links.cut(from, to, sent) {
            self.outside.touch(fault);
            self.lose(item, Cause::Partition);
        } else if self.cluster.life(to) == Life::Down {
            self.lose(item, Cause::Down);
        } else if let Some(fault) = self.outside.links.clogged(from, to) {
            self.hold(item, fault);
        } else if item.kind == Kind::DeliverGarbage {
            self.outside.flights.take(item.slot);
            let event = Event::Garbled { message: item.message(), copy: item.copy() };
            self.tell_node(to, event);
        } else {
            return true;
        }
        false
    }

    fn lose(&mut self, item: Item, cause: Cause) {
        self.outside.flights.take(item.slot);
        let event = Event::Lost { message: item.message(), copy: item.copy(), cause };
        self.tell_node(item.node(), event);
    }

    /// Records what happens at a node without its own doing.
    fn tell_node(&mut self, node: NodeId, event: Event<'_>) {
        let number = self.cluster.node(node).number();
        self.outside.tell(Mark::plain(node, number), event);
    }

    fn hold(&mut self, item: Item, fault: u32) {
        self.outside.touch(fault);
        self.tell_node(item.node(), Event::Held { message: item.message(), copy: item.copy() });
        self.held.push(item);
    }

    #[inline]
    fn timer(&mut self, item: Item) {
        let id = item.node();
        self.cluster.due(id, item.slot, item.number(), &mut self.outside);
        self.settle(id);
    }

    fn disk(&mut self, item: Item) {
        if self.is_asked(&item) {
            let id = item.node();
            self.cluster.synced(id, &mut self.outside);
            self.settle(id);
        }
    }

    /// Whether a disk's answer is still waited for, by the boot that asked.
    fn is_asked(&self, item: &Item) -> bool {
        let node = self.cluster.peek(item.node());
        let asked = node.barrier().is_some_and(|barrier| barrier.sync == item.sync() && !barrier.answered);
        asked && node.boot.number() == item.slot
    }

    fn ask(&mut self, id: ClientId) {
        if self.calm && !self.outside.clients[id.index()].winds_up() {
            return;
        }
        let now = self.outside.now;
        let (attempt, next) = self.outside.clients[id.index()].invoke(id, now);
        self.outside.tell_invoked(attempt.op, attempt.to, &attempt.command);
        if let Some(time) = next {
            self.outside.client_item(time, attempt.op, Kind::Ask);
        }
        self.attempt(attempt);
    }

    fn attempt(&mut self, attempt: super::clients::Attempt<P::Command>) {
        self.outside.client_item(attempt.until, attempt.op, Kind::Patience);
        let input = Input::Command { op: attempt.op, command: attempt.command };
        self.cluster.input(attempt.to, input, &mut self.outside);
        self.settle(attempt.to);
    }

    fn impatience(&mut self, op: OpId) {
        let now = self.outside.now;
        match self.outside.clients[op.client.index()].lose_patience(op, now) {
            Impatience::Content => {}
            Impatience::Retry(attempt) => {
                let event = Event::Retried { op, to: attempt.to, attempt: attempt.attempt };
                self.outside.tell_client(op, event);
                self.attempt(attempt);
            }
            Impatience::GiveUp(op) => {
                self.outside.tell_client(op, Event::GaveUp { op });
                if let Some(time) = self.outside.clients[op.client.index()].give_up(op, now) {
                    self.outside.client_item(time, op, Kind::Ask);
                }
            }
        }
    }

    /// Lets the faults act that a fact of this node's step set off, each before the step's next effect.
    #[inline]
    fn settle(&mut self, id: NodeId) {
        while !self.outside.tripped.is_empty() && !self.outside.stopped {
            let fault = self.outside.tripped.remove(0);
            self.act(fault);
            self.cluster.go_on(id, &mut self.outside);
        }
        while let Some((node, fault)) = self.outside.struck.pop() {
            self.after_strike(node, fault);
        }
    }

    /// A node died inside a step: it starts again when the fault says. The end of a disk's fault is known already.
    #[cold]
    fn after_strike(&mut self, node: NodeId, fault: u32) {
        let planned = &self.plan.faults[fault as usize];
        if let Fault::Restart(restart) = &planned.fault {
            let wipe = restart.wipe;
            self.revive(node, wipe);
        } else if planned.fault.kind() == FaultKind::Kill {
            self.schedule_end(fault);
        }
    }

    fn schedule_end(&mut self, fault: u32) {
        if let Some(lasts) = self.plan.faults[fault as usize].lasts {
            let time = self.outside.now + lasts;
            self.outside.agenda.push(Item::environment(time, Kind::FaultEnd, fault, (1 << 32) | u64::from(fault)));
        }
    }

    fn revive(&mut self, node: NodeId, wipe: bool) {
        if wipe {
            self.cluster.node(node).disk.wipe();
        }
        self.cluster.start(node, &mut self.outside);
        self.settle(node);
    }

    fn act(&mut self, fault: u32) {
        if self.calm {
            return;
        }
        if let Some(target) = self.plan.faults[fault as usize].fault.target_mut()
            && *target == Target::Proposer
        {
            *target = Target::Nodes(self.outside.proposer.into_iter().collect());
        }
        let PlannedFault { fault: what, .. } = self.plan.faults[fault as usize].clone();
        self.outside.tell_environment(Event::Fault { fault: fault + 1, what: Cow::Owned(what.to_string()) });
        let now = self.outside.now;
        let mut ends = true;
        match what {
            Fault::Kill(crash) => ends = self.act_kill(fault, &crash),
            Fault::Restart(restart) => self.act_restart(fault, &restart),
            Fault::Pause(of) => {
                for node in listed(&of.target) {
                    if self.cluster.life(*node) == Life::Up {
                        self.cluster.pause(*node, fault, &mut self.outside);
                    }
                }
            }
            Fault::Resume(of) => {
                for node in listed(&of.target) {
                    self.outside.touched[fault as usize] += u64::from(self.resume(*node));
                }
            }
            Fault::Partition(partition) => {
                self.outside.links.start_cut(fault, self.cluster.size(), &partition);
            }
            Fault::Heal(_) => {
                let healed = self.outside.links.heal(now);
                self.outside.touched[fault as usize] += healed;
                self.release_held();
            }
            Fault::Clog(clog) => self.outside.links.start_clog(fault, clog.from.as_ref(), clog.to.as_ref()),
            Fault::Delay(links) => {
                let what = Changed::Delay(links.delay);
                self.outside.links.start_change(fault, links.from.as_ref(), links.to.as_ref(), what);
            }
            Fault::Loss(links) => self.act_links(fault, &links, Changed::Loss),
            Fault::Duplicate(links) => self.act_links(fault, &links, Changed::Duplicate),
            Fault::Reorder(links) => self.act_links(fault, &links, Changed::Reorder),
            Fault::Corrupt(links) => self.act_links(fault, &links, Changed::Corrupt),
            Fault::Clock(clock) => self.act_clock(fault, &clock),
            Fault::Disk(disk) => self.act_disk(fault, &disk),
        }
        if ends {
            self.schedule_end(fault);
        }
    }

    /// Whether the fault's end is already known: a death inside a step has its end counted from the death.
    fn act_kill(&mut self, fault: u32, crash: &Crash) -> bool {
        for node in listed(&crash.target) {
            if self.cluster.life(*node) == Life::Down {
                continue;
            }
            match crash.after_effects {
                None => {
                    self.outside.touch(fault);
                    self.cluster.kill(*node, &mut self.outside);
                }
                Some(after_effects) => {
                    self.cluster.node(*node).make_plight().doom = Some(Doom { fault, after_effects, before: None })
                }
            }
        }
        crash.after_effects.is_none()
    }

    fn act_restart(&mut self, fault: u32, restart: &Restart) {
        for node in listed(&restart.target) {
            match restart.after_effects {
                Some(after_effects) if self.cluster.life(*node) != Life::Down => {
                    self.cluster.node(*node).make_plight().doom = Some(Doom { fault, after_effects, before: None });
                }
                Some(_) | None => {
                    self.outside.touch(fault);
                    if self.cluster.life(*node) != Life::Down {
                        self.cluster.kill(*node, &mut self.outside);
                    }
                    self.revive(*node, restart.wipe);
                }
            }
        }
    }

    fn act_links(
        &mut self,
        fault: u32,
        links: &crate::fault::LinkShare,
        changed: fn(crate::measure::Share) -> Changed,
    ) {
        let what = changed(links.share);
        self.outside.links.start_change(fault, links.from.as_ref(), links.to.as_ref(), what);
    }

    fn act_clock(&mut self, fault: u32, clock: &ClockFault) {
        let now = self.outside.now;
        if self.outside.clocks.is_empty() {
            self.outside.clocks = vec![Clocks::of(&ClockError::default()); self.cluster.size() as usize];
        }
        for node in listed(&clock.target) {
            self.outside.odd_clocks.push((fault, *node));
            let clocks = &mut self.outside.clocks[node.index()];
            if let Some(offset) = clock.offset {
                clocks.wall.bump(now, offset);
            }
            if let Some(bump) = clock.bump {
                clocks.wall.bump(now, bump);
            }
            if let Some(drift) = clock.drift {
                clocks.wall.drift(now, drift);
            }
            if clock.freeze {
                clocks.wall.freeze(now);
            }
            if let Some(drift) = clock.monotonic_drift {
                clocks.monotonic.drift(now, drift);
            }
            if clock.monotonic_freeze {
                clocks.monotonic.freeze(now);
            }
            self.requeue_timers(*node);
        }
    }

    fn end_clock(&mut self, fault: u32, clock: &ClockFault) {
        let now = self.outside.now;
        for node in listed(&clock.target) {
            let clocks = &mut self.outside.clocks[node.index()];
            if let Some(offset) = clock.offset {
                clocks.wall.bump(now, crate::measure::Offset::from_nanos(-offset.as_nanos()));
            }
            let (drift, monotonic_drift) = (clocks.drift, clocks.monotonic_drift);
            if clock.drift.is_some() || clock.freeze {
                clocks.wall.drift(now, drift);
            }
            if clock.monotonic_drift.is_some() || clock.monotonic_freeze {
                clocks.monotonic.drift(now, monotonic_drift);
            }
            self.requeue_timers(*node);
        }
        self.outside.odd_clocks.retain(|(odd, _)| *odd != fault);
    }

    /// A changed clock moves every timer of its node.
    fn requeue_timers(&mut self, id: NodeId) {
        let clock: LocalClock = self.outside.clocks[id.index()].monotonic;
        let now = self.outside.now;
        let places = self.cluster.node(id).timers.requeue(|reading| clock.when(reading, now));
        for (timer, place) in places {
            self.outside.schedule(id, &timer, place);
        }
    }

    fn act_disk(&mut self, fault: u32, disk: &DiskFault) {
        for id in listed(&disk.target) {
            let ailment = &mut self.cluster.node(*id).make_plight().ailment;
            match disk.harm {
                Harm::Torn => ailment.torn = Some(fault),
                Harm::Damage => ailment.damage = Some(fault),
                Harm::IoError => ailment.io_error = Some(fault),
                Harm::Slow(span) => self.outside.slow_disks.push((fault, *id, span)),
            }
        }
    }

    fn end_disk(&mut self, fault: u32, disk: &DiskFault) {
        for id in listed(&disk.target) {
            let ailment = &mut self.cluster.node(*id).make_plight().ailment;
            for ailment in [&mut ailment.torn, &mut ailment.damage, &mut ailment.io_error] {
                ailment.take_if(|sick| *sick == fault);
            }
            if disk.harm == Harm::IoError && self.cluster.life(*id) == Life::Down {
                self.revive(*id, false);
            }
        }
        self.outside.slow_disks.retain(|(slow, _, _)| *slow != fault);
    }

    fn end_fault(&mut self, fault: u32) {
        if self.calm {
            return;
        }
        let PlannedFault { fault: what, .. } = self.plan.faults[fault as usize].clone();
        self.outside.tell_environment(Event::FaultEnded { fault: fault + 1 });
        let now = self.outside.now;
        match &what {
            Fault::Kill(crash) => {
                for node in listed(&crash.target) {
                    if self.cluster.life(*node) == Life::Down {
                        self.revive(*node, false);
                    }
                }
            }
            Fault::Pause(of) => {
                for node in listed(&of.target) {
                    self.resume(*node);
                }
            }
            Fault::Partition(_) => self.outside.links.end(fault, now),
            Fault::Clog(_) => {
                self.outside.links.end(fault, now);
                self.release_held();
            }
            Fault::Delay(_) | Fault::Loss(_) | Fault::Duplicate(_) | Fault::Reorder(_) | Fault::Corrupt(_) => {
                self.outside.links.end(fault, now);
            }
            Fault::Clock(clock) => self.end_clock(fault, clock),
            Fault::Disk(disk) => self.end_disk(fault, disk),
            Fault::Restart(_) | Fault::Resume(_) | Fault::Heal(_) => {}
        }
    }

    /// Whether the node was paused.
    fn resume(&mut self, node: NodeId) -> bool {
        let paused = self.cluster.life(node) == Life::Paused;
        if paused {
            self.cluster.unpause(node, &mut self.outside);
            self.settle(node);
        }
        paused
    }

    /// Puts what is held back into the agenda, for now, where no link holds it any more.
    fn release_held(&mut self) {
        for item in std::mem::take(&mut self.held) {
            if self.outside.links.clogged(item.sender(), item.node()).is_some() {
                self.held.push(item);
            } else {
                self.outside.agenda.push(item.at(self.outside.now));
            }
        }
    }

    /// Ends everything that disturbs, and brings every node up.
    fn calm(&mut self) {
        self.calm = true;
        self.outside.tell_environment(Event::Calm);
        self.outside.links.calm(self.outside.now);
        self.release_held();
        self.outside.slow_disks.clear();
        self.outside.tripwires.clear();
        let plan = std::mem::take(&mut self.plan);
        for (fault, planned) in (0..).zip(&plan.faults) {
            if let Fault::Clock(clock) = &planned.fault
                && self.outside.odd_clocks.iter().any(|(odd, _)| *odd == fault)
            {
                self.end_clock(fault, clock);
            }
        }
        self.plan = plan;
        for id in NodeId::all(self.cluster.size()) {
            let node = self.cluster.node(id);
            node.plight = None;
            match node.life {
                Life::Up => {}
                Life::Paused => _ = self.resume(id),
                Life::Down => self.revive(id, false),
            }
        }
    }
}

/// The nodes of a plan's target.
fn listed(target: &Target) -> &[NodeId] {
    match target {
        Target::Nodes(nodes) => nodes,
        Target::One | Target::Minority | Target::Majority | Target::All | Target::Proposer => {
            panic!("a plan names its nodes; `{target}` was not resolved")
        }
    }
}
