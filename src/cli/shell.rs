//! The terminal: results, diagnostics and their colours.
//!
//! What people read is wrapped at words to the width of the terminal: paragraphs, and the cells of tables. Words, numbers,
//! lines of a trace and commands are never broken, and nothing is wrapped where no terminal shows it, unless an exported
//! `COLUMNS` sets a width.
//!
//! Reports have one form for an instant, that of traces in milliseconds, `150.212ms`, and one for a planned duration, that of
//! scenario files, `300ms` or `5s`. A measured duration is told like an instant.

use std::io::{self, BufWriter, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use serde::Serialize;
use serde_json::{Value, json};

use super::args::{Annotate, Color, Global, Progress};
use super::chosen::quoted;
use super::environment;
use super::failure::Failure;
use super::panics::Panic;
use crate::report::annotation::{Annotation, workflow_commands};
use crate::scenario::Problem;
use crate::wrap::wrap;

/// Good news.
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
/// Bad news.
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
/// A result that proves nothing.
pub(super) const DOUBT: Style = AnsiColor::Yellow.on_default();
/// Secondary information.
pub(super) const FAINT: Style = Style::new().dimmed();
/// Titles.
pub(super) const STRONG: Style = Style::new().bold();

/// The terminal, and how the caller wants to use it.
#[derive(Clone, Debug)]
pub(super) struct Shell {
    /// The program as it was called.
    pub(super) program: String,
    pub(super) json: bool,
    pub(super) quiet: bool,
    pub(super) verbose: bool,
    /// The width to which results are wrapped; `None` if they are not.
    pub(super) width: Option<usize>,
    color: ColorChoice,
    progress: bool,
    /// Whether lines of progress are written where no bar is drawn.
    lines: bool,
}

impl Shell {
    pub(super) fn new(program: String, global: &Global) -> Self {
        let color = match global.color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        let progress = match global.progress {
            Progress::Auto => io::stderr().is_terminal() && !environment::unattended(),
            Progress::Never => false,
        };
        let Global { json, quiet, verbose, .. } = *global;
        // A bar is nothing for a program that reads JSON.
        let progress = progress && !json;
        let lines = matches!(global.progress, Progress::Auto) && !progress && !quiet;
        let width = columns(&io::stdout());
        Self { program, json, quiet, verbose, width, color, progress: progress && !quiet, lines }
    }

    /// Whether lines of progress may be written.
    pub(super) const fn says_progress(&self) -> bool {
        self.lines
    }

    /// Whether a progress bar may be drawn.
    pub(super) const fn progress(&self) -> bool {
        self.progress
    }

    /// Where results go.
    pub(super) fn results(&self) -> Results {
        Results { out: BufWriter::new(AutoStream::new(io::stdout(), self.color)), closed: false }
    }

    /// Where diagnostics go.
    fn diagnostics(&self) -> AutoStream<io::Stderr> {
        AutoStream::new(io::stderr(), self.color)
    }

    /// A text whose lines are wrapped at words to the terminal's width. A line that begins with the program's name is a
    /// command to copy, and stays whole.
    pub(super) fn fit(&self, text: &str) -> String {
        self.fit_to(text, self.width)
    }

    fn fit_to(&self, text: &str, width: Option<usize>) -> String {
        let Some(width) = width else { return text.to_owned() };
        let command = format!("{} ", quoted(&self.program));
        let lines = text.split('\n');
        let lines = lines.map(|line| if line.starts_with(&command) { line.to_owned() } else { wrap(line, width, 2) });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Writes text as the command's result.
    pub(super) fn result(&self, text: &str) -> Result<(), Failure> {
        let mut out = self.results();
        out.write_all(text.as_bytes())?;
        Ok(out.flush()?)
    }

    /// Writes one JSON document as the command's result.
    pub(super) fn document(&self, document: &impl Serialize) -> Result<(), Failure> {
        let mut text = serde_json::to_string_pretty(document).expect("reports are plain data");
        text.push('\n');
        self.result(&text)
    }

    /// Prints a diagnostic; errors are ignored, because there is nowhere to report them.
    pub(super) fn say(&self, text: &str) {
        drop(writeln!(self.diagnostics(), "{text}"));
    }

    /// Prints a diagnostic: as text that is wrapped to the terminal's width, or with `--json` as one object in a line.
    pub(super) fn tell(&self, text: &str, object: impl FnOnce() -> Value) {
        if self.json {
            self.say(&object().to_string());
        } else {
            self.say_fit(text);
        }
    }

    /// Prints a diagnostic for people, wrapped to the terminal's width.
    fn say_fit(&self, text: &str) {
        self.say(&self.fit_to(text, columns(&io::stderr())));
    }

    /// Prints a note, unless `--quiet` is given.
    pub(super) fn note(&self, text: &str) {
        if !self.quiet {
            self.tell(&format!("{FAINT}note: {text}{FAINT:#}"), || json!({ "note": text }));
        }
    }

    /// Prints what is no part of the result, such as how fast it went.
    pub(super) fn remark(&self, text: &str) {
        self.tell(text, || json!({ "note": text }));
    }

    /// Prints what was found for a CI service, if one is named: after the result, or with `--json` beside it.
    pub(super) fn annotate(&self, service: Option<Annotate>, found: &[Annotation]) -> Result<(), Failure> {
        let text = match service {
            None => return Ok(()),
            Some(Annotate::Github) => workflow_commands(found),
        };
        if !self.json {
            return self.result(&text);
        }
        if !text.is_empty() {
            self.say(text.trim_end());
        }
        Ok(())
    }

    /// Prints why the command failed.
    pub(super) fn fail(&self, failure: &Failure) {
        if self.json {
            return self.say(&failure.json().to_string());
        }
        if let Failure::Problem(problem) = failure {
            let colour = self.diagnostics().current_choice() != ColorChoice::Never;
            let width = columns(&io::stderr()).unwrap_or(Problem::WIDTH);
            return self.say(problem.render(colour, width).trim_end());
        }
        self.say_fit(&format!("{BAD}error{BAD:#}: {}", failure.message()));
        if let Some(help) = failure.help() {
            self.say_fit(&format!("  {STRONG}help{STRONG:#}: {help}"));
        }
    }

    /// Reports an internal error.
    pub(super) fn internal(&self, panic: &Panic, command: &str) {
        let Panic { message, place } = panic;
        let place = place.as_ref().map(|place| format!(" ({place})")).unwrap_or_default();
        if self.json {
            let error = json!({ "message": message, "place": place, "command": command, "exit_code": 70 });
            return self.say(&json!({ "error": error }).to_string());
        }
        self.say(&format!("{BAD}internal error{BAD:#}: {message}{place}"));
        self.say(&format!("  This is a bug in the program. Please report it, with the command:\n  {command}"));
    }
}

/// The width to which text on a stream is wrapped: what the variable `COLUMNS` says if it is exported, or that of the
/// terminal. Without `COLUMNS`, a stream that is no terminal has none: what a program reads is not wrapped.
fn columns(stream: &impl IsTerminal) -> Option<usize> {
    let terminal = || stream.is_terminal().then(terminal_size::terminal_size).flatten();
    let given = environment::variable("COLUMNS").and_then(|columns| columns.parse().ok());
    let width = given.or_else(|| terminal().map(|(width, _)| usize::from(width.0)));
    width.filter(|width| *width > 0)
}

/// Standard output. When its reader has closed it, the rest is silently dropped.
#[derive(Debug)]
pub(super) struct Results {
    out: BufWriter<AutoStream<io::Stdout>>,
    closed: bool,
}

impl Results {
    /// Whether the reader has closed it.
    pub(super) const fn closed(&self) -> bool {
        self.closed
    }

    fn forgive<T>(&mut self, result: io::Result<T>, instead: T) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(instead)
            }
            result => result,
        }
    }
}

impl Write for Results {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.closed {
            return Ok(bytes.len());
        }
        let result = self.out.write(bytes);
        self.forgive(result, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.closed {
            return Ok(());
        }
        let result = self.out.flush();
        self.forgive(result, ())
    }
}
