//! A file's text, the JSON value in it, and the place of each part of that value.

use std::ops::Range;

use jsonc_parser::ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde_json::{Map, Value};

use crate::decimal;

use super::brackets;
use super::diagnostic::{Diagnostic, Finding, Problem, TextPosition};
use super::path::{Path, Step};

/// A text of JSON with comments.
#[derive(Clone, Debug)]
pub(super) struct Document {
    pub(super) file: String,
    pub(super) text: String,
    root: ValuePosition,
    misread: Misread,
}

/// What is JSON but can't be read: duplicate keys, and numbers that can't be held.
#[derive(Clone, Debug, Default)]
struct Misread {
    mistakes: Vec<Diagnostic>,
    /// The places whose values are unknown, in the order of the text.
    unread: Vec<Path>,
}

/// The place of a value, and of its parts.
#[derive(Clone, Debug)]
struct ValuePosition {
    key: Option<Range<usize>>,
    value: Range<usize>,
    inner: Inner,
}

#[derive(Clone, Debug)]
enum Inner {
    Plain,
    Object(Vec<(String, ValuePosition)>),
    List(Vec<ValuePosition>),
}

const STRICT: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

impl Document {
    /// Reads `text`, which is from `file`.
    pub(super) fn parse(file: &str, text: &str) -> Result<(Self, Value), Problem> {
        let problem = |finding: Finding, bytes| Problem::new(file, text, vec![place(finding, text, bytes)]);
        let parsed = parse_to_ast(text, &CollectOptions::default(), &STRICT).map_err(|error| {
            let range = error.range();
            let broken = (syntax(&error.kind().to_string()), range.start..range.end);
            let (finding, bytes) = brackets::unbalanced(text).unwrap_or(broken);
            problem(finding, bytes)
        })?;
        let Some(root) = parsed.value else {
            let finding = Finding::new(Path::ROOT, "the file is empty").help("the smallest scenario is {}");
            return Err(problem(finding, 0..0));
        };
        let mut reading = Reading { text, path: Path::ROOT, misread: Misread::default() };
        let mut value = Value::Null;
        let root = reading.convert(&root, None, &mut value);
        Ok((Self { file: file.to_owned(), text: text.to_owned(), root, misread: reading.misread }, value))
    }

    /// The places whose values could not be read, in the order of the text.
    pub(super) fn unread(&self) -> &[Path] {
        &self.misread.unread
    }

    /// Whether all of it could be read.
    pub(super) fn readable(&self) -> Result<(), Problem> {
        if self.misread.mistakes.is_empty() { Ok(()) } else { Err(self.problem(Vec::new())) }
    }

    /// Finds the place of a finding in the text, or of the nearest part that is in the text.
    pub(super) fn locate(&self, finding: Finding) -> Diagnostic {
        let mut position = &self.root;
        let mut found = true;
        for step in finding.path.steps() {
            let Some(next) = position.down(step) else {
                found = matches!(step, Step::Index(_)); // a single name instead of a list
                break;
            };
            position = next;
        }
        let one_line = !self.text[position.value.clone()].contains('\n');
        let bytes = match &position.key {
            Some(key) if finding.at_key || !found || !one_line => key.clone(),
            Some(_) | None if one_line => position.value.clone(),
            Some(_) | None => position.value.start..position.value.start + 1,
        };
        place(finding, &self.text, bytes)
    }

    /// The problem of all `findings`, and of what could not be read, in the order of the text.
    pub(super) fn problem(&self, findings: Vec<Finding>) -> Problem {
        let mut diagnostics = self.misread.mistakes.clone();
        diagnostics.extend(findings.into_iter().map(|finding| self.locate(finding)));
        diagnostics.sort_by_key(|diagnostic| diagnostic.place.as_ref().map(|place| place.bytes.start));
        Problem::new(&self.file, &self.text, diagnostics)
    }
}

fn place(finding: Finding, text: &str, bytes: Range<usize>) -> Diagnostic {
    let Finding { kind: _, path, at_key: _, message, label, help } = finding;
    Diagnostic { message, path: path.to_string(), place: Some(TextPosition::new(text, bytes)), label, help }
}

fn syntax(kind: &str) -> Finding {
    let mut letters = kind.chars();
    let lower: String = letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect();
    Finding::new(Path::ROOT, format!("this is not JSON: {lower}"))
}

impl ValuePosition {
    fn down(&self, step: &Step) -> Option<&Self> {
        match (&self.inner, step) {
            (Inner::Object(fields), Step::Key(key)) => {
                fields.iter().find(|(name, _)| name == key).map(|(_, position)| position)
            }
            (Inner::List(items), Step::Index(index)) => items.get(*index),
            (Inner::Plain | Inner::Object(_) | Inner::List(_), Step::Key(_) | Step::Index(_)) => None,
        }
    }
}

fn bytes(node: &impl Ranged) -> Range<usize> {
    let range = node.range();
    range.start..range.end
}

type Fields = (Map<String, Value>, Vec<(String, ValuePosition)>);

/// The way through the nodes of a text.
struct Reading<'a> {
    text: &'a str,
    path: Path,
    misread: Misread,
}

impl Reading<'_> {
    /// Turns a node into a value and its place.
    fn convert(&mut self, node: &ast::Value<'_>, key: Option<Range<usize>>, into: &mut Value) -> ValuePosition {
        let inner = match node {
            ast::Value::StringLit(text) => {
                *into = Value::String(text.value.to_string());
                Inner::Plain
            }
            ast::Value::NumberLit(number) => {
                match read_number(number.value) {
                    Ok(read) => *into = Value::Number(read),
                    Err(why) => {
                        self.misread.unread.push(self.path.clone());
                        self.mistake(format!("the number `{}` {why}", number.value), "", None, bytes(number));
                    }
                }
                Inner::Plain
            }
            ast::Value::BooleanLit(truth) => {
                *into = Value::Bool(truth.value);
                Inner::Plain
            }
            ast::Value::NullKeyword(_) => Inner::Plain,
            ast::Value::Object(object) => {
                let (fields, positions) = self.object(object);
                *into = Value::Object(fields);
                Inner::Object(positions)
            }
            ast::Value::Array(array) => {
                let mut items = vec![Value::Null; array.elements.len()];
                let mut positions = Vec::with_capacity(items.len());
                for (index, (element, item)) in array.elements.iter().zip(&mut items).enumerate() {
                    self.path.push(Step::Index(index));
                    positions.push(self.convert(element, None, item));
                    self.path.pop();
                }
                *into = Value::Array(items);
                Inner::List(positions)
            }
        };
        ValuePosition { key, value: bytes(node), inner }
    }

    /// The fields of an object. Of two with one name the first counts.
    fn object(&mut self, object: &ast::Object<'_>) -> Fields {
        let mut fields = Map::new();
        let mut positions = Vec::with_capacity(object.properties.len());
        for property in &object.properties {
            let name = property.name.as_str();
            let key = bytes(&property.name);
            self.path.push(Step::Key(name.to_owned()));
            if fields.contains_key(name) {
                let message = format!("duplicate key `{name}`");
                self.mistake(message, "the second time", Some("remove one of the two"), key);
            } else {
                let mut value = Value::Null;
                let position = self.convert(&property.value, Some(key), &mut value);
                positions.push((name.to_owned(), position));
                fields.insert(name.to_owned(), value);
            }
            self.path.pop();
        }
        (fields, positions)
    }

    fn mistake(&mut self, message: String, label: &str, help: Option<&str>, bytes: Range<usize>) {
        let finding = Finding::new(self.path.clone(), message).label(label);
        let finding = Finding { help: help.map(ToOwned::to_owned), ..finding };
        self.misread.mistakes.push(place(finding, self.text, bytes));
    }
}

/// The number in a text, or why it can't be held.
fn read_number(text: &str) -> Result<serde_json::Number, &'static str> {
    let read: serde_json::Number = serde_json::from_str(text).map_err(|_| "is out of range")?;
    if decimal::canonical(text) == decimal::canonical(&read.to_string()) {
        Ok(read)
    } else {
        Err("has more digits than can be kept")
    }
}
