//! Bad command lines and bad scenarios: each gets a clear message and exit code 2, and nothing on the standard output.

use std::fs;

use super::program::{folder, json, stemmata};

/// Scenario files that are refused, and what the message must say.
const SCENARIOS: &[(&str, &str)] = &[
    ("{\n\n\n\n\n\n  oops\n}", ":7:"),
    (r#"{ "network": { "dealy": "5ms" } }"#, "`delay`"),
    (r#"{ "run": { "for": "5" } }"#, "5"),
    (r#"{ "run": { "for": "-3ms" } }"#, "-3ms"),
    (r#"{ "network": { "loss": "101%" } }"#, "101%"),
    (r#"{ "nodes": 0 }"#, "node"),
    (r#"{ "nodes": 1000000000 }"#, "node"),
    (r#"{ "faults": [ { "at": "1s", "fault": { "partition": { "groups": [["n1"], ["n9"]] } } } ] }"#, "n9"),
    (r#"{ "faults": [ { "at": "1s", "fault": { "partition": { "groups": [["n1", "n2"], ["n2"]] } } } ] }"#, "n2"),
    (r#"{ "faults": [ { "at": "99s", "fault": { "heal": {} } } ] }"#, "99s"),
    (
        r#"{ "faults": [ { "at": "1s", "for": "2s", "fault": { "kill": { "target": "n1" } } },
                         { "at": "2s", "for": "2s", "fault": { "pause": { "target": "n1" } } } ] }"#,
        "n1",
    ),
    (r#"{ "expect": { "holds": ["causalty"] } }"#, "`causality`"),
    (r#"{ "expect": { "sometimes": ["broadcast.deliverd"] } }"#, "broadcast.deliver"),
    (r#"{ "protocols": { "clocks": { "flaws": ["e99"] } } }"#, "e99"),
    (r#"{ "faults": [ { "at": "1s", "fault": { "restart": { "target": "n1", "wipe": true } } } ] }"#, "exceed"),
    (r#"{ "run": { "seed": 18446744073709551616 } }"#, "has more digits than can be kept"),
    (r#"{ "run": { "seed": -1 } }"#, "`-1` is not a seed"),
    (r#"{ "workload": [ { "texts": { "clients": 1000000000 } } ] }"#, "at most 1000000"),
    ("[]", "object"),
    ("", "json"),
    ("\u{0}\u{1}", "json"),
];

#[test]
fn a_bad_scenario_is_told_where_and_why() {
    let folder = folder("refused");
    let file = folder.join("bad.json");
    let name = file.to_str().expect("text");
    for (text, word) in SCENARIOS {
        let text = text.replacen("{ ", "{ \"subject\": \"broadcast\", ", 1);
        fs::write(&file, &text).expect("written");
        let ran = stemmata(&["run", name]).exits(2);
        assert_eq!(ran.stdout, "");
        let told = ran.stderr.to_lowercase();
        assert!(told.contains(&word.to_lowercase()) && told.contains("error"), "{text}\nshould name `{word}`:\n{told}");
        let ran = stemmata(&["sweep", name, "--count", "3", "--json"]).exits(2);
        assert!(json(&ran.stderr)["error"]["problem"]["diagnostics"].is_array(), "{}", ran.stderr);
    }
    for command in [&["run"][..], &["replay"], &["verify"], &["sweep", "--count", "1"]] {
        stemmata(&[command, &["none.json"]].concat()).exits(2).complains("none.json");
        stemmata(&[command, &["helo"]].concat()).exits(2).complains("`hello`");
    }
    stemmata(&["run", folder.to_str().expect("text")]).exits(2).complains("directory");
}

#[test]
fn a_bad_command_line_is_told_what_it_should_be() {
    let cases: &[(&[&str], &str)] = &[
        (&["run", "hello", "--seed", "18446744073709551616"], "2^64"),
        (&["run", "hello", "--seed", "-1"], "seed"),
        (&["sweep", "hello", "--seeds", "0..18446744073709551616"], "2^64"),
        (&["sweep", "hello", "--seeds", "9..5"], "A..B"),
        (&["sweep", "hello", "--seeds", "1..5", "--count", "3"], "A+N"),
        (&["sweep", "hello", "--time", "5"], "5"),
        (&["sweep", "hello", "--count", "5", "-j", "0"], "jobs"),
        (&["run", "hello", "--flaw", "e99"], "e99"),
        (&["run", "hello", "--flaw", "none,e09"], "none"),
        (&["run", "hello", "--flaw", "e09", "--as-written"], "--as-written"),
        (&["run", "hello", "--json", "--trace", "-"], "--trace"),
        (&["run"], "SCENARIO"),
        (&["list", "nonsense"], "invariants"),
        (&["export", "t.jsonl"], "--to"),
        (&["export", "t.jsonl", "--to", "html"], "jsonl"),
        (&["replay", "stm2:nonsense"], "run id"),
        (&["shrink", "hello"], "shrink"),
        (&["run", "hello", "-q", "-v"], "--verbose"),
        (&[], "Usage"),
    ];
    for (arguments, word) in cases {
        let ran = stemmata(arguments).exits(2);
        ran.complains(word);
        assert_eq!(ran.stdout, "", "{arguments:?}");
    }
    let ran = stemmata(&["run", "--json"]).exits(2);
    assert_eq!(json(&ran.stderr)["error"]["exit_code"], 2);
}
