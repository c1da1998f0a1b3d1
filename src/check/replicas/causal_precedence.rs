//! `causal-precedence`: where a write was accepted, nothing that it names is held.

use super::named::{self, Outlives};
use super::quiescence::Spread;
use super::replica::By;
use crate::check::{Checker, End, Exercised, Exploring, Invariant, Parts, RunOnly, Shown};
use crate::trace::{Kinds, Verdict, Violation};

/// Checks that a replica that has accepted a write holds no version that the write truly names, neither then nor later,
/// until its disk is wiped or damaged; and that after quiescence no replica does. Exercised by accepted versions that
/// name others.
///
/// What a write truly names is computed from the trace: what its client had read, or what its replica held of the key,
/// with all that these name.
#[derive(Clone, Debug, Default, Hash)]
pub struct CausalPrecedence {
    outlives: RunOnly<Outlives>,
    exercised: Exercised,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant =
    Invariant::safety("causal-precedence", "where a write was accepted, no version that it names is held any more");

impl<F> Checker<F> for CausalPrecedence {
    const WANTS: Kinds = Spread::WANTS;
    const WANTS_EXPLORING: Kinds = named::WANTS;
    const READS: Parts = Parts::REPLICAS;
    const EXPLORED: Exploring = Exploring::Always;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let (record, model) = (shown.record, shown.common.replicas());
        self.outlives.see(record, model, By::Writes);
        self.exercised += named::accepted(record, model, By::Writes);
        named::check(record, model, By::Writes)
    }

    fn is_settled(&self) -> bool {
        self.outlives.is_settled()
    }

    fn conclude(&mut self, end: &End<'_>) -> Verdict {
        self.outlives.conclude(end, By::Writes, self.exercised.0, "no version was accepted that names another one")
    }
}

#[cfg(test)]
mod tests {
    use super::super::stories::*;
    use super::*;
    use crate::check::history::*;
    use crate::trace::Event;

    /// A put at n1, and one at n2 over it, which is stored without a context.
    fn one_after_the_other() -> History {
        let mut history = replicas(&["n1", "n2", "n3"]);
        history.on("n1", put("k", "n1.1", "")).on("n2", put("k", "n1.1", "")).on("n2", removed("k", "n1.1"));
        history.on("n2", put("k", "n2.1", "")).on("n2", Event::Sync).on("n2", Event::Synced { sync: 6 });
        history.on("n2", put_over("c1#1", "k", "n2.1", "n1.1"));
        history
    }

    #[test]
    fn concurrent_versions_stay_side_by_side() {
        let mut history = replicas(&["n1"]);
        history.on("n1", put("k", "n1.1", "")).on("n1", put("k", "n2.1", "")).on("n1", put("k", "n3.1", "n2.1"));
        assert_holds(&history, CausalPrecedence::default(), 1);
    }

    #[test]
    fn what_a_client_had_read_counts_and_not_what_is_stored() {
        let mut history = one_after_the_other();
        history.on("n3", put("k", "n1.1", "")).on("n3", put("k", "n2.1", ""));
        let sentence = "n3 holds n1.1 of `k`, and has accepted n2.1, the put of c1#1, which names it";
        assert_broken(&history, CausalPrecedence::default(), sentence, "n3#3 n2#5 n3#4");
        let mut late = one_after_the_other();
        late.on("n3", put("k", "n2.1", "")).on("n3", put("k", "n1.1", ""));
        assert_broken(&late, CausalPrecedence::default(), sentence, "n3#4 n2#5");
    }

    #[test]
    fn the_fact_of_a_write_tells_what_its_own_replica_must_not_hold() {
        let mut history = replicas(&["n1"]);
        history.on("n1", put("k", "n1.1", "")).on("n1", put("k", "n1.2", ""));
        history.on("n1", Event::Sync).on("n1", Event::Synced { sync: 5 }).on("n1", put_over("c1#1", "k", "n1.1", ""));
        assert_vacuous(&history, CausalPrecedence::default(), "no version was accepted that names another one");
        history.on("n1", put_over("c1#2", "k", "n1.2", "n1.1"));
        let sentence = "n1 holds n1.1 of `k`, and has accepted n1.2, the put of c1#2, which names it";
        assert_broken(&history, CausalPrecedence::default(), sentence, "n1#3 n1#4 n1#8");
    }

    #[test]
    fn a_write_names_what_those_name_that_it_names() {
        let mut history = one_after_the_other();
        history.on("n3", put("k", "n2.1", "")).on("n3", put("k", "n3.1", "n2.1")).on("n3", Event::Sync);
        history.on("n3", Event::Synced { sync: 5 }).on("n3", put_over("c2#1", "k", "n3.1", "n2.1"));
        history.on("n1", put("k", "n3.1", "n2.1"));
        let sentence = "n1 holds n1.1 of `k`, and has accepted n3.1, the put of c2#1, which names it";
        assert_broken(&history, CausalPrecedence::default(), sentence, "n1#3 n3#4 n1#4");
    }

    #[test]
    fn a_crash_brings_back_nothing_that_is_named() {
        let mut history = replicas(&["n1"]);
        history.on("n1", put("k", "n2.1", "")).on("n1", Event::Sync).on("n1", Event::Synced { sync: 4 });
        history.on("n1", put("k", "n2.2", "n2.1")).on("n1", killed()).on("n1", start_from(2, 1, 0));
        history.on("n1", began("n2.1", 1)).on("n1", put("k", "n2.2", "n2.1"));
        assert_holds(&history, CausalPrecedence::default(), 2);
    }

    #[test]
    fn what_a_crash_brings_back_is_held() {
        let mut history = replicas(&["n1"]);
        history.on("n1", put("k", "n1.1", "")).on("n1", put("k", "n1.2", "")).on("n1", Event::Sync);
        history.on("n1", Event::Synced { sync: 5 }).on("n1", removed("k", "n1.1"));
        history.on("n1", put_over("c1#2", "k", "n1.2", "n1.1")).on("n1", killed());
        let sentence = "n1 holds n1.1 of `k`, and has accepted n1.2, the put of c1#2, which names it";
        assert_broken(&history, CausalPrecedence::default(), sentence, "n1#3 n1#4 n1#9");
    }

    #[test]
    fn in_the_end_no_replica_holds_it() {
        let mut history = one_after_the_other();
        history.on("n3", put("k", "n1.1", ""));
        history.at(3).on("env", Event::Calm).at(4).on("n3", joined("n2.1"));
        let sentence =
            "1.000ms after quiescence n1 holds n1.1 of `k`, in spite of n2.1, the put of c1#1, which names it";
        assert_broken(&history, CausalPrecedence::default(), sentence, "n1#3 n2#5");
    }
}
