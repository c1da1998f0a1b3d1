//! The files of a shrunk run: its scenario, in which a comment explains each part, its story and its picture.

use serde_json::{Map, Value};

use super::space_time::svg;
use super::story::story;
use crate::chance::Seed;
use crate::hunt::{Need, Part, Shrunk, Without};
use crate::scenario::{self, Resolved};

/// The name and the description of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileHeader<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it shows, in a sentence.
    pub about: &'a str,
    /// The path of its JSON Schema, for editors.
    pub schema: &'a str,
}

/// The texts of the files of a shrunk run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShrunkFiles {
    /// The scenario, as JSON with comments.
    pub scenario: String,
    /// The story, as Markdown.
    pub story: String,
    /// The space-time diagram of the story, as SVG.
    pub picture: String,
}

impl ShrunkFiles {
    /// Writes down a shrunk run; `picture` is the name of the picture's file.
    #[must_use]
    pub fn of(shrunk: &Shrunk, needs: &[Need], naming: FileHeader<'_>, picture: &str) -> Self {
        let (story, past) = story(shrunk, needs, naming.name, picture);
        let title = format!("{} breaks {}: {}", naming.name, shrunk.kind.invariant, shrunk.violation.sentence);
        Self { scenario: scenario_file(shrunk, needs, naming), story, picture: svg(&past, &title) }
    }
}

/// The order of the keys, as in files that are written by hand.
const KEYS: [&str; 13] = [
    "subject",
    "nodes",
    "run",
    "network",
    "clocks",
    "disk",
    "protocols",
    "keyspaces",
    "workload",
    "operations",
    "faults",
    "fates",
    "expect",
];

/// The text of the scenario file of a shrunk run; `needs` says why each part is necessary.
#[must_use]
pub fn scenario_file(shrunk: &Shrunk, needs: &[Need], naming: FileHeader<'_>) -> String {
    let Resolved { scenario, profile, seed, .. } = &shrunk.resolved;
    let mut fields = scenario::said(scenario, profile).as_object().cloned().unwrap_or_default();
    if *seed != Seed::default()
        && let Some(run) = fields.entry("run").or_insert_with(|| Value::Object(Map::new())).as_object_mut()
    {
        run.insert("seed".to_owned(), Value::from(seed.to_string()));
    }
    let mut parts = vec![
        field("$schema", &Value::from(naming.schema)),
        field("name", &Value::from(naming.name)),
        field("about", &Value::from(naming.about)),
    ];
    let known = KEYS.iter().filter_map(|key| Some((*key, fields.get(*key)?)));
    let others = fields.iter().map(|(key, value)| (key.as_str(), value)).filter(|(key, _)| !KEYS.contains(key));
    for (key, value) in known.chain(others) {
        let why = Why { shrunk, needs, key };
        parts.push(match (key, value) {
            ("network", Value::Object(_)) => why.network(value),
            ("operations" | "faults", Value::Array(items)) => why.list(items),
            ("fates", Value::Object(fates)) => why.map(fates),
            ("nodes", Value::Object(parts)) if parts.len() == 1 => field(key, parts.get("voters").unwrap_or(value)),
            (_, value) => field(key, value),
        });
    }
    format!("{{\n{}\n}}\n", parts.join(",\n"))
}

fn field(key: &str, value: &Value) -> String {
    format!("  {}: {}", Value::from(key), inline(value))
}

/// Why the parts under one key are necessary.
struct Why<'a> {
    shrunk: &'a Shrunk,
    needs: &'a [Need],
    key: &'a str,
}

impl Why<'_> {
    fn network(&self, value: &Value) -> String {
        let chances = ["loss", "duplicate", "reorder", "corrupt"];
        let comments = chances.iter().filter_map(|name| self.comment(&Part::Chance(name)));
        let comments: String = comments.map(|comment| format!("  {comment}\n")).collect();
        format!("{comments}{}", field(self.key, value))
    }

    fn list(&self, items: &[Value]) -> String {
        let lines: Vec<_> =
            items.iter().enumerate().map(|(at, item)| self.item(&self.part(at), &inline(item))).collect();
        format!("  \"{}\": [\n{}\n  ]", self.key, lines.join(",\n"))
    }

    fn map(&self, fates: &Map<String, Value>) -> String {
        let by_id = self.shrunk.resolved.fates.keys().filter_map(|id| {
            let lane = self.shrunk.resolved.profile.lanes.get(id.lane.index())?;
            let name = format!("{}.{lane}#{}", id.sender, id.number);
            let fate = fates.get(&name)?;
            Some(self.item(&Some(Part::Fate(*id)), &format!("{}: {}", Value::from(name), inline(fate))))
        });
        let lines: Vec<_> = by_id.collect();
        format!("  \"{}\": {{\n{}\n  }}", self.key, lines.join(",\n"))
    }

    fn part(&self, at: usize) -> Option<Part> {
        match self.key {
            "faults" => Some(Part::Fault(at)),
            _operations => Some(Part::Operation(self.shrunk.resolved.operations().get(at)?.op)),
        }
    }

    fn item(&self, part: &Option<Part>, text: &str) -> String {
        let comment = part.as_ref().and_then(|part| self.comment(part));
        let comment = comment.map(|comment| format!("    {comment}\n")).unwrap_or_default();
        format!("{comment}    {text}")
    }

    fn comment(&self, part: &Part) -> Option<String> {
        let need = self.needs.iter().find(|need| need.part == *part)?;
        let invariant = &self.shrunk.kind.invariant;
        let why = match &need.without {
            Without::Same => format!("not necessary: {invariant} is violated without it too"),
            Without::Holds => format!("without it, {invariant} holds"),
            Without::Open(why) => format!("without it, {invariant} is not decided or not exercised: {why}"),
            Without::Otherwise { invariant: other, sentence } if other == invariant => {
                format!("without it, {invariant} is violated in another way: {sentence}")
            }
            Without::Otherwise { invariant: other, sentence } => {
                format!("without it, {other} is violated: {sentence}")
            }
        };
        let name = match part {
            Part::Chance(name) => format!("{name}: "),
            Part::Fault(_) | Part::Fate(_) | Part::Operation(_) => String::new(),
        };
        Some(format!("// {name}{}", why.replace(char::is_control, " ")))
    }
}

/// JSON on one line, with a space inside the braces of an object.
fn inline(value: &Value) -> String {
    match value {
        Value::Object(fields) if fields.is_empty() => "{}".to_owned(),
        Value::Object(fields) => {
            let fields: Vec<_> = ordered(fields)
                .into_iter()
                .map(|(key, value)| format!("{}: {}", Value::from(key.as_str()), inline(shorter(key, value))))
                .collect();
            format!("{{ {} }}", fields.join(", "))
        }
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(inline).collect();
            if items.iter().any(|item| item.starts_with('{')) {
                format!("[ {} ]", items.join(", "))
            } else {
                format!("[{}]", items.join(", "))
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

/// Writes a single target of a fault without a list.
fn shorter<'a>(key: &str, value: &'a Value) -> &'a Value {
    match value.as_array().map(Vec::as_slice) {
        Some([target]) if key == "target" => target,
        Some([..]) | None => value,
    }
}

/// The keys that come first in an entry.
const FIRST: [&str; 8] = ["at", "when", "for", "op", "to", "fault", "command", "from"];

fn ordered(fields: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let place = |key: &str| FIRST.iter().position(|first| *first == key).unwrap_or(FIRST.len());
    let mut ordered: Vec<_> = fields.iter().collect();
    ordered.sort_by_key(|(key, _)| (place(key), *key));
    ordered
}
