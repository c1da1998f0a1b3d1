//! JSON Lines: the format of a trace for programs, and the only one that is read back.
//!
//! | line | |
//! | --- | --- |
//! | first | `{"stemmata":"trace","version":1,"header":{…}}` |
//! | each further | a [`Record`](super::Record): `{"time":"150212000","id":"n1#2","stamp":null,"event":{"timer":{…}}}` |
//! | last | `{"end":{…},"content":"9b1c2f0e41d0c3a8"}` |
//!
//! `content` is the xxh3 hash (64 bits) of everything before the comma in front of it, so that a trace that was
//! truncated, edited or damaged is detected. (The footer's digest covers the canonical encoding, which needs the subject's
//! types.) Every line ends with LF, the last one too.

mod error;
mod lines;
mod reader;
mod writer;

pub use error::ReadError;
pub use reader::Reader;
pub use writer::Writer;

/// The longest line that is written or read, with its end: 64 MiB.
pub const LONGEST_LINE: usize = 64 << 20;

/// The kind of file in the first line.
const KIND: &str = "trace";
/// The start of the last line, different from every record.
const END: &[u8] = b"{\"end\":";
/// The end of the last line after the footer, with the digits of a hash instead of the dots.
const CONTENT: &str = ",\"content\":\"................\"}";
