//! Input is read as it stands, or refused: nothing in it is ignored, and no number is rounded.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use super::program::{Ran, command, folder, ran, source, stemmata, within};

fn scenario(text: &str) -> Ran {
    let folder = folder("odd_input");
    fs::write(folder.join("x.json"), text).expect("written");
    within(&folder, &["run", "x.json"])
}

#[test]
fn numbers_that_can_not_be_held_and_keys_that_nobody_reads_are_refused() {
    let operation = |command: &str| {
        format!(
            r#"{{ "nodes": 3, "operations": [ {{ "at": "1ms", "op": "c1#1", "to": "n1", "command": {command} }} ] }}"#
        )
    };
    let refused = [
        (
            r#"{ "store": { "put": { "key": "k", "value": 18446744073709551616 } } }"#,
            "has more digits than can be kept",
        ),
        (r#"{ "store": { "put": { "key": "k", "value": 0.12345678901234567890 } } }"#, "more digits"),
        (r#"{ "store": { "put": { "key": "k" } } }"#, "value"),
        (r#"{ "store": { "put": { "key": "k", "val": 1 } } }"#, "val"),
        (r#"{ "locks": { "acquire": { "wanted": { "a": "x" }, "priority": 1, "prio": 2 } } }"#, "prio"),
        (r#"{ "locks": { "release": { "acquire": "c1#1", "force": true } } }"#, "force"),
    ];
    for (command, word) in refused {
        scenario(&operation(command)).exits(2).complains(word);
    }
    let text = r#"{ "subject": "broadcast", "operations": [ { "at": "1ms", "op": "c1#1", "to": "n1",
                    "command": { "broadcast": { "text": "a", "txt": "b" } } } ] }"#;
    scenario(text).exits(2).complains("txt");
    for shares in [r#""reads": "100%", "cas": "100%""#, r#""appends": "70%""#] {
        let text = format!(r#"{{ "workload": [ {{ "registers": {{ {shares} }} }} ] }}"#);
        scenario(&text).exits(2).complains("add up to").complains("at most 100 %");
    }
    let whole = r#"{ "run": { "for": "2s", "quiesce_at": "1s" }, "expect": { "holds": [] },
                     "workload": [ { "registers": { "reads": "60%", "cas": "20%" } } ] }"#;
    let ran = scenario(whole);
    assert_ne!(ran.code, Some(2), "{}", ran.stderr);
}

#[test]
fn marks_and_line_ends_of_other_editors_change_nothing() {
    let folder = folder("editors");
    let text = fs::read_to_string(source("scenarios/hello.json")).expect("shipped");
    let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    fs::write(folder.join("hello.json"), &windows).expect("written");
    let line = |ran: &Ran| ran.stdout.lines().find(|line| line.starts_with("run ")).map(str::to_owned);
    let ours = stemmata(&["run", "hello"]).exits(0);
    assert_eq!(line(&ours), line(&within(&folder, &["run", "hello.json"]).exits(0)));
    within(&folder, &["run", "hello", "--trace", "t.jsonl"]).exits(0);
    let trace = fs::read_to_string(folder.join("t.jsonl")).expect("a trace");
    fs::write(folder.join("w.jsonl"), trace.replace('\n', "\r\n")).expect("written");
    within(&folder, &["check", "w.jsonl"]).exits(0);
    // A path that is taken for a flag otherwise.
    fs::copy(folder.join("hello.json"), folder.join("-dash.json")).expect("copied");
    let ran = within(&folder, &["run", "--flaw", "e10", "--", "-dash.json"]).exits(1);
    assert!(ran.last_line().ends_with("--scenario ./-dash.json"), "{}", ran.last_line());
}

#[test]
fn a_scenario_is_read_from_standard_input() {
    let text = fs::read_to_string(source("scenarios/hello.json")).expect("shipped");
    let mut child = command()
        .args(["run", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    child.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("written");
    let output = child.wait_with_output().expect("it ends");
    ran("run -".to_owned(), output).exits(0).says("passed");
}

#[test]
fn lists_show_what_a_beginner_wants_first() {
    let listed = stemmata(&["list", "scenarios"]).exits(0);
    let names: Vec<&str> = listed.stdout.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names[1], "hello", "{}", listed.stdout);
    assert!(!listed.stdout.contains("errata/") && listed.stdout.contains("--errata"), "{}", listed.stdout);
    stemmata(&["list", "scenarios", "--errata"]).exits(0).says("errata/e09");
    let protocols = super::program::json(&stemmata(&["list", "protocols", "--json"]).exits(0).stdout);
    assert!(protocols[0]["flaws"].is_array(), "{protocols}");
    stemmata(&["list", "faults", "--errata"]).exits(2).complains("list errata");
    let unknown = stemmata(&["run", "nothing-like-it"]).exits(2);
    assert!(unknown.stderr.contains("the nearest are") && unknown.stderr.len() < 400, "{}", unknown.stderr);
    let unknown = stemmata(&["explain", "nothing-like-it"]).exits(2);
    assert!(unknown.stderr.contains("the nearest are") && unknown.stderr.len() < 400, "{}", unknown.stderr);
}

/// What its author once wrote with a wrong key, and got a green for.
#[test]
fn a_history_says_what_is_missing() {
    let folder = folder("histories");
    let judged = |text: &str, flags: &[&str]| {
        fs::write(folder.join("h.jsonl"), text).expect("written");
        within(&folder, &[&["check", "--history", "h.jsonl"], flags].concat())
    };
    let put = r#"{"process":1,"type":"invoke","f":"put","key":"x","val":1}"#;
    judged(put, &[]).exits(2).complains("a put needs a `value`");
    let lines = "{:process 0, :type :invoke, :f :write, :value 616}\n{:process 0, :type :ok, :f :write, :value 616}\n\
                 {:process 1, :type :invoke, :f :read}\n{:process 1, :type :ok, :f :read, :value 617}\n";
    judged(lines, &[]).exits(1).says("nothing that took effect wrote 617");
    judged(&lines.replace("617", "616"), &[]).exits(0);
    let first = "{\"process\":0,\"type\":\"invoke\",\"f\":\"read\"}\n{\"process\":0,\"type\":\"ok\",\"value\":\"v\"}\n";
    judged(first, &["--initial", "\"v\""]).exits(0);
    judged(first, &["--initial", "v"]).exits(2).complains("initial value");
    // Values that are written again are searched for, and the search is bounded.
    let line = |process: u32, kind: &str, f: &str, value: u32| {
        format!("{{\"process\":{process},\"type\":\"{kind}\",\"f\":\"{f}\",\"value\":{value}}}\n")
    };
    let mut again: String = (0..28).map(|process| line(process, "invoke", "put", process / 2)).collect();
    for read in 0..42 {
        again.push_str(&(line(99, "invoke", "read", 0) + &line(99, "ok", "read", read % 14)));
    }
    let ran = judged(&again, &["--budget", "1000"]).exits(3);
    ran.says("all is well before line 86").says("the steps of the search are used up: too many orders");
}

#[cfg(unix)]
#[test]
fn a_path_that_is_no_text_works_like_any_other() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let folder = folder("no_text");
    let name = OsStr::from_bytes(b"\xff'x.json");
    fs::copy(source("scenarios/hello.json"), folder.join(name)).expect("copied");
    let typed = |arguments: &[&str]| {
        let mut typed = command();
        typed.arg(arguments[0]).arg(name).args(&arguments[1..]).current_dir(&folder);
        ran(arguments.join(" "), typed.output().expect("it runs"))
    };
    typed(&["run"]).exits(0);
    typed(&["verify", "--seeds", "0..2"]).exits(0);
    let failed = typed(&["run", "--flaw", "e10", "--trace", "t.jsonl"]).exits(1);
    assert!(failed.last_line().ends_with("--scenario $'\\xff\\'x.json'"), "{}", failed.stdout);
    typed(&["sweep", "--flaw", "e10", "--count", "20", "--save", "-q"]).exits(1);
    let saved = OsStr::from_bytes(b"regressions/\xff'x.seeds");
    assert!(folder.join(saved).is_file());
}
