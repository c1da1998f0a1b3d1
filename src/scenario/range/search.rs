//! Finds the ranges in a file, and what looks like one but is none.

use serde_json::{Map, Value};

use super::ends::{Ends, NoEnds};
use super::{Range, Values};
use crate::scenario::diagnostic::Finding;
use crate::scenario::path::{Path, Step};

/// The most options of a choice: a file is checked with each of them.
pub(in crate::scenario) const MOST_OPTIONS: usize = 100;

/// All ranges in `value`, in the order of their paths.
pub(in crate::scenario) fn find(value: &Value) -> Result<Vec<Range>, Vec<Finding>> {
    let mut search = Search { path: Path::ROOT, options: 0, ranges: Vec::new(), findings: Vec::new() };
    search.visit(value);
    if search.findings.is_empty() { Ok(search.ranges) } else { Err(search.findings) }
}

struct Search {
    path: Path,
    /// In how many options of choices the path leads.
    options: usize,
    ranges: Vec<Range>,
    findings: Vec<Finding>,
}

/// What an object looks like.
enum Look<'a> {
    Between(&'a Value, &'a Value),
    OneOf(&'a Value),
    /// What the subject alone understands.
    Foreign,
    Plain,
}

impl Search {
    fn visit(&mut self, value: &Value) {
        match value {
            Value::Object(fields) => match self.look(fields) {
                Look::Between(min, max) => self.between(min, max, fields),
                Look::OneOf(options) => self.one_of(options),
                Look::Foreign => {}
                Look::Plain => self.fields(fields),
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

    /// The bounds of a uniform delay only look like a range, and the values of an anchor's rule like a choice.
    fn look<'a>(&self, fields: &'a Map<String, Value>) -> Look<'a> {
        let under = self.path.last_key();
        let mut named = fields.iter();
        match (named.next(), named.next(), named.next()) {
            (Some((key, options)), None, None) if key == "one_of" => match options {
                _ if under == Some("rule") => Look::Foreign,
                Value::String(_) => Look::Plain, // a text under a key that happens to be this word
                Value::Array(_) | Value::Object(_) | Value::Number(_) | Value::Bool(_) | Value::Null => {
                    Look::OneOf(options)
                }
            },
            (Some(_), Some(_), None) if under != Some("uniform") => match (fields.get("min"), fields.get("max")) {
                (Some(min), Some(max)) => Look::Between(min, max),
                (Some(_) | None, Some(_) | None) => Look::Plain,
            },
            _ => Look::Plain,
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
                let finding = Finding::new(self.path.key(wrong), format!("this is no range: {why}"));
                self.findings.push(finding.help("both ends of a range are of one quantity, or both are counts"));
            }
            Err(NoEnds::Reversed) => {
                let text = |end: &Value| end.as_str().map_or_else(|| end.to_string(), str::to_owned);
                let message = format!("the range ends before it begins: {} < {}", text(max), text(min));
                let finding = Finding::new(self.path.key("min"), message);
                self.findings.push(finding.label("greater than `max`").help("swap the two"));
            }
        }
    }

    fn one_of(&mut self, options: &Value) {
        let path = self.path.key("one_of");
        let Some(options) = options.as_array() else {
            let finding = Finding::new(path, "a choice is made from a list");
            return self.findings.push(finding.help("write { \"one_of\": [ … ] }"));
        };
        if options.is_empty() {
            let finding = Finding::new(path, "there is nothing to choose from");
            return self.findings.push(finding.label("an empty list").help("name at least one option"));
        }
        if options.len() > MOST_OPTIONS {
            let finding = Finding::new(path, format!("a choice is made from at most {MOST_OPTIONS} options"));
            return self.findings.push(finding.label(format!("there are {}", options.len())));
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
                let finding = Finding::new(self.path.clone(), format!("{what} the same for every seed"));
                self.findings.push(finding.label("a range").help("write one value"));
            }
            None => self.ranges.push(Range { path: self.path.clone(), values }),
        }
    }

    fn nested(&mut self, path: Path) {
        let finding = Finding::new(path, "a range has no other range in it").label("a range in a range");
        self.findings.push(finding.help("write one value, or `one_of` with all that may stand here"));
    }

    /// What stands at the path, if no seed may draw it: what a file is known by, and what a sweep is judged by.
    fn fixed(&self, quantity: bool) -> Option<&'static str> {
        let keys: Vec<&str> = self.path.keys().collect();
        match keys.as_slice() {
            [] => Some("a scenario is"),
            ["$schema" | "name" | "about"] => Some("a scenario's name and what is said about it are"),
            ["subject"] => Some("the subject is"),
            ["run", "seed"] => Some("the default of the seed is"),
            ["protocols"] | ["protocols", _] => Some("which protocols run is"),
            ["protocols", _, "flaws", ..] => Some("flaws are"),
            ["expect", "within", _] if quantity => None,
            ["expect", ..] => Some("what is expected is"),
            _ => None,
        }
    }
}
