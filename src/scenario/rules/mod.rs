//! The rules for a well-formed scenario: each finding names the place and a correction.

mod cluster;
mod contradictions;
mod entries;
pub(super) mod expectations;
mod keyspaces;
mod lost_voters;
mod operations;
mod targets;

use serde_json::Value;

use super::diagnostic::Finding;
use super::format::Scenario;
use super::path::Path;
use super::repair::Repair;
use super::suggest;
use crate::subject::Profile;
use crate::time::Span;

pub(super) use entries::MOST_FAULTS;

/// Every rule that `scenario` breaks, as far as it is known despite what was removed from it.
pub(super) fn check(scenario: &Scenario, profile: &Profile, repair: &Repair) -> Vec<Finding> {
    let mut findings = cluster::check(scenario, profile);
    if repair.lacks(&["nodes", "run"]) {
        return findings; // the other rules need the cluster and the run
    }
    let size = cluster::size(scenario);
    if !size.is_empty() {
        findings.extend(size);
        return findings;
    }
    findings.extend(cluster::links(scenario));
    findings.extend(entries::check(scenario, profile));
    if !repair.lacks(&["operations"]) {
        findings.extend(operations::check(scenario));
    }
    findings.extend(swarm(scenario));
    if repair.knows_protocols() {
        findings.extend(cluster::core(scenario, profile));
        findings.extend(lost_voters::check(scenario, profile));
        findings.extend(keyspaces::check(scenario, profile));
        findings.extend(expectations::check(scenario, profile));
    }
    if findings.is_empty() && repair.findings().is_empty() {
        findings = contradictions::check(scenario);
    }
    findings
}

/// Why the subject can't work with its settings, if it can't; the place is the first one named that is in the file, whose
/// value is `root`.
pub(super) fn objection(scenario: &Scenario, profile: &Profile, root: &Value) -> Option<Finding> {
    if let Some(finding) = idle(scenario, profile, root) {
        return Some(finding);
    }
    let objection = (profile.objection)(&scenario.setup(), &scenario.protocols)?;
    let path = |place: &&str| Path::of("protocols").join(place.split('.'), root);
    let written = objection.places.iter().map(path).find(|path| path.get(root).is_some());
    let path = written.or_else(|| objection.places.first().map(path)).unwrap_or_else(|| Path::of("protocols"));
    Some(Finding::new(path, objection.message).help(objection.help))
}

/// The finding for settings of a protocol that does not run.
fn idle(scenario: &Scenario, profile: &Profile, root: &Value) -> Option<Finding> {
    let running = (profile.running)(&scenario.protocols);
    let named = root.get("protocols").and_then(Value::as_object)?;
    let defaults = (profile.settings)(&Value::Object(serde_json::Map::new())).ok()?;
    let says = |name: &String| scenario.protocols.get(name) != defaults.get(name);
    let is_idle = |name: &&String| profile.row(name).is_some() && !running.iter().any(|row| row.name == *name);
    let name = named.keys().filter(is_idle).find(|name| says(name))?;
    let users: Vec<&str> =
        profile.rows.iter().filter(|row| row.needs.contains(&name.as_str())).map(|row| row.name).collect();
    let message = format!("`{name}` does not run: no protocol that runs here uses it, and its settings do nothing");
    let help = format!("remove it, or name a protocol that uses it: {}", users.join(", "));
    Some(Finding::new(Path::of("protocols").key(name), message).help(help))
}

/// All uniform delays whose bounds are in the wrong order.
pub(super) fn uniform_bounds(value: &Value) -> Vec<Finding> {
    fn visit(value: &Value, path: &Path, findings: &mut Vec<Finding>) {
        match value {
            Value::Object(fields) => {
                let end = |name| fields.get(name)?.as_str()?.parse::<Span>().ok();
                if path.last_key() == Some("uniform")
                    && let (Some(min), Some(max)) = (end("min"), end("max"))
                    && min > max
                {
                    let finding = Finding::new(path.key("min"), format!("`min` is greater than `max`: {min} > {max}"));
                    findings.push(finding.label("greater than `max`").help("swap the two"));
                }
                fields.iter().for_each(|(key, value)| visit(value, &path.key(key), findings));
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(index, value)| visit(value, &path.index(index), findings));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut findings = Vec::new();
    visit(value, &Path::ROOT, &mut findings);
    findings
}

/// At least one protocol must run.
pub(super) fn nothing_runs(settings: &Value, profile: &Profile) -> Option<Finding> {
    if !(profile.running)(settings).is_empty() {
        return None;
    }
    let names: Vec<&str> = profile.rows.iter().map(|row| row.name).collect();
    let message =
        "no protocol runs: none is named that runs on its own, and no workload, keyspace or operation requires one";
    let example = names.last().copied().unwrap_or_default();
    let help = format!(
        "name one, as in \"protocols\": {{ \"{example}\": {{}} }}; `{}` has {}",
        profile.name,
        names.join(", ")
    );
    Some(Finding::new(Path::of("protocols"), message).help(help))
}

/// Unknown flaws.
pub(super) fn flaws(settings: &Value, profile: &Profile) -> Vec<Finding> {
    let protocols = settings.as_object().into_iter().flatten();
    let mut findings = Vec::new();
    for (protocol, settings) in protocols {
        let known = profile.flaws().filter(|(row, _)| row.name == protocol).map(|(_, flaw)| flaw.id);
        let switched = settings.get("flaws").and_then(Value::as_array).into_iter().flatten();
        for (index, id) in switched.enumerate().filter_map(|(index, id)| Some((index, id.as_str()?))) {
            if known.clone().any(|known| known == id) {
                continue;
            }
            let elsewhere = profile.flaws().find(|(_, flaw)| flaw.id == id);
            let help = elsewhere.map_or_else(
                || suggest::cure(id, known.clone()),
                |(row, _)| format!("`{id}` is a flaw of `{0}`: move it to `protocols.{0}`", row.name),
            );
            let path = Path::of("protocols").key(protocol).key("flaws").index(index);
            findings.push(Finding::new(path, format!("`{protocol}` has no flaw `{id}`")).help(help));
        }
    }
    findings
}

/// The limits of `"swarm"`: it must be able to draw faults.
fn swarm(scenario: &Scenario) -> Vec<Finding> {
    let Some(swarm) = &scenario.swarm else {
        return Vec::new();
    };
    let path = Path::of("swarm");
    let mut findings = Vec::new();
    if swarm.kinds.as_ref().is_some_and(Vec::is_empty) {
        let help = "such as [\"kill\"]; remove `kinds` to draw from all of them";
        findings.push(Finding::new(path.key("kinds"), "`kinds` is empty").help(help));
    }
    if let Some(rate) = swarm.rate
        && rate.mean_gap().is_none_or(|gap| scenario.run.quiescence().as_nanos() / gap.max(1) > MOST_FAULTS)
    {
        let help = format!("choose a rate that gives 1 to {} faults until quiescence", MOST_FAULTS);
        findings.push(Finding::new(path.key("rate"), "this rate gives no fault, or too many").help(help));
    }
    findings
}
