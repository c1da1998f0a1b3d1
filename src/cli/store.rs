//! Files that commands write: whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::failure::Failure;

/// Writes a file through `fill`: under a temporary name beside it, then renamed. What is no regular file (`/dev/stderr`,
/// a pipe) is written directly.
pub(super) fn write(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let failed = |error: io::Error| {
        let what = format!("can't write `{}`", path.display());
        Failure::Io { what, error, help: cure(path) }
    };
    if fs::metadata(path).is_ok_and(|known| !known.is_file()) {
        return direct(path, fill).map_err(failed);
    }
    let temporary = beside(path);
    let written = direct(&temporary, fill).and_then(|()| fs::rename(&temporary, path));
    written.map_err(|error| {
        drop(fs::remove_file(&temporary));
        failed(error)
    })
}

/// That a file can be written there, found out by making its temporary one.
pub(super) fn writable(path: &Path) -> Result<(), Failure> {
    let failed = |error: io::Error| {
        let what = format!("can't write `{}`", path.display());
        Failure::Io { what, error, help: cure(path) }
    };
    match fs::metadata(path) {
        Ok(known) if known.is_dir() => Err(failed(io::ErrorKind::IsADirectory.into())),
        Ok(known) if !known.is_file() => Ok(()),
        Ok(_) | Err(_) => {
            let temporary = beside(path);
            File::create(&temporary).and_then(|_| fs::remove_file(&temporary)).map_err(failed)
        }
    }
}

fn direct(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    fill(&mut out)?;
    out.flush()
}

/// A name in the same folder that nobody else uses.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.tmp", std::process::id()));
    path.with_file_name(name)
}

fn cure(path: &Path) -> Option<String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty())?;
    let help = match fs::metadata(folder) {
        Err(_) => format!("there is no folder `{}`: make it first, or name another", folder.display()),
        Ok(known) if !known.is_dir() => format!("`{}` is not a folder: name another", folder.display()),
        Ok(_) => return None,
    };
    Some(help)
}
