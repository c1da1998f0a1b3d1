//! `progress-of-time`: time advances.

use crate::check::{Checker, End, Shown, broken};
use crate::time::Time;
use crate::trace::{Event, Kinds, Verdict, Violation};

/// Checks that time advances: the kernel stops a run with too many events at one instant. Exercised by the instants
/// that had events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ProgressOfTime {
    last: Option<Time>,
    instants: u64,
}

/// What a step does belongs to the instant of the step, and what waited for a disk to that of the disk's answer.
const OF_THE_SAME_INSTANT: Kinds =
    Kinds::SEND.with(Kinds::APPEND).with(Kinds::REWRITE).with(Kinds::SYNC).with(Kinds::REPLY).with(Kinds::FACT);

impl<F> Checker<F> for ProgressOfTime {
    const WANTS: Kinds = Kinds::ALL.without(OF_THE_SAME_INSTANT);

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        if self.last != Some(record.time) {
            self.last = Some(record.time);
            self.instants += 1;
        }
        if let Event::Stuck { events } = record.event {
            let sentence = format!("the time stands still at {}ms: {events} events at one instant", record.time);
            return Err(broken(record, sentence, &[record.id]));
        }
        Ok(())
    }

    fn conclude(&mut self, _end: &End<'_>) -> Verdict {
        Verdict::Holds { exercised: self.instants }
    }
}
