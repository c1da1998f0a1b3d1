//! Rounds in which the contenders take turns, so that what disturbs one disturbs the others, and the table of them.

mod options;
mod statistics;

pub(crate) use options::Options;

use std::hint::black_box;
use std::time::{Duration, Instant};

use options::Effort;
use statistics::{least, median, median_ratio};

const TURNS_A_ROUND: u64 = 5;

/// What is measured: built once, run many times, in its steady state.
pub(crate) trait World {
    /// Goes `steps` further and returns a checksum of all that happened so far.
    fn run(&mut self, steps: u64) -> u64;
}

/// How much work a world gets.
pub(crate) trait Load: Copy {
    /// The load's name in the table and in row ids.
    fn label(&self) -> String;
    /// Steps until what the build-up left behind is gone.
    fn warm_up_steps(&self) -> u64;
    /// Timed steps of one round.
    fn steps(&self) -> u64;
}

/// A name and the function that builds its world for a load.
pub(crate) struct Contender<L> {
    name: &'static str,
    build: fn(L) -> Box<dyn World>,
}

pub(crate) fn contender<L>(name: &'static str, build: fn(L) -> Box<dyn World>) -> Contender<L> {
    Contender { name, build }
}

/// How the time of a step is told.
#[derive(Clone, Copy)]
pub(crate) enum Unit {
    NanosecondsA(&'static str),
    PerSecond(&'static str),
}

impl Unit {
    fn heading(self) -> String {
        match self {
            Self::NanosecondsA(step) => format!("ns a step, a step is one {step}"),
            Self::PerSecond(steps) => format!("{steps} a second"),
        }
    }

    fn tell(self, nanoseconds: f64) -> String {
        match self {
            Self::NanosecondsA(_) => format!("{nanoseconds:.1}"),
            Self::PerSecond(_) => format!("{:.0}", 1e9 / nanoseconds),
        }
    }
}

/// Contenders at the same work, under one or more loads.
pub(crate) struct Comparison<L> {
    pub(crate) name: &'static str,
    pub(crate) work: &'static str,
    pub(crate) unit: Unit,
    /// The contender that the others are divided by.
    pub(crate) reference: &'static str,
    /// The heading of a column that divides by the contender's own speed under the first load.
    pub(crate) speed_up: Option<&'static str>,
    pub(crate) loads: Vec<L>,
    pub(crate) contenders: Vec<Contender<L>>,
}

/// One contender under one load, with what it took in each round.
struct Row {
    load: String,
    contender: &'static str,
    world: Box<dyn World>,
    steps_a_turn: u64,
    nanoseconds_a_step: Vec<f64>,
    checksum: u64,
}

impl<L: Load> Comparison<L> {
    /// Builds and warms up the chosen rows, runs the rounds and prints the table; nothing if no row is chosen.
    pub(crate) fn run(&self, options: &Options) {
        let mut rows = self.rows(options);
        if rows.is_empty() {
            return;
        }
        for _ in 0..options.effort.rounds() {
            for compared in rows.chunk_by_mut(|row, next| row.load == next.load) {
                play_a_round(compared);
            }
        }
        self.print(&rows, options.effort);
    }

    /// Loads outside, contenders inside: those that are compared run next to each other.
    fn rows(&self, options: &Options) -> Vec<Row> {
        let mut rows = Vec::new();
        for &load in &self.loads {
            let chosen = |contender: &str| options.choose(&format!("{}/{}/{contender}", self.name, load.label()));
            let any = self.contenders.iter().any(|contender| chosen(contender.name));
            for contender in &self.contenders {
                if chosen(contender.name) || (any && contender.name == self.reference) {
                    rows.push(Row::build(load, contender, options.effort));
                }
            }
        }
        rows
    }

    fn print(&self, rows: &[Row], effort: Effort) {
        println!("\n{}: {}", self.name, self.work);
        println!("{}, {effort}", self.unit.heading());
        let versus = format!("× {}", self.reference);
        let speed_up = self.speed_up.unwrap_or_default();
        println!("{:<14}{:<12}{:>10}{:>10}{versus:>12}{speed_up:>13}  checksum", "load", "contender", "median", "best");
        for row in rows {
            let taken = &row.nanoseconds_a_step;
            let reference = rows.iter().find(|other| other.load == row.load && other.contender == self.reference);
            let first = self.first_load(rows, row.contender);
            println!(
                "{:<14}{:<12}{:>10}{:>10}{:>12}{:>13}  {:016x}",
                row.load,
                row.contender,
                self.unit.tell(median(taken)),
                self.unit.tell(least(taken)),
                two_places(reference.map(|reference| median_ratio(taken, &reference.nanoseconds_a_step))),
                two_places(first.map(|first| median_ratio(&first.nanoseconds_a_step, taken))),
                row.checksum,
            );
        }
    }

    fn first_load<'rows>(&self, rows: &'rows [Row], contender: &str) -> Option<&'rows Row> {
        let first = self.speed_up.and(self.loads.first())?.label();
        rows.iter().find(|row| row.contender == contender && row.load == first)
    }
}

/// Short turns, A B C A B C …: what slows the machine for a moment slows them all.
fn play_a_round(compared: &mut [Row]) {
    let mut elapsed = vec![Duration::ZERO; compared.len()];
    for _ in 0..TURNS_A_ROUND {
        for (row, elapsed) in compared.iter_mut().zip(&mut elapsed) {
            *elapsed += row.take_a_turn();
        }
    }
    for (row, elapsed) in compared.iter_mut().zip(elapsed) {
        let steps = TURNS_A_ROUND * row.steps_a_turn;
        row.nanoseconds_a_step.push(elapsed.as_nanos() as f64 / steps as f64);
    }
}

impl Row {
    fn build<L: Load>(load: L, contender: &Contender<L>, effort: Effort) -> Self {
        let mut world = (contender.build)(load);
        black_box(world.run(effort.warm_up_steps(&load)));
        Self {
            load: load.label(),
            contender: contender.name,
            world,
            steps_a_turn: (effort.steps(&load) / TURNS_A_ROUND).max(1),
            nanoseconds_a_step: Vec::new(),
            checksum: 0,
        }
    }

    /// The first tenth is not timed: the others have had the caches since the last turn.
    fn take_a_turn(&mut self) -> Duration {
        black_box(self.world.run(self.steps_a_turn / 10));
        let started = Instant::now();
        self.checksum = black_box(self.world.run(self.steps_a_turn));
        started.elapsed()
    }
}

fn two_places(ratio: Option<f64>) -> String {
    ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default()
}
