//! `answered`: as many operations are answered while a fault lasts as the scenario expects.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::{Checker, End, Exercised, Shown};
use crate::identity::EventId;
use crate::time::Time;
use crate::trace::{Event, Kinds, Record, Verdict, Violation};

/// Checks that each time one of some faults acts, enough operations are answered before it ends: by its own end, by another
/// fault that undoes it, at quiescence, or with the run. Exercised by answers that such a fault could have prevented.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Answered {
    /// By the number of the fault in the plan.
    faults: BTreeMap<u32, Watched>,
    answers: Exercised,
}

/// What is owed while a fault lasts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Owed {
    /// The fault's name in the scenario.
    pub during: String,
    /// The number of answers.
    pub at_least: u64,
    /// The numbers of the faults that undo it: a heal ends a partition.
    pub undone_by: BTreeSet<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Watched {
    owed: Owed,
    /// Since when it lasts, and the answers since.
    lasts: Option<Lasting>,
    acted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Lasting {
    event: EventId,
    since: Time,
    answers: u64,
}

impl Answered {
    /// For faults by their numbers in the plan, from 1.
    #[must_use]
    pub fn during(owed: impl IntoIterator<Item = (u32, Owed)>) -> Self {
        let watched = |(fault, owed)| (fault, Watched { owed, lasts: None, acted: false });
        Self { faults: owed.into_iter().map(watched).collect(), answers: Exercised::default() }
    }

    fn answered(&mut self) {
        for lasting in self.faults.values_mut().filter_map(|watched| watched.lasts.as_mut()) {
            lasting.answers += 1;
            self.answers += true;
        }
    }

    /// The end of the faults for which `ended` is true: the violation of the first that lacks answers.
    fn end(&mut self, now: Time, event: Option<EventId>, ended: impl Fn(u32) -> bool) -> Result<(), Violation> {
        for (_, watched) in self.faults.iter_mut().filter(|(fault, _)| ended(**fault)) {
            let Some(lasted) = watched.lasts.take() else { continue };
            watched.owed.judge(lasted, now, event)?;
        }
        Ok(())
    }

    fn see_fault(&mut self, record: &Record<'_>, fault: u32) -> Result<(), Violation> {
        let undone = |watched: &Watched| watched.owed.undone_by.contains(&fault);
        let undone: BTreeSet<u32> =
            self.faults.iter().filter(|(_, watched)| undone(watched)).map(|(fault, _)| *fault).collect();
        self.end(record.time, Some(record.id), |ended| undone.contains(&ended))?;
        if let Some(watched) = self.faults.get_mut(&fault) {
            watched.acted = true;
            watched.lasts = Some(Lasting { event: record.id, since: record.time, answers: 0 });
        }
        Ok(())
    }
}

impl Owed {
    fn judge(&self, lasted: Lasting, now: Time, ended: Option<EventId>) -> Result<(), Violation> {
        let Self { during, at_least, undone_by: _ } = self;
        if lasted.answers >= *at_least {
            return Ok(());
        }
        let answers = match lasted.answers {
            0 => "no operation was answered".to_owned(),
            1 => "1 operation was answered".to_owned(),
            answers => format!("{answers} operations were answered"),
        };
        let sentence = format!(
            "{answers} while `{during}` lasted, from {}ms to {now}ms; at least {at_least} should be",
            lasted.since
        );
        let witnesses = std::iter::once(lasted.event).chain(ended).collect();
        Err(Violation { time: now, sentence, witnesses })
    }
}

impl<F> Checker<F> for Answered {
    const WANTS: Kinds = Kinds::FAULT.with(Kinds::FAULT_ENDED).with(Kinds::CALM).with(Kinds::RETURNED);

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        if let Event::Returned { .. } = &record.event {
            self.answered();
        } else if let Event::Fault { fault, .. } = &record.event {
            return self.see_fault(record, *fault);
        } else if let Event::FaultEnded { fault } = &record.event {
            return self.end(record.time, Some(record.id), |ended| ended == *fault);
        } else if let Event::Calm = &record.event {
            return self.end(record.time, Some(record.id), |_| true);
        }
        Ok(())
    }

    fn conclude(&mut self, end: &End<'_>) -> Verdict {
        if let Err(violation) = self.end(end.time, None, |_| true) {
            return Verdict::Violated(violation);
        }
        if let Some(idle) = self.faults.values().find(|watched| !watched.acted) {
            return Verdict::Vacuous { why: format!("`{}` did not act", idle.owed.during) };
        }
        Verdict::of(self.answers.0, "no operation was answered while such a fault lasted")
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::check::history::*;

    fn acts(fault: u32) -> Event<'static> {
        Event::Fault { fault, what: Cow::Borrowed("partition") }
    }

    fn owed(at_least: u64) -> Owed {
        Owed { during: "cut".to_owned(), at_least, undone_by: BTreeSet::from([7]) }
    }

    fn at_least(at_least: u64) -> Answered {
        Answered::during([(2, owed(at_least))])
    }

    /// An answer before, two during and one after the second fault.
    fn told() -> History {
        let mut history = History::default();
        history.on("c1", returned("c1#1")).on("env", acts(1)).at(5).on("env", acts(2));
        history.on("c1", returned("c1#2")).on("c1", returned("c1#3"));
        history.at(9).on("env", Event::FaultEnded { fault: 2 }).on("c1", returned("c1#4"));
        history
    }

    #[test]
    fn answers_count_while_the_fault_lasts() {
        assert_holds(&told(), at_least(2), 2);
        let sentence = "2 operations were answered while `cut` lasted, from 5.000ms to 9.000ms; at least 3 should be";
        assert_broken(&told(), at_least(3), sentence, "env#2 env#3");
    }

    #[test]
    fn quiescence_and_the_end_of_the_run_end_a_fault() {
        let mut history = History::default();
        history.at(5).on("env", acts(2)).at(7);
        let open = history.clone();
        let sentence = "no operation was answered while `cut` lasted, from 5.000ms to 5.000ms; at least 1 should be";
        assert_broken(&open, at_least(1), sentence, "env#1");
        history.on("env", Event::Calm).on("c1", returned("c1#1"));
        let sentence = "no operation was answered while `cut` lasted, from 5.000ms to 7.000ms; at least 1 should be";
        assert_broken(&history, at_least(1), sentence, "env#1 env#2");
    }

    #[test]
    fn a_fault_that_undoes_it_ends_it() {
        let mut history = History::default();
        history.at(5).on("env", acts(2)).at(6).on("env", acts(7)).on("c1", returned("c1#1"));
        let sentence = "no operation was answered while `cut` lasted, from 5.000ms to 6.000ms; at least 1 should be";
        assert_broken(&history, at_least(1), sentence, "env#1 env#2");
    }

    #[test]
    fn each_time_that_it_acts_counts_for_itself() {
        let mut history = told();
        let twice = || owed(1);
        assert_vacuous(&history, Answered::during([(2, twice()), (3, twice())]), "`cut` did not act");
        history.at(10).on("env", acts(3)).at(12).on("env", Event::FaultEnded { fault: 3 });
        let sentence = "no operation was answered while `cut` lasted, from 10.000ms to 12.000ms; at least 1 should be";
        assert_broken(&history, Answered::during([(2, twice()), (3, twice())]), sentence, "env#4 env#5");
    }
}
