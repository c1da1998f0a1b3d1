//! Breadth-first: all states of a depth before those of the next, so that the first way to a goal is a shortest one.
//!
//! A layer is cut into blocks. All threads find what follows a block's states, against the visited states as they were
//! before the block; then one thread takes what they found, in order. So the threads are never seen: counts and ways
//! are the same for any number of them.

use std::mem::take;

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::visited::Visited;
use super::{End, Explored, Limits, Progress, Watch};
use crate::run::explore::{Found, Place, Searcher, Space, Step};

/// How many states a thread is given at once.
const PIECE: usize = 64;
/// How many pieces a block has for each thread.
const PIECES: usize = 8;

pub(super) fn search(space: &dyn Space, limits: &Limits, watch: Watch<'_>) -> Explored {
    Breadth::new(space, limits).search(watch)
}

struct Breadth<'a> {
    space: &'a dyn Space,
    limits: &'a Limits,
    searcher: Box<dyn Searcher + 'a>,
    /// Where there is more than one thread.
    pool: Option<ThreadPool>,
    visited: Visited,
    ways: Ways,
    explored: Explored,
    next: Vec<Place>,
}

/// Why not everything is expanded.
#[derive(Clone, Copy, Debug)]
enum Stop {
    /// What was looked for happened in the state of this number.
    Goal(usize),
    /// Something came before.
    Before(End),
}

/// What follows one state, and what was put to the test on the way to it.
struct Expanded {
    found: Found,
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
            ways: Ways::default(),
            explored: Explored::default(),
            next: Vec::new(),
        }
    }

    fn search(mut self, watch: Watch<'_>) -> Explored {
        let Step { print, goal, place, .. } = self.space.root();
        self.visited.insert(print);
        self.next.push(place);
        let mut stop = goal.then_some(Stop::Goal(0));
        while stop.is_none() && !self.next.is_empty() {
            stop = self.expand_layer(watch);
        }
        let Self { mut explored, visited, ways, .. } = self;
        (explored.end, explored.way) = match stop {
            None => (End::Complete, None),
            Some(Stop::Goal(number)) => (End::Found, Some(ways.to(number))),
            Some(Stop::Before(end)) => (end, None),
        };
        explored.states = visited.len() as u64;
        explored.bytes = (visited.bytes() + ways.bytes()) as u64;
        explored
    }

    /// Expands all states of a depth, if it may.
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

    /// The states at the depth where it ends are not expanded.
    fn exercise_rest(&mut self) {
        for place in &self.next {
            self.explored.exercised |= self.searcher.exercised(place, self.explored.exercised);
        }
    }

    fn expand_block(&mut self, block: Vec<Place>) -> Option<Stop> {
        let Some(pool) = &self.pool else {
            return block.iter().find_map(|place| {
                let expanded = expand(&mut *self.searcher, place, self.explored.exercised, &self.visited);
                self.add(expanded)
            });
        };
        let (space, visited) = (self.space, &self.visited);
        let known = self.explored.exercised;
        let expanded: Vec<Expanded> = pool.install(|| {
            let each = block.into_par_iter().with_min_len(PIECE);
            each.map_init(|| space.searcher(), |searcher, place| expand(&mut **searcher, &place, known, visited))
                .collect()
        });
        expanded.into_iter().find_map(|expanded| self.add(expanded))
    }

    /// Takes in what follows the next state.
    fn add(&mut self, expanded: Expanded) -> Option<Stop> {
        let Expanded { found: Found { generated, steps }, exercised } = expanded;
        self.explored.exercised |= exercised;
        self.explored.generated += generated;
        self.ways.begin();
        for Step { nth, print, goal, place } in steps {
            if self.visited.insert(print) {
                let number = self.ways.add(nth);
                if goal {
                    return Some(Stop::Goal(number));
                }
                self.next.push(place);
            }
        }
        let enough = self.limits.states.is_some_and(|most| self.visited.len() as u64 >= most);
        enough.then_some(Stop::Before(End::Enough))
    }
}

fn expand(searcher: &mut dyn Searcher, place: &Place, known: u64, visited: &Visited) -> Expanded {
    let mut found = Found::default();
    let exercised = searcher.exercised(place, known);
    searcher.expand(place, &|print| visited.has(print), &mut found);
    Expanded { found, exercised }
}

/// How each state was reached, in four bytes: states are expanded in the order in which they were found, and so those
/// that were found from one stand together.
#[derive(Debug, Default)]
struct Ways {
    /// For each state but the first: the how-many-eth of those that follow the one before it.
    nths: Vec<u16>,
    /// For each state that was expanded: how many were found from it.
    found: Vec<u16>,
}

impl Ways {
    /// The next state is expanded.
    fn begin(&mut self) {
        push(&mut self.found, 0);
    }

    /// A state is found from the one that is expanded; its number.
    fn add(&mut self, nth: u32) -> usize {
        push(&mut self.nths, u16::try_from(nth).expect("fewer than 65,536 states follow one"));
        *self.found.last_mut().expect("it is found from one that is expanded") += 1;
        self.nths.len()
    }

    fn to(&self, number: usize) -> Vec<u32> {
        let (mut way, mut child, mut last) = (Vec::new(), number, self.nths.len());
        for (parent, found) in self.found.iter().enumerate().rev() {
            let first = last - usize::from(*found);
            if child > first && child <= last {
                way.push(self.nths[child - 1].into());
                child = parent;
            }
            last = first;
        }
        way.reverse();
        way
    }

    const fn bytes(&self) -> usize {
        (self.nths.capacity() + self.found.capacity()) * size_of::<u16>()
    }
}

/// Pushes, and grows by an eighth where others double.
fn push(list: &mut Vec<u16>, number: u16) {
    if list.len() == list.capacity() {
        list.reserve_exact(list.len() / 8 + 1_024);
    }
    list.push(number);
}
