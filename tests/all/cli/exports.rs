//! Traces in the forms of other programs, which are read here as these programs read them.

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

use super::program::{folder, json, stemmata};

/// The number of exports, of which no two share a file: tests run beside one another.
static EXPORTS: AtomicU32 = AtomicU32::new(0);

fn exported(scenario: &str, form: &[&str]) -> String {
    let number = EXPORTS.fetch_add(1, Ordering::Relaxed);
    let trace = folder(&format!("{}-{number}", form[0])).join("t.jsonl");
    let trace = trace.to_str().expect("text");
    stemmata(&["run", scenario, "--trace", trace, "-q"]).exits(0);
    let told = stemmata(&[&["export", trace, "--to"], form].concat()).exits(0).stdout;
    fs::remove_file(trace).expect("it is ours");
    told
}

#[test]
fn shiviz_gets_clocks_that_count_every_event_of_a_host() {
    let mut most = 0;
    for (scenario, detail) in [("hello", "messages"), ("broadcast-crash", "facts"), ("broadcast-split", "all")] {
        let told = exported(scenario, &["shiviz", "--detail", detail]);
        let mut lines = told.lines();
        assert_eq!(lines.next(), Some("(?<event>.*)\\n(?<host>\\S*) (?<clock>{.*})"));
        assert_eq!(lines.next(), Some(""));
        let lines: Vec<&str> = lines.collect();
        let mut clocks: BTreeMap<&str, BTreeMap<u64, BTreeMap<String, u64>>> = BTreeMap::new();
        for pair in lines.chunks(2) {
            let (host, clock) = pair[1].split_once(' ').expect("a host and a clock");
            let clock: BTreeMap<String, u64> = serde_json::from_str(clock).expect("a clock");
            assert!(clocks.entry(host).or_default().insert(clock[host], clock).is_none(), "{scenario}: {}", pair[0]);
        }
        for (host, events) in &clocks {
            assert!(events.keys().copied().eq(1..=events.len() as u64), "{scenario}: {host} counts with gaps");
            for (before, after) in events.values().zip(events.values().skip(1)) {
                let grows = before.iter().all(|(host, count)| after.get(host) >= Some(count));
                assert!(grows, "{scenario}: {host} forgets: {before:?}, {after:?}");
            }
            // Nobody knows of an event before it happened.
            let known = events.values().flatten().all(|(of, count)| clocks[of.as_str()].contains_key(count));
            assert!(known, "{scenario}: {host} knows what is not");
        }
        most = most.max(lines.len());
    }
    assert!(most > 1_000);
}

#[test]
fn shiviz_orders_a_receipt_behind_its_send_and_not_behind_a_loss() {
    let told = exported("hello", &["shiviz"]);
    let clock_of = |event: &str| {
        let lines: Vec<&str> = told.lines().collect();
        let place = lines.iter().position(|line| line.contains(event)).expect("it is shown");
        let (host, clock) = lines[place + 1].split_once(' ').expect("a host");
        (host.to_owned(), json(clock))
    };
    let (_, sent) = clock_of("send n1.broadcast#1 -> n2");
    let (host, received) = clock_of("recv n1.broadcast#1");
    assert_eq!((host.as_str(), &received["n1"]), ("n2", &sent["n1"]));
    assert!(received["c1"].is_u64(), "the client's call led to it");
    let (_, sent) = clock_of("send n2.broadcast#3 -> n3");
    let (host, lost) = clock_of("lost n2.broadcast#3");
    assert_eq!((host.as_str(), &lost["n2"]), ("env", &sent["n2"]));
}

#[test]
fn perfetto_gets_slices_that_do_not_overlap_and_arrows_between_them() {
    let told = exported("broadcast-split", &["perfetto"]);
    let document = json(&told);
    let events = document["traceEvents"].as_array().expect("a list");
    let mut tracks: BTreeMap<(u64, u64), f64> = BTreeMap::new();
    let mut slices = 0;
    let track = |event: &Value| (event["pid"].as_u64().expect("a process"), event["tid"].as_u64().expect("a thread"));
    let mut by_track: BTreeMap<(u64, u64), Vec<&Value>> = BTreeMap::new();
    events
        .iter()
        .filter(|event| event["ph"] == "X")
        .for_each(|event| by_track.entry(track(event)).or_default().push(event));
    for (track, events) in &by_track {
        for event in events {
            let (begins, length) = (event["ts"].as_f64().expect("a time"), event["dur"].as_f64().expect("a length"));
            assert!(tracks.get(track).is_none_or(|ended| *ended <= begins + 1e-6), "{event}");
            tracks.insert(*track, begins + length);
            slices += 1;
        }
    }
    assert!(by_track.len() >= 8 && slices > 500, "{} tracks, {slices} slices", by_track.len());
    let begins_one = |event: &Value| by_track[&track(event)].iter().any(|slice| slice["ts"] == event["ts"]);
    let of = |phase: &str| events.iter().filter(|event| event["ph"] == phase).collect::<Vec<_>>();
    let (starts, ends) = (of("s"), of("f"));
    assert!(starts.len() > 100 && starts.len() == ends.len());
    assert!(starts.iter().chain(&ends).all(|event| begins_one(event)), "an arrow hangs in the air");
    assert!(starts.iter().zip(&ends).all(|(start, end)| start["id"] == end["id"]));
    assert!(of("b").iter().any(|fault| fault["name"].as_str().is_some_and(|name| name.contains("partition"))));
    assert_eq!(of("b").len(), of("e").len());
}

#[test]
fn mermaid_gets_a_diagram_or_a_reason() {
    let told = exported("hello", &["mermaid"]);
    let mut lines = told.lines();
    assert_eq!(lines.next(), Some("---"));
    assert!(
        told.contains("\nsequenceDiagram\n    participant n1\n    participant n2\n    participant n3\n    actor c1\n")
    );
    assert!(told.contains("    n1-)n2: 67.076 n2 recv n1.broadcast#35;1"), "{told}");
    assert!(told.contains(": data\n"), "{told}");
    assert!(told.contains("    n2-xn3: 97.040 n3 lost n2.broadcast#35;3 (loss)"), "{told}");
    assert!(told.contains("    c1->>n1: 56.006 c1 invoked"), "{told}");
    assert!(told.contains("    Note over n1,n3: 1000.000 -- calm"), "{told}");
    let facts = exported("hello", &["mermaid", "--detail", "facts"]);
    assert!(!facts.contains("recv") && facts.contains("Note over n2: 67.565"), "{facts}");
    let trace = folder("mermaid-long").join("t.jsonl");
    let trace = trace.to_str().expect("text");
    stemmata(&["run", "broadcast-split", "--trace", trace, "-q"]).exits(0);
    let ran = stemmata(&["export", trace, "--to", "mermaid"]).exits(2);
    ran.complains("50000 characters").complains("--detail facts");
    assert_eq!(ran.stdout, "");
}
