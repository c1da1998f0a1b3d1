//! `lock-exclusion`: incompatible grants never overlap.

use std::collections::BTreeMap;

use super::calls::Calls;
use super::{Told, gray, told};
use crate::check::{Checker, Derived, End, Exercised, Exploring, Invariant, Shown, Witness, broken};
use crate::identity::{EventId, NodeId, OpId};
use crate::observation::{Claims, LockCall, LockMode, LockSeen, Resource};
use crate::trace::{Kinds, Record, Verdict, Violation};

/// Checks that two grants that claim a resource in incompatible modes are never held at once, in global time. A grant
/// is held from its fact to its release, or to the crash of its node; it claims what its client requested, with the
/// intention locks on all ancestors. Exercised by grants of a resource that was held before in an incompatible mode.
#[derive(Clone, Debug, Default, Hash)]
pub struct LockExclusion {
    calls: Calls,
    held: BTreeMap<(NodeId, OpId), Held>,
    /// The same by resource, and for the count of exercises the modes in which each was ever held.
    resources: Derived<BTreeMap<Resource, Holders>>,
    exercised: Exercised,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant = Invariant::safety("lock-exclusion", "incompatible grants never overlap in global time");

#[derive(Clone, Debug, Hash)]
struct Held {
    claims: Claims,
    event: Witness<EventId>,
}

/// The holders of a resource, and the modes in which it was ever held.
#[derive(Clone, Debug, Default)]
struct Holders {
    now: Vec<(NodeId, OpId, LockMode)>,
    past: Vec<LockMode>,
}

impl LockExclusion {
    /// A grant must claim what its client requested with the intention locks on all ancestors, and nothing else.
    fn claims(&self, record: &Record<'_>, node: NodeId, op: OpId, claims: &Claims) -> Result<(), Violation> {
        let Some((LockCall::Acquire { wanted, .. }, asked)) = self.calls.get(op) else { return Ok(()) };
        let takes = gray::claims(wanted).unwrap_or_default();
        if claims
            .iter()
            .map(|(resource, mode)| (resource.path(), mode))
            .eq(takes.iter().map(|(at, mode)| (&**at, *mode)))
        {
            return Ok(());
        }
        let list = |claims: &mut dyn Iterator<Item = (&str, LockMode)>| {
            claims.map(|(path, mode)| format!("{path} {mode}")).collect::<Vec<_>>().join(", ")
        };
        let takes = list(&mut takes.iter().map(|(path, mode)| (&**path, *mode)));
        let sentence = format!("{node} granted {op} {claims}, and what its client asked for takes {takes}");
        Err(broken(record, sentence, &[asked, record.id]))
    }

    fn grant(&mut self, record: &Record<'_>, node: NodeId, op: OpId, claims: &Claims) -> Result<(), Violation> {
        self.claims(record, node, op, claims)?;
        let mut tried = false;
        for (resource, mode) in claims.iter() {
            let Some(holders) = self.resources.get(resource) else { continue };
            let excluded = |other: &LockMode| !gray::is_compatible(mode, *other);
            tried |= holders.past.iter().any(excluded);
            if let Some((at, holder, held)) = holders.now.iter().find(|(_, _, held)| excluded(held)) {
                let first = &self.held[&(*at, *holder)];
                let sentence = format!(
                    "{node} granted {op} {mode} on {resource} while {holder} held {held} on it at {at}: that grant was \
                     not released, and {at} has not died since"
                );
                return Err(broken(record, sentence, &[*first.event, record.id]));
            }
        }
        for (resource, mode) in claims.iter() {
            if !self.resources.contains_key(resource) {
                self.resources.insert(resource.clone(), Holders::default());
            }
            let holders = self.resources.get_mut(resource).expect("it was just put there");
            holders.now.push((node, op, mode));
            if !holders.past.contains(&mode) {
                holders.past.push(mode);
            }
        }
        self.held.insert((node, op), Held { claims: claims.clone(), event: Witness(record.id) });
        self.exercised += tried;
        Ok(())
    }

    fn end(&mut self, node: NodeId, op: OpId) {
        let Some(Held { claims, .. }) = self.held.remove(&(node, op)) else { return };
        for (resource, _) in claims.iter() {
            if let Some(holders) = self.resources.get_mut(resource) {
                holders.now.retain(|(at, holder, _)| (*at, *holder) != (node, op));
            }
        }
    }
}

impl<F> Checker<F> for LockExclusion {
    const WANTS: Kinds = Kinds::LOCK_GRANTED.with(Kinds::LOCK_RELEASED).with(Kinds::DEATHS).with(Calls::WANTS);
    const EXPLORED: Exploring = Exploring::Always;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        self.calls.see(record);
        for told in told(record) {
            match told {
                Told::Death(node) => {
                    let gone: Vec<OpId> = self.held.keys().filter(|(at, _)| *at == node).map(|(_, op)| *op).collect();
                    gone.into_iter().for_each(|op| self.end(node, op));
                }
                Told::Seen(node, LockSeen::Granted { stamp, claims }) => self.grant(record, node, stamp.op, claims)?,
                Told::Seen(node, LockSeen::Released { op }) => self.end(node, *op),
                Told::Seen(
                    _,
                    LockSeen::Asked { .. }
                    | LockSeen::Requested { .. }
                    | LockSeen::Deferred { .. }
                    | LockSeen::Withdrawn { .. }
                    | LockSeen::Refused { .. }
                    | LockSeen::Called { .. },
                ) => {}
            }
        }
        Ok(())
    }

    fn conclude(&mut self, _end: &End<'_>) -> Verdict {
        Verdict::of(self.exercised.0, "no two grants wanted the same resource in incompatible modes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::history::*;
    use crate::trace::Event;

    #[test]
    fn one_after_the_other_is_no_overlap() {
        let mut history = History::default();
        history.on("n1", granted("1.n1.c1#1", "a x")).on("n1", released("c1#1")).on("n2", granted("2.n2.c2#1", "a x"));
        assert_holds(&history, LockExclusion::default(), 1);
        let mut readers = History::default();
        readers.on("n1", granted("1.n1.c1#1", "a s")).on("n2", granted("2.n2.c2#1", "a/b s"));
        assert_vacuous(
            &readers,
            LockExclusion::default(),
            "no two grants wanted the same resource in incompatible modes",
        );
    }

    #[test]
    fn an_overlap_shows_both_grants_and_where_they_meet() {
        let mut history = History::default();
        history.on("n1", granted("1.n1.c1#1", "a s")).on("n2", granted("2.n2.c2#1", "a/b x"));
        let sentence = "n2 granted c2#1 IX on a while c1#1 held S on it at n1: that grant was not released, and n1 has not \
                        died since";
        assert_broken(&history, LockExclusion::default(), sentence, "n1#1 n2#1");
    }

    #[test]
    fn a_grant_dies_with_its_node_and_survives_its_pause() {
        let mut history = History::default();
        history.on("n1", granted("1.n1.c1#1", "a x")).on("n1", killed()).on("n2", granted("2.n2.c2#1", "a x"));
        assert_holds(&history, LockExclusion::default(), 1);
        let mut history = History::default();
        history.on("n1", granted("1.n1.c1#1", "a x")).on("n1", Event::Paused);
        history.on("n2", granted("2.n2.c2#1", "a x"));
        assert!(history.judged_by(LockExclusion::default()).violation().is_some());
    }

    #[test]
    fn a_grant_takes_what_its_client_asked_for() {
        let mut history = History::default();
        history.on("c1", asked_lock("c1#1", acquire("a/b x")));
        let mut right = history.clone();
        right.on("n1", granted("1.n1.c1#1", "a/b x")).on("n1", released("c1#1")).on("n2", granted("2.n2.c2#1", "a s"));
        assert_holds(&right, LockExclusion::default(), 1);
        let mut weaker = history;
        weaker.on("n1", granted("1.n1.c1#1", "a/b s"));
        let sentence = "n1 granted c1#1 a IS, a/b S, and what its client asked for takes a IX, a/b X";
        assert_broken(&weaker, LockExclusion::default(), sentence, "c1#1 n1#1");
    }
}
