//! What a node writes to its disk, and what it finds there when it starts.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::counts::Counts;
use super::messages::Broadcast;
use crate::clocks::Stamp;
use crate::identity::{NodeId, OpId};
use crate::observation::Observe;
use crate::process::{Lane, Stored};

/// What a node writes to its disk. What is synced together ends with the clock.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entry {
    /// The node made a broadcast, and so delivered it itself.
    Broadcast(Arc<Broadcast>),
    /// The node delivered another's broadcast.
    Delivered {
        /// Whose.
        origin: NodeId,
        /// Which.
        number: u64,
    },
    /// The stamp of the node's last event.
    Clock(Arc<Stamp>),
    /// What was left of all entries before, when the log was rewritten.
    Retained(Box<Retained>),
}

impl Lane for Entry {}

impl Observe for Entry {}

/// What must outlive every boot, beside the broadcasts that are still owed to a peer.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Retained {
    /// What was delivered, own broadcasts included.
    pub delivered: Counts,
    /// Which number each operation got.
    pub ops: BTreeMap<OpId, u64>,
}

/// The state that a node recovers from its disk.
#[derive(Debug, Default)]
pub(super) struct Recovered {
    pub(super) retained: Retained,
    /// Own broadcasts that some peer may not have acknowledged, by number.
    pub(super) kept: BTreeMap<u64, Arc<Broadcast>>,
    /// The clock's last entry: none where that one can't be read, though an older one might.
    pub(super) clock: Option<Arc<Stamp>>,
    /// The own broadcast that stands last, whose fact a crash may have cut off. A later entry follows the fact, for it
    /// had to wait for the same sync.
    pub(super) untold: Option<Arc<Broadcast>>,
    /// How many entries can't be read.
    pub(super) damaged: u64,
}

impl Recovered {
    /// Reads the disk of `me`; a torn tail was never synced, and counts for nothing.
    pub(super) fn on(disk: &[Stored<Entry>], me: NodeId) -> Self {
        let mut recovered = Self::default();
        for stored in disk {
            match stored {
                Stored::Intact(entry) => recovered.read(entry, me),
                Stored::Torn(_) => {}
                Stored::Damaged(_) => {
                    recovered.damaged += 1;
                    (recovered.clock, recovered.untold) = (None, None);
                }
            }
        }
        recovered
    }

    fn read(&mut self, entry: &Entry, me: NodeId) {
        match entry {
            Entry::Broadcast(broadcast) => {
                self.retained.delivered.raise(me, broadcast.number);
                self.retained.ops.insert(broadcast.op, broadcast.number);
                self.kept.insert(broadcast.number, Arc::clone(broadcast));
                self.untold = Some(Arc::clone(broadcast));
            }
            Entry::Delivered { origin, number } => {
                self.retained.delivered.raise(*origin, *number);
                self.untold = None;
            }
            Entry::Retained(retained) => {
                self.retained = (**retained).clone();
                self.untold = None;
            }
            Entry::Clock(stamp) => self.clock = Some(Arc::clone(stamp)),
        }
    }
}
