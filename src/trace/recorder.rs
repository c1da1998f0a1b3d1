//! Records events: hashes their canonical encoding in blocks, and keeps it if a trace is wanted.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use xxhash_rust::xxh3::Xxh3Default;

use super::block::Block;
use super::layout::{self, Head, Sent};
use super::record::{Body, Event, Record, Said};
use crate::encoding;
use crate::identity::MessageId;

/// A digest of records: the xxh3 hash (64 bits) of their canonical encoding, one after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub u64);

/// The canonical encoding of all records of a run, in blocks.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    blocks: Vec<Box<[u8]>>,
}

/// Encodes, hashes and optionally keeps records.
#[derive(Clone)]
pub struct Recorder {
    block: Block,
    /// The buffer for records of the rarer kinds, which are then copied into the block.
    spare: Vec<u8>,
    hash: Xxh3Default,
    records: u64,
    /// Whether records are kept from now on.
    keeps: bool,
    tape: Option<Tape>,
}

/// The number of bytes that are hashed, and kept, at once; a record is never split.
const BLOCK: usize = 16 * 1024;

impl Recorder {
    /// A recorder that keeps only the digest.
    #[must_use]
    pub fn digest_only() -> Self {
        Self {
            block: Block::new(BLOCK),
            spare: Vec::new(),
            hash: Xxh3Default::new(),
            records: 0,
            keeps: false,
            tape: None,
        }
    }

    /// A recorder that keeps all records.
    #[must_use]
    pub fn keeping() -> Self {
        Self { keeps: true, tape: Some(Tape::default()), ..Self::digest_only() }
    }

    /// Starts or stops keeping records; earlier ones stay.
    pub fn keep(&mut self, keeps: bool) {
        self.flush();
        self.keeps = keeps;
    }

    /// Adds one record.
    #[inline(never)]
    pub fn push(&mut self, record: &Record<'_>) {
        let Record { time, id, stamp, event } = record;
        let head = Head { time: *time, id: *id, stamp: stamp.as_deref() };
        if let Event::Send { message, to, copies, said: Said { body: Body::Encoded(said), .. } } = event {
            self.push_send(head, Sent { message: *message, to: *to, copies: *copies, said });
        } else if let Event::Receive { message, copy, corrupted: None } = event {
            self.push_receive(head, *message, *copy);
        } else {
            self.push_other(record);
        }
    }

    /// Adds the record of an [`Event::Send`] like [`Recorder::push`], without building it.
    #[inline(always)]
    pub fn push_send(&mut self, head: Head<'_>, sent: Sent<'_>) {
        self.make_room(head.room(sent.said.len()));
        let left = layout::write_send(head, sent, self.block.room()).len();
        self.block.keep_all_but(left);
    }

    /// Adds the record of an uncorrupted [`Event::Receive`] like [`Recorder::push`], without building it.
    #[inline(always)]
    pub fn push_receive(&mut self, head: Head<'_>, message: MessageId, copy: u16) {
        self.make_room(head.room(0));
        let left = layout::write_receive(head, message, copy, self.block.room()).len();
        self.block.keep_all_but(left);
    }

    #[inline(never)]
    fn push_other(&mut self, record: &Record<'_>) {
        let mut spare = std::mem::take(&mut self.spare);
        encoding::write(record, &mut spare);
        self.make_room(spare.len());
        let (piece, left) = self.block.room().split_at_mut(spare.len());
        piece.copy_from_slice(&spare);
        let left = left.len();
        self.block.keep_all_but(left);
        spare.clear();
        self.spare = spare;
    }

    /// Makes room for a record, and counts it.
    #[inline(always)]
    fn make_room(&mut self, length: usize) {
        self.records += 1;
        if !self.block.has_room(length) {
            self.flush();
            self.block.grow(length);
        }
    }

    /// The number of records so far.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.records
    }

    /// The digest of all records so far.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut hash = self.hash.clone();
        hash.update(self.block.filled());
        Digest(hash.digest())
    }

    /// Ends the recording: the digest, and the records if they were kept.
    #[must_use]
    pub fn finish(mut self) -> (Digest, Option<Tape>) {
        self.flush();
        (Digest(self.hash.digest()), self.tape)
    }

    #[cold]
    fn flush(&mut self) {
        self.hash.update(self.block.filled());
        if self.keeps {
            let tape = self.tape.get_or_insert_default();
            tape.blocks.push(self.block.filled().into());
        }
        self.block.clear();
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("records", &self.records).finish_non_exhaustive()
    }
}

impl Tape {
    /// The records in order, as they were encoded.
    #[must_use]
    pub fn records(&self) -> Records<'_> {
        Records { blocks: self.blocks.iter(), rest: &[] }
    }

    /// Their size in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.blocks.iter().map(|block| block.len()).sum()
    }
}

/// The records of a [`Tape`], in order.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    blocks: std::slice::Iter<'a, Box<[u8]>>,
    rest: &'a [u8],
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        while self.rest.is_empty() {
            self.rest = self.blocks.next()?;
        }
        let (record, rest) = encoding::read_prefix(self.rest).expect("a tape holds what a recorder wrote");
        self.rest = rest;
        Some(record)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for Digest {
    type Err = DigestError;
    fn from_str(text: &str) -> Result<Self, DigestError> {
        let digits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u64::from_str_radix(text, 16).ok().filter(|_| digits);
        number.map(Self).ok_or_else(|| DigestError(text.to_owned()))
    }
}

/// Why a text is not a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestError(String);

impl fmt::Display for DigestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a digest: 16 hex digits", self.0)
    }
}

impl std::error::Error for DigestError {}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}
