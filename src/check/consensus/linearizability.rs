//! `linearizability`: clients cannot distinguish the store from one that executes one operation at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::key_history::KeyHistory;
use super::{keyspaces, told, written};
use crate::check::linearizability::history::{Decision, Op, Proof, ValueId};
use crate::check::linearizability::{Impossible, Linearizer, Model, Moment, Seen, Transcript, Unexplained};
use crate::check::{Checker, End, Exercised, Exploring, Invariant, RunOnly, Shown, Witness, broken};
use crate::identity::{EventId, OpId};
use crate::observation::{ConsensusSeen, Observation, Slot, StoreAnswer, StoreCall, StoreSeen, ValueText};
use crate::trace::{Event, Kinds, Record, Said, Verdict, Violation};

/// Checks that every operation on a key appears to take effect at one instant between its call and its answer. An
/// operation without an answer may have taken effect or not. Judged online, from clients' records alone. A key with too
/// many possible orders is judged as a whole, from time to time and at the end: as a history of another system is, and
/// then by the order of the log. Exercised by answers.
#[derive(Clone, Debug, Default, Hash)]
pub struct Linearizability {
    keys: BTreeMap<Arc<str>, Object>,
    /// The state for keys that are judged at the end.
    told: RunOnly<Log>,
    open: BTreeMap<OpId, Arc<str>>,
    /// Whether the keys of a keyspace are replicated, and so not judged; by prefix.
    replicated: BTreeMap<Arc<str>, bool>,
    /// The event that invoked each operation of the longest orders.
    called: Witness<BTreeMap<OpId, EventId>>,
    exercised: Exercised,
}

/// The information of the log about operations.
#[derive(Clone, Debug, Default)]
struct Log {
    /// By slot: the operations that took effect in it, in order, according to the first node that reported it.
    log: BTreeMap<Slot, Vec<OpId>>,
    /// By slot that no node has reported: the operations in its decision, as written to a disk. A crash after the sync
    /// may drop the facts of all nodes that could report it.
    written: BTreeMap<Slot, Vec<OpId>>,
    /// Operations whose clients never learn whether they took effect.
    unknown: BTreeSet<OpId>,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant = Invariant::safety(
    "linearizability",
    "every operation seems to happen at one instant between its call and its answer",
);

/// The work allowed for a key in addition to what its answers earn: a checker in a sweep has little memory.
const BUDGET: usize = 100_000;

/// The steps allowed for a search of a whole key.
const STEPS: usize = 100_000;

/// Up to this many operations with an uncertain effect, every combination is tried.
const DOUBTFUL: usize = 6;

/// A key, and the clients' observations of it.
#[derive(Clone, Debug, Hash)]
struct Object {
    search: Linearizer<Register, OpId>,
    /// The observations, by which the key is judged as a whole if the search gives up.
    transcript: RunOnly<Transcript<Register, OpId>>,
    /// The event of each observation.
    events: RunOnly<Vec<EventId>>,
    /// The number of observations at which the key is judged as a whole.
    due: RunOnly<usize>,
}

impl Object {
    fn new() -> Self {
        let (search, transcript) = (Linearizer::new(Register, BUDGET), RunOnly::default());
        Self { search, transcript, events: RunOnly::default(), due: RunOnly(0) }
    }

    fn call(&mut self, op: OpId, call: &StoreCall, event: EventId) {
        self.search.call(op, call.clone());
        self.transcript.call(op, call.clone());
        self.events.push(event);
    }

    fn answer(
        &mut self,
        op: OpId,
        answer: &StoreAnswer,
        event: EventId,
    ) -> Result<(), Box<Impossible<StoreAnswer, OpId>>> {
        self.transcript.answer(op, answer.clone());
        self.events.push(event);
        self.search.answer(op, answer)
    }

    fn fail(&mut self, op: OpId, event: EventId) -> Result<(), Box<Impossible<StoreAnswer, OpId>>> {
        self.transcript.fail(op);
        self.events.push(event);
        self.search.fail(op)
    }

    /// Whether the search has given up, and there are twice as many observations as when the whole was judged last.
    fn is_due(&mut self) -> bool {
        let is_due = self.search.undecided() && self.events.len() >= *self.due;
        if is_due {
            *self.due = self.events.len() * 2;
        }
        is_due
    }

    /// Judges the whole key: whether it is decided that some order explains it, or the sentence and the operations that
    /// prove that none does.
    fn judge(&self, key: &str) -> Result<bool, (String, Vec<OpId>)> {
        let Some(history) = KeyHistory::of(&self.transcript) else { return Ok(false) };
        match history.decide(STEPS) {
            Decision::Holds => Ok(true),
            Decision::Undecided(..) => Ok(false),
            Decision::Proven(_, Proof { of, why, ops }) => {
                let names: Vec<OpId> = ops.iter().chain([&of]).map(|op| history.name(*op)).collect();
                let beside = names[..ops.len()].iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                let beside = if ops.is_empty() { String::new() } else { format!(": {beside}") };
                Err((format!("{}; {why}{beside}", self.told(key, history.name(of))), names))
            }
            Decision::Impossible(unexplained, possible) => {
                Err(self.unexplained(key, &history, &unexplained, &possible))
            }
        }
    }

    fn unexplained(
        &self,
        key: &str,
        history: &KeyHistory,
        unexplained: &Unexplained<Op>,
        possible: &[Seen<ValueId>],
    ) -> (String, Vec<OpId>) {
        let Unexplained { name, order, .. } = unexplained;
        let possible: Vec<String> = possible.iter().map(|seen| text(&history.answer(*seen))).collect();
        let possible = match &possible[..] {
            [] => "no order of the operations explains it with what was answered before".to_owned(),
            possible => format!("it could have been answered {}", possible.join(", or ")),
        };
        let names = order.iter().chain([name]).map(|op| history.name(*op)).collect();
        (format!("{}; {possible}", self.told(key, history.name(*name))), names)
    }

    /// An operation and its answer.
    fn told(&self, key: &str, op: OpId) -> String {
        let answer = self.transcript.moments().iter().find_map(|moment| match moment {
            Moment::Answered(name, answer) if *name == op => Some(answer),
            Moment::Called(..) | Moment::Answered(..) | Moment::Failed(_) => None,
        });
        match answer {
            Some(answer) => format!("{op} on {key} was answered {}", text(answer)),
            None => format!("{op} on {key} has no answer"),
        }
    }

    /// The events of these operations: of each its call, then its end.
    fn events_of(&self, ops: &[OpId]) -> Vec<EventId> {
        let of = |op: OpId| {
            let events = self.transcript.moments().iter().zip(&*self.events);
            events.filter(move |(moment, _)| moment.name() == op).map(|(_, event)| *event)
        };
        ops.iter().flat_map(|op| of(*op)).collect()
    }

    /// Whether this order explains the clients' observations.
    fn is_explained_by(&self, order: &[OpId]) -> bool {
        self.transcript.is_explained_by(&mut Register, order.iter().copied())
    }
}

/// A key as a register.
#[derive(Clone, Copy, Debug, Hash)]
struct Register;

impl Model for Register {
    type Call = StoreCall;
    type Answer = StoreAnswer;
    type State = Option<ValueText>;

    fn start(&self) -> Self::State {
        None
    }

    fn step(&mut self, state: &Self::State, call: &StoreCall) -> (StoreAnswer, Self::State) {
        match call {
            StoreCall::Read => (StoreAnswer::Value { value: state.clone() }, state.clone()),
            StoreCall::Put { value } => (StoreAnswer::Done, Some(Arc::clone(value))),
            StoreCall::Delete => (StoreAnswer::Done, None),
            StoreCall::Cas { old, new } if old == state => (StoreAnswer::Done, Some(Arc::clone(new))),
            StoreCall::Cas { .. } => (StoreAnswer::Mismatch, state.clone()),
            StoreCall::Append { value } => match state.as_deref().map(|list| list.strip_suffix(']')) {
                None => (StoreAnswer::Done, Some(format!("[{value}]").into())),
                Some(Some("[")) => (StoreAnswer::Done, Some(format!("[{value}]").into())),
                Some(Some(items)) if items.starts_with('[') => {
                    (StoreAnswer::Done, Some(format!("{items},{value}]").into()))
                }
                Some(Some(_) | None) => (StoreAnswer::Mismatch, state.clone()),
            },
        }
    }

    fn may_change(&self, call: &StoreCall, answer: Option<&StoreAnswer>) -> bool {
        match call {
            StoreCall::Read => false,
            StoreCall::Put { .. } | StoreCall::Delete | StoreCall::Cas { .. } | StoreCall::Append { .. } => {
                answer != Some(&StoreAnswer::Mismatch)
            }
        }
    }

    fn forgets(&self, call: &StoreCall, answer: &StoreAnswer) -> bool {
        match call {
            StoreCall::Read | StoreCall::Append { .. } => false,
            StoreCall::Put { .. } | StoreCall::Delete | StoreCall::Cas { .. } => self.may_change(call, Some(answer)),
        }
    }
}

impl Log {
    /// The operations that took effect, in the order of the log. For a slot that no node reported, these are the
    /// operations of its decision, except those that were answered otherwise. An operation without any answer may have
    /// come too late to take effect: for a few such operations, both cases are tried.
    fn orders(&self) -> impl Iterator<Item = Vec<OpId>> {
        let doubtful = self.written.values().flatten().filter(|op| self.unknown.contains(op));
        let doubtful: Vec<OpId> = doubtful.copied().take(DOUBTFUL).collect();
        (0..1_u32 << doubtful.len()).map(move |without| {
            let is_out = |op: &OpId| doubtful.iter().position(|one| one == op).is_some_and(|at| without >> at & 1 == 1);
            let mut log: BTreeMap<Slot, Vec<OpId>> = self.written.clone();
            log.values_mut().for_each(|ops| ops.retain(|op| !is_out(op)));
            log.extend(self.log.iter().map(|(slot, done)| (*slot, done.clone())));
            log.into_values().flatten().collect()
        })
    }
}

impl Linearizability {
    /// Whether the longest prefix of a key among the keyspaces is that of a replicated one.
    fn is_replicated(&self, key: &str) -> bool {
        let spaces = self.replicated.iter().filter(|(prefix, _)| key.starts_with(&***prefix));
        spaces.max_by_key(|(prefix, _)| prefix.len()).is_some_and(|(_, is_replicated)| *is_replicated)
    }

    fn called(&mut self, record: &Record<'_>, op: OpId, command: &Said<'_>) {
        for seen in command.observations.iter() {
            if let Observation::Store(StoreSeen::Asked { key, call, .. }) = seen
                && !self.is_replicated(key)
            {
                self.keys.entry(Arc::clone(key)).or_insert_with(Object::new).call(op, call, record.id);
                self.open.insert(op, Arc::clone(key));
                self.called.insert(op, record.id);
            }
        }
    }

    fn answered(&mut self, record: &Record<'_>, op: OpId, reply: &Said<'_>) -> Result<(), Violation> {
        for seen in reply.observations.iter() {
            let Observation::Store(StoreSeen::Told { answer }) = seen else { continue };
            let Some(key) = self.open.remove(&op) else { continue };
            let object = self.keys.get_mut(&key).expect("it was called there");
            let verdict = match answer {
                StoreAnswer::Unknown | StoreAnswer::Expired => {
                    object.search.abandon(op);
                    self.told.unknown.insert(op);
                    continue;
                }
                StoreAnswer::Refused { .. } => {
                    self.told.written.values_mut().for_each(|ops| ops.retain(|written| *written != op));
                    object.fail(op, record.id)
                }
                StoreAnswer::Value { .. } | StoreAnswer::Done | StoreAnswer::Mismatch => {
                    object.answer(op, answer, record.id)
                }
            };
            self.exercised += true;
            if object.is_due()
                && let Err((sentence, ops)) = object.judge(&key)
            {
                return Err(broken(record, sentence, &object.events_of(&ops)));
            }
            verdict.map_err(|impossible| self.explain(record, &key, answer, &impossible))?;
        }
        Ok(())
    }

    #[cold]
    fn explain(
        &self,
        record: &Record<'_>,
        key: &str,
        answer: &StoreAnswer,
        impossible: &Impossible<StoreAnswer, OpId>,
    ) -> Violation {
        let Impossible { name, possible, order, changes } = impossible;
        let possible: Vec<String> = possible.iter().map(text).collect();
        let possible = if possible.is_empty() { "nothing".to_owned() } else { possible.join(", or ") };
        let order: Vec<String> = order.iter().map(ToString::to_string).collect();
        let sentence = format!(
            "{name} on {key} was answered {}, and could have been answered {possible}: a longest order of what was \
             answered before has {changes} {}, and ends with {}",
            text(answer),
            if *changes == 1 { "change" } else { "changes" },
            if order.is_empty() { "none".to_owned() } else { order.join(", ") },
        );
        let witnesses: Vec<EventId> = impossible
            .order
            .iter()
            .chain([name])
            .filter_map(|op| self.called.get(op).copied())
            .chain([record.id])
            .collect();
        broken(record, sentence, &witnesses)
    }
}

fn text(answer: &StoreAnswer) -> String {
    match answer {
        StoreAnswer::Value { value: None } => "that there is nothing".to_owned(),
        StoreAnswer::Value { value: Some(value) } => value.to_string(),
        StoreAnswer::Done => "done".to_owned(),
        StoreAnswer::Mismatch => "that it does not hold what was expected".to_owned(),
        StoreAnswer::Refused { .. } => "that it is refused".to_owned(),
        StoreAnswer::Unknown | StoreAnswer::Expired => "nothing".to_owned(),
    }
}

impl<F> Checker<F> for Linearizability {
    const WANTS: Kinds = Kinds::CONSENSUS_APPLIED
        .with(Kinds::CONSENSUS_WROTE_DECIDED)
        .with(Kinds::INVOKED)
        .with(Kinds::RETURNED)
        .with(Kinds::GAVE_UP)
        .with(Kinds::REPLICA_KEYSPACE);
    const EXPLORED: Exploring = Exploring::IfNamed;
    /// The log is needed only at the end of a run.
    const WANTS_EXPLORING: Kinds =
        Kinds::INVOKED.with(Kinds::RETURNED).with(Kinds::GAVE_UP).with(Kinds::REPLICA_KEYSPACE);

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        if let Event::Invoked { op, command, .. } = &record.event {
            self.called(record, *op, command);
        } else if let Event::Returned { op, reply } = &record.event {
            self.answered(record, *op, reply)?;
        } else if let Event::GaveUp { op } = &record.event
            && let Some(key) = self.open.remove(op)
        {
            self.keys.get_mut(&key).expect("it was called there").search.abandon(*op);
            self.told.unknown.insert(*op);
        }
        for (_, seen) in told(record) {
            if let ConsensusSeen::Applied { slot, done, .. } = seen {
                self.told.log.entry(*slot).or_insert_with(|| done.clone());
                self.told.written.remove(slot);
            }
        }
        for (prefix, replicated) in keyspaces(record) {
            self.replicated.insert(Arc::clone(prefix), replicated);
        }
        for seen in written(record) {
            if let ConsensusSeen::WroteDecided { slot, ops } = seen
                && !self.told.log.contains_key(slot)
            {
                // An operation that was answered before took effect before, if at all.
                let lives = |op: &&OpId| self.open.contains_key(op) || self.told.unknown.contains(op);
                let ops = ops.iter().filter(lives).copied().collect();
                self.told.written.insert(*slot, ops);
            }
        }
        Ok(())
    }

    fn conclude(&mut self, end: &End<'_>) -> Verdict {
        let mut undecided: Vec<(&str, &Object)> = Vec::new();
        for (key, object) in self.keys.iter().filter(|(_, object)| object.search.undecided()) {
            match object.judge(key) {
                Ok(true) => {}
                Ok(false) => undecided.push((key, object)),
                Err((sentence, ops)) => {
                    let witnesses = object.events_of(&ops);
                    return Verdict::Violated(Violation { time: end.time, sentence, witnesses });
                }
            }
        }
        let mut orders = self.told.orders();
        while let Some(order) = if undecided.is_empty() { None } else { orders.next() } {
            undecided.retain(|(_, object)| !object.is_explained_by(&order));
        }
        if !undecided.is_empty() {
            let keys: Vec<&str> = undecided.iter().map(|(key, _)| *key).collect();
            let keys = keys.join(", ");
            let why = format!("too many orders are possible for {keys}, and that of the log does not fit the answers");
            return Verdict::Undecided { why };
        }
        Verdict::of(self.exercised.0, "no client was answered")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::history::*;
    use crate::observation::ReplicaSeen;

    fn value(text: &str) -> StoreAnswer {
        StoreAnswer::Value { value: Some(text.into()) }
    }

    #[test]
    fn a_read_sees_the_last_write() {
        let mut history = History::default();
        history.on("c1", asked_store("c1#1", "k", StoreCall::Put { value: "1".into() }));
        history.on("c1", returned_store("c1#1", StoreAnswer::Done));
        history.on("c2", asked_store("c2#1", "k", StoreCall::Read)).on("c2", returned_store("c2#1", value("1")));
        assert_holds(&history, Linearizability::default(), 2);
        history.on("c2", asked_store("c2#2", "k", StoreCall::Read));
        history.on("c2", returned_store("c2#2", StoreAnswer::Value { value: None }));
        let sentence = "c2#2 on k was answered that there is nothing, and could have been answered 1: a longest order \
                        of what was answered before has 1 change, and ends with c1#1, c2#1";
        assert_broken(&history, Linearizability::default(), sentence, "c1#1 c2#1 c2#3 c2#4");
    }

    #[test]
    fn replicated_keys_are_not_judged() {
        let mut history = History::default();
        for (prefix, replicated) in [("", true), ("c/", false)] {
            let seen = ReplicaSeen::Keyspace { prefix: prefix.into(), replicated };
            history.on("n1", fact(vec![Observation::Replica(seen)]));
        }
        for key in ["k", "c/k"] {
            let number = if key == "k" { "c1#1" } else { "c1#2" };
            history.on("c1", asked_store(number, key, StoreCall::Read)).on("c1", returned_store(number, value("7")));
            if key == "k" {
                assert_vacuous(&history, Linearizability::default(), "no client was answered");
            }
        }
        let sentence = "c1#2 on c/k was answered 7, and could have been answered that there is nothing: a longest order of \
                        what was answered before has 0 changes, and ends with none";
        assert_broken(&history, Linearizability::default(), sentence, "c1#3 c1#4");
    }

    #[test]
    fn an_operation_of_unknown_outcome_may_have_happened() {
        for seen in [value("1"), StoreAnswer::Value { value: None }] {
            let mut history = History::default();
            history.on("c1", asked_store("c1#1", "k", StoreCall::Put { value: "1".into() }));
            history.on("c1", returned_store("c1#1", StoreAnswer::Unknown));
            history.on("c2", asked_store("c2#1", "k", StoreCall::Read)).on("c2", returned_store("c2#1", seen));
            assert_holds(&history, Linearizability::default(), 1);
        }
    }

    #[test]
    fn a_refused_operation_has_not_happened() {
        let mut history = History::default();
        history.on("c1", asked_store("c1#1", "k", StoreCall::Put { value: "1".into() }));
        history.on("c1", returned_store("c1#1", StoreAnswer::Refused { reason: None }));
        history.on("c2", asked_store("c2#1", "k", StoreCall::Read)).on("c2", returned_store("c2#1", value("1")));
        let (sentence, _) = history.broken_by(Linearizability::default());
        assert!(sentence.contains("could have been answered that there is nothing"), "{sentence}");
    }

    /// The same on a key that may also have been a register: only the log tells its order.
    fn crowd() -> History {
        let mut history = History::default();
        history.on("c20", asked_store("c20#1", "k", StoreCall::Put { value: "[]".into() }));
        appends(history)
    }

    /// More concurrent appends than the search can handle, and a read that returns them in this order.
    fn appends(mut history: History) -> History {
        let ops: Vec<String> = (1..=12).map(|client| format!("c{client}#1")).collect();
        for (op, value) in ops.iter().zip(1..) {
            let (client, _) = op.split_once('#').expect("a client");
            history.on(client, asked_store(op, "k", StoreCall::Append { value: value.to_string().into() }));
        }
        history.on("c13", asked_store("c13#1", "k", StoreCall::Read));
        history.on("c13", returned_store("c13#1", value("[1,2,3,4,5,6,7,8,9,10,11,12]")));
        history
    }

    #[test]
    fn a_list_on_which_the_search_gives_up_is_judged_by_its_longest_read() {
        let mut history = appends(History::default());
        assert_holds(&history, Linearizability::default(), 1);
        history.on("c13", asked_store("c13#2", "k", StoreCall::Read));
        history.on("c13", returned_store("c13#2", value("[1,2]")));
        let sentence = "c13#2 on k was answered [1,2]; a read that had ended before it was called tells more: c13#1";
        assert_broken(&history, Linearizability::default(), sentence, "c13#1 c13#2 c13#3 c13#4");
    }

    #[test]
    fn a_register_on_which_the_search_gives_up_is_judged_by_the_zones_of_its_values() {
        let mut history = History::default();
        for client in 1..=60 {
            let put = StoreCall::Put { value: client.to_string().into() };
            history.on(&format!("c{client}"), asked_store(&format!("c{client}#1"), "k", put));
        }
        for (number, seen) in [(1, "7"), (2, "5")] {
            history.on("c61", asked_store(&format!("c61#{number}"), "k", StoreCall::Read));
            history.on("c61", returned_store(&format!("c61#{number}"), value(seen)));
        }
        assert_holds(&history, Linearizability::default(), 2);
        history.on("c61", asked_store("c61#3", "k", StoreCall::Read));
        history.on("c61", returned_store("c61#3", value("7")));
        let sentence = "c61#3 on k was answered 7; by these, its value was both before and behind another one: \
                        c61#2, c61#1";
        let (told, witnesses) = history.broken_by(Linearizability::default());
        assert_eq!(told, sentence);
        assert!(witnesses.ends_with("c61#5 c61#6"), "{witnesses}");
    }

    /// A deletion may come twice, so that only a search finds what is wrong.
    #[test]
    fn a_register_on_which_the_search_gives_up_is_searched_as_a_whole() {
        let mut history = History::default();
        for client in 1..=30 {
            let put = StoreCall::Put { value: client.to_string().into() };
            history.on(&format!("c{client}"), asked_store(&format!("c{client}#1"), "k", put));
            history.on(&format!("c{client}"), asked_store(&format!("c{client}#2"), "k", StoreCall::Delete));
        }
        for (number, seen) in [(1, "7"), (2, "5")] {
            history.on("c61", asked_store(&format!("c61#{number}"), "k", StoreCall::Read));
            history.on("c61", returned_store(&format!("c61#{number}"), value(seen)));
        }
        assert_holds(&history, Linearizability::default(), 2);
        history.on("c61", asked_store("c61#3", "k", StoreCall::Read));
        history.on("c61", returned_store("c61#3", value("7")));
        let (told, _) = history.broken_by(Linearizability::default());
        assert!(told.starts_with("c61#3 on k was answered 7; it could have been answered "), "{told}");
    }

    #[test]
    fn the_order_of_the_log_proves_what_the_search_gives_up_on() {
        let mut history = crowd();
        let why = "too many orders are possible for k, and that of the log does not fit the answers".to_owned();
        assert_eq!(history.judged_by(Linearizability::default()), Verdict::Undecided { why: why.clone() });
        let (first, second) = (["c1#1", "c2#1", "c3#1", "c4#1"], ["c5#1", "c6#1", "c7#1", "c8#1"]);
        history.on("n1", applied_with(2, 7, 5, &first)).on("n1", applied_with(5, 8, 6, &["c9#1", "c10#1"]));
        history.on("n2", applied_with(3, 9, 7, &second)).on("n2", applied_with(2, 7, 5, &first));
        history.on("n1", applied_with(6, 10, 8, &["c11#1", "c12#1"]));
        assert_holds(&history, Linearizability::default(), 1);
        history.on("c13", asked_store("c13#2", "k", StoreCall::Read));
        history.on("c13", returned_store("c13#2", value("[1,2]")));
        assert_eq!(history.judged_by(Linearizability::default()), Verdict::Undecided { why });
    }

    /// The node crashes after the sync that makes a slot durable, and before it reports it; it restarts after that
    /// slot.
    #[test]
    fn a_slot_of_which_nobody_told_has_the_order_that_was_written_down() {
        let mut history = crowd();
        history.on("c14", asked_store("c14#1", "k", StoreCall::Append { value: "0".into() }));
        history.on("c14", returned_store("c14#1", StoreAnswer::Expired));
        let ops = |clients: std::ops::RangeInclusive<u32>| clients.map(|client| format!("c{client}#1")).collect();
        let (first, rest): (Vec<String>, Vec<String>) = (ops(1..=4), ops(5..=12));
        let first: Vec<&str> = first.iter().map(String::as_str).collect();
        let mut all: Vec<&str> = vec!["c14#1"];
        all.extend(rest.iter().map(String::as_str));
        history.on("n1", applied_with(2, 7, 5, &first));
        assert!(matches!(history.judged_by(Linearizability::default()), Verdict::Undecided { .. }));
        history.on("n1", wrote_decided(3, &all)).on("n1", killed());
        assert_holds(&history, Linearizability::default(), 1);
    }

    /// Its session may have ended before the slot, or between the slot and the client's retry.
    #[test]
    fn an_operation_of_which_its_client_learnt_nothing_is_taken_to_have_had_an_effect_or_not() {
        for (seen, holds) in [("[1,2,3,4,5,6,7,8,9,10,11,12,0]", true), ("[0]", false)] {
            let mut history = crowd();
            history.on("c14", asked_store("c14#1", "k", StoreCall::Append { value: "0".into() }));
            let all: Vec<String> = (1..=12).map(|client| format!("c{client}#1")).collect();
            let all: Vec<&str> = all.iter().map(String::as_str).collect();
            history.on("n1", applied_with(2, 7, 5, &all)).on("n1", wrote_decided(3, &["c14#1"])).on("n1", killed());
            history.on("c14", returned_store("c14#1", StoreAnswer::Expired));
            history.on("c15", asked_store("c15#1", "k", StoreCall::Read));
            history.on("c15", returned_store("c15#1", value(seen)));
            let verdict = history.judged_by(Linearizability::default());
            assert_eq!(matches!(verdict, Verdict::Holds { .. }), holds, "{verdict:?}");
        }
    }

    /// A slot that no node reported holds an operation that was answered before, one that is refused later, and a put
    /// that takes effect.
    #[test]
    fn what_was_answered_before_or_is_refused_has_no_effect_in_a_slot_that_nobody_told_of() {
        let mut history = crowd();
        let all: Vec<String> = (1..=12).map(|client| format!("c{client}#1")).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let cas = StoreCall::Cas { old: None, new: "0".into() };
        history.on("c14", asked_store("c14#1", "k", cas)).on("n1", applied_with(2, 7, 5, &all));
        history.on("c14", returned_store("c14#1", StoreAnswer::Mismatch));
        for (client, value) in [("c15", "15"), ("c16", "16")] {
            history.on(client, asked_store(&format!("{client}#1"), "k", StoreCall::Put { value: value.into() }));
        }
        history.on("n1", wrote_decided(3, &["c16#1", "c14#1", "c15#1"])).on("n1", killed());
        history.on("c15", returned_store("c15#1", StoreAnswer::Refused { reason: None }));
        history.on("c16", returned_store("c16#1", StoreAnswer::Done));
        history.on("c17", asked_store("c17#1", "k", StoreCall::Read)).on("c17", returned_store("c17#1", value("16")));
        assert_holds(&history, Linearizability::default(), 5);
    }

    /// A refused operation is decided again, and has no effect.
    #[test]
    fn a_slot_that_was_told_to_have_no_effect_has_none_whatever_was_written_down() {
        let mut history = crowd();
        let all: Vec<String> = (1..=12).map(|client| format!("c{client}#1")).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let cas = StoreCall::Cas { old: None, new: "0".into() };
        history.on("c14", asked_store("c14#1", "k", cas)).on("n1", applied_with(2, 7, 5, &all));
        history.on("c14", returned_store("c14#1", StoreAnswer::Mismatch));
        history.on("c15", asked_store("c15#1", "k", StoreCall::Delete)).on("n1", applied_with(3, 8, 6, &["c15#1"]));
        history.on("c15", returned_store("c15#1", StoreAnswer::Done));
        for node in ["n1", "n2"] {
            history.on(node, wrote_decided(4, &["c14#1"])).on(node, applied(4, 9, 6));
        }
        assert_holds(&history, Linearizability::default(), 3);
    }

    #[test]
    fn appends_make_a_list() {
        let mut cell = Register;
        let append = |value: &str| StoreCall::Append { value: value.into() };
        let (_, one) = cell.step(&None, &append("1"));
        let (_, two) = cell.step(&one, &append("[2]"));
        assert_eq!(two.as_deref(), Some("[1,[2]]"));
        assert_eq!(cell.step(&Some("7".into()), &append("1")).0, StoreAnswer::Mismatch);
        assert_eq!(cell.step(&Some("[]".into()), &append("1")).1.as_deref(), Some("[1]"));
    }
}
