//! What scenarios can say about the channel, what it tells of itself, and what can be wrong with it.

use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check;
use crate::fault::Taken;
use crate::identity::{Incarnation, NodeId};
use crate::network::Discipline;
use crate::observation::{ChannelSeen, Observation, Observe, PayloadId};
use crate::protocols::{LaneName, resending};
use crate::subject::{Bearing, Flaw, Flaws, Objection, Row};
use crate::time::Span;

/// Settings of the channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelSettings {
    /// How long a peer may be silent before a frame is sent again, at least 1ms; doubled each time in vain, and drawn
    /// anew each time up to a quarter longer.
    pub resend: Span,
    /// Where doubling ends, no less than `resend`.
    pub resend_cap: Span,
    /// How many payloads may be under way to a peer.
    pub window: NonZeroU32,
    /// Flaws that are switched on: `c01` to `c03`.
    pub flaws: Flaws,
}

impl Default for ChannelSettings {
    fn default() -> Self {
        Self {
            resend: Span::from_millis(50),
            resend_cap: Span::from_secs(1),
            window: const { NonZeroU32::new(16).expect("16 is not zero") },
            flaws: Flaws::default(),
        }
    }
}

/// How sending is paced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Pace {
    pub(super) window: u32,
    pub(super) resend: Span,
    pub(super) cap: Span,
}

impl ChannelSettings {
    /// What keeps a channel from working with these settings, if anything does.
    #[must_use]
    pub fn objection(&self) -> Option<Objection> {
        resending::objection(self.resend, self.resend_cap, &["channel.resend", "channel.resend_cap"])
    }

    pub(super) fn pace(&self) -> Pace {
        let resend = self.resend.max(Span::from_millis(1));
        Pace { window: self.window.get(), resend, cap: resend.max(self.resend_cap) }
    }
}

/// The channel.
pub const ROW: Row = Row {
    lanes: &["channel"],
    carriage: Discipline::Sure,
    claims: &[check::FIFO, check::SESSION, check::QUIET],
    flaws: &[
        Flaw::new("c01", "fifo", "Payloads are delivered as they arrive, whatever is missing before them."),
        Flaw::new(
            "c02",
            "session",
            "Which lives a frame names is not looked at: what was sent to one that died is delivered to the next.",
        ),
        Flaw::new(
            "c03",
            "quiet",
            "A hello whose sender knows the receiver is never answered: where both wait, both ask for ever.",
        ),
    ],
    bears: |fault| match fault.takes() {
        Some(Taken::Timers) => Bearing::Beyond("a node whose timers stand still never sends again"),
        Some(Taken::Disk | Taken::Entry) | None => Bearing::Borne,
    },
    ..Row::new(
        "channel",
        "Reliable FIFO between each two nodes, over datagrams that may be lost, doubled and overtaken (Cerf and Kahn \
         1974), in sessions between two boots.",
    )
};

/// What a channel tells of itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChannelFact {
    /// A payload is sent for the first time.
    Sent {
        /// To which life of which peer.
        to: Incarnation,
        /// Whose payload it is.
        lane: LaneName,
        /// Which of the session.
        number: u32,
        /// What it holds.
        payload: PayloadId,
    },
    /// A payload is handed to its protocol.
    Delivered {
        /// From which life of which peer.
        from: Incarnation,
        /// Whose payload it is.
        lane: LaneName,
        /// Which of the session.
        number: u32,
        /// What it holds.
        payload: PayloadId,
    },
    /// The peer was born again: the session has ended, and what was not delivered in it never will be.
    Reset {
        /// The peer's new life.
        peer: Incarnation,
    },
    /// A message was refused because its signature does not fit.
    Forged {
        /// Where it seemed to come from.
        from: NodeId,
        /// How many this boot of the node has refused, with this one.
        count: u64,
    },
}

impl Observe for ChannelFact {
    fn observe(&self, seen: &mut Vec<Observation>) {
        seen.push(match self {
            Self::Sent { to, lane, number, payload } => Observation::Channel(ChannelSeen::Sent {
                to: *to,
                lane: lane.0,
                number: u64::from(*number),
                payload: Some(*payload),
            }),
            Self::Delivered { from, lane, number, payload } => Observation::Channel(ChannelSeen::Delivered {
                from: *from,
                lane: lane.0,
                number: u64::from(*number),
                payload: Some(*payload),
            }),
            Self::Reset { peer } => Observation::Channel(ChannelSeen::Reset { peer: *peer }),
            Self::Forged { .. } => Observation::Forged,
        });
    }
}
