//! The replicated state: the codex and the sessions, as changed by the applied slots.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::request::{Act, Answer, Origin, Request, RequestId};
use super::sessions::{SessionId, SessionState, Sessions};
use super::spec::Rules;
use super::value::{Proposal, Value};
use crate::codex::{Anchors, Codex, Key, RESERVED, Refusal, Value as Content, Within};
use crate::observation::{Access, LockStamp, Slot};

/// The state after the applied slots.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Replica {
    /// The last applied slot.
    pub(super) applied: Slot,
    codex: Codex,
    sessions: Sessions,
    fences: BTreeMap<Key, Fence>,
}

/// The highest tokens that were presented for a fenced key (Kleppmann 2016, *How to do distributed locking*). Limit: a
/// write of a holder that has lost its lock passes until a newer token was presented.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fence {
    /// For a write.
    pub written: Option<LockStamp>,
    /// For a read.
    pub read: Option<LockStamp>,
}

impl Fence {
    /// Whether a token still admits this access.
    fn admits(&self, access: Access, token: LockStamp) -> bool {
        let after = |highest: Option<LockStamp>| highest.is_none_or(|highest| token >= highest);
        match access {
            Access::Read => after(self.written),
            Access::Write => after(self.written) && after(self.read),
        }
    }

    fn raise(&mut self, access: Access, token: LockStamp) {
        match access {
            Access::Read => self.read = self.read.max(Some(token)),
            Access::Write => self.written = self.written.max(Some(token)),
        }
    }
}

/// The effects of one slot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Effects {
    /// The operations that took effect, in order.
    pub(super) done: Vec<RequestId>,
    /// The operations that were refused, with the reason of each.
    pub(super) refused: Vec<(RequestId, Refusal)>,
    /// Of these, the operations that were refused because of a newer token: the key, the access and the token.
    pub(super) fenced: Vec<(RequestId, Key, Access, LockStamp)>,
    /// The outcome of each entry of the slot, from this slot or an earlier one.
    pub(super) answers: Vec<(RequestId, Answer)>,
    /// The reserved keys that the slot changed, with their content; none for a deleted key.
    pub(super) decreed: Vec<(Key, Option<Content>)>,
}

/// A whole state, for another node or a disk.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Snapshot {
    /// The last slot that it includes.
    pub slot: Slot,
    /// All entries of the codex, in the order of their keys.
    pub entries: Arc<Vec<(Key, Content)>>,
    /// All sessions.
    pub sessions: Sessions,
    /// The tokens of fenced keys.
    pub fences: BTreeMap<Key, Fence>,
}

impl Replica {
    /// Identifies the state of the codex: the first 64 bits of its root.
    pub(super) fn root(&self) -> u64 {
        let (first, _) = self.codex.root().0.split_first_chunk().map(|(first, rest)| (*first, rest)).expect("32 bytes");
        u64::from_le_bytes(first)
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let entries = self.codex.under("").into_iter().map(|(key, value)| (key.clone(), value.clone()));
        let (sessions, fences) = (self.sessions.clone(), self.fences.clone());
        Snapshot { slot: self.applied, entries: Arc::new(entries.collect()), sessions, fences }
    }

    pub(super) fn of(snapshot: &Snapshot) -> Self {
        let Snapshot { slot, entries, sessions, fences } = snapshot;
        let (sessions, fences) = (sessions.clone(), fences.clone());
        Self { applied: *slot, codex: entries.iter().cloned().collect(), sessions, fences }
    }

    /// The entries under reserved keys, in the order of the keys.
    pub(super) fn decreed(&self) -> Vec<(Key, Option<Content>)> {
        let reserved = self.codex.under(RESERVED).into_iter();
        reserved.map(|(key, value)| (key.clone(), Some(value.clone()))).collect()
    }

    /// Whether this state has a session of this owner that this slot opened.
    pub(super) fn has_session(&self, origin: Origin, opened: Slot) -> bool {
        self.sessions.has(SessionId { origin, opened })
    }

    /// The outcome of an operation, if this state has it.
    pub(super) fn answer(&self, request: &Request) -> Option<Answer> {
        let within = request.within()?;
        match self.sessions.state(request.id, within) {
            SessionState::Answered(answer) => Some(answer),
            SessionState::Expired if within.session <= self.applied => Some(Answer::Expired),
            SessionState::Expired | SessionState::Stale | SessionState::New => None,
        }
    }

    /// Whether this state shows that the client no longer waits for the operation, whatever its outcome.
    pub(super) fn is_stale(&self, request: &Request) -> bool {
        request.within().is_some_and(|within| self.sessions.state(request.id, within) == SessionState::Stale)
    }

    /// The value that a read returns in this state.
    pub(super) fn read(&self, request: &Request) -> Option<Answer> {
        let Act::Read(_, key) = &request.act else { return None };
        Some(Answer::Value { value: self.codex.get(key).cloned() })
    }

    /// Why this state would refuse a write on its own.
    pub(super) fn objection(&self, request: &Request, anchors: &Anchors) -> Option<Refusal> {
        let Act::Write(_, write) = &request.act else { return None };
        match self.codex.clone().apply(write, anchors) {
            Err(refusal @ (Refusal::Anchor(_) | Refusal::Nested)) => Some(refusal),
            Err(
                Refusal::Mismatch
                | Refusal::NoList
                | Refusal::Fenced
                | Refusal::NoToken
                | Refusal::NotCovered
                | Refusal::Reserved
                | Refusal::TooLarge
                | Refusal::TooManySiblings
                | Refusal::ContextFull
                | Refusal::NotOffered
                | Refusal::Immutable,
            )
            | Ok(()) => None,
        }
    }

    /// Applies the value of the next slot. Deterministic: equal states remain equal.
    pub(super) fn apply(&mut self, value: &Value, rules: &Rules) -> Effects {
        let slot = self.applied.next();
        self.applied = slot;
        let mut effects = Effects::default();
        match value.proposal() {
            Proposal::Noop => {}
            Proposal::Requests(requests) => {
                for request in requests {
                    self.carry_out(request, slot, rules, &mut effects);
                }
            }
            Proposal::Refused(refused) => {
                for (request, reason) in refused {
                    self.refuse(request, reason, slot, rules, &mut effects);
                }
            }
        }
        self.sessions.expire(slot, rules.settings.session_slots);
        if rules.flaws.k07 {
            self.sessions.forget_answers();
        }
        effects
    }

    fn carry_out(&mut self, request: &Request, slot: Slot, rules: &Rules, effects: &mut Effects) {
        let id = request.id;
        let Some(within) = request.within() else {
            // Flaw k17: all sessions of a client have the same id.
            let session = if rules.flaws.k17 { Slot(1) } else { slot };
            self.sessions.open(SessionId { origin: id.origin, opened: session }, slot);
            effects.answers.push((id, Answer::Opened { session }));
            return;
        };
        self.sessions.touch(id, within, slot);
        let answer = match self.sessions.state(id, within) {
            SessionState::Answered(answer) => answer,
            SessionState::Expired => Answer::Expired,
            SessionState::Stale => return,
            SessionState::New => {
                let answer = match self.fence(request, within, rules, effects) {
                    Ok(()) => self.perform(&request.act, &rules.kept),
                    Err(reason) => Answer::Refused { reason },
                };
                match &answer {
                    Answer::Refused { reason } => effects.refused.push((id, reason.clone())),
                    Answer::Value { .. }
                    | Answer::Done
                    | Answer::Opened { .. }
                    | Answer::Expired
                    | Answer::View { .. }
                    | Answer::Written { .. } => {
                        effects.done.push(id);
                        if let Some(key) = request.key().filter(|key| key.is_reserved()) {
                            effects.decreed.push((key.clone(), self.codex.get(key).cloned()));
                        }
                    }
                }
                self.sessions.record(id, within, answer.clone());
                answer
            }
        };
        effects.answers.push((id, answer));
    }

    /// Checks the token that is presented for a fenced key, and records it.
    fn fence(
        &mut self,
        request: &Request,
        within: Within,
        rules: &Rules,
        effects: &mut Effects,
    ) -> Result<(), Refusal> {
        let Some(key) = request.key().filter(|key| rules.keyspaces.fenced_path(key).is_some()) else { return Ok(()) };
        let access = if request.is_read() { Access::Read } else { Access::Write };
        let token = within.token.ok_or(Refusal::NoToken)?;
        let fence = self.fences.entry(key.clone()).or_default();
        // Flaw k19: tokens are not checked.
        if !fence.admits(access, token) && !rules.flaws.k19 {
            effects.fenced.push((request.id, key.clone(), access, token));
            return Err(Refusal::Fenced);
        }
        fence.raise(access, token);
        Ok(())
    }

    fn perform(&mut self, act: &Act, anchors: &Anchors) -> Answer {
        match act {
            Act::Open => unreachable!("what opens a session stands in none"),
            Act::Read(_, key) => Answer::Value { value: self.codex.get(key).cloned() },
            Act::Write(_, write) => match self.codex.apply(write, anchors) {
                Ok(()) => Answer::Done,
                Err(reason) => Answer::Refused { reason },
            },
        }
    }

    /// Refuses an operation, unless it already has an outcome.
    fn refuse(&mut self, request: &Request, reason: &Refusal, slot: Slot, rules: &Rules, effects: &mut Effects) {
        let Some(within) = request.within() else { return };
        let op = request.id;
        // Flaw k16: the refusal is sent whatever the session holds, and is not recorded there.
        if rules.flaws.k16 {
            return effects.answers.push((op, Answer::Refused { reason: reason.clone() }));
        }
        self.sessions.touch(op, within, slot);
        let answer = match self.sessions.state(op, within) {
            SessionState::Answered(answer) => answer,
            SessionState::Expired => Answer::Expired,
            SessionState::Stale => return,
            SessionState::New => {
                let answer = Answer::Refused { reason: reason.clone() };
                self.sessions.record(op, within, answer.clone());
                effects.refused.push((op, reason.clone()));
                answer
            }
        };
        effects.answers.push((op, answer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clocks::LamportClock;

    fn token(time: u64) -> LockStamp {
        LockStamp { time: LamportClock::new(time), ..LockStamp::default() }
    }

    #[test]
    fn a_token_below_an_incompatible_one_is_refused() {
        let fence = Fence { written: Some(token(5)), read: Some(token(8)) };
        let admits = |access, time| fence.admits(access, token(time));
        assert!(!admits(Access::Read, 4) && admits(Access::Read, 5) && admits(Access::Read, 6));
        assert!(!admits(Access::Write, 7) && admits(Access::Write, 8));
        assert!(Fence::default().admits(Access::Write, LockStamp::default()));
    }
}
