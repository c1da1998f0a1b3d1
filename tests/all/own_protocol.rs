//! A stranger's protocol has every command: the example, run as its head says.

use std::process::Output;

use crate::support::example;

fn own_protocol(arguments: &[&str]) -> Output {
    example("own_protocol").args(arguments).output().expect("it starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("the program writes text")
}

#[test]
fn a_strangers_bug_is_found_and_replayed_by_the_ordinary_commands() {
    let sweep = own_protocol(&["sweep", "examples/own_protocol.json", "--count", "60"]);
    let found = text(&sweep.stdout);
    assert_eq!(sweep.status.code(), Some(1), "{found}{}", text(&sweep.stderr));
    assert!(found.contains("no-duplication"), "the observation-based checker speaks: {found}");
    let id = found.split_whitespace().find(|word| word.trim_matches('\'').starts_with("stm2:"));
    let id = id.expect("a failing run is named").trim_matches('\'').to_owned();
    let replay = own_protocol(&["replay", &id, "--scenario", "examples/own_protocol.json"]);
    let shown = text(&replay.stdout);
    assert_eq!(replay.status.code(), Some(1), "{shown}{}", text(&replay.stderr));
    assert!(shown.contains("said") && shown.contains("violated"), "{shown}");
}

#[test]
fn a_strangers_own_checker_sees_typed_facts_live_and_from_a_file() {
    let folder = std::env::temp_dir().join(format!("stemmata-own-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the trace");
    let trace = folder.join("t.jsonl");
    let path = trace.to_str().expect("a plain path");
    let live = own_protocol(&["run", "examples/own_protocol.json", "--seed", "3", "--trace", path, "--json"]);
    let judged = own_protocol(&["check", path, "--json"]);
    std::fs::remove_dir_all(&folder).expect("it is ours");
    assert_eq!(live.status.code(), judged.status.code(), "{}{}", text(&live.stdout), text(&judged.stdout));
    for output in [&live, &judged] {
        assert!(text(&output.stdout).contains("one-text"), "{}", text(&output.stdout));
    }
}

#[test]
fn a_strangers_bug_is_found_on_a_shortest_way() {
    let explored = own_protocol(&["explore", "examples/own_protocol.json"]);
    let found = text(&explored.stdout);
    assert_eq!(explored.status.code(), Some(1), "{found}{}", text(&explored.stderr));
    // A text is told, but its teller dies before it answers, and starts again; it is asked again, and both are heard.
    assert!(found.contains("violated no-duplication") && found.contains("after 5 steps"), "{found}");
}
