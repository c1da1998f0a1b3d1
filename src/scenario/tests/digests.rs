//! The digest changes with the content of a file, and with nothing else.

use serde_json::json;

use super::fake::{FAKE, good, read};
use crate::scenario::digest::said;
use crate::subject::Profile;

/// The digest of [`PLAIN`].
const PINNED: &str = "97beae54";

const PLAIN: &str = r#""nodes": 5, "network": { "loss": "1%" }, "protocols": { "gossip": { "fanout": 3 } }"#;

#[test]
fn spelling_comments_and_defaults_do_not_move_it() {
    let digest = good(PLAIN).digest();
    let same = [r#""protocols": { "gossip": { "fanout": 3, "resend": "0.1s" }, "locks": {} },
        "network": { "loss": "10000ppm", "delay": { "uniform": { "min": "1ms", "max": "10ms" } } }, // the default
        "nodes": { "observers": 0, "voters": 5 }, "run": { "for": "10s", "seed": 7 }, "name": "x", "about": "y",
        "$schema": "s.json", "faults": [], "workload": [], "expect": {}, "explore": { "loss": 0, "timers": 1 }"#];
    for keys in same {
        assert_eq!(good(keys).digest(), digest, "{keys}");
    }
    assert_eq!(good(PLAIN).short_digest(), PINNED, "run ids of other days name this file so");
}

#[test]
fn whatever_is_said_moves_it() {
    let other = [
        r#""nodes": 4, "network": { "loss": "1%" }, "protocols": { "gossip": { "fanout": 3 } }"#,
        r#""nodes": 5, "network": { "loss": "2%" }, "protocols": { "gossip": { "fanout": 3 } }"#,
        r#""nodes": 5, "network": { "loss": "1%" }, "protocols": { "gossip": { "fanout": 4 } }"#,
        r#""nodes": 5, "network": { "loss": { "min": "1%", "max": "2%" } }, "protocols": { "gossip": { "fanout": 3 } }"#,
        r#""nodes": 5, "network": { "loss": "1%" }, "protocols": { "gossip": { "fanout": 3 } }, "explore": { "loss": 1 }"#,
    ];
    let mut digests: Vec<_> = other.into_iter().chain([PLAIN]).map(|keys| good(keys).digest()).collect();
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), 6);
}

#[test]
fn what_is_said_is_what_differs_from_the_defaults() {
    let file = good(
        r#""nodes": 3, "run": { "for": "20s", "quiesce_at": { "min": "5s", "max": "10000ms" } },
        "network": { "links": [{ "from": "n1", "to": "n2", "loss": "50%" }] },
        "protocols": { "gossip": { "resend": { "min": "100ms", "max": "1s" }, "fanout": 2 } },
        "workload": [{ "writes": { "clients": 1, "rate": "5/s" } }, { "writes": {} }],
        "faults": [{ "when": { "fact": "gossip.merged", "n": 1 }, "fault": { "kill": { "target": ["n1"] } } }],
        "expect": { "violates": [], "sometimes": ["locks.granted"] }"#,
    );
    let said = said(file.scenario(), &file.ranges, &FAKE);
    let expected = json!({
        "subject": "fake",
        "run": { "for": "20s", "quiesce_at": { "min": "5s", "max": "10s" } },
        "network": { "links": [{ "from": "n1", "to": "n2", "loss": "50%" }] },
        "protocols": { "gossip": { "resend": { "min": "100ms", "max": "1s" } } },
        "workload": [{ "writes": { "rate": "5/s" } }, { "writes": {} }],
        "faults": [{ "when": { "fact": "gossip.merged" }, "fault": { "kill": { "target": ["n1"] } } }],
        "expect": { "sometimes": ["locks.granted"] }
    });
    assert_eq!(said, expected);
}

#[test]
fn counts_and_choices_that_are_drawn_are_said() {
    let file = good(
        r#""nodes": { "min": 3, "max": 5 }, "protocols": { "gossip": { "fanout": { "one_of": [2, 4] } } },
        "workload": [{ "writes": { "clients": { "min": 1, "max": 9 }, "rate": "10/s" } }]"#,
    );
    let expected = json!({
        "subject": "fake",
        "nodes": { "min": 3, "max": 5 },
        "protocols": { "gossip": { "fanout": { "one_of": [2, 4] } } },
        "workload": [{ "writes": { "clients": { "min": 1, "max": 9 } } }]
    });
    assert_eq!(said(file.scenario(), &file.ranges, &FAKE), expected);
}

/// A later version of the fake subject, whose `gossip` has one more setting.
#[test]
fn a_new_setting_with_a_default_leaves_old_digests_alone() {
    let later = Profile {
        settings: |value| {
            let mut known = value.clone();
            let new = known.get_mut("gossip").and_then(|gossip| gossip.as_object_mut()?.remove("eager"));
            let mut filled = (FAKE.settings)(&known)?;
            filled["gossip"]["eager"] = new.unwrap_or(json!(false));
            Ok(filled)
        },
        ..FAKE
    };
    let text = |gossip: &str| format!(r#"{{ "subject": "fake", "protocols": {{ "gossip": {gossip} }} }}"#);
    let parse = |text: &str, profile| crate::scenario::ScenarioFile::parse("f.json", "f", text, &[profile]);
    let digest = |gossip: &str| parse(&text(gossip), later).expect("nothing is wrong").digest();
    let before = read(&text("{ \"fanout\": 3 }")).expect("nothing is wrong").digest();
    assert_eq!(digest("{ \"fanout\": 3 }"), before);
    assert_eq!(digest("{ \"fanout\": 3, \"eager\": false }"), before);
    assert_ne!(digest("{ \"fanout\": 3, \"eager\": true }"), before);
}
