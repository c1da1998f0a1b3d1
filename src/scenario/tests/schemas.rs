//! The JSON Schema, as far as it can be told without a validator.

use super::fake::FAKE;
use crate::scenario::schema;

#[test]
fn quantities_may_be_ranges() {
    let schema = schema(&[FAKE]);
    for quantity in ["Duration", "Share", "Rate", "Drift", "Offset"] {
        let forms = schema["$defs"][quantity]["anyOf"].as_array().expect(quantity);
        assert_eq!(forms[1]["required"], serde_json::json!(["min", "max"]), "{quantity}");
    }
}

#[test]
fn a_subject_brings_its_settings_and_workload() {
    let schema = schema(&[FAKE]);
    insta::assert_snapshot!(serde_json::to_string_pretty(&schema["allOf"]).expect("plain data"));
    let keys: Vec<_> = schema["properties"].as_object().expect("an object").keys().map(String::as_str).collect();
    let known = [
        "$schema",
        "about",
        "clocks",
        "disk",
        "expect",
        "explore",
        "fates",
        "faults",
        "keyspaces",
        "name",
        "network",
        "nodes",
        "operations",
        "protocols",
        "run",
        "subject",
        "swarm",
        "workload",
    ];
    assert_eq!(keys, known);
}
