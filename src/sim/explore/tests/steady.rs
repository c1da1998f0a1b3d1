//! A process that uses every effect, and whose next action depends on its state alone: it reads no clock, and draws
//! nothing.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::chance::{Chance as _, Seed};
use crate::clocks::Stamp;
use crate::context::Context;
use crate::fault::{Crash, Fault, FaultPlan, PlannedFault, Restart, Target, Trigger};
use crate::identity::{Boot, LaneId, NodeId, OpId};
use crate::measure::Share;
use crate::observation::Observe;
use crate::process::{Ask, ClientPlan, Lane, Pace, Process, Script, Stored};
use crate::sim::{Cast, Conditions};
use crate::time::{Span, Time};

pub(super) const NODES: u32 = 3;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Steady {
    /// Advances with every choice.
    wheel: u32,
    sent: u32,
    open: Vec<OpId>,
}

/// All are different, so that none is equivalent to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) enum Message {
    Hop { from: NodeId, boot: Boot, number: u32, left: u8 },
    Bell { from: NodeId, boot: Boot, number: u32 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Word {
    Asked(u32),
    Wheel(u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) enum Timer {
    Tick,
    Timeout,
}

impl Lane for Message {
    fn lane(&self) -> LaneId {
        LaneId::new(u8::from(matches!(self, Self::Bell { .. })))
    }
}

impl Lane for Timer {}
impl Lane for Word {}
impl Observe for Word {}

impl Steady {
    fn choose(&mut self, n: u32) -> u32 {
        self.wheel = self.wheel.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.wheel >> 16) % n
    }

    fn act(&mut self, ctx: &mut Context<'_, Self>) {
        for _ in 0..self.choose(4) {
            let to = NodeId::new(self.choose(NODES));
            match self.choose(12) {
                0..3 => self.send(to, Some(2), ctx),
                3 => self.send(to, None, ctx),
                4 => ctx.append(Word::Wheel(self.wheel)),
                5 => ctx.rewrite(vec![Word::Wheel(self.wheel)]),
                6 => ctx.sync(),
                7 => ctx.sync_then(()),
                8 => ctx.note(Word::Wheel(self.wheel)),
                9 => ctx.set_timer(Timer::Timeout, Span::from_millis(9)),
                10 => ctx.cancel_timer(Timer::Timeout),
                _ => self.open.drain(..).for_each(|op| ctx.reply(op, Word::Asked(op.number))),
            }
        }
    }

    fn send(&mut self, to: NodeId, hops: Option<u8>, ctx: &mut Context<'_, Self>) {
        self.sent += 1;
        let (from, boot, number) = (ctx.me(), ctx.boot(), self.sent);
        ctx.send(
            to,
            match hops {
                Some(left) => Message::Hop { from, boot, number, left },
                None => Message::Bell { from, boot, number },
            },
        );
    }
}

impl Process for Steady {
    const LANES: &'static [&'static str] = &["hop", "bell"];
    type Config = u32;
    type Message = Message;
    type Timer = Timer;
    type Command = Word;
    type Reply = Word;
    type Entry = Word;
    type Completion = ();
    type Fact = Word;
    type Client = Script<Word>;

    fn start(boot: Boot, disk: &[Stored<Word>], ctx: &mut Context<'_, Self>) -> Self {
        ctx.set_timer(Timer::Tick, Span::from_millis(1));
        let wheel = ctx.config() + boot.number() * 7 + ctx.me().index() as u32 * 13 + disk.len() as u32;
        let mut steady = Self { wheel, sent: 0, open: Vec::new() };
        steady.act(ctx);
        steady
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, Self>) {
        ctx.stamp_step(Arc::<Stamp>::default());
        assert!(self.choose(40) != 0, "by the wheel");
        if let Message::Hop { left: left @ 1.., .. } = message {
            self.send(from, Some(left - 1), ctx);
        }
        self.act(ctx);
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<'_, Self>) {
        if timer == Timer::Tick {
            ctx.set_timer(Timer::Tick, Span::from_millis(25));
        }
        self.act(ctx);
    }

    fn on_command(&mut self, op: OpId, command: Word, ctx: &mut Context<'_, Self>) {
        self.open.push(op);
        ctx.note(command);
        self.act(ctx);
    }

    fn on_synced(&mut self, (): (), ctx: &mut Context<'_, Self>) {
        self.act(ctx);
    }
}

/// A fifth of a second on a bad network, with two crashes.
pub(super) fn conditions(seed: Seed) -> Conditions {
    let mut dice = seed.dice("mayhem");
    let mut conditions = Conditions::plain(seed, Time::from_nanos(200_000_000));
    conditions.network.link.loss = Share::from_percent(10);
    conditions.network.link.duplicate = Share::from_percent(10);
    let faults = (0..2).map(|_| {
        let target = Target::Nodes(vec![NodeId::new(u32::try_from(dice.below(NODES.into())).expect("small"))]);
        let inside = dice.happens(Share::from_percent(60));
        let after_effects = inside.then(|| u32::try_from(dice.below(3)).expect("small"));
        let fault = if dice.happens(Share::from_percent(50)) {
            Fault::Kill(Crash { target, after_effects })
        } else {
            Fault::Restart(Restart { target, wipe: false, after_effects })
        };
        let when = Trigger::At(Time::from_nanos(dice.below(150_000_000)));
        PlannedFault { name: None, when, lasts: Some(Span::from_millis(15)), fault, drawn: true }
    });
    conditions.faults = FaultPlan { faults: faults.collect() };
    conditions
}

pub(super) fn cast(seed: Seed) -> Cast<Steady> {
    let plan = |home: u32, pace| {
        let asks = (1..4).map(|n| Ask { after: Span::from_millis(20), command: Word::Asked(n) });
        ClientPlan {
            homes: vec![NodeId::new(home), NodeId::new(2)],
            begins: Span::from_millis(3),
            timeout: Span::from_millis(20),
            retries: 2,
            pace,
            machine: Script::new(asks.collect()),
        }
    };
    let clients = vec![plan(0, Pace::Closed), plan(1, Pace::Open)];
    let config = u32::try_from(seed.0).expect("small") * 1_001;
    Cast { config, nodes: NODES, disk: Box::new(|node| vec![Word::Asked(0); node.index()]), clients }
}
