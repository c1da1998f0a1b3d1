//! Finds the bracket at fault in a text whose brackets do not match.

use std::ops::Range;

use super::diagnostic::{Finding, TextPosition};
use super::path::Path;

/// What is wrong with the brackets of a text, if anything, and where. A text with an unclosed string or comment is not
/// judged: nobody knows where it goes on.
pub(super) fn unbalanced(text: &str) -> Option<(Finding, Range<usize>)> {
    let mut scan = Scan { text, open: Vec::new(), early: None };
    for (at, bracket) in brackets(text)? {
        match bracket {
            '{' | '[' => scan.open.push((at, bracket)),
            _ => {
                if let Some(found) = scan.close(at, bracket) {
                    return Some(found);
                }
            }
        }
    }
    let innermost = scan.open.last()?;
    let (at, bracket) = scan.early.unwrap_or(*innermost);
    Some(unclosed(at, bracket, format!("the text ends in line {}", text.lines().count().max(1))))
}

/// An opening bracket, and its place.
type Open = (usize, char);

struct Scan<'a> {
    text: &'a str,
    open: Vec<Open>,
    /// The first bracket that was closed by one that stands further left than its line: probably the closing bracket of an
    /// outer one, and its own is missing.
    early: Option<Open>,
}

impl Scan<'_> {
    /// Closes the innermost bracket; what is wrong, if they do not match.
    fn close(&mut self, at: usize, bracket: char) -> Option<(Finding, Range<usize>)> {
        let opener = if bracket == '}' { '{' } else { '[' };
        let Some((start, open)) = self.open.pop() else {
            return Some((mark(format!("this `{bracket}` closes nothing")).help("remove it"), at..at + 1));
        };
        if open == opener {
            let further_left = self.starts_line(at) && self.indent(at) < self.indent(start);
            self.early = self.early.or(further_left.then_some((start, open)));
            return None;
        }
        let place = TextPosition::new(self.text, at..at);
        let noticed = format!("the `{bracket}` in line {}, column {} does not close it", place.line, place.column);
        if self.open.iter().any(|(_, open)| *open == opener) {
            return Some(unclosed(start, open, noticed));
        }
        let start = TextPosition::new(self.text, start..start);
        let message =
            format!("this `{bracket}` does not match the `{open}` in line {}, column {}", start.line, start.column);
        Some((mark(message).help(format!("write `{}`", closer(open))), at..at + 1))
    }

    /// The text of the line before this place.
    fn before(&self, at: usize) -> &str {
        let line = self.text[..at].rfind('\n').map_or(0, |end| end + 1);
        &self.text[line..at]
    }

    fn starts_line(&self, at: usize) -> bool {
        self.before(at).trim_start().is_empty()
    }

    /// How far the line of this place is indented.
    fn indent(&self, at: usize) -> usize {
        let before = self.before(at);
        before.len() - before.trim_start().len()
    }
}

const fn closer(open: char) -> char {
    if open == '{' { '}' } else { ']' }
}

fn mark(message: String) -> Finding {
    Finding::new(Path::ROOT, message)
}

fn unclosed(at: usize, bracket: char, noticed: String) -> (Finding, Range<usize>) {
    let finding = mark(format!("this `{bracket}` is never closed"));
    (finding.label(format!("needs a `{}`", closer(bracket))).help(noticed), at..at + 1)
}

/// The brackets outside strings and comments, with their places; `None` if a string or a comment does not end.
fn brackets(text: &str) -> Option<Vec<Open>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(letter) = text[at..].chars().next() {
        let rest = &text[at + letter.len_utf8()..];
        at += letter.len_utf8();
        at += match letter {
            '{' | '[' | '}' | ']' => {
                found.push((at - 1, letter));
                0
            }
            '"' => string(rest)?,
            '\'' => return None,
            '/' if rest.starts_with('/') => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with('*') => rest[1..].find("*/")? + 3,
            _ => 0,
        };
    }
    Some(found)
}

/// The length of what is left of a string, with its end.
fn string(rest: &str) -> Option<usize> {
    let mut letters = rest.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some(at + 1),
            '\\' => drop(letters.next()?),
            '\n' => return None,
            _ => {}
        }
    }
    None
}
