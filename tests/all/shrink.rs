//! Failing runs become small, and stay what they were: one invariant, one way of breaking it, one file for many seeds.

mod relay;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use stemmata::chance::Seed;
use stemmata::hunt::{self, Kind, Shrink, Shrunk, Size, Unbroken, Without};
use stemmata::report::{FileHeader, ShrunkFiles};
use stemmata::run::{AnySubject, Keep, RunVerdict};
use stemmata::scenario::{OperationEntry, Resolved, ScenarioFile};

use crate::support::{errata, load, parse, subjects};

const NAMING: FileHeader<'_> = FileHeader { name: "small", about: "", schema: "scenario.schema.json" };

fn subject_of(file: &ScenarioFile) -> AnySubject {
    let all = subjects();
    *all.iter().find(|subject| subject.profile.name == file.subject().name).expect("one of ours")
}

fn resolved(file: &ScenarioFile, seed: u64) -> Resolved {
    file.resolve(Seed(seed)).unwrap_or_else(|problem| panic!("{problem}"))
}

fn shrink(file: &ScenarioFile, seed: u64, threads: usize) -> Result<Shrunk, Unbroken> {
    Shrink { resolved: &resolved(file, seed), subject: subject_of(file), threads }.run(&|| true, &|_| ())
}

fn files_of_run(shrunk: &Shrunk, subject: AnySubject) -> ShrunkFiles {
    let parts = hunt::parts(&shrunk.resolved);
    let needs = hunt::needs(subject, &shrunk.resolved, &shrunk.kind, parts, &|| true);
    ShrunkFiles::of(shrunk, &needs, NAMING, "small.svg")
}

/// What a file says, without comments.
fn said(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect()
}

/// The kind of what the run of a file's text breaks.
fn kind_of(text: &str, subject: AnySubject) -> Kind {
    let file = ScenarioFile::parse("small.json", "small", text, &[subject.profile])
        .unwrap_or_else(|problem| panic!("{problem}"));
    let resolved = resolved(&file, file.seed().0);
    let outcome = subject.run(&resolved, Keep::Trace);
    assert_eq!(outcome.verdict(&resolved), RunVerdict::Met, "{text}");
    hunt::broken(&resolved, &outcome).unwrap_or_else(|| panic!("it breaks nothing:\n{text}")).0
}

#[test]
fn failing_seeds_of_one_erratum_end_in_two_files_at_most() {
    for name in errata().into_iter().filter(|name| name.starts_with("errata/e")) {
        let file = load(name);
        if ["consensus", "gossip", "transactions"].iter().any(|many| file.scenario().protocols.get(*many).is_some()) {
            continue; // runs of consensus, of replicas, and of transactions, whose owners follow from keys, come to more files
        }
        let expected = |shrunk: &Shrunk| file.scenario().expect.violates.contains(&shrunk.kind.invariant);
        let shrunk = (0..200).filter_map(|seed| shrink(&file, seed, 2).ok()).filter(expected).take(4);
        let files: Vec<String> =
            shrunk.map(|shrunk| said(&files_of_run(&shrunk, subject_of(&file)).scenario)).collect();
        assert_eq!(files.len(), 4, "{name} fails too rarely");
        let different: BTreeSet<&String> = files.iter().collect();
        assert!(different.len() <= 2, "{name}: {different:#?}");
    }
}

#[test]
fn a_shrunk_file_breaks_as_the_whole_run_did() {
    let hard = [("broadcast-crash", "b04", 1), ("broadcast-lossy", "b01", 2), ("broadcast-lossy", "b05", 1)];
    for (name, flaw, seed) in hard {
        let file = load(name).with_flaws(&[flaw]).expect("a known flaw");
        let whole = resolved(&file, seed);
        let subject = subject_of(&file);
        let (kind, _) = hunt::broken(&whole, &subject.run(&whole, Keep::Trace)).expect("it fails");
        let shrunk = shrink(&file, seed, 2).expect("it fails");
        assert_eq!(kind_of(&files_of_run(&shrunk, subject).scenario, subject), kind, "{name} with {flaw}");
        assert!(shrunk.after.records * 4 < shrunk.before.records, "{:?} of {:?}", shrunk.after, shrunk.before);
        assert!(!shrunk.stopped);
    }
}

#[test]
fn e09_and_e10_need_three_nodes_and_four_messages_at_most() {
    for name in ["errata/e09", "errata/e10"] {
        let file = load(name);
        let after = shrink(&file, file.seed().0, 2).expect("it fails").after;
        assert!(after.nodes <= 3 && after.messages <= 4, "{name}: {after:?}");
    }
}

#[test]
fn e20_e21_and_e23_need_two_clients_and_four_requests_at_most() {
    for name in ["errata/e20", "errata/e21", "errata/e23"] {
        let file = load(name);
        let shrunk = shrink(&file, file.seed().0, 2).expect("it fails");
        let clients: BTreeSet<_> = shrunk.resolved.operations().iter().map(|entry| entry.op.client).collect();
        let opens = |entry: &&OperationEntry| entry.command.to_string().contains("wanted");
        let requests = shrunk.resolved.operations().iter().filter(opens).count();
        let Size { nodes, faults, .. } = shrunk.after;
        assert!(nodes <= 3 && clients.len() <= 2 && requests <= 4 && faults <= 2, "{name}: {:?}", shrunk.after);
        // One client alone could break it too, but only by asking again while it waits for an answer.
        assert!(clients.len() == 2 || name == "errata/e21", "{name}: {:?}", shrunk.resolved.operations());
    }
}

#[test]
fn what_is_missing_was_waited_for_as_long_as_its_bound_asks() {
    let text = r#"{
        "subject": "codex", "nodes": 3, "run": { "quiesce_at": "2s" },
        "protocols": { "consensus": {} }, "workload": [ { "registers": { "clients": 1, "operations": 6 } } ],
        "faults": [
            { "at": "500ms", "exceed": true, "fault": { "restart": { "target": ["n1", "n2"], "wipe": true } } },
            { "at": "600ms", "for": "100ms", "fault": { "kill": { "target": "n3" } } }
        ]
    }"#;
    let file = parse(text);
    let shrunk = shrink(&file, 0, 2).expect("it fails");
    let setup = &shrunk.resolved.setup;
    assert_eq!(shrunk.kind.invariant, "termination");
    assert_eq!(shrunk.resolved.end, None, "it lasts as long as its bound asks");
    let due = subject_of(&file).deadlines(&shrunk.resolved).due("termination").expect("it is bounded");
    assert_eq!(shrunk.violation.time, due, "{setup:?}");
    assert!(shrunk.after.operations <= 2 && shrunk.after.faults <= 3, "{:?}", shrunk.after);
}

#[test]
fn threads_do_not_matter() {
    let file = load("broadcast-crash").with_flaws(&["b02"]).expect("a known flaw");
    let one = files_of_run(&shrink(&file, 1, 1).expect("it fails"), subject_of(&file));
    let three = files_of_run(&shrink(&file, 1, 3).expect("it fails"), subject_of(&file));
    assert_eq!(one, three);
}

#[test]
fn every_part_of_a_shrunk_run_is_needed() {
    let file = load("broadcast-crash").with_flaws(&["b02"]).expect("a known flaw");
    let shrunk = shrink(&file, 1, 2).expect("it fails");
    let parts = hunt::parts(&shrunk.resolved);
    let needs = hunt::needs(subject_of(&file), &shrunk.resolved, &shrunk.kind, parts, &|| true);
    assert!(needs.len() >= 3, "{needs:?}");
    assert!(needs.iter().all(|need| need.without != Without::Same), "{needs:?}");
}

#[test]
fn what_a_run_does_not_need_is_told_apart() {
    let needs = |name: &str| {
        let file = load(name);
        let (whole, subject) = (resolved(&file, file.seed().0), subject_of(&file));
        let (kind, _) = hunt::broken(&whole, &subject.run(&whole, Keep::Trace)).expect("it fails");
        hunt::needs(subject, &whole, &kind, hunt::parts(&whole), &|| true)
    };
    let crash = needs("errata/b04");
    assert!(crash.iter().any(|need| matches!(need.part, hunt::Part::Fault(_)) && need.without == Without::Holds));
    let either = needs("errata/b02");
    assert!(either.iter().any(|need| matches!(need.without, Without::Otherwise { .. })), "{either:?}");
    let idle = needs("errata/e20");
    assert!(idle.iter().all(|need| need.without == Without::Same), "{idle:?}");
}

#[test]
fn a_run_that_is_told_to_stop_leaves_the_best_so_far() {
    let file = load("broadcast-crash").with_flaws(&["b04"]).expect("a known flaw");
    let (whole, subject) = (resolved(&file, 1), subject_of(&file));
    let successes = AtomicU64::new(0);
    let go_on = || successes.load(Ordering::Relaxed) < 3;
    let tell = |_| _ = successes.fetch_add(1, Ordering::Relaxed);
    let shrunk = Shrink { resolved: &whole, subject, threads: 1 }.run(&go_on, &tell).expect("it had broken");
    assert!(shrunk.stopped);
    assert!(shrunk.after.records < shrunk.before.records);
    assert!(shrunk.after.records > shrink(&file, 1, 1).expect("it fails").after.records, "there was more to do");
    assert_eq!(kind_of(&files_of_run(&shrunk, subject).scenario, subject), shrunk.kind);
}

#[test]
fn what_breaks_nothing_is_not_shrunk() {
    assert_eq!(shrink(&load("hello"), 7, 1).expect_err("it holds"), Unbroken::Holds);
    let long = load("locks-contended");
    let nothing = Shrink { resolved: &resolved(&long, 7), subject: subject_of(&long), threads: 1 };
    assert_eq!(nothing.run(&|| false, &|_| ()).expect_err("it never ran"), Unbroken::Stopped);
}

/// The story tells what led to the violation and nothing else.
#[test]
fn the_story_of_b01_is_a_page() {
    let file = load("errata/b01");
    let files_of_run = files_of_run(&shrink(&file, file.seed().0, 2).expect("it fails"), subject_of(&file));
    insta::assert_snapshot!("story-of-b01", files_of_run.story);
    insta::assert_snapshot!("picture-of-b01", files_of_run.picture);
    insta::assert_snapshot!("shrunk-b01", files_of_run.scenario);
}

#[test]
fn a_shrunk_file_still_fails_when_another_protocol_draws_and_speaks() {
    let subject = relay::relay();
    let file = relay::file();
    let failing = |seed: &u64| {
        let whole = resolved(&file, *seed);
        hunt::broken(&whole, &subject.run(&whole, Keep::Trace)).is_some()
    };
    for seed in (0..100).filter(failing).take(5) {
        let whole = resolved(&file, seed);
        let shrunk = Shrink { resolved: &whole, subject, threads: 2 }.run(&|| true, &|_| ()).expect("it fails");
        let text = files_of_run(&shrunk, subject).scenario;
        let noisy = text.replacen("\"run\":", "\"protocols\": { \"noise\": { \"on\": true } },\n  \"run\":", 1);
        assert_eq!(kind_of(&noisy, subject), shrunk.kind, "{noisy}");
        assert!(shrunk.resolved.fates.len() <= 1 && shrunk.after.operations == 2, "{text}");
    }
}
