//! Makes times shorter and rounder: the first of 1, 2, 5, 10, … with which the run still fails.

use super::search::Search;
use crate::network::{Delay, PinnedFate};
use crate::scenario::Scenario;
use crate::time::{Span, Time};

/// The default timeout of a client.
const USUAL: Span = Span::from_millis(500);

/// A time in a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
enum TimeField {
    Lasts,
    Quiet,
    Sync,
    Delay,
    Asked(usize),
    Timeout(usize),
    Acts(usize),
    Ends(usize),
    Fate(String),
}

impl TimeField {
    /// All the times that a scenario has.
    fn all(scenario: &Scenario) -> Vec<Self> {
        let operations = 0..scenario.operations.len();
        let faults = 0..scenario.faults.len();
        let mut all: Vec<_> = operations.clone().map(Self::Asked).collect();
        all.extend(operations.map(Self::Timeout));
        // What is owed while a fault lasts would be missing if it lasted for an instant only.
        let faults = faults.filter(|at| scenario.faults[*at].name.is_none());
        all.extend(faults.clone().map(Self::Acts).chain(faults.map(Self::Ends)));
        all.extend(scenario.fates.keys().cloned().map(Self::Fate));
        all.extend([Self::Delay, Self::Sync, Self::Quiet, Self::Lasts]);
        all
    }

    /// The time at this place, if there is one.
    fn of<'a>(&self, scenario: &'a mut Scenario) -> Option<&'a mut Span> {
        match self {
            Self::Lasts => scenario.run.lasts.as_mut(),
            Self::Quiet => scenario.run.quiesce_at.as_mut(),
            Self::Sync => constant(&mut scenario.disk.sync),
            Self::Delay => constant(&mut scenario.network.delay),
            Self::Asked(at) => scenario.operations.get_mut(*at).map(|entry| &mut entry.at),
            Self::Timeout(at) => scenario.operations.get_mut(*at).map(|entry| &mut entry.timeout),
            Self::Acts(at) => scenario.faults.get_mut(*at)?.at.as_mut(),
            Self::Ends(at) => scenario.faults.get_mut(*at)?.lasts.as_mut(),
            Self::Fate(message) => match scenario.fates.get_mut(message)? {
                PinnedFate::Delay(span) | PinnedFate::Again(span) => Some(span),
                PinnedFate::Lost | PinnedFate::Copies(_) | PinnedFate::Flip(_) => None,
            },
        }
    }
}

const fn constant(delay: &mut Delay) -> Option<&mut Span> {
    match delay {
        Delay::Constant(span) => Some(span),
        Delay::Uniform { .. } | Delay::Exponential { .. } | Delay::LogNormal { .. } | Delay::Bimodal { .. } => None,
    }
}

impl Search<'_> {
    /// Ends the run earlier, and without quiescence if that is not necessary.
    pub(super) fn cut_time(&mut self) {
        let end = self.best.outcome.end.since(Time::ZERO);
        self.attempt(|scenario| {
            scenario.run.lasts.get_or_insert(end);
            scenario.run.quiesce_at = None;
            scenario.run.core = None;
        });
        // A liveness violation occurs at its bound after quiescence; a run without `for` lasts longer than that.
        self.attempt(|scenario| {
            if scenario.run.quiesce_at.is_some() {
                scenario.run.lasts = None;
            }
        });
        for place in [TimeField::Quiet, TimeField::Lasts] {
            self.shorten(&place);
        }
    }

    /// Makes the run long enough to hold without its flaws with other seeds too, because a corrected protocol may be run with
    /// any seed.
    pub(super) fn last_long_enough(&mut self) {
        if self.runner.ask_many_seeds(&self.best) {
            return;
        }
        let Some(now) = self.scenario().run.lasts else { return };
        let longer: Vec<Span> = round().filter(|span| *span > now).collect();
        self.take(longer.len(), |scenario, at| {
            scenario.run.lasts = Some(longer[at]);
            Some(())
        });
    }

    /// Makes every time as short and as round as possible.
    pub(super) fn round_times(&mut self) {
        for at in (0..self.scenario().operations.len()).rev() {
            self.usual_patience(at);
        }
        for at in 0..self.scenario().faults.len() {
            self.attempt(|scenario| scenario.faults[at].lasts = None);
        }
        self.close_gaps();
        for place in TimeField::all(self.scenario()) {
            self.shorten(&place);
        }
        self.in_order();
    }

    /// Moves everything that is planned after some time to earlier times together, so that the order does not change.
    fn close_gaps(&mut self) {
        let mut place = 0;
        while let Some((before, from)) = gap(self.scenario(), place) {
            let better = better(from - before);
            self.take(better.len(), |scenario, at| {
                let sooner = from - (before + better[at]);
                for time in planned(scenario).into_iter().filter(|time| **time >= from) {
                    *time = *time - sooner;
                }
                Some(())
            });
            place += 1;
        }
    }

    fn usual_patience(&mut self, at: usize) {
        self.attempt(|scenario| {
            let entry = &mut scenario.operations[at];
            let usual =
                crate::scenario::OperationEntry::new(entry.op, entry.at, entry.to.clone(), entry.command.clone());
            *entry = usual;
        });
        self.attempt(|scenario| scenario.operations[at].to.0.truncate(1));
    }

    fn shorten(&mut self, place: &TimeField) {
        let mut scenario = self.scenario().clone();
        let Some(now) = place.of(&mut scenario).copied() else { return };
        let usual = matches!(place, TimeField::Timeout(_)) && now == USUAL;
        let better = if usual { Vec::new() } else { better(now) };
        self.take(better.len(), |scenario, at| {
            *place.of(scenario)? = better[at];
            Some(())
        });
    }

    /// Sorts operations and faults by their times.
    fn in_order(&mut self) {
        self.attempt(|scenario| {
            scenario.operations.sort_by_key(|entry| (entry.at, entry.op));
            scenario.faults.sort_by_key(|entry| entry.at);
        });
    }
}

/// The times at which something is planned.
fn planned(scenario: &mut Scenario) -> Vec<&mut Span> {
    let Scenario { operations, faults, .. } = scenario;
    let asked = operations.iter_mut().map(|entry| &mut entry.at);
    asked.chain(faults.iter_mut().filter_map(|entry| entry.at.as_mut())).collect()
}

/// The distinct planned time with this index, in order, and the next one.
fn gap(scenario: &Scenario, place: usize) -> Option<(Span, Span)> {
    let mut scenario = scenario.clone();
    let mut times: Vec<Span> = planned(&mut scenario).into_iter().map(|time| *time).collect();
    times.extend([Span::ZERO]);
    times.sort_unstable();
    times.dedup();
    times.get(place).copied().zip(times.get(place + 1).copied())
}

/// 1, 2 and 5 times every power of ten, from a millisecond to a thousand seconds.
fn round() -> impl Iterator<Item = Span> {
    (0..7).flat_map(|power| [1, 2, 5].map(|digit| Span::from_millis(digit * 10_u64.pow(power))))
}

/// The times that are better than `now`, the best first: round ones, the shorter the better; then, if it has many
/// digits, those with fewer.
pub(super) fn better(now: Span) -> Vec<Span> {
    let mut all: Vec<Span> = match round().position(|round| round == now) {
        Some(place) => round().take(place).collect(),
        None => round().collect(),
    };
    if all.len() == round().count() {
        for nanos in [1_000_000_000, 100_000_000, 10_000_000, 1_000_000, 1_000] {
            let below = now.as_nanos() / nanos * nanos;
            if below == now.as_nanos() {
                break;
            }
            all.extend([below, below + nanos].map(Span::from_nanos).into_iter().filter(|span| !span.is_zero()));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounder_and_shorter_is_better() {
        let spans = |text: &[&str]| text.iter().map(|span| span.parse().expect("a span")).collect::<Vec<Span>>();
        assert_eq!(better(Span::from_millis(10)), spans(&["1ms", "2ms", "5ms"]));
        assert_eq!(better(Span::from_millis(1)), []);
        let odd = better(Span::from_micros(37_250));
        assert_eq!(odd[..4], spans(&["1ms", "2ms", "5ms", "10ms"]));
        assert_eq!(odd[21..], spans(&["1s", "100ms", "30ms", "40ms", "37ms", "38ms"]));
        assert_eq!(better(Span::from_millis(30))[21..], spans(&["1s", "100ms"]));
    }
}
