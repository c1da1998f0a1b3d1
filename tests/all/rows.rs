//! What is said of protocols is said in their rows, and of every protocol.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use stemmata::codex::Keyspaces;
use stemmata::identity::LaneId;
use stemmata::network::Discipline;
use stemmata::subject::{Profile, Setup};
use stemmata::time::Time;

use crate::support::{parse, subjects};

fn profiles() -> impl Iterator<Item = Profile> {
    subjects().into_iter().map(|subject| subject.profile)
}

/// The profile's settings where these protocols are named.
fn naming(profile: &Profile, names: &[&str]) -> Value {
    let named: Map<String, Value> = names.iter().map(|name| ((*name).to_owned(), json!({}))).collect();
    (profile.settings)(&Value::Object(named)).expect("every row can be named")
}

fn running(profile: &Profile, names: &[&str]) -> Vec<&'static str> {
    (profile.running)(&naming(profile, names)).into_iter().map(|row| row.name).collect()
}

fn distinct<T: Ord>(all: impl IntoIterator<Item = T>) -> bool {
    let mut known = BTreeSet::new();
    all.into_iter().all(|one| known.insert(one))
}

#[test]
fn rows_name_only_what_there_is_and_nothing_twice() {
    for profile in profiles() {
        let (name, rows) = (profile.name, profile.rows);
        assert!(distinct(rows.iter().map(|row| row.name)), "{name}");
        assert!(distinct(profile.flaws().map(|(_, flaw)| flaw.id)), "{name}");
        assert!(distinct(profile.owners()), "{name}");
        let lanes: Vec<&str> = rows.iter().flat_map(|row| row.lanes).copied().collect();
        let silent = rows.iter().filter(|row| row.lanes.is_empty()).map(|row| row.name);
        let (of_rows, of_process) = (lanes.iter().copied().chain(silent), profile.lanes.iter().copied());
        let (of_rows, of_process): (BTreeSet<_>, BTreeSet<_>) = (of_rows.collect(), of_process.collect());
        assert!(distinct(&lanes) && of_rows.is_superset(&of_process), "{name}: each lane is of one row");
        let facts = (profile.facts)();
        for row in rows {
            assert!(row.needs.iter().all(|needed| profile.row(needed).is_some()), "{name}: {}", row.name);
            assert!(row.roles.iter().all(|role| facts.iter().any(|fact| fact == role.fact)), "{name}: {}", row.name);
            assert!(distinct(row.claims.iter().map(|claim| claim.name)), "{name}: {}", row.name);
            assert!(row.about.ends_with('.') && row.about.len() > 40, "{name}: {}", row.name);
        }
        for (_, flaw) in profile.flaws() {
            assert!(profile.invariants().any(|(_, claim)| claim.name == flaw.violates), "{}", flaw.id);
        }
    }
}

#[test]
fn the_settings_are_those_of_the_rows() {
    for profile in profiles() {
        let names: Vec<&str> = profile.rows.iter().map(|row| row.name).collect();
        let settings = naming(&profile, &names);
        let keys: BTreeSet<&str> = settings.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(keys, names.into_iter().collect(), "{}", profile.name);
    }
}

/// No protocol is meant where none is named.
#[test]
fn a_codex_node_runs_what_is_named_and_what_that_needs_and_nothing_else() {
    let codex = profiles().find(|profile| profile.name == "codex").expect("it is there");
    assert_eq!(running(&codex, &[]), [""; 0]);
    assert_eq!(running(&codex, &["channel"]), [""; 0], "a channel has nothing to do of its own");
    assert_eq!(running(&codex, &["consensus"]), ["consensus"]);
    assert_eq!(running(&codex, &["locks"]), ["channel", "locks"]);
    assert_eq!(running(&codex, &["clocks"]), ["clocks"]);
    assert_eq!(running(&codex, &["locks", "consensus"]), ["channel", "locks", "consensus"]);
    for names in [&["consensus"][..], &["locks"], &["locks", "consensus"]] {
        let settings = naming(&codex, names);
        let running = (codex.running)(&settings);
        let mut claims: BTreeSet<&str> = running.iter().flat_map(|row| row.claims).map(|claim| claim.name).collect();
        claims.remove("anchor-safety"); // of which there are none
        claims.remove("fencing"); // of keys, of which none are fenced
        let setup = Setup {
            voters: 3,
            observers: 0,
            quiescence: Time::MAX,
            keyspaces: Keyspaces::default(),
            core: None,
            corrupts: false,
        };
        assert_eq!(codex.claims(&setup, &settings).iter().map(|claim| claim.name).collect::<BTreeSet<_>>(), claims);
        for (lane, name) in (0..).map(LaneId::new).zip(codex.lanes) {
            let is_spoken = running.iter().any(|row| row.lanes.contains(name));
            assert_eq!(codex.speaks_on(lane, &settings), is_spoken, "{name}");
        }
    }
}

#[test]
fn every_lane_is_taken_for_what_its_row_says() {
    let codex = profiles().find(|profile| profile.name == "codex").expect("it is there");
    let taken = |frames| (0..4).map(LaneId::new).map(|lane| codex.discipline(lane, frames)).collect::<Vec<_>>();
    assert_eq!(taken(false), [Discipline::Sure, Discipline::Datagram, Discipline::Fifo, Discipline::Datagram]);
    assert_eq!(taken(true), [Discipline::Datagram; 4]);
}

#[test]
fn what_is_claimed_by_several_is_claimed_once() {
    let file = parse(r#"{ "nodes": 3, "protocols": { "locks": {}, "consensus": {} } }"#);
    let resolved = file.resolve(file.seed()).expect("it resolves");
    assert!(distinct(&resolved.expected.holds), "{:?}", resolved.expected.holds);
}
