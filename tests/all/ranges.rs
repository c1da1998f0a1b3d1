//! Ranges of the codex and of causal broadcast: what is drawn runs, and what cannot work is refused before any run.

use std::collections::BTreeSet;

use stemmata::chance::Seed;
use stemmata::hunt::{self, Shrink};
use stemmata::run::Keep;
use stemmata::scenario::{Problem, ScenarioFile};

use crate::support::{parse, run, subject_of, subjects};

fn refusal(text: &str) -> String {
    let profiles: Vec<_> = subjects().iter().map(|subject| subject.profile).collect();
    let refused = ScenarioFile::parse("test.json", "test", text, &profiles).map(|_| text);
    refused.expect_err("it is refused").render(false, Problem::WIDTH)
}

#[test]
fn settings_that_cannot_work_are_refused_with_the_reason_and_the_cure() {
    let cases = [
        (
            r#"{ "protocols": { "consensus": { "heartbeat": "200ms", "election": "200ms" } } }"#,
            ["they would depose every proposer", r#"heartbeat": "200ms""#, "set `heartbeat` to less than `election`"],
        ),
        (
            r#"{ "protocols": { "consensus": { "election": "30ms" } } }"#,
            ["sends a heartbeat every 40ms", r#"election": "30ms""#, "set `heartbeat` to less than `election`"],
        ),
        (
            r#"{ "protocols": { "locks": {}, "channel": { "resend_cap": "10ms" } } }"#,
            ["doubled from 50ms up to 10ms, which is less", r#"resend_cap": "10ms""#, "`resend` at most 10ms"],
        ),
        (
            r#"{ "protocols": { "locks": {}, "channel": { "resend": "999us" } } }"#,
            ["before any answer can come", r#"resend": "999us""#, "let `resend` be at least 1ms"],
        ),
        (
            r#"{ "subject": "broadcast", "protocols": { "broadcast": { "resend": "2s" } } }"#,
            ["doubled from 2s up to 1s, which is less", r#"resend": "2s""#, "let `resend_cap` be at least 2s"],
        ),
        (
            r#"{ "workload": [ { "locks": { "modes": [] } } ] }"#,
            ["a request locks in some mode", r#"modes": []"#, "name one at least"],
        ),
        (r#"{ "workload": [ { "registers": { "timeout": "0s" } } ] }"#, ["greater than 0", r#"timeout": "0s""#, ""]),
        (
            r#"{ "protocols": { "consensus": { "election": { "min": "10ms", "max": "50ms" } } } }"#,
            ["of 64 seeds: the proposer sends a heartbeat every 40ms", r#""election": {"#, "set `heartbeat` to less"],
        ),
    ];
    for (text, words) in cases {
        let told = refusal(text);
        assert!(words.iter().all(|word| told.contains(word)), "{text} should say {words:?}:\n{told}");
        assert!(told.contains("test.json:1:"), "{told}");
    }
}

#[test]
fn settings_that_cannot_work_together_are_never_drawn() {
    let file = parse(
        r#"{ "protocols": { "consensus": { "election": { "min": "100ms", "max": "500ms" },
            "heartbeat": { "min": "20ms", "max": "200ms" } } } }"#,
    );
    for seed in (0..500).map(Seed) {
        let resolved = file.resolve(seed).expect("something that works is drawn");
        let settings = &resolved.settings()["consensus"];
        let span =
            |name: &str| -> stemmata::time::Span { settings[name].as_str().expect("a text").parse().expect("a span") };
        assert!(span("heartbeat") < span("election"), "{settings}");
    }
}

/// Examples that no longer work would be worse than none.
#[test]
fn the_scenarios_in_the_readme_are_read() {
    let readme = include_str!("../../README.md");
    let examples: Vec<&str> = readme.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(examples.len() >= 3, "the README shows scenarios");
    for example in examples {
        parse(example).resolve(Seed(1)).unwrap_or_else(|problem| panic!("{problem}"));
    }
}

/// Clusters, settings and clients of drawn sizes, for the codex and for causal broadcast.
const SWEPT: [&str; 2] = [
    r#"{ "nodes": { "voters": { "min": 3, "max": 5 }, "observers": { "one_of": [0, 1] } },
        "run": { "for": "4s", "quiesce_at": "2s" },
        "protocols": { "consensus": { "window": { "min": 1, "max": 64 }, "batch": { "one_of": [1, 16] },
            "reads": { "one_of": ["log", "index"] } } },
        "workload": [ { "registers": { "clients": { "min": 1, "max": 4 } } } ] }"#,
    r#"{ "subject": "broadcast", "nodes": { "min": 2, "max": 5 }, "run": { "for": "4s", "quiesce_at": "2s" },
        "protocols": { "broadcast": { "window": { "min": 1, "max": 64 } } },
        "workload": [ { "texts": { "clients": { "one_of": [1, 3] } } } ],
        "faults": [ { "at": "1s", "for": "500ms", "fault": { "kill": { "target": { "one_of": ["one", "n2"] } } } } ] }"#,
];

/// The resolved scenario is what ran: read again as a file, it has no ranges, and the same seed gives the same run.
#[test]
fn what_was_drawn_runs_the_same_when_it_is_written_down() {
    for text in SWEPT {
        let file = parse(text);
        let mut sizes = BTreeSet::new();
        for seed in 0..6 {
            let (resolved, outcome) = run(&file, seed, Keep::Verdicts);
            let written = serde_json::to_string(&*resolved.scenario).expect("plain data");
            assert!(!written.contains("one_of") && !written.contains(r#""voters":{"#), "{written}");
            let (_, again) = run(&parse(&written), seed, Keep::Verdicts);
            assert_eq!(again.digest, outcome.digest, "{written}");
            sizes.insert(resolved.setup.nodes());
        }
        assert!(sizes.len() > 1, "{sizes:?}");
    }
}

/// A seed fixes what was drawn: whoever shrinks a failing run gets a file of constants.
#[test]
fn a_shrunk_file_has_no_ranges() {
    let file = parse(
        r#"{ "nodes": { "min": 3, "max": 5 }, "run": { "for": "6s", "quiesce_at": "4s" },
            "protocols": { "locks": { "flaws": ["e20"] }, "channel": { "window": { "min": 1, "max": 64 } } },
            "workload": [ { "locks": { "clients": { "min": 3, "max": 6 }, "think": "1ms" } } ],
            "expect": { "violates": ["lock-exclusion"] } }"#,
    );
    let subject = subject_of(&file);
    let runs = (0..20).map(|seed| run(&file, seed, Keep::Trace));
    let broken = |(resolved, outcome): (_, _)| hunt::broken(&resolved, &outcome).map(|_| resolved);
    let resolved = runs.filter_map(broken).next().expect("some seed breaks");
    let shrunk = Shrink { resolved: &resolved, subject, threads: 2 }.run(&|| true, &|_| ()).expect("it breaks");
    let said = stemmata::scenario::said(&shrunk.resolved.scenario, &subject.profile);
    assert_eq!(
        said["protocols"],
        serde_json::json!({ "locks": { "flaws": ["e20"] } }),
        "settings are the defaults again"
    );
    assert!(!said.to_string().contains(r#""min""#), "{said}");
}
