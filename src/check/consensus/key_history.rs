//! What clients have observed of one key, as a history that can be judged as a whole.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::check::linearizability::history::{Act, Decision, End, History, Objects, Op, ValueId, Values};
use crate::check::linearizability::{Model, Moment, Seen, Transcript};
use crate::identity::OpId;
use crate::observation::{StoreAnswer, StoreCall, ValueText};

/// The history of one key, and the names of its operations.
#[derive(Debug)]
pub(super) struct KeyHistory {
    history: History,
    names: Vec<OpId>,
}

impl KeyHistory {
    /// The observations as those of a register or of a list; `None` if clients use the key as both, or were answered
    /// what neither can answer.
    pub(super) fn of<M>(transcript: &Transcript<M, OpId>) -> Option<Self>
    where
        M: Model<Call = StoreCall, Answer = StoreAnswer>,
    {
        let mut key = Self { history: History::of_one(objects(transcript)?), names: Vec::new() };
        let mut ops: BTreeMap<OpId, (Op, &StoreCall)> = BTreeMap::new();
        for moment in transcript.moments() {
            match moment {
                Moment::Called(name, call) => {
                    let act = key.act(call)?;
                    ops.insert(*name, (key.history.call(act), call));
                    key.names.push(*name);
                }
                Moment::Answered(name, answer) => {
                    let (op, call) = ops.remove(name)?;
                    let end = key.end(call, answer)?;
                    key.history.end(op, end);
                }
                Moment::Failed(name) => key.history.end(ops.remove(name)?.0, End::Failed),
            }
        }
        Some(key)
    }

    /// Judges it within this many steps of a search.
    pub(super) fn decide(&self, steps: usize) -> Decision {
        self.history.decide(steps)
    }

    /// The name of an operation.
    pub(super) fn name(&self, op: Op) -> OpId {
        self.names[op.place()]
    }

    /// A possible answer of one of its operations.
    pub(super) fn answer(&self, seen: Seen<ValueId>) -> StoreAnswer {
        match seen {
            Seen::Value(Values::NULL) => StoreAnswer::Value { value: None },
            Seen::Value(value) => StoreAnswer::Value { value: Some(self.history.text(value).into()) },
            Seen::Done => StoreAnswer::Done,
            Seen::Refused => StoreAnswer::Mismatch,
        }
    }

    fn act(&mut self, call: &StoreCall) -> Option<Act> {
        Some(match call {
            StoreCall::Read => Act::Read,
            StoreCall::Put { value } => Act::Put(self.value(value)?),
            StoreCall::Delete => Act::Put(Values::NULL),
            StoreCall::Cas { old, new } => {
                let old = old.as_ref().map_or(Some(Values::NULL), |old| self.value(old))?;
                Act::Cas { old, new: self.value(new)? }
            }
            StoreCall::Append { value } => Act::Append(self.value(value)?),
        })
    }

    fn end(&mut self, call: &StoreCall, answer: &StoreAnswer) -> Option<End> {
        match (call, answer) {
            (StoreCall::Read, StoreAnswer::Value { value }) => self.read(value.as_ref()),
            (StoreCall::Cas { .. }, StoreAnswer::Mismatch) => Some(End::Refused),
            (
                StoreCall::Put { .. } | StoreCall::Delete | StoreCall::Cas { .. } | StoreCall::Append { .. },
                StoreAnswer::Done,
            ) => Some(End::Done),
            (
                StoreCall::Read
                | StoreCall::Put { .. }
                | StoreCall::Delete
                | StoreCall::Cas { .. }
                | StoreCall::Append { .. },
                _,
            ) => None,
        }
    }

    fn read(&mut self, value: Option<&ValueText>) -> Option<End> {
        if !self.history.is_list() {
            let value = value.map_or(Some(Values::NULL), |value| self.value(value))?;
            return Some(End::Read(value));
        }
        let items: Vec<&RawValue> = value.map_or(Some(Vec::new()), |list| serde_json::from_str(list).ok())?;
        Some(End::ReadList(items.into_iter().map(|item| self.value(item.get())).collect::<Option<_>>()?))
    }

    /// Null stands for no value.
    fn value(&mut self, text: &str) -> Option<ValueId> {
        (text != "null").then(|| self.history.value(text))
    }
}

/// The object that clients use a key as.
fn objects<M: Model<Call = StoreCall>>(transcript: &Transcript<M, OpId>) -> Option<Objects> {
    let (mut is_list, mut is_register) = (false, false);
    for moment in transcript.moments() {
        match moment {
            Moment::Called(_, StoreCall::Append { .. }) => is_list = true,
            Moment::Called(_, StoreCall::Put { .. } | StoreCall::Delete | StoreCall::Cas { .. }) => is_register = true,
            Moment::Called(_, StoreCall::Read) | Moment::Answered(..) | Moment::Failed(_) => {}
        }
    }
    match (is_list, is_register) {
        (true, true) => None,
        (true, false) => Some(Objects::Lists),
        (false, true | false) => Some(Objects::CasRegisters),
    }
}
