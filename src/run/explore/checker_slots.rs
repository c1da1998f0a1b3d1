//! The checkers on one path of an exploration, which fork where the paths fork.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::check::{AnyChecker, Common, End, Erased, Exploring, Parts, Shown};
use crate::sim::Witness;
use crate::sim::explore::{Fingerprint, Part};
use crate::time::Time;
use crate::trace::{Kinds, Record, Verdict};

/// The checkers that judge every path, in their initial state.
pub struct Judges<F> {
    names: Vec<&'static str>,
    slots: CheckerSlots<F>,
    /// The invariants that must be violated, all on one path; if there are none, the goal is any violation.
    wanted: u64,
}

/// The checkers on one path.
pub(super) struct CheckerSlots<F> {
    /// None if the invariant has been violated.
    slots: Box<[Option<CheckerSlot<F>>]>,
    /// The common state that several of them read.
    common: Arc<Common>,
    fallen: u64,
    /// The fingerprint of all of them and of the common state.
    pub(super) fingerprint: Fingerprint,
}

struct CheckerSlot<F> {
    checker: Arc<dyn Erased<F>>,
    /// The kinds of events that it reads.
    wants: Kinds,
    fingerprint: Fingerprint,
}

/// A checker after a step, and its index.
type Changed<F> = (usize, AnyChecker<F>);

/// The checkers that receive the records of one step.
pub(super) struct Hearing<'a, F> {
    pub(super) before: &'a CheckerSlots<F>,
    /// The checkers that received records of the step.
    changed: SmallVec<[Changed<F>; 2]>,
    /// The common state, if the step has changed it.
    common: Option<Common>,
    fallen: u64,
}

impl<F> Default for Judges<F> {
    fn default() -> Self {
        let common = Common::default();
        let slots = CheckerSlots {
            slots: Box::default(),
            fingerprint: fingerprint_of_common(&common),
            common: common.into(),
            fallen: 0,
        };
        Self { names: Vec::new(), slots, wanted: 0 }
    }
}

impl<F> fmt::Debug for Judges<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Judges").field("names", &self.names).finish_non_exhaustive()
    }
}

impl<F> Judges<F> {
    /// Adds the checker of an invariant; `must_fall` says whether the invariant must be violated.
    ///
    /// # Panics
    /// If the checker cannot be part of a state, or if there are 64 already.
    pub fn add(&mut self, invariant: &'static str, checker: AnyChecker<F>, must_fall: bool) {
        assert!(checker.explored() != Exploring::Never, "`{invariant}` can't be judged in an exploration");
        let at = self.names.len();
        assert!(at < 64, "at most 64 invariants are judged at once");
        self.names.push(invariant);
        self.wanted |= u64::from(must_fall) << at;
        self.read(checker.reads());
        let fingerprint = fingerprint_of(at, &checker);
        let checker = checker.shared();
        let wants = checker.wants_exploring();
        let CheckerSlots { slots, fingerprint: sum, .. } = &mut self.slots;
        *sum = sum.and(fingerprint);
        *slots = std::mem::take(slots).into_iter().chain([Some(CheckerSlot { checker, wants, fingerprint })]).collect();
    }

    /// Adds the parts of the common state that a checker reads.
    fn read(&mut self, parts: Parts) {
        let CheckerSlots { common, fingerprint, .. } = &mut self.slots;
        let before = fingerprint_of_common(common);
        Arc::make_mut(common).fold(parts);
        *fingerprint = fingerprint.less(before).and(fingerprint_of_common(common));
    }

    /// The invariants, in order.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.names.clone()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Whether one of them stores the names of nodes.
    pub(super) fn name_nodes(&self) -> bool {
        self.slots.slots.iter().flatten().any(|seat| seat.checker.names_nodes())
    }

    pub(super) fn slots(&self) -> CheckerSlots<F> {
        self.slots.clone()
    }

    /// Whether these violations are a goal of the search.
    pub(super) const fn reached(&self, fallen: u64) -> bool {
        if self.wanted == 0 { fallen != 0 } else { fallen & self.wanted == self.wanted }
    }
}

fn fingerprint_of<F>(at: usize, checker: &AnyChecker<F>) -> Fingerprint {
    Fingerprint::of(Part::Checker(at as u32), checker)
}

fn fingerprint_of_common(common: &Common) -> Fingerprint {
    Fingerprint::of(Part::Common, common)
}

impl<F> Clone for CheckerSlots<F> {
    fn clone(&self) -> Self {
        let seat = |seat: &CheckerSlot<F>| CheckerSlot {
            checker: Arc::clone(&seat.checker),
            wants: seat.wants,
            fingerprint: seat.fingerprint,
        };
        Self {
            slots: self.slots.iter().map(|one| one.as_ref().map(seat)).collect(),
            common: Arc::clone(&self.common),
            fallen: self.fallen,
            fingerprint: self.fingerprint,
        }
    }
}

impl<F> CheckerSlots<F> {
    /// The violated invariants: one bit each.
    pub(super) const fn fallen(&self) -> u64 {
        self.fallen
    }

    /// The invariants that were exercised, besides the known ones: one bit each.
    pub(super) fn exercised(&self, known: u64) -> u64 {
        let mut bits = 0;
        for (at, seat) in self.slots.iter().enumerate() {
            let Some(seat) = seat.as_ref().filter(|_| known & (1 << at) == 0) else { continue };
            let verdict = seat.checker.fork().conclude(&End { time: Time::ZERO, common: &self.common });
            bits |= u64::from(matches!(verdict, Verdict::Holds { exercised } if exercised > 0)) << at;
        }
        bits | self.fallen
    }
}

impl<'a, F> Hearing<'a, F> {
    pub(super) fn new(before: &'a CheckerSlots<F>) -> Self {
        Self { before, changed: SmallVec::new(), common: None, fallen: 0 }
    }

    /// The fingerprint of all checkers after the step.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        let mut sum = self.before.fingerprint;
        if let Some(common) = &self.common {
            sum = sum.less(fingerprint_of_common(&self.before.common)).and(fingerprint_of_common(common));
        }
        for (at, checker) in &self.changed {
            let before = self.before.slots[*at].as_ref().expect("one that has fallen hears nothing").fingerprint;
            sum = sum.less(before).and(self.print_at(*at, checker));
        }
        sum
    }

    fn print_at(&self, at: usize, checker: &AnyChecker<F>) -> Fingerprint {
        if self.has_fallen(at) {
            Fingerprint::of(Part::Checker(at as u32), "fallen")
        } else {
            fingerprint_of(at, checker)
        }
    }

    const fn has_fallen(&self, at: usize) -> bool {
        self.fallen & (1 << at) != 0
    }

    /// The checkers after the step.
    pub(super) fn after(self) -> CheckerSlots<F> {
        let (mut slots, fingerprint, fallen) = (self.before.clone(), self.fingerprint(), self.fallen);
        for (at, checker) in self.changed {
            slots.slots[at] = (fallen & (1 << at) == 0).then(|| {
                let fingerprint = fingerprint_of(at, &checker);
                let checker = checker.shared();
                CheckerSlot { wants: checker.wants_exploring(), checker, fingerprint }
            });
        }
        if let Some(common) = self.common {
            slots.common = common.into();
        }
        CheckerSlots { fingerprint, fallen: slots.fallen | fallen, ..slots }
    }
}

impl<F> Witness<F> for Hearing<'_, F> {
    fn see(&mut self, record: &Record<'_>, fact: Option<&F>) -> ControlFlow<()> {
        let kinds = Kinds::of(&record.event);
        if self.before.common.wants().meets(kinds) {
            self.common.get_or_insert_with(|| Common::clone(&self.before.common)).see(record, kinds);
        }
        let shown = Shown::new(record, fact, self.common.as_ref().unwrap_or(&self.before.common));
        for (at, seat) in self.before.slots.iter().enumerate() {
            let Some(seat) = seat else { continue };
            if self.has_fallen(at) || !seat.wants.meets(kinds) {
                continue;
            }
            let known = self.changed.iter().position(|(changed, _)| *changed == at);
            let known = known.unwrap_or_else(|| {
                self.changed.push((at, seat.checker.fork()));
                self.changed.len() - 1
            });
            if self.changed[known].1.see(&shown).is_err() {
                self.fallen |= 1 << at;
            }
        }
        ControlFlow::Continue(())
    }

    fn reads(&self) -> bool {
        true
    }
}
