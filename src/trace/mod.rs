//! The trace, the only witness: records, their canonical bytes and digest, and their formats, text and JSON Lines.

mod block;
mod causes;
mod codec;
mod difference;
pub mod jsonl;
mod kinds;
mod layout;
mod record;
mod recorder;
mod source;
#[cfg(test)]
mod tests;
pub mod text;
mod verdict;

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use causes::Causes;
pub use codec::{Codec, label_of};
pub use difference::{Difference, Unreadable, difference};
pub use kinds::Kinds;
pub use layout::{Head, Sent};
pub use record::{Body, Cause, EffectKind, Event, Label, Record, Said};
pub use recorder::{Digest, Recorder, Records, Tape};
pub use source::Source;
pub use verdict::{Judgement, Verdict, Violation};

use crate::chance::Seed;
use crate::identity::EventId;
use crate::time::Time;

/// The version of the trace's formats and of its digest.
pub const VERSION: u32 = 2;
/// The oldest version that is still read: from it on, words are only added.
pub const OLDEST: u32 = 2;

/// The header of a trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The scenario's name.
    pub scenario: String,
    /// The subject.
    pub subject: String,
    /// The seed.
    pub seed: Seed,
    /// The number of nodes.
    pub nodes: u32,
    /// The lanes, in order.
    pub lanes: Vec<String>,
    /// The scenario as it ran: with all defaults filled in and all ranges drawn.
    pub resolved: Value,
    /// The planned faults, one per line.
    pub faults: Vec<String>,
    /// The time by which each bounded invariant had to hold.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub due: BTreeMap<String, Time>,
}

/// The footer of a trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Footer {
    /// When the run ended.
    pub time: Time,
    /// The number of records.
    pub records: u64,
    /// The digest of all records.
    pub digest: Digest,
    /// The verdicts of the checkers.
    pub judgements: Vec<Judgement>,
}

/// How much of a trace to show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Detail {
    /// Facts, faults, starts and crashes, clients.
    Facts,
    /// Also messages with their outcomes, and timers.
    #[default]
    Messages,
    /// Everything: also disk writes.
    All,
}

/// A whole run: header, records in memory in their canonical encoding, and footer.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Its header.
    pub header: Header,
    /// Its footer.
    pub footer: Footer,
    tape: Tape,
    codec: Codec,
}

impl Trace {
    /// A trace of recorded records.
    #[must_use]
    pub const fn new(header: Header, footer: Footer, tape: Tape, codec: Codec) -> Self {
        Self { header, footer, tape, codec }
    }

    /// Its records in order, with labels, observations and JSON.
    pub fn records(&self) -> impl Iterator<Item = Record<'_>> {
        self.tape.records().map(|record| self.codec.explain(record))
    }

    /// The record with this id, if there is one.
    #[must_use]
    pub fn find(&self, id: EventId) -> Option<Record<'_>> {
        self.select(|record| record.id == id).next()
    }

    /// The selected records, in order; only they are decoded.
    pub fn select(&self, wanted: impl Fn(&Record<'_>) -> bool) -> impl Iterator<Item = Record<'_>> {
        self.tape.records().filter(move |record| wanted(record)).map(|record| self.codec.explain(record))
    }

    /// Its records in order, as they were recorded: values are in their canonical encoding, without labels.
    pub fn raw_records(&self) -> impl Iterator<Item = Record<'_>> {
        self.tape.records()
    }

    /// The bytes that the records take in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.tape.bytes()
    }

    /// The whole trace as text, for people and golden files.
    #[must_use]
    pub fn text(&self, detail: Detail) -> String {
        let mut all = text::head(&self.header);
        let mut renderer = text::Renderer::new(&self.header.lanes, detail);
        for record in self.records() {
            if let Some(line) = renderer.line(&record) {
                all.push_str(&line);
                all.push('\n');
            }
        }
        all.push_str(&text::end(&self.footer));
        all
    }

    /// Writes the whole trace as JSON Lines, the format that is read back.
    ///
    /// # Errors
    /// If `out` can't be written.
    pub fn write_jsonl(&self, out: impl Write) -> io::Result<()> {
        let mut writer = jsonl::Writer::new(out, &self.header)?;
        self.records().try_for_each(|record| writer.record(&record))?;
        writer.finish(&self.footer).map(drop)
    }
}
