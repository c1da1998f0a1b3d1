//! `serializability`: what was committed could have been done one transaction after the other.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::calls::Calls;
use super::graph::Graph;
use super::{answered, told};
use crate::check::{Checker, Derived, End, Exercised, Exploring, Invariant, Shown, Witness, broken};
use crate::identity::{EventId, NodeId, OpId};
use crate::observation::{
    TransactionAct, TransactionAnswer, TransactionId, TransactionRead, TransactionSeen, ValueText, owner_of,
};
use crate::trace::{Kinds, Record, Verdict, Violation};

/// Checks that the committed transactions have an order in which each reads what those before it have left: the graph of who
/// read or replaced whose version has no cycle (Adya 1999). Versions are installed once, by transactions that the coordinator
/// has committed, at the key's owner, one after the other, and hold what the operation makes of the version before; and
/// clients are told what the versions hold that were read. Exercised by transactions that depend on one another.
#[derive(Clone, Debug, Default, Hash)]
pub struct Serializability {
    voters: u32,
    calls: Calls,
    committed: BTreeMap<TransactionId, Committed>,
    by_op: BTreeMap<OpId, TransactionId>,
    keys: BTreeMap<Arc<str>, Vec<Version>>,
    graph: Derived<Graph<Edge>>,
    exercised: Exercised,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant =
    Invariant::safety("serializability", "committed transactions have an order in which each reads what it did");

#[derive(Clone, Debug, Hash)]
struct Committed {
    place: Derived<usize>,
    reads: Vec<TransactionRead>,
    /// The keys of which it has installed a version.
    wrote: Vec<Arc<str>>,
    event: Witness<EventId>,
}

/// A version of a key; the first of each stands for nothing at all.
#[derive(Clone, Debug, Default, Hash)]
struct Version {
    writer: Option<TransactionId>,
    value: Option<ValueText>,
    readers: Vec<TransactionId>,
}

/// Why one transaction comes before another.
#[derive(Clone, Debug)]
struct Edge {
    key: Arc<str>,
    version: u64,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// The other read this version, which the one wrote.
    Read,
    /// The other replaced this version, which the one wrote.
    Replaced,
    /// The other replaced this version, which the one had read.
    ReadBefore,
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, version, kind } = self;
        match kind {
            Kind::Read => write!(f, "wrote version {version} of {key}, which was read by"),
            Kind::Replaced => write!(f, "wrote version {version} of {key}, which was replaced by"),
            Kind::ReadBefore => write!(f, "read version {version} of {key}, which was replaced by"),
        }
    }
}

impl Serializability {
    fn versions(&mut self, key: &Arc<str>) -> &mut Vec<Version> {
        self.keys.entry(Arc::clone(key)).or_insert_with(|| vec![Version::default()])
    }

    /// How a transaction is named in a sentence.
    fn name(&self, id: TransactionId) -> String {
        self.calls.op(id).map_or_else(|| id.to_string(), |op| format!("{op} ({id})"))
    }

    fn edge(
        &mut self,
        record: &Record<'_>,
        (from, to): (TransactionId, TransactionId),
        edge: Edge,
    ) -> Result<(), Violation> {
        let place = |id: &TransactionId| self.committed.get(id).map(|known| known.place.0);
        let (Some(one), Some(other)) = (place(&from), place(&to)) else { return Ok(()) };
        self.exercised += one != other;
        let Err(cycle) = self.graph.edge(one, other, edge) else { return Ok(()) };
        let by_place = |place: usize| {
            let found = self.committed.iter().find(|(_, known)| known.place.0 == place);
            found.map(|(id, known)| (*id, known.event.0)).expect("each node is a transaction")
        };
        let steps: Vec<String> = cycle
            .iter()
            .enumerate()
            .map(|(at, (node, edge))| {
                let next = by_place(cycle[(at + 1) % cycle.len()].0).0;
                format!("{} {edge} {}", self.name(by_place(*node).0), self.name(next))
            })
            .collect();
        let sentence = format!("no order fits: {}", steps.join("; "));
        let mut witnesses: Vec<EventId> = cycle.iter().map(|(node, _)| by_place(*node).1).collect();
        witnesses.push(record.id);
        Err(broken(record, sentence, &witnesses))
    }

    fn committed(
        &mut self,
        record: &Record<'_>,
        id: TransactionId,
        reads: &[TransactionRead],
    ) -> Result<(), Violation> {
        if self.committed.contains_key(&id) {
            return Ok(());
        }
        let place = Derived(self.graph.add());
        self.committed
            .insert(id, Committed { place, reads: reads.to_vec(), wrote: Vec::new(), event: Witness(record.id) });
        if let Some(op) = self.calls.op(id) {
            self.by_op.insert(op, id);
        }
        for TransactionRead { key, version } in reads {
            let versions = self.versions(key);
            let Some(read) = usize::try_from(*version).ok().and_then(|version| versions.get_mut(version)) else {
                let sentence = format!("{} has read version {version} of {key}, which nobody wrote", self.name(id));
                return Err(broken(record, sentence, &[record.id]));
            };
            read.readers.push(id);
            let writer = read.writer;
            let next = versions.get(*version as usize + 1).and_then(|next| next.writer);
            let edge = |kind| Edge { key: Arc::clone(key), version: *version, kind };
            if let Some(writer) = writer {
                self.edge(record, (writer, id), edge(Kind::Read))?;
            }
            if let Some(next) = next {
                self.edge(record, (id, next), edge(Kind::ReadBefore))?;
            }
        }
        Ok(())
    }

    fn installed(
        &mut self,
        record: &Record<'_>,
        node: NodeId,
        id: TransactionId,
        (key, version): (&Arc<str>, u64),
        value: Option<&ValueText>,
    ) -> Result<(), Violation> {
        let wrong = |this: &Self, why: String| {
            let name = this.name(id);
            let sentence = format!("{node} installed version {version} of {key} for {name}, {why}");
            Err(broken(record, sentence, &[record.id]))
        };
        if self.voters > 0 && owner_of(key, self.voters) != node {
            return wrong(self, "and does not own the key".to_owned());
        }
        if !self.committed.contains_key(&id) {
            return wrong(self, "which is not committed".to_owned());
        }
        let versions = self.versions(key);
        let last = versions.len() as u64 - 1;
        if let Some(known) = versions.get(usize::try_from(version).unwrap_or(usize::MAX)) {
            // After a start what the disk holds is told again.
            if known.writer == Some(id) && known.value.as_ref() == value {
                return Ok(());
            }
            let by = known.writer.map_or_else(|| "before the first start".to_owned(), |by| format!("by {by}"));
            return wrong(self, format!("which was written {by}"));
        }
        if version != last + 1 {
            return wrong(self, format!("and version {last} was the last"));
        }
        let before = versions[versions.len() - 1].clone();
        versions.push(Version { writer: Some(id), value: value.cloned(), readers: Vec::new() });
        let wrote = &mut self.committed.get_mut(&id).expect("it is committed").wrote;
        if wrote.contains(key) {
            return wrong(self, "which had written it before".to_owned());
        }
        wrote.push(Arc::clone(key));
        self.fits(record, id, key, before.value.as_ref(), value)?;
        let edge = |kind| Edge { key: Arc::clone(key), version: last, kind };
        if let Some(writer) = before.writer {
            self.edge(record, (writer, id), edge(Kind::Replaced))?;
        }
        for reader in before.readers {
            self.edge(record, (reader, id), edge(Kind::ReadBefore))?;
        }
        Ok(())
    }

    /// Whether a version holds what its transaction makes of the one before.
    fn fits(
        &self,
        record: &Record<'_>,
        id: TransactionId,
        key: &str,
        before: Option<&ValueText>,
        after: Option<&ValueText>,
    ) -> Result<(), Violation> {
        let Some(calls) = self.calls.of(id) else { return Ok(()) };
        let writes = calls.iter().find(|call| *call.key == *key && call.act != TransactionAct::Read);
        let Some(call) = writes else {
            let sentence = format!("{} has written {key}, which its client did not ask for", self.name(id));
            return Err(broken(record, sentence, &[record.id]));
        };
        if made_of(&call.act, before).as_ref().is_none_or(|made| made.as_ref() == after) {
            return Ok(());
        }
        let held = |value: Option<&ValueText>| value.map_or_else(|| "nothing".to_owned(), ToString::to_string);
        let sentence = format!("{} made {} of {} in {key}", self.name(id), held(after), held(before));
        Err(broken(record, sentence, &[record.id]))
    }

    fn answered(&mut self, record: &Record<'_>, op: OpId, answer: &TransactionAnswer) -> Result<(), Violation> {
        let TransactionAnswer::Committed { reads } = answer else { return Ok(()) };
        let Some(known) = self.by_op.get(&op).and_then(|id| self.committed.get(id)) else { return Ok(()) };
        let asked = self.calls.by(op).into_iter().flatten().filter(|call| call.act == TransactionAct::Read);
        if let Some(call) = asked.into_iter().find(|call| !reads.iter().any(|(key, _)| *key == call.key)) {
            let sentence = format!("{op} was told that it is committed, and not what {} holds", call.key);
            return Err(broken(record, sentence, &[known.event.0, record.id]));
        }
        for (key, value) in reads {
            let version = known.reads.iter().find(|read| read.key == *key);
            let held = version.and_then(|read| self.keys.get(key)?.get(usize::try_from(read.version).ok()?));
            if held.is_none_or(|held| held.value != *value) {
                let told = value.as_ref().map_or("nothing", |value| value);
                let sentence = format!("{op} was told that {key} holds {told}, and that is not what it has read");
                return Err(broken(record, sentence, &[known.event.0, record.id]));
            }
        }
        Ok(())
    }
}

/// What an act makes of a value, if it applies to it.
fn made_of(act: &TransactionAct, before: Option<&ValueText>) -> Option<Option<ValueText>> {
    match act {
        TransactionAct::Read => Some(before.cloned()),
        TransactionAct::Put(value) => Some(Some(Arc::clone(value))),
        TransactionAct::Delete => Some(None),
        TransactionAct::Append(value) => {
            let list = before.map_or("[]", |list| list);
            let items = list.strip_suffix(']')?;
            let comma = if items == "[" { "" } else { "," };
            Some(Some(format!("{items}{comma}{value}]").into()))
        }
        TransactionAct::Add(amount) => {
            let number: i64 = before.map_or(Ok(0), |number| number.parse()).ok()?;
            Some(Some((number + amount).to_string().into()))
        }
    }
}

impl<F> Checker<F> for Serializability {
    const WANTS: Kinds = Kinds::TRANSACTION_STARTED
        .with(Kinds::TRANSACTION_PRELOADED)
        .with(Calls::WANTS)
        .with(Kinds::TRANSACTION_TOLD)
        .with(Kinds::TRANSACTION_DECIDED)
        .with(Kinds::TRANSACTION_INSTALLED);
    const EXPLORED: Exploring = Exploring::Always;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        self.calls.see(record);
        for (node, seen) in told(record) {
            if let TransactionSeen::Started { voters } = seen {
                self.voters = *voters;
            } else if let TransactionSeen::Preloaded { key, value } = seen {
                let versions = self.versions(key);
                if versions.len() == 1 {
                    versions.push(Version { value: Some(Arc::clone(value)), ..Version::default() });
                }
            } else if let TransactionSeen::Decided { id, commits: true, reads } = seen {
                if node == id.coordinator.node {
                    self.committed(record, *id, reads)?;
                }
            } else if let TransactionSeen::Installed { id, key, version, value } = seen {
                self.installed(record, node, *id, (key, *version), value.as_ref())?;
            }
        }
        if let Some((op, answer)) = answered(record) {
            self.answered(record, op, answer)?;
        }
        Ok(())
    }

    fn conclude(&mut self, _end: &End<'_>) -> Verdict {
        Verdict::of(self.exercised.0, "no two transactions depended on one another")
    }
}
