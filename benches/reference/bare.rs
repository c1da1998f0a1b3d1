//! The bare loop: an agenda of (time, sequence, node, payload) in std's binary heap, and one generator.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::{DELAY, SEED, Traffic, peer_of};
use crate::harness::World;

type Event = (u64, u64, u32, u64);

struct Bare {
    nodes: u32,
    agenda: BinaryHeap<Reverse<Event>>,
    chance: ChaCha8Rng,
    sequence: u64,
    checksum: u64,
}

pub(crate) fn network(traffic: Traffic) -> Box<dyn World> {
    let mut bare = Bare {
        nodes: traffic.nodes,
        agenda: BinaryHeap::with_capacity(traffic.in_flight() as usize),
        chance: ChaCha8Rng::seed_from_u64(SEED),
        sequence: 0,
        checksum: 0,
    };
    for node in 0..traffic.nodes {
        for _ in 0..traffic.messages_per_node {
            bare.send(0, node, 0);
        }
    }
    Box::new(bare)
}

impl Bare {
    fn send(&mut self, now: u64, from: u32, payload: u64) {
        let to = peer_of(from, self.nodes, &mut self.chance);
        let time = now + DELAY.draw(&mut self.chance);
        self.agenda.push(Reverse((time, self.sequence, to, payload)));
        self.sequence += 1;
    }
}

impl World for Bare {
    fn run(&mut self, steps: u64) -> u64 {
        for _ in 0..steps {
            let Reverse((time, _, node, payload)) = self.agenda.pop().expect("every message received sends the next");
            self.checksum = self.checksum.rotate_left(5) ^ time ^ u64::from(node);
            self.send(time, node, payload + 1);
        }
        self.checksum
    }
}
