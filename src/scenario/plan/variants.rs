//! Draws one fault of a given kind: its variant, target and severity.

use super::node_chooser::NodeChooser;
use crate::chance::{Chance, Dice};
use crate::fault::{
    ClockFault, Clog, Crash, Direction, DiskFault, Fault, FaultKind, Harm, LinkShare, Nothing, OfNodes, Partition,
    Restart, Shape, SlowLinks, Target,
};
use crate::measure::{Drift, Offset, Share};
use crate::network::Delay;
use crate::time::Span;

/// What the severity of a fault depends on.
#[derive(Clone, Copy)]
pub(super) struct Scale {
    /// How long it lasts.
    pub(super) lasts: Span,
}

/// A number from `low` to `high`; every doubling is about equally likely.
pub(in crate::scenario) fn log_uniform(chance: &mut impl Chance, low: u64, high: u64) -> u64 {
    let low = low.max(1);
    let doublings = (high / low).checked_ilog2().unwrap_or(0);
    let doubling = u32::try_from(chance.between(0, doublings.into())).expect("at most 63");
    let from = low << doubling;
    chance.between(from, high.min(from.saturating_mul(2)))
}

/// A span from `low` to `high`, in whole milliseconds or microseconds if `low` is that long.
pub(super) fn span(chance: &mut impl Chance, low: Span, high: Span) -> Span {
    let drawn = log_uniform(chance, low.as_nanos(), high.as_nanos());
    let step = [1_000_000, 1_000].into_iter().find(|step| low.as_nanos() >= *step).unwrap_or(1);
    Span::from_nanos((drawn / step * step).max(low.as_nanos()))
}

/// Draws a fault, if an allowed fault of this kind is possible here.
pub(super) fn draw(
    kind: FaultKind,
    chooser: &NodeChooser<'_>,
    allowed: &dyn Fn(&Fault) -> bool,
    scale: Scale,
    dice: &mut Dice,
) -> Option<Fault> {
    let mut variants = match kind {
        FaultKind::Kill => vec![Fault::Kill(Crash { target: nodes(chooser, dice), after_effects: inside(dice) })],
        FaultKind::Restart => restarts(chooser, dice),
        FaultKind::Pause => vec![Fault::Pause(OfNodes { target: nodes(chooser, dice) })],
        FaultKind::Resume => vec![Fault::Resume(OfNodes { target: paused(chooser, dice) })],
        FaultKind::Partition => vec![Fault::Partition(partition(chooser, dice)?)],
        FaultKind::Heal => vec![Fault::Heal(Nothing {})],
        FaultKind::Clog => {
            let (from, to) = links(chooser, dice);
            vec![Fault::Clog(Clog { from, to })]
        }
        FaultKind::Delay => {
            let (from, to) = links(chooser, dice);
            vec![Fault::Delay(SlowLinks { delay: delay(dice), from, to })]
        }
        FaultKind::Loss => vec![Fault::Loss(shares(chooser, (1, 50), dice))],
        FaultKind::Duplicate => vec![Fault::Duplicate(shares(chooser, (1, 50), dice))],
        FaultKind::Reorder => vec![Fault::Reorder(shares(chooser, (1, 50), dice))],
        FaultKind::Corrupt => vec![Fault::Corrupt(shares(chooser, (1, 10), dice))],
        FaultKind::Clock => clocks(chooser, scale, dice),
        FaultKind::Disk => disks(chooser, dice),
    };
    variants.retain(allowed);
    dice.pick(&variants).cloned()
}

/// One node in most cases, otherwise a minority.
fn nodes(chooser: &NodeChooser<'_>, dice: &mut Dice) -> Target {
    let many = dice.happens(Share::from_percent(20)) && chooser.nodes.minority() > 0;
    Target::Nodes(chooser.target(if many { &Target::Minority } else { &Target::One }, dice))
}

/// A node that is not free, if possible.
fn paused(chooser: &NodeChooser<'_>, dice: &mut Dice) -> Target {
    let busy = |node| !(chooser.free)(node);
    Target::Nodes(vec![NodeChooser { nodes: chooser.nodes, free: &busy }.one(dice)])
}

/// In half of the cases the crash point is inside a step.
fn inside(dice: &mut Dice) -> Option<u32> {
    let after = u32::try_from(dice.between(0, 8)).expect("at most 8");
    dice.happens(Share::from_percent(50)).then_some(after)
}

fn restarts(chooser: &NodeChooser<'_>, dice: &mut Dice) -> Vec<Fault> {
    let (target, after_effects) = (nodes(chooser, dice), inside(dice));
    let wipes = dice.happens(Share::from_percent(25));
    let variant = |wipe| Fault::Restart(Restart { target: target.clone(), wipe, after_effects });
    if wipes { vec![variant(true), variant(false)] } else { vec![variant(false)] }
}

/// Any shape for which the cluster is large enough, or any two groups.
fn partition(chooser: &NodeChooser<'_>, dice: &mut Dice) -> Option<Partition> {
    let nodes = chooser.nodes;
    let shapes = [
        (Some(Shape::Halves), nodes.count() >= 2),
        (Some(Shape::IsolateOne), nodes.count() >= 2),
        (Some(Shape::Minority), nodes.voters >= 3),
        (Some(Shape::Bridge), nodes.count() >= 3),
        (Some(Shape::MajoritiesRing), nodes.count() >= 4),
        (None, nodes.count() >= 2),
    ];
    let fitting: Vec<_> = shapes.into_iter().filter(|(_, fits)| *fits).map(|(shape, _)| shape).collect();
    let shape = *dice.pick(&fitting)?;
    let directions = [Direction::Both, Direction::Both, Direction::To, Direction::From];
    let direction = *dice.pick(&directions).expect("there are some");
    let ring = shape == Some(Shape::MajoritiesRing);
    let mut partition =
        Partition { groups: Vec::new(), shape, direction: if ring { Direction::Both } else { direction } };
    if shape.is_none() {
        let mut all: Vec<_> = crate::identity::NodeId::all(nodes.count()).collect();
        dice.shuffle(&mut all);
        let first = dice.between(1, all.len() as u64 - 1);
        let second = all.split_off(usize::try_from(first).expect("below a length"));
        partition.groups = vec![all, second];
    }
    chooser.partition(&mut partition, dice);
    Some(partition)
}

/// All links, all links from one node, or all links to one node.
fn links(chooser: &NodeChooser<'_>, dice: &mut Dice) -> (Option<Target>, Option<Target>) {
    let one = Target::Nodes(vec![NodeChooser { nodes: chooser.nodes, free: &|_| true }.one(dice)]);
    match dice.below(3) {
        0 => (None, None),
        1 => (Some(one), None),
        _ => (None, Some(one)),
    }
}

fn delay(dice: &mut Dice) -> Delay {
    let least = span(dice, Span::from_millis(5), Span::from_millis(500));
    if dice.happens(Share::from_percent(25)) {
        return Delay::LogNormal { median: least, sigma: Share::from_percent(50) };
    }
    Delay::Uniform { min: least, max: least.times(4) }
}

fn shares(chooser: &NodeChooser<'_>, (least, most): (u64, u64), dice: &mut Dice) -> LinkShare {
    let (from, to) = links(chooser, dice);
    let percent = u32::try_from(log_uniform(dice, least, most)).expect("a percentage");
    LinkShare { share: Share::from_percent(percent), from, to }
}

/// Offsets and jumps of 1 ms to 10 s and drifts of 10 ppm to 1 %, in either direction; and a stopped clock.
fn clocks(chooser: &NodeChooser<'_>, scale: Scale, dice: &mut Dice) -> Vec<Fault> {
    let none = ClockFault {
        target: nodes(chooser, dice),
        offset: None,
        drift: None,
        monotonic_drift: None,
        bump: None,
        freeze: false,
        monotonic_freeze: false,
    };
    let backwards = dice.happens(Share::from_percent(50));
    let far = span(dice, Span::from_millis(1), Span::from_secs(10)).as_nanos().cast_signed();
    let far = Offset::from_nanos(if backwards { -far } else { far });
    let ppm = i32::try_from(log_uniform(dice, 10, 10_000)).expect("at most ten thousand");
    let fast = Drift::from_ppb(if backwards { -ppm * 1_000 } else { ppm * 1_000 });
    let mut variants = vec![
        ClockFault { offset: Some(far), ..none.clone() },
        ClockFault { drift: Some(fast), ..none.clone() },
        ClockFault { bump: Some(far), ..none.clone() },
        ClockFault { monotonic_drift: Some(fast), ..none.clone() },
    ];
    if !scale.lasts.is_zero() {
        variants.push(ClockFault { freeze: true, ..none });
    }
    variants.into_iter().map(Fault::Clock).collect()
}

fn disks(chooser: &NodeChooser<'_>, dice: &mut Dice) -> Vec<Fault> {
    let target = nodes(chooser, dice);
    let slow = span(dice, Span::from_millis(5), Span::from_millis(500));
    let harms = [Harm::Torn, Harm::Slow(slow), Harm::IoError, Harm::Damage];
    harms.map(|harm| Fault::Disk(DiskFault { target: target.clone(), harm })).to_vec()
}
