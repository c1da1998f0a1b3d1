//! `authenticity`: a replica accepts only what its origin wrote.

use super::model::Replicas;
use crate::check::{Checker, End, Exercised, Exploring, Invariant, Parts, Shown, broken};
use crate::clocks::Dot;
use crate::identity::{Actor, NodeId};
use crate::observation::{Observation, ReplicaSeen, ValueId};
use crate::trace::{Kinds, Record, Verdict, Violation};

/// Checks that every version that a replica accepts from another one, or from its own earlier incarnation, is what its
/// origin wrote under that dot, key and value, or was preloaded. Exercised by such versions, if a signature did not fit
/// somewhere in the run: only then could a replica have accepted a forged one.
#[derive(Clone, Debug, Default, Hash)]
pub struct Authenticity {
    forged: Exercised,
    accepted: Exercised,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant =
    Invariant::safety("authenticity", "every version that a replica accepts was written so by its origin");

impl Authenticity {
    fn accept(
        &mut self,
        record: &Record<'_>,
        model: &Replicas,
        node: NodeId,
        (key, dot, value): (&str, Dot, Option<ValueId>),
    ) -> Result<(), Violation> {
        let origin = dot.source.incarnation;
        let boot = model.replica(node).map(|replica| replica.boot);
        if origin.node == node && Some(origin.boot) == boot {
            return Ok(());
        }
        if model.preload().is_some_and(|preload| preload.of(key) == Some(dot)) {
            self.accepted += true;
            return Ok(());
        }
        let Some(version) = model.version(dot).filter(|version| version.is_genuine) else {
            let sentence = format!("{node} accepted {dot} of `{key}`, which {origin} had not written");
            return Err(broken(record, sentence, &[record.id]));
        };
        if *version.key == *key && version.value == value {
            self.accepted += true;
            return Ok(());
        }
        let digest = |value: Option<ValueId>| value.map_or_else(|| "a tombstone".to_owned(), |value| value.to_string());
        let sentence = format!(
            "{node} accepted {dot} as {} of `{key}`, and {origin} wrote it as {} of `{}`",
            digest(value),
            digest(version.value),
            version.key
        );
        Err(broken(record, sentence, &[*version.wrote, record.id]))
    }
}

impl<F> Checker<F> for Authenticity {
    const WANTS: Kinds = Kinds::REPLICA_WROTE_VERSION.with(Kinds::REPLICA_REFUSED).with(Kinds::FORGED);
    const READS: Parts = Parts::REPLICAS;
    const EXPLORED: Exploring = Exploring::Always;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let (record, model) = (shown.record, shown.common.replicas());
        let Actor::Node(node) = record.id.actor else { return Ok(()) };
        for seen in record.event.said().map_or(&[][..], |said| &said.observations[..]) {
            if let Observation::Replica(ReplicaSeen::WroteVersion { key, dot, value, .. }) = seen {
                self.accept(record, model, node, (key, *dot, *value))?;
            }
            self.forged +=
                matches!(seen, Observation::Forged | Observation::Replica(ReplicaSeen::Refused { forged: true, .. }));
        }
        Ok(())
    }

    fn conclude(&mut self, _end: &End<'_>) -> Verdict {
        if self.forged.0 == 0 {
            return Verdict::Vacuous { why: "every signature was genuine".to_owned() };
        }
        Verdict::of(self.accepted.0, "no replica accepted a version of another one")
    }
}

#[cfg(test)]
mod tests {
    use super::super::stories::*;
    use super::*;
    use crate::check::history::*;

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
    fn a_version_that_nobody_wrote_is_forged() {
        let mut history = written_at_one();
        history.on("n2", put("k", "n1.2", ""));
        let sentence = "n2 accepted n1.2 of `k`, which n1 had not written";
        assert_broken(&history, Authenticity::default(), sentence, "n2#4");
        let mut later = written_at_one();
        later.on("n1", preloaded("", 2)).on("n2", put("k2", "n1/0.2", "")).on("n2", put("k3", "n1/0.3", ""));
        let sentence = "n2 accepted n1/0.3 of `k3`, which n1/0 had not written";
        assert_broken(&later, Authenticity::default(), sentence, "n2#5");
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
