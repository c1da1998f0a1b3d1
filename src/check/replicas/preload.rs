//! What replicas hold before their first start: versions that follow from a rule, and are not listed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::replica::print;
use crate::check::Derived;
use crate::clocks::{Dot, Dots};
use crate::identity::{Boot, Era, Incarnation, NodeId};
use crate::observation::ValueId;

/// A version of each key that is a prefix and a number from 1 on, whose dots are n1's first in boot 0, in the same order. A
/// replica has the first of them: as many as it has told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Preload {
    prefix: Arc<str>,
    /// How many there are: the most that a replica has told of.
    count: u64,
    value: ValueId,
    /// The prints of the first versions, by how many they are.
    prints: Derived<BTreeMap<u64, u64>>,
}

impl Preload {
    pub(super) fn new(prefix: &Arc<str>, value: ValueId) -> Self {
        Self { prefix: Arc::clone(prefix), count: 0, value, prints: Derived::default() }
    }

    /// A replica has the first of them.
    pub(super) fn has(&mut self, count: u64) {
        self.count = self.count.max(count);
        if !self.prints.contains_key(&count) {
            let print = (1..=count).fold(0, |sum, number| sum ^ print(&self.key(number), dot(number)));
            self.prints.insert(count, print);
        }
    }

    /// The digest of the value of each.
    pub(super) const fn value(&self) -> ValueId {
        self.value
    }

    /// The print of the first versions, which a replica has.
    pub(super) fn print(&self, count: u64) -> u64 {
        self.prints[&count]
    }

    /// The version of a key, if it has one.
    pub(super) fn of(&self, key: &str) -> Option<Dot> {
        let digits = key.strip_prefix(&*self.prefix)?;
        let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
        let number: u64 = Some(digits).filter(|_| is_plain)?.parse().ok()?;
        (number <= self.count).then(|| dot(number))
    }

    /// The key of a version.
    pub(super) fn key(&self, number: u64) -> String {
        format!("{}{number}", self.prefix)
    }

    /// All of them, with their keys.
    pub(super) fn iter(&self) -> impl Iterator<Item = (String, Dot)> {
        (1..=self.count).map(|number| (self.key(number), dot(number)))
    }
}

/// The first versions.
pub(super) fn first(count: u64) -> Dots {
    Dots::first(dot(1).source, count)
}

const fn dot(number: u64) -> Dot {
    Dot::new(Incarnation::new(NodeId::new(0), Boot::new(0)), Era(0), number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_the_dot_of_its_number() {
        let mut preload = Preload::new(&"g/k".into(), ValueId(1));
        preload.has(12);
        preload.has(3);
        assert!(preload.iter().all(|(key, dot)| preload.of(&key) == Some(dot)));
        assert_eq!(preload.iter().map(|(_, dot)| dot).collect::<Dots>(), first(12));
        assert!(first(0).is_empty());
        for other in ["g/k13", "g/k0", "g/k01", "g/k", "g/k+1", "k1", "h/k1", "g/k99999999999999999999"] {
            assert_eq!(preload.of(other), None, "{other}");
        }
    }
}
