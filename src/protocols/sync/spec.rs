//! Settings, claims, flaws and bounds of syncs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check;
use crate::measure::{between, positive};
use crate::network::Discipline;
use crate::observation::SyncKind;
use crate::protocols::{Bound, Settings, Written};
use crate::subject::{Flaw, Flaws, LivesOn, Row, World};
use crate::time::Span;

/// Settings of syncs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SyncSettings {
    /// How a node brings itself up to date.
    pub kind: SyncKind,
    /// The time between two probes of a node, each of the next peer.
    #[serde(deserialize_with = "positive")]
    pub every: Span,
    /// The time after which what was not answered is asked again; doubled up to eight times as much.
    #[serde(deserialize_with = "positive")]
    pub resend: Span,
    /// About how many bytes of versions a message has, at most 49,152.
    #[serde(deserialize_with = "between::<1, MOST_CHUNK, _>")]
    #[schemars(range(min = 1, max = MOST_CHUNK))]
    pub chunk: u32,
    /// How many messages of a stream may be under way.
    #[serde(deserialize_with = "positive")]
    #[schemars(range(min = 1))]
    pub credits: u32,
    /// Whether nodes have channels even if `kind` is `merkle`, so that it can be switched.
    pub switchable: bool,
    /// Flaws that are switched on: `e05`, `e06`, `e31`, `y01` to `y04`.
    pub flaws: Flaws,
}

/// The most bytes of versions in a message; with its other parts it stays below 64 KiB.
pub const MOST_CHUNK: u32 = 48 * 1_024;

impl Default for SyncSettings {
    fn default() -> Self {
        Self {
            kind: SyncKind::default(),
            every: Span::from_millis(400),
            resend: Span::from_millis(60),
            chunk: 16 * 1_024,
            credits: 4,
            switchable: false,
            flaws: Flaws::default(),
        }
    }
}

impl Settings for SyncSettings {}

/// The settings, as the machine reads them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rules {
    pub(super) kind: SyncKind,
    pub(super) every: Span,
    pub(super) resend: Span,
    pub(super) room: usize,
    pub(super) credits: u32,
    pub(super) has_channel: bool,
    pub(super) flaws: Switched,
}

/// The flaws that are switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Switched {
    /// The start vector is joined before the last chunk.
    pub(super) y01: bool,
    /// The vector that is joined is the one read at the end.
    pub(super) y02: bool,
    /// A stream's cursor is moved before the versions are durable.
    pub(super) y03: bool,
    /// A chunk counts whatever its sender covers.
    pub(super) y04: bool,
    /// A walk pairs children by their index, and sees local ones alone.
    pub(super) e05: bool,
    /// Deltas are counted from one time for all peers.
    pub(super) e06: bool,
    /// What is given is written over what came after the comparison.
    pub(super) e31: bool,
}

impl SyncSettings {
    pub(super) const fn carries(&self) -> bool {
        self.switchable || !matches!(self.kind, SyncKind::Merkle)
    }

    pub(super) fn rules(&self) -> Rules {
        let has = |flaw| self.flaws.has(flaw);
        Rules {
            kind: self.kind,
            every: self.every,
            resend: self.resend,
            room: self.chunk as usize,
            credits: self.credits,
            has_channel: self.carries(),
            flaws: Switched {
                y01: has("y01"),
                y02: has("y02"),
                y03: has("y03"),
                y04: has("y04"),
                e05: has("e05"),
                e06: has("e06"),
                e31: has("e31"),
            },
        }
    }
}

/// The time before something is asked again is doubled so often.
const DOUBLINGS: u32 = 3;

impl Rules {
    /// The time until what was asked is asked again, after so many attempts in vain.
    pub(super) fn resend_after(&self, attempts: u32) -> Span {
        self.resend.times(1 << attempts.min(DOUBLINGS))
    }
}

/// A walk and its answers pass so many messages in a row beside those that bear versions.
const STEPS: u64 = 8;

/// Every node probes every peer once in a rotation. In the first one every node pulls what any peer holds; a sync that is
/// broken by the end of faults is made again in the second; in the third, roots are equal or a walk finds what only absence
/// tells, and three more spread that. Nothing is lost any more, so what a walk waits for was asked at most once in vain. In
/// half of the rotations each sync may bear all that was ever written, a message at a time, and of the whole store one is
/// fetched after the other.
pub(super) fn bound(settings: &SyncSettings, written: Written, world: &World) -> Bound {
    let nodes = u64::from(world.nodes.max(2));
    let messages = written.bytes.div_ceil(settings.chunk.into()).min(written.versions) + 1;
    let rotation = (world.timer(settings.every) + world.round_trip()).times(nodes);
    let transfer = world.round_trip().times((STEPS + messages) * nodes);
    let begins = world.late + world.outage + world.timer(settings.resend.times(8));
    // What was asked of nodes that never answer is given up first, in twice as many rotations as an outage before quiescence
    // may have taken.
    let given_up = if world.silent == 0 { Span::ZERO } else { (rotation.times(8) + world.outage).times(4) };
    let synced = begins + rotation.times(6) + transfer.times(3) + given_up;
    let claims = vec![
        (check::CONVERGENCE.name, synced),
        (check::DISSEMINATION.name, synced),
        (check::NO_LOST_UPDATE.name, synced),
        (check::NO_RESURRECTION.name, synced),
        (check::CAUSAL_PRECEDENCE.name, synced),
    ];
    Bound { payloads: messages, ended: world.late + world.timeout + world.round_trip(), claims, quiet: synced }
}

/// State sync.
pub const ROW: Row = Row {
    lanes: &["sync"],
    carriage: Discipline::Fifo,
    needs: &["replica", "channel"],
    claims: &[check::CONVERGENCE, check::TERMINATION],
    periodic: &["sync.probe", "sync.same"],
    flaws: &[
        Flaw::new(
            "e05",
            "no-lost-update",
            "The walk pairs the children of two nodes by their index, and sees those of the local tree alone: what only the \
             peer has is missed.",
            "a walk to a peer that has a key where this node has none",
        ),
        Flaw::new(
            "e06",
            "no-lost-update",
            "Deltas are counted from one time for all peers: what an unreachable peer wrote before it is never asked for.",
            "incremental syncs, and a peer that is unreachable while another one is synced with",
        ),
        Flaw::new(
            "e31",
            "no-lost-update",
            "The walk writes what an earlier comparison chose over what was written since.",
            "a write of a key whose range a walk has compared and not yet given",
        ),
        Flaw::new(
            "y01",
            "no-lost-update",
            "A sync of the whole store joins its start vector with its first chunk.",
            "a sync of the whole store in several chunks, whose receiver crashes between two of them",
        ),
        Flaw::new(
            "y02",
            "no-lost-update",
            "A sync joins the sender's vector as it is at the end.",
            "a write at the sender while a sync is under way, of a key that is done",
        ),
        Flaw::new(
            "y03",
            "no-regression",
            "A stream's cursor moves when versions are delivered, before they are durable.",
            "a receiver of a stream that crashes",
        ),
        Flaw::new(
            "y04",
            "no-lost-update",
            "A chunk counts whatever its sender covers.",
            "a sync of the whole store that goes on at a peer that lags",
        ),
    ],
    lives_on: LivesOn::AnyNodes,
    ..Row::new(
        "sync",
        "State sync: the whole store, a log of deltas, a walk down Merkle tries (Merkle 1987), or a stream, between pairs \
         of replicas.",
    )
};
