//! What went from one life of a node to one life of another, and which lives the nodes are in.

use std::collections::BTreeMap;
use std::hash::{Hash as _, Hasher};

use crate::check::slots::Slots;
use crate::identity::{Boot, EventId, Incarnation, LaneId, NodeId};
use crate::observation::PayloadId;
use crate::trace::{Event, Record};

/// The payloads of one session in one direction.
#[derive(Clone, Debug, Default)]
pub(super) struct Flow {
    /// The number of the last one that was sent.
    pub(super) sent: u64,
    /// The number of the last one that was delivered, and where.
    pub(super) delivered: Option<(u64, EventId)>,
    /// Those sent and not delivered.
    pub(super) under_way: BTreeMap<u64, UnderWay>,
}

/// A payload that was sent, and not delivered yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct UnderWay {
    pub(super) lane: LaneId,
    /// What it holds, if the trace tells.
    pub(super) payload: Option<PayloadId>,
    /// Where it was sent.
    pub(super) event: EventId,
}

/// All sessions, by sender and receiver.
#[derive(Clone, Debug, Default)]
pub(super) struct Flows {
    flows: BTreeMap<(Incarnation, Incarnation), Flow>,
    boots: Slots<Boot>,
}

impl Flows {
    /// Takes in a start: what was under way to or from the node's older lives is not looked for any more.
    pub(super) fn start(&mut self, node: NodeId, record: &Record<'_>) {
        if let Event::Start { boot, .. } = record.event {
            *self.boots.at(node.index()) = boot;
        }
    }

    /// Writes what is remembered, without the events that told of it.
    pub(super) fn memory(&self, mut state: &mut dyn Hasher) {
        for (node, boot) in self.boots.iter() {
            (node, boot).hash(&mut state);
        }
        for (ends, Flow { sent, delivered, under_way }) in &self.flows {
            (ends, sent, delivered.map(|(number, _)| number), under_way.len()).hash(&mut state);
            for (number, UnderWay { lane, payload, event: _ }) in under_way {
                (number, lane, payload).hash(&mut state);
            }
        }
    }

    /// The life that a node is in.
    pub(super) fn life(&mut self, node: NodeId) -> Incarnation {
        Incarnation::new(node, *self.boots.at(node.index()))
    }

    /// The session in which `from` sends to `to`.
    pub(super) fn flow(&mut self, from: Incarnation, to: Incarnation) -> &mut Flow {
        self.flows.entry((from, to)).or_default()
    }

    /// The session in which `from` sends to `to`, if anything was ever sent in it.
    pub(super) fn known(&mut self, from: Incarnation, to: Incarnation) -> Option<&mut Flow> {
        self.flows.get_mut(&(from, to))
    }

    /// To which life of `to` a life sent its payload `number`, if to any.
    pub(super) fn sent_to(&self, from: Incarnation, to: NodeId, number: u64) -> Option<(Incarnation, EventId)> {
        let all = Incarnation::new(to, Boot::new(0))..=Incarnation::new(to, Boot::new(u32::MAX));
        let mut flows = self.flows.range((from, *all.start())..=(from, *all.end()));
        flows.find_map(|((_, to), flow)| Some((*to, flow.under_way.get(&number)?.event)))
    }
}
