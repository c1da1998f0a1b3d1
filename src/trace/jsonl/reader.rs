//! Reads a trace back from JSON Lines.

use std::io::BufRead;

use serde::Deserialize;
use xxhash_rust::xxh3::Xxh3Default;

use super::super::{Digest, Footer, Header, OLDEST, Record, VERSION};
use super::lines::{Ending, Lines};
use super::{CONTENT, END, KIND, ReadError};

/// Reads a trace record by record, in one buffer, and checks at its end that it is complete and unchanged.
pub struct Reader<R> {
    lines: Lines<R>,
    hash: Xxh3Default,
    records: u64,
    header: Header,
    footer: Option<Footer>,
}

/// The part of the first line that every version has.
#[derive(Deserialize)]
struct Sign {
    stemmata: String,
    version: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Opening {
    #[serde(rename = "stemmata")]
    _kind: String,
    #[serde(rename = "version")]
    _version: u64,
    header: Header,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Closing {
    end: Footer,
    content: Digest,
}

impl<R: BufRead> Reader<R> {
    /// Reads the header of a trace.
    ///
    /// # Errors
    /// If it is not a trace, has another version, or can't be read.
    pub fn open(input: R) -> Result<Self, ReadError> {
        let mut lines = Lines::new(input);
        let header = open(&mut lines)?;
        let mut hash = Xxh3Default::new();
        hash.update(&lines.line);
        Ok(Self { lines, hash, records: 0, header, footer: None })
    }

    /// The trace's header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The trace's footer; `None` before [`Reader::next_record`] has reached it.
    #[must_use]
    pub const fn footer(&self) -> Option<&Footer> {
        self.footer.as_ref()
    }

    /// The next record, or `None` after the last one, after checking that the trace is unchanged.
    ///
    /// # Errors
    /// If the record is invalid, or the trace was truncated or changed: then all conclusions from the
    /// earlier records are void.
    pub fn next_record(&mut self) -> Result<Option<Record<'_>>, ReadError> {
        if self.footer.is_some() {
            return Ok(None);
        }
        match self.lines.advance()? {
            Ending::Whole => {}
            Ending::Cut | Ending::None => return Err(self.cut()),
        }
        if self.lines.line.starts_with(END) {
            self.footer = Some(self.close()?);
            return Ok(None);
        }
        self.hash.update(&self.lines.line);
        let record = parse(&self.lines.line, self.lines.number)?;
        self.records += 1;
        Ok(Some(record))
    }

    fn cut(&self) -> ReadError {
        ReadError::Cut { line: self.lines.number, records: self.records }
    }

    fn close(&mut self) -> Result<Footer, ReadError> {
        let Closing { end, content } = parse(&self.lines.line, self.lines.number)?;
        let covered = self.lines.line.len().saturating_sub(CONTENT.len() + 1);
        self.hash.update(&self.lines.line[..covered]);
        if end.records != self.records {
            return Err(ReadError::Count { footer: end.records, found: self.records });
        }
        if Digest(self.hash.digest()) != content {
            return Err(ReadError::Changed);
        }
        match self.lines.advance()? {
            Ending::None => Ok(end),
            Ending::Whole | Ending::Cut => Err(ReadError::Beyond { line: self.lines.number }),
        }
    }
}

fn open<R: BufRead>(lines: &mut Lines<R>) -> Result<Header, ReadError> {
    let ending = match lines.advance() {
        Err(ReadError::Long { .. }) => return Err(ReadError::Foreign),
        ending => ending?,
    };
    match ending {
        Ending::None => return Err(ReadError::Empty),
        Ending::Cut if lines.line.starts_with(b"{\"stemmata\":\"trace\",") => {
            return Err(ReadError::Cut { line: 1, records: 0 });
        }
        Ending::Cut | Ending::Whole => {}
    }
    let sign: Sign = serde_json::from_slice(&lines.line).map_err(|_| ReadError::Foreign)?;
    if sign.stemmata != KIND {
        return Err(ReadError::Kind { found: sign.stemmata });
    }
    if !(u64::from(OLDEST)..=u64::from(VERSION)).contains(&sign.version) {
        return Err(ReadError::Version { found: sign.version });
    }
    parse::<Opening>(&lines.line, lines.number).map(|opening| opening.header)
}

fn parse<'a, T: Deserialize<'a>>(line: &'a [u8], number: u64) -> Result<T, ReadError> {
    serde_json::from_slice(line).map_err(|error| ReadError::malformed(number, &error))
}

impl<R> std::fmt::Debug for Reader<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("records", &self.records).finish_non_exhaustive()
    }
}
