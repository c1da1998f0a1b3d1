//! Which stream has what, with how much colour, and what a closed pipe does.

use std::process::Stdio;

use super::program::{command, folder, json, ran, stemmata, with};

#[cfg(unix)]
#[test]
fn a_closed_pipe_keeps_the_verdicts_code_and_says_nothing() {
    let cases: [(&[&str], i32); 5] = [
        (&["run", "broadcast-split", "--trace", "-", "-q"], 0),
        (&["replay", "broadcast-split", "--detail", "all"], 0),
        (&["replay", "hello", "--flaw", "e10"], 1),
        (&["export", "--help"], 0),
        (&["schema"], 0),
    ];
    for (arguments, code) in cases {
        let mut child = command()
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        let ran = ran(arguments.join(" "), output).exits(code);
        assert!(!ran.stderr.contains("error"), "{}", ran.stderr);
        assert!(!ran.stderr.to_lowercase().contains("pipe"), "{}", ran.stderr);
    }
}

#[test]
fn colour_is_for_those_who_want_it() {
    let coloured = |variables: &[(&str, &str)], more: &[&str]| {
        let ran = with(variables, &[&["run", "errata/e09"], more].concat()).exits(0);
        ran.stdout.contains('\u{1b}')
    };
    assert!(!coloured(&[], &[]), "a pipe is no terminal");
    assert!(coloured(&[], &["--color", "always"]));
    assert!(coloured(&[("CLICOLOR_FORCE", "1")], &[]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &[]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1")], &["--color", "never"]));
}

#[test]
fn quiet_says_the_verdict_alone() {
    let ran = stemmata(&["run", "broadcast-split", "-q"]).exits(0);
    assert_eq!(ran.stdout.lines().count(), 1, "{}", ran.stdout);
    let ran = stemmata(&["sweep", "hello", "--count", "3", "-q"]).exits(0);
    assert_eq!((ran.stdout.lines().count(), ran.stderr.as_str()), (1, ""), "{}", ran.stdout);
    stemmata(&["run", "broadcast-split", "-v"]).exits(0).says("broadcast.delivered");
}

#[test]
fn a_run_that_is_too_short_for_what_it_owes_says_how_long_it_would_have_to_be() {
    let folder = std::env::temp_dir().join(format!("stemmata-short-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the scenario");
    let file = folder.join("short.json");
    let text = r#"{
        "subject": "broadcast", "run": { "for": "1001ms", "quiesce_at": "1s" },
        "workload": [ { "texts": { "clients": 1, "rate": "20/s" } } ],
        "faults": [ { "at": "0s", "fault": { "partition": { "groups": [ ["n1"] ] } } } ]
    }"#;
    std::fs::write(&file, text).expect("written");
    let path = file.to_str().expect("a plain path");
    let ran = stemmata(&["run", path]).exits(3);
    ran.complains("note: the run ends at 1001ms, but the bound of ");
    ran.says("reliable-delivery is undecided: the run ends at 1001.000ms, and it has until ");
    stemmata(&["run", path, "--json"]).exits(3).says("\"missed\"");
    std::fs::remove_dir_all(&folder).expect("it is ours");
}

#[test]
fn with_json_all_that_is_said_beside_the_result_is_one_object_a_line() {
    let small = folder("said").join("small.json");
    let small = small.to_str().expect("text");
    let commands: [(&[&str], i32); 5] = [
        (&["sweep", "hello", "--flaw", "e10", "--count", "9", "--shard", "1/1"], 1),
        (&["sweep", "hello"], 0),
        (&["explore", "locks-tiny", "--depth", "2"], 3),
        (&["shrink", "errata/b02", "-o", small], 0),
        (&["sweep", "helo", "--count", "1"], 2),
    ];
    for (arguments, code) in commands {
        let variables = [("STEMMATA_SEEDS", "5..9"), ("STEMMATA_JOBS", "1")];
        let ran = with(&variables, &[arguments, &["--json"]].concat()).exits(code);
        assert!(!ran.stderr.is_empty(), "{arguments:?} says nothing");
        for line in ran.stderr.lines() {
            let said = json(line);
            let known = ["note", "progress", "error"].iter().any(|key| said[key].is_string() || said[key].is_object());
            assert!(known, "{arguments:?}: {line}");
        }
    }
}
