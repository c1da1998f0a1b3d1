//! The resources that faults occupy, and until when, so that drawn faults contradict no others.

use std::collections::BTreeMap;

use crate::fault::{Fault, Harm, PlannedFault, Target, Trigger};
use crate::identity::NodeId;
use crate::scenario::cluster::NodeSet;
use crate::time::{Span, Time};

/// A resource that only one fault at a time can occupy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Resource {
    /// A node's state: running, paused or dead.
    Life(NodeId),
    /// One property of a node's clocks.
    Clock(NodeId, &'static str),
    /// The speed of a node's disk.
    Disk(NodeId),
}

/// A time interval without its end.
type Interval = (Time, Time);

/// The occupied resources.
pub(super) struct Occupancy {
    quiescence: Time,
    held: BTreeMap<Resource, Vec<Interval>>,
    slow: Vec<(NodeSet, NodeSet, Interval)>,
    cuts: Vec<Interval>,
    pauses: BTreeMap<NodeId, Vec<Interval>>,
}

impl Occupancy {
    pub(super) fn new(quiescence: Span) -> Self {
        Self {
            quiescence: Time::ZERO + quiescence,
            held: BTreeMap::new(),
            slow: Vec::new(),
            cuts: Vec::new(),
            pauses: BTreeMap::new(),
        }
    }

    /// Whether no known fault stops a node at a time.
    pub(super) fn is_free(&self, node: NodeId, at: Span) -> bool {
        let at = Time::ZERO + at;
        let held = self.held.get(&Resource::Life(node));
        held.into_iter().flatten().all(|(from, until)| at < *from || *until <= at)
    }

    /// Occupies the resources of a fault, if they are free; a fault that waits for a fact needs none.
    pub(super) fn occupy_if_free(&mut self, fault: &PlannedFault) -> bool {
        let free = self.would_be_free(fault);
        if free {
            self.occupy(fault);
        }
        free
    }

    /// Occupies the resources of a fault.
    pub(super) fn occupy(&mut self, fault: &PlannedFault) {
        let Some(hold) = self.hold(fault) else {
            return;
        };
        for resource in resources(&fault.fault) {
            self.held.entry(resource).or_default().push(hold);
        }
        match &fault.fault {
            Fault::Delay(slow) => self.slow.push((side(slow.from.as_ref()), side(slow.to.as_ref()), hold)),
            Fault::Partition(_) | Fault::Clog(_) => self.cuts.push(hold),
            Fault::Heal(_) => self.cuts.iter_mut().for_each(|cut| cut.1 = cut.1.min(hold.0)),
            Fault::Pause(of) => {
                for node in nodes(&of.target) {
                    self.pauses.entry(*node).or_default().push(hold);
                }
            }
            Fault::Resume(of) => {
                for node in nodes(&of.target) {
                    let pauses = self.pauses.get_mut(node).into_iter().flatten();
                    pauses.for_each(|pause| pause.1 = pause.1.min(hold.0));
                }
            }
            Fault::Kill(_) | Fault::Restart(_) | Fault::Clock(_) | Fault::Disk(_) => {}
            Fault::Loss(_) | Fault::Duplicate(_) | Fault::Reorder(_) | Fault::Corrupt(_) => {}
        }
    }

    fn would_be_free(&self, fault: &PlannedFault) -> bool {
        let Some(hold) = self.hold(fault) else {
            return true;
        };
        let within = |holds: &[Interval]| holds.iter().any(|(from, until)| *from <= hold.0 && hold.0 < *until);
        let free = resources(&fault.fault).iter().all(|resource| {
            let held = self.held.get(resource);
            !held.into_iter().flatten().any(|other| overlap(*other, hold))
        });
        free && match &fault.fault {
            Fault::Delay(slow) => {
                let (from, to) = (side(slow.from.as_ref()), side(slow.to.as_ref()));
                !self.slow.iter().any(|(a, b, other)| overlap(*other, hold) && a.intersects(&from) && b.intersects(&to))
            }
            Fault::Heal(_) => within(&self.cuts),
            Fault::Resume(of) => nodes(&of.target).iter().all(|node| self.pauses.get(node).is_some_and(|p| within(p))),
            Fault::Kill(_) | Fault::Restart(_) | Fault::Pause(_) | Fault::Partition(_) | Fault::Clog(_) => true,
            Fault::Loss(_) | Fault::Duplicate(_) | Fault::Reorder(_) | Fault::Corrupt(_) => true,
            Fault::Clock(_) | Fault::Disk(_) => true,
        }
    }

    fn hold(&self, fault: &PlannedFault) -> Option<Interval> {
        let at = match &fault.when {
            Trigger::At(at) => *at,
            Trigger::Fact { .. } => return None,
        };
        let until = match fault.lasts {
            Some(lasts) => (at + lasts).min(self.quiescence),
            None if instant(&fault.fault) => at,
            None => self.quiescence,
        };
        Some((at, until.max(at + Span::from_nanos(1))))
    }
}

const fn instant(fault: &Fault) -> bool {
    matches!(fault, Fault::Restart(_) | Fault::Resume(_) | Fault::Heal(_))
}

fn overlap(a: Interval, b: Interval) -> bool {
    a.0 < b.1 && b.0 < a.1
}

fn side(target: Option<&Target>) -> NodeSet {
    target.map_or(NodeSet::ALL, |target| NodeSet::of(nodes(target).to_vec()))
}

fn nodes(target: &Target) -> &[NodeId] {
    match target {
        Target::Nodes(nodes) => nodes,
        Target::Proposer => &[], // not known yet
        Target::One | Target::Minority | Target::Majority | Target::All => {
            unreachable!("a plan names every target's nodes")
        }
    }
}

fn resources(fault: &Fault) -> Vec<Resource> {
    let of = |target: &Target, resource: &dyn Fn(NodeId) -> Resource| {
        nodes(target).iter().map(|node| resource(*node)).collect()
    };
    match fault {
        Fault::Kill(crash) => of(&crash.target, &Resource::Life),
        Fault::Restart(restart) => of(&restart.target, &Resource::Life),
        Fault::Pause(pause) => of(&pause.target, &Resource::Life),
        Fault::Clock(clock) => {
            let fields = [
                ("offset", clock.offset.is_some()),
                ("drift", clock.drift.is_some()),
                ("monotonic_drift", clock.monotonic_drift.is_some()),
                ("freeze", clock.freeze),
                ("monotonic_freeze", clock.monotonic_freeze),
            ];
            let given = fields.into_iter().filter(|(_, given)| *given);
            given
                .flat_map(|(field, _)| nodes(&clock.target).iter().map(move |node| Resource::Clock(*node, field)))
                .collect()
        }
        Fault::Disk(disk) => match disk.harm {
            Harm::Slow(_) => of(&disk.target, &Resource::Disk),
            Harm::IoError => of(&disk.target, &Resource::Life), // the node fails with its disk
            Harm::Torn | Harm::Damage => Vec::new(),
        },
        Fault::Resume(_) | Fault::Heal(_) | Fault::Partition(_) | Fault::Clog(_) | Fault::Delay(_) => Vec::new(),
        Fault::Loss(_) | Fault::Duplicate(_) | Fault::Reorder(_) | Fault::Corrupt(_) => Vec::new(),
    }
}
