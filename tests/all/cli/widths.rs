//! Reports fit the terminal: they are wrapped at words, and what must stay whole does.

use super::program::{folder, json, stemmata, with};

/// The lines of a report at a width of 80 that are longer.
fn too_long(arguments: &[&str]) -> Vec<String> {
    let ran = with(&[("COLUMNS", "80")], arguments);
    let lines = ran.stdout.lines().chain(ran.stderr.lines());
    lines.filter(|line| line.chars().count() > 80).map(ToOwned::to_owned).collect()
}

#[test]
fn reports_fit_a_terminal_of_eighty_columns() {
    let reports: [&[&str]; 12] = [
        &["run", "split-brain"],
        &["run", "locks-contended", "-v"],
        &["sweep", "split-brain", "--count", "2"],
        &["sweep", "hello", "--flaw", "e10", "--count", "20"],
        &["explore", "locks-tiny", "--states", "50"],
        &["list", "scenarios"],
        &["list", "protocols"],
        &["list", "invariants"],
        &["list", "errata"],
        &["explain", "locks"],
        &["explain", "codex"],
        &["explain", "e21"],
    ];
    for report in reports {
        let long = too_long(report);
        let stays_whole = |line: &String| line.contains("stm2:") || line.contains(" | ");
        assert!(long.iter().all(stays_whole), "{report:?}: {long:#?}");
    }
}

#[test]
fn nothing_is_wrapped_where_no_terminal_shows_it() {
    let plain = stemmata(&["list", "errata"]);
    assert!(plain.stdout.lines().any(|line| line.chars().count() > 120), "{}", plain.stdout);
    let narrow = with(&[("COLUMNS", "80")], &["list", "errata"]);
    let words = |text: &str| text.split_whitespace().map(ToOwned::to_owned).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(words(&plain.stdout), words(&narrow.stdout), "no word is broken");
}

#[test]
fn commands_and_cited_events_stay_whole() {
    let ran = with(&[("COLUMNS", "60")], &["run", "locks-contended", "--flaw", "e20"]);
    let last = ran.last_line();
    assert!(last.contains(" replay 'stm2:") && last.chars().count() > 60, "{}", ran.stdout);
    assert!(ran.stdout.lines().any(|line| line.starts_with("  > ") && line.contains("locks.granted claims=")));
}

#[test]
fn errors_in_a_scenario_are_wrapped_and_cut_to_the_width() {
    let file = folder("widths").join("bad.json");
    let about = "x ".repeat(100);
    std::fs::write(
        &file,
        format!("{{ \"about\": \"{about}\", \"nodez\": 3, \"protocols\": {{ \"consensus\": {{ \"x\": 1 }} }} }}"),
    )
    .expect("written");
    let ran = with(&[("COLUMNS", "70")], &["run", file.to_str().expect("text")]).exits(2);
    assert!(ran.stderr.lines().all(|line| line.chars().count() <= 70), "{}", ran.stderr);
    ran.complains("unknown key `nodez`").complains("unknown key `x`").complains("`session_slots`");
}

#[test]
fn a_fault_tells_whom_it_hit() {
    let ran = stemmata(&["run", "elections"]).exits(0);
    assert!(ran.stdout.contains("at 500.000ms for 400ms kill proposer (n"), "{}", ran.stdout);
    let report = json(&stemmata(&["run", "elections", "--json"]).exits(0).stdout);
    let targets = report["faults"][0]["targets"].as_array().expect("a list").clone();
    assert_eq!(targets.len(), 1, "{targets:?}");
    assert!(
        ran.stdout.contains(&format!("kill proposer ({})", targets[0].as_str().expect("a name"))),
        "{}",
        ran.stdout
    );
}

#[test]
fn instants_have_one_form_in_a_report() {
    let ran = stemmata(&["run", "hello"]).exits(0);
    let wait = ran.stdout.lines().find(|line| line.contains("longest wait")).expect("there is a wait");
    let numbers =
        wait.split(' ').filter(|word| word.contains('.') && word.starts_with(|letter: char| letter.is_ascii_digit()));
    assert_eq!(numbers.clone().count(), 2, "{wait}");
    assert!(numbers.map(|number| number.trim_end_matches(',')).all(|number| number.ends_with("ms")), "{wait}");
}
