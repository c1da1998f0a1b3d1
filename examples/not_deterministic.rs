//! What `verify` is for: a token goes round, and after a thousand hops a node names it by a chance that is not the run's.
//! `cargo run --example not_deterministic -- verify examples/not_deterministic.json` names the event in which it shows.

use std::hash::{BuildHasher, RandomState};
use std::process::ExitCode;

use stemmata::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Passer;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Token {
    hops: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Fact {
    Passed { hops: u64 },
    Named { name: u64 },
}

impl Lane for Token {}

impl Observe for Fact {}

impl Passer {
    fn pass(hops: u64, ctx: &mut Context<'_, Self>) {
        ctx.note(Fact::Passed { hops });
        if hops == 1_000 {
            // The mistake: this hasher is seeded anew whenever it is made. `ctx.choose` is the run's own chance.
            ctx.note(Fact::Named { name: RandomState::new().hash_one(hops) });
        }
        if let Some(next) = ctx.peers().next() {
            ctx.send(next, Token { hops: hops + 1 });
        }
    }
}

impl Process for Passer {
    const LANES: &'static [&'static str] = &["token"];
    type Config = ();
    type Message = Token;
    type Timer = ();
    type Command = String;
    type Reply = ();
    type Entry = ();
    type Completion = ();
    type Fact = Fact;
    type Client = Script<String>;

    fn start(_boot: Boot, _disk: &[Stored<()>], _ctx: &mut Context<'_, Self>) -> Self {
        Self
    }

    fn on_message(&mut self, _from: NodeId, Token { hops }: Token, ctx: &mut Context<'_, Self>) {
        Self::pass(hops, ctx);
    }

    fn on_timer(&mut self, (): (), _ctx: &mut Context<'_, Self>) {}

    fn on_command(&mut self, op: OpId, _: String, ctx: &mut Context<'_, Self>) {
        Self::pass(1, ctx);
        ctx.reply(op, ());
    }
}

impl Subject for Passer {
    const NAME: &'static str = "passer";
    const ABOUT: &'static str = "Two nodes pass a token to and fro.";
    const ROWS: &'static [Row] = &[Row { lanes: &["token"], ..Row::new("token", "A token goes to and fro.") }];
    type Settings = NoSettings;
    type Workload = u32; // how many tokens

    fn config(_setup: &Setup, _settings: &NoSettings) {}

    fn clients(_setup: &Setup, workload: &[u32], _dice: &mut Dice) -> Vec<ClientPlan<Script<String>>> {
        let asks = (0..workload.iter().sum()).map(|_| Ask { after: Span::from_millis(1), command: "begin".to_owned() });
        vec![ClientPlan::new(NodeId::new(0), Script::new(asks.collect()))]
    }

    fn checker(_setup: &Setup, _settings: &NoSettings, _name: &str) -> Option<AnyChecker<Fact>> {
        None
    }
}

fn main() -> ExitCode {
    stemmata::cli::main(&[stemmata::run::subject::<Passer>()])
}
