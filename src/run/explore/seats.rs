//! The checkers on one way through an exploration: they part where the ways do.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::check::Branch;
use crate::sim::Witness;
use crate::sim::explore::{Part, Print, Printer};
use crate::time::Time;
use crate::trace::{Record, Verdict};

/// The checkers that judge every way, at its beginning.
pub struct Judges<F> {
    names: Vec<&'static str>,
    seats: Seats<F>,
    /// Those that must fall, all on one way; without any the first that falls is looked for.
    wanted: u64,
}

/// The checkers on one way.
pub(super) struct Seats<F> {
    /// None where the invariant has fallen.
    seats: Box<[Option<Seat<F>>]>,
    fallen: u64,
    pub(super) print: Print,
}

struct Seat<F> {
    checker: Arc<dyn Branch<F>>,
    print: Print,
}

/// A checker after a step, and its place.
type Changed<F> = (usize, Box<dyn Branch<F>>);

/// The checkers that hear of one step.
pub(super) struct Hearing<'a, F> {
    pub(super) before: &'a Seats<F>,
    /// Those that the step has told something.
    changed: SmallVec<[Changed<F>; 2]>,
    fallen: u64,
}

impl<F> Default for Judges<F> {
    fn default() -> Self {
        let seats = Seats { seats: Box::default(), fallen: 0, print: Print::default() };
        Self { names: Vec::new(), seats, wanted: 0 }
    }
}

impl<F> fmt::Debug for Judges<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Judges").field("names", &self.names).finish_non_exhaustive()
    }
}

impl<F> Judges<F> {
    /// Adds the checker of an invariant, which perhaps must fall.
    ///
    /// # Panics
    /// If there are 64 already.
    pub fn seat(&mut self, invariant: &'static str, checker: Box<dyn Branch<F>>, must_fall: bool) {
        let at = self.names.len();
        assert!(at < 64, "at most 64 invariants are judged at once");
        self.names.push(invariant);
        self.wanted |= u64::from(must_fall) << at;
        let checker: Arc<dyn Branch<F>> = checker.into();
        let print = print_of(at, &*checker);
        let Seats { seats, print: sum, .. } = &mut self.seats;
        *sum = sum.and(print);
        *seats = std::mem::take(seats).into_iter().chain([Some(Seat { checker, print })]).collect();
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

    /// Whether one of them remembers nodes by their names.
    pub(super) fn name_nodes(&self) -> bool {
        self.seats.seats.iter().flatten().any(|seat| seat.checker.names_nodes())
    }

    pub(super) fn seats(&self) -> Seats<F> {
        self.seats.clone()
    }

    /// Whether what was looked for has happened.
    pub(super) const fn reached(&self, fallen: u64) -> bool {
        if self.wanted == 0 { fallen != 0 } else { fallen & self.wanted == self.wanted }
    }
}

fn print_of<F>(at: usize, checker: &dyn Branch<F>) -> Print {
    let mut printer = Printer::of(Part::Checker(at as u32));
    checker.memory(&mut printer);
    printer.end()
}

impl<F> Clone for Seats<F> {
    fn clone(&self) -> Self {
        let seat = |seat: &Seat<F>| Seat { checker: Arc::clone(&seat.checker), print: seat.print };
        Self {
            seats: self.seats.iter().map(|one| one.as_ref().map(seat)).collect(),
            fallen: self.fallen,
            print: self.print,
        }
    }
}

impl<F> Seats<F> {
    /// The invariants that have fallen: a bit each.
    pub(super) const fn fallen(&self) -> u64 {
        self.fallen
    }

    /// Which invariants were put to the test, beside those that are known to be: a bit each.
    pub(super) fn exercised(&self, known: u64) -> u64 {
        let mut bits = 0;
        for (at, seat) in self.seats.iter().enumerate() {
            let Some(seat) = seat.as_ref().filter(|_| known & (1 << at) == 0) else { continue };
            let verdict = seat.checker.fork().conclude(Time::ZERO);
            bits |= u64::from(matches!(verdict, Verdict::Holds { exercised } if exercised > 0)) << at;
        }
        bits | self.fallen
    }
}

impl<'a, F> Hearing<'a, F> {
    pub(super) fn new(before: &'a Seats<F>) -> Self {
        Self { before, changed: SmallVec::new(), fallen: 0 }
    }

    /// The fingerprint of all checkers after the step.
    pub(super) fn print(&self) -> Print {
        let mut sum = self.before.print;
        for (at, checker) in &self.changed {
            let before = self.before.seats[*at].as_ref().expect("one that has fallen hears nothing").print;
            sum = sum.less(before).and(self.print_at(*at, &**checker));
        }
        sum
    }

    fn print_at(&self, at: usize, checker: &dyn Branch<F>) -> Print {
        if self.has_fallen(at) { Print::of(Part::Checker(at as u32), "fallen") } else { print_of(at, checker) }
    }

    const fn has_fallen(&self, at: usize) -> bool {
        self.fallen & (1 << at) != 0
    }

    /// The checkers after the step.
    pub(super) fn after(self) -> Seats<F> {
        let (mut seats, print, fallen) = (self.before.clone(), self.print(), self.fallen);
        for (at, checker) in self.changed {
            let print = if fallen & (1 << at) == 0 { print_of(at, &*checker) } else { Print::default() };
            seats.seats[at] = (fallen & (1 << at) == 0).then(|| Seat { checker: checker.into(), print });
        }
        Seats { print, fallen: seats.fallen | fallen, ..seats }
    }
}

impl<F> Witness<F> for Hearing<'_, F> {
    fn see(&mut self, record: &Record<'_>, fact: Option<&F>) -> ControlFlow<()> {
        for (at, seat) in self.before.seats.iter().enumerate() {
            let Some(seat) = seat else { continue };
            if self.has_fallen(at) || !seat.checker.heeds(&record.event) {
                continue;
            }
            let known = self.changed.iter().position(|(changed, _)| *changed == at);
            let known = known.unwrap_or_else(|| {
                self.changed.push((at, seat.checker.fork()));
                self.changed.len() - 1
            });
            if self.changed[known].1.see(record, fact).is_err() {
                self.fallen |= 1 << at;
            }
        }
        ControlFlow::Continue(())
    }

    fn reads(&self) -> bool {
        true
    }
}
