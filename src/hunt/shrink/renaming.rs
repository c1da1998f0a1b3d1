//! Removes nodes, and renames nodes, clients and operations everywhere in a file.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::search::Search;
use crate::identity::{ClientId, NodeId, OpId};
use crate::network::PinnedFate;
use crate::scenario::{FaultEntry, Nodes, OperationEntry, Scenario};

/// Up to this many nodes of a kind, every order of names is tried.
const MOST_ORDERED: usize = 4;

/// The number of other nodes that are tried as a replacement for a removed node.
const MOST_HEIRS: usize = 4;

/// The number of fates that may each get another number when a node is removed; the rest change together.
const MOST_SHIFTED: usize = 3;

/// The number of fates whose numbers may change when nodes are renamed, and the greatest such number.
const MOST_RENUMBERED: usize = 2;
const MOST_NUMBERS: u32 = 40;

impl Search<'_> {
    /// Removes each node that is not necessary, the last one first. Another node may get its operations. Without the messages
    /// to it, later messages of other nodes have smaller numbers.
    pub(super) fn take_nodes_away(&mut self) {
        for node in NodeId::all(self.scenario().nodes.count()).rev() {
            let heirs = heirs(self.scenario(), node);
            let numbers = 1 << self.scenario().fates.len().min(MOST_SHIFTED);
            self.take(heirs.len() * numbers, |scenario, at| {
                if let Some(heir) = heirs[at % heirs.len()] {
                    ask_another(scenario, node, heir);
                }
                shift_fates(scenario, at / heirs.len());
                *scenario = without_node(scenario, node)?;
                Some(())
            });
        }
    }

    fn clients(&self) -> Vec<ClientId> {
        let mut all: Vec<_> = self.scenario().operations.iter().map(|entry| entry.op.client).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Gives clients and operations, and then nodes, the first names, and uses as few clients as possible.
    pub(super) fn rename(&mut self) {
        self.attempt(|scenario| *scenario = with_first_operations(scenario, |_| ClientId::new(0)));
        for client in self.clients() {
            for other in self.clients().into_iter().filter(|other| *other < client) {
                let joined = move |asks| if asks == client { other } else { asks };
                self.attempt(|scenario| *scenario = with_first_operations(scenario, joined));
            }
        }
        self.attempt(|scenario| *scenario = with_first_operations(scenario, |asks| asks));
        let mut others = others(self.scenario());
        others.sort_by_cached_key(text);
        let better = others.partition_point(|other| text(other) < text(self.scenario()));
        self.take(better, |scenario, at| {
            scenario.clone_from(&others[at]);
            Some(())
        });
    }
}

/// The replacements for a node: none, and the first other nodes if clients ask it.
fn heirs(scenario: &Scenario, node: NodeId) -> Vec<Option<NodeId>> {
    let asked = scenario.operations.iter().any(|entry| entry.to.0.contains(&node));
    let others = NodeId::all(scenario.nodes.count()).filter(|other| asked && *other != node);
    std::iter::once(None).chain(others.take(MOST_HEIRS).map(Some)).collect()
}

/// Decrements the numbers of the messages whose bit is set in `which`; the last bit is for all the rest.
fn shift_fates(scenario: &mut Scenario, which: usize) {
    let shifted = scenario.fates.iter().enumerate().map(|(place, (message, fate))| {
        let earlier = which >> place.min(MOST_SHIFTED - 1) & 1 == 1;
        (earlier.then(|| numbered(message, |number| number.saturating_sub(1).max(1))).flatten(), message, *fate)
    });
    scenario.fates =
        shifted.map(|(earlier, message, fate)| (earlier.unwrap_or_else(|| message.clone()), fate)).collect();
}

/// The id of another message of the same sender and lane.
fn numbered(message: &str, other: impl Fn(u32) -> u32) -> Option<String> {
    let (lane, number) = message.rsplit_once('#')?;
    Some(format!("{lane}#{}", other(number.parse().ok()?)))
}

/// Moves the operations of a node to another.
fn ask_another(scenario: &mut Scenario, node: NodeId, other: NodeId) {
    let homes = scenario.operations.iter_mut().flat_map(|entry| entry.to.0.iter_mut());
    homes.filter(|home| **home == node).for_each(|home| *home = other);
}

fn text(scenario: &Scenario) -> String {
    let Scenario { operations, faults, fates, .. } = scenario;
    serde_json::to_string(&(operations, faults, fates)).expect("a scenario is plain data")
}

/// The scenario without a node: later nodes are renamed, and whatever names the node is removed.
fn without_node(scenario: &Scenario, gone: NodeId) -> Option<Scenario> {
    let Nodes { voters, observers } = scenario.nodes;
    let nodes = if gone.index() < voters as usize {
        Nodes { voters: voters.checked_sub(1)?, observers }
    } else {
        Nodes { voters, observers: observers.checked_sub(1)? }
    };
    let map: BTreeMap<NodeId, Option<NodeId>> = NodeId::all(scenario.nodes.count())
        .map(|node| {
            let index = u32::try_from(node.index()).expect("it came from one");
            let moved = match node.cmp(&gone) {
                std::cmp::Ordering::Less => Some(node),
                std::cmp::Ordering::Equal => None,
                std::cmp::Ordering::Greater => Some(NodeId::new(index - 1)),
            };
            (node, moved)
        })
        .collect();
    Some(Scenario { nodes, ..renamed(scenario, &map) })
}

/// The scenario with renamed nodes; whatever names a node without a new name is removed.
fn renamed(scenario: &Scenario, map: &BTreeMap<NodeId, Option<NodeId>>) -> Scenario {
    let words: BTreeMap<String, Option<String>> =
        map.iter().map(|(node, name)| (node.to_string(), name.map(|name| name.to_string()))).collect();
    let fates = scenario.fates.iter().filter_map(|(message, fate)| {
        let (sender, rest) = message.split_once('.')?;
        let sender = words.get(sender)?.as_ref()?;
        Some((format!("{sender}.{rest}"), *fate))
    });
    let mut network = scenario.network.clone();
    network.links = network.links.iter().filter_map(|wire| replaced(wire, &words)).collect();
    Scenario {
        operations: scenario.operations.iter().filter_map(|entry| operation(entry, &words)).collect(),
        faults: scenario.faults.iter().filter_map(|entry| replaced::<FaultEntry>(entry, &words)).collect(),
        fates: fates.collect(),
        network,
        ..scenario.clone()
    }
}

fn operation(entry: &OperationEntry, words: &BTreeMap<String, Option<String>>) -> Option<OperationEntry> {
    let replaced: OperationEntry = replaced(entry, words)?;
    (!replaced.to.0.is_empty()).then_some(replaced)
}

/// The same with replaced words; `None` if a list becomes empty, or a required part is missing.
pub(super) fn replaced<T: Serialize + DeserializeOwned>(
    part: &T,
    words: &BTreeMap<String, Option<String>>,
) -> Option<T> {
    let value = serde_json::to_value(part).expect("a scenario is plain data");
    serde_json::from_value(replace(value, words)?).ok()
}

fn replace(value: Value, words: &BTreeMap<String, Option<String>>) -> Option<Value> {
    match value {
        Value::String(text) => match words.get(&text) {
            Some(word) => word.clone().map(Value::String),
            None => Some(Value::String(text)),
        },
        Value::Array(items) if items.is_empty() => Some(Value::Array(items)),
        Value::Array(items) => {
            let items: Vec<_> = items.into_iter().filter_map(|item| replace(item, words)).collect();
            (!items.is_empty()).then_some(Value::Array(items))
        }
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(key, value)| Some((key, replace(value, words)?)));
            fields.collect::<Option<_>>().map(Value::Object)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Some(value),
    }
}

/// The scenario with its operations moved to other clients, and numbered from 1 in the order of their times.
fn with_first_operations(scenario: &Scenario, by: impl Fn(ClientId) -> ClientId) -> Scenario {
    let mut clients: BTreeMap<ClientId, (u32, u32)> = BTreeMap::new();
    let mut words = BTreeMap::new();
    let mut ordered: Vec<&OperationEntry> = scenario.operations.iter().collect();
    ordered.sort_by_key(|entry| (entry.at, entry.op));
    for entry in ordered {
        let next = u32::try_from(clients.len()).expect("few clients");
        let (client, asked) = clients.entry(by(entry.op.client)).or_insert((next, 0));
        *asked += 1;
        let op = OpId { client: ClientId::new(*client), number: *asked };
        words.insert(entry.op.to_string(), Some(op.to_string()));
    }
    let mut operations: Vec<OperationEntry> =
        scenario.operations.iter().filter_map(|entry| replaced(entry, &words)).collect();
    operations.sort_by_key(|entry| (entry.at, entry.op));
    Scenario { operations, ..scenario.clone() }
}

/// The scenario with its nodes in every other order, and with other numbers for the messages whose fate is fixed, because the
/// numbers depend on the order in which a node sends to its peers.
fn others(scenario: &Scenario) -> Vec<Scenario> {
    let Nodes { voters, observers } = scenario.nodes;
    let all: Vec<NodeId> = NodeId::all(scenario.nodes.count()).collect();
    let (voters, observers) = (voters as usize, observers as usize);
    if voters > MOST_ORDERED || observers > MOST_ORDERED {
        return Vec::new();
    }
    let mut found = Vec::new();
    for first in orders(&all[..voters]) {
        for second in orders(&all[voters..]) {
            let order = first.iter().chain(&second).map(|node| Some(*node));
            let renamed = renamed(scenario, &all.iter().copied().zip(order).collect());
            found.extend(renumbered(&renamed).into_iter().map(|fates| Scenario { fates, ..renamed.clone() }));
        }
    }
    found
}

fn orders(nodes: &[NodeId]) -> Vec<Vec<NodeId>> {
    let Some((first, rest)) = nodes.split_first() else {
        return vec![Vec::new()];
    };
    let mut all = Vec::new();
    for order in orders(rest) {
        for at in 0..=order.len() {
            let mut order = order.clone();
            order.insert(at, *first);
            all.push(order);
        }
    }
    all
}

type Fates = BTreeMap<String, PinnedFate>;

/// The fates with the same numbers, and with smaller and slightly greater ones.
fn renumbered(scenario: &Scenario) -> Vec<Fates> {
    let fates = &scenario.fates;
    if fates.len() > MOST_RENUMBERED {
        return vec![fates.clone()];
    }
    let mut all = vec![Fates::new()];
    for (message, fate) in fates {
        let number = message.rsplit_once('#').and_then(|(_, number)| number.parse().ok()).unwrap_or(1_u32);
        let most = number.saturating_add(scenario.nodes.count()).min(MOST_NUMBERS);
        let with = |fates: &Fates, other: u32| {
            let mut fates = fates.clone();
            fates.insert(numbered(message, |_| other).unwrap_or_else(|| message.clone()), *fate);
            fates
        };
        all = all.iter().flat_map(|fates| (1..=most).map(|other| with(fates, other)).collect::<Vec<_>>()).collect();
    }
    all
}
