//! The timer reference: an indexed binary heap, which knows where each timer stands and moves its key in place.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::{FIRST_TICK, SEED, TICK, TIMEOUT, TimerLoad};
use crate::harness::World;

pub(crate) fn indexed(load: TimerLoad) -> Box<dyn World> {
    let mut chance = ChaCha8Rng::seed_from_u64(SEED);
    let mut heap = IndexedHeap::with_timers(2 * load.nodes);
    for node in 0..load.nodes {
        let first_tick = FIRST_TICK.draw(&mut chance);
        heap.set(tick_of(node), first_tick);
        heap.set(timeout_of(node), first_tick + TIMEOUT.draw(&mut chance));
    }
    Box::new(Rearming { heap, chance, checksum: 0 })
}

/// A timer is an even number if it is a node's tick, the odd one behind it if it is the node's timeout.
fn tick_of(node: u32) -> u32 {
    2 * node
}

fn timeout_of(node: u32) -> u32 {
    2 * node + 1
}

struct Rearming {
    heap: IndexedHeap,
    chance: ChaCha8Rng,
    checksum: u64,
}

impl World for Rearming {
    fn run(&mut self, steps: u64) -> u64 {
        for _ in 0..steps {
            let Entry { time, timer } = self.heap.first();
            assert!(timer % 2 == 0, "a timeout is re-armed long before it fires");
            let node = timer / 2;
            self.heap.set(timeout_of(node), time + TIMEOUT.draw(&mut self.chance));
            self.heap.set(tick_of(node), time + TICK);
            self.checksum = self.checksum.rotate_left(5) ^ time ^ u64::from(node);
        }
        self.checksum
    }
}

#[derive(Clone, Copy)]
struct Entry {
    time: u64,
    timer: u32,
}

impl Entry {
    /// One number, so that the lesser of two children is found without a branch.
    fn key(self) -> u128 {
        u128::from(self.time) << 32 | u128::from(self.timer)
    }
}

/// All timers are always in the heap; one that is not armed stands at the end of time.
struct IndexedHeap {
    entries: Vec<Entry>,
    position_of: Vec<u32>,
}

impl IndexedHeap {
    fn with_timers(timers: u32) -> Self {
        Self {
            entries: (0..timers).map(|timer| Entry { time: u64::MAX, timer }).collect(),
            position_of: (0..timers).collect(),
        }
    }

    fn first(&self) -> Entry {
        self.entries[0]
    }

    fn set(&mut self, timer: u32, time: u64) {
        let position = self.position_of[timer as usize] as usize;
        let entry = Entry { time, timer };
        if entry.key() < self.entries[position].key() {
            self.sift_up(position, entry)
        } else {
            self.sift_down(position, entry)
        }
    }

    fn sift_up(&mut self, mut hole: usize, entry: Entry) {
        while hole > 0 {
            let parent = (hole - 1) / 2;
            if self.entries[parent].key() <= entry.key() {
                break;
            }
            self.put(hole, self.entries[parent]);
            hole = parent;
        }
        self.put(hole, entry);
    }

    fn sift_down(&mut self, mut hole: usize, entry: Entry) {
        while let Some(child) = self.lesser_child(hole) {
            let least = self.entries[child];
            if entry.key() <= least.key() {
                break;
            }
            self.put(hole, least);
            hole = child;
        }
        self.put(hole, entry);
    }

    fn lesser_child(&self, parent: usize) -> Option<usize> {
        let left = 2 * parent + 1;
        match self.entries.get(left..left + 2) {
            Some(both) => Some(left + usize::from(both[1].key() < both[0].key())),
            None => (left < self.entries.len()).then_some(left),
        }
    }

    fn put(&mut self, position: usize, entry: Entry) {
        self.entries[position] = entry;
        self.position_of[entry.timer as usize] = position as u32;
    }
}
