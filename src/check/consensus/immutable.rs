//! What `anchor-safety` asks of replicated keys that are immutable.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::check::Witness;
use crate::clocks::{Dot, Dots};
use crate::identity::{EventId, Incarnation};
use crate::observation::ValueId;

/// The versions of the immutable keys.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Immutable {
    /// The stamp of each, and the entry that told of it first.
    stamps: BTreeMap<Dot, (u64, Witness<EventId>)>,
    /// The version of each key that an incarnation wrote, and its first entry.
    written: BTreeMap<(Incarnation, Arc<str>), (Dot, Witness<EventId>)>,
}

/// A version of an immutable key, as an entry tells of it.
#[derive(Clone, Copy)]
pub(super) struct Wrote<'r> {
    pub(super) key: &'r Arc<str>,
    pub(super) dot: Dot,
    pub(super) stamp: u64,
    pub(super) context: &'r Dots,
    pub(super) value: Option<ValueId>,
}

impl Immutable {
    /// An entry tells of a version; returns what it should not be, if it should not be, with an earlier entry that shows it.
    pub(super) fn wrote(&mut self, event: EventId, wrote: Wrote<'_>) -> Option<(String, Option<EventId>)> {
        let Wrote { key, dot, stamp, context, value } = wrote;
        self.stamps.entry(dot).or_insert((stamp, Witness(event)));
        if value.is_none() {
            return Some(("a delete".to_owned(), None));
        }
        if let Some(named) = context.iter().next() {
            return Some((format!("a put over {named}"), self.stamps.get(&named).map(|(_, event)| **event)));
        }
        let of = (dot.source.incarnation, Arc::clone(key));
        let (first, before) = *self.written.entry(of).or_insert((dot, Witness(event)));
        (first != dot).then(|| ("a second put".to_owned(), Some(*before)))
    }

    /// The version that is to be shown where these are held: the first, by stamp, then dot. None if one of them is unknown.
    pub(super) fn first(&self, held: &[Dot]) -> Option<(Dot, EventId)> {
        let known: Option<BTreeSet<(u64, Dot)>> =
            held.iter().map(|dot| self.stamps.get(dot).map(|(stamp, _)| (*stamp, *dot))).collect();
        let (_, first) = known?.first().copied()?;
        Some((first, *self.stamps[&first].1))
    }
}
