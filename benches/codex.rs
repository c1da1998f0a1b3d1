//! The codex at the sizes that are promised: what a put costs with a root now and then, and how long a large state takes; the
//! same for replicated keys, where a put is a version that names the one before it.
//!
//! ```text
//! cargo bench --bench codex
//! ```
//! The machine may be busy: each figure is the median of five rounds, with the least and the greatest.
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a benchmark reads the wall clock")]
#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use stemmata::clocks::{Dot, Dots};
use stemmata::codex::{Anchors, Change, Codex, Key, Lax, Value, Version, VersionStore, Write};
use stemmata::protocols::Registry;

const ROUNDS: usize = 5;

fn key(number: u64) -> Key {
    Key::new(&format!("ledger/{number}")).expect("a key")
}

fn built(keys: u64) -> Codex {
    (0..keys).map(|number| (key(number), Value::text("arma virumque cano"))).collect()
}

/// Puts of a round, with a root after each hundred: nanoseconds a put. The writes are there before.
fn puts(codex: &mut Codex, keys: u64, round: u64) -> f64 {
    const BATCHES: u64 = 1_000;
    let mut took = Duration::ZERO;
    for batch in 0..BATCHES {
        let write =
            |n: u64| Write::Put { key: key((n * 7_919 + round) % keys), value: Value::Integer((n + round) as i64) };
        let writes: Vec<Write> = (batch * 100..(batch + 1) * 100).map(write).collect();
        let begun = Instant::now();
        for write in &writes {
            codex.apply(write, &Anchors::default()).expect("nothing is refused");
        }
        black_box(codex.root());
        took += begun.elapsed();
    }
    took.as_nanos() as f64 / (BATCHES * 100) as f64
}

/// Seconds until so many keys are there, and have a root.
fn building(keys: u64) -> f64 {
    let begun = Instant::now();
    black_box(built(keys).root());
    begun.elapsed().as_secs_f64()
}

/// The number-th version of one node, over the one that it replaces, if any.
fn version(number: u64, key: Key, over: Option<u64>, registry: &Registry) -> Change {
    let first: Dot = "n1.1".parse().expect("a dot");
    let dot = |number| Dot { number, ..first };
    let context: Dots = over.map(dot).into_iter().collect();
    Change::Version(Version::signed(key, Some(Value::Integer(number as i64)), dot(number), number, context, registry))
}

/// The versions that give so many keys their first values.
fn firsts(keys: u64, registry: &Registry) -> Vec<Change> {
    (0..keys).map(|number| version(number + 1, key(number), None, registry)).collect()
}

/// Puts of replicated keys, each over what is held, with a root after each hundred: nanoseconds a put, in each round.
fn replicated_puts(keys: u64) -> Vec<f64> {
    const BATCHES: u64 = 1_000;
    let registry = Registry::new(1);
    let mut store = VersionStore::new(1_000, Lax::default());
    firsts(keys, &registry).iter().for_each(|change| store.apply(change));
    let mut held: Vec<u64> = (1..=keys).collect();
    let mut number = keys;
    let mut round = || {
        let mut took = Duration::ZERO;
        for _ in 0..BATCHES {
            let changes: Vec<Change> = (0..100)
                .map(|_| {
                    number += 1;
                    let place = number * 7_919 % keys;
                    let over = std::mem::replace(&mut held[place as usize], number);
                    version(number, key(place), Some(over), &registry)
                })
                .collect();
            let begun = Instant::now();
            changes.iter().for_each(|change| store.apply(change));
            black_box(store.root());
            took += begun.elapsed();
        }
        took.as_nanos() as f64 / (BATCHES * 100) as f64
    };
    (0..ROUNDS).map(|_| round()).collect()
}

/// Seconds until so many versions are accepted, and have a root.
fn accepting(changes: &[Change]) -> f64 {
    let begun = Instant::now();
    let mut store = VersionStore::new(1_000, Lax::default());
    changes.iter().for_each(|change| store.apply(change));
    black_box(store.root());
    begun.elapsed().as_secs_f64()
}

fn tell(what: &str, unit: &str, bound: f64, mut rounds: Vec<f64>) {
    rounds.sort_by(f64::total_cmp);
    let (least, median, most) = (rounds[0], rounds[rounds.len() / 2], rounds[rounds.len() - 1]);
    println!("{what:<56} {median:>9.2} {unit} ({least:.2} to {most:.2}; bound {bound})");
}

fn main() {
    for keys in [1_000, 100_000] {
        let mut codex = built(keys);
        black_box(codex.root());
        let rounds = (0..ROUNDS as u64).map(|round| puts(&mut codex, keys, round)).collect();
        tell(&format!("a put among {keys} keys, a root every 100"), "ns", 1_500.0, rounds);
    }
    let rounds = (0..ROUNDS).map(|_| building(1_000_000)).collect();
    tell("a million keys and their root", "s", 3.0, rounds);
    tell("a replicated put among 100000 keys, a root every 100", "ns", 1_500.0, replicated_puts(100_000));
    let changes = firsts(1_000_000, &Registry::new(1));
    let rounds = (0..ROUNDS).map(|_| accepting(&changes)).collect();
    tell("a million versions and their root", "s", 3.0, rounds);
}
