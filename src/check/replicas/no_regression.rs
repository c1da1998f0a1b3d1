//! `no-regression`: what a replica has covered and held stays so, but for drops that the trace tells of.

use std::collections::BTreeMap;

use super::model::{Change, Replicas};
use super::quiescence::named;
use super::replica::Held;
use super::told;
use crate::check::{Checker, End, Exercised, Exploring, Invariant, Parts, Shown, broken};
use crate::clocks::Dot;
use crate::identity::{EventId, NodeId};
use crate::observation::ReplicaSeen;
use crate::trace::{Kinds, Record, Verdict, Violation};

/// Checks that a replica accepts no version or resolution that it covers already; that it drops only what it holds, and collects only
/// tombstones; that it starts with all that its disk held, unless the disk was wiped or damaged; and that what it shows
/// of a key is what it holds according to the entries of its disk. Exercised by accepted versions.
#[derive(Clone, Debug, Default, Hash)]
pub struct NoRegression {
    exercised: Exercised,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant = Invariant::safety(
    "no-regression",
    "a replica covers what it covered, and holds what it held and neither a context nor a sync removed",
);

impl NoRegression {
    fn changed(&mut self, record: &Record<'_>, model: &Replicas, change: &Change) -> Result<(), Violation> {
        let node = record.id.actor;
        match change {
            Change::Accepted { key, dot, was_covered: true } | Change::Resolved { key, dot, was_covered: true } => {
                let sentence = format!("{node} accepted {dot} of `{key}`, which it covered already");
                Err(broken(record, sentence, &wrote(record, model, *dot)))
            }
            Change::Accepted { was_covered: false, .. } => {
                self.exercised += true;
                Ok(())
            }
            Change::Resolved { was_covered: false, .. } => Ok(()),
            Change::Dropped { key, dot, was_held, is_collected } => {
                let verb = if *is_collected { "collected" } else { "dropped" };
                match was_held {
                    Some(Held { is_tombstone, .. }) if *is_tombstone || !is_collected => Ok(()),
                    Some(_) => {
                        let sentence = format!("{node} collected {dot} of `{key}`, which is no tombstone");
                        Err(broken(record, sentence, &wrote(record, model, *dot)))
                    }
                    None => {
                        let sentence = format!("{node} {verb} {dot} of `{key}`, which it did not hold");
                        Err(broken(record, sentence, &wrote(record, model, *dot)))
                    }
                }
            }
            // It is judged with its fact.
            Change::Started { .. } => Ok(()),
        }
    }

    fn started(record: &Record<'_>, model: &Replicas, held: u64, lost: bool) -> Result<(), Violation> {
        let node = record.id.actor;
        for change in model.news(record).0 {
            let Change::Started { lacking, held: expected, may_lose } = change else { continue };
            if lost && !may_lose {
                let sentence =
                    format!("{node} started with nothing, as if its disk had lost what it wrote, and it lost nothing");
                return Err(broken(record, sentence, &[record.id]));
            }
            if let Some(first) = lacking.iter().next() {
                let sentence =
                    format!("{node} started without {lacking}, which it had covered durably before its crash");
                return Err(broken(record, sentence, &wrote(record, model, first)));
            }
            if held != *expected {
                let sentence = format!("{node} started with {held} versions, and its disk holds {expected}");
                return Err(broken(record, sentence, &[record.id]));
            }
        }
        Ok(())
    }

    fn shown(record: &Record<'_>, model: &Replicas, node: NodeId, key: &str, shown: &[Dot]) -> Result<(), Violation> {
        let held = model.held_of(node, key);
        if shown.iter().eq(held.keys()) {
            return Ok(());
        }
        let sentence = format!(
            "{node} showed that it holds {} of `{key}`, and by the entries of its disk it holds {}",
            named(&shown.iter().copied().collect()),
            named(&held.keys().copied().collect())
        );
        let witnesses = entries(&held, shown).chain([record.id]).collect::<Vec<_>>();
        Err(broken(record, sentence, &witnesses))
    }

    fn settled_by(
        record: &Record<'_>,
        model: &Replicas,
        node: NodeId,
        key: &str,
        shown: Option<Dot>,
    ) -> Result<(), Violation> {
        let held = model.choice_of(node, key);
        if held.map(|choice| choice.dot) == shown {
            return Ok(());
        }
        let resolution =
            |dot: Option<Dot>| dot.map_or_else(|| "no resolution".to_owned(), |dot| format!("resolution {dot}"));
        let sentence = format!(
            "{node} showed that it holds {} of `{key}`, and by the entries of its disk it holds {}",
            resolution(shown),
            resolution(held.map(|choice| choice.dot))
        );
        let wrote = shown.and_then(|dot| model.wrote_first(dot)).or_else(|| held.map(|choice| *choice.event));
        Err(broken(record, sentence, &wrote.into_iter().chain([record.id]).collect::<Vec<_>>()))
    }
}

/// The entries of what is held and not shown.
fn entries<'h>(held: &'h BTreeMap<Dot, Held>, shown: &'h [Dot]) -> impl Iterator<Item = EventId> + 'h {
    held.iter().filter(|(dot, _)| !shown.contains(dot)).filter_map(|(_, held)| *held.event)
}

/// The first entry of a version or resolution, and this record.
fn wrote(record: &Record<'_>, model: &Replicas, dot: Dot) -> Vec<EventId> {
    let wrote = model.wrote_first(dot).filter(|wrote| *wrote != record.id);
    wrote.into_iter().chain([record.id]).collect()
}

impl<F> Checker<F> for NoRegression {
    const WANTS: Kinds = Replicas::ENTRIES.with(Kinds::REPLICA_STARTED).with(Kinds::REPLICA_SHOWN);
    const READS: Parts = Parts::REPLICAS;
    const EXPLORED: Exploring = Exploring::Always;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let (record, model) = (shown.record, shown.common.replicas());
        for change in model.news(record).0 {
            self.changed(record, model, change)?;
        }
        for (node, seen) in told(record) {
            match seen {
                ReplicaSeen::Started { vector: _, held, lost } => Self::started(record, model, *held, *lost)?,
                ReplicaSeen::Shown { key, held, resolution, .. } => {
                    Self::shown(record, model, node, key, held)?;
                    Self::settled_by(record, model, node, key, *resolution)?;
                }
                ReplicaSeen::Preloaded { .. }
                | ReplicaSeen::Keyspace { .. }
                | ReplicaSeen::Written { .. }
                | ReplicaSeen::Refused { .. }
                | ReplicaSeen::Pushed { .. }
                | ReplicaSeen::Suspected { .. }
                | ReplicaSeen::Trusted { .. }
                | ReplicaSeen::SyncBegun { .. }
                | ReplicaSeen::SyncEnded { .. }
                | ReplicaSeen::Ruled { .. }
                | ReplicaSeen::Opened { .. }
                | ReplicaSeen::Closed { .. }
                | ReplicaSeen::Settled { .. }
                | ReplicaSeen::WroteVersion { .. }
                | ReplicaSeen::WroteResolution { .. }
                | ReplicaSeen::WroteDropped { .. }
                | ReplicaSeen::WroteCollected { .. }
                | ReplicaSeen::WroteJoined { .. } => {}
            }
        }
        Ok(())
    }

    fn conclude(&mut self, _end: &End<'_>) -> Verdict {
        Verdict::of(self.exercised.0, "no version was accepted")
    }
}

#[cfg(test)]
mod tests {
    use super::super::stories::*;
    use super::*;
    use crate::check::history::*;
    use crate::identity::{Boot, LaneId};
    use crate::trace::Event;

    /// A replica that has durably accepted a put, and then a delete over it.
    fn one() -> History {
        let mut history = replicas(&["n1"]);
        history.on("n1", put("k", "n1.1", "")).on("n1", Event::Sync).on("n1", Event::Synced { sync: 4 });
        history.on("n1", delete("k", "n1.2", "n1.1"));
        history
    }

    #[test]
    fn what_is_new_is_accepted_and_what_is_held_is_dropped() {
        let mut history = one();
        history.on("n1", shown("k", "n1.2")).on("n1", put("k", "n2.1", "")).on("n1", shown("k", "n1.2 n2.1"));
        history.on("n1", collected("k", "n1.2")).on("n1", removed("k", "n2.1")).on("n1", shown("k", ""));
        assert_holds(&history, NoRegression::default(), 3);
    }

    #[test]
    fn a_version_is_accepted_once_even_if_only_a_context_or_a_join_covered_it() {
        for (before, witnesses) in
            [(put("k", "n2.1", ""), "n1#7 n1#8"), (put("k", "n2.2", "n2.1"), "n1#8"), (joined("n2.1"), "n1#8")]
        {
            let mut history = one();
            history.on("n1", before).on("n1", put("k", "n2.1", ""));
            let sentence = "n1 accepted n2.1 of `k`, which it covered already";
            assert_broken(&history, NoRegression::default(), sentence, witnesses);
        }
    }

    #[test]
    fn a_drop_names_what_is_held_and_a_collection_tombstones() {
        let mut history = one();
        history.on("n1", removed("k", "n1.1"));
        let sentence = "n1 dropped n1.1 of `k`, which it did not hold";
        assert_broken(&history, NoRegression::default(), sentence, "n1#3 n1#7");
        let mut history = one();
        history.on("n1", put("k", "n2.1", "")).on("n1", collected("k", "n2.1"));
        let sentence = "n1 collected n2.1 of `k`, which is no tombstone";
        assert_broken(&history, NoRegression::default(), sentence, "n1#7 n1#8");
    }

    #[test]
    fn a_start_has_what_was_durable() {
        let restarted = |began: Event<'static>| {
            let mut history = one();
            history.on("n1", killed()).on("n1", start_from(2, 1, 0)).on("n1", began);
            history
        };
        assert_holds(&restarted(began("n1.1", 1)), NoRegression::default(), 2);
        let sentence = "n1 started without n1.1, which it had covered durably before its crash";
        assert_broken(&restarted(began("", 1)), NoRegression::default(), sentence, "n1#3 n1#9");
        let sentence = "n1 started with 2 versions, and its disk holds 1";
        assert_broken(&restarted(began("n1.1", 2)), NoRegression::default(), sentence, "n1#9");
        let sentence = "n1 started with nothing, as if its disk had lost what it wrote, and it lost nothing";
        assert_broken(&restarted(began_lost()), NoRegression::default(), sentence, "n1#9");
    }

    #[test]
    fn a_sync_makes_durable_what_was_written_before_it_was_called() {
        let mut history = replicas(&["n1"]);
        history.on("n1", put("k", "n1.1", "")).on("n1", Event::Sync).on("n1", put("k", "n1.2", ""));
        history.on("n1", Event::Synced { sync: 4 }).on("n1", killed()).on("n1", start_from(2, 1, 0));
        let mut right = history.clone();
        right.on("n1", began("n1.1", 1));
        assert_holds(&right, NoRegression::default(), 2);
        history.on("n1", began("n1.1 n1.2", 2));
        assert_broken(&history, NoRegression::default(), "n1 started with 2 versions, and its disk holds 1", "n1#9");
    }

    #[test]
    fn a_wiped_or_damaged_disk_may_start_with_nothing_and_accept_all_again() {
        let mut wiped = one();
        wiped.on("n1", killed()).on("n1", start(2)).on("n1", began("", 0)).on("n1", put("k", "n1.1", ""));
        assert_holds(&wiped, NoRegression::default(), 3);
        let mut damaged = one();
        damaged.on("n1", killed()).on("n1", Event::Damaged { file: LaneId::new(0), entry: 1 });
        damaged.on("n1", start_from(2, 0, 1)).on("n1", began_lost()).on("n1", put("k", "n1.1", ""));
        assert_holds(&damaged, NoRegression::default(), 3);
    }

    #[test]
    fn a_torn_entry_was_never_durable_and_its_loss_wipes_nothing() {
        let mut history = History::default();
        history.on("n1", start(1)).on("n1", preloaded("k", 2)).on("n1", began("n1/0.1 n1/0.2", 2));
        history.on("n1", put("j", "n1.1", "")).on("n1", killed());
        history.on("n1", Event::Start { boot: Boot::new(2), intact: 0, torn: 1, damaged: 0 });
        history.on("n1", began("n1/0.1 n1/0.2", 2)).on("n1", killed()).on("n1", start(3));
        history.on("n1", began("n1/0.1 n1/0.2", 2)).on("n1", shown("k2", "n1/0.2")).on("n1", shown("j", ""));
        assert_holds(&history, NoRegression::default(), 1);
    }

    #[test]
    fn what_is_shown_is_what_the_entries_tell() {
        let mut history = one();
        history.on("n1", shown("k", "n1.1"));
        let sentence = "n1 showed that it holds n1.1 of `k`, and by the entries of its disk it holds n1.2";
        assert_broken(&history, NoRegression::default(), sentence, "n1#6 n1#7");
    }

    #[test]
    fn a_resolution_is_shown_while_it_is_held() {
        let mut history = one();
        history.on("n1", resolved("k", "n2.3", 5, "n1.2", "")).on("n1", shown("k", "n1.2=n2.3"));
        let mut missing = history.clone();
        missing.on("n1", shown("k", "n1.2"));
        let sentence =
            "n1 showed that it holds no resolution of `k`, and by the entries of its disk it holds resolution n2.3";
        assert_broken(&missing, NoRegression::default(), sentence, "n1#7 n1#9");
        history.on("n1", put("k", "n2.4", "n1.2")).on("n1", shown("k", "n2.4=n2.3"));
        let sentence =
            "n1 showed that it holds resolution n2.3 of `k`, and by the entries of its disk it holds no resolution";
        assert_broken(&history, NoRegression::default(), sentence, "n1#7 n1#10");
    }

    #[test]
    fn a_resolution_is_covered_with_what_it_replaces_and_is_no_version() {
        let mut history = one();
        history
            .on("n1", resolved("k", "n2.3", 5, "n3.1", "n2.2"))
            .on("n1", shown("k", "n1.2=n2.3"))
            .on("n1", Event::Sync);
        history.on("n1", Event::Synced { sync: 9 }).on("n1", killed()).on("n1", start_from(2, 3, 0));
        let mut right = history.clone();
        right.on("n1", began("n1.1 n1.2 n2.2 n2.3", 1)).on("n1", removed("k", "n2.3")).on("n1", shown("k", "n1.2"));
        assert_holds(&right, NoRegression::default(), 2);
        history.on("n1", began("n1.1 n1.2", 1));
        let sentence = "n1 started without n2.2-3, which it had covered durably before its crash";
        assert_broken(&history, NoRegression::default(), sentence, "n1#13");
    }

    #[test]
    fn a_resolution_is_accepted_once_and_dropped_once() {
        let mut history = one();
        history.on("n1", resolved("k", "n2.1", 5, "n3.1", ""));
        let mut twice = history.clone();
        twice.on("n1", resolved("k", "n2.1", 5, "n3.1", ""));
        let sentence = "n1 accepted n2.1 of `k`, which it covered already";
        assert_broken(&twice, NoRegression::default(), sentence, "n1#7 n1#8");
        let mut collects = history.clone();
        collects.on("n1", collected("k", "n2.1"));
        let sentence = "n1 collected n2.1 of `k`, which is no tombstone";
        assert_broken(&collects, NoRegression::default(), sentence, "n1#7 n1#8");
        history.on("n1", removed("k", "n1.2 n2.1")).on("n1", removed("k", "n2.1"));
        let sentence = "n1 dropped n2.1 of `k`, which it did not hold";
        assert_broken(&history, NoRegression::default(), sentence, "n1#7 n1#9");
    }

    #[test]
    fn a_run_without_versions_proves_nothing() {
        assert_vacuous(&replicas(&["n1"]), NoRegression::default(), "no version was accepted");
    }
}
