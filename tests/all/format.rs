//! The reference of the scenario format: nothing is missing, every example is valid, and the committed page is current.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use stemmata::report::format::{Given, format_index, format_pages, format_report};
use stemmata::subject::Profile;

use crate::support::{parse, subjects};

fn profiles() -> Vec<Profile> {
    subjects().iter().map(|subject| subject.profile).collect()
}

/// The keys that objects have anywhere in a schema.
fn keys(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(fields) => {
            let properties = fields.get("properties").and_then(Value::as_object);
            found.extend(properties.into_iter().flatten().map(|(key, _)| key.clone()));
            fields.values().for_each(|inner| keys(inner, found));
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_key_of_the_schema_is_in_the_reference() {
    let mut wanted = BTreeSet::new();
    keys(&stemmata::scenario::schema(&profiles()), &mut wanted);
    assert!(wanted.len() > 100, "{wanted:?}");
    let pages = format_pages(&profiles());
    let lines = pages.iter().flat_map(|page| &page.sections).flat_map(|section| &section.lines);
    let mut said = BTreeSet::new();
    for line in lines {
        let words = line.key.split(|letter: char| !letter.is_alphanumeric() && !"$_-".contains(letter));
        said.extend(words.map(str::to_owned));
    }
    // A range and a choice are the same everywhere, and are explained once.
    said.extend(["min", "max", "one_of"].map(str::to_owned));
    let missing: Vec<_> = wanted.difference(&said).collect();
    assert!(missing.is_empty(), "the reference lacks {missing:?}");
    for key in ["min", "max", "one_of"] {
        assert!(format_report(&profiles()).contains(&format!("\"{key}\":")), "{key} is explained nowhere");
    }
}

#[test]
fn every_key_has_a_meaning() {
    for page in format_pages(&profiles()) {
        for line in page.sections.iter().flat_map(|section| &section.lines) {
            let says = line.given == Given::Form || line.key == "NAME" || !line.about.is_empty();
            assert!(says, "{}: the key {} has no meaning", page.name, line.key);
        }
    }
}

#[test]
fn every_page_has_an_example_that_is_valid_and_uses_its_part() {
    for page in format_pages(&profiles()) {
        let example = page.example.unwrap_or_else(|| panic!("the example of {} is refused", page.name));
        let file = parse(example);
        file.resolve(file.seed()).unwrap_or_else(|problem| {
            panic!("{}: {}", page.name, problem.render(false, stemmata::scenario::Problem::WIDTH))
        });
        let part = page.name.strip_prefix("format.").expect("a part");
        let uses = part == "values" || part == "scenario" || example.contains(&format!("\n  \"{part}\": "));
        assert!(uses, "the example of {} has no `{part}`", page.name);
    }
}

#[test]
fn the_index_fits_a_screen_and_names_every_page() {
    let index = format_index();
    assert!(index.lines().count() <= 40 && index.is_ascii(), "{index}");
    assert!(index.lines().all(|line| line.len() <= 80), "{index}");
    for page in format_pages(&profiles()) {
        assert!(index.contains(&format!("\n  {} ", page.name)), "{} is not in the index", page.name);
        let text = page.text();
        assert!(text.starts_with(&format!("{}: ", page.name)), "{text}");
        let prose = text.lines().filter(|line| !line.contains(['{', '"']));
        prose.for_each(|line| assert!(line.chars().count() <= 100, "{}: {line}", page.name));
    }
}

#[test]
fn the_committed_reference_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/format.md");
    let committed = fs::read_to_string(path).expect("the reference is committed").replace("\r\n", "\n");
    let current = format_report(&profiles());
    let differs = committed.lines().zip(current.lines()).find(|(committed, current)| committed != current);
    assert_eq!(differs, None, "make reports/format.md anew with .ci/remake");
    assert_eq!(committed.lines().count(), current.lines().count(), "make reports/format.md anew with .ci/remake");
}
