//! The JSON Schema, as far as it can be told without a validator.

use std::fs;
use std::path::PathBuf;

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
        "fates",
        "faults",
        "name",
        "network",
        "nodes",
        "protocols",
        "run",
        "subject",
        "workload",
    ];
    assert_eq!(keys, known);
}

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios/scenario.schema.json")
}

fn current() -> String {
    serde_json::to_string_pretty(&schema(&[FAKE])).expect("plain data") + "\n"
}

/// While no real subject is there, the file is that of the fake one.
#[test]
fn the_shipped_schema_is_up_to_date() {
    let shipped = fs::read_to_string(file()).expect("the schema is shipped");
    let how = "write it anew: cargo test --lib -- --ignored write_the_schema";
    assert!(shipped == current(), "{how}");
}

#[test]
#[ignore = "writes scenarios/scenario.schema.json"]
fn write_the_schema() {
    fs::write(file(), current()).expect("the folder is there");
}
