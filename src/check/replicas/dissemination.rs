//! `dissemination`: every write reaches every replica.

use super::quiescence::{Spread, list};
use crate::check::{Checker, End, Invariant, Parts, RunOnly, Shown};
use crate::clocks::Dots;
use crate::identity::NodeId;
use crate::trace::{Kinds, Verdict, Violation};

/// Checks that after quiescence every replica covers every write, put or delete, that a node acknowledged whose disk was
/// never wiped or damaged. Exercised by such writes, if a replica is judged: its own too.
///
/// If quiescence heals a core only, its nodes are judged; a write that only others acknowledged counts if one of them
/// covers it.
#[derive(Clone, Debug, Default, Hash)]
pub struct Dissemination {
    spread: RunOnly<Spread>,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant =
    Invariant::liveness("dissemination", "after quiescence, every replica covers every acknowledged write");

impl<F> Checker<F> for Dissemination {
    const WANTS: Kinds = Spread::WANTS;
    const READS: Parts = Parts::REPLICAS;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        self.spread.see(shown.record, shown.common.replicas());
        Ok(())
    }

    fn is_settled(&self) -> bool {
        self.spread.is_done()
    }

    fn conclude(&mut self, end: &End<'_>) -> Verdict {
        let (quiescence, model) = (&self.spread.quiescence, end.common.replicas());
        let Some(when) = quiescence.before(end.time) else {
            return Verdict::Vacuous { why: "the run never quiesces, so no write has to spread".to_owned() };
        };
        let owed = quiescence.owed(model);
        let all: Dots = owed.keys().copied().collect();
        let lacking: Vec<(NodeId, Dots)> = quiescence
            .judged(model)
            .map(|(node, replica)| (node, all.without(replica.covered())))
            .filter(|(_, lacking)| !lacking.is_empty())
            .collect();
        let Some(first) = lacking.first().and_then(|(_, lacking)| lacking.iter().next()) else {
            let exercised = if quiescence.judged(model).next().is_some() { owed.len() as u64 } else { 0 };
            return Verdict::of(exercised, "no write was acknowledged that a replica has to cover");
        };
        let told = |(node, lacking): &(NodeId, Dots)| {
            let more = lacking.count() - 1;
            let first = lacking.iter().next().expect("it lacks one");
            let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("{node} does not cover {first} of `{}`{rest}", owed[&first].key)
        };
        let sentence = format!("{when} {}", list(lacking.iter().map(told)));
        let witness = owed[&first].written.map_or(*owed[&first].wrote, |(event, _)| *event);
        Verdict::Violated(Violation { time: end.time, sentence, witnesses: vec![witness] })
    }
}

#[cfg(test)]
mod tests {
    use super::super::stories::*;
    use super::*;
    use crate::check::history::*;
    use crate::trace::Event;

    /// A put and a delete at n1 that are durable and acknowledged, one of them at n2.
    fn acknowledged() -> History {
        let mut history = replicas(&["n1", "n2", "n3"]);
        history.on("n1", put("k", "n1.1", "")).on("n1", Event::Sync).on("n1", Event::Synced { sync: 4 });
        history.on("n1", put_over("c1#1", "k", "n1.1", "")).on("n1", delete("k", "n1.2", "n1.1"));
        history.on("n1", Event::Sync).on("n1", Event::Synced { sync: 8 }).on("n1", deleted("c1#2", "k", "n1.2"));
        history.on("n2", put("k", "n1.1", "")).on("n3", joined("n1.1 n1.2"));
        history
    }

    #[test]
    fn what_is_missing_is_named() {
        let mut history = acknowledged();
        history.on("env", Event::Calm);
        let sentence = "0.000ms after quiescence n2 does not cover n1.2 of `k`";
        assert_broken(&history, Dissemination::default(), sentence, "n1#10");
        assert!(!settled(&history, Dissemination::default()));
        history.on("n2", delete("k", "n1.2", "n1.1"));
        assert_holds(&history, Dissemination::default(), 2);
        assert!(settled(&history, Dissemination::default()));
    }

    #[test]
    fn a_write_after_quiescence_is_owed_too_and_one_that_was_not_acknowledged_is_not() {
        let mut history = acknowledged();
        history.on("n2", delete("k", "n1.2", "n1.1")).on("env", Event::Calm).on("n2", put("j", "n2.1", ""));
        assert_holds(&history, Dissemination::default(), 2);
        history.on("n2", Event::Sync).on("n2", Event::Synced { sync: 6 }).on("n2", put_over("c2#1", "j", "n2.1", ""));
        let sentence = "0.000ms after quiescence n1 does not cover n2.1 of `j`, n3 does not cover n2.1 of `j`";
        assert_broken(&history, Dissemination::default(), sentence, "n2#8");
    }

    #[test]
    fn a_core_and_a_wiped_disk_owe_less() {
        let mut core_only = acknowledged();
        core_only.on("env", core(&["n1", "n3"])).on("env", Event::Calm);
        assert_holds(&core_only, Dissemination::default(), 2);
        let mut wiped = acknowledged();
        wiped.on("n1", killed()).on("n1", start(2)).on("n1", began("", 0)).on("env", Event::Calm);
        let why = "no write was acknowledged that a replica has to cover";
        assert_vacuous(&wiped, Dissemination::default(), why);
        let why = "the run never quiesces, so no write has to spread";
        assert_vacuous(&acknowledged(), Dissemination::default(), why);
    }
}
