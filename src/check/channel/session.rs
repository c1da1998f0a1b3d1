//! `session`: a payload sent to one incarnation of a node is never delivered to another.

use std::collections::BTreeMap;

use super::flows::{Flows, UnderWay};
use crate::check::{Checker, End, Exercised, Exploring, Invariant, Shown, Witness, broken};
use crate::identity::{Actor, EventId, Incarnation, NodeId};
use crate::observation::{ChannelSeen, Observation};
use crate::trace::{Event, Kinds, Record, Verdict, Violation};

/// Checks that a payload is delivered only by the incarnation to which it was sent, and from the peer's incarnation
/// that sent it; that a node which has reported a peer's new incarnation delivers nothing from the old one; and that it
/// reports the new one before it delivers anything from it. Exercised by deliveries.
#[derive(Clone, Debug, Default, Hash)]
pub struct Session {
    flows: Flows,
    /// By node and peer: the peer's incarnation that the node has reported in its own, and the event of the report.
    heard: BTreeMap<(NodeId, NodeId), (Incarnation, Witness<EventId>)>,
    deliveries: Exercised,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant = Invariant::safety(
    "session",
    "a payload sent to one incarnation is never delivered to another, nor after the reset was reported",
);

impl Session {
    fn delivered(
        &mut self,
        record: &Record<'_>,
        node: NodeId,
        from: Incarnation,
        number: u64,
    ) -> Result<(), Violation> {
        let to = self.flows.life(node);
        let was_sent = self.flows.known(from, to).is_some_and(|flow| number <= flow.sent);
        if !was_sent {
            let (sentence, sent) = match self.flows.sent_to(from, node, number) {
                Some((other, event)) => {
                    (format!("{to} delivered {from}'s payload {number}, which was sent to {other}"), Some(event))
                }
                None => (format!("{to} delivered {from}'s payload {number}, which {from} never sent to it"), None),
            };
            let witnesses: Vec<EventId> = sent.into_iter().chain([record.id]).collect();
            return Err(broken(record, sentence, &witnesses));
        }
        match self.heard.insert((node, from.node), (from, Witness(record.id))) {
            Some((heard, event)) if heard != from => {
                let sentence = format!("{to} delivered a payload of {from} when it had last heard of {heard}");
                Err(broken(record, sentence, &[*event, record.id]))
            }
            Some(_) | None => {
                self.deliveries += true;
                Ok(())
            }
        }
    }

    fn start(&mut self, node: NodeId, record: &Record<'_>) {
        self.flows.start(node, record);
        if matches!(record.event, Event::Start { .. }) {
            self.heard.retain(|(at, _), _| *at != node);
        }
    }
}

impl<F> Checker<F> for Session {
    const WANTS: Kinds = Flows::WANTS.with(Kinds::CHANNEL_RESET);
    const EXPLORED: Exploring = Exploring::Always;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        let Actor::Node(node) = record.id.actor else { return Ok(()) };
        let Event::Fact { fact } = &record.event else {
            self.start(node, record);
            return Ok(());
        };
        for seen in fact.observations.iter() {
            match seen {
                Observation::Channel(ChannelSeen::Sent { to, lane, number, payload }) => {
                    let from = self.flows.life(node);
                    let flow = self.flows.flow(from, *to);
                    flow.sent = flow.sent.max(*number);
                    flow.under_way
                        .insert(*number, UnderWay { lane: *lane, payload: *payload, event: Witness(record.id) });
                }
                Observation::Channel(ChannelSeen::Delivered { from, number, .. }) => {
                    self.delivered(record, node, *from, *number)?;
                    let to = self.flows.life(node);
                    self.flows.flow(*from, to).under_way.remove(number);
                }
                Observation::Channel(ChannelSeen::Reset { peer }) => {
                    self.heard.insert((node, peer.node), (*peer, Witness(record.id)));
                }
                Observation::Lock(_)
                | Observation::Replica(_)
                | Observation::Transaction(_)
                | Observation::Consensus(_)
                | Observation::Store(_)
                | Observation::Broadcast { .. }
                | Observation::Compared { .. }
                | Observation::Delivered { .. }
                | Observation::Forged
                | Observation::Resumed { .. } => {}
            }
        }
        Ok(())
    }

    fn conclude(&mut self, _end: &End<'_>) -> Verdict {
        Verdict::of(self.deliveries.0, "nothing was delivered on a channel")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::history::*;
    use crate::identity::LaneId;

    fn sent(to: &str, number: u64) -> Event<'static> {
        channel(ChannelSeen::Sent { to: to.parse().expect("a life"), lane: LaneId::new(1), number, payload: None })
    }

    fn delivered_from(from: &str, number: u64) -> Event<'static> {
        channel(ChannelSeen::Delivered {
            from: from.parse().expect("a life"),
            lane: LaneId::new(1),
            number,
            payload: None,
        })
    }

    fn reset(peer: &str) -> Event<'static> {
        channel(ChannelSeen::Reset { peer: peer.parse().expect("a life") })
    }

    #[test]
    fn a_payload_for_the_dead_is_not_delivered_to_who_is_born_in_their_place() {
        let mut history = History::default();
        history.on("n1", start(1)).on("n2", start(1)).on("n1", sent("n2", 1)).on("n2", killed()).on("n2", start(2));
        history.on("n2", delivered_from("n1", 1));
        let sentence = "n2/2 delivered n1's payload 1, which was sent to n2";
        assert_broken(&history, Session::default(), sentence, "n1#2 n2#4");
    }

    #[test]
    fn a_new_life_of_a_peer_is_told_first_and_its_old_one_is_heard_no_more() {
        let mut history = History::default();
        history.on("n1", start(1)).on("n2", start(1)).on("n1", sent("n2", 1)).on("n1", sent("n2", 2));
        history.on("n2", delivered_from("n1", 1)).on("n1", killed()).on("n1", start(2)).on("n1", sent("n2", 1));
        let mut untold = history.clone();
        untold.on("n2", delivered_from("n1/2", 1));
        let sentence = "n2 delivered a payload of n1/2 when it had last heard of n1";
        assert_broken(&untold, Session::default(), sentence, "n2#2 n2#3");
        history.on("n2", reset("n1/2")).on("n2", delivered_from("n1/2", 1));
        assert_holds(&history, Session::default(), 2);
        history.on("n2", delivered_from("n1", 2));
        let sentence = "n2 delivered a payload of n1 when it had last heard of n1/2";
        assert_broken(&history, Session::default(), sentence, "n2#4 n2#5");
    }

    #[test]
    fn what_was_never_sent_is_not_delivered() {
        let mut history = History::default();
        history.on("n1", start(1)).on("n2", start(1)).on("n2", delivered_from("n1", 1));
        let sentence = "n2 delivered n1's payload 1, which n1 never sent to it";
        assert_broken(&history, Session::default(), sentence, "n2#2");
    }
}
