//! What the protocols cost, and how thoroughly they are tried: the text of `reports/protocols.md`.

mod deaths;
mod decisions;
mod waits;

use std::fmt::Write as _;

pub use deaths::{Cut, Deaths, Phase};
pub use decisions::Decisions;
pub use waits::Waits;

use crate::chance::Seed;
use crate::node::CodexNode;
use crate::run::{AnySubject, Keep, subject};
use crate::scenario::{self, ScenarioFile};
use crate::time::Span;
use crate::trace::Trace;

/// How many seeds of `locks-crash` the table of deaths counts.
pub const DEATH_SEEDS: u64 = 300;
/// How many seeds each row of the table of waits sums.
const WAIT_SEEDS: u64 = 5;

/// The whole report.
///
/// # Panics
/// If a built-in scenario does not load.
#[must_use]
pub fn protocols() -> String {
    let subject = subject::<CodexNode>();
    let mut text = String::from(HEAD);
    for voters in [3, 5, 7, 9] {
        for (window, batch) in [(1, 1), (8, 1), (1, 16), (8, 16)] {
            text.push_str(&decision_row(subject, voters, window, batch));
        }
    }
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
    let file = scenario::load("locks-crash", &[subject.profile]);
    let file = file.unwrap_or_else(|problem| panic!("{}", problem.render(false)));
    let mut deaths = Deaths::default();
    for seed in 0..seeds {
        deaths.add(&trace(subject, &file, seed));
    }
    deaths
}

fn trace(subject: AnySubject, file: &ScenarioFile, seed: u64) -> Trace {
    let resolved = file.resolve(Seed(seed)).unwrap_or_else(|problem| panic!("{}", problem.render(false)));
    subject.run(&resolved, Keep::Trace).trace.expect("it was kept")
}
