//! Siblings: the live versions of one key that stand beside one another.

use crate::clocks::Dot;
use crate::codex::Value;

/// The order of versions and of resolutions: by stamp, then by dot. It is total, and a write that knew another ranks
/// above it.
pub type Rank = (u64, Dot);

/// A live version of a key. One dot names one version: siblings with equal dots are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sibling<'a> {
    /// The name of the write.
    pub dot: Dot,
    /// When it was written, in nanoseconds, above every stamp that its writer held.
    pub stamp: u64,
    /// What was written.
    pub value: &'a Value,
}

impl Sibling<'_> {
    /// Its place in the order of versions.
    #[must_use]
    pub const fn rank(&self) -> Rank {
        (self.stamp, self.dot)
    }
}

/// The sibling of the greatest rank: the one that was written last. None of none.
#[must_use]
pub fn latest<'s, 'a>(siblings: &'s [Sibling<'a>]) -> Option<&'s Sibling<'a>> {
    siblings.iter().max_by_key(|sibling| sibling.rank())
}

/// The sibling of the least rank: the one that was written first. None of none.
#[must_use]
pub fn earliest<'s, 'a>(siblings: &'s [Sibling<'a>]) -> Option<&'s Sibling<'a>> {
    siblings.iter().min_by_key(|sibling| sibling.rank())
}
