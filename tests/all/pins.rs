//! What must not change unnoticed and says nothing to a reader: digests, counts of states, figures of reports. They stand
//! by name in `pins.json`. With `INSTA_UPDATE=always` they are written anew, as the goldens are.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};

type Pins = BTreeMap<String, String>;

static PINS: LazyLock<Mutex<Pins>> = LazyLock::new(|| Mutex::new(read()));

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/all/pins.json")
}

fn read() -> Pins {
    let text = fs::read_to_string(path()).unwrap_or_else(|_| "{}".to_owned());
    serde_json::from_str(&text).expect("names and values")
}

/// Holds a value against the one that is pinned under this name.
pub(crate) fn assert_pinned(name: &str, value: impl Display) {
    let value = value.to_string();
    let mut pins = PINS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let known = pins.get(name).cloned();
    if known.as_ref() == Some(&value) {
        return;
    }
    if std::env::var_os("INSTA_UPDATE").is_none_or(|update| update != "always") {
        drop(pins);
        panic!("{name}: {} is pinned, and now it is {value}", known.as_deref().unwrap_or("nothing"));
    }
    pins.insert(name.to_owned(), value);
    let text = serde_json::to_string_pretty(&*pins).expect("plain data") + "\n";
    fs::write(path(), text).expect("the pins can be written");
}
