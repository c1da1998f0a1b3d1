//! `fencing`: after an operation of a newer holder, an incompatible one with an older token is refused, and no other
//! is.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::gray;
use super::requests::{Live, Requests};
use super::told;
use crate::check::{Checker, End, Exercised, Exploring, Invariant, Shown, Witness, broken};
use crate::identity::{Actor, EventId, NodeId, OpId};
use crate::observation::{
    Access, ConsensusSeen, LockStamp, Observation, Resource, Slot, StoreAnswer, StoreCall, StoreRefusal, StoreSeen,
};
use crate::trace::{Event, Kinds, Record, Verdict, Violation};

/// Checks that no operation on a fenced key takes effect after an incompatible one on the same key with a higher token:
/// a write after any, a read after a write. An operation is refused as fenced only after such a one; and as not covered
/// only if the grant of its token, which its client's node holds, does not cover it. Exercised by operations that
/// follow an incompatible one.
///
/// The order of effects is that of the applied slots, each taken from the first node that reports it. If no node
/// reports a slot, its effects are unknown, and from then on no refusal is judged as unnecessary.
#[derive(Clone, Debug, Default, Hash)]
pub struct Fencing {
    /// The operations that present tokens.
    asked: BTreeMap<OpId, Asked>,
    keys: BTreeMap<Arc<str>, Tokens>,
    /// The prefixes of fenced keys.
    spaces: Vec<Arc<str>>,
    requests: Requests,
    /// The highest reported slot.
    told: Slot,
    /// Whether a lower slot was not reported.
    has_gap: bool,
    exercised: Exercised,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant = Invariant::safety(
    "fencing",
    "no operation on a fenced key succeeds after a conflicting one with a higher token has",
);

/// An operation that presents a token.
#[derive(Clone, Debug, Hash)]
struct Asked {
    key: Arc<str>,
    access: Access,
    token: LockStamp,
    event: Witness<EventId>,
}

/// A token, and the event at which its operation took effect.
type Token = (LockStamp, Witness<EventId>);

/// The highest tokens of operations on a key that took effect.
#[derive(Clone, Copy, Debug, Default, Hash)]
struct Tokens {
    written: Option<Token>,
    read: Option<Token>,
}

impl Tokens {
    /// The highest token that an operation must not be below, if there is one.
    fn conflicting(&self, access: Access) -> Option<Token> {
        match access {
            Access::Read => self.written,
            Access::Write => self.written.max(self.read),
        }
    }
}

impl Fencing {
    fn called(&mut self, record: &Record<'_>, op: OpId, seen: &[Observation]) {
        for seen in seen {
            let Observation::Store(StoreSeen::Asked { key, call, token: Some(token), .. }) = seen else { continue };
            let access = if *call == StoreCall::Read { Access::Read } else { Access::Write };
            self.asked.insert(op, Asked { key: Arc::clone(key), access, token: *token, event: Witness(record.id) });
        }
    }

    /// A slot was applied, in which these operations took effect.
    fn applied(
        &mut self,
        record: &Record<'_>,
        slot: Slot,
        done: &[OpId],
        refused: &[(OpId, Option<StoreRefusal>)],
    ) -> Result<(), Violation> {
        if slot <= self.told {
            return Ok(());
        }
        self.has_gap |= slot > self.told.next();
        self.told = slot;
        done.iter().try_for_each(|op| self.took_effect(record, *op))?;
        refused.iter().try_for_each(|(op, reason)| self.refused(record, *op, *reason))
    }

    /// An operation was refused in a slot. What a fence admits presents its token, even if the operation does not fit what
    /// the key holds: its client has learnt something of the key.
    fn refused(&mut self, record: &Record<'_>, op: OpId, reason: Option<StoreRefusal>) -> Result<(), Violation> {
        match reason {
            Some(StoreRefusal::Fenced) => Ok(()), // its own fact says more
            Some(StoreRefusal::NoToken) => match self.asked.get(&op) {
                None => Ok(()),
                Some(Asked { key, access, token, event }) => {
                    let what = verb(*access);
                    let sentence =
                        format!("{op}, a {what} of {key}, was refused for lack of a token, and it presents {token}");
                    Err(broken(record, sentence, &[**event, record.id]))
                }
            },
            None | Some(StoreRefusal::Anchor(_) | StoreRefusal::Nested) => {
                if let Some(Asked { key, access, token, event: _ }) = self.asked.remove(&op) {
                    self.present(record, key, access, token);
                }
                Ok(())
            }
            Some(
                StoreRefusal::NotCovered
                | StoreRefusal::Reserved
                | StoreRefusal::TooLarge
                | StoreRefusal::TooManySiblings
                | StoreRefusal::ContextFull
                | StoreRefusal::NotOffered
                | StoreRefusal::Immutable,
            ) => Ok(()),
        }
    }

    /// A token has been at a key.
    fn present(&mut self, record: &Record<'_>, key: Arc<str>, access: Access, token: LockStamp) {
        let tokens = self.keys.entry(key).or_default();
        let place = match access {
            Access::Read => &mut tokens.read,
            Access::Write => &mut tokens.written,
        };
        *place = (*place).max(Some((token, Witness(record.id))));
    }

    fn took_effect(&mut self, record: &Record<'_>, op: OpId) -> Result<(), Violation> {
        let Some(Asked { key, access, token, event: _ }) = self.asked.remove(&op) else { return Ok(()) };
        let tokens = self.keys.entry(Arc::clone(&key)).or_default();
        if let Some((highest, event)) = tokens.conflicting(access) {
            self.exercised += true;
            if token < highest {
                let sentence = format!(
                    "{op}, a {} of {key} with the token {token}, took effect after one with the token {highest}",
                    verb(access)
                );
                return Err(broken(record, sentence, &[*event, record.id]));
            }
        }
        self.present(record, key, access, token);
        Ok(())
    }

    /// An operation was refused: a newer token must have been presented.
    fn fenced(&self, record: &Record<'_>, op: OpId) -> Result<(), Violation> {
        let Some(Asked { key, access, token, event }) = self.asked.get(&op) else { return Ok(()) };
        let highest = self.keys.get(key).and_then(|tokens| tokens.conflicting(*access));
        if self.has_gap || highest.is_some_and(|(highest, _)| *token < highest) {
            return Ok(());
        }
        let sentence = format!(
            "{op}, a {} of {key} with the token {token}, was fenced, and no operation that it conflicts with has \
             presented a higher one",
            verb(*access)
        );
        Err(broken(record, sentence, &[**event, record.id]))
    }

    /// A node told its client that the token's grant does not cover the key.
    fn not_covered(&self, record: &Record<'_>, node: NodeId, op: OpId) -> Result<(), Violation> {
        let Some(Asked { key, access, token, event }) = self.asked.get(&op) else { return Ok(()) };
        let held = self.requests.stamped(*token).filter(|held| held.is_granted() && token.node == node);
        let path = self.spaces.iter().filter_map(|space| key.strip_prefix(&**space)).min_by_key(|path| path.len());
        let lacks = |held: &Live, path| !gray::covers(&held.claims, &Resource::new(path), *access);
        if held.is_some_and(|held| path.is_none_or(|path| lacks(held, path))) {
            return Ok(());
        }
        let sentence = format!(
            "{node} tells {op} that the grant of {token} does not cover a {} of {key}, and it does",
            verb(*access)
        );
        Err(broken(record, sentence, &[**event, record.id]))
    }
}

const fn verb(access: Access) -> &'static str {
    match access {
        Access::Read => "read",
        Access::Write => "write",
    }
}

impl<F> Checker<F> for Fencing {
    const WANTS: Kinds = Kinds::CONSENSUS_APPLIED
        .with(Kinds::STORE_FENCED)
        .with(Kinds::STORE_FENCED_SPACE)
        .with(Requests::WANTS)
        .with(Kinds::INVOKED)
        .with(Kinds::REPLY);
    const EXPLORED: Exploring = Exploring::Always;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        if let Event::Invoked { op, command, .. } = &record.event {
            self.called(record, *op, &command.observations);
        } else if let (Event::Reply { op, reply }, Actor::Node(node)) = (&record.event, record.id.actor) {
            let refused = StoreAnswer::Refused { reason: Some(StoreRefusal::NotCovered) };
            if reply
                .observations
                .iter()
                .any(|seen| *seen == Observation::Store(StoreSeen::Told { answer: refused.clone() }))
            {
                return self.not_covered(record, node, *op);
            }
        } else if let Event::Fact { fact } = &record.event {
            for seen in fact.observations.iter() {
                match seen {
                    Observation::Consensus(ConsensusSeen::Applied { slot, done, refused, .. }) => {
                        self.applied(record, *slot, done, refused)?;
                    }
                    Observation::Store(StoreSeen::Fenced { op }) => self.fenced(record, *op)?,
                    Observation::Store(StoreSeen::FencedSpace { prefix }) => self.spaces.push(Arc::clone(prefix)),
                    Observation::Store(StoreSeen::Begun | StoreSeen::Asked { .. } | StoreSeen::Told { .. })
                    | Observation::Store(StoreSeen::Anchored { .. })
                    | Observation::Consensus(_)
                    | Observation::Replica(_)
                    | Observation::Transaction(_)
                    | Observation::Lock(_)
                    | Observation::Compared { .. }
                    | Observation::Broadcast { .. }
                    | Observation::Delivered { .. }
                    | Observation::Resumed { .. }
                    | Observation::Forged
                    | Observation::Channel(_) => {}
                }
            }
        }
        told(record).for_each(|told| self.requests.see(&told, record.id));
        Ok(())
    }

    fn conclude(&mut self, _end: &End<'_>) -> Verdict {
        Verdict::of(self.exercised.0, "no operation on a fenced key followed one that it conflicts with")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::history::*;

    /// A client asks for key `f/a` with this token.
    fn asks(op: &str, call: StoreCall, token: &str) -> Event<'static> {
        let token = Some(token.parse().expect("a token"));
        let asked = Observation::Store(StoreSeen::Asked { key: "f/a".into(), call, session: None, token });
        Event::Invoked { op: op.parse().expect("an operation"), to: node("n1"), command: said(vec![asked]) }
    }

    fn put() -> StoreCall {
        StoreCall::Put { value: "7".into() }
    }

    fn fenced(op: &str) -> Event<'static> {
        fact(vec![Observation::Store(StoreSeen::Fenced { op: op.parse().expect("an operation") })])
    }

    fn not_covered(op: &str) -> Event<'static> {
        told_store(op, StoreAnswer::Refused { reason: Some(StoreRefusal::NotCovered) })
    }

    /// c1 writes with a lower token than c2 reads with, and c3 reads with one between them.
    fn asked() -> History {
        let mut history = History::default();
        history.on("c1", asks("c1#1", put(), "5.n1.c1#1")).on("c2", asks("c2#1", StoreCall::Read, "9.n2.c2#1"));
        history.on("c3", asks("c3#1", StoreCall::Read, "7.n3.c3#1"));
        history
    }

    #[test]
    fn tokens_of_conflicting_operations_rise() {
        let mut history = asked();
        history.on("n1", applied_with(1, 7, 5, &["c1#1"])).on("n2", applied_with(1, 7, 5, &["c1#1"]));
        history.on("n1", applied_with(2, 8, 6, &["c2#1", "c3#1"]));
        assert_holds(&history, Fencing::default(), 2);
    }

    #[test]
    fn an_old_token_that_passes_is_shown_with_the_newer_one() {
        let mut history = asked();
        history.on("n1", applied_with(1, 7, 5, &["c2#1"])).on("n2", applied_with(2, 8, 6, &["c1#1"]));
        let sentence = "c1#1, a write of f/a with the token 5.n1.c1#1, took effect after one with the token 9.n2.c2#1";
        assert_broken(&history, Fencing::default(), sentence, "n1#1 n2#1");
    }

    #[test]
    fn readers_alone_prove_nothing() {
        let mut history = asked();
        history.on("n1", applied_with(1, 7, 5, &["c2#1", "c3#1"]));
        let why = "no operation on a fenced key followed one that it conflicts with";
        assert_vacuous(&history, Fencing::default(), why);
    }

    #[test]
    fn what_is_fenced_came_after_a_newer_token_unless_a_slot_is_not_known() {
        let mut history = asked();
        history.on("n1", applied_with(1, 7, 5, &["c2#1"])).on("n1", fenced("c1#1"));
        assert!(history.judged_by(Fencing::default()).violation().is_none());
        let mut alone = asked();
        alone.on("n1", applied_with(1, 7, 5, &[])).on("n1", fenced("c1#1"));
        let sentence = "c1#1, a write of f/a with the token 5.n1.c1#1, was fenced, and no operation that it conflicts \
                        with has presented a higher one";
        assert_broken(&alone, Fencing::default(), sentence, "c1#1 n1#2");
        let mut gap = asked();
        gap.on("n1", applied_with(2, 7, 5, &[])).on("n1", fenced("c1#1"));
        assert!(gap.judged_by(Fencing::default()).violation().is_none());
    }

    #[test]
    fn what_a_fence_admits_and_the_key_does_not_take_presents_its_token_all_the_same() {
        for reason in [None, Some(StoreRefusal::Anchor(0))] {
            let mut history = asked();
            history.on("n1", applied_refusing(1, "c2#1", reason)).on("n1", fenced("c1#1"));
            assert!(history.judged_by(Fencing::default()).violation().is_none());
        }
        for (reason, is_right) in [(StoreRefusal::Fenced, true), (StoreRefusal::NoToken, false)] {
            let mut history = asked();
            history.on("n1", applied_refusing(1, "c2#1", Some(reason)));
            assert_eq!(history.judged_by(Fencing::default()).violation().is_none(), is_right, "{reason:?}");
        }
    }

    #[test]
    fn what_is_not_covered_is_held_and_does_not_cover_the_key() {
        let space = || fact(vec![Observation::Store(StoreSeen::FencedSpace { prefix: "f/".into() })]);
        for (claims, is_right) in [("a x", false), ("a s", true), ("b x", true)] {
            let mut history = History::default();
            history.on("n1", space()).on("n1", granted("5.n1.c1#1", claims));
            history.on("c1", asks("c1#2", put(), "5.n1.c1#1")).on("n1", not_covered("c1#2"));
            assert_eq!(history.judged_by(Fencing::default()).violation().is_none(), is_right, "{claims}");
        }
        let mut history = History::default();
        history.on("n1", space()).on("c1", asks("c1#2", put(), "5.n1.c1#1")).on("n1", not_covered("c1#2"));
        assert!(history.judged_by(Fencing::default()).violation().is_some(), "its node holds nothing");
    }
}
