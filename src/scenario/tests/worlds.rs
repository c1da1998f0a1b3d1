//! The worst case of a plan.

use super::fake::good;
use crate::chance::Seed;
use crate::measure::Share;
use crate::subject::World;
use crate::time::Span;

fn world(keys: &str) -> World {
    good(keys).resolve(Seed(0)).expect("nothing clashes").world()
}

#[test]
fn after_quiescence_links_are_no_slower_than_their_cap() {
    let delay = |network: &str| world(&format!(r#""network": {{ {network} }}"#)).delay;
    assert_eq!(delay(r#""delay": { "constant": "3ms" }"#), Span::from_millis(3));
    assert_eq!(delay(r#""delay": { "exponential": { "mean": "3ms" } }"#), Span::from_millis(10));
    assert_eq!(delay(r#""delay": { "constant": "3s" }, "calm_delay": "2s""#), Span::from_secs(2));
    let exception = r#""delay": { "constant": "1ms" }, "links": [
        { "from": "n1", "to": "n2", "delay": { "constant": "7ms" } } ]"#;
    assert_eq!(delay(exception), Span::from_millis(7));
}

#[test]
fn what_is_older_than_quiescence_is_no_later_than_what_is_asked_from_then_on() {
    let quiescence =
        r#""run": { "quiesce_at": "9s" }, "network": { "delay": { "constant": "1ms" }, "calm_delay": "5ms" }"#;
    assert_eq!(world(quiescence).late, Span::from_millis(5));
    let disk = r#""faults": [{ "at": "1s", "fault": { "disk": { "target": "n1", "harm": { "slow": "3s" } } } }]"#;
    assert_eq!(world(&format!("{quiescence}, {disk}")).late, Span::from_millis(5));
    let slow = r#""disk": { "sync": { "constant": "400ms" } }"#;
    assert_eq!(world(&format!("{quiescence}, {slow}")).late, Span::from_millis(400));
    assert_eq!(world(r#""disk": { "sync": { "constant": "2s" } }"#).sync, Span::from_secs(2));
    assert_eq!(world(r#""clocks": { "monotonic_drift": "1%" }"#).slow, Share::from_percent(1));
}

#[test]
fn late_copies_count_as_outages_where_there_are_any() {
    let outage = |shares: &str| {
        let network =
            format!(r#""delay": {{ "constant": "1ms" }}, "reorder_lag": "2s", "duplicate_lag": "3s" {shares}"#);
        world(&format!(r#""network": {{ {network} }}"#)).outage
    };
    assert_eq!(outage(""), Span::from_millis(1));
    assert_eq!(outage(r#", "reorder": "1%""#), Span::from_millis(2_001));
    assert_eq!(outage(r#", "reorder": "1%", "duplicate": "1%""#), Span::from_millis(5_001));
}

#[test]
fn what_follows_without_a_break_holds_things_up_together() {
    let outage = |faults: &str| world(&format!(r#""run": {{ "quiesce_at": "9s" }}, "faults": [{faults}]"#)).outage;
    let cut = |at: &str, lasts: &str| {
        format!(r#"{{ "at": "{at}", "for": "{lasts}", "fault": {{ "partition": {{ "groups": [["n1"]] }} }} }}"#)
    };
    let (first, second, third) = (cut("1s", "2s"), cut("2s", "3s"), cut("6s", "1s"));
    assert_eq!(outage(&first), Span::from_secs(2));
    assert_eq!(outage(&format!("{first}, {second}, {third}")), Span::from_secs(4));
    assert_eq!(outage(&cut("8s", "5s")), Span::from_secs(1), "quiescence ends it");
}
