//! `no-resurrection`: what was deleted does not come back.

use super::model::{Change, Replicas};
use super::named::{self, Outlives};
use super::quiescence::{Spread, list};
use super::replica::{By, Replica};
use crate::check::{Checker, End, Exercised, Exploring, Invariant, Parts, RunOnly, Shown, broken};
use crate::clocks::Dot;
use crate::identity::{Actor, NodeId};
use crate::trace::{Kinds, Record, Verdict, Violation};

/// Checks that a replica that has accepted a tombstone holds no version that the delete truly names, neither then nor
/// later, until its disk is wiped or damaged; that after quiescence no replica does; and that a tombstone is collected
/// only after every other node has durably covered its dot. Exercised by accepted tombstones that name something.
#[derive(Clone, Debug, Default, Hash)]
pub struct NoResurrection {
    outlives: RunOnly<Outlives>,
    exercised: Exercised,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant =
    Invariant::safety("no-resurrection", "where a delete was accepted, nothing that it deleted is held any more");

impl NoResurrection {
    /// A tombstone is collected.
    fn collected(record: &Record<'_>, model: &Replicas, key: &str, dot: Dot) -> Result<(), Violation> {
        let collector = record.id.actor;
        let lacks =
            |(node, replica): &(NodeId, &Replica)| Actor::Node(*node) != collector && !replica.ever().contains(dot);
        let lacking: Vec<NodeId> = model.known().filter(lacks).map(|(node, _)| node).collect();
        if lacking.is_empty() {
            return Ok(());
        }
        let nodes = list(&lacking);
        let has = if lacking.len() == 1 { "has" } else { "have" };
        let sentence = format!(
            "{} collected the tombstone {dot} of `{key}`, and {nodes} {has} never covered it durably",
            collector
        );
        let wrote = model.version(dot).map(|version| *version.wrote);
        Err(broken(record, sentence, &wrote.into_iter().chain([record.id]).collect::<Vec<_>>()))
    }
}

impl<F> Checker<F> for NoResurrection {
    const WANTS: Kinds = Spread::WANTS;
    const WANTS_EXPLORING: Kinds = named::WANTS;
    const READS: Parts = Parts::REPLICAS;
    const EXPLORED: Exploring = Exploring::Always;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let (record, model) = (shown.record, shown.common.replicas());
        self.outlives.see(record, model, By::Deletes);
        self.exercised += named::accepted(record, model, By::Deletes);
        named::check(record, model, By::Deletes)?;
        for change in model.news(record).0 {
            match change {
                Change::Dropped { key, dot, is_collected: true, was_held: _ } => {
                    Self::collected(record, model, key, *dot)?;
                }
                Change::Dropped { is_collected: false, .. }
                | Change::Accepted { .. }
                | Change::Resolved { .. }
                | Change::Started { .. } => {}
            }
        }
        Ok(())
    }

    fn is_settled(&self) -> bool {
        self.outlives.is_settled()
    }

    fn conclude(&mut self, end: &End<'_>) -> Verdict {
        self.outlives.conclude(end, By::Deletes, self.exercised.0, "no tombstone was accepted that names a version")
    }
}

#[cfg(test)]
mod tests {
    use super::super::stories::*;
    use super::*;
    use crate::check::history::*;
    use crate::trace::Event;

    /// A put at n1, and its delete at n2, which names it.
    fn deleted_at_two() -> History {
        let mut history = replicas(&["n1", "n2", "n3"]);
        history.on("n1", put("k", "n1.1", "")).on("n2", put("k", "n1.1", "")).on("n2", delete("k", "n2.1", "n1.1"));
        history.on("n2", Event::Sync).on("n2", Event::Synced { sync: 5 }).on("n2", deleted("c1#1", "k", "n2.1"));
        history
    }

    #[test]
    fn the_same_value_may_be_put_again_and_a_late_delete_removes() {
        let mut history = deleted_at_two();
        history.on("n1", delete("k", "n2.1", "n1.1")).on("n1", put("k", "n1.2", "n1.1 n2.1"));
        assert_holds(&history, NoResurrection::default(), 2);
    }

    #[test]
    fn what_was_deleted_does_not_come_back() {
        let mut history = deleted_at_two();
        history.on("n2", put("k", "n1.1", ""));
        let sentence = "n2 holds n1.1 of `k`, and has accepted n2.1, the delete of c1#1, which names it";
        assert_broken(&history, NoResurrection::default(), sentence, "n2#8 n2#4");
        let mut collects = deleted_at_two();
        collects.on("n2", removed("k", "n2.1")).on("n2", put("k", "n1.1", ""));
        assert_broken(&collects, NoResurrection::default(), sentence, "n2#9 n2#4");
    }

    #[test]
    fn a_tombstone_that_was_lost_in_a_crash_forbids_nothing() {
        let mut history = replicas(&["n1", "n2"]);
        history.on("n1", put("k", "n1.1", "")).on("n2", delete("k", "n2.1", "n1.1")).on("n2", killed());
        history.on("n2", start(2)).on("n2", began("", 0)).on("n2", put("k", "n1.1", ""));
        assert_holds(&history, NoResurrection::default(), 1);
    }

    #[test]
    fn a_wiped_replica_may_hold_it_again_but_not_in_the_end() {
        let mut history = deleted_at_two();
        history.on("n1", delete("k", "n2.1", "n1.1")).on("n3", delete("k", "n2.1", "n1.1"));
        history.on("n3", Event::Sync).on("n3", Event::Synced { sync: 4 }).on("n3", killed());
        history.on("n3", start(2)).on("n3", began("", 0)).on("n3", put("k", "n1.1", ""));
        assert_holds(&history, NoResurrection::default(), 3);
        history.on("env", Event::Calm);
        let sentence = "0.000ms after quiescence n3 holds n1.1 of `k`, in spite of n2.1, the delete of c1#1, which \
                        names it";
        assert_broken(&history, NoResurrection::default(), sentence, "n3#9 n2#4");
        assert!(!settled(&history, NoResurrection::default()));
    }

    #[test]
    fn a_tombstone_is_collected_when_every_node_has_covered_it_durably() {
        let mut history = deleted_at_two();
        history.on("n1", delete("k", "n2.1", "n1.1")).on("n1", Event::Sync).on("n1", Event::Synced { sync: 5 });
        history.on("n3", joined("n2.1"));
        let mut early = history.clone();
        early.on("n2", collected("k", "n2.1"));
        let sentence = "n2 collected the tombstone n2.1 of `k`, and n3 has never covered it durably";
        assert_broken(&early, NoResurrection::default(), sentence, "n2#4 n2#8");
        history.on("n3", Event::Sync).on("n3", Event::Synced { sync: 4 }).on("n2", collected("k", "n2.1"));
        assert_holds(&history, NoResurrection::default(), 2);
    }

    #[test]
    fn a_put_that_another_put_names_is_none_of_its_business() {
        let mut history = replicas(&["n1"]);
        history.on("n1", put("k", "n2.2", "n2.1")).on("n1", put("k", "n2.1", ""));
        let why = "no tombstone was accepted that names a version";
        assert_vacuous(&history, NoResurrection::default(), why);
    }
}
