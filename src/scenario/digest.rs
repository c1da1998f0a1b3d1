//! A digest of a file's content; neither spelling nor a new setting with a default changes it.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::cluster::Nodes;
use super::entry::FaultEntry;
use super::file;
use super::format::{Clocks, Disk, Expect, Run, Scenario};
use super::links::NetworkSettings;
use super::operation::OperationEntry;
use super::path::Path;
use super::range::Range;
use super::swarm::Swarm;
use crate::chance::Seed;
use crate::fault::Budget;
use crate::subject::Profile;

/// The digest of a file; `least` is its scenario with the minimum of each range.
pub(super) fn of(least: &Scenario, ranges: &[Range], profile: &Profile) -> u64 {
    let mut text = String::new();
    canonical(&said(least, ranges, profile), &mut text);
    xxhash_rust::xxh3::xxh3_64(text.as_bytes())
}

/// The content of a scenario that differs from the defaults, in one spelling: without `name`, `about` and seed.
#[must_use]
pub fn plain(scenario: &Scenario, profile: &Profile) -> Value {
    said(scenario, &[], profile)
}

/// The content of the file that differs from the defaults, in one spelling.
pub(super) fn said(least: &Scenario, ranges: &[Range], profile: &Profile) -> Value {
    let Scenario {
        schema: _,
        name: _,
        about: _,
        subject,
        nodes,
        run,
        network,
        clocks,
        disk,
        protocols,
        keyspaces,
        workload,
        operations,
        faults,
        swarm,
        fates,
        expect,
        explore,
    } = least;
    let paring = Paring { ranges };
    let lasts = run.lasts.filter(|_| *run != Run { lasts: Some(Run::USUAL), quiesce_at: None, ..run.clone() });
    let run = Run { seed: Seed::default(), lasts, ..run.clone() };
    let mut said = Map::new();
    let mut say = |key: &str, value: Value| {
        if !is_empty(&value) {
            said.insert(key.to_owned(), value);
        }
    };
    if *subject != Scenario::default().subject {
        say("subject", Value::String(subject.clone()));
    }
    say("nodes", paring.typed::<Nodes>(nodes, &Path::of("nodes")));
    say("run", paring.typed::<Run>(&run, &Path::of("run")));
    say("network", paring.network(network));
    say("clocks", paring.typed::<Clocks>(clocks, &Path::of("clocks")));
    say("disk", paring.typed::<Disk>(disk, &Path::of("disk")));
    say("protocols", paring.pare(protocols, &Path::of("protocols"), &|value| file::settings(value, profile).ok()));
    say("keyspaces", serde_json::to_value(keyspaces).expect("keyspaces are plain data"));
    let workload = workload.iter().enumerate().map(|(index, entry)| {
        paring.pare(entry, &Path::of("workload").index(index), &|value| (profile.workload)(value).ok())
    });
    say("workload", workload.collect());
    let operations = operations.iter().enumerate();
    say(
        "operations",
        operations
            .map(|(index, entry)| paring.operation(entry, &Path::of("operations").index(index), profile))
            .collect(),
    );
    let faults = faults.iter().enumerate();
    say(
        "faults",
        faults.map(|(index, entry)| paring.typed::<FaultEntry>(entry, &Path::of("faults").index(index))).collect(),
    );
    if let Some(swarm) = swarm {
        say("swarm", paring.typed::<Swarm>(swarm, &Path::of("swarm")));
    }
    say("fates", serde_json::to_value(fates).expect("fates are plain data"));
    say("expect", paring.typed::<Expect>(expect, &Path::of("expect")));
    say("explore", paring.typed::<Budget>(explore, &Path::of("explore")));
    let mut said = Value::Object(said);
    for range in ranges {
        insert(&mut said, &range.path, range.spelled());
    }
    said
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Removes everything that filling in the defaults restores.
struct Paring<'a> {
    ranges: &'a [Range],
}

type Fill<'a> = &'a dyn Fn(&Value) -> Option<Value>;

impl Paring<'_> {
    fn typed<T: Serialize + DeserializeOwned>(&self, part: &T, place: &Path) -> Value {
        let value = |part: &T| serde_json::to_value(part).expect("a scenario is plain data");
        self.pare(&value(part), place, &|written| Some(value(&T::deserialize(written).ok()?)))
    }

    /// The subject pares the command.
    fn operation(&self, entry: &OperationEntry, place: &Path, profile: &Profile) -> Value {
        let mut pared = serde_json::to_value(entry).expect("a scenario is plain data");
        let command = |value: &Value| (profile.command)(value).ok();
        pared["command"] = self.pare(&entry.command, &place.key("command"), &command);
        pared
    }

    /// Pares each link on its own, because there may be many.
    fn network(&self, network: &NetworkSettings) -> Value {
        let place = Path::of("network");
        let mut pared =
            self.typed::<NetworkSettings>(&NetworkSettings { links: Vec::new(), ..network.clone() }, &place);
        let links = network.links.iter().enumerate();
        let links: Vec<_> = links.map(|(index, link)| self.typed(link, &place.key("links").index(index))).collect();
        if !links.is_empty() {
            pared["links"] = Value::Array(links);
        }
        pared
    }

    /// The smallest value that `fill` turns into `full`, which is at `place`.
    fn pare(&self, full: &Value, place: &Path, fill: Fill<'_>) -> Value {
        let mut pared = full.clone();
        self.pare_at(&mut pared, full, place, &Path::ROOT, fill);
        pared
    }

    fn pare_at(&self, pared: &mut Value, full: &Value, place: &Path, at: &Path, fill: Fill<'_>) {
        let keys: Vec<String> = match at.get(pared) {
            Some(Value::Object(fields)) => fields.keys().cloned().collect(),
            Some(Value::Array(items)) => {
                let items = 0..items.len();
                return items.for_each(|index| self.pare_at(pared, full, &place.index(index), &at.index(index), fill));
            }
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => return,
        };
        for key in keys {
            let (place, inner) = (place.key(&key), at.key(&key));
            let ranged = self.ranges.iter().any(|range| range.path.starts_with(&place));
            if ranged || !drop_key(pared, at, &key, full, fill) {
                self.pare_at(pared, full, &place, &inner, fill);
            }
        }
    }
}

/// Removes a key if `fill` restores it.
fn drop_key(pared: &mut Value, at: &Path, key: &str, full: &Value, fill: Fill<'_>) -> bool {
    let fields = |value: &mut Value| at.get_mut(value).and_then(Value::as_object_mut).map(std::mem::take);
    let Some(before) = fields(pared) else {
        return false;
    };
    let put = |value: &mut Value, fields: Map<String, Value>| {
        *at.get_mut(value).expect("it was there") = Value::Object(fields);
    };
    let mut without = before.clone();
    without.remove(key);
    put(pared, without);
    let same = fill(pared).as_ref() == Some(full);
    if !same {
        put(pared, before);
    }
    same
}

/// Puts a value at a path, and creates the missing parents.
fn insert(root: &mut Value, path: &Path, value: Value) {
    use super::path::Step;
    let mut place = root;
    for step in path.steps() {
        place = match step {
            Step::Key(key) => {
                if !place.is_object() {
                    *place = Value::Object(Map::new());
                }
                place.as_object_mut().expect("made one").entry(key).or_insert(Value::Null)
            }
            Step::Index(index) => {
                if !place.is_array() {
                    *place = Value::Array(Vec::new());
                }
                let items = place.as_array_mut().expect("made one");
                if items.len() <= *index {
                    items.resize(index + 1, Value::Null);
                }
                &mut items[*index]
            }
        };
    }
    *place = value;
}

/// JSON without spaces, keys in order.
fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|(key, _)| *key);
            text.push('{');
            for (key, value) in fields {
                text.push_str(&Value::String(key.clone()).to_string());
                text.push(':');
                canonical(value, text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for item in items {
                canonical(item, text);
                text.push(',');
            }
            text.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => text.push_str(&value.to_string()),
    }
}
