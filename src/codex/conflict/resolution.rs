//! Resolutions: the choices of arbiters between the versions of a key.

use serde::{Deserialize, Serialize};

use super::Rank;
use crate::clocks::{Dot, Dots};
use crate::codex::Key;
use crate::identity::NodeId;
use crate::observation::ChoiceBasis;
use crate::signature::{Registry, Signature};

/// A choice between the versions of a key. It is no version, and it removes none.
///
/// Its stamp exceeds all that its arbiter held, those of the resolutions that it replaces too. So rank extends causality.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resolution {
    /// Of which key.
    pub key: Key,
    /// Its own name, in its arbiter's count of writes.
    pub dot: Dot,
    /// When it was minted, in nanoseconds.
    pub stamp: u64,
    /// The version that it chooses.
    pub chosen: Dot,
    /// Why it was chosen.
    pub basis: ChoiceBasis,
    /// The versions that it settles: all of the key that its arbiter held, hidden ones too.
    pub settled: Dots,
    /// The older resolutions of the key that its arbiter knew.
    pub replaces: Dots,
    /// Its arbiter's, under all of the above.
    pub signature: Signature,
}

/// What the signature of a resolution is under.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Signed<'r>(&'r Key, Dot, u64, Dot, ChoiceBasis, &'r Dots, &'r Dots);

impl Resolution {
    /// Who minted and signed it.
    #[must_use]
    pub const fn arbiter(&self) -> NodeId {
        self.dot.source.incarnation.node
    }

    /// What its signature is under: all but the signature.
    #[must_use]
    pub const fn signed(&self) -> Signed<'_> {
        let Self { key, dot, stamp, chosen, basis, settled, replaces, signature: _ } = self;
        Signed(key, *dot, *stamp, *chosen, *basis, settled, replaces)
    }

    /// Its place in the order of resolutions.
    #[must_use]
    pub const fn rank(&self) -> Rank {
        (self.stamp, self.dot)
    }

    /// Whether its arbiter, one of `nodes` nodes, signed exactly this.
    #[must_use]
    pub fn is_genuine(&self, nodes: u32, registry: &Registry) -> bool {
        let arbiter = self.arbiter();
        (arbiter.index() as u64) < u64::from(nodes) && registry.sign(arbiter, &self.signed()) == self.signature
    }

    /// Whether it says nothing any more: what it chose was here, by the dots that the replica `covered`, and it is no longer
    /// held. What is still under way voids nothing.
    #[must_use]
    pub fn is_void(&self, covered: &Dots, is_held: impl Fn(Dot) -> bool) -> bool {
        covered.contains(self.chosen) && !is_held(self.chosen)
    }

    /// Whether it lets a version be shown: the one that it chooses, and those that it does not settle.
    #[must_use]
    pub fn shows(&self, version: Dot) -> bool {
        version == self.chosen || !self.settled.contains(version)
    }
}

/// The resolution that stays of a set of those of one key: of the ones that no other of them replaces that of the greatest
/// rank. None of none.
///
/// As rank extends causality this is the greatest rank of all, and may be found in any grouping. Were a stamp not above
/// those of what it replaces, the grouping would matter. "The one that settles more" is no order: it goes in a circle.
#[must_use]
pub fn winner<'r>(resolutions: impl IntoIterator<Item = &'r Resolution>) -> Option<&'r Resolution> {
    let all: Vec<&Resolution> = resolutions.into_iter().collect();
    let is_replaced = |one: &Resolution| all.iter().any(|other| other.replaces.contains(one.dot));
    all.iter().copied().filter(|one| !is_replaced(one)).max_by_key(|one| one.rank())
}
