//! `fair-order`: incompatible requests are granted in the order of their stamps, and a node sends its clients' requests
//! in order.

use std::collections::BTreeMap;

use super::{Told, gray, told};
use crate::check::{Checker, Derived, End, Exercised, Exploring, Invariant, Shown, Witness, broken};
use crate::identity::{EventId, NodeId, OpId};
use crate::observation::{Claims, LockMode, LockSeen, LockStamp, Resource, Turn};
use crate::trace::{Kinds, Record, Verdict, Violation};

/// Checks that a grant never follows one with a later stamp that claims one of its resources in an incompatible mode.
/// Among the clients of one node, no request is sent before one that shares a resource with it and is ahead of it: the
/// place of a request is its time of arrival, minus a span for each step of its priority. Exercised by grants that
/// follow an incompatible one.
///
/// For each resource and mode only the grant with the latest stamp is kept: if a grant is out of order with any other,
/// it is out of order with that one.
#[derive(Clone, Debug, Default, Hash)]
pub struct FairOrder {
    latest: BTreeMap<Resource, BTreeMap<LockMode, (LockStamp, Witness<EventId>)>>,
    /// Requests that wait at their nodes and were never sent.
    waiting: BTreeMap<Rank, Waiting>,
    /// The number of requests that have arrived.
    came: Derived<u64>,
    exercised: Exercised,
}

/// A client's request that its node has not yet sent.
#[derive(Clone, Debug, Hash)]
struct Waiting {
    node: NodeId,
    op: OpId,
    claims: Claims,
    event: Witness<EventId>,
}

/// The time of arrival in nanoseconds, minus a span for each step of its priority; equal ones are ordered by their
/// order of arrival.
type Rank = (i128, Derived<u64>);

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant =
    Invariant::safety("fair-order", "incompatible requests are granted in the order of stamps");

impl FairOrder {
    fn comes(&mut self, node: NodeId, op: OpId, turn: Turn, claims: &Claims, event: EventId) {
        self.leaves(node, op);
        *self.came += 1;
        let Turn { priority, since, ageing } = turn;
        let aged = i128::from(since.as_nanos()) - i128::from(priority) * i128::from(ageing.as_nanos());
        let waiting = Waiting { node, op, claims: claims.clone(), event: Witness(event) };
        self.waiting.insert((aged, self.came), waiting);
    }

    /// A request no longer waits at its node.
    fn leaves(&mut self, node: NodeId, op: OpId) -> Option<(Rank, Waiting)> {
        self.waiting.extract_if(.., |_, waiting| (waiting.node, waiting.op) == (node, op)).next()
    }

    /// A request is sent: no waiting request of its node may be ahead of it and share a resource with it.
    fn goes(&mut self, record: &Record<'_>, node: NodeId, op: OpId) -> Result<(), Violation> {
        let Some((place, mine)) = self.leaves(node, op) else { return Ok(()) };
        let mut earlier = self.waiting.range(..place).map(|(_, other)| other).filter(|other| other.node == node);
        let Some(passed) = earlier.find(|other| gray::meet(&other.claims, &mine.claims)) else { return Ok(()) };
        let sentence = format!(
            "{node} sent the request for {op} ({}) before that for {} ({}), whose turn it was",
            mine.claims, passed.op, passed.claims
        );
        Err(broken(record, sentence, &[*passed.event, *mine.event, record.id]))
    }

    fn grant(&mut self, record: &Record<'_>, stamp: LockStamp, claims: &Claims) -> Result<(), Violation> {
        let mut follows = false;
        for (resource, mode) in claims.iter() {
            let Some(latest) = self.latest.get(resource) else { continue };
            for (other, (later, event)) in latest.iter().filter(|(other, _)| !gray::is_compatible(mode, **other)) {
                follows = true;
                if *later > stamp {
                    let sentence = format!(
                        "the request {stamp} was granted {mode} on {resource} after {later}, which is stamped later, \
                         was granted {other}"
                    );
                    return Err(broken(record, sentence, &[**event, record.id]));
                }
            }
        }
        for (resource, mode) in claims.iter() {
            let latest = self.latest.entry(resource.clone()).or_default();
            if latest.get(&mode).is_none_or(|(known, _)| *known <= stamp) {
                latest.insert(mode, (stamp, Witness(record.id)));
            }
        }
        self.exercised += follows;
        Ok(())
    }
}

impl<F> Checker<F> for FairOrder {
    const WANTS: Kinds = Kinds::LOCK_ASKED
        .with(Kinds::LOCK_REQUESTED)
        .with(Kinds::LOCK_GRANTED)
        .with(Kinds::LOCK_WITHDRAWN)
        .with(Kinds::LOCK_REFUSED)
        .with(Kinds::DEATHS);
    const EXPLORED: Exploring = Exploring::Always;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        for told in told(record) {
            match told {
                Told::Death(node) => self.waiting.retain(|_, waiting| waiting.node != node),
                Told::Seen(node, LockSeen::Asked { op, claims, turn: Some(turn) }) => {
                    self.comes(node, *op, *turn, claims, record.id);
                }
                Told::Seen(node, LockSeen::Requested { stamp, .. }) => self.goes(record, node, stamp.op)?,
                Told::Seen(_, LockSeen::Granted { stamp, claims }) => self.grant(record, *stamp, claims)?,
                Told::Seen(node, LockSeen::Withdrawn { op } | LockSeen::Refused { op, .. }) => {
                    self.leaves(node, *op);
                }
                Told::Seen(
                    _,
                    LockSeen::Asked { turn: None, .. }
                    | LockSeen::Deferred { .. }
                    | LockSeen::Released { .. }
                    | LockSeen::Called { .. },
                ) => {}
            }
        }
        Ok(())
    }

    fn conclude(&mut self, _end: &End<'_>) -> Verdict {
        Verdict::of(self.exercised.0, "no grant followed an incompatible one")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::history::*;
    use crate::time::{LocalTime, Span};
    use crate::trace::Event;

    #[test]
    fn what_goes_together_may_be_granted_in_any_order() {
        let mut history = History::default();
        history.on("n1", granted("5.n1.c1#1", "a s")).on("n2", granted("2.n2.c2#1", "a s"));
        history.on("n2", granted("7.n2.c3#1", "a x"));
        assert_holds(&history, FairOrder::default(), 1);
    }

    #[test]
    fn an_earlier_request_that_is_granted_later_is_out_of_order() {
        let mut history = History::default();
        history.on("n1", granted("5.n1.c1#1", "a s")).on("n2", granted("2.n2.c2#1", "a s"));
        history.on("n1", released("c1#1")).on("n3", granted("3.n3.c3#1", "a x"));
        let sentence =
            "the request 3.n3.c3#1 was granted X on a after 5.n1.c1#1, which is stamped later, was granted S";
        assert_broken(&history, FairOrder::default(), sentence, "n1#1 n3#1");
    }

    /// A client's request arrives after this many milliseconds.
    fn asked(op: &str, claims: &str, priority: u8, millis: u64) -> Event<'static> {
        let (op, claims) = (op.parse().expect("an operation"), claims_of(claims));
        let turn = Turn { priority, since: LocalTime::from_nanos(millis * 1_000_000), ageing: Span::from_millis(100) };
        lock(LockSeen::Asked { op, claims, turn: Some(turn) })
    }

    /// Two requests arrive at a node, and the second is sent first.
    fn passed(first: Event<'static>, second: Event<'static>, claims: &str) -> History {
        let mut history = History::default();
        history.on("n1", first).on("n1", second).on("n1", requested("1.n1.c2#1", claims));
        history
    }

    #[test]
    fn no_client_passes_one_whose_turn_is_earlier() {
        let sentence = "n1 sent the request for c2#1 (a IX, a/b X) before that for c1#1 (a S), whose turn it was";
        for (priority, millis) in [(0, 0), (0, 1), (1, 101)] {
            let history = passed(asked("c1#1", "a s", 0, 0), asked("c2#1", "a/b x", priority, millis), "a/b x");
            assert_broken(&history, FairOrder::default(), sentence, "n1#1 n1#2 n1#3");
        }
        let aged = passed(asked("c1#1", "a s", 0, 0), asked("c2#1", "a x", 1, 99), "a x");
        assert!(aged.judged_by(FairOrder::default()).violation().is_none(), "priority outweighs 99 ms");
    }

    #[test]
    fn who_shares_nothing_or_waits_no_more_may_be_passed() {
        let apart = passed(asked("c1#1", "a s", 0, 0), asked("c2#1", "b x", 0, 1), "b x");
        assert!(apart.judged_by(FairOrder::default()).violation().is_none());
        for end in [withdrawn("c1#1"), killed(), requested("1.n1.c1#1", "a s")] {
            let mut history = History::default();
            history.on("n1", asked("c1#1", "a s", 0, 0)).on("n1", end).on("n1", asked("c2#1", "a x", 0, 1));
            history.on("n1", requested("2.n1.c2#1", "a x"));
            assert!(history.judged_by(FairOrder::default()).violation().is_none());
        }
        let mut elsewhere = History::default();
        elsewhere.on("n1", asked("c1#1", "a s", 0, 0)).on("n2", asked("c2#1", "a x", 0, 1));
        elsewhere.on("n2", requested("1.n2.c2#1", "a x"));
        assert!(elsewhere.judged_by(FairOrder::default()).violation().is_none());
    }
}
