//! A protocol of your own, with the public API alone: nodes flood texts to one another, numbered by a counter that a
//! crash forgets. `cargo run --example own_protocol -- sweep examples/own_protocol.json --count 100` finds the bug, and
//! prints the command that replays a failing seed.

use std::collections::BTreeMap;
use std::process::ExitCode;

use stemmata::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Flooder {
    said: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Message {
    Flood { number: u64, text: String },
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Fact {
    Said { number: u64, text: String },
    Heard { from: NodeId, number: u64, text: String },
}

impl Lane for Message {}

impl Observe for Fact {
    fn observe(&self, seen: &mut Vec<Observation>) {
        seen.push(match self {
            Self::Said { number, .. } => Observation::Broadcast { number: *number },
            Self::Heard { from, number, .. } => Observation::Delivered { origin: *from, number: *number },
        });
    }
}

impl Process for Flooder {
    const LANES: &'static [&'static str] = &["flood"];
    type Config = ();
    type Message = Message;
    type Timer = ();
    type Command = String;
    type Reply = ();
    type Entry = ();
    type Fact = Fact;
    type Client = Script<String>;

    fn start(_boot: Boot, _disk: &[Stored<()>], _ctx: &mut Context<'_, Self>) -> Self {
        Self { said: 0 } // the bug: a counter in memory begins again after a crash
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, Self>) {
        let Message::Flood { number, text } = message;
        ctx.note(Fact::Heard { from, number, text });
    }

    fn on_timer(&mut self, (): (), _ctx: &mut Context<'_, Self>) {}

    fn on_command(&mut self, op: OpId, text: String, ctx: &mut Context<'_, Self>) {
        self.said += 1;
        ctx.note(Fact::Said { number: self.said, text: text.clone() });
        for peer in ctx.peers() {
            ctx.send(peer, Message::Flood { number: self.said, text: text.clone() });
        }
        ctx.reply(op, ());
    }
}

/// One name, one text: the checker that only this protocol can have.
#[derive(Default)]
struct OneText(BTreeMap<(NodeId, u64), (String, EventId)>);

impl Checker<Fact> for OneText {
    fn see(&mut self, record: &Record<'_>, fact: Option<&Fact>) -> Result<(), Violation> {
        let Some(Fact::Heard { from, number, text }) = fact else { return Ok(()) };
        let (first, event) = self.0.entry((*from, *number)).or_insert_with(|| (text.clone(), record.id));
        if first == text {
            return Ok(());
        }
        let sentence = format!("{from}'s text {number} is both `{first}` and `{text}`");
        Err(Violation { time: record.time, sentence, witnesses: vec![*event, record.id] })
    }

    fn conclude(&mut self, _end: Time) -> Verdict {
        Verdict::of(self.0.len() as u64, "nobody heard anything")
    }
}

impl Subject for Flooder {
    const NAME: &'static str = "flooder";
    const ABOUT: &'static str = "Nodes tell one another numbered texts.";
    const INVARIANTS: &'static [Invariant] = &[
        Invariant { name: "no-duplication", protocol: "flood", about: "nobody hears a text twice" },
        Invariant { name: "one-text", protocol: "flood", about: "one number of one node is one text" },
    ];
    type Settings = NoSettings;
    type Workload = Texts;

    fn config(_setup: &Setup, _settings: &NoSettings) {}

    fn clients(setup: &Setup, workload: &[Texts], dice: &mut Dice) -> Vec<ClientPlan<Script<String>>> {
        let mut plans = Vec::new();
        for (home, texts) in NodeId::all(setup.nodes()).flat_map(|node| workload.iter().map(move |texts| (node, texts)))
        {
            let ask = |n| Ask { after: dice.span(Span::ZERO, texts.pause), command: format!("{home} says {n}") };
            plans.push(ClientPlan::new(home, Script::new((1..=texts.each).map(ask).collect())));
        }
        plans
    }

    fn checker(_setup: &Setup, _settings: &NoSettings, name: &str) -> Option<Box<dyn Checker<Fact>>> {
        if name == "one-text" { Some(Box::new(OneText::default())) } else { stemmata::check::checker(name) }
    }
}

/// One entry of a scenario's workload: how many texts each node is asked to tell, and the longest pause between two.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Texts {
    each: u32,
    pause: Span,
}

fn main() -> ExitCode {
    stemmata::cli::main(&[stemmata::run::subject::<Flooder>()])
}
