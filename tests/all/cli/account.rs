//! The account of a run: what waited, what became of the state, and only what there is.

use super::program::{json, stemmata};
use crate::pins::assert_pinned;

#[test]
fn the_first_command_shows_who_waited_and_that_all_agree_after_the_heal() {
    let ran = stemmata(&["run", "split-brain"]).exits(0);
    ran.says("partition {n1,n2} | {n3,n4,n5}").says("replicas    n1, n2, n3, n4, n5 at slot ");
    let operations = ran.stdout.lines().find(|line| line.contains(" asked, ")).expect("clients ask");
    // The pin has the numbers, and a unit only where it had one.
    assert_pinned("operations of split-brain", operations.trim().replace("ms on", " on"));
    let account = json(&stemmata(&["run", "split-brain", "--json"]).exits(0).stdout);
    let replicas = account["replicas"].as_array().expect("a list");
    assert!(replicas.len() == 1 && replicas[0]["slot"].as_u64() > Some(200), "{replicas:?}");
    // The README says what strikes there.
    let faults = account["faults"].as_array().expect("a list");
    for kind in [" kill ", " pause ", " clog "] {
        let strikes = |fault: &serde_json::Value| fault["what"].as_str().expect("a text").contains(kind);
        let fault = faults.iter().find(|fault| strikes(fault)).unwrap_or_else(|| panic!("no{kind}is drawn"));
        assert!(fault["touched"].as_u64() > Some(0), "{fault}");
    }
}

#[test]
fn replicas_that_differ_stand_apart() {
    let ran = stemmata(&["run", "errata/e01"]).exits(0);
    assert!(ran.stdout.matches("replicas    ").count() > 1, "{}", ran.stdout);
}

#[test]
fn lanes_on_which_nothing_can_be_said_are_left_out() {
    let consensus = stemmata(&["run", "tiny"]).exits(0).stdout;
    assert!(consensus.contains("\n  consensus") && !consensus.contains("\n  locks"), "{consensus}");
    let locks = stemmata(&["run", "locks-crash"]).exits(0).stdout;
    assert!(locks.contains("\n  locks") && !locks.contains("\n  consensus"), "{locks}");
}
