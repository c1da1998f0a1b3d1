//! Several checkers that watch one run together.

use std::borrow::Cow;
use std::fmt;

use super::{Checker, standard};
use crate::time::Time;
use crate::trace::{Judgement, Record, Verdict, Violation};

/// Named checkers, and what the first that broke each invariant was.
///
/// ```
/// use stemmata::check::Panel;
/// use stemmata::time::Time;
///
/// let mut panel = Panel::<()>::laws();
/// panel.seat("causality", stemmata::check::checker("causality").expect("a built-in one"));
/// for judgement in panel.conclude(Time::ZERO) {
///     println!("{} {}", judgement.invariant, judgement.verdict.word());
/// }
/// ```
pub struct Panel<F> {
    /// Those that have seen no violation.
    watching: Vec<Seat<F>>,
    fallen: Vec<Fallen>,
    seats: usize,
}

struct Seat<F> {
    /// In the order of seating.
    place: usize,
    invariant: Cow<'static, str>,
    checker: Box<dyn Checker<F>>,
}

#[derive(Debug)]
struct Fallen {
    place: usize,
    invariant: Cow<'static, str>,
    violation: Violation,
}

impl<F> Default for Panel<F> {
    fn default() -> Self {
        Self { watching: Vec::new(), fallen: Vec::new(), seats: 0 }
    }
}

impl<F> Panel<F> {
    /// A panel without checkers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A panel of the kernel's laws, which watch every run.
    #[must_use]
    pub fn laws() -> Self {
        let mut panel = Self::new();
        for (invariant, checker) in standard::laws() {
            panel.seat(invariant.name, checker);
        }
        panel
    }

    /// Adds the checker of an invariant.
    pub fn seat(&mut self, invariant: impl Into<Cow<'static, str>>, checker: Box<dyn Checker<F>>) {
        self.watching.push(Seat { place: self.seats, invariant: invariant.into(), checker });
        self.seats += 1;
    }

    /// Shows one record to all that have seen no violation; tells whether an invariant fell with it.
    #[inline]
    pub fn see(&mut self, record: &Record<'_>, fact: Option<&F>) -> bool {
        let mut fell = false;
        let mut index = 0;
        while let Some(seat) = self.watching.get_mut(index) {
            match seat.checker.see(record, fact) {
                Ok(()) => index += 1,
                Err(violation) => {
                    self.dismiss(index, violation);
                    fell = true;
                }
            }
        }
        fell
    }

    /// The invariants that have fallen so far, in the order of their fall.
    pub fn fallen(&self) -> impl Iterator<Item = (&str, &Violation)> {
        self.fallen.iter().map(|fallen| (&*fallen.invariant, &fallen.violation))
    }

    /// Concludes a run that came to its end at `end`: one judgement a checker, in the order of seating.
    #[must_use]
    pub fn conclude(self, end: Time) -> Vec<Judgement> {
        self.judge(end, |verdict| verdict)
    }

    /// Concludes a run that was stopped at `end`, before its own end: what broke on the way is violated; but what is
    /// only missing so far, or was not yet exercised, is undecided.
    #[must_use]
    pub fn conclude_stopped(self, end: Time) -> Vec<Judgement> {
        let why = || format!("the run was stopped at {end}");
        self.judge(end, |verdict| match verdict {
            Verdict::Violated(_) | Verdict::Vacuous { .. } => Verdict::Undecided { why: why() },
            Verdict::Holds { .. } | Verdict::Undecided { .. } => verdict,
        })
    }

    #[cold]
    fn dismiss(&mut self, index: usize, violation: Violation) {
        let Seat { place, invariant, .. } = self.watching.remove(index);
        self.fallen.push(Fallen { place, invariant, violation });
    }

    fn judge(self, end: Time, reading: impl Fn(Verdict) -> Verdict) -> Vec<Judgement> {
        let mut judged: Vec<(usize, Judgement)> = Vec::with_capacity(self.seats);
        for Fallen { place, invariant, violation } in self.fallen {
            judged.push((place, Judgement { invariant: invariant.into(), verdict: Verdict::Violated(violation) }));
        }
        for Seat { place, invariant, mut checker } in self.watching {
            let verdict = reading(checker.conclude(end));
            judged.push((place, Judgement { invariant: invariant.into(), verdict }));
        }
        judged.sort_unstable_by_key(|(place, _)| *place);
        judged.into_iter().map(|(_, judgement)| judgement).collect()
    }
}

impl<F> fmt::Debug for Panel<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let watching: Vec<&str> = self.watching.iter().map(|seat| &*seat.invariant).collect();
        f.debug_struct("Panel").field("watching", &watching).field("fallen", &self.fallen).finish_non_exhaustive()
    }
}
