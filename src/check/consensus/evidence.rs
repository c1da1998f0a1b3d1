//! The durable confirmations of voters, according to the records of their disks alone.

use std::collections::BTreeMap;

use crate::check::Derived;
use crate::check::event_class::EventClass;
use crate::check::slots::Slots;
use crate::identity::{Actor, EventId, NodeId};
use crate::observation::{ConsensusSeen, Observation, ProposalId, Slot};
use crate::trace::{Event, Kinds, Record};

/// Confirmations on disks.
#[derive(Clone, Debug, Default, Hash)]
pub(crate) struct Evidence {
    /// By node: the confirmations that were written and are not durable, in order, with the number of the write. Which
    /// of them a sync covers is part of the disk's own state.
    written: Slots<Vec<(Derived<u32>, ProposalId)>>,
    /// All confirmations that were ever durable, and their voters, in their order.
    durable: BTreeMap<Slot, BTreeMap<ProposalId, Vec<NodeId>>>,
    voters: u32,
    /// The confirmations that the last answer of a disk made durable, and that answer.
    news: Derived<Vec<(EventId, ProposalId)>>,
}

impl Evidence {
    /// The kinds of records that it needs.
    pub(in crate::check) const WANTS: Kinds =
        Kinds::CONSENSUS_WROTE_CONFIRMED.with(Kinds::CONSENSUS_STARTED).with(Kinds::SYNCED).with(Kinds::DEATHS);

    pub(super) const fn voters(&self) -> u32 {
        self.voters
    }

    pub(super) const fn quorum(&self) -> u32 {
        super::majority(self.voters)
    }

    /// Processes a record, which is of these kinds.
    #[inline]
    pub(in crate::check) fn see(&mut self, record: &Record<'_>, kinds: Kinds) {
        if Self::WANTS.meets(kinds) {
            self.hear(record);
        }
    }

    fn hear(&mut self, record: &Record<'_>) {
        let Actor::Node(node) = record.id.actor else { return };
        if let Event::Append { entry } = &record.event {
            for seen in entry.observations.iter() {
                if let Observation::Consensus(ConsensusSeen::WroteConfirmed { bid }) = seen {
                    self.written.at(node.index()).push((Derived(record.id.number), *bid));
                }
            }
        } else if let Event::Synced { sync } = record.event {
            self.synced(record.id, node, sync);
        } else if let Event::Fact { fact } = &record.event {
            for seen in fact.observations.iter() {
                if let Observation::Consensus(ConsensusSeen::Started { voters, .. }) = seen {
                    self.voters = *voters;
                }
            }
        } else if EventClass::of(&record.event) == EventClass::Death {
            self.written.at(node.index()).clear();
        }
    }

    /// The writes before the event `sync` are durable.
    fn synced(&mut self, event: EventId, node: NodeId, sync: u32) {
        self.news.clear();
        let quorum = self.quorum() as usize;
        let written = self.written.at(node.index());
        let covered = written.iter().take_while(|(number, _)| **number < sync).count();
        for (_, bid) in written.drain(..covered) {
            let holders = self.durable.entry(bid.slot).or_default().entry(bid).or_default();
            let Err(place) = holders.binary_search(&node) else { continue };
            if (node.index() as u64) < u64::from(self.voters) {
                holders.insert(place, node);
                if holders.len() >= quorum {
                    self.news.push((event, bid));
                }
            }
        }
    }

    /// The proposals that a quorum has durably confirmed, including one more voter with this record.
    pub(super) fn confirmed_by(&self, record: &Record<'_>) -> impl Iterator<Item = ProposalId> {
        self.news.iter().filter(move |(event, _)| *event == record.id).map(|(_, bid)| *bid)
    }

    /// Whether a quorum has at some time durably confirmed a proposal for a slot.
    pub(super) fn is_secured(&self, slot: Slot) -> bool {
        let quorum = self.quorum() as usize;
        self.durable.get(&slot).is_some_and(|bids| bids.values().any(|holders| holders.len() >= quorum))
    }

    /// The voters that ever durably confirmed a proposal.
    pub(super) fn holders(&self, bid: ProposalId) -> &[NodeId] {
        self.durable.get(&bid.slot).and_then(|bids| bids.get(&bid)).map_or(&[], Vec::as_slice)
    }
}
