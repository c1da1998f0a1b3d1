//! Nothing is green that proves nothing.

use std::fs;

use super::program::{command, folder, ran, source, stemmata, with, within};

#[test]
fn a_sweep_that_has_run_nothing_has_nothing_to_show() {
    let folder = folder("nothing_run");
    let none = within(&folder, &["sweep", "hello", "--time", "0s", "--junit", "none.xml"]).exits(5);
    none.says("nothing was run").says("no seed was begun");
    let verdicts = fs::read_to_string(folder.join("none.xml")).expect("verdicts");
    assert!(verdicts.contains("<skipped message=\"no seed was begun\"/>"), "{verdicts}");
    within(&folder, &["sweep", "hello", "--time", "0s", "-o", "none.jsonl"]).exits(5);
    within(&folder, &["merge", "none.jsonl"]).exits(75);
}

#[test]
fn a_flaw_that_can_not_act_is_unproven_and_says_what_it_needs() {
    let ran = stemmata(&["run", "split-brain", "--flaw", "k04"]).exits(3);
    ran.says("the flaw k04 never acted").says("reads by index");
    let swept = stemmata(&["sweep", "split-brain", "--flaw", "k04", "--count", "6"]).exits(3);
    swept.says("the flaw `k04` acted in none of 6 seeds").says("too rarely");
    stemmata(&["explain", "k04"]).exits(0).says("it needs reads by index");
    stemmata(&["sweep", "hello", "--flaw", "b06", "--count", "6"]).exits(1);
}

#[test]
fn explorations_saved_traces_and_goldens_tell_of_a_flaw_that_never_acts() {
    let folder = folder("idle_flaws");
    let explored = within(&folder, &["explore", "consensus-tiny", "--depth", "7", "--flaw", "k19"]).exits(3);
    explored.says("the flaw k19 never acted: all states are the same without it; to act, it needs fenced keys");
    let acts = within(&folder, &["explore", "consensus-tiny", "--depth", "7", "--flaw", "k11"]);
    assert!(!acts.stdout.contains("never acted"), "{}", acts.stdout);
    within(&folder, &["run", "hello", "--flaw", "b05", "--seed", "1", "--trace", "t.jsonl"]).exits(3);
    within(&folder, &["check", "t.jsonl"]).exits(3).says("the flaw b05 never acted");
    within(&folder, &["check", "t.jsonl", "--invariant", "causality"]).exits(0);
    let text = fs::read_to_string(source("scenarios/hello.json")).expect("a scenario");
    let flawed = text.replacen('{', "{ \"protocols\": { \"broadcast\": { \"flaws\": [\"b05\"] } },", 1);
    fs::write(folder.join("x.json"), flawed).expect("written");
    within(&folder, &["snap", "update", "x.json"]).exits(0).complains("the flaw b05 never acted");
    within(&folder, &["snap", "check", "x.json"]).exits(0).complains("the flaw b05 never acted");
}

#[test]
fn a_golden_without_a_scenario_is_a_finding() {
    let folder = folder("orphans");
    for name in ["a", "b"] {
        fs::copy(source("scenarios/hello.json"), folder.join(format!("{name}.json"))).expect("copied");
    }
    within(&folder, &["snap", "update", "a.json", "b.json"]).exits(0);
    within(&folder, &["snap", "check"]).exits(0);
    fs::rename(folder.join("b.json"), folder.join("c.json")).expect("moved");
    within(&folder, &["snap", "check", "--junit", "snap.xml"]).exits(1).says("orphaned ./b.trace.txt");
    within(&folder, &["snap", "check", "--json"]).exits(1).says("\"./b.trace.txt\"");
    let verdicts = fs::read_to_string(folder.join("snap.xml")).expect("verdicts");
    assert!(verdicts.contains("failures=\"1\"") && verdicts.contains("the golden has no scenario"), "{verdicts}");
    fs::write(folder.join("notes.trace.txt"), "not a golden").expect("written");
    fs::remove_file(folder.join("b.trace.txt")).expect("removed");
    within(&folder, &["snap", "check"]).exits(0);
    // Those of built-in scenarios have their own folder.
    within(&folder, &["snap", "update", "hello", "errata/b01"]).exits(0);
    within(&folder, &["snap", "check"]).exits(0).says("3 goldens unchanged");
}

#[test]
fn what_was_not_shown_is_no_passed_case() {
    let folder = folder("not_passed");
    let idle = r#"{ "subject": "broadcast", "nodes": 3, "run": { "for": "1s" } }"#;
    fs::write(folder.join("idle.json"), idle).expect("written");
    within(&folder, &["sweep", "idle.json", "hello", "hello", "--count", "3", "--junit", "v.xml"]).exits(3);
    let verdicts = fs::read_to_string(folder.join("v.xml")).expect("verdicts");
    for text in [
        "<skipped message=\"exercised in none of 3 runs\"/>",
        "name=\"idle: expectations\"",
        "name=\"hello: causality\" time=\"",
        "name=\"hello: causality (2)\"",
        "was exercised in only 0 of 3 seeds",
    ] {
        assert!(verdicts.contains(text), "no {text} in\n{verdicts}");
    }
}

#[test]
fn a_variable_that_is_none_of_ours_is_refused_and_an_empty_one_counts_as_unset() {
    with(&[("STEMMATA_FLAW", "e20")], &["run", "hello"]).exits(2).complains("STEMMATA_FLAW");
    with(&[("STEMMATA_FLAW", "e20")], &["run", "hello", "--json"]).exits(2).complains("\"exit_code\":2");
    with(&[("STEMMATA_FLAW", "")], &["run", "hello"]).exits(0);
    let empty = [("STEMMATA_SEED", ""), ("STEMMATA_SEEDS", ""), ("STEMMATA_JOBS", ""), ("STEMMATA_SHARD", "")];
    let one = with(&empty, &["run", "hello"]).exits(0);
    assert_eq!(one.stdout, stemmata(&["run", "hello"]).exits(0).stdout);
    with(&empty, &["sweep", "hello", "--count", "2", "-q"]).exits(0);
    with(&empty, &["sweep", "hello"]).exits(2).complains("--count");
}

/// A fault has taken effect where the world answered otherwise than it would have without it.
#[test]
fn a_fault_that_changes_nothing_takes_no_effect() {
    let folder = folder("unfelt");
    let scenario = |subject: &str, fault: &str| {
        let text = format!(
            r#"{{ "subject": {subject}, "disk": {{ "sync": {{ "constant": "1ms" }} }}, "run": {{ "quiesce_at": "2s" }},
                 "faults": [ {{ "at": "100ms", "for": "1s", "fault": {fault} }} ] }}"#
        );
        let file = folder.join("x.json");
        fs::write(&file, text).expect("written");
        let output = command().current_dir(&folder).args(["run", "x.json"]).output().expect("it starts");
        ran("run x.json".to_owned(), output)
    };
    // Consensus never reads the wall clock; the hybrid clocks of a broadcast do.
    let consensus = r#""codex", "protocols": { "consensus": {} }, "workload": [ { "registers": {} } ]"#;
    let broadcast = r#""broadcast", "workload": [ { "texts": {} } ]"#;
    let unfelt = [
        (consensus, r#"{ "clock": { "target": "all", "offset": "5s" } }"#),
        (consensus, r#"{ "clock": { "target": "all", "freeze": true } }"#),
        (broadcast, r#"{ "clock": { "target": "all", "offset": "0s" } }"#),
        (broadcast, r#"{ "clock": { "target": "all", "bump": "0s" } }"#),
        (broadcast, r#"{ "clock": { "target": "all", "drift": "0%" } }"#),
        (consensus, r#"{ "disk": { "target": "all", "harm": { "slow": "0ms" } } }"#),
        (consensus, r#"{ "disk": { "target": "all", "harm": { "slow": "1ms" } } }"#),
        (consensus, r#"{ "loss": { "share": "0%" } }"#),
    ];
    for (subject, fault) in unfelt {
        scenario(subject, fault).exits(3).says("took no effect");
    }
    let felt = [
        (consensus, r#"{ "clock": { "target": "all", "monotonic_drift": "10%" } }"#),
        (broadcast, r#"{ "clock": { "target": "all", "offset": "1s" } }"#),
        (broadcast, r#"{ "clock": { "target": "n1", "freeze": true } }"#),
        (consensus, r#"{ "disk": { "target": "all", "harm": { "slow": "2ms" } } }"#),
    ];
    for (subject, fault) in felt {
        let ran = scenario(subject, fault);
        assert!(!ran.stdout.contains("took no effect"), "{fault}: {}{}", ran.stdout, ran.stderr);
        assert_ne!(ran.code, Some(2), "{fault}: {}", ran.stderr);
    }
}
