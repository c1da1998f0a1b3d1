//! Depth-first: one way to its end, then the next. It needs room for one way alone, and finds what lies deep; the way
//! to a goal is not the shortest.

use super::visited::Visited;
use super::{End, Explored, Limits, Progress, Watch};
use crate::run::explore::{Found, Space, Step};

/// A state on the way, and what follows it that was not known when it was expanded; the last one is next.
struct Turn {
    nth: u32,
    steps: Vec<Step>,
}

/// How many states there are between two questions whether to go on.
const PATIENCE: usize = 256;

pub(super) fn search(space: &dyn Space, limits: &Limits, watch: Watch<'_>) -> Explored {
    let mut searcher = space.searcher();
    let (mut visited, mut explored) = (Visited::new(), Explored::default());
    let mut way = vec![Turn { nth: 0, steps: vec![space.root()] }];
    explored.end = End::Complete;
    while let Some(turn) = way.last_mut() {
        let Some(step) = turn.steps.pop() else {
            way.pop();
            continue;
        };
        if !visited.insert(step.print) {
            continue;
        }
        if step.goal {
            explored.way = Some(way.iter().map(|turn| turn.nth).chain([step.nth]).skip(2).collect());
            explored.end = End::Found;
            break;
        }
        if limits.states.is_some_and(|most| visited.len() as u64 >= most) {
            explored.end = End::Enough;
            break;
        }
        if visited.len().is_multiple_of(PATIENCE) {
            let Explored { generated, depth, .. } = explored;
            let waiting = way.iter().map(|turn| turn.steps.len() as u64).sum();
            (watch.tell)(Progress { states: visited.len() as u64, generated, depth, waiting });
            if !(watch.go_on)() {
                explored.end = End::Stopped;
                break;
            }
        }
        explored.exercised |= searcher.exercised(&step.place, explored.exercised);
        let mut found = Found::default();
        searcher.expand(&step.place, &|print| visited.has(print), &mut found);
        explored.generated += found.generated;
        found.steps.reverse();
        explored.depth = explored.depth.max(way.len() as u32 - 1);
        way.push(Turn { nth: step.nth, steps: found.steps });
    }
    explored.states = visited.len() as u64;
    explored.bytes = visited.bytes() as u64;
    explored
}
