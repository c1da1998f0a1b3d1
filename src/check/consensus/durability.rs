//! `durability`: acknowledged operations are on the disks of a quorum, and are finally applied everywhere.

use std::collections::BTreeMap;

use super::{Evidence, told};
use crate::check::core::Core;
use crate::check::event_class::EventClass;
use crate::check::slots::Slots;
use crate::check::{Checker, End, Exercised, Exploring, Invariant, Parts, RunOnly, Shown, broken};
use crate::identity::{Actor, EventId, NodeId, OpId};
use crate::observation::{ConsensusSeen, Slot};
use crate::trace::{Event, Kinds, Record, Verdict, Violation};

/// Checks that before a client is told the outcome of its operation, a quorum of voters has durably confirmed the slot
/// in which it took effect; and that after quiescence every live voter that is not lost has applied that slot.
/// If quiescence heals a core only, its voters count. Exercised by answers.
#[derive(Clone, Debug, Default, Hash)]
pub struct Durability {
    done: BTreeMap<OpId, Slot>,
    /// The state for the check after quiescence: whether every acknowledged slot is applied.
    after: RunOnly<After>,
    exercised: Exercised,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant = Invariant::safety(
    "durability",
    "every acknowledged operation is on the disks of a quorum, and every live voter applies it in the end",
);

#[derive(Clone, Debug, Default)]
struct After {
    /// By node: the last applied slot, and the node's state.
    nodes: Slots<NodeState>,
    /// The highest slot that a client was told of, and the event.
    told: Option<(Slot, EventId)>,
    voters: u32,
    quiescence: bool,
    core: Core,
}

#[derive(Clone, Copy, Debug, Default)]
struct NodeState {
    applied: Slot,
    lives: bool,
    lost: bool,
}

impl Durability {
    fn answered(&mut self, record: &Record<'_>, disks: &Evidence, node: NodeId, op: OpId) -> Result<(), Violation> {
        let Some(slot) = self.done.get(&op).copied() else { return Ok(()) };
        self.exercised += 1;
        if !disks.is_secured(slot) {
            let quorum = disks.quorum();
            let sentence = format!(
                "{node} answered {op}, which took effect in slot {slot}, and no quorum of {quorum} voters had confirmed \
                 that slot durably"
            );
            return Err(broken(record, sentence, &[record.id]));
        }
        if self.after.told.is_none_or(|(highest, _)| slot > highest) {
            self.after.told = Some((slot, record.id));
        }
        Ok(())
    }
}

impl Durability {
    /// A live voter that is not lost and has not applied a slot acknowledged to a client; and
    /// the event that acknowledged it.
    fn behind(&self) -> Option<(NodeId, Slot, Slot, EventId)> {
        let (slot, event) = self.after.told?;
        let mut voters = self.after.nodes.iter().take(self.after.voters as usize);
        let named = |index: usize| NodeId::new(u32::try_from(index).expect("a node's index"));
        let (index, standing) = voters.find(|(index, node)| {
            node.lives && !node.lost && node.applied < slot && self.after.core.has(named(*index))
        })?;
        Some((named(index), standing.applied, slot, event))
    }
}

impl<F> Checker<F> for Durability {
    const WANTS: Kinds = Kinds::CONSENSUS_STARTED
        .with(Kinds::CONSENSUS_INSTALLED)
        .with(Kinds::CONSENSUS_LOST)
        .with(Kinds::CONSENSUS_APPLIED)
        .with(Kinds::START)
        .with(Kinds::REPLY)
        .with(Kinds::CALM)
        .with(Core::WANTS)
        .with(Kinds::DEATHS);
    const WANTS_EXPLORING: Kinds = Kinds::CONSENSUS_APPLIED.with(Kinds::REPLY);
    const READS: Parts = Parts::DISKS;
    const EXPLORED: Exploring = Exploring::Always;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        let Actor::Node(node) = record.id.actor else {
            self.after.quiescence |= matches!(record.event, Event::Calm);
            self.after.core.see(&record.event);
            return Ok(());
        };
        match EventClass::of(&record.event) {
            EventClass::Start => self.after.nodes.at(node.index()).lives = true,
            EventClass::Death => self.after.nodes.at(node.index()).lives = false,
            EventClass::Input
            | EventClass::Answer
            | EventClass::Effect
            | EventClass::Pause
            | EventClass::Unpause
            | EventClass::World => {}
        }
        if let Event::Reply { op, .. } = record.event {
            return self.answered(record, shown.common.disks(), node, op);
        }
        for (node, seen) in told(record) {
            let standing = self.after.nodes.at(node.index());
            match seen {
                ConsensusSeen::Started { slot, voters, .. } => {
                    standing.applied = *slot;
                    self.after.voters = *voters;
                }
                ConsensusSeen::Installed { slot, .. } => standing.applied = *slot,
                ConsensusSeen::Lost => standing.lost = true,
                ConsensusSeen::Applied { slot, done, .. } => {
                    standing.applied = *slot;
                    for op in done {
                        self.done.entry(*op).or_insert(*slot);
                    }
                }
                ConsensusSeen::Promised { .. }
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

    fn is_settled(&self) -> bool {
        self.behind().is_none()
    }

    fn conclude(&mut self, end: &End<'_>) -> Verdict {
        let end = end.time;
        if let Some((node, applied, slot, event)) = self.behind().filter(|_| self.after.quiescence) {
            let sentence = format!(
                "a client was told of slot {slot}, and after quiescence {node} has applied only up to {applied}"
            );
            return Verdict::Violated(Violation { time: end, sentence, witnesses: vec![event] });
        }
        Verdict::of(self.exercised.0, "no operation that took effect was acknowledged to a client")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::history::*;

    /// n1 of three has confirmed slot 1 durably and applied it.
    fn half() -> History {
        let mut history = History::default();
        for node in ["n1", "n2", "n3"] {
            history.on(node, start(1)).on(node, started(3));
        }
        history.on("n1", wrote(1, "1.n1", 7)).on("n1", Event::Sync).on("n1", Event::Synced { sync: 4 });
        history.on("n1", applied_with(1, 7, 5, &["c1#2"]));
        history
    }

    fn whole() -> History {
        let mut history = half();
        history.on("n2", wrote(1, "1.n1", 7)).on("n2", Event::Sync).on("n2", Event::Synced { sync: 4 });
        history
    }

    #[test]
    fn an_answer_waits_for_the_disks_of_a_quorum() {
        let mut history = whole();
        history.on("n1", reply("c1#2"));
        assert_holds(&history, Durability::default(), 1);
        let mut history = half();
        history.on("n1", reply("c1#2"));
        let sentence = "n1 answered c1#2, which took effect in slot 1, and no quorum of 2 voters had confirmed that \
                        slot durably";
        assert_broken(&history, Durability::default(), sentence, "n1#7");
    }

    #[test]
    fn after_the_calm_every_voter_that_lives_has_it() {
        let mut history = whole();
        history.on("n1", reply("c1#2")).on("n2", applied(1, 7, 5)).on("env", Event::Calm);
        let sentence = "a client was told of slot 1, and after quiescence n3 has applied only up to 0";
        assert_broken(&history, Durability::default(), sentence, "n1#7");
        history.on("n3", killed());
        assert_holds(&history, Durability::default(), 1);
    }

    #[test]
    fn with_a_core_every_voter_of_it_has_it() {
        let mut history = whole();
        history.on("n1", reply("c1#2")).on("n2", applied(1, 7, 5));
        let mut two = history.clone();
        two.on("env", core(&["n1", "n2"])).on("env", Event::Calm);
        assert_holds(&two, Durability::default(), 1);
        history.on("env", core(&["n2", "n3"])).on("env", Event::Calm);
        let sentence = "a client was told of slot 1, and after quiescence n3 has applied only up to 0";
        assert_broken(&history, Durability::default(), sentence, "n1#7");
    }
}
