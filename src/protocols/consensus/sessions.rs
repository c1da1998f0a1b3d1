//! Sessions of clients, in the replicated state: what each operation came to, so that it takes effect once.
//!
//! A client that names the zeroth slot means its standing session, which nothing opens and nothing ends: for operations
//! that are written in a scenario.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::request::{Answer, Within};
use crate::identity::{ClientId, OpId};
use crate::observation::Slot;

/// Whose session, and the slot that opened it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SessionId {
    /// Whose.
    pub client: ClientId,
    /// Opened when.
    pub opened: Slot,
}

/// One session.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Session {
    /// The slot in which it was used last.
    pub used: Slot,
    /// The lowest operation that the client still waits for.
    pub lowest: u32,
    /// What operations came to, by their numbers; none below the lowest.
    pub answers: BTreeMap<u32, Answer>,
}

/// What names a client's standing session.
const STANDING: Slot = Slot(0);

/// All sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Sessions(BTreeMap<SessionId, Session>);

/// How an operation stands in its session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It came to nothing yet.
    New,
    /// It came to this.
    Answered(Answer),
    /// The client does not wait for it any more.
    Stale,
    /// There is no such session.
    Expired,
}

impl Sessions {
    /// Opens a session.
    pub(super) fn open(&mut self, id: SessionId, slot: Slot) {
        self.0.insert(id, Session { used: slot, lowest: 0, answers: BTreeMap::new() });
    }

    /// The session of an operation; a standing one is made where it is missing.
    fn session(&mut self, op: OpId, within: Within) -> Option<&mut Session> {
        let id = SessionId { client: op.client, opened: within.session };
        if within.session == STANDING {
            return Some(self.0.entry(id).or_default());
        }
        self.0.get_mut(&id)
    }

    /// How an operation stands.
    pub(super) fn standing(&self, op: OpId, within: Within) -> Standing {
        let Some(session) = self.0.get(&SessionId { client: op.client, opened: within.session }) else {
            return if within.session == STANDING { Standing::New } else { Standing::Expired };
        };
        match session.answers.get(&op.number) {
            Some(answer) => Standing::Answered(answer.clone()),
            None if op.number < session.lowest => Standing::Stale,
            None => Standing::New,
        }
    }

    /// Takes in that an operation stands in a slot: its session is in use, and what it does not wait for is forgotten.
    pub(super) fn touch(&mut self, op: OpId, within: Within, slot: Slot) {
        if let Some(session) = self.session(op, within) {
            session.used = slot;
            session.lowest = session.lowest.max(within.lowest.min(op.number));
            session.answers = session.answers.split_off(&session.lowest);
        }
    }

    /// Keeps what an operation came to.
    pub(super) fn keep(&mut self, op: OpId, within: Within, answer: Answer) {
        if let Some(session) = self.session(op, within) {
            session.answers.insert(op.number, answer);
        }
    }

    /// Flaw k07: forgets what operations came to, and which of them are waited for.
    pub(super) fn forget_answers(&mut self) {
        for session in self.0.values_mut() {
            session.answers.clear();
            session.lowest = 0;
        }
    }

    /// Ends the sessions that were used last so many slots before this one.
    pub(super) fn expire(&mut self, slot: Slot, after: u64) {
        if let Some(last) = slot.0.checked_sub(after) {
            self.0.retain(|id, session| id.opened == STANDING || session.used.0 > last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: ClientId = ClientId::new(0);

    fn op(number: u32) -> OpId {
        OpId { client: CLIENT, number }
    }

    fn within(lowest: u32) -> Within {
        Within { session: Slot(3), lowest }
    }

    fn opened() -> Sessions {
        let mut sessions = Sessions::default();
        sessions.open(SessionId { client: CLIENT, opened: Slot(3) }, Slot(3));
        sessions
    }

    #[test]
    fn an_answer_is_kept_until_the_client_has_it() {
        let mut sessions = opened();
        assert_eq!(sessions.standing(op(2), within(2)), Standing::New);
        sessions.keep(op(2), within(2), Answer::Done);
        assert_eq!(sessions.standing(op(2), within(2)), Standing::Answered(Answer::Done));
        sessions.touch(op(3), within(3), Slot(5));
        assert_eq!(sessions.standing(op(2), within(2)), Standing::Stale, "a late copy is not done again");
    }

    #[test]
    fn a_standing_session_is_there_without_being_opened() {
        let mut sessions = Sessions::default();
        let standing = Within { session: STANDING, lowest: 1 };
        assert_eq!(sessions.standing(op(1), standing), Standing::New);
        sessions.touch(op(1), standing, Slot(4));
        sessions.keep(op(1), standing, Answer::Done);
        sessions.expire(Slot(1_000), 10);
        assert_eq!(sessions.standing(op(1), standing), Standing::Answered(Answer::Done));
    }

    #[test]
    fn a_session_is_its_client_s_and_its_slot_s() {
        let sessions = opened();
        let other = OpId { client: ClientId::new(1), number: 2 };
        assert_eq!(sessions.standing(other, within(2)), Standing::Expired);
        let elsewhere = Within { session: Slot(4), lowest: 2 };
        assert_eq!(sessions.standing(op(2), elsewhere), Standing::Expired);
    }

    #[test]
    fn a_session_that_is_not_used_ends() {
        let mut sessions = opened();
        sessions.touch(op(2), within(2), Slot(10));
        sessions.expire(Slot(19), 10);
        assert_eq!(sessions.standing(op(2), within(2)), Standing::New);
        sessions.expire(Slot(20), 10);
        assert_eq!(sessions.standing(op(2), within(2)), Standing::Expired);
    }
}
