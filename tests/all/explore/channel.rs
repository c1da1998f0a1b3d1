//! The channel by itself: the first node sends the second two letters, frame by frame over datagrams.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use stemmata::chance::Seed;
use stemmata::check;
use stemmata::clocks::Stamp;
use stemmata::codex::StoreReply;
use stemmata::context::Context;
use stemmata::fault::Budget;
use stemmata::hunt::explore::{End, Explored, Limits};
use stemmata::identity::{Boot, LaneId, NodeId, OpId};
use stemmata::network::Discipline;
use stemmata::observation::{Observation, Observe};
use stemmata::process::{Lane, Never, Process, Script, Stored};
use stemmata::protocols::channel::{Carries, Channel, ChannelFact, ChannelSettings, ChannelTimer, Frame};
use stemmata::protocols::replica::ReplicaPort;
use stemmata::protocols::{Era, LANES, Port};
use stemmata::run::explore::{Judges, StateSpace};
use stemmata::sim::Cast;
use stemmata::time::{LocalTime, Span};

use super::search;
use crate::pins::assert_pinned;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Mouth(Channel<Letter>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Letter(u8);

impl Lane for Letter {
    fn lane(&self) -> LaneId {
        LaneId::new(2)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Post(Frame<Letter>);

impl Lane for Post {
    fn lane(&self) -> LaneId {
        self.0.lane()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Clock(ChannelTimer);

impl Lane for Clock {}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Note(ChannelFact);

impl Observe for Note {
    fn observe(&self, seen: &mut Vec<Observation>) {
        self.0.observe(seen);
    }
}

/// A port that does everything at once.
struct Plain<'c, 'a>(&'c mut Context<'a, Mouth>);

impl ReplicaPort for Plain<'_, '_> {}

impl Port<Channel<Letter>> for Plain<'_, '_> {
    fn me(&self) -> NodeId {
        self.0.me()
    }
    fn boot(&self) -> Boot {
        self.0.boot()
    }
    fn node_count(&self) -> u32 {
        self.0.node_count()
    }
    fn attempt(&self) -> u32 {
        self.0.attempt()
    }
    fn wall(&self) -> LocalTime {
        self.0.wall()
    }
    fn monotonic(&self) -> LocalTime {
        self.0.monotonic()
    }
    fn jitter(&mut self, label: &str, low: Span, high: Span) -> Span {
        self.0.jitter(label, low, high)
    }
    fn choose(&mut self, label: &str, n: u64) -> u64 {
        self.0.choose(label, n)
    }
    fn send(&mut self, to: NodeId, message: Frame<Letter>) {
        self.0.send(to, Post(message));
    }
    fn post(&mut self, _: NodeId, payload: Never) {
        match payload {}
    }
    fn tell(&mut self, outcome: Never) {
        match outcome {}
    }
    fn set_timer(&mut self, timer: ChannelTimer, after: Span) {
        self.0.set_timer(Clock(timer), after);
    }
    fn cancel_timer(&mut self, timer: ChannelTimer) {
        self.0.cancel_timer(Clock(timer));
    }
    fn append(&mut self, entry: Never) {
        match entry {}
    }
    fn sync(&mut self) {
        self.0.sync();
    }
    fn sync_then(&mut self, completion: Never) {
        match completion {}
    }
    fn rewrite(&mut self, _: Vec<Never>) {
        unreachable!("a channel has no file")
    }
    fn answer(&mut self, _: OpId, _: StoreReply) {
        unreachable!("a channel owns no keys")
    }
    fn note(&mut self, fact: ChannelFact) {
        self.0.note(Note(fact));
    }
    fn reply(&mut self, _: OpId, reply: Never) {
        match reply {}
    }
}

impl Carries for Plain<'_, '_> {
    fn era(&self) -> Era {
        Era::default()
    }
    fn sent(&mut self, fact: ChannelFact) -> Option<Arc<Stamp>> {
        self.note(fact);
        None
    }
    fn delivered(&mut self, fact: ChannelFact, _: Option<Stamp>) {
        self.note(fact);
    }
}

impl Process for Mouth {
    const LANES: &'static [&'static str] = LANES;
    type Config = ChannelSettings;
    type Message = Post;
    type Timer = Clock;
    type Command = ();
    type Reply = ();
    type Entry = ();
    type Completion = ();
    type Fact = Note;
    type Client = Script<()>;

    fn start(boot: Boot, _: &[Stored<()>], ctx: &mut Context<'_, Self>) -> Self {
        let mut channel = Channel::new(ctx.config(), ctx.node_count());
        channel.open(&mut Plain(ctx));
        if ctx.me() == NodeId::new(0) && boot == Boot::new(1) {
            (1..=2).for_each(|letter| channel.send(NodeId::new(1), Letter(letter), &mut Plain(ctx)));
        }
        Self(channel)
    }

    fn on_message(&mut self, from: NodeId, Post(frame): Post, ctx: &mut Context<'_, Self>) {
        drop(self.0.on_frame(from, frame, &mut Plain(ctx)));
        self.0.settle(&mut Plain(ctx));
    }

    fn on_timer(&mut self, Clock(timer): Clock, ctx: &mut Context<'_, Self>) {
        self.0.on_timer(timer, &mut Plain(ctx));
    }

    fn on_command(&mut self, _: OpId, (): (), _: &mut Context<'_, Self>) {}
}

fn explored(flaws: &str, budget: Budget) -> Explored {
    let settings = serde_json::from_str(&format!(r#"{{ "flaws": [{flaws}] }}"#)).expect("settings");
    let cast = Cast::<Mouth> { config: settings, nodes: 2, disk: Box::new(|_| Vec::new()), clients: Vec::new() };
    let mut judges = Judges::default();
    for name in ["fifo", "session"] {
        let checker = check::checker(name).expect("a checker");
        judges.add(name, checker, false);
    }
    let state_space =
        StateSpace::new(Seed(0), cast, &[], budget, vec![Discipline::Datagram; LANES.len()]).judged_by(judges);
    search(&state_space, &Limits { threads: 1, ..Limits::default() })
}

const BUDGET: Budget = Budget { loss: 1, duplicates: 0, crashes: 1, timers: Some(2), frames: true, after: None };

#[test]
fn two_letters_with_a_loss_and_a_death_keep_their_order_and_their_session_on_every_way() {
    let Explored { states, end, exercised, .. } = explored("", BUDGET);
    assert_eq!((end, exercised), (End::Complete, 0b11));
    assert_pinned("states of two letters on the channel", states);
}

#[test]
fn a_channel_without_order_or_memory_of_lives_is_found_out() {
    for (flaw, steps) in [("\"c01\"", 3), ("\"c02\"", 5)] {
        let Explored { end, path, .. } = explored(flaw, BUDGET);
        assert_eq!((end, path.map(|path| path.len())), (End::Found, Some(steps)), "{flaw}");
    }
}
