//! Parts of a checker's memory that do not affect its judgement: they do not distinguish states of an exploration.
//!
//! A checker's memory is what it hashes. Two states of an exploration are identified if everything hashed of them is
//! equal; so everything that affects a judgement there must be hashed, and everything that only names or counts must
//! not.

use std::hash::{Hash, Hasher};
use std::ops::{AddAssign, Deref, DerefMut};

/// A wrapper that adds nothing to a hash, and otherwise behaves like its content.
macro_rules! unhashed {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name<T>(pub T);

        impl<T> Hash for $name<T> {
            fn hash<H: Hasher>(&self, _state: &mut H) {}
        }

        impl<T> Deref for $name<T> {
            type Target = T;
            #[inline]
            fn deref(&self) -> &T {
                &self.0
            }
        }

        impl<T> DerefMut for $name<T> {
            #[inline]
            fn deref_mut(&mut self) -> &mut T {
                &mut self.0
            }
        }

        impl<T> From<T> for $name<T> {
            #[inline]
            fn from(content: T) -> Self {
                Self(content)
            }
        }
    };
}

unhashed! {
    /// State that proves a violation, but does not decide it: the ids of events, and their descriptions in a sentence.
    Witness
}

unhashed! {
    /// State that follows from the rest: an index of other fields, or an order by the numbers of events that is part of
    /// the node's own state.
    Derived
}

unhashed! {
    /// State that only a run needs: after quiescence, by time, or at its end. An exploration has none of these.
    RunOnly
}

/// The number of times that an invariant was exercised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exercised(pub u64);

impl Hash for Exercised {
    fn hash<H: Hasher>(&self, _state: &mut H) {}
}

impl AddAssign<u64> for Exercised {
    #[inline]
    fn add_assign(&mut self, more: u64) {
        self.0 += more;
    }
}

/// Adds one if true.
impl AddAssign<bool> for Exercised {
    #[inline]
    fn add_assign(&mut self, once: bool) {
        self.0 += u64::from(once);
    }
}
