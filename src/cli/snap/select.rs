//! Selects goldens by the paths on the command line.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::failure::Failure;
use super::super::suggest;
use crate::path_text::{path_of, text_of};
use crate::scenario;

/// A scenario, as it was named, and the path of its golden.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Selected {
    pub(super) golden: PathBuf,
    pub(super) scenario: String,
}

/// The goldens to compare or to write.
#[derive(Clone, Debug, Default)]
pub(super) struct Selection {
    pub(super) goldens: Vec<Selected>,
    /// Goldens in the folders that belong to no scenario there.
    pub(super) orphans: Vec<PathBuf>,
}

/// The ending of goldens' names, after the scenario's name.
const ENDING: &str = ".trace.txt";
/// The folder for goldens of built-in scenarios.
const FOLDER: &str = "goldens";

/// The goldens of these scenarios, and those in these folders.
pub(super) fn select(paths: &[String]) -> Result<Selection, Failure> {
    let mut selection = Selection::default();
    let selected = &mut selection.goldens;
    let orphans = &mut selection.orphans;
    let here = [".".to_owned()];
    for path in if paths.is_empty() { &here } else { paths } {
        let as_path = path_of(path);
        let as_path = as_path.as_path();
        if as_path.is_dir() {
            in_folder(as_path, selected, orphans).map_err(|error| Failure::Io {
                what: format!("can't read the folder `{}`", as_path.display()),
                error,
                help: None,
            })?;
        } else if !as_path.is_file() && scenario::built_in().any(|known| known.name == path) {
            selected.push(of_built_in(Path::new(""), path));
        } else if as_path.is_file() || path.ends_with(".json") {
            selected.push(Selected { golden: beside(as_path), scenario: path.clone() });
        } else {
            let names: Vec<&str> = scenario::built_in().map(|known| known.name).collect();
            let message = format!("there is no scenario or folder `{path}`");
            return Err(Failure::helped(message, suggest::cure(path, &names)));
        }
    }
    selected.sort_unstable();
    selected.dedup();
    orphans.sort_unstable();
    orphans.dedup();
    // A golden of a built-in scenario is found in the folder above.
    orphans.retain(|orphan| !selected.iter().any(|selected| selected.golden == *orphan));
    if selected.is_empty() && orphans.is_empty() {
        let message = "nothing to do: there are no golden traces here; `stemmata snap update SCENARIO` writes one";
        return Err(Failure::Nothing(message.to_owned()));
    }
    Ok(selection)
}

fn beside(scenario: &Path) -> PathBuf {
    let stem = scenario.file_stem().unwrap_or_default().to_string_lossy();
    scenario.with_file_name(format!("{stem}{ENDING}"))
}

fn of_built_in(folder: &Path, name: &str) -> Selected {
    Selected { golden: folder.join(FOLDER).join(format!("{name}{ENDING}")), scenario: name.to_owned() }
}

/// The goldens in a folder and below: those next to their scenarios, and those of built-in ones in a folder `goldens`.
fn in_folder(folder: &Path, selected: &mut Vec<Selected>, orphans: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let built_in = scenario::built_in().map(|known| of_built_in(folder, known.name));
    selected.extend(built_in.filter(|selected| selected.golden.is_file()));
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && !path.is_symlink() && !name.starts_with('.') && name != "target" {
            in_folder(&path, selected, orphans)?;
        } else if path.extension().is_some_and(|ending| ending == "json") && beside(&path).is_file() {
            selected.push(Selected { golden: beside(&path), scenario: text_of(path.as_os_str()) });
        } else if name.strip_suffix(ENDING).is_some_and(|stem| !path.with_file_name(format!("{stem}.json")).is_file())
            && is_golden(&path)
        {
            orphans.push(path);
        }
    }
    Ok(())
}

/// Whether a file begins as goldens do.
fn is_golden(path: &Path) -> bool {
    fs::read(path).is_ok_and(|bytes| bytes.starts_with(super::golden::HEAD.as_bytes()))
}
