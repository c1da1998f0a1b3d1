//! A keeper of the register, and a node that asks it, by hand.

use super::*;
use crate::clocks::LamportClock;
use crate::identity::{ClientId, NodeId, OpId};
use crate::observation::{LockStamp, Resource};
use crate::protocols::Protocol as _;
use crate::protocols::bench::{Bench, Did};
use crate::protocols::locks::Refusal;

struct Node {
    register: Register,
    port: Bench<Register>,
    asked: u32,
}

fn token(time: u64) -> LockStamp {
    LockStamp { time: LamportClock::new(time), ..LockStamp::default() }
}

fn read(time: u64) -> RegisterCommand {
    RegisterCommand::Read { key: "a".to_owned(), token: token(time) }
}

fn write(time: u64, value: u64) -> RegisterCommand {
    RegisterCommand::Write { key: "a".to_owned(), value, token: token(time) }
}

impl Node {
    /// The keeper is n1, with index 0.
    fn new(me: u32, guard: Guard) -> Self {
        let register = Register::start(Keeper(NodeId::new(0)), guard, Tokens::Checked);
        Self { register, port: Bench::new(me, 3), asked: 0 }
    }

    /// The keeper, in its next life.
    fn reborn(disk: impl IntoIterator<Item = RegisterEntry>) -> Self {
        let mut guard = Guard::default();
        disk.into_iter().for_each(|RegisterEntry { key, cell }| guard.put(key, cell));
        Self::new(0, guard)
    }

    fn ask(&mut self, command: RegisterCommand, covered: Option<bool>) -> OpId {
        self.asked += 1;
        let op = OpId { client: ClientId::new(0), number: self.asked };
        self.register.on_command(op, Presented { command, covered }, &mut self.port);
        op
    }

    /// What its client is told.
    fn told(&mut self, command: RegisterCommand) -> RegisterReply {
        self.port.take();
        self.ask(command, None);
        let reply = |did| if let Did::Reply(_, reply) = did { Some(reply) } else { None };
        self.port.take().into_iter().find_map(reply).expect("the keeper answers at once")
    }

    fn written(&mut self) -> Vec<RegisterEntry> {
        let entry = |did| if let Did::Append(entry) = did { Some(entry) } else { None };
        self.port.take().into_iter().filter_map(entry).collect()
    }
}

#[test]
fn what_was_read_or_written_is_durable_before_anybody_hears_of_it() {
    let mut keeper = Node::new(0, Guard::default());
    for command in [write(5, 7), read(6)] {
        keeper.ask(command, None);
        let done = keeper.port.take();
        assert!(matches!(done[..], [Did::Append(_), Did::Sync, Did::Note(_), Did::Reply(..)]), "{done:?}");
    }
    keeper.ask(read(6), None);
    assert!(matches!(keeper.port.take()[..], [Did::Note(_), Did::Reply(..)]), "nothing has changed");
}

#[test]
fn a_later_operation_with_a_lower_token_lowers_neither_highest() {
    let mut keeper = Node::new(0, Guard::default());
    assert_eq!(keeper.told(write(3, 7)), RegisterReply::Written);
    assert_eq!(keeper.told(read(9)), RegisterReply::Value { value: Some(7) });
    assert_eq!(keeper.told(read(5)), RegisterReply::Value { value: Some(7) }, "readers go together");
    assert_eq!(keeper.told(write(7, 8)), RegisterReply::Fenced, "9 has read");
    assert_eq!(keeper.told(write(9, 8)), RegisterReply::Written);
    assert_eq!(keeper.told(read(8)), RegisterReply::Fenced, "9 has written");
    assert_eq!(keeper.told(read(9)), RegisterReply::Value { value: Some(8) }, "what is fenced changes nothing");
}

#[test]
fn a_keeper_that_starts_again_holds_both_tokens_from_its_log_and_from_one_that_was_rewritten() {
    let mut keeper = Node::new(0, Guard::default());
    keeper.ask(write(3, 7), None);
    keeper.ask(read(9), None);
    let appended = keeper.written();
    let rewritten: Vec<RegisterEntry> = keeper.register.retained().collect();
    assert_eq!(rewritten.len(), 1, "an entry a key");
    for disk in [appended, rewritten] {
        let mut reborn = Node::reborn(disk);
        assert_eq!(reborn.told(read(2)), RegisterReply::Fenced);
        assert_eq!(reborn.told(write(8, 1)), RegisterReply::Fenced);
        assert_eq!(reborn.told(read(4)), RegisterReply::Value { value: Some(7) });
    }
}

#[test]
fn a_node_asks_the_keeper_and_passes_the_answer_on() {
    let (mut keeper, mut node) = (Node::new(0, Guard::default()), Node::new(1, Guard::default()));
    let op = node.ask(write(3, 7), Some(true));
    let [(to, message)] = &node.port.take_posted()[..] else { panic!("one message") };
    assert_eq!(*to, NodeId::new(0));
    keeper.register.on_payload(NodeId::new(1), message.clone(), &mut keeper.port);
    let [(to, answer)] = &keeper.port.take_posted()[..] else { panic!("one answer") };
    assert_eq!(*to, NodeId::new(1));
    node.register.on_payload(NodeId::new(0), answer.clone(), &mut node.port);
    assert_eq!(node.port.take(), [Did::Reply(op, RegisterReply::Written)]);
}

#[test]
fn what_the_grant_does_not_cover_never_reaches_the_keeper() {
    let mut node = Node::new(1, Guard::default());
    let op = node.ask(write(3, 7), Some(false));
    let reason = Refusal::NotCovered;
    assert_eq!(
        node.port.take(),
        [Did::Note(RegisterFact::Refused { op, reason }), Did::Reply(op, RegisterReply::Refused { reason })]
    );
}

#[test]
fn each_key_has_tokens_of_its_own() {
    let mut keeper = Node::new(0, Guard::default());
    keeper.told(write(9, 7));
    let other = RegisterCommand::Write { key: "b".to_owned(), value: 1, token: token(2) };
    assert_eq!(keeper.told(other), RegisterReply::Written);
    assert_eq!(
        keeper.register.retained().map(|entry| entry.key).collect::<Vec<_>>(),
        [Resource::new("a"), Resource::new("b")]
    );
}
