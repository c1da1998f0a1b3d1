//! The cost of the protocols, and how thoroughly they are tested: the text of `reports/protocols.md`.

mod coverage;
mod crashes;
mod decisions;
mod rounds;
mod settling;
mod syncs;
mod waits;

use std::fmt::Write as _;

pub use coverage::{
    FaultCoverage, Hit, Hits, LogNode, ReplicaCoverage, ReplicaNode, Role, StepKind, TransactionCoverage,
    TransactionNode, Watched,
};
pub use crashes::{CrashPoint, Crashes, LockStep};
pub use decisions::Decisions;
pub use rounds::Rounds;
pub use settling::Settling;
pub use syncs::SyncCosts;
pub use waits::Waits;

use crate::chance::Seed;
use crate::identity::NodeId;
use crate::observation::SyncKind;
use crate::run::{self, AnySubject, Keep};
use crate::scenario::{self, ScenarioFile};
use crate::time::Span;
use crate::trace::Trace;

/// The number of seeds of `locks-crash` for the table of crash points.
pub const CRASH_SEEDS: u64 = 300;
/// The number of seeds of each scenario of the replicated log for the table of waits after quiescence.
pub const SETTLING_SEEDS: u64 = 100;
/// The number of seeds of `codex-storm` for the tables of fault coverage of replicas.
pub const REPLICA_SEEDS: u64 = 150;

/// The number of seeds of `bank-crash` for the tables of fault coverage of transactions.
pub const TRANSACTION_SEEDS: u64 = 300;

/// The number of seeds of `consensus-storm` for the tables of fault coverage.
pub const COVERAGE_SEEDS: u64 = 150;
/// The scenarios of the replicated log with faults and quiescence.
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
/// The number of seeds for each row of the table of waits for locks.
const WAIT_SEEDS: u64 = 5;

/// The whole report.
///
/// # Panics
/// If a built-in scenario does not load.
#[must_use]
pub fn protocols() -> String {
    let subject = run::codex();
    let mut text = String::from(HEAD);
    text.extend([3, 5, 7, 9].map(|voters| decision_rows(subject, voters)));
    text.push_str(SETTLING_HEAD);
    text.extend(CONSENSUS.map(|name| settling(subject, name, SETTLING_SEEDS).row(name)));
    text.push_str(COVERAGE_HEAD);
    text.push_str(&coverage_tables(&coverage(subject, COVERAGE_SEEDS)));
    text.push_str(LOCKS_HEAD);
    text.extend([2, 3, 5, 9, 17].map(|nodes| wait_row(subject, nodes)));
    text.push_str(CRASHES_HEAD);
    text.push_str(&crash_rows(&crashes(subject, CRASH_SEEDS)));
    text.push_str(&sync_table(subject));
    text.push_str(ROUNDS_HEAD);
    text.extend([10, 100, 1_000].map(|nodes| rounds_rows(subject, nodes)));
    text.push_str(REPLICA_COVERAGE_HEAD);
    text.push_str(&replica_coverage_tables(&replica_coverage(subject, REPLICA_SEEDS)));
    text.push_str(TRANSACTIONS_HEAD);
    text.push_str(&transaction_coverage_tables(&transaction_coverage(subject, TRANSACTION_SEEDS)));
    text
}

/// The rows of the report for decisions of this many voters.
///
/// # Panics
/// If the scenario is invalid.
#[must_use]
pub fn decision_rows(subject: AnySubject, voters: u32) -> String {
    let shapes = [(1, 1), (8, 1), (1, 16), (8, 16)];
    shapes.map(|(window, batch)| decision_row(subject, voters, window, batch)).concat()
}

/// The rows of the report for crash points.
#[must_use]
pub fn crash_rows(crashes: &Crashes) -> String {
    let row = |(phase, cut): (LockStep, CrashPoint)| {
        let io_error = if cut.writes() { crashes.io_errors(phase, cut).to_string() } else { "–".to_owned() };
        format!("| {phase} | {cut} | {} | {io_error} |\n", crashes.kills(phase, cut))
    };
    Crashes::possible().map(row).collect()
}

const HEAD: &str = "\
# Protocols, measured

Made by `cargo run --release --example reports`. All times are virtual. Tests make it again and compare: the rows for
decisions of 3 voters, those for the waits of 2 to 5 nodes, those for `split-brain` and `voter-lost` after quiescence, fault
coverage, crash points, and syncs.

## The replicated log

A decision takes 2 round trips at the proposer, and 2.5 until all voters know it. It takes 5(V−1) messages for V voters, and
one more for each observer; tests assert both from the trace. A client of a node that is not the proposer waits one round
trip more.

The table is for thirty clients that do only puts, without pauses, links of 5 ms in each direction (a round trip is 10 ms), a
disk that takes 0.1 ms, and 5 seconds. `window` is the maximum number of slots under way at once, `batch` the maximum number
of operations in a slot. Waits are in round trips.

| voters | window | batch | operations per second | slots per second | KB per second | messages per operation | wait, median | wait, p99 |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
";

const SETTLING_HEAD: &str = "
### After quiescence

At quiescence some operations are held by a live node, and some slots were proposed and are not decided. The table gives the
time until they are decided, in 100 seeds of each scenario, half of them swarms; and the bound of `termination`, which is
known before the run. A test asserts that nothing takes longer.

| scenario | open | median | p99 | longest | longest / bound | bound |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
";

const COVERAGE_HEAD: &str = "
### Fault coverage

Hits of each fault per message type and sender role, and per step and role of the node, in 150 seeds of `consensus-storm`. A
fault hits a step if it acts during the step, or after it and before the next one. A `learner` is an observer or a lost
voter. A message is `overtaken` if a later message of its sender reaches its receiver first. Steps are named after the
message that they handle; `stand` is an election timeout, `beat` is the proposer's heartbeat timer. A test asserts that no
count is zero.

";

const LOCKS_HEAD: &str = "
## The lock manager

A request without contention takes 2(n−1) messages, whatever it locks; a test asserts it from the trace for 1, 2, 3, 5 and
50 nodes.

The table is for one client per node; all of them request one resource without pauses and hold it for 1 ms, over links of 1
to 10 ms, for 20 seconds in each of 5 seeds. The resource passes from one node to the next with one message, so the time
between two grants hardly depends on the number of nodes, while the wait of each client grows with it.

| nodes | grants per second | wait, mean | wait, p99 | lock messages per grant |
| ---: | ---: | ---: | ---: | ---: |
";

const CRASHES_HEAD: &str = "
### Crash points

The crash points of nodes in 300 seeds of `locks-crash`: the step, and the effect before which the node crashed. `start` is
the first step of an incarnation; `acquire` and `release` handle a client's command; `answer` handles a peer's request,
`grant` a peer's reply. An io error happens at the first write.

| step | crashed before | killed | io error |
| --- | --- | ---: | ---: |
";

const SYNCS_HEAD: &str = "
## State sync

A replica that has heard nothing of a share of 10,000 keys brings itself up to date from one that has them all, in each of the
four ways. Values are texts of 256 bytes, links take 5 ms in each direction (a round trip is 10 ms), a disk takes 0.1 ms, and
the log of `incremental` and `streaming` holds all that differs. `entries` are the keys, values, names, stamps and signatures
of the versions that were sent, `nodes` the inner nodes of tries, `causal` the vectors, and the contexts of versions; what is
left is the rest of the messages. The datagrams' own envelopes, and the channel's hellos and acknowledgements, are not
counted. A version was `needed` if the replica lacked it. Tests assert that a walk takes no more round trips than the depth of
the deepest leaf that differs, and two; that its nodes take at most 1.3 times the bytes of those on the ways to what differs;
and that, without what is causal, `full` sends at most 1.05 times the bytes of its entries, `incremental` and `streaming` at
most 1.2 times.

| sync | keys that differ | messages | KB | of these entries | nodes | causal | round trips | received | needed |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
";

const ROUNDS_HEAD: &str = "
## Gossip

How many rounds one write takes until all replicas have it, in 100 seeds: a round is a period of gossip, a message takes 5 % of
it, and a disk 1 %. *Pushed and pulled* is what nodes do by default; *pulled* is the exchange of digests alone. Beside them
stands a synchronous model in which every node exchanges all that it has with 3 others a round (Demers et al. 1987), for the same
seeds. A fifth of the messages is lost in the lower rows of each pair; the model then loses a fifth of the exchanges. Tests
assert for up to 100 nodes that the median is at most one above that of the model, and the 99th percentile at most three above.

| nodes | loss | pushed and pulled: median | p99 | pulled: median | p99 | model: median | p99 |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
";

/// The rows of the report for rounds of gossip of this many nodes.
///
/// # Panics
/// If the scenario is invalid.
#[must_use]
pub fn rounds_rows(subject: AnySubject, nodes: u32) -> String {
    let row = |loss: &str| {
        let [both, pulled] = [true, false].map(|push| rounds(subject, nodes, loss, push, ROUND_SEEDS));
        let model = model_rounds(nodes, loss, ROUND_SEEDS);
        let shown: String =
            [both, pulled, model].iter().map(|rounds| format!(" {} | {} |", rounds.median(), rounds.p99())).collect();
        format!("| {nodes} | {} % |{shown}\n", loss.trim_end_matches('%'))
    };
    ["0%", "20%"].map(row).concat()
}

/// The number of seeds for the table of rounds.
pub const ROUND_SEEDS: u64 = 100;

/// How many rounds one write takes to reach this many nodes.
///
/// # Panics
/// If the scenario is invalid, or some node is not reached within 11 rounds.
#[must_use]
pub fn rounds(subject: AnySubject, nodes: u32, loss: &str, push: bool, seeds: u64) -> Rounds {
    let text = format!(
        r#"{{
            "subject": "codex", "nodes": {nodes}, "run": {{ "for": "12s" }},
            "network": {{ "delay": {{ "constant": "50ms" }}, "loss": "{loss}" }}, "disk": {{ "sync": {{ "constant": "10ms" }} }},
            "keyspaces": {{ "documents/": "gossip" }},
            "protocols": {{
                "gossip": {{ "period": "1s", "push": {push}, "beats": 0, "suspect": 1000 }}, "sync": {{ "every": "1h" }}
            }},
            "operations": [ {{ "at": "1s", "op": "c1#1", "to": "n1",
                              "command": {{ "store": {{ "put": {{ "key": "documents/d1", "value": "x" }} }} }} }} ],
            "expect": {{ "holds": [] }}
        }}"#
    );
    let file = ScenarioFile::parse("rounds.json", "rounds", &text, &[subject.profile]);
    let file = file.unwrap_or_else(|problem| panic!("{problem}"));
    Rounds::of(seeds, |seed| rounds::in_trace(&trace(subject, &file, seed), nodes, Span::from_secs(1)))
}

/// How many rounds it takes in a synchronous model of push-pull.
///
/// # Panics
/// If `loss` is no share.
#[must_use]
pub fn model_rounds(nodes: u32, loss: &str, seeds: u64) -> Rounds {
    let loss = loss.parse().expect("a share");
    Rounds::of(seeds, |seed| rounds::in_model(nodes.into(), loss, seed))
}

const REPLICA_COVERAGE_HEAD: &str = "
## Replicas

### Fault coverage

How often each fault hit each message of syncs, gossip and polls, and each step of a node, in 150 seeds of `codex-storm`. The
columns are those of the replicated log's tables. In a sync the *asker* brings itself up to date, and the *giver* is asked; in
a poll the *arbiter* asks *voters*. Steps are named after the message that they handle; `every`, `again` and `reprobe` are the
timers of syncs, `round` is that of gossip and `poll` that of conflicts; `start` is the first step of an incarnation, `command` a
client's operation. A – stands where a step writes nothing: at the first one the journal is read, a giver looks its trie up,
and what is only asked, again or elsewhere, changes nothing. A test asserts that no count is zero.

";

const TRANSACTIONS_HEAD: &str = "
## Transactions

A transaction takes 4 messages for each participant that writes, 3 for each that only reads, 2 if it is the only participant,
and none for the coordinator's own part; an aborted one takes at most 3 for each. Every participant syncs twice, but for a sole
reader, and the coordinator once, if anything is written. Tests assert this from the trace, and that a client waits for one
round trip and two syncs where nothing is in the way.

### Fault coverage

How often each fault hit each message of transactions, and each step of a node, in 300 seeds of `bank-crash`. The columns are
those of the replicated log's tables. Steps are named after the message that they handle; of the timers, `again` sends what is
not answered, `patience` ends an attempt, `retry` begins the next, `doubt` asks, and `idle` tells the watermark; `start` is the
first step of an incarnation, `command` a client's operation. A – stands where a step writes nothing, or only where it
happens to make the file shorter, to let another transaction prepare, or to be asked before its own prepare arrives. A test asserts that no count is zero.

";

/// The fault coverage of this many seeds of `bank-crash`.
///
/// # Panics
/// If the built-in scenario does not load.
#[must_use]
pub fn transaction_coverage(subject: AnySubject, seeds: u64) -> TransactionCoverage {
    hits(subject, "bank-crash", seeds)
}

/// The tables of the report for the fault coverage of transactions.
#[must_use]
pub fn transaction_coverage_tables(coverage: &TransactionCoverage) -> String {
    tables(coverage, &TransactionCoverage::SENT, &TransactionCoverage::TAKEN, TransactionCoverage::can_be)
}

/// The part of the report for syncs.
///
/// # Panics
/// If the scenario is invalid.
#[must_use]
pub fn sync_table(subject: AnySubject) -> String {
    let kinds = [SyncKind::Full, SyncKind::Incremental, SyncKind::Merkle, SyncKind::Streaming];
    let rows = kinds.map(|kind| ["0.1%", "1%", "10%", "100%"].map(|differ| sync_row(subject, kind, differ)).concat());
    [SYNCS_HEAD, &rows.concat()].concat()
}

/// The row of the report for syncs of a kind, where this share of the keys differs.
///
/// # Panics
/// If the scenario is invalid.
#[must_use]
pub fn sync_row(subject: AnySubject, kind: SyncKind, differ: &str) -> String {
    let costs = sync_costs(subject, kind, differ);
    let parts = costs.parts();
    let kilobytes = |bytes: u64| tenths(bytes.div_ceil(100));
    format!(
        "| {} | {} % | {} | {} | {} | {} | {} | {} | {} | {} |\n",
        kind.name(),
        differ.trim_end_matches('%'),
        costs.messages(),
        kilobytes(parts.all),
        kilobytes(parts.entries),
        kilobytes(parts.nodes),
        kilobytes(parts.causal),
        tenths(costs.took().as_nanos() / 1_000_000),
        parts.versions,
        costs.needed(),
    )
}

fn sync_costs(subject: AnySubject, kind: SyncKind, differ: &str) -> SyncCosts {
    let text = format!(
        r#"{{
            "subject": "codex", "nodes": 2, "run": {{ "for": "80s" }},
            "network": {{ "delay": {{ "constant": "5ms" }} }}, "disk": {{ "sync": {{ "constant": "100us" }} }},
            "keyspaces": {{ "documents/": "gossip" }},
            "protocols": {{
                "gossip": {{ "period": "1s", "push": false, "pull": false }},
                "sync": {{ "kind": "{}", "every": "60s" }},
                "replica": {{ "log": 10000, "preload": {{ "keys": 10000, "bytes": 256, "differ": "{differ}" }} }}
            }},
            "expect": {{ "holds": [] }}
        }}"#,
        kind.name()
    );
    let file = ScenarioFile::parse("behind.json", "behind", &text, &[subject.profile]);
    let file = file.unwrap_or_else(|problem| panic!("{problem}"));
    SyncCosts::of(&trace(subject, &file, SECOND_ASKS), NodeId::new(1), Span::from_millis(5))
}

/// A seed with which n2 asks n1 long before n1 asks n2.
const SECOND_ASKS: u64 = 0;

/// The row of the report for waits for a lock of this many nodes.
///
/// # Panics
/// If the scenario is invalid.
#[must_use]
pub fn wait_row(subject: AnySubject, nodes: u32) -> String {
    let text = format!(
        r#"{{
            "subject": "codex", "nodes": {nodes}, "run": {{ "for": "21s", "quiesce_at": "20s" }},
            "workload": [ {{ "locks": {{ "clients": {nodes}, "tree": {{ "width": 1 }}, "think": "0ms", "hold": "1ms",
                                         "uses": 0, "priorities": 1, "timeout": "20s" }} }} ],
            "expect": {{ "holds": [] }}
        }}"#
    );
    let file = ScenarioFile::parse("contended.json", "contended", &text, &[subject.profile]);
    let file = file.unwrap_or_else(|problem| panic!("{problem}"));
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
    let file = file.unwrap_or_else(|problem| panic!("{problem}"));
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

/// The crash points in this many seeds of `locks-crash`.
///
/// # Panics
/// If the built-in scenario does not load.
#[must_use]
pub fn crashes(subject: AnySubject, seeds: u64) -> Crashes {
    let file = builtin(subject, "locks-crash");
    let mut crashes = Crashes::default();
    for seed in 0..seeds {
        crashes.add(&trace(subject, &file, seed));
    }
    crashes
}

/// The fault coverage of this many seeds of `consensus-storm`.
///
/// # Panics
/// If the built-in scenario does not load.
#[must_use]
pub fn coverage(subject: AnySubject, seeds: u64) -> FaultCoverage {
    hits(subject, "consensus-storm", seeds)
}

/// The tables of the report for fault coverage.
#[must_use]
pub fn coverage_tables(coverage: &FaultCoverage) -> String {
    tables(coverage, &FaultCoverage::SENT, &FaultCoverage::TAKEN, FaultCoverage::can_be)
}

/// The fault coverage of this many seeds of `codex-storm`.
///
/// # Panics
/// If the built-in scenario does not load.
#[must_use]
pub fn replica_coverage(subject: AnySubject, seeds: u64) -> ReplicaCoverage {
    hits(subject, "codex-storm", seeds)
}

/// The tables of the report for the fault coverage of replicas.
#[must_use]
pub fn replica_coverage_tables(coverage: &ReplicaCoverage) -> String {
    tables(coverage, &ReplicaCoverage::SENT, &ReplicaCoverage::TAKEN, ReplicaCoverage::can_be)
}

/// Where faults strike in this many seeds of a built-in scenario.
fn hits<W: Watched>(subject: AnySubject, name: &str, seeds: u64) -> Hits<W> {
    let file = builtin(subject, name);
    let mut hits = Hits::default();
    for seed in 0..seeds {
        hits.add(&trace(subject, &file, seed));
    }
    hits
}

/// A table of messages and one of steps.
fn tables<W: Watched>(
    coverage: &Hits<W>,
    sent: &[(W::Step, W::Role)],
    taken: &[(W::Step, W::Role)],
    can_be: impl Fn(W::Step, W::Role, Hit) -> bool + Copy,
) -> String {
    let messages = coverage_table(coverage, "message | sender", sent, &Hit::OF_MESSAGES, can_be);
    let steps = coverage_table(coverage, "step | node", taken, &Hit::OF_NODES, can_be);
    format!("{messages}\n{steps}")
}

fn coverage_table<W: Watched>(
    coverage: &Hits<W>,
    head: &str,
    rows: &[(W::Step, W::Role)],
    columns: &[Hit],
    can_be: impl Fn(W::Step, W::Role, Hit) -> bool,
) -> String {
    let named: String = columns.iter().map(|hit| format!(" {hit} |")).collect();
    let mut text = format!("| {head} |{named}\n| --- | --- |{}\n", " ---: |".repeat(columns.len()));
    for (kind, role) in rows {
        let count = |hit: &Hit| match can_be(*kind, *role, *hit) {
            true => format!(" {} |", coverage.count(*kind, *role, *hit)),
            false => " – |".to_owned(),
        };
        let counts: String = columns.iter().map(count).collect();
        writeln!(text, "| {kind} | {role} |{counts}").expect("a text grows");
    }
    text
}

/// How long a scenario of the replicated log takes after quiescence, in this many seeds, half of them swarms.
///
/// # Panics
/// If the built-in scenario does not exist.
#[must_use]
pub fn settling(subject: AnySubject, name: &str, seeds: u64) -> Settling {
    let file = builtin(subject, name);
    let files = [file.clone(), file.with_swarm(true)];
    let mut settling = Settling::default();
    for seed in 0..seeds {
        let file = &files[usize::from(seed % 2 == 1)];
        let resolved = file.resolve(Seed(seed)).unwrap_or_else(|problem| panic!("{problem}"));
        settling.add(&resolved, &subject.run(&resolved, Keep::Trace).trace.expect("it was kept"));
    }
    settling
}

fn builtin(subject: AnySubject, name: &str) -> ScenarioFile {
    scenario::load(name, &[subject.profile]).unwrap_or_else(|problem| panic!("{problem}"))
}

fn trace(subject: AnySubject, file: &ScenarioFile, seed: u64) -> Trace {
    let resolved = file.resolve(Seed(seed)).unwrap_or_else(|problem| panic!("{problem}"));
    subject.run(&resolved, Keep::Trace).trace.expect("it was kept")
}
