//! Breadth-first search: all states of a depth before those of the next, so that the first path to a goal is a shortest one.
//!
//! A layer is split into blocks. All threads find the successors of a block's states, compared with the visited states from
//! before the block; then one thread adds them in order. So counts and paths do not depend on the number of threads.

use std::mem::take;

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::visited::Visited;
use super::{End, Explored, Limits, Progress, Watch};
use crate::run::explore::{AnyState, Searcher, Space, Step, Successors};

/// The number of states that a thread gets at once.
const PIECE: usize = 64;
/// The number of pieces of a block for each thread.
const PIECES: usize = 8;

pub(super) fn search(space: &dyn Space, limits: &Limits, watch: Watch<'_>) -> Explored {
    Breadth::new(space, limits).search(watch)
}

struct Breadth<'a> {
    space: &'a dyn Space,
    limits: &'a Limits,
    searcher: Box<dyn Searcher + 'a>,
    /// Only with more than one thread.
    pool: Option<ThreadPool>,
    visited: Visited,
    paths: Paths,
    explored: Explored,
    next: Vec<AnyState>,
}

/// Why the search stops early.
#[derive(Clone, Copy, Debug)]
enum Stop {
    /// The state with this number is a goal.
    Goal(usize),
    /// Another reason came first.
    Before(End),
}

/// The successors of one state, and the invariants that were exercised on the path to it.
struct Expanded {
    successors: Successors,
    exercised: u64,
}

impl<'a> Breadth<'a> {
    fn new(space: &'a dyn Space, limits: &'a Limits) -> Self {
        let several = || ThreadPoolBuilder::new().num_threads(limits.threads).build().ok();
        Self {
            space,
            limits,
            searcher: space.searcher(),
            pool: (limits.threads > 1).then(several).flatten(),
            visited: Visited::new(),
            paths: Paths::default(),
            explored: Explored::default(),
            next: Vec::new(),
        }
    }

    fn search(mut self, watch: Watch<'_>) -> Explored {
        let Step { fingerprint, goal, state, .. } = self.space.root();
        self.visited.insert(fingerprint);
        self.next.push(state);
        let mut stop = goal.then_some(Stop::Goal(0));
        while stop.is_none() && !self.next.is_empty() {
            stop = self.expand_layer(watch);
        }
        let Self { mut explored, visited, paths, .. } = self;
        (explored.end, explored.path) = match stop {
            None => (End::Complete, None),
            Some(Stop::Goal(number)) => (End::Found, Some(paths.to(number))),
            Some(Stop::Before(end)) => (end, None),
        };
        explored.states = visited.len() as u64;
        explored.sum = visited.sum();
        explored.bytes = (visited.bytes() + paths.bytes()) as u64;
        explored
    }

    /// Expands all states of a depth, if the limits allow it.
    fn expand_layer(&mut self, watch: Watch<'_>) -> Option<Stop> {
        if self.limits.depth.is_some_and(|depth| self.explored.depth >= depth) {
            self.exercise_rest();
            return Some(Stop::Before(End::Depth));
        }
        let mut layer = take(&mut self.next);
        self.explored.widest = self.explored.widest.max(layer.len() as u64);
        layer.reverse();
        let mut stop = None;
        while stop.is_none() && !layer.is_empty() {
            let Explored { depth, generated, .. } = self.explored;
            let (states, waiting) = (self.visited.len() as u64, (layer.len() + self.next.len()) as u64);
            (watch.tell)(Progress { states, generated, depth, waiting });
            let size = PIECE * self.pool.as_ref().map_or(1, |_| PIECES * self.limits.threads);
            let mut block = layer.split_off(layer.len().saturating_sub(size));
            block.reverse();
            stop = if (watch.go_on)() { self.expand_block(block) } else { Some(Stop::Before(End::Stopped)) };
        }
        self.explored.depth += u32::from(matches!(stop, Some(Stop::Goal(_))) || !self.next.is_empty());
        stop
    }

    /// Adds what the states of the last depth exercised; they are not expanded.
    fn exercise_rest(&mut self) {
        for state in &self.next {
            self.explored.exercised |= self.searcher.exercised(state, self.explored.exercised);
        }
    }

    fn expand_block(&mut self, block: Vec<AnyState>) -> Option<Stop> {
        let Some(pool) = &self.pool else {
            return block.iter().find_map(|state| {
                let expanded = expand(&mut *self.searcher, state, self.explored.exercised, &self.visited);
                self.add(expanded)
            });
        };
        let (space, visited) = (self.space, &self.visited);
        let known = self.explored.exercised;
        let expanded: Vec<Expanded> = pool.install(|| {
            let each = block.into_par_iter().with_min_len(PIECE);
            each.map_init(|| space.searcher(), |searcher, state| expand(&mut **searcher, &state, known, visited))
                .collect()
        });
        expanded.into_iter().find_map(|expanded| self.add(expanded))
    }

    /// Adds the successors of the next state.
    fn add(&mut self, expanded: Expanded) -> Option<Stop> {
        let Expanded { successors: Successors { generated, steps }, exercised } = expanded;
        self.explored.exercised |= exercised;
        self.explored.generated += generated;
        self.paths.begin();
        for Step { nth, fingerprint, goal, state } in steps {
            if self.visited.insert(fingerprint) {
                let number = self.paths.add(nth);
                if goal {
                    return Some(Stop::Goal(number));
                }
                self.next.push(state);
            }
        }
        let enough = self.limits.states.is_some_and(|most| self.visited.len() as u64 >= most);
        enough.then_some(Stop::Before(End::Enough))
    }
}

fn expand(searcher: &mut dyn Searcher, state: &AnyState, known: u64, visited: &Visited) -> Expanded {
    let mut successors = Successors::default();
    let exercised = searcher.exercised(state, known);
    searcher.expand(state, &|fingerprint| visited.has(fingerprint), &mut successors);
    Expanded { successors, exercised }
}

/// How each state was reached, in four bytes. States are expanded in the order in which they were found, so the successors of
/// one state are consecutive.
#[derive(Debug, Default)]
struct Paths {
    /// For each state but the first: its index among the successors of its predecessor.
    nths: Vec<u16>,
    /// For each expanded state: the number of states that were found from it.
    found: Vec<u16>,
}

impl Paths {
    /// Starts expanding the next state.
    fn begin(&mut self) {
        push(&mut self.found, 0);
    }

    /// Adds a state that was found from the expanded one, and returns its number.
    fn add(&mut self, nth: u32) -> usize {
        push(&mut self.nths, u16::try_from(nth).expect("a state has fewer than 65,536 successors"));
        *self.found.last_mut().expect("it is found from one that is expanded") += 1;
        self.nths.len()
    }

    fn to(&self, number: usize) -> Vec<u32> {
        let (mut path, mut child, mut last) = (Vec::new(), number, self.nths.len());
        for (parent, found) in self.found.iter().enumerate().rev() {
            let first = last - usize::from(*found);
            if child > first && child <= last {
                path.push(self.nths[child - 1].into());
                child = parent;
            }
            last = first;
        }
        path.reverse();
        path
    }

    const fn bytes(&self) -> usize {
        (self.nths.capacity() + self.found.capacity()) * size_of::<u16>()
    }
}

/// Pushes, and grows by an eighth instead of doubling.
fn push(list: &mut Vec<u16>, number: u16) {
    if list.len() == list.capacity() {
        list.reserve_exact(list.len() / 8 + 1_024);
    }
    list.push(number);
}
