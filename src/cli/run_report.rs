//! The report of a run, for people and for programs: verdicts, faults, messages, operations.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::chosen::{Chosen, Missed};
use super::exit::Exit;
use super::shell::{BAD, DOUBT, FAINT, GOOD, STRONG, Shell};
use super::table::{Grid, count, counted};
use super::verdicts::{self, Judged};
use crate::check::{ConflictCount, LaneCount, OperationCount, SyncCount, TransactionCount, Wait};
use crate::identity::LaneId;
use crate::run::{Outcome, RunVerdict, Shortfall};
use crate::scenario::Resolved;
use crate::time::Time;
use crate::trace::{Digest, Verdict};

/// All that `run` and `replay` report about a run.
#[derive(Clone, Debug, Serialize)]
pub(super) struct RunReport {
    pub(super) scenario: String,
    about: String,
    subject: &'static str,
    seed: String,
    pub(super) run: String,
    digest: Digest,
    records: u64,
    /// Virtual milliseconds.
    end: String,
    /// Whether it ended as soon as nothing was owed and nothing was pending.
    rested: bool,
    /// The liveness bound for which it is too short.
    #[serde(skip_serializing_if = "Option::is_none")]
    missed: Option<Missed>,
    pub(super) standing: RunVerdict,
    pub(super) judgements: Vec<Judged>,
    shortfalls: Vec<Shortfall>,
    faults: Vec<FaultLine>,
    lanes: BTreeMap<&'static str, Value>,
    operations: Value,
    /// How far each node has applied the log, where there is one.
    replicas: Vec<ReplicaLine>,
    /// The syncs between replicas, by how they were done.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    syncs: BTreeMap<&'static str, SyncCount>,
    /// The conflicts of replicated keys, by class.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    conflicts: BTreeMap<&'static str, ConflictCount>,
    /// What became of transactions.
    #[serde(skip_serializing_if = "Option::is_none")]
    transactions: Option<TransactionCount>,
    facts: BTreeMap<String, u64>,
    /// The command that replays the run.
    pub(super) replay: String,
    pub(super) exit_code: u8,
    #[serde(skip)]
    violates: Vec<&'static str>,
    /// The lanes on which messages can be sent.
    #[serde(skip)]
    spoken: Vec<&'static str>,
}

/// How far nodes have applied the log, and the root of their state.
#[derive(Clone, Debug, Serialize)]
struct ReplicaLine {
    nodes: Vec<String>,
    slot: u64,
    root: String,
}

#[derive(Clone, Debug, Serialize)]
struct FaultLine {
    fault: u32,
    what: String,
    /// The nodes that it acted on, if it has nodes as target.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    targets: Vec<String>,
    /// What it is, for people.
    #[serde(skip)]
    told: String,
    drawn: bool,
    acted: u64,
    touched: u64,
}

/// The number of faults that are listed without `-v`.
const FAULTS: usize = 20;

impl RunReport {
    pub(super) fn new(chosen: &Chosen, resolved: &Resolved, outcome: &Outcome, shell: &Shell) -> Self {
        let run = chosen.run_id(resolved.seed, outcome.digest);
        let trace = outcome.trace.as_ref();
        let lines = trace.map(|trace| verdicts::cited_lines(trace, &outcome.judgements)).unwrap_or_default();
        let violates: Vec<String> = resolved.expected.violates.iter().map(|name| (*name).to_owned()).collect();
        let shortfalls = outcome.shortfalls(resolved);
        let standing = shortfalls.iter().map(Shortfall::verdict).max().unwrap_or(RunVerdict::Met);
        Self {
            scenario: chosen.file.name().to_owned(),
            about: chosen.file.scenario().about.clone(),
            subject: resolved.profile.name,
            seed: resolved.seed.to_string(),
            run: run.to_string(),
            digest: outcome.digest,
            records: outcome.records,
            end: outcome.end.to_string(),
            rested: outcome.rested,
            missed: Missed::of(&chosen.subject, resolved),
            standing,
            judgements: verdicts::judged(&outcome.judgements, &violates, &lines),
            shortfalls,
            faults: faults(resolved, outcome),
            lanes: lanes(resolved, outcome),
            operations: operations(outcome.census.operations),
            replicas: replicas(outcome),
            syncs: outcome.census.syncs.iter().map(|(kind, count)| (kind.name(), *count)).collect(),
            conflicts: outcome.census.conflicts.counts().map(|(class, count)| (class.name(), count.clone())).collect(),
            transactions: outcome.census.transactions.count().cloned(),
            facts: outcome.census.facts().collect(),
            replay: chosen.replay(shell, &run),
            exit_code: Exit::from(standing).code(),
            violates: resolved.expected.violates.clone(),
            spoken: spoken(resolved),
        }
    }

    /// The report for people, which ends with the verdict.
    pub(super) fn text(&self, shell: &Shell) -> String {
        let mut text = if shell.quiet { String::new() } else { self.tables(shell) };
        text.push_str(&verdicts::violations(&self.judgements, shell));
        text.push_str(&shell.fit(&format!("\n{}\n", self.verdict())));
        if self.standing != RunVerdict::Met {
            text.push_str(&format!("{}\n", self.replay));
        }
        if shell.quiet { text.trim_start().to_owned() } else { text }
    }

    /// The verdict, and the events that prove each violation.
    pub(super) fn finding(&self, shell: &Shell) -> String {
        format!("{}\n{}", shell.fit(&self.verdict()), verdicts::violations(&self.judgements, shell))
    }

    /// What ran, and the tables of what happened.
    pub(super) fn tables(&self, shell: &Shell) -> String {
        [
            shell.fit(&self.head()),
            verdicts::table(&self.judgements, shell),
            self.fault_table(shell),
            self.message_table(shell),
            shell.fit(&self.replica_lines()),
            self.sync_table(shell),
            self.conflict_table(shell),
            self.transaction_table(shell),
            self.fact_table(shell),
        ]
        .concat()
    }

    fn head(&self) -> String {
        let Self { scenario, about, run, end, .. } = self;
        let rest = if self.rested { ", ended when nothing was owed and nothing was pending" } else { "" };
        let records = counted(self.records, "record");
        let about =
            if about.is_empty() { String::new() } else { format!(": {}", about.replace(char::is_control, " ")) };
        format!(
            "{STRONG}{scenario}{STRONG:#}{about}\n{FAINT}seed {}, {records}, {end}ms of virtual time{rest}\nrun  {run}{FAINT:#}\n\n",
            self.seed
        )
    }

    fn fault_table(&self, shell: &Shell) -> String {
        let mut grid = Grid::new(&["#fault", "what", "#touched"]);
        let listed = if shell.verbose { self.faults.len() } else { FAULTS };
        for FaultLine { fault, told, touched, drawn, .. } in self.faults.iter().take(listed) {
            let (word, style) = if *touched == 0 && !drawn { (told.as_str(), DOUBT) } else { ("", GOOD) };
            grid.row(vec![fault.to_string(), told.clone(), count(*touched)], word, style);
        }
        if grid.is_empty() {
            return String::new();
        }
        let rest = self.faults.len().saturating_sub(listed);
        let more = if rest > 0 { format!("  {FAINT}and {rest} more; -v lists all{FAINT:#}\n") } else { String::new() };
        format!("\n{}{more}", grid.render(shell.width))
    }

    fn message_table(&self, shell: &Shell) -> String {
        let always = ["sent", "received"];
        let used: Vec<&str> = COLUMNS
            .into_iter()
            .filter(|column| always.contains(column) || self.lanes.values().any(|lane| lane[*column] != 0))
            .collect();
        let titles: Vec<String> = used.iter().map(|column| format!("#{column}")).collect();
        let titles: Vec<&str> = std::iter::once("messages").chain(titles.iter().map(String::as_str)).collect();
        let mut grid = Grid::new(&titles);
        for (lane, counts) in self.lanes.iter().filter(|(lane, _)| self.spoken.contains(lane)) {
            let numbers = used.iter().map(|column| count(counts[*column].as_u64().unwrap_or_default()));
            grid.plain(std::iter::once((*lane).to_owned()).chain(numbers).collect());
        }
        let number = |what: &str| self.operations[what].as_u64().unwrap_or_default();
        let asked = number("invoked");
        let operations = if asked == 0 {
            String::new()
        } else {
            let (returned, retried, gave_up) = (number("returned"), number("retried"), number("given_up"));
            format!(
                "\n  {FAINT}operations{FAINT:#}  {} asked, {} answered, {} asked again, {} given up{}\n",
                count(asked),
                count(returned),
                count(retried),
                count(gave_up),
                self.longest_wait()
            )
        };
        format!("\n{}{}", grid.render(shell.width), shell.fit(&operations))
    }

    /// The longest wait for an answer.
    fn longest_wait(&self) -> String {
        let wait = &self.operations["longest_wait"];
        let part = |name: &str| wait[name].as_str().unwrap_or_default();
        if wait.is_null() {
            return String::new();
        }
        format!("; the longest wait {}ms, of {} from {}ms on", part("lasted"), part("op"), part("since"))
    }

    /// How far the replicas of the log have come: one line if all have the same state.
    fn replica_lines(&self) -> String {
        let line = |ReplicaLine { nodes, slot, root }: &ReplicaLine| {
            format!("  {FAINT}replicas{FAINT:#}    {} at slot {}, root {root}\n", nodes.join(", "), count(*slot))
        };
        self.replicas.iter().map(line).collect()
    }

    /// What syncs transferred, and how much of it was needed.
    fn sync_table(&self, shell: &Shell) -> String {
        if self.syncs.is_empty() {
            return String::new();
        }
        let mut grid = Grid::new(&["syncs", "#complete", "#broken", "#received", "#needed", "#share"]);
        for (kind, SyncCount { complete, broken, received, needed }) in &self.syncs {
            let share =
                (needed * 100).checked_div(*received).map_or_else(|| "–".to_owned(), |share| format!("{share} %"));
            let numbers = [complete, broken, received, needed].map(|number| count(*number));
            grid.plain(std::iter::once((*kind).to_owned()).chain(numbers).chain([share]).collect());
        }
        format!("\n{}", grid.render(shell.width))
    }

    /// How conflicts were resolved, and one of each class.
    fn conflict_table(&self, shell: &Shell) -> String {
        if self.conflicts.is_empty() {
            return String::new();
        }
        let mut grid = Grid::new(&["conflicts", "#by rule", "#polled", "#by poll", "#by canon", "#by rank"]);
        for (class, conflicts) in &self.conflicts {
            let ConflictCount { ruled, polled, by_poll, by_canon, by_rank, example: _ } = conflicts;
            let numbers = [ruled, polled, by_poll, by_canon, by_rank].map(|number| count(*number));
            grid.plain(std::iter::once((*class).to_owned()).chain(numbers).collect());
        }
        let told = |(class, conflicts): (&&str, &ConflictCount)| {
            conflicts.example.as_ref().map(|example| shell.fit(&format!("  a {class} one {example}\n")))
        };
        let examples: String = self.conflicts.iter().filter_map(told).collect();
        format!("\n{}{examples}", grid.render(shell.width))
    }

    /// What became of transactions, and what all accounts added up to.
    fn transaction_table(&self, shell: &Shell) -> String {
        let Some(transactions) = &self.transactions else { return String::new() };
        let TransactionCount { attempts, committed, aborted, waited, died, refused, sums } = transactions;
        let columns = ["transactions", "#attempts", "#committed", "#aborted", "#waited", "#died", "#refused"];
        let mut grid = Grid::new(&columns);
        let numbers = [attempts, committed, aborted, waited, died, refused].map(|number| count(*number));
        grid.plain(std::iter::once(String::new()).chain(numbers).collect());
        let told = |(sum, times): (&i64, &u64)| {
            shell.fit(&format!("  all numbers were read at once {}, and added up to {sum}\n", counted(*times, "time")))
        };
        let audits: String = sums.iter().map(told).collect();
        format!("\n{}{audits}", grid.render(shell.width))
    }

    fn fact_table(&self, shell: &Shell) -> String {
        let mut grid = Grid::new(&["fact", "#count"]);
        for (fact, number) in &self.facts {
            grid.plain(vec![fact.clone(), count(*number)]);
        }
        if shell.verbose && !grid.is_empty() { format!("\n{}", grid.render(shell.width)) } else { String::new() }
    }

    /// The verdict, in a line.
    fn verdict(&self) -> String {
        let list = |what: &[Shortfall]| what.iter().map(verdicts::sentence).collect::<Vec<_>>().join("; ");
        match self.standing {
            RunVerdict::Met if !self.violates.is_empty() => {
                let fell = self.violates.join(", ");
                format!("{GOOD}passed{GOOD:#}: {fell} was expected to be violated, and is")
            }
            RunVerdict::Met => {
                let is_idle = |judged: &&Judged| judged.verdict == Verdict::Holds { exercised: 0 };
                let idle: Vec<&str> =
                    self.judgements.iter().filter(is_idle).map(|judged| judged.invariant.as_str()).collect();
                let held = counted((self.judgements.len() - idle.len()) as u64, "invariant");
                let idle = match idle.as_slice() {
                    [] => String::new(),
                    idle => format!(", {} not exercised ({})", count(idle.len() as u64), idle.join(", ")),
                };
                let faults = if self.faults.iter().any(|fault| !fault.drawn) {
                    "; every scripted fault took effect"
                } else {
                    ""
                };
                format!("{GOOD}passed{GOOD:#}: {held} held{idle}{faults}")
            }
            RunVerdict::Unproven => format!("{DOUBT}unproven{DOUBT:#}: {}", list(&self.shortfalls)),
            RunVerdict::Broken => format!("{BAD}failed{BAD:#}: {}", list(&self.shortfalls)),
        }
    }
}

fn faults(resolved: &Resolved, outcome: &Outcome) -> Vec<FaultLine> {
    let faults = (1..).zip(&resolved.plan.faults);
    let line = |(fault, planned): (u32, &crate::fault::PlannedFault)| {
        let counts = outcome.census.fault(fault);
        let targets = outcome.census.targets(fault);
        FaultLine {
            fault,
            what: planned.to_string(),
            targets: targets.iter().map(ToString::to_string).collect(),
            told: planned.told((counts.acted > 0).then_some(targets)),
            drawn: planned.drawn,
            acted: counts.acted,
            touched: counts.touched,
        }
    };
    faults.map(line).collect()
}

/// The outcomes of messages, in the order of the columns.
const COLUMNS: [&str; 10] =
    ["sent", "received", "lost", "cut", "missed", "doubled", "corrupted", "garbled", "held", "dropped"];

fn lanes(resolved: &Resolved, outcome: &Outcome) -> BTreeMap<&'static str, Value> {
    let lanes = (0_u8..).zip(resolved.profile.lanes);
    let counts = |(index, name): (u8, &&'static str)| {
        let LaneCount { sent, dropped, received, corrupted, garbled, lost, cut, missed, held, doubled } =
            outcome.census.lane(LaneId::new(index));
        let counts = json!({
            "sent": sent, "dropped": dropped, "received": received, "corrupted": corrupted, "garbled": garbled,
            "lost": lost, "cut": cut, "missed": missed, "held": held, "doubled": doubled,
        });
        (*name, counts)
    };
    lanes.map(counts).collect()
}

/// The lanes on which messages can be sent with these settings.
fn spoken(resolved: &Resolved) -> Vec<&'static str> {
    let profile = resolved.profile;
    let spoken = |(lane, _): &(u8, _)| profile.speaks_on(LaneId::new(*lane), resolved.settings());
    let lanes = (0_u8..).zip(profile.lanes).filter(spoken);
    lanes.map(|(_, name)| *name).collect()
}

/// The replicas of the log, grouped by their state, in the order of the nodes.
fn replicas(outcome: &Outcome) -> Vec<ReplicaLine> {
    let mut lines: Vec<ReplicaLine> = Vec::new();
    for (node, (slot, root)) in &outcome.census.replicas {
        let (slot, root) = (slot.0, format!("{root:016x}"));
        match lines.iter_mut().find(|line| (line.slot, &line.root) == (slot, &root)) {
            Some(line) => line.nodes.push(node.to_string()),
            None => lines.push(ReplicaLine { nodes: vec![node.to_string()], slot, root }),
        }
    }
    lines
}

fn operations(operations: OperationCount) -> Value {
    let OperationCount { invoked, retried, returned, given_up, longest } = operations;
    let longest = longest.map(|Wait { op, since, lasted }| {
        let lasted = Time::ZERO + lasted;
        json!({ "op": op.to_string(), "since": since.to_string(), "lasted": lasted.to_string() })
    });
    json!({
        "invoked": invoked, "retried": retried, "returned": returned, "given_up": given_up, "longest_wait": longest,
    })
}
