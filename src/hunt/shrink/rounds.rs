//! In which order things are taken away.

use super::lab::Strict;
use super::pins::Pins;
use super::script;
use super::search::Search;
use crate::chance::Seed;
use crate::network::Delay;
use crate::scenario::{Clocks, Scenario, Wires};
use crate::time::{Span, Time};

/// More rounds than this were never needed.
const MOST_ROUNDS: usize = 12;

/// So often a family may come to one of fewer operations.
const MOST_FAMILIES: usize = 3;

/// No more fates are fixed than this.
const MOST_PINNED: usize = 4;

/// What takes the place of drawn delays.
const DELAY: Delay = Delay::Constant(Span::from_millis(10));
const SYNC: Delay = Delay::Constant(Span::from_millis(1));

impl Search<'_> {
    /// Makes the scenario smaller until nothing more can be taken away.
    pub(super) fn shrink(&mut self) {
        self.write_out();
        self.leap();
        self.go_around();
        for _ in 0..MOST_FAMILIES {
            let before = self.scenario().clone();
            let strict = self.lab.grow_strict(&self.best);
            let levels = [Strict::Orderly, Strict::Sound, Strict::No].into_iter().filter(|level| *level >= strict);
            let mut settled = levels.map(|level| {
                self.lab.set_strict(level);
                self.settle()
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
            self.lab.grow_strict(&self.best);
            self.cut_time();
            self.take_away();
            self.simplify_faults();
            self.still_the_world();
            self.simplify_settings();
            self.pin();
            self.attempt(|scenario| scenario.run.seed = Seed(0));
            // Small things first when the great ones are gone.
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

    /// Writes out what was drawn.
    fn write_out(&mut self) {
        let faults = script::faults(&self.best.resolved);
        self.attempt(|scenario| scenario.faults.clone_from(&faults));
        let Some(trace) = &self.best.outcome.trace else { return };
        let operations = script::operations(trace);
        let all = self.attempt(|scenario| {
            scenario.workload.clear();
            scenario.operations.clone_from(&operations);
        });
        // What is asked because of an answer is not there without it: then one operation may do.
        if !all {
            self.take(operations.len(), |scenario, at| {
                scenario.workload.clear();
                scenario.operations = vec![operations[at].clone()];
                Some(())
            });
        }
        self.attempt(|scenario| scenario.expect.within.clear());
    }

    /// Takes away faults, operations, fates and nodes.
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

    /// Lets the network, the clocks and the disks do nothing by chance.
    fn still_the_world(&mut self) {
        let calm: [fn(&mut Scenario); 8] = [
            |scenario| scenario.network.links.clear(),
            |scenario| scenario.network.loss = Wires::default().loss,
            |scenario| scenario.network.duplicate = Wires::default().duplicate,
            |scenario| scenario.network.reorder = Wires::default().reorder,
            |scenario| scenario.network.corrupt = Wires::default().corrupt,
            |scenario| scenario.clocks = Clocks::default(),
            |scenario| scenario.disk.sync = SYNC,
            |scenario| {
                scenario.network.calm_delay = Wires::default().calm_delay;
                let Wires { duplicate_lag, reorder_lag, .. } = Wires::default();
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

    /// Gives every message the fate that it had, in place of chance, and then to as few as possible; if many are needed
    /// even so, chance says it in fewer words.
    fn pin(&mut self) {
        let wires = &self.scenario().network;
        let still = Wires { delay: wires.delay, calm_delay: wires.calm_delay, ..Wires::default() };
        if *wires == still && is_constant(wires.delay) {
            return;
        }
        let before = self.best.clone();
        let Some(trace) = &self.best.outcome.trace else { return };
        let pins =
            Pins::of(trace, self.scenario().run.ends().unwrap_or_else(|| self.best.outcome.end.since(Time::ZERO)));
        let pinned = self.take(pins.guesses(), |scenario, guess| {
            scenario.network = Wires { delay: DELAY, ..Wires::default() };
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
