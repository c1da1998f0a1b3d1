//! `schema`: the JSON Schema of scenario files.

use super::chosen::profiles;
use super::exit::Exit;
use super::failure::Outcome;
use super::shell::Shell;
use crate::run::AnySubject;
use crate::scenario;

pub(super) fn schema(subjects: &[AnySubject], shell: &Shell) -> Outcome {
    shell.document(&scenario::schema(&profiles(subjects)))?;
    Ok(Exit::Met)
}
