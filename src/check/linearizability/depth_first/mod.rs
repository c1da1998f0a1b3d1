//! A search that follows one order of the operations as far as it goes, and then goes back to the last choice.
//!
//! It is the search of Wing and Gong, *Testing and verifying concurrent objects* (1993), with the linearization just in time
//! and the table of visited configurations of Lowe, *Testing for linearizability* (2017): an operation takes effect only
//! where another one's end requires it, and no configuration is tried twice. A history that is right and in which few
//! operations overlap takes time in proportion to its length.
//!
//! Five departures. Only failed configurations are in the table, so that a search that never goes back needs none. An
//! operation that is known to have changed nothing takes effect as soon as its answer is right. Of operations with the same
//! call, the first to end goes first. A write that nobody needs takes effect right before another one that overwrites it.
//! Operations of unknown outcome take effect last, and only where somebody may need them; a configuration that has spent
//! fewer of them fails for all that have spent more.

mod course;
mod failed;
mod walk;

pub use course::Course;
use failed::{Failed, Key};
use walk::{Mark, Walk};

use super::model::{Guided, Model};

/// The steps that each operation earns: those that a search without a wrong choice takes.
const EARNED: usize = 4;
/// The number of steps between two questions whether to go on.
const PATIENCE: usize = 1 << 12;
/// The maximum number of operations of an order in a report.
const TOLD: usize = 20;

/// How far a search has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress<N> {
    /// An order explains all answers.
    Holds,
    /// No order explains this answer and those before it.
    Broken(Unexplained<N>),
    /// The steps are used up; it can be continued.
    Steps,
    /// The memory is used up.
    Memory,
    /// It was stopped; it can be continued.
    Stopped,
}

/// An answer that no order explains together with those before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unexplained<N> {
    /// The operation.
    pub name: N,
    /// The last operations of an order that explains everything before.
    pub order: Vec<N>,
    /// The number of operations that changed the object in that order.
    pub changes: u64,
}

/// The limits of a search from now on.
#[derive(Clone, Copy)]
pub struct Limits<'l> {
    /// The number of steps: operations that take effect, and choices that fail.
    pub steps: usize,
    /// The memory for failed configurations, in bytes.
    pub bytes: usize,
    /// Whether to go on; asked every few thousand steps.
    pub go_on: &'l dyn Fn() -> bool,
}

/// The search for an order of the operations on one object.
#[derive(Clone, Debug)]
pub struct DepthFirst<M: Model, N> {
    walk: Walk<M, N>,
    choices: Vec<Choice>,
    /// Whether the last choice has to be followed.
    follows: bool,
    failed: Failed,
    /// The number of choices that failed.
    failures: usize,
    /// The number of events that some order explains.
    well: usize,
    best: Option<Best<N>>,
}

/// A configuration at the end of an operation that has not taken effect.
#[derive(Clone, Debug)]
struct Choice {
    of: u32,
    mark: Mark,
    /// The operations to try; the last one is next.
    next: Vec<u32>,
    stage: Stage,
}

/// What a choice has still to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Operations of known outcome; then the others.
    Known,
    /// Operations of unknown outcome.
    Unknown,
    /// Nothing: it is known to fail.
    Nothing,
}

/// The first failed order of those that explain most.
#[derive(Clone, Debug)]
struct Best<N> {
    well: usize,
    unexplained: Unexplained<N>,
}

impl<M: Guided, N: Copy + Ord> DepthFirst<M, N> {
    /// A search that has not begun.
    #[must_use]
    pub fn new(model: M, course: Course<M, N>) -> Self {
        let walk = Walk::new(model, course);
        let (choices, failed) = (Vec::new(), Failed::default());
        Self { walk, choices, follows: true, failed, failures: 0, well: 0, best: None }
    }

    /// The object's model.
    pub const fn model(&mut self) -> &mut M {
        &mut self.walk.model
    }

    /// The number of steps so far beyond those that operations earn.
    #[must_use]
    pub const fn steps(&self) -> usize {
        self.all_steps().saturating_sub(EARNED * self.walk.course.operations.len())
    }

    /// The memory for failed configurations, in bytes.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.failed.bytes()
    }

    /// The mark of the first event that no order is known to explain.
    #[must_use]
    pub fn well_before(&self) -> Option<u32> {
        self.walk.course.marks.get(self.well).copied()
    }

    /// Searches further.
    pub fn search(&mut self, limits: Limits<'_>) -> Progress<N> {
        let most = self.steps().saturating_add(limits.steps);
        let mut asked = self.all_steps();
        loop {
            if self.steps() > most {
                return Progress::Steps;
            }
            if self.bytes() > limits.bytes {
                return Progress::Memory;
            }
            if self.all_steps() - asked >= PATIENCE {
                asked = self.all_steps();
                if !(limits.go_on)() {
                    return Progress::Stopped;
                }
            }
            if self.follows && !self.follow() {
                return Progress::Holds;
            }
            if !self.choose() {
                return Progress::Broken(self.best.take().expect("some choice has failed").unexplained);
            }
        }
    }

    const fn all_steps(&self) -> usize {
        self.walk.taken + self.failures
    }

    /// Goes on to the next choice; returns false if there is none, because all is explained.
    fn follow(&mut self) -> bool {
        self.follows = false;
        let next = self.walk.advance();
        self.well = self.well.max(self.walk.at);
        let Some(of) = next else { return false };
        let is_hopeless = self.walk.is_hopeless(of) || self.failed.covers(&self.walk.key());
        let (next, stage) =
            if is_hopeless { (Vec::new(), Stage::Nothing) } else { (self.walk.known(of), Stage::Known) };
        self.choices.push(Choice { of, mark: self.walk.mark(), next, stage });
        true
    }

    /// Makes the next choice, or gives one up; returns false if there is none left.
    fn choose(&mut self) -> bool {
        let Some(choice) = self.choices.last_mut() else { return false };
        if choice.next.is_empty() && choice.stage == Stage::Known {
            (choice.next, choice.stage) = (self.walk.unknown(choice.of), Stage::Unknown);
        }
        match choice.next.pop() {
            Some(index) => {
                self.walk.take(index);
                self.follows = true;
            }
            None => self.give_up(),
        }
        true
    }

    /// The last choice fails, whatever is chosen.
    fn give_up(&mut self) {
        let Choice { of, stage, .. } = self.choices.pop().expect("there is one");
        self.failures += 1;
        self.remember(of);
        if stage != Stage::Nothing {
            let key: Key = self.walk.key();
            self.failed.insert(&key);
        }
        if let Some(Choice { mark, .. }) = self.choices.last() {
            self.walk.go_back(*mark);
        }
    }

    /// Keeps the answer that it can't explain, and the order.
    fn remember(&mut self, of: u32) {
        // Where states don't come after one another freely, an order fails by what is needed next.
        let need = self.walk.need();
        let (well, of) = need.unwrap_or((self.walk.at, of));
        if self.best.as_ref().is_some_and(|best| best.well >= well) {
            return;
        }
        let name = self.walk.course.operations[of as usize].name;
        let (order, changes) = match need {
            Some(_) => (Vec::new(), 0),
            None => (self.walk.last(TOLD), self.walk.changes),
        };
        self.best = Some(Best { well, unexplained: Unexplained { name, order, changes } });
    }
}
