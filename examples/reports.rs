//! Makes the committed reports again, the shrunk scenarios of the errata and the schema of scenarios:
//! `cargo run --release --example reports`; with `-- format`, `-- protocols` or `-- errata`, only the schema with
//! `format.md`, only `protocols.md`, or only the errata.

use std::fs;
use std::io;
use std::path::Path;

use stemmata::report::format::format_report;
use stemmata::report::{Erratum, errata, errata_report, protocols};
use stemmata::run::subjects;
use stemmata::scenario::Problem;

fn main() -> io::Result<()> {
    let (reports, scenarios) = (Path::new("reports"), Path::new("scenarios"));
    fs::create_dir_all(reports)?;
    let only = std::env::args().nth(1);
    let makes = |part: &str| only.as_ref().is_none_or(|only| only == part);
    if makes("format") {
        let profiles = subjects().map(|subject| subject.profile);
        let schema = serde_json::to_string_pretty(&stemmata::scenario::schema(&profiles))?;
        fs::write(scenarios.join("scenario.schema.json"), schema + "\n")?;
        fs::write(reports.join("format.md"), format_report(&profiles))?;
    }
    if makes("protocols") {
        fs::write(reports.join("protocols.md"), protocols::protocols())?;
    }
    if makes("errata") {
        write_errata(reports, scenarios)?;
    }
    Ok(())
}

fn write_errata(reports: &Path, scenarios: &Path) -> io::Result<()> {
    fs::create_dir_all(scenarios.join("errata/shrunk"))?;
    let errata = measured().map_err(|problem| io::Error::other(problem.to_string()))?;
    for erratum in &errata {
        fs::write(erratum.path(scenarios), &erratum.shrunk)?;
    }
    fs::write(reports.join("errata.md"), errata_report(&errata))
}

fn measured() -> Result<Vec<Erratum>, Problem> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let known = errata(&subjects())?;
    known.iter().map(|(id, file, subject)| Erratum::of(id, file, *subject, threads)).collect()
}
