//! Settings, claims and flaws of consensus.

use std::hash::{Hash, Hasher};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::quorum::Voters;
use crate::check;
use crate::codex::{Anchors, Keyspaces};
use crate::fault::Taken;
use crate::measure::positive;
use crate::protocols::{Registry, Settings};
use crate::subject::{Bearing, Flaw, Flaws, LivesOn, Objection, Role, Row};
use crate::time::Span;

/// Settings of consensus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConsensusSettings {
    /// The minimum time for which a voter waits for a proposer; longer if disks and links are slow, and drawn up to
    /// twice as long.
    #[serde(deserialize_with = "positive")]
    pub election: Span,
    /// The maximum additional wait after failed elections: doubled each time, up to this or to four waits; none if 0.
    pub backoff: Span,
    /// The interval of the proposer's heartbeats, and the minimum time before it repeats its requests; less than
    /// `election`.
    #[serde(deserialize_with = "positive")]
    pub heartbeat: Span,
    /// The maximum number of slots under way at once.
    #[serde(deserialize_with = "positive")]
    #[schemars(range(min = 1))]
    pub window: u32,
    /// The maximum number of operations in one slot.
    #[serde(deserialize_with = "positive")]
    #[schemars(range(min = 1))]
    pub batch: u32,
    /// The number of slots after which the state replaces the slots before it.
    #[serde(deserialize_with = "positive")]
    #[schemars(range(min = 1))]
    pub compact_after: u32,
    /// The number of decisions that are kept behind the state, for nodes that lag.
    pub keep: u32,
    /// A session ends after this many slots without use.
    #[serde(deserialize_with = "positive")]
    #[schemars(range(min = 1))]
    pub session_slots: u64,
    /// How reads are made linearizable.
    pub reads: Reads,
    /// Flaws that are switched on: `e01`, `e02`, `e03`, `e04`, `e12`, `e24`, `e25`, `e28`, `k01` to `k23`.
    pub flaws: Flaws,
}

/// How reads are made linearizable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reads {
    /// Each read is an entry of the log.
    #[default]
    Log,
    /// Each read waits until the slots are applied that were decided when it arrived. The proposer names them, after a
    /// quorum has confirmed that it is still the proposer.
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
            flaws: Flaws::default(),
        }
    }
}

impl Settings for ConsensusSettings {
    fn objection(&self) -> Option<Objection> {
        let Self { election, heartbeat, .. } = self;
        (heartbeat >= election).then(|| Objection {
            places: &["consensus.heartbeat", "consensus.election"],
            message: format!(
                "the proposer sends a heartbeat every {heartbeat}, but voters stand for election after {election} without \
                 one: they would depose every proposer, and nothing would be decided"
            ),
            help: "set `heartbeat` to less than `election`, for example a third of it".to_owned(),
        })
    }
}

/// The rules that all nodes share. They never change, so they do not distinguish states.
#[derive(Clone, Debug)]
pub struct Rules {
    pub(super) settings: ConsensusSettings,
    pub(super) voters: Voters,
    pub(super) anchors: Anchors,
    /// The anchors that are checked when a slot is applied: none with flaw k08.
    pub(super) kept: Anchors,
    pub(super) keyspaces: Keyspaces,
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

/// Declares the flaws, with a field for each that says whether it is switched on.
macro_rules! switched {
    ($($flaw:ident),+) => {
        /// The flaws that are switched on.
        #[derive(Clone, Copy, Debug)]
        pub(super) struct Switched {
            $(pub(super) $flaw: bool,)+
        }

        impl Switched {
            /// The number of flaws.
            const COUNT: usize = [$(stringify!($flaw)),+].len();

            fn of(flaws: &Flaws) -> Self {
                Self { $($flaw: flaws.has(stringify!($flaw)),)+ }
            }
        }
    };
}

switched!(
    e01, e02, e03, e04, e12, e24, e25, e28, k01, k02, k03, k04, k05, k06, k07, k08, k09, k10, k11, k12, k13, k14, k15,
    k16, k17, k18, k19, k20, k21, k22, k23
);

impl Rules {
    /// The rules for this number of voters, with the keyspaces and the secrets of all nodes.
    #[must_use]
    pub fn new(settings: &ConsensusSettings, voters: u32, keyspaces: &Keyspaces, registry: Registry) -> Self {
        let flaws = Switched::of(&settings.flaws);
        let anchors = keyspaces.anchors(OWNER);
        let kept = if flaws.k08 { Anchors::default() } else { anchors.clone() };
        let (settings, keyspaces) = (settings.clone(), keyspaces.clone());
        Self { settings, voters: Voters(voters), anchors, kept, keyspaces, registry, flaws }
    }
}

/// The owner's name for keyspaces that the log decides.
const OWNER: &str = "consensus";

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
        check::FENCING,
    ],
    flaws: &[
        Flaw::new(
            "e01",
            "agreement",
            "The quorum is computed from the peers that can be reached now: both sides of a split commit.",
            "a partition, or a voter that is down",
        ),
        Flaw::new(
            "e02",
            "agreement",
            "There are no ballots, and each receiver counts slots on its own: two proposers decide two values for \
             one slot.",
            "two candidates, or two proposers",
        ),
        Flaw::new(
            "e03",
            "termination",
            "There is no recovery: after the first proposer no node is elected, and a restarted proposer does not \
             stand for election.",
            "a proposer that crashes or is cut off",
        ),
        Flaw::new(
            "e04",
            "termination",
            "There is no fallback when a slot gets no quorum of votes: the no-op that should replace the value is \
             never proposed.",
            "a slot that gets no quorum of votes in time",
        ),
        Flaw::new(
            "e12",
            "authenticity",
            "A decision that gossip brings is believed without a certificate, and a voter tells of it when it is only confirmed.",
            "gossip beside the log, and a value that is confirmed and not decided",
        ),
        Flaw::new(
            "e24",
            "quorum-evidence",
            "Refusals are sent too, and confirmations are counted without being read.",
            "a voter that refuses a proposal",
        ),
        Flaw::new(
            "e25",
            "termination",
            "The size of the quorum includes the proposer, but the proposer does not vote.",
            "voters that are down or cut off, so that every vote counts",
        ),
        Flaw::new(
            "e28",
            "durability",
            "No phase writes to a disk, a commit is announced before it is applied, and an empty disk is not \
             detected as a wipe.",
            "a kill after a confirmation, or a wiped disk",
        ),
        Flaw::new(
            "k01",
            "validity",
            "The proposer executes forwarded operations without checking their signatures, even if a flipped bit has \
             changed them.",
            "an operation that another node forwards to the proposer, in a message that is corrupted",
        ),
        Flaw::new(
            "k02",
            "quorum-evidence",
            "A confirmation that arrives twice is counted twice.",
            "a confirmation that is duplicated",
        ),
        Flaw::new(
            "k03",
            "log-order",
            "A node installs a state that is older than the state it has applied.",
            "a node that lags behind so far that it is sent a state, and a state that arrives late or twice",
        ),
        Flaw::new(
            "k04",
            "linearizability",
            "A read is answered when the slots known to the proposer are applied, before a quorum confirms that it \
             is still the proposer.",
            "reads by index (`\"reads\": \"index\"`), and a proposer that was replaced without noticing",
        ),
        Flaw::new(
            "k05",
            "election-safety",
            "Compaction loses the promise.",
            "a log that is compacted (`compact_after`), and a restart after that",
        ),
        Flaw::new(
            "k06",
            "quorum-evidence",
            "A voter confirms before its confirmation is durable.",
            "a kill between a confirmation and its sync",
        ),
        Flaw::new(
            "k07",
            "exactly-once",
            "The outcomes of operations are not kept: an operation that is decided twice takes effect twice.",
            "an operation that a client retries and that is decided twice",
        ),
        Flaw::new(
            "k08",
            "anchor-safety",
            "Voters check anchors when voting, but no node checks them when applying a slot.",
            "anchors, and an operation that breaks one when its slot is applied",
        ),
        Flaw::new(
            "k09",
            "agreement",
            "Recovery uses the value that was pre-committed under the lowest ballot, instead of the highest.",
            "an election after a slot was pre-committed under two ballots",
        ),
        Flaw::new(
            "k10",
            "quorum-evidence",
            "The proposer counts its own confirmation, and announces the decision, before the confirmation is durable.",
            "a proposer that crashes before its own confirmation is durable",
        ),
        Flaw::new(
            "k11",
            "election-safety",
            "A candidate asks for promises before its own promise is durable.",
            "a candidate that crashes before its promise is durable",
        ),
        Flaw::new(
            "k12",
            "linearizability",
            "A read waits only for the slots that its proposer has applied, not for those that recovery found, which \
             may be decided.",
            "reads by index (`\"reads\": \"index\"`), and an election with open slots",
        ),
        Flaw::new(
            "k13",
            "termination",
            "The try is part of the promise: a voter that has voted in a later try of one slot refuses the other \
             slots.",
            "a slot that is tried again",
        ),
        Flaw::new(
            "k14",
            "agreement",
            "A no-op replaces a value that voters were asked to confirm.",
            "an election with a slot that voters were asked to confirm",
        ),
        Flaw::new(
            "k15",
            "election-safety",
            "A rewritten log keeps the mark that the node is a voter, but not that it is a lost voter.",
            "a voter that lost its disk, a compacted log, and a restart",
        ),
        Flaw::new(
            "k16",
            "linearizability",
            "A refusal neither reads nor updates the session: an operation that had taken effect before is reported \
             as refused.",
            "an operation that is refused after it took effect: a retry, and an anchor",
        ),
        Flaw::new(
            "k17",
            "exactly-once",
            "A session is identified by its client alone: an operation of an ended session takes effect in the next \
             one.",
            "a session that ends while its operations are on their way (`session_slots`)",
        ),
        Flaw::new(
            "k18",
            "anchor-safety",
            "A voter uses an older state to decide that a list would become too long: it refuses an operation that \
             breaks no anchor in its slot.",
            "appends to a list that is as long as its anchor allows",
        ),
        Flaw::new(
            "k19",
            "fencing",
            "Tokens of fenced keys are not checked: a write of a holder that has lost its lock succeeds.",
            "fenced keys, written with a token of a lock that has been lost",
        ),
        Flaw::new(
            "k20",
            "termination",
            "A proposer that no quorum answers goes on: its heartbeats keep the others from standing for election, and \
             nothing is decided.",
            "a proposer whose messages arrive while most answers to it do not, for good: `run.core`, and a partition in \
             one direction",
        ),
        Flaw::new(
            "k21",
            "termination",
            "A node asks only the proposer for the decisions that it lacks: if nothing reaches that one, it never catches \
             up.",
            "a node that hears a proposer which does not hear it, for good: `run.core`, and a partition in one direction",
        ),
        Flaw::new(
            "k22",
            "termination",
            "Each promise restarts a voter's wait for a proposer: a candidate that never wins, and asks again sooner than \
             the voter stands for election, keeps it from standing for ever.",
            "a candidate that hears no majority, and a more patient voter that hears only that candidate: `run.core`",
        ),
        Flaw::new(
            "k23",
            "termination",
            "A node sends its clients' operations to the proposer alone: if nothing reaches that one, they are never answered.",
            "a node that hears a proposer which does not hear it, for good, and a client that asks only this node: `run.core`",
        ),
    ],
    owns: &[OWNER],
    periodic: &["consensus.heartbeat", "consensus.heartbeat-ack"],
    roles: &[Role { name: "proposer", fact: "consensus.elected" }],
    lives_on: LivesOn::Majority,
    bears: |fault| match fault.takes() {
        Some(Taken::Disk | Taken::Entry) => Bearing::LosesVoters,
        Some(Taken::Timers) => Bearing::Beyond("a node whose timers have stopped never sends again"),
        None => Bearing::Borne,
    },
    ..Row::new(
        "consensus",
        "A replicated log, decided by a quorum-based three-phase commit (Skeen 1982, Keidar and Dolev 1998), with a \
         store of keys and values.",
    )
};

const _: () = assert!(ROW.flaws.len() == Switched::COUNT, "each flaw has its switch");
