//! The payloads that one incarnation sent to another, and the current incarnation of each node.

use std::collections::BTreeMap;

use crate::check::Witness;
use crate::check::slots::Slots;
use crate::identity::{Boot, EventId, Incarnation, LaneId, NodeId};
use crate::observation::PayloadId;
use crate::trace::{Event, Kinds, Record};

/// The payloads of one session in one direction.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Flow {
    /// The number of the last one that was sent.
    pub(super) sent: u64,
    /// The number of the last one that was delivered, and the event of the delivery.
    pub(super) delivered: Option<(u64, Witness<EventId>)>,
    /// The payloads that were sent and not delivered.
    pub(super) under_way: BTreeMap<u64, UnderWay>,
}

/// A payload that was sent, and not delivered yet.
#[derive(Clone, Copy, Debug, Hash)]
pub(super) struct UnderWay {
    pub(super) lane: LaneId,
    /// Its content, if the trace shows it.
    pub(super) payload: Option<PayloadId>,
    /// The event of the send.
    pub(super) event: Witness<EventId>,
}

/// All sessions, by sender and receiver.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Flows {
    flows: BTreeMap<(Incarnation, Incarnation), Flow>,
    boots: Slots<Boot>,
}

impl Flows {
    /// The kinds of records that report starts, and sent and delivered payloads.
    pub(super) const WANTS: Kinds = Kinds::START.with(Kinds::CHANNEL_SENT).with(Kinds::CHANNEL_DELIVERED);

    /// Processes a start: payloads in flight to or from older incarnations of the node are no longer expected.
    pub(super) fn start(&mut self, node: NodeId, record: &Record<'_>) {
        if let Event::Start { boot, .. } = record.event {
            *self.boots.at(node.index()) = boot;
        }
    }

    /// The current incarnation of a node.
    pub(super) fn life(&mut self, node: NodeId) -> Incarnation {
        Incarnation::new(node, *self.boots.at(node.index()))
    }

    /// The session in which `from` sends to `to`.
    pub(super) fn flow(&mut self, from: Incarnation, to: Incarnation) -> &mut Flow {
        self.flows.entry((from, to)).or_default()
    }

    /// The session in which `from` sends to `to`, if any payload was sent in it.
    pub(super) fn known(&mut self, from: Incarnation, to: Incarnation) -> Option<&mut Flow> {
        self.flows.get_mut(&(from, to))
    }

    /// The incarnation of `to` to which an incarnation sent its payload `number`, if any.
    pub(super) fn sent_to(&self, from: Incarnation, to: NodeId, number: u64) -> Option<(Incarnation, EventId)> {
        let all = Incarnation::new(to, Boot::new(0))..=Incarnation::new(to, Boot::new(u32::MAX));
        let mut flows = self.flows.range((from, *all.start())..=(from, *all.end()));
        flows.find_map(|((_, to), flow)| Some((*to, *flow.under_way.get(&number)?.event)))
    }
}
