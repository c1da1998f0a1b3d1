//! `termination`: everything that was opened ends.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::core::Core;
use super::event_class::EventClass;
use super::reasons::{Reason as _, Reasons};
use super::{Checker, End, Exercised, Invariant, Shown};
use crate::identity::{Actor, EventId, NodeId};
use crate::observation::{Course, Matter, Observation};
use crate::time::Time;
use crate::trace::{Event, Kinds, Record, Verdict, Violation};

/// Checks that after quiescence everything that was opened ends: a request for a lock is granted, withdrawn or refused,
/// or its node crashes; an operation on a store is answered, or its client gives it up. Exercised by everything that
/// was opened.
///
/// If quiescence heals a core only, what is open at its nodes counts, and the operations that one of its nodes was asked.
///
/// Observations say what they open and close ([`Observation::course`]). A violation names what is missing and, if the
/// trace shows it, what it waits for.
#[derive(Clone, Debug, Default, Hash)]
pub struct Termination {
    open: BTreeMap<(Scope, Matter), Open>,
    reasons: Reasons,
    opened: Exercised,
    quiescence: Option<Time>,
    core: Core,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant = Invariant::liveness("termination", "after quiescence, everything that was opened ends");

/// The scope in which something is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Scope {
    /// At this node, and ends with the node's crash.
    Node(NodeId),
    /// Independent of any node.
    Everywhere,
}

#[derive(Clone, Debug, Hash)]
struct Open {
    event: EventId,
    since: Time,
    /// The nodes that a client has asked.
    asked: SmallVec<[NodeId; 2]>,
}

/// The maximum number of open items in a sentence.
const NAMED: usize = 3;

/// The scope of a matter that a node reports.
const fn scope(matter: Matter, node: NodeId) -> Scope {
    match matter {
        Matter::Request(_) => Scope::Node(node),
        Matter::Operation(_) => Scope::Everywhere,
    }
}

impl Termination {
    fn open(&mut self, record: &Record<'_>, scope: Scope, matter: Matter, asked: Option<NodeId>) {
        self.opened += true;
        let open = Open { event: record.id, since: record.time, asked: asked.into_iter().collect() };
        self.open.insert((scope, matter), open);
    }

    /// What is open and must end.
    fn owed(&self) -> impl Iterator<Item = (&(Scope, Matter), &Open)> {
        self.open.iter().filter(|((scope, _), open)| match scope {
            Scope::Node(node) => self.core.has(*node),
            Scope::Everywhere => open.asked.iter().any(|node| self.core.has(*node)),
        })
    }

    /// Processes records of clients and of the environment.
    fn see_outside(&mut self, record: &Record<'_>) {
        self.core.see(&record.event);
        let asks = |seen: &Observation| seen.course() == Some(Course::Asks);
        if matches!(record.event, Event::Calm) {
            self.quiescence = Some(record.time);
        } else if let Event::Invoked { op, command, to } = &record.event {
            if command.observations.iter().any(asks) {
                self.open(record, Scope::Everywhere, Matter::Operation(*op), Some(*to));
            }
        } else if let Event::Retried { op, to, .. } = &record.event {
            let open = self.open.get_mut(&(Scope::Everywhere, Matter::Operation(*op)));
            if let Some(open) = open.filter(|open| !open.asked.contains(to)) {
                open.asked.push(*to);
            }
        } else if let Event::Returned { op, .. } | Event::GaveUp { op } = &record.event {
            self.open.remove(&(Scope::Everywhere, Matter::Operation(*op)));
        }
    }

    /// Processes a node's record.
    fn see_node(&mut self, record: &Record<'_>, node: NodeId) {
        if let Event::Fact { fact } = &record.event {
            for course in fact.observations.iter().filter_map(Observation::course) {
                match course {
                    Course::Opens(matter) => self.open(record, scope(matter, node), matter, Some(node)),
                    Course::Closes(matter) => _ = self.open.remove(&(scope(matter, node), matter)),
                    Course::Asks => {}
                }
            }
        } else if EventClass::of(&record.event) == EventClass::Death {
            self.open.retain(|(scope, _), _| *scope != Scope::Node(node));
        }
    }

    /// What is open, since when, and why, as far as the trace shows.
    fn told(&self, (scope, matter): (Scope, Matter), open: &Open) -> String {
        let (node, at) = match scope {
            Scope::Node(node) => (Some(node), format!(" at {node}")),
            Scope::Everywhere => (None, String::new()),
        };
        let why = self.reasons.why(node, matter).map(|why| format!(" ({why})"));
        format!("{matter}{at} since {}ms{}", open.since, why.unwrap_or_default())
    }
}

impl<F> Checker<F> for Termination {
    const WANTS: Kinds = Reasons::WANTS
        .with(Core::WANTS)
        .with(Kinds::INVOKED)
        .with(Kinds::RETRIED)
        .with(Kinds::RETURNED)
        .with(Kinds::GAVE_UP)
        .with(Kinds::CALM)
        .with(Kinds::COURSES)
        .with(Kinds::DEATHS);

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        self.reasons.see(record);
        match record.id.actor {
            Actor::Node(node) => self.see_node(record, node),
            Actor::Client(_) | Actor::Environment => self.see_outside(record),
        }
        Ok(())
    }

    fn is_settled(&self) -> bool {
        self.owed().next().is_none()
    }

    fn conclude(&mut self, end: &End<'_>) -> Verdict {
        let Some(quiescence) = self.quiescence else {
            return Verdict::Vacuous { why: "the run never quiesces, so nothing has to end".to_owned() };
        };
        let open: Vec<_> = self.owed().collect();
        if open.is_empty() {
            return Verdict::of(self.opened.0, "nothing was opened");
        }
        let named = open.iter().take(NAMED);
        let (witnesses, named): (Vec<_>, Vec<_>) =
            named.map(|(matter, open)| (open.event, self.told(**matter, open))).unzip();
        let more = open.len() - named.len();
        let rest = if more > 0 { format!(", and {more} more") } else { String::new() };
        let quiescence = Time::ZERO + end.time.since(quiescence);
        let sentence = format!("still waiting {quiescence}ms after quiescence: {}{rest}", named.join(", "));
        Verdict::Violated(Violation { time: end.time, sentence, witnesses })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::history::*;
    use crate::observation::{ConsensusSeen, LockSeen, StoreCall};

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
        let sentence = "still waiting 0.000ms after quiescence: c1#1 at n1 since 7.000ms (c2#1 at n2 holds what it \
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
            let sentence = format!("still waiting 0.000ms after quiescence: c1#1 since 7.000ms ({cause})");
            assert_broken(&history, Termination::default(), &sentence, "c1#1");
        }
    }

    #[test]
    fn with_a_core_its_nodes_and_what_they_were_asked_must_end() {
        let told = |core_nodes: &[&str]| {
            let mut history = History::default();
            history.on("n1", asked("c1#1")).on("c2", asked_store("c2#1", "k", StoreCall::Read));
            history.on("c2", retried("c2#1", "n3", 2)).on("env", core(core_nodes)).on("env", Event::Calm);
            history
        };
        assert_holds(&told(&["n2"]), Termination::default(), 2);
        let sentence = "still waiting 0.000ms after quiescence: c1#1 at n1 since 0.000ms (its node has not sent it), c2#1 since 0.000ms (nobody has \
                        proposed it; nothing was decided since)";
        assert_broken(&told(&["n1", "n2"]), Termination::default(), sentence, "n1#1 c2#1");
        let sentence = "still waiting 0.000ms after quiescence: c2#1 since 0.000ms (nobody has proposed it; nothing was decided since)";
        assert_broken(&told(&["n2", "n3"]), Termination::default(), sentence, "c2#1");
    }

    #[test]
    fn without_a_calm_or_a_request_nothing_is_owed() {
        let mut history = History::default();
        history.on("n1", asked("c1#1"));
        assert_vacuous(&history, Termination::default(), "the run never quiesces, so nothing has to end");
        let mut history = History::default();
        history.on("env", Event::Calm);
        assert_vacuous(&history, Termination::default(), "nothing was opened");
    }
}
