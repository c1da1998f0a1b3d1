//! `resolution-uniqueness`: in the end every conflict that was settled is settled everywhere alike.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::model::Replicas;
use super::quiescence::{Quiescence, list};
use super::replica::{Choice, Replica, print};
use super::tally::Tally;
use crate::check::event_class::EventClass;
use crate::check::{Checker, End, Invariant, Parts, RunOnly, Shown};
use crate::clocks::Dot;
use crate::identity::{Actor, EventId, NodeId};
use crate::observation::{Observation, ReplicaSeen};
use crate::trace::{Event, Kinds, Record, Verdict, Violation};

/// Checks that after quiescence all replicas hold the same resolution of every key, or all none; that each of them holds
/// the version that it chooses, if any does; that none tells of an open polled conflict; and that all resolve by the same rule what is not
/// polled. Exercised by the resolutions of which the trace tells; if it tells of no polled conflict, by
/// those that rules resolve.
///
/// If quiescence heals a core only, its nodes are judged. A start ends what was open at its node: the node tells of it
/// again.
#[derive(Clone, Debug, Default, Hash)]
pub struct ResolutionUniqueness {
    state: RunOnly<State>,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant = Invariant::liveness(
    "resolution-uniqueness",
    "after quiescence, all hold the same resolutions, of versions that they hold, and nothing is open",
);

/// A polled conflict that is open at a node.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Open {
    siblings: Vec<Dot>,
    event: EventId,
}

/// A conflict that a node resolves by a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Ruled {
    siblings: Vec<Dot>,
    shown: Option<Dot>,
    event: EventId,
}

impl Ruled {
    fn is_same(&self, other: &Self) -> bool {
        (&self.siblings, self.shown) == (&other.siblings, other.shown)
    }
}

impl fmt::Display for Ruled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.shown {
            Some(shown) => write!(f, "shows {shown} of {}", list(&self.siblings)),
            None => write!(f, "shows the merge of {}", list(&self.siblings)),
        }
    }
}

/// The conflicts that a node resolves by rules, and the sum, without carries, of a hash of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Rules {
    by_key: BTreeMap<Arc<str>, Ruled>,
    print: u64,
}

impl Rules {
    fn set(&mut self, key: &Arc<str>, ruled: Option<Ruled>) {
        let before = match ruled.clone() {
            Some(ruled) => self.by_key.insert(Arc::clone(key), ruled),
            None => self.by_key.remove(key),
        };
        ruled.iter().chain(&before).for_each(|ruled| self.print ^= print_of(key, ruled));
    }
}

fn print_of(key: &str, ruled: &Ruled) -> u64 {
    let siblings = ruled.siblings.iter().fold(0u64, |sum, dot| sum.wrapping_add(print(key, *dot)));
    siblings.rotate_left(7) ^ ruled.shown.map_or(1, |dot| print(key, dot).rotate_left(17))
}

/// A replica in short: the hash of its resolutions, that of its rules, and whether it waits for something.
type Short = (u64, u64, bool);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct State {
    tally: Tally<Short>,
    /// By node, the keys with an open conflict. A node without any has no entry.
    open: BTreeMap<NodeId, BTreeMap<Arc<str>, Open>>,
    /// By node, the conflicts that it resolves by rules.
    ruled: BTreeMap<NodeId, Rules>,
    /// The resolutions of which the trace tells.
    known: BTreeSet<Dot>,
    /// How often it tells of a conflict that a rule resolves.
    resolved: u64,
    /// Whether it tells of one that is polled.
    polls: bool,
}

/// The replicas that hold the same resolution of a key, or none.
struct Group {
    choice: Option<Choice>,
    nodes: Vec<NodeId>,
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nodes = list(&self.nodes);
        let holds = if self.nodes.len() == 1 { "holds" } else { "hold" };
        match self.choice {
            Some(Choice { dot, chosen, .. }) => write!(f, "{nodes} {holds} {dot}, which chooses {chosen}"),
            None => write!(f, "{nodes} {holds} none"),
        }
    }
}

impl State {
    fn see(&mut self, record: &Record<'_>, model: &Replicas) {
        if let Actor::Node(node) = record.id.actor {
            if matches!(record.event, Event::Start { .. }) {
                self.open.remove(&node);
                self.ruled.remove(&node);
            }
            for seen in record.event.said().map_or(&[][..], |said| &said.observations[..]) {
                if let Observation::Replica(seen) = seen {
                    self.told(record.id, node, seen);
                }
            }
        }
        let (open, ruled) = (&self.open, &self.ruled);
        let waits = |node, replica: &Replica| replica.waiting().next().is_some() || open.contains_key(&node);
        let rules = |node| ruled.get(&node).map_or(0, |rules| rules.print);
        self.tally.see(record, model, |node, replica| (replica.choices_print(), rules(node), waits(node, replica)));
    }

    fn told(&mut self, event: EventId, node: NodeId, seen: &ReplicaSeen) {
        match seen {
            ReplicaSeen::Opened { key, siblings, class: _ } => {
                let open = Open { siblings: siblings.clone(), event };
                self.polls = true;
                self.open.entry(node).or_default().insert(Arc::clone(key), open);
                self.ruled.entry(node).or_default().set(key, None);
            }
            ReplicaSeen::Ruled { key, siblings, shown, class: _ } => {
                self.close(node, key);
                self.resolved += 1;
                let ruled = Ruled { siblings: siblings.clone(), shown: *shown, event };
                self.ruled.entry(node).or_default().set(key, Some(ruled));
            }
            ReplicaSeen::Closed { key } => {
                self.close(node, key);
                self.ruled.entry(node).or_default().set(key, None);
            }
            ReplicaSeen::Settled { dot, .. } | ReplicaSeen::WroteResolution { dot, .. } => _ = self.known.insert(*dot),
            ReplicaSeen::Started { .. }
            | ReplicaSeen::Preloaded { .. }
            | ReplicaSeen::Keyspace { .. }
            | ReplicaSeen::Written { .. }
            | ReplicaSeen::Refused { .. }
            | ReplicaSeen::Shown { .. }
            | ReplicaSeen::Pushed { .. }
            | ReplicaSeen::Suspected { .. }
            | ReplicaSeen::Trusted { .. }
            | ReplicaSeen::SyncBegun { .. }
            | ReplicaSeen::SyncEnded { .. }
            | ReplicaSeen::WroteVersion { .. }
            | ReplicaSeen::WroteDropped { .. }
            | ReplicaSeen::WroteCollected { .. }
            | ReplicaSeen::WroteJoined { .. } => {}
        }
    }

    fn close(&mut self, node: NodeId, key: &str) {
        let Some(open) = self.open.get_mut(&node) else { return };
        open.remove(key);
        if open.is_empty() {
            self.open.remove(&node);
        }
    }

    fn judged<'m>(&'m self, model: &'m Replicas) -> impl Iterator<Item = (NodeId, &'m Replica)> {
        self.tally.quiescence.judged(model)
    }

    /// A key of which replicas hold different resolutions: who holds which, and the entries by which they came.
    fn differs(&self, model: &Replicas) -> Option<(String, Vec<EventId>)> {
        let (_, first) = self.judged(model).next()?;
        let (_, other) = self.judged(model).find(|(_, replica)| replica.choices_print() != first.choices_print())?;
        let key = differing(first, other)?;
        let mut groups: BTreeMap<Option<Dot>, Group> = BTreeMap::new();
        for (node, replica) in self.judged(model) {
            let choice = replica.choices().get(key).copied();
            let dot = choice.map(|choice| choice.dot);
            groups.entry(dot).or_insert_with(|| Group { choice, nodes: Vec::new() }).nodes.push(node);
        }
        let witnesses = groups.values().filter_map(|group| group.choice).map(|choice| *choice.event).collect();
        let told = groups.values().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        Some((format!("replicas hold different resolutions of `{key}`: {told}"), witnesses))
    }

    /// A resolution whose chosen version is not held beside it, though it could be, and its entry. Where no replica covers the
    /// version, all that held it were wiped, or damaged: then the resolution hides nothing, and stays.
    fn waits(&self, model: &Replicas) -> Option<(String, Vec<EventId>)> {
        let is_there = |dot| self.judged(model).any(|(_, replica)| replica.covered().contains(dot));
        let (node, replica, key) = self.judged(model).find_map(|(node, replica)| {
            let key = replica.waiting().find(|key| is_there(replica.choices()[*key].chosen))?;
            Some((node, replica, key))
        })?;
        let Choice { dot, chosen, event, .. } = replica.choices()[key];
        let sentence = format!("{node} holds the resolution {dot} of `{key}`, and not {chosen}, which it chooses");
        Some((sentence, vec![*event]))
    }

    /// A conflict that replicas resolve by different rules, or only some of them by one, and the facts that tell of it.
    fn rules_differ(&self, model: &Replicas) -> Option<(String, Vec<EventId>)> {
        let none = Rules::default();
        let rules = |node| self.ruled.get(&node).unwrap_or(&none);
        let (first, _) = self.judged(model).next()?;
        let (other, _) = self.judged(model).find(|(node, _)| rules(*node).print != rules(first).print)?;
        let (one, two) = (&rules(first).by_key, &rules(other).by_key);
        let same = |key: &Arc<str>| match (one.get(key), two.get(key)) {
            (Some(one), Some(two)) => one.is_same(two),
            (one, two) => one.is_none() && two.is_none(),
        };
        let keys: BTreeSet<&Arc<str>> = one.keys().chain(two.keys()).collect();
        let key = keys.into_iter().find(|key| !same(key))?;
        let told = [(first, one), (other, two)].map(|(node, rules)| match rules.get(key) {
            Some(ruled) => format!("{node} {ruled}"),
            None => format!("{node} knows of none"),
        });
        let witnesses = [one, two].into_iter().filter_map(|rules| Some(rules.get(key)?.event)).collect();
        Some((format!("replicas resolve the conflict of `{key}` differently: {}", told.join("; ")), witnesses))
    }

    /// A conflict that is open, and the fact that tells of it.
    fn is_open(&self, model: &Replicas) -> Option<(String, Vec<EventId>)> {
        let (node, open) = self.judged(model).find_map(|(node, _)| Some((node, self.open.get(&node)?)))?;
        let (key, Open { siblings, event }) = open.first_key_value()?;
        Some((format!("the conflict of `{key}` between {} is open at {node}", list(siblings)), vec![*event]))
    }
}

/// The first key of which two replicas hold different resolutions.
fn differing<'r>(one: &'r Replica, other: &'r Replica) -> Option<&'r Arc<str>> {
    let held = |replica: &Replica, key: &str| replica.choices().get(key).map(|choice| choice.dot);
    let keys: BTreeSet<&Arc<str>> = one.choices().keys().chain(other.choices().keys()).collect();
    keys.into_iter().find(|key| held(one, key) != held(other, key))
}

impl<F> Checker<F> for ResolutionUniqueness {
    const WANTS: Kinds = Quiescence::WANTS
        .with(Replicas::WANTS)
        .with(Kinds::REPLICA_OPENED)
        .with(Kinds::REPLICA_RULED)
        .with(Kinds::REPLICA_CLOSED)
        .with(Kinds::REPLICA_SETTLED);
    const READS: Parts = Parts::REPLICAS;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        match EventClass::of(&shown.record.event) {
            EventClass::Start | EventClass::Effect | EventClass::Death | EventClass::World => {
                self.state.see(shown.record, shown.common.replicas());
            }
            EventClass::Input | EventClass::Answer | EventClass::Pause | EventClass::Unpause => {}
        }
        Ok(())
    }

    fn is_settled(&self) -> bool {
        let mut different = self.state.tally.different();
        different.len() <= 1 && different.all(|(.., waits)| !waits)
    }

    fn conclude(&mut self, end: &End<'_>) -> Verdict {
        let (state, model) = (&*self.state, end.common.replicas());
        let Some(when) = state.tally.quiescence.before(end.time) else {
            return Verdict::Vacuous { why: "the run never quiesces, so no conflict has to be settled".to_owned() };
        };
        let found = state.differs(model).or_else(|| state.waits(model)).or_else(|| state.is_open(model));
        let found = found.or_else(|| state.rules_differ(model));
        if let Some((what, witnesses)) = found {
            return Verdict::Violated(Violation { time: end.time, sentence: format!("{when} {what}"), witnesses });
        }
        let by_rule = if state.polls { 0 } else { state.resolved };
        Verdict::of(state.known.len() as u64 + by_rule, "no conflict was settled")
    }
}

#[cfg(test)]
mod tests {
    use super::super::NoRegression;
    use super::super::stories::*;
    use super::*;
    use crate::check::history::*;

    const NODES: [&str; 3] = ["n1", "n2", "n3"];

    /// Three replicas that hold two versions of a key.
    fn conflict() -> History {
        let mut history = replicas(&NODES);
        for node in NODES {
            history.on(node, put("k", "n1.1", "")).on(node, put("k", "n2.1", ""));
        }
        history
    }

    /// What n1 has settled, and these replicas have accepted.
    fn settled_at(nodes: &[&str]) -> History {
        let mut history = conflict();
        nodes.iter().for_each(|node| _ = history.on(node, first()));
        history
    }

    /// n1's resolution, which chooses n2's version.
    fn first() -> Event<'static> {
        resolved("k", "n1.2", 5, "n2.1", "")
    }

    /// n3's resolution, which chooses n1's version.
    fn second() -> Event<'static> {
        resolved("k", "n3.1", 6, "n1.1", "")
    }

    /// What is synced now is durable.
    fn synced(history: &mut History, node: &str) {
        history.on(node, Event::Sync);
        let sync = history.records.last().expect("the sync").id.number;
        history.on(node, Event::Synced { sync });
    }

    /// The sentence and witnesses if the run quiesces now.
    fn broken(history: &History) -> (String, String) {
        let mut history = history.clone();
        history.on("env", Event::Calm);
        assert!(!settled(&history, ResolutionUniqueness::default()), "it waits");
        let (sentence, witnesses) = history.broken_by(ResolutionUniqueness::default());
        let what = sentence.strip_prefix("0.000ms after quiescence ").expect("it says when");
        (what.to_owned(), witnesses)
    }

    #[track_caller]
    fn assert_differs(history: &History, who: &str, witnesses: &str) {
        let sentence = format!("replicas hold different resolutions of `k`: {who}");
        assert_eq!(broken(history), (sentence, witnesses.to_owned()));
    }

    #[track_caller]
    fn assert_agree(history: &History, exercised: u64) {
        let mut history = history.clone();
        history.on("env", Event::Calm);
        assert!(settled(&history, ResolutionUniqueness::default()), "it waits for nothing");
        assert_holds(&history, ResolutionUniqueness::default(), exercised);
    }

    /// The same beside n2, which holds the resolution and what it chooses.
    fn beside(history: &History) -> History {
        let mut history = history.clone();
        history.on("n2", start(1)).on("n2", began("", 0)).on("n2", put("k", "n2.1", "")).on("n2", first());
        history
    }

    #[test]
    fn all_hold_the_same_resolution_or_all_none() {
        assert_agree(&settled_at(&NODES), 1);
        let who = "n3 holds none; n1, n2 hold n1.2, which chooses n2.1";
        assert_differs(&settled_at(&["n1", "n2"]), who, "n1#5");
        let mut dropped = settled_at(&["n1", "n2"]);
        dropped.on("n1", removed("k", "n1.2")).on("n2", removed("k", "n1.2"));
        assert_agree(&dropped, 1);
    }

    #[test]
    fn a_difference_shows_a_key_who_holds_what_and_the_entries() {
        let mut history = settled_at(&["n1", "n2"]);
        history.at(5).on("env", Event::Calm).at(12).on("n3", resolved("k", "n3.1", 5, "n1.1", ""));
        let sentence = "7.000ms after quiescence replicas hold different resolutions of `k`: n1, n2 hold n1.2, which \
                        chooses n2.1; n3 holds n3.1, which chooses n1.1";
        assert_broken(&history, ResolutionUniqueness::default(), sentence, "n1#5 n3#5");
    }

    #[test]
    fn the_greater_rank_wins_in_whatever_order_they_come() {
        let mut history = conflict();
        history.on("n1", first()).on("n1", second()).on("n2", second()).on("n2", first());
        let mut right = history.clone();
        right.on("n3", second());
        assert_agree(&right, 2);
        history.on("n3", first());
        let who = "n3 holds n1.2, which chooses n2.1; n1, n2 hold n3.1, which chooses n1.1";
        assert_differs(&history, who, "n3#5 n1#6");
    }

    #[test]
    fn of_equal_stamps_the_greater_dot_wins() {
        let mut history = conflict();
        let other = || resolved("k", "n3.1", 5, "n1.1", "");
        history.on("n1", first()).on("n1", other()).on("n2", other()).on("n2", first()).on("n3", other());
        assert_agree(&history, 2);
    }

    #[test]
    fn what_is_replaced_goes_whatever_its_rank_and_is_covered() {
        let mut history = settled_at(&["n1", "n2"]);
        NODES.iter().for_each(|node| _ = history.on(node, resolved("k", "n3.1", 4, "n1.1", "n1.2")));
        assert_agree(&history, 2);
        history.on("n3", first());
        let sentence = "n3 accepted n1.2 of `k`, which it covered already";
        assert_broken(&history, NoRegression::default(), sentence, "n1#5 n3#6");
    }

    #[test]
    fn keys_are_settled_each_for_itself() {
        let mut history = settled_at(&NODES);
        NODES.iter().for_each(|node| _ = history.on(node, put("j", "n2.2", "")));
        history.on("n1", resolved("j", "n1.3", 9, "n2.2", "")).on("n2", resolved("j", "n1.3", 9, "n2.2", ""));
        let sentence =
            "replicas hold different resolutions of `j`: n3 holds none; n1, n2 hold n1.3, which chooses n2.2";
        assert_eq!(broken(&history), (sentence.to_owned(), "n1#7".to_owned()));
    }

    #[test]
    fn a_resolution_waits_for_the_version_that_it_chooses() {
        let mut history = replicas(&NODES);
        NODES.iter().for_each(|node| _ = history.on(node, first()));
        let mut lost = history.clone();
        lost.on("env", Event::Calm);
        assert_holds(&lost, ResolutionUniqueness::default(), 1);
        history.on("n2", put("k", "n2.1", ""));
        let sentence = "n1 holds the resolution n1.2 of `k`, and not n2.1, which it chooses";
        assert_eq!(broken(&history), (sentence.to_owned(), "n1#3".to_owned()));
        ["n1", "n3"].iter().for_each(|node| _ = history.on(node, put("k", "n2.1", "")));
        assert_agree(&history, 1);
    }

    #[test]
    fn a_later_write_that_names_the_chosen_version_voids_the_resolution() {
        let mut history = settled_at(&NODES);
        let mut other = history.clone();
        let write = || put("k", "n1.3", "n1.1 n2.1");
        history.on("n1", write()).on("n2", write());
        assert_differs(&history, "n1, n2 hold none; n3 holds n1.2, which chooses n2.1", "n3#5");
        history.on("n3", write());
        assert_agree(&history, 1);
        NODES.iter().for_each(|node| _ = other.on(node, put("k", "n1.3", "n1.1")));
        other.on("n3", put("k", "n3.1", "n2.1"));
        assert_differs(&other, "n3 holds none; n1, n2 hold n1.2, which chooses n2.1", "n1#5");
    }

    #[test]
    fn a_context_may_name_the_chosen_version_before_it_comes() {
        let mut history = settled_at(&["n1", "n2"]);
        let mut late = replicas(&["n1"]);
        late.on("n1", first()).on("n1", put("k", "n1.3", "n2.1"));
        assert_agree(&late, 1);
        history.on("n3", put("k", "n1.3", "n2.1")).on("n3", first());
        assert_differs(&history, "n3 holds none; n1, n2 hold n1.2, which chooses n2.1", "n1#5");
    }

    #[test]
    fn a_join_that_covers_the_chosen_version_voids_the_resolution() {
        let mut history = replicas(&["n1"]);
        history.on("n1", first()).on("n1", joined("n1.1"));
        let mut without = history.clone();
        let sentence = "n1 holds the resolution n1.2 of `k`, and not n2.1, which it chooses";
        assert_eq!(broken(&beside(&history)), (sentence.to_owned(), "n1#3".to_owned()));
        history.on("n1", joined("n2.1"));
        assert_agree(&history, 1);
        without.on("n1", put("k", "n2.1", "")).on("n1", joined("n2.1 n3.1"));
        without.on("n2", start(1)).on("n2", began("", 0));
        assert_differs(&without, "n2 holds none; n1 holds n1.2, which chooses n2.1", "n1#3");
    }

    #[test]
    fn one_that_is_void_when_it_comes_is_dropped_and_so_is_what_it_replaced() {
        let mut history = settled_at(&NODES);
        history.on("n3", joined("n2.9")).on("n3", resolved("k", "n2.2", 7, "n2.9", "n1.2"));
        assert_differs(&history, "n3 holds none; n1, n2 hold n1.2, which chooses n2.1", "n1#5");
    }

    #[test]
    fn a_drop_takes_the_resolution_or_voids_it() {
        for names in ["n1.2", "n2.1", "n2.1 n1.2"] {
            let mut history = settled_at(&NODES);
            history.on("n3", removed("k", names));
            assert_differs(&history, "n3 holds none; n1, n2 hold n1.2, which chooses n2.1", "n1#5");
        }
        let mut history = settled_at(&NODES);
        history.on("n3", removed("k", "n1.1"));
        assert_agree(&history, 1);
    }

    #[test]
    fn what_was_there_from_the_beginning_can_be_chosen() {
        let mut history = History::default();
        for node in ["n1", "n2"] {
            history.on(node, start(1)).on(node, preloaded("g/k", 2)).on(node, began("n1/0.1 n1/0.2", 2));
            history.on(node, resolved("g/k2", "n1.1", 5, "n1/0.2", ""));
        }
        assert_agree(&history, 1);
        history.on("n2", delete("g/k2", "n2.1", "n1/0.2"));
        let sentence =
            "replicas hold different resolutions of `g/k2`: n2 holds none; n1 holds n1.1, which chooses n1/0.2";
        assert_eq!(broken(&history), (sentence.to_owned(), "n1#4".to_owned()));
    }

    #[test]
    fn what_is_not_polled_is_resolved_by_the_same_rule_everywhere() {
        let mut history = settled_at(&NODES);
        for node in NODES {
            history.on(node, ruled("j", "n1.1 n2.1", None));
        }
        assert_agree(&history, 4);
        let mut other = history.clone();
        other.on("n3", ruled("j", "n1.1 n2.1", Some("n2.1")));
        let sentence = "replicas resolve the conflict of `j` differently: n1 shows the merge of n1.1, n2.1; \
                        n3 shows n2.1 of n1.1, n2.1";
        let (told, witnesses) = broken(&other);
        assert_eq!(told, sentence);
        let facts: Vec<&str> = witnesses.split(' ').collect();
        assert!(facts.len() == 2 && facts[0].starts_with("n1#") && facts[1].starts_with("n3#"), "{witnesses}");
        history.on("n3", closed("j"));
        assert!(broken(&history).0.ends_with("n3 knows of none"));
        history.on("n1", closed("j")).on("n2", closed("j"));
        assert_agree(&history, 4);
        history.on("n2", opened("j", "n1.1 n2.1")).on("n2", ruled("j", "n1.1 n2.1", None));
        history.on("n2", killed()).on("n2", start(2)).on("n2", began("", 0));
        assert!(
            broken(&history).0.starts_with("replicas hold different resolutions"),
            "what was told is to be told again"
        );
    }

    #[test]
    fn a_crash_takes_back_what_was_not_synced() {
        let mut history = settled_at(&["n1", "n2"]);
        history.on("n2", killed()).on("n2", start(2)).on("n2", began("", 0)).on("n3", killed());
        assert_differs(&history, "n2 holds none; n1 holds n1.2, which chooses n2.1", "n1#5");
        let mut replaced = settled_at(&NODES);
        synced(&mut replaced, "n3");
        replaced.on("n3", second()).on("n3", put("k", "n3.2", "n1.1 n2.1")).on("n3", killed());
        replaced.on("n3", start_from(2, 3, 0)).on("n3", began("n1.1 n1.2 n2.1", 2));
        assert_agree(&replaced, 2);
    }

    #[test]
    fn a_crash_brings_back_what_was_dropped_or_void_or_waited() {
        for (entry, known) in
            [(removed("k", "n1.2"), 1), (removed("k", "n2.1"), 1), (resolved("k", "n3.1", 4, "n3.9", "n1.2"), 2)]
        {
            let mut history = settled_at(&NODES);
            synced(&mut history, "n3");
            history.on("n3", entry).on("n3", killed()).on("n3", start_from(2, 3, 0));
            history.on("n3", began("n1.1 n1.2 n2.1", 2));
            assert_agree(&history, known);
        }
        for entry in [put("k", "n2.1", ""), joined("n2.1")] {
            let mut history = replicas(&["n1"]);
            history.on("n1", first());
            synced(&mut history, "n1");
            history.on("n1", entry).on("n1", killed()).on("n1", start_from(2, 1, 0)).on("n1", began("n1.2", 0));
            let sentence = "n1 holds the resolution n1.2 of `k`, and not n2.1, which it chooses";
            assert_eq!(broken(&beside(&history)), (sentence.to_owned(), "n1#3".to_owned()));
        }
    }

    #[test]
    fn a_wiped_disk_holds_none() {
        let mut history = settled_at(&NODES);
        synced(&mut history, "n3");
        history.on("n3", killed()).on("n3", start(2)).on("n3", began("", 0));
        assert_differs(&history, "n3 holds none; n1, n2 hold n1.2, which chooses n2.1", "n1#5");
        history.on("n3", put("k", "n2.1", "")).on("n3", first());
        assert_agree(&history, 1);
    }

    #[test]
    fn a_conflict_is_open_until_its_node_says_that_it_is_not() {
        let mut history = settled_at(&NODES);
        history.on("n2", opened("k", "n1.1 n2.1"));
        let sentence = "the conflict of `k` between n1.1, n2.1 is open at n2";
        assert_eq!(broken(&history), (sentence.to_owned(), "n2#6".to_owned()));
        history.on("n2", opened("k", "n1.1 n2.1 n3.1")).on("n2", closed("j")).on("n3", closed("k"));
        let sentence = "the conflict of `k` between n1.1, n2.1, n3.1 is open at n2";
        assert_eq!(broken(&history), (sentence.to_owned(), "n2#7".to_owned()));
        history.on("n2", closed("k"));
        assert_agree(&history, 1);
    }

    #[test]
    fn a_start_ends_what_was_open_and_the_node_tells_of_it_again() {
        let mut history = settled_at(&NODES);
        history.on("n3", opened("k", "n1.1 n2.1"));
        synced(&mut history, "n3");
        history.on("n3", killed()).on("n3", start_from(2, 3, 0)).on("n3", began("n1.1 n1.2 n2.1", 2));
        assert_agree(&history, 1);
        history.on("n3", opened("k", "n1.1 n2.1"));
        let sentence = "the conflict of `k` between n1.1, n2.1 is open at n3";
        assert_eq!(broken(&history), (sentence.to_owned(), "n3#12".to_owned()));
    }

    #[test]
    fn only_live_nodes_of_the_core_are_judged() {
        let mut history = settled_at(&["n1", "n2"]);
        history.on("n3", opened("k", "n1.1 n2.1"));
        let mut dead = history.clone();
        dead.on("n3", killed());
        assert_agree(&dead, 1);
        history.on("env", core(&["n1", "n2"]));
        assert_agree(&history, 1);
        history.on("n2", opened("k", "n1.1 n2.1"));
        let sentence = "the conflict of `k` between n1.1, n2.1 is open at n2";
        assert_eq!(broken(&history), (sentence.to_owned(), "n2#6".to_owned()));
    }

    #[test]
    fn it_waits_until_all_is_settled() {
        let mut history = settled_at(&["n1", "n2"]);
        let mut steps = vec![closed("k"), first(), opened("k", "n1.1 n2.1")];
        history.on("env", Event::Calm);
        while let Some(step) = steps.pop() {
            assert!(!settled(&history, ResolutionUniqueness::default()));
            history.on("n3", step);
        }
        assert!(settled(&history, ResolutionUniqueness::default()));
    }

    #[test]
    fn a_resolution_that_is_settled_counts_once() {
        let mut history = settled_at(&NODES);
        history.on("n1", settled_by("k", "n1.2", 5, "n2.1"));
        assert_agree(&history, 1);
        history.on("n1", settled_by("k", "n1.3", 5, "n2.1"));
        assert_agree(&history, 2);
    }

    #[test]
    fn without_quiescence_or_a_resolution_nothing_is_owed() {
        let why = "the run never quiesces, so no conflict has to be settled";
        assert_vacuous(&settled_at(&["n1"]), ResolutionUniqueness::default(), why);
        let mut history = conflict();
        history.on("n1", opened("k", "n1.1 n2.1")).on("n1", closed("k")).on("env", Event::Calm);
        assert_vacuous(&history, ResolutionUniqueness::default(), "no conflict was settled");
    }
}
