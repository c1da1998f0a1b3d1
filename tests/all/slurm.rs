//! A sweep as a Slurm job array, with a killed node: `cluster/slurm/test.sh`, which says so where it can't.

use std::io::{Write, stderr};
use std::path::Path;
use std::process::Command;

/// What the script exits with where there is no Slurm.
const SKIPPED: i32 = 77;

#[test]
fn an_array_with_a_killed_node_comes_to_the_results_of_one_process() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("slurm");
    drop(std::fs::remove_dir_all(&folder));
    let script = Command::new(package.join("cluster/slurm/test.sh"))
        .arg(env!("CARGO_BIN_EXE_stemmata"))
        .arg(&folder)
        .output()
        .expect("the script starts");
    let said = String::from_utf8_lossy(&script.stdout);
    match script.status.code() {
        Some(0) => assert!(said.contains("same results"), "{said}"),
        Some(SKIPPED) => writeln!(stderr(), "{}", said.trim()).expect("stderr takes it"),
        code => panic!("{code:?}\n{said}\n{}", String::from_utf8_lossy(&script.stderr)),
    }
}
