//! Judges a history, and reports the findings.

use super::super::{Impossible, Linearizer, ListCall, Lists, Model, Register, RegisterCall, Seen};
use super::values::{ValueId, Values};
use super::{Act, End, History, Objects, Op, Operation, Step};

/// The findings in a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Findings {
    /// The number of operations.
    pub operations: u64,
    /// The number of operations that are known to have taken effect.
    pub done: u64,
    /// The number of keys.
    pub keys: u64,
    /// The keys that are not linearizable, in the order of their first operations.
    pub broken: Vec<Broken>,
    /// The keys that could not be decided within the budget.
    pub undecided: Vec<String>,
}

/// A key whose operations have no explaining order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The key.
    pub key: String,
    /// The line of the answer that is impossible.
    pub line: u64,
    /// The answer, and the answers that were possible.
    pub sentence: String,
    /// The last operations of a longest order that explains everything before.
    pub order: Vec<String>,
    /// The number of changes of the value in that order.
    pub changes: u64,
}

impl Findings {
    /// The verdict on the whole history.
    #[must_use]
    pub const fn verdict(&self) -> Linearizability {
        if !self.broken.is_empty() {
            Linearizability::Violated
        } else if !self.undecided.is_empty() {
            Linearizability::Undecided
        } else if self.done == 0 {
            Linearizability::Vacuous
        } else {
            Linearizability::Holds
        }
    }
}

/// The verdict on a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linearizability {
    /// Every key is linearizable.
    Holds,
    /// At least one key is not.
    Violated,
    /// No key is known to be violated, and at least one could not be decided.
    Undecided,
    /// No operation is known to have taken effect.
    Vacuous,
}

impl History {
    /// Judges each key separately. With `observe_failures`, a failed cas observed a value other than the expected one;
    /// otherwise it did not take effect. `budget` is that of [`Linearizer::new`].
    #[must_use]
    pub fn judge(&self, observe_failures: bool, budget: usize) -> Findings {
        match self.objects {
            Objects::Registers | Objects::CasRegisters => self.fold(
                Linearizer::new(Register { start: Values::NULL }, budget),
                |act| match act {
                    Act::Read => RegisterCall::Read,
                    Act::Put(value) | Act::Append(value) => RegisterCall::Put(value),
                    Act::Cas { old, new } => RegisterCall::Cas { old, new },
                },
                |_, Operation { act, end, .. }| match end {
                    Some((End::Read(value), _)) => Some(Seen::Value(*value)),
                    Some((End::Failed, _)) if observe_failures && matches!(act, Act::Cas { .. }) => Some(Seen::Refused),
                    Some((End::Done | End::ReadList(_), _)) => Some(Seen::Done),
                    Some((End::Failed, _)) | None => None,
                },
                |_, value| self.values.text(*value).to_owned(),
            ),
            Objects::Lists => self.fold(
                Linearizer::new(Lists::default(), budget),
                |act| match act {
                    Act::Append(value) | Act::Put(value) | Act::Cas { new: value, .. } => ListCall::Append(value),
                    Act::Read => ListCall::Read,
                },
                |lists: &mut Lists<ValueId>, Operation { end, .. }| match end {
                    Some((End::ReadList(list), _)) => Some(Seen::Value(lists.of(list))),
                    Some((End::Done | End::Read(_), _)) => Some(Seen::Done),
                    Some((End::Failed, _)) | None => None,
                },
                |lists, list| self.list(&lists.values(*list)).to_string(),
            ),
        }
    }

    /// Feeds the operations of each key to its own linearizer.
    fn fold<M, V>(
        &self,
        fresh: Linearizer<M, Op>,
        call: impl Fn(Act) -> M::Call,
        answer: impl Fn(&mut M, &Operation) -> Option<Seen<V>>,
        text: impl Fn(&mut M, &V) -> String,
    ) -> Findings
    where
        M: Model<Answer = Seen<V>> + Clone,
        V: Clone + Ord + std::fmt::Debug,
    {
        let mut objects = vec![Some(fresh); self.keys.len()];
        let mut broken: Vec<Option<Broken>> = vec![None; self.keys.len()];
        for step in &self.steps {
            let (Step::Called(op) | Step::Ended(op)) = *step;
            let operation = self.operation(op);
            let key = operation.key as usize;
            let Some(object) = &mut objects[key] else { continue };
            let verdict = match (step, &operation.end) {
                (Step::Called(_), end) => {
                    object.call(op, call(operation.act));
                    if end.is_none() {
                        object.abandon(op);
                    }
                    Ok(())
                }
                (Step::Ended(_), _) => match answer(object.model(), operation) {
                    Some(answer) => object.answer(op, &answer),
                    None => object.fail(op),
                },
            };
            if let Err(impossible) = verdict {
                let mut possible: Vec<String> = Vec::new();
                for seen in &impossible.possible {
                    possible.push(match seen {
                        Seen::Value(value) => text(object.model(), value),
                        Seen::Done => "success".to_owned(),
                        Seen::Refused => "failure".to_owned(),
                    });
                }
                broken[key] = Some(self.broken(op, &possible, &impossible));
                objects[key] = None;
            }
        }
        let undecided =
            self.keys.iter().zip(&objects).filter(|(_, object)| object.as_ref().is_some_and(Linearizer::undecided));
        let done = self
            .operations
            .iter()
            .filter(|operation| matches!(operation.end, Some((End::Done | End::Read(_) | End::ReadList(_), _))));
        Findings {
            operations: self.operations.len() as u64,
            done: done.count() as u64,
            keys: self.keys.len() as u64,
            undecided: undecided.map(|(key, _)| key.clone()).collect(),
            broken: broken.into_iter().flatten().collect(),
        }
    }

    fn broken<A>(&self, op: Op, possible: &[String], impossible: &Impossible<A, Op>) -> Broken {
        let Operation { key, end, .. } = self.operation(op);
        let line = end.as_ref().map_or(0, |(_, line)| *line);
        let told = self.tell(op);
        let sentence = match possible {
            [] => format!("{told}, but its effect was seen before it ended on line {line}"),
            possible => format!("{told}, answered on line {line}; possible was {}", either(possible)),
        };
        let order = impossible.order.iter().map(|op| self.tell(*op)).collect();
        Broken { key: self.keys[*key as usize].clone(), line, sentence, order, changes: impossible.changes }
    }
}

/// The maximum number of possible answers in a sentence.
const TOLD: usize = 8;

/// `1, 2 or 3`
fn either(possible: &[String]) -> String {
    match possible {
        many if many.len() > TOLD => format!("{} or another of {}", many[..TOLD].join(", "), many.len()),
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        few => few.concat(),
    }
}
