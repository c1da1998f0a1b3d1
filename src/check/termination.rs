//! `termination`: whatever was opened comes to an end.

use std::collections::BTreeMap;

use super::deed::Deed;
use super::locks::gray;
use super::{Checker, Invariant};
use crate::identity::{Actor, EventId, NodeId, OpId};
use crate::observation::{Bid, Claims, ConsensusSeen, LockSeen, LockStamp, Observation};
use crate::time::Time;
use crate::trace::{Event, Kinds, Record, Verdict, Violation};

/// Says that after the calm everything that was opened ends: a request for a lock is granted, withdrawn or refused, or its
/// node dies; an operation on a store is answered, or its client gives it up. Exercised by what was opened.
///
/// It names what is missing and, where the trace tells, what it waits for.
#[derive(Clone, Debug, Default)]
pub struct Termination {
    open: BTreeMap<(NodeId, OpId), Open>,
    /// What is held, for the sentence.
    held: BTreeMap<(NodeId, OpId), Claims>,
    /// Operations on a store.
    asked: BTreeMap<OpId, Asked>,
    /// How many slots were decided since the last of them was asked.
    decided: u64,
    opened: u64,
    calm: Option<Time>,
}

/// What it is, for `list` and `explain`.
pub const ABOUT: Invariant = Invariant::liveness("termination", "after the calm whatever was opened comes to an end");

#[derive(Clone, Debug)]
struct Open {
    event: EventId,
    since: Time,
    claims: Claims,
    stamp: Option<LockStamp>,
}

#[derive(Clone, Debug)]
struct Asked {
    event: EventId,
    since: Time,
    /// Where it was proposed last, and whether that was decided.
    proposed: Option<(Bid, bool)>,
}

/// How many of the missing a sentence names.
const NAMED: usize = 3;

impl Termination {
    fn see_lock(&mut self, record: &Record<'_>, node: NodeId, seen: &LockSeen) {
        match seen {
            LockSeen::Asked { op, claims, turn: _ } => {
                self.opened += 1;
                let open = Open { event: record.id, since: record.time, claims: claims.clone(), stamp: None };
                self.open.insert((node, *op), open);
            }
            LockSeen::Requested { stamp, .. } => {
                if let Some(open) = self.open.get_mut(&(node, stamp.op)) {
                    open.stamp = Some(*stamp);
                }
            }
            LockSeen::Granted { stamp, claims } => {
                self.open.remove(&(node, stamp.op));
                self.held.insert((node, stamp.op), claims.clone());
            }
            LockSeen::Released { op } => _ = self.held.remove(&(node, *op)),
            LockSeen::Withdrawn { op } | LockSeen::Refused { op, .. } => _ = self.open.remove(&(node, *op)),
            LockSeen::Deferred { .. } | LockSeen::Guarded { .. } | LockSeen::Fenced { .. } => {}
            LockSeen::WroteGuarded { .. } | LockSeen::Called { .. } | LockSeen::Told { .. } => {}
        }
    }

    /// Takes in what clients do, and the calm.
    fn see_outside(&mut self, record: &Record<'_>) {
        let of_store = |seen: &Observation| matches!(seen, Observation::Store(_));
        if matches!(record.event, Event::Calm) {
            self.calm = Some(record.time);
        }
        if let Event::Invoked { op, command, .. } = &record.event
            && command.observations.iter().any(of_store)
        {
            self.opened += 1;
            self.decided = 0;
            self.asked.insert(*op, Asked { event: record.id, since: record.time, proposed: None });
        } else if let Event::Returned { op, .. } | Event::GaveUp { op } = &record.event {
            self.asked.remove(op);
        }
    }

    /// Takes in what becomes of operations on a store.
    fn see_consensus(&mut self, seen: &ConsensusSeen) {
        if let ConsensusSeen::Proposed { bid, ops } = seen {
            for op in ops {
                if let Some(asked) = self.asked.get_mut(op) {
                    asked.proposed = Some((*bid, false));
                }
            }
        } else if let ConsensusSeen::Committed { bid } = seen {
            self.decided += 1;
            for (proposed, decided) in self.asked.values_mut().filter_map(|asked| asked.proposed.as_mut()) {
                *decided |= (proposed.slot, proposed.value) == (bid.slot, bid.value);
            }
        }
    }

    /// What an operation on a store waits for, as far as the trace tells.
    fn stalled(&self, asked: &Asked) -> String {
        match asked.proposed {
            Some((Bid { slot, .. }, true)) => format!("decided in slot {slot}, and nobody has told its client"),
            Some((Bid { slot, ballot, .. }, false)) if self.decided == 0 => {
                format!("proposed in slot {slot} under {ballot}; nothing was decided since")
            }
            Some((Bid { slot, ballot, .. }, false)) => {
                format!("proposed in slot {slot} under {ballot}; other slots were decided since")
            }
            None if self.decided == 0 => "nobody has proposed it; nothing was decided since".to_owned(),
            None => "nobody has proposed it; other slots were decided since".to_owned(),
        }
    }

    /// Why a request has not come to an end, as far as the trace tells.
    fn why(&self, open: &Open) -> String {
        let held = self.held.iter().find(|(_, claims)| gray::conflict(claims, &open.claims));
        match (held, open.stamp) {
            (Some(((node, op), _)), _) => format!("{op} at {node} holds what it conflicts with"),
            (None, None) => "its node has not sent it".to_owned(),
            (None, Some(_)) => "nobody holds what it conflicts with".to_owned(),
        }
    }
}

impl<F> Checker<F> for Termination {
    fn see(&mut self, record: &Record<'_>, _fact: Option<&F>) -> Result<(), Violation> {
        let Actor::Node(node) = record.id.actor else {
            self.see_outside(record);
            return Ok(());
        };
        if let Event::Fact { fact } = &record.event {
            for seen in fact.observations.iter() {
                if let Observation::Lock(seen) = seen {
                    self.see_lock(record, node, seen);
                }
                if let Observation::Consensus(seen) = seen {
                    self.see_consensus(seen);
                }
            }
        } else if Deed::of(&record.event) == Deed::Death {
            self.open.retain(|(at, _), _| *at != node);
            self.held.retain(|(at, _), _| *at != node);
        }
        Ok(())
    }

    fn wants(&self) -> Kinds {
        Kinds::INVOKED
            .with(Kinds::RETURNED)
            .with(Kinds::GAVE_UP)
            .with(Kinds::CALM)
            .with(Kinds::FACT)
            .with(Kinds::DEATHS)
    }

    fn is_settled(&self) -> bool {
        self.open.is_empty() && self.asked.is_empty()
    }

    fn conclude(&mut self, end: Time) -> Verdict {
        let Some(calm) = self.calm else {
            return Verdict::Vacuous { why: "the run has no calm, after which an end is owed".to_owned() };
        };
        let requests = self.open.iter().map(|((node, op), open)| {
            (open.event, format!("{op} at {node} since {}ms ({})", open.since, self.why(open)))
        });
        let operations = self
            .asked
            .iter()
            .map(|(op, asked)| (asked.event, format!("{op} since {}ms ({})", asked.since, self.stalled(asked))));
        let missing = self.open.len() + self.asked.len();
        if missing == 0 {
            return Verdict::of(self.opened, "nothing was opened");
        }
        let (witnesses, named): (Vec<_>, Vec<_>) = requests.chain(operations).take(NAMED).unzip();
        let more = missing - named.len();
        let rest = if more > 0 { format!(", and {more} more") } else { String::new() };
        let calm = Time::ZERO + end.since(calm);
        let sentence = format!("still waiting, though all has been calm for {calm}ms: {}{rest}", named.join(", "));
        Verdict::Violated(Violation { time: end, sentence, witnesses })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::history::*;
    use crate::observation::StoreCall;

    fn asked(op: &str) -> Event<'static> {
        lock(LockSeen::Asked { op: op.parse().expect("an operation"), claims: claims_of("a x"), turn: None })
    }

    #[test]
    fn every_end_is_an_end() {
        for end in [granted("1.n1.c1#1", "a x"), withdrawn("c1#1"), killed()] {
            let mut history = History::default();
            history.on("n1", asked("c1#1")).on("env", Event::Calm).on("n1", end);
            assert_holds(&history, Termination::default(), 1);
        }
    }

    #[test]
    fn what_is_missing_is_named_with_its_cause() {
        let mut history = History::default();
        history.at(7).on("n1", asked("c1#1")).on("n1", requested("1.n1.c1#1", "a x"));
        history.on("n2", granted("2.n2.c2#1", "a x")).at(9).on("env", Event::Calm);
        let sentence = "still waiting, though all has been calm for 0.000ms: c1#1 at n1 since 7.000ms (c2#1 at n2 holds what it \
                        conflicts with)";
        assert_broken(&history, Termination::default(), sentence, "n1#1");
    }

    #[test]
    fn an_operation_that_is_not_answered_is_named_with_what_it_waits_for() {
        let asked = |history: &mut History| {
            history.at(7).on("c1", asked_store("c1#1", "k", StoreCall::Read)).on("env", Event::Calm);
        };
        let proposed = || {
            let ops = vec!["c1#1".parse().expect("an operation")];
            consensus(ConsensusSeen::Proposed { bid: bid(3, "1.n1", 7), ops })
        };
        for (events, cause) in [
            (vec![], "nobody has proposed it; nothing was decided since"),
            (vec![committed(2, "1.n1", 6)], "nobody has proposed it; other slots were decided since"),
            (vec![proposed()], "proposed in slot 3 under 1.n1; nothing was decided since"),
            (
                vec![proposed(), committed(3, "2.n2", 8)],
                "proposed in slot 3 under 1.n1; other slots were decided since",
            ),
            (vec![proposed(), committed(3, "2.n2", 7)], "decided in slot 3, and nobody has told its client"),
        ] {
            let mut history = History::default();
            asked(&mut history);
            events.into_iter().for_each(|event| _ = history.on("n1", event));
            let sentence = format!("still waiting, though all has been calm for 0.000ms: c1#1 since 7.000ms ({cause})");
            assert_broken(&history, Termination::default(), &sentence, "c1#1");
        }
    }

    #[test]
    fn without_a_calm_or_a_request_nothing_is_owed() {
        let mut history = History::default();
        history.on("n1", asked("c1#1"));
        assert_vacuous(&history, Termination::default(), "the run has no calm, after which an end is owed");
        let mut history = History::default();
        history.on("env", Event::Calm);
        assert_vacuous(&history, Termination::default(), "nothing was opened");
    }
}
