//! What voters have confirmed durably, by the records of their disks alone.

use std::collections::BTreeMap;
use std::hash::{Hash as _, Hasher};

use crate::check::deed::Deed;
use crate::check::slots::Slots;
use crate::identity::{Actor, NodeId};
use crate::observation::{Bid, ConsensusSeen, Observation, Slot};
use crate::trace::{Event, Record};

/// Confirmations on disks.
#[derive(Clone, Debug, Default)]
pub(super) struct Evidence {
    /// By node: what was written and is not durable, with the number of the write.
    written: Slots<Vec<(u32, Bid)>>,
    /// By slot: what was ever durable, and at which voters.
    durable: BTreeMap<Slot, Vec<(Bid, Vec<NodeId>)>>,
    voters: u32,
}

impl Evidence {
    pub(super) const fn voters(&self) -> u32 {
        self.voters
    }

    pub(super) const fn quorum(&self) -> u32 {
        super::majority(self.voters)
    }

    /// Takes in a record; tells of each confirmation that is durable now, with all voters that have it.
    pub(super) fn see(&mut self, record: &Record<'_>, news: impl FnMut(Bid, &[NodeId])) {
        let Actor::Node(node) = record.id.actor else { return };
        if let Event::Append { entry } = &record.event {
            for seen in entry.observations.iter() {
                if let Observation::Consensus(ConsensusSeen::WroteConfirmed { bid }) = seen {
                    self.written.at(node.index()).push((record.id.number, *bid));
                }
            }
        } else if let Event::Synced { sync } = record.event {
            self.synced(node, sync, news);
        } else if let Event::Fact { fact } = &record.event {
            for seen in fact.observations.iter() {
                if let Observation::Consensus(ConsensusSeen::Started { voters, .. }) = seen {
                    self.voters = *voters;
                }
            }
        } else if Deed::of(&record.event) == Deed::Death {
            self.written.at(node.index()).clear();
        }
    }

    /// What was written before the event `sync` is durable.
    fn synced(&mut self, node: NodeId, sync: u32, mut news: impl FnMut(Bid, &[NodeId])) {
        let written = self.written.at(node.index());
        let covered = written.iter().take_while(|(number, _)| *number < sync).count();
        for (_, bid) in written.drain(..covered) {
            let bids = self.durable.entry(bid.slot).or_default();
            let at = bids.iter().position(|(known, _)| *known == bid).unwrap_or_else(|| {
                bids.push((bid, Vec::new()));
                bids.len() - 1
            });
            let holders = &mut bids[at].1;
            if !holders.contains(&node) && (node.index() as u64) < u64::from(self.voters) {
                holders.push(node);
                news(bid, holders);
            }
        }
    }

    /// Which voters ever had confirmed a bid durably.
    pub(super) fn holders(&self, bid: Bid) -> &[NodeId] {
        let bids = self.durable.get(&bid.slot).map_or(&[][..], Vec::as_slice);
        bids.iter().find(|(known, _)| *known == bid).map_or(&[], |(_, holders)| holders)
    }

    /// Writes what it remembers. In which order entries were written is a part of it, and not by which event: which of
    /// them a sync covers is a part of the disk's state.
    pub(super) fn memory(&self, mut state: &mut dyn Hasher) {
        self.voters.hash(&mut state);
        for (node, written) in self.written.iter().filter(|(_, written)| !written.is_empty()) {
            node.hash(&mut state);
            written.iter().for_each(|(_, bid)| bid.hash(&mut state));
        }
        for (slot, bids) in &self.durable {
            let mut bids = bids.clone();
            bids.iter_mut().for_each(|(_, holders)| holders.sort_unstable());
            bids.sort_unstable();
            (slot, bids).hash(&mut state);
        }
    }

    /// Whether such an event can change its memory.
    pub(super) fn heeds(event: &Event<'_>) -> bool {
        matches!(event, Event::Append { .. } | Event::Synced { .. })
            || Deed::of(event) == Deed::Death
            || super::tells(event, |seen| matches!(seen, ConsensusSeen::Started { .. }))
    }

    /// Forgets a slot.
    pub(super) fn forget(&mut self, slot: Slot) {
        self.durable.remove(&slot);
    }
}
