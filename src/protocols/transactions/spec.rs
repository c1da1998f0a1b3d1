//! Settings, claims, flaws and bounds of transactions.

use std::hash::{Hash, Hasher};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::check;
use crate::codex::{Anchors, Key, Keyspaces, RESERVED, Value};
use crate::fault::Taken;
use crate::identity::NodeId;
use crate::measure::{between, positive};
use crate::observation::owner_of;
use crate::protocols::{Bound, Given, Settings, resending};
use crate::subject::{Bearing, Flaw, Flaws, LivesOn, Objection, Row, World};
use crate::time::Span;

/// Settings of transactions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TransactionSettings {
    /// The time after which what is not answered is sent again; it doubles up to `resend_cap`.
    pub resend: Span,
    /// The longest time between two attempts to send the same, or to ask the same.
    pub resend_cap: Span,
    /// How long a coordinator waits for all votes at the first attempt; it doubles with each, up to `patience_cap`.
    #[serde(deserialize_with = "positive")]
    pub patience: Span,
    /// The longest time that a coordinator waits for all votes.
    #[serde(deserialize_with = "positive")]
    pub patience_cap: Span,
    /// The pause before the next attempt is drawn up to this; the bound doubles with each attempt, up to `resend_cap`.
    #[serde(deserialize_with = "positive")]
    pub backoff: Span,
    /// How often a coordinator tries a transaction before it tells the client that it was aborted.
    #[serde(deserialize_with = "positive")]
    #[schemars(range(min = 1))]
    pub tries: u32,
    /// The time after which a participant that has voted asks what has become of the transaction; it doubles up to
    /// `resend_cap`.
    #[serde(deserialize_with = "positive")]
    pub ask: Span,
    /// The time between two messages of an idle coordinator to participants that do not know that all is over.
    #[serde(deserialize_with = "positive")]
    pub watermark: Span,
    /// The file is looked through for what can be dropped when it has so many entries.
    #[serde(deserialize_with = "positive")]
    #[schemars(range(min = 1))]
    pub compact_after: u32,
    /// Keys that hold a number before the first start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preload: Option<PreloadedAccounts>,
    /// Flaws that are switched on: `e13` to `e15`, `e30`, `x01` to `x14`.
    pub flaws: Flaws,
}

/// Keys that hold a number before the first start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PreloadedAccounts {
    /// How the keys begin, whose numbers from 1 on follow; in a keyspace that transactions own.
    #[serde(deserialize_with = "prefix")]
    pub prefix: String,
    /// The number of keys, up to a million.
    #[serde(deserialize_with = "between::<1, MOST_KEYS, _>")]
    #[schemars(range(min = 1, max = MOST_KEYS))]
    pub keys: u32,
    /// What each holds.
    pub value: i64,
}

const MOST_KEYS: u32 = 1_000_000;

/// Reads how keys begin, with room for their numbers.
fn prefix<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let prefix = String::deserialize(deserializer)?;
    if prefix.starts_with(RESERVED) {
        return Err(de::Error::custom(format!("keys that begin with `{RESERVED}` belong to the system")));
    }
    Key::new(&format!("{prefix}{MOST_KEYS}")).map(|_| prefix).map_err(de::Error::custom)
}

impl Default for PreloadedAccounts {
    fn default() -> Self {
        Self { prefix: "accounts/a".to_owned(), keys: 12, value: 100 }
    }
}

impl PreloadedAccounts {
    fn key(&self, number: u32) -> Key {
        Key::new(&format!("{}{number}", self.prefix)).expect("the prefix leaves room")
    }
}

impl Default for TransactionSettings {
    fn default() -> Self {
        Self {
            resend: Span::from_millis(50),
            resend_cap: Span::from_millis(800),
            patience: Span::from_millis(400),
            patience_cap: Span::from_secs(2),
            backoff: Span::from_millis(20),
            tries: 8,
            ask: Span::from_millis(150),
            watermark: Span::from_millis(200),
            compact_after: 64,
            preload: None,
            flaws: Flaws::default(),
        }
    }
}

impl Settings for TransactionSettings {
    fn objection(&self) -> Option<Objection> {
        resending::objection(self.resend, self.resend_cap, &["transactions.resend", "transactions.resend_cap"])
    }
}

/// What all nodes share, under these settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    pub(super) voters: u32,
    pub(super) anchors: Anchors,
    prefixes: Vec<String>,
    others: Vec<String>,
    preload: Vec<(Key, NodeId, i64)>,
    pub(super) resend: Span,
    resend_cap: Span,
    patience: Span,
    patience_cap: Span,
    pub(super) backoff: Span,
    pub(super) tries: u32,
    pub(super) ask: Span,
    pub(super) watermark: Span,
    pub(super) compact_after: usize,
    pub(super) e13: bool,
    pub(super) e14: bool,
    pub(super) e15: bool,
    pub(super) e30: bool,
    pub(super) x01: bool,
    pub(super) x02: bool,
    pub(super) x03: bool,
    pub(super) x04: bool,
    pub(super) x05: bool,
    pub(super) x06: bool,
    pub(super) x07: bool,
    pub(super) x08: bool,
    pub(super) x09: bool,
    pub(super) x10: bool,
    pub(super) x11: bool,
    pub(super) x13: bool,
    pub(super) x14: bool,
    /// Flaw x12: each participant is sent all operations, and does them.
    pub(super) everything: bool,
}

/// The word by which transactions own a keyspace.
pub(super) const OWNER: &str = "transaction";

impl TransactionSettings {
    pub(super) fn rules(&self, given: Given<'_>) -> Rules {
        let has = |flaw| self.flaws.has(flaw);
        let voters = given.setup.voters;
        let preload = |accounts: &PreloadedAccounts| -> Vec<(Key, NodeId, i64)> {
            let keys = (1..=accounts.keys).map(|number| accounts.key(number));
            keys.map(|key| (key.clone(), owner_of(key.as_str(), voters), accounts.value)).collect()
        };
        let prefixes = |owned| {
            let keyspaces = given.setup.keyspaces.iter().filter(move |(_, space)| (space.owner == OWNER) == owned);
            keyspaces.map(|(prefix, _)| prefix.to_owned()).collect()
        };
        Rules {
            voters,
            anchors: given.setup.keyspaces.anchors(OWNER),
            prefixes: prefixes(true),
            others: prefixes(false),
            preload: self.preload.as_ref().map(preload).unwrap_or_default(),
            resend: self.resend,
            resend_cap: self.resend_cap,
            patience: self.patience,
            patience_cap: self.patience_cap,
            backoff: self.backoff,
            tries: self.tries,
            ask: self.ask,
            watermark: self.watermark,
            compact_after: self.compact_after as usize,
            e13: has("e13"),
            e14: has("e14"),
            e15: has("e15"),
            e30: has("e30"),
            x01: has("x01"),
            x02: has("x02"),
            x03: has("x03"),
            x04: has("x04"),
            x05: has("x05"),
            x06: has("x06"),
            x07: has("x07"),
            x08: has("x08"),
            x09: has("x09"),
            x10: has("x10"),
            x11: has("x11"),
            x13: has("x13"),
            x14: has("x14"),
            everything: has("x12"),
        }
    }

    /// What keeps the settings from working with the scenario's keyspaces.
    #[must_use]
    pub fn misplaced(&self, keyspaces: &Keyspaces) -> Option<Objection> {
        let accounts = self.preload.as_ref()?;
        if keyspaces.of(&accounts.prefix).is_some_and(|(_, space)| space.owner == OWNER) {
            return None;
        }
        Some(Objection {
            places: &["transactions.preload.prefix"],
            message: format!("`{}` begins no keys of a keyspace that transactions own", accounts.prefix),
            help: format!("add a keyspace such as \"{}\": \"{OWNER}\"", accounts.prefix),
        })
    }

    /// An attempt ends with the coordinator's patience at the latest, whatever it waits for, and there are so many of them.
    /// Then whoever has voted asks, or is told again, at most the longest pause later.
    pub(super) fn bound(&self, world: &World) -> Bound {
        let (cap, trip) = (world.timer(self.resend_cap), world.round_trip() + world.sync.times(2));
        let attempt = world.timer(self.patience_cap.max(self.patience)) + cap.max(world.timer(self.backoff)) + trip;
        let ended = world.late + world.timeout + attempt.times(u64::from(self.tries)) + trip;
        // What waits in a queue is prepared when those before it are over, and then asks.
        let queue = (cap + trip).times(2 + world.open().min(MOST));
        let unlocked = ended + cap + queue;
        let claims = vec![
            (check::NO_ORPHAN_LOCKS.name, unlocked),
            (check::ATOMICITY.name, unlocked),
            (check::CONSERVATION.name, unlocked),
        ];
        let quiet = queue + cap + (world.timer(self.watermark) + trip).times(4);
        Bound { payloads: 0, ended, claims, quiet }
    }
}

/// So many wait for one another in a row at the most, of those that may: they are ordered, and all but the first few die.
const MOST: u64 = 50;

/// They are the same at every node, and tell no state from another.
impl Hash for Rules {
    fn hash<H: Hasher>(&self, _state: &mut H) {}
}

impl Rules {
    /// The owner of a key.
    pub(super) fn owner(&self, key: &Key) -> NodeId {
        owner_of(key.as_str(), self.voters)
    }

    /// Whether transactions own a key.
    pub(super) fn owns(&self, key: &Key) -> bool {
        let longest = |prefixes: &[String]| {
            prefixes
                .iter()
                .filter(|prefix| key.as_str().starts_with(prefix.as_str()))
                .map(|prefix| prefix.len() + 1)
                .max()
        };
        !key.is_reserved() && longest(&self.prefixes) > longest(&self.others)
    }

    /// What a node holds before its first start.
    pub(super) fn preloaded(&self, node: NodeId) -> impl Iterator<Item = (Key, Option<Value>)> + '_ {
        let own = self.preload.iter().filter(move |(_, owner, _)| *owner == node);
        own.map(|(key, _, value)| (key.clone(), Some(Value::Integer(*value))))
    }

    /// A pause after so many attempts.
    pub(super) fn doubled(&self, first: Span, times: u32) -> Span {
        first.times(1 << times.min(MOST_DOUBLED)).min(self.resend_cap.max(first))
    }

    /// How long the coordinator waits for all votes at this attempt, from 1.
    pub(super) fn patience_of(&self, attempt: u32) -> Span {
        let doubled = self.patience.times(1 << (attempt - 1).min(MOST_DOUBLED));
        doubled.min(self.patience_cap.max(self.patience))
    }
}

const MOST_DOUBLED: u32 = 16;

/// Transactions.
pub const ROW: Row = Row {
    lanes: &["transactions"],
    owns: &[OWNER],
    transacts: true,
    claims: &[
        check::ATOMICITY,
        check::COMMIT_VALIDITY,
        check::DECISION_STABILITY,
        check::SERIALIZABILITY,
        check::CONSERVATION,
        check::NO_ORPHAN_LOCKS,
        check::WAIT_ORDER,
        check::ANCHOR_SAFETY,
        check::TERMINATION,
    ],
    flaws: &[
        Flaw::new(
            "e13",
            "atomicity",
            "The decision is not logged before it is sent; a coordinator that restarts answers \"aborted\".",
            "a coordinator that crashes after it has sent a commit",
        ),
        Flaw::new(
            "e14",
            "no-orphan-locks",
            "Nobody waits only so long, and nobody asks.",
            "a vote or a decision that is lost",
        ),
        Flaw::new(
            "e15",
            "conservation",
            "A commit is applied, its locks are released, and then it is logged: after a crash between, it is applied again.",
            "a participant that crashes amid a commit",
        ),
        Flaw::new(
            "e30",
            "no-orphan-locks",
            "A late or doubled prepare is not compared with the outcome, and locks again.",
            "a prepare that arrives after its transaction is over",
        ),
        Flaw::new("x01", "commit-validity", "A vote does not wait for its record.", "a participant that writes"),
        Flaw::new(
            "x02",
            "atomicity",
            "A coordinator that is asked while votes are open answers \"aborted\".",
            "a participant that asks before all votes are in",
        ),
        Flaw::new(
            "x03",
            "serializability",
            "The locks of a participant that only reads end with its vote.",
            "a transaction that reads at one owner and another at a second",
        ),
        Flaw::new(
            "x04",
            "serializability",
            "After a start the locks of what is prepared are not taken again.",
            "a participant that restarts between its vote and the decision",
        ),
        Flaw::new(
            "x05",
            "decision-stability",
            "Whether a client asks again is not looked at: a node that has restarted does the transaction again.",
            "a client that asks a node again after it has restarted",
        ),
        Flaw::new(
            "x06",
            "atomicity",
            "A commit is forgotten at its first acknowledgement.",
            "a commit that one of two participants does not hear of",
        ),
        Flaw::new(
            "x07",
            "decision-stability",
            "The names of transactions do not tell boots apart.",
            "a coordinator that restarts",
        ),
        Flaw::new(
            "x08",
            "wait-order",
            "A transaction waits behind others that wait, whichever is earlier.",
            "three transactions that want one key",
        ),
        Flaw::new(
            "x09",
            "wait-order",
            "Each attempt of a transaction is as late as it is: an audit never becomes the earliest.",
            "a transaction that is tried again",
        ),
        Flaw::new(
            "x10",
            "decision-stability",
            "A prepare that arrives after its transaction was forgotten is not compared with the watermark.",
            "a prepare that arrives again long after",
        ),
        Flaw::new(
            "x11",
            "atomicity",
            "A participant that has not voted answers \"aborted\" without a record of it.",
            "a participant that is asked before its prepare arrives, and restarts",
        ),
        Flaw::new(
            "x12",
            "serializability",
            "Each participant is sent all operations, and does them.",
            "a transaction over two owners",
        ),
        Flaw::new(
            "x13",
            "anchor-safety",
            "Anchors are looked at when a participant is asked, and not when its locks are held.",
            "a transaction that waits behind one that changes what an anchor allows",
        ),
        Flaw::new(
            "x14",
            "atomicity",
            "A commit is acknowledged before its record is durable.",
            "a participant that crashes as it acknowledges",
        ),
    ],
    bears: |fault| match fault.takes() {
        Some(Taken::Disk) => {
            Bearing::Beyond("a wiped owner has lost its keys, and a wiped coordinator what it decided")
        }
        Some(Taken::Entry) => Bearing::Beyond("only an owner's own disk holds its keys and its votes"),
        Some(Taken::Timers) | None => Bearing::Borne,
    },
    lives_on: LivesOn::AllNodes,
    ..Row::new(
        "transactions",
        "Distributed transactions: two-phase commit with presumed abort (Gray 1978; Mohan, Lindsay and Obermarck 1986) \
         under locks with wait-die (Rosenkrantz, Stearns and Lewis 1978), each key at one owner.",
    )
};
