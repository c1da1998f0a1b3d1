//! The program from outside: exit codes, streams, files, and what it says to bad input.

mod account;
mod annotated;
mod compare;
mod expected;
mod explored;
mod exports;
mod files;
mod greens;
mod inputs;
mod outputs;
mod program;
mod refused;
mod saved;
mod shards;
mod shrink;
mod streams;
mod widths;

use program::{Ran, folder, json, run_id, stemmata};

#[test]
fn a_faulty_cluster_runs_with_an_explained_verdict() {
    let ran = stemmata(&["run", "broadcast-split"]).exits(0);
    for word in ["causality", "reliable-delivery", "partition {n1,n2} | {n3,n4,n5}", "touched", "stm2:broadcast-split@"]
    {
        ran.says(word);
    }
    assert!(ran.last_line().starts_with("passed:"), "{}", ran.stdout);
    assert_eq!(ran.stderr, "");
}

#[test]
fn a_known_flaw_is_shown_as_an_expected_violation() {
    let ran = stemmata(&["run", "errata/e09"]).exits(0);
    ran.says("expected: violated causality").says("> n");
    let hardened = stemmata(&["run", "errata/e09", "--flaw", "none"]).exits(0);
    assert!(!hardened.stdout.contains("violated"), "{}", hardened.stdout);
}

#[test]
fn a_failing_command_ends_with_the_command_that_replays_it() {
    let ran = stemmata(&["run", "hello", "--flaw", "e10", "--seed", "3"]).exits(1);
    ran.says("violated causality:");
    let replayed = program::shell(ran.last_line()).exits(1);
    assert_eq!(run_id(&ran.stdout), run_id(&replayed.stdout));
    replayed.says("# end violated causality");
    assert!(!replayed.stdout.contains("# stemmata trace"), "the head is behind -v:\n{}", replayed.stdout);
    let (_, report) = replayed.stdout.split_once("# digest ").expect("the end of the trace");
    let report: Vec<&str> = report.lines().skip(1).collect();
    assert_eq!(report[..2], ["", "failed: causality is violated"], "{}", replayed.stdout);
    assert_eq!(replayed.last_line(), ran.last_line());
    program::shell(&format!("{} -v", ran.last_line())).exits(1).says("# stemmata trace v2").says("# end violated");
}

#[test]
fn a_file_is_replayed_by_its_name_too() {
    let file = folder("replayed").join("it's mine.json");
    std::fs::copy(program::source("scenarios/hello.json"), &file).expect("a copy");
    let ran = stemmata(&["run", file.to_str().expect("text"), "--flaw", "e10"]).exits(1);
    ran.says("--scenario");
    program::shell(ran.last_line()).exits(1);
    stemmata(&["replay", &run_id(&ran.stdout)]).exits(2).complains("--scenario");
}

#[test]
fn a_replay_tells_a_changed_build_from_a_changed_scenario() {
    let id = run_id(&stemmata(&["run", "hello"]).exits(0).stdout);
    stemmata(&["replay", &id]).exits(0);
    let (run, _) = id.split_once('=').expect("a digest");
    let other_build = format!("{run}=0123456789abcdef");
    stemmata(&["replay", &other_build, "-q"]).exits(1).says("the build changed");
    let file = &run[run.find('@').expect("a file digest") + 1..][..8];
    let other_file = other_build.replace(file, "01234567");
    stemmata(&["replay", &other_file, "-q"]).exits(1).says("the scenario changed");
    stemmata(&["replay", &id.replace("stm2", "stm9")]).exits(2).complains("stm9");
    stemmata(&["replay", &id, "--seed", "1"]).exits(2).complains("pins the seed");
}

#[test]
fn a_run_that_proves_nothing_exits_3() {
    let file = folder("vacuous").join("idle.json");
    std::fs::write(&file, r#"{ "subject": "broadcast", "nodes": 3, "run": { "for": "1s" } }"#).expect("written");
    let name = file.to_str().expect("text");
    stemmata(&["run", name]).exits(3).says("not exercised");
    stemmata(&["sweep", name, "--count", "3"]).exits(3).says("too rarely");
}

#[test]
fn a_sweep_comes_to_the_same_on_any_number_of_threads() {
    let one = stemmata(&["sweep", "hello", "errata/b04", "--count", "60", "-j", "1"]).exits(0);
    let two = stemmata(&["sweep", "hello", "errata/b04", "--seeds", "0+60", "-j", "2"]).exits(0);
    assert_eq!(one.stdout, two.stdout);
    one.says("60 runs").says("with 95 % confidence, fewer than 1 seed in 20 fails");
    one.complains("runs/s");
}

#[test]
fn a_failing_sweep_names_the_smallest_seed_last() {
    let ran = stemmata(&["sweep", "hello", "--flaw", "e10", "--seeds", "5..40"]).exits(1);
    ran.says("violated causality");
    assert!(!ran.stderr.contains("violated") && !ran.stderr.contains("stm2:"), "said twice:\n{}", ran.stderr);
    assert!(ran.last_line().contains(":0x0000000000000005:flaws=e10="), "{}", ran.last_line());
    ran.says(" --why\n").says(" -o small.json\n");
    stemmata(&["sweep", "hello", "--flaw", "e10", "--count", "100000", "--max-failures", "3", "-j", "1", "--json"])
        .exits(1)
        .says("\"runs\": 3,");
}

#[test]
fn a_sweep_without_seeds_has_nothing_to_do() {
    stemmata(&["sweep", "hello", "--count", "0"]).exits(5);
    stemmata(&["sweep", "hello", "--seeds", "7..7"]).exits(5);
    stemmata(&["verify", "hello", "--seeds", "7..7"]).exits(5);
    stemmata(&["sweep", "hello"]).exits(2).complains("--count");
    stemmata(&["sweep", "hello", "--time", "200ms", "-q"]).exits(0);
}

#[test]
fn two_processes_agree() {
    stemmata(&["verify", "hello", "--seeds", "3+4"]).exits(0).says("4 seeds gave the same digests in two processes");
    let file = program::source("scenarios/errata/b02.json");
    stemmata(&["verify", file.to_str().expect("text"), "--seeds", "0..2"]).exits(0);
}

#[test]
fn the_environment_gives_seeds_and_says_so_and_a_flag_beats_it() {
    let ran = program::with(&[("STEMMATA_SEED", "7")], &["run", "hello"]).exits(0);
    ran.says("seed 0x0000000000000007").complains("STEMMATA_SEED");
    let ran = program::with(&[("STEMMATA_SEED", "7")], &["run", "hello", "--seed", "8"]).exits(0);
    ran.says("seed 0x0000000000000008");
    assert_eq!(ran.stderr, "");
    let both = [("STEMMATA_SEEDS", "5..9"), ("STEMMATA_JOBS", "1")];
    let ran = program::with(&both, &["sweep", "hello"]).exits(0);
    ran.says("seeds 5..9").complains("STEMMATA_SEEDS").complains("STEMMATA_JOBS").complains("1 thread");
    let ran = program::with(&both, &["sweep", "hello", "--count", "2"]).exits(0);
    ran.says("seeds 0..2");
    assert!(!ran.stderr.contains("STEMMATA_SEEDS"), "{}", ran.stderr);
    program::with(&[("STEMMATA_SEED", "x")], &["run", "hello"]).exits(2).complains("STEMMATA_SEED=x");
}

#[test]
fn every_command_speaks_json() {
    let trace = folder("json").join("t.jsonl");
    let small = trace.with_file_name("small.json");
    let (trace, small) = (trace.to_str().expect("text"), small.to_str().expect("text"));
    stemmata(&["run", "hello", "--trace", trace, "-q"]).exits(0);
    let commands: [&[&str]; 16] = [
        &["run", "errata/e10"],
        &["replay", "hello", "--seed", "3"],
        &["replay", "errata/b02", "--why"],
        &["shrink", "errata/b02", "-o", small],
        &["sweep", "hello", "--count", "5"],
        &["verify", "hello", "--seeds", "0..2"],
        &["check", trace],
        &["diff", trace, trace],
        &["completions", "bash"],
        &["list", "scenarios"],
        &["list", "invariants"],
        &["list", "protocols"],
        &["list", "faults"],
        &["list", "errata"],
        &["explain", "causality"],
        &["schema"],
    ];
    for command in commands {
        let ran = stemmata(&[command, &["--json"]].concat()).exits(0);
        json(&ran.stdout);
    }
    let run = json(&stemmata(&["run", "errata/e10", "--json"]).stdout);
    let fell: Vec<_> =
        run["judgements"].as_array().expect("a list").iter().filter(|one| one["cited"].is_array()).collect();
    assert!(fell.iter().all(|judged| judged["verdict"]["violated"]["sentence"].is_string()), "{run:#}");
    assert_eq!(run["exit_code"], 0);
}

#[test]
fn every_name_that_is_listed_is_explained() {
    for (listed, key) in
        [("invariants", "invariant"), ("faults", "fault"), ("errata", "flaw"), ("scenarios", "scenario")]
    {
        let all = json(&stemmata(&["list", listed, "--json"]).exits(0).stdout);
        for one in all.as_array().expect("a list").iter().take(3) {
            let name = one[key].as_str().expect("a name");
            stemmata(&["explain", name]).exits(0).says(name);
        }
    }
    for code in ["0", "1", "2", "3", "4", "5", "70", "74", "75", "130"] {
        stemmata(&["explain", code]).exits(0).says("exit code");
    }
    let protocols = stemmata(&["list", "protocols"]).exits(0);
    for name in ["channel", "locks", "consensus", "broadcast", "clocks"] {
        protocols.says(&format!("\n  {name} "));
    }
    stemmata(&["explain", "consensus"]).exits(0).says("Skeen").says("agreement").says("k18").says("proposer");
    stemmata(&["explain", "format"]).exits(0).says("format.faults");
    stemmata(&["explain", "format.faults"]).exits(0).says("Example:").says("majorities-ring").says("after_effects");
    stemmata(&["explain", "format.fault"]).exits(2).complains("did you mean `format.faults`?");
    stemmata(&["explain", "causalty"]).exits(2).complains("did you mean `causality`?");
}

#[test]
fn every_command_helps_with_examples() {
    let all: [&[&str]; 18] = [
        &["--help"],
        &["run", "--help"],
        &["sweep", "--help"],
        &["replay", "--help"],
        &["shrink", "--help"],
        &["verify", "--help"],
        &["explore", "--help"],
        &["check", "--help"],
        &["diff", "--help"],
        &["snap", "--help"],
        &["snap", "check", "--help"],
        &["snap", "update", "--help"],
        &["new", "--help"],
        &["completions", "--help"],
        &["export", "--help"],
        &["list", "--help"],
        &["explain", "--help"],
        &["schema", "--help"],
    ];
    for command in all {
        let ran = stemmata(command).exits(0);
        let examples = ran.stdout.split("Examples:").nth(1).expect("examples").matches("  stemmata ").count();
        assert!((2..=4).contains(&examples), "{command:?} has {examples} examples");
    }
    assert!(!stemmata(&["--help"]).stdout.contains("__digests"));
}

#[cfg(unix)]
#[test]
fn what_a_stopped_sweep_has_is_printed() {
    for (signal, code) in [("-INT", 130), ("-TERM", 75)] {
        let ran: Ran = program::signalled(signal, &["sweep", "hello", "errata/b02", "--time", "60s", "--flaw", "e09"]);
        ran.says("digest").complains("stopped early: started 1 of 2 scenarios");
        // What broke counts for more than the interruption.
        ran.exits(1);
        let ran = program::signalled(signal, &["sweep", "errata/b02", "hello", "--time", "60s"]);
        ran.exits(code).says("digest");
    }
}
