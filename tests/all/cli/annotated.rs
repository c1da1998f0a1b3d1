//! Findings as annotations for GitHub Actions.

use std::fs;

use super::program::{Ran, folder, json, source, stemmata, within};

/// The workflow commands among the lines of a stream.
fn commands(stream: &str) -> Vec<&str> {
    stream.lines().filter(|line| line.starts_with("::")).collect()
}

#[test]
fn each_kind_of_failure_of_a_sweep_is_an_annotation_with_its_smallest_seed() {
    let folder = folder("annotated-sweep");
    fs::copy(source("scenarios/hello.json"), folder.join("mine.json")).expect("a copy");
    let sweep: &[&str] = &["sweep", "./mine.json", "--flaw", "e10", "--seeds", "5..25"];
    let plain = within(&folder, sweep).exits(1);
    assert_eq!(commands(&plain.stdout), [""; 0], "nobody asked");
    let ran = within(&folder, &[sweep, &["--annotate", "github"]].concat()).exits(1);
    let found = commands(&ran.stdout);
    assert_eq!(found.len(), 1, "{}", ran.stdout);
    assert!(found[0].starts_with("::error file=mine.json,line=1,title=causality violated::mine: "), "{}", found[0]);
    assert!(found[0].contains(":0x0000000000000005:flaws=e10="), "{}", found[0]);
    assert!(found[0].ends_with(&format!("replay: {}", ran.last_line())), "{}", found[0]);
    let ran = within(&folder, &[sweep, &["--annotate", "github", "--json"]].concat()).exits(1);
    assert_eq!(json(&ran.stdout)["exit_code"], 1);
    assert_eq!(commands(&ran.stderr).len(), 1, "{}", ran.stderr);
    let built_in =
        stemmata(&["sweep", "hello", "--flaw", "e10", "--count", "3", "-q", "--annotate", "github"]).exits(1);
    built_in.says("\n::error title=causality violated::hello: ");
    let ran: Ran = within(&folder, &["sweep", "mine.json", "--count", "3", "--annotate", "github"]).exits(0);
    assert_eq!(commands(&ran.stdout), [""; 0], "nothing was found");
    stemmata(&["sweep", "hello", "--count", "1", "--annotate", "gitlab"]).exits(2).complains("github");
}

#[test]
fn a_sweep_that_proves_nothing_is_a_warning_and_a_missing_violation_an_error() {
    let folder = folder("annotated-nothing");
    let idle = r#"{ "subject": "broadcast", "nodes": 3, "run": { "for": "1s" } }"#;
    fs::write(folder.join("idle.json"), idle).expect("written");
    let ran = within(&folder, &["sweep", "idle.json", "--count", "3", "--annotate", "github"]).exits(3);
    ran.says(
        "\n::warning file=idle.json,line=1,title=unproven::idle: the invariant `causal-delivery` was exercised in",
    );
    let awaits =
        r#"{ "subject": "broadcast", "workload": [ { "texts": {} } ], "expect": { "violates": ["causality"] } }"#;
    fs::write(folder.join("awaits.json"), awaits).expect("written");
    let ran = within(&folder, &["sweep", "awaits.json", "--count", "3", "--annotate", "github"]).exits(1);
    ran.says("\n::error file=awaits.json,line=1,title=expected violation is missing::awaits: `causality` was expected");
    let ran = within(&folder, &["sweep", "idle.json", "--time", "0s", "--annotate", "github"]).exits(5);
    ran.says("::warning file=idle.json,line=1,title=nothing was run::");
}

#[test]
fn what_a_check_finds_is_an_annotation_of_the_trace_or_of_the_line_of_the_history() {
    let folder = folder("annotated-check");
    within(&folder, &["run", "hello", "--flaw", "e10", "--trace", "t.jsonl"]).exits(1);
    let ran = within(&folder, &["check", "t.jsonl", "--annotate", "github"]).exits(1);
    let found = commands(&ran.stdout);
    assert!(
        found[0].starts_with("::error file=t.jsonl,line=1,title=causality violated::hello: n3#2, the"),
        "{found:?}"
    );
    assert!(ran.last_line().ends_with("check t.jsonl"), "{}", ran.last_line());
    let part = ["check", "t.jsonl", "--invariant", "quiet", "--annotate", "github"];
    within(&folder, &part).exits(3).says("\n::warning file=t.jsonl,line=1,title=quiet undecided::hello: quiet is");
    let history = r#"{"process":1,"type":"invoke","f":"read","key":"x"}
        {"process":1,"type":"ok","f":"read","key":"x","value":2}"#;
    fs::write(folder.join("h.jsonl"), history).expect("written");
    let ran = within(&folder, &["check", "--history", "h.jsonl", "--annotate", "github"]).exits(1);
    ran.says("\n::error file=h.jsonl,line=2,title=linearizability violated::the key `x`: ");
    assert!(ran.last_line().contains("check --history"), "{}", ran.last_line());
}

#[test]
fn each_golden_that_differs_is_missing_or_orphaned_is_an_annotation() {
    let folder = folder("annotated-goldens");
    for name in ["same", "differs", "missing", "orphan"] {
        fs::copy(source("scenarios/hello.json"), folder.join(format!("{name}.json"))).expect("a copy");
    }
    within(&folder, &["snap", "update", "same.json", "differs.json", "orphan.json"]).exits(0);
    fs::remove_file(folder.join("orphan.json")).expect("removed");
    let golden = folder.join("differs.trace.txt");
    let text = fs::read_to_string(&golden).expect("a golden");
    let changed = text.replacen("start boot=1", "start boot=2", 1);
    fs::write(&golden, &changed).expect("written");
    let line = 1 + text.lines().take_while(|line| !line.contains("start boot=1")).count();
    let ran = within(&folder, &["snap", "check", ".", "missing.json", "--annotate", "github"]).exits(1);
    let found = commands(&ran.stdout);
    let begins = [
        format!("::error file=differs.trace.txt,line={line},title=golden differs::the trace of ./differs.json differs"),
        "::error file=missing.json,line=1,title=golden missing::missing.trace.txt does not exist. replay: ".to_owned(),
        "::error file=orphan.trace.txt,line=1,title=golden orphaned::./orphan.trace.txt has no scenario".to_owned(),
    ];
    assert_eq!(found.len(), begins.len(), "{}", ran.stdout);
    for (found, begin) in found.iter().zip(begins) {
        assert!(found.starts_with(&begin), "{found}\n{begin}");
    }
    assert!(ran.last_line().contains("snap update"), "{}", ran.last_line());
}
