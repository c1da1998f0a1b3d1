//! A file's text, the JSON value in it, and where each part of that value stands.

use std::ops::Range;

use jsonc_parser::ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde_json::{Map, Value};

use super::diagnostic::{Diagnostic, Finding, Place, Problem};
use super::path::{Path, Step};

/// A text that is JSON with comments.
#[derive(Clone, Debug)]
pub(super) struct Document {
    pub(super) file: String,
    pub(super) text: String,
    root: Spot,
}

/// Where a value stands, and what is in it.
#[derive(Clone, Debug)]
struct Spot {
    key: Option<Range<usize>>,
    value: Range<usize>,
    inner: Inner,
}

#[derive(Clone, Debug)]
enum Inner {
    Plain,
    Object(Vec<(String, Spot)>),
    List(Vec<Spot>),
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
    /// Reads `text`, which came from `file`.
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

    /// Says where in the text a finding is, as nearly as the text goes.
    pub(super) fn locate(&self, finding: Finding) -> Diagnostic {
        let mut spot = &self.root;
        let mut found = true;
        for step in finding.path.steps() {
            let Some(next) = spot.down(step) else {
                found = matches!(step, Step::Index(_)); // a single name in place of a list
                break;
            };
            spot = next;
        }
        let one_line = !self.text[spot.value.clone()].contains('\n');
        let bytes = match &spot.key {
            Some(key) if finding.at_key || !found || !one_line => key.clone(),
            Some(_) | None if one_line => spot.value.clone(),
            Some(_) | None => spot.value.start..spot.value.start + 1,
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
    Diagnostic { message, path: path.to_string(), place: Some(Place::new(text, bytes)), label, help }
}

fn syntax(kind: &str) -> Finding {
    let mut letters = kind.chars();
    let lower: String = letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect();
    Finding::new(Path::ROOT, format!("this is not JSON: {lower}"))
}

impl Spot {
    fn down(&self, step: &Step) -> Option<&Self> {
        match (&self.inner, step) {
            (Inner::Object(fields), Step::Key(key)) => {
                fields.iter().find(|(name, _)| name == key).map(|(_, spot)| spot)
            }
            (Inner::List(items), Step::Index(index)) => items.get(*index),
            (Inner::Plain | Inner::Object(_) | Inner::List(_), Step::Key(_) | Step::Index(_)) => None,
        }
    }
}

type Refused = (Finding, Range<usize>);

fn bytes(node: &impl Ranged) -> Range<usize> {
    let range = node.range();
    range.start..range.end
}

/// Turns a node into a value, and says where it stands; a key that stands twice is refused.
fn convert(
    node: &ast::Value<'_>,
    key: Option<Range<usize>>,
    path: &mut Path,
    into: &mut Value,
) -> Result<Spot, Refused> {
    let inner = match node {
        ast::Value::StringLit(text) => {
            *into = Value::String(text.value.to_string());
            Inner::Plain
        }
        ast::Value::NumberLit(number) => {
            *into = serde_json::from_str(number.value).map(Value::Number).map_err(|_| {
                (Finding::new(path.clone(), format!("`{}` is not a number that fits", number.value)), bytes(number))
            })?;
            Inner::Plain
        }
        ast::Value::BooleanLit(truth) => {
            *into = Value::Bool(truth.value);
            Inner::Plain
        }
        ast::Value::NullKeyword(_) => Inner::Plain,
        ast::Value::Object(object) => {
            let (fields, spots) = convert_object(object, path)?;
            *into = Value::Object(fields);
            Inner::Object(spots)
        }
        ast::Value::Array(array) => {
            let mut items = vec![Value::Null; array.elements.len()];
            let mut spots = Vec::with_capacity(items.len());
            for (index, (element, item)) in array.elements.iter().zip(&mut items).enumerate() {
                path.push(Step::Index(index));
                spots.push(convert(element, None, path, item)?);
                path.pop();
            }
            *into = Value::Array(items);
            Inner::List(spots)
        }
    };
    Ok(Spot { key, value: bytes(node), inner })
}

type Fields = (Map<String, Value>, Vec<(String, Spot)>);

fn convert_object(object: &ast::Object<'_>, path: &mut Path) -> Result<Fields, Refused> {
    let mut fields = Map::new();
    let mut spots = Vec::with_capacity(object.properties.len());
    for property in &object.properties {
        let name = property.name.as_str();
        let mut value = Value::Null;
        let key = bytes(&property.name);
        path.push(Step::Key(name.to_owned()));
        spots.push((name.to_owned(), convert(&property.value, Some(key.clone()), path, &mut value)?));
        if fields.insert(name.to_owned(), value).is_some() {
            let finding = Finding::new(path.clone(), format!("the key `{name}` stands twice"));
            return Err((finding.label("here it stands again").help("remove one of the two"), key));
        }
        path.pop();
    }
    Ok((fields, spots))
}
