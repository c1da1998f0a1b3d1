//! The files that a command reads and writes: no output replaces an input, another output, or a foreign file.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::args::Form;
use super::failure::Failure;
use super::run::is_stdout;
use super::store;

/// The format of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// A trace, as JSON Lines.
    Trace,
    /// A trace, as text.
    Text,
    Shiviz,
    Perfetto,
    Mermaid,
    /// A space-time diagram.
    Svg,
    /// The results of a sweep.
    Results,
    Junit,
    /// A scenario that `shrink` made.
    Shrunk,
    /// The story of a shrunk scenario.
    Story,
    /// A golden trace.
    Golden,
}

impl Format {
    /// In a sentence.
    const fn name(self) -> &'static str {
        match self {
            Self::Trace => "a trace",
            Self::Text => "a trace as text",
            Self::Shiviz => "a trace for ShiViz",
            Self::Perfetto => "a trace for Perfetto",
            Self::Mermaid => "a Mermaid diagram of a trace",
            Self::Svg => "a space-time diagram",
            Self::Results => "the results of a sweep",
            Self::Junit => "a JUnit report of this program",
            Self::Shrunk => "a shrunk scenario",
            Self::Story => "the story of a shrunk scenario",
            Self::Golden => "a golden trace",
        }
    }

    /// Whether a file that begins like this has the format.
    fn fits(self, head: &str) -> bool {
        let first = head.lines().next().unwrap_or_default();
        match self {
            Self::Trace => head.starts_with(r#"{"stemmata":"trace""#),
            Self::Results => head.starts_with(r#"{"stemmata":"results""#),
            Self::Text => head.starts_with("# stemmata trace v"),
            Self::Shiviz => head.starts_with(r"(?<event>.*)\n(?<host>\S*) (?<clock>{.*})"),
            Self::Perfetto => head.starts_with(r#"{"displayTimeUnit":"ms","otherData":{"scenario":"#),
            Self::Mermaid => head.starts_with("---\ntitle: ") && head.contains("\n---\nsequenceDiagram\n"),
            Self::Svg => {
                head.starts_with(r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 "#)
                    && head.contains(">\n<title>")
            }
            Self::Junit => {
                let suite = |name| head.contains(&format!("<testsuite name=\"{name}\""));
                head.starts_with("<?xml") && (suite("sweep") || suite("snap"))
            }
            Self::Shrunk => head.starts_with("{\n") && head.contains("\"about\": \"Shrunk from "),
            Self::Golden => first.starts_with("# golden"),
            Self::Story => first.starts_with("# ") && first.contains(" breaks ") && head.contains("\n\nThe run has "),
        }
    }
}

impl From<Form> for Format {
    fn from(form: Form) -> Self {
        match form {
            Form::Text => Self::Text,
            Form::Jsonl => Self::Trace,
            Form::Shiviz => Self::Shiviz,
            Form::Perfetto => Self::Perfetto,
            Form::Mermaid => Self::Mermaid,
            Form::Svg => Self::Svg,
        }
    }
}

/// What identifies a file, however it is named.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Identity {
    /// Without links and `..`.
    path: PathBuf,
    /// The device and the number of the file, if it exists, and the system has such numbers.
    number: Option<(u64, u64)>,
}

impl Identity {
    /// `None` for standard input and output, and for what is no regular file: a pipe, a device.
    fn of(path: &Path) -> Option<Self> {
        if is_stdout(path) || fs::metadata(path).is_ok_and(|known| !known.is_file()) {
            return None;
        }
        let target = store::target(path);
        let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = fs::canonicalize(parent).unwrap_or_else(|_| parent.to_owned());
        Some(Self { path: folder.join(target.file_name().unwrap_or_default()), number: number(path) })
    }

    fn is(&self, other: &Self) -> bool {
        self.path == other.path || self.number.is_some() && self.number == other.number
    }
}

#[cfg(unix)]
fn number(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).ok().map(|known| (known.dev(), known.ino()))
}

#[cfg(not(unix))]
fn number(_: &Path) -> Option<(u64, u64)> {
    None
}

/// The files of one command.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// Whether foreign files are replaced.
    force: bool,
    inputs: Vec<Identity>,
    outputs: Vec<Identity>,
}

impl Files {
    /// `force`: whether foreign files are replaced.
    pub(super) fn new(force: bool) -> Self {
        Self { force, ..Self::default() }
    }

    /// The command reads this file; a name without a file, as that of a built-in scenario, is no file.
    pub(super) fn reads(&mut self, path: impl AsRef<Path>) {
        let path = path.as_ref();
        if path.exists() {
            self.inputs.extend(Identity::of(path));
        }
    }

    /// The command will write this file, in this format.
    ///
    /// # Errors
    /// If it is an input or another output of the command, if it exists and has another format, or if it can't be
    /// created: an error now, and not after hours of work.
    pub(super) fn writes(&mut self, path: &Path, format: Format) -> Result<(), Failure> {
        if is_stdout(path) {
            return Ok(());
        }
        store::probe(path)?;
        let Some(file) = Identity::of(path) else { return Ok(()) };
        let shown = path.display();
        if self.inputs.iter().any(|input| input.is(&file)) {
            let message = format!("`{shown}` is an input of this command: it is not replaced");
            return Err(Failure::helped(message, format!("name another file for {}", format.name())));
        }
        if self.outputs.iter().any(|output| output.is(&file)) {
            let message = format!("two outputs of this command would be written to `{shown}`");
            return Err(Failure::helped(message, format!("name another file for {}", format.name())));
        }
        if !self.force && !is_free(path, format).map_err(|error| Failure::unreadable(&shown.to_string(), error))? {
            let message = format!("`{shown}` exists, and is not {}: it is not replaced", format.name());
            return Err(Failure::helped(message, "name another file, or add --force"));
        }
        self.outputs.push(file);
        Ok(())
    }
}

/// Whether there is no such file, or an empty one, or one of this format.
fn is_free(path: &Path, format: Format) -> io::Result<bool> {
    let mut head = Vec::new();
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        file => file?.take(4096).read_to_end(&mut head)?,
    };
    Ok(head.is_empty() || format.fits(&String::from_utf8_lossy(&head)))
}
