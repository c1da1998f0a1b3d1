//! Decodes a protocol's messages, facts and so on from their canonical encoding, without the protocol's types.

use std::borrow::Cow;

use super::record::{Body, Event, Label, Record, Said};
use crate::encoding;
use crate::observation::Observe;
use crate::process::{Data, Process};

/// How to decode the six kinds of values that a process records.
#[derive(Clone, Copy, Debug)]
pub struct Codec {
    message: fn(&[u8]) -> Said<'static>,
    timer: fn(&[u8]) -> Said<'static>,
    command: fn(&[u8]) -> Said<'static>,
    reply: fn(&[u8]) -> Said<'static>,
    entry: fn(&[u8]) -> Said<'static>,
    fact: fn(&[u8]) -> Said<'static>,
}

impl Codec {
    /// The codec of `P`.
    #[must_use]
    pub fn of<P: Process>() -> Self {
        Self {
            message: unseen::<P::Message>,
            timer: unseen::<P::Timer>,
            command: seen::<P::Command>,
            reply: seen::<P::Reply>,
            entry: seen::<P::Entry>,
            fact: seen::<P::Fact>,
        }
    }

    /// Replaces the encoding of a value by its label, its observations, and JSON.
    ///
    /// # Panics
    /// If the bytes are not what this process wrote.
    #[must_use]
    pub fn explain<'a>(&self, mut record: Record<'a>) -> Record<'a> {
        let (said, read) = match &mut record.event {
            Event::Timer { timer } => (timer, self.timer),
            Event::Send { said, .. } | Event::Receive { corrupted: Some(said), .. } => (said, self.message),
            Event::Append { entry } => (entry, self.entry),
            Event::Reply { reply, .. } | Event::Returned { reply, .. } => (reply, self.reply),
            Event::Fact { fact } => (fact, self.fact),
            Event::Invoked { command, .. } => (command, self.command),
            Event::Start { .. }
            | Event::Receive { corrupted: None, .. }
            | Event::Command { .. }
            | Event::Synced { .. }
            | Event::Rewrite { .. }
            | Event::Sync
            | Event::Dropped { .. }
            | Event::Lost { .. }
            | Event::Garbled { .. }
            | Event::Held { .. }
            | Event::Killed { .. }
            | Event::Paused
            | Event::Unpaused
            | Event::IoError
            | Event::Damaged { .. }
            | Event::Panicked { .. }
            | Event::Retried { .. }
            | Event::GaveUp { .. }
            | Event::Fault { .. }
            | Event::FaultEnded { .. }
            | Event::Calm
            | Event::Core { .. }
            | Event::Touched { .. }
            | Event::Stuck { .. }
            | Event::Unmet { .. }
            | Event::Pending { .. } => return record,
        };
        if let Body::Encoded(bytes) = &said.body {
            *said = read(bytes);
        }
        record
    }
}

/// The label of something said.
#[must_use]
pub fn label_of<T: serde::Serialize>(said: &T) -> Label<'static> {
    let (outer, inner) = encoding::variant_path(said);
    Label { outer: Cow::Borrowed(outer), inner: inner.map(Cow::Borrowed) }
}

fn unseen<T: Data>(bytes: &[u8]) -> Said<'static> {
    read::<T>(bytes, |_| Vec::new())
}

fn seen<T: Data + Observe>(bytes: &[u8]) -> Said<'static> {
    read::<T>(bytes, |said| {
        let mut observations = Vec::new();
        said.observe(&mut observations);
        observations
    })
}

fn read<T: Data>(bytes: &[u8], observe: impl Fn(&T) -> Vec<crate::observation::Observation>) -> Said<'static> {
    let said: T = encoding::read(bytes).expect("a trace holds what the process wrote");
    // JSON has neither numbers over 64 bits, nor maps whose keys are neither texts nor numbers.
    let json = serde_json::to_value(&said).unwrap_or_else(|_| format!("{said:?}").into());
    Said { label: label_of(&said), observations: Cow::Owned(observe(&said)), body: Body::Json(json) }
}
