//! `progress-of-time`: no instant holds a run up.

use crate::check::{Checker, broken};
use crate::time::Time;
use crate::trace::{Event, Record, Verdict, Violation};

/// Says that time advances: the kernel stops a run with too many events at one instant. Exercised by the instants at
/// which something happened.
#[derive(Clone, Debug, Default)]
pub struct ProgressOfTime {
    last: Option<Time>,
    instants: u64,
}

impl<F> Checker<F> for ProgressOfTime {
    fn see(&mut self, record: &Record<'_>, _fact: Option<&F>) -> Result<(), Violation> {
        if self.last != Some(record.time) {
            self.last = Some(record.time);
            self.instants += 1;
        }
        if let Event::Stuck { events } = record.event {
            let sentence = format!("the time stands still at {}: {events} events at one instant", record.time);
            return Err(broken(record, sentence, &[record.id]));
        }
        Ok(())
    }

    fn conclude(&mut self, _end: Time) -> Verdict {
        Verdict::Holds { exercised: self.instants }
    }
}
