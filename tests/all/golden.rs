//! Golden traces of the short scenarios: stories that a reviewer reads.

use stemmata::run::Keep;
use stemmata::trace::{Detail, Trace};

use crate::support::{errata, load, ordinary, run};

/// The trace without the resolved scenario at its head, which every new setting would change.
fn story(trace: &Trace) -> String {
    let text = trace.text(Detail::Messages);
    let lines = text.lines().filter(|line| !line.starts_with("# {") && !line.starts_with("#  ") && *line != "# }");
    lines.collect::<Vec<_>>().join("\n")
}

fn assert_golden(name: &str) {
    let file = load(name);
    let (_, outcome) = run(&file, file.seed().0, Keep::Trace);
    let trace = outcome.trace.expect("it was kept");
    insta::assert_snapshot!(name.replace('/', "-"), story(&trace));
}

#[test]
fn hello() {
    assert_golden("hello");
}

#[test]
fn e09_takes_strangers_for_ordered() {
    assert_golden("errata/e09");
}

#[test]
fn e10_does_not_tick_on_receive() {
    assert_golden("errata/e10");
}

#[test]
fn e20_grants_while_it_asks() {
    assert_golden("errata/e20");
}

#[test]
fn e23_grants_what_it_holds() {
    assert_golden("errata/e23");
}

#[test]
fn c02_delivers_to_the_reborn_what_was_sent_to_the_dead() {
    assert_golden("errata/c02");
}

/// Flaws that need a long run even when it is shrunk, as those do by which something never ends: it must outlast what it
/// may take. No golden of theirs could be read.
const LONG: [&str; 30] = [
    "e02", "e03", "e04", "e05", "e06", "e08", "e25", "e31", "g02", "k01", "k03", "k04", "k05", "k09", "k12", "k13",
    "k16", "k20", "k21", "k22", "k23", "r01", "r03", "r04", "r05", "s03", "s06", "y01", "y02", "y04",
];

#[test]
fn every_shrunk_erratum_is_a_short_story() {
    let short = |name: &&str| name.strip_prefix("errata/shrunk/").is_some_and(|erratum| !LONG.contains(&erratum));
    for name in errata().into_iter().filter(short) {
        let file = load(name);
        let (_, outcome) = run(&file, file.seed().0, Keep::Trace);
        let story = story(&outcome.trace.expect("it was kept"));
        assert!(story.lines().count() < 170, "{name}:\n{story}");
        insta::assert_snapshot!(name.replace('/', "-"), story);
    }
}

#[test]
fn hello_is_short_enough_to_be_read() {
    let file = load("hello");
    let (_, outcome) = run(&file, file.seed().0, Keep::Trace);
    let text = outcome.trace.expect("it was kept").text(Detail::Messages);
    let lines = text.lines().filter(|line| !line.starts_with('#')).count();
    assert!(lines < 60, "{lines} lines");
}

/// Those whose every setting is drawn are as long as chance has it, and a thousand nodes have many records each.
#[test]
fn no_scenario_is_longer_than_fifty_thousand_records() {
    for name in ordinary().into_iter().filter(|name| !name.ends_with("-wide") && *name != "gossip-thousand") {
        let file = load(name);
        for seed in 0..3 {
            let (_, outcome) = run(&file, seed, Keep::Verdicts);
            assert!(outcome.records <= 50_000, "{name}, seed {seed}: {}", outcome.records);
        }
    }
}
