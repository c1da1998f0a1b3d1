//! `shrink` and `replay --why` from outside: what they write, and what they refuse.

use std::fs;

use super::program::{folder, json, run_id, shell, stemmata};

#[test]
fn a_run_id_becomes_a_small_file_with_its_story_and_its_picture() {
    let folder = folder("shrink");
    let small = folder.join("small.json");
    let small = small.to_str().expect("text");
    let sweep = stemmata(&["sweep", "broadcast-crash", "--flaw", "b04", "--count", "20", "-q"]).exits(1);
    let id = run_id(&sweep.stdout);
    let ran = stemmata(&["shrink", &id, "-o", small]).exits(0);
    ran.says("shrunk").says("no-duplication").complains("runs in");
    assert!(ran.last_line().ends_with(&format!("run {small}")), "{}", ran.stdout);
    stemmata(&["run", small]).exits(0).says("passed: no-duplication was expected to be violated, and is");
    let text = fs::read_to_string(small).expect("it is there");
    assert!(text.contains("// without it, no-duplication holds"), "{text}");
    assert!(ran.stdout.contains(text.trim()), "it is shown");
    let story = fs::read_to_string(folder.join("small.md")).expect("it is there");
    assert!(story.starts_with("# small breaks no-duplication") && story.contains("(small.svg)"), "{story}");
    let picture = fs::read_to_string(folder.join("small.svg")).expect("it is there");
    assert!(picture.starts_with("<svg") && picture.trim_end().ends_with("</svg>"), "{picture}");
    let kept: Vec<_> = fs::read_dir(&folder).expect("it is there").collect();
    assert_eq!(kept.len(), 3, "and nothing else");
    // A small run can be made no smaller.
    let again = folder.join("again.json");
    stemmata(&["shrink", small, "-o", again.to_str().expect("text"), "-q"]).exits(0);
    let without_name = |text: &str| {
        text.lines().filter(|line| !line.contains("\"name\"") && !line.contains("\"about\"")).collect::<String>()
    };
    assert_eq!(without_name(&fs::read_to_string(again).expect("it is there")), without_name(&text));
}

#[test]
fn what_can_not_be_shrunk_says_why() {
    let folder = folder("shrink-refused");
    let small = folder.join("small.json");
    let small = small.to_str().expect("text");
    stemmata(&["shrink", "hello", "-o", small]).exits(5).complains("violates nothing");
    let id = run_id(&stemmata(&["run", "hello"]).exits(0).stdout);
    stemmata(&["shrink", &id, "-o", small]).exits(5).complains("violates nothing");
    stemmata(&["shrink", "stm2:nobody@9b1c2f0e:1=41d0c3a87e22b916", "-o", small]).exits(2).complains("not built in");
    stemmata(&["shrink", "stm2:hello@9b1c2f0e", "-o", small]).exits(2).complains("not a run id");
    stemmata(&["shrink", "stm9:hello@9b1c2f0e:1=41d0c3a87e22b916", "-o", small]).exits(2).complains("stm9");
    stemmata(&["shrink", "helo", "-o", small]).exits(2).complains("`hello`");
    stemmata(&["shrink", "errata/b02"]).exits(2).complains("--output");
    stemmata(&["shrink", "errata/b02", "-j", "0", "-o", small]).exits(2);
    stemmata(&["shrink", &id, "--seed", "3", "-o", small]).exits(2).complains("pins the seed");
    let nowhere = folder.join("nowhere/small.json");
    let nowhere = nowhere.to_str().expect("text");
    stemmata(&["shrink", "errata/b02", "-o", nowhere]).exits(74).complains("there is no folder");
    stemmata(&["shrink", "errata/b02", "-o", folder.to_str().expect("text")]).exits(74).complains("can't write");
    for odd in ["small.md", "small.svg", "-"] {
        stemmata(&["shrink", "errata/b02", "-o", odd]).exits(2).complains("written next to it");
    }
    let error = json(&stemmata(&["shrink", "hello", "-o", small, "--json"]).exits(5).stderr);
    assert_eq!(error["error"]["exit_code"], 5);
    assert_eq!(fs::read_dir(&folder).expect("it is there").count(), 0, "nothing was written");
}

#[test]
fn why_tells_what_led_to_a_violation_and_what_it_needs() {
    let ran = stemmata(&["replay", "errata/b04", "--why"]).exits(0);
    ran.says("what led to the violation")
        .says("which faults were necessary")
        .says("necessary: when broadcast.broadcast n=7")
        .says("-v also shows the tables");
    assert!(ran.stdout.starts_with("passed: "), "the verdict is first:\n{}", ran.stdout);
    assert!(!ran.stdout.contains("messages "), "the tables are behind -v:\n{}", ran.stdout);
    let whole = stemmata(&["replay", "errata/b04", "--why", "-v"]).exits(0);
    whole.says("which faults were necessary").says("\n  messages ");
    let ran = stemmata(&["replay", "errata/b03", "--why"]).exits(0);
    ran.says("necessary: the `loss` of links: without it, the invariant holds").says("earlier events omitted");
    stemmata(&["replay", "hello", "--why"]).exits(0).says("nothing to explain");
    let why = json(&stemmata(&["replay", "errata/b04", "--why", "--json"]).exits(0).stdout)["why"].clone();
    assert_eq!(why["needs"][0]["necessary"], true, "{why:#}");
    let cited =
        why["past"].as_array().expect("lines").iter().filter(|line| line.as_str().expect("text").starts_with('>'));
    assert_eq!(cited.count(), 2);
}

#[test]
fn a_trace_is_drawn() {
    let program = env!("CARGO_BIN_EXE_stemmata");
    let broken = shell(&format!("{program} run errata/e10 --trace - 2>&- | {program} export - --to svg")).exits(0);
    broken.says("<svg").says("breaks causality").says("class=\"cited\"");
    let whole = shell(&format!("{program} run hello --trace - 2>&- | {program} export - --to svg")).exits(0);
    whole.says("<svg").says("class=\"lost\"").says("n1 start boot=1");
}
