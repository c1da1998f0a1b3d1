//! Who has acknowledged a proposer lately: one that no quorum answers makes way.
//!
//! A proposer whose messages arrive while no answer reaches it would stay proposer for ever: its heartbeats keep the
//! others from standing for election, and it decides nothing (the partial partitions of Alfatafta, Alkhatib, Alquraan
//! and Al-Kiswany 2020; Ongaro's dissertation 2014, section 6.2, lets a leader step down then). It goes silent after
//! twice the time after which it would stand for election itself, which grows with what answers take.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use crate::identity::NodeId;
use crate::time::{LocalTime, Span};

/// The last acknowledgement of each voter, since the election.
///
/// It only measures time. In an exploration, where clocks stand still, it decides nothing and distinguishes no states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Backing {
    /// When the proposer was elected.
    since: LocalTime,
    heard: BTreeMap<NodeId, LocalTime>,
}

impl Hash for Backing {
    fn hash<H: Hasher>(&self, _state: &mut H) {}
}

impl Backing {
    /// That of a proposer which is elected now.
    pub(super) const fn new(now: LocalTime) -> Self {
        Self { since: now, heard: BTreeMap::new() }
    }

    /// A voter has acknowledged a heartbeat.
    pub(super) fn acknowledged(&mut self, voter: NodeId, now: LocalTime) {
        self.heard.insert(voter, now);
    }

    /// Whether fewer than a quorum, with the proposer itself, have acknowledged anything for so long.
    pub(super) fn is_lost(&self, quorum: u32, now: LocalTime, patience: Span) -> bool {
        let lately = |heard: &LocalTime| now.since(*heard) < patience;
        let backed = 1 + self.heard.values().filter(|heard| lately(heard)).count();
        backed < quorum as usize && now.since(self.since) >= patience
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proposer_is_backed_while_a_quorum_answers_in_time() {
        let at = |millis: u64| LocalTime::default() + Span::from_millis(millis);
        let patience = Span::from_millis(100);
        let mut backing = Backing::new(at(0));
        assert!(!backing.is_lost(2, at(99), patience), "it has just been elected");
        assert!(backing.is_lost(2, at(100), patience) && !backing.is_lost(1, at(100), patience));
        backing.acknowledged(NodeId::new(1), at(100));
        assert!(!backing.is_lost(2, at(199), patience) && backing.is_lost(3, at(199), patience));
        assert!(backing.is_lost(2, at(200), patience));
    }
}
