//! Faults that the seed draws: their times, kinds and durations.

use super::node_chooser::NodeChooser;
use super::occupancy::Occupancy;
use super::variants::{self, Scale};
use crate::chance::{Chance, Dice};
use crate::fault::{Fault, FaultKind, PlannedFault, Trigger};
use crate::scenario::entry::{Draw, FaultEntry};
use crate::scenario::format::Scenario;
use crate::scenario::rules::MOST_FAULTS;
use crate::subject::Profile;
use crate::time::{Span, Time};

/// The default for the shortest duration of a drawn fault.
const SHORTEST: Span = Span::from_millis(50);

/// The faults of one entry, by time.
pub(super) fn faults(
    entry: &FaultEntry,
    draw: &Draw,
    scenario: &Scenario,
    profile: &Profile,
    dice: &mut Dice,
) -> Vec<PlannedFault> {
    let Some(gap) = draw.rate.mean_gap().map(Span::from_nanos) else {
        return Vec::new();
    };
    let quiescence = scenario.run.quiescence();
    let until = entry.until.unwrap_or(quiescence).min(quiescence);
    let mut at = entry.from.unwrap_or(Span::ZERO);
    let window = until - at;
    let longest = draw.longest.unwrap_or_else(|| window.divided_by(4).max(draw.shortest.unwrap_or_default()));
    let shortest = draw.shortest.unwrap_or(SHORTEST).min(longest);
    let mut occupancy = Occupancy::new(quiescence);
    let mut faults = Vec::new();
    let most = usize::try_from(MOST_FAULTS * 2).expect("a small number");
    for _ in 0..most {
        at += whole(dice.exponential(gap));
        if at >= until {
            break;
        }
        let kind = *dice.pick(&draw.kinds).expect("kinds are not empty");
        let lasts = variants::span(dice, shortest, longest).min(until - at);
        let fault = {
            let free = |node| occupancy.is_free(node, at);
            let chooser = NodeChooser { nodes: scenario.nodes, free: &free };
            let allowed = |fault: &Fault| entry.exceed || profile.exceeds(fault, &scenario.protocols).is_none();
            variants::draw(kind, &chooser, &allowed, Scale { lasts }, dice)
        };
        let Some(fault) = fault else {
            continue;
        };
        // With a core, what acts until quiescence does not end outside it.
        let stays = scenario.run.core.is_some() && at + lasts >= quiescence;
        let lasts = Some(lasts).filter(|_| lasting(kind) && !stays);
        let planned = PlannedFault { name: None, when: Trigger::At(Time::ZERO + at), lasts, fault, drawn: true };
        if occupancy.occupy_if_free(&planned) {
            faults.push(planned);
        }
    }
    faults
}

/// A gap in whole microseconds, the resolution of times in a trace, and at least one.
fn whole(gap: Span) -> Span {
    let step = Span::from_micros(1);
    Span::from_micros(gap.as_nanos() / step.as_nanos()).max(step)
}

const fn lasting(kind: FaultKind) -> bool {
    match kind {
        FaultKind::Restart | FaultKind::Resume | FaultKind::Heal => false,
        FaultKind::Kill
        | FaultKind::Pause
        | FaultKind::Partition
        | FaultKind::Clog
        | FaultKind::Delay
        | FaultKind::Loss
        | FaultKind::Duplicate
        | FaultKind::Reorder
        | FaultKind::Corrupt
        | FaultKind::Clock
        | FaultKind::Disk => true,
    }
}
