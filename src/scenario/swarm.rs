//! A swarm: each seed draws which kinds of faults act, how many of each, and how bad the links are.
//!
//! A mix of all kinds rarely has many faults of one kind. In a swarm each seed has only a few kinds, so it has many faults of
//! each; and if one kind hides a bug from another, some seeds omit it (Groce et al., Swarm Testing, ISSTA 2012).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::entry::{Draw, FaultEntry};
use super::format::Scenario;
use super::links::NetworkSettings;
use super::plan::log_uniform;
use crate::chance::{Chance, Seed};
use crate::fault::{Fault, FaultKind, LinkShare};
use crate::measure::{Rate, Share};
use crate::network::Delay;
use crate::subject::Profile;
use crate::time::Span;

/// The limits for the draws of a swarm. A swarm never draws anything that exceeds what the subject claims to tolerate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Swarm {
    /// The kinds of faults from which each seed draws some; by default all kinds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kinds: Option<Vec<FaultKind>>,
    /// The maximum rate of faults of one kind, on average; by default eight until quiescence. A fault and the fault that ends
    /// it share one rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// The maximum share of messages that links lose, without faults.
    pub loss: Share,
    /// The maximum share of messages that arrive twice.
    pub duplicate: Share,
    /// The maximum share of messages that are held back.
    pub reorder: Share,
    /// The maximum share of messages in which a bit is flipped.
    pub corrupt: Share,
    /// The maximum delay of a message.
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

/// The default maximum number of faults of one kind, on average.
const MOST: u64 = 8;
/// The ratio of the maximum to the minimum of the drawn rates.
const LEAST: u64 = 16;

/// The scenario of one seed of a swarm: the swarm's faults and links replace those that the scenario draws; its scripted
/// faults remain.
pub(super) fn vary(scenario: &Scenario, profile: &Profile, seed: Seed) -> Scenario {
    let bounds = scenario.swarm.clone().unwrap_or_default();
    let mut varied = scenario.clone();
    varied.network = links(scenario, &bounds, profile, seed);
    varied.faults.retain(|entry| entry.draw.is_none());
    varied.faults.extend(TOGETHER.iter().map(|kinds| faults(kinds, &bounds, scenario.run.quiescence(), seed)));
    varied
}

/// The kinds of faults; a fault and the faults that end it are drawn together.
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

/// The faults of some kinds; half of the seeds omit each kind. Each kind draws from its own streams, so that no kind changes
/// another.
fn faults(kinds: &[FaultKind], bounds: &Swarm, quiescence: Span, seed: Seed) -> FaultEntry {
    let dice = |kind: FaultKind, what: &str| seed.dice(&format!("swarm {what} {}", kind.name()));
    let wanted = |kind: &FaultKind| bounds.kinds.as_ref().is_none_or(|kinds| kinds.contains(kind));
    let chosen = |kind: &FaultKind| wanted(kind) && dice(*kind, "choice").happens(Share::from_percent(50));
    let chosen: Vec<_> = kinds.iter().copied().filter(chosen).collect();
    let most = bounds.rate.map_or_else(|| often(MOST, quiescence), Rate::as_nanohertz);
    let rate = log_uniform(&mut dice(kinds[0], "rate"), most / LEAST, most);
    let rate = Rate::from_nanohertz(if chosen.is_empty() { 0 } else { rate });
    FaultEntry { draw: Some(Draw { kinds: chosen, rate, shortest: None, longest: None }), ..FaultEntry::default() }
}

/// The rate, in nanohertz, of this many times in this time.
fn often(times: u64, time: Span) -> u64 {
    let rate = u128::from(times) * 1_000_000_000_000_000_000 / u128::from(time.as_nanos().max(1));
    u64::try_from(rate).unwrap_or(u64::MAX)
}

fn links(scenario: &Scenario, bounds: &Swarm, profile: &Profile, seed: Seed) -> NetworkSettings {
    let wires = &scenario.network;
    let share = |name: &str, most: Share, was: Share, fault: fn(LinkShare) -> Fault| {
        let mut dice = seed.dice(&format!("swarm links {name}"));
        let chosen = dice.happens(Share::from_percent(50));
        let most = u64::from(most.as_ppb());
        let ppb = log_uniform(&mut dice, most / 100, most) / 1_000 * 1_000; // whole parts per million
        let drawn = Share::from_ppb(u32::try_from(ppb).expect("at most a share"));
        let drawn = if chosen { drawn } else { Share::NONE };
        let on_all = fault(LinkShare { share: drawn, from: None, to: None });
        if drawn.is_none() || profile.exceeds(&on_all, &scenario.protocols).is_none() { drawn } else { was }
    };
    NetworkSettings {
        delay: delay(wires.delay, bounds.delay, seed),
        loss: share("loss", bounds.loss, wires.loss, Fault::Loss),
        duplicate: share("duplicate", bounds.duplicate, wires.duplicate, Fault::Duplicate),
        reorder: share("reorder", bounds.reorder, wires.reorder, Fault::Reorder),
        corrupt: share("corrupt", bounds.corrupt, wires.corrupt, Fault::Corrupt),
        ..wires.clone()
    }
}

/// In half of the seeds the scenario's own delay; otherwise a uniform delay up to a drawn maximum.
fn delay(own: Delay, most: Span, seed: Seed) -> Delay {
    let mut dice = seed.dice("swarm links delay");
    let chosen = dice.happens(Share::from_percent(50));
    let step = Span::from_micros(10).as_nanos();
    let most = log_uniform(&mut dice, most.as_nanos() / 100, most.as_nanos()) / step * step;
    let least = most / dice.between(1, 10) / step * step;
    if chosen && most > 0 { Delay::Uniform { min: Span::from_nanos(least), max: Span::from_nanos(most) } } else { own }
}
