//! Lines of bounded length, in one buffer.

use std::io::{BufRead, Read};

use super::{LONGEST_LINE, ReadError};

/// Gives the lines of `input` one after another.
pub(super) struct Lines<R> {
    input: R,
    /// The last line that was read, with its end.
    pub(super) line: Vec<u8>,
    /// Its number, from 1.
    pub(super) number: u64,
}

/// How reading a line ended.
pub(super) enum Ending {
    /// With a complete line.
    Whole,
    /// The input ended before the line.
    Cut,
    /// There is no further line.
    None,
}

impl<R: BufRead> Lines<R> {
    pub(super) const fn new(input: R) -> Self {
        Self { input, line: Vec::new(), number: 0 }
    }

    pub(super) fn advance(&mut self) -> Result<Ending, ReadError> {
        self.line.clear();
        self.number += 1;
        let longest = u64::try_from(LONGEST_LINE).expect("a length fits 64 bits");
        let length = (&mut self.input).take(longest).read_until(b'\n', &mut self.line).map_err(ReadError::Io)?;
        // What editors and checkouts put there is not the trace's.
        if self.line.ends_with(b"\r\n") {
            self.line.truncate(self.line.len() - 2);
            self.line.push(b'\n');
        }
        if self.number == 1 && self.line.starts_with(b"\xef\xbb\xbf") {
            self.line.drain(..3);
        }
        match self.line.last() {
            None => Ok(Ending::None),
            Some(b'\n') => Ok(Ending::Whole),
            Some(_) if length < LONGEST_LINE => Ok(Ending::Cut),
            Some(_) => Err(ReadError::Long { line: self.number }),
        }
    }
}
