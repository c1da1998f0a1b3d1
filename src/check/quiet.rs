//! `quiet`: after quiescence nodes cease to send, but for what is periodic.

use super::{Checker, Invariant, broken};
use crate::time::Time;
use crate::trace::{Event, Kinds, Record, Verdict, Violation};

/// Says that once the time has passed that all may take after quiescence, no message is sent that is not periodic: what
/// sends again until it is answered ceases to. Exercised by messages that are not periodic.
///
/// Messages are known to be periodic by their labels, which the subject gives; without a bound nothing is owed.
#[derive(Clone, Debug, Default)]
pub struct Quiet {
    /// The labels of periodic messages.
    periodic: &'static [&'static str],
    calm: Option<Time>,
    due: Option<Time>,
    sent: u64,
    /// What was pending when the run ended.
    pending: u64,
}

/// What it is, for `list` and `explain`.
pub const ABOUT: Invariant =
    Invariant::liveness("quiet", "after quiescence nothing is sent for good but what is periodic");

impl Quiet {
    /// For a subject whose messages with these labels are periodic.
    #[must_use]
    pub const fn but_for(periodic: &'static [&'static str]) -> Self {
        Self { periodic, calm: None, due: None, sent: 0, pending: 0 }
    }
}

impl<F> Checker<F> for Quiet {
    fn see(&mut self, record: &Record<'_>, _fact: Option<&F>) -> Result<(), Violation> {
        if matches!(record.event, Event::Calm) {
            self.calm = Some(record.time);
        } else if let Event::Pending { count } = record.event {
            self.pending = count;
        }
        let Event::Send { to, said, .. } = &record.event else { return Ok(()) };
        if self.periodic.iter().any(|label| said.label.is(label)) {
            return Ok(());
        }
        self.sent += 1;
        if let (Some(calm), Some(due)) = (self.calm, self.due.filter(|due| record.time > *due)) {
            let after = |time: Time| Time::ZERO + time.since(calm);
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

    fn wants(&self) -> Kinds {
        Kinds::SEND.with(Kinds::CALM).with(Kinds::PENDING)
    }

    fn bound(&mut self, due: Time) {
        self.due = Some(due);
    }

    fn conclude(&mut self, end: Time) -> Verdict {
        match (self.calm, self.due) {
            (None, _) => Verdict::Vacuous { why: "the run has no quiescence, after which it owes quiet".to_owned() },
            (Some(_), None) => Verdict::Undecided { why: "how long it may take is not known here".to_owned() },
            (Some(_), Some(due)) if end < due && self.pending > 0 => Verdict::Undecided {
                why: format!("the run ends at {end}ms, and it has until {due}ms: {} pending", self.pending),
            },
            (Some(_), Some(_)) => Verdict::of(self.sent, "nothing was sent but what is periodic"),
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
        let mut quiet = Quiet::but_for(&PERIODIC);
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
        let why = "the run has no quiescence, after which it owes quiet";
        assert_vacuous(&history, Quiet::but_for(&PERIODIC), why);
        let mut history = History::default();
        history.on("n1", labelled("beat", 1, "n2")).on("env", Event::Calm);
        let (_, quiet) = bounded();
        assert_vacuous(&history, quiet, "nothing was sent but what is periodic");
    }
}
