//! Finds the ranges in a file, and mistakes that look like ranges.

use serde_json::{Map, Value};

use super::ends::{Ends, NoEnds};
use super::{Range, Values};
use crate::scenario::diagnostic::Finding;
use crate::scenario::path::{Path, Step};

/// The maximum number of options of a choice; a file is checked with each of them.
pub(in crate::scenario) const MOST_OPTIONS: usize = 100;

/// All ranges in `value`, in the order of their paths.
pub(in crate::scenario) fn find(value: &Value) -> Result<Vec<Range>, Vec<Finding>> {
    let mut search = Search { path: Path::ROOT, options: 0, ranges: Vec::new(), findings: Vec::new() };
    search.visit(value);
    if search.findings.is_empty() { Ok(search.ranges) } else { Err(search.findings) }
}

struct Search {
    path: Path,
    /// The number of choices on the path.
    options: usize,
    ranges: Vec<Range>,
    findings: Vec<Finding>,
}

/// The kind of an object.
enum ObjectKind<'a> {
    Between(&'a Value, &'a Value),
    OneOf(&'a Value),
    /// An object that only the subject interprets.
    Foreign,
    Plain,
}

impl Search {
    fn visit(&mut self, value: &Value) {
        match value {
            Value::Object(fields) => match self.look(fields) {
                ObjectKind::Between(min, max) => self.between(min, max, fields),
                ObjectKind::OneOf(options) => self.one_of(options),
                ObjectKind::Foreign => {}
                ObjectKind::Plain => self.fields(fields),
            },
            Value::Array(items) => {
                for (index, value) in items.iter().enumerate() {
                    self.step(Step::Index(index), value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn fields(&mut self, fields: &Map<String, Value>) {
        for (key, value) in fields {
            self.step(Step::Key(key.clone()), value);
        }
    }

    fn step(&mut self, step: Step, value: &Value) {
        self.path.push(step);
        if !self.path.is_command() {
            self.visit(value);
        }
        self.path.pop();
    }

    /// The bounds of a uniform delay look like a range but are not, and the values of an anchor's rule look like a choice.
    fn look<'a>(&self, fields: &'a Map<String, Value>) -> ObjectKind<'a> {
        let under = self.path.last_key();
        let mut named = fields.iter();
        match (named.next(), named.next(), named.next()) {
            (Some((key, options)), None, None) if key == "one_of" => match options {
                _ if self.path.is_anchor() => ObjectKind::Foreign,
                Value::String(_) => ObjectKind::Plain, // a text under a key that happens to be this word
                Value::Array(_) | Value::Object(_) | Value::Number(_) | Value::Bool(_) | Value::Null => {
                    ObjectKind::OneOf(options)
                }
            },
            (Some(_), Some(_), None) if under != Some("uniform") => match (fields.get("min"), fields.get("max")) {
                (Some(min), Some(max)) => ObjectKind::Between(min, max),
                (Some(_) | None, Some(_) | None) => ObjectKind::Plain,
            },
            _ => ObjectKind::Plain,
        }
    }

    fn between(&mut self, min: &Value, max: &Value, fields: &Map<String, Value>) {
        let quantity = min.is_string();
        match Ends::read(min, max) {
            Ok(ends) => self.found(Values::Between(ends), quantity),
            Err(NoEnds::Neither) if min.is_object() || max.is_object() => {
                let wrong = if min.is_object() { "min" } else { "max" };
                self.nested(self.path.key(wrong));
            }
            Err(NoEnds::Neither) => self.fields(fields),
            Err(NoEnds::Half(wrong, _)) if fields[wrong].is_object() => self.nested(self.path.key(wrong)),
            Err(NoEnds::Half(wrong, why)) => {
                let finding = Finding::new(self.path.key(wrong), format!("this is not a range: {why}"));
                self.findings.push(finding.help("the ends must be two quantities of one kind, or two counts"));
            }
            Err(NoEnds::Reversed) => {
                let text = |end: &Value| end.as_str().map_or_else(|| end.to_string(), str::to_owned);
                let message = format!("`min` is greater than `max`: {} > {}", text(min), text(max));
                let finding = Finding::new(self.path.key("min"), message);
                self.findings.push(finding.label("greater than `max`").help("swap the two"));
            }
        }
    }

    fn one_of(&mut self, options: &Value) {
        let path = self.path.key("one_of");
        let Some(options) = options.as_array() else {
            let finding = Finding::new(path, "`one_of` must be a list");
            return self.findings.push(finding.help("write { \"one_of\": [ … ] }"));
        };
        if options.is_empty() {
            let finding = Finding::new(path, "`one_of` is empty");
            return self.findings.push(finding.label("an empty list").help("name at least one option"));
        }
        if options.len() > MOST_OPTIONS {
            let finding = Finding::new(path, format!("too many options: at most {MOST_OPTIONS} are allowed"));
            return self.findings.push(finding.label(format!("has {}", options.len())));
        }
        self.found(Values::OneOf(options.clone()), false);
        self.options += 1;
        self.path.push(Step::Key("one_of".to_owned()));
        for (index, option) in options.iter().enumerate() {
            self.step(Step::Index(index), option);
        }
        self.path.pop();
        self.options -= 1;
    }

    fn found(&mut self, values: Values, quantity: bool) {
        if self.options > 0 {
            return self.nested(self.path.clone());
        }
        match self.fixed(quantity) {
            Some(what) => {
                let finding =
                    Finding::new(self.path.clone(), format!("{what} the same for every seed, so it can't be a range"));
                self.findings.push(finding.label("a range").help("write one value"));
            }
            None => self.ranges.push(Range { path: self.path.clone(), values }),
        }
    }

    fn nested(&mut self, path: Path) {
        let finding = Finding::new(path, "a range can't contain another range").label("a range in a range");
        self.findings.push(finding.help("write one value, or `one_of` with every possible value"));
    }

    /// What is at the path, if it must not be drawn: whatever identifies the file, and the expectations of a sweep.
    fn fixed(&self, quantity: bool) -> Option<&'static str> {
        let keys: Vec<&str> = self.path.keys().collect();
        match keys.as_slice() {
            [] => Some("a scenario is"),
            ["$schema" | "name" | "about"] => Some("`$schema`, `name` and `about` are"),
            ["subject"] => Some("the subject is"),
            ["run", "seed"] => Some("the default seed is"),
            ["protocols"] | ["protocols", _] => Some("the set of protocols is"),
            ["protocols", _, "flaws", ..] => Some("flaws are"),
            ["expect", "within", _] if quantity => None,
            ["expect", ..] => Some("an expectation is"),
            _ => None,
        }
    }
}
