//! `fair-order`: requests that do not go together are granted in the order of their stamps.

use std::collections::BTreeMap;
use std::hash::{Hash as _, Hasher};

use super::{Told, tells, told};
use crate::check::{Branch, Checker, Invariant, broken};
use crate::identity::EventId;
use crate::observation::{Claims, LockMode, LockSeen, LockStamp, Resource};
use crate::time::Time;
use crate::trace::{Event, Record, Verdict, Violation};

/// Says that a grant never follows one with a later stamp that claims one of its resources in an incompatible mode.
/// Exercised by grants that follow an incompatible one.
///
/// For each resource and mode only the grant with the latest stamp is kept: a grant that is out of order with any is out
/// of order with that one.
#[derive(Clone, Debug, Default)]
pub struct FairOrder {
    latest: BTreeMap<Resource, Vec<(LockMode, LockStamp, EventId)>>,
    exercised: u64,
}

/// What it is, for `list` and `explain`.
pub const ABOUT: Invariant =
    Invariant::safety("fair-order", "locks", "requests that do not go together are granted in the order of stamps");

impl FairOrder {
    fn grant(&mut self, record: &Record<'_>, stamp: LockStamp, claims: &Claims) -> Result<(), Violation> {
        let mut follows = false;
        for (resource, mode) in claims.iter() {
            let Some(latest) = self.latest.get(resource) else { continue };
            for (other, later, event) in latest.iter().filter(|(other, ..)| !mode.is_compatible(*other)) {
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
            if let Told::Seen(_, LockSeen::Granted { stamp, claims }) = told {
                self.grant(record, *stamp, claims)?;
            }
        }
        Ok(())
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
    }

    fn heeds(&self, event: &Event<'_>) -> bool {
        tells(event, |seen| matches!(seen, LockSeen::Granted { .. }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::history::*;

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
}
