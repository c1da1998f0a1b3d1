//! `anchor-safety`: no operation that takes effect breaks an anchor of its key.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::immutable::{Immutable, Wrote};
use super::store::{Asked, Change, Changes, Store, outcome};
use super::told;
use crate::check::{Checker, End, Exercised, Exploring, Invariant, Shown, broken};
use crate::clocks::Dot;
use crate::identity::{Actor, NodeId, OpId};
use crate::observation::{
    AnchorSeen, ConsensusSeen, Observation, ReplicaSeen, Slot, StoreAnswer, StoreCall, StoreRefusal, StoreSeen,
    TransactionId, TransactionSeen, ValueText,
};
use crate::trace::{Event, Kinds, Record, Said, Verdict, Violation};

/// Checks that no operation that takes effect leaves a value that an anchor forbids, and that no client is told such a
/// value; and that an operation is refused in a slot only if it breaks an anchor, or does not apply to the value of its
/// key there. It applies the clients' operations itself, slot by slot. Of replicated keys it checks each write that a replica
/// accepts, that immutable ones are written once by an incarnation and over nothing, and that their first version is shown.
/// Exercised by operations on keys with an anchor.
#[derive(Clone, Debug, Default, Hash)]
pub struct AnchorSafety {
    anchors: Vec<(Arc<str>, AnchorSeen)>,
    store: Store,
    immutable: Immutable,
    /// What transactions left in anchored keys.
    installed: BTreeMap<Arc<str>, (u64, Option<ValueText>)>,
    exercised: Exercised,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant =
    Invariant::safety("anchor-safety", "nothing that takes effect breaks an anchor of its key");

impl AnchorSafety {
    /// A slot was applied by the first node.
    fn applied(
        &mut self,
        record: &Record<'_>,
        node: NodeId,
        slot: Slot,
        done: &[OpId],
        refused: &[(OpId, Option<StoreRefusal>)],
    ) -> Result<(), Violation> {
        let Some(changes) = self.store.apply(slot, done) else { return Ok(()) };
        changes.all.iter().try_for_each(|change| self.took_effect(record, node, slot, change))?;
        // What a fence refuses is for `fencing` to judge.
        let fenced =
            |reason: &Option<StoreRefusal>| matches!(reason, Some(StoreRefusal::Fenced | StoreRefusal::NoToken));
        let others = refused.iter().filter(|(_, reason)| !fenced(reason));
        others.into_iter().try_for_each(|(op, _)| self.refused(record, node, slot, *op, &changes))
    }

    fn took_effect(&mut self, record: &Record<'_>, node: NodeId, slot: Slot, change: &Change) -> Result<(), Violation> {
        let Change { op, asked: Asked { key, event, .. }, before, after, is_known } = change;
        let is_anchored = self.under(key).next().is_some();
        self.exercised += is_anchored;
        // A part of a list is too long only if the whole list is; it shows nothing else about the whole list.
        let judges = |rule: &AnchorSeen| *is_known || matches!(rule, AnchorSeen::MaxBytes { .. });
        let breaks = |rule: &AnchorSeen| judges(rule) && !allows(rule, key, before.as_ref(), after.as_ref());
        if let Some((prefix, rule)) = self.under(key).find(|(_, rule)| breaks(rule)) {
            let holds = after.as_ref().map_or("nothing".to_owned(), |value| shortened(value));
            let sentence = format!(
                "{op} took effect at {node} in slot {slot}, and {key} holds {holds}: the anchor of `{prefix}` is {}",
                written(rule, before.as_ref())
            );
            return Err(broken(record, sentence, &[**event, record.id]));
        }
        Ok(())
    }

    /// An operation was refused in a slot: correct if it is so for one of the values that its key had during the slot.
    fn refused(
        &self,
        record: &Record<'_>,
        node: NodeId,
        slot: Slot,
        op: OpId,
        changes: &Changes,
    ) -> Result<(), Violation> {
        let Some(Asked { key, call, event }) = self.store.asked(op) else { return Ok(()) };
        let Some(holds) = self.store.held(key).filter(|_| changes.is_whole) else { return Ok(()) };
        let earlier = changes.all.iter().filter(|change| change.asked.key == *key).map(|change| change.before.as_ref());
        let is_right = |before: Option<&ValueText>| match outcome(before, call) {
            Some(after) => self.broken(key, before, after.as_ref()).is_some(),
            None => true,
        };
        if earlier.chain([holds]).any(is_right) {
            return Ok(());
        }
        let sentence = format!(
            "{op} was refused at {node} in slot {slot}, where {key} holds {}: it applies to that, and breaks no anchor",
            holds.map_or("nothing".to_owned(), |value| shortened(value))
        );
        Err(broken(record, sentence, &[**event, record.id]))
    }

    /// The anchors of a key.
    fn under<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a (Arc<str>, AnchorSeen)> {
        self.anchors.iter().filter(move |(prefix, _)| key.starts_with(&**prefix))
    }

    /// The first anchor that a change of a key from `before` to `after` breaks.
    fn broken<'a>(
        &'a self,
        key: &'a str,
        before: Option<&ValueText>,
        after: Option<&ValueText>,
    ) -> Option<&'a (Arc<str>, AnchorSeen)> {
        self.under(key).find(|(_, rule)| !allows(rule, key, before, after))
    }

    /// A client's read is answered.
    fn answered(&mut self, record: &Record<'_>, op: OpId, reply: &Said<'_>) -> Result<(), Violation> {
        let Some(Asked { key, call: StoreCall::Read, event }) = self.store.asked(op) else { return Ok(()) };
        for seen in reply.observations.iter() {
            let Observation::Store(StoreSeen::Told { answer: StoreAnswer::Value { value: Some(value) } }) = seen else {
                continue;
            };
            if let Some((prefix, rule)) = self.broken(key, None, Some(value)) {
                let sentence = format!(
                    "{} answers {op} that {key} holds {}: the anchor of `{prefix}` is {}",
                    record.id.actor,
                    shortened(value),
                    written(rule, None)
                );
                return Err(broken(record, sentence, &[**event, record.id]));
            }
        }
        Ok(())
    }
}

impl AnchorSafety {
    /// An owner installs what a transaction has written.
    fn installed(
        &mut self,
        record: &Record<'_>,
        id: TransactionId,
        (key, version): (&Arc<str>, u64),
        after: Option<&ValueText>,
    ) -> Result<(), Violation> {
        // After a start what the disk holds is told again.
        if self.under(key).next().is_none() || self.installed.get(key).is_some_and(|(known, _)| version <= *known) {
            return Ok(());
        }
        self.exercised += true;
        let before = self.installed.insert(Arc::clone(key), (version, after.cloned())).and_then(|(_, before)| before);
        let Some((prefix, rule)) = self.broken(key, before.as_ref(), after) else { return Ok(()) };
        let holds = after.map_or("nothing".to_owned(), |value| shortened(value));
        let rule = written(rule, before.as_ref());
        let sentence = format!("{id} took effect, and {key} holds {holds}: the anchor of `{prefix}` is {rule}");
        Err(broken(record, sentence, &[record.id]))
    }

    /// A replica tells of a replicated key.
    fn replicated(&mut self, record: &Record<'_>, node: NodeId, seen: &ReplicaSeen) -> Result<(), Violation> {
        match seen {
            ReplicaSeen::Written { op, key, dot, .. } => self.accepted(record, *op, key, *dot),
            ReplicaSeen::WroteVersion { key, dot, stamp, context, value } if self.is_immutable(key) => {
                let wrote = Wrote { key, dot: *dot, stamp: *stamp, context, value: *value };
                let Some((what, earlier)) = self.immutable.wrote(record.id, wrote) else { return Ok(()) };
                let sentence = format!("{node} accepted {dot}, {what} of `{key}`, which is immutable");
                Err(broken(record, sentence, &earlier.into_iter().chain([record.id]).collect::<Vec<_>>()))
            }
            ReplicaSeen::Shown { key, held, dot, .. } if self.is_immutable(key) => {
                let Some((first, event)) = self.immutable.first(held).filter(|(first, _)| Some(*first) != *dot) else {
                    return Ok(());
                };
                let shows = dot.map_or_else(|| "nothing".to_owned(), |dot| dot.to_string());
                let sentence =
                    format!("{node} shows {shows} of `{key}`, which is immutable, and holds {first}, which was first");
                Err(broken(record, sentence, &[event, record.id]))
            }
            ReplicaSeen::WroteVersion { .. }
            | ReplicaSeen::Shown { .. }
            | ReplicaSeen::Started { .. }
            | ReplicaSeen::Preloaded { .. }
            | ReplicaSeen::Keyspace { .. }
            | ReplicaSeen::Refused { .. }
            | ReplicaSeen::Pushed { .. }
            | ReplicaSeen::Suspected { .. }
            | ReplicaSeen::Trusted { .. }
            | ReplicaSeen::SyncBegun { .. }
            | ReplicaSeen::SyncEnded { .. }
            | ReplicaSeen::Ruled { .. }
            | ReplicaSeen::Opened { .. }
            | ReplicaSeen::Closed { .. }
            | ReplicaSeen::Settled { .. }
            | ReplicaSeen::WroteResolution { .. }
            | ReplicaSeen::WroteDropped { .. }
            | ReplicaSeen::WroteCollected { .. }
            | ReplicaSeen::WroteJoined { .. } => Ok(()),
        }
    }

    fn is_immutable(&self, key: &str) -> bool {
        self.under(key).any(|(_, rule)| *rule == AnchorSeen::Immutable)
    }

    /// A replica has accepted a client's write.
    fn accepted(&mut self, record: &Record<'_>, op: OpId, key: &str, dot: Dot) -> Result<(), Violation> {
        let is_anchored = self.under(key).next().is_some();
        self.exercised += is_anchored;
        let Some(Asked { call: StoreCall::Put { value }, event, .. }) = self.store.asked(op) else { return Ok(()) };
        let Some((prefix, rule)) = self.broken(key, None, Some(value)) else { return Ok(()) };
        let sentence = format!(
            "{op} took effect at {} as {dot}, and {key} holds {}: the anchor of `{prefix}` is {}",
            record.id.actor,
            shortened(value),
            written(rule, None)
        );
        Err(broken(record, sentence, &[**event, record.id]))
    }
}

/// Whether a key may change from `before` to `after`.
pub(crate) fn allows(rule: &AnchorSeen, key: &str, before: Option<&ValueText>, after: Option<&ValueText>) -> bool {
    match (rule, after) {
        (AnchorSeen::Immutable, _) => before.is_none() || before == after,
        (
            AnchorSeen::OneOf { .. }
            | AnchorSeen::Texts { .. }
            | AnchorSeen::MaxBytes { .. }
            | AnchorSeen::AtLeast { .. },
            None,
        ) => true,
        (AnchorSeen::AtLeast { least }, Some(after)) => after.parse::<i64>().is_ok_and(|number| number >= *least),
        (AnchorSeen::OneOf { values }, Some(after)) => values.contains(after),
        (AnchorSeen::Texts { texts }, Some(after)) => texts.get(key) == Some(after),
        (AnchorSeen::MaxBytes { bytes }, Some(after)) => size(after) <= *bytes,
    }
}

/// The number of bytes of a text, or of the JSON of any other value.
fn size(value: &str) -> u64 {
    let text = serde_json::from_str::<String>(value);
    text.map_or(value.len(), |text| text.len()) as u64
}

/// The maximum number of characters of a value in a sentence.
const SHOWN: usize = 40;

fn shortened(value: &str) -> String {
    match value.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}… ({} bytes)", &value[..end], size(value)),
        None => value.to_owned(),
    }
}

fn written(rule: &AnchorSeen, before: Option<&ValueText>) -> String {
    match rule {
        AnchorSeen::Immutable => {
            format!("that {} stays", before.map_or("what it held".to_owned(), |value| shortened(value)))
        }
        AnchorSeen::OneOf { values } => format!("one of {}", values.join(" or ")),
        AnchorSeen::Texts { .. } => "its canonical text".to_owned(),
        AnchorSeen::MaxBytes { bytes } => format!("at most {bytes} bytes"),
        AnchorSeen::AtLeast { least } => format!("a number, at least {least}"),
    }
}

impl<F> Checker<F> for AnchorSafety {
    const WANTS: Kinds = Kinds::STORE_ANCHORED
        .with(Kinds::CONSENSUS_APPLIED)
        .with(Kinds::REPLY)
        .with(Kinds::REPLICA_WRITTEN)
        .with(Kinds::REPLICA_SHOWN)
        .with(Kinds::REPLICA_WROTE_VERSION)
        .with(Kinds::TRANSACTION_PRELOADED)
        .with(Kinds::TRANSACTION_INSTALLED)
        .with(Store::WANTS);
    const EXPLORED: Exploring = Exploring::Always;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        if let Event::Fact { fact } = &record.event {
            for seen in fact.observations.iter() {
                if let Observation::Store(StoreSeen::Anchored { prefix, rule }) = seen
                    && !self.anchors.iter().any(|known| (&known.0, &known.1) == (prefix, rule))
                {
                    self.anchors.push((Arc::clone(prefix), rule.clone()));
                }
            }
            for (node, seen) in told(record) {
                if let ConsensusSeen::Applied { slot, done, refused, .. } = seen {
                    self.applied(record, node, *slot, done, refused)?;
                }
            }
        } else if let Event::Reply { op, reply } = &record.event {
            self.answered(record, *op, reply)?;
        }
        if let (Actor::Node(node), Some(said)) = (record.id.actor, record.event.said()) {
            for seen in said.observations.iter() {
                if let Observation::Replica(seen) = seen {
                    self.replicated(record, node, seen)?;
                } else if let Observation::Transaction(TransactionSeen::Installed { id, key, version, value }) = seen {
                    self.installed(record, *id, (key, *version), value.as_ref())?;
                } else if let Observation::Transaction(TransactionSeen::Preloaded { key, value }) = seen {
                    self.installed.insert(Arc::clone(key), (1, Some(Arc::clone(value))));
                }
            }
        }
        self.store.see(record);
        Ok(())
    }

    fn conclude(&mut self, _end: &End<'_>) -> Verdict {
        Verdict::of(self.exercised.0, "no operation took effect on a key under an anchor")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::check::history::*;
    use crate::observation::{Basis, ValueId};

    fn anchored(rule: AnchorSeen) -> Event<'static> {
        fact(vec![Observation::Store(StoreSeen::Anchored { prefix: "k".into(), rule })])
    }

    fn put(value: &str) -> StoreCall {
        StoreCall::Put { value: value.into() }
    }

    /// Operations that clients invoked in this order, each of which took effect in its own slot.
    fn done(rule: AnchorSeen, calls: &[(&str, StoreCall)]) -> History {
        let mut history = History::default();
        history.on("n1", anchored(rule));
        for ((key, call), slot) in calls.iter().zip(1..) {
            let op = format!("c1#{slot}");
            history.on("c1", asked_store(&op, key, call.clone())).on("n1", applied_with(slot, 7, 5, &[&op]));
        }
        history
    }

    #[test]
    fn what_is_immutable_stays() {
        let twice = [("k1", put("1")), ("k1", put("1")), ("x", put("1")), ("x", put("2"))];
        assert_holds(&done(AnchorSeen::Immutable, &twice), AnchorSafety::default(), 2);
        for other in [put("2"), StoreCall::Delete] {
            let changed = done(AnchorSeen::Immutable, &[("k1", put("1")), ("k1", other)]);
            let (sentence, witnesses) = changed.broken_by(AnchorSafety::default());
            assert!(sentence.ends_with("the anchor of `k` is that 1 stays"), "{sentence}");
            assert_eq!(witnesses, "c1#2 n1#3");
        }
    }

    fn wrote(key: &str, name: &str, stamp: u64, context: &str, value: Option<u64>) -> Event<'static> {
        let context = context.split_whitespace().map(|dot| dot.parse().expect("a dot")).collect();
        let (key, dot, value) = (key.into(), name.parse().expect("a dot"), value.map(ValueId));
        seen_entry(ReplicaSeen::WroteVersion { key, dot, stamp, context, value })
    }

    fn seen_entry(seen: ReplicaSeen) -> Event<'static> {
        fact(vec![Observation::Replica(seen)])
    }

    fn shows(held: &str, name: &str) -> Event<'static> {
        let held = held.split_whitespace().map(|dot| dot.parse().expect("a dot")).collect();
        let (op, dot) = ("c9#1".parse().expect("an operation"), Some(name.parse().expect("a dot")));
        seen_entry(ReplicaSeen::Shown { op, key: "k1".into(), held, dot, value: None, resolution: None, open: false })
    }

    #[test]
    fn a_replicated_key_that_is_immutable_is_written_once_and_over_nothing() {
        let mut history = History::default();
        history.on("n1", anchored(AnchorSeen::Immutable)).on("n1", wrote("k1", "n1.1", 7, "", Some(1)));
        history.on("n2", wrote("k1", "n1.1", 7, "", Some(1))).on("n2", wrote("x", "n2.1", 8, "n1.1", None));
        history.on("n2", wrote("k1", "n2.2", 9, "", Some(2))).on("n1", wrote("k2", "n1.2", 9, "", Some(2)));
        history.on("n1", shows("n1.1", "n1.1")).on("n2", shows("n1.1 n2.2", "n1.1"));
        assert!(matches!(history.judged_by(AnchorSafety::default()), Verdict::Vacuous { .. }), "no client wrote");
        for (next, what, witnesses) in [
            (wrote("k1", "n1.3", 9, "n1.1", Some(3)), "n1 accepted n1.3, a put over n1.1 of `k1`", "n1#2 n1#5"),
            (wrote("k1", "n1.3", 9, "n1.1", None), "n1 accepted n1.3, a delete of `k1`", "n1#5"),
            (wrote("k1", "n1.3", 9, "", Some(3)), "n1 accepted n1.3, a second put of `k1`", "n1#2 n1#5"),
        ] {
            let mut broken = history.clone();
            broken.on("n1", next);
            assert_broken(&broken, AnchorSafety::default(), &format!("{what}, which is immutable"), witnesses);
        }
        history.on("n2", shows("n1.1 n2.2", "n2.2"));
        let sentence = "n2 shows n2.2 of `k1`, which is immutable, and holds n1.1, which was first";
        assert_broken(&history, AnchorSafety::default(), sentence, "n1#2 n2#5");
    }

    #[test]
    fn a_replica_accepts_what_the_anchors_allow() {
        let accepts = |name: &str| {
            let (op, key, dot) = ("c1#1".parse().expect("an operation"), "k1".into(), name.parse().expect("a dot"));
            seen_entry(ReplicaSeen::Written { op, key, dot, stamp: 1, basis: Basis::Nothing, value: Some(ValueId(1)) })
        };
        let mut history = History::default();
        history.on("n1", anchored(AnchorSeen::MaxBytes { bytes: 2 }));
        let mut long = history.clone();
        history.on("c1", asked_store("c1#1", "k1", put("12"))).on("n1", accepts("n1.1"));
        assert_holds(&history, AnchorSafety::default(), 1);
        long.on("c1", asked_store("c1#1", "k1", put("123"))).on("n1", accepts("n1.1"));
        let sentence = "c1#1 took effect at n1 as n1.1, and k1 holds 123: the anchor of `k` is at most 2 bytes";
        assert_broken(&long, AnchorSafety::default(), sentence, "c1#1 n1#2");
    }

    #[test]
    fn a_value_is_one_of_those_that_may_be() {
        let rule = AnchorSeen::OneOf { values: vec!["1".into(), "2".into()] };
        let fine = [("k1", put("1")), ("k1", put("2")), ("k1", StoreCall::Delete), ("x", put("3"))];
        assert_holds(&done(rule.clone(), &fine), AnchorSafety::default(), 3);
        let sentence = "c1#1 took effect at n1 in slot 1, and k1 holds 3: the anchor of `k` is one of 1 or 2";
        assert_broken(&done(rule, &[("k1", put("3"))]), AnchorSafety::default(), sentence, "c1#1 n1#2");
    }

    #[test]
    fn a_canonical_text_is_the_only_one() {
        let rule = AnchorSeen::Texts { texts: [("k1".into(), "\"a\"".into())].into() };
        assert_holds(&done(rule.clone(), &[("k1", put("\"a\""))]), AnchorSafety::default(), 1);
        for (key, value) in [("k1", "\"b\""), ("k2", "\"a\"")] {
            let (sentence, _) = done(rule.clone(), &[(key, put(value))]).broken_by(AnchorSafety::default());
            assert!(sentence.ends_with("is its canonical text"), "{sentence}");
        }
    }

    #[test]
    fn a_value_is_no_longer_than_it_may_be() {
        let rule = AnchorSeen::MaxBytes { bytes: 5 };
        let append = StoreCall::Append { value: "12".into() };
        let fine = [("k1", put("\"abcde\"")), ("k2", append.clone())];
        assert_holds(&done(rule.clone(), &fine), AnchorSafety::default(), 2);
        let longer = done(rule.clone(), &[("k2", append.clone()), ("k2", append)]);
        let sentence = "c1#2 took effect at n1 in slot 2, and k2 holds [12,12]: the anchor of `k` is at most 5 bytes";
        assert_broken(&longer, AnchorSafety::default(), sentence, "c1#2 n1#3");
        let (sentence, _) = done(rule, &[("k1", put("\"abcdef\""))]).broken_by(AnchorSafety::default());
        assert!(sentence.contains("k1 holds \"abcdef\""), "{sentence}");
    }

    #[test]
    fn nobody_is_told_what_may_not_be() {
        let mut history = done(AnchorSeen::MaxBytes { bytes: 1 }, &[]);
        history.on("c1", asked_store("c1#1", "k1", StoreCall::Read));
        history.on("n2", told_store("c1#1", StoreAnswer::Value { value: Some("12".into()) }));
        let sentence = "n2 answers c1#1 that k1 holds 12: the anchor of `k` is at most 1 bytes";
        assert_broken(&history, AnchorSafety::default(), sentence, "c1#1 n2#1");
    }

    #[test]
    fn behind_a_slot_that_nobody_told_of_nothing_is_known() {
        let mut history = done(AnchorSeen::Immutable, &[("k1", put("1"))]);
        history.on("c1", asked_store("c1#9", "k1", put("2"))).on("n1", applied_with(3, 7, 5, &["c1#9"]));
        assert_holds(&history, AnchorSafety::default(), 2);
    }

    #[test]
    fn a_list_that_is_lengthened_behind_such_a_slot_may_hold_more_before() {
        let append = || StoreCall::Append { value: "12".into() };
        let mut history = done(AnchorSeen::MaxBytes { bytes: 8 }, &[("k1", append())]);
        history.on("c1", asked_store("c1#9", "k1", append())).on("n1", applied_with(3, 7, 5, &["c1#9"]));
        history.on("c2", asked_store("c2#1", "k1", append())).on("n1", refused(4, &[], "c2#1"));
        assert_holds(&history, AnchorSafety::default(), 2);

        let behind = |rule| {
            let mut history = done(rule, &[]);
            history.on("c1", asked_store("c1#9", "k1", append())).on("n1", applied_with(3, 7, 5, &["c1#9"]));
            history
        };
        let rule = AnchorSeen::OneOf { values: vec!["[1,12]".into()] };
        assert_holds(&behind(rule), AnchorSafety::default(), 1);
        assert!(behind(AnchorSeen::MaxBytes { bytes: 3 }).judged_by(AnchorSafety::default()).violation().is_some());
    }

    #[test]
    fn without_an_anchor_nothing_is_put_to_the_test() {
        let mut history = History::default();
        history.on("c1", asked_store("c1#1", "k1", put("1"))).on("n1", applied_with(1, 7, 5, &["c1#1"]));
        assert_vacuous(&history, AnchorSafety::default(), "no operation took effect on a key under an anchor");
    }

    fn refused(slot: u64, done: &[&str], op: &str) -> Event<'static> {
        let of = |op: &str| op.parse().expect("an operation");
        let done = done.iter().map(|op| of(op)).collect();
        consensus(ConsensusSeen::Applied {
            slot: Slot(slot),
            value: ValueId(7),
            root: 5,
            done,
            refused: vec![(of(op), None)],
            decrees: Vec::new(),
        })
    }

    /// After a put of 1 in slot 1, this call is refused in slot 2.
    fn then_refused(rule: AnchorSeen, call: StoreCall) -> History {
        let mut history = done(rule, &[("k1", put("1"))]);
        history.on("c2", asked_store("c2#1", "k1", call)).on("n1", refused(2, &[], "c2#1"));
        history
    }

    #[test]
    fn what_a_fence_refuses_is_not_for_anchors_to_explain() {
        let wide = AnchorSeen::MaxBytes { bytes: 9 };
        for (reason, is_right) in [(Some(StoreRefusal::Fenced), true), (Some(StoreRefusal::Anchor(0)), false)] {
            let mut history = done(wide.clone(), &[("k1", put("1"))]);
            history.on("c2", asked_store("c2#1", "k1", put("2"))).on("n1", applied_refusing(2, "c2#1", reason));
            assert_eq!(history.judged_by(AnchorSafety::default()).violation().is_none(), is_right, "{reason:?}");
        }
    }

    #[test]
    fn what_is_refused_breaks_an_anchor_or_does_not_apply() {
        let cas = |old: &str| StoreCall::Cas { old: Some(old.into()), new: "3".into() };
        let append = StoreCall::Append { value: "2".into() };
        for right in [put("2"), StoreCall::Delete, cas("1"), cas("2"), append.clone()] {
            assert_holds(&then_refused(AnchorSeen::Immutable, right), AnchorSafety::default(), 1);
        }
        let wide = AnchorSeen::MaxBytes { bytes: 5 };
        for right in [cas("2"), append.clone(), put("123456")] {
            assert_holds(&then_refused(wide.clone(), right), AnchorSafety::default(), 1);
        }
        for wrong in [put("2"), cas("1"), StoreCall::Delete] {
            let sentence =
                "c2#1 was refused at n1 in slot 2, where k1 holds 1: it applies to that, and breaks no anchor";
            assert_broken(&then_refused(wide.clone(), wrong), AnchorSafety::default(), sentence, "c2#1 n1#3");
        }
        assert!(then_refused(AnchorSeen::Immutable, put("1")).judged_by(AnchorSafety::default()).violation().is_some());
    }

    #[test]
    fn what_its_slot_changed_before_it_or_after_it_is_a_reason() {
        let cas = |old: &str, new: &str| StoreCall::Cas { old: Some(old.into()), new: new.into() };
        let mut history = done(AnchorSeen::MaxBytes { bytes: 5 }, &[("k1", put("1"))]);
        history.on("c2", asked_store("c2#1", "k1", cas("1", "2"))).on("c3", asked_store("c3#1", "k1", cas("1", "3")));
        history.on("n1", refused(2, &["c2#1"], "c3#1"));
        assert_holds(&history, AnchorSafety::default(), 2);
    }

    #[test]
    fn behind_a_gap_nobody_knows_what_is_refused_for_no_reason() {
        let mut history = done(AnchorSeen::Immutable, &[("k1", put("1"))]);
        history.on("c2", asked_store("c2#1", "k1", put("2"))).on("n1", refused(3, &[], "c2#1"));
        assert_holds(&history, AnchorSafety::default(), 1);
    }

    /// What a replica tells of the key `k1`, which is immutable.
    #[derive(Clone, Debug)]
    enum Tells {
        /// An entry: dot, stamp, whether it names a version, whether it is a delete.
        Wrote(usize, u64, bool, bool),
        /// Which it holds, and which it shows.
        Shows(Vec<usize>, usize),
    }

    /// Versions of three incarnations, two of each.
    const DOTS: [&str; 6] = ["n1.1", "n1.2", "n2.1", "n2.2", "n3/2.1", "n3/2.2"];

    fn tells() -> impl Strategy<Value = Vec<Tells>> {
        let wrote = (0..6_usize, 1..4_u64, prop::bool::weighted(0.05), prop::bool::weighted(0.05));
        let shows = (prop::collection::btree_set(0..6_usize, 1..4), 0..6_usize);
        let step = prop_oneof![
            wrote.prop_map(|(dot, stamp, over, deletes)| Tells::Wrote(dot, stamp, over, deletes)),
            shows.prop_map(|(held, dot)| Tells::Shows(held.into_iter().collect(), dot)),
        ];
        prop::collection::vec(step, 1..7)
    }

    /// Whether any step is wrong, by looking at all steps before it.
    fn is_wrong(all: &[Tells]) -> bool {
        let incarnation = |dot: usize| dot / 2;
        let stamp_of = |before: &[Tells], dot: usize| {
            before.iter().find_map(|told| match told {
                Tells::Wrote(known, stamp, ..) if *known == dot => Some(*stamp),
                Tells::Wrote(..) | Tells::Shows(..) => None,
            })
        };
        all.iter().enumerate().any(|(place, told)| match told {
            Tells::Wrote(dot, _, over, deletes) => {
                let earlier = all[..place].iter().find_map(|told| match told {
                    Tells::Wrote(known, _, false, false) if incarnation(*known) == incarnation(*dot) => Some(*known),
                    Tells::Wrote(..) | Tells::Shows(..) => None,
                });
                *over || *deletes || earlier.is_some_and(|known| known != *dot)
            }
            Tells::Shows(held, shown) => {
                let ranks: Option<Vec<(u64, &str)>> =
                    held.iter().map(|dot| Some((stamp_of(&all[..place], *dot)?, DOTS[*dot]))).collect();
                let first = ranks.and_then(|ranks| ranks.into_iter().min());
                first.is_some_and(|(_, first)| first != DOTS[*shown])
            }
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

        #[test]
        fn an_immutable_key_is_judged_as_by_looking_at_all_that_was_told(all in tells()) {
            let mut history = History::default();
            history.on("n1", anchored(AnchorSeen::Immutable));
            for told in &all {
                match told {
                    Tells::Wrote(dot, stamp, over, deletes) => {
                        let context = if *over { "n9.1" } else { "" };
                        history.on("n1", wrote("k1", DOTS[*dot], *stamp, context, (!deletes).then_some(1)));
                    }
                    Tells::Shows(held, shown) => {
                        let held: Vec<&str> = held.iter().map(|dot| DOTS[*dot]).collect();
                        history.on("n1", shows(&held.join(" "), DOTS[*shown]));
                    }
                }
            }
            prop_assert_eq!(history.judged_by(AnchorSafety::default()).violation().is_some(), is_wrong(&all));
        }
    }
}
