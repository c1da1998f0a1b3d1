//! The errata bench: for each defect how many seeds catch it, how small its run becomes, and what the verdict says.

use std::path::Path;

use super::file::{Naming, scenario_file};
use crate::hunt::{self, Caught, SEARCHING, Shrink, Size, Trials, catch};
use crate::run::AnySubject;
use crate::scenario::{self, Problem, ScenarioFile};
use crate::trace::Detail;

/// How long each defect is searched for.
pub const TRIALS: Trials = Trials { count: 25, most: 1_000 };

/// What the bench finds out about one defect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erratum {
    /// The flaw: `e09`.
    pub id: String,
    /// By each way of searching, in the order of [`SEARCHING`].
    pub caught: Vec<Caught>,
    /// Its shrunk run.
    pub size: Size,
    /// How many lines that one's trace has, at the middle level of detail.
    pub lines: usize,
    /// The invariant that falls.
    pub invariant: String,
    /// What the verdict says.
    pub sentence: String,
    /// The file of the shrunk run.
    pub shrunk: String,
}

/// The built-in scenarios that show one defect each, with their names, in order.
///
/// # Errors
/// If a built-in scenario is none, which a test would notice.
pub fn errata(subjects: &[AnySubject]) -> Result<Vec<(String, ScenarioFile, AnySubject)>, Problem> {
    let profiles: Vec<_> = subjects.iter().map(|subject| subject.profile).collect();
    let mut all = Vec::new();
    for known in scenario::built_in() {
        let Some(id) = known.name.strip_prefix("errata/").filter(|id| !id.contains('/')) else { continue };
        let file = scenario::load(known.name, &profiles)?;
        let named = |subject: &&AnySubject| subject.profile.name == file.subject().name;
        if let Some(subject) = subjects.iter().find(named) {
            all.push((id.to_owned(), file, *subject));
        }
    }
    Ok(all)
}

impl Erratum {
    /// Puts a defect to the test: `file` shows the flaw `id`.
    ///
    /// # Errors
    /// If no draw of a seed from the scenario's ranges can work.
    ///
    /// # Panics
    /// If the scenario's own seed does not show the defect.
    pub fn of(id: &str, file: &ScenarioFile, subject: AnySubject, threads: usize) -> Result<Self, Problem> {
        let caught = SEARCHING.iter().map(|searching| catch(file, subject, *searching, TRIALS));
        let caught = caught.collect::<Result<Vec<_>, _>>()?;
        let resolved = file.resolve(file.seed())?;
        let shrink = Shrink { resolved: &resolved, subject, threads };
        let shrunk = shrink.run(&|| true, &|_| ()).expect("the scenario of an erratum shows it");
        let parts = hunt::parts(&shrunk.resolved);
        let needs = hunt::needs(subject, &shrunk.resolved, &shrunk.kind, parts, &|| true);
        let name = format!("errata/shrunk/{id}");
        let naming = Naming { name: &name, about: &file.scenario().about, schema: "../../scenario.schema.json" };
        let trace = shrunk.outcome.trace.as_ref().expect("a shrunk run keeps its trace").text(Detail::Messages);
        Ok(Self {
            id: id.to_owned(),
            caught,
            size: shrunk.after,
            lines: trace.lines().filter(|line| !line.starts_with('#')).count(),
            invariant: shrunk.kind.invariant.clone(),
            sentence: shrunk.violation.sentence.clone(),
            shrunk: scenario_file(&shrunk, &needs, naming),
        })
    }

    /// The file of its shrunk run, under the folder of the scenarios.
    #[must_use]
    pub fn path(&self, scenarios: &Path) -> std::path::PathBuf {
        scenarios.join("errata/shrunk").join(format!("{}.json", self.id))
    }

    /// Its line of the table.
    #[must_use]
    pub fn row(&self) -> String {
        let Self { id, caught, size, lines, invariant, sentence, shrunk: _ } = self;
        let Size { nodes, faults, operations, messages, records: _ } = size;
        let caught: String = caught.iter().map(|Caught { median, worst }| format!("{median} | {worst} | ")).collect();
        let sentence = sentence.replace('|', "\\|");
        format!("| {id} | {caught}{nodes} | {operations} | {faults} | {messages} | {lines} | {invariant}: {sentence} |")
    }
}

/// The report of all of them.
#[must_use]
pub fn errata_report(errata: &[Erratum]) -> String {
    let Trials { count, most } = TRIALS;
    let searches: String =
        SEARCHING.iter().map(|searching| format!("{0}: median | {0}: worst | ", searching.name)).collect();
    let rule = "--: | ".repeat(2 * SEARCHING.len());
    let rows: String = errata.iter().map(|erratum| format!("{}\n", erratum.row())).collect();
    format!(
        "# Errata\n\nEach defect that can be switched on, in the scenario that shows it (`scenarios/errata/`): how many \
         seeds it takes until it is caught, in the median and in the worst of {count} searches of at most {most} seeds \
         each, which begin far away from one another; how small `shrink` makes the run of the scenario's own seed \
         (`scenarios/errata/shrunk/`); and what the verdict on that one says. Fates of messages count as faults; lines \
         are those of the trace with messages.\n\nWritten by `cargo run --release --example reports`; a test makes some \
         of the rows anew.\n\n| | {searches}nodes | operations | faults | messages | lines | verdict |\n| --- | {rule}--: \
         | --: | --: | --: | --: | --- |\n{rows}"
    )
}
