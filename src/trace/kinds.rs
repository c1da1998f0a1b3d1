//! Sets of kinds of records: the records that a checker wants to see.

use super::Event;
use crate::observation::{ChannelSeen, ConsensusSeen, LockSeen, Observation, ReplicaSeen, StoreSeen, TransactionSeen};

/// A set of kinds of records: by what happened, and by what checkers see in what was said.
///
/// A fact is of the kind [`Self::FACT`], and of one more for each observation in it. So whoever wants facts is shown every
/// one of them, and whoever wants grants of locks those that tell of a grant.
///
/// ```
/// use stemmata::trace::{Event, Kinds};
/// let wanted = Kinds::LOCK_GRANTED.with(Kinds::DEATHS);
/// assert!(wanted.has(&Event::IoError) && !wanted.has(&Event::Sync));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds {
    /// A bit for each kind of event.
    events: u64,
    /// A bit for each kind of observation.
    seen: u128,
}

/// A constant for each kind, and which one an event is of.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $place:literal: $event:pat,)+) => {
        impl Kinds {
            $($(#[$doc])* pub const $kind: Self = Self { events: 1 << $place, seen: 0 };)+
            /// All kinds.
            pub const ALL: Self = Self { events: 0 $(| 1 << $place)+, seen: 0 };

            /// What happened in an event, whatever was said.
            #[inline]
            const fn happened(event: &Event<'_>) -> Self {
                match event {
                    $($event => Self::$kind,)+
                }
            }
        }
    };
}

/// A constant for each kind of observation, and which one an observation is of.
macro_rules! observations {
    ($($(#[$doc:meta])* $kind:ident: $seen:pat,)+) => {
        /// The kinds of observations, by their places.
        #[expect(non_camel_case_types, clippy::upper_case_acronyms, reason = "they are named as their constants")]
        enum Word { $($kind,)+ }

        impl Kinds {
            $($(#[$doc])* pub const $kind: Self = Self { events: 0, seen: 1 << Word::$kind as u32 };)+

            /// The kind of an observation.
            #[inline]
            const fn seen(seen: &Observation) -> Self {
                match seen {
                    $($seen => Self::$kind,)+
                }
            }
        }
    };
}

kinds! {
    /// A node started.
    START = 0: Event::Start { .. },
    /// A message reached a node's protocol.
    RECEIVE = 1: Event::Receive { .. },
    /// A timer expired.
    TIMER = 2: Event::Timer { .. },
    /// A client's operation reached a node.
    COMMAND = 3: Event::Command { .. },
    /// A disk answered.
    SYNCED = 4: Event::Synced { .. },
    /// A message was sent.
    SEND = 5: Event::Send { .. },
    /// An entry was written.
    APPEND = 6: Event::Append { .. },
    /// A log was replaced.
    REWRITE = 7: Event::Rewrite { .. },
    /// A sync was called.
    SYNC = 8: Event::Sync,
    /// A node answered a client.
    REPLY = 9: Event::Reply { .. },
    /// A fact was noted.
    FACT = 10: Event::Fact { .. },
    /// An effect was dropped.
    DROPPED = 11: Event::Dropped { .. },
    /// A copy was lost.
    LOST = 12: Event::Lost { .. },
    /// A copy was garbled.
    GARBLED = 13: Event::Garbled { .. },
    /// A copy is held on its way.
    HELD = 14: Event::Held { .. },
    /// A node was killed.
    KILLED = 15: Event::Killed { .. },
    /// A node was paused.
    PAUSED = 16: Event::Paused,
    /// A pause ended.
    UNPAUSED = 17: Event::Unpaused,
    /// A disk failed, and its node with it.
    IO_ERROR = 18: Event::IoError,
    /// A handler panicked.
    PANICKED = 19: Event::Panicked { .. },
    /// A client invoked an operation.
    INVOKED = 20: Event::Invoked { .. },
    /// A client retried.
    RETRIED = 21: Event::Retried { .. },
    /// A client got its answer.
    RETURNED = 22: Event::Returned { .. },
    /// A client gave up.
    GAVE_UP = 23: Event::GaveUp { .. },
    /// A fault acted.
    FAULT = 24: Event::Fault { .. },
    /// A fault ended.
    FAULT_ENDED = 25: Event::FaultEnded { .. },
    /// Quiescence.
    CALM = 26: Event::Calm,
    /// What a fault touched.
    TOUCHED = 27: Event::Touched { .. },
    /// The time does not advance.
    STUCK = 28: Event::Stuck { .. },
    /// A message with a fixed fate was never sent.
    UNMET = 29: Event::Unmet { .. },
    /// Something was pending at the end.
    PENDING = 30: Event::Pending { .. },
    /// An entry of a disk was damaged.
    DAMAGED = 31: Event::Damaged { .. },
    /// The nodes that quiescence heals.
    CORE = 32: Event::Core { .. },
}

observations! {
    /// Two clocks were compared.
    COMPARED: Observation::Compared { .. },
    /// A node broadcast.
    BROADCAST: Observation::Broadcast { .. },
    /// A node delivered a broadcast.
    DELIVERED: Observation::Delivered { .. },
    /// A node started with broadcasts delivered.
    RESUMED: Observation::Resumed { .. },
    /// A signature did not fit.
    FORGED: Observation::Forged,
    /// A payload was sent on a channel.
    CHANNEL_SENT: Observation::Channel(ChannelSeen::Sent { .. }),
    /// A payload was delivered on a channel.
    CHANNEL_DELIVERED: Observation::Channel(ChannelSeen::Delivered { .. }),
    /// A session of a channel ended.
    CHANNEL_RESET: Observation::Channel(ChannelSeen::Reset { .. }),
    /// A request for a lock was taken in.
    LOCK_ASKED: Observation::Lock(LockSeen::Asked { .. }),
    /// A request for a lock was sent.
    LOCK_REQUESTED: Observation::Lock(LockSeen::Requested { .. }),
    /// A request for a lock was deferred by a peer.
    LOCK_DEFERRED: Observation::Lock(LockSeen::Deferred { .. }),
    /// A lock was granted.
    LOCK_GRANTED: Observation::Lock(LockSeen::Granted { .. }),
    /// A grant of a lock ended.
    LOCK_RELEASED: Observation::Lock(LockSeen::Released { .. }),
    /// A request for a lock was taken back.
    LOCK_WITHDRAWN: Observation::Lock(LockSeen::Withdrawn { .. }),
    /// A node refused what its client asked of the lock manager.
    LOCK_REFUSED: Observation::Lock(LockSeen::Refused { .. }),
    /// A client asked the lock manager or the guarded register.
    LOCK_CALLED: Observation::Lock(LockSeen::Called { .. }),
    /// A node started with a log.
    CONSENSUS_STARTED: Observation::Consensus(ConsensusSeen::Started { .. }),
    /// A node will never vote again.
    CONSENSUS_LOST: Observation::Consensus(ConsensusSeen::Lost),
    /// A voter promised a round.
    CONSENSUS_PROMISED: Observation::Consensus(ConsensusSeen::Promised { .. }),
    /// A proposer was elected.
    CONSENSUS_ELECTED: Observation::Consensus(ConsensusSeen::Elected { .. }),
    /// Something was proposed.
    CONSENSUS_PROPOSED: Observation::Consensus(ConsensusSeen::Proposed { .. }),
    /// A voter gave its advice.
    CONSENSUS_VOTED: Observation::Consensus(ConsensusSeen::Voted { .. }),
    /// A voter confirmed a pre-commit.
    CONSENSUS_CONFIRMED: Observation::Consensus(ConsensusSeen::Confirmed { .. }),
    /// A node knows a decision.
    CONSENSUS_COMMITTED: Observation::Consensus(ConsensusSeen::Committed { .. }),
    /// A node took a decision that gossip brought.
    CONSENSUS_BLESSED: Observation::Consensus(ConsensusSeen::Blessed { .. }),
    /// A node applied a slot.
    CONSENSUS_APPLIED: Observation::Consensus(ConsensusSeen::Applied { .. }),
    /// A node installed a state.
    CONSENSUS_INSTALLED: Observation::Consensus(ConsensusSeen::Installed { .. }),
    /// A node decreed.
    CONSENSUS_DECREED: Observation::Consensus(ConsensusSeen::Decreed { .. }),
    /// A confirmation was written.
    CONSENSUS_WROTE_CONFIRMED: Observation::Consensus(ConsensusSeen::WroteConfirmed { .. }),
    /// A decision was written.
    CONSENSUS_WROTE_DECIDED: Observation::Consensus(ConsensusSeen::WroteDecided { .. }),
    /// A client asked for a session.
    STORE_BEGUN: Observation::Store(StoreSeen::Begun),
    /// A client asked a store.
    STORE_ASKED: Observation::Store(StoreSeen::Asked { .. }),
    /// A client was told by a store.
    STORE_TOLD: Observation::Store(StoreSeen::Told { .. }),
    /// An anchor holds.
    STORE_ANCHORED: Observation::Store(StoreSeen::Anchored { .. }),
    /// A replica refused an operation on a fenced key.
    STORE_FENCED: Observation::Store(StoreSeen::Fenced { .. }),
    /// Keys are fenced.
    STORE_FENCED_SPACE: Observation::Store(StoreSeen::FencedSpace { .. }),
    /// A node started as a replica.
    REPLICA_STARTED: Observation::Replica(ReplicaSeen::Started { .. }),
    /// What replicas hold before their first start was told.
    REPLICA_PRELOADED: Observation::Replica(ReplicaSeen::Preloaded { .. }),
    /// A keyspace was told of.
    REPLICA_KEYSPACE: Observation::Replica(ReplicaSeen::Keyspace { .. }),
    /// A replica accepted a client's write.
    REPLICA_WRITTEN: Observation::Replica(ReplicaSeen::Written { .. }),
    /// A replica refused a peer's version.
    REPLICA_REFUSED: Observation::Replica(ReplicaSeen::Refused { .. }),
    /// A replica showed a key.
    REPLICA_SHOWN: Observation::Replica(ReplicaSeen::Shown { .. }),
    /// A replica pushed a version.
    REPLICA_PUSHED: Observation::Replica(ReplicaSeen::Pushed { .. }),
    /// A node suspects a peer.
    REPLICA_SUSPECTED: Observation::Replica(ReplicaSeen::Suspected { .. }),
    /// A node trusts a peer again.
    REPLICA_TRUSTED: Observation::Replica(ReplicaSeen::Trusted { .. }),
    /// A sync began.
    REPLICA_SYNC_BEGUN: Observation::Replica(ReplicaSeen::SyncBegun { .. }),
    /// A sync ended.
    REPLICA_SYNC_ENDED: Observation::Replica(ReplicaSeen::SyncEnded { .. }),
    /// A conflict of a replicated key was resolved by a rule.
    REPLICA_RULED: Observation::Replica(ReplicaSeen::Ruled { .. }),
    /// A polled conflict is open.
    REPLICA_OPENED: Observation::Replica(ReplicaSeen::Opened { .. }),
    /// A conflict is open no more.
    REPLICA_CLOSED: Observation::Replica(ReplicaSeen::Closed { .. }),
    /// An arbiter has settled a conflict.
    REPLICA_SETTLED: Observation::Replica(ReplicaSeen::Settled { .. }),
    /// A version was written.
    REPLICA_WROTE_VERSION: Observation::Replica(ReplicaSeen::WroteVersion { .. }),
    /// A resolution was written.
    REPLICA_WROTE_RESOLUTION: Observation::Replica(ReplicaSeen::WroteResolution { .. }),
    /// That versions are dropped was written.
    REPLICA_WROTE_DROPPED: Observation::Replica(ReplicaSeen::WroteDropped { .. }),
    /// That tombstones are dropped was written.
    REPLICA_WROTE_COLLECTED: Observation::Replica(ReplicaSeen::WroteCollected { .. }),
    /// That a replica covers more was written.
    REPLICA_WROTE_JOINED: Observation::Replica(ReplicaSeen::WroteJoined { .. }),
    /// A node started that may own keys.
    TRANSACTION_STARTED: Observation::Transaction(TransactionSeen::Started { .. }),
    /// A node takes part in no transaction any more.
    TRANSACTION_LOST: Observation::Transaction(TransactionSeen::Lost),
    /// An anchor of keys that transactions own was told of.
    TRANSACTION_ANCHORED: Observation::Transaction(TransactionSeen::Anchored { .. }),
    /// What an owner holds before its first start was told.
    TRANSACTION_PRELOADED: Observation::Transaction(TransactionSeen::Preloaded { .. }),
    /// A client asked for a transaction.
    TRANSACTION_ASKED: Observation::Transaction(TransactionSeen::Asked { .. }),
    /// A client was told of its transaction.
    TRANSACTION_TOLD: Observation::Transaction(TransactionSeen::Told { .. }),
    /// An attempt of a transaction began.
    TRANSACTION_BEGUN: Observation::Transaction(TransactionSeen::Begun { .. }),
    /// A participant waits for a lock.
    TRANSACTION_WAITS: Observation::Transaction(TransactionSeen::Waits { .. }),
    /// A participant voted no.
    TRANSACTION_REFUSED: Observation::Transaction(TransactionSeen::Refused { .. }),
    /// A participant is prepared.
    TRANSACTION_PREPARED: Observation::Transaction(TransactionSeen::Prepared { .. }),
    /// The only participant has read.
    TRANSACTION_SERVED: Observation::Transaction(TransactionSeen::Served { .. }),
    /// Somebody has decided.
    TRANSACTION_DECIDED: Observation::Transaction(TransactionSeen::Decided { .. }),
    /// An owner holds a new version.
    TRANSACTION_INSTALLED: Observation::Transaction(TransactionSeen::Installed { .. }),
    /// A participant that reads was released.
    TRANSACTION_RELEASED: Observation::Transaction(TransactionSeen::Released { .. }),
    /// Locks are free.
    TRANSACTION_UNLOCKED: Observation::Transaction(TransactionSeen::Unlocked { .. }),
    /// Records were dropped.
    TRANSACTION_FORGOTTEN: Observation::Transaction(TransactionSeen::Forgotten { .. }),
}

impl Kinds {
    /// The ends of a node's incarnation.
    pub const DEATHS: Self = Self::KILLED.with(Self::IO_ERROR).with(Self::PANICKED);

    /// Facts of nodes that something has begun or ended: those with a [`course`](Observation::course).
    pub const COURSES: Self =
        Self::LOCK_ASKED.with(Self::LOCK_GRANTED).with(Self::LOCK_WITHDRAWN).with(Self::LOCK_REFUSED);

    /// None.
    pub const NONE: Self = Self { events: 0, seen: 0 };

    /// The kinds of an event: of what happened, and of what checkers see in what was said.
    #[inline]
    #[must_use]
    pub fn of(event: &Event<'_>) -> Self {
        let happened = Self::happened(event);
        if !Self::SPEAKING.meets(happened) {
            return happened;
        }
        let observations = event.said().map_or(&[][..], |said| &said.observations[..]);
        observations.iter().fold(happened, |kinds, seen| kinds.with(Self::seen(seen)))
    }

    /// Those in whose events checkers may see something.
    const SPEAKING: Self = Self::FACT.with(Self::APPEND).with(Self::REPLY).with(Self::INVOKED).with(Self::RETURNED);

    /// The union with another set.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self { events: self.events | other.events, seen: self.seen | other.seen }
    }

    /// The kinds that are not in the other set.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self { events: self.events & !other.events, seen: self.seen & !other.seen }
    }

    /// Above every place of a kind.
    pub(crate) const PLACES: usize = 64 + 128;

    /// The places of these among all kinds.
    pub(crate) fn places(self) -> impl Iterator<Item = usize> {
        let events = (0..64).filter(move |place| self.events & 1 << place != 0);
        let seen = (0..128).filter(move |place| self.seen & 1 << place != 0).map(|place| 64 + place);
        events.chain(seen)
    }

    /// The union of the bits that a table gives for the places of these, which are the kinds of one event.
    #[inline]
    pub(crate) fn bits_of(self, by_place: &[u64; Self::PLACES]) -> u64 {
        debug_assert_eq!(self.events.count_ones(), 1, "one event is of one kind, whatever is said in it");
        let mut bits = by_place[self.events.trailing_zeros() as usize];
        let mut seen = self.seen;
        while seen != 0 {
            bits |= by_place[64 + (seen.trailing_zeros() as usize & 127)];
            seen &= seen - 1;
        }
        bits
    }

    /// Whether the sets have a common kind.
    #[inline]
    #[must_use]
    pub const fn meets(self, other: Self) -> bool {
        self.events & other.events != 0 || self.seen & other.seen != 0
    }

    /// Whether a kind of the event is in the set.
    #[inline]
    #[must_use]
    pub fn has(self, event: &Event<'_>) -> bool {
        self.meets(Self::of(event))
    }
}
