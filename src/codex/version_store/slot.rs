//! What a replica holds of one key.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::clocks::{Dot, Dots};
use crate::codex::conflict::{Resolution, winner};
use crate::codex::{Item, Key, Version};

/// What is held of a key.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) key: Key,
    /// By their dots.
    pub(super) versions: SmallVec<[Arc<Version>; 1]>,
    /// Their dots in the order in which they were applied, if there are several.
    order: Vec<Dot>,
    /// The choice between them that stands.
    pub(super) resolution: Option<Arc<Resolution>>,
}

impl Slot {
    pub(super) fn new(key: Key) -> Self {
        Self { key, versions: SmallVec::new(), order: Vec::new(), resolution: None }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.versions.is_empty() && self.resolution.is_none()
    }

    pub(super) fn version(&self, dot: Dot) -> Option<&Arc<Version>> {
        self.versions.iter().find(|version| version.dot == dot)
    }

    /// All that is held: versions, then the resolution.
    pub(super) fn items(&self) -> impl Iterator<Item = Item> + '_ {
        let versions = self.versions.iter().cloned().map(Item::Version);
        versions.chain(self.resolution.iter().cloned().map(Item::Resolution))
    }

    /// The names of all that is held.
    pub(super) fn dots(&self) -> impl Iterator<Item = Dot> + '_ {
        let resolution = self.resolution.iter().map(|resolution| resolution.dot);
        self.versions.iter().map(|version| version.dot).chain(resolution)
    }

    /// The same in the order in which a journal tells of it: versions as they were applied, then the resolution, which would
    /// be void before what it chooses.
    pub(super) fn history(&self) -> impl Iterator<Item = Item> + '_ {
        let ordered = self.order.iter().filter_map(|dot| self.version(*dot));
        let single = self.versions.iter().take(if self.order.is_empty() { 1 } else { 0 });
        let versions = ordered.chain(single).cloned().map(Item::Version);
        versions.chain(self.resolution.iter().cloned().map(Item::Resolution))
    }

    /// The version of these that was applied first, of those that are held.
    pub(super) fn first_of(&self, among: &[Dot]) -> Option<Dot> {
        let applied = || self.order.iter().chain(self.versions.iter().map(|version| &version.dot));
        applied().copied().find(|dot| among.contains(dot))
    }

    /// Holds a version beside those that stay; returns the names of those that do not.
    pub(super) fn hold(&mut self, version: &Arc<Version>, stays: bool) -> Vec<Dot> {
        let gone = self.remove(|held| version.context.contains(held));
        let place = self.versions.partition_point(|held| held.dot < version.dot);
        if stays && self.versions.get(place).is_none_or(|held| held.dot != version.dot) {
            if self.order.is_empty() {
                self.order.extend(self.versions.iter().map(|held| held.dot));
            }
            self.versions.insert(place, Arc::clone(version));
            self.order.push(version.dot);
            self.forget_order();
        }
        gone
    }

    /// Drops versions; returns their names.
    pub(super) fn remove(&mut self, goes: impl Fn(Dot) -> bool) -> Vec<Dot> {
        let gone: Vec<Dot> = self.versions.iter().map(|held| held.dot).filter(|dot| goes(*dot)).collect();
        if !gone.is_empty() {
            self.versions.retain(|held| !gone.contains(&held.dot));
            self.order.retain(|dot| !gone.contains(dot));
            self.forget_order();
        }
        gone
    }

    /// Of one version there is no order.
    fn forget_order(&mut self) {
        if self.versions.len() < 2 {
            self.order = Vec::new();
        }
    }

    /// Holds a resolution if it wins over the one that is held; returns the one that loses. With `first` whatever is held stays.
    pub(super) fn resolve(&mut self, resolution: &Arc<Resolution>, first: bool) -> Option<Arc<Resolution>> {
        let Some(held) = &self.resolution else {
            self.resolution = Some(Arc::clone(resolution));
            return None;
        };
        if first || winner([&**held, &**resolution]) == Some(&**held) {
            return Some(Arc::clone(resolution));
        }
        self.resolution.replace(Arc::clone(resolution))
    }

    /// Takes the resolution away if what it chose was here, and is no more.
    pub(super) fn drop_void(&mut self, covered: &Dots) -> Option<Arc<Resolution>> {
        let versions = &self.versions;
        let is_held = |dot: Dot| versions.iter().any(|held| held.dot == dot);
        self.resolution.take_if(|resolution| resolution.is_void(covered, is_held))
    }

    /// What tells one key from another that holds the same versions.
    pub(super) fn order(&self) -> &[Dot] {
        &self.order
    }
}
