//! Sessions of clients, in the replicated state: they keep the outcome of each operation, so that it takes effect once.
//!
//! Slot 0 names a client's standing session, which is never opened and never ends: for operations that are written in a
//! scenario, and for those that present tokens. A node's session opens and ends like a client's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::request::{Answer, Origin, RequestId};
use crate::codex::Within;
use crate::observation::Slot;

/// The owner of a session, and the slot that opened it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SessionId {
    /// The owner.
    pub origin: Origin,
    /// The slot that opened it.
    pub opened: Slot,
}

/// One session.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Session {
    /// The slot of its last use.
    pub used: Slot,
    /// The lowest operation that the client still waits for.
    pub lowest: u32,
    /// The outcomes of operations by number; none below the lowest.
    pub answers: BTreeMap<u32, Answer>,
}

/// Names a client's standing session.
const STANDING: Slot = Slot(0);

/// All sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Sessions(BTreeMap<SessionId, Session>);

/// The state of an operation in its session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SessionState {
    /// It has no outcome yet.
    New,
    /// It has this outcome.
    Answered(Answer),
    /// The client no longer waits for it.
    Stale,
    /// There is no such session.
    Expired,
}

impl Sessions {
    /// Whether there is such a session.
    pub(super) fn has(&self, id: SessionId) -> bool {
        self.0.contains_key(&id)
    }

    /// Opens a session. A node's ends those of its earlier incarnations: a decree of one of those that is still under way
    /// must not take effect after one of this incarnation.
    pub(super) fn open(&mut self, id: SessionId, slot: Slot) {
        if let Origin::Node(of) = id.origin {
            let is_earlier =
                |origin| matches!(origin, Origin::Node(other) if other.node == of.node && other.boot < of.boot);
            self.0.retain(|id, _| !is_earlier(id.origin));
        }
        self.0.insert(id, Session { used: slot, lowest: 0, answers: BTreeMap::new() });
    }

    /// The session of an operation; a standing session is created if it is missing.
    fn session(&mut self, id: RequestId, within: Within) -> Option<&mut Session> {
        let session = SessionId { origin: id.origin, opened: within.session };
        if within.session == STANDING {
            return Some(self.0.entry(session).or_default());
        }
        self.0.get_mut(&session)
    }

    /// The state of an operation.
    pub(super) fn state(&self, id: RequestId, within: Within) -> SessionState {
        let Some(session) = self.0.get(&SessionId { origin: id.origin, opened: within.session }) else {
            return if within.session == STANDING { SessionState::New } else { SessionState::Expired };
        };
        match session.answers.get(&id.number) {
            Some(answer) => SessionState::Answered(answer.clone()),
            None if id.number < session.lowest => SessionState::Stale,
            None => SessionState::New,
        }
    }

    /// Records that an operation is in a slot: its session was used, and the outcomes that the client no longer waits
    /// for are removed.
    pub(super) fn touch(&mut self, id: RequestId, within: Within, slot: Slot) {
        if let Some(session) = self.session(id, within) {
            session.used = slot;
            session.lowest = session.lowest.max(within.lowest.min(id.number));
            session.answers = session.answers.split_off(&session.lowest);
        }
    }

    /// Records the outcome of an operation.
    pub(super) fn record(&mut self, id: RequestId, within: Within, answer: Answer) {
        if let Some(session) = self.session(id, within) {
            session.answers.insert(id.number, answer);
        }
    }

    /// Flaw k07: forgets the outcomes, and which of them clients wait for.
    pub(super) fn forget_answers(&mut self) {
        for session in self.0.values_mut() {
            session.answers.clear();
            session.lowest = 0;
        }
    }

    /// Ends the sessions that were not used in the last `after` slots up to this one.
    pub(super) fn expire(&mut self, slot: Slot, after: u64) {
        if let Some(last) = slot.0.checked_sub(after) {
            self.0.retain(|id, session| id.opened == STANDING || session.used.0 > last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{Boot, ClientId, Incarnation, NodeId};

    const CLIENT: Origin = Origin::Client(ClientId::new(0));

    fn op(number: u32) -> RequestId {
        RequestId { origin: CLIENT, number }
    }

    fn within(lowest: u32) -> Within {
        Within { session: Slot(3), lowest, ..Within::default() }
    }

    fn opened() -> Sessions {
        let mut sessions = Sessions::default();
        sessions.open(SessionId { origin: CLIENT, opened: Slot(3) }, Slot(3));
        sessions
    }

    #[test]
    fn an_answer_is_kept_until_the_client_has_it() {
        let mut sessions = opened();
        assert_eq!(sessions.state(op(2), within(2)), SessionState::New);
        sessions.record(op(2), within(2), Answer::Done);
        assert_eq!(sessions.state(op(2), within(2)), SessionState::Answered(Answer::Done));
        sessions.touch(op(3), within(3), Slot(5));
        assert_eq!(sessions.state(op(2), within(2)), SessionState::Stale, "a late copy is not done again");
    }

    #[test]
    fn a_standing_session_is_there_without_being_opened() {
        let mut sessions = Sessions::default();
        let standing = Within { lowest: 1, ..Within::default() };
        assert_eq!(sessions.state(op(1), standing), SessionState::New);
        sessions.touch(op(1), standing, Slot(4));
        sessions.record(op(1), standing, Answer::Done);
        sessions.expire(Slot(1_000), 10);
        assert_eq!(sessions.state(op(1), standing), SessionState::Answered(Answer::Done));
    }

    #[test]
    fn a_session_is_its_client_s_and_its_slot_s() {
        let sessions = opened();
        let node = Incarnation::new(NodeId::new(0), Boot::new(1));
        for origin in [Origin::Client(ClientId::new(1)), Origin::Node(node)] {
            assert_eq!(sessions.state(RequestId { origin, number: 2 }, within(2)), SessionState::Expired);
        }
        let elsewhere = Within { session: Slot(4), ..within(2) };
        assert_eq!(sessions.state(op(2), elsewhere), SessionState::Expired);
    }

    #[test]
    fn a_session_that_is_not_used_ends() {
        let mut sessions = opened();
        sessions.touch(op(2), within(2), Slot(10));
        sessions.expire(Slot(19), 10);
        assert_eq!(sessions.state(op(2), within(2)), SessionState::New);
        sessions.expire(Slot(20), 10);
        assert_eq!(sessions.state(op(2), within(2)), SessionState::Expired);
    }
}
