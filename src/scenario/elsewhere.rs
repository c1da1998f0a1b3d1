//! Names of another subject: a scenario that uses a protocol or a workload that its own subject does not have.

use serde_json::json;

use super::diagnostic::{Finding, FindingKind};
use super::format::Scenario;
use super::path::{Path, Step};
use crate::subject::{Misfit, Profile};

/// The finding for the name of a protocol where that of a subject belongs.
pub(super) fn protocol_as_subject(name: &str, owner: &Profile) -> Finding {
    let message = format!("`{name}` is a protocol of `{}`, and no subject", owner.name);
    let subject = format!("\"subject\": \"{}\"", owner.name);
    let optional = if owner.name == Scenario::default().subject { " (or no `subject`)" } else { "" };
    let help = format!("write {subject}{optional}, and \"protocols\": {{ \"{name}\": {{}} }}");
    Finding::new(Path::of("subject"), message).help(help)
}

/// Only the mistakes in parts that every subject reads alike.
pub(super) fn without_parts_of_subject(findings: Vec<Finding>) -> Vec<Finding> {
    const PARTS: [&str; 6] = ["protocols", "workload", "operations", "keyspaces", "expect", "fates"];
    let of_subject = |finding: &Finding| match finding.path.steps() {
        [Step::Key(part), ..] => PARTS.contains(&part.as_str()),
        [..] => false,
    };
    findings.into_iter().filter(|finding| !of_subject(finding)).collect()
}

/// Tells of each unknown protocol or workload whose it is, if another subject has it.
pub(super) fn tell(mut findings: Vec<Finding>, profile: &Profile, subjects: &[Profile]) -> Vec<Finding> {
    for finding in findings.iter_mut().filter(|finding| finding.at_key && finding.kind != FindingKind::Other) {
        let (what, name, has): (_, _, fn(&Profile, &str) -> bool) = match finding.path.steps() {
            [Step::Key(part), Step::Key(name)] if part == "protocols" => {
                ("protocol", name, |subject, name| subject.row(name).is_some())
            }
            [Step::Key(part), Step::Index(_), Step::Key(name)] if part == "workload" => {
                ("workload", name, has_workload)
            }
            [Step::Key(part), Step::Index(_), Step::Key(key), Step::Key(name)]
                if part == "operations" && key == "command" =>
            {
                ("command", name, has_command)
            }
            [..] => continue,
        };
        if let Some(owner) = subjects.iter().find(|subject| subject.name != profile.name && has(subject, name)) {
            let (subject, owner) = (profile.name, owner.name);
            finding.help = Some(format!(
                "`{name}` is a {what} of the subject `{owner}`: write \"subject\": \"{owner}\" instead of `{subject}`"
            ));
        }
    }
    findings
}

/// Whether a subject has a workload of this name, whatever its settings.
fn has_workload(subject: &Profile, name: &str) -> bool {
    is_known(&(subject.workload)(&json!({ name: {} })), name)
}

/// Whether a subject has commands of this name, whatever is in them.
fn has_command(subject: &Profile, name: &str) -> bool {
    is_known(&(subject.command)(&json!({ name: {} })), name)
}

fn is_known<T>(read: &Result<T, Misfit>, name: &str) -> bool {
    let unknown = format!("unknown variant `{name}`");
    read.as_ref().map_or_else(|misfit| !misfit.message.starts_with(&unknown), |_| true)
}
