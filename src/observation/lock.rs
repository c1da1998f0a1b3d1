//! The terms of locking: modes, claims, the stamps that order requests, and the observations for checkers.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::clocks::LamportClock;
use crate::identity::{NodeId, OpId};
use crate::time::{LocalTime, Span};

/// How a resource is locked: Gray's five modes (Gray, Lorie, Putzolu and Traiger 1976, *Granularity of Locks and Degrees
/// of Consistency in a Shared Data Base*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LockMode {
    /// Something below is, or will be, locked shared.
    Is,
    /// Something below is, or will be, locked exclusively.
    Ix,
    /// Shared: no client changes it, or anything below.
    S,
    /// Shared, and something below is, or will be, locked exclusively.
    Six,
    /// Exclusive: no other client reads or changes it, or anything below.
    X,
}

impl LockMode {
    /// All modes, weaker ones first.
    pub const ALL: [Self; 5] = [Self::Is, Self::Ix, Self::S, Self::Six, Self::X];

    /// Whether the modes are compatible: two holders may have them on one resource at once.
    #[must_use]
    pub const fn is_compatible(self, other: Self) -> bool {
        match (self, other) {
            (Self::Is, Self::Is | Self::Ix | Self::S | Self::Six)
            | (Self::Ix | Self::S | Self::Six, Self::Is)
            | (Self::Ix, Self::Ix)
            | (Self::S, Self::S) => true,
            (Self::Is, Self::X)
            | (Self::Ix, Self::S | Self::Six | Self::X)
            | (Self::S, Self::Ix | Self::Six | Self::X)
            | (Self::Six, Self::Ix | Self::S | Self::Six | Self::X)
            | (Self::X, Self::Is | Self::Ix | Self::S | Self::Six | Self::X) => false,
        }
    }

    /// The weakest mode that grants what both grant.
    #[must_use]
    pub const fn join(self, other: Self) -> Self {
        match (self, other) {
            (Self::X, _) | (_, Self::X) => Self::X,
            (Self::Six, _) | (_, Self::Six) | (Self::S, Self::Ix) | (Self::Ix, Self::S) => Self::Six,
            (Self::S, Self::S | Self::Is) | (Self::Is, Self::S) => Self::S,
            (Self::Ix, Self::Ix | Self::Is) | (Self::Is, Self::Ix) => Self::Ix,
            (Self::Is, Self::Is) => Self::Is,
        }
    }

    /// What a lock in this mode claims on everything above.
    #[must_use]
    pub const fn intention(self) -> Self {
        match self {
            Self::Is | Self::S => Self::Is,
            Self::Ix | Self::Six | Self::X => Self::Ix,
        }
    }
}

impl fmt::Display for LockMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Is => "IS",
            Self::Ix => "IX",
            Self::S => "S",
            Self::Six => "SIX",
            Self::X => "X",
        })
    }
}

/// A resource by its path, from the root: `a/b/c`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Resource(Arc<str>);

impl Resource {
    /// The resource of this path.
    #[must_use]
    pub fn new(path: &str) -> Self {
        Self(path.into())
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.0
    }

    /// All resources above it, from the root.
    pub fn ancestors(&self) -> impl Iterator<Item = Self> + '_ {
        self.0.match_indices('/').map(|(at, _)| Self::new(&self.0[..at]))
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Everything that one request locks, including ancestors: one mode per resource, in the order of paths.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Claims(Arc<BTreeMap<Resource, LockMode>>);

/// A resource that two requests claim in incompatible modes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Where.
    pub resource: Resource,
    /// What the one claims there.
    pub mine: LockMode,
    /// What the other claims there.
    pub others: LockMode,
}

impl Claims {
    /// The claims for locking each of `wanted`: its mode, and intentions on all ancestors, joined if there are several.
    #[must_use]
    pub fn of<'a>(wanted: impl IntoIterator<Item = (&'a Resource, LockMode)>) -> Self {
        let mut claims = BTreeMap::new();
        let mut claim = |resource: Resource, mode: LockMode| {
            claims.entry(resource).and_modify(|known: &mut LockMode| *known = known.join(mode)).or_insert(mode);
        };
        for (resource, mode) in wanted {
            claim(resource.clone(), mode);
            resource.ancestors().for_each(|above| claim(above, mode.intention()));
        }
        Self(Arc::new(claims))
    }

    /// The claims for locking just these, and nothing above them.
    #[must_use]
    pub fn flat(wanted: impl IntoIterator<Item = (Resource, LockMode)>) -> Self {
        let mut claims = BTreeMap::new();
        for (resource, mode) in wanted {
            claims.entry(resource).and_modify(|known: &mut LockMode| *known = known.join(mode)).or_insert(mode);
        }
        Self(Arc::new(claims))
    }

    /// What is claimed, in the order of paths.
    pub fn iter(&self) -> impl Iterator<Item = (&Resource, LockMode)> {
        self.0.iter().map(|(resource, mode)| (resource, *mode))
    }

    /// Whether nothing is claimed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The mode claimed on `resource` itself.
    #[must_use]
    pub fn mode(&self, resource: &Resource) -> Option<LockMode> {
        self.0.get(resource).copied()
    }

    /// The first resource on which two requests are incompatible.
    #[must_use]
    pub fn conflict(&self, other: &Self) -> Option<Conflict> {
        let conflict = |(resource, mine, others): (&Resource, LockMode, LockMode)| Conflict {
            resource: resource.clone(),
            mine,
            others,
        };
        self.clashes(other).next().map(conflict)
    }

    /// Whether two requests are incompatible.
    #[must_use]
    pub fn conflicts(&self, other: &Self) -> bool {
        self.clashes(other).next().is_some()
    }

    /// The resources on which two requests are incompatible, with both modes.
    pub fn clashes<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = (&'a Resource, LockMode, LockMode)> {
        self.common(other).filter(|(_, mine, others)| !mine.is_compatible(*others))
    }

    /// Whether two requests name a common resource.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.common(other).next().is_some()
    }

    /// The resources that both name, with both modes.
    fn common<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = (&'a Resource, LockMode, LockMode)> {
        let mut others = other.0.iter().peekable();
        self.0.iter().filter_map(move |(resource, mine)| {
            while others.next_if(|(other, _)| *other < resource).is_some() {}
            let (_, other) = others.next_if(|(other, _)| *other == resource)?;
            Some((resource, *mine, *other))
        })
    }
}

/// `a IX, a/b X`.
impl fmt::Display for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (resource, mode)) in self.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{resource} {mode}")?;
        }
        Ok(())
    }
}

/// What orders requests between nodes, and the fencing token of a grant: Lamport time, node, operation. Written
/// `17.n1.c2#3`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LockStamp {
    /// The requester's Lamport clock when the request was sent.
    pub time: LamportClock,
    /// The requester.
    pub node: NodeId,
    /// The operation that asked for it.
    pub op: OpId,
}

impl fmt::Display for LockStamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { time, node, op } = self;
        write!(f, "{time}.{node}.{op}")
    }
}

impl FromStr for LockStamp {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let error = || format!("`{text}` is not of the form `17.n1.c2#3`");
        let (time, rest) = text.split_once('.').ok_or_else(error)?;
        let (node, op) = rest.split_once('.').ok_or_else(error)?;
        let time = LamportClock::new(time.parse().map_err(|_| error())?);
        Ok(Self { time, node: node.parse().map_err(|_| error())?, op: op.parse().map_err(|_| error())? })
    }
}

impl Serialize for LockStamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            (self.time, self.node, self.op).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for LockStamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
            return text.parse().map_err(de::Error::custom);
        }
        let (time, node, op) = Deserialize::deserialize(deserializer)?;
        Ok(Self { time, node, op })
    }
}

/// What an operation does to a fenced key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// It reads.
    Read,
    /// It writes.
    Write,
}

/// Why the lock manager refuses an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LockRefusal {
    /// The request is empty.
    Nothing,
    /// A path is empty, or one of its names is.
    EmptyName,
    /// A path has more than 32 names.
    TooDeep,
    /// A path has more than 1,024 bytes.
    TooLong,
    /// More than 64 paths.
    TooMany,
    /// There is no such mode.
    UnknownMode,
    /// The client holds, or waits for, something else.
    AlreadyHolds,
    /// The client holds, or waits for, this resource itself: there is no upgrade.
    ConversionRefused,
    /// The client holds nothing that this operation asked for.
    NotHeld,
}

/// A client's operation on the lock manager.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum LockCall {
    /// Acquires locks.
    Acquire {
        /// Paths and modes, as the client sent them.
        wanted: BTreeMap<String, String>,
        /// The priority among the clients of its node; greater is first.
        priority: u8,
    },
    /// Ends a grant.
    Release {
        /// The operation that asked for it.
        acquire: OpId,
    },
    /// Withdraws a request; if it has been granted meanwhile, ends the grant.
    Withdraw {
        /// The operation that asked for it.
        acquire: OpId,
    },
}

/// The place of a client's request among those of its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Turn {
    /// The priority; greater is first.
    pub priority: u8,
    /// Since when it waits, by the monotonic clock of its node.
    pub since: LocalTime,
    /// The waiting time that counts as one step of priority.
    pub ageing: Span,
}

/// Observations of locks: facts of the client's node, which identify a request by its operation within one incarnation of
/// that node; and last the operations of clients.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum LockSeen {
    /// A client's request was accepted, and waits at its node.
    Asked {
        /// Which.
        op: OpId,
        /// What it claims, ancestors included.
        claims: Claims,
        /// Its place among the requests of its node; not in older traces.
        #[serde(default)]
        turn: Option<Turn>,
    },
    /// The request is sent to the other nodes: from here on it is open.
    Requested {
        /// Its place among all requests; names the operation.
        stamp: LockStamp,
        /// What it claims.
        claims: Claims,
    },
    /// A peer's request must wait for something of this node.
    Deferred {
        /// The peer's request.
        stamp: LockStamp,
        /// What it waits for: a grant of this node, or an earlier request.
        behind: LockStamp,
    },
    /// The request is granted.
    Granted {
        /// Its stamp: the token of the grant.
        stamp: LockStamp,
        /// What it claims.
        claims: Claims,
    },
    /// The grant ended.
    Released {
        /// The operation that had asked for it.
        op: OpId,
    },
    /// The client withdrew its request before it was granted.
    Withdrawn {
        /// The operation that had asked for it.
        op: OpId,
    },
    /// The client's own node refused the request, or another operation.
    Refused {
        /// The operation that was refused.
        op: OpId,
        /// Why; not in older traces.
        #[serde(default)]
        reason: Option<LockRefusal>,
    },
    /// A client sends an operation.
    Called {
        /// What.
        call: LockCall,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compatibility_is_grays_table() {
        let table: Vec<String> = LockMode::ALL
            .iter()
            .map(|mine| LockMode::ALL.iter().map(|other| if mine.is_compatible(*other) { '+' } else { '-' }).collect())
            .collect();
        assert_eq!(table, ["++++-", "++---", "+-+--", "+----", "-----"]);
    }

    #[test]
    fn a_join_is_the_least_mode_that_excludes_what_either_excludes() {
        let excluded = |mode: LockMode| LockMode::ALL.into_iter().filter(move |other| !mode.is_compatible(*other));
        for (one, other) in LockMode::ALL.into_iter().flat_map(|one| LockMode::ALL.map(|other| (one, other))) {
            let join = one.join(other);
            assert_eq!(join, other.join(one));
            let both: std::collections::BTreeSet<_> = excluded(one).chain(excluded(other)).collect();
            assert_eq!(excluded(join).collect::<std::collections::BTreeSet<_>>(), both, "{one} and {other}");
        }
    }

    #[test]
    fn claims_reach_up_to_the_root_and_join_where_paths_meet() {
        let (above, below) = (Resource::new("a/b"), Resource::new("a/b/c"));
        let claims = Claims::of([(&above, LockMode::S), (&below, LockMode::X)]);
        assert_eq!(claims.to_string(), "a IX, a/b SIX, a/b/c X");
    }

    #[test]
    fn claims_conflict_where_modes_do() {
        let of = |path, mode| Claims::of([(&Resource::new(path), mode)]);
        let reading = of("a", LockMode::S);
        let conflict = reading.conflict(&of("a/b", LockMode::X)).expect("a reader of all against a writer of a part");
        assert_eq!((conflict.resource.path(), conflict.mine, conflict.others), ("a", LockMode::S, LockMode::Ix));
        assert!(of("a/b", LockMode::X).conflict(&of("a/c", LockMode::X)).is_none());
        assert!(of("a/b", LockMode::X).meets(&of("a/c", LockMode::X)));
        assert!(!of("a", LockMode::X).conflicts(&of("b", LockMode::X)));
    }

    #[test]
    fn a_stamp_reads_what_it_writes_and_orders_by_time_first() {
        let stamp: LockStamp = "17.n1.c2#3".parse().expect("a stamp");
        assert_eq!(stamp.to_string(), "17.n1.c2#3");
        assert!(stamp < "17.n2.c1#1".parse().expect("a stamp"));
        assert!("17.n1".parse::<LockStamp>().is_err());
    }
}
