//! Scripted faults that contradict each other: one requires a state that another has ended.
//!
//! Only certain contradictions are reported. The time of a fault that waits for a fact, and a drawn target, are not
//! certain; if such a fault could make another one possible, the other one is accepted.

use std::collections::BTreeMap;

use crate::fault::{ClockFault, Fault, FaultKind, Harm, Target};
use crate::identity::NodeId;
use crate::scenario::cluster::{NodeSet, Nodes};
use crate::scenario::diagnostic::Finding;
use crate::scenario::entry::FaultEntry;
use crate::scenario::format::Scenario;
use crate::scenario::path::Path;
use crate::time::Span;

/// The first contradiction of each entry.
pub(super) fn check(scenario: &Scenario) -> Vec<Finding> {
    let mut acts = acts(scenario);
    acts.sort_by_key(|act| act.at); // stable: those of one instant act in file order
    let mut state = State::new(scenario);
    let mut findings: BTreeMap<usize, Finding> = BTreeMap::new();
    for act in &acts {
        if let Some((message, label)) = state.play(act) {
            let path = Path::of("faults").index(act.index).key("fault").key(act.fault.kind().name());
            let whom = matches!(act.fault, Fault::Kill(_) | Fault::Pause(_) | Fault::Resume(_));
            let place = if whom { path.key("target") } else { path };
            let finding =
                Finding::new(place, message).label(label).help("scripted faults must not contradict each other");
            findings.entry(act.index).or_insert(finding);
        }
    }
    findings.into_values().collect()
}

/// One fault at one time.
struct Act<'a> {
    at: Span,
    until: Span,
    index: usize,
    fault: &'a Fault,
}

fn acts(scenario: &Scenario) -> Vec<Act<'_>> {
    let quiescence = scenario.run.quiescence();
    let mut acts = Vec::new();
    for (index, entry) in scenario.faults.iter().enumerate() {
        let FaultEntry { at: Some(at), fault: Some(fault), .. } = entry else {
            continue;
        };
        let lasts = |at: Span| entry.lasts.map_or(quiescence, |lasts| (at + lasts).min(quiescence));
        acts.extend(entry.times(*at, quiescence).map(|at| Act { at, until: lasts(at), index, fault }));
    }
    acts
}

/// What is certain at some time: the effects of earlier faults, each with its end and its entry.
struct State {
    nodes: Nodes,
    dead: BTreeMap<NodeId, Since>,
    paused: BTreeMap<NodeId, Since>,
    clocks: BTreeMap<(NodeId, &'static str), Since>,
    disks: BTreeMap<NodeId, Since>,
    slow: Vec<(NodeSet, NodeSet, Since)>,
    cut: Option<Span>,
    unsure: Unsure,
}

#[derive(Clone, Copy)]
struct Since {
    index: usize,
    until: Span,
}

/// The possible effects of faults whose time or target is not certain.
struct Unsure {
    cuts: bool,
    pauses: bool,
    revivals: bool,
}

type Clash = (String, String);

impl State {
    fn new(scenario: &Scenario) -> Self {
        let vague = |kinds: &[FaultKind]| {
            scenario.faults.iter().any(|entry| match (&entry.fault, &entry.draw) {
                (Some(fault), _) => kinds.contains(&fault.kind()) && (entry.when.is_some() || drawn_target(fault)),
                (None, Some(draw)) => draw.kinds.iter().any(|kind| kinds.contains(kind)),
                (None, None) => false,
            })
        };
        Self {
            nodes: scenario.nodes,
            dead: BTreeMap::new(),
            paused: BTreeMap::new(),
            clocks: BTreeMap::new(),
            disks: BTreeMap::new(),
            slow: Vec::new(),
            cut: None,
            unsure: Unsure {
                cuts: vague(&[FaultKind::Partition, FaultKind::Clog]),
                pauses: vague(&[FaultKind::Pause]),
                revivals: vague(&[FaultKind::Restart, FaultKind::Resume]),
            },
        }
    }

    /// Applies a fault, and returns the contradiction, if any.
    fn play(&mut self, act: &Act<'_>) -> Option<Clash> {
        let since = Since { index: act.index, until: act.until };
        match act.fault {
            Fault::Kill(crash) => {
                let named = self.named(&crash.target)?;
                let clash = self.gone(&named, act.at, &[]);
                for node in named {
                    self.paused.remove(&node);
                    self.dead.insert(node, since);
                }
                clash
            }
            Fault::Restart(restart) => {
                for node in self.named(&restart.target)? {
                    self.dead.remove(&node);
                    self.paused.remove(&node);
                }
                None
            }
            Fault::Pause(of) => {
                let named = self.named(&of.target)?;
                let clash = self.gone(&named, act.at, &["paused"]);
                self.paused.extend(named.into_iter().map(|node| (node, since)));
                clash
            }
            Fault::Resume(of) => self.resume(&self.named(&of.target)?, act.at),
            Fault::Partition(_) | Fault::Clog(_) => {
                self.cut = self.cut.max(Some(act.until));
                None
            }
            Fault::Heal(_) => {
                let cut = self.cut.take().is_some_and(|until| until > act.at) || self.unsure.cuts;
                (!cut).then(|| (format!("at {} no link is cut or clogged", act.at), "nothing to heal".to_owned()))
            }
            Fault::Delay(links) => self.slow(links.from.as_ref(), links.to.as_ref(), act.at, since),
            Fault::Clock(clock) => self.clock(clock, act.at, since),
            Fault::Disk(disk) => match disk.harm {
                Harm::Slow(_) => {
                    let named = self.named(&disk.target)?;
                    let clash = clash(&self.disks, &named, act.at, "already has a slow disk");
                    self.disks.extend(named.into_iter().map(|node| (node, since)));
                    clash
                }
                Harm::Torn | Harm::Damage | Harm::IoError => None,
            },
            Fault::Loss(_) | Fault::Duplicate(_) | Fault::Reorder(_) | Fault::Corrupt(_) => None,
        }
    }

    /// The nodes of a target, if they are certain.
    fn named(&self, target: &Target) -> Option<Vec<NodeId>> {
        match target {
            Target::Nodes(named) => Some(named.clone()),
            Target::All => Some(NodeId::all(self.nodes.count()).collect()),
            Target::One | Target::Minority | Target::Majority | Target::Proposer => None,
        }
    }

    /// The contradiction if a target is dead, or, if `states` is not empty, paused.
    fn gone(&self, named: &[NodeId], at: Span, states: &[&str]) -> Option<Clash> {
        if self.unsure.revivals {
            return None;
        }
        let dead = clash(&self.dead, named, at, "is dead");
        if states.is_empty() { dead } else { dead.or_else(|| clash(&self.paused, named, at, "is already paused")) }
    }

    fn resume(&mut self, named: &[NodeId], at: Span) -> Option<Clash> {
        let mut clash = None;
        for node in named {
            let paused = self.paused.remove(node).is_some_and(|since| since.until > at) || self.unsure.pauses;
            if !paused && clash.is_none() {
                clash = Some((format!("at {at} {node} is not paused"), "nothing to resume".to_owned()));
            }
        }
        clash
    }

    fn slow(&mut self, from: Option<&Target>, to: Option<&Target>, at: Span, since: Since) -> Option<Clash> {
        let side = |target: Option<&Target>| match target {
            None => Some(NodeSet::ALL),
            Some(target) => self.named(target).map(NodeSet::of),
        };
        let (from, to) = (side(from)?, side(to)?);
        let other = self.slow.iter().find(|(a, b, other)| other.until > at && a.intersects(&from) && b.intersects(&to));
        let clash = other.map(|(_, _, other)| {
            (format!("at {at} a link already has another delay"), format!("from faults[{}]", other.index))
        });
        self.slow.push((from, to, since));
        clash
    }

    fn clock(&mut self, clock: &ClockFault, at: Span, since: Since) -> Option<Clash> {
        let ClockFault { target, offset, drift, monotonic_drift, bump: _, freeze, monotonic_freeze } = clock;
        let named = self.named(target)?;
        let fields = [
            ("offset", offset.is_some()),
            ("drift", drift.is_some()),
            ("monotonic_drift", monotonic_drift.is_some()),
            ("freeze", *freeze),
            ("monotonic_freeze", *monotonic_freeze),
        ];
        let mut clash = None;
        for (field, _) in fields.into_iter().filter(|(_, given)| *given) {
            for node in &named {
                let before = self.clocks.insert((*node, field), since).filter(|before| before.until > at);
                if let Some(before) = before.filter(|_| clash.is_none()) {
                    let message = format!("at {at} the `{field}` of {node}'s clock is already set");
                    clash = Some((message, format!("by faults[{}]", before.index)));
                }
            }
        }
        clash
    }
}

fn clash(map: &BTreeMap<NodeId, Since>, named: &[NodeId], at: Span, state: &str) -> Option<Clash> {
    let found = named.iter().find_map(|node| Some((node, map.get(node).filter(|since| since.until > at)?)));
    found.map(|(node, since)| (format!("at {at} {node} {state}"), format!("by faults[{}]", since.index)))
}

/// Whether the seed decides the target of the fault.
fn drawn_target(fault: &Fault) -> bool {
    let drawn = |target: &Target| match target {
        Target::One | Target::Minority | Target::Majority | Target::Proposer => true,
        Target::Nodes(_) | Target::All => false,
    };
    match fault {
        Fault::Kill(crash) => drawn(&crash.target),
        Fault::Restart(restart) => drawn(&restart.target),
        Fault::Pause(of) | Fault::Resume(of) => drawn(&of.target),
        Fault::Clock(clock) => drawn(&clock.target),
        Fault::Disk(disk) => drawn(&disk.target),
        Fault::Clog(_) | Fault::Partition(_) | Fault::Heal(_) | Fault::Delay(_) => false,
        Fault::Loss(_) | Fault::Duplicate(_) | Fault::Reorder(_) | Fault::Corrupt(_) => false,
    }
}
