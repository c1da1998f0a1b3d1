//! `fair-order`: requests that do not go together are granted in the order of their stamps, and a node sends those of its
//! clients in the order of their turns.

use std::collections::BTreeMap;
use std::hash::{Hash as _, Hasher};

use super::{Told, gray, tells, told};
use crate::check::{Branch, Checker, Invariant, broken};
use crate::identity::{EventId, NodeId, OpId};
use crate::observation::{Claims, LockMode, LockSeen, LockStamp, Resource, Turn};
use crate::time::Time;
use crate::trace::{Event, Kinds, Record, Verdict, Violation};

/// Says that a grant never follows one with a later stamp that claims one of its resources in an incompatible mode.
/// Among the clients of one node, no request is sent before one with which it shares a resource and whose turn is earlier:
/// that came earlier by a span for each step of its priority. Exercised by grants that follow an incompatible one.
///
/// For each resource and mode only the grant with the latest stamp is kept: a grant that is out of order with any is out
/// of order with that one.
#[derive(Clone, Debug, Default)]
pub struct FairOrder {
    latest: BTreeMap<Resource, Vec<(LockMode, LockStamp, EventId)>>,
    /// Requests that wait at their nodes and were never sent.
    waiting: BTreeMap<(NodeId, OpId), Waiting>,
    /// How many requests have come.
    came: u64,
    exercised: u64,
}

/// A client's request that its node has not sent.
#[derive(Clone, Debug)]
struct Waiting {
    place: Place,
    claims: Claims,
    event: EventId,
}

/// The time since which it waits, in nanoseconds, less a span for each step of its priority; of equal ones, which came
/// first.
type Place = (i128, u64);

/// What it is, for `list` and `explain`.
pub const ABOUT: Invariant =
    Invariant::safety("fair-order", "requests that do not go together are granted in the order of stamps");

impl FairOrder {
    fn comes(&mut self, at: (NodeId, OpId), turn: Turn, claims: &Claims, event: EventId) {
        self.came += 1;
        let Turn { priority, since, ageing } = turn;
        let aged = i128::from(since.as_nanos()) - i128::from(priority) * i128::from(ageing.as_nanos());
        self.waiting.insert(at, Waiting { place: (aged, self.came), claims: claims.clone(), event });
    }

    /// A request is sent: none of its node's that waits has an earlier turn and names one of its resources.
    fn goes(&mut self, record: &Record<'_>, node: NodeId, op: OpId) -> Result<(), Violation> {
        let Some(mine) = self.waiting.remove(&(node, op)) else { return Ok(()) };
        let at_node = self.waiting.range((node, OpId::default())..).take_while(|((at, _), _)| *at == node);
        let mut passed =
            at_node.filter(|(_, other)| other.place < mine.place && gray::meet(&other.claims, &mine.claims));
        let Some(((_, other), passed)) = passed.next() else { return Ok(()) };
        let sentence = format!(
            "{node} sent the request for {op} ({}) before that for {other} ({}), whose turn it was",
            mine.claims, passed.claims
        );
        Err(broken(record, sentence, &[passed.event, mine.event, record.id]))
    }

    fn grant(&mut self, record: &Record<'_>, stamp: LockStamp, claims: &Claims) -> Result<(), Violation> {
        let mut follows = false;
        for (resource, mode) in claims.iter() {
            let Some(latest) = self.latest.get(resource) else { continue };
            for (other, later, event) in latest.iter().filter(|(other, ..)| !gray::is_compatible(mode, *other)) {
                follows = true;
                if *later > stamp {
                    let sentence = format!(
                        "the request {stamp} was granted {mode} on {resource} after {later}, which is stamped later, \
                         was granted {other}"
                    );
                    return Err(broken(record, sentence, &[*event, record.id]));
                }
            }
        }
        for (resource, mode) in claims.iter() {
            let latest = self.latest.entry(resource.clone()).or_default();
            match latest.iter_mut().find(|(known, ..)| *known == mode) {
                Some(known) if known.1 > stamp => {}
                Some(known) => *known = (mode, stamp, record.id),
                None => latest.push((mode, stamp, record.id)),
            }
        }
        self.exercised += u64::from(follows);
        Ok(())
    }
}

impl<F> Checker<F> for FairOrder {
    fn see(&mut self, record: &Record<'_>, _fact: Option<&F>) -> Result<(), Violation> {
        for told in told(record) {
            match told {
                Told::Death(node) => self.waiting.retain(|(at, _), _| *at != node),
                Told::Seen(node, LockSeen::Asked { op, claims, turn: Some(turn) }) => {
                    self.comes((node, *op), *turn, claims, record.id);
                }
                Told::Seen(node, LockSeen::Requested { stamp, .. }) => self.goes(record, node, stamp.op)?,
                Told::Seen(_, LockSeen::Granted { stamp, claims }) => self.grant(record, *stamp, claims)?,
                Told::Seen(node, LockSeen::Withdrawn { op } | LockSeen::Refused { op, .. }) => {
                    self.waiting.remove(&(node, *op));
                }
                Told::Seen(
                    _,
                    LockSeen::Asked { turn: None, .. }
                    | LockSeen::Deferred { .. }
                    | LockSeen::Released { .. }
                    | LockSeen::Guarded { .. }
                    | LockSeen::Fenced { .. }
                    | LockSeen::WroteGuarded { .. }
                    | LockSeen::Called { .. }
                    | LockSeen::Told { .. },
                ) => {}
            }
        }
        Ok(())
    }

    fn wants(&self) -> Kinds {
        Kinds::FACT.with(Kinds::DEATHS)
    }

    fn conclude(&mut self, _end: Time) -> Verdict {
        Verdict::of(self.exercised, "no grant followed one that it does not go together with")
    }

    fn branch(&self) -> Option<Box<dyn Branch<F>>> {
        Some(Box::new(self.clone()))
    }
}

impl<F> Branch<F> for FairOrder {
    fn fork(&self) -> Box<dyn Branch<F>> {
        Box::new(self.clone())
    }

    fn memory(&self, mut state: &mut dyn Hasher) {
        for (resource, latest) in &self.latest {
            resource.hash(&mut state);
            let mut latest: Vec<_> = latest.iter().map(|(mode, stamp, _)| (*mode, *stamp)).collect();
            latest.sort_unstable();
            latest.hash(&mut state);
        }
        let mut waiting: Vec<_> = self.waiting.iter().map(|(at, one)| (one.place, at, &one.claims)).collect();
        waiting.sort_unstable();
        waiting.into_iter().for_each(|((aged, _), at, claims)| (aged, at, claims).hash(&mut state));
    }

    fn heeds(&self, event: &Event<'_>) -> bool {
        tells(event, |seen| match seen {
            LockSeen::Asked { .. }
            | LockSeen::Requested { .. }
            | LockSeen::Granted { .. }
            | LockSeen::Withdrawn { .. }
            | LockSeen::Refused { .. } => true,
            LockSeen::Deferred { .. }
            | LockSeen::Released { .. }
            | LockSeen::Guarded { .. }
            | LockSeen::Fenced { .. }
            | LockSeen::WroteGuarded { .. }
            | LockSeen::Called { .. }
            | LockSeen::Told { .. } => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::history::*;
    use crate::time::{LocalTime, Span};

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

    /// A client's request comes after so many milliseconds.
    fn asked(op: &str, claims: &str, priority: u8, millis: u64) -> Event<'static> {
        let (op, claims) = (op.parse().expect("an operation"), claims_of(claims));
        let turn = Turn { priority, since: LocalTime::from_nanos(millis * 1_000_000), ageing: Span::from_millis(100) };
        lock(LockSeen::Asked { op, claims, turn: Some(turn) })
    }

    /// Two requests come to a node, and the second is sent first.
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
