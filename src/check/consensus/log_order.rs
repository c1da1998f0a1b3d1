//! `log-order`: slots are applied in order, without gaps.

use super::told;
use crate::check::slots::Slots;
use crate::check::{Checker, End, Exercised, Exploring, Invariant, Shown, broken};
use crate::observation::{ConsensusSeen, Slot};
use crate::trace::{Kinds, Verdict, Violation};

/// Checks that each node applies the slots in order, without gaps, from the slot where it started or that it installed;
/// and never installs an older state. Exercised by applied slots.
#[derive(Clone, Debug, Default, Hash)]
pub struct LogOrder {
    /// By node: the last applied slot.
    applied: Slots<Slot>,
    exercised: Exercised,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant =
    Invariant::safety("log-order", "slots are applied in order; only a snapshot may skip some");

impl<F> Checker<F> for LogOrder {
    const WANTS: Kinds = Kinds::CONSENSUS_STARTED.with(Kinds::CONSENSUS_INSTALLED).with(Kinds::CONSENSUS_APPLIED);
    const EXPLORED: Exploring = Exploring::Always;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
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
                    self.exercised += true;
                }
                ConsensusSeen::Lost
                | ConsensusSeen::Promised { .. }
                | ConsensusSeen::Elected { .. }
                | ConsensusSeen::Proposed { .. }
                | ConsensusSeen::Voted { .. }
                | ConsensusSeen::Confirmed { .. }
                | ConsensusSeen::Committed { .. }
                | ConsensusSeen::Decreed { .. }
                | ConsensusSeen::Blessed { .. }
                | ConsensusSeen::WroteConfirmed { .. }
                | ConsensusSeen::WroteDecided { .. } => {}
            }
        }
        Ok(())
    }

    fn conclude(&mut self, _end: &End<'_>) -> Verdict {
        Verdict::of(self.exercised.0, "nothing was applied")
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
