//! A file's text, the JSON value in it, and the place of each part of that value.

use std::ops::Range;

use jsonc_parser::ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde_json::{Map, Value};

use crate::decimal;

use super::diagnostic::{Diagnostic, Finding, Problem, TextPosition};
use super::path::{Path, Step};

/// A text of JSON with comments.
#[derive(Clone, Debug)]
pub(super) struct Document {
    pub(super) file: String,
    pub(super) text: String,
    root: ValuePosition,
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
            problem(syntax(&error.kind().to_string()), range.start..range.end)
        })?;
        let Some(root) = parsed.value else {
            let finding = Finding::new(Path::ROOT, "the file is empty").help("the smallest scenario is {}");
            return Err(problem(finding, 0..0));
        };
        let mut value = Value::Null;
        let read = convert(&root, None, &mut Path::ROOT.clone(), &mut value);
        let root = read.map_err(|(finding, bytes)| problem(finding, bytes))?;
        Ok((Self { file: file.to_owned(), text: text.to_owned(), root }, value))
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

    /// The problem of all `findings`.
    pub(super) fn problem(&self, findings: Vec<Finding>) -> Problem {
        let diagnostics = findings.into_iter().map(|finding| self.locate(finding)).collect();
        Problem::new(&self.file, &self.text, diagnostics)
    }
}

fn place(finding: Finding, text: &str, bytes: Range<usize>) -> Diagnostic {
    let Finding { path, at_key: _, message, label, help } = finding;
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

type ConvertError = (Finding, Range<usize>);

fn bytes(node: &impl Ranged) -> Range<usize> {
    let range = node.range();
    range.start..range.end
}

/// Turns a node into a value and its place; refuses duplicate keys.
fn convert(
    node: &ast::Value<'_>,
    key: Option<Range<usize>>,
    path: &mut Path,
    into: &mut Value,
) -> Result<ValuePosition, ConvertError> {
    let inner = match node {
        ast::Value::StringLit(text) => {
            *into = Value::String(text.value.to_string());
            Inner::Plain
        }
        ast::Value::NumberLit(number) => {
            let refused =
                |why: &str| (Finding::new(path.clone(), format!("the number `{}` {why}", number.value)), bytes(number));
            let read: serde_json::Number =
                serde_json::from_str(number.value).map_err(|_| refused("is out of range"))?;
            if decimal::canonical(number.value) != decimal::canonical(&read.to_string()) {
                return Err(refused("has more digits than can be kept"));
            }
            *into = Value::Number(read);
            Inner::Plain
        }
        ast::Value::BooleanLit(truth) => {
            *into = Value::Bool(truth.value);
            Inner::Plain
        }
        ast::Value::NullKeyword(_) => Inner::Plain,
        ast::Value::Object(object) => {
            let (fields, positions) = convert_object(object, path)?;
            *into = Value::Object(fields);
            Inner::Object(positions)
        }
        ast::Value::Array(array) => {
            let mut items = vec![Value::Null; array.elements.len()];
            let mut positions = Vec::with_capacity(items.len());
            for (index, (element, item)) in array.elements.iter().zip(&mut items).enumerate() {
                path.push(Step::Index(index));
                positions.push(convert(element, None, path, item)?);
                path.pop();
            }
            *into = Value::Array(items);
            Inner::List(positions)
        }
    };
    Ok(ValuePosition { key, value: bytes(node), inner })
}

type Fields = (Map<String, Value>, Vec<(String, ValuePosition)>);

fn convert_object(object: &ast::Object<'_>, path: &mut Path) -> Result<Fields, ConvertError> {
    let mut fields = Map::new();
    let mut positions = Vec::with_capacity(object.properties.len());
    for property in &object.properties {
        let name = property.name.as_str();
        let mut value = Value::Null;
        let key = bytes(&property.name);
        path.push(Step::Key(name.to_owned()));
        positions.push((name.to_owned(), convert(&property.value, Some(key.clone()), path, &mut value)?));
        if fields.insert(name.to_owned(), value).is_some() {
            let finding = Finding::new(path.clone(), format!("duplicate key `{name}`"));
            return Err((finding.label("the second time").help("remove one of the two"), key));
        }
        path.pop();
    }
    Ok((fields, positions))
}
