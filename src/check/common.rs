//! The common state of several checkers: computed once per record, and shared by all.

use super::consensus::Evidence;
use super::flights::Flights;
use super::replicas::Replicas;
use crate::trace::{Kinds, Record};

/// The common state of several checkers, up to and including the current record.
#[derive(Clone, Debug, Default, Hash)]
pub struct Common {
    disks: Option<Evidence>,
    messages: Option<Flights>,
    replicas: Option<Replicas>,
}

/// Parts of the common state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts(u8);

impl Parts {
    /// None.
    pub const NONE: Self = Self(0);
    /// The durable confirmations of voters.
    pub const DISKS: Self = Self(1);
    /// The messages under way.
    pub const MESSAGES: Self = Self(2);
    /// What replicas hold and cover.
    pub const REPLICAS: Self = Self(4);

    /// These parts and those of the other set.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl Common {
    /// The initial state of these parts.
    #[must_use]
    pub fn of(parts: Parts) -> Self {
        let disks = parts.has(Parts::DISKS).then(Evidence::default);
        let messages = parts.has(Parts::MESSAGES).then(Flights::default);
        let replicas = parts.has(Parts::REPLICAS).then(Replicas::default);
        Self { disks, messages, replicas }
    }

    /// Adds parts; before the first record.
    pub(crate) fn fold(&mut self, parts: Parts) {
        let Self { disks, messages, replicas } = Self::of(parts);
        self.disks = self.disks.take().or(disks);
        self.messages = self.messages.take().or(messages);
        self.replicas = self.replicas.take().or(replicas);
    }

    /// The kinds of records that change it.
    #[must_use]
    pub fn wants(&self) -> Kinds {
        let disks = self.disks.as_ref().map_or(Kinds::NONE, |_| Evidence::WANTS);
        let messages = self.messages.as_ref().map_or(Kinds::NONE, |_| Flights::WANTS);
        disks.with(messages).with(self.replicas.as_ref().map_or(Kinds::NONE, |_| Replicas::WANTS))
    }

    /// Processes a record, which is of these kinds.
    #[inline]
    pub fn see(&mut self, record: &Record<'_>, kinds: Kinds) {
        if let Some(disks) = &mut self.disks {
            disks.see(record, kinds);
        }
        if let Some(messages) = &mut self.messages {
            messages.see(record, kinds);
        }
        if let Some(replicas) = &mut self.replicas {
            replicas.see(record, kinds);
        }
    }

    /// The durable confirmations of voters.
    ///
    /// # Panics
    /// If this part is not computed, because no checker reads it.
    #[inline]
    pub(super) fn disks(&self) -> &Evidence {
        self.disks.as_ref().expect("whoever reads what disks hold has said so")
    }

    /// The messages under way.
    ///
    /// # Panics
    /// If this part is not computed, because no checker reads it.
    #[inline]
    pub(super) fn messages(&self) -> &Flights {
        self.messages.as_ref().expect("whoever reads what is under way has said so")
    }

    /// What replicas hold and cover.
    ///
    /// # Panics
    /// If this part is not computed, because no checker reads it.
    #[inline]
    pub(super) fn replicas(&self) -> &Replicas {
        self.replicas.as_ref().expect("whoever reads what replicas hold has said so")
    }
}
