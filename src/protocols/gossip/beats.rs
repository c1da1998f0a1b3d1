//! Heartbeats: of whom a node has heard, and how long ago.

use super::Beat;
use crate::identity::{Boot, NodeId};
use crate::time::{LocalTime, Span};

/// What a node has heard of all others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Beats {
    me: NodeId,
    boot: Boot,
    count: u64,
    heard: Vec<Heard>,
    /// Which of them the next digest begins with.
    next: usize,
}

/// What was heard of one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Heard {
    boot: Boot,
    count: u64,
    /// When its count rose last, on this node's monotonic clock.
    risen: LocalTime,
    suspected: bool,
}

impl Beats {
    /// Nothing was heard of anybody yet, and nobody is suspected.
    pub(super) fn new(me: NodeId, boot: Boot, nodes: u32, now: LocalTime) -> Self {
        let nothing = Heard { boot: Boot::default(), count: 0, risen: now, suspected: false };
        Self { me, boot, count: 0, heard: vec![nothing; nodes as usize], next: 0 }
    }

    /// A heartbeat of this node.
    pub(super) fn beat(&mut self) {
        self.count += 1;
    }

    /// What a digest tells: this node's own count, and that of up to `most` others, in turn.
    pub(super) fn told(&mut self, most: usize) -> Vec<Beat> {
        let mut told = vec![Beat { node: self.me, boot: self.boot, count: self.count }];
        let nodes = self.heard.len();
        let mut seen = 0;
        while seen < nodes && told.len() <= most {
            let (index, heard) = (self.next, self.heard[self.next]);
            self.next = (self.next + 1) % nodes;
            seen += 1;
            if heard.count > 0 {
                let node = NodeId::new(u32::try_from(index).expect("a node's index"));
                told.push(Beat { node, boot: heard.boot, count: heard.count });
            }
        }
        told
    }

    /// Takes in counts; returns the nodes that were suspected, and are no more.
    pub(super) fn hear(&mut self, beats: &[Beat], now: LocalTime) -> Vec<NodeId> {
        let mut trusted = Vec::new();
        for Beat { node, boot, count } in beats {
            let Some(heard) = self.heard.get_mut(node.index()).filter(|_| *node != self.me) else { continue };
            if (*boot, *count) > (heard.boot, heard.count) {
                if heard.suspected {
                    trusted.push(*node);
                }
                *heard = Heard { boot: *boot, count: *count, risen: now, suspected: false };
            }
        }
        trusted
    }

    /// The nodes whose count has not risen for `patience`, and that were not suspected before.
    pub(super) fn overdue(&mut self, patience: Span, now: LocalTime) -> Vec<NodeId> {
        let mut overdue = Vec::new();
        for (index, heard) in self.heard.iter_mut().enumerate() {
            if index != self.me.index() && !heard.suspected && now.since(heard.risen) >= patience {
                heard.suspected = true;
                overdue.push(NodeId::new(u32::try_from(index).expect("a node's index")));
            }
        }
        overdue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const N1: NodeId = NodeId::new(0);
    const N2: NodeId = NodeId::new(1);

    fn at(millis: u64) -> LocalTime {
        LocalTime::default() + Span::from_millis(millis)
    }

    fn beat(boot: u32, count: u64) -> Beat {
        Beat { node: N2, boot: Boot::new(boot), count }
    }

    #[test]
    fn a_node_is_suspected_once_when_its_count_stands_still_and_trusted_when_it_rises() {
        let mut beats = Beats::new(N1, Boot::new(1), 2, at(0));
        assert_eq!(beats.hear(&[beat(1, 1)], at(10)), []);
        assert_eq!(beats.overdue(Span::from_millis(50), at(59)), []);
        assert_eq!(beats.hear(&[beat(1, 1)], at(59)), [], "the same count again is no news");
        assert_eq!(beats.overdue(Span::from_millis(50), at(60)), [N2]);
        assert_eq!(beats.overdue(Span::from_millis(50), at(200)), []);
        assert_eq!(beats.hear(&[beat(1, 1)], at(201)), []);
        assert_eq!(beats.hear(&[beat(2, 1)], at(202)), [N2], "a restart counts from the beginning");
    }

    #[test]
    fn a_digest_tells_of_some_in_turn() {
        let mut beats = Beats::new(N1, Boot::new(3), 5, at(0));
        beats.beat();
        let all: Vec<Beat> =
            (1..5).map(|node| Beat { node: NodeId::new(node), boot: Boot::new(1), count: 7 }).collect();
        beats.hear(&all, at(1));
        let nodes = |beats: &mut Beats| -> Vec<usize> { beats.told(2).iter().map(|beat| beat.node.index()).collect() };
        assert_eq!(nodes(&mut beats), [0, 1, 2]);
        assert_eq!(nodes(&mut beats), [0, 3, 4]);
        assert_eq!(nodes(&mut beats), [0, 1, 2]);
    }
}
