//! `quiet`: after quiescence, nodes send only periodic messages.

use super::{Checker, End, Invariant, Shown, broken};
use crate::time::Time;
use crate::trace::{Event, Kinds, Verdict, Violation};

/// Checks that after the bound for all open work, only periodic messages are sent: a message that is resent until it is
/// acknowledged must not be resent any more. Exercised by messages that are not periodic.
///
/// The subject gives the labels of its periodic messages; without a bound nothing is owed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Quiet {
    /// The labels of periodic messages.
    periodic: Vec<&'static str>,
    quiescence: Option<Time>,
    due: Option<Time>,
    sent: u64,
    /// The number of messages and timers that were pending at the end of the run.
    pending: u64,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant = Invariant::liveness("quiet", "after quiescence, only periodic messages are sent forever");

impl Quiet {
    /// For a subject that has periodic messages with these labels.
    #[must_use]
    pub fn but_for(periodic: impl IntoIterator<Item = &'static str>) -> Self {
        Self { periodic: periodic.into_iter().collect(), quiescence: None, due: None, sent: 0, pending: 0 }
    }
}

impl<F> Checker<F> for Quiet {
    const WANTS: Kinds = Kinds::SEND.with(Kinds::CALM).with(Kinds::PENDING);

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        if matches!(record.event, Event::Calm) {
            self.quiescence = Some(record.time);
        } else if let Event::Pending { count } = record.event {
            self.pending = count;
        }
        let Event::Send { to, said, .. } = &record.event else { return Ok(()) };
        if self.periodic.iter().any(|label| said.label.is(label)) {
            return Ok(());
        }
        self.sent += 1;
        if let (Some(quiescence), Some(due)) = (self.quiescence, self.due.filter(|due| record.time > *due)) {
            let after = |time: Time| Time::ZERO + time.since(quiescence);
            let sentence = format!(
                "{} sends {} to {to}, {}ms after quiescence, though all is quiet after {}ms at most",
                record.id.actor,
                said.label,
                after(record.time),
                after(due)
            );
            return Err(broken(record, sentence, &[record.id]));
        }
        Ok(())
    }

    fn bound(&mut self, due: Time) {
        self.due = Some(due);
    }

    fn conclude(&mut self, end: &End<'_>) -> Verdict {
        let end = end.time;
        match (self.quiescence, self.due) {
            (None, _) => Verdict::Vacuous { why: "the run never quiesces, so messages need not cease".to_owned() },
            (Some(_), None) => Verdict::Undecided { why: "how long it may take is not known here".to_owned() },
            (Some(_), Some(due)) if end < due && self.pending > 0 => Verdict::Undecided {
                why: format!("the run ends at {end}ms, and it has until {due}ms: {} pending", self.pending),
            },
            (Some(_), Some(_)) => Verdict::of(self.sent, "only periodic messages were sent"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::history::*;

    const PERIODIC: [&str; 1] = ["beat"];

    /// A message of each kind at 5 ms, quiescence at 10 ms, and a bound at 20 ms.
    fn bounded() -> (History, Quiet) {
        let mut history = History::default();
        history.at(5).on("n1", labelled("beat", 1, "n2")).on("n1", labelled("data", 2, "n2"));
        history.at(10).on("env", Event::Calm);
        let mut quiet = Quiet::but_for(PERIODIC);
        Checker::<()>::bound(&mut quiet, Time::from_nanos(20_000_000));
        (history, quiet)
    }

    #[test]
    fn what_is_sent_in_time_or_periodic_is_no_noise() {
        let (mut history, quiet) = bounded();
        history.at(20).on("n1", labelled("data", 3, "n2")).at(90).on("n1", labelled("beat", 4, "n2"));
        assert_holds(&history, quiet, 2);
    }

    #[test]
    fn what_is_sent_for_ever_is_named() {
        let (mut history, quiet) = bounded();
        history.at(21).on("n1", labelled("data", 3, "n2"));
        let sentence = "n1 sends data to n2, 11.000ms after quiescence, though all is quiet after 10.000ms at most";
        assert_broken(&history, quiet, sentence, "n1#3");
    }

    #[test]
    fn a_run_that_ends_sooner_is_decided_if_it_has_come_to_rest() {
        let (mut history, quiet) = bounded();
        history.at(15).on("n1", labelled("data", 3, "n2"));
        assert_holds(&history, quiet.clone(), 2);
        history.on("env", Event::Pending { count: 3 });
        let why = "the run ends at 15.000ms, and it has until 20.000ms: 3 pending".to_owned();
        assert_eq!(history.judged_by(quiet), Verdict::Undecided { why });
    }

    #[test]
    fn without_quiescence_or_a_message_nothing_is_owed() {
        let mut history = History::default();
        history.on("n1", labelled("data", 1, "n2"));
        let why = "the run never quiesces, so messages need not cease";
        assert_vacuous(&history, Quiet::but_for(PERIODIC), why);
        let mut history = History::default();
        history.on("n1", labelled("beat", 1, "n2")).on("env", Event::Calm);
        let (_, quiet) = bounded();
        assert_vacuous(&history, quiet, "only periodic messages were sent");
    }
}
