//! What was found in a history, and its sentences.

use super::super::{Seen, Unexplained};
use super::timeline::Proof;
use super::values::ValueId;
use super::{History, Op, Operation, Step};

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
        /// The number of changes of the value in such an order.
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
    /// The operations that contradict it; or the last ones of an order that explains everything before.
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

impl History {
    /// The line of a step.
    pub(super) fn line(&self, at: u32) -> u64 {
        let step = self.steps[at as usize];
        let (Step::Called(op) | Step::Ended(op)) = step;
        let Operation { line, end, .. } = self.operation(op);
        match (step, end) {
            (Step::Ended(_), Some((_, line))) => *line,
            (Step::Called(_) | Step::Ended(_), _) => *line,
        }
    }

    /// A key with an answer that no order explains.
    pub(super) fn broken(&self, unexplained: &Unexplained<Op>, possible: &[Seen<ValueId>]) -> Broken {
        let Unexplained { name, order, changes } = unexplained;
        let Operation { key, end, .. } = self.operation(*name);
        let line = end.as_ref().map_or(0, |(_, line)| *line);
        let told = self.tell(*name);
        let possible = possible.iter().map(|seen| match seen {
            Seen::Value(value) => self.values.text(*value),
            Seen::Done => "success",
            Seen::Refused => "failure",
        });
        let sentence = match &possible.collect::<Vec<_>>()[..] {
            [] => format!("{told}, answered on line {line}; no order explains it with all answers before"),
            possible => format!("{told}, answered on line {line}; possible was {}", either(possible)),
        };
        let order = order.iter().map(|op| self.tell(*op)).collect();
        let why = Reason::Order { changes: *changes };
        Broken { key: self.key(*key).to_owned(), line, sentence, why, order }
    }

    /// A key of which a few operations contradict each other.
    pub(super) fn proven(&self, culprit: Op, proof: &Proof) -> Broken {
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
        Broken { key: self.key(*key).to_owned(), line, sentence, why: Reason::Proof, order }
    }
}

/// The maximum number of possible answers in a sentence.
const TOLD: usize = 8;

/// `1, 2 or 3`
fn either(possible: &[&str]) -> String {
    match possible {
        many if many.len() > TOLD => format!("{} or another of {}", many[..TOLD].join(", "), many.len()),
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        few => few.concat(),
    }
}
