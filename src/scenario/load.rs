//! Finds a scenario by path or by name, and reads it; the only file access in this module. The files in `scenarios/` are
//! built in.

use std::fs;
use std::io::Read;
use std::path::Path;

use super::diagnostic::{LoadStage, Problem};
use super::file::ScenarioFile;
use super::suggest;
use crate::path_text::{path_of, text_of};
use crate::subject::Profile;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 4 << 20;

/// Names and texts of the built-in scenarios, in the order of names.
const BUILT_IN: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/scenarios.rs"));

/// A scenario that is embedded in the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuiltIn {
    /// Its name: `hello`, `errata/e09`.
    pub name: &'static str,
    /// The text of its file.
    pub text: &'static str,
}

/// All of them, in the order of their names.
pub fn built_in() -> impl Iterator<Item = BuiltIn> + Clone {
    BUILT_IN.iter().map(|&(name, text)| BuiltIn { name, text })
}

/// The name that stands for standard input.
const STDIN: &str = "-";

/// Loads a scenario: standard input, if the name is `-`; a file, if the path exists or ends in `.json`, and a built-in one otherwise.
///
/// # Errors
/// If it does not exist, can't be read or is invalid.
pub fn load(name: &str, subjects: &[Profile]) -> Result<ScenarioFile, Problem> {
    if name == STDIN {
        let text = text(name, std::io::stdin().lock())?;
        return ScenarioFile::parse("standard input", "stdin", &text, subjects);
    }
    let path = path_of(name);
    let path = path.as_path();
    let json = path.extension().is_some_and(|extension| extension == "json");
    let known = built_in().find(|known| known.name == name);
    match known {
        Some(known) if !path.is_file() => {
            let file = ScenarioFile::parse(name, name, known.text, subjects)?;
            Ok(file.renamed(name))
        }
        Some(_) | None if json || path.exists() => {
            let text = read(name, path)?;
            let stem = path.file_stem().map(text_of);
            ScenarioFile::parse(name, &stem.unwrap_or_default(), &text, subjects)
        }
        Some(_) | None => {
            let plain = name.strip_prefix("scenarios/").unwrap_or(name);
            let help = suggest::cure(plain, built_in().map(|known| known.name));
            let message = format!("there is no scenario `{name}`, neither a file nor a built-in one");
            Err(Problem::without_text(name, LoadStage::Finding, message, Some(help)))
        }
    }
}

/// The text of a file.
fn read(name: &str, path: &Path) -> Result<String, Problem> {
    let problem = |stage, message: String, help: Option<String>| Problem::without_text(name, stage, message, help);
    let failed = |error: std::io::Error| {
        if error.kind() != std::io::ErrorKind::NotFound {
            return problem(LoadStage::Reading, format!("can't read `{name}`: {error}"), None);
        }
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let near = suggest::nearest(&stem, built_in().map(|known| known.name));
        let help = near.map(|near| format!("use the built-in scenario `{near}` without `.json`"));
        problem(LoadStage::Finding, format!("there is no file `{name}`"), help)
    };
    if fs::metadata(path).map_err(failed)?.is_dir() {
        let help = Some("name a file in it".to_owned());
        return Err(problem(LoadStage::Reading, format!("`{name}` is a directory"), help));
    }
    text(name, fs::File::open(path).map_err(failed)?)
}

/// The text of an input, without a byte order mark.
fn text(name: &str, input: impl Read) -> Result<String, Problem> {
    let problem = |stage, message: String, help: Option<String>| Problem::without_text(name, stage, message, help);
    let mut bytes = Vec::new();
    let read = input.take(LARGEST + 1).read_to_end(&mut bytes);
    read.map_err(|error| problem(LoadStage::Reading, format!("can't read `{name}`: {error}"), None))?;
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    if bytes.len() as u64 > LARGEST {
        return Err(problem(LoadStage::Reading, format!("`{name}` is too large: at most 4 MB"), None));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        problem(LoadStage::Reading, format!("`{name}` is not text: byte {at} is not UTF-8"), None)
    })
}
