//! Checkers: each folds over the records of a trace and concludes whether one invariant held.

use crate::time::Time;
use crate::trace::{Record, Verdict, Violation};

/// Judges one invariant from the records alone, live or from a file. `F` is the subject's own type of facts, for
/// checkers that belong to one subject; the others read observations, and serve every `F`.
pub trait Checker<F>: Send {
    /// Takes in one record. Safety speaks here, at the step where it breaks. `fact` is given where the record is a fact.
    ///
    /// # Errors
    /// The violation, if the record breaks the invariant. The checker is not asked again.
    fn see(&mut self, record: &Record<'_>, fact: Option<&F>) -> Result<(), Violation>;

    /// Concludes after the last record, at `end`. Liveness speaks here, and names what is missing.
    fn conclude(&mut self, end: Time) -> Verdict;
}
