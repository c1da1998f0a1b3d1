//! A protocol of your own, with the public API alone: nodes flood texts to one another, numbered by a counter that a
//! crash forgets. `cargo run --example own_protocol -- sweep examples/own_protocol.json --count 100` finds the bug, and
//! prints the command that replays a failing seed; `explore` in place of `sweep` shows the shortest way to it.

use std::collections::BTreeMap;
use std::hash::Hash;
use std::process::ExitCode;

use stemmata::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Flooder {
    said: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Flood {
    number: u64,
    text: String,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Fact {
    Said { number: u64, text: String },
    Heard { from: NodeId, number: u64, text: String },
}

impl Lane for Flood {}

impl Observe for Fact {
    fn observe(&self, seen: &mut Vec<Observation>) {
        seen.push(match self {
            Self::Said { number, .. } => Observation::Broadcast { number: *number, op: None },
            Self::Heard { from, number, .. } => Observation::Delivered { origin: *from, number: *number },
        });
    }
}

impl Process for Flooder {
    const LANES: &'static [&'static str] = &["flood"];
    type Config = ();
    type Message = Flood;
    type Timer = ();
    type Command = String;
    type Reply = ();
    type Entry = ();
    type Completion = ();
    type Fact = Fact;
    type Client = Script<String>;

    fn start(_boot: Boot, _disk: &[Stored<()>], _ctx: &mut Context<'_, Self>) -> Self {
        Self { said: 0 } // the bug: a counter in memory begins again after a crash
    }

    fn on_message(&mut self, from: NodeId, Flood { number, text }: Flood, ctx: &mut Context<'_, Self>) {
        ctx.note(Fact::Heard { from, number, text });
    }

    fn on_timer(&mut self, (): (), _ctx: &mut Context<'_, Self>) {}

    fn on_command(&mut self, op: OpId, text: String, ctx: &mut Context<'_, Self>) {
        self.said += 1;
        ctx.note(Fact::Said { number: self.said, text: text.clone() });
        for peer in ctx.peers() {
            ctx.send(peer, Flood { number: self.said, text: text.clone() });
        }
        ctx.reply(op, ());
    }
}

/// One name, one text: the checker that only this protocol can have.
#[derive(Clone, Default, Hash)]
struct OneText(BTreeMap<(NodeId, u64), (String, Witness<EventId>)>);

impl Checker<Fact> for OneText {
    const WANTS: Kinds = Kinds::FACT;
    const EXPLORED: Exploring = Exploring::Always;

    fn see(&mut self, shown: &Shown<'_, Fact>) -> Result<(), Violation> {
        let (record, Some(Fact::Heard { from, number, text })) = (shown.record, shown.fact) else { return Ok(()) };
        let (first, event) = self.0.entry((*from, *number)).or_insert_with(|| (text.clone(), record.id.into()));
        if first == text {
            return Ok(());
        }
        let sentence = format!("{from}'s text {number} is both `{first}` and `{text}`");
        Err(Violation { time: record.time, sentence, witnesses: vec![**event, record.id] })
    }

    fn conclude(&mut self, _end: &End<'_>) -> Verdict {
        Verdict::of(self.0.len() as u64, "nobody heard anything")
    }
}

impl Subject for Flooder {
    const NAME: &'static str = "flooder";
    const ABOUT: &'static str = "Nodes tell one another numbered texts.";
    const ROWS: &'static [Row] = &[Row {
        lanes: &["flood"],
        claims: &[
            Invariant::safety("no-duplication", "nobody hears a text twice"),
            Invariant::safety("one-text", "one number of one node is one text"),
        ],
        ..Row::new("flood", "Every text is told to every node.")
    }];
    type Settings = NoSettings;
    type Workload = u32; // how many texts each node is asked to tell

    fn config(_setup: &Setup, _settings: &NoSettings) {}

    fn clients(setup: &Setup, workload: &[u32], dice: &mut Dice) -> Vec<ClientPlan<Script<String>>> {
        let mut client = |home: NodeId| {
            let after = |dice: &mut Dice| dice.span(Span::ZERO, Span::from_secs(1));
            let texts = 1..=workload.iter().sum::<u32>();
            let asks = texts.map(|n| Ask { after: after(dice), command: format!("{home} says {n}") });
            ClientPlan::new(home, Script::new(asks.collect()))
        };
        NodeId::all(setup.nodes()).map(&mut client).collect()
    }

    fn checker(_setup: &Setup, _settings: &NoSettings, name: &str) -> Option<AnyChecker<Fact>> {
        if name == "one-text" { Some(AnyChecker::new(OneText::default())) } else { stemmata::check::checker(name) }
    }
}

fn main() -> ExitCode {
    stemmata::cli::main(&[stemmata::run::subject::<Flooder>()])
}
