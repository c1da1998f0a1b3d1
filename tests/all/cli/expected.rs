//! What a scenario states itself under `expect` is judged like an invariant.

use std::fs;
use std::path::Path;

use super::program::{folder, stemmata, within};

/// Five voters of which two are cut off from 2 s to 4 s; the majority goes on.
fn split(expect: &str) -> String {
    format!(
        r#"{{
  "nodes": 5,
  "run": {{ "quiesce_at": "6s" }},
  "workload": [ {{ "registers": {{ "keys": 2, "clients": 3 }} }} ],
  "faults": [
    {{ "name": "cut", "at": "2s", "for": "2s", "fault": {{ "partition": {{ "groups": [["n1", "n2"], ["n3", "n4", "n5"]] }} }} }}
  ],
  "expect": {{ {expect} }}
}}"#
    )
}

fn write(folder: &Path, expect: &str) {
    fs::write(folder.join("x.json"), split(expect)).expect("written");
}

#[test]
fn operations_that_are_answered_while_a_fault_lasts_are_counted() {
    let folder = folder("answered_during");
    write(&folder, r#""answered": [ { "during": "cut", "at_least": 5 } ]"#);
    within(&folder, &["run", "x.json"]).exits(0).says("answered");
    within(&folder, &["sweep", "x.json", "--count", "5"]).exits(0);
    write(&folder, r#""answered": [ { "during": "cut", "at_least": 100000 } ]"#);
    let failed = within(&folder, &["run", "x.json", "--trace", "t.jsonl"]).exits(1);
    failed
        .says("operations were answered while `cut` lasted, from 2000.000ms to 4000.000ms; at least 100000 should be");
    within(&folder, &["check", "t.jsonl"]).exits(1).says("while `cut` lasted");
    within(&folder, &["check", "t.jsonl", "--invariant", "answered"]).exits(1).says("while `cut` lasted");
    within(&folder, &["check", "t.jsonl", "--invariant", "at-most"]).exits(2).complains("no invariant `at-most`");
    // A heal ends a partition.
    let healed = split(r#""answered": [ { "during": "cut", "at_least": 5 } ]"#)
        .replace(r#", "for": "2s""#, "")
        .replace("[\"n1\", \"n2\"], [\"n3\", \"n4\", \"n5\"]", "[\"n1\"], [\"n2\"], [\"n3\"], [\"n4\"], [\"n5\"]")
        .replace("} } }\n  ],", "} } },\n { \"at\": \"3s\", \"fault\": { \"heal\": {} } } ],");
    fs::write(folder.join("x.json"), healed).expect("written");
    within(&folder, &["run", "x.json"]).exits(1).says("lasted, from 2000.000ms to 3000.000ms");
    within(&folder, &["sweep", "x.json", "--count", "3"]).exits(1).says("answered");
}

#[test]
fn a_fact_that_occurs_too_often_and_a_wait_that_is_too_long_are_violations() {
    let folder = folder("at_most");
    write(&folder, r#""at_most": { "consensus.elected": 50 }, "longest_wait": "5s""#);
    within(&folder, &["run", "x.json"]).exits(0).says("at-most").says("longest-wait");
    write(&folder, r#""at_most": { "consensus.elected": 0 }"#);
    let failed = within(&folder, &["run", "x.json"]).exits(1);
    failed.says("consensus.elected occurs, and should never");
    within(&folder, &["replay", "x.json", "--why"]).exits(1).says("consensus.elected occurs");
    write(&folder, r#""longest_wait": "100ms""#);
    within(&folder, &["run", "x.json"]).exits(1).says("a wait should last 100.000ms at most");
}

#[test]
fn an_expectation_that_is_not_met_can_be_shrunk_and_expected() {
    let folder = folder("expected_shrunk");
    write(&folder, r#""longest_wait": "100ms", "at_most": { "consensus.elected": 90 }"#);
    within(&folder, &["shrink", "x.json", "-o", "small.json"]).exits(0);
    let small = fs::read_to_string(folder.join("small.json")).expect("a scenario");
    assert!(small.contains("\"longest_wait\": \"100ms\"") && small.contains("\"longest-wait\""), "{small}");
    assert!(!small.contains("at_most"), "{small}");
    within(&folder, &["run", "small.json"]).exits(0).says("longest-wait was expected to be violated, and is");
}

#[test]
fn expectations_that_can_not_be_judged_are_refused_or_vacuous() {
    let folder = folder("expected_refused");
    for (expect, why) in [
        (r#""answered": [ { "during": "cat" } ]"#, "did you mean `cut`?"),
        (r#""answered": [ { "during": "cut", "at_least": 0 } ]"#, "must be greater than 0"),
        (r#""answered": [ { "during": "cut" }, { "during": "cut" } ]"#, "stands here twice"),
        (r#""at_most": { "consensus.electd": 1 }"#, "did you mean `consensus.elected`?"),
        (r#""longest_wait": "0ms""#, "must be greater than 0"),
        (r#""violates": ["longest-wait"]"#, "states nothing for `longest-wait`"),
    ] {
        write(&folder, expect);
        within(&folder, &["run", "x.json"]).exits(2).complains(why);
    }
    let brief = split(r#""answered": [ { "during": "now" } ]"#)
        .replace("\"faults\": [", "\"faults\": [ { \"name\": \"now\", \"at\": \"1s\", \"fault\": { \"heal\": {} } },");
    fs::write(folder.join("x.json"), brief).expect("written");
    within(&folder, &["run", "x.json"]).exits(2).complains("`now` is a heal, which does not last");
    let never = split(r#""answered": [ { "during": "late" } ]"#).replace(
        "\"faults\": [",
        "\"faults\": [ { \"name\": \"late\", \"when\": { \"fact\": \"consensus.elected\", \"n\": 5000 }, \
         \"fault\": { \"clog\": {} } },",
    );
    fs::write(folder.join("x.json"), never).expect("written");
    within(&folder, &["run", "x.json"]).exits(3).says("`late` did not act");
    stemmata(&["explain", "longest-wait"]).exits(0).says("Retries belong to the same");
    stemmata(&["list", "invariants"]).exits(0).says("at-most");
}

#[test]
fn a_core_must_be_enough_for_what_runs_and_is_shown() {
    let folder = folder("core");
    let run = |core: &str, protocols: &str, faults: &str| {
        let text = format!(
            r#"{{ "nodes": 5, "run": {{ "quiesce_at": "3s", "core": {core} }}, "protocols": {{ {protocols} }},
  "workload": [ {{ "registers": {{ "clients": 2 }} }} ],
  "faults": [ {{ "at": "1s", "fault": {{ "kill": {{ "target": ["n4", "n5"] }} }} }}{faults} ] }}"#
        );
        fs::write(folder.join("x.json"), text).expect("written");
        within(&folder, &["run", "x.json", "--trace", "t.jsonl", "--force"])
    };
    run(r#"["n1", "n2"]"#, "", "").exits(2).complains("`consensus` needs a majority of the voters in the core: 3");
    run(r#"["n1", "n2", "n3"]"#, r#""locks": {}"#, "").exits(2).complains("`locks` lives only if quiescence heals all");
    let wiped = r#", { "at": "1s", "fault": { "restart": { "target": "n1", "wipe": true } } }"#;
    run(r#"["n1", "n2", "n3"]"#, "", wiped).exits(2).complains("without which the core has no majority");
    run(r#"["n1", "n2", "n3"]"#, "", "").exits(0);
    let trace = within(&folder, &["export", "t.jsonl", "--to", "text", "--detail", "facts"]).exits(0);
    trace.says("3000.000 -- core n1,n2,n3").says("3000.000 -- calm");
    assert!(!trace.stdout.contains("n4 start boot=2"), "it stays dead");
    within(&folder, &["check", "t.jsonl"]).exits(0);
    // A core that is drawn avoids the voter that a script removes.
    let lost = r#", { "at": "2s", "fault": { "restart": { "target": "n1", "wipe": true } } }"#;
    run("\"majority\"", "", lost);
    within(&folder, &["sweep", "x.json", "--count", "40", "-q"]).exits(0);
    let drawn = run("\"majority\"", "", "").exits(0);
    let resolved = fs::read_to_string(folder.join("t.jsonl")).expect("a trace");
    let header = resolved.lines().next().expect("a header");
    assert!(header.contains("\"core\":[\"n") && drawn.stdout.contains("termination"), "{header}");
    assert!(!drawn.stdout.contains("quiet"), "what is owed to the broken may be sent for ever");
}
