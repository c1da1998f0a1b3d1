//! A module imports only from lower layers. Read from the `use` lines and paths themselves.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The layers, from the lowest. Modules of one layer may build on one another, but no two import one another, save the
/// contract of a process and the context that its handlers are given.
const LAYERS: [&[&str]; 11] = [
    &[
        "units",
        "time",
        "measure",
        "identity",
        "signature",
        "chance",
        "clocks",
        "decimal",
        "encoding",
        "path_text",
        "wrap",
    ],
    &["process", "context", "network", "fault", "observation", "symmetry"],
    &["trace"],
    &["sim", "check"],
    &["codex", "subject"],
    &["protocols"],
    &["broadcast", "node"],
    &["scenario", "run"],
    &["hunt"],
    &["report"],
    &["cli", "prelude"],
];

/// Folders that only group modules, which the crate names without them.
const GROUPS: [&str; 3] = ["contract", "environment", "quantities"];

/// The parts of a module that stand beside it in its group.
const PARTS: [(&str, &[&str]); 2] =
    [("subject", &["profile", "row", "strict", "world"]), ("fault", &["budget", "display", "kind", "parts", "target"])];

/// The module that a file in `src` belongs to.
fn module_of(inside: &Path) -> String {
    let mut names =
        inside.components().map(|part| part.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned());
    let first = names.next().expect("it has a name");
    if !GROUPS.contains(&first.as_str()) {
        return first;
    }
    let name = names.next().expect("a group is a folder");
    let whole = PARTS.iter().find(|(_, parts)| parts.contains(&name.as_str()));
    whole.map_or(name, |(whole, _)| (*whole).to_owned())
}

fn layer_of(module: &str) -> Option<usize> {
    LAYERS.iter().position(|modules| modules.contains(&module))
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("src can be read") {
        let path = entry.expect("src can be read").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The modules of the crate that a source names as `crate::module`, tests at its end left out.
fn imports(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text);
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let paths = lines.flat_map(|line| line.split("crate::").skip(1));
    let word = |path: &str| path.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
    paths.map(word).filter(|module: &String| !module.is_empty()).collect()
}

#[test]
fn imports_run_downward() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut upward = Vec::new();
    let mut edges: BTreeMap<(String, String), PathBuf> = BTreeMap::new();
    for file in files {
        let inside = file.strip_prefix(&root).expect("it is in src");
        let module = module_of(inside);
        let test_only = inside.components().any(|part| part.as_os_str().to_string_lossy().starts_with("tests"));
        if ["lib", "main", "mod"].contains(&module.as_str()) || test_only {
            continue;
        }
        let layer = layer_of(&module).unwrap_or_else(|| panic!("`{module}` stands in no layer: add it to LAYERS"));
        for import in imports(&fs::read_to_string(&file).expect("a source is text")) {
            if import == module {
                continue;
            }
            let lower = layer_of(&import).unwrap_or_else(|| panic!("{} names crate::{import}", inside.display()));
            if lower > layer {
                upward.push(format!("{} (layer {layer}) imports {import} (layer {lower})", inside.display()));
            }
            edges.insert((module.clone(), import), inside.to_path_buf());
        }
    }
    assert!(upward.is_empty(), "imports must run downward:\n{}", upward.join("\n"));
    assert!(edges.len() > 40, "the test has lost sight of the imports: {} found", edges.len());
    for (from, to) in edges.keys() {
        let both = edges.contains_key(&(to.clone(), from.clone()));
        let allowed = ["process", "context"].contains(&from.as_str()) && ["process", "context"].contains(&to.as_str());
        assert!(!both || allowed, "{from} and {to} import one another");
    }
}

#[test]
fn an_upward_import_would_be_seen() {
    assert_eq!(imports("use crate::sim::Cluster;\n// crate::cli\nfn f() { crate::run::x() }"), ["sim", "run"]);
    assert!(layer_of("sim") < layer_of("run"));
}
