//! `snap`: golden traces of scenarios; needs no Rust.

mod golden;
mod results;
mod select;

use super::args::{Goldens, SnapArgs, SnapUpdateArgs, SnapVerb};
use super::environment::Stopwatch;
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::files::{Files, Format};
use super::shell::Shell;
use super::store;
use crate::path_text::path_of;
use crate::run::AnySubject;
use golden::Golden;
use results::{Result as SnapResult, Results};
use select::{Selected, Selection};

pub(super) fn snap(args: &SnapArgs, subjects: &[AnySubject], shell: &Shell) -> Outcome {
    match &args.verb {
        SnapVerb::Check(args) => {
            let Selection { goldens: selected, orphans } = select::select(&args.goldens.paths)?;
            let mut files = Files::new(args.writing.force);
            selected.iter().for_each(|selected| {
                files.reads(&selected.golden);
                files.reads(path_of(&selected.scenario));
            });
            if let Some(file) = &args.junit {
                files.writes(file, Format::Junit)?;
            }
            let compared = compare(selected, &args.goldens, subjects, shell)?;
            compared.iter().try_for_each(|result| result.golden.is_current())?;
            let results = Results { compared, orphans };
            if let Some(file) = &args.junit {
                store::write(file, |out| out.write_all(results.junit().as_bytes()))?;
            }
            results.tell(args.annotate, shell)
        }
        SnapVerb::Update(args) => update(args, subjects, shell),
    }
}

/// Runs the scenario of each golden, and compares.
fn compare(
    selected: Vec<Selected>,
    wanted: &Goldens,
    subjects: &[AnySubject],
    shell: &Shell,
) -> Result<Vec<SnapResult>, Failure> {
    let compared = selected.into_iter().map(|selected| {
        let golden = Golden::open(selected.golden)?;
        let watch = Stopwatch::start();
        let fresh = golden.fresh(&selected.scenario, wanted, subjects, shell)?;
        Ok(SnapResult { scenario: selected.scenario, golden, fresh, took: watch.elapsed() })
    });
    compared.collect()
}

fn update(args: &SnapUpdateArgs, subjects: &[AnySubject], shell: &Shell) -> Outcome {
    let wanted = &args.goldens;
    let mut files = Files::new(args.writing.force);
    let Selection { goldens: selected, .. } = select::select(&wanted.paths)?;
    selected.iter().for_each(|selected| files.reads(path_of(&selected.scenario)));
    let results = compare(selected, wanted, subjects, shell)?;
    // Nothing is written if one of them is refused.
    let changed = results.iter().filter(|result| result.golden.text.as_ref() != Some(&result.fresh));
    let (known, new): (Vec<_>, Vec<_>) = changed.partition(|result| result.golden.text.is_some());
    for SnapResult { golden, .. } in known {
        files.writes(&golden.path, Format::Golden)?;
    }
    for SnapResult { golden, .. } in new {
        make_folder(golden)?;
        files.writes(&golden.path, Format::Golden)?;
    }
    let mut told = Vec::new();
    for SnapResult { golden, fresh, .. } in &results {
        let differs = golden.text.as_ref() != Some(fresh);
        if differs {
            store::write(&golden.path, |out| out.write_all(fresh.as_bytes()))?;
        }
        told.push((golden.path.display().to_string(), differs));
    }
    results::tell_update(&told, shell)?;
    Ok(Exit::Met)
}

/// The folder of a golden that does not exist yet.
fn make_folder(golden: &Golden) -> Result<(), Failure> {
    let Some(folder) = golden.path.parent() else { return Ok(()) };
    let what = format!("can't create the folder `{}`", folder.display());
    std::fs::create_dir_all(folder).map_err(|error| Failure::Io { what, error, help: None })
}
