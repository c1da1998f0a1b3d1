//! Results in files: parts of a sweep that make the whole, and those that do not.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::program::{command, folder, json, stemmata, with};

fn text(path: &Path) -> &str {
    path.to_str().expect("a path is text here")
}

/// Sweeps with these flags into a file of this name.
fn swept(flags: &[&str], file: &Path, code: i32) -> String {
    stemmata(&[&["sweep"], flags, &["-q", "-o", text(file)]].concat()).exits(code);
    fs::read_to_string(file).expect("results")
}

fn parts(flags: &[&str], of: u32, folder: &Path, code: i32) -> Vec<PathBuf> {
    let part = |index: u32| {
        let file = folder.join(format!("{index}-of-{of}.jsonl"));
        let shard = format!("{index}/{of}");
        swept(&[flags, &["--shard", &shard]].concat(), &file, code);
        file
    };
    (1..=of).map(part).collect()
}

fn merge(parts: &[PathBuf], flags: &[&str]) -> super::program::Ran {
    let names: Vec<&str> = parts.iter().map(|part| text(part)).collect();
    stemmata(&[&["merge"], names.as_slice(), flags].concat())
}

#[test]
fn threads_and_shards_come_to_the_very_file_of_one_thread() {
    let folder = folder("shards");
    let sweeps: [&[&str]; 3] = [
        &["hello", "--flaw", "e10", "--seeds", "5+60"],
        &["errata/b02", "hello", "--count", "20"],
        &["broadcast-crash", "--swarm", "--count", "20"],
    ];
    for flags in sweeps {
        let code = stemmata(&[&["sweep"], flags, &["-q"]].concat()).code.expect("no signal came");
        let whole = swept(&[flags, &["-j", "1"]].concat(), &folder.join("whole.jsonl"), code);
        let two = swept(&[flags, &["-j", "2"]].concat(), &folder.join("two.jsonl"), code);
        assert_eq!(whole, two, "two threads");
        for of in [1, 3, 7] {
            let mut parts: Vec<_> = (1..=of).map(|index| folder.join(format!("{index}.jsonl"))).collect();
            for (index, part) in (1..).zip(&parts) {
                // What a part lacks for its verdict is no matter.
                let shard = format!("{index}/{of}");
                let ran = stemmata(&[&["sweep"], flags, &["-q", "--shard", &shard, "-o", text(part)]].concat());
                assert!([Some(0), Some(1), Some(3)].contains(&ran.code), "{}", ran.stderr);
            }
            parts.reverse();
            let all = folder.join("all.jsonl");
            merge(&parts, &["-o", text(&all)]).exits(code);
            assert_eq!(fs::read_to_string(&all).expect("merged"), whole, "{of} shards of {flags:?}");
        }
    }
}

#[test]
fn a_merged_sweep_is_told_as_one() {
    let folder = folder("told");
    let flags = ["hello", "--count", "40"];
    let parts = parts(&flags, 3, &folder, 0);
    let merged = merge(&parts, &[]).exits(0);
    let whole = stemmata(&[&["sweep"], flags.as_slice()].concat()).exits(0);
    assert_eq!(merged.stdout, whole.stdout);
    whole
        .says("0 of 40 seeds failed: with 95 % confidence, fewer than 1 seed in 13 fails")
        .says("new in the last 4 seeds");
    let (merged, whole) =
        (merge(&parts, &["--json"]).exits(0), stemmata(&["sweep", "hello", "--count", "40", "--json"]));
    assert_eq!(json(&merged.stdout), json(&whole.stdout));
}

#[test]
fn what_is_missing_is_named_and_can_still_be_run() {
    let folder = folder("missing");
    let flags = ["hello", "--count", "40"];
    let parts = parts(&flags, 4, &folder, 0);
    merge(&parts[1..], &[]).exits(75).complains("seeds 0..10 of `hello` are missing: shard 1/4");
    merge(&parts[..2], &[]).exits(75).complains("seeds 20..40").complains("shards 3/4, 4/4");
    let with_a_hole = [parts[0].clone(), parts[2].clone(), parts[3].clone()];
    let all = folder.join("all.jsonl");
    merge(&with_a_hole, &["-o", text(&all)]).exits(75).complains("seeds 10..20");
    assert!(!all.exists(), "nothing is written");
}

#[test]
fn parts_that_do_not_belong_together_are_named() {
    let folder = folder("unfit");
    let flags = ["hello", "--count", "40"];
    let parts = parts(&flags, 2, &folder, 0);
    let other = |name: &str, flags: &[&str]| {
        let file = folder.join(name);
        stemmata(&[&["sweep"], flags, &["--shard", "2/2", "-q", "-o", text(&file)]].concat());
        assert!(file.exists());
        file
    };
    let pair = |second: PathBuf| [parts[0].clone(), second];
    merge(&[parts.clone(), vec![parts[1].clone()]].concat(), &[]).exits(2).complains("overlap those of");
    merge(&pair(other("more.jsonl", &["hello", "--count", "60"])), &[])
        .exits(2)
        .complains("`0..60` instead of `0..40`");
    merge(&pair(other("swarm.jsonl", &["hello", "--count", "40", "--swarm"])), &[]).exits(2).complains("--swarm is");
    let crash = other("crash.jsonl", &["broadcast-crash", "--count", "40"]);
    merge(&pair(crash), &[]).exits(2).complains("`broadcast-crash` instead of `hello`");
    let plain = other("plain.jsonl", &["hello", "--count", "40", "--flaw", "none"]);
    merge(&pair(plain), &[]).exits(2).complains("flaws").complains("plain.jsonl").complains("1-of-2.jsonl");
}

#[test]
fn a_scenario_that_changed_between_shards_is_noticed() {
    let folder = folder("changed");
    let scenario = folder.join("mine.json");
    let hello = fs::read_to_string(super::program::source("scenarios/hello.json")).expect("a scenario");
    let part = |index: &str, text_of: &str| {
        fs::write(&scenario, text_of).expect("written");
        let file = folder.join(format!("{index}.jsonl"));
        let shard = format!("{index}/2");
        stemmata(&["sweep", text(&scenario), "--count", "40", "--shard", &shard, "-q", "-o", text(&file)]).exits(0);
        file
    };
    let one = part("1", &hello);
    let commented = part("2", &format!("// the same, with a comment\n{hello}"));
    merge(&[one.clone(), commented], &[]).exits(0);
    let changed = hello.replacen("\"quiesce_at\": \"", "\"quiesce_at\": \"1", 1);
    assert_ne!(changed, hello);
    let two = part("2", &changed);
    merge(&[one, two], &[]).exits(2).complains("the digest of the scenario's file");
}

#[test]
fn a_file_that_is_no_whole_results_is_refused() {
    let folder = folder("torn");
    let file = folder.join("results.jsonl");
    let whole = swept(&["hello", "--flaw", "e10", "--count", "20"], &file, 1);
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let cases = [
        (whole[..whole.len() - 1].to_owned(), "truncated"),
        (whole[..whole.len() / 2].to_owned(), "truncated"),
        (lines[..lines.len() - 1].concat(), "truncated"),
        (whole.replacen("\"runs\":20", "\"runs\":21", 1), "changed"),
        ([lines[0], lines[lines.len() - 1]].concat(), "changed"),
        (whole.replacen("\"version\":3", "\"version\":4", 1), "version 4"),
        (whole.replacen("\"results\"", "\"trace\"", 1), "not the results"),
        ("hello\n".to_owned(), "not the results"),
        (String::new(), "not the results"),
        (format!("{whole}{}", lines[0]), "truncated"),
        (format!("{whole}oops\n"), "not the results"),
        (whole.replacen("\"scenario\":", "\"scenari0\":", 1), "line 1"),
    ];
    for (text_of, why) in cases {
        fs::write(&file, &text_of).expect("written");
        merge(std::slice::from_ref(&file), &[]).exits(2).complains(why).complains("results.jsonl");
    }
    fs::write(&file, [0xff, 0xfe]).expect("written");
    merge(&[file], &[]).exits(2).complains("not text");
    merge(&[folder.join("none.jsonl")], &[]).exits(2).complains("none.jsonl");
}

#[test]
fn what_is_no_shard_is_refused() {
    for shard in ["0/4", "5/4", "1/0", "x", "1", "auto/0"] {
        let ran = stemmata(&["sweep", "hello", "--count", "8", "--shard", shard]).exits(2);
        assert_eq!(ran.stdout, "");
    }
    stemmata(&["sweep", "hello", "--count", "8", "--shard", "auto"]).exits(2).complains("no job scheduler");
    stemmata(&["sweep", "hello", "--time", "1s", "--shard", "1/2"]).exits(2).complains("--count");
    stemmata(&["sweep", "hello", "--count", "2", "--shard", "1/3"])
        .exits(5)
        .complains("shard 1/3 of 0..2 has no seeds");
    stemmata(&["sweep", "hello", "--seeds", "9..9", "--shard", "1/3"]).exits(5);
    stemmata(&["sweep", "hello", "--seeds", "18446744073709551615+2", "--shard", "1/3"]).exits(2);
    stemmata(&["sweep", "hello", "--count", "2", "--resume"]).exits(2).complains("--output");
}

#[test]
fn engines_say_which_shard_it_is() {
    let slurm = [
        ("SLURM_ARRAY_TASK_ID", "2"),
        ("SLURM_ARRAY_TASK_COUNT", "2"),
        ("SLURM_ARRAY_TASK_MIN", "1"),
        ("SLURM_ARRAY_TASK_MAX", "2"),
    ];
    let sweep = ["sweep", "hello", "--count", "9", "--shard", "auto"];
    with(&slurm, &sweep).exits(0).says("seeds 4..9").complains("shard 2/2");
    let both = [slurm.as_slice(), &[("JOB_COMPLETION_INDEX", "1")]].concat();
    with(&both, &sweep).exits(2).complains("two job schedulers");
    with(&[("JOB_COMPLETION_INDEX", "1")], &sweep).exits(2).complains("total is unknown");
    let ran = with(&[("STEMMATA_SHARD", "2/3")], &["sweep", "hello", "--count", "9"]).exits(0);
    ran.says("seeds 3..6").complains("STEMMATA_SHARD");
}

#[test]
fn a_sweep_goes_on_where_its_results_end() {
    let folder = folder("resumed");
    let (file, whole) = (folder.join("part.jsonl"), folder.join("whole.jsonl"));
    let flags = ["hello", "errata/b02", "--flaw", "e10", "--count", "40"];
    let whole = swept(&flags, &whole, 1);
    // Enough failures end the first scenario early.
    let part = swept(&[flags.as_slice(), &["--max-failures", "5", "-j", "1"]].concat(), &file, 1);
    assert_ne!(part, whole);
    assert!(part.contains("\"why\":\"failures\""), "{part}");
    let resumed = swept(&[flags.as_slice(), &["--resume"]].concat(), &file, 1);
    assert_eq!(resumed, whole);
    let again = stemmata(&[&["sweep"], flags.as_slice(), &["--resume", "-o", text(&file)]].concat()).exits(1);
    again.complains("40 runs from the earlier results").complains("0 runs in");
    assert_eq!(fs::read_to_string(&file).expect("results"), whole);
    let other = stemmata(&["sweep", "hello", "--count", "40", "--resume", "-o", text(&file)]).exits(2);
    other.complains("from another sweep").complains("flaws");
    let other = [&["sweep"], flags.as_slice(), &["--resume", "-o", text(&file), "--shard", "1/1"]].concat();
    stemmata(&other).exits(2).complains("the shard");
    assert_eq!(fs::read_to_string(&file).expect("results"), whole, "what can't be gone on with is left alone");
}

#[cfg(unix)]
#[test]
fn a_sweep_that_is_killed_leaves_results_to_go_on_with() {
    let folder = folder("killed");
    let file = folder.join("results.jsonl");
    let flags = ["sweep", "hello", "--count", "6000", "-q", "-o", text(&file)];
    let mut child = command().args(flags).args(["-j", "1"]).spawn().expect("the program starts");
    while !file.exists() {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().expect("it was running");
    child.wait().expect("it has ended");
    merge(std::slice::from_ref(&file), &[]).exits(75).complains("has only seeds 0..").complains("--resume");
    stemmata(&[flags.as_slice(), &["--resume"]].concat()).exits(0);
    let whole = folder.join("whole.jsonl");
    assert_eq!(fs::read_to_string(&file).expect("resumed"), swept(&["hello", "--count", "6000"], &whole, 0));
}

#[cfg(unix)]
#[test]
fn a_folder_that_can_not_be_written_is_noticed_before_anything_runs() {
    let folder = folder("read-only");
    let locked = folder.join("locked");
    fs::create_dir(&locked).expect("a folder");
    Command::new("chmod").args(["555", text(&locked)]).status().expect("chmod runs");
    // Whoever may write anywhere is refused by a folder that is none.
    let closed = fs::File::create(locked.join("probe")).is_err();
    let place = if closed { locked.join("results") } else { Path::new("/proc/results").to_owned() };
    for flag in ["-o", "--junit"] {
        let ran = stemmata(&["sweep", "hello", "--time", "1h", flag, text(&place)]).exits(74);
        ran.complains("can't write");
    }
}
