//! A subject that panics when one message overtakes another, and beside it a protocol that only makes noise.

use std::collections::BTreeMap;

use stemmata::check::AnyChecker;
use stemmata::prelude::*;
use stemmata::run::{AnySubject, subject};
use stemmata::scenario::ScenarioFile;

pub(super) fn relay() -> AnySubject {
    subject::<Relay>()
}

/// Four nodes, each asked to count five times, over a network that lets messages overtake one another.
pub(super) fn file() -> ScenarioFile {
    let text = r#"{
        "subject": "relay", "nodes": 4, "run": { "for": "1s" },
        "network": { "delay": { "uniform": { "min": "1ms", "max": "30ms" } } },
        "workload": [ { "counts": 5 } ],
        "expect": { "violates": ["no-panic"] }
    }"#;
    ScenarioFile::parse("relay.json", "relay", text, &[relay().profile]).expect("a scenario")
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Relay {
    said: u64,
    heard: BTreeMap<NodeId, u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Message {
    Count(u64),
    Noise,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Timer {
    Noise,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Command {
    Count,
}

impl Observe for Command {}

impl Lane for Message {
    fn lane(&self) -> LaneId {
        LaneId::new(match self {
            Self::Count(_) => 0,
            Self::Noise => 1,
        })
    }
}

impl Lane for Timer {
    fn lane(&self) -> LaneId {
        LaneId::new(1)
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Settings {
    noise: Noise,
}

/// The other protocol.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Noise {
    on: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Work {
    /// How many times each node is asked to count.
    Counts(u32),
}

impl Process for Relay {
    const LANES: &'static [&'static str] = &["relay", "noise"];
    type Config = Settings;
    type Message = Message;
    type Timer = Timer;
    type Command = Command;
    type Reply = ();
    type Entry = ();
    type Completion = ();
    type Fact = ();
    type Client = Script<Command>;

    fn start(_: Boot, _: &[Stored<()>], ctx: &mut Context<'_, Self>) -> Self {
        if ctx.config().noise.on {
            ctx.set_timer(Timer::Noise, Span::from_micros(300));
        }
        Self { said: 0, heard: BTreeMap::new() }
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, Self>) {
        if ctx.config().noise.on {
            ctx.choose("noise", 1_000);
        }
        if let Message::Count(number) = message {
            let heard = self.heard.entry(from).or_default();
            assert!(number == *heard + 1, "a count was overtaken");
            *heard = number;
        }
    }

    fn on_timer(&mut self, Timer::Noise: Timer, ctx: &mut Context<'_, Self>) {
        let wait = ctx.jitter("noise", Span::from_micros(500), Span::from_millis(2));
        for peer in ctx.peers() {
            ctx.send(peer, Message::Noise);
        }
        ctx.set_timer(Timer::Noise, wait);
    }

    fn on_command(&mut self, op: OpId, Command::Count: Command, ctx: &mut Context<'_, Self>) {
        self.said += 1;
        for peer in ctx.peers() {
            ctx.send(peer, Message::Count(self.said));
        }
        ctx.reply(op, ());
    }
}

impl Subject for Relay {
    const NAME: &'static str = "relay";
    const ABOUT: &'static str = "Nodes count for one another.";
    const ROWS: &'static [Row] = &[Row { lanes: Self::LANES, ..Row::new("relay", Self::ABOUT) }];
    type Settings = Settings;
    type Workload = Work;

    fn config(_: &Setup, settings: &Settings) -> Settings {
        settings.clone()
    }

    fn clients(setup: &Setup, workload: &[Work], dice: &mut Dice) -> Vec<ClientPlan<Script<Command>>> {
        let times: u32 = workload.iter().map(|Work::Counts(times)| times).sum();
        let mut client = |home: NodeId| {
            let after = |dice: &mut Dice| dice.span(Span::ZERO, Span::from_millis(40));
            let asks = (0..times).map(|_| Ask { after: after(dice), command: Command::Count });
            ClientPlan::new(home, Script::new(asks.collect()))
        };
        NodeId::all(setup.nodes()).map(&mut client).collect()
    }

    fn checker(_: &Setup, _: &Settings, _: &str) -> Option<AnyChecker<()>> {
        None
    }
}
