//! What a sync costs at the most.

use std::collections::BTreeSet;

use super::*;
use crate::clocks::Dot;
use crate::codex::{Item, Place, Prefix, Trie, Version, VersionStore};
use crate::measure::Share;
use crate::protocols::replica::{PreloadSettings, ReplicaEntry};

/// What passed while one of two nodes brought itself up to date.
#[derive(Default)]
struct Cost {
    parts: Parts,
    round_trips: usize,
    /// Who sent inner nodes.
    showed: BTreeSet<usize>,
    largest: u64,
}

/// Two nodes that begin with the same keys, but for those that the first has alone.
fn pair(kind: SyncKind, preload: &PreloadSettings) -> [Node; 2] {
    [0, 1].map(|me| node(me, kind, preload))
}

fn node(me: u32, kind: SyncKind, preload: &PreloadSettings) -> Node {
    let keyspaces: Keyspaces = [(String::new(), Keyspace::of("gossip"))].into_iter().collect();
    let setup = Setup { voters: 2, observers: 0, quiescence: Time::MAX, keyspaces, core: None, corrupts: false };
    let replica = ReplicaSettings { log: 100_000, preload: Some(preload.clone()), ..ReplicaSettings::default() };
    let rules = Arc::new(replica.rules(Given { setup: &setup, registry: &Registry::new(2) }));
    let mut kept = Kept::default();
    let disk: Vec<ReplicaEntry> = Replica::fresh_disk(&rules, NodeId::new(me));
    disk.iter().for_each(|entry| kept.read(Stored::Intact(entry)));
    let mut replica = Replica::start(&rules, kept, (), &mut TestPort::new(me, 2));
    let mut port = TestPort::new(me, 2);
    let settings = SyncSettings { chunk: 48 * 1_024, ..of(kind) };
    let sync = Sync::start(&Arc::new(settings.rules()), (), &mut replica, &mut port);
    port.take();
    Node { sync, replica, port, asked: 0 }
}

impl Cost {
    /// One of two nodes brings itself up to date.
    fn of(nodes: &mut [Node; 2], asks: usize) -> Self {
        let mut cost = Self::default();
        let Node { sync, replica, port, .. } = &mut nodes[asks];
        sync.begin(NodeId::new(1 - asks as u32), replica, port);
        while cost.pass(nodes, asks) {
            cost.round_trips += 1;
            cost.pass(nodes, 1 - asks);
        }
        let [one, other] = nodes.each_ref().map(|node| node.replica.store().root());
        assert_eq!(one, other);
        cost
    }

    /// All that a node has sent arrives; returns whether there was anything.
    fn pass(&mut self, nodes: &mut [Node; 2], at: usize) -> bool {
        let (from, mut any) = (NodeId::new(at as u32), false);
        for did in nodes[at].port.take() {
            let Node { sync, replica, port, .. } = &mut nodes[1 - at];
            let parts = if let Did::Send(_, message) = did {
                let parts = Parts::of(&message);
                sync.on_message(from, message, replica, port);
                parts
            } else if let Did::Post(_, payload) = did {
                let parts = Parts::of_payload(&payload);
                sync.on_payload(from, payload, replica, port);
                parts
            } else {
                continue;
            };
            any = true;
            self.parts += parts;
            self.largest = self.largest.max(parts.all);
            if parts.nodes > 0 {
                self.showed.insert(at);
            }
        }
        any
    }
}

/// The inner nodes of a trie on the ways to what differs in another, and the depth of the deepest differing leaf.
#[derive(Default)]
struct Differing {
    bytes: usize,
    deepest: usize,
}

impl Differing {
    fn between(shown: &VersionStore, other: &VersionStore) -> Self {
        let mut found = Self::default();
        found.look(shown.trie(), other.trie(), Prefix::TOP);
        found
    }

    fn look<V>(&mut self, shown: &Trie<V>, other: &Trie<V>, prefix: Prefix) {
        if shown.root_at(prefix) == other.root_at(prefix) {
            return;
        }
        let Place::Branch(ways) = shown.at(prefix) else {
            self.deepest = self.deepest.max(prefix.depth().into());
            return;
        };
        let mut bytes = Vec::new();
        encoding::write(&(prefix, ways.taken().collect::<Vec<_>>()), &mut bytes);
        self.bytes += bytes.len();
        (0..16).for_each(|way| self.look(shown, other, prefix.follow(way)));
    }
}

fn preload(keys: u32, differ: &str, bytes: u32) -> PreloadSettings {
    let differ: Share = differ.parse().expect("a share");
    PreloadSettings { keys, differ, bytes, ..PreloadSettings::default() }
}

const SHARES: [&str; 4] = ["0.1%", "1%", "10%", "100%"];

#[test]
fn a_walk_goes_down_to_what_differs_and_no_further() {
    for (keys, differ) in [1_000, 10_000].into_iter().flat_map(|keys| SHARES.map(|differ| (keys, differ))) {
        for asks in [0, 1] {
            let mut nodes = pair(SyncKind::Merkle, &preload(keys, differ, 256));
            let [asker, shown] = [asks, 1 - asks].map(|at| nodes[at].replica.store());
            let Differing { bytes, deepest } = Differing::between(shown, asker);
            let Cost { parts, round_trips, showed, .. } = Cost::of(&mut nodes, asks);
            let what = format!("{keys} keys, {differ}, n{} asks: {round_trips} {parts:?}", asks + 1);
            assert!(round_trips <= deepest + 2, "{deepest} deep, {what}");
            assert!(parts.nodes as usize * 10 <= bytes * 13, "{bytes} bytes of nodes, {what}");
            assert!(showed.iter().all(|at| *at == 1 - asks), "{what}");
        }
    }
}

/// The bytes of what one node lacks: keys, values, names, stamps and signatures.
fn lacked(nodes: &[Node; 2], whole: bool) -> u64 {
    let [one, other] = nodes.each_ref().map(|node| node.replica.store());
    let lacks = if whole { &Dots::new() } else { &**other.vector() };
    let all = SyncPayload::Deltas { number: 0, items: Arc::new(one.missing(lacks, usize::MAX)), last: true };
    Parts::of_payload(&all).entries
}

/// The bytes of a question and its answer, which shows the top of a trie: they count where hardly anything is lacked.
const QUESTION: u64 = 400;

#[test]
fn the_channel_carries_little_beside_the_entries() {
    for (kind, most) in [(SyncKind::Full, 105), (SyncKind::Incremental, 120), (SyncKind::Streaming, 120)] {
        for (differ, bytes) in SHARES.into_iter().flat_map(|differ| [256, 1_000, 16_000].map(|bytes| (differ, bytes))) {
            let mut nodes = pair(kind, &preload(2_000, differ, bytes));
            let entries = lacked(&nodes, kind == SyncKind::Full);
            let Cost { parts, .. } = Cost::of(&mut nodes, 1);
            let what = format!("{kind:?}, {differ}, {bytes} bytes: {entries} of {parts:?}");
            let question = if differ == SHARES[0] { QUESTION } else { 0 };
            assert!(parts.plain() * 100 <= entries * most + question * 100, "{what}");
            assert_eq!(parts.entries, entries, "nothing is sent twice: {what}");
        }
    }
}

#[test]
fn the_longest_keys_values_and_contexts_fit_into_messages() {
    let prefix = "k".repeat(1_024 - 7);
    let long = PreloadSettings { prefix, ..preload(100, "30%", 16_000) };
    for kind in [SyncKind::Full, SyncKind::Incremental, SyncKind::Merkle, SyncKind::Streaming] {
        let mut nodes = pair(kind, &long);
        let known: Dot = "n1/7.1".parse().expect("a dot");
        let known = Arc::new(Dots::first(known.source, 40_000));
        nodes.iter_mut().for_each(|node| node.replica.join(&known, &mut node.port));
        let key = Key::new(&"l".repeat(1_024)).expect("a key");
        for number in 1..=16 {
            let odd = (1..=1_000).map(|place| format!("n1/7.{}", (number * 1_000 + place) * 2));
            let context: Dots = odd.map(|dot| dot.parse().expect("a dot")).collect();
            let (value, dot) = (Value::text(&"-".repeat(16_376)), format!("n1/9.{number}").parse().expect("a dot"));
            let version = Version::signed(key.clone(), Some(value), dot, 1, context, &Registry::new(2));
            nodes[0].replica.offer(&Item::Version(version), &mut nodes[0].port);
        }
        nodes.iter_mut().for_each(|node| _ = node.port.take());
        let Cost { largest, .. } = Cost::of(&mut nodes, 1);
        assert!(largest <= 65_536, "{kind:?}: {largest} bytes");
    }
}
