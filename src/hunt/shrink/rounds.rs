//! The order of the steps of shrinking.

use super::candidates::Strictness;
use super::pins::Pins;
use super::script;
use super::search::Search;
use crate::chance::Seed;
use crate::network::Delay;
use crate::scenario::{Clocks, NetworkSettings, Scenario};
use crate::time::{Span, Time};

/// The maximum number of rounds; more were never needed.
const MOST_ROUNDS: usize = 12;

/// The maximum number of families, each with fewer operations than the previous one.
const MOST_FAMILIES: usize = 3;

/// The maximum number of fixed fates.
const MOST_PINNED: usize = 4;

/// The constants that replace drawn delays.
const DELAY: Delay = Delay::Constant(Span::from_millis(10));
const SYNC: Delay = Delay::Constant(Span::from_millis(1));

impl Search<'_> {
    /// Makes the scenario smaller until nothing more can be removed.
    pub(super) fn shrink(&mut self) {
        self.write_out();
        self.try_subsets();
        self.go_around();
        for _ in 0..MOST_FAMILIES {
            let before = self.scenario().clone();
            let strict = self.runner.grow_strict(&self.best);
            let levels =
                [Strictness::Orderly, Strictness::Sound, Strictness::No].into_iter().filter(|level| *level >= strict);
            let mut settled = levels.map(|level| {
                self.runner.set_strict(level);
                self.take_canonical()
            });
            if !settled.any(|member| member.is_some()) {
                break;
            }
            self.go_around();
            if *self.scenario() == before {
                break;
            }
        }
        self.last_long_enough();
    }

    fn go_around(&mut self) {
        for round in 0..MOST_ROUNDS {
            let before = self.scenario().clone();
            self.runner.grow_strict(&self.best);
            self.cut_time();
            self.take_away();
            self.simplify_faults();
            self.still_the_world();
            self.simplify_settings();
            self.pin();
            self.attempt(|scenario| scenario.run.seed = Seed(0));
            // Details only after the large parts are removed.
            if round > 0 {
                self.round_times();
                self.simplify_words();
                self.flip_early();
                self.rename();
            }
            if round > 0 && *self.scenario() == before {
                break;
            }
        }
    }

    /// Writes out the draws of the seed.
    fn write_out(&mut self) {
        let faults = script::faults(&self.best.resolved);
        self.attempt(|scenario| scenario.faults.clone_from(&faults));
        let Some(trace) = &self.best.outcome.trace else { return };
        let operations = script::operations(trace);
        let all = self.attempt(|scenario| {
            scenario.workload.clear();
            scenario.operations.clone_from(&operations);
        });
        // An operation that depends on an answer can't be scripted; then a single operation may be enough.
        if !all {
            self.take(operations.len(), |scenario, at| {
                scenario.workload.clear();
                scenario.operations = vec![operations[at].clone()];
                Some(())
            });
        }
        self.attempt(|scenario| scenario.expect.within.clear());
    }

    /// Removes faults, operations, fates and nodes.
    fn take_away(&mut self) {
        self.thin(|scenario| scenario.faults.len(), |scenario, range| _ = scenario.faults.drain(range));
        self.thin(|scenario| scenario.operations.len(), |scenario, range| _ = scenario.operations.drain(range));
        self.thin(|scenario| scenario.workload.len(), |scenario, range| _ = scenario.workload.drain(range));
        self.thin_fates();
        self.take_nodes_away();
    }

    fn thin_fates(&mut self) {
        self.thin(
            |scenario| scenario.fates.len(),
            |scenario, range| {
                let names: Vec<_> = scenario.fates.keys().skip(range.start).take(range.len()).cloned().collect();
                names.iter().for_each(|name| _ = scenario.fates.remove(name));
            },
        );
    }

    /// Removes the randomness of the network, the clocks and the disks.
    fn still_the_world(&mut self) {
        let calm: [fn(&mut Scenario); 8] = [
            |scenario| scenario.network.links.clear(),
            |scenario| scenario.network.loss = NetworkSettings::default().loss,
            |scenario| scenario.network.duplicate = NetworkSettings::default().duplicate,
            |scenario| scenario.network.reorder = NetworkSettings::default().reorder,
            |scenario| scenario.network.corrupt = NetworkSettings::default().corrupt,
            |scenario| scenario.clocks = Clocks::default(),
            |scenario| scenario.disk.sync = SYNC,
            |scenario| {
                scenario.network.calm_delay = NetworkSettings::default().calm_delay;
                let NetworkSettings { duplicate_lag, reorder_lag, .. } = NetworkSettings::default();
                (scenario.network.duplicate_lag, scenario.network.reorder_lag) = (duplicate_lag, reorder_lag);
            },
        ];
        for calm in calm {
            self.attempt(calm);
        }
        if !is_constant(self.scenario().network.delay) {
            self.attempt(|scenario| scenario.network.delay = DELAY);
        }
    }

    /// Fixes the fate that every message had, instead of a random one, and then as few fates as possible; if many are
    /// necessary, keeps the random ones, because the file is shorter then.
    fn pin(&mut self) {
        let wires = &self.scenario().network;
        let still = NetworkSettings { delay: wires.delay, calm_delay: wires.calm_delay, ..NetworkSettings::default() };
        if *wires == still && is_constant(wires.delay) {
            return;
        }
        let before = self.best.clone();
        let Some(trace) = &self.best.outcome.trace else { return };
        let pins =
            Pins::of(trace, self.scenario().run.ends().unwrap_or_else(|| self.best.outcome.end.since(Time::ZERO)));
        let pinned = self.take(pins.guesses(), |scenario, guess| {
            scenario.network = NetworkSettings { delay: DELAY, ..NetworkSettings::default() };
            for (message, fate) in pins.guess(guess) {
                scenario.fates.entry(message).or_insert(fate);
            }
            Some(())
        });
        if pinned.is_some() {
            self.thin_fates();
        }
        if self.scenario().fates.len() > MOST_PINNED {
            self.best = before;
        }
    }
}

const fn is_constant(delay: Delay) -> bool {
    matches!(delay, Delay::Constant(_))
}
