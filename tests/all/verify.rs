//! A nondeterminism is found: the example that has one, run as its head says.

use std::process::Output;

use crate::support::example;

fn not_deterministic(arguments: &[&str]) -> Output {
    example("not_deterministic").args(arguments).output().expect("it starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("the program writes text")
}

#[test]
fn the_first_event_that_differs_is_named_with_what_led_to_it() {
    let verified = not_deterministic(&["verify", "examples/not_deterministic.json", "--seeds", "0..2"]);
    let told = text(&verified.stdout);
    assert_eq!(verified.status.code(), Some(4), "{told}{}", text(&verified.stderr));
    assert!(told.contains("not deterministic: not_deterministic: 2 of 2 seeds gave two digests"), "{told}");
    let lines: Vec<&str> = told.lines().collect();
    let named: Vec<_> = lines.iter().filter(|line| line.contains("> here") || line.contains("> there")).collect();
    let [here, there] = &named[..] else { panic!("{told}") };
    assert!(here.contains("fact named name=") && there.contains("fact named name="), "{told}");
    assert_ne!(here.split_once("name="), there.split_once("name="), "{told}");
    let before = lines.iter().rev().skip_while(|line| !line.contains("> here")).nth(1).expect("a line before");
    assert!(before.contains("fact passed hops=1000"), "{told}");
    assert!(lines.iter().any(|line| line.contains("send n1.token#500 -> n2 Token hops=1000")), "{told}");
    assert!(
        lines.last().expect("a last line").contains("verify examples/not_deterministic.json --seeds 0..1"),
        "{told}"
    );
}

#[test]
fn a_replay_notices_it_too() {
    let run = text(&not_deterministic(&["run", "examples/not_deterministic.json", "--json"]).stdout);
    let run: serde_json::Value = serde_json::from_str(&run).expect("a document");
    let id = run["run"].as_str().expect("a run id");
    let replayed = not_deterministic(&["replay", id, "--scenario", "examples/not_deterministic.json", "-q"]);
    assert_eq!(replayed.status.code(), Some(4), "{}", text(&replayed.stdout));
}
