//! Rules of the cluster, the run, the clocks and the links.

use std::collections::BTreeSet;

use super::{entries, targets};
use crate::fault::Budget;
use crate::measure::Share;
use crate::scenario::cluster::Nodes;
use crate::scenario::diagnostic::Finding;
use crate::scenario::format::Scenario;
use crate::scenario::path::Path;
use crate::subject::Profile;

pub(super) fn check(scenario: &Scenario, profile: &Profile) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(name(&scenario.name));
    findings.extend(nodes(scenario.nodes));
    findings.extend(run(scenario));
    findings.extend(clocks(scenario));
    findings.extend(explore(&scenario.explore, profile));
    if findings.is_empty() {
        findings.extend(links(scenario));
    }
    findings
}

/// A name stands in run ids, file names and traces.
fn name(name: &str) -> Option<Finding> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_./".contains(letter);
    let path = Path::of("name");
    if name.len() > 100 {
        return Some(Finding::new(path, "a name has at most 100 characters"));
    }
    let wrong = name.chars().find(|letter| !fits(*letter))?;
    let finding = Finding::new(path, format!("a name can't have {wrong:?} in it: it stands in run ids and file names"));
    Some(finding.help("letters, digits, `-`, `_`, `.` and `/` can stand in a name"))
}

fn nodes(nodes: Nodes) -> Option<Finding> {
    let path = Path::of("nodes");
    if nodes.count() == 0 {
        return Some(Finding::new(path, "a cluster has at least one node").help("leave `nodes` out for 3"));
    }
    if nodes.voters == 0 {
        return Some(Finding::new(path, "a cluster has at least one voter").help("observers only learn from voters"));
    }
    if nodes.count() > Nodes::MOST {
        let finding = Finding::new(path, format!("a cluster has at most {} nodes", Nodes::MOST));
        return Some(finding.label("too many"));
    }
    None
}

fn run(scenario: &Scenario) -> Option<Finding> {
    let (run, path) = (scenario.run, Path::of("run"));
    let end = run.ends()?;
    if end.is_zero() {
        return Some(Finding::new(path.key("for"), "a run lasts some time").help("such as \"10s\""));
    }
    let calm = run.quiesce_at.filter(|calm| *calm > end)?;
    let finding = Finding::new(path.key("quiesce_at"), format!("the calm would begin at {calm}, after the run's end"));
    Some(finding.label(format!("the run ends at {end}")).help("move it forward, or make `run.for` longer"))
}

fn clocks(scenario: &Scenario) -> Vec<Finding> {
    let half = Share::from_percent(50);
    let path = Path::of("clocks");
    let drifts = [("drift", scenario.clocks.drift), ("monotonic_drift", scenario.clocks.monotonic_drift)];
    let wild = drifts.into_iter().filter(|(_, drift)| *drift > half);
    wild.map(|(key, _)| Finding::new(path.key(key), "a clock drifts by at most 50% either way")).collect()
}

/// Copies of a message are counted in 16 bits; where the ways begin is a fact that there is.
fn explore(budget: &Budget, profile: &Profile) -> Vec<Finding> {
    let path = Path::of("explore");
    let mut findings = Vec::new();
    if budget.duplicates > u16::MAX.into() {
        let message = "at most 65535 messages are doubled on one way";
        findings.push(Finding::new(path.key("duplicates"), message).label("too many"));
    }
    let after = budget.after.as_deref();
    findings.extend(after.and_then(|fact| entries::fact(fact, &(profile.facts)(), path.key("after"))));
    findings
}

fn links(scenario: &Scenario) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let mut findings = Vec::new();
    for (index, wire) in scenario.network.links.iter().enumerate() {
        let path = Path::of("network").key("links").index(index);
        let ends = [("from", wire.from), ("to", wire.to)];
        let unknown = ends.into_iter().filter_map(|(key, node)| targets::node(node, scenario.nodes, path.key(key)));
        findings.extend(unknown);
        if wire.from == wire.to {
            findings.push(Finding::new(path.key("to"), "a node has no link to itself").label("the same node"));
        } else if !seen.insert((wire.from, wire.to)) {
            let message = format!("the link from {} to {} stands twice", wire.from, wire.to);
            findings.push(Finding::new(path, message).label("here again").help("say all of it in one entry"));
        }
    }
    findings
}
