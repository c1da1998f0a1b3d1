//! Every flaw is caught as its scenario says, and gone without it; every checker earns its place.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rayon::prelude::*;
use stemmata::report::{self, Erratum};
use stemmata::run::{Keep, RunVerdict, Shortfall};
use stemmata::scenario::ScenarioFile;
use stemmata::trace::{Judgement, Verdict};

use crate::support::{errata, load, ordinary, parse, run, subjects};

#[test]
fn every_erratum_is_caught_as_written() {
    for name in errata() {
        let file = load(name);
        let (resolved, outcome) = run(&file, file.seed().0, Keep::Verdicts);
        let shortfalls = outcome.shortfalls(&resolved);
        assert!(shortfalls.is_empty(), "{name}: {shortfalls:?}");
        assert!(!resolved.expected.violates.is_empty(), "{name} must say what falls");
    }
}

/// Nothing falls without the flaw, and what falls with it was exercised: else its absence would say nothing.
#[test]
fn every_erratum_is_gone_without_its_flaw() {
    for name in errata() {
        let file = followed(name).unwrap_or_else(|| load(name)).without_flaws();
        let named = load(name).scenario().expect.violates.clone();
        let exercised = (0..100).into_par_iter().filter(|seed| {
            let (resolved, outcome) = run(&file, *seed, Keep::Verdicts);
            assert_ne!(outcome.verdict(&resolved), RunVerdict::Broken, "{name}, seed {seed}: {:?}", outcome.judgements);
            let holds = |name: &String| {
                let named = |judged: &&Judgement| judged.invariant == *name;
                let judged = outcome.judgements.iter().find(named).expect("it is judged");
                matches!(judged.verdict, Verdict::Holds { exercised } if exercised > 0)
            };
            named.iter().all(holds)
        });
        assert!(exercised.count() > 0, "{name}: {named:?} was never exercised");
    }
}

/// Of some shrunk files nothing is left but the fall: without the flaw they end before their invariant is exercised. Here
/// each has one operation more, and the reason why it takes that.
const MORE: [(&str, &str, &str); 16] = [
    (
        "errata/shrunk/b05",
        "one message makes no concurrent clocks",
        r#"{ "at": "1ms", "op": "c2#1", "to": "n2", "command": { "broadcast": { "text": "b" } } }"#,
    ),
    (
        "errata/shrunk/e20",
        "nobody releases the lock, and so nobody is granted it after another",
        r#"{ "at": "20ms", "op": "c1#2", "to": "n1", "command": { "locks": { "release": { "acquire": "c1#1" } } } }"#,
    ),
    (
        "errata/shrunk/e23",
        "nobody releases the lock, and so nobody is granted it after another",
        r#"{ "at": "20ms", "op": "c1#2", "to": "n1", "command": { "locks": { "release": { "acquire": "c1#1" } } } }"#,
    ),
    (
        "errata/shrunk/e32",
        "nobody releases the lock, and so no grant follows another",
        r#"{ "at": "20ms", "op": "c1#2", "to": "n1", "command": { "locks": { "release": { "acquire": "c1#1" } } } }"#,
    ),
    (
        "errata/shrunk/k17",
        "the one operation that is proposed stands in an ended session, and comes to nothing",
        r#"{ "at": "450ms", "op": "c1#4", "to": "n1", "command": { "store": { "put": { "key": "k1", "value": "v" } } } }"#,
    ),
    (
        "errata/shrunk/k19",
        "the operation that follows a conflicting one is refused, and none succeeds after one",
        r#"{ "at": "700ms", "op": "c1#3", "to": "n1", "command": { "store": { "put": { "key": "fenced/a1", "value": "z", "within": { "token": "3.n1.c1#1" } } } } }"#,
    ),
    (
        "errata/shrunk/l01",
        "nobody releases the lock, and so nobody is granted it after another",
        r#"{ "at": "20ms", "op": "c1#2", "to": "n2", "command": { "locks": { "release": { "acquire": "c1#1" } } } }"#,
    ),
    (
        "errata/shrunk/l04",
        "nobody releases the lock, and so nobody is granted it after another",
        r#"{ "at": "20ms", "op": "c1#2", "to": "n2", "command": { "locks": { "release": { "acquire": "c1#1" } } } }"#,
    ),
    (
        "errata/shrunk/l05",
        "the one client that holds something is refused what else it asks for, and waits for nothing",
        r#"{ "at": "2ms", "op": "c2#1", "to": "n1", "command": { "locks": { "acquire": { "priority": 1, "wanted": { "a1": "x" } } } } }"#,
    ),
    (
        "errata/shrunk/l06",
        "both read at once, and neither holds anything when the other asks",
        r#"{ "at": "20ms", "op": "c3#1", "to": "n1", "command": { "locks": { "acquire": { "priority": 1, "wanted": { "a1": "s" } } } } }"#,
    ),
    (
        "errata/shrunk/s04",
        "the one delete names nothing",
        r#"{ "at": "30ms", "op": "c2#1", "to": "n3", "command": { "store": { "delete": { "key": "documents/d1" } } } }"#,
    ),
    (
        "errata/shrunk/s08",
        "the one delete names nothing",
        r#"{ "at": "99ms", "op": "c2#1", "to": "n1", "command": { "store": { "delete": { "key": "documents/d1" } } } }"#,
    ),
    (
        "errata/shrunk/s10",
        "the one operation is refused",
        r#"{ "at": "1ms", "op": "c2#1", "to": "n1", "command": { "store": { "put": { "key": "documents/d2", "value": "x" } } } }"#,
    ),
    (
        "errata/shrunk/x01",
        "it ends before anything is committed",
        r#"{ "at": "900ms", "op": "c2#1", "to": "n1", "command": { "transactions": { "transact": { "operations": [ { "add": { "amount": 1, "key": "accounts/a1" } } ] } } } }"#,
    ),
    (
        "errata/shrunk/x04",
        "it ends before the second transaction is committed",
        r#"{ "at": "900ms", "op": "c2#1", "to": "n1", "command": { "transactions": { "transact": { "operations": [ { "read": { "key": "orders/i1" } } ] } } } }"#,
    ),
    (
        "errata/shrunk/x12",
        "the one transaction depends on no other",
        r#"{ "at": "90ms", "op": "c2#1", "to": "n1", "command": { "transactions": { "transact": { "operations": [ { "read": { "key": "orders/i1" } } ] } } } }"#,
    ),
];

/// A shrunk scenario that is not over with the fall.
fn followed(name: &str) -> Option<ScenarioFile> {
    let (.., more) = MORE.iter().find(|(file, ..)| *file == name)?;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(format!("{name}.json"));
    let text = fs::read_to_string(path).expect("it is shipped");
    let (start, rest) = text.split_once("\"operations\"").expect("it has operations");
    let (operations, rest) = rest.split_once("\n  ]").expect("they end");
    let short = ["5ms", "10ms", "20ms"].map(|time| format!("\"for\": \"{time}\""));
    let start = short.iter().fold(start.to_owned(), |start, short| start.replace(short.as_str(), "\"for\": \"1s\""));
    Some(parse(&format!("{start}\"operations\"{operations},\n    {more}\n  ]{rest}")))
}

#[test]
fn what_is_asked_more_hides_no_fall() {
    for (name, why, _) in MORE {
        let file = followed(name).expect("it is one of them");
        let (resolved, outcome) = run(&file, file.seed().0, Keep::Verdicts);
        assert!(outcome.shortfalls(&resolved).is_empty(), "{name} ({why}): {:?}", outcome.shortfalls(&resolved));
        let (_, alone) = run(&load(name).without_flaws(), file.seed().0, Keep::Verdicts);
        let named = &file.scenario().expect.violates;
        let judged = alone.judgements.iter().find(|judged| named.contains(&judged.invariant)).expect("it is judged");
        assert!(!matches!(judged.verdict, Verdict::Holds { exercised } if exercised > 0), "{name} is enough by itself");
    }
}

#[test]
fn every_flaw_has_its_scenario_and_every_claim_falls_to_one() {
    let shipped: BTreeSet<&str> = errata().into_iter().filter_map(|name| name.strip_prefix("errata/")).collect();
    for subject in subjects() {
        let profile = subject.profile;
        let felled: BTreeSet<&str> = profile.flaws().map(|(_, flaw)| flaw.violates).collect();
        for (_, flaw) in profile.flaws() {
            assert!(shipped.contains(flaw.id), "no scenario shows {}", flaw.id);
            let file = load(&format!("errata/{}", flaw.id));
            assert_eq!(file.scenario().expect.violates, [flaw.violates], "{}", flaw.id);
        }
        for (_, invariant) in profile.invariants() {
            assert!(felled.contains(invariant.name), "nothing shows that `{}` can fall", invariant.name);
        }
    }
}

/// All rows are written by `.ci/remake`; here some are made anew.
#[test]
fn the_report_and_the_shrunk_files_are_those_of_this_build() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let report = fs::read_to_string(root.join("reports/errata.md")).expect("the report is there");
    let known = report::errata(&subjects()).unwrap_or_else(|problem| panic!("{problem}"));
    for (id, file, subject) in &known {
        let start = format!("\n| {id} | ");
        assert!(report.contains(&start), "the report has no row for {id}: write it anew");
        if ["b01", "b04", "e10", "k13"].contains(&id.as_str()) {
            let erratum = Erratum::of(id, file, *subject, 2).unwrap_or_else(|problem| panic!("{problem}"));
            assert!(report.contains(&format!("\n{}\n", erratum.row())), "another row now: {}", erratum.row());
            let shipped = fs::read_to_string(erratum.path(&root.join("scenarios"))).expect("it is shipped");
            assert_eq!(shipped, erratum.shrunk, "write the shrunk scenarios anew");
        }
    }
    assert_eq!(report.matches("\n| ").count(), known.len() + 2, "rows of errata that there are, a title and a rule");
}

#[test]
fn ordinary_scenarios_hold_and_prove_something() {
    for name in ordinary() {
        let file = load(name);
        let (resolved, outcome) = run(&file, file.seed().0, Keep::Verdicts);
        let shortfalls = outcome.shortfalls(&resolved);
        assert!(shortfalls.is_empty(), "{name}: {shortfalls:?}");
    }
}

/// If hunting ever finds nothing any more, this notices: the flaw needs a crash between two effects.
#[test]
fn a_canary_falls_within_a_hundred_seeds() {
    let file = load("broadcast-crash").with_flaws(&["b04"]).expect("a known flaw");
    let falls = (0..100).filter(|seed| {
        let (resolved, outcome) = run(&file, *seed, Keep::Verdicts);
        outcome.verdict(&resolved) == RunVerdict::Broken
    });
    assert!(falls.count() > 10, "the canary sings on");
}

/// A green under a flaw that can't act there would say nothing.
#[test]
fn a_flaw_that_never_acts_proves_nothing_and_says_what_it_needs() {
    let ran = |scenario: &str, flaw: &str| {
        let file = load(scenario).with_flaws(&[flaw]).expect("a known flaw");
        let resolved = file.resolve(stemmata::chance::Seed(0)).expect("nothing clashes");
        let subject = crate::support::subject_of(&file);
        let mut outcome = subject.run(&resolved, Keep::Verdicts);
        subject.find_idle_flaws(&resolved, &mut outcome, &|| true);
        outcome.shortfalls(&resolved)
    };
    // It needs reads by index.
    let idle = ran("split-brain", "k04");
    assert!(
        matches!(&idle[..], [Shortfall::IdleFlaw { flaw, needs }] if flaw == "k04" && needs.contains("index")),
        "{idle:?}"
    );
    let felt = ran("hello", "b06");
    assert!(!felt.iter().any(|shortfall| matches!(shortfall, Shortfall::IdleFlaw { .. })), "{felt:?}");
    for subject in subjects() {
        for (_, flaw) in subject.profile.flaws() {
            assert!(!flaw.needs.is_empty(), "{} does not say when it acts", flaw.id);
        }
    }
}
