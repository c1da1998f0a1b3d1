//! A trace that is read once, from memory or from a file.

use std::io::BufRead;
use std::ops::ControlFlow;

use super::jsonl::{ReadError, Reader};
use super::{Footer, Header, Record, Trace};

/// A source of records: a [`Trace`] in memory or a [`Reader`] of JSON Lines.
pub trait Source {
    /// The trace's header.
    fn header(&self) -> &Header;

    /// Calls `see` with every further record, in order, until it breaks; returns the footer if it did not.
    ///
    /// # Errors
    /// If the records can't be read, or were changed after they were written: then all conclusions from
    /// them are void.
    fn walk(&mut self, see: &mut dyn FnMut(&Record<'_>) -> ControlFlow<()>) -> Result<Option<&Footer>, ReadError>;

    /// Calls `see` with every further record, in order.
    ///
    /// # Errors
    /// As for [`Source::walk`].
    fn for_each(&mut self, see: &mut dyn FnMut(&Record<'_>)) -> Result<&Footer, ReadError> {
        let footer = self.walk(&mut |record| {
            see(record);
            ControlFlow::Continue(())
        })?;
        Ok(footer.expect("who does not break off comes to the end"))
    }
}

impl Source for &Trace {
    fn header(&self) -> &Header {
        &self.header
    }

    fn walk(&mut self, see: &mut dyn FnMut(&Record<'_>) -> ControlFlow<()>) -> Result<Option<&Footer>, ReadError> {
        let broken = self.records().any(|record| see(&record).is_break());
        Ok(Some(&self.footer).filter(|_| !broken))
    }
}

impl<R: BufRead> Source for Reader<R> {
    fn header(&self) -> &Header {
        self.header()
    }

    fn walk(&mut self, see: &mut dyn FnMut(&Record<'_>) -> ControlFlow<()>) -> Result<Option<&Footer>, ReadError> {
        while let Some(record) = self.next_record()? {
            if see(&record).is_break() {
                return Ok(None);
            }
        }
        Ok(self.footer())
    }
}
