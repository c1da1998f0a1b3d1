//! Flaws switched on and off by an overlay.

use super::fake::good;
use crate::chance::Seed;

#[test]
fn a_flaw_is_switched_on_in_its_protocol() {
    let file = good(r#""protocols": { "gossip": { "flaws": ["e01"] } }"#);
    let digest = file.digest();
    let file = file.with_flaws(&["e20", "e01"]).expect("known flaws");
    let protocols = &file.resolve(Seed(0)).expect("fine").scenario.protocols;
    assert_eq!(protocols["gossip"]["flaws"], serde_json::json!(["e01"]));
    assert_eq!(protocols["locks"]["flaws"], serde_json::json!(["e20"]));
    assert_eq!(file.switched(), ["e01", "e20"]);
    assert_eq!(file.digest(), digest, "the run id names the flaws besides");
    let problem = file.with_flaws(&["e02", "e30"]).expect_err("an unknown flaw");
    assert_eq!(problem.to_string(), "test.json: `fake` has no flaw `e30` (did you mean `e20`?)");
}

#[test]
fn without_flaws_all_claims_are_expected() {
    let file = good(
        r#""protocols": { "gossip": { "flaws": ["e01"], "fanout": 5 } },
        "expect": { "violates": ["convergence"], "holds": ["lock-exclusion"] }"#,
    );
    let before = file.resolve(Seed(0)).expect("fine").expected;
    assert_eq!((before.holds, before.violates), (vec!["lock-exclusion"], vec!["convergence"]));
    let resolved = file.without_flaws().resolve(Seed(0)).expect("fine");
    assert_eq!(resolved.expected.holds, ["convergence", "lock-exclusion"]);
    assert!(resolved.expected.violates.is_empty());
    assert_eq!(resolved.settings()["gossip"]["flaws"], serde_json::json!([]));
    assert_eq!(resolved.settings()["gossip"]["fanout"], 5);
}

#[test]
fn as_written_has_every_flaw() {
    let file = good(r#""nodes": 3"#).as_written();
    assert_eq!(file.switched(), ["e01", "e02", "e20"]);
    assert_eq!(file.resolve(Seed(0)).expect("fine").settings()["gossip"]["flaws"], serde_json::json!(["e01", "e02"]));
}

#[test]
fn what_must_fall_need_not_hold() {
    let expected = good(r#""expect": { "violates": ["convergence"] }"#).resolve(Seed(0)).expect("fine").expected;
    assert_eq!(expected.holds, ["lock-exclusion"]);
}
