//! Scenarios of the codex: what is refused, what odd ones come to, and what runs though nobody named it.

use stemmata::run::{Keep, Standing};
use stemmata::scenario::ScenarioFile;

use crate::support::{parse, run, subjects};

fn refusal(text: &str) -> String {
    let profiles: Vec<_> = subjects().iter().map(|subject| subject.profile).collect();
    let refused = ScenarioFile::parse("test.json", "test", text, &profiles).map(|_| text);
    refused.expect_err("it is refused").render(false)
}

fn put(key: &str, value: &str) -> String {
    let key = serde_json::to_string(key).expect("a text");
    format!(
        r#"{{ "at": "1s", "op": "c1#1", "to": "n1",
            "command": {{ "consensus": {{ "write": {{ "write": {{ "put": {{ "key": {key}, "value": "{value}" }} }} }} }} }} }}"#
    )
}

#[test]
fn what_makes_no_sense_to_consensus_is_refused_with_its_place() {
    let settings = |setting: &str| format!(r#"{{ "nodes": 3, "protocols": {{ "consensus": {{ {setting} }} }} }}"#);
    let expecting = |protocol: &str, invariant: &str| {
        format!(r#"{{ "nodes": 3, "protocols": {{ "{protocol}": {{}} }}, "expect": {{ "holds": ["{invariant}"] }} }}"#)
    };
    let registers = |setting: &str| format!(r#"{{ "nodes": 3, "workload": [ {{ "registers": {{ {setting} }} }} ] }}"#);
    let cases = [
        (r#"{ "nodes": { "voters": 0, "observers": 2 } }"#.to_owned(), "at least one voter"),
        (r#"{ "nodes": 3 }"#.to_owned(), "no protocol runs"),
        (r#"{ "nodes": 3, "protocols": { "channel": {} } }"#.to_owned(), "channel, locks, consensus"),
        (expecting("consensus", "anchor-safety"), "`consensus` does not claim `anchor-safety` with these settings"),
        (expecting("consensus", "session"), "`session` is claimed by channel alone, and that does not run"),
        (expecting("channel", "termination"), "claimed by locks or consensus alone"),
        (expecting("consensus", "agrement"), "did you mean `agreement`?"),
        (settings(r#""window": 0"#), "more than 0"),
        (settings(r#""batch": 0"#), "more than 0"),
        (settings(r#""compact_after": 0"#), "more than 0"),
        (settings(r#""session_slots": 0"#), "more than 0"),
        (settings(r#""election": "0ms""#), "more than 0"),
        (settings(r#""heartbeat": "0ms""#), "more than 0"),
        (settings(r#""reads": "lease""#), "`index`"),
        (settings(r#""anchors": [ { "prefix": "k", "rule": { "max_byte": 3 } } ]"#), "`max_bytes`"),
        (registers(r#""keys": 0"#), "more than 0"),
        (registers(r#""clients": 10001"#), "too many"),
        (registers(&format!(r#""keyspace": "{}""#, "x".repeat(1_020))), "too long"),
        (r#"{ "workload": [ { "locks": { "tree": { "levels": 21 } } } ] }"#.to_owned(), "too many"),
        (r#"{ "workload": [ { "locks": { "paths": 0 } } ] }"#.to_owned(), "too few"),
        (format!(r#"{{ "operations": [ {} ] }}"#, put("", "x")), "not empty"),
        (format!(r#"{{ "operations": [ {} ] }}"#, put(&"k".repeat(1 << 20), "x")), "1048576 bytes is too long"),
    ];
    for (text, word) in cases {
        let told = refusal(&text);
        assert!(told.contains(word) && told.contains("test.json:"), "should say `{word}`: {told}");
        assert!(told.len() < 2_000, "it is to be read: {} bytes", told.len());
    }
}

#[test]
fn keys_are_in_keyspaces_that_a_path_owns() {
    let with = |keyspaces: &str, keyspace: &str| {
        format!(
            r#"{{ "nodes": 3, "run": {{ "for": "4s", "quiesce_at": "3s" }}, "keyspaces": {keyspaces},
                 "workload": [ {{ "registers": {{ "keyspace": "{keyspace}" }} }} ] }}"#
        )
    };
    for (text, word) in [
        (with(r#"{ "ledger/": "consensu" }"#, "ledger/"), "did you mean `consensus`"),
        (with(r#"{ "ledger/": "consensus" }"#, ""), "keys begin with `ledger/`"),
        (with(r#"{ "a/": "consensus", "b/": "consensus" }"#, "c/"), "keys begin with `a/` or `b/`"),
        (r#"{ "subject": "broadcast", "keyspaces": { "": "consensus" } }"#.to_owned(), "keeps no keys"),
        (
            format!(r#"{{ "keyspaces": {{ "ledger/": "consensus" }}, "operations": [ {} ] }}"#, put("notes/1", "x")),
            "`notes/1` is in no keyspace",
        ),
    ] {
        let told = refusal(&text);
        assert!(told.contains(word), "should say `{word}`: {told}");
    }
    for keyspaces in [r#"{ "ledger/": "consensus" }"#, r#"{ "": "consensus" }"#] {
        let file = parse(&with(keyspaces, "ledger/"));
        let (resolved, outcome) = run(&file, 0, Keep::Trace);
        assert_eq!(outcome.standing(&resolved), Standing::Met, "{:?}", outcome.judgements);
        let text = outcome.trace.as_ref().expect("it is kept").text(stemmata::trace::Detail::Messages);
        assert!(text.contains("key=ledger/k1 "), "its keys begin so");
    }
}

/// Nobody is asked in vain: what clients need runs, and nothing else.
#[test]
fn what_clients_ask_runs_though_nobody_named_it() {
    let operation = put("k", "x");
    for (part, running) in [
        (r#""workload": [ { "registers": {} } ]"#.to_owned(), &["consensus"][..]),
        (r#""workload": [ { "locks": {} } ]"#.to_owned(), &["locks"]),
        (r#""workload": [ { "registers": {} }, { "locks": {} } ]"#.to_owned(), &["consensus", "locks"]),
        (format!(r#""operations": [ {operation} ]"#), &["consensus"]),
        (r#""keyspaces": { "ledger/": "consensus" }"#.to_owned(), &["consensus"]),
        (r#""protocols": { "consensus": {} }, "workload": [ { "locks": {} } ]"#.to_owned(), &["consensus", "locks"]),
    ] {
        let file = parse(&format!("{{ {part} }}"));
        let protocols = file.scenario().protocols.as_object().expect("an object").clone();
        let runs = |name: &&str| protocols.get(*name).is_some_and(|settings| !settings.is_null());
        let found: Vec<_> = ["consensus", "locks"].into_iter().filter(runs).collect();
        assert_eq!(found, running, "{part}");
    }
}

/// Even numbers of voters, more observers than voters, keys and values that are odd: all that is no mistake holds.
#[test]
fn odd_clusters_keys_and_values_hold() {
    let run_for = r#""run": { "for": "4s", "quiesce_at": "3s" }"#;
    let odd = [
        format!(r#"{{ "nodes": 2, {run_for}, "workload": [ {{ "registers": {{}} }} ] }}"#),
        format!(r#"{{ "nodes": 4, {run_for}, "workload": [ {{ "registers": {{}} }} ] }}"#),
        format!(
            r#"{{ "nodes": {{ "voters": 2, "observers": 7 }}, {run_for}, "workload": [ {{ "registers": {{}} }} ] }}"#
        ),
        format!(
            r#"{{ "nodes": 3, {run_for}, "operations": [ {} ] }}"#,
            put("\u{202e}\u{1f600}e\u{301}\0\n\"=,}", "\u{feff}")
        ),
        format!(
            r#"{{ "nodes": 3, {run_for}, "operations": [ {} ] }}"#,
            put(&"\u{1f600}".repeat(256), &"x".repeat(1 << 20))
        ),
        format!(
            r#"{{ "nodes": 3, {run_for}, "operations": [ {} ], "protocols": {{ "consensus": {{ "anchors": [
                 {{ "prefix": "k", "rule": {{ "max_bytes": 3 }} }} ] }} }} }}"#,
            put("k", &"x".repeat(4)),
        ),
    ];
    for text in odd {
        let file = parse(&text);
        let (resolved, outcome) = run(&file, 0, Keep::Trace);
        let head: String = text.chars().take(120).collect();
        assert_ne!(outcome.standing(&resolved), Standing::Broken, "{head}: {:?}", outcome.judgements);
        let text = outcome.trace.as_ref().expect("it is kept").text(stemmata::trace::Detail::All);
        assert!(text.lines().all(|line| line.is_ascii()), "{head}");
        let (_, again) = run(&file, 0, Keep::Verdicts);
        assert_eq!(outcome.digest, again.digest, "{head}");
    }
}
