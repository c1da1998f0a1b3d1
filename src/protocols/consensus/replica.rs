//! The replicated state: the codex, and the sessions, as the applied slots have made them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::request::{Act, Answer, Request};
use super::sessions::{SessionId, Sessions, Standing};
use super::spec::Rules;
use super::value::{Proposal, Value};
use crate::codex::{Anchors, Codex, Key, Refusal, Value as Content};
use crate::identity::OpId;
use crate::observation::Slot;

/// What the applied slots have come to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Replica {
    /// Up to which slot.
    pub(super) applied: Slot,
    codex: Codex,
    sessions: Sessions,
}

/// What one slot came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Effects {
    /// Operations that took effect, in order.
    pub(super) done: Vec<OpId>,
    /// Operations that were kept from it.
    pub(super) refused: Vec<OpId>,
    /// What each operation in it came to, now or before.
    pub(super) answers: Vec<(OpId, Answer)>,
}

/// A whole state, to be handed on or to stand on a disk.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Snapshot {
    /// After which slot.
    pub slot: Slot,
    /// All entries of the codex, in the order of their keys.
    pub entries: Arc<Vec<(Key, Content)>>,
    /// All sessions.
    pub sessions: Sessions,
}

impl Replica {
    /// What stands for the state of the codex: the first 64 bits of its root.
    pub(super) fn root(&self) -> u64 {
        let (first, _) = self.codex.root().0.split_first_chunk().map(|(first, rest)| (*first, rest)).expect("32 bytes");
        u64::from_le_bytes(first)
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let entries = self.codex.under("").into_iter().map(|(key, value)| (key.clone(), value.clone()));
        Snapshot { slot: self.applied, entries: Arc::new(entries.collect()), sessions: self.sessions.clone() }
    }

    pub(super) fn of(snapshot: &Snapshot) -> Self {
        let Snapshot { slot, entries, sessions } = snapshot;
        Self { applied: *slot, codex: entries.iter().cloned().collect(), sessions: sessions.clone() }
    }

    /// What an operation came to, if that is known here.
    pub(super) fn answer(&self, request: &Request) -> Option<Answer> {
        let within = request.within()?;
        match self.sessions.standing(request.op, within) {
            Standing::Answered(answer) => Some(answer),
            Standing::Expired if within.session <= self.applied => Some(Answer::Expired),
            Standing::Expired | Standing::Stale | Standing::New => None,
        }
    }

    /// Whether its client is known to wait for an operation no more, whatever it comes to.
    pub(super) fn is_stale(&self, request: &Request) -> bool {
        request.within().is_some_and(|within| self.sessions.standing(request.op, within) == Standing::Stale)
    }

    /// What a read sees in this state.
    pub(super) fn read(&self, request: &Request) -> Option<Answer> {
        let Act::Read(_, key) = &request.act else { return None };
        Some(Answer::Value { value: self.codex.get(key).cloned() })
    }

    /// Why a write would be refused by itself, as far as this state tells.
    pub(super) fn objection(&self, request: &Request, anchors: &Anchors) -> Option<Refusal> {
        let Act::Write(_, write) = &request.act else { return None };
        match self.codex.clone().apply(write, anchors) {
            Err(refusal @ (Refusal::Anchor(_) | Refusal::Nested)) => Some(refusal),
            Err(Refusal::Mismatch | Refusal::NoList) | Ok(()) => None,
        }
    }

    /// Applies the value of the next slot. Equal states come to equal states by it.
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
        let Request { op, act } = request;
        let Some(within) = request.within() else {
            // Flaw k17: all sessions of a client have one name.
            let session = if rules.flaws.k17 { Slot(1) } else { slot };
            self.sessions.open(SessionId { client: op.client, opened: session }, slot);
            effects.answers.push((*op, Answer::Opened { session }));
            return;
        };
        self.sessions.touch(*op, within, slot);
        let answer = match self.sessions.standing(*op, within) {
            Standing::Answered(answer) => answer,
            Standing::Expired => Answer::Expired,
            Standing::Stale => return,
            Standing::New => {
                let answer = self.perform(act, &rules.kept);
                match &answer {
                    Answer::Refused { .. } => effects.refused.push(*op),
                    Answer::Value { .. } | Answer::Done | Answer::Opened { .. } | Answer::Expired => {
                        effects.done.push(*op);
                    }
                }
                self.sessions.keep(*op, within, answer.clone());
                answer
            }
        };
        effects.answers.push((*op, answer));
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

    /// A refusal is what the operation came to, unless it came to something before.
    fn refuse(&mut self, request: &Request, reason: &Refusal, slot: Slot, rules: &Rules, effects: &mut Effects) {
        let Some(within) = request.within() else { return };
        let op = request.op;
        // Flaw k16: it is told whatever the session holds, which never learns of it.
        if rules.flaws.k16 {
            return effects.answers.push((op, Answer::Refused { reason: reason.clone() }));
        }
        self.sessions.touch(op, within, slot);
        let answer = match self.sessions.standing(op, within) {
            Standing::Answered(answer) => answer,
            Standing::Expired => Answer::Expired,
            Standing::Stale => return,
            Standing::New => {
                let answer = Answer::Refused { reason: reason.clone() };
                self.sessions.keep(op, within, answer.clone());
                effects.refused.push(op);
                answer
            }
        };
        effects.answers.push((op, answer));
    }
}
