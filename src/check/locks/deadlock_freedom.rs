//! `deadlock-freedom`: no clients wait for one another in a circle.

use std::collections::BTreeMap;

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;

use super::requests::{Live, Requests, Stage};
use super::{Told, told};
use crate::check::{Checker, Invariant, broken};
use crate::identity::{ClientId, EventId, NodeId, OpId};
use crate::observation::LockSeen;
use crate::time::Time;
use crate::trace::{Record, Verdict, Violation};

/// Says that the live waiters never form a cycle. A client waits for another if its request conflicts with what that one
/// holds, or with what that one has asked for with an earlier stamp. Exercised by requests that find something to wait
/// for.
///
/// A cycle needs a client that holds one thing and waits for another; while there is none, the graph is not drawn.
#[derive(Clone, Debug, Default)]
pub struct DeadlockFreedom {
    requests: Requests,
    exercised: u64,
}

/// What it is, for `list` and `explain`.
pub const ABOUT: Invariant =
    Invariant::safety("deadlock-freedom", "locks", "no clients wait for one another's locks in a circle");

/// Why one client waits for another: the two requests.
type Edge<'r> = (&'r Live, &'r Live);

/// Whether the first request waits for the second to end.
fn waits(mine: &Live, other: &Live) -> bool {
    let before = match (mine.stage, other.stage) {
        (Stage::Open(_), Stage::Granted(_)) => true,
        (Stage::Open(mine), Stage::Open(other)) => other < mine,
        (Stage::Asked | Stage::Granted(_), _) | (Stage::Open(_), Stage::Asked) => false,
    };
    before && mine.claims.conflicts(&other.claims)
}

impl DeadlockFreedom {
    /// Whether the client of a new request holds something.
    fn is_holding(&self, client: ClientId) -> bool {
        self.requests.iter().any(|(_, op, live)| op.client == client && matches!(live.stage, Stage::Granted(_)))
    }

    /// The first cycle of clients, with the requests that make it.
    fn cycle(&self) -> Option<Vec<(ClientId, ClientId, EventId, EventId)>> {
        let mut graph: DiGraphMap<ClientId, ()> = DiGraphMap::new();
        let mut reasons: BTreeMap<(ClientId, ClientId), Edge<'_>> = BTreeMap::new();
        for (_, mine, request) in self.requests.iter() {
            for (_, other, obstacle) in self.requests.iter() {
                if waits(request, obstacle) {
                    graph.add_edge(mine.client, other.client, ());
                    reasons.insert((mine.client, other.client), (request, obstacle));
                }
            }
        }
        let waits_for_itself = |client: &ClientId| graph.contains_edge(*client, *client);
        let is_circle = |component: &Vec<ClientId>| component.len() > 1 || component.iter().any(waits_for_itself);
        let circle = tarjan_scc(&graph).into_iter().find(is_circle)?;
        let mut path = vec![*circle.iter().min().expect("it has members")];
        loop {
            let last = *path.last().expect("it has begun");
            let mut next = graph.neighbors(last).filter(|next| circle.contains(next));
            let next = next.next().expect("each of a circle waits for another of it");
            if let Some(start) = path.iter().position(|client| *client == next) {
                path.push(next);
                let pairs = path[start..].windows(2);
                let edge = |pair: &[ClientId]| {
                    let (request, obstacle) = reasons[&(pair[0], pair[1])];
                    (pair[0], pair[1], request.event, obstacle.event)
                };
                return Some(pairs.map(edge).collect());
            }
            path.push(next);
        }
    }

    fn requested(&mut self, record: &Record<'_>, client: ClientId) -> Result<(), Violation> {
        let own = |(_, op, live): (NodeId, OpId, _)| (op.client == client).then_some(live);
        let finds = |mine: &Live| self.requests.iter().any(|(_, _, other)| waits(mine, other));
        self.exercised += u64::from(self.requests.iter().filter_map(own).any(finds));
        if !self.is_holding(client) {
            return Ok(());
        }
        let Some(cycle) = self.cycle() else { return Ok(()) };
        let edges: Vec<String> = cycle.iter().map(|(from, to, ..)| format!("{from} waits for {to}")).collect();
        let mut witnesses: Vec<EventId> =
            cycle.iter().flat_map(|(_, _, request, obstacle)| [*request, *obstacle]).collect();
        witnesses.dedup();
        Err(broken(record, format!("clients wait in a circle: {}", edges.join(", ")), &witnesses))
    }
}

impl<F> Checker<F> for DeadlockFreedom {
    fn see(&mut self, record: &Record<'_>, _fact: Option<&F>) -> Result<(), Violation> {
        for told in told(record) {
            self.requests.see(&told, record.id);
            match told {
                Told::Seen(_, LockSeen::Requested { stamp, .. }) => self.requested(record, stamp.op.client)?,
                Told::Seen(
                    _,
                    LockSeen::Asked { .. }
                    | LockSeen::Granted { .. }
                    | LockSeen::Released { .. }
                    | LockSeen::Withdrawn { .. }
                    | LockSeen::Refused { .. }
                    | LockSeen::Deferred { .. }
                    | LockSeen::Guarded { .. }
                    | LockSeen::Fenced { .. },
                )
                | Told::Death(_) => {}
            }
        }
        Ok(())
    }

    fn conclude(&mut self, _end: Time) -> Verdict {
        Verdict::of(self.exercised, "no request had to wait for another")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::history::*;

    #[test]
    fn waiting_in_a_row_is_no_circle() {
        let mut history = History::default();
        history.on("n1", granted("1.n1.c1#1", "a x")).on("n2", requested("2.n2.c2#1", "a x"));
        history.on("n3", requested("3.n3.c3#1", "a x"));
        assert_holds(&history, DeadlockFreedom::default(), 2);
    }

    #[test]
    fn two_who_hold_what_the_other_wants_are_shown_edge_by_edge() {
        let mut history = History::default();
        history.on("n1", granted("1.n1.c1#1", "a x")).on("n2", granted("2.n2.c2#1", "b x"));
        history.on("n1", requested("3.n1.c1#2", "b x")).on("n2", requested("4.n2.c2#2", "a x"));
        let sentence = "clients wait in a circle: c1 waits for c2, c2 waits for c1";
        assert_broken(&history, DeadlockFreedom::default(), sentence, "n1#2 n2#1 n2#2 n1#1");
    }

    #[test]
    fn who_waits_for_what_it_holds_itself_waits_in_the_smallest_circle() {
        let mut history = History::default();
        history.on("n1", granted("1.n1.c1#1", "a x")).on("n1", requested("3.n1.c1#2", "a x"));
        assert_broken(&history, DeadlockFreedom::default(), "clients wait in a circle: c1 waits for c1", "n1#2 n1#1");
    }

    #[test]
    fn a_death_breaks_the_circle() {
        let mut history = History::default();
        history.on("n1", granted("1.n1.c1#1", "a x")).on("n2", granted("2.n2.c2#1", "b x"));
        history.on("n1", requested("3.n1.c1#2", "b x")).on("n1", killed()).on("n2", requested("4.n2.c2#2", "a x"));
        assert_holds(&history, DeadlockFreedom::default(), 1);
    }
}
