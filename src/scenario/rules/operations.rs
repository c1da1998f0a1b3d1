//! Rules for scripted operations: their clients, order, times and nodes.

use std::collections::BTreeMap;

use super::targets;
use crate::identity::{ClientId, OpId};
use crate::scenario::diagnostic::Finding;
use crate::scenario::format::Scenario;
use crate::scenario::operation::OperationEntry;
use crate::scenario::path::Path;
use crate::time::Span;

/// The maximum number of clients of scripted operations.
const MOST_CLIENTS: usize = 100_000;

pub(super) fn check(scenario: &Scenario) -> Vec<Finding> {
    let path = Path::of("operations");
    let mut findings = Vec::new();
    if !scenario.operations.is_empty() && !scenario.workload.is_empty() {
        let finding = Finding::new(path.clone(), "a scenario has `operations` or a `workload`, not both").at_key();
        findings.push(finding.help("remove `operations` or `workload`"));
    }
    let mut last: BTreeMap<ClientId, (OpId, Span)> = BTreeMap::new();
    for (index, entry) in scenario.operations.iter().enumerate() {
        let path = path.index(index);
        findings.extend(asked(entry, scenario, &path));
        if let Some((before, at)) = last.insert(entry.op.client, (entry.op, entry.at)) {
            findings.extend(in_order(entry, before, at, &path));
        }
    }
    findings
}

fn asked(entry: &OperationEntry, scenario: &Scenario, path: &Path) -> Vec<Finding> {
    let OperationEntry { op, at, to, command: _, timeout, retries: _ } = entry;
    let mut findings = Vec::new();
    if op.client.index() >= MOST_CLIENTS {
        findings.push(Finding::new(path.key("op"), format!("too many clients: at most {MOST_CLIENTS} are allowed")));
    }
    if to.0.is_empty() {
        findings.push(Finding::new(path.key("to"), "the list names no node").help("such as \"n1\""));
    }
    let homes = to.0.iter().enumerate();
    findings
        .extend(homes.filter_map(|(index, node)| targets::node(*node, scenario.nodes, path.key("to").index(index))));
    let quiescence = scenario.run.quiescence();
    if *at >= quiescence {
        let finding = Finding::new(path.key("at"), format!("no operation starts at {quiescence} or later"));
        findings.push(finding.label("too late").help("choose an earlier time, or make the run longer"));
    }
    if timeout.is_zero() {
        let finding = Finding::new(path.key("timeout"), "`timeout` must be greater than 0");
        findings.push(finding.help("the default is \"500ms\""));
    }
    findings
}

/// A client's operations are ordered by number, by time and in the file.
fn in_order(entry: &OperationEntry, before: OpId, at: Span, path: &Path) -> Option<Finding> {
    let OperationEntry { op, .. } = entry;
    if op.number <= before.number {
        let finding = Finding::new(path.key("op"), format!("{op} is listed after {before}"));
        return Some(finding.help("a client's operations are numbered in order"));
    }
    if entry.at < at {
        let finding = Finding::new(path.key("at"), format!("{op} starts before {before}"));
        return Some(
            finding.label(format!("before {at}")).help("number a client's operations in the order of their times"),
        );
    }
    None
}
