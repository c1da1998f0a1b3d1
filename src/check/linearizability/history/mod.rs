//! Histories that other systems recorded: one JSON object a line, judged key by key.
//!
//! `{"process":1,"type":"invoke","f":"put","key":"x","value":3}`, and then, of the same process, a line of type `ok`
//! (it happened; of a read, `value` is what was read), `fail` (it did not happen) or `info` (nobody knows). `f` is
//! `read`, `put`, `cas` (its value is `[old, new]`) or `append`. A process has one operation at a time, but may go on
//! after `info`. What is still open at the end counts as `info`. Further fields are passed over; where `f`, `key` or a
//! put's value stand at the end of an operation too, they must be those of its beginning.

mod error;
mod findings;
mod read;
#[cfg(test)]
mod tests;
mod values;

use std::fmt;

pub use error::HistoryError;
pub use findings::{Broken, Findings, Linearizability};
pub use read::read;

use values::{ValueId, Values};

/// How the objects of a history behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objects {
    /// Registers with read and put; null at first.
    Registers,
    /// Registers that know cas too; null at first.
    CasRegisters,
    /// Lists with read and append; empty at first, which a read may tell as null.
    Lists,
}

impl Objects {
    /// `register`, `cas-register`, `append`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Registers => "register",
            Self::CasRegisters => "cas-register",
            Self::Lists => "append",
        }
    }

    const fn know(self, act: Act) -> bool {
        match act {
            Act::Read => true,
            Act::Put(_) => matches!(self, Self::Registers | Self::CasRegisters),
            Act::Cas { .. } => matches!(self, Self::CasRegisters),
            Act::Append(_) => matches!(self, Self::Lists),
        }
    }
}

/// What a history holds.
#[derive(Clone, Debug)]
pub struct History {
    /// How its objects behave.
    pub objects: Objects,
    /// In the order of their calls.
    operations: Vec<Operation>,
    steps: Vec<Step>,
    keys: Vec<String>,
    values: Values,
}

/// An operation's place in the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Op(u32);

#[derive(Clone, Debug)]
struct Operation {
    process: u64,
    /// The line of its call.
    line: u64,
    key: u32,
    act: Act,
    /// How it ended, and on which line; `None` if that is not known.
    end: Option<(End, u64)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Read,
    Put(ValueId),
    Cas { old: ValueId, new: ValueId },
    Append(ValueId),
}

#[derive(Clone, Debug)]
enum End {
    /// It happened.
    Done,
    /// The register held this.
    Read(ValueId),
    /// The list held these.
    ReadList(Vec<ValueId>),
    /// It did not happen.
    Failed,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Called(Op),
    Ended(Op),
}

impl History {
    fn operation(&self, Op(index): Op) -> &Operation {
        &self.operations[index as usize]
    }

    /// An operation and what became of it, with its line.
    fn tell(&self, op: Op) -> String {
        let Operation { process, line, act, end, .. } = self.operation(op);
        let act = match act {
            Act::Read => "read".to_owned(),
            Act::Put(value) => format!("put {}", self.values.text(*value)),
            Act::Cas { old, new } => format!("cas {} to {}", self.values.text(*old), self.values.text(*new)),
            Act::Append(value) => format!("append {}", self.values.text(*value)),
        };
        let end = match end {
            None => ", outcome unknown".to_owned(),
            Some((End::Done, _)) => String::new(),
            Some((End::Read(value), _)) => format!(" {}", self.values.text(*value)),
            Some((End::ReadList(list), _)) => format!(" {}", self.list(list)),
            Some((End::Failed, _)) => ", failed".to_owned(),
        };
        format!("line {line}: process {process} {act}{end}")
    }

    fn list(&self, values: &[ValueId]) -> impl fmt::Display {
        let values: Vec<&str> = values.iter().map(|value| self.values.text(*value)).collect();
        format!("[{}]", values.join(","))
    }
}
