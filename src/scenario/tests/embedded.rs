//! The scenarios that come with the program are those of the folder `scenarios/`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::scenario::document::Document;
use crate::scenario::range::{self, Pick};
use crate::scenario::{Scenario, built_in};
use crate::subject::read_strictly;

fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder can be read").path();
        let name = path.file_name().expect("it has a name").to_string_lossy().into_owned();
        if path.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), files);
        } else if let Some(stem) = name.strip_suffix(".json").filter(|stem| *stem != "scenario.schema") {
            files.insert(format!("{prefix}{stem}"), fs::read_to_string(&path).expect("it can be read"));
        }
    }
}

#[test]
fn the_list_and_the_folder_agree() {
    let mut files = BTreeMap::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios"), "", &mut files);
    let embedded: Vec<_> = built_in().map(|known| (known.name.to_owned(), known.text.to_owned())).collect();
    let names = |pairs: &[(String, String)]| pairs.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    let files: Vec<_> = files.into_iter().collect();
    assert_eq!(names(&embedded), names(&files), "in the order of names");
    assert_eq!(embedded, files);
}

/// For any subject: the subjects' own tests cover their parts.
#[test]
fn shipped_scenarios_have_known_keys_and_name_their_schema() {
    for known in built_in() {
        let (document, mut value) = Document::parse(known.name, known.text).expect("it is JSON");
        let ranges = range::find(&value).expect("its ranges are in order");
        range::fill(&mut value, &ranges, Pick::Least);
        document.readable().expect("all of it can be read");
        let read: Result<Scenario, _> = read_strictly(&value);
        let scenario = read.unwrap_or_else(|misfit| panic!("{}: {misfit:?}", known.name));
        let up = "../".repeat(known.name.matches('/').count());
        assert_eq!(scenario.schema, Some(format!("{up}scenario.schema.json")), "{}", known.name);
        assert!(scenario.name.is_empty() || scenario.name == known.name, "{} has another name", known.name);
    }
}
