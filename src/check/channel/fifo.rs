//! `fifo`: a session delivers its payloads once and in order.

use super::flows::{Flows, UnderWay};
use crate::check::{Checker, End, Exercised, Exploring, Invariant, Shown, Witness, broken};
use crate::identity::{Actor, Incarnation, NodeId};
use crate::observation::{ChannelSeen, Observation};
use crate::trace::{Event, Kinds, Record, Verdict, Violation};

/// Checks that in each session and direction payloads are numbered from 1 and delivered in that order, each once, on
/// the lane on which it was sent, and unchanged. A delivery in another session than that of the send is checked by
/// `session`. Exercised by deliveries.
#[derive(Clone, Debug, Default, Hash)]
pub struct Fifo {
    flows: Flows,
    deliveries: Exercised,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant =
    Invariant::safety("fifo", "within a session, payloads are delivered once and in the order in which they were sent");

impl Fifo {
    fn sent(
        &mut self,
        record: &Record<'_>,
        node: NodeId,
        to: Incarnation,
        number: u64,
        sent: UnderWay,
    ) -> Result<(), Violation> {
        let from = self.flows.life(node);
        let flow = self.flows.flow(from, to);
        if number != flow.sent + 1 {
            let sentence = format!("{from} numbered a payload to {to} {number} after {}", flow.sent);
            return Err(broken(record, sentence, &[record.id]));
        }
        flow.sent = number;
        flow.under_way.insert(number, sent);
        Ok(())
    }

    fn delivered(
        &mut self,
        record: &Record<'_>,
        node: NodeId,
        from: Incarnation,
        number: u64,
        came: UnderWay,
    ) -> Result<(), Violation> {
        let to = self.flows.life(node);
        let Some(flow) = self.flows.known(from, to) else { return Ok(()) };
        let (last, before) = flow.delivered.map_or((0, None), |(number, event)| (number, Some(*event)));
        if number != last + 1 {
            let sentence = format!("{to} delivered {from}'s payload {number} after {last}");
            let witnesses: Vec<_> = before.into_iter().chain([record.id]).collect();
            return Err(broken(record, sentence, &witnesses));
        }
        match flow.under_way.remove(&number) {
            Some(UnderWay { lane, event, .. }) if lane != came.lane => {
                let sentence = format!("{to} delivered {from}'s payload {number} to another protocol than sent it");
                return Err(broken(record, sentence, &[*event, record.id]));
            }
            Some(UnderWay { payload, event, .. }) if payload != came.payload => {
                let sentence =
                    format!("{to} delivered as {from}'s payload {number} what was not sent under that number");
                return Err(broken(record, sentence, &[*event, record.id]));
            }
            Some(_) => {}
            None => {
                let sentence = format!("{to} delivered {from}'s payload {number}, which was never sent");
                return Err(broken(record, sentence, &[record.id]));
            }
        }
        flow.delivered = Some((number, Witness(record.id)));
        self.deliveries += true;
        Ok(())
    }
}

impl<F> Checker<F> for Fifo {
    const WANTS: Kinds = Flows::WANTS;
    const EXPLORED: Exploring = Exploring::Always;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        let Actor::Node(node) = record.id.actor else { return Ok(()) };
        let Event::Fact { fact } = &record.event else {
            self.flows.start(node, record);
            return Ok(());
        };
        for seen in fact.observations.iter() {
            match seen {
                Observation::Channel(ChannelSeen::Sent { to, lane, number, payload }) => {
                    let sent = UnderWay { lane: *lane, payload: *payload, event: Witness(record.id) };
                    self.sent(record, node, *to, *number, sent)?;
                }
                Observation::Channel(ChannelSeen::Delivered { from, lane, number, payload }) => {
                    let came = UnderWay { lane: *lane, payload: *payload, event: Witness(record.id) };
                    self.delivered(record, node, *from, *number, came)?;
                }
                Observation::Channel(ChannelSeen::Reset { .. })
                | Observation::Lock(_)
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
    use crate::observation::PayloadId;

    /// The content of each payload of these histories.
    const HELD: Option<PayloadId> = Some(PayloadId(7));

    fn sent(to: &str, number: u64) -> Event<'static> {
        let to = to.parse().expect("a life");
        channel(ChannelSeen::Sent { to, lane: LaneId::new(1), number, payload: HELD })
    }

    fn delivered_as(from: &str, number: u64, payload: Option<PayloadId>) -> Event<'static> {
        let from = from.parse().expect("a life");
        channel(ChannelSeen::Delivered { from, lane: LaneId::new(1), number, payload })
    }

    fn delivered_from(from: &str, number: u64) -> Event<'static> {
        delivered_as(from, number, HELD)
    }

    fn two_sent() -> History {
        let mut history = History::default();
        history.on("n1", start(1)).on("n2", start(1)).on("n1", sent("n2", 1)).on("n1", sent("n2", 2));
        history
    }

    #[test]
    fn in_order_and_once() {
        let mut history = two_sent();
        history.on("n2", delivered_from("n1", 1)).on("n2", delivered_from("n1", 2));
        assert_holds(&history, Fifo::default(), 2);
        history.on("n2", delivered_from("n1", 2));
        assert_broken(&history, Fifo::default(), "n2 delivered n1's payload 2 after 2", "n2#3 n2#4");
    }

    #[test]
    fn a_gap_shows() {
        let mut history = two_sent();
        history.on("n2", delivered_from("n1", 2));
        assert_broken(&history, Fifo::default(), "n2 delivered n1's payload 2 after 0", "n2#2");
    }

    #[test]
    fn nothing_comes_that_was_not_sent_or_for_another() {
        let mut history = two_sent();
        history.on("n2", delivered_from("n1", 1)).on("n2", delivered_from("n1", 2)).on("n2", delivered_from("n1", 3));
        assert_broken(&history, Fifo::default(), "n2 delivered n1's payload 3, which was never sent", "n2#4");
        let mut history = two_sent();
        let from = "n1".parse().expect("a life");
        history.on("n2", channel(ChannelSeen::Delivered { from, lane: LaneId::new(2), number: 1, payload: HELD }));
        let sentence = "n2 delivered n1's payload 1 to another protocol than sent it";
        assert_broken(&history, Fifo::default(), sentence, "n1#2 n2#2");
    }

    #[test]
    fn what_comes_is_what_was_sent() {
        let mut history = two_sent();
        history.on("n2", delivered_from("n1", 1)).on("n2", delivered_as("n1", 2, Some(PayloadId(8))));
        let sentence = "n2 delivered as n1's payload 2 what was not sent under that number";
        assert_broken(&history, Fifo::default(), sentence, "n1#3 n2#3");
    }
}
