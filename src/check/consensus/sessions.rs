//! Sessions as the checkers have them: opened by a slot, used by slots, and ended by slots that did not use them.

use std::collections::BTreeMap;
use std::hash::{Hash as _, Hasher};

use crate::identity::{ClientId, OpId};
use crate::observation::{ConsensusSeen, Observation, Slot, StoreSeen, ValueId};
use crate::trace::{Event, Record};

/// All sessions, by the slots that were applied, by whomever first.
#[derive(Clone, Debug, Default)]
pub(super) struct Sessions {
    /// After how many slots without use a session ends.
    patience: Option<u64>,
    /// What each operation asked for.
    asked: BTreeMap<OpId, Asked>,
    /// The operations of what was proposed for slots that nobody has applied.
    proposed: BTreeMap<Slot, Vec<(ValueId, Vec<OpId>)>>,
    /// Those that live, with the slot in which each was used last.
    live: BTreeMap<Name, Slot>,
    /// Those that have ended, with the slot that ended each.
    ended: BTreeMap<Name, Slot>,
    applied: Slot,
    /// Up to which slot some node has applied the log, told or not: a crash may come between what is durable and the fact
    /// that tells of it, and its node then starts behind that slot.
    reached: Slot,
    /// Whether there is a slot of which nobody told.
    has_gap: bool,
    /// Whether there is a slot of which nobody told what stands in it.
    is_blind: bool,
}

/// Whose session, and the slot that opened it.
type Name = (ClientId, Slot);

/// What an operation asked for.
#[derive(Clone, Copy, Debug, Hash)]
enum Asked {
    /// A session.
    Session,
    /// Something in the session that this slot opened; in the client's standing one if it is the zeroth.
    Within(Slot),
}

/// How the session of an operation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It lives.
    Lives,
    /// This slot has ended it.
    Ended(Slot),
    /// That slot has opened none.
    NeverOpened(Slot),
}

impl Sessions {
    /// Takes in what a client asks.
    pub(super) fn see(&mut self, record: &Record<'_>) {
        let Event::Invoked { op, command, .. } = &record.event else { return };
        for seen in command.observations.iter() {
            match seen {
                Observation::Store(StoreSeen::Begun) => _ = self.asked.insert(*op, Asked::Session),
                Observation::Store(StoreSeen::Asked { session: Some(session), .. }) => {
                    self.asked.insert(*op, Asked::Within(*session));
                }
                Observation::Store(_)
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

    /// Takes in what a node tells but for the slots that it applies.
    pub(super) fn hear(&mut self, seen: &ConsensusSeen) {
        if let ConsensusSeen::Started { slot, session_slots, .. } = seen {
            self.patience = self.patience.or(*session_slots);
            self.reached = self.reached.max(*slot);
        } else if let ConsensusSeen::Installed { slot, .. } = seen {
            self.reached = self.reached.max(*slot);
        } else if let ConsensusSeen::Proposed { bid, ops } = seen
            && bid.slot > self.applied
        {
            let known = self.proposed.entry(bid.slot).or_default();
            if known.iter().all(|(value, _)| *value != bid.value) {
                known.push((bid.value, ops.clone()));
            }
        }
    }

    /// Applies a slot, unless that was done before; each of its operations whose session does not live there.
    pub(super) fn apply(&mut self, slot: Slot, value: ValueId) -> Vec<(OpId, Standing)> {
        if slot <= self.applied {
            return Vec::new();
        }
        self.has_gap |= slot > self.applied.next();
        self.applied = slot;
        let proposed = self.proposed.remove(&slot).unwrap_or_default();
        self.proposed = self.proposed.split_off(&slot);
        let Some((_, ops)) = proposed.into_iter().find(|(known, _)| *known == value) else {
            self.is_blind = true;
            return Vec::new();
        };
        let mut out = Vec::new();
        for op in ops {
            match self.asked.get(&op) {
                Some(Asked::Session) => _ = self.live.insert((op.client, slot), slot),
                Some(Asked::Within(opened)) => match self.live.get_mut(&(op.client, *opened)) {
                    Some(used) => *used = slot,
                    None => {
                        out.extend(self.standing(op).filter(|standing| *standing != Standing::Lives).map(|it| (op, it)))
                    }
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

    /// How the session of an operation stands after the last slot; `None` where that is not known.
    pub(super) fn standing(&self, op: OpId) -> Option<Standing> {
        if !self.is_whole() || self.is_blind || self.patience.is_none() {
            return None;
        }
        let Asked::Within(opened) = *self.asked.get(&op)? else { return None };
        let name = (op.client, opened);
        Some(if opened == Slot(0) || self.live.contains_key(&name) {
            Standing::Lives
        } else {
            self.ended.get(&name).map_or(Standing::NeverOpened(opened), |slot| Standing::Ended(*slot))
        })
    }

    /// Whether it was told of every slot that any node has applied.
    pub(super) fn is_whole(&self) -> bool {
        !self.has_gap && self.reached <= self.applied
    }

    /// Writes what is remembered.
    pub(super) fn memory(&self, mut state: &mut dyn Hasher) {
        (self.patience, &self.asked, &self.live, &self.ended, self.applied).hash(&mut state);
        (self.reached, self.has_gap, self.is_blind).hash(&mut state);
        for (slot, values) in &self.proposed {
            let mut values: Vec<_> = values.iter().collect();
            values.sort_unstable();
            (slot, values).hash(&mut state);
        }
    }
}
