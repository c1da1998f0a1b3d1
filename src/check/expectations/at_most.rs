//! `at-most`: a fact occurs at most as often as the scenario expects.

use std::collections::BTreeMap;

use crate::check::{Checker, End, Exercised, Shown, broken};
use crate::trace::{Event, Kinds, Verdict, Violation};

/// Checks that each of some facts occurs at most as often as it may. Exercised by every fact of the run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct AtMost {
    /// By label: how often it may occur, and how often it has.
    counts: BTreeMap<String, (u64, u64)>,
    facts: Exercised,
}

impl AtMost {
    /// For facts, by label, that occur at most this often.
    #[must_use]
    pub fn of(most: &BTreeMap<String, u64>) -> Self {
        let counts = most.iter().map(|(label, most)| (label.clone(), (*most, 0)));
        Self { counts: counts.collect(), facts: Exercised::default() }
    }
}

impl<F> Checker<F> for AtMost {
    const WANTS: Kinds = Kinds::FACT;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        let Event::Fact { fact } = &record.event else { return Ok(()) };
        self.facts += true;
        let Some((label, (most, count))) = self.counts.iter_mut().find(|(label, _)| fact.label.is(label)) else {
            return Ok(());
        };
        *count += 1;
        if *count <= *most {
            return Ok(());
        }
        let sentence = match most {
            0 => format!("{label} occurs, and should never"),
            1 => format!("{label} occurs for the second time, and should once at most"),
            most => format!("{label} occurs {count} times, and should {most} times at most"),
        };
        Err(broken(record, sentence, &[record.id]))
    }

    fn conclude(&mut self, _end: &End<'_>) -> Verdict {
        Verdict::of(self.facts.0, "no fact occurred")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::history::*;

    fn at_most(label: &str, most: u64) -> AtMost {
        AtMost::of(&BTreeMap::from([(label.to_owned(), most)]))
    }

    fn three() -> History {
        let mut history = History::default();
        for label in ["locks.granted", "locks.deferred", "locks.granted", "locks.granted"] {
            history.on("n1", fact_named(label));
        }
        history
    }

    #[test]
    fn what_occurs_as_often_as_it_may_holds() {
        assert_holds(&three(), at_most("locks.granted", 3), 4);
        assert_holds(&three(), at_most("locks.freed", 0), 4);
        assert_vacuous(&History::default(), at_most("locks.freed", 0), "no fact occurred");
    }

    #[test]
    fn the_first_that_is_too_many_is_named() {
        let sentence = "locks.granted occurs for the second time, and should once at most";
        assert_broken(&three(), at_most("locks.granted", 1), sentence, "n1#3");
        let sentence = "locks.granted occurs 3 times, and should 2 times at most";
        assert_broken(&three(), at_most("locks.granted", 2), sentence, "n1#4");
        assert_broken(&three(), at_most("locks.deferred", 0), "locks.deferred occurs, and should never", "n1#2");
    }
}
