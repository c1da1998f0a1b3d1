//! Traces compared, with one another and with goldens; histories of other systems.

use std::fs;
use std::path::Path;

use super::program::{Ran, command, folder, json, ran, source, stemmata};

fn text(path: &Path) -> &str {
    path.to_str().expect("a path is text here")
}

/// Runs the program in a folder.
fn within(folder: &Path, arguments: &[&str]) -> Ran {
    let output = command().current_dir(folder).args(arguments).output().expect("the program starts");
    ran(arguments.join(" "), output)
}

#[test]
fn the_first_differing_event_of_two_traces_is_named() {
    let folder = folder("diff");
    let record = |name: &str, flaw: &str, seed: &str| {
        let file = folder.join(name);
        stemmata(&["run", "hello", "--seed", seed, "--flaw", flaw, "--trace", text(&file), "-q"]);
        file
    };
    let (sound, again) = (record("a.jsonl", "none", "7"), record("b.jsonl", "none", "7"));
    let (flawed, other_seed) = (record("c.jsonl", "e10", "7"), record("d.jsonl", "none", "8"));
    stemmata(&["diff", text(&sound), text(&again)]).exits(0).says("same: 71 records");
    let ran = stemmata(&["diff", text(&sound), text(&flawed)]).exits(1);
    ran.says("headers differ in protocols.clocks.flaws: [] and [\"e10\"]");
    ran.says("first differing event: n3#2; 15 records before it agree");
    ran.says("n1#7  |")
        .says("61.114 n3 recv n1.broadcast#2 @ n1:4 n3:2")
        .says("61.114 n3 recv n1.broadcast#2 @ n1:4 n3:1");
    assert!(!ran.stdout.contains("n2#1 "), "n2 had no part in it:\n{}", ran.stdout);
    let ran = stemmata(&["diff", text(&sound), text(&other_seed)]).exits(1);
    ran.says("headers differ in seed: \"0x0000000000000007\" and \"0x0000000000000008\"");
    let told = json(&stemmata(&["diff", text(&sound), text(&flawed), "--json"]).exits(1).stdout);
    assert_eq!(told["difference"]["event"], "n3#2");
    assert_eq!(told["difference"]["agreed"], 15);
    stemmata(&["diff", "-", "-"]).exits(2).complains("standard input");
    stemmata(&["diff", text(&sound), text(&folder.join("none.jsonl"))]).exits(2).complains("none.jsonl");
}

#[test]
fn goldens_are_written_checked_and_shown_where_they_differ() {
    let folder = folder("snap");
    fs::copy(source("scenarios/hello.json"), folder.join("mine.json")).expect("a copy");
    within(&folder, &["snap", "check"]).exits(5).complains("nothing to do");
    within(&folder, &["snap", "check", "mine.json"]).exits(1).says("missing mine.json");
    within(&folder, &["snap", "update", "mine.json", "--detail", "facts", "--seed", "9"]).exits(0).says("written");
    within(&folder, &["snap", "update", "errata/e10"]).exits(0);
    let golden = fs::read_to_string(folder.join("mine.trace.txt")).expect("a golden");
    assert!(golden.starts_with("# golden detail=facts seed=0x0000000000000009\n# stemmata trace v2\n"), "{golden}");
    assert!(!golden.contains(" send ") && !golden.contains("# digest") && !golden.contains("# {"), "{golden}");
    within(&folder, &["snap", "check"]).exits(0).says("passed: 2 goldens unchanged");
    within(&folder, &["snap", "update"]).exits(0).says("unchanged: ");
    let edited =
        golden.replace("fact broadcast.broadcast number=1 op=c1#1", "fact broadcast.broadcast number=1 op=c1#2");
    assert_ne!(edited, golden);
    fs::write(folder.join("mine.trace.txt"), edited.replace('\n', "\r\n")).expect("written");
    let ran = within(&folder, &["snap", "check", "--junit", "snap.xml"]).exits(1);
    let changes: Vec<_> =
        ran.stdout.lines().filter(|line| line.starts_with("  -") || line.starts_with("  +")).collect();
    assert_eq!(changes.len(), 2, "{}", ran.stdout);
    assert!(changes[0].ends_with("op=c1#2") && changes[1].ends_with("op=c1#1"), "{}", ran.stdout);
    assert!(ran.last_line().ends_with("snap update ./mine.json"), "{}", ran.last_line());
    let junit = fs::read_to_string(folder.join("snap.xml")).expect("a report");
    assert!(junit.contains("tests=\"2\" failures=\"1\"") && junit.contains("op=c1#2"), "{junit}");
    within(&folder, &["snap", "update", "-q"]).exits(0);
    assert_eq!(fs::read_to_string(folder.join("mine.trace.txt")).expect("a golden"), golden, "made as it was before");
    assert!(folder.join("goldens/errata/e10.trace.txt").is_file());
    fs::write(folder.join("mine.trace.txt"), golden.replace("trace v2", "trace v1")).expect("written");
    within(&folder, &["snap", "check"]).exits(2).complains("mine.trace.txt` is a golden of version 1");
    within(&folder, &["snap", "update"]).exits(0);
    assert_eq!(fs::read_to_string(folder.join("mine.trace.txt")).expect("a golden"), golden, "made anew");
    within(&folder, &["snap", "check", "nowhere"]).exits(2).complains("nowhere");
}

#[test]
fn histories_of_other_systems_are_judged() {
    let file = folder("history").join("h.jsonl");
    let lines = |read: u32| {
        format!(
            "{{\"process\":1,\"type\":\"invoke\",\"f\":\"put\",\"key\":\"x\",\"value\":1}}\n\
             {{\"process\":1,\"type\":\"ok\",\"f\":\"put\",\"key\":\"x\",\"value\":1}}\n\
             {{\"process\":2,\"type\":\"invoke\",\"f\":\"read\",\"key\":\"x\"}}\n\
             {{\"process\":2,\"type\":\"ok\",\"f\":\"read\",\"key\":\"x\",\"value\":{read}}}\n"
        )
    };
    fs::write(&file, lines(1)).expect("written");
    stemmata(&["check", "--history", text(&file)]).exits(0).says("passed: linearizable").says("model register");
    fs::write(&file, lines(2)).expect("written");
    let ran = stemmata(&["check", "--history", text(&file), "--model", "cas-register"]).exits(1);
    ran.says(
        "violated linearizability of the key `x`: line 3: process 2 read 2, answered on line 4; nothing that \
              took effect wrote 2",
    );
    ran.says("failed: 1 of 1 key not linearizable");
    assert!(ran.last_line().contains("check --history"), "{}", ran.last_line());
    let told = json(&stemmata(&["check", "--history", text(&file), "--json"]).exits(1).stdout);
    assert_eq!((&told["verdict"], &told["broken"][0]["line"]), (&"violated".into(), &4.into()));
    fs::write(&file, &lines(1)[..200]).expect("written");
    stemmata(&["check", "--history", text(&file)]).exits(2).complains("line 4: the line is cut off");
    fs::write(&file, "").expect("written");
    stemmata(&["check", "--history", text(&file)]).exits(2).complains("no line");
    fs::write(&file, lines(1).lines().next().expect("a line")).expect("written");
    stemmata(&["check", "--history", text(&file)])
        .exits(3)
        .says("unproven: no operation is known to have taken effect");
    stemmata(&["check", "--history", "none.jsonl"]).exits(2).complains("none.jsonl");
    stemmata(&["check"]).exits(2).complains("TRACE");
    stemmata(&["check", "t.jsonl", "--model", "register"]).exits(2).complains("--model");
}

#[test]
fn a_new_scenario_runs_and_none_is_overwritten() {
    let folder = folder("new");
    within(&folder, &["new", "mine"]).exits(0).says("run mine.json");
    let written = fs::read_to_string(folder.join("mine.json")).expect("a scenario");
    assert!(written.lines().filter(|line| line.trim_start().starts_with("//")).count() >= 5, "{written}");
    within(&folder, &["run", "mine.json"]).exits(0).says("kill n2");
    within(&folder, &["new", "mine.json"]).exits(2).complains("was not changed");
    assert_eq!(fs::read_to_string(folder.join("mine.json")).expect("a scenario"), written);
    within(&folder, &["new", "copy", "--template", "errata/e10"]).exits(0);
    within(&folder, &["run", "copy.json"]).exits(0).says("causality was expected to be violated, and is");
    within(&folder, &["new", "other", "--template", "helo"]).exits(2).complains("did you mean `hello`?");
    within(&folder, &["new", "none/mine"]).exits(74).complains("none/mine.json");
    assert!(!folder.join("other.json").exists());
}

#[test]
fn shells_learn_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = stemmata(&["completions", shell]).exits(0);
        ran.says("sweep").says("observe-failures");
        if matches!(shell, "bash" | "zsh" | "fish") {
            ran.says("split-brain").says("errata/e20").says("lock-exclusion").says("e09").says("none");
        }
    }
    stemmata(&["completions", "basic"]).exits(2).complains("bash");
}

/// What bash offers for these words, the last of which is being typed.
#[cfg(unix)]
fn offered(folder: &Path, words: &[&str]) -> Vec<String> {
    let last = words.len() - 1;
    let (typed, before) = (words[last], words[last - 1]);
    let script = format!(
        "source ./completions.bash; COMP_WORDS=({}); COMP_CWORD={last}; _stemmata stemmata '{typed}' '{before}'; \
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ")
    );
    let output = std::process::Command::new("bash").args(["-c", &script]).current_dir(folder).output().expect("bash");
    String::from_utf8(output.stdout).expect("text").lines().map(str::to_owned).collect()
}

#[cfg(unix)]
#[test]
fn bash_completes_names_of_scenarios_beside_files_and_names_of_flaws_and_invariants() {
    let folder = folder("completed");
    fs::write(folder.join("completions.bash"), &stemmata(&["completions", "bash"]).exits(0).stdout).expect("written");
    fs::write(folder.join("split-mine.json"), "{}").expect("written");
    let scenarios = ["split-brain", "split-mine.json"];
    assert_eq!(offered(&folder, &["stemmata", "run", "split-"]), scenarios);
    assert_eq!(offered(&folder, &["stemmata", "sweep", "--count", "10", "split-"]), scenarios);
    assert_eq!(offered(&folder, &["stemmata", "snap", "check", "split-"]), scenarios);
    assert_eq!(offered(&folder, &["stemmata", "run", "hello", "--flaw", "e2"])[0], "e20");
    assert_eq!(offered(&folder, &["stemmata", "check", "t.jsonl", "--invariant", "lock"]), ["lock-exclusion"]);
    assert_eq!(offered(&folder, &["stemmata", "explain", "split-"]), ["split-brain"]);
    assert_eq!(offered(&folder, &["stemmata", "new", "mine", "--template", "split-"]), ["split-brain"]);
}
