//! All that is left of a shrunk run: its scenario, its story, its picture.

use super::file::{Naming, scenario_file};
use super::picture::svg;
use super::story::story;
use crate::hunt::{Need, Shrunk};

/// Texts of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Papers {
    /// The scenario, as JSON with comments.
    pub scenario: String,
    /// The story, as Markdown.
    pub story: String,
    /// The space-time diagram of the story, as SVG.
    pub picture: String,
}

impl Papers {
    /// Writes down a shrunk run; `picture` is the name of the picture's file.
    #[must_use]
    pub fn of(shrunk: &Shrunk, needs: &[Need], naming: Naming<'_>, picture: &str) -> Self {
        let (story, cone) = story(shrunk, needs, naming.name, picture);
        let title = format!("{} breaks {}: {}", naming.name, shrunk.kind.invariant, shrunk.violation.sentence);
        Self { scenario: scenario_file(shrunk, needs, naming), story, picture: svg(&cone, &title) }
    }
}
