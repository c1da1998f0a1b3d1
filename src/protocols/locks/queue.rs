//! The requests of one node's clients, in the order in which they may be sent.

use std::collections::BTreeMap;

use crate::identity::{ClientId, OpId};
use crate::observation::Claims;
use crate::time::{LocalTime, Span};

/// A client's request that has not been sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Waiting {
    /// The client's operation.
    pub op: OpId,
    /// The resources and modes.
    pub claims: Claims,
}

/// Requests that wait, by aged priority.
///
/// A step of priority is worth a fixed span of waiting. So the order of two requests never changes, and is known when
/// they arrive: by the time of arrival, minus the span of the priority.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Queue {
    waiting: BTreeMap<Rank, Waiting>,
    arrivals: u64,
}

/// Time of arrival minus the span of the priority, in nanoseconds; then the order of arrival.
type Rank = (i128, u64);

impl Queue {
    /// Adds a request; `ageing` is the waiting time that equals one step of priority.
    pub fn add(&mut self, waiting: Waiting, priority: u8, now: LocalTime, ageing: Span) {
        self.arrivals += 1;
        let aged = i128::from(now.as_nanos()) - i128::from(priority) * i128::from(ageing.as_nanos());
        self.waiting.insert((aged, self.arrivals), waiting);
    }

    /// Removes and returns the first request that shares no resource with one before it, or with one for which `busy`
    /// is true.
    pub fn take(&mut self, busy: impl Fn(&Claims) -> bool) -> Option<Waiting> {
        let mut passed: Vec<&Claims> = Vec::new();
        let mut found = None;
        for (place, waiting) in &self.waiting {
            if !busy(&waiting.claims) && !passed.iter().any(|claims| claims.meets(&waiting.claims)) {
                found = Some(*place);
                break;
            }
            passed.push(&waiting.claims);
        }
        self.waiting.remove(&found?)
    }

    /// The request of an operation.
    pub fn find(&self, op: OpId) -> Option<&Waiting> {
        self.waiting.values().find(|waiting| waiting.op == op)
    }

    /// Removes the request of an operation; returns whether there was one.
    pub fn remove(&mut self, op: OpId) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|_, waiting| waiting.op != op);
        self.waiting.len() < before
    }

    /// The waiting requests of a client.
    pub fn of(&self, client: ClientId) -> impl Iterator<Item = &Waiting> {
        self.waiting.values().filter(move |waiting| waiting.op.client == client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observation::{LockMode, Resource};

    const AGEING: Span = Span::from_millis(100);

    fn waiting(client: u32, path: &str) -> Waiting {
        let claims = Claims::of([(&Resource::new(path), LockMode::X)]);
        Waiting { op: OpId { client: ClientId::new(client), number: 1 }, claims }
    }

    fn at(millis: u64) -> LocalTime {
        LocalTime::from_nanos(millis * 1_000_000)
    }

    fn order(mut queue: Queue) -> Vec<usize> {
        std::iter::from_fn(|| queue.take(|_| false)).map(|waiting| waiting.op.client.index()).collect()
    }

    #[test]
    fn priority_goes_first_until_waiting_outweighs_it() {
        let mut queue = Queue::default();
        queue.add(waiting(0, "a"), 0, at(0), AGEING);
        queue.add(waiting(1, "a"), 1, at(99), AGEING);
        queue.add(waiting(2, "a"), 1, at(101), AGEING);
        assert_eq!(order(queue), [1, 0, 2]);
    }

    #[test]
    fn nobody_is_passed_on_what_both_want() {
        let mut queue = Queue::default();
        queue.add(waiting(0, "a"), 1, at(0), AGEING);
        queue.add(waiting(1, "a/b"), 0, at(0), AGEING);
        queue.add(waiting(2, "c"), 0, at(0), AGEING);
        let busy = |claims: &Claims| claims.mode(&Resource::new("a")) == Some(LockMode::X);
        let first = queue.take(busy).expect("c is free");
        assert_eq!(first.op.client.index(), 2);
        assert!(queue.take(busy).is_none(), "a/b would pass a");
        assert_eq!(order(queue), [0, 1]);
    }
}
