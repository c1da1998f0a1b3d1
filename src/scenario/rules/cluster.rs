//! Rules of the cluster, the run, the clocks and the links.

use std::collections::BTreeSet;

use super::{entries, targets};
use crate::fault::{Budget, Target};
use crate::measure::Share;
use crate::scenario::cluster::Nodes;
use crate::scenario::core::Core;
use crate::scenario::diagnostic::Finding;
use crate::scenario::format::Scenario;
use crate::scenario::path::Path;
use crate::subject::{LivesOn, Profile};

/// What is wrong whatever the size of the cluster and of the run.
pub(super) fn check(scenario: &Scenario, profile: &Profile) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(name(&scenario.name));
    findings.extend(clocks(scenario));
    findings.extend(explore(&scenario.explore, profile));
    findings
}

/// What is wrong with the size of the cluster and of the run, on which other rules depend.
pub(super) fn size(scenario: &Scenario) -> Vec<Finding> {
    nodes(scenario.nodes).into_iter().chain(run(scenario)).collect()
}

/// Run ids, file names and traces contain the name.
fn name(name: &str) -> Option<Finding> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_./".contains(letter);
    let path = Path::of("name");
    if name.len() > 100 {
        return Some(Finding::new(path, "a name has at most 100 characters"));
    }
    let wrong = name.chars().find(|letter| !fits(*letter))?;
    let finding =
        Finding::new(path, format!("a name can't contain {wrong:?}, because run ids and file names contain the name"));
    Some(finding.help("use letters, digits, `-`, `_`, `.` and `/`"))
}

fn nodes(nodes: Nodes) -> Option<Finding> {
    let path = Path::of("nodes");
    if nodes.count() == 0 {
        return Some(Finding::new(path, "a cluster needs at least one node").help("without `nodes` it has 3"));
    }
    if nodes.voters == 0 {
        return Some(Finding::new(path, "a cluster needs at least one voter").help("observers only learn from voters"));
    }
    if nodes.count() > Nodes::MOST {
        let finding = Finding::new(path, format!("too many nodes: at most {} are allowed", Nodes::MOST));
        return Some(finding.label("too large"));
    }
    None
}

fn run(scenario: &Scenario) -> Option<Finding> {
    let (run, path) = (&scenario.run, Path::of("run"));
    let end = run.ends()?;
    if end.is_zero() {
        return Some(Finding::new(path.key("for"), "`run.for` must be greater than 0").help("such as \"10s\""));
    }
    let quiescence = run.quiesce_at.filter(|quiescence| *quiescence > end)?;
    let finding =
        Finding::new(path.key("quiesce_at"), format!("quiescence at {quiescence} is after the end of the run"));
    Some(finding.label(format!("the run ends at {end}")).help("choose an earlier time, or make `run.for` longer"))
}

/// The nodes that quiescence heals must be there, and be enough for the protocols that run.
pub(super) fn core(scenario: &Scenario, profile: &Profile) -> Vec<Finding> {
    let path = Path::of("run").key("core");
    let Some(core) = &scenario.run.core else { return Vec::new() };
    if scenario.run.quiesce_at.is_none() {
        let finding = Finding::new(path, "`core` says which nodes quiescence heals, and this run has none");
        return vec![finding.at_key().help("add `run.quiesce_at`")];
    }
    match core {
        Core::Majority => {}
        Core::Nodes(nodes) if nodes.is_empty() => {
            let finding = Finding::new(path, "the core has no node");
            return vec![finding.help("name its nodes, write \"majority\", or remove `core`")];
        }
        Core::Nodes(nodes) => {
            let findings = targets::target(&Target::Nodes(nodes.clone()), scenario.nodes, &path);
            if !findings.is_empty() {
                return findings;
            }
        }
    }
    too_small(scenario, profile, path).into_iter().collect()
}

/// The finding for a core on which a protocol can't live.
fn too_small(scenario: &Scenario, profile: &Profile, path: Path) -> Option<Finding> {
    let setup = scenario.setup();
    let core = setup.core.as_ref()?;
    let voters = core.iter().filter(|node| node.index() < setup.voters as usize).count();
    let majority = scenario.nodes.majority();
    (profile.running)(&scenario.protocols).into_iter().find_map(|row| match row.lives_on {
        LivesOn::AnyNodes => None,
        LivesOn::Majority if voters >= majority as usize => None,
        LivesOn::Majority => {
            let message = format!("`{}` needs a majority of the voters in the core: {majority}", row.name);
            let label = if voters == 1 { "1 voter".to_owned() } else { format!("{voters} voters") };
            Some(Finding::new(path.clone(), message).label(label).help("add voters"))
        }
        LivesOn::AllNodes => {
            let message = format!("`{}` lives only if quiescence heals all nodes", row.name);
            Some(Finding::new(path.clone(), message).help("remove `core`"))
        }
    })
}

fn clocks(scenario: &Scenario) -> Vec<Finding> {
    let half = Share::from_percent(50);
    let path = Path::of("clocks");
    let drifts = [("drift", scenario.clocks.drift), ("monotonic_drift", scenario.clocks.monotonic_drift)];
    let wild = drifts.into_iter().filter(|(_, drift)| *drift > half);
    wild.map(|(key, _)| Finding::new(path.key(key), "a clock may drift by at most 50% either way")).collect()
}

/// The number of copies of a message fits 16 bits, and the fact after which paths start exists.
fn explore(budget: &Budget, profile: &Profile) -> Vec<Finding> {
    let path = Path::of("explore");
    let mut findings = Vec::new();
    if budget.duplicates > u16::MAX.into() {
        let message = "`duplicates` is too large: at most 65535 per path";
        findings.push(Finding::new(path.key("duplicates"), message).label("too large"));
    }
    let after = budget.after.as_deref();
    findings.extend(after.and_then(|fact| entries::fact(fact, &(profile.facts)(), path.key("after"))));
    findings
}

/// Links are between two nodes that are there, each once.
pub(super) fn links(scenario: &Scenario) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let mut findings = Vec::new();
    for (index, link_settings) in scenario.network.links.iter().enumerate() {
        let path = Path::of("network").key("links").index(index);
        let ends = [("from", link_settings.from), ("to", link_settings.to)];
        let unknown = ends.into_iter().filter_map(|(key, node)| targets::node(node, scenario.nodes, path.key(key)));
        findings.extend(unknown);
        if link_settings.from == link_settings.to {
            findings.push(Finding::new(path.key("to"), "a node has no link to itself").label("the same node"));
        } else if !seen.insert((link_settings.from, link_settings.to)) {
            let message = format!("two entries for the link from {} to {}", link_settings.from, link_settings.to);
            findings.push(Finding::new(path, message).label("the second entry").help("merge them into one entry"));
        }
    }
    findings
}
