//! The worst case of a resolved scenario and its plan.

use super::Resolved;
use crate::fault::{Fault, PlannedFault, Trigger};
use crate::measure::Share;
use crate::network::{Link, Network, PinnedFate};
use crate::subject::World;
use crate::time::{Span, Time};

pub(super) fn of(resolved: &Resolved) -> World {
    let Resolved { network, scenario, .. } = resolved;
    let operations = resolved.operations();
    World {
        delay: links(network).map(|link| link.delay.longest()).max().unwrap_or_default().min(network.calm_delay),
        sync: scenario.disk.sync.longest(),
        late: late(resolved),
        outage: outage(resolved)
            .max(links(network).map(|link| lag(resolved, link)).max().unwrap_or_default())
            .max(stays_slow(resolved)),
        slow: scenario.clocks.monotonic_drift,
        nodes: scenario.nodes.count(),
        clients: operations.iter().map(|entry| entry.op.client.index() as u64 + 1).max().unwrap_or_default(),
        given_up: 0,
        written: operations.len() as u64,
        silent: 0,
        timeout: operations.iter().map(|entry| entry.timeout).max().unwrap_or_default(),
    }
}

fn links(network: &Network) -> impl Iterator<Item = Link> {
    network.links.iter().map(|exception| exception.link).chain([network.link])
}

/// The longest time that a copy of a message can be under way on a link before quiescence, without faults that delay it.
fn lag(resolved: &Resolved, link: Link) -> Span {
    link.delay.longest() + late_copy(resolved, link)
}

/// How much later than its delay a copy may arrive, if links or faults reorder or duplicate messages.
fn late_copy(resolved: &Resolved, link: Link) -> Span {
    let planned = |is: fn(&Fault) -> bool| resolved.plan.faults.iter().any(|planned| is(&planned.fault));
    let of = |share: Share, is: fn(&Fault) -> bool, lag: Span| {
        if share.is_none() && !planned(is) { Span::ZERO } else { lag }
    };
    of(link.reorder, |fault| matches!(fault, Fault::Reorder(_)), link.reorder_lag.0)
        + of(link.duplicate, |fault| matches!(fault, Fault::Duplicate(_)), link.duplicate_lag.0)
}

/// The longest delay of a link that quiescence does not heal.
fn stays_slow(resolved: &Resolved) -> Span {
    if resolved.setup.outside() == 0 {
        return Span::ZERO;
    }
    let delay = |planned: &PlannedFault| {
        if let Fault::Delay(slow) = &planned.fault { slow.delay.longest() } else { Span::ZERO }
    };
    resolved.plan.faults.iter().map(delay).max().unwrap_or_default()
}

/// How long after quiescence something older may arrive. From then on, whatever is under way takes no longer than a message
/// or a sync that starts after quiescence, except messages whose fate is fixed.
fn late(resolved: &Resolved) -> Span {
    let lag = links(&resolved.network).map(|link| lag(resolved, link)).max().unwrap_or_default();
    let fates = resolved.fates.values().map(|fate| match fate {
        PinnedFate::Delay(delay) => *delay,
        PinnedFate::Again(later) => lag + *later,
        PinnedFate::Copies(copies) => lag.times((*copies).into()),
        PinnedFate::Lost | PinnedFate::Flip(_) => lag,
    });
    let sync = resolved.scenario.disk.sync.longest();
    fates.max().unwrap_or_default().max(resolved.network.calm_delay).max(sync)
}

/// The longest time without a pause between faults: those with a time are merged, and those that wait for a fact are added
/// as if they followed directly.
fn outage(resolved: &Resolved) -> Span {
    let quiescence = resolved.setup.quiescence;
    let whole = quiescence.since(Time::ZERO);
    let (mut timed, mut more) = (Vec::new(), Span::ZERO);
    for PlannedFault { when, lasts, .. } in &resolved.plan.faults {
        match when {
            Trigger::At(from) => timed.push((*from, lasts.map_or(quiescence, |lasts| (*from + lasts).min(quiescence)))),
            Trigger::Fact { .. } => more += lasts.unwrap_or(whole),
        }
    }
    timed.sort_unstable();
    let (mut longest, mut began, mut until) = (Span::ZERO, Time::ZERO, Time::ZERO);
    for (from, end) in timed {
        if from > until {
            (began, until) = (from, from);
        }
        until = until.max(end);
        longest = longest.max(until.since(began));
    }
    (longest + more).min(whole)
}
