//! The checkers' own model of sessions: opened by a slot, used by slots, and ended by slots that did not use them.

use std::collections::BTreeMap;

use crate::identity::{ClientId, OpId};
use crate::observation::{ConsensusSeen, Observation, Slot, StoreSeen, ValueId};
use crate::trace::{Event, Record};

/// All sessions, according to the applied slots, each taken from the first node that reports it.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Sessions {
    /// The number of slots without use after which a session ends.
    patience: Option<u64>,
    /// The request of each operation.
    asked: BTreeMap<OpId, Asked>,
    /// The operations of proposals for slots that no node has applied.
    proposed: BTreeMap<Slot, BTreeMap<ValueId, Vec<OpId>>>,
    /// The open sessions, with the slot of each one's last use.
    live: BTreeMap<Name, Slot>,
    /// The ended sessions, with the slot that ended each.
    ended: BTreeMap<Name, Slot>,
    applied: Slot,
    /// The last slot that some node has applied, reported or not: a crash may drop the report after the slot is
    /// durable, and the node then starts after that slot.
    reached: Slot,
    /// Whether there is a slot that no node reported.
    has_gap: bool,
    /// Whether there is a slot whose content no node reported.
    is_blind: bool,
}

/// The client, and the slot that opened the session.
type Name = (ClientId, Slot);

/// The request of an operation.
#[derive(Clone, Copy, Debug, Hash)]
enum Asked {
    /// To open a session.
    Session,
    /// An operation in the session that this slot opened; slot 0 stands for the client's standing session.
    Within(Slot),
}

/// The state of an operation's session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SessionState {
    /// It is open.
    Lives,
    /// This slot has ended it.
    Ended(Slot),
    /// That slot has opened no session.
    NeverOpened(Slot),
}

impl Sessions {
    /// Processes a client's record.
    pub(super) fn see(&mut self, record: &Record<'_>) {
        let Event::Invoked { op, command, .. } = &record.event else { return };
        for seen in command.observations.iter() {
            match seen {
                Observation::Store(StoreSeen::Begun) => _ = self.asked.insert(*op, Asked::Session),
                Observation::Store(StoreSeen::Asked { session: Some(session), .. }) => {
                    self.asked.insert(*op, Asked::Within(*session));
                }
                Observation::Store(_)
                | Observation::Replica(_)
                | Observation::Transaction(_)
                | Observation::Lock(_)
                | Observation::Consensus(_)
                | Observation::Channel(_)
                | Observation::Broadcast { .. }
                | Observation::Compared { .. }
                | Observation::Delivered { .. }
                | Observation::Forged
                | Observation::Resumed { .. } => {}
            }
        }
    }

    /// Processes a node's report, other than that of an applied slot.
    pub(super) fn hear(&mut self, seen: &ConsensusSeen) {
        if let ConsensusSeen::Started { slot, session_slots, .. } = seen {
            self.patience = self.patience.or(*session_slots);
            self.reached = self.reached.max(*slot);
        } else if let ConsensusSeen::Installed { slot, .. } = seen {
            self.reached = self.reached.max(*slot);
        } else if let ConsensusSeen::Proposed { bid, ops } = seen
            && bid.slot > self.applied
        {
            self.proposed.entry(bid.slot).or_default().entry(bid.value).or_insert_with(|| ops.clone());
        }
    }

    /// Applies a slot, unless it has been applied; returns its operations whose session is not open there.
    pub(super) fn apply(&mut self, slot: Slot, value: ValueId) -> Vec<(OpId, SessionState)> {
        if slot <= self.applied {
            return Vec::new();
        }
        self.has_gap |= slot > self.applied.next();
        self.applied = slot;
        let mut proposed = self.proposed.remove(&slot).unwrap_or_default();
        self.proposed = self.proposed.split_off(&slot);
        let Some(ops) = proposed.remove(&value) else {
            self.is_blind = true;
            return Vec::new();
        };
        let mut out = Vec::new();
        for op in ops {
            match self.asked.get(&op) {
                Some(Asked::Session) => _ = self.live.insert((op.client, slot), slot),
                Some(Asked::Within(opened)) => match self.live.get_mut(&(op.client, *opened)) {
                    Some(used) => *used = slot,
                    None => out.extend(self.state(op).filter(|state| *state != SessionState::Lives).map(|it| (op, it))),
                },
                None => {}
            }
        }
        let patience = self.patience.unwrap_or(u64::MAX);
        for (name, _) in self.live.extract_if(.., |_, used| slot.0 - used.0 >= patience) {
            self.ended.insert(name, slot);
        }
        out
    }

    /// The state of an operation's session after the last slot; `None` if it is unknown.
    pub(super) fn state(&self, op: OpId) -> Option<SessionState> {
        if !self.is_whole() || self.is_blind || self.patience.is_none() {
            return None;
        }
        let Asked::Within(opened) = *self.asked.get(&op)? else { return None };
        let name = (op.client, opened);
        Some(if opened == Slot(0) || self.live.contains_key(&name) {
            SessionState::Lives
        } else {
            self.ended.get(&name).map_or(SessionState::NeverOpened(opened), |slot| SessionState::Ended(*slot))
        })
    }

    /// Whether every slot that any node has applied was reported.
    pub(super) fn is_whole(&self) -> bool {
        !self.has_gap && self.reached <= self.applied
    }
}
