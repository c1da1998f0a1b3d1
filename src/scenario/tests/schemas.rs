//! The JSON Schema, as far as it can be checked without a validator.

use serde_json::json;

use super::fake::FAKE;
use crate::scenario::schema;

#[test]
fn quantities_may_be_ranges() {
    let schema = schema(&[FAKE]);
    for quantity in ["Duration", "Share", "Rate", "Drift", "Offset"] {
        let forms = schema["$defs"][quantity]["anyOf"].as_array().expect(quantity);
        assert_eq!(forms[1]["required"], json!(["min", "max"]), "{quantity}");
    }
}

#[test]
fn counts_and_choices_may_be_ranges() {
    let schema = schema(&[FAKE]);
    let forms = |schema: &serde_json::Value| -> Vec<serde_json::Value> {
        let forms = schema["anyOf"].as_array().unwrap_or_else(|| panic!("no forms: {schema}"));
        forms.iter().map(|form| form["required"].clone()).collect()
    };
    let (plain, range, choice) = (json!(null), json!(["min", "max"]), json!(["one_of"]));
    let all = [plain.clone(), range, choice.clone()];
    let fanout = &schema["$defs"]["Gossip"]["properties"]["fanout"];
    assert_eq!(forms(fanout), all);
    assert_eq!(fanout["default"], 2, "what is said about a setting stays where it is shown");
    assert_eq!(forms(&schema["$defs"]["PlainNodes"]["anyOf"][0]), all);
    for name in ["Nodes", "Delay", "Target", "Fault"] {
        assert_eq!(forms(&schema["$defs"][name]), [plain.clone(), choice.clone()], "{name}");
    }
    assert_eq!(forms(&schema["$defs"]["FaultEntry"]["properties"]["exceed"]), [plain, choice]);
    assert_eq!(schema["$defs"]["Seed"]["anyOf"][0]["type"], "integer", "the seed is not drawn");
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
