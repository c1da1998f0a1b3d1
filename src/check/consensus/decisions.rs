//! The progress of operations on a store: what they wait for.

use std::collections::BTreeMap;

use super::told;
use crate::check::reasons::Reason;
use crate::identity::{NodeId, OpId};
use crate::observation::{ConsensusSeen, Matter, Observation, ProposalId};
use crate::trace::{Event, Kinds, Record};

/// Clients' open operations, and decisions.
#[derive(Clone, Debug, Default, Hash)]
pub(in crate::check) struct Decisions {
    /// The last proposal of each operation, if any, and whether it was decided.
    asked: BTreeMap<OpId, Option<(ProposalId, bool)>>,
    /// The number of slots that were decided since the last operation was invoked.
    decided: u64,
}

impl Decisions {
    fn hear(&mut self, seen: &ConsensusSeen) {
        if let ConsensusSeen::Proposed { bid, ops } = seen {
            for op in ops {
                if let Some(proposed) = self.asked.get_mut(op) {
                    *proposed = Some((*bid, false));
                }
            }
        } else if let ConsensusSeen::Committed { bid } = seen {
            self.decided += 1;
            for (proposed, decided) in self.asked.values_mut().flatten() {
                *decided |= (proposed.slot, proposed.value) == (bid.slot, bid.value);
            }
        }
    }
}

impl Reason for Decisions {
    const WANTS: Kinds = Kinds::CONSENSUS_PROPOSED
        .with(Kinds::CONSENSUS_COMMITTED)
        .with(Kinds::STORE_ASKED)
        .with(Kinds::STORE_BEGUN)
        .with(Kinds::RETURNED)
        .with(Kinds::GAVE_UP);

    fn see(&mut self, record: &Record<'_>) {
        if let Event::Invoked { op, command, .. } = &record.event
            && command.observations.iter().any(|seen| matches!(seen, Observation::Store(_)))
        {
            self.decided = 0;
            self.asked.insert(*op, None);
        } else if let Event::Returned { op, .. } | Event::GaveUp { op } = &record.event {
            self.asked.remove(op);
        } else {
            told(record).for_each(|(_, seen)| self.hear(seen));
        }
    }

    fn why(&self, _node: Option<NodeId>, matter: Matter) -> Option<String> {
        let Matter::Operation(op) = matter else { return None };
        Some(match self.asked.get(&op)? {
            Some((ProposalId { slot, .. }, true)) => format!("decided in slot {slot}, and nobody has told its client"),
            Some((ProposalId { slot, ballot, .. }, false)) if self.decided == 0 => {
                format!("proposed in slot {slot} under {ballot}; nothing was decided since")
            }
            Some((ProposalId { slot, ballot, .. }, false)) => {
                format!("proposed in slot {slot} under {ballot}; other slots were decided since")
            }
            None if self.decided == 0 => "nobody has proposed it; nothing was decided since".to_owned(),
            None => "nobody has proposed it; other slots were decided since".to_owned(),
        })
    }
}
