//! `no-lost-update`: an acknowledged put is held everywhere, or overwritten by a write that knew it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use super::model::{Replicas, Version};
use super::preload;
use super::quiescence::{Quiescence, Spread, list};
use super::replica::Replica;
use crate::check::{Checker, End, Invariant, Parts, RunOnly, Shown};
use crate::clocks::{Dot, Dots};
use crate::identity::{EventId, NodeId};
use crate::trace::{Kinds, Verdict, Violation};

/// Checks that after quiescence every replica covers every put that a node acknowledged whose disk was never wiped or
/// damaged; and that it holds that version, unless a version written in this trace truly names it. Exercised by such
/// puts.
///
/// If quiescence heals a core only, its nodes are judged; a put that only others acknowledged counts if one of them
/// covers it. What replicas had before their first start counts like such a put, if a judged one had it whose disk lasted.
/// A version that was never durable anywhere, and that no replica has accepted at the end, names nothing.
#[derive(Clone, Debug, Default, Hash)]
pub struct NoLostUpdate {
    spread: RunOnly<Spread>,
    /// Whether a put is lacking though all cover what they owe to cover: then the run goes on to the bound.
    lacks: RunOnly<bool>,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant = Invariant::liveness(
    "no-lost-update",
    "after quiescence, every acknowledged put is held everywhere, or a write that knew it replaced it",
);

/// A put that a replica lacks.
struct Lost<'m> {
    dot: Dot,
    /// None if replicas had it before their first start.
    version: Option<&'m Version>,
    key: Cow<'m, str>,
    at: NodeId,
    is_covered: bool,
}

impl Lost<'_> {
    fn witness(&self) -> Option<EventId> {
        self.version.map(|version| version.written.map_or(*version.wrote, |(event, _)| *event))
    }
}

impl fmt::Display for Lost<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { dot, version, key, at, is_covered } = self;
        let verb = if *is_covered { "covers and does not hold" } else { "does not cover" };
        write!(f, "{at} {verb} {dot} of `{key}`, ")?;
        match version.map(|version| version.written) {
            None => f.write_str("a put from before the run")?,
            Some(None) => f.write_str("the put")?,
            Some(Some((_, op))) => write!(f, "the put of {op}")?,
        }
        if *is_covered { f.write_str(", which no version names") } else { Ok(()) }
    }
}

/// By key, what versions name that were ever durable anywhere, or are accepted somewhere.
fn named(model: &Replicas) -> BTreeMap<&str, Dots> {
    let mut known = Dots::new();
    for (_, replica) in model.known() {
        known.merge(replica.ever());
        known.merge(replica.applied());
    }
    let mut named: BTreeMap<&str, Dots> = BTreeMap::new();
    for (_, version) in model.versions().iter().filter(|(dot, _)| known.contains(**dot)) {
        named.entry(&version.key).or_default().merge(&version.context);
    }
    named
}

/// How many versions of the preload every judged replica owes to hold: those that a judged one had whose disk was never
/// wiped or damaged.
fn owed_of_preload(quiescence: &Quiescence, model: &Replicas) -> u64 {
    let lasting = quiescence.judged(model).filter(|(_, replica)| !*replica.spoilt);
    lasting.map(|(_, replica)| replica.preloaded()).max().unwrap_or_default()
}

/// The first version of the preload that a replica owes and lacks.
fn lost_of_preload<'m>(
    model: &'m Replicas,
    (at, replica): (NodeId, &'m Replica),
    owed: u64,
    named: &BTreeMap<&str, Dots>,
) -> Option<Lost<'m>> {
    let preload = model.preload()?;
    let lost = |dot: Dot, is_covered| Lost { dot, version: None, key: preload.key(dot.number).into(), at, is_covered };
    if let Some(first) = preload::first(owed).without(replica.covered()).iter().next() {
        return Some(lost(first, false));
    }
    // A key that no entry named is held as it was before the first start, if the replica had it then.
    let touched = replica.keys().keys().filter_map(|key| preload.of(key)).filter(|dot| dot.number <= owed);
    let lacked = preload::first(owed).without(&preload::first(replica.preloaded()));
    let is_gone = |dot: &Dot| {
        let key = preload.key(dot.number);
        let is_replaced = named.get(&*key).is_some_and(|named| named.contains(*dot));
        !is_replaced && !replica.held_of(&key, Some(preload)).contains_key(dot)
    };
    touched.chain(lacked.iter()).find(is_gone).map(|dot| lost(dot, true))
}

impl NoLostUpdate {
    /// The puts that replicas lack, and the number of puts.
    fn judge<'m>(&'m self, model: &'m Replicas) -> (Vec<Lost<'m>>, u64) {
        let quiescence = &self.spread.quiescence;
        let mut puts = quiescence.owed(model);
        puts.retain(|_, version| !version.is_tombstone());
        let named = named(model);
        let mut lost = Vec::new();
        let of_preload = owed_of_preload(quiescence, model);
        for (at, replica) in quiescence.judged(model) {
            lost.extend(lost_of_preload(model, (at, replica), of_preload, &named));
            for (dot, version) in &puts {
                let (dot, is_covered) = (*dot, replica.covered().contains(*dot));
                let is_replaced = || named.get(&*version.key).is_some_and(|named| named.contains(dot));
                let is_held = || replica.held_of(&version.key, model.preload()).contains_key(&dot);
                if !is_covered || !(is_replaced() || is_held()) {
                    lost.push(Lost { dot, version: Some(version), key: (&*version.key).into(), at, is_covered });
                }
            }
        }
        (lost, puts.len() as u64)
    }
}

impl<F> Checker<F> for NoLostUpdate {
    const WANTS: Kinds = Spread::WANTS;
    const READS: Parts = Parts::REPLICAS;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let model = shown.common.replicas();
        self.spread.see(shown.record, model);
        if self.spread.quiescence.is_reached() {
            *self.lacks = self.spread.is_done() && !self.judge(model).0.is_empty();
        }
        Ok(())
    }

    fn is_settled(&self) -> bool {
        self.spread.is_done() && !*self.lacks
    }

    fn conclude(&mut self, end: &End<'_>) -> Verdict {
        let Some(when) = self.spread.quiescence.before(end.time) else {
            return Verdict::Vacuous { why: "the run never quiesces, so no replica has to hold anything".to_owned() };
        };
        let (lost, puts) = self.judge(end.common.replicas());
        let Some(first) = lost.first() else {
            return Verdict::of(puts, "no put was acknowledged by a node whose disk lasted");
        };
        let sentence = format!("{when} {}", list(&lost));
        Verdict::Violated(Violation { time: end.time, sentence, witnesses: first.witness().into_iter().collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::super::stories::*;
    use super::*;
    use crate::check::history::*;
    use crate::trace::Event;

    /// A put at n1 that is durable and acknowledged.
    fn acknowledged() -> History {
        let mut history = replicas(&["n1", "n2"]);
        history.on("n1", put("k", "n1.1", "")).on("n1", Event::Sync).on("n1", Event::Synced { sync: 4 });
        history.on("n1", put_over("c1#1", "k", "n1.1", ""));
        history
    }

    fn calm(mut history: History) -> History {
        history.on("env", Event::Calm);
        history
    }

    #[test]
    fn it_is_held_everywhere_or_overwritten_by_what_knew_it() {
        let mut history = acknowledged();
        history.on("n2", put("k", "n1.1", ""));
        assert_holds(&calm(history.clone()), NoLostUpdate::default(), 1);
        history.on("n2", put("k", "n2.1", "n1.1")).on("n2", Event::Sync).on("n2", Event::Synced { sync: 5 });
        history.on("n2", put_over("c2#1", "k", "n2.1", "n1.1")).on("n1", put("k", "n2.1", "n1.1"));
        assert_holds(&calm(history), NoLostUpdate::default(), 2);
    }

    #[test]
    fn one_that_has_not_arrived_is_missing() {
        let sentence = "0.000ms after quiescence n2 does not cover n1.1 of `k`, the put of c1#1";
        assert_broken(&calm(acknowledged()), NoLostUpdate::default(), sentence, "n1#6");
        assert!(!settled(&calm(acknowledged()), NoLostUpdate::default()));
    }

    #[test]
    fn a_stored_context_is_no_reason_if_its_client_had_not_read_that() {
        let mut history = acknowledged();
        history.on("n2", put("k", "n1.1", "")).on("n2", put("k", "n2.1", "n1.1"));
        history.on("n2", Event::Sync).on("n2", Event::Synced { sync: 5 }).on("n2", put_over("c2#1", "k", "n2.1", ""));
        history.on("n1", put("k", "n2.1", "n1.1"));
        let sentence = "0.000ms after quiescence n1 covers and does not hold n1.1 of `k`, the put of c1#1, which no \
                        version names, n2 covers and does not hold n1.1 of `k`, the put of c1#1, which no version names";
        assert_broken(&calm(history), NoLostUpdate::default(), sentence, "n1#6");
    }

    #[test]
    fn what_the_replica_held_is_named_with_all_that_it_names() {
        let mut history = acknowledged();
        history.on("n2", put("k", "n1.1", "")).on("n2", delete("k", "n2.1", "n1.1"));
        history.on("n2", Event::Sync).on("n2", Event::Synced { sync: 5 }).on("n2", deleted("c2#1", "k", "n2.1"));
        history.on("n1", delete("k", "n2.1", "")).on("n1", removed("k", "n1.1"));
        assert_holds(&calm(history), NoLostUpdate::default(), 1);
    }

    #[test]
    fn a_version_that_was_lost_in_a_crash_is_no_reason() {
        let mut history = acknowledged();
        history.on("n2", put("k", "n1.1", "")).on("n2", Event::Sync).on("n2", Event::Synced { sync: 4 });
        history.on("n2", delete("k", "n2.1", "n1.1")).on("n2", killed()).on("n2", start_from(2, 1, 0));
        history.on("n2", began("n1.1", 1)).on("n2", removed("k", "n1.1"));
        let sentence = "0.000ms after quiescence n2 covers and does not hold n1.1 of `k`, the put of c1#1, which no \
                        version names";
        assert_broken(&calm(history), NoLostUpdate::default(), sentence, "n1#6");
    }

    #[test]
    fn a_wiped_node_and_one_outside_the_core_owe_nothing() {
        let mut wiped = acknowledged();
        wiped.on("n1", killed()).on("n1", start(2)).on("n1", began("", 0));
        let why = "no put was acknowledged by a node whose disk lasted";
        assert_vacuous(&calm(wiped), NoLostUpdate::default(), why);
        let mut outside = acknowledged();
        outside.on("env", core(&["n2"]));
        assert_vacuous(&calm(outside.clone()), NoLostUpdate::default(), why);
        outside.on("n2", put("k", "n1.1", "")).on("n2", removed("k", "n1.1"));
        let sentence = "0.000ms after quiescence n2 covers and does not hold n1.1 of `k`, the put of c1#1, which no \
                        version names";
        assert_broken(&calm(outside), NoLostUpdate::default(), sentence, "n1#6");
    }

    /// Two replicas that began with three keys and with two of them, and an acknowledged put that both have.
    fn begun() -> History {
        let mut history = History::default();
        history.on("n1", start_from(1, 2, 0)).on("n1", preloaded("g/k", 3)).on("n1", began("n1/0.1 n1/0.2 n1/0.3", 3));
        history.on("n2", start_from(1, 1, 0)).on("n2", preloaded("g/k", 2)).on("n2", began("n1/0.1 n1/0.2", 2));
        history.on("n1", put("g/k2", "n1.1", "n1/0.2")).on("n1", Event::Sync).on("n1", Event::Synced { sync: 5 });
        history.on("n1", put_over("c1#1", "g/k2", "n1.1", "n1/0.2")).on("n2", put("g/k2", "n1.1", "n1/0.2"));
        history
    }

    #[test]
    fn what_replicas_began_with_is_held_everywhere_or_overwritten_by_what_knew_it() {
        let end = |text: &str| format!("0.000ms after quiescence n2 {text}");
        let sentence = end("does not cover n1/0.3 of `g/k3`, a put from before the run");
        assert_broken(&calm(begun()), NoLostUpdate::default(), &sentence, "");
        assert!(!settled(&calm(begun()), NoLostUpdate::default()));
        let mut joined_only = begun();
        joined_only.on("n2", joined("n1/0.3"));
        let sentence =
            end("covers and does not hold n1/0.3 of `g/k3`, a put from before the run, which no version names");
        assert_broken(&calm(joined_only), NoLostUpdate::default(), &sentence, "");
        let mut history = begun();
        history.on("n2", put("g/k3", "n1/0.3", ""));
        assert_holds(&calm(history.clone()), NoLostUpdate::default(), 1);
        history.on("n2", removed("g/k1", "n1/0.1"));
        let sentence =
            end("covers and does not hold n1/0.1 of `g/k1`, a put from before the run, which no version names");
        assert_broken(&calm(history), NoLostUpdate::default(), &sentence, "");
    }

    #[test]
    fn a_wiped_replica_owes_again_what_it_began_with() {
        let mut wiped = begun();
        wiped.on("n2", killed()).on("n2", start(2)).on("n2", began("", 0)).on("n2", put("g/k2", "n1.1", "n1/0.2"));
        wiped.on("n2", put("g/k3", "n1/0.3", ""));
        let sentence = "0.000ms after quiescence n2 does not cover n1/0.1 of `g/k1`, a put from before the run";
        assert_broken(&calm(wiped.clone()), NoLostUpdate::default(), sentence, "");
        wiped.on("n2", put("g/k1", "n1/0.1", ""));
        assert_holds(&calm(wiped), NoLostUpdate::default(), 1);
    }

    #[test]
    fn without_quiescence_nothing_is_owed() {
        let why = "the run never quiesces, so no replica has to hold anything";
        assert_vacuous(&acknowledged(), NoLostUpdate::default(), why);
    }
}
