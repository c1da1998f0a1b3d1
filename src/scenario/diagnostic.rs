//! Errors in a scenario, with their places and corrections.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Serialize;

use super::path::Path;
use crate::wrap::wrap;

/// Why a scenario can't be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file, as it was named.
    pub file: String,
    /// How far reading came.
    pub stage: LoadStage,
    /// The errors; never empty.
    pub diagnostics: Vec<Diagnostic>,
    #[serde(skip)]
    text: String,
}

/// How far reading a scenario came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoadStage {
    /// There is no such file or built-in scenario.
    Finding,
    /// The file could not be read.
    Reading,
    /// The file was read, but is not a valid scenario.
    Checking,
}

/// One error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// What is wrong.
    pub message: String,
    /// Where, as a path: `faults[2].fault`. Empty for the whole file.
    pub path: String,
    /// Where, in the text; `None` for something that is not in the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<TextPosition>,
    /// The label at that place.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// How to correct it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// A place in a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TextPosition {
    /// The line, from 1.
    pub line: u32,
    /// The character in the line, from 1.
    pub column: u32,
    /// The bytes.
    #[serde(skip)]
    pub bytes: Range<usize>,
}

impl TextPosition {
    /// The place of `bytes` in `text`, moved to character boundaries.
    pub(super) fn new(text: &str, bytes: Range<usize>) -> Self {
        let start = text.floor_char_boundary(bytes.start);
        let end = text.ceil_char_boundary(bytes.end.max(start));
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).saturating_add(1);
        Self {
            line: count(before.matches('\n').count()),
            column: count(before[line_start..].chars().count()),
            bytes: start..end,
        }
    }
}

/// What other findings depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FindingKind {
    /// A key that nobody knows.
    UnknownKey,
    /// A word that nobody knows.
    UnknownWord,
    Other,
}

/// A diagnostic without its place in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) kind: FindingKind,
    pub(super) path: Path,
    /// Whether the place is the key, and not its value.
    pub(super) at_key: bool,
    pub(super) message: String,
    pub(super) label: String,
    pub(super) help: Option<String>,
}

impl Finding {
    pub(super) fn new(path: Path, message: impl Into<String>) -> Self {
        Self {
            kind: FindingKind::Other,
            path,
            at_key: false,
            message: message.into(),
            label: String::new(),
            help: None,
        }
    }

    pub(super) fn kind(mut self, kind: FindingKind) -> Self {
        self.kind = kind;
        self
    }

    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn at_key(mut self) -> Self {
        self.at_key = true;
        self
    }
}

impl Problem {
    pub(super) fn new(file: &str, text: &str, diagnostics: Vec<Diagnostic>) -> Self {
        Self { file: file.to_owned(), stage: LoadStage::Checking, diagnostics, text: text.to_owned() }
    }

    /// A problem with no place in a text.
    pub(super) fn without_text(file: &str, stage: LoadStage, message: String, help: Option<String>) -> Self {
        let diagnostic = Diagnostic { message, path: String::new(), place: None, label: String::new(), help };
        Self { file: file.to_owned(), stage, diagnostics: vec![diagnostic], text: String::new() }
    }

    /// The width where there is no terminal.
    pub const WIDTH: usize = 140;

    /// The problem for people, in the format of rustc; `colour` adds escape codes. Messages are wrapped at words to
    /// `width` letters, and only the part of a longer line of the file that matters is shown.
    #[must_use]
    pub fn render(&self, colour: bool, width: usize) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.term_width(width);
        let reports = self.diagnostics.iter().map(|diagnostic| renderer.render(&self.report(diagnostic, width)));
        let mut text = reports.collect::<Vec<_>>().join("\n\n");
        text.push('\n');
        text
    }

    fn report<'a>(&'a self, diagnostic: &'a Diagnostic, width: usize) -> Vec<Group<'a>> {
        let message = wrap(&diagnostic.message, width.saturating_sub("error: ".len()), 0);
        let title = Level::ERROR.primary_title(message);
        let mut group = Group::with_title(title);
        if let Some(place) = &diagnostic.place {
            let annotation = AnnotationKind::Primary.span(place.bytes.clone()).label(&*diagnostic.label);
            group = group.element(Snippet::source(&*self.text).path(&*self.file).annotation(annotation));
        }
        if let Some(help) = &diagnostic.help {
            // The help stands behind the number of the line.
            let line = diagnostic.place.as_ref().map_or(0, |place| place.line.to_string().len());
            let help = wrap(help, width.saturating_sub(line + " = help: ".len()), 0);
            group = group.element(Level::HELP.message(help));
        }
        vec![group]
    }
}

/// One line each.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (count, diagnostic) in self.diagnostics.iter().enumerate() {
            if count > 0 {
                f.write_str("\n")?;
            }
            f.write_str(&self.file)?;
            if let Some(place) = &diagnostic.place {
                write!(f, ":{}:{}", place.line, place.column)?;
            }
            write!(f, ": {}", diagnostic.message)?;
            if let Some(help) = &diagnostic.help {
                write!(f, " ({help})")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}
