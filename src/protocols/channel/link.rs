//! One end of a session: payloads without acknowledgement, payloads that arrived too early, and the resend timeout.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::spec::Pace;
use crate::clocks::{Stamp, VectorClock};
use crate::identity::Boot;
use crate::protocols::Era;
use crate::protocols::clocks::Difference;
use crate::time::Span;

/// The relation of the boot that a frame names to the known boot of the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BootRelation {
    /// It is the one of this session.
    Same,
    /// The peer was not known: the session opens.
    First,
    /// The peer restarted: the previous session has ended, and this one opens.
    Restarted,
    /// The frame is from an incarnation that has ended.
    Stale,
}

/// A payload, with the era and the clocks of its sending.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Parcel<M> {
    pub(super) payload: M,
    pub(super) era: Era,
    pub(super) clock: Option<Arc<Difference>>,
}

/// The vectors that the two ends of a session have shown each other, if nodes stamp. Like a stamp it adds nothing to a
/// hash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shown {
    /// By this end.
    here: VectorClock,
    /// By the peer.
    there: VectorClock,
}

impl Hash for Shown {
    fn hash<H: Hasher>(&self, _state: &mut H) {}
}

/// This node's end of the channel to one peer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Link<M> {
    /// The peer's boot, once it is known.
    pub(super) theirs: Option<Boot>,
    /// Whether the peer is known to know this node's boot, or will ask for it.
    pub(super) is_known: bool,
    /// Payloads that are not acknowledged, from number `acked + 1` on.
    outgoing: VecDeque<Parcel<M>>,
    acked: u32,
    /// The number of the last payload that was sent.
    sent: u32,
    delivered: u32,
    /// The payloads that arrived before their turn.
    early: BTreeMap<u32, Parcel<M>>,
    shown: Option<Box<Shown>>,
    /// Whether a payload was delivered, or arrived again, without an acknowledgement so far.
    pub(super) owes: bool,
    /// How long the peer may be silent before frames are sent again.
    pub(super) patience: Span,
    /// Whether the timer is set.
    pub(super) is_armed: bool,
}

impl<M: Clone> Link<M> {
    pub(super) fn new(pace: Pace) -> Self {
        Self {
            theirs: None,
            is_known: false,
            outgoing: VecDeque::new(),
            acked: 0,
            sent: 0,
            delivered: 0,
            early: BTreeMap::new(),
            shown: None,
            owes: false,
            patience: pace.resend,
            is_armed: false,
        }
    }

    /// Learns the peer's boot from a frame, and returns how it relates to the known one. A restart ends the session.
    pub(super) fn observe_boot(&mut self, boot: Boot, pace: Pace) -> BootRelation {
        let relation = match self.theirs {
            None => BootRelation::First,
            Some(known) if boot == known => return BootRelation::Same,
            Some(known) if boot < known => return BootRelation::Stale,
            Some(_) => BootRelation::Restarted,
        };
        if relation == BootRelation::Restarted {
            *self = Self { is_known: self.is_known, is_armed: self.is_armed, ..Self::new(pace) };
        }
        self.theirs = Some(boot);
        relation
    }

    /// The number of the last payload that was delivered.
    pub(super) const fn delivered(&self) -> u32 {
        self.delivered
    }

    /// Whether a sent payload is not acknowledged.
    pub(super) const fn is_waiting(&self) -> bool {
        self.sent > self.acked
    }

    /// Takes a payload to send.
    pub(super) fn push(&mut self, payload: M) {
        self.outgoing.push_back(Parcel { payload, era: Era::default(), clock: None });
    }

    /// The next payload for which the window has room, if the peer is known; it then counts as sent.
    pub(super) fn next(&mut self, pace: Pace) -> Option<(u32, &M)> {
        self.theirs?;
        let under_way = self.sent - self.acked;
        if under_way >= pace.window {
            return None;
        }
        let parcel = self.outgoing.get(under_way as usize)?;
        self.sent += 1;
        Some((self.sent, &parcel.payload))
    }

    /// Adds era and clocks to the payload that was sent last, and returns it with them.
    pub(super) fn wrap_last(&mut self, era: Era, stamp: Option<&Stamp>) -> Parcel<M> {
        let clock = stamp.map(|stamp| {
            let shown = &mut self.shown.get_or_insert_default().here;
            let difference = Difference::between(shown, stamp);
            shown.clone_from(&stamp.vector);
            Arc::new(difference)
        });
        let last = (self.sent - self.acked - 1) as usize;
        let parcel = self.outgoing.get_mut(last).expect("it was sent and is not acknowledged");
        (parcel.era, parcel.clock) = (era, clock);
        parcel.clone()
    }

    /// The stamp of the sending of a payload that is delivered now, in order.
    pub(super) fn unwrap_clock(&mut self, clock: Option<&Difference>) -> Option<Stamp> {
        let clock = clock?;
        let shown = &mut self.shown.get_or_insert_default().there;
        let stamp = clock.onto(shown);
        shown.clone_from(&stamp.vector);
        Some(stamp)
    }

    /// All payloads that were sent and not acknowledged, oldest first.
    pub(super) fn unacknowledged(&self) -> Vec<(u32, Parcel<M>)> {
        (self.acked + 1..=self.sent).zip(self.outgoing.iter().cloned()).collect()
    }

    /// The peer has delivered all payloads up to `upto`; returns whether that is new.
    pub(super) fn acknowledge(&mut self, upto: u32, pace: Pace) -> bool {
        if upto <= self.acked || upto > self.sent {
            return false;
        }
        self.outgoing.drain(..(upto - self.acked) as usize);
        self.acked = upto;
        self.patience = pace.resend;
        true
    }

    /// A payload arrived: it, or payloads that waited for it, may be delivered now, in order.
    pub(super) fn receive(&mut self, number: u32, parcel: Parcel<M>, pace: Pace) {
        if number <= self.delivered {
            self.owes = true;
        } else if number - self.delivered <= pace.window {
            self.early.entry(number).or_insert(parcel);
        }
    }

    /// The next payload to deliver, if it has arrived; with `any`, the first that has arrived.
    pub(super) fn deliver(&mut self, any: bool) -> Option<(u32, Parcel<M>)> {
        let number = if any { *self.early.keys().next()? } else { self.delivered + 1 };
        let parcel = self.early.remove(&number)?;
        self.delivered = self.delivered.max(number);
        self.owes = true;
        Some((number, parcel))
    }

    /// The peer has been silent for too long: doubles the resend timeout, up to the cap.
    pub(super) fn lose_patience(&mut self, pace: Pace) {
        self.patience = self.patience.times(2).min(pace.cap);
    }
}
