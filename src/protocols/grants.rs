//! Who holds which locks: the part that every protocol with locks shares, as pure data.

use std::collections::BTreeMap;
use std::hash::Hash;

use crate::observation::Claims;

/// Something that claims resources in modes.
pub trait Claiming {
    /// What it claims.
    fn claims(&self) -> &Claims;
}

impl<G: Claiming> Claiming for std::sync::Arc<G> {
    fn claims(&self) -> &Claims {
        (**self).claims()
    }
}

/// The grants of a node, by what names them. Whoever grants sees to it that no two clash.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Grants<K, G>(BTreeMap<K, G>);

impl<K, G> Default for Grants<K, G> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord, G: Claiming> Grants<K, G> {
    /// Adds a grant.
    pub fn insert(&mut self, name: K, grant: G) {
        self.0.insert(name, grant);
    }

    /// Ends a grant; returns it, if it was there.
    pub fn remove(&mut self, name: &K) -> Option<G> {
        self.0.remove(name)
    }

    /// The grant of this name.
    pub fn get(&self, name: &K) -> Option<&G> {
        self.0.get(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &G)> {
        self.0.iter()
    }

    /// Those that are incompatible with these claims, by name.
    pub fn clashing<'g>(&'g self, claims: &'g Claims) -> impl Iterator<Item = (&'g K, &'g G)> {
        self.iter().filter(|(_, grant)| grant.claims().conflicts(claims))
    }
}
