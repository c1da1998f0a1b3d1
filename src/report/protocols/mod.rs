//! What the protocols cost, and how thoroughly they are tried: the text of `reports/protocols.md`.

mod calm;
mod deaths;
mod decisions;
mod strikes;
mod waits;

use std::fmt::Write as _;

pub use calm::Settling;
pub use deaths::{Cut, Deaths, Phase};
pub use decisions::Decisions;
pub use strikes::{Part, Stage, Strike, Strikes};
pub use waits::Waits;

use crate::chance::Seed;
use crate::run::{self, AnySubject, Keep};
use crate::scenario::{self, ScenarioFile};
use crate::time::Span;
use crate::trace::Trace;

/// How many seeds of `locks-crash` the table of deaths counts.
pub const DEATH_SEEDS: u64 = 300;
/// How many seeds of each scenario of the replicated log the table of the calm counts.
pub const CALM_SEEDS: u64 = 100;
/// How many seeds of `consensus-storm` the tables of faults count.
pub const STRIKE_SEEDS: u64 = 100;
/// The scenarios of the replicated log with faults and a calm.
pub const CONSENSUS: [&str; 10] = [
    "split-brain",
    "elections",
    "flapping",
    "bridge",
    "consensus-lossy",
    "consensus-storm",
    "disk-torn",
    "voter-lost",
    "observers",
    "pipelined",
];
/// How many seeds each row of the table of waits sums.
const WAIT_SEEDS: u64 = 5;

/// The whole report.
///
/// # Panics
/// If a built-in scenario does not load.
#[must_use]
pub fn protocols() -> String {
    let subject = run::codex();
    let mut text = String::from(HEAD);
    for voters in [3, 5, 7, 9] {
        for (window, batch) in [(1, 1), (8, 1), (1, 16), (8, 16)] {
            text.push_str(&decision_row(subject, voters, window, batch));
        }
    }
    text.push_str(CALM_HEAD);
    for name in CONSENSUS {
        text.push_str(&calm_row(subject, name, CALM_SEEDS));
    }
    text.push_str(STRIKES_HEAD);
    text.push_str(&strikes_tables(&strikes(subject, STRIKE_SEEDS)));
    text.push_str(LOCKS_HEAD);
    for nodes in [2, 3, 5, 9, 17] {
        text.push_str(&wait_row(subject, nodes));
    }
    text.push_str(DEATHS_HEAD);
    let deaths = deaths(subject, DEATH_SEEDS);
    for (phase, cut) in Deaths::possible() {
        let io_error = if cut.writes() { deaths.io_errors(phase, cut).to_string() } else { "–".to_owned() };
        writeln!(text, "| {phase} | {cut} | {} | {io_error} |", deaths.kills(phase, cut)).expect("a text grows");
    }
    text
}

const HEAD: &str = "\
# Protocols, measured

Made by `cargo run --release --example reports`; a test makes it again and compares. All times are virtual.

## The replicated log

A decision takes 2 round trips at the proposer, and 2.5 until all voters know it: 5(V−1) messages for V voters, and one more
for each observer; tests assert both from the trace. A client of another node than the proposer waits one round trip more.

Thirty clients that never rest, all of whose writes are puts, links of 5 ms each way (a round trip is 10 ms), a disk that
takes 0.1 ms, 5 seconds. `window` is how many slots are under way at once, `batch` how many operations one takes. Waits are
in round trips.

| voters | window | batch | operations a second | slots a second | KB a second | messages an operation | wait, median | wait, p99 |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
";

const CALM_HEAD: &str = "
### After the calm

What is open at quiescence: operations that a living node holds, and slots that were proposed. How long it takes until
they are decided, in 100 seeds of each scenario, half of them swarms; and the bound of `termination`, which is known before
the run. A test asserts that nothing takes longer.

| scenario | open | median | p99 | longest | of the bound | bound |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
";

const STRIKES_HEAD: &str = "
### Where faults struck

How often each fault befell a message of each kind by what its sender was, and a node in or behind each step by what it was
then, in 100 seeds of `consensus-storm`. `learner` is an observer or a voter that is lost; `overtaken` is a message that a
later one of its sender reached its receiver before; a step is named by the message that it handles, `stand` is the wait
for a proposer that has run out, `beat` the proposer's own clock. A test asserts that nothing is zero.

";

const LOCKS_HEAD: &str = "
## The lock manager

A request that meets no other takes 2(n−1) messages, whatever it locks; a test asserts it from the trace for 1, 2, 3, 5 and
50 nodes.

One client a node, all of them after one resource, no pause between two requests, 1 ms of holding it, links of 1 to 10 ms, 20
seconds of 5 seeds. A grant passes from one node to the next in one message, so that the time between two grants hardly
depends on the number of nodes, and the time that each waits grows with it.

| nodes | grants a second | wait, mean | wait, p99 | lock messages a grant |
| ---: | ---: | ---: | ---: | ---: |
";

const DEATHS_HEAD: &str = "
### Deaths

Where nodes died in 300 seeds of `locks-crash`: in which step, and in place of which effect. `start` is the first step of a
boot; `acquire` and `release` handle a client's command; `answer` handles a peer's request, `grant` a peer's reply. An io
error strikes at the first thing that is written.

| step | died before | killed | io error |
| --- | --- | ---: | ---: |
";

fn wait_row(subject: AnySubject, nodes: u32) -> String {
    let text = format!(
        r#"{{
            "subject": "codex", "nodes": {nodes}, "run": {{ "for": "21s", "quiesce_at": "20s" }},
            "workload": [ {{ "locks": {{ "clients": {nodes}, "tree": {{ "width": 1 }}, "think": "0ms", "hold": "1ms",
                                         "uses": 0, "priorities": 1, "timeout": "20s" }} }} ],
            "expect": {{ "holds": [] }}
        }}"#
    );
    let file = ScenarioFile::parse("contended.json", "contended", &text, &[subject.profile]);
    let file = file.unwrap_or_else(|problem| panic!("{}", problem.render(false)));
    let mut waits = Waits::default();
    for seed in 0..WAIT_SEEDS {
        waits.add(&trace(subject, &file, seed));
    }
    let seconds = 20 * WAIT_SEEDS;
    format!(
        "| {nodes} | {} | {} | {} | {} |\n",
        tenths(waits.grants() * 10 / seconds),
        millis(waits.mean()),
        millis(waits.percentile(99)),
        tenths(waits.messages() * 10 / waits.grants().max(1)),
    )
}

fn decision_row(subject: AnySubject, voters: u32, window: u32, batch: u32) -> String {
    let text = format!(
        r#"{{
            "subject": "codex", "nodes": {voters}, "run": {{ "for": "6s", "quiesce_at": "5s" }},
            "network": {{ "delay": {{ "constant": "5ms" }} }}, "disk": {{ "sync": {{ "constant": "100us" }} }},
            "protocols": {{ "consensus": {{ "window": {window}, "batch": {batch} }} }},
            "workload": [ {{ "registers": {{ "clients": 30, "think": "0ms", "reads": "0%", "cas": "0%", "appends": "0%",
                                             "deletes": "0%", "timeout": "20s" }} }} ],
            "expect": {{ "holds": [] }}
        }}"#
    );
    let file = ScenarioFile::parse("busy.json", "busy", &text, &[subject.profile]);
    let file = file.unwrap_or_else(|problem| panic!("{}", problem.render(false)));
    let mut decisions = Decisions::default();
    decisions.add(&trace(subject, &file, 0));
    let round_trips = |wait: Span| tenths(wait.as_nanos() / 1_000_000);
    format!(
        "| {voters} | {window} | {batch} | {} | {} | {} | {} | {} | {} |\n",
        decisions.answers() / 5,
        decisions.slots() / 5,
        decisions.bytes() / 5_000,
        tenths(decisions.messages() * 10 / decisions.answers().max(1)),
        round_trips(decisions.percentile(50)),
        round_trips(decisions.percentile(99)),
    )
}

fn tenths(tenths: u64) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn millis(span: Span) -> String {
    let tenths = span.as_nanos() / 100_000;
    format!("{}.{} ms", tenths / 10, tenths % 10)
}

/// Where nodes died in so many seeds of `locks-crash`.
///
/// # Panics
/// If the built-in scenario does not load.
#[must_use]
pub fn deaths(subject: AnySubject, seeds: u64) -> Deaths {
    let file = builtin(subject, "locks-crash");
    let mut deaths = Deaths::default();
    for seed in 0..seeds {
        deaths.add(&trace(subject, &file, seed));
    }
    deaths
}

/// Where faults struck in so many seeds of `consensus-storm`.
///
/// # Panics
/// If the built-in scenario does not load.
#[must_use]
pub fn strikes(subject: AnySubject, seeds: u64) -> Strikes {
    let file = builtin(subject, "consensus-storm");
    let mut strikes = Strikes::default();
    for seed in 0..seeds {
        strikes.add(&trace(subject, &file, seed));
    }
    strikes
}

fn strikes_tables(strikes: &Strikes) -> String {
    let messages = strikes_table(strikes, "message | sent by a", &Strikes::SENT, &Strike::OF_MESSAGES);
    let steps = strikes_table(strikes, "step | of a", &Strikes::TAKEN, &Strike::OF_NODES);
    format!("{messages}\n{steps}")
}

fn strikes_table(strikes: &Strikes, head: &str, rows: &[(Stage, Part)], columns: &[Strike]) -> String {
    let named: String = columns.iter().map(|strike| format!(" {strike} |")).collect();
    let mut text = format!("| {head} |{named}\n| --- | --- |{}\n", " ---: |".repeat(columns.len()));
    for (stage, part) in rows {
        let count = |strike: &Strike| match Strikes::can_be(*stage, *part, *strike) {
            true => format!(" {} |", strikes.count(*stage, *part, *strike)),
            false => " – |".to_owned(),
        };
        let counts: String = columns.iter().map(count).collect();
        writeln!(text, "| {stage} | {part} |{counts}").expect("a text grows");
    }
    text
}

/// How long a scenario of the replicated log takes in the calm, in so many seeds, half of them swarms.
///
/// # Panics
/// If there is no such built-in scenario.
#[must_use]
pub fn settling(subject: AnySubject, name: &str, seeds: u64) -> Settling {
    let file = builtin(subject, name);
    let files = [file.clone(), file.with_swarm(true)];
    let mut settling = Settling::default();
    for seed in 0..seeds {
        let file = &files[usize::from(seed % 2 == 1)];
        let resolved = file.resolve(Seed(seed)).unwrap_or_else(|problem| panic!("{}", problem.render(false)));
        settling.add(&resolved, &subject.run(&resolved, Keep::Trace).trace.expect("it was kept"));
    }
    settling
}

fn calm_row(subject: AnySubject, name: &str, seeds: u64) -> String {
    let settling = settling(subject, name, seeds);
    format!(
        "| {name} | {} | {} | {} | {} | {} % | {} |\n",
        settling.count(),
        millis(settling.percentile(50)),
        millis(settling.percentile(99)),
        millis(settling.percentile(100)),
        tenths(settling.share()),
        millis(settling.bound()),
    )
}

fn builtin(subject: AnySubject, name: &str) -> ScenarioFile {
    scenario::load(name, &[subject.profile]).unwrap_or_else(|problem| panic!("{}", problem.render(false)))
}

fn trace(subject: AnySubject, file: &ScenarioFile, seed: u64) -> Trace {
    let resolved = file.resolve(Seed(seed)).unwrap_or_else(|problem| panic!("{}", problem.render(false)));
    subject.run(&resolved, Keep::Trace).trace.expect("it was kept")
}
