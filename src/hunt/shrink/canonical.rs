//! Finds one canonical file for many runs: tries plain scenarios of the same operations in a fixed order.
//!
//! Two failing runs of one bug shrink to the same few operations and faults, but to different nodes, clients, times and
//! fates, each a local minimum. The members of a family depend only on the operations and faults, so the first member that
//! fails is the same for all these runs.

use std::collections::BTreeMap;

use serde_json::Value;

use super::renaming::replaced;
use super::search::Search;
use crate::chance::{Chance, Dice, Seed};
use crate::identity::{ClientId, NodeId, OpId};
use crate::network::{Delay, PinnedFate};
use crate::scenario::{FaultEntry, Homes, OperationEntry, Run, Scenario};
use crate::time::Span;

/// The number of members of a family that are tried.
const MEMBERS: usize = 3_000;

/// A scenario with more operations, faults or fates has no family.
const MOST_OPERATIONS: usize = 8;
const MOST_FAULTS: usize = 2;
const MOST_FATES: usize = 2;

/// The length of a member before quiescence.
const LASTS: Span = Span::from_secs(1);

/// The times that are drawn, in milliseconds.
const MILLIS: [u64; 10] = [1, 2, 3, 5, 8, 10, 15, 20, 30, 50];
const DELAYS: [u64; 3] = [1, 2, 10];
const LATE: [u64; 4] = [1, 5, 20, 50];
/// The greatest number of a message whose fate is fixed.
const NUMBERS: u64 = 8;

/// The commands of an operation that refers to no other, and of those that refer to it or to one of its followers; they refer
/// to each other by their index here.
type Chain = Vec<Value>;

/// What all members of a family share.
struct Family<'a> {
    scenario: &'a Scenario,
    chains: Vec<Chain>,
    faults: Vec<FaultEntry>,
    lanes: &'a [&'a str],
}

impl Search<'_> {
    /// Takes the first failing member of this scenario's family; `None` if it has no family, or no member fails.
    pub(super) fn take_canonical(&mut self) -> Option<usize> {
        let scenario = self.scenario().clone();
        let Scenario { operations, faults, fates, .. } = &scenario;
        let few = operations.len() <= MOST_OPERATIONS && faults.len() <= MOST_FAULTS && fates.len() <= MOST_FATES;
        if !few || operations.is_empty() || faults.iter().any(|entry| entry.at.is_none()) {
            return None;
        }
        let lanes = self.best.resolved.profile.lanes;
        let family = Family { scenario: &scenario, chains: chains(operations), faults: timeless(faults), lanes };
        let clients = u64::try_from(family.chains.len()).expect("few");
        let sizes = (0..=fates.len()).flat_map(|fates| (1..=clients).map(move |clients| (fates, clients)));
        sizes.into_iter().find_map(|(fates, clients)| {
            self.take(MEMBERS, |changed, member| {
                *changed = family.member(fates, clients, &mut Seed(member as u64).dice("family"))?;
                Some(())
            })
        })
    }
}

/// The operations in chains, in an order that does not depend on their ids, times and nodes.
fn chains(operations: &[OperationEntry]) -> Vec<Chain> {
    let mut chains: Vec<(Vec<String>, Chain)> = Vec::new();
    for entry in operations {
        let (name, mut command) = (entry.op.to_string(), entry.command.clone());
        let named = |(names, _): &(Vec<String>, Chain)| names.iter().position(|name| says(&command, name));
        let before = chains.iter().enumerate().find_map(|(chain, it)| Some((chain, named(it)?)));
        if let Some((chain, place)) = before {
            let (names, commands) = &mut chains[chain];
            replace(&mut command, &names[place], &stand_in(place));
            names.push(name);
            commands.push(command);
        } else {
            chains.push((vec![name], vec![command]));
        }
    }
    let mut chains: Vec<Chain> = chains.into_iter().map(|(_, chain)| chain).collect();
    chains.sort_by_cached_key(|chain| chain.iter().map(Value::to_string).collect::<Vec<_>>());
    chains
}

/// The placeholder for the id of the operation at this index of a chain; no command contains such a word.
fn stand_in(place: usize) -> String {
    format!("\u{0}{place}")
}

/// The faults without their times and nodes, in an order that does not depend on them.
fn timeless(faults: &[FaultEntry]) -> Vec<FaultEntry> {
    let timeless = |entry: &FaultEntry| FaultEntry {
        at: Some(Span::ZERO),
        lasts: entry.lasts.map(|_| Span::ZERO),
        ..anywhere(entry)
    };
    let mut all: Vec<FaultEntry> = faults.iter().map(timeless).collect();
    all.sort_by_cached_key(|entry| serde_json::to_string(entry).expect("a fault is plain data"));
    all
}

/// The fault with its nodes renamed to the first ones, in the order in which it names them.
fn anywhere(entry: &FaultEntry) -> FaultEntry {
    let mut named = Vec::new();
    nodes_in(&serde_json::to_value(entry).expect("a fault is plain data"), &mut named);
    let words = named.into_iter().zip(NodeId::all(u32::MAX)).map(|(node, place)| (node, Some(place.to_string())));
    replaced(entry, &words.collect()).unwrap_or_else(|| entry.clone())
}

/// The names of nodes in a value, each once, in order.
fn nodes_in(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.parse::<NodeId>().is_ok() && !found.contains(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| nodes_in(item, found)),
        Value::Object(fields) => fields.values().for_each(|value| nodes_in(value, found)),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

impl Family<'_> {
    /// A member of the family: the chains with random clients, nodes and times, the faults with random times and nodes, and
    /// random fates.
    fn member(&self, fates: usize, clients: u64, dice: &mut Dice) -> Option<Scenario> {
        let mut changed = self.scenario.clone();
        changed.operations = self.operations(clients, dice);
        changed.faults = self.faults.iter().map(|entry| self.fault(entry, dice)).collect::<Option<_>>()?;
        changed.faults.sort_by_key(|entry| entry.at);
        changed.network.delay = Delay::Constant(pick(&DELAYS, dice));
        changed.run = match (changed.run.quiesce_at, changed.run.lasts) {
            (Some(quiet), Some(end)) => {
                Run { lasts: Some(LASTS + (end - quiet).max(LASTS)), quiesce_at: Some(LASTS), ..changed.run }
            }
            (Some(_), None) => Run { quiesce_at: Some(LASTS), ..changed.run },
            (None, _) => Run { lasts: Some(LASTS), ..changed.run },
        };
        changed.fates.clear();
        while changed.fates.len() < fates {
            let lane = self.lanes[below(self.lanes.len(), dice)];
            let message = format!("{}.{lane}#{}", self.node(dice), dice.between(1, NUMBERS));
            let fate = if below(2, dice) == 0 { PinnedFate::Lost } else { PinnedFate::Delay(pick(&LATE, dice)) };
            changed.fates.insert(message, fate);
        }
        Some(changed)
    }

    fn operations(&self, clients: u64, dice: &mut Dice) -> Vec<OperationEntry> {
        let mut asked: Vec<(Span, usize, usize, u64, NodeId)> = Vec::new();
        for (place, chain) in self.chains.iter().enumerate() {
            let (client, home) = (dice.below(clients), self.node(dice));
            let mut at = Span::ZERO;
            for number in 0..chain.len() {
                at += pick(&MILLIS, dice);
                asked.push((at, place, number, client, home));
            }
        }
        asked.sort_unstable();
        let mut counts: BTreeMap<u64, u32> = BTreeMap::new();
        let mut names: BTreeMap<(usize, usize), String> = BTreeMap::new();
        let entry = |(at, place, number, client, home): (Span, usize, usize, u64, NodeId)| {
            let count = counts.entry(client).or_default();
            *count += 1;
            let op = OpId { client: ClientId::new(u32::try_from(client).expect("few")), number: *count };
            let mut command = self.chains[place][number].clone();
            for before in 0..number {
                replace(&mut command, &stand_in(before), &names[&(place, before)]);
            }
            names.insert((place, number), op.to_string());
            OperationEntry::new(op, at, Homes(vec![home]), command)
        };
        asked.into_iter().map(entry).collect()
    }

    fn fault(&self, entry: &FaultEntry, dice: &mut Dice) -> Option<FaultEntry> {
        let mut left: Vec<NodeId> = NodeId::all(self.scenario.nodes.count()).collect();
        let words = NodeId::all(self.scenario.nodes.count())
            .map(|node| (node.to_string(), Some(left.remove(below(left.len(), dice)).to_string())));
        let entry = replaced(entry, &words.collect())?;
        let lasts = entry.lasts.map(|_| pick(&MILLIS, dice));
        Some(FaultEntry { at: Some(pick(&MILLIS, dice)), lasts, ..entry })
    }

    fn node(&self, dice: &mut Dice) -> NodeId {
        NodeId::new(u32::try_from(dice.below(u64::from(self.scenario.nodes.count()))).expect("below the nodes"))
    }
}

fn below(n: usize, dice: &mut Dice) -> usize {
    usize::try_from(dice.below(n as u64)).expect("below a usize")
}

fn pick(millis: &[u64], dice: &mut Dice) -> Span {
    Span::from_millis(millis[below(millis.len(), dice)])
}

fn says(value: &Value, word: &str) -> bool {
    match value {
        Value::String(text) => text == word,
        Value::Array(items) => items.iter().any(|item| says(item, word)),
        Value::Object(fields) => fields.values().any(|value| says(value, word)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn replace(value: &mut Value, word: &str, other: &str) {
    match value {
        Value::String(text) if text == word => other.clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, word, other)),
        Value::Object(fields) => fields.values_mut().for_each(|value| replace(value, word, other)),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(op: &str, command: Value) -> OperationEntry {
        OperationEntry::new(op.parse().expect("an operation"), Span::ZERO, Homes(vec![NodeId::new(0)]), command)
    }

    #[test]
    fn what_clients_say_is_never_taken_for_a_stand_in() {
        let asked = serde_json::json!({ "acquire": { "text": "0" } });
        let named = serde_json::json!({ "release": { "acquire": "c1#1", "text": "0" } });
        let chains = chains(&[entry("c1#1", asked), entry("c1#2", named)]);
        assert_eq!(chains.len(), 1);
        assert_eq!(chains[0][1]["release"]["text"], "0");
        let mut command = chains[0][1].clone();
        replace(&mut command, &stand_in(0), "c7#3");
        assert_eq!(command, serde_json::json!({ "release": { "acquire": "c7#3", "text": "0" } }));
    }

    #[test]
    fn a_family_does_not_depend_on_the_nodes_and_times_of_faults() {
        let read = |text: &str| serde_json::from_str::<FaultEntry>(text).expect("a fault");
        let one =
            read(r#"{ "at": "7ms", "for": "9ms", "fault": { "partition": { "groups": [["n4"], ["n2", "n3"]] } } }"#);
        let other =
            read(r#"{ "at": "1ms", "for": "2ms", "fault": { "partition": { "groups": [["n1"], ["n5", "n2"]] } } }"#);
        assert_eq!(timeless(&[one]), timeless(&[other]));
    }
}
