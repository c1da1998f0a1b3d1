//! `deadlock-freedom`: the wait-for graph of the clients' locks has no cycle.

use std::collections::BTreeSet;

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;

use super::gray;
use super::requests::{Live, RequestState, Requests};
use super::{Told, told};
use crate::check::{Checker, Derived, End, Exercised, Exploring, Invariant, Shown, broken};
use crate::identity::{ClientId, EventId, NodeId, OpId};
use crate::observation::LockSeen;
use crate::trace::{Kinds, Record, Verdict, Violation};

/// Checks that the live waiters never form a cycle. A request waits for incompatible grants and, once it is sent, for
/// incompatible open requests with an earlier stamp; a grant waits for what its client has requested since. Exercised
/// by requests that have to wait when they are sent.
///
/// Waits between requests lead to earlier stamps, so a cycle contains a grant whose client waits: while there is no
/// such client, the graph is not built.
#[derive(Clone, Debug, Default, Hash)]
pub struct DeadlockFreedom {
    requests: Requests,
    /// Clients that hold one lock and wait for another; some may no longer do so.
    entangled: Derived<BTreeSet<ClientId>>,
    exercised: Exercised,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant = Invariant::safety("deadlock-freedom", "the wait-for graph of clients has no cycle");

/// An operation at a node.
type RequestKey = (NodeId, OpId);

/// Whether a request waits for the end of another request or grant.
fn waits(mine: &Live, other: &Live) -> bool {
    let before = match (mine.state, other.state) {
        (RequestState::Asked | RequestState::Open(_), RequestState::Granted(_)) => true,
        (RequestState::Open(mine), RequestState::Open(other)) => other < mine,
        (RequestState::Asked, RequestState::Asked | RequestState::Open(_))
        | (RequestState::Open(_), RequestState::Asked)
        | (RequestState::Granted(_), _) => false,
    };
    before && gray::conflict(&mine.claims, &other.claims)
}

/// Whether a grant cannot end before a request does, because its client made that request after it.
fn is_kept_for(held: (OpId, &Live), wanted: (OpId, &Live)) -> bool {
    let ((held, grant), (wanted, request)) = (held, wanted);
    held.client == wanted.client && held.number < wanted.number && grant.is_granted() && !request.is_granted()
}

impl DeadlockFreedom {
    /// A client requested a lock or got it: if some client holds one lock and waits for another, a cycle may have
    /// formed.
    fn moved(&mut self, record: &Record<'_>, client: ClientId) -> Result<(), Violation> {
        if self.is_entangled(client) {
            self.entangled.insert(client);
        }
        if self.entangled.is_empty() {
            return Ok(());
        }
        let mut entangled = std::mem::take(&mut *self.entangled);
        entangled.retain(|client| self.is_entangled(*client));
        self.entangled = Derived(entangled);
        match self.circle() {
            Some(circle) => Err(self.violation(record, &circle)),
            None => Ok(()),
        }
    }

    fn is_entangled(&self, client: ClientId) -> bool {
        let own = || self.requests.iter().filter(|(_, op, _)| op.client == client).map(|(_, op, live)| (op, live));
        own().any(|held| own().any(|wanted| is_kept_for(held, wanted)))
    }

    /// A cycle: each operation waits for the next, and the last for the first.
    fn circle(&self) -> Option<Vec<RequestKey>> {
        if self.entangled.is_empty() {
            return None;
        }
        let mut graph: DiGraphMap<RequestKey, ()> = DiGraphMap::new();
        for (node, op, live) in self.requests.iter() {
            for (at, other, obstacle) in self.requests.iter() {
                if waits(live, obstacle) || is_kept_for((op, live), (other, obstacle)) {
                    graph.add_edge((node, op), (at, other), ());
                }
            }
        }
        let members = tarjan_scc(&graph).into_iter().find(|component| component.len() > 1)?;
        let is_waiting =
            |(node, op): &&RequestKey| self.requests.get(*node, *op).is_some_and(|live| !live.is_granted());
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

    /// The violation for a cycle, client by client; waits of a client for itself are omitted.
    fn violation(&self, record: &Record<'_>, circle: &[RequestKey]) -> Violation {
        let live = |(node, op): RequestKey| self.requests.get(node, op).expect("it is in the circle");
        let next = circle.iter().cycle().skip(1);
        let edges = circle.iter().zip(next).filter(|(mine, _)| !live(**mine).is_granted());
        let edges: Vec<(&RequestKey, &RequestKey)> = edges.collect();
        let said: Vec<String> =
            edges.iter().map(|((_, mine), (_, other))| format!("{} waits for {}", mine.client, other.client)).collect();
        let mut witnesses: Vec<EventId> =
            edges.iter().flat_map(|(mine, other)| [*live(**mine).event, *live(**other).event]).collect();
        witnesses.dedup();
        broken(record, format!("the wait-for graph has a cycle: {}", said.join(", ")), &witnesses)
    }

    /// A request was sent: counts whether it has to wait.
    fn sent(&mut self, node: NodeId, op: OpId) {
        let mine = self.requests.get(node, op).expect("it was just sent");
        self.exercised += self.requests.iter().any(|(_, _, other)| waits(mine, other));
    }
}

impl<F> Checker<F> for DeadlockFreedom {
    const WANTS: Kinds = Requests::WANTS;
    const EXPLORED: Exploring = Exploring::Always;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
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
                    | LockSeen::Called { .. },
                )
                | Told::Death(_) => {}
            }
        }
        Ok(())
    }

    fn conclude(&mut self, _end: &End<'_>) -> Verdict {
        Verdict::of(self.exercised.0, "no request had to wait for another")
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
        let sentence = "the wait-for graph has a cycle: c1 waits for c2, c2 waits for c1";
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
        assert_broken(
            &history,
            DeadlockFreedom::default(),
            "the wait-for graph has a cycle: c1 waits for c1",
            "n1#2 n1#1",
        );
    }

    #[test]
    fn one_who_holds_nothing_may_close_the_circle() {
        let mut history = History::default();
        history.on("n1", granted("1.n1.c1#1", "a x")).on("n1", requested("9.n1.c1#2", "b x"));
        history.on("n2", requested("5.n2.c2#1", "a x, b x"));
        let sentence = "the wait-for graph has a cycle: c1 waits for c2, c2 waits for c1";
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
