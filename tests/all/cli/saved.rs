//! Failing runs that are saved and run first by later sweeps; and verdicts for continuous integration.

use std::fs;
use std::process::Stdio;

use super::program::{Ran, command, folder, source, within};

const FAILING: [&str; 6] = ["sweep", "hello", "--flaw", "e10", "--count", "30"];

fn digest(ran: &Ran) -> &str {
    let from = ran.stdout.find("digest ").expect("a digest") + 7;
    &ran.stdout[from..][..16]
}

#[test]
fn failing_runs_are_saved_and_run_first_outside_the_digest() {
    let folder = folder("saved");
    let file = folder.join("regressions/hello.seeds");
    let first = within(&folder, &[FAILING.as_slice(), &["--save"]].concat()).exits(1);
    first.complains("saved in regressions/hello.seeds");
    let saved = fs::read_to_string(&file).expect("saved runs");
    let runs: Vec<_> = saved.lines().filter(|line| !line.starts_with('#')).collect();
    assert!((1..=30).contains(&runs.len()) && runs.iter().all(|run| run.starts_with("stm2:hello@")), "{saved}");

    let again = within(&folder, &[FAILING.as_slice(), &["--save"]].concat()).exits(1);
    again.says("a saved run still fails");
    assert_eq!(digest(&first), digest(&again));
    assert_eq!(fs::read_to_string(&file).expect("saved runs"), saved, "none twice");
    // A seed that the sweep does not have fails all the same.
    let few = within(&folder, &["sweep", "hello", "--flaw", "e10", "--seeds", "900000+1"]);
    few.says("a saved run still fails");
    assert!(few.last_line().contains("replay"), "{}", few.stdout);
    few.exits(1);

    within(&folder, &[FAILING.as_slice(), &["--shard", "1/2"]].concat()).says("a saved run still fails");
    let second = within(&folder, &[FAILING.as_slice(), &["--shard", "2/2"]].concat());
    assert!(!second.stdout.contains("saved run"), "{}", second.stdout);
    within(&folder, &["sweep", "hello", "--count", "30"]).exits(0).says("saved with other flaws");
}

#[test]
fn a_saved_run_that_was_cured_passes() {
    let folder = folder("cured");
    fs::create_dir(folder.join("regressions")).expect("a folder");
    let file = folder.join("regressions/hello.seeds");
    let run = "stm2:hello@01234567:0x000000000000002a=0123456789abcdef";
    fs::write(&file, format!("# once broken\n\n{run}\n{}\n", run.replace('=', ":swarm="))).expect("written");
    within(&folder, &["sweep", "hello", "--count", "3"]).exits(0).says("passed 2 saved runs");
    fs::write(&file, format!("{run}\noops\n")).expect("written");
    within(&folder, &["sweep", "hello", "--count", "3"]).exits(2).complains("`regressions/hello.seeds` line 2");
}

#[test]
fn sweeps_that_save_at_once_lose_nothing() {
    let folder = folder("saved_at_once");
    let sweep = |part: u64| {
        let seeds = format!("{}+5", part * 5);
        let mut command = command();
        command.current_dir(&folder).args(["sweep", "hello", "--flaw", "e10", "--seeds", &seeds, "--save", "-q"]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts")
    };
    let sweeps: Vec<_> = (0..8).map(sweep).collect();
    sweeps.into_iter().for_each(|mut sweep| _ = sweep.wait().expect("it ends"));
    let failed = within(&folder, &["sweep", "hello", "--flaw", "e10", "--count", "40", "--save", "--json"]);
    assert!(!failed.stderr.contains("saved in"), "all were saved before: {}", failed.stderr);
    let saved = fs::read_to_string(folder.join("regressions/hello.seeds")).expect("saved runs");
    assert_eq!(saved.lines().filter(|line| line.starts_with('#')).count(), 1, "{saved}");
}

#[test]
fn files_of_one_name_in_two_folders_have_their_own_saved_runs() {
    let folder = folder("saved_apart");
    for name in ["a/x.json", "b/x.json", "é.json", "ü.json", "x"] {
        let file = folder.join(name);
        fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        fs::copy(source("scenarios/hello.json"), &file).expect("copied");
        within(&folder, &["sweep", name, "--flaw", "e10", "--count", "20", "--save", "-q"]).exits(1);
    }
    for name in ["a/x", "b/x", "é", "ü", "x"] {
        assert!(folder.join(format!("regressions/{name}.seeds")).is_file(), "{name}");
    }
    // A file that is not below the folder is told apart from one that is.
    let below = folder.join("a");
    let outside = folder.join("b/x.json");
    let sweep = ["sweep", outside.to_str().expect("text"), "--flaw", "e10", "--count", "20", "--save", "-q"];
    within(&below, &sweep).exits(1);
    let whole = outside.canonicalize().expect("it is there").with_extension("seeds");
    let name = whole.strip_prefix("/").expect("it is whole").to_owned();
    assert!(below.join("regressions/@root").join(name).is_file());
}

#[test]
fn verdicts_are_written_for_continuous_integration() {
    let folder = folder("junit");
    within(&folder, &[FAILING.as_slice(), &["--junit", "failing.xml"]].concat()).exits(1);
    let failing = fs::read_to_string(folder.join("failing.xml")).expect("verdicts");
    assert!(failing.starts_with("<?xml"), "{failing}");
    for text in ["name=\"hello: causality\" time=\"", "<failure message=\"violated in ", "replay &apos;stm2:hello@"] {
        assert!(failing.replace('\'', "&apos;").contains(text), "no {text} in\n{failing}");
    }
    within(&folder, &["sweep", "hello", "--count", "30", "--junit", "good.xml"]).exits(0);
    let good = fs::read_to_string(folder.join("good.xml")).expect("verdicts");
    assert!(good.contains("failures=\"0\"") && good.contains("name=\"hello: causality\" time=\"0.000\"/>"), "{good}");
}
