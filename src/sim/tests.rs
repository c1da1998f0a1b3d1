//! Runs of a process that does everything a process can do, under every fault: the same seed gives the same records.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Cast, ClockError, Conditions, Simulation};
use crate::chance::{Chance, Dice, Seed};
use crate::clocks::Stamp;
use crate::context::Context;
use crate::fault::{
    ClockFault, Clog, Crash, DiskFault, Fault, FaultPlan, Harm, LinkShare, Nothing, OfNodes, Partition, PlannedFault,
    Restart, Shape, SlowLinks, Target, Trigger,
};
use crate::identity::{Boot, LaneId, MessageId, NodeId, OpId};
use crate::measure::{Drift, Offset, Share};
use crate::network::{Delay, LinkOverride, PinnedFate};
use crate::observation::Observe;
use crate::process::{Ask, ClientPlan, Lane, Pace, Process, Script, Stored};
use crate::time::{Span, Time};
use crate::trace::{Digest, Recorder, Tape};

const NODES: u32 = 5;
const END: Time = Time::from_nanos(2_000_000_000);

/// Uses every effect, at random.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Busy {
    heard: u64,
    open: Vec<OpId>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
enum Message {
    Gossip { hops: u8, words: Vec<u16> },
    Bell,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Word {
    Heard(u64),
    Asked(u32),
    Durable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
enum Timer {
    Tick,
    Timeout,
}

impl Lane for Message {
    fn lane(&self) -> LaneId {
        LaneId::new(u8::from(matches!(self, Self::Bell)))
    }
}

impl Lane for Timer {}
impl Lane for Word {}
impl Observe for Word {}

impl Busy {
    fn act(&mut self, ctx: &mut Context<'_, Self>) {
        let mut stamp = Stamp::default();
        stamp.hybrid.wall = ctx.wall();
        for _ in 0..ctx.choose("acts", 4) {
            let to = NodeId::new(u32::try_from(ctx.choose("peer", u64::from(ctx.node_count()))).expect("small"));
            match ctx.choose("act", 13) {
                0..3 => ctx.send(to, Message::Gossip { hops: 3, words: vec![7; 3] }),
                3 => ctx.send(to, Message::Bell),
                4 => ctx.append(Word::Heard(self.heard)),
                5 => ctx.rewrite(vec![Word::Durable]),
                6 => ctx.sync(),
                7 => ctx.sync_then(()),
                8 => ctx.note(Word::Heard(self.heard)),
                9 => ctx.stamp(Arc::new(stamp.clone())),
                10 => {
                    let after = ctx.jitter("timeout", Span::from_millis(5), Span::from_millis(20));
                    ctx.cancel_timer(Timer::Timeout);
                    ctx.set_timer(Timer::Timeout, after);
                }
                11 => ctx.cancel_timer(Timer::Timeout),
                _ => {
                    for op in self.open.drain(..) {
                        ctx.reply(op, Word::Durable);
                    }
                }
            }
        }
    }
}

impl Process for Busy {
    const LANES: &'static [&'static str] = &["gossip", "bell"];
    type Config = ();
    type Message = Message;
    type Timer = Timer;
    type Command = Word;
    type Reply = Word;
    type Entry = Word;
    type Completion = ();
    type Fact = Word;
    type Client = Script<Word>;

    fn start(_: Boot, disk: &[Stored<Word>], ctx: &mut Context<'_, Self>) -> Self {
        ctx.set_timer(Timer::Tick, Span::from_millis(1));
        let mut busy = Self { heard: disk.len() as u64, open: Vec::new() };
        busy.act(ctx);
        busy
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, Self>) {
        ctx.stamp_step(Arc::default());
        self.heard += 1;
        assert!(ctx.choose("panic", 300) != 0, "by chance");
        if let Message::Gossip { hops: hops @ 1..9, words } = message {
            ctx.send(from, Message::Gossip { hops: hops - 1, words });
        }
        self.act(ctx);
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<'_, Self>) {
        if timer == Timer::Tick {
            ctx.set_timer(Timer::Tick, Span::from_millis(10));
        }
        self.act(ctx);
    }

    fn on_command(&mut self, op: OpId, command: Word, ctx: &mut Context<'_, Self>) {
        self.open.push(op);
        ctx.note(command);
        self.act(ctx);
    }

    fn on_synced(&mut self, (): (), ctx: &mut Context<'_, Self>) {
        ctx.note(Word::Durable);
        self.act(ctx);
    }
}

fn node(dice: &mut Dice) -> NodeId {
    NodeId::new(u32::try_from(dice.below(u64::from(NODES))).expect("small"))
}

fn fault(dice: &mut Dice) -> Fault {
    let target = Target::Nodes(vec![node(dice)]);
    let ends = (Some(target.clone()), None);
    let share = LinkShare { share: Share::from_percent(40), from: ends.0.clone(), to: ends.1 };
    let after_effects = dice.happens(Share::from_percent(50)).then(|| u32::try_from(dice.below(3)).expect("small"));
    let harms = [Harm::Torn, Harm::Damage, Harm::IoError, Harm::Slow(Span::from_millis(9))];
    match dice.below(14) {
        0 => Fault::Kill(Crash { target, after_effects }),
        1 => Fault::Restart(Restart { target, wipe: dice.happens(Share::from_percent(50)), after_effects }),
        2 => Fault::Pause(OfNodes { target }),
        3 => Fault::Resume(OfNodes { target }),
        4 => Fault::Partition(Partition { groups: vec![vec![node(dice)]], ..Partition::default() }),
        5 => Fault::Partition(Partition {
            groups: vec![NodeId::all(NODES).collect()],
            shape: Some(Shape::MajoritiesRing),
            ..Partition::default()
        }),
        6 => Fault::Heal(Nothing {}),
        7 => Fault::Clog(Clog { from: ends.0, to: None }),
        8 => Fault::Delay(SlowLinks { delay: Delay::Constant(Span::from_millis(30)), from: ends.0, to: None }),
        9 => Fault::Loss(share),
        10 => Fault::Duplicate(share),
        11 => Fault::Corrupt(share),
        12 => Fault::Clock(ClockFault {
            target,
            offset: Some(Offset::from_nanos(-3_000_000)),
            drift: Some(Drift::from_ppb(1_000_000)),
            monotonic_drift: Some(Drift::from_ppb(300_000_000)),
            bump: Some(Offset::from_nanos(5)),
            freeze: false,
            monotonic_freeze: dice.happens(Share::from_percent(50)),
        }),
        _ => Fault::Disk(DiskFault { target, harm: *dice.pick(&harms).expect("four") }),
    }
}

fn conditions(seed: Seed) -> Conditions {
    let mut dice = seed.dice("mayhem");
    let faults = (0..12)
        .map(|_| PlannedFault {
            name: None,
            when: if dice.happens(Share::from_percent(20)) {
                Trigger::Fact { fact: "heard".to_owned(), n: 1 + u32::try_from(dice.below(20)).expect("small") }
            } else {
                Trigger::At(Time::from_nanos(dice.below(1_500_000_000)))
            },
            lasts: dice.happens(Share::from_percent(70)).then(|| dice.span(Span::ZERO, Span::from_millis(200))),
            fault: fault(&mut dice),
            drawn: true,
        })
        .collect();
    let mut conditions = Conditions::plain(seed, END);
    conditions.faults = FaultPlan { faults };
    conditions.quiescence = Some(Time::from_nanos(1_600_000_000));
    conditions.network.link.loss = Share::from_percent(2);
    conditions.network.link.duplicate = Share::from_percent(2);
    conditions.network.link.reorder = Share::from_percent(2);
    let link = conditions.network.link;
    if seed.0.is_multiple_of(2) {
        conditions.network.links = vec![LinkOverride { from: NodeId::new(0), to: NodeId::new(1), link }];
        let id = MessageId { sender: NodeId::new(1), lane: LaneId::new(0), number: 3 };
        conditions.fates = BTreeMap::from([(id, PinnedFate::Copies(3))]);
    }
    if seed.0.is_multiple_of(3) {
        let drift = Drift::from_ppb(40_000);
        let offset = Offset::from_nanos(50_000_000);
        conditions.clocks = vec![ClockError { offset, drift, monotonic_drift: drift }; NODES as usize];
    }
    conditions
}

fn simulation(seed: Seed) -> Simulation<Busy, Recorder> {
    let asks = (1..40).map(|n| Ask { after: Span::from_millis(20), command: Word::Asked(n) });
    let plan = |pace| ClientPlan {
        homes: vec![NodeId::new(1), NodeId::new(4)],
        begins: Span::from_millis(3),
        timeout: Span::from_millis(60),
        retries: 2,
        pace,
        machine: Script::new(asks.clone().collect()),
    };
    let clients = vec![plan(Pace::Closed), plan(Pace::Open)];
    let cast = Cast { config: (), nodes: NODES, disk: Box::new(|_| vec![Word::Durable]), clients };
    Simulation::new(conditions(seed), cast, Recorder::keeping())
}

fn run(seed: Seed) -> (Digest, Tape) {
    let (digest, tape) = simulation(seed).run().1.finish();
    (digest, tape.expect("kept"))
}

fn kind(event: &crate::trace::Event<'_>) -> String {
    let text = format!("{event:?}");
    text.split([' ', '(']).next().expect("a word").to_owned()
}

/// The digests of many wild runs, folded into one: an optimisation of the kernel must not change it. An intended change
/// of behaviour changes it, and every run id.
const MAYHEM: u64 = 0xd464_e11c_a8dc_826c;

/// All but a time that stands still, which ends a run, and a fixed fate that applied to no message: their own tests
/// have those.
const EVERY_KIND: &str = "Append Calm Command Damaged Dropped Fact Fault FaultEnded Garbled GaveUp Held Invoked IoError Killed \
                          Lost Panicked Paused Pending Receive Reply Retried Returned Rewrite Send Start Sync Synced Timer \
                          Touched Unpaused";

#[test]
fn wild_runs_do_everything_that_can_be_recorded_and_stay_as_they_were() {
    let mut all = 0_u64;
    let mut kinds = BTreeSet::new();
    for seed in 0..300 {
        let (Digest(digest), tape) = run(Seed(seed));
        all = all.rotate_left(7) ^ digest;
        kinds.extend(tape.records().map(|record| kind(&record.event)));
    }
    assert_eq!(kinds.into_iter().collect::<Vec<_>>().join(" "), EVERY_KIND);
    assert_eq!(all, MAYHEM, "{all:#018x}");
}
