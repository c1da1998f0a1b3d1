//! Judges a history, and reports the findings.

use super::super::{Impossible, Linearizer, ListCall, Lists, Model, Register, RegisterCall, Seen, Transcript};
use super::timeline::{Judged, Proof, Timeline};
use super::values::ValueId;
use super::{Act, End, History, Objects, Op, Operation, Step, lists, zones};

/// The findings in a history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// The number of operations.
    pub operations: u64,
    /// The number of operations that are known to have taken effect.
    pub done: u64,
    /// The number of keys.
    pub keys: u64,
    /// The keys that are not linearizable, in the order of their first operations.
    pub broken: Vec<Broken>,
    /// The keys that could not be decided.
    pub undecided: Vec<Undecided>,
}

/// A key that could not be decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecided {
    /// The key.
    pub key: String,
    /// All is well before this line; `None` if nothing is known of the key.
    pub line: Option<u64>,
    /// Why no more is known.
    pub why: String,
}

/// How it is shown that a key is not linearizable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A few operations contradict each other.
    Proof,
    /// No order that explains what was answered before explains this answer too.
    Order {
        /// The number of changes of the value in a longest such order.
        changes: u64,
    },
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
    /// How that is shown.
    pub why: Reason,
    /// The operations that contradict it; or the last ones of a longest order that explains everything before.
    pub order: Vec<String>,
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

/// What has been used up, and whether to go on.
struct Work<'w> {
    budget: usize,
    /// Whether every key is searched, whatever its values are.
    searches: bool,
    go_on: &'w dyn Fn() -> bool,
}

impl History {
    /// Judges each key separately, those with few operations first. With `observe_failures`, a failed cas observed a value
    /// other than the expected one; otherwise it did not take effect. `budget` is the work allowed for the whole file in
    /// addition to what answers earn, as of [`Linearizer::new`]; what remains undecided when `go_on` returns false is
    /// undecided.
    #[must_use]
    pub fn judge(&self, observe_failures: bool, budget: usize, go_on: &dyn Fn() -> bool) -> Findings {
        self.judge_with(observe_failures, &mut Work { budget, searches: false, go_on })
    }

    /// The same by search alone.
    #[cfg(test)]
    pub(super) fn judge_by_search(&self, observe_failures: bool, budget: usize) -> Findings {
        self.judge_with(observe_failures, &mut Work { budget, searches: true, go_on: &|| true })
    }

    fn judge_with(&self, observe_failures: bool, work: &mut Work<'_>) -> Findings {
        let (registers, lists): (Vec<usize>, Vec<usize>) =
            (0..self.keys.len()).partition(|key| self.objects[*key] != Objects::Lists);
        let mut findings =
            Findings { operations: self.operations.len() as u64, keys: self.keys.len() as u64, ..Findings::default() };
        let done =
            |operation: &&Operation| matches!(operation.end, Some((End::Done | End::Read(_) | End::ReadList(_), _)));
        findings.done = self.operations.iter().filter(done).count() as u64;
        let mut found = self.fold(
            registers,
            work,
            Register { start: self.start },
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
        );
        found.extend(self.fold(
            lists,
            work,
            Lists::default(),
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
        ));
        found.sort_by_key(|(key, _)| *key);
        for (_, found) in found {
            match found {
                Found::Broken(broken) => findings.broken.push(broken),
                Found::Undecided(undecided) => findings.undecided.push(undecided),
            }
        }
        findings
    }

    /// Judges the operations of each key: in polynomial time where that is possible, and by a search otherwise.
    fn fold<M, V>(
        &self,
        keys: Vec<usize>,
        work: &mut Work<'_>,
        model: M,
        call: impl Fn(Act) -> M::Call,
        answer: impl Fn(&mut M, &Operation) -> Option<Seen<V>>,
        text: impl Fn(&mut M, &V) -> String,
    ) -> Vec<(usize, Found)>
    where
        M: Model<Answer = Seen<V>> + Clone,
        V: Clone + Ord + std::fmt::Debug,
    {
        let mut steps: Vec<Vec<u32>> = vec![Vec::new(); self.keys.len()];
        for (at, step) in (0..).zip(&self.steps) {
            let (Step::Called(op) | Step::Ended(op)) = *step;
            steps[self.operation(op).key as usize].push(at);
        }
        let mut by_size = keys;
        by_size.sort_by_key(|key| steps[*key].len());
        let mut all: Vec<(usize, Found)> = Vec::new();
        for key in by_size {
            let steps = &steps[key];
            if !(work.go_on)() {
                all.push((key, Found::Undecided(self.undecided(key, None, "the check was stopped"))));
                continue;
            }
            let searched = || {
                let mut object = Linearizer::new(model.clone(), work.budget);
                self.search(&mut object, steps, &call, &answer, &text)
            };
            match if work.searches { Fast::Unfit } else { self.judge_fast(key, steps) } {
                Fast::Broken(one) => all.push((key, Found::Broken(one))),
                Fast::Holds(_) if self.has_no_other_answers(steps, &answer, &model) => {}
                Fast::Holds(order) if self.explained(&order, steps, &call, &answer, &mut model.clone()) => {}
                Fast::Holds(_) | Fast::Unfit => {
                    let (found, used, at) = searched();
                    work.budget = work.budget.saturating_sub(used);
                    all.extend(found.map(|found| (key, Found::Broken(found))));
                    if let Some(at) = at {
                        let why = "too many orders of concurrent operations are possible";
                        all.push((key, Found::Undecided(self.undecided(key, Some(at), why))));
                    }
                }
            }
        }
        all
    }

    fn undecided(&self, key: usize, at: Option<u32>, why: &str) -> Undecided {
        let line = at.map(|at| {
            let (Step::Called(op) | Step::Ended(op)) = self.steps[at as usize];
            let Operation { line, end, .. } = self.operation(op);
            if let Step::Ended(_) = self.steps[at as usize] {
                end.as_ref().map_or(*line, |(_, line)| *line)
            } else {
                *line
            }
        });
        Undecided { key: self.keys[key].clone(), line, why: why.to_owned() }
    }

    /// Judges a key whose values are written once each.
    fn judge_fast(&self, key: usize, steps: &[u32]) -> Fast {
        let judged = |until: u32| {
            let timeline = Timeline::of(self, steps, until);
            match self.objects[key] {
                Objects::Registers | Objects::CasRegisters => zones::judge(self, &timeline),
                Objects::Lists => lists::judge(self, &timeline),
            }
        };
        let mut proof = match judged(u32::MAX) {
            Judged::Holds(order) => return Fast::Holds(order),
            Judged::Unfit => return Fast::Unfit,
            Judged::Broken(proof) => proof,
        };
        // The first step after which nothing explains it. A longer history has no more orders than a shorter one.
        let (mut well, mut bad) = (0, steps.len());
        while bad - well > 1 {
            let middle = (well + bad) / 2;
            match judged(steps[middle - 1] + 1) {
                Judged::Broken(found) => (bad, proof) = (middle, found),
                Judged::Holds(_) | Judged::Unfit => well = middle,
            }
        }
        let (Step::Called(culprit) | Step::Ended(culprit)) = self.steps[steps[bad - 1] as usize];
        Fast::Broken(self.proven(culprit, &proof))
    }

    /// Whether nobody was answered what only a model can tell: that a cas found another value.
    fn has_no_other_answers<M, V>(
        &self,
        steps: &[u32],
        answer: &impl Fn(&mut M, &Operation) -> Option<Seen<V>>,
        model: &M,
    ) -> bool
    where
        M: Clone,
    {
        let mut model = model.clone();
        let failed = |at: &u32| match self.steps[*at as usize] {
            Step::Called(_) => None,
            Step::Ended(op) => Some(self.operation(op)).filter(|one| matches!(one.end, Some((End::Failed, _)))),
        };
        !steps.iter().filter_map(failed).any(|operation| answer(&mut model, operation).is_some())
    }

    /// Whether this order of changes explains the answers of a key.
    fn explained<M: Model>(
        &self,
        order: &[Op],
        steps: &[u32],
        call: &impl Fn(Act) -> M::Call,
        answer: &impl Fn(&mut M, &Operation) -> Option<M::Answer>,
        model: &mut M,
    ) -> bool {
        let mut transcript: Transcript<M, Op> = Transcript::default();
        for at in steps {
            match self.steps[*at as usize] {
                Step::Called(op) => transcript.call(op, call(self.operation(op).act)),
                Step::Ended(op) => match answer(model, self.operation(op)) {
                    Some(answer) => transcript.answer(op, answer),
                    None => transcript.fail(op),
                },
            }
        }
        transcript.is_explained_by(model, order.iter().copied())
    }

    /// Searches for an order: what contradicts every one, the work that was used, and the step at which the search was
    /// given up.
    fn search<M, V>(
        &self,
        object: &mut Linearizer<M, Op>,
        steps: &[u32],
        call: &impl Fn(Act) -> M::Call,
        answer: &impl Fn(&mut M, &Operation) -> Option<Seen<V>>,
        text: &impl Fn(&mut M, &V) -> String,
    ) -> (Option<Broken>, usize, Option<u32>)
    where
        M: Model<Answer = Seen<V>>,
        V: Clone + Ord + std::fmt::Debug,
    {
        for at in steps {
            let step = self.steps[*at as usize];
            let (Step::Called(op) | Step::Ended(op)) = step;
            let operation = self.operation(op);
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
                return (Some(self.broken(op, &possible, &impossible)), object.used(), None);
            }
            if object.undecided() {
                return (None, object.used(), Some(*at));
            }
        }
        (None, object.used(), None)
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
        let why = Reason::Order { changes: impossible.changes };
        Broken { key: self.keys[*key as usize].clone(), line, sentence, why, order }
    }

    fn proven(&self, culprit: Op, proof: &Proof) -> Broken {
        let Proof { of, why, ops } = proof;
        let Operation { key, .. } = self.operation(*of);
        let ended = |op: Op| self.operation(op).end.as_ref().map(|(_, line)| *line);
        let line = ended(culprit).unwrap_or(self.operation(culprit).line);
        let told = |op: Op| {
            let answered = ended(op).map(|line| format!(", answered on line {line}")).unwrap_or_default();
            format!("{}{answered}", self.tell(op))
        };
        let sentence = format!("{}; {why}", told(*of));
        let order = ops.iter().map(|op| told(*op)).collect();
        Broken { key: self.keys[*key as usize].clone(), line, sentence, why: Reason::Proof, order }
    }
}

/// What was found out about a key that is not known to be linearizable.
enum Found {
    Broken(Broken),
    Undecided(Undecided),
}

/// The judgement of a key in polynomial time.
enum Fast {
    Holds(Vec<Op>),
    Broken(Broken),
    Unfit,
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
