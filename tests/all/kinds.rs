//! A checker is shown only the kinds of records that it wants; no other would change what it concludes.

use rayon::prelude::*;
use stemmata::check::{self, AnyChecker, Common, End, Panel, Shown};
use stemmata::run::Keep;
use stemmata::trace::{Kinds, Record, Trace, Verdict, Violation};

use crate::support::{errata, load, ordinary, run};

/// A checker at work on a trace.
struct Judge {
    checker: AnyChecker<()>,
    common: Common,
    /// Whether it is shown all records, or only those that it wants.
    all: bool,
    violation: Option<Violation>,
}

impl Judge {
    fn new(name: &str, all: bool) -> Self {
        let checker = check::checker(name).expect("a built-in invariant");
        Self { common: Common::of(checker.reads()), checker, all, violation: None }
    }

    fn see(&mut self, record: &Record<'_>) {
        self.common.see(record, Kinds::of(&record.event));
        if self.violation.is_none() && (self.all || self.checker.wants().has(&record.event)) {
            self.violation = self.checker.see(&Shown::new(record, None, &self.common)).err();
        }
    }

    fn concludes(mut self, trace: &Trace) -> Verdict {
        let violation = self.violation.take();
        let end = End { time: trace.footer.time, common: &self.common };
        violation.map_or_else(|| self.checker.conclude(&end), Verdict::Violated)
    }
}

#[test]
fn what_a_checker_does_not_want_teaches_it_nothing() {
    let names: Vec<&str> = check::invariants().map(|invariant| invariant.name).collect();
    let scenarios: Vec<&str> = ordinary()
        .into_iter()
        .chain(errata())
        .filter(|name| !name.contains("hundred") && !name.contains("thousand"))
        .collect();
    scenarios.into_par_iter().for_each(|scenario| {
        let file = load(scenario);
        let trace = run(&file, file.seed().0, Keep::Trace).1.trace.expect("it was kept");
        let judges = names.iter().map(|name| [true, false].map(|all| Judge::new(name, all)));
        let mut judges: Vec<[Judge; 2]> = judges.collect();
        for record in trace.records() {
            judges.iter_mut().flatten().for_each(|judge| judge.see(&record));
        }
        for (name, judges) in names.iter().zip(judges) {
            let [all, wanted] = judges.map(|judge| judge.concludes(&trace));
            assert_eq!(all, wanted, "{name} in {scenario}");
        }
    });
}

#[test]
fn a_panel_shows_what_is_wanted() {
    let file = load("hello");
    let trace = run(&file, 7, Keep::Trace).1.trace.expect("it was kept");
    let names = ["operations", "causal-delivery", "one-fate"];
    let (mut panel, mut judges) = (Panel::<()>::new(), names.map(|name| Judge::new(name, true)));
    for name in names {
        panel.seat(name, check::checker(name).expect("a built-in invariant"));
    }
    for record in trace.records() {
        panel.see(&record, None);
        judges.iter_mut().for_each(|judge| judge.see(&record));
    }
    for (judgement, judge) in panel.conclude(trace.footer.time).into_iter().zip(judges) {
        assert_eq!(judgement.verdict, judge.concludes(&trace), "{}", judgement.invariant);
    }
}
