//! For tests: whole clusters in a small bad world of their own, with lossy links, slow disks and sudden deaths, and a
//! witness that believes only facts, answers and stamps.

use std::collections::{BTreeMap, VecDeque};

use super::tests::{flaws, taken};
use super::*;
use crate::chance::{Chance, Draws, Seed};
use crate::clocks::{Causality, VectorClock};
use crate::context::{Context, Effect, Workbench};
use crate::encoding;
use crate::identity::{ClientId, LaneId, NodeId, OpId};
use crate::process::{Process, Stored};
use crate::protocols::Datagram;
use crate::protocols::clocks::ClocksFact;
use crate::subject::Profile;
use crate::time::LocalTime;

/// What a run came to, or the name of the invariant that fell.
type Outcome = Result<Touched, &'static str>;

/// What happened in a run, or in many.
#[derive(Debug, Default)]
struct Touched {
    crashes: u64,
    torn: u64,
    rewrites: u64,
    forged: u64,
    retold: u64,
    concurrent: u64,
    deliveries: u64,
}

const MILLI: u64 = 1_000_000;
/// When the faults end.
const CALM: u64 = 2_000 * MILLI;
/// When all must be silent.
const END: u64 = CALM + 5_000 * MILLI;

enum Event {
    Start {
        node: usize,
    },
    Ask {
        node: usize,
        op: OpId,
    },
    /// A message, with its sender's true clock, unless it was corrupted.
    Arrive {
        from: NodeId,
        to: usize,
        message: Datagram<Body>,
        sent: Option<VectorClock>,
    },
    Timer {
        node: usize,
        setting: u64,
    },
    Synced {
        node: usize,
        life: u64,
    },
}

/// An effect that waits for its turn, with the node's true clock when it was called.
type Queued = (Effect<Broadcaster>, VectorClock);

struct Host {
    bench: Workbench<Broadcaster>,
    process: Option<Broadcaster>,
    /// The log as it is, and as a crash would leave it.
    written: Vec<Entry>,
    durable: Vec<Entry>,
    torn: bool,
    queue: VecDeque<Queued>,
    /// The true clock at the call of the sync under way.
    syncing: Option<VectorClock>,
    /// What the next start knows.
    synced: VectorClock,
    /// The true clock, by the reference's rules.
    clock: VectorClock,
    setting: u64,
    life: u64,
}

struct Storm {
    draws: Draws,
    now: u64,
    agenda: BTreeMap<(u64, u64), Event>,
    scheduled: u64,
    hosts: Vec<Host>,
    witness: Witness,
}

/// Folds over what nodes say.
#[derive(Default)]
struct Witness {
    /// What each broadcast's origin had delivered when it told of it first, and for which operation it was.
    broadcasts: BTreeMap<(NodeId, u64), (Counts, OpId)>,
    delivered: Vec<Counts>,
    replies: BTreeMap<OpId, u64>,
    touched: Touched,
}

impl Storm {
    /// A cluster of `nodes` whose clients ask `asks` times, a third of them twice.
    fn new(seed: u64, nodes: u32, asks: u32, settings: &Settings) -> Self {
        let config = Config::new(nodes, settings.clone());
        let host = |me| Host {
            bench: Workbench::new(me, nodes, config.clone()),
            process: None,
            written: Vec::new(),
            durable: Vec::new(),
            torn: false,
            queue: VecDeque::new(),
            syncing: None,
            synced: VectorClock::new(),
            clock: VectorClock::new(),
            setting: 0,
            life: 1,
        };
        let mut storm = Self {
            draws: Seed(seed).key("storm").draws(),
            now: 0,
            agenda: BTreeMap::new(),
            scheduled: 0,
            hosts: NodeId::all(nodes).map(host).collect(),
            witness: Witness { delivered: vec![Counts::default(); nodes as usize], ..Witness::default() },
        };
        for node in 0..nodes as usize {
            storm.schedule(0, Event::Start { node });
        }
        for number in 1..=asks {
            let node = storm.draws.below(nodes.into()) as usize;
            let op = OpId { client: ClientId::new(node as u32), number };
            let first = storm.draws.below(CALM);
            storm.schedule(first, Event::Ask { node, op });
            if storm.draws.below(3) == 0 {
                let again = first + storm.draws.below(200 * MILLI);
                storm.schedule(again, Event::Ask { node, op });
            }
        }
        storm
    }

    /// Until nothing is left to happen, the silence of a cluster that owes nothing, or for far too long.
    fn run(mut self) -> Outcome {
        while let Some(((time, _), event)) = self.agenda.pop_first() {
            self.now = time;
            if time > END {
                return self.witness.conclude().and(Err("quiet"));
            }
            self.happen(event)?;
        }
        self.witness.conclude()
    }

    fn schedule(&mut self, after: u64, event: Event) {
        self.scheduled += 1;
        self.agenda.insert((self.now + after, self.scheduled), event);
    }

    fn raging(&self) -> bool {
        self.now < CALM
    }

    /// Whether something bad of so many percent happens.
    fn bad(&mut self, percent: u64) -> bool {
        self.draws.below(100) < percent && self.raging()
    }

    fn happen(&mut self, event: Event) -> Result<(), &'static str> {
        match event {
            Event::Start { node } => self.start(node),
            Event::Ask { node, op } => {
                let command = Command::Broadcast { text: op.to_string() };
                self.step(node, None, |process, ctx| process.on_command(op, command, ctx))
            }
            Event::Arrive { from, to, message, sent } => {
                self.step(to, sent, |process, ctx| process.on_message(from, message, ctx))
            }
            Event::Timer { node, setting } if setting == self.hosts[node].setting => {
                self.step(node, None, |process, ctx| process.on_timer(Timer::Resend, ctx))
            }
            Event::Synced { node, life } if life == self.hosts[node].life => {
                let host = &mut self.hosts[node];
                host.durable.clone_from(&host.written);
                host.torn = false;
                host.synced = host.syncing.take().expect("a sync is under way");
                self.perform(node)
            }
            Event::Timer { .. } | Event::Synced { .. } => Ok(()),
        }
    }

    fn start(&mut self, node: usize) -> Result<(), &'static str> {
        let now = self.now;
        let host = &mut self.hosts[node];
        let mut disk: Vec<_> = host.durable.iter().cloned().map(Stored::Intact).collect();
        if std::mem::take(&mut host.torn) {
            disk.push(Stored::Torn(LaneId::new(0)));
        }
        host.clock = host.synced.clone();
        host.bench.monotonic = LocalTime::from_nanos(now);
        host.process = Some(host.bench.step(|ctx| Broadcaster::start(ctx.boot(), &disk, ctx)));
        self.take(node, None)
    }

    fn step(
        &mut self,
        node: usize,
        sent: Option<VectorClock>,
        handler: impl FnOnce(&mut Broadcaster, &mut Context<'_, Broadcaster>),
    ) -> Result<(), &'static str> {
        let skew = self.draws.below(100 * MILLI);
        let host = &mut self.hosts[node];
        let Some(process) = &mut host.process else { return Ok(()) };
        host.bench.monotonic = LocalTime::from_nanos(self.now);
        host.bench.wall = LocalTime::from_nanos(self.now + skew);
        host.bench.step(|ctx| handler(process, ctx));
        self.take(node, sent.as_ref())
    }

    /// Takes the step's effects into the queue, in program order, and holds every stamp against the true clock.
    fn take(&mut self, node: usize, heard: Option<&VectorClock>) -> Result<(), &'static str> {
        let host = &mut self.hosts[node];
        let life = (NodeId::new(node as u32), host.bench.boot);
        if let Some(heard) = heard {
            host.clock.merge(heard);
        }
        let effects = taken(&mut host.bench);
        assert!(matches!(effects.first(), Some(Effect::Stamp(_))), "a step begins with its stamp");
        for effect in effects {
            let host = &mut self.hosts[node];
            match &effect {
                Effect::Stamp(stamp) => {
                    host.clock.tick(life.0, life.1);
                    if stamp.vector != host.clock {
                        return Err("causality");
                    }
                }
                Effect::SetTimer { timer: Timer::Resend, after } => {
                    host.setting += 1;
                    let setting = host.setting;
                    self.schedule(after.as_nanos(), Event::Timer { node, setting });
                }
                Effect::CancelTimer { timer: Timer::Resend } => host.setting += 1,
                Effect::Send { message, .. } => {
                    assert_eq!(
                        message.stamp().expect("it is stamped").vector,
                        host.clock,
                        "a message bears the stamp of its sending"
                    );
                    host.queue.push_back((effect, host.clock.clone()));
                }
                Effect::Append(_)
                | Effect::Rewrite { .. }
                | Effect::Sync { .. }
                | Effect::Reply { .. }
                | Effect::Note(_) => {
                    host.queue.push_back((effect, host.clock.clone()));
                }
            }
        }
        self.perform(node)
    }

    /// Does what is queued, up to the next sync; sometimes the node dies in the midst of it.
    fn perform(&mut self, node: usize) -> Result<(), &'static str> {
        let last = if self.bad(2) { self.draws.below(6) } else { u64::MAX };
        for done in 0.. {
            if done == last {
                self.crash(node);
                break;
            }
            let host = &mut self.hosts[node];
            if host.syncing.is_some() {
                break;
            }
            let Some((effect, clock)) = host.queue.pop_front() else { break };
            self.effect(node, effect, clock)?;
        }
        Ok(())
    }

    fn crash(&mut self, node: usize) {
        let down = self.draws.below(300 * MILLI);
        let tears = self.draws.below(2) == 0;
        let host = &mut self.hosts[node];
        host.torn |= tears && host.written.len() > host.durable.len();
        self.witness.touched.torn += u64::from(host.torn);
        self.witness.touched.crashes += 1;
        host.written.clone_from(&host.durable);
        (host.process, host.syncing) = (None, None);
        host.queue.clear();
        host.bench.boot = host.bench.boot.next();
        host.life += 1;
        host.setting += 1;
        self.schedule(down, Event::Start { node });
    }

    fn effect(&mut self, node: usize, effect: Effect<Broadcaster>, clock: VectorClock) -> Result<(), &'static str> {
        let me = NodeId::new(node as u32);
        let host = &mut self.hosts[node];
        match effect {
            Effect::Send { to, message } => self.send(me, to, &message, &clock),
            Effect::Append(entry) => host.written.push(entry),
            Effect::Rewrite { entries: log, .. } => {
                self.witness.touched.rewrites += 1;
                host.written = log;
            }
            Effect::Sync { .. } => {
                host.syncing = Some(clock);
                let life = host.life;
                let longest = if self.bad(5) { 200 } else { 4 };
                let latency = self.draws.below(longest * MILLI);
                self.schedule(latency, Event::Synced { node, life });
            }
            Effect::Reply { op, reply: Reply::Accepted { number } } => self.witness.answered(me, op, number),
            Effect::Note(fact) => self.witness.see(me, fact)?,
            Effect::SetTimer { .. } | Effect::CancelTimer { .. } | Effect::Stamp(_) => {
                unreachable!("it was done at once")
            }
        }
        Ok(())
    }

    fn send(&mut self, from: NodeId, to: NodeId, message: &Datagram<Body>, sent: &VectorClock) {
        let copies = if self.bad(10) { 0 } else { 1 + u64::from(self.bad(10)) };
        for _ in 0..copies {
            let (message, sent) =
                if self.bad(3) { (self.corrupted(message), None) } else { (Some(message.clone()), Some(sent.clone())) };
            let longest = if self.bad(5) { 300 } else { 20 };
            let delay = self.draws.between(MILLI, longest * MILLI);
            if let Some(message) = message {
                self.schedule(delay, Event::Arrive { from, to: to.index(), message, sent });
            }
        }
    }

    /// The message with a bit flipped, if it is a message still.
    fn corrupted(&mut self, message: &Datagram<Body>) -> Option<Datagram<Body>> {
        let mut bytes = Vec::new();
        encoding::write(message, &mut bytes);
        encoding::flip_bit(&mut bytes, self.draws.bits());
        encoding::read(&bytes).ok()
    }
}

impl Witness {
    fn see(&mut self, me: NodeId, fact: Fact) -> Result<(), &'static str> {
        let own = &mut self.delivered[me.index()];
        match fact {
            Fact::Clocks(ClocksFact::Compared(comparison)) => {
                self.touched.concurrent += u64::from(comparison.answer == Causality::Concurrent);
                let answer = comparison.left.compare(&comparison.right);
                if answer == comparison.answer { Ok(()) } else { Err("causality") }
            }
            Fact::Broadcast(BroadcastFact::Broadcast { number, op }) => {
                let first = (own.without(me), op);
                let told = self.broadcasts.entry((me, number)).or_insert_with(|| first.clone());
                self.touched.retold += u64::from(own.get(me) == number);
                if *told == first { Ok(()) } else { Err("no-duplication") }
            }
            Fact::Broadcast(BroadcastFact::Delivered { origin, number }) => {
                self.touched.deliveries += 1;
                let Some((causes, _)) = self.broadcasts.get(&(origin, number)) else { return Err("no-duplication") };
                if number <= own.get(origin) {
                    return Err("no-duplication");
                }
                if number != own.get(origin) + 1 || causes.without(me).first_beyond(own).is_some() {
                    return Err("causal-delivery");
                }
                own.raise(origin, number);
                Ok(())
            }
            Fact::Broadcast(BroadcastFact::Resumed { delivered }) => {
                delivered.iter().for_each(|(origin, number)| own.raise(origin, number));
                Ok(())
            }
            Fact::Broadcast(BroadcastFact::Forged { .. }) => {
                self.touched.forged += 1;
                Ok(())
            }
            Fact::Broadcast(BroadcastFact::Damaged { .. }) => panic!("no disk is damaged here"),
        }
    }

    fn answered(&mut self, me: NodeId, op: OpId, number: u64) {
        assert_eq!(*self.replies.entry(op).or_insert(number), number, "all answers to an operation agree");
        assert_eq!(self.broadcasts[&(me, number)].1, op, "an answer tells of a broadcast that was told");
    }

    fn conclude(self) -> Outcome {
        let everywhere =
            |(origin, number): &(NodeId, u64)| self.delivered.iter().all(|all| all.get(*origin) >= *number);
        if self.broadcasts.keys().all(everywhere) { Ok(self.touched) } else { Err("reliable-delivery") }
    }
}

fn storm(seed: u64, settings: &Settings) -> Outcome {
    let mut draws = Seed(seed).key("cluster").draws();
    let nodes = draws.between(2, 5);
    let asks = if draws.below(10) == 0 { 400 } else { 60 };
    Storm::new(seed, nodes as u32, asks, settings).run()
}

fn storms(seeds: std::ops::Range<u64>, settings: &Settings) -> Touched {
    let mut all = Touched::default();
    for seed in seeds {
        let one = storm(seed, settings).unwrap_or_else(|invariant| panic!("{invariant} fell, seed {seed}"));
        all.crashes += one.crashes;
        all.torn += one.torn;
        all.rewrites += one.rewrites;
        all.forged += one.forged;
        all.retold += one.retold;
        all.concurrent += one.concurrent;
        all.deliveries += one.deliveries;
    }
    all
}

#[test]
fn every_invariant_holds_in_bad_weather_and_silence_follows() {
    let all = storms(0..100, &Settings::default());
    let least = [all.crashes, all.torn, all.rewrites, all.forged, all.retold, all.concurrent, all.deliveries / 1_000];
    assert!(least.iter().all(|count| *count >= 10), "{all:?}");
}

#[test]
fn a_window_of_one_suffices() {
    let mut settings = Settings::default();
    settings.broadcast.window = 1.try_into().expect("not zero");
    storms(0..20, &settings);
}

#[test]
#[ignore = "takes minutes"]
fn every_invariant_holds_in_very_much_bad_weather() {
    storms(1_000..21_000, &Settings::default());
}

#[test]
fn every_flaw_makes_its_invariant_fall_in_bad_weather() {
    for (_, flaw) in Profile::of::<Broadcaster>().flaws() {
        let mut settings = Settings::default();
        settings.broadcast.flaws = flaws(&[flaw.id]);
        settings.clocks.flaws = flaws(&[flaw.id]);
        let fell = (0..40).filter_map(|seed| storm(seed, &settings).err()).collect::<Vec<_>>();
        let named = fell.iter().filter(|invariant| **invariant == flaw.violates).count();
        assert!(named >= 4, "{}: {fell:?}", flaw.id);
    }
}
