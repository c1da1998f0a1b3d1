//! No output replaces an input, another output, or a file of another kind.

use std::fs;
use std::path::Path;

use super::program::{folder, source, within};

/// A folder with a scenario, a trace and results.
fn filled(name: &str) -> std::path::PathBuf {
    let folder = folder(name);
    fs::copy(source("scenarios/hello.json"), folder.join("x.json")).expect("copied");
    within(&folder, &["run", "x.json", "--trace", "t.jsonl"]).exits(0);
    for part in ["1/2", "2/2"] {
        let file = format!("s{}.jsonl", &part[..1]);
        within(&folder, &["sweep", "x.json", "--count", "4", "--shard", part, "-o", &file]).exits(0);
    }
    fs::write(folder.join("README.md"), "# mine\n").expect("written");
    folder
}

fn bytes(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> = entries
        .filter(|path| path.is_file())
        .map(|path| (path.display().to_string(), fs::read(&path).expect("a file")))
        .collect();
    files.sort_unstable();
    files
}

#[test]
fn an_input_is_never_replaced_and_no_file_is_written_twice() {
    let folder = filled("inputs_kept");
    let before = bytes(&folder);
    let same: [&[&str]; 16] = [
        &["run", "x.json", "--trace", "x.json"],
        &["run", "x.json", "--trace", "./../inputs_kept/x.json", "--force"],
        &["replay", "x.json", "--seed", "3", "--trace", "x.json"],
        &["explore", "x.json", "--states", "9", "--trace", "x.json"],
        &["sweep", "x.json", "--count", "3", "-o", "x.json"],
        &["sweep", "x.json", "--count", "3", "--junit", "x.json", "--force"],
        &["sweep", "x.json", "--count", "3", "-o", "r", "--junit", "r"],
        &["sweep", "x.json", "--count", "3", "-o", "r", "--junit", "./r"],
        &["sweep", "hello", "x.json", "--count", "3", "-o", "x.json"],
        &["shrink", "x.json", "--flaw", "e10", "-o", "x.json", "--force"],
        &["shrink", "x.json", "--flaw", "e10", "-o", "README.json"],
        &["merge", "s1.jsonl", "s2.jsonl", "-o", "s1.jsonl"],
        &["export", "t.jsonl", "--to", "jsonl", "-o", "t.jsonl"],
        &["export", "t.jsonl", "--to", "text", "-o", "README.md"],
        &["run", "x.json", "--trace", "s1.jsonl"],
        &["sweep", "x.json", "--count", "3", "-o", "t.jsonl"],
    ];
    for arguments in same {
        let ran = within(&folder, arguments).exits(2);
        assert!(ran.stderr.contains("replaced") || ran.stderr.contains("two outputs"), "{}", ran.stderr);
        assert_eq!(ran.stdout, "", "{arguments:?} has not begun");
        assert!(bytes(&folder) == before, "{arguments:?}");
    }
}

#[test]
fn a_file_of_another_kind_is_replaced_only_if_that_is_forced() {
    let folder = filled("forced");
    let kinds: [(&[&str], &str); 5] = [
        (&["run", "x.json", "--trace", "o"], "{\"stemmata\":\"trace\""),
        (&["sweep", "x.json", "--count", "3", "-o", "o"], "{\"stemmata\":\"results\""),
        (&["sweep", "x.json", "--count", "3", "--junit", "o"], "<?xml"),
        (&["export", "t.jsonl", "--to", "mermaid", "--detail", "facts", "-o", "o"], "---\ntitle"),
        (&["export", "t.jsonl", "--to", "svg", "-o", "o"], "<svg"),
    ];
    let file = folder.join("o");
    for (arguments, start) in kinds {
        fs::write(&file, "mine").expect("written");
        within(&folder, arguments).exits(2).complains("--force");
        assert_eq!(fs::read(&file).expect("kept"), b"mine");
        within(&folder, &[arguments, &["--force"]].concat()).exits(0);
        assert!(fs::read_to_string(&file).expect("text").starts_with(start));
        within(&folder, arguments).exits(0);
        fs::write(&file, "").expect("written");
        within(&folder, arguments).exits(0);
    }
    for (format, start) in [("shiviz", "(?<event>"), ("perfetto", "{"), ("text", "# stemmata"), ("jsonl", "{")] {
        fs::remove_file(&file).expect("removed");
        for _ in 0..2 {
            within(&folder, &["export", "t.jsonl", "--to", format, "-o", "o"]).exits(0);
        }
        assert!(fs::read_to_string(&file).expect("text").starts_with(start));
    }
    fs::write(folder.join("x.trace.txt"), "mine").expect("written");
    fs::copy(folder.join("x.json"), folder.join("a.json")).expect("copied");
    within(&folder, &["snap", "update", "a.json", "x.json"]).exits(2).complains("--force");
    assert!(!folder.join("a.trace.txt").exists(), "one that is refused stops all");
    within(&folder, &["snap", "update", "x.json"]).exits(2).complains("--force");
    within(&folder, &["snap", "update", "x.json", "--force"]).exits(0);
    within(&folder, &["snap", "update", "x.json", "--detail", "all"]).exits(0);
    within(&folder, &["snap", "check", "--junit", "README.md"]).exits(2).complains("--force");
    within(&folder, &["snap", "check", "--junit", "x.trace.txt", "--force"]).exits(2).complains("input");
    for _ in 0..2 {
        within(&folder, &["shrink", "x.json", "--flaw", "e10", "-o", "small.json"]).exits(0);
    }
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_and_stays() {
    let folder = filled("links");
    fs::create_dir(folder.join("deep")).expect("made");
    std::os::unix::fs::symlink("deep/t.jsonl", folder.join("link.jsonl")).expect("linked");
    within(&folder, &["run", "x.json", "--trace", "link.jsonl"]).exits(0);
    within(&folder, &["run", "x.json", "--trace", "link.jsonl"]).exits(0);
    assert!(fs::symlink_metadata(folder.join("link.jsonl")).expect("there").is_symlink());
    assert!(folder.join("deep/t.jsonl").is_file());
    std::os::unix::fs::symlink("x.json", folder.join("to-input")).expect("linked");
    fs::hard_link(folder.join("x.json"), folder.join("same")).expect("linked");
    for name in ["to-input", "same"] {
        within(&folder, &["run", "x.json", "--trace", name, "--force"]).exits(2).complains("input");
    }
}

#[test]
fn another_run_than_that_of_the_id_is_not_shrunk_silently() {
    let folder = filled("another_run");
    let ran = within(&folder, &["run", "hello", "--flaw", "e10", "--seed", "3"]).exits(1);
    let id = super::program::run_id(&ran.stdout);
    let (run, _) = id.rsplit_once('=').expect("a digest");
    within(&folder, &["shrink", &id, "-o", "small.json"]).exits(0).complains("runs in");
    let other = format!("{run}=0123456789abcdef");
    within(&folder, &["shrink", &other, "-o", "small.json", "-q"]).exits(0).complains("the build changed");
    let file = &run[run.find('@').expect("a file digest") + 1..][..8];
    let other = other.replace(file, "01234567");
    within(&folder, &["shrink", &other, "-o", "small.json"]).exits(0).complains("the scenario changed");
}
