//! What is said of a protocol outside its machine: all of it data.

use super::Flaw;
use crate::check::Invariant;
use crate::fault::Fault;
use crate::network::Discipline;

/// A protocol of a subject: everything that is said of it outside its machine. What lists, pages, claims, plans and
/// explorations need to know of a protocol stands here, and nowhere else.
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
    /// The word for it: under `"protocols"` in a scenario, in lists and on pages.
    pub name: &'static str,
    /// What it is, and its source: a sentence or two.
    pub about: &'static str,
    /// The lanes of its messages, of those that the process has.
    pub lanes: &'static [&'static str],
    /// What an exploration takes its lanes for, unless frames themselves are explored.
    pub carriage: Discipline,
    /// The protocols that run wherever it runs.
    pub needs: &'static [&'static str],
    /// The invariants that it claims. Several protocols may claim one.
    pub claims: &'static [Invariant],
    /// The flaws that a scenario can switch on.
    pub flaws: &'static [Flaw],
    /// The words for keyspaces that it owns.
    pub owns: &'static [&'static str],
    /// What its nodes can be that faults may name.
    pub roles: &'static [Role],
    /// What it bears of a fault.
    pub bears: fn(&Fault) -> Bearing,
}

/// What a node can be in a protocol, by election for instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Role {
    /// The word for it as a target: `proposer`.
    pub name: &'static str,
    /// The fact that a node notes when it becomes it.
    pub fact: &'static str,
}

/// What a protocol bears of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bearing {
    /// All of it.
    Borne,
    /// It costs the voters that it strikes, for good: it is borne as long as they are no more than a minority, over the
    /// whole run.
    SpendsVoters,
    /// Nothing is promised under it, for this reason.
    Beyond(&'static str),
}

impl Row {
    /// A protocol of which nothing is known but this: it claims nothing, needs nothing and bears every fault.
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
            roles: &[],
            bears: |_| Bearing::Borne,
        }
    }
}
