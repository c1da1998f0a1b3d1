//! Where two traces part, on stories told by hand.

use super::chatter::{Fact, Message, Vote};
use super::story::{C1, N1, N2, Teller, bytes, message, node, said};
use crate::identity::{Actor, Boot, OpId};
use crate::trace::jsonl::Reader;
use crate::trace::{Difference, Event, Trace, difference};

/// One thing that happens: so many microseconds after the one before, to whom, what.
type Told = (u64, Actor, &'static str);

/// A story in short words; a fact is what else is said.
fn story(told: &[Told]) -> Trace {
    let mut teller = Teller::new();
    let refuse = bytes(&Message::Consensus(Vote::Refuse));
    let op = OpId { client: C1, number: 1 };
    for (micros, actor, what) in told {
        let fact = bytes(&Fact::Said((*what).to_owned()));
        let event = match *what {
            "start" => Event::Start { boot: Boot::new(1), intact: 0, torn: 0, damaged: 0 },
            "send" => Event::Send { message: message(N1, 0, 1), to: N2, copies: 1, said: said(&refuse) },
            "send twice" => Event::Send { message: message(N1, 0, 1), to: N2, copies: 2, said: said(&refuse) },
            "receive" => Event::Receive { message: message(N1, 0, 1), copy: 0, corrupted: None },
            "command" => Event::Command { op },
            "call" => Event::Retried { op, to: N1, attempt: 2 },
            _ => Event::Fact { fact: said(&fact) },
        };
        teller.tell(*micros, *actor, event, &[]);
    }
    teller.trace(Vec::new())
}

fn open(lines: &[u8]) -> Reader<&[u8]> {
    Reader::open(lines).expect("its head is whole")
}

fn between(one: &Trace, other: &Trace) -> Option<Difference> {
    let [one, other] = [one, other].map(|trace| {
        let mut lines = Vec::new();
        trace.write_jsonl(&mut lines).expect("memory takes it");
        lines
    });
    let (mut one, mut other) = (open(&one), open(&other));
    let found = difference(&mut one, &mut other).expect("both are whole");
    assert!(one.footer().is_some() && other.footer().is_some(), "both are read to their ends");
    found
}

fn causes(difference: &Difference) -> String {
    difference.causes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

const N: [Actor; 3] = [node(0), node(1), node(2)];
const C: Actor = Actor::Client(C1);

const BEGINNING: [Told; 6] = [
    (0, N[0], "start"),
    (0, N[1], "start"),
    (0, N[2], "start"),
    (5, C, "call"),
    (1, N[0], "command"),
    (1, N[0], "send"),
];

fn with(further: &[Told]) -> Trace {
    story(&[&BEGINNING[..], further].concat())
}

#[test]
fn equal_traces_do_not_part() {
    let trace = with(&[(9, N[1], "receive")]);
    assert_eq!(between(&trace, &trace), None);
}

#[test]
fn the_order_within_an_instant_is_no_difference() {
    let one = with(&[(9, N[1], "receive"), (0, N[2], "a"), (0, N[1], "b"), (1, N[0], "c")]);
    let other = with(&[(9, N[2], "a"), (0, N[1], "receive"), (0, N[1], "b"), (1, N[0], "c")]);
    assert_eq!(between(&one, &other), None);
    let other = with(&[(9, N[2], "a"), (0, N[1], "receive"), (0, N[1], "b"), (1, N[0], "d")]);
    assert_eq!(between(&one, &other).expect("they part").event.to_string(), "n1#4");
}

#[test]
fn an_event_that_says_something_else_is_named_with_its_causal_past() {
    let one = with(&[(5, N[2], "aside"), (9, N[1], "receive"), (1, N[1], "this")]);
    let other = with(&[(5, N[2], "aside"), (9, N[1], "receive"), (1, N[1], "that")]);
    let found = between(&one, &other).expect("they part");
    assert_eq!(found.event.to_string(), "n2#3");
    assert_eq!(
        found.lines.clone().map(|line| line.expect("both have it").trim_start().to_owned()),
        ["0.022 n2 fact said this", "0.022 n2 fact said that"]
    );
    assert_eq!(found.agreed, 8);
    assert_eq!(causes(&found), "n1#1 n2#1 c1#1 n1#2 n1#3 n2#2", "n3 had no part in it");
}

#[test]
fn an_event_that_comes_later_is_shown_as_it_comes() {
    let one = with(&[(5, N[2], "a"), (1, N[0], "b")]);
    let other = with(&[(6, N[0], "b"), (9, N[1], "c"), (3, N[2], "a")]);
    let found = between(&one, &other).expect("they part");
    assert_eq!(found.event.to_string(), "n3#2");
    assert!(found.lines[1].as_ref().expect("it comes").contains("0.025 n3 fact said a"), "{found:?}");
}

#[test]
fn an_event_that_one_trace_lacks_is_missing_there() {
    let one = with(&[(5, N[2], "a")]);
    for (this, that, lacks) in [(&one, &with(&[]), 1), (&with(&[]), &one, 0)] {
        let found = between(this, that).expect("they part");
        assert_eq!(found.event.to_string(), "n3#2");
        assert_eq!(found.lines[lacks], None);
        assert!(found.lines[1 - lacks].is_some());
    }
}

#[test]
fn what_was_added_goes_before_what_it_changed() {
    let one = with(&[(9, N[1], "receive"), (0, N[2], "a")]);
    let other = with(&[(9, N[0], "added"), (0, N[1], "receive"), (0, N[2], "b")]);
    assert_eq!(between(&one, &other).expect("they part").event.to_string(), "n1#4");
    let copies = |what| story(&[(0, N[0], "start"), (0, N[0], what)]);
    assert_eq!(between(&copies("send"), &copies("send twice")).expect("they part").event.to_string(), "n1#2");
}

#[test]
fn a_trace_that_is_cut_is_named() {
    let trace = with(&[]);
    let mut whole = Vec::new();
    trace.write_jsonl(&mut whole).expect("memory takes it");
    let cut = &whole[..whole.len() - 30];
    let (which, _) = difference(&mut open(&whole), &mut open(cut)).expect_err("the second is cut");
    assert_eq!(which, 1);
    let (which, _) = difference(&mut open(cut), &mut open(&whole)).expect_err("the first is cut");
    assert_eq!(which, 0);
}
