//! One node in a test bench: its handling of whole frames.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::desk::{Envelope, Received};
use super::*;
use crate::chance::Seed;
use crate::clocks::{LamportClock, Stamp};
use crate::codex::{Key, Keyspace, Keyspaces, StoreCommand, Value, Within};
use crate::context::{Effect, Workbench};
use crate::identity::{Boot, ClientId, NodeId, OpId};
use crate::observation::{Claims, LockMode, LockStamp, Resource};
use crate::process::Process;
use crate::protocols::channel::{ChannelFact, Frame};
use crate::protocols::locks::{LockCommand, LockFact, LockMessage, LockSettings, Request, Wanted};
use crate::protocols::replica::{Flushed, ReplicaSettings};
use crate::protocols::{Datagram, Era, Registry, Tag};
use crate::sim::{Cast, Conditions, Simulation, Witness};
use crate::subject::{Setup, Subject as _};
use crate::time::Time;
use crate::trace::{Event, Record};

const N1: NodeId = NodeId::new(0);
const N2: NodeId = NodeId::new(1);

fn op(client: u32, number: u32) -> OpId {
    OpId { client: ClientId::new(client), number }
}

struct Node {
    bench: Workbench<CodexNode>,
    node: CodexNode,
}

impl Node {
    /// The first of two nodes, with locks alone.
    fn new() -> Self {
        Self::of(&Settings { locks: Some(LockSettings::default()), ..Settings::default() }, Keyspaces::default())
    }

    /// The first of two nodes, with a replica alone.
    fn replica() -> Self {
        let keyspaces = [(String::new(), Keyspace::of("gossip"))].into_iter().collect();
        Self::of(&Settings { replica: Some(ReplicaSettings::default()), ..Settings::default() }, keyspaces)
    }

    fn of(settings: &Settings, keyspaces: Keyspaces) -> Self {
        let setup = Setup { voters: 2, observers: 0, quiescence: Time::MAX, keyspaces, core: None, corrupts: false };
        let mut bench = Workbench::new(N1, 2, CodexNode::config(&setup, settings));
        let node = bench.step(|ctx| CodexNode::start(ctx.boot(), &[], ctx));
        Self { bench, node }
    }

    fn hear(&mut self, frame: Frame<Payload>) {
        let message = Datagram::signed(Body::Channel(frame), None, N2, N1, &Registry::new(2));
        self.bench.step(|ctx| self.node.on_message(N2, message, ctx));
    }

    fn ask(&mut self, op: OpId, command: LockCommand) {
        self.bench.step(|ctx| self.node.on_command(op, Command::Locks(command), ctx));
    }

    /// The lock manager's messages since the last call.
    fn said(&mut self) -> Vec<LockMessage> {
        let said = |effect: Effect<CodexNode>| {
            let Effect::Send { message, .. } = effect else { return None };
            let Body::Channel(Frame::Data { payload: Payload::Locks(message), .. }) = message.body else { return None };
            Some(message)
        };
        self.bench.take_effects().into_iter().filter_map(said).collect()
    }
}

fn hello(boot: u32) -> Frame<Payload> {
    Frame::Hello { boot: Boot::new(boot), knows: Some(Boot::new(1)), asks: false }
}

fn data(boot: u32, number: u32, payload: LockMessage) -> Frame<Payload> {
    let (boot, to, payload) = (Boot::new(boot), Boot::new(1), Payload::Locks(payload));
    Frame::Data { boot, to, number, upto: 0, payload, era: Era::default(), clock: None }
}

fn request(time: u64, boot: u32) -> LockMessage {
    let stamp = LockStamp { time: LamportClock::new(time), node: N2, op: op(1, 1) };
    let claims = Claims::of([(&Resource::new("a"), LockMode::X)]);
    LockMessage::Request(Arc::new(Request { stamp, boot: Boot::new(boot), claims }))
}

/// The frame that opens the session may carry a request: if the restart were reported after it, the request would be
/// forgotten with those of the previous incarnation, and never answered.
#[test]
fn what_a_new_life_asks_first_outlives_the_word_of_its_rebirth() {
    let mut node = Node::new();
    node.hear(hello(1));
    node.ask(op(0, 1), LockCommand::Acquire { wanted: Wanted::one("a", "x"), priority: 0 });
    node.hear(data(1, 1, LockMessage::Reply { boot: Boot::new(1), op: op(0, 1) }));
    let granted = |effect: &Effect<CodexNode>| matches!(effect, Effect::Note(Fact::Locks(LockFact::Granted { .. })));
    assert!(node.bench.take_effects().iter().any(granted));
    node.hear(data(2, 1, request(9, 2)));
    assert!(node.said().is_empty(), "it holds what is asked for");
    node.ask(op(0, 2), LockCommand::Release { acquire: op(0, 1) });
    assert_eq!(node.said(), [LockMessage::Reply { boot: Boot::new(2), op: op(1, 1) }]);
}

fn heard(node: &mut Node, era: Era, clocked: bool) -> Vec<Effect<CodexNode>> {
    let stamp = clocked.then(|| {
        let mut stamp = Stamp::default();
        stamp.vector.tick(N2, Boot::new(1));
        Arc::new(stamp)
    });
    let body = Body::Channel(hello(1));
    let tag = Tag { era, stamp, ..Tag::default() }.shared();
    let message = Datagram::signed(body, tag, N2, N1, &Registry::new(2));
    node.bench.take_effects();
    node.bench.step(|ctx| node.node.on_message(N2, message, ctx));
    node.bench.take_effects()
}

#[test]
fn a_datagram_of_another_era_is_dropped() {
    let mut node = Node::new();
    assert_eq!(heard(&mut node, Era(1), false), []);
    node.ask(op(0, 1), LockCommand::Acquire { wanted: Wanted::one("a", "x"), priority: 0 });
    assert!(node.said().is_empty(), "it does not know the peer");
    heard(&mut node, Era(0), false);
}

#[test]
fn a_forged_datagram_is_counted_and_nothing_else() {
    let mut node = Node::new();
    node.bench.take_effects();
    let mut message = Datagram::signed(Body::Channel(hello(1)), None, N2, N1, &Registry::new(2));
    message.body = Body::Channel(hello(2));
    node.bench.step(|ctx| node.node.on_message(N2, message, ctx));
    let forged = Fact::Channel(ChannelFact::Forged { from: N2, count: 1 });
    assert_eq!(node.bench.take_effects(), [Effect::Note(forged)]);
}

#[test]
fn a_node_without_clocks_stamps_nothing_and_bears_no_tag() {
    let mut node = Node::new();
    node.hear(hello(1));
    node.ask(op(0, 1), LockCommand::Acquire { wanted: Wanted::one("a", "x"), priority: 0 });
    let effects = node.bench.take_effects();
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Stamp(_))));
    let sent = |effect: &Effect<CodexNode>| {
        if let Effect::Send { message, .. } = effect { Some(message.clone()) } else { None }
    };
    assert!(effects.iter().filter_map(sent).all(|message| message.tag.is_none()));
}

/// Large variants are boxed where they are rare.
#[test]
fn messages_are_small() {
    assert!(size_of::<Body>() <= 64, "{}", size_of::<Body>());
    assert!(size_of::<Datagram<Body>>() <= 96, "{}", size_of::<Datagram<Body>>());
}

/// What bears no tag is of era 0.
#[test]
fn an_untagged_datagram_is_dropped_in_a_later_era() {
    let mut node = Node::new();
    let mut envelope = Envelope { era: Era(1), ..Envelope::default() };
    let message = Datagram::signed(Body::Channel(hello(1)), None, N2, N1, &Registry::new(2));
    let received = node.bench.step(|ctx| envelope.receive(N2, message, |_| false, ctx));
    assert!(matches!(received, Received::Nothing), "{received:?}");
}

/// What becomes of a node's disk and of its clients, in order.
fn writes_and_answers(node: &mut Node) -> Vec<String> {
    let told = |effect: Effect<CodexNode>| {
        if let Effect::Append(Entry::Replica(_)) = effect {
            Some("append".to_owned())
        } else if let Effect::Sync { completion } = effect {
            Some(format!("sync {}", completion.is_some()))
        } else if let Effect::Reply { op, .. } = effect {
            Some(format!("reply {op}"))
        } else {
            None
        }
    };
    node.bench.take_effects().into_iter().filter_map(told).collect()
}

/// What a slow disk has not yet answered, nobody waits for twice; and no answer leaves before the sync after its write.
#[test]
fn writes_while_a_sync_is_open_share_the_next_one_and_are_answered_behind_it() {
    let mut node = Node::replica();
    let put = |node: &mut Node, number: u32| {
        let (key, value) = (Key::new("k").expect("a key"), Value::Integer(number.into()));
        let command = StoreCommand::Put { key, value, within: Within::default(), seen: None };
        node.bench.step(|ctx| node.node.on_command(op(0, number), Command::Store(command), ctx));
    };
    node.bench.take_effects();
    put(&mut node, 1);
    assert_eq!(writes_and_answers(&mut node), ["append", "sync true", "reply c1#1"]);
    (2..4).for_each(|number| put(&mut node, number));
    assert_eq!(writes_and_answers(&mut node), [""; 0], "the disk is busy");
    let flushed = Completion::Replica(Flushed);
    node.bench.step(|ctx| node.node.on_synced(flushed, ctx));
    let group = ["append", "append", "sync true", "reply c1#2", "reply c1#3"];
    assert_eq!(writes_and_answers(&mut node), group);
    node.bench.step(|ctx| node.node.on_synced(flushed, ctx));
    assert_eq!(writes_and_answers(&mut node), [""; 0], "nothing was written meanwhile");
    put(&mut node, 4);
    assert_eq!(writes_and_answers(&mut node), ["append", "sync true", "reply c1#4"]);
}

/// Whom clients ask, attempt by attempt.
#[derive(Debug, Default)]
struct Asked(Vec<NodeId>);

impl Witness<Fact> for Asked {
    fn see(&mut self, record: &Record<'_>, _fact: Option<&Fact>) -> ControlFlow<()> {
        if let Event::Invoked { to, .. } | Event::Retried { to, .. } = record.event {
            self.0.push(to);
        }
        ControlFlow::Continue(())
    }

    fn reads(&self) -> bool {
        true
    }
}

/// Nobody answers, since no protocol runs; so each attempt goes to the next node.
#[test]
fn a_client_that_carries_its_context_asks_another_node_first_and_goes_on_from_there() {
    let (nodes, end) = (4, Time::from_nanos(3_000_000_000));
    let setup = Setup {
        voters: nodes,
        observers: 0,
        quiescence: end,
        keyspaces: Keyspaces::default(),
        core: None,
        corrupts: false,
    };
    let workload = r#"{ "sets": { "clients": 1, "operations": 1, "reads": "0%", "deletes": "0%", "kept": "0%",
        "dropped": "0%", "carried": "100%", "retries": 3 } }"#;
    let workload: Workload = serde_json::from_str(workload).expect("a workload");
    for seed in (0..8).map(Seed) {
        let clients = CodexNode::clients(&setup, std::slice::from_ref(&workload), &mut seed.dice("workload"));
        let config = CodexNode::config(&setup, &Settings::default());
        let cast = Cast::<CodexNode> { config, nodes, disk: Box::new(|_| Vec::new()), clients };
        let Asked(asked) = Simulation::new(Conditions::plain(seed, end), cast, Asked::default()).run().1;
        assert_eq!(asked.len(), 4);
        assert_ne!(asked[0], N1, "its home is the first node");
        assert!(asked.windows(2).all(|pair| (pair[0].index() + 1) % 4 == pair[1].index()), "{asked:?}");
    }
}
