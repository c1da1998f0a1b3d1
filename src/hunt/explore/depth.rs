//! Depth-first search: follows one path to its end, then the next. It needs memory for one path only, and finds deep goals;
//! the path to a goal may not be a shortest one.

use super::visited::Visited;
use super::{End, Explored, Limits, Progress, Watch};
use crate::run::explore::{Space, Step, Successors};

/// A state on the path, and its successors that were new when it was expanded; the last one is next.
struct Turn {
    nth: u32,
    steps: Vec<Step>,
}

/// The number of states between two checks whether to continue.
const PATIENCE: usize = 256;

pub(super) fn search(space: &dyn Space, limits: &Limits, watch: Watch<'_>) -> Explored {
    let mut searcher = space.searcher();
    let (mut visited, mut explored) = (Visited::new(), Explored::default());
    let mut path = vec![Turn { nth: 0, steps: vec![space.root()] }];
    explored.end = End::Complete;
    while let Some(turn) = path.last_mut() {
        let Some(step) = turn.steps.pop() else {
            path.pop();
            continue;
        };
        if !visited.insert(step.fingerprint) {
            continue;
        }
        if step.goal {
            explored.path = Some(path.iter().map(|turn| turn.nth).chain([step.nth]).skip(2).collect());
            explored.end = End::Found;
            break;
        }
        if limits.states.is_some_and(|most| visited.len() as u64 >= most) {
            explored.end = End::Enough;
            break;
        }
        if visited.len().is_multiple_of(PATIENCE) {
            let Explored { generated, depth, .. } = explored;
            let waiting = path.iter().map(|turn| turn.steps.len() as u64).sum();
            (watch.tell)(Progress { states: visited.len() as u64, generated, depth, waiting });
            if !(watch.go_on)() {
                explored.end = End::Stopped;
                break;
            }
        }
        explored.exercised |= searcher.exercised(&step.state, explored.exercised);
        let mut successors = Successors::default();
        searcher.expand(&step.state, &|fingerprint| visited.has(fingerprint), &mut successors);
        explored.generated += successors.generated;
        successors.steps.reverse();
        explored.depth = explored.depth.max(path.len() as u32 - 1);
        path.push(Turn { nth: step.nth, steps: successors.steps });
    }
    explored.states = visited.len() as u64;
    explored.sum = visited.sum();
    explored.bytes = visited.bytes() as u64;
    explored
}
