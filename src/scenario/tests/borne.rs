//! Faults that exceed the claims must be requested explicitly, and are never drawn otherwise.

use super::fake::{good, wrong};
use crate::chance::Seed;
use crate::fault::Fault;

#[test]
fn a_fault_beyond_the_claims_says_so() {
    let wipe = r#""faults": [{ "at": "1s", "fault": { "restart": { "target": "n1", "wipe": true } } }]"#;
    insta::assert_snapshot!(wrong(wipe), @r#"
    error: this `restart` exceeds what the subject claims to tolerate: an empty disk forgets promises
     --> test.json:3:37
      |
    3 |   "faults": [{ "at": "1s", "fault": { "restart": { "target": "n1", "wipe": true } } }]
      |                                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: add "exceed": true to the entry if this is intended
    "#);
    good(&wipe.replace("\"at\"", "\"exceed\": true, \"at\""));
}

#[test]
fn a_kind_of_which_nothing_is_borne_is_not_drawn() {
    let corrupt = r#""faults": [{ "draw": { "kinds": ["kill", "corrupt"], "rate": "1/s" } }]"#;
    assert!(wrong(corrupt).contains("exceeds what the subject claims"), "{}", wrong(corrupt));
    good(&corrupt.replace("\"draw\"", "\"exceed\": true, \"draw\""));
}

#[test]
fn nothing_beyond_the_claims_is_drawn_but_all_of_it_with_exceed() {
    let entry = |exceed: bool| {
        format!(
            r#""nodes": 5, "faults": [{{ "exceed": {exceed},
            "draw": {{ "kinds": ["restart", "clock", "disk"], "rate": "20/s" }} }}]"#
        )
    };
    let beyond = |fault: &Fault| super::fake::FAKE.exceeds(fault, &serde_json::Value::Null).is_some();
    let drawn = |exceed| {
        let file = good(&entry(exceed));
        let plans = (0..20).map(|seed| file.resolve(Seed(seed)).expect("nothing is wrong").plan);
        plans.flat_map(|plan| plan.faults).filter(|planned| beyond(&planned.fault)).count()
    };
    assert_eq!(drawn(false), 0);
    assert!(drawn(true) > 100, "{}", drawn(true));
}
