//! Rules for entries of `"faults"`: which fields can be combined, when faults act, and what the subject tolerates.

use super::targets;
use crate::fault::{ClockFault, DiskFault, Fault, FaultKind, Harm, LinkShare, Target};
use crate::measure::{Drift, Offset, Share};
use crate::scenario::diagnostic::Finding;
use crate::scenario::entry::{Draw, FaultEntry};
use crate::scenario::format::Scenario;
use crate::scenario::path::Path;
use crate::scenario::suggest;
use crate::subject::Profile;
use crate::time::Span;

/// The maximum number of faults of one entry; if they are drawn, on average.
pub(in crate::scenario) const MOST_FAULTS: u64 = 10_000;

/// The maximum number of node names in all faults of one entry.
const MOST_NAMES: u64 = 100_000_000;

pub(super) fn check(scenario: &Scenario, profile: &Profile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, entry) in scenario.faults.iter().enumerate() {
        let path = Path::of("faults").index(index);
        if let Some(finding) = combination(entry, &path) {
            findings.push(finding);
            continue;
        }
        if let Some(fault) = &entry.fault {
            findings.extend(written(entry, fault, scenario, &path));
            findings.extend(targets::fault(fault, scenario.nodes, &path.key("fault")));
            findings.extend(proposer(fault, profile, &path));
            findings.extend(borne(entry, fault, scenario, profile, &path));
        }
        if let Some(draw) = &entry.draw {
            findings.extend(drawn(entry, draw, scenario, &path));
            findings.extend(kinds(entry, draw, scenario, profile, &path));
        }
        if let Some(when) = &entry.when {
            let facts = (profile.facts)();
            findings.extend(fact(&when.fact, &facts, path.key("when").key("fact")));
            if when.n == 0 {
                findings.push(Finding::new(path.key("when").key("n"), "`n` must be greater than 0").help("remove `n`"));
            }
        }
    }
    findings
}

/// The target `proposer` needs a protocol with a proposer.
fn proposer(fault: &Fault, profile: &Profile, path: &Path) -> Option<Finding> {
    (fault.target() == Some(&Target::Proposer) && profile.role("proposer").is_none()).then(|| {
        let message = format!("`{}` has no proposer", profile.name);
        Finding::new(path.key("fault").key("target"), message).help("name a node, or use `one`")
    })
}

/// The fact must exist.
pub(super) fn fact(fact: &str, facts: &[String], path: Path) -> Option<Finding> {
    if facts.iter().any(|known| known == fact) {
        return None;
    }
    let finding = Finding::new(path, format!("no node notes a fact `{fact}`")).label("unknown fact");
    Some(finding.help(suggest::cure(fact, facts.iter().map(String::as_str))))
}

/// The fields must be one of the valid combinations.
fn combination(entry: &FaultEntry, path: &Path) -> Option<Finding> {
    let misplaced = |key: &str, why: &str, help: &str| Some(Finding::new(path.key(key), why).at_key().help(help));
    match (&entry.fault, &entry.draw) {
        (None, None) => {
            let finding = Finding::new(path.clone(), "`fault` or `draw` is missing");
            Some(
                finding.help(
                    "such as { \"at\": \"5s\", \"for\": \"1s\", \"fault\": { \"kill\": { \"target\": \"one\" } } }",
                ),
            )
        }
        (Some(_), Some(_)) => {
            misplaced("draw", "an entry has `fault` or `draw`, not both", "split it into two entries")
        }
        (Some(_), None) if entry.from.is_some() || entry.until.is_some() => {
            let key = if entry.from.is_some() { "from" } else { "until" };
            misplaced(key, "`from` and `until` are for drawn faults", "a scripted fault has `at` and `for`")
        }
        (Some(_), None) if entry.at.is_some() && entry.when.is_some() => {
            misplaced("when", "an entry has `at` or `when`, not both", "remove one of the two")
        }
        (Some(_), None) if entry.at.is_none() && entry.when.is_none() => {
            let finding = Finding::new(path.clone(), "`at` or `when` is missing");
            Some(finding.help("such as \"at\": \"5s\""))
        }
        (Some(_), None) if entry.every.is_some() && entry.when.is_some() => {
            misplaced("every", "`every` needs `at`", "a fault with `when` acts once")
        }
        (Some(fault), None) if entry.lasts.is_some() && !can_end(fault) => {
            let message = format!("a {} has no duration", fault.kind().name());
            misplaced("for", &message, "remove `for`")
        }
        (None, Some(_)) => {
            let keys = [("at", entry.at.is_some()), ("for", entry.lasts.is_some()), ("every", entry.every.is_some())];
            let keys = keys.into_iter().chain([("when", entry.when.is_some()), ("drawn", entry.drawn)]);
            let keys = keys.chain([("name", entry.name.is_some())]);
            let key = keys.filter(|(_, there)| *there).map(|(key, _)| key).next()?;
            let help = "limit drawn faults with `from`, `until`, `draw.shortest` and `draw.longest`";
            misplaced(key, &format!("`{key}` is for scripted faults, but this entry draws faults"), help)
        }
        (Some(_), None) => None,
    }
}

pub(super) const fn can_end(fault: &Fault) -> bool {
    match fault {
        Fault::Restart(_) | Fault::Resume(_) | Fault::Heal(_) => false,
        Fault::Kill(_)
        | Fault::Pause(_)
        | Fault::Partition(_)
        | Fault::Clog(_)
        | Fault::Delay(_)
        | Fault::Loss(_)
        | Fault::Duplicate(_)
        | Fault::Reorder(_)
        | Fault::Corrupt(_)
        | Fault::Clock(_)
        | Fault::Disk(_) => true,
    }
}

fn written(entry: &FaultEntry, fault: &Fault, scenario: &Scenario, path: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(entry.at.and_then(|at| in_time(at, scenario, path.key("at"))));
    if let (Some(at), Some(every)) = (entry.at, entry.every) {
        let time = scenario.run.quiescence() - at;
        if every.is_zero() {
            findings.push(Finding::new(path.key("every"), "`every` must be greater than 0").help("such as \"1s\""));
        } else {
            findings.extend(too_many(time.as_nanos() / every.as_nanos(), scenario, path.key("every")));
        }
    }
    if let Fault::Clock(clock) = fault
        && says_nothing(clock)
    {
        let finding = Finding::new(path.key("fault").key("clock"), "this clock fault changes nothing");
        findings.push(finding.help("add one of `offset`, `drift`, `bump`, `freeze`, `monotonic_drift`"));
    }
    findings
}

fn says_nothing(clock: &ClockFault) -> bool {
    let ClockFault { target: _, offset, drift, monotonic_drift, bump, freeze, monotonic_freeze } = clock;
    let moved = offset.is_some() || bump.is_some();
    let bent = drift.is_some() || monotonic_drift.is_some();
    !(moved || bent || *freeze || *monotonic_freeze)
}

/// The time must be before quiescence and before the end.
fn in_time(at: Span, scenario: &Scenario, path: Path) -> Option<Finding> {
    let run = &scenario.run;
    if let Some(end) = run.end_before(at) {
        let finding =
            Finding::new(path, format!("{at} is after the end of the run")).label(format!("the run ends at {end}"));
        return Some(finding.help("choose an earlier time, or make `run.for` longer"));
    }
    let quiescence = run.quiesce_at.filter(|quiescence| at >= *quiescence)?;
    let finding = Finding::new(path, format!("{at} is after quiescence, when no fault acts"));
    Some(
        finding
            .label(format!("quiescence begins at {quiescence}"))
            .help("choose an earlier time, or a later `run.quiesce_at`"),
    )
}

/// The limit on the number of faults, and of node names in them.
fn too_many(count: u64, scenario: &Scenario, path: Path) -> Option<Finding> {
    let most = MOST_FAULTS.min(MOST_NAMES / u64::from(scenario.nodes.count()));
    let finding = || Finding::new(path, format!("too many faults, about {count}: at most {most} are allowed"));
    (count > most).then(|| finding().help("lower the rate, or shorten the time"))
}

fn drawn(entry: &FaultEntry, draw: &Draw, scenario: &Scenario, path: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    let quiescence = scenario.run.quiescence();
    let (from, until) = (entry.from.unwrap_or(Span::ZERO), entry.until.unwrap_or(quiescence));
    findings.extend(entry.from.and_then(|from| in_time(from, scenario, path.key("from"))));
    if until > quiescence {
        let finding = Finding::new(path.key("until"), format!("no fault acts after {quiescence}"));
        findings.push(finding.help("remove `until` to draw faults until then"));
    }
    if findings.is_empty() && from >= until {
        let key = if entry.until.is_some() { "until" } else { "from" };
        findings.push(Finding::new(path.key(key), format!("the time from {from} to {until} is empty")));
    }
    let path = path.key("draw");
    let gap = draw.rate.mean_gap().unwrap_or(u64::MAX).max(1);
    let count = (until - from).as_nanos() / gap;
    findings.extend(too_many(count, scenario, path.key("rate")));
    if let (Some(shortest), Some(longest)) = (draw.shortest, draw.longest)
        && shortest > longest
    {
        let message = format!("`shortest` is greater than `longest`: {shortest} > {longest}");
        findings.push(Finding::new(path.key("shortest"), message).help("swap the two"));
    }
    if draw.kinds.is_empty() {
        findings.push(Finding::new(path.key("kinds"), "`kinds` is empty").help("such as [\"kill\"]"));
    }
    findings
}

fn beyond(path: Path, what: &str, why: &str) -> Finding {
    let finding = Finding::new(path, format!("this `{what}` exceeds what the subject claims to tolerate: {why}"));
    finding.help("add \"exceed\": true to the entry if this is intended")
}

fn borne(entry: &FaultEntry, fault: &Fault, scenario: &Scenario, profile: &Profile, path: &Path) -> Option<Finding> {
    let why = profile.exceeds(fault, &scenario.protocols).filter(|_| !entry.exceed)?;
    Some(beyond(path.key("fault"), fault.kind().name(), why))
}

/// The kinds of which no fault could be drawn.
fn kinds(entry: &FaultEntry, draw: &Draw, scenario: &Scenario, profile: &Profile, path: &Path) -> Vec<Finding> {
    let path = path.key("draw").key("kinds");
    let kinds = draw.kinds.iter().enumerate().filter(|_| !entry.exceed);
    let refused = kinds.filter_map(|(index, kind)| {
        let why = samples(*kind)
            .iter()
            .map(|sample| profile.exceeds(sample, &scenario.protocols))
            .collect::<Option<Vec<_>>>()?;
        Some(beyond(path.index(index), kind.name(), why.first()?))
    });
    refused.collect()
}

/// The mildest fault of each variant of a kind; none for kinds whose effect depends only on the target.
fn samples(kind: FaultKind) -> Vec<Fault> {
    let target = Target::One;
    let share = || LinkShare { share: Share::from_percent(1), from: None, to: None };
    let clock = ClockFault {
        target: target.clone(),
        offset: None,
        drift: None,
        monotonic_drift: None,
        bump: None,
        freeze: false,
        monotonic_freeze: false,
    };
    match kind {
        FaultKind::Loss => vec![Fault::Loss(share())],
        FaultKind::Duplicate => vec![Fault::Duplicate(share())],
        FaultKind::Reorder => vec![Fault::Reorder(share())],
        FaultKind::Corrupt => vec![Fault::Corrupt(share())],
        FaultKind::Clock => vec![
            Fault::Clock(ClockFault { offset: Some(Offset::from_nanos(1)), ..clock.clone() }),
            Fault::Clock(ClockFault { bump: Some(Offset::from_nanos(1)), ..clock.clone() }),
            Fault::Clock(ClockFault { drift: Some(Drift::from_ppb(1)), ..clock.clone() }),
            Fault::Clock(ClockFault { monotonic_drift: Some(Drift::from_ppb(1)), ..clock.clone() }),
            Fault::Clock(ClockFault { freeze: true, ..clock }),
        ],
        FaultKind::Disk => [Harm::Torn, Harm::Slow(Span::from_millis(1)), Harm::IoError, Harm::Damage]
            .map(|harm| Fault::Disk(DiskFault { target: target.clone(), harm }))
            .to_vec(),
        FaultKind::Kill => vec![Fault::Kill(crate::fault::Crash { target, after_effects: None })],
        FaultKind::Restart => {
            vec![Fault::Restart(crate::fault::Restart { target, wipe: false, after_effects: None })]
        }
        FaultKind::Pause => vec![Fault::Pause(crate::fault::OfNodes { target })],
        FaultKind::Resume => vec![Fault::Resume(crate::fault::OfNodes { target })],
        FaultKind::Partition => vec![Fault::Partition(crate::fault::Partition::default())],
        FaultKind::Heal => vec![Fault::Heal(crate::fault::Nothing {})],
        FaultKind::Clog => vec![Fault::Clog(crate::fault::Clog::default())],
        FaultKind::Delay => Vec::from([Fault::Delay(crate::fault::SlowLinks {
            delay: crate::network::Delay::default(),
            from: None,
            to: None,
        })]),
    }
}
