//! Links as data: the delays of messages, and their possible outcomes.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::chance::Chance;
use crate::identity::NodeId;
use crate::measure::Share;
use crate::time::Span;

/// The delay of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Delay {
    /// Always the same.
    Constant(Span),
    /// Uniform between two bounds, including the bounds.
    Uniform {
        /// The shortest.
        min: Span,
        /// The longest.
        max: Span,
    },
    /// Exponential.
    Exponential {
        /// The mean.
        mean: Span,
    },
    /// Log-normal: most delays are near the median, some far above it.
    LogNormal {
        /// Half are shorter.
        median: Span,
        /// The deviation of the logarithm: 50% spreads by a factor of 1.65, 100% by 2.7.
        sigma: Share,
    },
    /// One of two: a fast path and a slow one.
    Bimodal {
        /// The usual delay.
        fast: Span,
        /// The other one.
        slow: Span,
        /// The share of the other one.
        share: Share,
    },
}

impl Default for Delay {
    fn default() -> Self {
        Self::Uniform { min: Span::from_millis(1), max: Span::from_millis(10) }
    }
}

impl Delay {
    /// Draws one delay.
    #[inline]
    pub fn sample(self, chance: &mut impl Chance) -> Span {
        match self {
            Self::Constant(span) => span,
            Self::Uniform { min, max } => chance.span(min, max),
            Self::Exponential { mean } => chance.exponential(mean),
            Self::LogNormal { median, sigma } => chance.log_normal(median, sigma),
            Self::Bimodal { fast, slow, share } => {
                if chance.happens(share) {
                    slow
                } else {
                    fast
                }
            }
        }
    }
}

impl Delay {
    /// The longest that [`Delay::sample`] can give.
    #[must_use]
    pub fn longest(self) -> Span {
        match self {
            Self::Constant(span) => span,
            Self::Uniform { max, .. } => max,
            Self::Exponential { mean } => crate::chance::longest_exponential(mean),
            Self::LogNormal { median, sigma } => crate::chance::longest_log_normal(median, sigma),
            Self::Bimodal { fast, slow, .. } => fast.max(slow),
        }
    }
}

/// As in a trace: `uniform min=1ms max=10ms`.
impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(span) => write!(f, "constant {span}"),
            Self::Uniform { min, max } => write!(f, "uniform min={min} max={max}"),
            Self::Exponential { mean } => write!(f, "exponential mean={mean}"),
            Self::LogNormal { median, sigma } => write!(f, "log-normal median={median} sigma={sigma}"),
            Self::Bimodal { fast, slow, share } => write!(f, "bimodal fast={fast} slow={slow} share={share}"),
        }
    }
}

/// What a link does to the messages on it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(default, rename_all = "snake_case", deny_unknown_fields)]
pub struct Link {
    /// How long a message takes.
    pub delay: Delay,
    /// The share of messages that are lost.
    pub loss: Share,
    /// The share of messages that arrive twice.
    pub duplicate: Share,
    /// How much later than the first copy the second may arrive, at most.
    pub duplicate_lag: Lag,
    /// The share of messages that are held back, so that later ones overtake them.
    pub reorder: Share,
    /// How long such a message is held back, at most.
    pub reorder_lag: Lag,
    /// The share of messages in which a bit is flipped.
    pub corrupt: Share,
}

impl Link {
    /// Whether it duplicates, reorders or corrupts messages.
    #[must_use]
    pub const fn is_unruly(&self) -> bool {
        !(self.duplicate.is_none() && self.reorder.is_none() && self.corrupt.is_none())
    }
}

/// A bound on a lag; `100ms` by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Lag(pub Span);

impl Default for Lag {
    fn default() -> Self {
        Self(Span::from_millis(100))
    }
}

/// A link that differs from the default one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkOverride {
    /// The sender's end.
    pub from: NodeId,
    /// The receiver's end.
    pub to: NodeId,
    /// Its properties.
    pub link: Link,
}

/// The fixed fate of one message, instead of a random one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum PinnedFate {
    /// It is lost.
    Lost,
    /// It arrives once, after this time.
    Delay(Span),
    /// It arrives this many times, one delay apart.
    Copies(u16),
    /// It arrives, and a second time this much later.
    Again(Span),
    /// It arrives with this bit of its encoding flipped, counted from the lowest bit of its first byte; after the last
    /// bit comes the first again.
    Flip(u64),
}

impl Discipline {
    /// Whether the messages of a lane wait in queues.
    #[must_use]
    pub const fn is_queue(self) -> bool {
        matches!(self, Self::Fifo | Self::Sure)
    }
}

/// The network without faults.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network {
    /// The properties of every link.
    pub link: Link,
    /// The links that differ.
    pub links: Vec<LinkOverride>,
    /// The longest delay after quiescence.
    pub calm_delay: Span,
}

impl Default for Network {
    fn default() -> Self {
        Self { link: Link::default(), links: Vec::new(), calm_delay: Span::from_millis(10) }
    }
}

/// How an exploration models a lane: in which order the messages under way may arrive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Discipline {
    /// In any order; each may be lost or duplicated.
    #[default]
    Datagram,
    /// In the order in which they were sent from one node to another, all such lanes together, as a channel promises. A
    /// loss ends the session: everything under way from one to the other is lost with it, as it is when the
    /// receiver crashes.
    Fifo,
    /// In the same queue as those, and lost only if the receiver crashes: the report of the end of a session.
    Sure,
    /// A set: a message that was sent can be received forever, in any order, and is never lost. It is not a network, but
    /// common in models on paper.
    Set,
}
