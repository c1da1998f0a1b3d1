//! The checker of serializability at the sizes that are promised: transactions that read and write a few of many keys, some of
//! them hot, one after the other as their coordinators tell of them.
//!
//! ```text
//! cargo bench --bench transactions
//! ```
//! The machine may be busy: each figure is the median of five rounds, with the least and the greatest.
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a benchmark reads the wall clock")]
#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::sync::Arc;
use std::time::Instant;

use stemmata::chance::{Chance as _, Seed};
use stemmata::check::{Checker as _, Common, End, Serializability, Shown};
use stemmata::identity::{Actor, Boot, ClientId, EventId, Incarnation, NodeId, OpId};
use stemmata::observation::{Observation, TransactionId, TransactionRead, TransactionSeen, TransactionStamp};
use stemmata::time::Time;
use stemmata::trace::{Body, Event, Label, Record, Said};

const ROUNDS: usize = 5;
const KEYS: u64 = 1_000;
/// One operation in so many is on one of the first ten keys.
const HOT: u64 = 5;

/// The records of so many committed transactions, each of two reads and two writes.
fn records(count: u64) -> Vec<Record<'static>> {
    let mut dice = Seed(1).dice("transactions");
    let keys: Vec<Arc<str>> = (0..KEYS).map(|number| format!("k{number}").into()).collect();
    let mut versions = vec![0_u64; keys.len()];
    let mut records = Vec::new();
    let mut note = |seen: TransactionSeen| {
        let label = Label { outer: "transactions".into(), inner: None };
        let observations = vec![Observation::Transaction(seen)].into();
        let fact = Said { label, observations, body: Body::Encoded(&[]) };
        let number = u32::try_from(records.len() + 1).expect("few records");
        let id = EventId { actor: Actor::Node(NodeId::new(0)), number };
        records.push(Record { time: Time::ZERO, id, stamp: None, event: Event::Fact { fact } });
    };
    for number in 1..=count {
        let id = TransactionId { coordinator: Incarnation::new(NodeId::new(0), Boot::new(1)), number };
        let op = OpId { client: ClientId::new(0), number: u32::try_from(number).expect("few operations") };
        note(TransactionSeen::Begun { id, op, stamp: TransactionStamp::default(), parts: Vec::new() });
        let mut picked: Vec<usize> = Vec::new();
        while picked.len() < 4 {
            let below = if dice.below(HOT) == 0 { 10 } else { KEYS };
            let key = usize::try_from(dice.below(below)).expect("few keys");
            if !picked.contains(&key) {
                picked.push(key);
            }
        }
        let read = |key: &usize| TransactionRead { key: Arc::clone(&keys[*key]), version: versions[*key] };
        note(TransactionSeen::Decided { id, commits: true, reads: picked.iter().take(2).map(read).collect() });
        for key in &picked[2..] {
            versions[*key] += 1;
            let (key, version) = (Arc::clone(&keys[*key]), versions[*key]);
            note(TransactionSeen::Installed { id, key, version, value: Some("1".into()) });
        }
    }
    records
}

/// Seconds to judge these records.
fn judging(records: &[Record<'static>]) -> f64 {
    let common = Common::default();
    let begun = Instant::now();
    let mut checker = Serializability::default();
    for record in records {
        checker.see(&Shown::<()>::new(record, None, &common)).expect("they are in order");
    }
    let verdict = stemmata::check::Checker::<()>::conclude(&mut checker, &End { time: Time::ZERO, common: &common });
    assert!(verdict.violation().is_none());
    begun.elapsed().as_secs_f64()
}

fn main() {
    for count in [10_000, 100_000, 1_000_000] {
        let records = records(count);
        let mut rounds: Vec<f64> = (0..ROUNDS).map(|_| judging(&records)).collect();
        rounds.sort_by(f64::total_cmp);
        let (least, median, most) = (rounds[0], rounds[ROUNDS / 2], rounds[ROUNDS - 1]);
        println!("serializability of {count:>9} transactions {median:>9.3} s ({least:.3} to {most:.3})");
    }
}
