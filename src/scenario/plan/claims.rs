//! What faults have taken hold of, and until when, so that drawn ones contradict nothing.

use std::collections::BTreeMap;

use crate::fault::{Fault, Harm, PlannedFault, Target, Trigger};
use crate::identity::NodeId;
use crate::scenario::side::Side;
use crate::time::{Span, Time};

/// What only one fault at a time can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Thing {
    /// A node's life: running, paused or dead.
    Life(NodeId),
    /// One property of a node's clocks.
    Clock(NodeId, &'static str),
    /// The speed of a node's disk.
    Disk(NodeId),
}

/// From when to when, the end not included.
type Hold = (Time, Time);

/// All that is held.
pub(super) struct Claims {
    calm: Time,
    held: BTreeMap<Thing, Vec<Hold>>,
    slow: Vec<(Side, Side, Hold)>,
    cuts: Vec<Hold>,
    pauses: BTreeMap<NodeId, Vec<Hold>>,
}

impl Claims {
    pub(super) fn new(calm: Span) -> Self {
        Self {
            calm: Time::ZERO + calm,
            held: BTreeMap::new(),
            slow: Vec::new(),
            cuts: Vec::new(),
            pauses: BTreeMap::new(),
        }
    }

    /// Whether a node lives and runs at a time, for all that is known.
    pub(super) fn is_free(&self, node: NodeId, at: Span) -> bool {
        let at = Time::ZERO + at;
        let held = self.held.get(&Thing::Life(node));
        held.into_iter().flatten().all(|(from, until)| at < *from || *until <= at)
    }

    /// Takes what a fault needs, if nothing else has it; a fault that waits for a fact needs nothing.
    pub(super) fn take_if_free(&mut self, fault: &PlannedFault) -> bool {
        let free = self.would_be_free(fault);
        if free {
            self.take(fault);
        }
        free
    }

    /// Takes what a fault needs.
    pub(super) fn take(&mut self, fault: &PlannedFault) {
        let Some(hold) = self.hold(fault) else {
            return;
        };
        for thing in things(&fault.fault) {
            self.held.entry(thing).or_default().push(hold);
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
        let within = |holds: &[Hold]| holds.iter().any(|(from, until)| *from <= hold.0 && hold.0 < *until);
        let free = things(&fault.fault).iter().all(|thing| {
            let held = self.held.get(thing);
            !held.into_iter().flatten().any(|other| overlap(*other, hold))
        });
        free && match &fault.fault {
            Fault::Delay(slow) => {
                let (from, to) = (side(slow.from.as_ref()), side(slow.to.as_ref()));
                !self.slow.iter().any(|(a, b, other)| overlap(*other, hold) && a.meets(&from) && b.meets(&to))
            }
            Fault::Heal(_) => within(&self.cuts),
            Fault::Resume(of) => nodes(&of.target).iter().all(|node| self.pauses.get(node).is_some_and(|p| within(p))),
            Fault::Kill(_) | Fault::Restart(_) | Fault::Pause(_) | Fault::Partition(_) | Fault::Clog(_) => true,
            Fault::Loss(_) | Fault::Duplicate(_) | Fault::Reorder(_) | Fault::Corrupt(_) => true,
            Fault::Clock(_) | Fault::Disk(_) => true,
        }
    }

    fn hold(&self, fault: &PlannedFault) -> Option<Hold> {
        let at = match &fault.when {
            Trigger::At(at) => *at,
            Trigger::Fact { .. } => return None,
        };
        let until = match fault.lasts {
            Some(lasts) => (at + lasts).min(self.calm),
            None if instant(&fault.fault) => at,
            None => self.calm,
        };
        Some((at, until.max(at + Span::from_nanos(1))))
    }
}

const fn instant(fault: &Fault) -> bool {
    matches!(fault, Fault::Restart(_) | Fault::Resume(_) | Fault::Heal(_))
}

fn overlap(a: Hold, b: Hold) -> bool {
    a.0 < b.1 && b.0 < a.1
}

fn side(target: Option<&Target>) -> Side {
    target.map_or(Side::ALL, |target| Side::of(nodes(target).to_vec()))
}

fn nodes(target: &Target) -> &[NodeId] {
    match target {
        Target::Nodes(nodes) => nodes,
        Target::Proposer => &[], // whoever it will be
        Target::One | Target::Minority | Target::Majority | Target::All => {
            unreachable!("a plan names every target's nodes")
        }
    }
}

fn things(fault: &Fault) -> Vec<Thing> {
    let of = |target: &Target, thing: &dyn Fn(NodeId) -> Thing| nodes(target).iter().map(|node| thing(*node)).collect();
    match fault {
        Fault::Kill(crash) => of(&crash.target, &Thing::Life),
        Fault::Restart(restart) => of(&restart.target, &Thing::Life),
        Fault::Pause(pause) => of(&pause.target, &Thing::Life),
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
                .flat_map(|(field, _)| nodes(&clock.target).iter().map(move |node| Thing::Clock(*node, field)))
                .collect()
        }
        Fault::Disk(disk) => match disk.harm {
            Harm::Slow(_) => of(&disk.target, &Thing::Disk),
            Harm::IoError => of(&disk.target, &Thing::Life), // the node fails with its disk
            Harm::Torn | Harm::Damage => Vec::new(),
        },
        Fault::Resume(_) | Fault::Heal(_) | Fault::Partition(_) | Fault::Clog(_) | Fault::Delay(_) => Vec::new(),
        Fault::Loss(_) | Fault::Duplicate(_) | Fault::Reorder(_) | Fault::Corrupt(_) => Vec::new(),
    }
}
