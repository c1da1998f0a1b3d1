//! Reads that need no slot: each waits until a quorum has confirmed that the proposer is still the proposer.

use super::quorum::VoteCount;
use super::request::RequestId;
use super::spec::Rules;
use crate::identity::NodeId;
use crate::observation::Slot;

/// The reads of one round.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Reads {
    /// No read is answered below this slot: the highest that recovery found.
    floor: Slot,
    waiting: Vec<WaitingRead>,
}

/// A read that waits for heartbeat acknowledgements.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct WaitingRead {
    pub(super) id: RequestId,
    /// The node whose client reads.
    pub(super) home: NodeId,
    /// This heartbeat, or a later one, has to be acknowledged.
    number: u32,
    /// The slot up to which the log must be applied.
    pub(super) slot: Slot,
    acknowledged: VoteCount,
}

impl Reads {
    pub(super) const fn new(floor: Slot) -> Self {
        Self { floor, waiting: Vec::new() }
    }

    /// A client of `home` reads, and every slot up to `decided` is decided: the read waits until heartbeat `number`, or a
    /// later one, is acknowledged; the proposer `me` counts at once. Returns whether the read is new.
    pub(super) fn add(
        &mut self,
        id: RequestId,
        home: NodeId,
        me: NodeId,
        number: u32,
        decided: Slot,
        rules: &Rules,
    ) -> bool {
        if self.waiting.iter().any(|read| read.id == id) {
            return false;
        }
        let mut acknowledged = VoteCount::default();
        acknowledged.add(me);
        // Flaw k12: the read does not wait for slots that recovery found and that may not be decided yet.
        let slot = if rules.flaws.k12 { decided } else { decided.max(self.floor) };
        self.waiting.push(WaitingRead { id, home, number, slot, acknowledged });
        true
    }

    /// The number of acknowledgements that a read needs.
    pub(super) const fn needed(quorum: u32, rules: &Rules) -> u32 {
        // Flaw k04: the read does not wait for a quorum.
        if rules.flaws.k04 { 1 } else { quorum }
    }

    /// A voter has acknowledged a heartbeat.
    pub(super) fn on_heartbeat_ack(&mut self, from: NodeId, number: u32) {
        let waiting = self.waiting.iter_mut().filter(|read| read.number <= number);
        waiting.for_each(|read| _ = read.acknowledged.add(from));
    }

    /// Removes and returns the reads that have at least this many acknowledgements.
    pub(super) fn take_ready(&mut self, needed: u32) -> Vec<WaitingRead> {
        self.waiting.extract_if(.., |read| read.acknowledged.count() >= needed).collect()
    }
}
