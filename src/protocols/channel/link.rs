//! One end of a session: what was sent and not acknowledged, what came too early, and how long to be patient.

use std::collections::{BTreeMap, VecDeque};

use super::spec::Pace;
use crate::identity::Boot;
use crate::time::Span;

/// How a boot that a frame names stands to what is known of the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meeting {
    /// It is the one of this session.
    Same,
    /// The peer was not known: the session opens.
    First,
    /// The peer was born again: another session has ended, and this one opens.
    Reborn,
    /// The frame is of a life that has ended.
    Stale,
}

/// This node's end of the channel to one peer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Link<M> {
    /// The peer's boot, once it is known.
    pub(super) theirs: Option<Boot>,
    /// Whether the peer is known to know this node's boot, or will ask for it.
    pub(super) is_known: bool,
    /// Payloads that are not acknowledged, from number `acked + 1` on.
    outgoing: VecDeque<M>,
    acked: u32,
    /// All up to this number have been sent.
    sent: u32,
    delivered: u32,
    /// What came before its turn.
    early: BTreeMap<u32, M>,
    /// Whether something was delivered, or came again, and no frame has said so.
    pub(super) owes: bool,
    /// How long the peer may be silent.
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
            owes: false,
            patience: pace.resend,
            is_armed: false,
        }
    }

    /// A frame names the peer's boot: what that means. A rebirth ends the session.
    pub(super) fn meet(&mut self, boot: Boot, pace: Pace) -> Meeting {
        let meeting = match self.theirs {
            None => Meeting::First,
            Some(known) if boot == known => return Meeting::Same,
            Some(known) if boot < known => return Meeting::Stale,
            Some(_) => Meeting::Reborn,
        };
        if meeting == Meeting::Reborn {
            *self = Self { is_known: self.is_known, is_armed: self.is_armed, ..Self::new(pace) };
        }
        self.theirs = Some(boot);
        meeting
    }

    /// The number of the last payload that was delivered.
    pub(super) const fn delivered(&self) -> u32 {
        self.delivered
    }

    /// Whether something was sent that the peer has not acknowledged.
    pub(super) const fn is_waiting(&self) -> bool {
        self.sent > self.acked
    }

    /// Takes a payload to send.
    pub(super) fn push(&mut self, payload: M) {
        self.outgoing.push_back(payload);
    }

    /// The next payload that the window has room for; it then counts as sent.
    pub(super) fn next(&mut self, pace: Pace) -> Option<(u32, M)> {
        self.theirs?;
        let under_way = self.sent - self.acked;
        if under_way >= pace.window {
            return None;
        }
        let payload = self.outgoing.get(under_way as usize)?.clone();
        self.sent += 1;
        Some((self.sent, payload))
    }

    /// All that was sent and not acknowledged, oldest first.
    pub(super) fn unacknowledged(&self) -> Vec<(u32, M)> {
        (self.acked + 1..=self.sent).zip(self.outgoing.iter().cloned()).collect()
    }

    /// The peer has delivered all up to `upto`: whether that is news.
    pub(super) fn acknowledge(&mut self, upto: u32, pace: Pace) -> bool {
        if upto <= self.acked || upto > self.sent {
            return false;
        }
        self.outgoing.drain(..(upto - self.acked) as usize);
        self.acked = upto;
        self.patience = pace.resend;
        true
    }

    /// A payload arrived: it, or what waited for it, may be delivered now, in order.
    pub(super) fn receive(&mut self, number: u32, payload: M, pace: Pace) {
        if number <= self.delivered {
            self.owes = true;
        } else if number - self.delivered <= pace.window {
            self.early.entry(number).or_insert(payload);
        }
    }

    /// The next payload to deliver, if its turn has come; with `any`, the first that is there.
    pub(super) fn deliver(&mut self, any: bool) -> Option<(u32, M)> {
        let number = if any { *self.early.keys().next()? } else { self.delivered + 1 };
        let payload = self.early.remove(&number)?;
        self.delivered = self.delivered.max(number);
        self.owes = true;
        Some((number, payload))
    }

    /// The peer has been silent for too long: it is given more time.
    pub(super) fn lose_patience(&mut self, pace: Pace) {
        self.patience = self.patience.times(2).min(pace.cap);
    }
}
