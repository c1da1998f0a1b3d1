//! `longest-wait`: no client waits longer for an answer than the scenario expects.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use crate::check::core::Core;
use crate::check::{Checker, End, Exercised, Shown};
use crate::identity::{EventId, NodeId, OpId};
use crate::time::{Span, Time};
use crate::trace::{Event, Kinds, Verdict, Violation};

/// Checks that every operation ends, by an answer, by its client's giving up or with the run, at most this long after it
/// was invoked; retries belong to the same wait. If quiescence heals a core only, an operation that has no answer at the end
/// counts only if a node of the core was asked. Exercised by operations.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LongestWait {
    most: Span,
    open: BTreeMap<OpId, Open>,
    asked: Exercised,
    core: Core,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Open {
    event: EventId,
    since: Time,
    /// The nodes that were asked.
    nodes: SmallVec<[NodeId; 2]>,
}

impl LongestWait {
    /// For waits of at most this long.
    #[must_use]
    pub fn of(most: Span) -> Self {
        Self { most, open: BTreeMap::new(), asked: Exercised::default(), core: Core::default() }
    }

    /// The violation, if the wait of `op` was too long when it ended.
    fn too_long(&self, op: OpId, open: &Open, how: &str, end: Time, last: Option<EventId>) -> Result<(), Violation> {
        let lasted = end.since(open.since);
        if lasted <= self.most {
            return Ok(());
        }
        let sentence = format!(
            "{op} waited {}ms for an answer, from {}ms on, and {how}; a wait should last {}ms at most",
            Time::ZERO + lasted,
            open.since,
            Time::ZERO + self.most
        );
        let witnesses = std::iter::once(open.event).chain(last).collect();
        Err(Violation { time: end, sentence, witnesses })
    }
}

impl<F> Checker<F> for LongestWait {
    const WANTS: Kinds =
        Kinds::INVOKED.with(Kinds::RETRIED).with(Kinds::RETURNED).with(Kinds::GAVE_UP).with(Core::WANTS);

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        self.core.see(&record.event);
        let (op, how) = if let Event::Invoked { op, to, .. } = &record.event {
            self.asked += true;
            let nodes = std::iter::once(*to).collect();
            self.open.insert(*op, Open { event: record.id, since: record.time, nodes });
            return Ok(());
        } else if let Event::Retried { op, to, .. } = &record.event {
            let open = self.open.get_mut(op).filter(|open| !open.nodes.contains(to));
            open.into_iter().for_each(|open| open.nodes.push(*to));
            return Ok(());
        } else if let Event::Returned { op, .. } = &record.event {
            (op, "was answered")
        } else if let Event::GaveUp { op } = &record.event {
            (op, "was given up")
        } else {
            return Ok(());
        };
        let ended = self.open.remove(op);
        ended.map_or(Ok(()), |open| self.too_long(*op, &open, how, record.time, Some(record.id)))
    }

    fn conclude(&mut self, end: &End<'_>) -> Verdict {
        let owed = self.open.iter().filter(|(_, open)| open.nodes.iter().any(|node| self.core.has(*node)));
        let longest = owed.min_by_key(|(_, open)| open.since);
        let judged = longest.map(|(op, open)| self.too_long(*op, open, "has none at the end", end.time, None));
        match judged {
            Some(Err(violation)) => Verdict::Violated(violation),
            Some(Ok(())) | None => Verdict::of(self.asked.0, "no operation was asked"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::history::*;

    fn within(millis: u64) -> LongestWait {
        LongestWait::of(Span::from_millis(millis))
    }

    #[test]
    fn a_wait_ends_with_its_answer() {
        let mut history = History::default();
        history.at(1).on("c1", invoked("c1#1", "n1")).at(4).on("c1", returned("c1#1"));
        history.at(5).on("c1", invoked("c1#2", "n1")).at(15).on("c1", returned("c1#2"));
        assert_holds(&history, within(10), 2);
        let sentence = "c1#2 waited 10.000ms for an answer, from 5.000ms on, and was answered; a wait should last \
                        9.000ms at most";
        assert_broken(&history, within(9), sentence, "c1#3 c1#4");
    }

    #[test]
    fn who_gives_up_or_has_no_answer_at_the_end_has_waited() {
        let mut history = History::default();
        history.at(1).on("c1", invoked("c1#1", "n1")).at(9).on("c1", gave_up("c1#1"));
        let sentence = "c1#1 waited 8.000ms for an answer, from 1.000ms on, and was given up; a wait should last \
                        7.000ms at most";
        assert_broken(&history, within(7), sentence, "c1#1 c1#2");
        let mut history = History::default();
        history.at(1).on("c1", invoked("c1#1", "n1")).at(9).on("n1", start(1));
        let sentence = "c1#1 waited 8.000ms for an answer, from 1.000ms on, and has none at the end; a wait should last \
                        7.000ms at most";
        assert_broken(&history, within(7), sentence, "c1#1");
        assert_holds(&history, within(8), 1);
    }

    #[test]
    fn with_a_core_what_only_others_were_asked_may_stay_open() {
        let told = |nodes: &[&str]| {
            let mut history = History::default();
            history.at(1).on("c1", invoked("c1#1", "n1")).on("c1", retried("c1#1", "n2", 2));
            history.at(9).on("env", core(nodes)).on("env", Event::Calm);
            history
        };
        assert_holds(&told(&["n3"]), within(7), 1);
        let sentence = "c1#1 waited 8.000ms for an answer, from 1.000ms on, and has none at the end; a wait should last \
                        7.000ms at most";
        assert_broken(&told(&["n2"]), within(7), sentence, "c1#1");
    }

    #[test]
    fn a_run_without_operations_proves_nothing() {
        assert_vacuous(&History::default(), within(1), "no operation was asked");
    }
}
