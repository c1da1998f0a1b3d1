//! Errors in scenario files speak of JSON, and not of the types of the program.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use stemmata::scenario::ScenarioFile;

use crate::support::subjects;

/// Values of every kind; at any place most of them are wrong.
fn kinds() -> [Value; 9] {
    [json!(7), json!("a text"), json!([]), json!({}), json!(true), json!(null), json!(-1), json!(1.5), json!(1e30)]
}

/// Words of Rust and of serde that no message may contain outside quotes.
const FOREIGN: [&str; 24] = [
    "struct", "enum", "u8", "u16", "u32", "u64", "u128", "i8", "i16", "i32", "i64", "f32", "f64", "usize", "bool",
    "str", "variant", "tuple", "Option", "String", "map", "sequence", "borrowed", "newtype",
];

/// The JSON Schema with its definitions, from which wrong scenarios are made.
struct Places {
    definitions: Value,
}

impl Places {
    /// Values of this schema, each with a value of another kind at one place.
    fn wrong(&self, schema: &Value, depth: usize) -> Vec<Value> {
        let mut all = kinds().to_vec();
        if depth == 0 {
            return all;
        }
        if let Some(definition) = self.definition(schema) {
            return self.wrong(definition, depth);
        }
        for forms in ["anyOf", "oneOf", "allOf"] {
            let forms = schema[forms].as_array().into_iter().flatten();
            all.extend(forms.filter(|form| !is_range(form)).flat_map(|form| self.wrong(form, depth)));
        }
        for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
            let Value::Object(rest) = self.right(schema) else { continue };
            all.extend(self.wrong(inner, depth - 1).into_iter().map(|value| with(&rest, key, value)));
        }
        let more = &schema["additionalProperties"];
        if more.is_object() {
            all.extend(self.wrong(more, depth - 1).into_iter().map(|value| json!({ "x": value })));
        }
        if schema["items"].is_object() {
            all.extend(self.wrong(&schema["items"], depth - 1).into_iter().map(|value| json!([value])));
        }
        all
    }

    /// A value of this schema, with what it requires.
    fn right(&self, schema: &Value) -> Value {
        if let Some(definition) = self.definition(schema) {
            return self.right(definition);
        }
        if let Some(word) = schema["enum"].get(0).or_else(|| schema.get("const")) {
            return word.clone();
        }
        if let Some(form) = schema["anyOf"].get(0).or_else(|| schema["oneOf"].get(0)) {
            return self.right(form);
        }
        match schema["type"].as_str() {
            Some("object") => {
                let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
                let field = |key: &str| (key.to_owned(), self.right(&schema["properties"][key]));
                Value::Object(required.map(field).collect())
            }
            Some("array") => json!([]),
            Some("integer" | "number") => json!(1),
            Some("boolean") => json!(false),
            Some(_) | None => json!("5ms"),
        }
    }

    fn definition(&self, schema: &Value) -> Option<&Value> {
        let name = schema["$ref"].as_str()?.rsplit('/').next()?;
        Some(&self.definitions[name])
    }
}

fn is_range(form: &Value) -> bool {
    form["required"] == json!(["min", "max"]) || form["required"] == json!(["one_of"])
}

fn with(rest: &Map<String, Value>, key: &str, value: Value) -> Value {
    let mut fields = rest.clone();
    fields.insert(key.to_owned(), value);
    Value::Object(fields)
}

/// Commands in which every place is replaced in turn.
fn commands() -> [Value; 5] {
    [
        json!({ "locks": { "acquire": { "priority": 0, "wanted": { "a": "x" } } } }),
        json!({ "locks": { "release": { "acquire": "c1#1" } } }),
        json!({ "store": { "put": { "key": "k1", "value": "x", "within": { "lowest": 1, "session": 1 } } } }),
        json!({ "store": { "cas": { "key": "k1", "expected": null, "value": ["x", { "y": 1 }] } } }),
        json!({ "broadcast": { "text": "arma" } }),
    ]
}

/// The value with another kind at each of its places.
fn replaced(value: &Value) -> Vec<Value> {
    let mut all = kinds().to_vec();
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields {
                all.extend(replaced(inner).into_iter().map(|inner| with(fields, key, inner)));
            }
        }
        Value::Array(items) => {
            for (place, inner) in items.iter().enumerate() {
                all.extend(replaced(inner).into_iter().map(|inner| {
                    let mut items = items.clone();
                    items[place] = inner;
                    Value::Array(items)
                }));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    all
}

/// All scenarios with a wrong place.
fn scenarios() -> Vec<Value> {
    let profiles: Vec<_> = subjects().iter().map(|subject| subject.profile).collect();
    let schema = stemmata::scenario::schema(&profiles);
    let places = Places { definitions: schema["$defs"].clone() };
    let mut all = Vec::new();
    for (key, part) in schema["properties"].as_object().expect("a scenario has keys") {
        all.extend(places.wrong(part, 8).into_iter().map(|value| json!({ key: value })));
    }
    for parts in schema["allOf"].as_array().expect("one for each subject") {
        let subject = &parts["if"]["properties"]["subject"]["const"];
        for (key, part) in parts["then"]["properties"].as_object().expect("its parts") {
            all.extend(places.wrong(part, 8).into_iter().map(|value| json!({ "subject": subject, key: value })));
        }
        for command in commands().iter().flat_map(replaced) {
            let operation = json!({ "at": "1s", "op": "c1#1", "to": "n1", "command": command });
            all.push(json!({ "subject": subject, "operations": [operation] }));
        }
    }
    all
}

/// The text outside backticks and quotes.
fn plain(text: &str) -> String {
    let outside = |text: &str, mark| text.split(mark).step_by(2).collect::<Vec<_>>().join(" ");
    outside(&outside(text, '`'), '"')
}

#[test]
fn no_message_about_a_wrong_value_names_a_type_of_the_program() {
    let profiles: Vec<_> = subjects().iter().map(|subject| subject.profile).collect();
    let (mut foreign, mut refused) = (BTreeSet::new(), 0);
    for scenario in scenarios() {
        let text = scenario.to_string();
        let Err(problem) = ScenarioFile::parse("test.json", "test", &text, &profiles) else { continue };
        refused += 1;
        for told in &problem.diagnostics {
            let texts = [&told.message, &told.label, told.help.as_ref().unwrap_or(&told.label)];
            let plain = texts.map(|text| plain(text)).join(" ");
            if plain.split(|letter: char| !letter.is_alphanumeric()).any(|word| FOREIGN.contains(&word)) {
                foreign.insert(format!("{}: {} ({})", told.path, told.message, told.label));
            }
        }
    }
    assert!(refused > 2_000, "only {refused}");
    assert!(foreign.is_empty(), "{} of {refused}: {foreign:#?}", foreign.len());
}
