//! `durability`: what a client was told stands on the disks of a quorum, and is applied everywhere in the end.

use std::collections::BTreeMap;
use std::hash::{Hash as _, Hasher};

use super::evidence::Evidence;
use super::{tells, told};
use crate::check::deed::Deed;
use crate::check::slots::Slots;
use crate::check::{Branch, Checker, Invariant, broken};
use crate::identity::{Actor, EventId, NodeId, OpId};
use crate::observation::{ConsensusSeen, Slot};
use crate::time::Time;
use crate::trace::{Event, Kinds, Record, Verdict, Violation};

/// Says that when a client is told what came of its operation, a quorum of voters had, at some step before, confirmed
/// durably the slot in which it took effect; and that after the calm every voter that lives and is not lost has applied
/// that slot. Exercised by answers.
#[derive(Clone, Debug, Default)]
pub struct Durability {
    evidence: Evidence,
    /// Up to here every slot was once durable at a quorum; beyond it, those that were.
    secured: BTreeMap<Slot, ()>,
    done: BTreeMap<OpId, Slot>,
    /// By node: how far it has applied, and how it stands.
    nodes: Slots<Standing>,
    /// The highest slot of which a client was told, and where.
    told: Option<(Slot, EventId)>,
    calm: bool,
    exercised: u64,
}

/// What it is, for `list` and `explain`.
pub const ABOUT: Invariant = Invariant::safety(
    "durability",
    "what a client was told is on the disks of a quorum, and is applied everywhere in the end",
);

#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    applied: Slot,
    lives: bool,
    lost: bool,
}

impl Durability {
    fn answered(&mut self, record: &Record<'_>, node: NodeId, op: OpId) -> Result<(), Violation> {
        let Some(slot) = self.done.get(&op).copied() else { return Ok(()) };
        self.exercised += 1;
        if !self.secured.contains_key(&slot) {
            let quorum = self.evidence.quorum();
            let sentence = format!(
                "{node} answered {op}, which took effect in slot {slot}, and no quorum of {quorum} voters had confirmed \
                 that slot durably"
            );
            return Err(broken(record, sentence, &[record.id]));
        }
        if self.told.is_none_or(|(highest, _)| slot > highest) {
            self.told = Some((slot, record.id));
        }
        Ok(())
    }
}

impl Durability {
    /// A voter that lives, is not lost, and has not applied a slot of which a client was told; and where it was told.
    fn behind(&self) -> Option<(NodeId, Slot, Slot, EventId)> {
        let (slot, event) = self.told?;
        let mut voters = self.nodes.iter().take(self.evidence.voters() as usize);
        let (index, standing) = voters.find(|(_, node)| node.lives && !node.lost && node.applied < slot)?;
        Some((NodeId::new(u32::try_from(index).expect("a node's index")), standing.applied, slot, event))
    }
}

impl<F> Checker<F> for Durability {
    fn see(&mut self, record: &Record<'_>, _fact: Option<&F>) -> Result<(), Violation> {
        let Actor::Node(node) = record.id.actor else {
            self.calm |= matches!(record.event, Event::Calm);
            return Ok(());
        };
        let quorum = self.evidence.quorum() as usize;
        let secured = &mut self.secured;
        self.evidence.see(record, |bid, holders| {
            if holders.len() >= quorum {
                secured.insert(bid.slot, ());
            }
        });
        match Deed::of(&record.event) {
            Deed::Start => self.nodes.at(node.index()).lives = true,
            Deed::Death => self.nodes.at(node.index()).lives = false,
            Deed::Input | Deed::Answer | Deed::Effect | Deed::Pause | Deed::Unpause | Deed::World => {}
        }
        if let Event::Reply { op, .. } = record.event {
            return self.answered(record, node, op);
        }
        for (node, seen) in told(record) {
            let standing = self.nodes.at(node.index());
            match seen {
                ConsensusSeen::Started { slot, .. } | ConsensusSeen::Installed { slot, .. } => standing.applied = *slot,
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
                | ConsensusSeen::WroteConfirmed { .. }
                | ConsensusSeen::WroteDecided { .. } => {}
            }
        }
        Ok(())
    }

    fn wants(&self) -> Kinds {
        Kinds::FACT
            .with(Kinds::APPEND)
            .with(Kinds::SYNCED)
            .with(Kinds::DEATHS)
            .with(Kinds::START)
            .with(Kinds::REPLY)
            .with(Kinds::CALM)
    }

    fn is_settled(&self) -> bool {
        self.behind().is_none()
    }

    fn conclude(&mut self, end: Time) -> Verdict {
        if let Some((node, applied, slot, event)) = self.behind().filter(|_| self.calm) {
            let sentence =
                format!("a client was told of slot {slot}, and after the calm {node} has applied only up to {applied}");
            return Verdict::Violated(Violation { time: end, sentence, witnesses: vec![event] });
        }
        Verdict::of(self.exercised, "no client was told of anything that took effect")
    }

    fn branch(&self) -> Option<Box<dyn Branch<F>>> {
        Some(Box::new(self.clone()))
    }
}

impl<F> Branch<F> for Durability {
    fn fork(&self) -> Box<dyn Branch<F>> {
        Box::new(self.clone())
    }

    fn memory(&self, mut state: &mut dyn Hasher) {
        // Who has applied what is asked after a calm alone, and an exploration has none.
        self.evidence.memory(&mut state);
        (&self.secured, &self.done).hash(&mut state);
    }

    fn heeds(&self, event: &Event<'_>) -> bool {
        Evidence::heeds(event)
            || matches!(event, Event::Reply { .. })
            || tells(event, |seen| matches!(seen, ConsensusSeen::Applied { .. }))
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
        let sentence = "a client was told of slot 1, and after the calm n3 has applied only up to 0";
        assert_broken(&history, Durability::default(), sentence, "n1#7");
        history.on("n3", killed());
        assert_holds(&history, Durability::default(), 1);
    }
}
