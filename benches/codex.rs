//! The codex at the sizes that are promised: what a put costs with a root now and then, and how long a large state takes.
//!
//! ```text
//! cargo bench --bench codex
//! ```
//! The machine may be busy: each figure is the median of five rounds, with the least and the greatest.
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a benchmark reads the wall clock")]
#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use stemmata::codex::{Anchors, Codex, Key, Value, Write};

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
}
