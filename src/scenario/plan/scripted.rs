//! Scripted faults, with their repetitions, and with drawn targets and groups filled in.

use super::node_chooser::{IsFree, NodeChooser};
use super::occupancy::Occupancy;
use crate::chance::Key;
use crate::fault::{Fault, PlannedFault, Target, Trigger};
use crate::scenario::entry::FaultEntry;
use crate::scenario::format::Scenario;
use crate::time::{Span, Time};

/// The scripted faults of an entry; none if it draws its faults. All randomness comes from `key`.
pub(super) fn expand(entry: &FaultEntry, scenario: &Scenario, key: Key) -> Vec<PlannedFault> {
    let Some(fault) = &entry.fault else {
        return Vec::new();
    };
    let planned = |when: Trigger, fault: Fault| PlannedFault {
        name: entry.name.clone(),
        when,
        lasts: entry.lasts,
        fault,
        drawn: entry.drawn,
    };
    if let Some(when) = &entry.when {
        let fault = named(fault, scenario, key.with(0), &|_| true);
        return vec![planned(Trigger::Fact { fact: when.fact.clone(), n: when.n }, fault)];
    }
    let mut occupancy = Occupancy::new(scenario.run.quiescence());
    let mut faults = Vec::new();
    for (turn, at) in entry.times(entry.at.unwrap_or(Span::ZERO), scenario.run.quiescence()).enumerate() {
        let free = |node| occupancy.is_free(node, at);
        let fault = named(fault, scenario, key.with(turn as u64), &free);
        let fault = planned(Trigger::At(Time::ZERO + at), fault);
        occupancy.occupy(&fault);
        faults.push(fault);
    }
    faults
}

/// The same fault with every target as a list of nodes, preferably `free` ones, and every shape with its groups.
fn named(fault: &Fault, scenario: &Scenario, key: Key, free: IsFree<'_>) -> Fault {
    let chooser = NodeChooser { nodes: scenario.nodes, free };
    let mut fault = fault.clone();
    let choose = |target: &mut Target, label: &str| {
        if *target != Target::Proposer {
            *target = Target::Nodes(chooser.target(target, &mut key.text(label).draws()));
        }
    };
    match &mut fault {
        Fault::Kill(crash) => choose(&mut crash.target, "target"),
        Fault::Restart(restart) => choose(&mut restart.target, "target"),
        Fault::Pause(of) | Fault::Resume(of) => choose(&mut of.target, "target"),
        Fault::Clock(clock) => choose(&mut clock.target, "target"),
        Fault::Disk(disk) => choose(&mut disk.target, "target"),
        Fault::Partition(partition) => chooser.partition(partition, &mut key.text("groups").draws()),
        Fault::Heal(_) => {}
        Fault::Clog(clog) => ends(&mut clog.from, &mut clog.to, &chooser, key),
        Fault::Delay(slow) => ends(&mut slow.from, &mut slow.to, &chooser, key),
        Fault::Loss(links) | Fault::Duplicate(links) | Fault::Reorder(links) | Fault::Corrupt(links) => {
            ends(&mut links.from, &mut links.to, &chooser, key);
        }
    }
    fault
}

/// Fills in the ends of links; two single nodes are made different.
fn ends(from: &mut Option<Target>, to: &mut Option<Target>, chooser: &NodeChooser<'_>, key: Key) {
    let mut senders = from.as_ref().map(|from| chooser.target(from, &mut key.text("from").draws()));
    let mut receivers = to.as_ref().map(|to| chooser.target(to, &mut key.text("to").draws()));
    if let (Some([sender]), Some([receiver])) = (senders.as_deref(), receivers.as_deref())
        && sender == receiver
    {
        let next = chooser.next(*sender);
        let moved = if *to == Some(Target::One) { &mut receivers } else { &mut senders };
        *moved = Some(vec![next]);
    }
    *from = senders.map(Target::Nodes);
    *to = receivers.map(Target::Nodes);
}
