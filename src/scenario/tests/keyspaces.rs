//! Keyspaces: what clients require of those that their keys are in, and which protocols run for it.

use super::fake::FAKE;
use crate::scenario::{Problem, ScenarioFile};
use crate::subject::{Needs, Owner, Profile, Row};

fn needs(owner: Owner) -> Needs {
    Needs { keys: vec!["d/".to_owned()], owner: Some(owner), ..Needs::default() }
}

/// Clients of keys that begin with `d/`, whoever owns them.
const ANY: Profile =
    Profile { settings: |value| Ok(value.clone()), needs: |_| needs(Owner::Declared { otherwise: "locks" }), ..FAKE };

/// Clients of such keys that can do with `gossip` alone.
const GOSSIP: Profile = Profile { needs: |_| needs(Owner::Only("gossip")), ..ANY };

fn with(keyspaces: &str, profile: Profile) -> Result<ScenarioFile, Problem> {
    let text = format!(r#"{{ "subject": "fake", "keyspaces": {keyspaces}, "workload": [{{ "writes": {{}} }}] }}"#);
    ScenarioFile::parse("test.json", "test", &text, &[profile])
}

fn running(keyspaces: &str, profile: Profile) -> Vec<String> {
    let file = with(keyspaces, profile).unwrap_or_else(|problem| panic!("{problem}"));
    file.scenario().protocols.as_object().expect("protocols by name").keys().cloned().collect()
}

/// The one mistake of a scenario, and what to do about it.
fn mistake(keyspaces: &str, profile: Profile) -> (String, String) {
    let problem = with(keyspaces, profile).expect_err("it is refused");
    let diagnostic = &problem.diagnostics[0];
    (diagnostic.message.clone(), diagnostic.help.clone().unwrap_or_default())
}

#[test]
fn the_owner_of_the_keys_runs() {
    assert_eq!(running("{}", ANY), ["locks"], "in no keyspace the clients' own protocol owns them");
    assert_eq!(running(r#"{ "d/": "gossip" }"#, ANY), ["gossip"]);
    assert_eq!(running(r#"{ "": "gossip" }"#, ANY), ["gossip"]);
    assert_eq!(running(r#"{ "": "gossip" }"#, GOSSIP), ["gossip"]);
}

#[test]
fn clients_of_one_owner_are_refused_elsewhere() {
    let declare = r#"declare it: "keyspaces": { "d/": "gossip" }"#.to_owned();
    let nowhere = "`d/` must be in a keyspace of `gossip`".to_owned();
    assert_eq!(mistake("{}", GOSSIP), (nowhere, declare.clone()));
    let none = "`d/` is in no keyspace".to_owned();
    assert_eq!(mistake(r#"{ "e/": "gossip" }"#, GOSSIP), (none.clone(), declare));
    assert_eq!(mistake(r#"{ "e/": "gossip" }"#, ANY), (none, "keys must begin with `e/`".to_owned()));
}

#[test]
fn clients_of_one_owner_are_refused_where_another_owns() {
    const ROWS: [Row; 2] = [
        Row { owns: &["gossip"], ..Row::new("gossip", "Nothing.") },
        Row { owns: &["locks"], ..Row::new("locks", "Nothing.") },
    ];
    let owned = "`d/` must be in a keyspace of `gossip`, and is in one of `locks`".to_owned();
    let declare = r#"declare it: "keyspaces": { "d/": "gossip" }"#.to_owned();
    assert_eq!(mistake(r#"{ "d": "locks" }"#, Profile { rows: &ROWS, ..GOSSIP }), (owned, declare));
}
