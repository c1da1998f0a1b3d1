//! What the messages of syncs are made of, in bytes: what they carry, and what that costs.

use std::ops::AddAssign;

use serde::Serialize;

use super::{SyncMessage, SyncPayload};
use crate::codex::{Chunk, Item};
use crate::encoding;

/// The parts of one or more messages, in bytes of the canonical encoding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// All of it.
    pub all: u64,
    /// Versions and resolutions: keys, values, names, stamps and signatures.
    pub entries: u64,
    /// Vectors, the contexts of versions, and what resolutions settle and replace.
    pub causal: u64,
    /// Inner nodes of tries.
    pub nodes: u64,
    /// How many versions there are.
    pub versions: u64,
}

impl Parts {
    /// Those of a datagram.
    #[must_use]
    pub fn of(message: &SyncMessage) -> Self {
        let all = Self { all: size(message), ..Self::default() };
        match message {
            SyncMessage::Probe(probe) | SyncMessage::Same(probe) => all.with_causal(&probe.vector),
            SyncMessage::Walk(walk) => all.with_causal(&walk.vector),
            SyncMessage::Give(given) => all.with_chunk(&given.chunk),
            SyncMessage::Got(got) => got.lacks.as_ref().map_or(all, |vector| all.with_causal(vector)),
            SyncMessage::Differs(shown) | SyncMessage::Place(shown) => {
                let nodes = if shown.nodes.is_empty() { 0 } else { size(&shown.nodes) };
                let all = Self { nodes, ..all.with_causal(&shown.vector) };
                shown.leaf.as_ref().map_or(all, |(_, chunk)| all.with_chunk(chunk))
            }
        }
    }

    /// Those of a payload of the channel.
    #[must_use]
    pub fn of_payload(payload: &SyncPayload) -> Self {
        let all = Self { all: size(payload), ..Self::default() };
        match payload {
            SyncPayload::Pull(pull) => all.with_causal(&pull.vector),
            SyncPayload::Whole { chunk, .. } => all.with_chunk(chunk),
            SyncPayload::Deltas { items, .. } => items.iter().fold(all, |all, item| all.with(item)),
            SyncPayload::BelowFloor { .. } | SyncPayload::Credit { .. } | SyncPayload::Stop { .. } => all,
        }
    }

    /// What neither a vector nor a context takes.
    #[must_use]
    pub const fn plain(&self) -> u64 {
        self.all - self.causal
    }

    fn with_causal(self, dots: &impl Serialize) -> Self {
        Self { causal: self.causal + size(dots), ..self }
    }

    fn with_chunk(self, chunk: &Chunk) -> Self {
        chunk.items.iter().fold(self.with_causal(&chunk.vector), |all, item| all.with(item))
    }

    fn with(self, item: &Item) -> Self {
        let (causal, versions) = match item {
            Item::Version(version) => (size(&version.context), 1),
            Item::Resolution(resolution) => (size(&resolution.settled) + size(&resolution.replaces), 0),
        };
        let entries = self.entries + item.size() as u64 - causal;
        Self { entries, causal: self.causal + causal, versions: self.versions + versions, ..self }
    }
}

impl AddAssign for Parts {
    fn add_assign(&mut self, other: Self) {
        self.all += other.all;
        self.entries += other.entries;
        self.causal += other.causal;
        self.nodes += other.nodes;
        self.versions += other.versions;
    }
}

fn size(part: &impl Serialize) -> u64 {
    let mut bytes = Vec::new();
    encoding::write(part, &mut bytes);
    bytes.len() as u64
}
