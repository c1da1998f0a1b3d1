//! A process that talks by its timers alone, so that what it hears changes nothing that it says.

use serde::{Deserialize, Serialize};
use stemmata::chance::Seed;
use stemmata::context::Context;
use stemmata::identity::{Boot, LaneId, NodeId, OpId};
use stemmata::measure::Share;
use stemmata::process::{Lane, Process, Script, Stored};
use stemmata::sim::{Cast, Conditions, Simulation};
use stemmata::time::{Span, Time};
use stemmata::trace::{Recorder, Tape};

/// How the nodes behave; by default only the first four speak, on one lane.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Habits {
    pub(crate) draws_for_nothing: bool,
    pub(crate) speaks_on_both_lanes: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Chatter {
    said: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Message {
    Talk(u64),
    Noise(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Timer {
    Talk,
    Noise,
}

impl Lane for Message {
    fn lane(&self) -> LaneId {
        LaneId::new(match self {
            Self::Talk(_) => 0,
            Self::Noise(_) => 1,
        })
    }
}

impl Lane for Timer {
    fn lane(&self) -> LaneId {
        LaneId::new(match self {
            Self::Talk => 0,
            Self::Noise => 1,
        })
    }
}

/// The nodes that speak; one more stands by.
const SPEAKERS: u32 = 4;

impl Process for Chatter {
    const LANES: &'static [&'static str] = &["talk", "noise"];
    type Config = Habits;
    type Message = Message;
    type Timer = Timer;
    type Command = ();
    type Reply = ();
    type Entry = ();
    type Completion = ();
    type Fact = ();
    type Client = Script<()>;

    fn start(_: Boot, _: &[Stored<()>], ctx: &mut Context<'_, Self>) -> Self {
        if ctx.me().index() < SPEAKERS as usize {
            let first = ctx.jitter("first", Span::ZERO, Span::from_millis(20));
            ctx.set_timer(Timer::Talk, first);
            if ctx.config().speaks_on_both_lanes {
                ctx.set_timer(Timer::Noise, Span::from_millis(7));
            }
        }
        Self { said: 0 }
    }

    fn on_message(&mut self, _: NodeId, _: Message, ctx: &mut Context<'_, Self>) {
        if ctx.config().draws_for_nothing {
            ctx.choose("nothing", 1_000);
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<'_, Self>) {
        match timer {
            Timer::Talk => {
                if ctx.config().draws_for_nothing {
                    ctx.jitter("nothing else", Span::ZERO, Span::from_secs(1));
                }
                self.said += 1;
                let to = ctx.choose("to", u64::from(SPEAKERS));
                ctx.send(NodeId::new(u32::try_from(to).expect("few nodes")), Message::Talk(self.said));
                let next = ctx.jitter("next", Span::from_millis(10), Span::from_millis(30));
                ctx.set_timer(Timer::Talk, next);
            }
            Timer::Noise => {
                for node in NodeId::all(SPEAKERS) {
                    ctx.send(node, Message::Noise("!".repeat(9)));
                }
                ctx.set_timer(Timer::Noise, Span::from_millis(11));
            }
        }
    }

    fn on_command(&mut self, _: OpId, (): (), _: &mut Context<'_, Self>) {}
}

/// Two seconds of it, on a network that loses, doubles, corrupts and lets overtake.
pub(crate) fn tape(seed: Seed, nodes: u32, habits: Habits) -> Tape {
    let mut conditions = Conditions::plain(seed, Time::from_nanos(2_000_000_000));
    let link = &mut conditions.network.link;
    link.loss = Share::from_percent(5);
    link.duplicate = Share::from_percent(5);
    link.reorder = Share::from_percent(5);
    link.corrupt = Share::from_percent(2);
    let cast = Cast { config: habits, nodes, disk: Box::new(|_| Vec::new()), clients: Vec::new() };
    let (_, recorder) = Simulation::<Chatter, _>::new(conditions, cast, Recorder::keeping()).run();
    recorder.finish().1.expect("it was kept")
}
