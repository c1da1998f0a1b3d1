//! The main loop: takes items from the agenda, in order, and performs them.

mod quiescence;

use std::borrow::Cow;

use fixedbitset::FixedBitSet;

use super::agenda::{Item, Kind};
use super::clients::{Client, Impatience};
use super::clock::Rate;
use super::cluster::{Cluster, Mark, World};
use super::flights::Flight;
use super::links::{Changed, Links};
use super::node::{Arrival, CrashPoint, Hold, Input, Life};
use super::outside::{Clocks, Outside, SlowDisk, Tripwire, Without};
use super::{Cast, ClockError, Conditions, Witness};
use crate::fault::{
    ClockFault, Crash, DiskFault, Fault, FaultKind, FaultPlan, Harm, PlannedFault, Restart, Target, Trigger,
};
use crate::identity::{Boot, ClientId, NodeId, OpId};
use crate::measure::Offset;
use crate::process::{Operation, Process};
use crate::time::{Span, Time};
use crate::trace::{Cause, Event};

/// A run under way.
pub struct Simulation<P: Process, W> {
    cluster: Cluster<P>,
    outside: Outside<P, W>,
    plan: FaultPlan,
    end: Time,
    quiescent: bool,
    /// The nodes that quiescence heals, if not all.
    core: Option<FixedBitSet>,
    /// Whether the run ends early when it has come to rest.
    rests: bool,
    /// A pending item that is not periodic: there is no rest before it is over.
    awaited: Option<Item>,
    /// Messages that clogged links hold.
    held: Vec<Item>,
    /// The number of events at the present instant.
    at_once: u64,
}

/// The number of events at one instant at which time counts as stuck.
const STUCK: u64 = 1_000_000;

impl<P: Process, W: Witness<P::Fact>> Simulation<P, W> {
    /// A run at its beginning: no event has happened, not even the nodes' starts.
    ///
    /// # Panics
    /// If the target of a planned fault is neither a list of nodes nor the proposer, or names nodes that do not exist.
    #[must_use]
    pub fn new(conditions: Conditions, cast: Cast<P>, witness: W) -> Self {
        let Conditions { seed, end, quiescence, core, rests, network, fates, clocks, sync, faults: plan, elected } =
            conditions;
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
        if let Some(time) = quiescence {
            outside.agenda.push(Item::environment(time, Kind::Quiesce, 0, u64::MAX));
        }
        let cluster = Cluster::new(seed, cast.config, NodeId::all(cast.nodes).map(cast.disk));
        let (quiescent, awaited, held) = (false, None, Vec::new());
        let core = core.map(|core| core.iter().map(|node| node.index()).collect());
        let mut simulation = Self { cluster, outside, plan, end, quiescent, core, rests, awaited, held, at_once: 0 };
        simulation.begin(0);
        simulation
    }

    /// The same run with these additional operations, which clients of their own invoke; the clients keep the ids that
    /// they have there.
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

    /// Lets the clients from the `first` on decide their first operations.
    fn begin(&mut self, first: usize) {
        for client in first..self.outside.clients.len() {
            if let Some(time) = self.outside.clients[client].begin() {
                let client = ClientId::new(u32::try_from(client).expect("few clients"));
                self.outside.client_item(time, OpId { client, number: 0 }, Kind::Ask);
            }
        }
    }

    /// Runs to the end, or until the witness breaks; returns when that was, and the witness.
    #[must_use]
    pub fn run(mut self) -> (Time, W) {
        self.start();
        while self.advance() {}
        (self.now(), self.finish())
    }

    /// Starts every node, except those that a fault has restarted already, triggered by a fact of an earlier start.
    pub fn start(&mut self) {
        for node in NodeId::all(self.cluster.size()) {
            if self.cluster.node(node).boot == Boot::default() {
                self.cluster.start(node, &mut self.outside);
                self.settle(node);
            }
        }
    }

    /// Performs the next item; returns false when the run is over.
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
        if self.quiescent && self.rests && self.has_come_to_rest(&item) {
            self.outside.stopped = true;
        }
        true
    }

    /// Ends the run: waiting effects are dropped; records what each fault touched, and which fixed fates applied to no
    /// message.
    #[must_use]
    pub fn finish(mut self) -> W {
        let pending = if self.quiescent && !self.outside.stopped { self.pending().count() as u64 } else { 0 };
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

    /// The witness.
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
            Kind::Quiesce => self.quiesce(),
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

    /// Records an event that happens to a node.
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
        let id = item.node();
        if self.cluster.node(id).awaits(item.slot, item.sync()) {
            self.cluster.synced(id, &mut self.outside);
            self.settle(id);
        }
    }

    fn ask(&mut self, id: ClientId) {
        let now = self.outside.now;
        if self.quiescent && !self.outside.clients[id.index()].winds_up() {
            if let Some(time) = self.outside.clients[id.index()].wind_up(now) {
                self.outside.client_item(time, OpId { client: id, number: 0 }, Kind::Ask);
            }
            return;
        }
        let (attempt, next) = self.outside.clients[id.index()].invoke(id, now);
        self.outside.tell_invoked(attempt.op, attempt.to, &attempt.command);
        if let Some(time) = next {
            self.outside.client_item(time, attempt.op, Kind::Ask);
        }
        self.attempt(attempt);
    }

    fn attempt(&mut self, attempt: super::clients::Attempt<P::Command>) {
        self.outside.client_item(attempt.until, attempt.op, Kind::Patience);
        let input = Input::Command { op: attempt.op, attempt: attempt.attempt, command: attempt.command };
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

    /// Lets the faults act that a fact of this step has triggered, each before the step's next effect; before that,
    /// handles the faults that crashed a node inside a step.
    #[inline]
    fn settle(&mut self, id: NodeId) {
        loop {
            if let Some((node, fault)) = self.outside.struck.pop() {
                self.after_strike(node, fault);
            } else if !self.outside.tripped.is_empty() && !self.outside.stopped {
                let fault = self.outside.tripped.remove(0);
                self.act(fault);
                self.cluster.go_on(id, &mut self.outside);
            } else {
                return;
            }
        }
    }

    /// A node crashed inside a step: plans its restart, as the fault says. The end of a disk fault is planned already.
    #[cold]
    fn after_strike(&mut self, node: NodeId, fault: u32) {
        let planned = &self.plan.faults[fault as usize];
        if let Fault::Restart(restart) = &planned.fault {
            let wipe = restart.wipe;
            self.bring_up(node, wipe);
            return;
        }
        let ends_from_now = planned.fault.kind() == FaultKind::Kill;
        self.hold_down(node, fault);
        if ends_from_now {
            self.schedule_end(fault);
        }
    }

    /// A node that is down stays down until this fault ends.
    fn hold_down(&mut self, node: NodeId, fault: u32) {
        let ends = self.plan.faults[fault as usize].lasts.is_some();
        let hold = Hold { fault, since: self.outside.now, ends };
        self.cluster.node(node).make_pending_faults().held_down.push(hold);
    }

    /// The end of a fault that may keep a node down: the node starts unless another fault keeps it down.
    fn let_up(&mut self, node: NodeId, fault: u32) {
        let PlannedFault { lasts, fault: what, .. } = &self.plan.faults[fault as usize];
        // A kill inside steps lasts, for each of its nodes, from that node's crash on.
        let dead_for = lasts.filter(|_| what.kind() == FaultKind::Kill).unwrap_or(Span::ZERO);
        let now = self.outside.now;
        let is_over = |hold: &Hold| hold.fault == fault && hold.since + dead_for <= now;
        if self
            .cluster
            .node(node)
            .pending_faults
            .as_ref()
            .is_some_and(|pending_faults| pending_faults.held_down.iter().any(is_over))
        {
            self.start_unless_held(node, |hold| !is_over(hold));
        }
    }

    /// A restart of a node that is down. It ends faults that would keep the node down for good, but none that has its
    /// own end: the node starts when the last of those has ended, with the disk that the restart left. Returns whether
    /// it started.
    fn bring_up(&mut self, node: NodeId, wipe: bool) -> bool {
        if wipe {
            self.cluster.node(node).disk.wipe();
        }
        self.start_unless_held(node, |hold| hold.ends)
    }

    /// Starts a node that is down, unless a fault for which `keep` is true keeps it down; returns whether it started.
    fn start_unless_held(&mut self, node: NodeId, keep: impl Fn(&Hold) -> bool) -> bool {
        if let Some(pending_faults) = &mut self.cluster.node(node).pending_faults {
            let next = pending_faults.let_up(keep);
            let is_held = !pending_faults.held_down.is_empty();
            if let Some(next) = next {
                self.outside.touch(next);
            }
            if is_held {
                return false;
            }
        }
        self.start_again(node);
        true
    }

    fn schedule_end(&mut self, fault: u32) {
        if let Some(lasts) = self.plan.faults[fault as usize].lasts {
            let time = self.outside.now + lasts;
            self.outside.agenda.push(Item::environment(time, Kind::FaultEnd, fault, (1 << 32) | u64::from(fault)));
        }
    }

    fn start_again(&mut self, node: NodeId) {
        self.cluster.start(node, &mut self.outside);
        self.settle(node);
    }

    fn act(&mut self, fault: u32) {
        if self.quiescent {
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
                    self.cluster.pause(*node, fault, &mut self.outside);
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

    /// Returns whether the fault's end is already known: after a crash inside a step it is counted from the crash.
    fn act_kill(&mut self, fault: u32, crash: &Crash) -> bool {
        for node in listed(&crash.target) {
            let is_up = self.cluster.life(*node) != Life::Down;
            match crash.after_effects {
                None => {
                    if is_up {
                        self.outside.touch(fault);
                        self.cluster.kill(*node, &mut self.outside);
                    }
                    // Before its first start a node is neither killed nor kept down.
                    if self.cluster.node(*node).boot != Boot::default() {
                        self.hold_down(*node, fault);
                    }
                }
                Some(after_effects) if is_up => self.crash_point(*node, fault, after_effects),
                Some(_) => {}
            }
        }
        crash.after_effects.is_none()
    }

    fn crash_point(&mut self, node: NodeId, fault: u32, after_effects: u32) {
        self.cluster.node(node).make_pending_faults().crash_points.push(CrashPoint {
            fault,
            after_effects,
            before: None,
        });
    }

    fn act_restart(&mut self, fault: u32, restart: &Restart) {
        for node in listed(&restart.target) {
            match restart.after_effects {
                Some(after_effects) if self.cluster.life(*node) != Life::Down => {
                    self.crash_point(*node, fault, after_effects);
                }
                Some(_) | None => {
                    if self.cluster.life(*node) != Life::Down {
                        self.cluster.kill(*node, &mut self.outside);
                    }
                    if self.bring_up(*node, restart.wipe) || restart.wipe {
                        self.outside.touch(fault);
                    }
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
        if self.outside.clocks.is_empty() {
            self.outside.clocks = vec![Clocks::of(&ClockError::default()); self.cluster.size() as usize];
        }
        for node in listed(&clock.target) {
            let clocks = self.outside.clocks[node.index()];
            self.outside.without.push(Without { fault, node: *node, clocks });
            self.outside.odd_clocks.push((fault, *node));
            let jumps = clock.offset.into_iter().chain(clock.bump).collect::<Vec<_>>();
            self.change_clocks(*node, fault, clock, &jumps);
        }
    }

    /// Ends a clock fault on one of its nodes.
    fn end_clock(&mut self, fault: u32, node: NodeId, clock: &ClockFault) {
        self.outside.odd_clocks.retain(|odd| *odd != (fault, node));
        let back = clock.offset.map(|offset| Offset::from_nanos(-offset.as_nanos()));
        self.change_clocks(node, fault, clock, back.as_slice());
    }

    /// The wall clock of a node jumps, and those of its clocks that `changed` concerns run at the rates under the faults in
    /// force: in the run, and in the same run without each of the other faults that have changed them.
    fn change_clocks(&mut self, node: NodeId, fault: u32, changed: &ClockFault, jumps: &[Offset]) {
        let Outside { now, clocks, without, odd_clocks, touched, .. } = &mut self.outside;
        let now = *now;
        let before = clocks[node.index()].monotonic;
        let others = without.iter_mut().filter(|without| without.node == node && without.fault != fault);
        let others = others.map(|without| (Some(without.fault), &mut without.clocks));
        for (absent, clocks) in std::iter::once((None, &mut clocks[node.index()])).chain(others) {
            jumps.iter().for_each(|jump| clocks.wall.bump(now, *jump));
            let (mut wall, mut monotonic) = (Rate::Drifting(clocks.drift), Rate::Drifting(clocks.monotonic_drift));
            for (fault, _) in odd_clocks.iter().filter(|(odd, on)| *on == node && Some(*odd) != absent) {
                if let Fault::Clock(clock) = &self.plan.faults[*fault as usize].fault {
                    wall = wall.bent(clock.drift, clock.freeze);
                    monotonic = monotonic.bent(clock.monotonic_drift, clock.monotonic_freeze);
                }
            }
            if changed.drift.is_some() || changed.freeze {
                clocks.wall.run_at(now, wall);
            }
            if changed.monotonic_drift.is_some() || changed.monotonic_freeze {
                clocks.monotonic.run_at(now, monotonic);
            }
        }
        let after = clocks[node.index()].monotonic;
        let timers = &mut self.cluster.node(node).timers;
        touched[fault as usize] +=
            timers.deadlines().filter(|at| before.when(*at, now) != after.when(*at, now)).count() as u64;
        let places = timers.requeue(|reading| after.when(reading, now));
        for (timer, place) in places {
            self.outside.schedule(node, &timer, place);
        }
    }

    fn act_disk(&mut self, fault: u32, disk: &DiskFault) {
        for id in listed(&disk.target) {
            let node = self.cluster.node(*id);
            let after = node.syncs;
            let disk_faults = &mut node.make_pending_faults().disk_faults;
            match disk.harm {
                Harm::Torn => disk_faults.torn.push(fault),
                Harm::Damage => disk_faults.damage.push(fault),
                Harm::IoError => disk_faults.io_error.push(fault),
                Harm::Slow(takes) => self.outside.slow_disks.push(SlowDisk { fault, node: *id, takes, after }),
            }
        }
    }

    fn end_disk(&mut self, fault: u32, disk: &DiskFault) {
        for id in listed(&disk.target) {
            let disk_faults = &mut self.cluster.node(*id).make_pending_faults().disk_faults;
            for disk_faults in [&mut disk_faults.torn, &mut disk_faults.damage, &mut disk_faults.io_error] {
                disk_faults.retain(|sick| *sick != fault);
            }
            self.let_up(*id, fault);
        }
        if let Harm::Slow(_) = disk.harm {
            self.outside.slow_disks.retain(|slow| slow.fault != fault);
            self.outside.hasten(&mut self.cluster);
        }
    }

    fn end_fault(&mut self, fault: u32) {
        if self.quiescent {
            return;
        }
        let PlannedFault { fault: what, .. } = self.plan.faults[fault as usize].clone();
        self.outside.tell_environment(Event::FaultEnded { fault: fault + 1 });
        let now = self.outside.now;
        match &what {
            Fault::Kill(crash) => {
                for node in listed(&crash.target) {
                    self.let_up(*node, fault);
                }
            }
            Fault::Pause(of) => {
                for node in listed(&of.target) {
                    self.cluster.end_pause(*node, fault, &mut self.outside);
                    self.settle(*node);
                }
            }
            Fault::Partition(_) => self.outside.links.end(fault, now),
            Fault::Clog(_) => {
                self.outside.links.end(fault, now);
                self.release_held();
            }
            Fault::Delay(_) | Fault::Reorder(_) => {
                self.outside.links.end(fault, now);
                self.outside.hasten(&mut self.cluster);
            }
            Fault::Loss(_) | Fault::Duplicate(_) | Fault::Corrupt(_) => self.outside.links.end(fault, now),
            Fault::Clock(clock) => {
                listed(&clock.target).iter().for_each(|node| self.end_clock(fault, *node, clock));
            }
            Fault::Disk(disk) => self.end_disk(fault, disk),
            Fault::Restart(_) | Fault::Resume(_) | Fault::Heal(_) => {}
        }
    }

    /// Returns whether the node was paused.
    fn resume(&mut self, node: NodeId) -> bool {
        let paused = self.cluster.life(node) == Life::Paused;
        if paused {
            self.cluster.unpause(node, &mut self.outside);
            self.settle(node);
        }
        paused
    }

    /// Puts held messages into the agenda, for now, if no link holds them any more.
    fn release_held(&mut self) {
        for item in std::mem::take(&mut self.held) {
            if self.outside.links.clogged(item.sender(), item.node()).is_some() {
                self.held.push(item);
            } else {
                self.outside.agenda.push(item.at(self.outside.now));
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
