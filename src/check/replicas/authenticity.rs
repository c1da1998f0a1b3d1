//! `authenticity`: a replica accepts only what its origin wrote.

use std::collections::BTreeSet;

use super::model::{Content, Replicas};
use crate::check::{Checker, End, Exercised, Exploring, Invariant, Parts, RunOnly, Shown, broken};
use crate::clocks::Dot;
use crate::identity::{Actor, EventId, NodeId};
use crate::observation::{ConsensusSeen, Observation, ProposalId, ReplicaSeen, Slot, ValueId};
use crate::trace::{Kinds, Record, Verdict, Violation};

/// Checks that every version that a replica accepts from another one, or from its own earlier incarnation, is what its
/// origin wrote under that dot, key and value, or was preloaded; that every resolution is what its arbiter wrote under that
/// dot; and that a decision which a node takes from gossip was known somewhere before. Exercised by such decisions; and by all
/// else, if a signature did not fit somewhere in the run: only then could a replica have accepted a forged one.
#[derive(Clone, Debug, Default, Hash)]
pub struct Authenticity {
    forged: Exercised,
    accepted: Exercised,
    blessed: Exercised,
    /// The decisions that became known by the messages of consensus.
    committed: RunOnly<BTreeSet<(Slot, ValueId)>>,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant = Invariant::safety(
    "authenticity",
    "every version, resolution and decision that a node accepts was made so by its origin",
);

impl Authenticity {
    fn accept(
        &mut self,
        record: &Record<'_>,
        model: &Replicas,
        node: NodeId,
        (key, dot, value): (&str, Dot, Option<ValueId>),
    ) -> Result<(), Violation> {
        let origin = dot.source.incarnation;
        if model.replica(node).is_some_and(|replica| replica.writes(node, dot)) {
            return Ok(());
        }
        let Some((written, of, wrote)) = written(model, key, dot) else {
            let sentence = format!("{node} accepted {dot} of `{key}`, which {origin} had not written");
            return Err(broken(record, sentence, &[record.id]));
        };
        if (written, of) == (value, key) {
            self.accepted += true;
            return Ok(());
        }
        let digest = |value: Option<ValueId>| value.map_or_else(|| "a tombstone".to_owned(), |value| value.to_string());
        let sentence = format!(
            "{node} accepted {dot} as {} of `{key}`, and {origin} wrote it as {} of `{of}`",
            digest(value),
            digest(written),
        );
        let witnesses: Vec<EventId> = wrote.into_iter().chain([record.id]).collect();
        Err(broken(record, sentence, &witnesses))
    }

    fn resolve(
        &mut self,
        record: &Record<'_>,
        model: &Replicas,
        node: NodeId,
        (dot, content): (Dot, Content),
    ) -> Result<(), Violation> {
        if model.replica(node).is_some_and(|replica| replica.writes(node, dot)) {
            return Ok(());
        }
        let arbiter = dot.source.incarnation;
        let Some(resolution) = model.resolution(dot).filter(|resolution| resolution.is_genuine) else {
            let sentence = format!("{node} accepted {dot} as {content}, and {arbiter} had not written it");
            return Err(broken(record, sentence, &[record.id]));
        };
        if resolution.content == content {
            self.accepted += true;
            return Ok(());
        }
        let wrote = &resolution.content;
        let sentence = format!("{node} accepted {dot} as {content}, and {arbiter} wrote it as {wrote}");
        Err(broken(record, sentence, &[*resolution.wrote, record.id]))
    }

    fn bless(&mut self, record: &Record<'_>, node: NodeId, bid: ProposalId) -> Result<(), Violation> {
        let ProposalId { slot, value, .. } = bid;
        if self.committed.contains(&(slot, value)) {
            self.blessed += true;
            return Ok(());
        }
        let sentence = format!("{node} took {value} in slot {slot} for blessed, which no node knew to be decided");
        Err(broken(record, sentence, &[record.id]))
    }
}

/// What the origin of a version wrote, of which key, and where that stands. What replicas began with stands nowhere.
fn written<'m>(model: &'m Replicas, key: &'m str, dot: Dot) -> Option<(Option<ValueId>, &'m str, Option<EventId>)> {
    if let Some(preload) = model.preload().filter(|preload| preload.of(key) == Some(dot)) {
        return Some((Some(preload.value()), key, None));
    }
    let version = model.version(dot).filter(|version| version.is_genuine)?;
    Some((version.value, &version.key, Some(*version.wrote)))
}

impl<F> Checker<F> for Authenticity {
    const WANTS: Kinds = Kinds::REPLICA_WROTE_VERSION
        .with(Kinds::REPLICA_WROTE_RESOLUTION)
        .with(Kinds::REPLICA_REFUSED)
        .with(Kinds::CONSENSUS_COMMITTED)
        .with(Kinds::CONSENSUS_BLESSED)
        .with(Kinds::FORGED);
    const READS: Parts = Parts::REPLICAS;
    const EXPLORED: Exploring = Exploring::Always;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let (record, model) = (shown.record, shown.common.replicas());
        let Actor::Node(node) = record.id.actor else { return Ok(()) };
        for seen in record.event.said().map_or(&[][..], |said| &said.observations[..]) {
            if let Observation::Replica(ReplicaSeen::WroteVersion { key, dot, value, .. }) = seen {
                self.accept(record, model, node, (key, *dot, *value))?;
            } else if let Observation::Consensus(ConsensusSeen::Committed { bid }) = seen {
                self.committed.insert((bid.slot, bid.value));
            } else if let Observation::Consensus(ConsensusSeen::Blessed { bid }) = seen {
                self.bless(record, node, *bid)?;
            } else if let Observation::Replica(seen) = seen
                && let Some(resolution) = Content::of(seen)
            {
                self.resolve(record, model, node, resolution)?;
            }
            self.forged +=
                matches!(seen, Observation::Forged | Observation::Replica(ReplicaSeen::Refused { forged: true, .. }));
        }
        Ok(())
    }

    fn conclude(&mut self, _end: &End<'_>) -> Verdict {
        if self.forged.0 + self.blessed.0 == 0 {
            return Verdict::Vacuous { why: "every signature was genuine".to_owned() };
        }
        let accepted = if self.forged.0 > 0 { self.accepted.0 } else { 0 };
        Verdict::of(accepted + self.blessed.0, "no replica accepted a version of another one")
    }
}

#[cfg(test)]
mod tests {
    use super::super::stories::*;
    use super::*;
    use crate::check::history::*;
    use crate::observation::Ballot;

    /// n1 wrote a version, and some signature did not fit.
    fn written_at_one() -> History {
        let mut history = replicas(&["n1", "n2"]);
        history.on("n1", put("k", "n1.1", "")).on("n2", fact(vec![Observation::Forged]));
        history
    }

    #[test]
    fn what_its_origin_wrote_is_accepted() {
        let mut history = written_at_one();
        history.on("n2", put("k", "n1.1", "")).on("n1", killed()).on("n1", start(2)).on("n1", put("k", "n1.1", ""));
        assert_holds(&history, Authenticity::default(), 2);
    }

    #[test]
    fn another_value_key_or_delete_is_forged() {
        let value = ValueId(1);
        for (forged, what) in [
            (version("k", "n1.1", "", Some(2)), format!("{} of `k`", ValueId(2))),
            (version("j", "n1.1", "", Some(1)), format!("{value} of `j`")),
            (delete("k", "n1.1", ""), "a tombstone of `k`".to_owned()),
        ] {
            let mut history = written_at_one();
            history.on("n2", forged);
            let sentence = format!("n2 accepted n1.1 as {what}, and n1 wrote it as {value} of `k`");
            assert_broken(&history, Authenticity::default(), &sentence, "n1#3 n2#4");
        }
    }

    #[test]
    fn a_decision_is_blessed_once_a_node_knows_it() {
        let bid = |slot| ProposalId { slot: Slot(slot), ballot: Ballot::default(), value: ValueId(7) };
        let seen = |seen| fact(vec![Observation::Consensus(seen)]);
        let mut history = written_at_one();
        history.on("n1", seen(ConsensusSeen::Committed { bid: bid(1) }));
        history.on("n2", seen(ConsensusSeen::Blessed { bid: bid(1) }));
        assert_holds(&history, Authenticity::default(), 1);
        history.on("n2", seen(ConsensusSeen::Blessed { bid: bid(2) }));
        let sentence = format!("n2 took {} in slot 2 for blessed, which no node knew to be decided", ValueId(7));
        assert_broken(&history, Authenticity::default(), &sentence, "n2#5");
    }

    #[test]
    fn a_version_that_nobody_wrote_is_forged() {
        let mut history = written_at_one();
        history.on("n2", put("k", "n1.2", ""));
        let sentence = "n2 accepted n1.2 of `k`, which n1 had not written";
        assert_broken(&history, Authenticity::default(), sentence, "n2#4");
        let mut later = written_at_one();
        later.on("n1", preloaded("k", 2)).on("n2", put("k2", "n1/0.2", "")).on("n2", put("k3", "n1/0.3", ""));
        let sentence = "n2 accepted n1/0.3 of `k3`, which n1/0 had not written";
        assert_broken(&later, Authenticity::default(), sentence, "n2#5");
        let mut forged = written_at_one();
        forged.on("n1", preloaded("k", 2)).on("n2", version("k2", "n1/0.2", "", Some(2)));
        let (one, two) = (ValueId(1), ValueId(2));
        let sentence = format!("n2 accepted n1/0.2 as {two} of `k2`, and n1/0 wrote it as {one} of `k2`");
        assert_broken(&forged, Authenticity::default(), &sentence, "n2#4");
    }

    #[test]
    fn a_resolution_that_its_arbiter_wrote_is_accepted() {
        let mut history = written_at_one();
        history.on("n1", resolved("k", "n1.2", 5, "n1.1", "n2.1")).on("n2", resolved("k", "n1.2", 5, "n1.1", "n2.1"));
        assert_holds(&history, Authenticity::default(), 1);
        history.on("n1", killed()).on("n1", start(2)).on("n1", resolved("k", "n1.2", 5, "n1.1", "n2.1"));
        assert_holds(&history, Authenticity::default(), 2);
    }

    #[test]
    fn a_resolution_that_says_something_else_is_forged() {
        let settles_more = ReplicaSeen::WroteResolution {
            key: "k".into(),
            dot: dot("n1.2"),
            stamp: 5,
            chosen: dot("n1.1"),
            settled: set("n1.1 n2.1"),
            replaces: set(""),
        };
        for (forged, what) in [
            (resolution("j", "n1.2", 5, "n1.1", ""), "n1.1 for `j` at 5, which settles n1.1 and replaces nothing"),
            (resolution("k", "n1.2", 6, "n1.1", ""), "n1.1 for `k` at 6, which settles n1.1 and replaces nothing"),
            (resolution("k", "n1.2", 5, "n2.1", ""), "n2.1 for `k` at 5, which settles n2.1 and replaces nothing"),
            (resolution("k", "n1.2", 5, "n1.1", "n3.1"), "n1.1 for `k` at 5, which settles n1.1 and replaces n3.1"),
            (settles_more, "n1.1 for `k` at 5, which settles n1.1 n2.1 and replaces nothing"),
        ] {
            let mut history = written_at_one();
            history.on("n1", resolved("k", "n1.2", 5, "n1.1", "")).on("n2", entry(forged));
            let sentence = format!(
                "n2 accepted n1.2 as a choice of {what}, and n1 wrote it as a choice of n1.1 for `k` at 5, which settles \
                 n1.1 and replaces nothing"
            );
            assert_broken(&history, Authenticity::default(), &sentence, "n1#4 n2#4");
        }
    }

    #[test]
    fn a_resolution_that_nobody_wrote_is_forged() {
        let mut history = written_at_one();
        let sentence = "n2 accepted n1.1 as a choice of n1.1 for `k` at 5, which settles n1.1 and replaces nothing, and n1 \
                        had not written it";
        history.on("n2", resolved("k", "n1.1", 5, "n1.1", ""));
        assert_broken(&history, Authenticity::default(), sentence, "n2#4");
    }

    #[test]
    fn without_a_forgery_or_a_version_of_another_nothing_is_proved() {
        let why = "no replica accepted a version of another one";
        assert_vacuous(&written_at_one(), Authenticity::default(), why);
        let mut genuine = replicas(&["n1", "n2"]);
        genuine.on("n1", put("k", "n1.1", "")).on("n2", put("k", "n1.1", ""));
        assert_vacuous(&genuine, Authenticity::default(), "every signature was genuine");
        let dot = dot("n3.1");
        genuine.on("n1", fact_of(ReplicaSeen::Refused { dot, forged: true }));
        assert_holds(&genuine, Authenticity::default(), 1);
    }
}
