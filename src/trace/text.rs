//! The text form of a trace, version 1: one line an event, for people and golden files.

use super::{Detail, Footer, Header, Record};

/// The lines before the first record.
#[must_use]
pub fn head(_header: &Header) -> String {
    String::new()
}

/// The line after the last record.
#[must_use]
pub fn end(_footer: &Footer) -> String {
    String::new()
}

/// Writes records as lines; it remembers each node's last stamp, to show only what changed.
#[derive(Debug)]
pub struct Renderer {}

impl Renderer {
    /// A renderer for a trace with these lanes.
    #[must_use]
    pub fn new(_lanes: &[String], _detail: Detail) -> Self {
        Self {}
    }

    /// The record's line, without its end; `None` if the detail leaves it out.
    pub fn line(&mut self, _record: &Record<'_>) -> Option<String> {
        None
    }
}
