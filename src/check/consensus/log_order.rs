//! `log-order`: slots are applied in order, without gaps.

use std::hash::{Hash as _, Hasher};

use super::{tells, told};
use crate::check::slots::Slots;
use crate::check::{Branch, Checker, Invariant, broken};
use crate::observation::{ConsensusSeen, Slot};
use crate::time::Time;
use crate::trace::{Event, Kinds, Record, Verdict, Violation};

/// Says that each node applies the slots in order, without gaps, from where it started or from what it installed; and
/// installs nothing that lies behind. Exercised by slots that are applied.
#[derive(Clone, Debug, Default)]
pub struct LogOrder {
    /// By node: up to which slot it has applied.
    applied: Slots<Slot>,
    exercised: u64,
}

/// What it is, for `list` and `explain`.
pub const ABOUT: Invariant =
    Invariant::safety("log-order", "slots are applied in order, without gaps but those of a snapshot");

impl<F> Checker<F> for LogOrder {
    fn see(&mut self, record: &Record<'_>, _fact: Option<&F>) -> Result<(), Violation> {
        for (node, seen) in told(record) {
            match seen {
                ConsensusSeen::Started { slot, .. } => *self.applied.at(node.index()) = *slot,
                ConsensusSeen::Installed { slot, .. } => {
                    let applied = self.applied.at(node.index());
                    if *slot < *applied {
                        let sentence = format!("{node} installed the state of slot {slot}, and had applied {applied}");
                        return Err(broken(record, sentence, &[record.id]));
                    }
                    *applied = *slot;
                }
                ConsensusSeen::Applied { slot, .. } => {
                    let applied = self.applied.at(node.index());
                    if *slot != applied.next() {
                        let sentence = format!("{node} applied slot {slot} behind slot {applied}");
                        return Err(broken(record, sentence, &[record.id]));
                    }
                    *applied = *slot;
                    self.exercised += 1;
                }
                ConsensusSeen::Lost
                | ConsensusSeen::Promised { .. }
                | ConsensusSeen::Elected { .. }
                | ConsensusSeen::Proposed { .. }
                | ConsensusSeen::Voted { .. }
                | ConsensusSeen::Confirmed { .. }
                | ConsensusSeen::Committed { .. }
                | ConsensusSeen::WroteConfirmed { .. }
                | ConsensusSeen::WroteDecided { .. } => {}
            }
        }
        Ok(())
    }

    fn wants(&self) -> Kinds {
        Kinds::FACT
    }

    fn conclude(&mut self, _end: Time) -> Verdict {
        Verdict::of(self.exercised, "nothing was applied")
    }

    fn branch(&self) -> Option<Box<dyn Branch<F>>> {
        Some(Box::new(self.clone()))
    }
}

impl<F> Branch<F> for LogOrder {
    fn fork(&self) -> Box<dyn Branch<F>> {
        Box::new(self.clone())
    }

    fn memory(&self, mut state: &mut dyn Hasher) {
        for (node, applied) in self.applied.iter().filter(|(_, applied)| **applied > Slot::default()) {
            (node, applied).hash(&mut state);
        }
    }

    fn heeds(&self, event: &Event<'_>) -> bool {
        tells(event, |seen| {
            matches!(
                seen,
                ConsensusSeen::Started { .. } | ConsensusSeen::Installed { .. } | ConsensusSeen::Applied { .. }
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::history::*;

    #[test]
    fn a_gap_is_only_a_snapshot_s() {
        let mut history = History::default();
        history.on("n1", started(3)).on("n1", applied(1, 7, 5)).on("n1", installed(4, 6)).on("n1", applied(5, 7, 5));
        assert_holds(&history, LogOrder::default(), 2);
        history.on("n1", applied(7, 7, 5));
        assert_broken(&history, LogOrder::default(), "n1 applied slot 7 behind slot 5", "n1#5");
    }

    #[test]
    fn nothing_is_installed_that_lies_behind() {
        let mut history = History::default();
        history.on("n1", started(3)).on("n1", applied(1, 7, 5)).on("n1", applied(2, 7, 5)).on("n1", installed(1, 5));
        let sentence = "n1 installed the state of slot 1, and had applied 2";
        assert_broken(&history, LogOrder::default(), sentence, "n1#4");
    }
}
