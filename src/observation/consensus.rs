//! The terms of consensus: slots, rounds, ballots, values by their digests, and the observations for checkers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::StoreRefusal;
use crate::identity::{Incarnation, NodeId, OpId};

/// A slot of the replicated log, from 1; 0 is before the first.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct Slot(pub u64);

impl Slot {
    /// The slot after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The slot before this one.
    ///
    /// # Panics
    /// If it is slot 0.
    #[must_use]
    pub const fn before(self) -> Self {
        Self(self.0 - 1)
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An election and its candidate, which voters promise to follow. Later ones are greater; written `3.n1`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Round {
    /// Counts elections, from 1; 0 for none.
    pub number: u64,
    /// The candidate.
    pub node: NodeId,
}

/// The ballot under which a value is proposed for a slot: a round, and the try of the round for that slot, from 1. Written
/// `3.n1/2`, the first try `3.n1`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ballot {
    /// The round.
    pub round: Round,
    /// The try.
    pub attempt: u32,
}

/// A value of a slot, by 64 bits of the BLAKE3 hash of its canonical encoding; in text formats 16 hex digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueId(pub u64);

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.number, self.node)
    }
}

impl fmt::Display for Ballot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.attempt {
            1 => self.round.fmt(f),
            attempt => write!(f, "{}/{attempt}", self.round),
        }
    }
}

impl FromStr for Round {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let error = || format!("`{text}` is not of the form `3.n1`");
        let (number, node) = text.split_once('.').ok_or_else(error)?;
        Ok(Self { number: number.parse().map_err(|_| error())?, node: node.parse().map_err(|_| error())? })
    }
}

impl FromStr for Ballot {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (round, attempt) = text.split_once('/').unwrap_or((text, "1"));
        let attempt = attempt.parse().map_err(|_| format!("`{text}` is not of the form `3.n1/2`"))?;
        Ok(Self { round: round.parse()?, attempt })
    }
}

/// In text formats as one text, in others as its parts.
macro_rules! written {
    ($word:ident { $($part:ident),+ }) => {
        impl Serialize for $word {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    return serializer.collect_str(self);
                }
                ($(self.$part,)+).serialize(serializer)
            }
        }

        impl<'de> Deserialize<'de> for $word {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                    return text.parse().map_err(de::Error::custom);
                }
                let ($($part,)+) = Deserialize::deserialize(deserializer)?;
                Ok(Self { $($part),+ })
            }
        }
    };
}

written!(Round { number, node });
written!(Ballot { round, attempt });

in_hex!(ValueId);

/// A proposal id: slot, ballot and digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProposalId {
    /// The slot.
    pub slot: Slot,
    /// The ballot.
    pub ballot: Ballot,
    /// The value.
    pub value: ValueId,
}

impl fmt::Display for ProposalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { slot, ballot, value } = self;
        write!(f, "{value} in slot {slot} under {ballot}")
    }
}

/// A write that a node has decided for itself: its own count, over its incarnation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DecreeId {
    /// Whose.
    pub of: Incarnation,
    /// Which, from 1.
    pub number: u32,
}

/// Observations of consensus: facts of nodes, and, last, entries of their disks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ConsensusSeen {
    /// The node started, with the log applied up to a slot.
    Started {
        /// The number of configured voters; they are the first nodes.
        voters: u32,
        /// Up to which slot.
        slot: Slot,
        /// 64 bits of the root of its state.
        root: u64,
        /// The number of slots without use after which a session ends; not in older traces.
        #[serde(default)]
        session_slots: Option<u64>,
    },
    /// The node will never vote again: its disk has lost what it wrote.
    Lost,
    /// It promised: it no longer follows rounds below this one.
    Promised {
        /// Which.
        round: Round,
    },
    /// A quorum has promised its round.
    Elected {
        /// Which.
        round: Round,
    },
    /// It proposes.
    Proposed {
        /// What.
        bid: ProposalId,
        /// The operations of clients in it.
        #[serde(default)]
        ops: Vec<OpId>,
    },
    /// It voted.
    Voted {
        /// On what.
        bid: ProposalId,
        /// For it.
        yes: bool,
    },
    /// It confirmed a pre-commit.
    Confirmed {
        /// Of what.
        bid: ProposalId,
    },
    /// It knows a decision.
    Committed {
        /// Which.
        bid: ProposalId,
    },
    /// It takes a decision that its certificate proves, as gossip brought it: one blessed by a quorum.
    Blessed {
        /// Which.
        bid: ProposalId,
    },
    /// It applied a slot.
    Applied {
        /// Which.
        slot: Slot,
        /// What was decided for it.
        value: ValueId,
        /// 64 bits of the root of its state after it.
        root: u64,
        /// The operations of clients that took effect in it, in order: those that had not taken effect before, and were not
        /// refused.
        done: Vec<OpId>,
        /// The refused operations, each with the reason; none where the operation does not apply to what the key holds.
        refused: Vec<(OpId, Option<StoreRefusal>)>,
        /// The decrees of nodes that took effect in it, in order.
        #[serde(default)]
        decrees: Vec<DecreeId>,
    },
    /// It installed a state instead of its own.
    Installed {
        /// After which slot.
        slot: Slot,
        /// 64 bits of its root.
        root: u64,
    },
    /// It decrees: it has a write of its own decided.
    Decreed {
        /// Which.
        id: DecreeId,
    },
    /// An entry for the disk: a confirmation, which must be durable before it is sent.
    WroteConfirmed {
        /// Of what.
        bid: ProposalId,
    },
    /// An entry for the disk: a decision, which is announced once it is durable.
    WroteDecided {
        /// For which slot.
        slot: Slot,
        /// The operations of clients in it, in order, without refused ones.
        ops: Vec<OpId>,
    },
}
