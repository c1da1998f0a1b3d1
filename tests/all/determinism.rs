//! Same seed, same bytes; and a seed survives edits.

mod chatter;

use std::collections::BTreeMap;

use stemmata::chance::Seed;
use stemmata::hunt::{SeedRange, Sweep, SweepTally};
use stemmata::identity::{Actor, MessageId, NodeId};
use stemmata::run::Keep;
use stemmata::time::{Span, Time};
use stemmata::trace::{Event, Record, Tape};

use crate::pins::assert_pinned;
use crate::support::{Unwatched, load, run, subject_of};
use chatter::{Habits, tape};

/// They are the same in every build, on every machine. A change of one of them is a change of every run that anybody has
/// named, and needs a new version of the trace.
#[test]
fn digests_are_pinned() {
    for name in ["hello", "broadcast-split", "broadcast-crash", "split-brain", "locks-contended"] {
        let file = load(name);
        let (_, outcome) = run(&file, 42, Keep::Verdicts);
        assert_pinned(&format!("digest of {name}, seed 42"), outcome.digest);
        assert_pinned(&format!("digest of the scenario {name}"), file.short_digest());
    }
}

#[test]
fn a_run_is_the_same_twice_whatever_is_kept() {
    for name in ["hello", "broadcast-lossy", "broadcast-crash"] {
        let file = load(name);
        for seed in 0..5 {
            let (_, first) = run(&file, seed, Keep::Verdicts);
            let (_, again) = run(&file, seed, Keep::Trace);
            assert_eq!((first.digest, &first.judgements), (again.digest, &again.judgements), "{name}, seed {seed}");
        }
    }
}

#[test]
fn a_sweep_is_the_same_on_one_thread_and_on_two() {
    let file = load("broadcast-crash");
    let seeds = SeedRange { first: 100, count: 24 };
    let sweep = |threads| {
        let sweep = Sweep {
            file: &file,
            subject: subject_of(&file),
            seeds,
            done: SweepTally::default(),
            threads,
            max_failures: None,
        };
        sweep.run(&Unwatched).expect("no ranges clash")
    };
    assert_eq!(sweep(1), sweep(2));
}

#[test]
fn another_seed_is_another_run() {
    let file = load("broadcast-split");
    let (_, one) = run(&file, 1, Keep::Verdicts);
    let (_, other) = run(&file, 2, Keep::Verdicts);
    assert_ne!(one.digest, other.digest);
}

/// What a record says, without its place in the trace.
fn said(record: &Record<'_>) -> String {
    format!("{} {} {:?} {:?}", record.time, record.id, record.stamp, record.event)
}

#[test]
fn an_unused_draw_under_a_new_label_moves_no_line() {
    for seed in 0..20 {
        let plain = tape(Seed(seed), 4, Habits::default());
        let drawing = tape(Seed(seed), 4, Habits { draws_for_nothing: true, ..Habits::default() });
        let (plain, drawing): (Vec<_>, Vec<_>) =
            (plain.records().map(|record| said(&record)).collect(), drawing.records().map(|r| said(&r)).collect());
        assert!(plain.len() > 500, "something must happen");
        assert_eq!(plain, drawing, "seed {seed}");
    }
}

#[test]
fn an_idle_node_adds_its_own_lines_only() {
    for seed in 0..20 {
        let without = tape(Seed(seed), 4, Habits::default());
        let with = tape(Seed(seed), 5, Habits::default());
        let idle = Actor::Node(NodeId::new(4));
        let without: Vec<_> = without.records().map(|record| said(&record)).collect();
        let others: Vec<_> = with.records().filter(|r| r.id.actor != idle).map(|record| said(&record)).collect();
        let own = with.records().filter(|record| record.id.actor == idle).count();
        assert_eq!(without, others, "seed {seed}");
        assert_eq!(own, 1, "it starts");
    }
}

/// What became of a message: how many copies the network made of it, and of each its end and how long it took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Fate {
    copies: u16,
    ends: Vec<(u16, &'static str, Span)>,
}

fn fates(tape: &Tape, lane: usize) -> BTreeMap<MessageId, Fate> {
    let mut fates: BTreeMap<MessageId, Fate> = BTreeMap::new();
    let mut sent: BTreeMap<MessageId, Time> = BTreeMap::new();
    for record in tape.records() {
        if let Event::Send { message, copies, .. } = &record.event {
            sent.insert(*message, record.time);
            fates.entry(*message).or_default().copies = *copies;
        }
        if let Some((message, copy, end)) = end(&record.event) {
            let took = record.time.since(sent[&message]);
            fates.entry(message).or_default().ends.push((copy, end, took));
        }
    }
    fates.retain(|message, _| message.lane.index() == lane);
    fates
}

fn end(event: &Event<'_>) -> Option<(MessageId, u16, &'static str)> {
    if let Event::Receive { message, copy, corrupted } = event {
        return Some((*message, *copy, if corrupted.is_some() { "corrupted" } else { "received" }));
    }
    if let Event::Lost { message, copy, .. } = event {
        return Some((*message, *copy, "lost"));
    }
    if let Event::Garbled { message, copy } = event {
        return Some((*message, *copy, "garbled"));
    }
    None
}

#[test]
fn new_traffic_on_one_lane_leaves_the_fates_on_another_as_they_were() {
    for seed in 0..20 {
        let quiet = tape(Seed(seed), 4, Habits::default());
        let busy = tape(Seed(seed), 4, Habits { speaks_on_both_lanes: true, ..Habits::default() });
        let (before, after) = (fates(&quiet, 0), fates(&busy, 0));
        assert!(before.len() > 100 && !fates(&busy, 1).is_empty(), "both lanes carry something");
        assert!(before.values().any(|fate| fate.copies > 1), "something comes twice");
        assert!(before.values().flat_map(|fate| &fate.ends).any(|(_, end, _)| *end == "lost"), "something is lost");
        assert_eq!(before, after, "seed {seed}");
    }
}
