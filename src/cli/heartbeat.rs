//! A line of progress every ten seconds, where no bar can be drawn.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::environment::Stopwatch;
use super::shell::{FAINT, Shell};

/// The time between two lines, in seconds.
const OFTEN: u64 = 10;

/// How far the work has come, for people and for programs.
pub(super) struct Beat {
    pub(super) text: String,
    /// An object.
    pub(super) counts: Value,
}

#[derive(Debug)]
pub(super) struct Heartbeat {
    watch: Stopwatch,
    /// How many times ten seconds had passed at the last line.
    told: AtomicU64,
    shell: Shell,
}

impl Heartbeat {
    pub(super) fn new(shell: &Shell) -> Self {
        Self { watch: Stopwatch::start(), told: AtomicU64::new(0), shell: shell.clone() }
    }

    /// Says how far the work has come, if the last line is old enough; any thread may call this.
    pub(super) fn beat(&self, name: &str, progress: impl FnOnce() -> Beat) {
        if !self.shell.says_progress() {
            return;
        }
        let seconds = self.watch.elapsed().as_secs();
        let times = seconds / OFTEN;
        if self.told.fetch_max(times, Ordering::Relaxed) < times {
            let (text, object) = said(name, seconds, progress());
            self.shell.tell(&text, || object);
        }
    }
}

/// The line for people, and the object for programs.
fn said(name: &str, seconds: u64, beat: Beat) -> (String, Value) {
    let Beat { text, mut counts } = beat;
    counts["scenario"] = json!(name);
    counts["seconds"] = json!(seconds);
    (format!("{FAINT}{name}: {text} after {seconds} s{FAINT:#}"), json!({ "progress": counts }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_a_line_for_people_and_an_object_for_programs() {
        let beat = Beat { text: "7 runs".to_owned(), counts: json!({ "runs": 7 }) };
        let (text, object) = said("hello", 10, beat);
        assert_eq!(anstream::adapter::strip_str(&text).to_string(), "hello: 7 runs after 10 s");
        assert_eq!(object, json!({ "progress": { "runs": 7, "scenario": "hello", "seconds": 10 } }));
    }
}
