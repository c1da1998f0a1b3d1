//! What the kernel is measured against, and the loads that all contenders bear.
//!
//! - `bare`: an agenda and a generator. No nodes, no network, no trace: what no simulator can beat with a binary heap.
//! - `floor`: a lean simulator written by hand, for one kind of node and without the kernel's promises.
//! - `timers`: an indexed heap that moves a timer's key in place.

pub(crate) mod bare;
pub(crate) mod floor;
mod small;
pub(crate) mod timers;

pub(crate) use small::{SmallWorlds, Worlds};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use crate::harness::Load;

/// The seed of every world that is built once.
pub(crate) const SEED: u64 = 42;

pub(crate) const MILLISECOND: u64 = 1_000_000;
pub(crate) const DELAY: Range = Range { low: MILLISECOND, high: 10 * MILLISECOND };
pub(crate) const TIMEOUT: Range = Range { low: 150 * MILLISECOND, high: 300 * MILLISECOND };
pub(crate) const TICK: u64 = 10 * MILLISECOND;
/// The nodes do not tick together.
pub(crate) const FIRST_TICK: Range = Range { low: 0, high: TICK - 1 };

/// Nanoseconds, both ends included.
#[derive(Clone, Copy)]
pub(crate) struct Range {
    pub(crate) low: u64,
    pub(crate) high: u64,
}

impl Range {
    pub(crate) fn draw(self, chance: &mut ChaCha8Rng) -> u64 {
        let width = u128::from(self.high - self.low + 1);
        self.low + ((u128::from(chance.next_u64()) * width) >> 64) as u64
    }
}

/// Any node but `node`. Bounds are multiplied, not rejected: a bias under one in 40,000 moves no measurement.
pub(crate) fn peer_of(node: u32, nodes: u32, chance: &mut ChaCha8Rng) -> u32 {
    let other = ((u64::from(chance.next_u32()) * u64::from(nodes - 1)) >> 32) as u32;
    other + u32::from(other >= node)
}

/// A constant number of messages in flight; a step is an event, the receipt of one message and the sending of the next.
#[derive(Clone, Copy)]
pub(crate) struct Traffic {
    pub(crate) nodes: u32,
    pub(crate) messages_per_node: u32,
}

impl Traffic {
    pub(crate) fn in_flight(self) -> u64 {
        u64::from(self.nodes) * u64::from(self.messages_per_node)
    }
}

impl Load for Traffic {
    fn label(&self) -> String {
        format!("{}x{}", self.nodes, self.messages_per_node)
    }

    /// Twice round: by then the longest of the first delays is over.
    fn warm_up_steps(&self) -> u64 {
        (2 * self.in_flight()).max(100_000)
    }

    fn steps(&self) -> u64 {
        if self.in_flight() > 10_000 { 2_000_000 } else { 5_000_000 }
    }
}

/// Fresh worlds that are recorded; a step is an event.
#[derive(Clone, Copy)]
pub(crate) struct Recording;

impl Load for Recording {
    fn label(&self) -> String {
        "5x1".to_owned()
    }

    fn warm_up_steps(&self) -> u64 {
        100_000
    }

    fn steps(&self) -> u64 {
        2_000_000
    }
}

/// Nodes that keep a timeout from firing; a step is a tick of one of them.
#[derive(Clone, Copy)]
pub(crate) struct TimerLoad {
    pub(crate) nodes: u32,
}

impl Load for TimerLoad {
    fn label(&self) -> String {
        self.nodes.to_string()
    }

    /// Half a second of virtual time, more than the longest timeout.
    fn warm_up_steps(&self) -> u64 {
        50 * u64::from(self.nodes)
    }

    fn steps(&self) -> u64 {
        5_000_000
    }
}
