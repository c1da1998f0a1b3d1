//! One run: from a resolved scenario to an outcome. Sweeps, replays and commands call this.

mod deadlines;
mod expectations;
pub mod explore;
mod judge;
mod observer;
mod run_verdict;

use std::ops::Range;

use serde_json::Value;

pub use deadlines::Deadlines;
pub use judge::{Judged, judge_unknown};
pub use run_verdict::{RunVerdict, Shortfall};

use observer::{Jury, Observer};

use crate::broadcast::Broadcaster;
use crate::check::{Census, Panel};
use crate::node::CodexNode;
use crate::process::{ClientPlan, Operation};
use crate::scenario::{OperationEntry, Resolved};
use crate::sim::{Cast, Conditions, Simulation};
use crate::subject::{Flaw, Profile, Subject};
use crate::time::Time;
use crate::trace::{Codec, Digest, Footer, Header, Judgement, Recorder, Trace};

/// A subject without its types, as commands need it.
#[derive(Clone, Copy, Debug)]
pub struct AnySubject {
    /// Its description for scenarios.
    pub profile: Profile,
    run: fn(&Resolved, Keep, GoOn<'_>) -> Outcome,
    judge: judge::Judge,
    deadlines: deadlines::Ask,
    explore: explore::Explore,
}

/// Called regularly: returns whether the run should continue.
pub type GoOn<'a> = &'a dyn Fn() -> bool;

/// What a run keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// The digest and the conclusions of the checkers.
    Verdicts,
    /// Also every record.
    Trace,
    /// Also the digest after every [`BLOCK`] records.
    Marks,
    /// As [`Keep::Marks`], and the records of one block, from 0, and of the one before.
    Block(u64),
}

/// The number of records in a block.
pub const BLOCK: u64 = 1_024;

impl Keep {
    /// The range of the kept records; the first record is 0.
    fn records(self) -> Range<u64> {
        match self {
            Self::Verdicts | Self::Marks => 0..0,
            Self::Trace => 0..u64::MAX,
            Self::Block(number) => number.saturating_sub(1) * BLOCK..(number + 1) * BLOCK,
        }
    }

    const fn marks(self) -> bool {
        matches!(self, Self::Marks | Self::Block(_))
    }
}

/// The outcome of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The digest of all records.
    pub digest: Digest,
    /// The number of records.
    pub records: u64,
    /// When it ended, in virtual time.
    pub end: Time,
    /// Whether it ended early, because it had come to rest: all that was owed had happened, and only periodic messages
    /// and timers were pending.
    pub rested: bool,
    /// The conclusions of the checkers: first of the kernel's laws, then of the scenario's invariants.
    pub judgements: Vec<Judgement>,
    /// The counts of what happened.
    pub census: Census,
    /// The flaws that are on and without which the run is the same, record by record: they never acted. Empty unless
    /// [`AnySubject::find_idle_flaws`] was called.
    pub idle_flaws: Vec<&'static Flaw>,
    /// Whether it was stopped by `go_on` before its end and before its verdict was final: then it proves nothing.
    pub interrupted: bool,
    /// Every record, or those around one block, if they were kept.
    pub trace: Option<Trace>,
    /// The digest of all records so far after each whole block, if these were kept.
    pub marks: Vec<Digest>,
}

/// The subject `S`, for [`crate::cli::main`].
#[must_use]
pub fn subject<S: Subject>() -> AnySubject {
    AnySubject {
        profile: Profile::of::<S>(),
        run: run::<S>,
        judge: judge::judge::<S>,
        deadlines: deadlines::of::<S>,
        explore: explore::explore::<S>,
    }
}

/// The codex node.
#[must_use]
#[inline(never)]
pub fn codex() -> AnySubject {
    subject::<CodexNode>()
}

/// The causal broadcast.
#[must_use]
#[inline(never)]
pub fn broadcast() -> AnySubject {
    subject::<Broadcaster>()
}

/// The subjects that come with the program. Their code is instantiated once, here.
#[must_use]
pub fn subjects() -> [AnySubject; 2] {
    [codex(), broadcast()]
}

impl AnySubject {
    /// Runs a scenario of this subject.
    #[must_use]
    pub fn run(&self, resolved: &Resolved, keep: Keep) -> Outcome {
        self.run_while(resolved, keep, &|| true)
    }

    /// The deadlines after quiescence, and the end of the run of a scenario.
    #[must_use]
    pub fn deadlines(&self, resolved: &Resolved) -> Deadlines {
        (self.deadlines)(resolved)
    }

    /// Runs a scenario of this subject as long as `go_on` returns true; it is called once in a thousand records.
    #[must_use]
    pub fn run_while(&self, resolved: &Resolved, keep: Keep, go_on: GoOn<'_>) -> Outcome {
        (self.run)(resolved, keep, go_on)
    }

    /// Notes in the outcome of a run which of the flaws that are on never acted: the run is repeated without each of them.
    /// A run that violates something is left as it is, and so is one that should. If that was stopped, so is the outcome:
    /// it is not known whether the flaw acts.
    pub fn find_idle_flaws(&self, resolved: &Resolved, outcome: &mut Outcome, go_on: GoOn<'_>) {
        let proves_nothing = outcome.interrupted || !resolved.expected.violates.is_empty();
        if proves_nothing || outcome.judgements.iter().any(|judged| judged.verdict.violation().is_some()) {
            return;
        }
        for flaw in resolved.flaws() {
            let without = self.run_while(&resolved.without_flaw(flaw), Keep::Verdicts, go_on);
            outcome.interrupted |= without.interrupted;
            if without.digest == outcome.digest {
                outcome.idle_flaws.push(flaw);
            }
        }
    }
}

fn run<S: Subject>(resolved: &Resolved, keep: Keep, go_on: GoOn<'_>) -> Outcome {
    let settings: S::Settings = read(resolved.settings());
    let setup = resolved.setup.clone();
    let recorder = if keep.records().contains(&0) { Recorder::keeping() } else { Recorder::digest_only() };
    let clients = clients::<S>(resolved);
    let deadlines = deadlines::deadlines::<S>(resolved, &settings, &clients);
    let panel = panel::<S>(&settings, resolved, &deadlines);
    let jury = Jury::new(panel, resolved.expected.violates.clone());
    let observer = Observer { recorder, keep, marks: Vec::new(), jury, go_on, interrupted: false };
    let config = S::config(&setup, &settings);
    let cast = Cast::<S> {
        config: config.clone(),
        nodes: setup.nodes(),
        clients,
        disk: Box::new(move |node| S::fresh_disk(&config, node)),
    };
    let simulation = Simulation::new(conditions(resolved, &deadlines), cast, observer);
    let (end, observer) = simulation.with_operations(operations::<S>(resolved)).run();
    let rested = deadlines.is_rest(end) && !observer.jury.over() && !observer.interrupted;
    Outcome { rested, ..outcome::<S>(resolved, &deadlines, end, observer) }
}

/// The clients of the scenario's workload; without a workload, only scripted operations have clients.
fn clients<S: Subject>(resolved: &Resolved) -> Vec<ClientPlan<S::Client>> {
    let workload: Vec<S::Workload> = resolved.workload().iter().map(read).collect();
    if workload.is_empty() {
        return Vec::new();
    }
    S::clients(&resolved.setup, &workload, &mut resolved.seed.dice("workload"))
}

/// The scripted operations of the scenario.
fn operations<S: Subject>(resolved: &Resolved) -> Vec<Operation<S::Command>> {
    let operation = |entry: &OperationEntry| Operation {
        op: entry.op,
        at: Time::ZERO + entry.at,
        to: entry.to.0.clone(),
        command: read(&entry.command),
        timeout: entry.timeout,
        retries: entry.retries,
    };
    resolved.operations().iter().map(operation).collect()
}

fn conditions(resolved: &Resolved, deadlines: &Deadlines) -> Conditions {
    Conditions {
        seed: resolved.seed,
        end: deadlines.end,
        quiescence: resolved.is_quiescent().then_some(resolved.setup.quiescence),
        core: resolved.setup.core.clone(),
        rests: deadlines.rests,
        network: resolved.network.clone(),
        fates: resolved.fates.clone(),
        clocks: resolved.clock_errors(),
        sync: resolved.sync_delay(),
        faults: resolved.plan.clone(),
        elected: resolved.profile.role("proposer").filter(|_| resolved.plan.means_proposer()),
    }
}

/// The checkers of the kernel's laws and of every invariant that the scenario names.
fn panel<S: Subject>(settings: &S::Settings, resolved: &Resolved, deadlines: &Deadlines) -> Panel<S::Fact> {
    let fixed = resolved.fates.keys().copied().collect();
    let mut panel = Panel::laws_within(resolved.scenario.network.calm_delay, fixed);
    let expected = &resolved.expected;
    for invariant in resolved.profile.claims(&resolved.setup, resolved.settings()) {
        let name = invariant.name;
        if expected.holds.contains(&name) || expected.violates.contains(&name) {
            let checker = S::checker(&resolved.setup, settings, name);
            let checker = checker.expect("a subject has a checker for each invariant that it claims");
            panel.seat_until(name, checker, deadlines.due(name).unwrap_or(Time::MAX));
        }
    }
    expectations::seat(&mut panel, resolved);
    panel
}

fn outcome<S: Subject>(
    resolved: &Resolved,
    deadlines: &Deadlines,
    end: Time,
    observer: Observer<'_, S::Fact>,
) -> Outcome {
    let Observer { recorder, jury, interrupted, marks, keep, .. } = observer;
    let records = recorder.records();
    let (digest, tape) = recorder.finish();
    let (judgements, census) = if interrupted { jury.stop(end) } else { jury.conclude(end) };
    let kept = keep.records();
    let tape = if kept.is_empty() { None } else { Some(tape.unwrap_or_default()) };
    let trace = tape.map(|tape| {
        let records = kept.end.min(records).saturating_sub(kept.start);
        let footer = Footer { time: end, records, digest, judgements: judgements.clone() };
        Trace::new(header(resolved, deadlines), footer, tape, Codec::of::<S>())
    });
    Outcome {
        digest,
        records,
        end,
        rested: false,
        judgements,
        census,
        idle_flaws: Vec::new(),
        interrupted,
        trace,
        marks,
    }
}

/// The head of a run's trace.
fn header(resolved: &Resolved, deadlines: &Deadlines) -> Header {
    let faults = resolved.plan.faults.iter().map(ToString::to_string);
    Header {
        scenario: resolved.scenario.name.clone(),
        subject: resolved.profile.name.to_owned(),
        seed: resolved.seed,
        nodes: resolved.setup.nodes(),
        lanes: resolved.profile.lanes.iter().map(|lane| (*lane).to_owned()).collect(),
        resolved: serde_json::to_value(resolved.scenario.as_ref()).expect("a scenario is plain data"),
        faults: faults.collect(),
        due: deadlines.all().map(|(name, due)| (name.to_owned(), due)).collect(),
    }
}

/// Reads settings or workloads, which were checked with the scenario.
fn read<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).expect("a resolved scenario has been read by its subject before")
}
