//! `ttl-bound`: pushed copies make few hops, and each node pushes a version to few peers.

use std::collections::{BTreeMap, BTreeSet};

use super::told;
use crate::check::{Checker, End, Exercised, Exploring, Invariant, Shown, Witness, broken};
use crate::clocks::Dot;
use crate::identity::{EventId, Incarnation, NodeId};
use crate::observation::{CopyId, ReplicaSeen};
use crate::trace::{Kinds, Record, Verdict, Violation};

/// Checks that a pushed copy may make at least one hop less than the copy that it relays, which was pushed to its node,
/// or at most the configured number if it relays none; and that an incarnation pushes a version once: to distinct peers,
/// at most the configured number of them, as relays of one copy. Exercised by copies that relay one.
#[derive(Clone, Debug, Default, Hash)]
pub struct TtlBound {
    copies: BTreeMap<CopyId, Copy>,
    /// By who pushes.
    pushes: BTreeMap<Incarnation, Pushes>,
    exercised: Exercised,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant = Invariant::safety(
    "ttl-bound",
    "a relayed copy may make fewer hops than the one it relays, and a node pushes a version to few peers",
);

#[derive(Clone, Copy, Debug, Hash)]
struct Copy {
    to: NodeId,
    dot: Dot,
    ttl: u32,
    event: Witness<EventId>,
}

/// What an incarnation pushed.
#[derive(Clone, Debug, Default, Hash)]
struct Pushes {
    /// The number of its last copy.
    last: u64,
    versions: BTreeMap<Dot, Pushed>,
}

/// How an incarnation pushed a version.
#[derive(Clone, Debug, Hash)]
struct Pushed {
    of: Option<CopyId>,
    peers: BTreeSet<NodeId>,
    event: Witness<EventId>,
}

/// A push, as its fact tells of it.
#[derive(Clone, Copy, Debug)]
struct Push {
    dot: Dot,
    to: NodeId,
    copy: CopyId,
    of: Option<CopyId>,
    ttl: u32,
    start: u32,
    fanout: u32,
}

impl TtlBound {
    fn pushed(&mut self, record: &Record<'_>, node: NodeId, push: Push) -> Result<(), Violation> {
        let Push { dot, to, copy, ttl, .. } = push;
        self.hops(record, node, push)?;
        self.once(record, node, push)?;
        self.copies.insert(copy, Copy { to, dot, ttl, event: Witness(record.id) });
        self.exercised += push.of.is_some();
        Ok(())
    }

    /// How far it goes: less far than what it relays.
    fn hops(&self, record: &Record<'_>, node: NodeId, push: Push) -> Result<(), Violation> {
        let Push { dot, copy, of, ttl, start, .. } = push;
        let Some(of) = of else {
            if ttl <= start {
                return Ok(());
            }
            let sentence = format!("{node} pushed {dot} as {copy} for {ttl} more hops, and {start} are configured");
            return Err(broken(record, sentence, &[record.id]));
        };
        let relayed = self.copies.get(&of).filter(|relayed| relayed.to == node && relayed.dot == dot);
        let Some(relayed) = relayed else {
            let sentence = format!("{node} pushed {dot} as {copy} to relay {of}, and no such copy was pushed to it");
            let other = self.copies.get(&of).map(|copy| *copy.event);
            return Err(broken(record, sentence, &other.into_iter().chain([record.id]).collect::<Vec<_>>()));
        };
        if ttl < relayed.ttl {
            return Ok(());
        }
        let hops = relayed.ttl;
        let sentence =
            format!("{node} pushed {dot} as {copy} for {ttl} more hops, and {of}, which it relays, had {hops}");
        Err(broken(record, sentence, &[*relayed.event, record.id]))
    }

    /// How often: once, to few peers.
    fn once(&mut self, record: &Record<'_>, node: NodeId, push: Push) -> Result<(), Violation> {
        let Push { dot, to, copy, of, fanout, .. } = push;
        let pushes = self.pushes.entry(copy.of).or_default();
        if copy.of.node != node || copy.number <= pushes.last {
            let last = CopyId { number: pushes.last, ..copy };
            let sentence = format!("{node} pushed {dot} as {copy}, and its last copy was {last}");
            return Err(broken(record, sentence, &[record.id]));
        }
        pushes.last = copy.number;
        let new = || Pushed { of, peers: BTreeSet::new(), event: Witness(record.id) };
        let pushed = pushes.versions.entry(dot).or_insert_with(new);
        let first = *pushed.event;
        let what = if pushed.of != of {
            "as a relay of two copies".to_owned()
        } else if !pushed.peers.insert(to) {
            format!("to {to} twice")
        } else if pushed.peers.len() as u64 > u64::from(fanout) {
            format!("to {} peers, at most {fanout}", pushed.peers.len())
        } else {
            return Ok(());
        };
        let sentence = format!("{} pushed {dot} {what}", copy.of);
        let witnesses = if first == record.id { vec![first] } else { vec![first, record.id] };
        Err(broken(record, sentence, &witnesses))
    }
}

impl<F> Checker<F> for TtlBound {
    const WANTS: Kinds = Kinds::REPLICA_PUSHED;
    const EXPLORED: Exploring = Exploring::Always;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        for (node, seen) in told(shown.record) {
            match *seen {
                ReplicaSeen::Pushed { dot, to, copy, of, ttl, start, fanout } => {
                    self.pushed(shown.record, node, Push { dot, to, copy, of, ttl, start, fanout })?;
                }
                ReplicaSeen::Started { .. }
                | ReplicaSeen::Preloaded { .. }
                | ReplicaSeen::Keyspace { .. }
                | ReplicaSeen::Written { .. }
                | ReplicaSeen::Refused { .. }
                | ReplicaSeen::Shown { .. }
                | ReplicaSeen::Suspected { .. }
                | ReplicaSeen::Trusted { .. }
                | ReplicaSeen::SyncBegun { .. }
                | ReplicaSeen::SyncEnded { .. }
                | ReplicaSeen::Ruled { .. }
                | ReplicaSeen::Opened { .. }
                | ReplicaSeen::Closed { .. }
                | ReplicaSeen::Settled { .. }
                | ReplicaSeen::WroteVersion { .. }
                | ReplicaSeen::WroteResolution { .. }
                | ReplicaSeen::WroteDropped { .. }
                | ReplicaSeen::WroteCollected { .. }
                | ReplicaSeen::WroteJoined { .. } => {}
            }
        }
        Ok(())
    }

    fn conclude(&mut self, _end: &End<'_>) -> Verdict {
        Verdict::of(self.exercised.0, "no copy was relayed")
    }
}

#[cfg(test)]
mod tests {
    use super::super::stories::*;
    use super::*;
    use crate::check::history::*;

    /// n1 pushes its version to n2, for two more hops.
    fn one() -> History {
        let mut history = History::default();
        history.on("n1", pushed("n1.1", "n2", "n1~1", None, 2));
        history
    }

    #[test]
    fn each_relay_makes_fewer_hops_to_other_peers() {
        let mut history = one();
        history.on("n1", pushed("n1.1", "n3", "n1~2", None, 2)).on("n1", pushed("n1.2", "n3", "n1~3", None, 3));
        history.on("n2", pushed("n1.1", "n3", "n2~1", Some("n1~1"), 1));
        history.on("n3", pushed("n1.1", "n1", "n3~4", Some("n2~1"), 0));
        assert_holds(&history, TtlBound::default(), 2);
        assert_vacuous(&one(), TtlBound::default(), "no copy was relayed");
    }

    #[test]
    fn a_relay_that_goes_as_far_is_named() {
        let mut history = one();
        history.on("n2", pushed("n1.1", "n3", "n2~1", Some("n1~1"), 2));
        let sentence = "n2 pushed n1.1 as n2~1 for 2 more hops, and n1~1, which it relays, had 2";
        assert_broken(&history, TtlBound::default(), sentence, "n1#1 n2#1");
        let mut far = History::default();
        far.on("n1", pushed("n1.1", "n2", "n1~1", None, 4));
        let sentence = "n1 pushed n1.1 as n1~1 for 4 more hops, and 3 are configured";
        assert_broken(&far, TtlBound::default(), sentence, "n1#1");
    }

    #[test]
    fn only_what_was_pushed_to_it_can_be_relayed() {
        for (by, dot, of, witnesses) in
            [("n3", "n1.1", "n1~1", "n1#1 n3#1"), ("n2", "n1.2", "n1~1", "n1#1 n2#1"), ("n2", "n1.1", "n1~9", "n2#1")]
        {
            let mut history = one();
            let copy = format!("{by}~1");
            history.on(by, pushed(dot, "n4", &copy, Some(of), 1));
            let sentence = format!("{by} pushed {dot} as {copy} to relay {of}, and no such copy was pushed to it");
            assert_broken(&history, TtlBound::default(), &sentence, witnesses);
        }
    }

    #[test]
    fn an_incarnation_pushes_a_version_once_to_few_peers() {
        let again = |to: &str, of: Option<&str>| {
            let mut history = one();
            history.on("n3", pushed("n1.1", "n1", "n3~1", None, 3)).on("n1", pushed("n1.1", "n3", "n1~2", None, 2));
            history.on("n1", pushed("n1.1", to, "n1~3", of, 2));
            history
        };
        for (history, what) in [
            (again("n2", None), "to n2 twice"),
            (again("n4", None), "to 3 peers, at most 2"),
            (again("n4", Some("n3~1")), "as a relay of two copies"),
        ] {
            let sentence = format!("n1 pushed n1.1 {what}");
            assert_broken(&history, TtlBound::default(), &sentence, "n1#1 n1#3");
        }
        let mut restarted = one();
        restarted.on("n1", pushed("n1.1", "n2", "n1/2~1", None, 2));
        assert_vacuous(&restarted, TtlBound::default(), "no copy was relayed");
    }

    #[test]
    fn copies_are_numbered_upwards_by_who_pushes_them() {
        let mut history = one();
        history.on("n1", pushed("n1.2", "n2", "n1~1", None, 2));
        let sentence = "n1 pushed n1.2 as n1~1, and its last copy was n1~1";
        assert_broken(&history, TtlBound::default(), sentence, "n1#2");
    }
}
