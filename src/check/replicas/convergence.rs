//! `convergence`: in the end all replicas hold the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::model::Replicas;
use super::quiescence::{Quiescence, list, named};
use super::replica::{Held, Replica};
use super::tally::Tally;
use crate::check::event_class::EventClass;
use crate::check::{Checker, End, Invariant, Parts, RunOnly, Shown};
use crate::clocks::Dot;
use crate::identity::{EventId, NodeId};
use crate::trace::{Kinds, Verdict, Violation};

/// Checks that after quiescence all replicas hold the same live versions of every key. Tombstones do not count, and
/// what replicas cover need not be equal. Exercised by the versions that were written.
///
/// If quiescence heals a core only, its nodes are judged.
#[derive(Clone, Debug, Default, Hash)]
pub struct Convergence {
    /// The hashes of what replicas hold.
    prints: RunOnly<Tally<u64>>,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant =
    Invariant::liveness("convergence", "after quiescence, all replicas hold the same live versions of every key");

/// The live versions of a key.
fn live(held: &BTreeMap<Dot, Held>) -> BTreeMap<Dot, Held> {
    held.iter().filter(|(_, held)| !held.is_tombstone).map(|(dot, held)| (*dot, *held)).collect()
}

/// The first key of which two replicas hold different live versions.
fn differing(model: &Replicas, one: &Replica, other: &Replica) -> Option<String> {
    let live = |replica: &Replica, key: &str| -> Vec<Dot> {
        live(&replica.held_of(key, model.preload())).into_keys().collect()
    };
    let differs = |key: &str| live(one, key) != live(other, key);
    let named: BTreeSet<&str> = one.keys().keys().chain(other.keys().keys()).map(|key| &**key).collect();
    let preloaded = || model.preload().filter(|_| one.preloaded() != other.preloaded());
    named
        .into_iter()
        .find(|key| differs(key))
        .map(str::to_owned)
        .or_else(|| preloaded()?.iter().map(|(key, _)| key).find(|key| differs(key)))
}

/// The replicas that hold the same live versions of a key.
struct Group {
    held: BTreeMap<Dot, Held>,
    nodes: Vec<NodeId>,
}

impl Group {
    /// The entry of a version that not all groups hold.
    fn witness(&self, groups: &BTreeMap<Vec<Dot>, Self>) -> Option<EventId> {
        let is_common = |dot: &Dot| groups.keys().all(|dots| dots.contains(dot));
        self.held.iter().find(|(dot, _)| !is_common(dot)).and_then(|(_, held)| *held.event)
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nodes = list(&self.nodes);
        let holds = if self.nodes.len() == 1 { "holds" } else { "hold" };
        write!(f, "{nodes} {holds} {}", named(&self.held.keys().copied().collect()))
    }
}

impl Convergence {
    /// The key of which replicas hold different versions, who holds what, and the entries by which that came.
    fn difference(&self, model: &Replicas) -> Option<(String, String, Vec<EventId>)> {
        let mut judged = self.prints.quiescence.judged(model);
        let (_, first) = judged.next()?;
        let (_, other) = judged.find(|(_, replica)| replica.print() != first.print())?;
        let key = differing(model, first, other)?;
        let mut groups: BTreeMap<Vec<Dot>, Group> = BTreeMap::new();
        for (node, replica) in self.prints.quiescence.judged(model) {
            let held = live(&replica.held_of(&key, model.preload()));
            let dots = held.keys().copied().collect();
            groups.entry(dots).or_insert_with(|| Group { held, nodes: Vec::new() }).nodes.push(node);
        }
        let witnesses = groups.values().filter_map(|group| group.witness(&groups)).collect();
        let told = groups.values().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        Some((key, told, witnesses))
    }
}

impl<F> Checker<F> for Convergence {
    const WANTS: Kinds = Quiescence::WANTS.with(Replicas::WANTS);
    const READS: Parts = Parts::REPLICAS;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        match EventClass::of(&shown.record.event) {
            EventClass::Start | EventClass::Effect | EventClass::Death | EventClass::World => {
                self.prints.see(shown.record, shown.common.replicas(), |_, replica| replica.print());
            }
            EventClass::Input | EventClass::Answer | EventClass::Pause | EventClass::Unpause => {}
        }
        Ok(())
    }

    fn is_settled(&self) -> bool {
        self.prints.different().len() <= 1
    }

    fn conclude(&mut self, end: &End<'_>) -> Verdict {
        let model = end.common.replicas();
        let Some(when) = self.prints.quiescence.before(end.time) else {
            return Verdict::Vacuous { why: "the run never quiesces, so replicas need not agree".to_owned() };
        };
        if let Some((key, told, witnesses)) = self.difference(model) {
            let sentence = format!("{when} replicas hold different versions of `{key}`: {told}");
            return Verdict::Violated(Violation { time: end.time, sentence, witnesses });
        }
        Verdict::of(model.versions().len() as u64, "nothing was written")
    }
}

#[cfg(test)]
mod tests {
    use super::super::stories::*;
    use super::*;
    use crate::check::history::*;
    use crate::trace::Event;

    /// Three replicas, and a put at n1 that n2 has accepted.
    fn half() -> History {
        let mut history = replicas(&["n1", "n2", "n3"]);
        history.on("n1", put("k", "n1.1", "")).on("n2", put("k", "n1.1", ""));
        history
    }

    #[test]
    fn tombstones_and_what_is_covered_need_not_be_equal() {
        let mut history = half();
        history.on("n1", delete("k", "n1.2", "n1.1")).on("n2", removed("k", "n1.1")).on("n3", joined("n1.1"));
        history.on("env", Event::Calm);
        assert_holds(&history, Convergence::default(), 2);
    }

    #[test]
    fn a_difference_shows_a_key_and_who_holds_what() {
        let mut history = half();
        history.at(5).on("env", Event::Calm).at(12).on("n3", put("k", "n3.1", ""));
        let sentence = "7.000ms after quiescence replicas hold different versions of `k`: n1, n2 hold n1.1; n3 holds \
                        n3.1";
        assert_broken(&history, Convergence::default(), sentence, "n1#3 n3#3");
        history.on("n1", removed("k", "n1.1")).on("n2", removed("k", "n1.1"));
        let sentence = "7.000ms after quiescence replicas hold different versions of `k`: n1, n2 hold nothing; n3 holds \
                        n3.1";
        assert_broken(&history, Convergence::default(), sentence, "n3#3");
    }

    #[test]
    fn only_live_nodes_of_the_core_are_compared() {
        let mut history = half();
        let mut dead = history.clone();
        dead.on("env", Event::Calm).on("n3", killed());
        assert_holds(&dead, Convergence::default(), 1);
        history.on("env", core(&["n1", "n2"])).on("env", Event::Calm);
        assert_holds(&history, Convergence::default(), 1);
    }

    #[test]
    fn a_crash_takes_back_what_was_not_synced() {
        let mut history = half();
        history.on("n1", Event::Sync).on("n1", Event::Synced { sync: 4 }).on("n3", put("k", "n1.1", ""));
        history.on("n2", killed()).on("n2", start(2)).on("n2", began("", 0)).on("env", Event::Calm);
        let sentence = "0.000ms after quiescence replicas hold different versions of `k`: n2 holds nothing; n1, n3 hold \
                        n1.1";
        assert_broken(&history, Convergence::default(), sentence, "n1#3");
        history.on("n2", put("k", "n1.1", ""));
        assert_holds(&history, Convergence::default(), 1);
    }

    #[test]
    fn what_was_there_from_the_beginning_counts_until_a_disk_is_wiped() {
        let mut history = History::default();
        for node in ["n1", "n2"] {
            history.on(node, start(1)).on(node, preloaded("g/k", 3)).on(node, began("n1/0.1 n1/0.2 n1/0.3", 3));
        }
        history.on("n1", put("g/k2", "n1.1", "n1/0.2")).on("n2", put("g/k2", "n1.1", "n1/0.2"));
        history.on("n2", Event::Sync).on("n2", Event::Synced { sync: 5 });
        let mut wiped = history.clone();
        history.on("env", Event::Calm);
        assert_holds(&history, Convergence::default(), 1);
        wiped.on("n2", killed()).on("n2", start(2)).on("n2", began("", 0)).on("n2", put("g/k2", "n1.1", "n1/0.2"));
        wiped.on("env", Event::Calm);
        let sentence = "0.000ms after quiescence replicas hold different versions of `g/k1`: n2 holds nothing; n1 holds \
                        n1/0.1";
        assert_broken(&wiped, Convergence::default(), sentence, "");
        wiped.on("n2", put("g/k1", "n1/0.1", "")).on("n2", put("g/k3", "n1/0.3", ""));
        assert_holds(&wiped, Convergence::default(), 3);
    }

    #[test]
    fn it_waits_until_all_hold_the_same() {
        let mut history = half();
        history.on("env", Event::Calm);
        assert!(!settled(&history, Convergence::default()));
        history.on("n3", put("k", "n1.1", ""));
        assert!(settled(&history, Convergence::default()));
    }

    #[test]
    fn without_quiescence_or_a_write_nothing_is_owed() {
        let why = "the run never quiesces, so replicas need not agree";
        assert_vacuous(&half(), Convergence::default(), why);
        let mut history = replicas(&["n1"]);
        history.on("env", Event::Calm);
        assert_vacuous(&history, Convergence::default(), "nothing was written");
    }
}
