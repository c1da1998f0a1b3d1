//! Failing runs that are saved and run first by later sweeps; and verdicts for continuous integration.

use std::fs;
use std::path::Path;

use super::program::{Ran, command, folder, ran};

/// Runs the program in a folder.
fn within(folder: &Path, arguments: &[&str]) -> Ran {
    let output = command().current_dir(folder).args(arguments).output().expect("the program starts");
    ran(arguments.join(" "), output)
}

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
fn verdicts_are_written_for_continuous_integration() {
    let folder = folder("junit");
    within(&folder, &[FAILING.as_slice(), &["--junit", "failing.xml"]].concat()).exits(1);
    let failing = fs::read_to_string(folder.join("failing.xml")).expect("verdicts");
    assert!(failing.starts_with("<?xml"), "{failing}");
    for text in ["name=\"hello: causality\">", "<failure message=\"violated in ", "replay &apos;stm2:hello@"] {
        assert!(failing.replace('\'', "&apos;").contains(text), "no {text} in\n{failing}");
    }
    within(&folder, &["sweep", "hello", "--count", "30", "--junit", "good.xml"]).exits(0);
    let good = fs::read_to_string(folder.join("good.xml")).expect("verdicts");
    assert!(good.contains("failures=\"0\"") && good.contains("name=\"hello: causality\"/>"), "{good}");
}
