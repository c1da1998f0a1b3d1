//! The words of consensus: slots, rounds, ballots, values by their digests, and what checkers see of them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::identity::{NodeId, OpId};

/// A place in the replicated log, from 1; 0 stands before the first.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct Slot(pub u64);

impl Slot {
    /// The slot behind this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The slot before this one.
    ///
    /// # Panics
    /// If it is the zeroth.
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

/// An election, and who stands in it: what a voter promises to follow. Greater ones come later; written `3.n1`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Round {
    /// Counts elections, from 1; 0 for none.
    pub number: u64,
    /// Who stands.
    pub node: NodeId,
}

/// Under which a value is proposed for a slot: a round, and which try of the round it is for that slot, from 1. Written
/// `3.n1/2`, the first try `3.n1`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ballot {
    /// Who proposes, elected when.
    pub round: Round,
    /// Which try.
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

/// In text formats as it is written, else in its parts.
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

/// What is said of a value in a slot, under a ballot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Bid {
    /// For which slot.
    pub slot: Slot,
    /// Under which ballot.
    pub ballot: Ballot,
    /// Which value.
    pub value: ValueId,
}

impl fmt::Display for Bid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { slot, ballot, value } = self;
        write!(f, "{value} in slot {slot} under {ballot}")
    }
}

/// What checkers see of consensus: facts of nodes, and, last, what stands in the entries of their disks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ConsensusSeen {
    /// The node started, with the log applied up to a slot.
    Started {
        /// How many voters are configured; they are the first nodes.
        voters: u32,
        /// Up to which slot.
        slot: Slot,
        /// 64 bits of the root of its state.
        root: u64,
        /// After how many slots without use a session ends; older traces do not tell.
        #[serde(default)]
        session_slots: Option<u64>,
    },
    /// The node will never vote again: its disk does not hold what it wrote.
    Lost,
    /// It follows no round below this one any more.
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
        bid: Bid,
        /// The operations of clients in it.
        #[serde(default)]
        ops: Vec<OpId>,
    },
    /// It voted: its advice.
    Voted {
        /// On what.
        bid: Bid,
        /// For it.
        yes: bool,
    },
    /// It confirmed a pre-commit.
    Confirmed {
        /// Of what.
        bid: Bid,
    },
    /// It knows a decision.
    Committed {
        /// Which.
        bid: Bid,
    },
    /// It applied a slot.
    Applied {
        /// Which.
        slot: Slot,
        /// What was decided for it.
        value: ValueId,
        /// 64 bits of the root of its state after it.
        root: u64,
        /// The operations of clients that took effect in it, in order: those that were not done before, and that nothing
        /// kept from happening.
        done: Vec<OpId>,
        /// The operations that were kept from happening.
        refused: Vec<OpId>,
    },
    /// It installed a state in place of its own.
    Installed {
        /// After which slot.
        slot: Slot,
        /// 64 bits of its root.
        root: u64,
    },
    /// An entry for the disk: a confirmation, to be durable before it is told.
    WroteConfirmed {
        /// Of what.
        bid: Bid,
    },
    /// An entry for the disk: a decision, which is told once it is durable.
    WroteDecided {
        /// For which slot.
        slot: Slot,
        /// The operations of clients that it carries, in order, refused ones left out.
        ops: Vec<OpId>,
    },
}
