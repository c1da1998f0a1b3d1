//! Traces and results: written whole or not at all, read back to the same verdicts.

use std::fs;
use std::path::Path;

use super::program::{folder, json, shell, stemmata};

fn text(path: &Path) -> &str {
    path.to_str().expect("a path is text here")
}

/// The names of what is in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort_unstable();
    names
}

#[test]
fn a_saved_trace_is_judged_as_the_run_was() {
    let folder = folder("judged");
    let scenarios = [
        "hello",
        "broadcast-crash",
        "errata/b01",
        "errata/b02",
        "errata/b03",
        "errata/b04",
        "errata/b05",
        "errata/e10",
    ];
    for scenario in scenarios {
        let trace = folder.join("t.jsonl");
        let ran = stemmata(&["run", scenario, "--trace", text(&trace), "--json"]).exits(0);
        let checked = stemmata(&["check", text(&trace), "--json"]).exits(0);
        assert_eq!(json(&ran.stdout)["judgements"], json(&checked.stdout)["judgements"], "{scenario}");
    }
    assert_eq!(names(&folder), ["t.jsonl"]);
}

#[test]
fn one_invariant_can_be_judged_alone() {
    let trace = folder("alone").join("t.jsonl");
    stemmata(&["run", "hello", "--flaw", "e10", "--trace", text(&trace), "-q"]).exits(1);
    stemmata(&["check", text(&trace)]).exits(1).says("violated causality").says("same verdicts as in the run");
    stemmata(&["check", text(&trace), "--invariant", "causality"]).exits(1).says("1 invariant checked");
    stemmata(&["check", text(&trace), "--invariant", "no-panic", "one-fate"]).exits(0).says("2 invariants checked");
    stemmata(&["check", text(&trace), "--invariant", "agrement"]).exits(2).complains("no invariant `agrement`");
}

#[test]
fn a_trace_of_an_unknown_subject_is_judged_by_the_built_in_checkers() {
    let folder = folder("unknown");
    let (known, unknown) = (folder.join("known.jsonl"), folder.join("unknown.jsonl"));
    stemmata(&["run", "hello", "--trace", text(&known), "-q"]).exits(0);
    let lines = fs::read_to_string(&known).expect("a trace");
    let cut = lines.rfind(",\"content\"").expect("a footer");
    let renamed = lines[..cut].replace("\"subject\":\"broadcast\"", "\"subject\":\"mine\"");
    let hash = xxhash_rust::xxh3::xxh3_64(renamed.as_bytes());
    fs::write(&unknown, format!("{renamed},\"content\":\"{hash:016x}\"}}\n")).expect("written");
    let ran = stemmata(&["check", text(&unknown), "--invariant", "causality", "no-panic"]).exits(0);
    ran.says("2 invariants checked").complains("doesn't know the subject `mine`");
    stemmata(&["check", text(&unknown)]).exits(0).says("11 invariants checked, same verdicts as in the run");
}

#[test]
fn a_trace_is_exported_in_both_forms() {
    let folder = folder("exported");
    let (trace, copy, told) = (folder.join("t.jsonl"), folder.join("copy.jsonl"), folder.join("t.txt"));
    let run = stemmata(&["run", "hello", "--trace", "-"]).exits(0);
    fs::write(&trace, &run.stdout).expect("written");
    run.complains("passed:");
    stemmata(&["export", text(&trace), "--to", "jsonl", "-o", text(&copy)]).exits(0);
    assert_eq!(fs::read_to_string(&copy).expect("a copy"), run.stdout);
    stemmata(&["export", text(&trace), "--to", "text", "-o", text(&told)]).exits(0);
    let replayed = stemmata(&["replay", "hello", "-v"]).exits(0);
    assert!(replayed.stdout.starts_with(&fs::read_to_string(&told).expect("text")), "the same text");
    let all = stemmata(&["export", text(&trace), "--to", "text", "--detail", "all"]).exits(0);
    assert!(all.stdout.lines().count() > replayed.stdout.lines().take_while(|line| !line.starts_with("# end")).count());
}

#[test]
fn a_trace_can_be_piped_from_command_to_command() {
    let program = env!("CARGO_BIN_EXE_stemmata");
    shell(&format!("'{program}' run hello --trace - 2>/dev/null | '{program}' check -")).exits(0).says("passed:");
}

#[test]
fn results_are_lines_of_json() {
    let folder = folder("results");
    let file = folder.join("results.jsonl");
    let sweep = ["sweep", "hello", "--flaw", "e10", "--count", "30", "-o", text(&file)];
    stemmata(&sweep).exits(1);
    let first = fs::read_to_string(&file).expect("results");
    let lines: Vec<_> = first.lines().map(json).collect();
    assert_eq!(lines.len(), 3, "{first}");
    assert_eq!(lines[0]["stemmata"], "results");
    assert_eq!(lines[0]["header"]["seeds"], "0..30");
    assert_eq!(lines[1]["failures"]["kind"]["invariant"], "causality");
    assert_eq!(lines[1]["failures"]["runs"].as_array().expect("runs").len(), 10);
    assert_eq!(lines[2]["end"]["runs"], 30);
    stemmata(&[&sweep[..], &["-j", "1"]].concat()).exits(1);
    assert_eq!(fs::read_to_string(&file).expect("results"), first);
    assert_eq!(names(&folder), ["results.jsonl"]);
}

#[test]
fn what_cannot_be_written_is_left_alone() {
    let folder = folder("unwritable");
    let file = folder.join("file");
    fs::write(&file, "mine").expect("written");
    let below = file.join("t.jsonl");
    stemmata(&["run", "hello", "--trace", text(&below)]).exits(74).complains("is not a folder");
    stemmata(&["run", "hello", "--trace", text(&folder.join("none/t.jsonl"))]).exits(74).complains("create it first");
    for results in [&below, &folder] {
        let ran = stemmata(&["sweep", "hello", "--count", "1", "-o", text(results)]).exits(74);
        assert_eq!(ran.stdout, "", "it is noticed before the work and not after it");
    }
    stemmata(&["run", "hello", "--trace", text(&folder)]).exits(74);
    assert_eq!(names(&folder), ["file"]);
    assert_eq!(fs::read_to_string(&file).expect("text"), "mine");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_and_no_verdict() {
    stemmata(&["run", "hello", "--trace", "/dev/full"]).exits(74).complains("No space left");
    stemmata(&["sweep", "hello", "--count", "1", "-o", "/dev/full"]).exits(74);
    let program = env!("CARGO_BIN_EXE_stemmata");
    for arguments in
        ["run hello", "replay broadcast-split", "run hello --trace -", "list faults", "schema", "sweep hello --count 1"]
    {
        shell(&format!("'{program}' {arguments} > /dev/full")).exits(74).complains("No space left");
    }
}

#[test]
fn a_damaged_or_foreign_trace_is_refused() {
    let folder = folder("damaged");
    let trace = folder.join("t.jsonl");
    stemmata(&["run", "hello", "--trace", text(&trace), "-q"]).exits(0);
    let whole = fs::read_to_string(&trace).expect("a trace");
    let half = &whole[..whole.len() / 2];
    let edited = whole.replacen("n1", "n2", 3);
    let newer = whole.replacen("\"version\":2", "\"version\":3", 1);
    let noise: Vec<u8> = (0..5_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let cases: [(&[u8], &str); 7] = [
        (half.as_bytes(), "truncated"),
        (edited.as_bytes(), "trace"),
        (newer.as_bytes(), "version 3"),
        (&noise, "not a stemmata trace"),
        (b"", "empty"),
        (b"{}\n", "not a stemmata trace"),
        (b"\n", "not a stemmata trace"),
    ];
    for (bytes, word) in cases {
        fs::write(&trace, bytes).expect("written");
        for command in [&["check"][..], &["export", "--to", "text"], &["export", "--to", "jsonl"]] {
            let ran = stemmata(&[command, &[text(&trace)]].concat()).exits(2);
            ran.complains(word).complains("t.jsonl");
        }
        let out = folder.join("out.txt");
        stemmata(&["export", text(&trace), "--to", "text", "-o", text(&out)]).exits(2);
        assert_eq!(names(&folder), ["t.jsonl"], "nothing half-written");
    }
    stemmata(&["check", text(&folder.join("none.jsonl"))]).exits(2).complains("none.jsonl");
    stemmata(&["check", text(&folder)]).exits(2);
}
