//! `fencing`: what a newer holder has touched, an older one's token does not touch any more.

use std::collections::BTreeMap;
use std::hash::{Hash as _, Hasher};

use super::{Told, tells, told};
use crate::check::{Branch, Checker, Invariant, broken};
use crate::identity::EventId;
use crate::observation::{Access, LockSeen, LockStamp, Resource};
use crate::time::Time;
use crate::trace::{Event, Record, Verdict, Violation};

/// Says that no guarded operation succeeds after one on the same key with a higher token did that does not go together
/// with it: a write with none, a read with no write. Exercised by operations that follow such a one.
#[derive(Clone, Debug, Default)]
pub struct Fencing {
    keys: BTreeMap<Resource, Key>,
    exercised: u64,
}

/// What it is, for `list` and `explain`.
pub const ABOUT: Invariant = Invariant::safety(
    "fencing",
    "locks",
    "no guarded operation succeeds after a conflicting one with a higher token has",
);

/// The highest tokens that succeeded, and where.
#[derive(Clone, Debug, Default)]
struct Key {
    written: Option<(LockStamp, EventId)>,
    read: Option<(LockStamp, EventId)>,
}

impl Fencing {
    fn guarded(
        &mut self,
        record: &Record<'_>,
        key: &Resource,
        access: Access,
        token: LockStamp,
    ) -> Result<(), Violation> {
        let known = self.keys.entry(key.clone()).or_default();
        let conflicting = match access {
            Access::Read => known.written,
            Access::Write => known.written.max(known.read),
        };
        if let Some((highest, event)) = conflicting {
            self.exercised += 1;
            if token < highest {
                let did = match access {
                    Access::Read => "read",
                    Access::Write => "write",
                };
                let sentence =
                    format!("a {did} of {key} with the token {token} succeeded after one with the token {highest}");
                return Err(broken(record, sentence, &[event, record.id]));
            }
        }
        let highest = match access {
            Access::Read => &mut known.read,
            Access::Write => &mut known.written,
        };
        *highest = (*highest).max(Some((token, record.id)));
        Ok(())
    }
}

impl<F> Checker<F> for Fencing {
    fn see(&mut self, record: &Record<'_>, _fact: Option<&F>) -> Result<(), Violation> {
        for told in told(record) {
            if let Told::Seen(_, LockSeen::Guarded { key, access, token }) = told {
                self.guarded(record, key, *access, *token)?;
            }
        }
        Ok(())
    }

    fn conclude(&mut self, _end: Time) -> Verdict {
        Verdict::of(self.exercised, "no guarded operation followed one that it conflicts with")
    }

    fn branch(&self) -> Option<Box<dyn Branch<F>>> {
        Some(Box::new(self.clone()))
    }
}

impl<F> Branch<F> for Fencing {
    fn fork(&self) -> Box<dyn Branch<F>> {
        Box::new(self.clone())
    }

    fn memory(&self, mut state: &mut dyn Hasher) {
        for (resource, Key { written, read }) in &self.keys {
            (resource, written.map(|(stamp, _)| stamp), read.map(|(stamp, _)| stamp)).hash(&mut state);
        }
    }

    fn heeds(&self, event: &Event<'_>) -> bool {
        tells(event, |seen| matches!(seen, LockSeen::Guarded { .. }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::history::*;

    fn guarded(access: Access, token: &str) -> Event<'static> {
        lock(LockSeen::Guarded { key: Resource::new("a"), access, token: token.parse().expect("a token") })
    }

    #[test]
    fn tokens_of_conflicting_operations_rise() {
        let mut history = History::default();
        history.on("n1", guarded(Access::Write, "1.n1.c1#1")).on("n1", guarded(Access::Write, "1.n1.c1#1"));
        history.on("n1", guarded(Access::Read, "9.n2.c2#1")).on("n1", guarded(Access::Read, "5.n3.c3#1"));
        assert_holds(&history, Fencing::default(), 3);
    }

    #[test]
    fn an_old_token_that_passes_is_shown_with_the_newer_one() {
        let mut history = History::default();
        history.on("n1", guarded(Access::Read, "9.n2.c2#1")).on("n1", guarded(Access::Write, "5.n3.c3#1"));
        let sentence = "a write of a with the token 5.n3.c3#1 succeeded after one with the token 9.n2.c2#1";
        assert_broken(&history, Fencing::default(), sentence, "n1#1 n1#2");
    }

    #[test]
    fn readers_alone_prove_nothing() {
        let mut history = History::default();
        history.on("n1", guarded(Access::Read, "9.n2.c2#1")).on("n1", guarded(Access::Read, "5.n3.c3#1"));
        let why = "no guarded operation followed one that it conflicts with";
        assert_vacuous(&history, Fencing::default(), why);
    }
}
