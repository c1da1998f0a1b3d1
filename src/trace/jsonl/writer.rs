//! Writes a trace as JSON Lines.

use std::io::{self, Write};

use serde::Serialize;
use xxhash_rust::xxh3::Xxh3Default;

use super::super::{Digest, Footer, Header, Record, VERSION};
use super::{KIND, LONGEST_LINE};

/// Writes a trace line by line, in its own blocks. An unfinished trace reads as truncated.
#[derive(Clone)]
pub struct Writer<W> {
    out: W,
    block: Vec<u8>,
    hash: Xxh3Default,
    records: u64,
}

/// The number of bytes that are hashed and written at once.
const BLOCK: usize = 64 * 1024;

#[derive(Serialize)]
struct Opening<'a> {
    stemmata: &'static str,
    version: u32,
    header: &'a Header,
}

#[derive(Serialize)]
struct Closing<'a> {
    end: &'a Footer,
}

impl<W: Write> Writer<W> {
    /// Starts a trace.
    ///
    /// # Errors
    /// If `out` can't be written.
    pub fn new(out: W, header: &Header) -> io::Result<Self> {
        let mut writer = Self { out, block: Vec::with_capacity(BLOCK), hash: Xxh3Default::new(), records: 0 };
        writer.line(&Opening { stemmata: KIND, version: VERSION, header })?;
        Ok(writer)
    }

    /// Writes a record, which must have been explained.
    ///
    /// # Errors
    /// If `out` can't be written, its body is still encoded, or its line is longer than [`LONGEST_LINE`].
    pub fn record(&mut self, record: &Record<'_>) -> io::Result<()> {
        self.records += 1;
        self.line(record)
    }

    /// Ends the trace, flushes, and returns the output.
    ///
    /// # Errors
    /// If `out` can't be written.
    ///
    /// # Panics
    /// If the footer has another number of records than were written.
    pub fn finish(mut self, footer: &Footer) -> io::Result<W> {
        assert_eq!(footer.records, self.records, "a footer counts the records before it");
        serde_json::to_writer(&mut self.block, &Closing { end: footer })?;
        self.block.pop();
        self.flush()?;
        let content = Digest(self.hash.digest());
        writeln!(self.out, ",\"content\":\"{content}\"}}")?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        let start = self.block.len();
        serde_json::to_writer(&mut self.block, line)?;
        self.block.push(b'\n');
        if self.block.len() - start > LONGEST_LINE {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a record of a trace is too long for a line"));
        }
        if self.block.len() >= BLOCK { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.hash.update(&self.block);
        self.out.write_all(&self.block)?;
        self.block.clear();
        Ok(())
    }
}

impl<W> std::fmt::Debug for Writer<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("records", &self.records).finish_non_exhaustive()
    }
}
