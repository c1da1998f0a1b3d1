//! The kernel at the references' loads, with its network model, keyed draws and digest.

pub(crate) mod idle;

use std::hash::Hash;

use serde::{Deserialize, Serialize};
use stemmata::chance::Seed;
use stemmata::context::Context;
use stemmata::identity::{Boot, NodeId, OpId};
use stemmata::measure::Share;
use stemmata::process::{Lane, Process, Script, Stored};
use stemmata::sim::{Cast, Conditions, Simulation};
use stemmata::time::{Span, Time};
use stemmata::trace::Recorder;

use crate::harness::World;
use crate::reference::{FIRST_TICK, Recording, SEED, SmallWorlds, TICK, TIMEOUT, TimerLoad, Traffic, Worlds};

pub(crate) fn network(traffic: Traffic) -> Box<dyn World> {
    Box::new(Running(simulation::<Relay>(Seed(SEED), traffic.nodes, traffic.messages_per_node)))
}

pub(crate) fn rearming(load: TimerLoad) -> Box<dyn World> {
    Box::new(Ticking(simulation::<Rearming>(Seed(SEED), load.nodes, ())))
}

pub(crate) fn small_worlds(worlds: Worlds) -> Box<dyn World> {
    Box::new(SmallWorlds::new(worlds, |seed| {
        let Traffic { nodes, messages_per_node } = Worlds::TRAFFIC;
        let mut world = simulation::<Relay>(Seed(seed), nodes, messages_per_node);
        for _ in 0..Worlds::EVENTS {
            assert!(world.advance(), "every receiver sends on");
        }
        world.finish().digest().0
    }))
}

pub(crate) fn digesting(_: Recording) -> Box<dyn World> {
    Box::new(Recorded(Recorder::digest_only))
}

pub(crate) fn keeping(_: Recording) -> Box<dyn World> {
    Box::new(Recorded(Recorder::keeping))
}

/// A fresh world for each call, so that what it keeps does not pile up.
struct Recorded(fn() -> Recorder);

impl World for Recorded {
    fn run(&mut self, steps: u64) -> u64 {
        let mut world = recorded::<Relay>(Seed(SEED), 5, 1, (self.0)());
        for _ in 0..steps {
            assert!(world.advance(), "every receiver sends on");
        }
        let (digest, tape) = world.finish().finish();
        digest.0 ^ tape.map_or(0, |tape| tape.bytes() as u64 / steps)
    }
}

fn simulation<P: Process>(seed: Seed, nodes: u32, config: P::Config) -> Simulation<P, Recorder> {
    recorded(seed, nodes, config, Recorder::digest_only())
}

fn recorded<P: Process>(seed: Seed, nodes: u32, config: P::Config, recorder: Recorder) -> Simulation<P, Recorder> {
    let mut conditions = Conditions::plain(seed, Time::MAX);
    // Drawn against for every message, though it is next to nothing, so that as many stay in flight.
    conditions.network.link.loss = Share::from_ppb(1);
    let cast = Cast { config, nodes, disk: Box::new(|_| Vec::new()), clients: Vec::new() };
    let mut simulation = Simulation::new(conditions, cast, recorder);
    simulation.start();
    simulation
}

/// A step is an event.
struct Running(Simulation<Relay, Recorder>);

impl World for Running {
    fn run(&mut self, steps: u64) -> u64 {
        for _ in 0..steps {
            assert!(self.0.advance(), "every receiver sends on");
        }
        self.0.now().as_nanos()
    }
}

/// A step is a node's tick.
struct Ticking(Simulation<Rearming, Recorder>);

impl World for Ticking {
    fn run(&mut self, steps: u64) -> u64 {
        let ticks = |world: &Self| world.0.witness().records();
        let end = ticks(self) + steps;
        while ticks(self) < end {
            assert!(self.0.advance(), "nodes tick for ever");
        }
        self.0.now().as_nanos()
    }
}

/// Passes every message on to a random peer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Relay {
    received: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Message(u64);

impl Lane for Message {}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
enum Timer {
    Tick,
    Timeout,
}

impl Lane for Timer {}

fn random_peer<P: Process>(ctx: &mut Context<'_, P>) -> NodeId {
    let others = u64::from(ctx.node_count()) - 1;
    let other = u32::try_from(ctx.choose("peer", others)).expect("a node's index");
    let me = u32::try_from(ctx.me().index()).expect("a node's index");
    NodeId::new(other + u32::from(other >= me))
}

impl Process for Relay {
    const LANES: &'static [&'static str] = &["relay"];
    type Config = u32;
    type Message = Message;
    type Timer = Timer;
    type Command = ();
    type Reply = ();
    type Entry = ();
    type Completion = ();
    type Fact = ();
    type Client = Script<()>;

    fn start(_: Boot, _: &[Stored<()>], ctx: &mut Context<'_, Self>) -> Self {
        for _ in 0..*ctx.config() {
            let peer = random_peer(ctx);
            ctx.send(peer, Message(0));
        }
        Self { received: 0 }
    }

    fn on_message(&mut self, _: NodeId, Message(hops): Message, ctx: &mut Context<'_, Self>) {
        self.received += 1;
        let peer = random_peer(ctx);
        ctx.send(peer, Message(hops + 1));
    }

    fn on_timer(&mut self, _: Timer, _: &mut Context<'_, Self>) {}

    fn on_command(&mut self, _: OpId, (): (), _: &mut Context<'_, Self>) {}
}

/// Keeps a timeout from firing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Rearming;

impl Process for Rearming {
    const LANES: &'static [&'static str] = &["rearming"];
    type Config = ();
    type Message = Message;
    type Timer = Timer;
    type Command = ();
    type Reply = ();
    type Entry = ();
    type Completion = ();
    type Fact = ();
    type Client = Script<()>;

    fn start(_: Boot, _: &[Stored<()>], ctx: &mut Context<'_, Self>) -> Self {
        let first = ctx.jitter("first", Span::from_nanos(FIRST_TICK.low), Span::from_nanos(FIRST_TICK.high));
        ctx.set_timer(Timer::Tick, first);
        ctx.set_timer(Timer::Timeout, first + Span::from_nanos(TIMEOUT.high));
        Self
    }

    fn on_message(&mut self, _: NodeId, _: Message, _: &mut Context<'_, Self>) {}

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<'_, Self>) {
        assert_eq!(timer, Timer::Tick, "a timeout is re-armed long before it fires");
        let timeout = ctx.jitter("timeout", Span::from_nanos(TIMEOUT.low), Span::from_nanos(TIMEOUT.high));
        ctx.cancel_timer(Timer::Timeout);
        ctx.set_timer(Timer::Timeout, timeout);
        ctx.set_timer(Timer::Tick, Span::from_nanos(TICK));
    }

    fn on_command(&mut self, _: OpId, (): (), _: &mut Context<'_, Self>) {}
}
