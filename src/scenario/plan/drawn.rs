//! Faults that the seed draws: when they come, which they are, how long they last.

use super::among::Among;
use super::claims::Claims;
use super::sorts::{self, Scale};
use crate::chance::{Chance, Dice};
use crate::fault::{Fault, FaultKind, PlannedFault, Trigger};
use crate::scenario::entry::{Draw, FaultEntry};
use crate::scenario::format::Scenario;
use crate::scenario::rules::MOST_FAULTS;
use crate::subject::Profile;
use crate::time::{Span, Time};

/// The least that a drawn fault lasts, unless the entry says otherwise.
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
    let calm = scenario.run.calm();
    let until = entry.until.unwrap_or(calm).min(calm);
    let mut at = entry.from.unwrap_or(Span::ZERO);
    let window = until - at;
    let longest = draw.longest.unwrap_or_else(|| window.divided_by(4).max(draw.shortest.unwrap_or_default()));
    let shortest = draw.shortest.unwrap_or(SHORTEST).min(longest);
    let mut claims = Claims::new(calm);
    let mut faults = Vec::new();
    let most = usize::try_from(MOST_FAULTS * 2).expect("a small number");
    for _ in 0..most {
        at += whole(dice.exponential(gap));
        if at >= until {
            break;
        }
        let kind = *dice.pick(&draw.kinds).expect("kinds are not empty");
        let lasts = sorts::span(dice, shortest, longest).min(until - at);
        let fault = {
            let free = |node| claims.is_free(node, at);
            let among = Among { nodes: scenario.nodes, free: &free };
            let allowed = |fault: &Fault| entry.exceed || profile.beyond(fault, &scenario.protocols).is_none();
            sorts::draw(kind, &among, &allowed, Scale { lasts }, dice)
        };
        let Some(fault) = fault else {
            continue;
        };
        let lasts = Some(lasts).filter(|_| lasting(kind));
        let planned = PlannedFault { when: Trigger::At(Time::ZERO + at), lasts, fault, drawn: true };
        if claims.take_if_free(&planned) {
            faults.push(planned);
        }
    }
    faults
}

/// A gap in whole microseconds, as a trace shows times, and at least one.
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
