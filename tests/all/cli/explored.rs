//! `explore`: small worlds to their last state, shortest traces, limits, and what is refused.

use super::program::{self, Ran, folder, json, stemmata};

/// A world of two nodes that broadcast a text each, with this budget and further keys.
fn world(name: &str, budget: &str, keys: &str) -> String {
    let file = folder(&format!("explored-{name}")).join(format!("{name}.json"));
    let text = format!(
        r#"{{ "subject": "broadcast", "nodes": 2, {keys}
            "workload": [ {{ "texts": {{ "clients": 2, "operations": 1 }} }} ],
            "explore": {{ {budget} }} }}"#
    );
    std::fs::write(&file, text).expect("written");
    file.to_str().expect("text").to_owned()
}

#[test]
fn a_small_world_is_explored_to_its_last_state() {
    let world = world("whole", r#""timers": 0"#, "");
    let ran = stemmata(&["explore", &world]).exits(0);
    assert!(ran.stdout.starts_with("complete: no path within the budget violates"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("clocks are stopped"), "details are behind -v:\n{}", ran.stdout);
    let ran = stemmata(&["explore", &world, "-v"]).exits(0);
    assert!(ran.stdout.starts_with("complete: no path within the budget violates"), "{}", ran.stdout);
    ran.says("exercised").says("clocks are stopped");
    ran.says("causality").says("not checked").complains("generated/s");
    let one = json(&stemmata(&["explore", &world, "--json", "-j", "1"]).exits(0).stdout);
    let two = json(&stemmata(&["explore", &world, "--json", "-j", "2"]).exits(0).stdout);
    assert_eq!(one, two);
    assert_eq!((&one["end"], &one["states"]), (&"complete".into(), &STATES.into()));
    let deep = json(&stemmata(&["explore", &world, "--json", "--dfs"]).exits(0).stdout);
    assert_eq!(one["states"], deep["states"]);
}

/// How many states two broadcasts between two nodes have where nothing goes wrong: pinned, not derived.
const STATES: u64 = 58;

#[test]
fn a_flaw_is_found_on_a_shortest_way_that_other_commands_can_read() {
    let world = world("flawed", r#""loss": 1, "crashes": 1"#, "");
    let trace = folder("explored-trace").join("flawed.jsonl");
    let trace = trace.to_str().expect("text");
    let ran = stemmata(&["explore", &world, "--flaw", "b02", "--trace", trace]).exits(1);
    ran.says("violated no-duplication: n2 delivered n1's broadcast 1 twice").says("after 6 steps");
    assert!(ran.stdout.starts_with("failed: no-duplication is violated after 6 steps\n"), "{}", ran.stdout);
    ran.says("# end violated no-duplication t=6.000");
    assert!(!ran.stdout.contains("# scenario"), "the resolved settings are behind -v:\n{}", ran.stdout);
    let checked = stemmata(&["check", trace]).exits(1);
    checked.says("violated no-duplication: n2 delivered n1's broadcast 1 twice");
    stemmata(&["export", trace, "--to", "text"]).exits(0).says("n2 killed");
    program::shell(ran.last_line()).exits(1).says("after 6 steps");
    let deep: Ran = stemmata(&["explore", &world, "--flaw", "b02", "--dfs"]).exits(1);
    deep.says("violated no-duplication").says("depth-first");
}

#[test]
fn a_copy_that_the_network_made_late_is_counted_where_its_message_was_sent() {
    let world = world("doubled", r#""duplicates": 1, "crashes": 1, "timers": 0"#, "");
    let trace = folder("explored-copies").join("doubled.jsonl");
    let trace = trace.to_str().expect("text");
    let ran = stemmata(&["explore", &world, "--flaw", "b02", "--trace", trace]).exits(1);
    ran.says("violated no-duplication").says("n1.broadcast#1 x2 -> n2 data");
    let checked = json(&stemmata(&["check", trace, "--json"]).exits(1).stdout);
    let fell =
        checked["judgements"].as_array().expect("a list").iter().filter(|one| one["verdict"]["violated"].is_object());
    assert_eq!(fell.map(|one| one["invariant"].clone()).collect::<Vec<_>>(), ["no-duplication"]);
}

#[test]
fn an_expected_fall_must_be_found() {
    let expected =
        r#""expect": { "violates": ["no-duplication"] }, "protocols": { "broadcast": { "flaws": ["b04"] } },"#;
    let found = world("expected", r#""crashes": 1"#, expected);
    stemmata(&["explore", &found])
        .exits(0)
        .says("passed: no-duplication was expected to be violated, and is, after 3 steps");
    let impossible = world("impossible", r#""timers": 0"#, expected);
    stemmata(&["explore", &impossible]).exits(1).says("no path violates it");
}

#[test]
fn limits_are_told_from_ends() {
    let world = world("limits", r#""loss": 1, "crashes": 1"#, "");
    stemmata(&["explore", &world, "--states", "1000"]).exits(75).says("incomplete").says("1,000 states");
    let quiescence = self::world("calm", r#""timers": 0"#, "");
    stemmata(&["explore", &quiescence, "--depth", "9"]).exits(0).says("complete to this depth");
    // No broadcast that follows another is delivered in so few steps.
    stemmata(&["explore", &quiescence, "--depth", "7"]).exits(3).says("causal-delivery was not exercised");
    stemmata(&["explore", &world, "--depth", "3", "--dfs"]).exits(2).complains("--dfs");
    stemmata(&["explore", &world, "--states", "0"]).exits(2);
}

#[test]
fn what_can_not_be_judged_may_not_be_named() {
    let world = world("unjudged", "", r#""expect": { "violates": ["causality"] },"#);
    stemmata(&["explore", &world]).exits(2).complains("`expect` names `causality`");
    let world = self::world("unjudged", "", r#""expect": { "holds": ["causality", "no-duplication"] },"#);
    stemmata(&["explore", &world]).exits(2).complains("`expect` names `causality`");
    let world = self::world("unjudged", "", r#""expect": { "holds": ["reliable-delivery"] },"#);
    stemmata(&["explore", &world]).exits(2).complains("none of the scenario's invariants");
    stemmata(&["explore", "broadcast-hundred"]).exits(2).complains("at most 64 nodes");
    let typo = self::world("typo", r#""los": 1"#, "");
    stemmata(&["explore", &typo]).exits(2).complains("did you mean `loss`?");
    let many = self::world("many", r#""duplicates": 65536"#, "");
    stemmata(&["explore", &many]).exits(2).complains("at most 65535 per path");
}

#[cfg(unix)]
#[test]
fn a_signal_ends_it_with_what_it_has() {
    let world = world("endless", r#""timers": null, "loss": 100"#, "");
    for (signal, code) in [("-INT", 130), ("-TERM", 75)] {
        program::signalled(signal, &["explore", &world]).exits(code).says("incomplete");
    }
}

#[test]
fn what_is_taken_for_granted_is_told_where_it_is_there() {
    let channel = "the channel below locks";
    stemmata(&["explore", "locks-tiny", "--depth", "2", "-v"]).says(channel);
    let ran = stemmata(&["explore", "consensus-tiny", "--depth", "2", "-v"]);
    assert!(!ran.says("clocks are stopped").stdout.contains(channel), "{}", ran.stdout);
}

#[test]
fn a_world_may_begin_after_a_fact() {
    let trace = folder("explored-after").join("after.jsonl");
    let trace = trace.to_str().expect("text");
    let ran = stemmata(&["explore", "consensus-elected", "--flaw", "k10", "--trace", trace]).exits(1);
    ran.says("after consensus.elected").says("quorum-evidence is violated after 8 steps");
    stemmata(&["check", trace]).exits(1).says("quorum-evidence");
    let typo = world("after-typo", r#""after": "consensus.electd""#, "");
    stemmata(&["explore", &typo]).exits(2).complains("no node notes a fact `consensus.electd`");
    let never = world("after-never", r#""after": "broadcast.delivered""#, "");
    stemmata(&["explore", &never])
        .exits(2)
        .complains("no node notes `broadcast.delivered` by itself")
        .complains("explore.after");
}
