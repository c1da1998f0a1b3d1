//! Rules of written operations: whose they are, in which order, when and of whom they are asked.

use std::collections::BTreeMap;

use super::targets;
use crate::identity::{ClientId, OpId};
use crate::scenario::diagnostic::Finding;
use crate::scenario::format::Scenario;
use crate::scenario::operation::OperationEntry;
use crate::scenario::path::Path;
use crate::time::Span;

/// The most clients that written operations may have.
const MOST_CLIENTS: usize = 100_000;

pub(super) fn check(scenario: &Scenario) -> Vec<Finding> {
    let path = Path::of("operations");
    let mut findings = Vec::new();
    if !scenario.operations.is_empty() && !scenario.workload.is_empty() {
        let finding = Finding::new(path.clone(), "operations are written, or drawn from a workload, not both").at_key();
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
        findings.push(Finding::new(path.key("op"), format!("there are at most {MOST_CLIENTS} clients")));
    }
    if to.0.is_empty() {
        findings.push(Finding::new(path.key("to"), "nobody is asked").help("such as \"n1\""));
    }
    let homes = to.0.iter().enumerate();
    findings
        .extend(homes.filter_map(|(index, node)| targets::node(*node, scenario.nodes, path.key("to").index(index))));
    let calm = scenario.run.calm();
    if *at >= calm {
        let finding = Finding::new(path.key("at"), format!("no operation is asked from {calm} on"));
        findings.push(finding.label("too late").help("move it forward, or `run` further"));
    }
    if timeout.is_zero() {
        let finding = Finding::new(path.key("timeout"), "a client waits some time for an answer");
        findings.push(finding.help("leave it out for \"500ms\""));
    }
    findings
}

/// A client asks in the order of its numbers, and of the file.
fn in_order(entry: &OperationEntry, before: OpId, at: Span, path: &Path) -> Option<Finding> {
    let OperationEntry { op, .. } = entry;
    if op.number <= before.number {
        let finding = Finding::new(path.key("op"), format!("{op} stands behind {before}"));
        return Some(finding.help("a client's operations are numbered in the order in which it asks them"));
    }
    if entry.at < at {
        let finding = Finding::new(path.key("at"), format!("{op} is asked before {before}"));
        return Some(finding.label(format!("before {at}")).help("let the numbers follow the times"));
    }
    None
}
