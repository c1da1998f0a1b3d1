//! `snap`: golden traces of scenarios; needs no Rust.

mod golden;
mod results;
mod select;

use super::args::{Goldens, SnapArgs, SnapVerb};
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::shell::Shell;
use super::store;
use crate::run::AnySubject;
use golden::Golden;
use results::{Result as SnapResult, Results};

pub(super) fn snap(args: &SnapArgs, subjects: &[AnySubject], shell: &Shell) -> Outcome {
    match &args.verb {
        SnapVerb::Check(args) => {
            let compared = compare(&args.goldens, subjects)?;
            compared.iter().try_for_each(|result| result.golden.is_current())?;
            let results = Results(compared);
            if let Some(file) = &args.junit {
                store::write(file, |out| out.write_all(results.junit().as_bytes()))?;
            }
            results.tell(shell)
        }
        SnapVerb::Update(args) => update(&args.goldens, subjects, shell),
    }
}

/// Runs the scenario of each golden, and compares.
fn compare(wanted: &Goldens, subjects: &[AnySubject]) -> Result<Vec<SnapResult>, Failure> {
    let selected = select::select(&wanted.paths)?;
    let compared = selected.into_iter().map(|selected| {
        let golden = Golden::open(selected.golden)?;
        let fresh = golden.fresh(&selected.scenario, wanted, subjects)?;
        Ok(SnapResult { scenario: selected.scenario, golden, fresh })
    });
    compared.collect()
}

fn update(wanted: &Goldens, subjects: &[AnySubject], shell: &Shell) -> Outcome {
    let results = compare(wanted, subjects)?;
    let mut told = Vec::new();
    for SnapResult { golden, fresh, .. } in &results {
        let differs = golden.text.as_ref() != Some(fresh);
        if differs {
            if let Some(folder) = golden.path.parent().filter(|_| golden.text.is_none()) {
                let what = format!("can't create the folder `{}`", folder.display());
                std::fs::create_dir_all(folder).map_err(|error| Failure::Io { what, error, help: None })?;
            }
            store::write(&golden.path, |out| out.write_all(fresh.as_bytes()))?;
        }
        told.push((golden.path.display().to_string(), differs));
    }
    results::tell_update(&told, shell)?;
    Ok(Exit::Met)
}
