//! A store of two copies, whose clients can tell them apart: what linearizability finds in an exploration.

use std::sync::Arc;

use stemmata::hunt::explore::{End, Limits};
use stemmata::observation::{StoreAnswer, StoreCall, StoreSeen};
use stemmata::prelude::*;
use stemmata::run::explore::Exploration;
use stemmata::run::subject;
use stemmata::scenario::ScenarioFile;

use super::search;

/// A node's copy of the one key. The first node writes, and tells the second.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Copy {
    value: Option<u8>,
    /// Who waits for the second to have it.
    waiting: Option<OpId>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Settings {
    /// A write is answered before the other copy has it.
    early: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
enum Command {
    Write(u8),
    Read,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
enum Reply {
    Done,
    Holds(Option<u8>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
enum Message {
    Take(u8),
    Taken,
}

impl Lane for Message {}

impl Observe for Command {
    fn observe(&self, seen: &mut Vec<Observation>) {
        let call = match self {
            Self::Write(value) => StoreCall::Put { value: value.to_string().into() },
            Self::Read => StoreCall::Read,
        };
        seen.push(Observation::Store(StoreSeen::Asked { key: "k".into(), call, session: None, token: None }));
    }
}

impl Observe for Reply {
    fn observe(&self, seen: &mut Vec<Observation>) {
        let answer = match self {
            Self::Done => StoreAnswer::Done,
            Self::Holds(value) => StoreAnswer::Value { value: value.map(|value| Arc::from(value.to_string())) },
        };
        seen.push(Observation::Store(StoreSeen::Told { answer }));
    }
}

impl Process for Copy {
    type Completion = ();
    const LANES: &'static [&'static str] = &["copies"];
    type Config = Settings;
    type Message = Message;
    type Timer = ();
    type Command = Command;
    type Reply = Reply;
    type Entry = ();
    type Fact = ();
    type Client = Script<Command>;

    fn start(_: Boot, _: &[Stored<()>], _: &mut Context<'_, Self>) -> Self {
        Self { value: None, waiting: None }
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, Self>) {
        match message {
            Message::Take(value) => {
                self.value = Some(value);
                ctx.send(from, Message::Taken);
            }
            Message::Taken => {
                if let Some(op) = self.waiting.take() {
                    ctx.reply(op, Reply::Done);
                }
            }
        }
    }

    fn on_timer(&mut self, (): (), _: &mut Context<'_, Self>) {}

    fn on_command(&mut self, op: OpId, command: Command, ctx: &mut Context<'_, Self>) {
        match command {
            Command::Write(value) => {
                self.value = Some(value);
                ctx.send(NodeId::new(1), Message::Take(value));
                if ctx.config().early {
                    ctx.reply(op, Reply::Done);
                } else {
                    self.waiting = Some(op);
                }
            }
            Command::Read => ctx.reply(op, Reply::Holds(self.value)),
        }
    }
}

impl Subject for Copy {
    const NAME: &'static str = "copies";
    const ABOUT: &'static str = "Keeps two copies.";
    const ROWS: &'static [Row] = &[Row {
        lanes: Self::LANES,
        claims: &[stemmata::check::LINEARIZABILITY, stemmata::check::VALIDITY],
        ..Row::new("copies", Self::ABOUT)
    }];
    type Settings = Settings;
    type Workload = u32;

    fn config(_: &Setup, settings: &Settings) -> Settings {
        settings.clone()
    }

    fn clients(_: &Setup, _: &[u32], _: &mut Dice) -> Vec<ClientPlan<Script<Command>>> {
        Vec::new()
    }

    fn checker(_: &Setup, _: &Settings, name: &str) -> Option<AnyChecker<()>> {
        stemmata::check::checker(name)
    }
}

/// One client writes at the first node, two read at the second: the exploration of that.
fn exploration(settings: &str, expect: &str) -> Exploration {
    let ask = |op: &str, node: &str, command: &str| {
        format!(r#"{{ "at": "1ms", "op": "{op}", "to": "{node}", "command": {command} }}"#)
    };
    let asked =
        [ask("c1#1", "n1", r#"{ "Write": 7 }"#), ask("c1#2", "n2", r#""Read""#), ask("c2#1", "n2", r#""Read""#)];
    let text = format!(
        r#"{{ "subject": "copies", "nodes": 2, "protocols": {{ {settings} }}, "operations": [ {} ],
             "expect": {expect}, "explore": {{ "timers": 0 }} }}"#,
        asked.join(", ")
    );
    let subject = subject::<Copy>();
    let file = ScenarioFile::parse("copies.json", "copies", &text, &[subject.profile]);
    let file = file.unwrap_or_else(|problem| panic!("{problem}"));
    subject.explore(&file.resolve(Seed(0)).expect("no ranges")).expect("it decides by nothing")
}

const NAMED: &str = r#"{ "holds": ["linearizability"] }"#;

#[test]
fn a_stale_read_is_found_and_none_where_every_copy_is_written_before_the_answer() {
    let limits = Limits { threads: 1, ..Limits::default() };
    let stale = exploration(r#""early": true"#, NAMED);
    let found = search(&*stale.space, &limits);
    // The write is asked and answered; then the other copy is read.
    let path = found.path.expect("a way on which it falls");
    assert_eq!((found.end, path.len()), (End::Found, 2));
    let outcome = stale.retrace(&path);
    let judged = outcome.judgements.iter().find(|judged| judged.invariant == "linearizability");
    let violation =
        judged.and_then(|judged| judged.verdict.violation()).expect("it falls on the run along the way, too");
    assert!(violation.sentence.starts_with("c1#2 on k was answered that there is nothing"), "{}", violation.sentence);
    let sound = exploration("", NAMED);
    let all = search(&*sound.space, &limits);
    let bit = sound.judged.iter().position(|name| *name == "linearizability").expect("it is judged");
    assert_eq!((all.end, all.exercised >> bit & 1), (End::Complete, 1));
}

#[test]
fn linearizability_is_judged_only_where_a_scenario_names_it() {
    let judged = |expect: &str| exploration("", expect).judged.contains(&"linearizability");
    assert!(judged(NAMED) && judged(r#"{ "violates": ["linearizability"] }"#));
    assert!(!judged("{}") && exploration("", "{}").unjudged.contains(&"linearizability"));
}
