//! Many fresh small worlds, handed out to threads: the shape of a sweep.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use super::Traffic;
use crate::harness::{Load, World};

/// Worlds that a thread takes at a time.
const BATCH: u64 = 64;

/// A step is a whole world: built, run for `EVENTS` events, dropped.
#[derive(Clone, Copy)]
pub(crate) struct Worlds {
    pub(crate) threads: u32,
}

impl Worlds {
    pub(crate) const TRAFFIC: Traffic = Traffic { nodes: 5, messages_per_node: 1 };
    pub(crate) const EVENTS: u64 = 1_000;
}

impl Load for Worlds {
    fn label(&self) -> String {
        format!("{}-thread", self.threads)
    }

    fn warm_up_steps(&self) -> u64 {
        1_000
    }

    fn steps(&self) -> u64 {
        20_000 * u64::from(self.threads)
    }
}

/// Runs `one`, a function from a seed to a checksum, on each seed once.
pub(crate) struct SmallWorlds {
    threads: u32,
    one: fn(u64) -> u64,
    next_seed: u64,
    checksum: u64,
}

impl SmallWorlds {
    pub(crate) fn new(worlds: Worlds, one: fn(u64) -> u64) -> Self {
        Self { threads: worlds.threads, one, next_seed: 0, checksum: 0 }
    }
}

impl World for SmallWorlds {
    /// The checksums are added: the sum is the same whichever thread took which seed.
    fn run(&mut self, steps: u64) -> u64 {
        let (one, end) = (self.one, self.next_seed + steps);
        let next = AtomicU64::new(self.next_seed);
        let work = || {
            let mut sum = 0_u64;
            loop {
                let first = next.fetch_add(BATCH, Ordering::Relaxed);
                if first >= end {
                    return sum;
                }
                sum = (first..end.min(first + BATCH)).map(one).fold(sum, u64::wrapping_add);
            }
        };
        let sum = thread::scope(|scope| {
            let helpers: Vec<_> = (1..self.threads).map(|_| scope.spawn(work)).collect();
            let own = work();
            let others = helpers.into_iter().map(|helper| helper.join().expect("a world does not panic"));
            others.fold(own, u64::wrapping_add)
        });
        self.next_seed = end;
        self.checksum = self.checksum.wrapping_add(sum);
        self.checksum
    }
}
