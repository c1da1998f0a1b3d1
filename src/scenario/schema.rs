//! The JSON Schema of scenario files, for editors.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::format::Scenario;
use crate::measure::{Drift, Offset, Rate, Share};
use crate::subject::Profile;
use crate::time::Span;

/// The JSON Schema of the scenarios of these subjects: their settings and workloads are checked by subject, and wherever
/// a quantity may stand, a range may.
#[must_use]
pub fn schema(subjects: &[Profile]) -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let quantities = quantities(&mut generator);
    let subjects: Vec<_> = subjects.iter().map(|profile| by_subject(profile, &mut generator)).collect();
    let mut schema = generator.into_root_schema_for::<Scenario>().to_value();
    schema["title"] = json!("A scenario of stemmata");
    schema["properties"]["subject"]["enum"] = subjects.iter().map(|(name, _)| json!(name)).collect();
    schema["properties"]["protocols"] = json!({ "type": "object", "description": "The settings of the protocols." });
    schema["properties"]["workload"] = json!({ "type": "array", "description": "What clients ask." });
    schema["allOf"] = subjects.into_iter().map(|(_, parts)| parts).collect();
    for (name, description) in quantities {
        let definition = &mut schema["$defs"][&name];
        let plain = json!({ "type": "string", "pattern": definition["pattern"] });
        *definition = json!({ "description": description, "anyOf": [plain, range(&plain)] });
    }
    sorted(schema)
}

/// The names of the quantities among the definitions, and what they are.
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

/// What stands under `protocols` and `workload` if the subject is this one; a file without `subject` means the default.
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

/// The same with the keys in order, whatever order the library keeps.
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
