//! Measures every flaw: how many seeds it takes to catch it, how small its run becomes, and the verdict.

use std::path::Path;

use super::shrunk::{FileHeader, scenario_file};
use crate::hunt::{self, Caught, SEARCH_MODES, Shrink, Size, Trials, catch};
use crate::run::AnySubject;
use crate::scenario::{self, Problem, ScenarioFile};
use crate::trace::Detail;

/// How long each flaw is searched for.
pub const TRIALS: Trials = Trials { count: 25, most: 1_000 };

/// The measurements of one flaw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erratum {
    /// The flaw: `e09`.
    pub id: String,
    /// How many seeds it takes, in the order of [`SEARCH_MODES`].
    pub caught: Vec<Caught>,
    /// The size of its shrunk run.
    pub size: Size,
    /// The number of lines of that run's trace, with messages.
    pub lines: usize,
    /// The violated invariant.
    pub invariant: String,
    /// The sentence of the violation.
    pub sentence: String,
    /// The file of the shrunk run.
    pub shrunk: String,
}

/// The built-in scenarios that show one flaw each, with their names, in order.
///
/// # Errors
/// If a built-in scenario is invalid, which a test would notice.
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
    /// Measures the flaw `id`, which `file` shows.
    ///
    /// # Errors
    /// If a seed draws only incompatible settings from the scenario's ranges.
    ///
    /// # Panics
    /// If the scenario's own seed does not show the flaw.
    pub fn of(id: &str, file: &ScenarioFile, subject: AnySubject, threads: usize) -> Result<Self, Problem> {
        let caught = SEARCH_MODES.iter().map(|searching| catch(file, subject, *searching, TRIALS));
        let caught = caught.collect::<Result<Vec<_>, _>>()?;
        let resolved = file.resolve(file.seed())?;
        let shrink = Shrink { resolved: &resolved, subject, threads };
        let shrunk = shrink.run(&|| true, &|_| ()).expect("the scenario of an erratum shows it");
        let parts = hunt::parts(&shrunk.resolved);
        let needs = hunt::needs(subject, &shrunk.resolved, &shrunk.kind, parts, &|| true);
        let name = format!("errata/shrunk/{id}");
        let naming = FileHeader { name: &name, about: &file.scenario().about, schema: "../../scenario.schema.json" };
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

    /// The path of its shrunk run, in the folder of the scenarios.
    #[must_use]
    pub fn path(&self, scenarios: &Path) -> std::path::PathBuf {
        scenarios.join("errata/shrunk").join(format!("{}.json", self.id))
    }

    /// Its row of the table.
    #[must_use]
    pub fn row(&self) -> String {
        let Self { id, caught, size, lines, invariant, sentence, shrunk: _ } = self;
        let Size { nodes, faults, operations, messages, records: _ } = size;
        let caught: String = caught.iter().map(|Caught { median, worst }| format!("{median} | {worst} | ")).collect();
        let sentence = sentence.replace('|', "\\|");
        format!("| {id} | {caught}{nodes} | {operations} | {faults} | {messages} | {lines} | {invariant}: {sentence} |")
    }
}

/// The report about all of them.
#[must_use]
pub fn errata_report(errata: &[Erratum]) -> String {
    let Trials { count, most } = TRIALS;
    let searches: String =
        SEARCH_MODES.iter().map(|searching| format!("{0}: median | {0}: worst | ", searching.name)).collect();
    let rule = "--: | ".repeat(2 * SEARCH_MODES.len());
    let rows: String = errata.iter().map(|erratum| format!("{}\n", erratum.row())).collect();
    format!(
        "# Errata\n\nEvery flaw that can be switched on, in the scenario that shows it (`scenarios/errata/`). The table \
         gives the number of seeds until a run shows the flaw, as the median and the maximum of {count} searches of at \
         most {most} seeds each, whose first seeds are far apart; the size of the run of the scenario's own seed after \
         `shrink` (`scenarios/errata/shrunk/`); and the verdict of that run. Faults include fixed fates of messages; \
         lines are those of the trace with messages.\n\nWritten by `cargo run --release --example reports`; a test \
         repeats some of the rows.\n\n| | {searches}nodes | operations | faults | messages | lines | verdict |\n| --- | {rule}--: \
         | --: | --: | --: | --: | --- |\n{rows}"
    )
}
