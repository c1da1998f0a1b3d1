//! What the tests share: scenarios by name, run to their outcome.

use std::path::Path;
use std::process::Command;

use stemmata::chance::Seed;
use stemmata::hunt::{SweepTally, Watch};
pub(crate) use stemmata::run::subjects;
use stemmata::run::{AnySubject, Keep, Outcome};
use stemmata::scenario::{self, Resolved, ScenarioFile};

/// Lets a sweep run to its end.
pub(crate) struct Unwatched;

impl Watch for Unwatched {
    fn go_on(&self) -> bool {
        true
    }

    fn hurry_on(&self) -> bool {
        true
    }

    fn ran(&self, _: &SweepTally) {}
}

/// A built-in scenario, or the file of that path.
pub(crate) fn load(name: &str) -> ScenarioFile {
    let profiles: Vec<_> = subjects().iter().map(|subject| subject.profile).collect();
    scenario::load(name, &profiles).unwrap_or_else(|problem| panic!("{problem}"))
}

/// The scenario of this text.
pub(crate) fn parse(text: &str) -> ScenarioFile {
    let profiles: Vec<_> = subjects().iter().map(|subject| subject.profile).collect();
    ScenarioFile::parse("test.json", "test", text, &profiles).unwrap_or_else(|problem| panic!("{problem}"))
}

/// Whether a part of a committed report is what this build makes of it.
pub(crate) fn assert_committed(report: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports").join(report);
    let committed = std::fs::read_to_string(path).expect("the report is committed");
    assert!(committed.contains(&format!("\n{made}")), "make {report} anew with .ci/remake: it is now\n{made}");
}

/// An example's program, which `cargo test` builds beside the tests; it is run in the folder of the package.
pub(crate) fn example(name: &str) -> Command {
    let tests = std::env::current_exe().expect("a test runs from a file");
    let profile = tests.parent().and_then(Path::parent).expect("tests stand in a profile's `deps`");
    let program = profile.join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(
        program.is_file(),
        "{} is not built: cargo build --examples, in the profile of the tests",
        program.display()
    );
    let mut command = Command::new(program);
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

/// One run of a scenario.
pub(crate) fn run(file: &ScenarioFile, seed: u64, keep: Keep) -> (Resolved, Outcome) {
    let resolved = file.resolve(Seed(seed)).unwrap_or_else(|problem| panic!("{problem}"));
    let outcome = subject_of(file).run(&resolved, keep);
    (resolved, outcome)
}

/// The subject of a scenario.
pub(crate) fn subject_of(file: &ScenarioFile) -> AnySubject {
    let subject = subjects().into_iter().find(|subject| subject.profile.name == file.subject().name);
    subject.expect("the profile is one of ours")
}

/// The names of the built-in scenarios, without errata.
pub(crate) fn ordinary() -> Vec<&'static str> {
    scenario::built_in().map(|known| known.name).filter(|name| !name.starts_with("errata/")).collect()
}

/// The names of the built-in errata.
pub(crate) fn errata() -> Vec<&'static str> {
    scenario::built_in().map(|known| known.name).filter(|name| name.starts_with("errata/")).collect()
}
