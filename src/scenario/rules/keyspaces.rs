//! Rules of keyspaces: who may own keys, and that all keys that clients name are owned.

use crate::scenario::diagnostic::Finding;
use crate::scenario::format::Scenario;
use crate::scenario::path::Path;
use crate::scenario::suggest;
use crate::subject::{Needs, Profile};

pub(super) fn check(scenario: &Scenario, profile: &Profile) -> Vec<Finding> {
    if scenario.keyspaces.is_empty() {
        return Vec::new();
    }
    let mut findings: Vec<Finding> = scenario
        .keyspaces
        .iter()
        .filter(|(_, word)| profile.owner(word).is_none())
        .map(|(prefix, word)| unknown(prefix, word, profile))
        .collect();
    let work = scenario.workload.iter().map(profile.needs).enumerate();
    let work = work.map(|(index, needs)| (Path::of("workload").index(index), needs));
    let operations = scenario.operations.iter().map(|entry| (profile.command_needs)(&entry.command)).enumerate();
    let operations = operations.map(|(index, needs)| (Path::of("operations").index(index), needs));
    findings.extend(work.chain(operations).filter_map(|(path, needs)| unowned(&path, &needs, scenario)));
    findings
}

fn unknown(prefix: &str, word: &str, profile: &Profile) -> Finding {
    let finding = Finding::new(Path::of("keyspaces").key(prefix), format!("`{}` has no path `{word}`", profile.name));
    if profile.owners().next().is_none() {
        return finding.help("it keeps no keys: remove `keyspaces`");
    }
    finding.help(suggest::cure(word, profile.owners()))
}

/// That keys which clients name are in no keyspace.
fn unowned(path: &Path, needs: &Needs, scenario: &Scenario) -> Option<Finding> {
    let keys = needs.keys.as_ref()?;
    if scenario.keyspaces.keys().any(|prefix| keys.starts_with(prefix)) {
        return None;
    }
    let known: Vec<String> = scenario.keyspaces.keys().map(|prefix| format!("`{prefix}`")).collect();
    let message = match keys.as_str() {
        "" => "its keys are in no keyspace".to_owned(),
        _ => format!("`{keys}` is in no keyspace"),
    };
    Some(Finding::new(path.clone(), message).help(format!("keys begin with {}", known.join(" or "))))
}
