//! Several checkers that watch one run together.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use super::laws::OneFate;
use super::{Checker, standard};
use crate::identity::MessageId;
use crate::time::{Span, Time};
use crate::trace::{Judgement, Kinds, Record, Verdict, Violation};

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
    /// When the next bound of an invariant runs out.
    due: Time,
}

struct Seat<F> {
    /// In the order of seating.
    place: usize,
    invariant: Cow<'static, str>,
    checker: Box<dyn Checker<F>>,
    /// What it is shown.
    wants: Kinds,
    /// By when what it waits for must have come; never if nobody knows, or if that was judged.
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
        Self { watching: Vec::new(), fallen: Vec::new(), seats: 0, due: Time::MAX }
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

    /// The same for a run whose network is known: after quiescence no message but those with a `fixed` fate takes longer
    /// than `longest`, which `one-fate` then holds it to.
    #[must_use]
    pub fn laws_within(longest: Span, fixed: BTreeSet<MessageId>) -> Self {
        let mut panel = Self::laws();
        let one_fate = panel.watching.iter_mut().find(|seat| seat.invariant == "one-fate").expect("it is a law");
        one_fate.checker = Box::new(OneFate::within(longest, fixed));
        panel
    }

    /// Adds the checker of an invariant.
    pub fn seat(&mut self, invariant: impl Into<Cow<'static, str>>, checker: Box<dyn Checker<F>>) {
        self.seat_until(invariant, checker, Time::MAX);
    }

    /// Adds the checker of an invariant that must hold at `due`: what its checker would conclude there counts. What is
    /// open before is undecided, should the run end there.
    pub fn seat_until(&mut self, invariant: impl Into<Cow<'static, str>>, mut checker: Box<dyn Checker<F>>, due: Time) {
        if due < Time::MAX {
            checker.bound(due);
        }
        let wants = checker.wants();
        self.watching.push(Seat { place: self.seats, invariant: invariant.into(), checker, wants, due });
        self.seats += 1;
        self.due = self.due.min(due);
    }

    /// Shows one record to all that want its kind and have seen no violation; tells whether an invariant fell with it.
    #[inline]
    pub fn see(&mut self, record: &Record<'_>, fact: Option<&F>) -> bool {
        let mut fell = record.time > self.due && self.bounds_run_out(record.time);
        let kind = Kinds::of(&record.event);
        let mut index = 0;
        while let Some(seat) = self.watching.get_mut(index) {
            if !seat.wants.meets(kind) {
                index += 1;
                continue;
            }
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

    /// Whether nothing is open for which a run that is quiescent should go on.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.watching.iter().all(|seat| seat.checker.is_settled())
    }

    /// The invariants that have fallen so far, in the order of their fall.
    pub fn fallen(&self) -> impl Iterator<Item = (&str, &Violation)> {
        self.fallen.iter().map(|fallen| (&*fallen.invariant, &fallen.violation))
    }

    /// Concludes a run that came to its end at `end`: one judgement a checker, in the order of seating.
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

    /// Concludes a run that was stopped at `end`, before its own end: what broke on the way is violated; but what is
    /// only missing so far, or was not yet exercised, is undecided.
    #[must_use]
    pub fn conclude_stopped(self, end: Time) -> Vec<Judgement> {
        let why = || format!("the run was stopped at {end}ms");
        self.judge(end, |verdict, _| match verdict {
            Verdict::Violated(_) | Verdict::Vacuous { .. } => Verdict::Undecided { why: why() },
            Verdict::Holds { .. } | Verdict::Undecided { .. } => verdict,
        })
    }

    /// Judges those whose bound has run out; whether one fell.
    #[cold]
    fn bounds_run_out(&mut self, now: Time) -> bool {
        let mut fell = false;
        let mut index = 0;
        while let Some(seat) = self.watching.get_mut(index) {
            let due = seat.due;
            if due < now {
                seat.due = Time::MAX;
                if let Verdict::Violated(violation) = seat.checker.conclude(due) {
                    self.dismiss(index, violation);
                    fell = true;
                    continue;
                }
            }
            index += 1;
        }
        self.due = self.watching.iter().map(|seat| seat.due).min().unwrap_or(Time::MAX);
        fell
    }

    #[cold]
    fn dismiss(&mut self, index: usize, violation: Violation) {
        let Seat { place, invariant, .. } = self.watching.remove(index);
        self.fallen.push(Fallen { place, invariant, violation });
    }

    fn judge(self, end: Time, reading: impl Fn(Verdict, Time) -> Verdict) -> Vec<Judgement> {
        let mut judged: Vec<(usize, Judgement)> = Vec::with_capacity(self.seats);
        for Fallen { place, invariant, violation } in self.fallen {
            judged.push((place, Judgement { invariant: invariant.into(), verdict: Verdict::Violated(violation) }));
        }
        for Seat { place, invariant, mut checker, due, wants: _ } in self.watching {
            let verdict = reading(checker.conclude(end), due);
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
        panel.seat("reliable-delivery", Box::<ReliableDelivery>::default());
        panel.seat("no-duplication", Box::<NoDuplication>::default());
        panel.seat("causal-delivery", Box::<CausalDelivery>::default());
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
            panel.seat_until("reliable-delivery", Box::<ReliableDelivery>::default(), due);
            assert!(panel.is_settled());
            history.records.iter().for_each(|record| _ = panel.see(record, None));
            assert!(!panel.is_settled());
            panel.conclude(Time::from_nanos(end)).remove(0).verdict
        };
        let why = "the run ends at 1.000ms, and it has until 2.000ms: never delivered, though all has been calm for \
                   1.000ms: n1's broadcast 1 at n2";
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
