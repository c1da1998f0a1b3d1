//! Lists the scenarios that come with the program, so that each file in `scenarios/` is built in.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

fn main() -> io::Result<()> {
    writeln!(io::stdout(), "cargo::rerun-if-changed=build.rs")?;
    let folder = Path::new(&variable("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut found = BTreeMap::new();
    find(&folder, "", &mut found)?;
    let rows = found.iter().map(|(name, path)| format!("    ({name:?}, include_str!({path:?})),\n"));
    let list = format!("[\n{}]\n", rows.collect::<String>());
    fs::write(Path::new(&variable("OUT_DIR")).join("scenarios.rs"), list)
}

fn variable(name: &str) -> OsString {
    std::env::var_os(name).expect("cargo sets it")
}

/// The scenarios in a folder and below it: each by its path without the ending.
fn find(folder: &Path, above: &str, found: &mut BTreeMap<String, PathBuf>) -> io::Result<()> {
    writeln!(io::stdout(), "cargo::rerun-if-changed={}", folder.display())?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("scenarios have plain names");
        if path.is_dir() {
            find(&path, &format!("{above}{name}/"), found)?;
        } else if let Some(name) = name.strip_suffix(".json").filter(|name| !name.ends_with(".schema")) {
            found.insert(format!("{above}{name}"), path.clone());
        }
    }
    Ok(())
}
