//! What every replica holds before its first start: versions that follow from a rule, and are not listed.

use std::sync::Arc;

use crate::check::Derived;
use crate::clocks::{Dot, Dots};
use crate::identity::{Boot, Era, Incarnation, NodeId};

/// A version of each key `k1`, `k2`, … behind a prefix, whose dots are n1's first in boot 0, in the same order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Preload {
    prefix: Arc<str>,
    count: u64,
    dots: Derived<Dots>,
}

impl Preload {
    pub(super) fn new(prefix: &Arc<str>, count: u64) -> Self {
        Self { prefix: Arc::clone(prefix), count, dots: Derived(Dots::first(dot(1).source, count)) }
    }

    /// How many there are.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// All of them.
    pub(super) fn dots(&self) -> &Dots {
        &self.dots
    }

    /// The version of a key, if it has one.
    pub(super) fn of(&self, key: &str) -> Option<Dot> {
        let digits = key.strip_prefix(&*self.prefix)?.strip_prefix('k')?;
        let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
        let number: u64 = Some(digits).filter(|_| is_plain)?.parse().ok()?;
        (number <= self.count).then(|| dot(number))
    }

    /// All of them, with their keys.
    pub(super) fn iter(&self) -> impl Iterator<Item = (String, Dot)> {
        (1..=self.count).map(|number| (format!("{}k{number}", self.prefix), dot(number)))
    }
}

const fn dot(number: u64) -> Dot {
    Dot::new(Incarnation::new(NodeId::new(0), Boot::new(0)), Era(0), number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_the_dot_of_its_number() {
        let preload = Preload::new(&"g/".into(), 12);
        assert!(preload.iter().all(|(key, dot)| preload.of(&key) == Some(dot)));
        assert_eq!(preload.iter().map(|(_, dot)| dot).collect::<Dots>(), *preload.dots());
        assert!(Preload::new(&"g/".into(), 0).dots().is_empty());
        for other in ["g/k13", "g/k0", "g/k01", "g/k", "g/k+1", "k1", "h/k1", "g/k99999999999999999999"] {
            assert_eq!(preload.of(other), None, "{other}");
        }
    }
}
