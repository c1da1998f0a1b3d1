//! Makes the committed reports again, and the shrunk scenarios of the errata: `cargo run --release --example reports`.
//!
//! A new shrunk scenario is to be named in `src/scenario/builtin.rs` besides.

use std::fs;
use std::io;
use std::path::Path;

use stemmata::broadcast::Broadcaster;
use stemmata::node::CodexNode;
use stemmata::report::{Erratum, errata, errata_report, protocols};
use stemmata::run::subject;
use stemmata::scenario::Problem;

fn main() -> io::Result<()> {
    let (reports, scenarios) = (Path::new("reports"), Path::new("scenarios"));
    fs::create_dir_all(reports)?;
    fs::write(reports.join("protocols.md"), protocols::protocols())?;
    fs::create_dir_all(scenarios.join("errata/shrunk"))?;
    let errata = measured().map_err(|problem| io::Error::other(problem.to_string()))?;
    for erratum in &errata {
        fs::write(erratum.path(scenarios), &erratum.shrunk)?;
    }
    fs::write(reports.join("errata.md"), errata_report(&errata))
}

fn measured() -> Result<Vec<Erratum>, Problem> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let known = errata(&[subject::<CodexNode>(), subject::<Broadcaster>()])?;
    known.iter().map(|(id, file, subject)| Erratum::of(id, file, *subject, threads)).collect()
}
