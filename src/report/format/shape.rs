//! The JSON Schema of scenarios as sections of keys, each with its value, its default and its meaning.

use serde_json::Value;

/// A type of the format: an object with keys, or a value with several forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its name in the schema, or for whom it is.
    pub title: String,
    /// What it is.
    pub about: String,
    /// Its keys, those that are required first, or its forms.
    pub lines: Vec<Line>,
}

/// A key, or a form of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The key, or the form as it is written.
    pub key: String,
    /// What may stand there; nothing if the key says it.
    pub value: String,
    /// Whether it must be given, or what it is if it is not.
    pub given: Given,
    /// What it means.
    pub about: String,
}

/// Whether a key must be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// It must.
    Required,
    /// If it is not, it is this.
    Default(String),
    /// It need not; the meaning says what holds without it.
    Optional,
    /// It is a form of a value, and no key.
    Form,
}

/// Definitions that occur on many pages, and are explained on one.
pub(super) const COMMON: [&str; 2] = ["Delay", "Target"];
/// The quantities and names, by their definitions.
pub(super) const WORDS: [(&str, &str); 8] = [
    ("Duration", "duration"),
    ("Share", "share"),
    ("Rate", "rate"),
    ("Drift", "drift"),
    ("Offset", "offset"),
    ("Seed", "seed"),
    ("Node", "node"),
    ("Operation", "operation"),
];
/// A default that is longer is left to the keys below.
const SHORT: usize = 40;

/// The schema of scenarios.
#[derive(Clone, Debug)]
pub(super) struct Schema {
    root: Value,
}

impl Schema {
    pub(super) const fn new(root: Value) -> Self {
        Self { root }
    }

    /// The keys at the top of a scenario, for each subject if they depend on it, and the sections of all that is in them.
    pub(super) fn part(&self, keys: &[&str]) -> Vec<Section> {
        let mut found = Vec::new();
        let top: Vec<_> = keys.iter().flat_map(|key| self.top(key)).collect();
        top.iter().for_each(|(_, schema)| self.names(schema, &mut found));
        let about = "At the top of the file.".to_owned();
        let lines = top.iter().map(|(key, schema)| self.line(key, schema, false)).collect();
        let sections = found.iter().map(|name| self.section(name));
        std::iter::once(Section { title: "Keys".to_owned(), about, lines }).chain(sections).collect()
    }

    /// The key, and its schema; for each subject if they depend on it.
    fn top(&self, key: &str) -> Vec<(String, Value)> {
        let mut of_subjects = Vec::new();
        for (subject, properties) in self.subjects() {
            if let Some(schema) = properties.get(key) {
                let mut schema = schema.clone();
                for about in ["type", "description"] {
                    schema[about] = self.root["properties"][key][about].clone();
                }
                of_subjects.push((format!("{key} (subject {subject})"), schema));
            }
        }
        if of_subjects.is_empty() {
            of_subjects.push((key.to_owned(), self.root["properties"][key].clone()));
        }
        of_subjects
    }

    /// What depends on the subject, for each subject.
    fn subjects(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.root["allOf"].as_array().into_iter().flatten().map(|entry| {
            let name = entry["if"]["properties"]["subject"]["const"].as_str().unwrap_or_default();
            (name, &entry["then"]["properties"])
        })
    }

    /// The definitions that a schema uses, in the order in which they are met, without the common ones.
    fn names(&self, schema: &Value, found: &mut Vec<String>) {
        match schema {
            Value::Object(fields) => {
                if let Some(name) = fields.get("$ref").and_then(Value::as_str).map(base) {
                    let has_section = self.has_section(name);
                    if COMMON.contains(&name) || has_section && found.iter().any(|known| known == name) {
                        return;
                    }
                    if has_section {
                        found.push(name.to_owned());
                    }
                    self.names(self.whole(name), found);
                }
                fields.iter().filter(|(key, _)| *key != "default").for_each(|(_, inner)| self.names(inner, found));
            }
            Value::Array(items) => items.iter().for_each(|item| self.names(item, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// The definition of this name, without the forms that draw it.
    fn whole(&self, name: &str) -> &Value {
        let definitions = &self.root["$defs"];
        definitions.get(format!("Plain{name}")).unwrap_or(&definitions[name])
    }

    /// Whether a definition is an object with keys, or has forms that must be explained.
    fn has_section(&self, name: &str) -> bool {
        let whole = self.whole(name);
        let is_word = WORDS.iter().any(|(known, _)| *known == name);
        !is_word
            && ["properties", "oneOf", "anyOf", "additionalProperties"]
                .iter()
                .any(|key| whole[*key].is_object() || whole[*key].is_array())
    }

    /// The section of a definition.
    pub(super) fn section(&self, name: &str) -> Section {
        let whole = self.whole(name);
        let title = self.title(name);
        Section { title, about: text(whole), lines: self.lines(whole) }
    }

    /// A name in the schema ends with a number if two subjects have a type of this name.
    fn title(&self, name: &str) -> String {
        let reference = format!("#/$defs/{name}");
        let is_used = |properties: &Value| {
            [&properties["protocols"], &properties["workload"]["items"]]
                .iter()
                .any(|schema| schema["$ref"] == *reference)
        };
        let subject = self.subjects().find(|(_, properties)| is_used(properties)).map(|(subject, _)| subject);
        let plain = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
        subject.map_or_else(|| name.to_owned(), |subject| format!("{plain} of {subject}"))
    }

    fn lines(&self, whole: &Value) -> Vec<Line> {
        if whole["properties"].is_object() {
            return self.keys("", whole);
        }
        let forms = ["oneOf", "anyOf"].into_iter().find_map(|key| whole[key].as_array());
        match forms {
            Some(forms) => forms.iter().flat_map(|form| self.form(form)).collect(),
            None => vec![self.line("NAME", &whole["additionalProperties"], false)],
        }
    }

    /// The keys of an object, those that are required first.
    fn keys(&self, before: &str, whole: &Value) -> Vec<Line> {
        let Some(properties) = whole["properties"].as_object() else { return Vec::new() };
        let is_required =
            |key: &String| whole["required"].as_array().is_some_and(|names| names.iter().any(|name| name == key));
        let (first, rest): (Vec<_>, Vec<_>) = properties.iter().partition(|(key, _)| is_required(key));
        let line = |(key, schema): (&String, &Value)| self.line(&format!("{before}{key}"), schema, is_required(key));
        first.into_iter().chain(rest).map(line).collect()
    }

    /// One form of a value; if it is an object that has no name, with its keys.
    fn form(&self, form: &Value) -> Vec<Line> {
        let line = Line { key: self.word(form), value: String::new(), given: Given::Form, about: text(form) };
        let mut lines = vec![line];
        let single = form["properties"].as_object().filter(|properties| properties.len() == 1);
        match single.and_then(|properties| properties.iter().next()) {
            Some((key, inner)) => lines.extend(self.keys(&format!("{key}."), inner)),
            None => lines.extend(self.keys("", form)),
        }
        lines
    }

    fn line(&self, key: &str, schema: &Value, required: bool) -> Line {
        let default = schema.get("default").map(Value::to_string).filter(|default| default.len() <= SHORT);
        let given = match default {
            _ if required => Given::Required,
            Some(default) => Given::Default(default),
            None => Given::Optional,
        };
        Line { key: key.to_owned(), value: self.word(schema), given, about: text(schema) }
    }

    /// What may stand in a place, in a few words.
    fn word(&self, schema: &Value) -> String {
        if let Some(name) = schema["$ref"].as_str().map(base) {
            return self.named(name);
        }
        if let Some(only) = schema.get("const") {
            return only.to_string();
        }
        if let Some(several) = schema["enum"].as_array() {
            return several.iter().map(Value::to_string).collect::<Vec<_>>().join(", ");
        }
        if let Some(forms) = schema["anyOf"].as_array() {
            let plain = forms.iter().filter(|form| !is_drawn(form) && form["type"] != "null");
            return plain.map(|form| self.word(form)).collect::<Vec<_>>().join(", or ");
        }
        match schema["type"].as_array().into_iter().flatten().chain([&schema["type"]]).find_map(Value::as_str) {
            Some("integer") => number(schema),
            Some("boolean") => "true or false".to_owned(),
            Some("string") if schema["pattern"].as_str().is_some_and(|pattern| pattern.starts_with("^n")) => {
                "node".to_owned()
            }
            Some("string") => "text".to_owned(),
            Some("array") => format!("list of {}", self.word(&schema["items"])),
            Some("object") => self.object(schema),
            _ => "any value".to_owned(),
        }
    }

    fn named(&self, name: &str) -> String {
        let word = WORDS.iter().find(|(known, _)| *known == name).map(|(_, word)| (*word).to_owned());
        word.unwrap_or_else(|| if self.has_section(name) { self.title(name) } else { self.word(self.whole(name)) })
    }

    fn object(&self, schema: &Value) -> String {
        if schema["additionalProperties"].is_object() {
            return format!("{{ NAME: {} }}", self.word(&schema["additionalProperties"]));
        }
        let properties = schema["properties"].as_object().into_iter().flatten();
        let keys: Vec<_> = properties.map(|(key, inner)| format!("\"{key}\": {}", self.word(inner))).collect();
        if keys.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", keys.join(", ")) }
    }
}

/// The name at the end of a reference.
fn base(reference: &str) -> &str {
    let name = reference.rsplit('/').next().unwrap_or(reference);
    name.strip_prefix("Plain").unwrap_or(name)
}

/// Whether a form only draws a value: a range, or a choice.
fn is_drawn(form: &Value) -> bool {
    let Some(properties) = form["properties"].as_object() else { return false };
    let keys: Vec<&str> = properties.keys().map(String::as_str).collect();
    form.get("description").is_none() && (keys == ["max", "min"] || keys == ["one_of"])
}

fn number(schema: &Value) -> String {
    match (schema["minimum"].as_u64().unwrap_or_default(), schema["maximum"].as_u64()) {
        (0, None) => "whole number".to_owned(),
        (least, None) => format!("whole number, at least {least}"),
        (least, Some(most)) => format!("whole number, {least} to {most}"),
    }
}

/// The description, in one line.
fn text(schema: &Value) -> String {
    schema["description"].as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}
