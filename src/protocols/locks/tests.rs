//! One lock manager, its messages and commands by hand.

use std::sync::Arc;

use super::machine::Kept;
use super::*;
use crate::clocks::LamportClock;
use crate::identity::{Boot, ClientId, NodeId, OpId};
use crate::observation::{Access, Claims, LockMode, LockStamp, Resource};
use crate::process::Stored;
use crate::protocols::Protocol as _;
use crate::protocols::test_port::{Did, TestPort};
use crate::subject::Flaws;

struct Node {
    locks: Locks,
    port: TestPort<Locks>,
}

fn op(client: u32, number: u32) -> OpId {
    OpId { client: ClientId::new(client), number }
}

fn n(index: u32) -> NodeId {
    NodeId::new(index)
}

impl Node {
    fn new(flaws: &[&str]) -> Self {
        let flaws: Flaws = serde_json::from_value(serde_json::json!(flaws)).expect("flaws are words");
        let settings = LockSettings { flaws, ..LockSettings::default() };
        Self::start(&settings, &[], 1)
    }

    fn start(settings: &LockSettings, disk: &[LockEntry], boot: u32) -> Self {
        let mut kept = Kept::default();
        disk.iter().for_each(|entry| Locks::read(&mut kept, Stored::Intact(entry)));
        let mut port = TestPort::new(0, 3);
        port.boot = Boot::new(boot);
        let locks = Locks::start(&Arc::new(settings.rules()), kept, (), &mut port);
        port.take();
        Self { locks, port }
    }

    fn acquire(&mut self, op: OpId, path: &str, mode: &str) {
        let command = LockCommand::Acquire { wanted: Wanted::one(path, mode), priority: 0 };
        self.locks.on_command(op, command, (), &mut self.port);
    }

    fn release(&mut self, op: OpId, acquire: OpId) {
        self.locks.on_command(op, LockCommand::Release { acquire }, (), &mut self.port);
    }

    fn answered(&mut self, op: OpId) {
        for peer in [1, 2] {
            let boot = self.port.boot;
            self.locks.on_payload(n(peer), LockMessage::Reply { boot, op }, (), &mut self.port);
        }
    }

    fn asked_by(&mut self, peer: u32, time: u64, path: &str, mode: LockMode) -> OpId {
        let op = op(10 + peer, u32::try_from(time).expect("small"));
        let stamp = LockStamp { time: LamportClock::new(time), node: n(peer), op };
        let claims = Claims::of([(&Resource::new(path), mode)]);
        let request = Arc::new(Request { stamp, boot: Boot::new(1), claims });
        self.locks.on_payload(n(peer), LockMessage::Request(request), (), &mut self.port);
        op
    }

    /// The messages since the last call, by receiver: `?` a request, `!` a reply.
    fn sent(&mut self) -> Vec<String> {
        let said = |(to, message): (NodeId, LockMessage)| match message {
            LockMessage::Request(request) => format!("{to}?{}", request.stamp.op),
            LockMessage::Reply { op, .. } => format!("{to}!{op}"),
            LockMessage::Denied { op, .. } => format!("{to}-{op}"),
        };
        self.port.take_posted().into_iter().map(said).collect()
    }

    fn granted(&self) -> Vec<OpId> {
        let granted = |did: &Did<_, _, _, _, LockFact, _, _>| {
            if let Did::Note(LockFact::Granted { stamp, .. }) = did { Some(stamp.op) } else { None }
        };
        self.port.done.iter().filter_map(granted).collect()
    }

    fn refusals(&mut self) -> Vec<Refusal> {
        let refused = |did| if let Did::Reply(_, LockReply::Refused { reason }) = did { Some(reason) } else { None };
        self.port.take().into_iter().filter_map(refused).collect()
    }
}

#[test]
fn a_request_is_granted_when_all_have_answered_it() {
    let mut node = Node::new(&[]);
    node.acquire(op(0, 1), "a", "x");
    assert_eq!(node.sent(), ["n2?c1#1", "n3?c1#1"]);
    let boot = node.port.boot;
    node.locks.on_payload(n(1), LockMessage::Reply { boot, op: op(0, 1) }, (), &mut node.port);
    node.locks.on_payload(n(1), LockMessage::Reply { boot, op: op(0, 1) }, (), &mut node.port);
    assert!(node.granted().is_empty(), "one peer twice is one peer");
    node.locks.on_payload(n(2), LockMessage::Reply { boot, op: op(0, 1) }, (), &mut node.port);
    assert_eq!(node.granted(), [op(0, 1)]);
}

#[test]
fn a_reply_for_another_boot_or_operation_does_not_count() {
    let mut node = Node::new(&[]);
    node.acquire(op(0, 1), "a", "x");
    for (boot, other) in [(Boot::new(7), op(0, 1)), (Boot::new(1), op(0, 2))] {
        for peer in [1, 2] {
            node.locks.on_payload(n(peer), LockMessage::Reply { boot, op: other }, (), &mut node.port);
        }
    }
    assert!(node.granted().is_empty());
}

#[test]
fn the_clock_is_on_the_disk_before_a_stamp_or_an_answer_leaves() {
    let mut node = Node::new(&[]);
    node.asked_by(1, 5_000, "a", LockMode::X);
    let done = node.port.take();
    let below = LamportClock::new(5_064);
    assert_eq!(done[..2], [Did::Append(LockEntry::Reserve { below }), Did::Sync]);
    assert!(matches!(done[2], Did::Post(..)));
    let settings = LockSettings::default();
    let mut reborn = Node::start(&settings, &[LockEntry::Reserve { below }], 2);
    reborn.acquire(op(0, 1), "a", "x");
    let stamps = |did| if let Did::Note(LockFact::Requested { stamp, .. }) = did { Some(stamp.time) } else { None };
    let stamps: Vec<_> = reborn.port.take().into_iter().filter_map(stamps).collect();
    assert_eq!(stamps, [LamportClock::new(5_065)]);
}

#[test]
fn what_is_held_or_asked_for_earlier_is_deferred_and_answered_at_the_end() {
    let mut node = Node::new(&[]);
    node.acquire(op(0, 1), "a", "x");
    let later = node.asked_by(1, 9, "a", LockMode::S);
    let sent = node.sent();
    assert_eq!(sent, ["n2?c1#1", "n3?c1#1"], "mine is earlier");
    node.answered(op(0, 1));
    let other = node.asked_by(2, 3, "a", LockMode::X);
    assert!(node.sent().is_empty(), "a grant is not taken away, whatever the stamp");
    node.release(op(0, 2), op(0, 1));
    assert_eq!(node.sent(), [format!("n3!{other}"), format!("n2!{later}")], "in the order of stamps");
}

#[test]
fn what_goes_together_is_answered_at_once() {
    let mut node = Node::new(&[]);
    node.acquire(op(0, 1), "a/b", "s");
    node.answered(op(0, 1));
    node.sent();
    let reader = node.asked_by(1, 9, "a/b/c", LockMode::S);
    assert_eq!(node.sent(), [format!("n2!{reader}")]);
    node.asked_by(2, 9, "a/b/c", LockMode::X);
    assert!(node.sent().is_empty(), "a writer below what is read");
}

#[test]
fn a_request_sent_after_an_answer_has_a_later_stamp() {
    let mut node = Node::new(&[]);
    node.asked_by(1, 500, "a", LockMode::X);
    node.acquire(op(0, 1), "a", "x");
    let stamp = |did| if let Did::Note(LockFact::Requested { stamp, .. }) = did { Some(stamp) } else { None };
    let stamps: Vec<_> = node.port.take().into_iter().filter_map(stamp).collect();
    assert_eq!(stamps[0].time, LamportClock::new(501));
}

#[test]
fn clients_of_one_node_wait_for_one_another_without_messages() {
    let mut node = Node::new(&[]);
    node.acquire(op(0, 1), "a", "x");
    node.acquire(op(1, 1), "a", "x");
    assert_eq!(node.sent().len(), 2, "the second is not sent while the first is open");
    node.answered(op(0, 1));
    assert_eq!(node.granted(), [op(0, 1)]);
    assert_eq!(node.sent(), ["n2?c2#1", "n3?c2#1"]);
    node.answered(op(1, 1));
    assert!(node.granted().is_empty(), "the node itself holds what does not go with it");
    node.release(op(0, 2), op(0, 1));
    assert_eq!(node.granted(), [op(1, 1)]);
}

#[test]
fn who_takes_a_request_back_holds_nobody_up() {
    let mut node = Node::new(&[]);
    node.acquire(op(0, 1), "a", "x");
    let later = node.asked_by(1, 9, "a", LockMode::X);
    node.sent();
    node.locks.on_command(op(0, 2), LockCommand::Withdraw { acquire: op(0, 1) }, (), &mut node.port);
    assert_eq!(node.sent(), [format!("n2!{later}")]);
    node.answered(op(0, 1));
    assert!(node.granted().is_empty());
}

/// The grant and the client's withdrawal cross.
#[test]
fn who_takes_back_what_was_granted_meanwhile_releases_it() {
    let mut node = Node::new(&[]);
    node.acquire(op(0, 1), "a", "x");
    node.answered(op(0, 1));
    assert_eq!(node.granted(), [op(0, 1)]);
    let later = node.asked_by(1, 9, "a", LockMode::X);
    node.port.take();
    node.locks.on_command(op(0, 2), LockCommand::Withdraw { acquire: op(0, 1) }, (), &mut node.port);
    let done = node.port.take();
    assert_eq!(done[..2], [Did::Note(LockFact::Released { op: op(0, 1) }), Did::Reply(op(0, 2), LockReply::Released)]);
    assert!(matches!(done[2], Did::Post(to, LockMessage::Reply { op, .. }) if (to, op) == (n(1), later)), "{done:?}");
    node.acquire(op(0, 3), "a", "x");
    assert!(node.refusals().is_empty(), "it holds nothing");
}

#[test]
fn a_peer_that_was_reborn_is_asked_again_and_what_it_had_asked_is_forgotten() {
    let mut node = Node::new(&[]);
    node.acquire(op(0, 1), "a", "x");
    let boot = node.port.boot;
    node.locks.on_payload(n(2), LockMessage::Reply { boot, op: op(0, 1) }, (), &mut node.port);
    node.asked_by(1, 9, "a", LockMode::X);
    node.sent();
    node.locks.on_reset(n(1), (), &mut node.port);
    node.locks.on_reset(n(2), (), &mut node.port);
    assert_eq!(node.sent(), ["n2?c1#1"], "n3 had answered");
    node.answered(op(0, 1));
    node.release(op(0, 2), op(0, 1));
    assert!(node.sent().is_empty(), "its old life's request is gone");
}

#[test]
fn a_client_that_has_something_asks_for_nothing_more() {
    let mut node = Node::new(&[]);
    node.acquire(op(0, 1), "a/b", "s");
    node.acquire(op(0, 2), "c", "s");
    node.acquire(op(0, 3), "a/b", "x");
    node.release(op(0, 4), op(0, 9));
    node.release(op(1, 1), op(0, 1));
    let refusals = node.refusals();
    assert_eq!(
        refusals,
        [Refusal::AlreadyHolds, Refusal::ConversionRefused, Refusal::NotHeld, Refusal::NotHeld],
        "nor releases what it or another does not hold"
    );
}

#[test]
fn an_operation_that_is_asked_again_is_done_once() {
    let mut node = Node::new(&[]);
    for _ in 0..2 {
        node.acquire(op(0, 1), "a", "x");
    }
    assert_eq!(node.sent().len(), 2);
    node.answered(op(0, 1));
    node.acquire(op(0, 1), "a", "x");
    let replies = |did: &Did<_, _, _, _, _, LockReply, _>| matches!(did, Did::Reply(_, LockReply::Granted { .. }));
    assert_eq!(node.port.take().iter().filter(|did| replies(did)).count(), 2, "the answer may have been lost");
    for _ in 0..2 {
        node.release(op(0, 2), op(0, 1));
    }
    assert!(node.refusals().is_empty());
}

#[test]
fn a_grant_covers_what_stands_below_it() {
    let mut node = Node::new(&[]);
    node.acquire(op(0, 1), "a/b", "s");
    node.answered(op(0, 1));
    let token = LockStamp { time: LamportClock::new(1), node: n(0), op: op(0, 1) };
    let covers = |key, access| node.locks.covers(token, &Resource::new(key), access);
    assert_eq!(covers("a/b/c", Access::Read), Some(true));
    assert_eq!((covers("a/b", Access::Write), covers("a", Access::Read)), (Some(false), Some(false)));
    let foreign = LockStamp { time: LamportClock::new(7), ..token };
    assert_eq!(node.locks.covers(foreign, &Resource::new("a/b"), Access::Read), None);
}

#[test]
fn each_flaw_removes_its_guard() {
    let mut node = Node::new(&["e20"]);
    node.acquire(op(0, 1), "a", "x");
    node.sent();
    assert_eq!(node.asked_by(1, 9, "a", LockMode::X).number, 9);
    assert_eq!(node.sent().len(), 1, "e20 answers though it asks itself");
    let mut node = Node::new(&["e23"]);
    node.acquire(op(0, 1), "a", "x");
    node.answered(op(0, 1));
    node.sent();
    node.asked_by(1, 9, "a", LockMode::X);
    assert_eq!(node.sent().len(), 1, "e23 answers though it holds");
    let mut node = Node::new(&["e21"]);
    node.acquire(op(0, 1), "a", "x");
    node.answered(op(0, 1));
    node.sent();
    let denied = node.asked_by(1, 9, "a", LockMode::X);
    assert_eq!(node.sent(), [format!("n2-{denied}")]);
    node.release(op(0, 2), op(0, 1));
    assert!(node.sent().is_empty(), "e21 has forgotten who asked");
}
