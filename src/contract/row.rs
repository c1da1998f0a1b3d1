//! The description of a protocol outside its machine, as data.

use super::subject::Flaw;
use crate::check::Invariant;
use crate::fault::Fault;
use crate::network::Discipline;

/// A protocol of a subject: everything about it outside its machine. Lists, pages, claims, plans and explorations take
/// all that they need to know of a protocol from here.
///
/// ```
/// use stemmata::prelude::*;
/// const FLOOD: Row = Row {
///     lanes: &["flood"],
///     claims: &[Invariant::safety("one-text", "one number of one node is one text")],
///     ..Row::new("flood", "Nodes tell one another numbered texts.")
/// };
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its name: under `"protocols"` in a scenario, in lists and on pages.
    pub name: &'static str,
    /// What it is, with its source: a sentence or two.
    pub about: &'static str,
    /// Its lanes, among those of the process.
    pub lanes: &'static [&'static str],
    /// How an exploration models its lanes, unless frames themselves are explored.
    pub carriage: Discipline,
    /// The protocols that must run with it.
    pub needs: &'static [&'static str],
    /// The invariants that it claims. Several protocols may claim the same one.
    pub claims: &'static [Invariant],
    /// The flaws that a scenario can switch on.
    pub flaws: &'static [Flaw],
    /// Its names as an owner of keyspaces.
    pub owns: &'static [&'static str],
    /// Whether the keys that it owns are replicated: writes are versions side by side, whose conflicts a strategy resolves
    /// and no token fences. Else they are decided one by one.
    pub replicates: bool,
    /// Whether its keys change in transactions alone, so that clients of the store have no use for them.
    pub transacts: bool,
    /// Whether it asks voters about the conflicts of replicated keys.
    pub polls: bool,
    /// The roles of its nodes, which faults may target.
    pub roles: &'static [Role],
    /// The labels of its messages that are periodic.
    pub periodic: &'static [&'static str],
    /// How it tolerates a fault.
    pub bears: fn(&Fault) -> Bearing,
    /// The nodes that its liveness claims need after quiescence.
    pub lives_on: LivesOn,
}

/// The nodes that must be healed after quiescence for a protocol's liveness claims to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LivesOn {
    /// Any: it claims no liveness of its own.
    AnyNodes,
    /// A majority of the voters.
    Majority,
    /// All nodes.
    AllNodes,
}

/// A role of a node in a protocol, for instance by election.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its name as a target: `proposer`.
    pub name: &'static str,
    /// The fact that a node notes when it takes the role.
    pub fact: &'static str,
}

/// How a protocol tolerates a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bearing {
    /// All claims hold.
    Borne,
    /// It permanently removes the voters that it strikes: all claims hold as long as these are at most a minority, over
    /// the whole run.
    LosesVoters,
    /// Nothing is claimed under it, for this reason.
    Beyond(&'static str),
}

impl Row {
    /// A row with a name and a description only: it claims nothing, needs no other protocol, tolerates every fault, and
    /// lives on all nodes.
    #[must_use]
    pub const fn new(name: &'static str, about: &'static str) -> Self {
        Self {
            name,
            about,
            lanes: &[],
            carriage: Discipline::Datagram,
            needs: &[],
            claims: &[],
            flaws: &[],
            owns: &[],
            replicates: false,
            transacts: false,
            polls: false,
            roles: &[],
            periodic: &[],
            bears: |_| Bearing::Borne,
            lives_on: LivesOn::AllNodes,
        }
    }
}
