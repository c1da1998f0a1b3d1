//! What the tests share: scenarios by name, run to their outcome.

use stemmata::broadcast::Broadcaster;
use stemmata::chance::Seed;
use stemmata::hunt::{Fresh, SweepTally, Watch};
use stemmata::node::CodexNode;
use stemmata::run::{AnySubject, Keep, Outcome, subject};
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

    fn broke(&self, _: Fresh<'_>) {}

    fn ran(&self, _: &SweepTally) {}
}

/// Every subject that the program has.
pub(crate) fn subjects() -> Vec<AnySubject> {
    vec![subject::<CodexNode>(), subject::<Broadcaster>()]
}

/// A built-in scenario, or the file of that path.
pub(crate) fn load(name: &str) -> ScenarioFile {
    let profiles: Vec<_> = subjects().iter().map(|subject| subject.profile).collect();
    scenario::load(name, &profiles).unwrap_or_else(|problem| panic!("{}", problem.render(false)))
}

/// The scenario of this text.
pub(crate) fn parse(text: &str) -> ScenarioFile {
    let profiles: Vec<_> = subjects().iter().map(|subject| subject.profile).collect();
    ScenarioFile::parse("test.json", "test", text, &profiles)
        .unwrap_or_else(|problem| panic!("{}", problem.render(false)))
}

/// One run of a scenario.
pub(crate) fn run(file: &ScenarioFile, seed: u64, keep: Keep) -> (Resolved, Outcome) {
    let resolved = file.resolve(Seed(seed)).unwrap_or_else(|problem| panic!("{}", problem.render(false)));
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
