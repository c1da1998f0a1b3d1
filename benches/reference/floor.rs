//! The sans-IO floor: an honest lean simulator, written by hand for this one workload.
//!
//! It has what every simulator of this kind has: nodes behind a trait object with a reused outbox, a partition, loss and
//! delay, and a digest over two records an event. It has none of the kernel's promises: one generator serves all, so an
//! added draw moves everything; order is global insertion; nodes neither crash nor have clocks, timers, disks or clients.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::hint::black_box;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use xxhash_rust::xxh3::Xxh3;

use super::{DELAY, SEED, SmallWorlds, Traffic, Worlds, peer_of};
use crate::harness::World;

const RECORD_BYTES: usize = 24;
const BLOCK_BYTES: usize = 256 * RECORD_BYTES;

pub(crate) fn network(traffic: Traffic) -> Box<dyn World> {
    Box::new(Floor::new(traffic, SEED))
}

pub(crate) fn small_worlds(worlds: Worlds) -> Box<dyn World> {
    Box::new(SmallWorlds::new(worlds, |seed| Floor::new(Worlds::TRAFFIC, seed).run(Worlds::EVENTS)))
}

/// Time above, sequence below: the earliest first, and at one instant in the order of sending, by one comparison.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Due(u128);

impl Due {
    fn new(time: u64, sequence: u64) -> Self {
        Self(u128::from(time) << 64 | u128::from(sequence))
    }

    fn time(self) -> u64 {
        (self.0 >> 64) as u64
    }
}

struct Event {
    due: Due,
    datagram: Datagram,
}

impl Ord for Event {
    /// The heap gives its greatest: the event that is due first.
    fn cmp(&self, other: &Self) -> Ordering {
        other.due.cmp(&self.due)
    }
}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.due == other.due
    }
}

impl Eq for Event {}

#[derive(Clone, Copy)]
struct Datagram {
    from: u32,
    to: u32,
    message: u64,
}

#[derive(Clone, Copy)]
struct Send {
    to: u32,
    message: u64,
}

trait Node {
    fn start(&mut self, messages: u32, chance: &mut ChaCha8Rng, outbox: &mut Vec<Send>);
    fn handle(&mut self, from: u32, message: u64, chance: &mut ChaCha8Rng, outbox: &mut Vec<Send>);
}

/// Passes every message on to a random peer.
struct Relay {
    me: u32,
    nodes: u32,
    received: u64,
}

impl Node for Relay {
    fn start(&mut self, messages: u32, chance: &mut ChaCha8Rng, outbox: &mut Vec<Send>) {
        for _ in 0..messages {
            outbox.push(Send { to: peer_of(self.me, self.nodes, chance), message: 0 });
        }
    }

    fn handle(&mut self, _from: u32, message: u64, chance: &mut ChaCha8Rng, outbox: &mut Vec<Send>) {
        self.received += 1;
        outbox.push(Send { to: peer_of(self.me, self.nodes, chance), message: message + 1 });
    }
}

struct Floor {
    now: u64,
    sequence: u64,
    agenda: BinaryHeap<Event>,
    nodes: Vec<Box<dyn Node>>,
    outbox: Vec<Send>,
    chance: ChaCha8Rng,
    network: Network,
    trace: Trace,
}

impl Floor {
    fn new(traffic: Traffic, seed: u64) -> Self {
        let Traffic { nodes, messages_per_node } = traffic;
        let relay = |me| Relay { me, nodes, received: 0 };
        let mut floor = Self {
            now: 0,
            sequence: 0,
            agenda: BinaryHeap::with_capacity(traffic.in_flight() as usize),
            nodes: (0..nodes).map(|me| Box::new(relay(me)) as Box<dyn Node>).collect(),
            outbox: Vec::new(),
            chance: ChaCha8Rng::seed_from_u64(seed),
            network: Network::whole(nodes),
            trace: Trace::new(),
        };
        for node in 0..nodes {
            floor.nodes[node as usize].start(messages_per_node, &mut floor.chance, &mut floor.outbox);
            floor.perform_effects(node);
        }
        floor
    }

    fn step(&mut self) {
        let Event { due, datagram } = self.agenda.pop().expect("nothing is lost, and every receiver sends on");
        self.now = due.time();
        self.trace.write(self.now, Happening::Received, datagram);
        let Datagram { from, to, message } = datagram;
        self.nodes[to as usize].handle(from, message, &mut self.chance, &mut self.outbox);
        self.perform_effects(to);
    }

    fn perform_effects(&mut self, from: u32) {
        for index in 0..self.outbox.len() {
            let Send { to, message } = self.outbox[index];
            let datagram = Datagram { from, to, message };
            self.trace.write(self.now, Happening::Sent, datagram);
            if let Some(delay) = self.network.carry(from, to, &mut self.chance) {
                self.agenda.push(Event { due: Due::new(self.now + delay, self.sequence), datagram });
                self.sequence += 1;
            }
        }
        self.outbox.clear();
    }
}

impl World for Floor {
    fn run(&mut self, steps: u64) -> u64 {
        for _ in 0..steps {
            self.step();
        }
        self.trace.digest()
    }
}

/// Partition, loss and delay.
struct Network {
    group_of: Vec<u8>,
    /// In 2^32nds. Drawn against for every message although it is zero, so that as many stay in flight.
    loss: u32,
}

impl Network {
    fn whole(nodes: u32) -> Self {
        Self { group_of: vec![0; nodes as usize], loss: black_box(0) }
    }

    /// The delay of a message that arrives.
    fn carry(&self, from: u32, to: u32, chance: &mut ChaCha8Rng) -> Option<u64> {
        let connected = self.group_of[from as usize] == self.group_of[to as usize];
        let lost = chance.next_u32() < self.loss;
        let delay = DELAY.draw(chance);
        (connected && !lost).then_some(delay)
    }
}

#[derive(Clone, Copy)]
enum Happening {
    Sent = 0,
    Received = 1,
}

/// The digest of all records, hashed a block at a time.
struct Trace {
    block: Vec<u8>,
    hasher: Xxh3,
}

impl Trace {
    fn new() -> Self {
        Self { block: Vec::with_capacity(BLOCK_BYTES), hasher: Xxh3::new() }
    }

    fn write(&mut self, time: u64, happening: Happening, datagram: Datagram) {
        let mut record = [0; RECORD_BYTES];
        record[..8].copy_from_slice(&(time << 1 | happening as u64).to_le_bytes());
        record[8..12].copy_from_slice(&datagram.from.to_le_bytes());
        record[12..16].copy_from_slice(&datagram.to.to_le_bytes());
        record[16..].copy_from_slice(&datagram.message.to_le_bytes());
        self.block.extend_from_slice(&record);
        if self.block.len() == BLOCK_BYTES {
            self.flush();
        }
    }

    /// Apart, because hashing that is inlined takes the registers of the loop around it: a fifth of the time of an event.
    #[cold]
    #[inline(never)]
    fn flush(&mut self) {
        self.hasher.update(&self.block);
        self.block.clear();
    }

    fn digest(&mut self) -> u64 {
        self.flush();
        self.hasher.digest()
    }
}
