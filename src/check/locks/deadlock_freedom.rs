//! `deadlock-freedom`: no clients wait for one another in a circle.

use std::collections::BTreeSet;
use std::hash::Hasher;

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;

use super::gray;
use super::requests::{Live, Requests, Stage};
use super::{Told, tells, told};
use crate::check::{Branch, Checker, Invariant, broken};
use crate::identity::{ClientId, EventId, NodeId, OpId};
use crate::observation::LockSeen;
use crate::time::Time;
use crate::trace::{Event, Kinds, Record, Verdict, Violation};

/// Says that the live waiters never form a cycle. A request waits for the grants that it conflicts with, and, once it is
/// sent, for open requests with an earlier stamp that it conflicts with; a grant waits for what its client has asked for
/// since. Exercised by requests that find something to wait for when they are sent.
///
/// Waits of requests for one another go down in stamps, so that a cycle leads through a grant whose client waits: while
/// there is no such client, the graph is not drawn.
#[derive(Clone, Debug, Default)]
pub struct DeadlockFreedom {
    requests: Requests,
    /// Clients that hold one thing and wait for another; some may have ceased to.
    entangled: BTreeSet<ClientId>,
    exercised: u64,
}

/// What it is, for `list` and `explain`.
pub const ABOUT: Invariant =
    Invariant::safety("deadlock-freedom", "no clients wait for one another's locks in a circle");

/// An operation at a node.
type Place = (NodeId, OpId);

/// Whether a request waits for another, or for a grant, to end.
fn waits(mine: &Live, other: &Live) -> bool {
    let before = match (mine.stage, other.stage) {
        (Stage::Asked | Stage::Open(_), Stage::Granted(_)) => true,
        (Stage::Open(mine), Stage::Open(other)) => other < mine,
        (Stage::Asked, Stage::Asked | Stage::Open(_)) | (Stage::Open(_), Stage::Asked) | (Stage::Granted(_), _) => {
            false
        }
    };
    before && gray::conflict(&mine.claims, &other.claims)
}

/// Whether a grant will not end before a request does, as its client asked for that one after it.
fn is_kept_for(held: (OpId, &Live), wanted: (OpId, &Live)) -> bool {
    let ((held, grant), (wanted, request)) = (held, wanted);
    held.client == wanted.client && held.number < wanted.number && grant.is_granted() && !request.is_granted()
}

impl DeadlockFreedom {
    /// A client asked for something, or got it: if some client holds one thing and waits for another, a circle may have
    /// closed.
    fn moved(&mut self, record: &Record<'_>, client: ClientId) -> Result<(), Violation> {
        if self.is_entangled(client) {
            self.entangled.insert(client);
        }
        if self.entangled.is_empty() {
            return Ok(());
        }
        let mut entangled = std::mem::take(&mut self.entangled);
        entangled.retain(|client| self.is_entangled(*client));
        self.entangled = entangled;
        match self.circle() {
            Some(circle) => Err(self.violation(record, &circle)),
            None => Ok(()),
        }
    }

    fn is_entangled(&self, client: ClientId) -> bool {
        let own = || self.requests.iter().filter(|(_, op, _)| op.client == client).map(|(_, op, live)| (op, live));
        own().any(|held| own().any(|wanted| is_kept_for(held, wanted)))
    }

    /// Operations that wait for one another, each for the next and the last for the first.
    fn circle(&self) -> Option<Vec<Place>> {
        if self.entangled.is_empty() {
            return None;
        }
        let mut graph: DiGraphMap<Place, ()> = DiGraphMap::new();
        for (node, op, live) in self.requests.iter() {
            for (at, other, obstacle) in self.requests.iter() {
                if waits(live, obstacle) || is_kept_for((op, live), (other, obstacle)) {
                    graph.add_edge((node, op), (at, other), ());
                }
            }
        }
        let members = tarjan_scc(&graph).into_iter().find(|component| component.len() > 1)?;
        let is_waiting = |(node, op): &&Place| self.requests.get(*node, *op).is_some_and(|live| !live.is_granted());
        let first = members.iter().filter(is_waiting).min_by_key(|(node, op)| (*op, *node));
        let mut path = vec![*first.expect("a grant waits for a request")];
        loop {
            let last = *path.last().expect("it has begun");
            let mut next = graph.neighbors(last).filter(|next| members.contains(next));
            let next = next.next().expect("each of a circle waits for another of it");
            if let Some(start) = path.iter().position(|place| *place == next) {
                return Some(path.split_off(start));
            }
            path.push(next);
        }
    }

    /// The circle in words, client by client; that a client waits for itself to go on is not said.
    fn violation(&self, record: &Record<'_>, circle: &[Place]) -> Violation {
        let live = |(node, op): Place| self.requests.get(node, op).expect("it is in the circle");
        let next = circle.iter().cycle().skip(1);
        let edges = circle.iter().zip(next).filter(|(mine, _)| !live(**mine).is_granted());
        let edges: Vec<(&Place, &Place)> = edges.collect();
        let said: Vec<String> =
            edges.iter().map(|((_, mine), (_, other))| format!("{} waits for {}", mine.client, other.client)).collect();
        let mut witnesses: Vec<EventId> =
            edges.iter().flat_map(|(mine, other)| [live(**mine).event, live(**other).event]).collect();
        witnesses.dedup();
        broken(record, format!("clients wait in a circle: {}", said.join(", ")), &witnesses)
    }

    /// A request was sent: whether it finds something to wait for.
    fn sent(&mut self, node: NodeId, op: OpId) {
        let mine = self.requests.get(node, op).expect("it was just sent");
        self.exercised += u64::from(self.requests.iter().any(|(_, _, other)| waits(mine, other)));
    }
}

impl<F> Checker<F> for DeadlockFreedom {
    fn see(&mut self, record: &Record<'_>, _fact: Option<&F>) -> Result<(), Violation> {
        for told in told(record) {
            self.requests.see(&told, record.id);
            match told {
                Told::Seen(node, LockSeen::Requested { stamp, .. }) => {
                    self.sent(node, stamp.op);
                    self.moved(record, stamp.op.client)?;
                }
                Told::Seen(_, LockSeen::Asked { op, .. }) => self.moved(record, op.client)?,
                Told::Seen(_, LockSeen::Granted { stamp, .. }) => self.moved(record, stamp.op.client)?,
                Told::Seen(
                    _,
                    LockSeen::Released { .. }
                    | LockSeen::Withdrawn { .. }
                    | LockSeen::Refused { .. }
                    | LockSeen::Deferred { .. }
                    | LockSeen::Guarded { .. }
                    | LockSeen::Fenced { .. }
                    | LockSeen::WroteGuarded { .. }
                    | LockSeen::Called { .. }
                    | LockSeen::Told { .. },
                )
                | Told::Death(_) => {}
            }
        }
        Ok(())
    }

    fn wants(&self) -> Kinds {
        Kinds::FACT.with(Kinds::DEATHS)
    }

    fn conclude(&mut self, _end: Time) -> Verdict {
        Verdict::of(self.exercised, "no request had to wait for another")
    }

    fn branch(&self) -> Option<Box<dyn Branch<F>>> {
        Some(Box::new(self.clone()))
    }
}

impl<F> Branch<F> for DeadlockFreedom {
    fn fork(&self) -> Box<dyn Branch<F>> {
        Box::new(self.clone())
    }

    fn memory(&self, state: &mut dyn Hasher) {
        self.requests.memory(state);
    }

    fn heeds(&self, event: &Event<'_>) -> bool {
        tells(event, |seen| !matches!(seen, LockSeen::Deferred { .. }))
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
    fn a_death_breaks_the_circle() {
        let mut history = History::default();
        history.on("n1", granted("1.n1.c1#1", "a x")).on("n2", granted("2.n2.c2#1", "b x"));
        history.on("n1", requested("3.n1.c1#2", "b x")).on("n1", killed()).on("n2", requested("4.n2.c2#2", "a x"));
        assert_holds(&history, DeadlockFreedom::default(), 1);
    }

    #[test]
    fn who_waits_for_what_it_holds_itself_waits_in_the_smallest_circle() {
        let mut history = History::default();
        history.on("n1", granted("1.n1.c1#1", "a x")).on("n1", requested("3.n1.c1#2", "a x"));
        assert_broken(&history, DeadlockFreedom::default(), "clients wait in a circle: c1 waits for c1", "n1#2 n1#1");
    }

    #[test]
    fn one_who_holds_nothing_may_close_the_circle() {
        let mut history = History::default();
        history.on("n1", granted("1.n1.c1#1", "a x")).on("n1", requested("9.n1.c1#2", "b x"));
        history.on("n2", requested("5.n2.c2#1", "a x, b x"));
        let sentence = "clients wait in a circle: c1 waits for c2, c2 waits for c1";
        assert_broken(&history, DeadlockFreedom::default(), sentence, "n1#2 n2#1 n1#1");
    }

    #[test]
    fn a_client_that_waits_with_two_hands_is_in_no_circle() {
        let mut history = History::default();
        history.on("n3", granted("1.n3.c3#1", "a x")).on("n3", requested("2.n3.c3#2", "b x"));
        history.on("n1", requested("3.n1.c1#1", "c x")).on("n2", requested("4.n2.c2#1", "c x"));
        history.on("n1", requested("5.n1.c1#2", "c x"));
        assert_holds(&history, DeadlockFreedom::default(), 2);
    }
}
