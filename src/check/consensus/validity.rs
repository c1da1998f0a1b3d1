//! `validity`: only what was proposed is decided, and only what was asked takes effect.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash as _, Hasher};

use super::{tells, told};
use crate::check::{Branch, Checker, Invariant, broken};
use crate::identity::OpId;
use crate::observation::{ConsensusSeen, Slot, ValueId};
use crate::time::Time;
use crate::trace::{Event, Record, Verdict, Violation};

/// Says that what is decided for a slot was proposed for it before, and that an operation which takes effect was asked by
/// its client before. Exercised by decisions.
#[derive(Clone, Debug, Default)]
pub struct Validity {
    proposed: BTreeMap<Slot, Vec<ValueId>>,
    asked: BTreeSet<OpId>,
    exercised: u64,
}

/// What it is, for `list` and `explain`.
pub const ABOUT: Invariant =
    Invariant::safety("validity", "consensus", "only what was proposed is decided, only what was asked takes effect");

impl<F> Checker<F> for Validity {
    fn see(&mut self, record: &Record<'_>, _fact: Option<&F>) -> Result<(), Violation> {
        if let Event::Invoked { op, .. } = record.event {
            self.asked.insert(op);
            return Ok(());
        }
        for (node, seen) in told(record) {
            match seen {
                ConsensusSeen::Proposed { bid, .. } => {
                    let known = self.proposed.entry(bid.slot).or_default();
                    if !known.contains(&bid.value) {
                        known.push(bid.value);
                    }
                }
                ConsensusSeen::Committed { bid } => {
                    self.exercised += 1;
                    if !self.proposed.get(&bid.slot).is_some_and(|known| known.contains(&bid.value)) {
                        let sentence = format!("{node} has {bid}, and nobody has proposed that for the slot");
                        return Err(broken(record, sentence, &[record.id]));
                    }
                }
                ConsensusSeen::Applied { slot, done, .. } => {
                    if let Some(op) = done.iter().find(|op| !self.asked.contains(op)) {
                        let sentence = format!("{op} took effect at {node} in slot {slot}, and no client has asked it");
                        return Err(broken(record, sentence, &[record.id]));
                    }
                }
                ConsensusSeen::Started { .. }
                | ConsensusSeen::Lost
                | ConsensusSeen::Promised { .. }
                | ConsensusSeen::Elected { .. }
                | ConsensusSeen::Voted { .. }
                | ConsensusSeen::Confirmed { .. }
                | ConsensusSeen::Installed { .. }
                | ConsensusSeen::WroteConfirmed { .. } => {}
            }
        }
        Ok(())
    }

    fn conclude(&mut self, _end: Time) -> Verdict {
        Verdict::of(self.exercised, "nothing was decided")
    }

    fn branch(&self) -> Option<Box<dyn Branch<F>>> {
        Some(Box::new(self.clone()))
    }
}

impl<F> Branch<F> for Validity {
    fn fork(&self) -> Box<dyn Branch<F>> {
        Box::new(self.clone())
    }

    fn memory(&self, mut state: &mut dyn Hasher) {
        for (slot, values) in &self.proposed {
            let mut values = values.clone();
            values.sort_unstable();
            (slot, values).hash(&mut state);
        }
        self.asked.hash(&mut state);
    }

    fn heeds(&self, event: &Event<'_>) -> bool {
        matches!(event, Event::Invoked { .. })
            || tells(event, |seen| {
                matches!(
                    seen,
                    ConsensusSeen::Proposed { .. } | ConsensusSeen::Committed { .. } | ConsensusSeen::Applied { .. }
                )
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::history::*;

    #[test]
    fn what_nobody_proposed_is_not_decided() {
        let mut history = History::default();
        history.on("n1", proposed(1, "1.n1", 7)).on("n2", committed(1, "1.n1", 7));
        assert_holds(&history, Validity::default(), 1);
        history.on("n2", committed(2, "1.n1", 7));
        let sentence = "n2 has 0000000000000007 in slot 2 under 1.n1, and nobody has proposed that for the slot";
        assert_broken(&history, Validity::default(), sentence, "n2#2");
    }

    #[test]
    fn what_no_client_asked_has_no_effect() {
        let mut history = History::default();
        history.on("n1", applied_with(1, 7, 5, &["c1#1"]));
        let sentence = "c1#1 took effect at n1 in slot 1, and no client has asked it";
        assert_broken(&history, Validity::default(), sentence, "n1#1");
    }
}
