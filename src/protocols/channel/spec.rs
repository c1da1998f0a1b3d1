//! Settings, claims, facts and flaws of the channel.

use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check;
use crate::fault::Taken;
use crate::identity::{Incarnation, NodeId};
use crate::network::Discipline;
use crate::observation::{ChannelSeen, Observation, Observe, PayloadId};
use crate::protocols::{LaneName, Settings, resending};
use crate::subject::{Bearing, Flaw, Flaws, LivesOn, Objection, Row};
use crate::time::Span;

/// Settings of the channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelSettings {
    /// How long a peer may be silent before a frame is sent again, at least 1ms; doubled after each resend, and
    /// extended by up to a quarter, drawn anew each time.
    pub resend: Span,
    /// The limit of the doubling, not less than `resend`.
    pub resend_cap: Span,
    /// The maximum number of unacknowledged payloads to a peer.
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

/// The pace of sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Pace {
    pub(super) window: u32,
    pub(super) resend: Span,
    pub(super) cap: Span,
}

impl Settings for ChannelSettings {
    fn objection(&self) -> Option<Objection> {
        resending::objection(self.resend, self.resend_cap, &["channel.resend", "channel.resend_cap"])
    }
}

impl ChannelSettings {
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
        Flaw::new(
            "c01",
            "fifo",
            "Payloads are delivered as they arrive, even when earlier ones are missing.",
            "a frame that overtakes another, or is lost",
        ),
        Flaw::new(
            "c02",
            "session",
            "The incarnations that a frame names are ignored: a payload sent to one incarnation is delivered to the next.",
            "a node that starts again while payloads for its earlier incarnation are on their way",
        ),
        Flaw::new(
            "c03",
            "quiet",
            "A hello is not answered if its sender knows the receiver: when both wait, both ask forever.",
            "two nodes that say hello to each other at once, or a lost hello",
        ),
    ],
    lives_on: LivesOn::AnyNodes,
    bears: |fault| match fault.takes() {
        Some(Taken::Timers) => Bearing::Beyond("a node whose timers have stopped never sends again"),
        Some(Taken::Disk | Taken::Entry) | None => Bearing::Borne,
    },
    ..Row::new(
        "channel",
        "Reliable FIFO delivery between each pair of nodes, over datagrams that may be lost, duplicated or overtaken (Cerf \
         and Kahn 1974), in sessions between two incarnations.",
    )
};

/// The facts of a channel.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChannelFact {
    /// A payload is sent for the first time.
    Sent {
        /// The receiving incarnation.
        to: Incarnation,
        /// The lane of the payload.
        lane: LaneName,
        /// Its number in the session.
        number: u32,
        /// Its content.
        payload: PayloadId,
    },
    /// A payload is handed to its protocol.
    Delivered {
        /// The incarnation that sent it.
        from: Incarnation,
        /// The lane of the payload.
        lane: LaneName,
        /// Its number in the session.
        number: u32,
        /// Its content.
        payload: PayloadId,
    },
    /// The peer restarted: the session has ended, and its undelivered payloads are lost.
    Reset {
        /// The peer's new incarnation.
        peer: Incarnation,
    },
    /// A message was refused because its signature is invalid.
    Forged {
        /// The node in its sender field.
        from: NodeId,
        /// The number of refused messages in this boot of the node, including this one.
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
