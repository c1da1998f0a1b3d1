//! The JSON Schema of scenario files, for editors.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::format::Scenario;
use super::range::MOST_OPTIONS;
use crate::measure::{Drift, Offset, Rate, Share};
use crate::subject::Profile;
use crate::time::Span;

/// The JSON Schema of the scenarios of these subjects: settings and workloads depend on the subject, and every quantity,
/// count or choice may be a range.
#[must_use]
pub fn schema(subjects: &[Profile]) -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let quantities = quantities(&mut generator);
    let subjects: Vec<_> = subjects.iter().map(|profile| by_subject(profile, &mut generator)).collect();
    let mut schema = generator.into_root_schema_for::<Scenario>().to_value();
    schema["title"] = json!("A scenario of stemmata");
    schema["properties"]["subject"]["enum"] = subjects.iter().map(|(name, _)| json!(name)).collect();
    schema["properties"]["protocols"] = json!({ "type": "object", "description": "The settings of the protocols." });
    schema["properties"]["workload"] = json!({ "type": "array", "description": "What clients do." });
    schema["allOf"] = subjects.into_iter().map(|(_, parts)| parts).collect();
    admit_choices(&mut schema["$defs"]);
    admit_ranges(&mut schema);
    for (name, description) in quantities {
        let definition = &mut schema["$defs"][&name];
        let plain = json!({ "type": "string", "pattern": definition["pattern"] });
        *definition = json!({ "description": description, "anyOf": [plain, range(&plain), choice(&plain)] });
    }
    sorted(schema)
}

/// Definitions whose values have several forms, but are not drawn: an anchor's rule may itself be `one_of`, and the seed
/// decides all draws.
const NOT_DRAWN: [&str; 2] = ["AnchorRule", "Seed"];

/// Allows a choice wherever a value has several forms; the value is then defined under its own name.
fn admit_choices(definitions: &mut Value) {
    let Some(definitions) = definitions.as_object_mut() else {
        return;
    };
    let has_forms = |schema: &Value| schema.get("oneOf").or_else(|| schema.get("anyOf")).is_some();
    let drawn = definitions.iter().filter(|(name, schema)| has_forms(schema) && !NOT_DRAWN.contains(&name.as_str()));
    let names: Vec<String> = drawn.map(|(name, _)| name.clone()).collect();
    for name in names {
        let plain = format!("Plain{name}");
        let reference = json!({ "$ref": format!("#/$defs/{plain}") });
        let either = json!({ "anyOf": [reference, choice(&reference)] });
        if let Some(whole) = definitions.insert(name, either) {
            definitions.insert(plain, whole);
        }
    }
}

/// Allows a range for every count, and a choice for every count or boolean.
fn admit_ranges(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            let has_type = |name: &str| match &fields["type"] {
                Value::String(only) => only == name,
                Value::Array(several) => several.iter().any(|one| one == name),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
            };
            if fields.contains_key("type") && (has_type("integer") || has_type("boolean")) {
                let counts = has_type("integer");
                *schema = drawn(std::mem::take(fields), counts);
                return;
            }
            let inner = fields.iter_mut().filter(|(key, _)| !NOT_DRAWN.contains(&key.as_str()) && *key != "default");
            inner.for_each(|(_, value)| admit_ranges(value));
        }
        Value::Array(items) => items.iter_mut().for_each(admit_ranges),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The schema `plain`, or a choice of it, or a range if it is a count. Its default and description stay outside.
fn drawn(mut plain: Map<String, Value>, counts: bool) -> Value {
    let about: Vec<_> = ["default", "description"].into_iter().filter_map(|key| plain.remove_entry(key)).collect();
    let plain = Value::Object(plain);
    let mut forms = vec![plain.clone(), choice(&plain)];
    if counts {
        let mut end = plain.clone();
        end["type"] = json!("integer");
        forms.insert(1, range(&end));
    }
    let mut schema = Map::from_iter(about);
    schema.insert("anyOf".to_owned(), Value::Array(forms));
    Value::Object(schema)
}

/// The names of the quantities among the definitions, and their descriptions.
fn quantities(generator: &mut SchemaGenerator) -> Vec<(String, String)> {
    let schemas = [
        generator.subschema_for::<Span>(),
        generator.subschema_for::<Share>(),
        generator.subschema_for::<Rate>(),
        generator.subschema_for::<Drift>(),
        generator.subschema_for::<Offset>(),
    ];
    let named = schemas.into_iter().filter_map(|schema| {
        let name = schema.get("$ref")?.as_str()?.rsplit('/').next()?.to_owned();
        let description = generator.definitions().get(&name)?.get("description")?.as_str()?;
        Some((name, format!("{} Or a range, drawn per seed: {{ \"min\": …, \"max\": … }}.", description)))
    });
    named.collect()
}

fn range(plain: &Value) -> Value {
    json!({
        "type": "object",
        "properties": { "min": plain, "max": plain },
        "required": ["min", "max"],
        "additionalProperties": false
    })
}

fn choice(plain: &Value) -> Value {
    json!({
        "type": "object",
        "properties": { "one_of": { "type": "array", "items": plain, "minItems": 1, "maxItems": MOST_OPTIONS } },
        "required": ["one_of"],
        "additionalProperties": false
    })
}

/// The schemas of `protocols` and `workload` for this subject; a file without `subject` has the default subject.
fn by_subject(profile: &Profile, generator: &mut SchemaGenerator) -> (&'static str, Value) {
    let default = profile.name == Scenario::default().subject;
    let required = if default { json!([]) } else { json!(["subject"]) };
    let parts = json!({
        "if": { "properties": { "subject": { "const": profile.name } }, "required": required },
        "then": {
            "properties": {
                "protocols": (profile.settings_schema)(generator),
                "workload": { "items": (profile.workload_schema)(generator) }
            }
        }
    });
    (profile.name, parts)
}

/// The same with sorted keys.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            fields.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(fields.into_iter().collect::<Map<_, _>>())
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}
