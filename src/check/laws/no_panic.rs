//! `no-panic`: no handler panics.

use crate::check::event_class::EventClass;
use crate::check::{Checker, End, Exercised, Exploring, Shown, broken};
use crate::trace::{Event, Kinds, Verdict, Violation};

/// Checks that no handler of a node panics; exercised by the steps of nodes.
#[derive(Clone, Debug, Default, Hash)]
pub struct NoPanic {
    steps: Exercised,
}

impl<F> Checker<F> for NoPanic {
    const WANTS: Kinds =
        Kinds::PANICKED.with(Kinds::START).with(Kinds::RECEIVE).with(Kinds::TIMER).with(Kinds::COMMAND);
    const EXPLORED: Exploring = Exploring::Always;
    /// Steps are not counted, because every exploration takes some.
    const WANTS_EXPLORING: Kinds = Kinds::PANICKED;
    const NAMES_NODES: bool = false;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        if let Event::Panicked { reason } = &record.event {
            return Err(broken(record, format!("a handler panicked at {}: {reason}", record.id), &[record.id]));
        }
        self.steps += matches!(EventClass::of(&record.event), EventClass::Start | EventClass::Input);
        Ok(())
    }

    fn conclude(&mut self, _end: &End<'_>) -> Verdict {
        Verdict::Holds { exercised: self.steps.0 }
    }
}
