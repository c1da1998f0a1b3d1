//! Scenarios of the codex: what is refused, what odd ones come to, and what runs though nobody named it.

use stemmata::run::{Keep, RunVerdict};
use stemmata::scenario::{Problem, ScenarioFile};
use stemmata::trace::Verdict;

use crate::support::{load, parse, run, subjects};

fn refusal(text: &str) -> String {
    let profiles: Vec<_> = subjects().iter().map(|subject| subject.profile).collect();
    let refused = ScenarioFile::parse("test.json", "test", text, &profiles).map(|_| text);
    refused.expect_err("it is refused").render(false, Problem::WIDTH)
}

fn put(key: &str, value: &str) -> String {
    let key = serde_json::to_string(key).expect("a text");
    format!(
        r#"{{ "at": "1s", "op": "c1#1", "to": "n1",
            "command": {{ "store": {{ "put": {{ "key": {key}, "value": "{value}" }} }} }} }}"#
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
        (r#"{ "nodes": 3, "protocols": { "channel": {} } }"#.to_owned(), "channel, clocks, locks, consensus"),
        (expecting("consensus", "anchor-safety"), "`consensus` does not claim `anchor-safety` with these settings"),
        (expecting("consensus", "session"), "only channel claims `session`, and it does not run"),
        (expecting("channel", "termination"), "only locks or consensus or sync or transactions claims `termination`"),
        (expecting("consensus", "agrement"), "did you mean `agreement`?"),
        (
            r#"{ "nodes": 3, "protocols": { "consensus": {}, "channel": { "window": 1 } } }"#.to_owned(),
            "`channel` does not run: no protocol that runs here uses it",
        ),
        (settings(r#""window": 0"#), "greater than 0"),
        (settings(r#""batch": 0"#), "greater than 0"),
        (settings(r#""compact_after": 0"#), "greater than 0"),
        (settings(r#""session_slots": 0"#), "greater than 0"),
        (settings(r#""election": "0ms""#), "greater than 0"),
        (settings(r#""heartbeat": "0ms""#), "greater than 0"),
        (settings(r#""reads": "lease""#), "`index`"),
        (
            r#"{ "keyspaces": { "k": { "owner": "consensus", "anchors": [ { "max_byte": 3 } ] } } }"#.to_owned(),
            "`max_bytes`",
        ),
        (registers(r#""keys": 0"#), "greater than 0"),
        (registers(r#""clients": 10001"#), "too large"),
        (registers(&format!(r#""keyspace": "{}""#, "x".repeat(1_020))), "too long"),
        (r#"{ "workload": [ { "locks": { "tree": { "levels": 21 } } } ] }"#.to_owned(), "too large"),
        (r#"{ "workload": [ { "locks": { "paths": 0 } } ] }"#.to_owned(), "too small"),
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
        (with(r#"{ "ledger/": "consensus" }"#, ""), "keys must begin with `ledger/`"),
        (with(r#"{ "a/": "consensus", "b/": "consensus" }"#, "c/"), "keys must begin with `a/` or `b/`"),
        (r#"{ "subject": "broadcast", "keyspaces": { "": "consensus" } }"#.to_owned(), "has no keys"),
        (
            format!(r#"{{ "keyspaces": {{ "ledger/": "consensus" }}, "operations": [ {} ] }}"#, put("notes/1", "x")),
            "`notes/1` is in no keyspace",
        ),
        (
            r#"{ "nodes": 3, "keyspaces": { "a/": { "owner": "consensus", "strategy": "merge" } } }"#.to_owned(),
            "no conflicts",
        ),
        (
            r#"{ "nodes": 3, "keyspaces": { "a/": { "owner": "gossip", "fenced": true } } }"#.to_owned(),
            "no lock's token",
        ),
        (
            r#"{ "nodes": 3, "keyspaces": { "a/": { "owner": "gossip", "strategy": "vote" } } }"#.to_owned(),
            "name `conflicts` under `protocols`",
        ),
        (
            r#"{ "nodes": 3, "keyspaces": { "a/": { "owner": "gossip", "canon": { "b/1": "x" } } } }"#.to_owned(),
            "no key of this keyspace",
        ),
        (
            r#"{ "nodes": 3, "keyspaces": { "a/": { "owner": "gossip", "anchors": ["equals_canon"] } } }"#.to_owned(),
            "nothing could be written",
        ),
        (
            r#"{ "nodes": 3, "keyspaces": { "a/": { "owner": "gossip", "strategy": "majority" } } }"#.to_owned(),
            "unknown word `majority`",
        ),
        (
            r#"{ "nodes": 3, "keyspaces": { "a/": "gossip" }, "workload": [ { "strategies": { "keyspace": "a/b" } } ] }"#
                .to_owned(),
            "`a/b` is the prefix of no keyspace: its keys are in that of `a/`",
        ),
        (with(r#"{ "t/": "transaction" }"#, "t/"), "changes in transactions alone"),
        (
            r#"{ "nodes": 3, "keyspaces": { "a/": "consensus" }, "workload": [ { "bank": { "accounts": "a/" } } ] }"#
                .to_owned(),
            "must be in a keyspace of `transaction`",
        ),
        (
            r#"{ "nodes": 3, "keyspaces": { "t/": "transaction" }, "protocols": { "transactions": { "preload": {} } } }"#
                .to_owned(),
            "`accounts/a` begins no keys of a keyspace that transactions own",
        ),
        (
            r#"{ "nodes": 3, "keyspaces": { "t/": { "owner": "transaction", "fenced": true } } }"#.to_owned(),
            "present no lock's token",
        ),
        (
            r#"{ "nodes": 3, "keyspaces": { "t/": "transaction", "r/": "consensus" }, "operations": [
                 { "at": "1ms", "op": "c1#1", "to": "n1", "command": { "transactions": { "transact": { "operations": [
                   { "read": { "key": "t/1" } }, { "put": { "key": "r/1", "value": 1 } } ] } } } } ] }"#
                .to_owned(),
            "`r/1` must be in a keyspace of `transaction`, and is in one of `consensus`",
        ),
        (
            r#"{ "nodes": 3, "keyspaces": { "t/": "transaction" }, "workload": [ { "bank": { "keys": 2 } } ] }"#.to_owned(),
            "too small",
        ),
        (
            r#"{ "nodes": 3, "keyspaces": { "accounts/": "transaction" },
                 "workload": [ { "bank": { "reads": "60%", "audits": "50%" } } ] }"#
                .to_owned(),
            "add up to more than 100 %",
        ),
        (
            r#"{ "nodes": 3, "keyspaces": { "t/": "transaction" },
                 "protocols": { "transactions": { "resend": "2s", "resend_cap": "1s" } } }"#
                .to_owned(),
            "let `resend_cap` be at least 2s",
        ),
        (r#"{ "nodes": 3, "protocols": { "gossip": { "chunk": 65536 } } }"#.to_owned(), "at most 49152"),
        (r#"{ "nodes": 3, "keyspaces": { "a/": "consensus", "a/": "consensus" } }"#.to_owned(), "duplicate key `a/`"),
        (r#"{ "nodes": 3, "keyspaces": { "~a": "consensus" } }"#.to_owned(), "begins with `~`"),
        (format!(r#"{{ "operations": [ {} ] }}"#, put("~era", "x")), "begins with `~`"),
        (r#"{ "workload": [ { "registers": { "keyspace": "~a/" } } ] }"#.to_owned(), "begins with `~`"),
        (r#"{ "workload": [ { "locks": { "uses": 1 } } ] }"#.to_owned(), "must be in a fenced keyspace"),
        (
            r#"{ "keyspaces": { "fenced/": "consensus" }, "workload": [ { "locks": { "uses": 1 } } ] }"#.to_owned(),
            "\"fenced/\": { \"owner\": \"consensus\", \"fenced\": true }",
        ),
        (
            r#"{ "keyspaces": { "": { "owner": "consensus", "fenced": true } }, "workload": [ { "registers": {} } ] }"#
                .to_owned(),
            "present no tokens",
        ),
        (r#"{ "keyspaces": { "a/": { "owner": "consensus", "fence": true } } }"#.to_owned(), "`fenced`"),
    ] {
        let told = refusal(&text);
        assert!(told.contains(word), "should say `{word}`: {told}");
    }
    for keyspaces in [r#"{ "ledger/": "consensus" }"#, r#"{ "": "consensus" }"#] {
        let file = parse(&with(keyspaces, "ledger/"));
        let (resolved, outcome) = run(&file, 0, Keep::Trace);
        assert_eq!(outcome.verdict(&resolved), RunVerdict::Met, "{:?}", outcome.judgements);
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
            r#"{{ "nodes": 3, {run_for}, "operations": [ {} ], "keyspaces": {{
                 "k": {{ "owner": "consensus", "anchors": [ {{ "max_bytes": 3 }} ] }} }} }}"#,
            put("k", &"x".repeat(4)),
        ),
    ];
    for text in odd {
        let file = parse(&text);
        let (resolved, outcome) = run(&file, 0, Keep::Trace);
        let head: String = text.chars().take(120).collect();
        assert_ne!(outcome.verdict(&resolved), RunVerdict::Broken, "{head}: {:?}", outcome.judgements);
        let text = outcome.trace.as_ref().expect("it is kept").text(stemmata::trace::Detail::All);
        assert!(text.lines().all(|line| line.is_ascii()), "{head}");
        let (_, again) = run(&file, 0, Keep::Verdicts);
        assert_eq!(outcome.digest, again.digest, "{head}");
    }
}

/// The flaws of the clocks are the same under broadcasts and under the protocols of the codex.
#[test]
fn the_clocks_of_a_codex_node_are_judged_and_their_flaws_are_caught() {
    let falls = |flaws: &[&str]| {
        let file = load("clocks").with_flaws(flaws).expect("they are known");
        let judged = (0..20).map(|seed| {
            let (_, outcome) = run(&file, seed, Keep::Verdicts);
            let judgement = outcome.judgements.iter().find(|judgement| judgement.invariant == "causality");
            judgement.expect("the clocks claim it").verdict.clone()
        });
        let judged: Vec<_> = judged.collect();
        assert!(!judged.iter().any(|verdict| matches!(verdict, Verdict::Vacuous { .. })), "{flaws:?}");
        judged.iter().filter(|verdict| matches!(verdict, Verdict::Violated(_))).count()
    };
    assert_eq!(falls(&[]), 0);
    assert_eq!((falls(&["e09"]), falls(&["e10"])), (20, 20));
}

#[test]
fn keys_may_be_both_fenced_and_anchored() {
    let text = r#"{
        "nodes": 3, "run": { "quiesce_at": "2s" }, "network": { "loss": "2%" },
        "keyspaces": { "fenced/": { "owner": "consensus", "fenced": true, "anchors": [ { "max_bytes": 300 } ] } },
        "workload": [ { "locks": { "clients": 5, "tree": { "width": 1 }, "uses": 2, "hold": "20ms", "timeout": "100ms" } } ],
        "faults": [ { "from": "200ms", "until": "1800ms", "draw": { "kinds": ["kill", "pause"], "rate": "2/s" } } ]
    }"#;
    let file = parse(text);
    let mut fenced = 0;
    for seed in 0..20 {
        let (_, outcome) = run(&file, seed, Keep::Verdicts);
        let broken = outcome.judgements.iter().find(|judgement| judgement.verdict.violation().is_some());
        assert!(broken.is_none(), "seed {seed}: {broken:?}");
        fenced += outcome.census.facts_of("consensus.fenced");
    }
    assert!(fenced > 0, "some tokens are late");
}

#[test]
fn a_flaw_of_a_protocol_that_does_not_run_is_refused() {
    let refused = load("split-brain").with_flaws(&["e20"]).expect_err("there are no locks");
    assert!(
        refused.render(false, Problem::WIDTH).contains("`e20` is a flaw of `locks`, which does not run"),
        "{}",
        refused.render(false, Problem::WIDTH)
    );
    assert_eq!(load("hello").as_written().switched().len(), 8);
    assert!(load("split-brain").as_written().switched().iter().all(|flaw| !flaw.starts_with('l')));
}

#[test]
fn a_name_of_another_subject_is_told_whose_it_is() {
    let cases = [
        (r#"{ "subject": "consensus" }"#, "`consensus` is a protocol of `codex`, and no subject"),
        (r#"{ "subject": "locks" }"#, r#"(or no `subject`), and "protocols": { "locks": {} }"#),
        (r#"{ "protocols": { "broadcast": {} } }"#, "`broadcast` is a protocol of the subject `broadcast`"),
        (r#"{ "workload": [{ "texts": {} }] }"#, "`texts` is a workload of the subject `broadcast`"),
        (r#"{ "subject": "broadcast", "protocols": { "locks": {} } }"#, r#"write "subject": "codex" instead of"#),
        (
            r#"{ "subject": "broadcast", "workload": [{ "registers": {} }] }"#,
            "`registers` is a workload of the subject",
        ),
    ];
    let broadcast = r#"{ "at": "1s", "op": "c1#1", "to": "n1", "command": { "broadcast": { "text": "arma" } } }"#;
    let of_another = format!(r#"{{ "operations": [{broadcast}] }}"#);
    let command = [(of_another.as_str(), "`broadcast` is a command of the subject `broadcast`")];
    for (text, told) in cases.into_iter().chain(command) {
        let refused = refusal(text);
        assert!(refused.contains(told), "{text} is not told `{told}`:\n{refused}");
        assert_eq!(refused.matches("error: ").count(), 1, "{refused}");
    }
}
