//! A swarm: each seed draws which kinds of faults there are, how many of each, and how bad the links are.
//!
//! A mix of everything rarely goes far in any one direction; a swarm of seeds with few kinds each does, and what one kind
//! of fault hides from another is found where it is left out (Groce et al., Swarm Testing, ISSTA 2012).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::entry::{Draw, FaultEntry};
use super::format::Scenario;
use super::plan::log_uniform;
use super::wires::Wires;
use crate::chance::{Chance, Seed};
use crate::fault::{Fault, FaultKind, LinkShare};
use crate::measure::{Rate, Share};
use crate::network::Delay;
use crate::subject::Profile;
use crate::time::Span;

/// The bounds of what a swarm draws. Within them nothing is drawn that the subject does not claim to bear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Swarm {
    /// The kinds of faults of which each seed draws some; every kind if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kinds: Option<Vec<FaultKind>>,
    /// How often faults of one kind come at most, on average; eight times until the calm if left out. What ends a fault
    /// counts with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// How often links lose a message at most, before any fault.
    pub loss: Share,
    /// How often a message arrives twice at most.
    pub duplicate: Share,
    /// How often a message is held up at most.
    pub reorder: Share,
    /// How often a message has a bit flipped at most.
    pub corrupt: Share,
    /// How long a message takes at most.
    pub delay: Span,
}

impl Default for Swarm {
    fn default() -> Self {
        Self {
            kinds: None,
            rate: None,
            loss: Share::from_percent(10),
            duplicate: Share::from_percent(10),
            reorder: Share::from_percent(20),
            corrupt: Share::from_percent(1),
            delay: Span::from_millis(100),
        }
    }
}

/// So many faults of one kind there are at most, on average, unless the bounds say otherwise.
const MOST: u64 = 8;
/// The least of what is drawn is so much less than the most.
const LEAST: u64 = 16;

/// The scenario of one seed of a swarm: what is drawn of faults and links stands in place of what the scenario draws;
/// the faults that are written remain.
pub(super) fn vary(scenario: &Scenario, profile: &Profile, seed: Seed) -> Scenario {
    let bounds = scenario.swarm.clone().unwrap_or_default();
    let mut varied = scenario.clone();
    varied.network = links(scenario, &bounds, profile, seed);
    varied.faults.retain(|entry| entry.draw.is_none());
    varied.faults.extend(TOGETHER.iter().map(|kinds| faults(kinds, &bounds, scenario.run.calm(), seed)));
    varied
}

/// The kinds of faults: what ends a fault is drawn together with it.
const TOGETHER: [&[FaultKind]; 11] = [
    &[FaultKind::Kill],
    &[FaultKind::Restart],
    &[FaultKind::Pause, FaultKind::Resume],
    &[FaultKind::Partition, FaultKind::Clog, FaultKind::Heal],
    &[FaultKind::Delay],
    &[FaultKind::Loss],
    &[FaultKind::Duplicate],
    &[FaultKind::Reorder],
    &[FaultKind::Corrupt],
    &[FaultKind::Clock],
    &[FaultKind::Disk],
];

/// The faults of some kinds, each of which is left out in half of the seeds. All is drawn from streams of its own, so that
/// no kind moves another.
fn faults(kinds: &[FaultKind], bounds: &Swarm, calm: Span, seed: Seed) -> FaultEntry {
    let dice = |kind: FaultKind, what: &str| seed.dice(&format!("swarm {what} {}", kind.name()));
    let wanted = |kind: &FaultKind| bounds.kinds.as_ref().is_none_or(|kinds| kinds.contains(kind));
    let chosen = |kind: &FaultKind| wanted(kind) && dice(*kind, "choice").happens(Share::from_percent(50));
    let chosen: Vec<_> = kinds.iter().copied().filter(chosen).collect();
    let most = bounds.rate.map_or_else(|| often(MOST, calm), Rate::as_nanohertz);
    let rate = log_uniform(&mut dice(kinds[0], "rate"), most / LEAST, most);
    let rate = Rate::from_nanohertz(if chosen.is_empty() { 0 } else { rate });
    FaultEntry { draw: Some(Draw { kinds: chosen, rate, shortest: None, longest: None }), ..FaultEntry::default() }
}

/// The rate, per thousand million seconds, of so many in this time.
fn often(times: u64, time: Span) -> u64 {
    let rate = u128::from(times) * 1_000_000_000_000_000_000 / u128::from(time.as_nanos().max(1));
    u64::try_from(rate).unwrap_or(u64::MAX)
}

fn links(scenario: &Scenario, bounds: &Swarm, profile: &Profile, seed: Seed) -> Wires {
    let wires = &scenario.network;
    let share = |name: &str, most: Share, was: Share, fault: fn(LinkShare) -> Fault| {
        let mut dice = seed.dice(&format!("swarm links {name}"));
        let chosen = dice.happens(Share::from_percent(50));
        let most = u64::from(most.as_ppb());
        let ppb = log_uniform(&mut dice, most / 100, most) / 1_000 * 1_000; // whole parts per million
        let drawn = Share::from_ppb(u32::try_from(ppb).expect("at most a share"));
        let drawn = if chosen { drawn } else { Share::NONE };
        let on_all = fault(LinkShare { share: drawn, from: None, to: None });
        if drawn.is_none() || profile.beyond(&on_all, &scenario.protocols).is_none() { drawn } else { was }
    };
    Wires {
        delay: delay(wires.delay, bounds.delay, seed),
        loss: share("loss", bounds.loss, wires.loss, Fault::Loss),
        duplicate: share("duplicate", bounds.duplicate, wires.duplicate, Fault::Duplicate),
        reorder: share("reorder", bounds.reorder, wires.reorder, Fault::Reorder),
        corrupt: share("corrupt", bounds.corrupt, wires.corrupt, Fault::Corrupt),
        ..wires.clone()
    }
}

/// In half of the seeds the scenario's own delay; else even ones, up to a drawn most.
fn delay(own: Delay, most: Span, seed: Seed) -> Delay {
    let mut dice = seed.dice("swarm links delay");
    let chosen = dice.happens(Share::from_percent(50));
    let step = Span::from_micros(10).as_nanos();
    let most = log_uniform(&mut dice, most.as_nanos() / 100, most.as_nanos()) / step * step;
    let least = most / dice.between(1, 10) / step * step;
    if chosen && most > 0 { Delay::Uniform { min: Span::from_nanos(least), max: Span::from_nanos(most) } } else { own }
}
