//! Writes files atomically.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::failure::Failure;

/// The number of links that lead from one to another before a file.
const MOST_LINKS: usize = 40;

/// Writes a file through `fill`: under a temporary name in the same folder, then renames it. A link stays, and leads to
/// the new file; a special file (`/dev/stderr`, a pipe) is written directly.
pub(super) fn write(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    if is_special(path) {
        return direct(path, fill).map_err(|error| failed(path, error));
    }
    let target = target(path);
    let temporary = beside(&target);
    let written = direct(&temporary, fill).and_then(|()| {
        if let Ok(known) = fs::metadata(&target) {
            fs::set_permissions(&temporary, known.permissions())?;
        }
        fs::rename(&temporary, &target)
    });
    written.map_err(|error| {
        drop(fs::remove_file(&temporary));
        failed(path, error)
    })
}

/// Fails if [`write`] can't create the file, so that hours of work don't end with this error.
pub(super) fn probe(path: &Path) -> Result<(), Failure> {
    let begun = if path.is_dir() {
        Err(io::ErrorKind::IsADirectory.into())
    } else if is_special(path) {
        Ok(())
    } else {
        let temporary = beside(&target(path));
        File::create(&temporary).and_then(|_| fs::remove_file(&temporary))
    };
    begun.map_err(|error| failed(path, error))
}

/// The file to which links lead from this path, whether it exists or not.
pub(super) fn target(path: &Path) -> PathBuf {
    let mut target = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(next) = fs::read_link(&target) else { break };
        target = target.parent().unwrap_or(Path::new("")).join(next);
    }
    target
}

/// Whether the path exists and is not a regular file.
fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|known| !known.is_file())
}

fn failed(path: &Path, error: io::Error) -> Failure {
    let what = format!("can't write `{}`", path.display());
    Failure::Io { what, error, help: cure(path) }
}

fn direct(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    fill(&mut out)?;
    out.flush()
}

/// A unique name in the same folder.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.tmp", std::process::id()));
    path.with_file_name(name)
}

fn cure(path: &Path) -> Option<String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty())?;
    let help = match fs::metadata(folder) {
        Err(_) => format!("there is no folder `{}`: create it first, or name another", folder.display()),
        Ok(known) if !known.is_dir() => format!("`{}` is not a folder: name another", folder.display()),
        Ok(_) => return None,
    };
    Some(help)
}
