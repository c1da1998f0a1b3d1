//! The limits of a swarm, and its draws for a subject that does not tolerate every fault.

use super::fake::{FAKE, good, wrong};
use crate::chance::Seed;
use crate::fault::Fault;
use crate::scenario::{ScenarioFile, Swarm};

#[test]
fn bounds_in_which_nothing_lies_are_refused() {
    assert!(wrong(r#""swarm": { "kinds": [] }"#).contains("`kinds` is empty"));
    assert!(wrong(r#""swarm": { "rate": "0/s" }"#).contains("no fault, or too many"));
    assert!(wrong(r#""swarm": { "rate": "1000000/s" }"#).contains("1 to 10000 faults until quiescence"));
    assert!(wrong(r#""swarm": { "kinds": ["kil"] }"#).contains("did you mean `kill`?"));
}

#[test]
fn bounds_that_say_the_default_do_not_move_the_digest() {
    let digest = |keys: &str| good(keys).digest();
    let own = digest(r#""nodes": 5"#);
    assert_eq!(own, digest(r#""nodes": 5, "swarm": {}"#));
    assert_eq!(own, digest(r#""nodes": 5, "swarm": { "loss": "10%" }"#));
    assert_ne!(own, digest(r#""nodes": 5, "swarm": { "loss": "11%" }"#));
}

#[test]
fn what_the_subject_does_not_bear_is_not_drawn() {
    let file: ScenarioFile = good(r#""nodes": 5, "network": { "corrupt": "7ppm" }"#).with_swarm(true);
    for seed in 0..200 {
        let resolved = file.resolve(Seed(seed)).expect("nothing clashes");
        let plan = &resolved.plan;
        assert!(
            plan.faults.iter().all(|planned| FAKE.exceeds(&planned.fault, &serde_json::Value::Null).is_none()),
            "seed {seed}"
        );
        assert!(!plan.faults.iter().any(|planned| matches!(planned.fault, Fault::Corrupt(_))));
        let corrupt = resolved.network.link.corrupt.as_ppb();
        assert!([0, 7_000].contains(&corrupt), "none, or what the scenario says: {corrupt}");
        assert!(resolved.scenario.faults.iter().all(|entry| entry.draw.is_none() && entry.drawn));
    }
}

#[test]
fn the_default_bounds_are_written_as_they_are_meant() {
    let written = serde_json::to_string(&Swarm::default()).expect("plain data");
    let meant = r#"{"loss":"10%","duplicate":"10%","reorder":"20%","corrupt":"1%","delay":"100ms"}"#;
    assert_eq!(written, meant);
}
