//! What a scenario must be beyond well-formed: each rule names the place and the cure.

mod cluster;
mod contradictions;
mod entries;
pub(super) mod expectations;
mod keyspaces;
mod operations;
mod spending;
mod swarm;
mod targets;

use serde_json::Value;

use super::diagnostic::Finding;
use super::format::Scenario;
use super::path::Path;
use super::suggest;
use crate::subject::Profile;
use crate::time::Span;

pub(super) use entries::MOST_FAULTS;

/// All that is wrong with `scenario`.
pub(super) fn check(scenario: &Scenario, profile: &Profile) -> Vec<Finding> {
    let mut findings = cluster::check(scenario, profile);
    if !findings.is_empty() {
        return findings; // what follows relies on a cluster and a run of sane sizes
    }
    findings.extend(entries::check(scenario, profile));
    findings.extend(spending::check(scenario, profile));
    findings.extend(operations::check(scenario));
    findings.extend(keyspaces::check(scenario, profile));
    findings.extend(swarm::check(scenario));
    findings.extend(expectations::check(scenario, profile));
    if findings.is_empty() {
        findings = contradictions::check(scenario);
    }
    findings
}

/// Why the subject can't work with its settings, if it can't; the place is the first of those it names that stands in
/// the file, whose value is `root`.
pub(super) fn objection(scenario: &Scenario, profile: &Profile, root: &Value) -> Option<Finding> {
    let objection = (profile.objection)(&scenario.setup(), &scenario.protocols)?;
    let path = |place: &&str| Path::of("protocols").join(place.split('.'), root);
    let written = objection.places.iter().map(path).find(|path| path.get(root).is_some());
    let path = written.or_else(|| objection.places.first().map(path)).unwrap_or_else(|| Path::of("protocols"));
    Some(Finding::new(path, objection.message).help(objection.help))
}

/// The uniform delays whose bounds are in the wrong order, wherever they stand.
pub(super) fn uniform_bounds(value: &Value) -> Vec<Finding> {
    fn visit(value: &Value, path: &Path, findings: &mut Vec<Finding>) {
        match value {
            Value::Object(fields) => {
                let end = |name| fields.get(name)?.as_str()?.parse::<Span>().ok();
                if path.last_key() == Some("uniform")
                    && let (Some(min), Some(max)) = (end("min"), end("max"))
                    && min > max
                {
                    let finding = Finding::new(path.key("min"), format!("`min` is above `max`: {min} > {max}"));
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

/// That a protocol runs at all.
pub(super) fn nothing_runs(settings: &Value, profile: &Profile) -> Option<Finding> {
    if !(profile.running)(settings).is_empty() {
        return None;
    }
    let names: Vec<&str> = profile.rows.iter().map(|row| row.name).collect();
    let message =
        "no protocol runs: none is named that runs by itself, and no workload, keyspace or operation needs one";
    let example = names.last().copied().unwrap_or_default();
    let help = format!(
        "name one, as in \"protocols\": {{ \"{example}\": {{}} }}; `{}` has {}",
        profile.name,
        names.join(", ")
    );
    Some(Finding::new(Path::of("protocols"), message).help(help))
}

/// The flaws that are on but not known, and the protocols that are not there.
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
                |(row, _)| format!("`{id}` is a flaw of `{0}`: write it under `protocols.{0}`", row.name),
            );
            let path = Path::of("protocols").key(protocol).key("flaws").index(index);
            findings.push(Finding::new(path, format!("`{protocol}` has no flaw `{id}`")).help(help));
        }
    }
    findings
}
