//! The JSON Schema that the shipped scenarios name.

use std::fs;
use std::path::Path;

use crate::support::subjects;

#[test]
fn the_shipped_schema_is_up_to_date() {
    let profiles: Vec<_> = subjects().iter().map(|subject| subject.profile).collect();
    let current = serde_json::to_string_pretty(&stemmata::scenario::schema(&profiles)).expect("plain data") + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/scenario.schema.json");
    let shipped = fs::read_to_string(path).expect("the schema is shipped");
    assert!(shipped == current, "write it anew: .ci/remake");
}
