//! One node on a bench: what it does with a frame as a whole.

use std::sync::Arc;

use super::*;
use crate::clocks::LamportClock;
use crate::context::{Effect, Workbench};
use crate::identity::{Boot, ClientId, NodeId, OpId};
use crate::observation::{Claims, LockMode, LockStamp, Resource};
use crate::process::Process;
use crate::protocols::channel::Frame;
use crate::protocols::locks::{LockCommand, LockFact, LockMessage, LockSettings, Request, Wanted};
use crate::protocols::{Registry, Signature};

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
        let settings = Settings { locks: Some(LockSettings::default()), ..Settings::default() };
        let registry = Registry::new(2);
        let mut bench = Workbench::new(N1, 2, Config { settings, registry, promised: false, consensus: None });
        let node = bench.step(|ctx| CodexNode::start(ctx.boot(), &[], ctx));
        Self { bench, node }
    }

    fn hear(&mut self, frame: Frame<Payload>) {
        let message = Message::Channel(frame).signed(N2, N1, &Registry::new(2));
        self.bench.step(|ctx| self.node.on_message(N2, message, ctx));
    }

    fn ask(&mut self, op: OpId, command: LockCommand) {
        self.bench.step(|ctx| self.node.on_command(op, Command::Locks(command), ctx));
    }

    /// What it has sent since the last look, of the lock manager's.
    fn said(&mut self) -> Vec<LockMessage> {
        let said = |effect| {
            let Effect::Send { message: Message::Channel(Frame::Data { payload, .. }), .. } = effect else {
                return None;
            };
            if let Payload::Locks(message) = payload { Some(message) } else { None }
        };
        self.bench.take_effects().into_iter().filter_map(said).collect()
    }
}

fn hello(boot: u32) -> Frame<Payload> {
    Frame::Hello { boot: Boot::new(boot), knows: Some(Boot::new(1)), asks: false, signature: Signature::default() }
}

fn data(boot: u32, number: u32, payload: LockMessage) -> Frame<Payload> {
    let (boot, to, payload) = (Boot::new(boot), Boot::new(1), payload.into());
    Frame::Data { boot, to, number, upto: 0, payload, signature: Signature::default() }
}

fn request(time: u64, boot: u32) -> LockMessage {
    let stamp = LockStamp { time: LamportClock::new(time), node: N2, op: op(1, 1) };
    let claims = Claims::of([(&Resource::new("a"), LockMode::X)]);
    LockMessage::Request(Arc::new(Request { stamp, boot: Boot::new(boot), claims }))
}

/// The frame that opens the session may bring a request: were the rebirth told after it, the request would be forgotten
/// with those of the old life, and never answered.
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
