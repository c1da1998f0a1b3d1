//! The contract of a checker: one trait for live runs, saved traces and explorations.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::common::{Common, Parts};
use crate::time::Time;
use crate::trace::{Kinds, Record, Verdict, Violation};

/// Judges one invariant from the records alone, live or from a file. `F` is the subject's own type of facts, for
/// checkers that belong to one subject; the others read observations, and serve every `F`.
///
/// A checker's memory is what it hashes: an exploration identifies two states if their checkers hash alike. State that
/// only proves or counts is stored in a [`Witness`](super::Witness) or an [`Exercised`](super::Exercised), which add
/// nothing to a hash.
pub trait Checker<F>: Clone + Hash + Send + Sync + 'static {
    /// The kinds of records that it needs.
    const WANTS: Kinds = Kinds::ALL;

    /// Whether it can be part of a state of an exploration. There the time is the number of the step, there is no
    /// quiescence, payloads have observations and facts but no bodies, and only facts have labels.
    const EXPLORED: Exploring = Exploring::Never;

    /// The kinds of records that it needs in an exploration.
    const WANTS_EXPLORING: Kinds = Self::WANTS;

    /// The parts of the common state of several checkers that it reads.
    const READS: Parts = Parts::NONE;

    /// Whether it stores nodes by name. If it does not, an exploration may permute nodes, if the subject allows that.
    const NAMES_NODES: bool = true;

    /// Processes one record. A safety violation is reported here, at the step where it happens.
    ///
    /// # Errors
    /// The violation, if the record breaks the invariant. The checker is not asked again.
    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation>;

    /// Concludes after the last record, at `end`. A liveness violation is reported here, and names what is missing.
    fn conclude(&mut self, end: &End<'_>) -> Verdict;

    /// Whether it waits for nothing that is open: then a quiescent run need not continue for it. Liveness checkers
    /// implement this; safety checkers wait for nothing.
    fn is_settled(&self) -> bool {
        true
    }

    /// Called before the first record with the deadline of what is owed, if it is bounded.
    fn bound(&mut self, _due: Time) {}
}

/// Whether a checker can be part of a state of an exploration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exploring {
    /// It cannot: it judges after quiescence, depends on time, or identifies single messages.
    Never,
    /// It can, but distinguishes so many states that it is used only if a scenario names its invariant.
    IfNamed,
    /// It is used whenever its invariant is claimed.
    Always,
}

/// The input of a checker: one record.
#[derive(Debug)]
pub struct Shown<'a, F> {
    /// The record.
    pub record: &'a Record<'a>,
    /// The fact in the subject's own type, if the record is one.
    pub fact: Option<&'a F>,
    /// The common state of several checkers, including this record.
    pub common: &'a Common,
}

impl<'a, F> Shown<'a, F> {
    /// A record, with the fact if it is one.
    #[must_use]
    pub const fn new(record: &'a Record<'a>, fact: Option<&'a F>, common: &'a Common) -> Self {
        Self { record, fact, common }
    }
}

/// The end at which a checker concludes.
#[derive(Clone, Copy, Debug)]
pub struct End<'a> {
    /// The time.
    pub time: Time,
    /// The common state of several checkers, after the last record.
    pub common: &'a Common,
}

/// A checker of any type.
pub struct AnyChecker<F>(Box<dyn Erased<F>>);

impl<F> AnyChecker<F> {
    /// Wraps a checker.
    #[must_use]
    pub fn new(checker: impl Checker<F>) -> Self {
        Self(Box::new(checker))
    }

    /// The kinds of records that it needs.
    #[must_use]
    pub fn wants(&self) -> Kinds {
        self.0.wants()
    }

    /// Processes one record.
    ///
    /// # Errors
    /// The violation, if the record breaks the invariant. The checker is not asked again.
    #[inline]
    pub fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        self.0.see(shown)
    }

    /// Concludes after the last record, at `end`.
    #[must_use]
    pub fn conclude(&mut self, end: &End<'_>) -> Verdict {
        self.0.conclude(end)
    }

    /// Whether it waits for nothing that is open.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.0.is_settled()
    }

    /// Called before the first record with the deadline of what is owed.
    pub fn bound(&mut self, due: Time) {
        self.0.bound(due);
    }

    /// The parts of the common state that it reads.
    #[must_use]
    pub fn reads(&self) -> Parts {
        self.0.reads()
    }

    /// Whether it can be part of a state of an exploration.
    #[must_use]
    pub fn explored(&self) -> Exploring {
        self.0.explored()
    }

    /// The checker in a form that states can share.
    pub(crate) fn shared(self) -> Arc<dyn Erased<F>> {
        self.0.into()
    }
}

impl<F> Clone for AnyChecker<F> {
    fn clone(&self) -> Self {
        self.0.fork()
    }
}

impl<F> Hash for AnyChecker<F> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.print(state);
    }
}

impl<F> fmt::Debug for AnyChecker<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyChecker").field("wants", &self.wants()).finish_non_exhaustive()
    }
}

/// A checker of unknown type; implemented by every checker.
pub(crate) trait Erased<F>: Send + Sync {
    fn wants(&self) -> Kinds;
    fn wants_exploring(&self) -> Kinds;
    fn explored(&self) -> Exploring;
    fn reads(&self) -> Parts;
    fn names_nodes(&self) -> bool;
    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation>;
    fn conclude(&mut self, end: &End<'_>) -> Verdict;
    fn is_settled(&self) -> bool;
    fn bound(&mut self, due: Time);
    /// A clone of the checker.
    fn fork(&self) -> AnyChecker<F>;
    /// Hashes its memory.
    fn print(&self, state: &mut dyn Hasher);
}

impl<F, C: Checker<F>> Erased<F> for C {
    fn wants(&self) -> Kinds {
        C::WANTS
    }

    fn wants_exploring(&self) -> Kinds {
        C::WANTS_EXPLORING
    }

    fn explored(&self) -> Exploring {
        C::EXPLORED
    }

    fn reads(&self) -> Parts {
        C::READS
    }

    fn names_nodes(&self) -> bool {
        C::NAMES_NODES
    }

    #[inline]
    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        Checker::see(self, shown)
    }

    fn conclude(&mut self, end: &End<'_>) -> Verdict {
        Checker::conclude(self, end)
    }

    fn is_settled(&self) -> bool {
        Checker::is_settled(self)
    }

    fn bound(&mut self, due: Time) {
        Checker::bound(self, due);
    }

    fn fork(&self) -> AnyChecker<F> {
        AnyChecker::new(self.clone())
    }

    fn print(&self, mut state: &mut dyn Hasher) {
        self.hash(&mut state);
    }
}
