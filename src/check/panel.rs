//! Several checkers of one run.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use super::laws::OneFate;
use super::{AnyChecker, Common, End, Shown, standard};
use crate::identity::MessageId;
use crate::time::{Span, Time};
use crate::trace::{Judgement, Kinds, Record, Verdict, Violation};

/// Named checkers, and the violations that they have found.
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
    /// The common state that several of them read.
    common: Common,
    /// In the order in which they were added; none if a checker has found a violation.
    seats: Vec<Option<Seat<F>>>,
    /// By kind of record: one bit for each seat that needs it.
    shown: Box<[u64; Kinds::PLACES]>,
    /// The violations, in order.
    fallen: Vec<Fallen>,
    /// The next deadline of an invariant.
    due: Time,
}

struct Seat<F> {
    invariant: Cow<'static, str>,
    checker: AnyChecker<F>,
    /// The deadline of the invariant; never if there is none, or if it has been judged.
    due: Time,
}

#[derive(Debug)]
struct Fallen {
    place: usize,
    invariant: Cow<'static, str>,
    violation: Violation,
}

impl<F> Default for Panel<F> {
    fn default() -> Self {
        let shown = Box::new([0; Kinds::PLACES]);
        Self { common: Common::default(), seats: Vec::new(), shown, fallen: Vec::new(), due: Time::MAX }
    }
}

impl<F> Panel<F> {
    /// A panel without checkers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A panel of the kernel's laws, for every run.
    #[must_use]
    pub fn laws() -> Self {
        let mut panel = Self::new();
        for (invariant, checker) in standard::laws() {
            panel.seat(invariant.name, checker);
        }
        panel
    }

    /// The same for a run whose network is known: `one-fate` then requires that after quiescence only messages with a
    /// `fixed` fate take longer than `longest`.
    #[must_use]
    pub fn laws_within(longest: Span, fixed: BTreeSet<MessageId>) -> Self {
        let mut panel = Self::laws();
        let one_fate = panel.seats.iter_mut().flatten().find(|seat| seat.invariant == "one-fate").expect("it is a law");
        one_fate.checker = AnyChecker::new(OneFate::within(longest, fixed));
        panel
    }

    /// Adds the checker of an invariant.
    ///
    /// # Panics
    /// If there are 64 already.
    pub fn seat(&mut self, invariant: impl Into<Cow<'static, str>>, checker: AnyChecker<F>) {
        self.seat_until(invariant, checker, Time::MAX);
    }

    /// Adds the checker of an invariant that must hold at `due`: its conclusion there is the verdict. If the run ends
    /// before that, what is open is undecided.
    ///
    /// # Panics
    /// If there are 64 already.
    pub fn seat_until(&mut self, invariant: impl Into<Cow<'static, str>>, mut checker: AnyChecker<F>, due: Time) {
        if due < Time::MAX {
            checker.bound(due);
        }
        let place = self.seats.len();
        assert!(place < 64, "at most 64 invariants are judged at once");
        checker.wants().places().for_each(|kind| self.shown[kind] |= 1 << place);
        self.common.fold(checker.reads());
        self.seats.push(Some(Seat { invariant: invariant.into(), checker, due }));
        self.due = self.due.min(due);
    }

    /// Shows one record to all checkers that need its kind and have found no violation; returns whether one has now.
    #[inline]
    pub fn see(&mut self, record: &Record<'_>, fact: Option<&F>) -> bool {
        let mut fell = record.time > self.due && self.bounds_run_out(record.time);
        let kinds = Kinds::of(&record.event);
        self.common.see(record, kinds);
        let mut places = kinds.bits_of(&self.shown);
        let shown = Shown::new(record, fact, &self.common);
        while places != 0 {
            let place = places.trailing_zeros() as usize;
            places &= places - 1;
            let Some(seat) = &mut self.seats[place] else { continue };
            if let Err(violation) = seat.checker.see(&shown) {
                dismiss(&mut self.seats, &mut self.fallen, place, violation);
                fell = true;
            }
        }
        fell
    }

    /// Whether nothing is open for which a quiescent run should continue.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.seats.iter().flatten().all(|seat| seat.checker.is_settled())
    }

    /// The violations so far, in order.
    pub fn fallen(&self) -> impl Iterator<Item = (&str, &Violation)> {
        self.fallen.iter().map(|fallen| (&*fallen.invariant, &fallen.violation))
    }

    /// Concludes a run that ended at `end`: one judgement per checker, in the order in which they were added.
    #[must_use]
    pub fn conclude(mut self, end: Time) -> Vec<Judgement> {
        self.bounds_run_out(end);
        self.judge(end, |verdict, due| match verdict {
            Verdict::Violated(Violation { sentence, .. }) if end < due && due < Time::MAX => {
                Verdict::Undecided { why: format!("the run ends at {end}ms, and it has until {due}ms: {sentence}") }
            }
            Verdict::Violated(_) | Verdict::Holds { .. } | Verdict::Undecided { .. } | Verdict::Vacuous { .. } => {
                verdict
            }
        })
    }

    /// Concludes a run that was stopped at `end`, before its own end: a violation so far is a violation; what is only
    /// missing so far, or was not yet exercised, is undecided.
    #[must_use]
    pub fn conclude_stopped(self, end: Time) -> Vec<Judgement> {
        let why = || format!("the run was stopped at {end}ms");
        self.judge(end, |verdict, _| match verdict {
            Verdict::Violated(_) | Verdict::Vacuous { .. } => Verdict::Undecided { why: why() },
            Verdict::Holds { .. } | Verdict::Undecided { .. } => verdict,
        })
    }

    /// Judges the invariants whose deadline has passed; returns whether one is violated.
    #[cold]
    fn bounds_run_out(&mut self, now: Time) -> bool {
        let mut fell = false;
        for place in 0..self.seats.len() {
            let Some(seat) = self.seats[place].as_mut().filter(|seat| seat.due < now) else { continue };
            let time = std::mem::replace(&mut seat.due, Time::MAX);
            if let Verdict::Violated(violation) = seat.checker.conclude(&End { time, common: &self.common }) {
                dismiss(&mut self.seats, &mut self.fallen, place, violation);
                fell = true;
            }
        }
        self.due = self.seats.iter().flatten().map(|seat| seat.due).min().unwrap_or(Time::MAX);
        fell
    }

    fn judge(self, end: Time, reading: impl Fn(Verdict, Time) -> Verdict) -> Vec<Judgement> {
        let mut judged: Vec<(usize, Judgement)> = Vec::with_capacity(self.seats.len());
        for Fallen { place, invariant, violation } in self.fallen {
            judged.push((place, Judgement { invariant: invariant.into(), verdict: Verdict::Violated(violation) }));
        }
        let end = End { time: end, common: &self.common };
        for (place, seat) in self.seats.into_iter().enumerate() {
            let Some(Seat { invariant, mut checker, due }) = seat else { continue };
            let verdict = reading(checker.conclude(&end), due);
            judged.push((place, Judgement { invariant: invariant.into(), verdict }));
        }
        judged.sort_unstable_by_key(|(place, _)| *place);
        judged.into_iter().map(|(_, judgement)| judgement).collect()
    }
}

#[cold]
fn dismiss<F>(seats: &mut [Option<Seat<F>>], fallen: &mut Vec<Fallen>, place: usize, violation: Violation) {
    let Seat { invariant, .. } = seats[place].take().expect("it has just seen the violation");
    fallen.push(Fallen { place, invariant, violation });
}

impl<F> fmt::Debug for Panel<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let watching: Vec<&str> = self.seats.iter().flatten().map(|seat| &*seat.invariant).collect();
        f.debug_struct("Panel").field("watching", &watching).field("fallen", &self.fallen).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::history::*;
    use crate::check::{CausalDelivery, NoDuplication, ReliableDelivery};

    fn twice_delivered() -> (History, Panel<()>) {
        let mut history = History::default();
        history.on("n1", start(1)).on("n2", start(1)).on("n1", broadcast(1)).on("env", crate::trace::Event::Calm);
        history.on("n2", delivered("n1", 1)).on("n2", delivered("n1", 1)).on("n2", delivered("n1", 1));
        history.on("n1", broadcast(2));
        let mut panel = Panel::new();
        panel.seat("reliable-delivery", AnyChecker::new(ReliableDelivery::default()));
        panel.seat("no-duplication", AnyChecker::new(NoDuplication::default()));
        panel.seat("causal-delivery", AnyChecker::new(CausalDelivery::default()));
        (history, panel)
    }

    #[test]
    fn the_first_violation_is_kept_and_its_checker_not_asked_again() {
        let (history, mut panel) = twice_delivered();
        let fell: Vec<bool> = history.records.iter().map(|record| panel.see(record, None)).collect();
        assert_eq!(fell, [false, false, false, false, false, true, false, false]);
        let fallen: Vec<_> = panel.fallen().map(|(name, violation)| (name, violation.witnesses.len())).collect();
        assert_eq!(fallen, [("no-duplication", 2)]);
        let judged = panel.conclude(Time::ZERO);
        let words: Vec<_> = judged.iter().map(|one| (one.invariant.as_str(), one.verdict.word())).collect();
        let told = [("reliable-delivery", "violated"), ("no-duplication", "violated"), ("causal-delivery", "vacuous")];
        assert_eq!(words, told);
    }

    #[test]
    fn what_is_open_is_undecided_before_its_bound_and_violated_there() {
        let judged = |due: u64, end: u64| {
            let mut history = History::default();
            history.on("n1", start(1)).on("n2", start(1)).on("n1", broadcast(1));
            history.on("env", crate::trace::Event::Calm);
            let mut panel = Panel::<()>::new();
            let due = Time::from_nanos(due);
            panel.seat_until("reliable-delivery", AnyChecker::new(ReliableDelivery::default()), due);
            assert!(panel.is_settled());
            history.records.iter().for_each(|record| _ = panel.see(record, None));
            assert!(!panel.is_settled());
            panel.conclude(Time::from_nanos(end)).remove(0).verdict
        };
        let why = "the run ends at 1.000ms, and it has until 2.000ms: not delivered 1.000ms after quiescence: \
                   n1's broadcast 1 at n2";
        assert_eq!(judged(2_000_000, 1_000_000), Verdict::Undecided { why: why.to_owned() });
        for end in [2_000_000, 3_000_000] {
            let verdict = judged(2_000_000, end);
            assert_eq!(verdict.violation().expect("it is due").time, Time::from_nanos(2_000_000));
        }
    }

    #[test]
    fn a_stopped_run_blames_nobody_for_what_is_only_missing() {
        let (history, mut panel) = twice_delivered();
        for record in &history.records {
            panel.see(record, None);
        }
        let words: Vec<_> = panel.conclude_stopped(Time::ZERO).iter().map(|one| one.verdict.word()).collect();
        assert_eq!(words, ["undecided", "violated", "undecided"]);
    }

    #[test]
    fn the_laws_hold_where_nothing_happens() {
        let judged = Panel::<()>::laws().conclude(Time::ZERO);
        assert!(judged.iter().all(|one| one.verdict.word() == "holds"));
        assert_eq!(judged.len(), 7);
    }
}
