//! A graph that stays without cycles: edges are added one by one, and an order of its nodes is kept that all of them follow
//! (Pearce and Kelly 2007, *A Dynamic Topological Sort Algorithm for Directed Acyclic Graphs*).

use std::collections::BTreeMap;

/// A graph of nodes that are numbered from 0 in the order in which they are added, with a reason for each edge.
#[derive(Clone, Debug)]
pub(super) struct Graph<E> {
    /// The place of each node in the order.
    place: Vec<usize>,
    /// The edges out of each node, and into each.
    out: Vec<Vec<(usize, E)>>,
    into: Vec<Vec<usize>>,
}

impl<E> Default for Graph<E> {
    fn default() -> Self {
        Self { place: Vec::new(), out: Vec::new(), into: Vec::new() }
    }
}

impl<E: Clone> Graph<E> {
    /// Adds a node, the last in the order.
    pub(super) fn add(&mut self) -> usize {
        let node = self.place.len();
        self.place.push(node);
        self.out.push(Vec::new());
        self.into.push(Vec::new());
        node
    }

    /// Adds an edge.
    ///
    /// # Errors
    /// The cycle that it would close: nodes from `from` on, each with the reason of the edge to the next, and the last with
    /// that of the edge back to `from`.
    pub(super) fn edge(&mut self, from: usize, to: usize, reason: E) -> Result<(), Vec<(usize, E)>> {
        if from == to || self.out[from].iter().any(|(known, _)| *known == to) {
            return Ok(());
        }
        let (low, high) = (self.place[to], self.place[from]);
        if low < high {
            let after = self.after(to, from, high).map_err(|mut path| {
                let mut cycle = vec![(from, reason.clone())];
                cycle.append(&mut path);
                cycle
            })?;
            let before = self.before(from, low);
            self.reorder(before, after);
        }
        self.out[from].push((to, reason));
        self.into[to].push(from);
        Ok(())
    }

    /// What can be reached from `start` up to a place; if `goal` can, the path to it is the error.
    fn after(&self, start: usize, goal: usize, most: usize) -> Result<Vec<usize>, Vec<(usize, E)>> {
        let mut came: BTreeMap<usize, Option<(usize, &E)>> = BTreeMap::from([(start, None)]);
        let mut stack = vec![start];
        while let Some(node) = stack.pop() {
            for (next, reason) in &self.out[node] {
                if self.place[*next] > most || came.contains_key(next) {
                    continue;
                }
                came.insert(*next, Some((node, reason)));
                if *next == goal {
                    let (mut path, mut at) = (Vec::new(), goal);
                    while let Some(Some((before, reason))) = came.get(&at) {
                        path.push((*before, (*reason).clone()));
                        at = *before;
                    }
                    path.reverse();
                    return Err(path);
                }
                stack.push(*next);
            }
        }
        Ok(came.into_keys().collect())
    }

    /// What leads to `end` from a place on.
    fn before(&self, end: usize, least: usize) -> Vec<usize> {
        let mut seen = std::collections::BTreeSet::from([end]);
        let mut stack = vec![end];
        while let Some(node) = stack.pop() {
            for before in &self.into[node] {
                if self.place[*before] >= least && seen.insert(*before) {
                    stack.push(*before);
                }
            }
        }
        seen.into_iter().collect()
    }

    /// Puts `before`, in its own order, ahead of `after`, in its own, in the places that both take.
    fn reorder(&mut self, mut before: Vec<usize>, mut after: Vec<usize>) {
        before.sort_unstable_by_key(|node| self.place[*node]);
        after.sort_unstable_by_key(|node| self.place[*node]);
        let nodes: Vec<usize> = before.into_iter().chain(after).collect();
        let mut places: Vec<usize> = nodes.iter().map(|node| self.place[*node]).collect();
        places.sort_unstable();
        for (node, place) in nodes.into_iter().zip(places) {
            self.place[node] = place;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Whether one node leads to another, by trying everything.
    fn leads(edges: &[(usize, usize)], from: usize, to: usize, count: usize) -> bool {
        let mut reached = vec![false; count];
        reached[from] = true;
        for _ in 0..count {
            for (from, to) in edges {
                reached[*to] |= reached[*from];
            }
        }
        reached[to]
    }

    proptest! {
        #[test]
        fn a_cycle_is_found_at_the_edge_that_closes_it(edges in prop::collection::vec((0..12_usize, 0..12_usize), 0..60)) {
            let mut graph = Graph::default();
            (0..12).for_each(|_| _ = graph.add());
            let mut known: Vec<(usize, usize)> = Vec::new();
            for (from, to) in edges {
                if from == to {
                    continue;
                }
                let closes = leads(&known, to, from, 12);
                match graph.edge(from, to, (from, to)) {
                    Ok(()) => prop_assert!(!closes),
                    Err(cycle) => {
                        prop_assert!(closes);
                        prop_assert_eq!(cycle[0], (from, (from, to)));
                        for (place, (node, (start, end))) in cycle.iter().enumerate() {
                            let next = cycle[(place + 1) % cycle.len()].0;
                            prop_assert_eq!((*start, *end), (*node, next));
                            prop_assert!(place == 0 || known.contains(&(*node, next)));
                        }
                        break;
                    }
                }
                known.push((from, to));
            }
        }
    }
}
