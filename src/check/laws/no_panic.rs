//! `no-panic`: no handler panics.

use std::hash::Hasher;

use crate::check::deed::Deed;
use crate::check::{Branch, Checker, broken};
use crate::time::Time;
use crate::trace::{Event, Kinds, Record, Verdict, Violation};

/// Says that no handler of a node panics; exercised by the steps that nodes take.
#[derive(Clone, Debug, Default)]
pub struct NoPanic {
    steps: u64,
}

impl<F> Checker<F> for NoPanic {
    fn see(&mut self, record: &Record<'_>, _fact: Option<&F>) -> Result<(), Violation> {
        if let Event::Panicked { reason } = &record.event {
            return Err(broken(record, format!("a handler panicked at {}: {reason}", record.id), &[record.id]));
        }
        self.steps += u64::from(matches!(Deed::of(&record.event), Deed::Start | Deed::Input));
        Ok(())
    }

    fn wants(&self) -> Kinds {
        Kinds::PANICKED.with(Kinds::START).with(Kinds::RECEIVE).with(Kinds::TIMER).with(Kinds::COMMAND)
    }

    fn conclude(&mut self, _end: Time) -> Verdict {
        Verdict::Holds { exercised: self.steps }
    }

    fn branch(&self) -> Option<Box<dyn Branch<F>>> {
        Some(Box::new(self.clone()))
    }
}

/// Exploring counts no steps: whatever it does takes some.
impl<F> Branch<F> for NoPanic {
    fn fork(&self) -> Box<dyn Branch<F>> {
        Box::new(self.clone())
    }

    fn memory(&self, _state: &mut dyn Hasher) {}

    fn heeds(&self, event: &Event<'_>) -> bool {
        matches!(event, Event::Panicked { .. })
    }

    fn names_nodes(&self) -> bool {
        false
    }
}
