//! `concurrency`: compatible requests do not wait for each other.

use super::Told;
use super::answers::Answers;
use super::gray;
use super::requests::{RequestState, Requests};
use crate::check::event_class::EventClass;
use crate::check::{Checker, End, Exercised, Exploring, Invariant, RunOnly, Shown, broken};
use crate::identity::{Actor, NodeId, OpId};
use crate::observation::{ChannelSeen, Claims, LockSeen, LockStamp, Observation};
use crate::trace::{Event, Kinds, Record, Verdict, Violation};

/// Checks that a request never waits for a compatible one: a node defers a peer's request only behind one of its own
/// grants, or an earlier request, that is incompatible with it; and a node that has neither does not delay its answer
/// until it releases something. Exercised by deferrals, and by answers at once from nodes that hold one of the
/// request's resources.
///
/// The first part is judged by the nodes' reports, the second by their actions: a request's payload is delivered at a
/// peer that has no reason to defer it, and the next payload from the peer is sent in the step of a release. If nothing
/// later has arrived from the peer when the request is granted, the answer was among the payloads of that step.
///
/// In an exploration only the first part is judged.
#[derive(Clone, Debug, Default, Hash)]
pub struct Concurrency {
    deferrals: Deferrals,
    /// An exploration shows no sends and deliveries.
    answers: RunOnly<Answers>,
}

/// The requests that nodes report as deferred.
#[derive(Clone, Debug, Default, Hash)]
struct Deferrals {
    requests: Requests,
    exercised: Exercised,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant = Invariant::safety("concurrency", "a request never waits for a compatible one");

impl Concurrency {
    fn lock(&mut self, record: &Record<'_>, node: NodeId, seen: &LockSeen) -> Result<(), Violation> {
        match seen {
            LockSeen::Requested { stamp, .. } => self.answers.asks(node, stamp.op, record.id),
            LockSeen::Granted { stamp, claims } => self.granted(record, node, *stamp, claims)?,
            LockSeen::Released { op } => {
                if let Some(grant) = self.deferrals.requests.get(node, *op).filter(|live| live.is_granted()) {
                    self.answers.releases(node, *op, &grant.claims, *grant.event, record.id);
                }
            }
            LockSeen::Asked { .. } | LockSeen::Withdrawn { .. } | LockSeen::Refused { .. } => {}
            LockSeen::Deferred { .. } | LockSeen::Called { .. } => {}
        }
        self.deferrals.hear(record, &Told::Seen(node, seen))
    }

    fn channel(&mut self, record: &Record<'_>, node: NodeId, seen: ChannelSeen) {
        match seen {
            ChannelSeen::Sent { to, lane, number, payload: _ } => {
                self.deferrals.exercised += self.answers.sent(node, to.node, lane, number, record.id);
            }
            ChannelSeen::Delivered { from, lane, number, payload: _ } => {
                if let Some(op) = self.answers.delivered(from.node, node, lane, number) {
                    self.reached(record, from.node, node, op);
                }
            }
            ChannelSeen::Reset { peer } => self.answers.ended(node, peer.node),
        }
    }

    /// A request reached a peer: its answer is watched if the peer holds something, but nothing incompatible.
    fn reached(&mut self, record: &Record<'_>, asker: NodeId, peer: NodeId, op: OpId) {
        let Some(request) = self.deferrals.requests.get(asker, op) else { return };
        let RequestState::Open(stamp) = request.state else { return };
        let (mut holds, mut meets) = (false, false);
        for (_, live) in self.deferrals.requests.at(peer) {
            let counts = match live.state {
                RequestState::Granted(_) => true,
                RequestState::Open(other) => other < stamp,
                RequestState::Asked => false,
            };
            if counts && gray::conflict(&live.claims, &request.claims) {
                return;
            }
            holds |= live.is_granted();
            meets |= live.is_granted() && gray::meet(&live.claims, &request.claims);
        }
        if holds {
            self.answers.watch(asker, peer, op, record.id, meets);
        }
    }

    fn granted(
        &mut self,
        record: &Record<'_>,
        node: NodeId,
        stamp: LockStamp,
        claims: &Claims,
    ) -> Result<(), Violation> {
        let Some(delay) = self.answers.granted(node, stamp.op) else { return Ok(()) };
        let (peer, release) = (delay.peer, delay.release);
        let sentence = format!(
            "{peer} answered the request {stamp} ({claims}) only when it released {} ({}), with which it goes together",
            release.op, release.claims
        );
        Err(broken(record, sentence, &[release.granted, delay.delivered, release.event, record.id]))
    }
}

impl Deferrals {
    fn deferred(
        &mut self,
        record: &Record<'_>,
        node: NodeId,
        stamp: LockStamp,
        behind: LockStamp,
    ) -> Result<(), Violation> {
        let Some(obstacle) = self.requests.stamped(behind).filter(|_| behind.node == node) else {
            let sentence =
                format!("{node} lets the request {stamp} wait for {behind}, which it neither holds nor asks for");
            return Err(broken(record, sentence, &[record.id]));
        };
        // A peer may know a request for a while after its node has crashed.
        let Some(request) = self.requests.stamped(stamp) else { return Ok(()) };
        self.exercised += true;
        if gray::conflict(&request.claims, &obstacle.claims) {
            return Ok(());
        }
        let sentence = format!(
            "{node} lets the request {stamp} ({}) wait for {behind} ({}), with which it goes together",
            request.claims, obstacle.claims
        );
        Err(broken(record, sentence, &[*obstacle.event, *request.event, record.id]))
    }

    fn hear(&mut self, record: &Record<'_>, told: &Told<'_>) -> Result<(), Violation> {
        if let Told::Seen(node, LockSeen::Deferred { stamp, behind }) = told {
            self.deferred(record, *node, *stamp, *behind)?;
        }
        self.requests.see(told, record.id);
        Ok(())
    }
}

impl<F> Checker<F> for Concurrency {
    const EXPLORED: Exploring = Exploring::Always;
    const WANTS_EXPLORING: Kinds = Requests::WANTS.with(Kinds::LOCK_DEFERRED);

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        let Actor::Node(node) = record.id.actor else { return Ok(()) };
        match EventClass::of(&record.event) {
            EventClass::Start | EventClass::Input | EventClass::Answer => self.answers.step(node, record.id.number),
            EventClass::Death => {
                self.answers.died(node);
                self.deferrals.hear(record, &Told::Death(node))?;
            }
            EventClass::Effect => self.answers.did(node, record.id.number),
            EventClass::Pause | EventClass::Unpause | EventClass::World => {}
        }
        let Event::Fact { fact } = &record.event else { return Ok(()) };
        for seen in fact.observations.iter() {
            match seen {
                Observation::Lock(seen) => self.lock(record, node, seen)?,
                Observation::Channel(seen) => self.channel(record, node, *seen),
                Observation::Consensus(_)
                | Observation::Replica(_)
                | Observation::Transaction(_)
                | Observation::Store(_)
                | Observation::Broadcast { .. }
                | Observation::Compared { .. }
                | Observation::Delivered { .. }
                | Observation::Forged
                | Observation::Resumed { .. } => {}
            }
        }
        Ok(())
    }

    fn conclude(&mut self, _end: &End<'_>) -> Verdict {
        let never = "no request was deferred, nor answered by who held something of its resources";
        Verdict::of(self.deferrals.exercised.0, never)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::history::*;
    use crate::identity::LaneId;

    fn deferred(stamp: &str, behind: &str) -> Event<'static> {
        let of = |text: &str| text.parse().expect("a stamp");
        lock(LockSeen::Deferred { stamp: of(stamp), behind: of(behind) })
    }

    fn beside(mine: &str, theirs: &str) -> History {
        let mut history = History::default();
        history.on("n1", granted("1.n1.c1#1", mine)).on("n2", requested("2.n2.c2#1", theirs));
        history.on("n1", deferred("2.n2.c2#1", "1.n1.c1#1"));
        history
    }

    #[test]
    fn a_writer_waits_for_a_reader() {
        assert_holds(&beside("a s", "a/b x"), Concurrency::default(), 1);
    }

    #[test]
    fn a_reader_that_waits_for_a_reader_is_shown_with_it() {
        let sentence =
            "n1 lets the request 2.n2.c2#1 (a IS, a/b S) wait for 1.n1.c1#1 (a S), with which it goes together";
        assert_broken(&beside("a s", "a/b s"), Concurrency::default(), sentence, "n1#1 n2#1 n1#2");
    }

    #[test]
    fn nobody_waits_for_what_has_ended() {
        let mut history = History::default();
        history.on("n1", granted("1.n1.c1#1", "a x")).on("n1", released("c1#1"));
        history.on("n2", requested("2.n2.c2#1", "a x")).on("n1", deferred("2.n2.c2#1", "1.n1.c1#1"));
        let sentence = "n1 lets the request 2.n2.c2#1 wait for 1.n1.c1#1, which it neither holds nor asks for";
        assert_broken(&history, Concurrency::default(), sentence, "n1#3");
    }

    fn sent(to: &str, number: u64) -> Event<'static> {
        let to = to.parse().expect("a life");
        channel(ChannelSeen::Sent { to, lane: LaneId::new(1), number, payload: None })
    }

    fn delivered_from(from: &str, number: u64) -> Event<'static> {
        let from = from.parse().expect("a life");
        channel(ChannelSeen::Delivered { from, lane: LaneId::new(1), number, payload: None })
    }

    /// n1 holds something when n2's request reaches it.
    fn reached(mine: &str, theirs: &str) -> History {
        let mut history = History::default();
        history.on("n1", timer()).on("n1", granted("1.n1.c1#1", mine));
        history.on("n2", timer()).on("n2", requested("2.n2.c2#1", theirs)).on("n2", sent("n1", 1));
        history.on("n1", timer()).on("n1", delivered_from("n2", 1));
        history
    }

    fn granted_after(history: &mut History, number: u64) {
        history.on("n2", timer()).on("n2", delivered_from("n1", number)).on("n2", granted("2.n2.c2#1", "a/b s"));
    }

    #[test]
    fn an_answer_that_a_reader_keeps_until_its_release_is_shown_though_it_says_nothing() {
        let mut history = reached("a s", "a/b s");
        history.on("n1", timer()).on("n1", released("c1#1")).on("n1", sent("n2", 1));
        granted_after(&mut history, 1);
        let sentence = "n1 answered the request 2.n2.c2#1 (a IS, a/b S) only when it released c1#1 (a S), with which it \
                        goes together";
        assert_broken(&history, Concurrency::default(), sentence, "n1#2 n1#4 n1#6 n2#6");
    }

    #[test]
    fn an_answer_at_once_is_the_test() {
        let mut history = reached("a s", "a/b s");
        history.on("n1", sent("n2", 1)).on("n1", timer()).on("n1", released("c1#1")).on("n1", sent("n2", 2));
        granted_after(&mut history, 1);
        assert_holds(&history, Concurrency::default(), 1);
    }

    #[test]
    fn an_answer_that_the_disk_held_up_is_still_of_its_step() {
        let mut history = History::default();
        history.on("n1", timer()).on("n1", granted("1.n1.c1#1", "a s"));
        history.on("n2", timer()).on("n2", requested("2.n2.c2#1", "a/b s")).on("n2", sent("n1", 1));
        history.numbered("n1", 3, timer()).numbered("n1", 6, timer()).numbered("n1", 4, delivered_from("n2", 1));
        history.numbered("n1", 5, sent("n2", 1)).numbered("n1", 7, released("c1#1")).numbered("n1", 8, sent("n2", 2));
        granted_after(&mut history, 2);
        assert_holds(&history, Concurrency::default(), 1);
    }

    #[test]
    fn what_the_step_that_asks_sends_once_the_request_has_come_is_no_second_request() {
        let mut history = reached("a s", "a/b s");
        history.on("n1", sent("n2", 1)).on("n2", sent("n1", 2)).on("n1", timer()).on("n1", delivered_from("n2", 2));
        history.on("n1", timer()).on("n1", released("c1#1")).on("n1", sent("n2", 2));
        history.on("n2", timer()).on("n2", delivered_from("n1", 1));
        granted_after(&mut history, 2);
        assert_holds(&history, Concurrency::default(), 1);
    }

    #[test]
    fn who_excludes_the_request_may_keep_its_answer() {
        let mut history = reached("a x", "a/b s");
        history.on("n1", timer()).on("n1", released("c1#1")).on("n1", sent("n2", 1));
        granted_after(&mut history, 1);
        assert!(history.judged_by(Concurrency::default()).violation().is_none());
    }

    #[test]
    fn an_answer_may_come_late_for_a_reason_of_its_own() {
        let mut later = reached("a s", "a/b s");
        later.on("n1", timer()).on("n1", sent("n2", 1)).on("n1", timer()).on("n1", released("c1#1"));
        later.on("n1", sent("n2", 2));
        granted_after(&mut later, 2);
        assert!(later.judged_by(Concurrency::default()).violation().is_none());
        // The payload at the release may have been another one, and the answer may have arrived after it.
        let mut another = reached("a s", "a/b s");
        another.on("n1", timer()).on("n1", released("c1#1")).on("n1", sent("n2", 1));
        another.on("n1", timer()).on("n1", sent("n2", 2));
        granted_after(&mut another, 2);
        assert!(another.judged_by(Concurrency::default()).violation().is_none());
    }

    #[test]
    fn a_session_that_ends_takes_along_what_was_watched() {
        for end in [killed(), channel(ChannelSeen::Reset { peer: "n2/2".parse().expect("a life") })] {
            let mut history = reached("a s", "a/b s");
            history.on("n1", end).on("n1", timer()).on("n1", released("c1#1")).on("n1", sent("n2", 1));
            granted_after(&mut history, 1);
            assert!(history.judged_by(Concurrency::default()).violation().is_none());
        }
    }
}
