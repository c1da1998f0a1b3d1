//! `no-starvation`: no request is overtaken again and again.

use std::collections::BTreeMap;

use super::calls::Calls;
use super::refusals::Refusals;
use super::requests::Requests;
use super::{Told, gray, told};
use crate::check::{Checker, End, Exercised, Exploring, Invariant, Shown, Witness, broken};
use crate::identity::{EventId, NodeId, OpId};
use crate::observation::{Claims, LockSeen, LockStamp, Resource};
use crate::trace::{Kinds, Record, Verdict, Violation};

/// Checks that after a request is sent, at most two incompatible requests of each incarnation of each other node are
/// granted before it, for each resource that both claim: one that was under way already, and one that was answered
/// before this one arrived. A request counts until it is granted, withdrawn by its client, or its node crashes; one
/// that its node gives up still counts. A node refuses only invalid requests, requests of clients that hold or wait for
/// something, releases of what is not held, and uses of a grant that does not cover them; and it does not treat a
/// request as withdrawn that it has granted. Exercised by grants that overtake a waiting request.
#[derive(Clone, Debug, Default, Hash)]
pub struct NoStarvation {
    refusals: Refusals,
    waiting: BTreeMap<(NodeId, OpId), Waiting>,
    exercised: Exercised,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant = Invariant::safety(
    "no-starvation",
    "each other node is granted at most two conflicting requests before one that waits",
);

/// The maximum number of grants that overtake.
const MOST: usize = 2;

#[derive(Clone, Debug, Hash)]
struct Waiting {
    claims: Claims,
    event: Witness<EventId>,
    /// By the overtaking node and the resource: the grants that overtook.
    passed: BTreeMap<(NodeId, Resource), Vec<Witness<EventId>>>,
}

impl NoStarvation {
    fn request(&mut self, node: NodeId, op: OpId, claims: &Claims, event: EventId) {
        let waiting = || Waiting { claims: claims.clone(), event: Witness(event), passed: BTreeMap::new() };
        self.waiting.entry((node, op)).or_insert_with(waiting);
    }

    fn grant(&mut self, record: &Record<'_>, node: NodeId, stamp: LockStamp, claims: &Claims) -> Result<(), Violation> {
        self.waiting.remove(&(node, stamp.op));
        for ((at, op), waiting) in self.waiting.iter_mut().filter(|((at, _), _)| *at != node) {
            let mut passes = false;
            for resource in gray::clashes(&waiting.claims, claims) {
                passes = true;
                let passed = waiting.passed.entry((node, resource.clone())).or_default();
                passed.push(Witness(record.id));
                if passed.len() > MOST {
                    let sentence = format!(
                        "{at}'s request for {op} waits for {resource} while {node} is granted it for the {}rd time",
                        passed.len()
                    );
                    let witnesses: Vec<EventId> = [waiting.event].iter().chain(&*passed).map(|event| event.0).collect();
                    return Err(broken(record, sentence, &witnesses));
                }
            }
            self.exercised += passes;
        }
        Ok(())
    }

    fn die(&mut self, node: NodeId) {
        self.waiting.retain(|(at, _), _| *at != node);
        for waiting in self.waiting.values_mut() {
            waiting.passed.retain(|(passing, _), _| *passing != node);
        }
    }
}

impl<F> Checker<F> for NoStarvation {
    const WANTS: Kinds = Requests::WANTS.with(Calls::WANTS);
    const EXPLORED: Exploring = Exploring::Always;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        self.refusals.see(record);
        for told in told(record) {
            self.refusals.hear(record, &told)?;
            match told {
                Told::Death(node) => self.die(node),
                Told::Seen(node, LockSeen::Requested { stamp, claims }) => {
                    self.request(node, stamp.op, claims, record.id);
                }
                Told::Seen(node, LockSeen::Granted { stamp, claims }) => self.grant(record, node, *stamp, claims)?,
                Told::Seen(node, LockSeen::Withdrawn { op } | LockSeen::Refused { op, .. }) => {
                    self.waiting.remove(&(node, *op));
                }
                Told::Seen(
                    _,
                    LockSeen::Asked { .. }
                    | LockSeen::Released { .. }
                    | LockSeen::Deferred { .. }
                    | LockSeen::Called { .. },
                ) => {}
            }
        }
        Ok(())
    }

    fn conclude(&mut self, _end: &End<'_>) -> Verdict {
        Verdict::of(self.exercised.0, "no grant passed an incompatible request")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::history::*;
    use crate::observation::{LockCall, LockRefusal};
    use crate::trace::Event;

    fn three_grants(history: &mut History) {
        for n in 1..=3 {
            history.on("n2", granted(&format!("{n}.n2.c2#{n}"), "a x")).on("n2", released(&format!("c2#{n}")));
        }
    }

    #[test]
    fn a_request_may_be_passed_twice_by_a_node() {
        let mut history = History::default();
        history.on("n1", requested("9.n1.c1#1", "a x"));
        history.on("n2", granted("1.n2.c2#1", "a x")).on("n2", granted("2.n2.c2#2", "a x"));
        history.on("n3", granted("3.n3.c3#1", "a x")).on("n1", granted("9.n1.c1#1", "a x"));
        assert_holds(&history, NoStarvation::default(), 3);
    }

    #[test]
    fn the_third_time_is_once_too_often() {
        let mut history = History::default();
        history.on("n1", requested("9.n1.c1#1", "a x"));
        three_grants(&mut history);
        let sentence = "n1's request for c1#1 waits for a while n2 is granted it for the 3rd time";
        assert_broken(&history, NoStarvation::default(), sentence, "n1#1 n2#1 n2#3 n2#5");
    }

    #[test]
    fn a_grant_passes_on_every_resource_on_which_it_conflicts() {
        let mut history = History::default();
        history.on("n1", requested("9.n1.c1#1", "a x, b x"));
        history.on("n2", granted("1.n2.c2#1", "a x, b x")).on("n2", granted("2.n2.c2#2", "b x"));
        history.on("n2", granted("3.n2.c2#3", "b x"));
        let sentence = "n1's request for c1#1 waits for b while n2 is granted it for the 3rd time";
        assert_broken(&history, NoStarvation::default(), sentence, "n1#1 n2#1 n2#2 n2#3");
    }

    #[test]
    fn who_has_withdrawn_or_died_does_not_wait() {
        for end in [withdrawn("c1#1"), killed()] {
            let mut history = History::default();
            history.on("n1", requested("9.n1.c1#1", "a x")).on("n1", end);
            three_grants(&mut history);
            assert!(history.judged_by(NoStarvation::default()).violation().is_none());
        }
    }

    #[test]
    fn a_request_sent_anew_has_waited_since_the_first() {
        let mut history = History::default();
        history.on("n1", requested("9.n1.c1#1", "a x"));
        history.on("n2", granted("1.n2.c2#1", "a x")).on("n1", requested("19.n1.c1#1", "a x"));
        history.on("n2", granted("2.n2.c2#2", "a x")).on("n2", granted("3.n2.c2#3", "a x"));
        assert!(history.judged_by(NoStarvation::default()).violation().is_some());
    }

    fn refused(op: &str, reason: LockRefusal) -> Event<'static> {
        lock(LockSeen::Refused { op: op.parse().expect("an operation"), reason: Some(reason) })
    }

    fn op(name: &str) -> OpId {
        name.parse().expect("an operation")
    }

    /// A client that holds `a/b`, and waits for nothing.
    fn holder() -> History {
        let mut history = History::default();
        history.on("c1", asked_lock("c1#1", acquire("a/b s"))).on("n1", requested("1.n1.c1#1", "a/b s"));
        history.on("n1", granted("1.n1.c1#1", "a/b s")).on("c1", returned("c1#1"));
        history
    }

    #[test]
    fn what_is_refused_for_a_reason_is_no_starvation() {
        let long: String = "a".repeat(2_000);
        for (call, reason) in [
            (acquire("c x"), LockRefusal::AlreadyHolds),
            (acquire("a x"), LockRefusal::ConversionRefused),
            (acquire("c x, a/b x"), LockRefusal::ConversionRefused),
            (acquire("a//b x"), LockRefusal::EmptyName),
            (acquire("a y"), LockRefusal::UnknownMode),
            (acquire(&format!("{long} x")), LockRefusal::TooLong),
            (LockCall::Release { acquire: op("c2#1") }, LockRefusal::NotHeld),
            (LockCall::Withdraw { acquire: op("c1#7") }, LockRefusal::NotHeld),
        ] {
            let mut history = holder();
            history.on("c1", asked_lock("c1#2", call)).on("n1", refused("c1#2", reason));
            assert!(history.judged_by(NoStarvation::default()).violation().is_none(), "{reason:?}");
        }
    }

    #[test]
    fn what_is_refused_for_no_reason_shows() {
        for (call, reason) in [
            (acquire("c x"), LockRefusal::ConversionRefused),
            (acquire("a/b x"), LockRefusal::AlreadyHolds),
            (acquire("c x"), LockRefusal::EmptyName),
            (LockCall::Release { acquire: op("c1#1") }, LockRefusal::NotHeld),
            (LockCall::Withdraw { acquire: op("c1#1") }, LockRefusal::NotHeld),
        ] {
            let mut history = holder();
            history.on("c1", asked_lock("c1#2", call)).on("n1", refused("c1#2", reason));
            assert!(history.judged_by(NoStarvation::default()).violation().is_some(), "{reason:?}");
        }
        let mut history = holder();
        history.on("n1", released("c1#1")).on("c1", asked_lock("c1#2", acquire("a x")));
        history.on("n1", refused("c1#2", LockRefusal::AlreadyHolds));
        let sentence = "n1 refuses c1#2: already-holds, where nothing speaks against it";
        assert_broken(&history, NoStarvation::default(), sentence, "c1#3 n1#4");
    }

    #[test]
    fn what_is_granted_can_be_released_and_not_withdrawn() {
        let mut history = holder();
        let taken_back = LockCall::Withdraw { acquire: op("c1#1") };
        history.on("c1", asked_lock("c1#2", taken_back)).on("n1", withdrawn("c1#1"));
        let sentence = "n1 takes c1#1 for withdrawn, which it has granted and not released";
        assert_broken(&history, NoStarvation::default(), sentence, "n1#2 n1#3");
    }

    #[test]
    fn a_node_that_died_holds_nothing_for_its_clients() {
        let mut history = holder();
        history.on("n1", killed()).on("c1", asked_lock("c1#2", LockCall::Release { acquire: op("c1#1") }));
        history.on("n1", refused("c1#2", LockRefusal::NotHeld));
        assert!(history.judged_by(NoStarvation::default()).violation().is_none());
    }
}
