//! What scenarios can say about consensus, what it claims, and what can be wrong with it.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::quorum::Voters;
use crate::check;
use crate::codex::{Anchor, Anchors, Key};
use crate::fault::Taken;
use crate::measure::positive;
use crate::protocols::Registry;
use crate::subject::{Bearing, Flaw, Flaws, Objection, Role, Row};
use crate::time::Span;

/// Settings of consensus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConsensusSettings {
    /// How long a voter waits for a proposer, at least; longer on slow disks and links, and drawn up to twice as long.
    #[serde(deserialize_with = "positive")]
    pub election: Span,
    /// How much longer it waits at most when elections fail: doubled each time up to this or four waits; never if 0.
    pub backoff: Span,
    /// How often the proposer shows that it lives, and asks again at most; less than `election`.
    #[serde(deserialize_with = "positive")]
    pub heartbeat: Span,
    /// How many slots may be under way at once.
    #[serde(deserialize_with = "positive")]
    #[schemars(range(min = 1))]
    pub window: u32,
    /// How many operations one slot takes.
    #[serde(deserialize_with = "positive")]
    #[schemars(range(min = 1))]
    pub batch: u32,
    /// After so many slots the state takes the place of what led to it.
    #[serde(deserialize_with = "positive")]
    #[schemars(range(min = 1))]
    pub compact_after: u32,
    /// How many decisions are kept behind the state, for those that lag.
    pub keep: u32,
    /// A session ends that was not used for so many slots.
    #[serde(deserialize_with = "positive")]
    #[schemars(range(min = 1))]
    pub session_slots: u64,
    /// How reads are made linearizable.
    pub reads: Reads,
    /// What no write may break.
    pub anchors: Vec<Anchor>,
    /// The canonical texts of keys, for anchors that ask for them.
    pub canon: BTreeMap<Key, String>,
    /// Flaws that are switched on: `e01`, `e02`, `e03`, `e04`, `e24`, `e25`, `e28`, `k01` to `k18`.
    pub flaws: Flaws,
}

/// How reads are made linearizable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reads {
    /// Each is an entry of the log.
    #[default]
    Log,
    /// Each waits until the slots are applied that were decided when it came, as the proposer says once a quorum has
    /// assured it afterwards that it is the proposer still.
    Index,
}

impl Default for ConsensusSettings {
    fn default() -> Self {
        Self {
            election: Span::from_millis(150),
            backoff: Span::from_millis(600),
            heartbeat: Span::from_millis(40),
            window: 8,
            batch: 16,
            compact_after: 200,
            keep: 50,
            session_slots: 10_000,
            reads: Reads::Log,
            anchors: Vec::new(),
            canon: BTreeMap::new(),
            flaws: Flaws::default(),
        }
    }
}

impl ConsensusSettings {
    /// What keeps consensus from working with these settings, if anything does.
    #[must_use]
    pub fn objection(&self) -> Option<Objection> {
        let Self { election, heartbeat, .. } = self;
        (heartbeat >= election).then(|| Objection {
            places: &["consensus.heartbeat", "consensus.election"],
            message: format!(
                "the proposer shows every {heartbeat} that it lives, but voters stand for election after {election} \
                 without word of it: they would depose every proposer, and nothing would be decided"
            ),
            help: "let `heartbeat` be less than `election`, such as a third of it".to_owned(),
        })
    }
}

/// What all nodes are given. It never changes, and so tells no two states apart.
#[derive(Clone, Debug)]
pub struct Rules {
    pub(super) settings: ConsensusSettings,
    pub(super) voters: Voters,
    pub(super) anchors: Anchors,
    /// The anchors that are looked at when a slot is applied: with flaw k08 none.
    pub(super) kept: Anchors,
    pub(super) registry: Registry,
    pub(super) flaws: Switched,
}

impl PartialEq for Rules {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Rules {}

impl Hash for Rules {
    fn hash<H: Hasher>(&self, _state: &mut H) {}
}

/// The flaws, each by its id, and whether it is switched on.
macro_rules! switched {
    ($($flaw:ident),+) => {
        /// The flaws that are switched on.
        #[derive(Clone, Copy, Debug)]
        pub(super) struct Switched {
            $(pub(super) $flaw: bool,)+
        }

        impl Switched {
            /// How many flaws there are.
            const COUNT: usize = [$(stringify!($flaw)),+].len();

            fn of(flaws: &Flaws) -> Self {
                Self { $($flaw: flaws.has(stringify!($flaw)),)+ }
            }
        }
    };
}

switched!(
    e01, e02, e03, e04, e24, e25, e28, k01, k02, k03, k04, k05, k06, k07, k08, k09, k10, k11, k12, k13, k14, k15, k16,
    k17, k18
);

impl Rules {
    /// Whether operations for the proposer are taken whoever signed them: flaw k01.
    #[must_use]
    pub const fn trusts_forwards(&self) -> bool {
        self.flaws.k01
    }

    /// The rules for so many voters, with the secrets of all nodes.
    #[must_use]
    pub fn new(settings: &ConsensusSettings, voters: u32, registry: Registry) -> Self {
        let flaws = Switched::of(&settings.flaws);
        let anchors = Anchors::new(settings.anchors.clone(), settings.canon.clone());
        let kept = if flaws.k08 { Anchors::default() } else { anchors.clone() };
        Self { settings: settings.clone(), voters: Voters(voters), anchors, kept, registry, flaws }
    }
}

/// The replicated log.
pub const ROW: Row = Row {
    lanes: &["consensus"],
    claims: &[
        check::QUIET,
        check::TERMINATION,
        check::AGREEMENT,
        check::VALIDITY,
        check::QUORUM_EVIDENCE,
        check::ELECTION_SAFETY,
        check::LOG_ORDER,
        check::DURABILITY,
        check::EXACTLY_ONCE,
        check::LINEARIZABILITY,
        check::ANCHOR_SAFETY,
    ],
    flaws: &[
        Flaw::new(
            "e01",
            "agreement",
            "The quorum is taken of the peers that can be reached now: both sides of a split commit.",
        ),
        Flaw::new(
            "e02",
            "agreement",
            "There are no ballots, and a slot is the receiver's own count: two proposers, two values for one slot.",
        ),
        Flaw::new(
            "e03",
            "termination",
            "There is no recovery: after the first proposer nobody is elected, and one that starts again does not stand.",
        ),
        Flaw::new(
            "e04",
            "termination",
            "There is no way on when a quorum of votes fails: the no-op that would take the value's place is never proposed.",
        ),
        Flaw::new("e24", "quorum-evidence", "Refusals are sent too, and confirmations are counted without being read."),
        Flaw::new("e25", "termination", "The proposer is in the quorum's size, but not among those who vote."),
        Flaw::new(
            "e28",
            "durability",
            "No phase reaches a disk, and a commit is told before it is applied; an empty disk is not taken for a wipe.",
        ),
        Flaw::new(
            "k01",
            "validity",
            "The proposer carries out what is forwarded to it whoever signed it: what a flipped bit makes of it, too.",
        ),
        Flaw::new("k02", "quorum-evidence", "A confirmation that comes twice counts twice."),
        Flaw::new("k03", "log-order", "A state is installed though it lies behind what was applied."),
        Flaw::new(
            "k04",
            "linearizability",
            "A read is answered where all is applied that the proposer knows of, before a quorum has assured it that it is \
             the proposer still.",
        ),
        Flaw::new("k05", "election-safety", "Compaction forgets the promise."),
        Flaw::new("k06", "quorum-evidence", "A voter confirms before its confirmation is durable."),
        Flaw::new(
            "k07",
            "exactly-once",
            "What operations came to is not kept: one that is decided twice is done twice.",
        ),
        Flaw::new(
            "k08",
            "anchor-safety",
            "Voters look at anchors when they advise, and nobody when a slot is applied.",
        ),
        Flaw::new(
            "k09",
            "agreement",
            "Recovery takes up what was pre-committed under the lowest ballot, in place of the highest.",
        ),
        Flaw::new(
            "k10",
            "quorum-evidence",
            "The proposer counts its own confirmation, and tells the decision, before that is durable.",
        ),
        Flaw::new("k11", "election-safety", "A candidate asks for promises before its own is durable."),
        Flaw::new(
            "k12",
            "linearizability",
            "A read waits for what its proposer has applied, and not for what recovery has seen: that may be decided, too.",
        ),
        Flaw::new(
            "k13",
            "termination",
            "The try is a part of the promise: who has voted in a later try of one slot refuses all others.",
        ),
        Flaw::new("k14", "agreement", "A no-op takes the place of a value that voters were asked to confirm."),
        Flaw::new(
            "k15",
            "election-safety",
            "A log that is rewritten holds the mark of a voter, and not of a lost one.",
        ),
        Flaw::new(
            "k16",
            "linearizability",
            "A refusal is told past the session: what had taken effect before is told to be refused.",
        ),
        Flaw::new(
            "k17",
            "exactly-once",
            "A session is named by its client alone: an operation of an ended one is done in the next.",
        ),
        Flaw::new(
            "k18",
            "anchor-safety",
            "A voter says by an older state that a list would be too long: what breaks no anchor in its slot is refused.",
        ),
    ],
    owns: &["consensus"],
    roles: &[Role { name: "proposer", fact: "consensus.elected" }],
    bears: |fault| match fault.takes() {
        Some(Taken::Disk | Taken::Entry) => Bearing::SpendsVoters,
        Some(Taken::Timers) => Bearing::Beyond("a node whose timers stand still never sends again"),
        None => Bearing::Borne,
    },
    ..Row::new(
        "consensus",
        "A replicated log, decided by a quorum-based three-phase commit (Skeen 1982, Keidar and Dolev 1998), with a \
         store of keys and values.",
    )
};

const _: () = assert!(ROW.flaws.len() == Switched::COUNT, "each flaw has its switch");
