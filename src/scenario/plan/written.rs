//! Written faults, with their repetitions, and with drawn targets and groups named.

use super::among::{Among, Free};
use super::claims::Claims;
use crate::chance::Key;
use crate::fault::{Fault, PlannedFault, Target, Trigger};
use crate::scenario::entry::FaultEntry;
use crate::scenario::format::Scenario;
use crate::time::{Span, Time};

/// The faults that an entry stands for; none if it is drawn. All chance comes from `key`.
pub(super) fn expand(entry: &FaultEntry, scenario: &Scenario, key: Key) -> Vec<PlannedFault> {
    let Some(fault) = &entry.fault else {
        return Vec::new();
    };
    let planned = |when: Trigger, fault: Fault| PlannedFault { when, lasts: entry.lasts, fault, drawn: entry.drawn };
    if let Some(when) = &entry.when {
        let fault = named(fault, scenario, key.with(0), &|_| true);
        return vec![planned(Trigger::Fact { fact: when.fact.clone(), n: when.n }, fault)];
    }
    let mut claims = Claims::new(scenario.run.calm());
    let mut faults = Vec::new();
    for (turn, at) in entry.times(entry.at.unwrap_or(Span::ZERO), scenario.run.calm()).enumerate() {
        let free = |node| claims.is_free(node, at);
        let fault = named(fault, scenario, key.with(turn as u64), &free);
        let fault = planned(Trigger::At(Time::ZERO + at), fault);
        claims.take(&fault);
        faults.push(fault);
    }
    faults
}

/// The same fault with every target a list of nodes, preferably `free` ones, and every shape with its groups.
fn named(fault: &Fault, scenario: &Scenario, key: Key, free: Free<'_>) -> Fault {
    let among = Among { nodes: scenario.nodes, free };
    let mut fault = fault.clone();
    let choose = |target: &mut Target, label: &str| {
        if *target != Target::Proposer {
            *target = Target::Nodes(among.target(target, &mut key.text(label).draws()));
        }
    };
    match &mut fault {
        Fault::Kill(crash) => choose(&mut crash.target, "target"),
        Fault::Restart(restart) => choose(&mut restart.target, "target"),
        Fault::Pause(of) | Fault::Resume(of) => choose(&mut of.target, "target"),
        Fault::Clock(clock) => choose(&mut clock.target, "target"),
        Fault::Disk(disk) => choose(&mut disk.target, "target"),
        Fault::Partition(partition) => among.partition(partition, &mut key.text("groups").draws()),
        Fault::Heal(_) => {}
        Fault::Clog(clog) => ends(&mut clog.from, &mut clog.to, &among, key),
        Fault::Delay(slow) => ends(&mut slow.from, &mut slow.to, &among, key),
        Fault::Loss(links) | Fault::Duplicate(links) | Fault::Reorder(links) | Fault::Corrupt(links) => {
            ends(&mut links.from, &mut links.to, &among, key);
        }
    }
    fault
}

/// Names the ends of links; where both are single nodes, they are two.
fn ends(from: &mut Option<Target>, to: &mut Option<Target>, among: &Among<'_>, key: Key) {
    let mut senders = from.as_ref().map(|from| among.target(from, &mut key.text("from").draws()));
    let mut receivers = to.as_ref().map(|to| among.target(to, &mut key.text("to").draws()));
    if let (Some([sender]), Some([receiver])) = (senders.as_deref(), receivers.as_deref())
        && sender == receiver
    {
        let next = among.next(*sender);
        let moved = if *to == Some(Target::One) { &mut receivers } else { &mut senders };
        *moved = Some(vec![next]);
    }
    *from = senders.map(Target::Nodes);
    *to = receivers.map(Target::Nodes);
}
