//! Histories that other systems recorded: one JSON object, or one flat map in EDN, per line; judged key by key.
//!
//! `{"process":1,"type":"invoke","f":"put","key":"x","value":3}`, and then, of the same process, a line of type `ok`
//! (it took effect; of a read, `value` is the result), `fail` (it did not take effect) or `info` (unknown). `f` is
//! `read`, `put` (or `write`), `cas` (its value is `[old, new]`) or `append`. A process has one operation at a time, but may
//! continue after `info`. An operation that is open at the end counts as `info`. Processes and keys are numbers or texts;
//! without a key there is one object. Lines with an `index`, or else a `time`, are sorted by it. Lines of the process
//! `nemesis` are skipped, and other fields are ignored; if `f`, `key` or a put's value is also given at the end of an
//! operation, it must be the same as at its beginning.

mod datum;
mod edn;
mod error;
mod findings;
mod judge;
mod lists;
mod possible;
mod read;
mod recorded;
#[cfg(test)]
mod tests;
mod texts;
mod timeline;
mod values;
mod zones;

use std::fmt;

pub use error::HistoryError;
pub use findings::{Broken, Findings, Linearizability, Reason, Undecided};
pub(in crate::check) use judge::Decision;
pub use read::read;
use texts::Texts;
pub(in crate::check) use timeline::Proof;
pub(in crate::check) use values::{ValueId, Values};

/// The default budget of a file in steps: searches that use it up have taken seconds, and at most 256 MiB.
pub const BUDGET: usize = 1_500_000;

/// The type of the objects of a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objects {
    /// Registers with read and put; initially null, if nothing else is given.
    Registers,
    /// Registers with read, put and cas; initially null, if nothing else is given.
    CasRegisters,
    /// Lists with read and append; initially empty, which a read may return as null.
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

/// The content of a history.
#[derive(Clone, Debug)]
pub struct History {
    /// The type of each object.
    objects: Vec<Objects>,
    /// The operations in the order of their calls.
    operations: Vec<Operation>,
    steps: Vec<Step>,
    keys: Texts,
    processes: Texts,
    values: Values,
    /// The value of registers before the first operation.
    start: ValueId,
    /// The number of lines of a nemesis.
    skipped: u64,
}

/// The index of an operation in the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::check) struct Op(u32);

#[derive(Clone, Debug)]
struct Operation {
    /// By its place among all processes.
    process: u32,
    /// The line of its call.
    line: u64,
    key: u32,
    act: Act,
    /// How it ended, and on which line; `None` if that is unknown.
    end: Option<(End, u64)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::check) enum Act {
    Read,
    Put(ValueId),
    Cas { old: ValueId, new: ValueId },
    Append(ValueId),
}

#[derive(Clone, Debug)]
pub(in crate::check) enum End {
    /// It took effect.
    Done,
    /// The register had this value.
    Read(ValueId),
    /// The list had these items.
    ReadList(Vec<ValueId>),
    /// It did not take effect.
    Failed,
    /// The register had another value than the cas expected.
    Refused,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Called(Op),
    Ended(Op),
}

impl History {
    /// The types of its objects, as in `append, register`.
    #[must_use]
    pub fn models(&self) -> String {
        let mut names: Vec<&str> = self.objects.iter().map(|objects| objects.name()).collect();
        names.sort_unstable();
        names.dedup();
        names.join(", ")
    }

    /// The number of lines of a nemesis, which were skipped.
    #[must_use]
    pub const fn skipped(&self) -> u64 {
        self.skipped
    }

    /// A key, as it is shown.
    fn key(&self, key: u32) -> &str {
        shown(self.keys.text(key))
    }

    fn operation(&self, Op(index): Op) -> &Operation {
        &self.operations[index as usize]
    }

    /// An operation and its outcome, with its line.
    fn tell(&self, op: Op) -> String {
        let Operation { process, line, act, end, .. } = self.operation(op);
        let process = shown(self.processes.text(*process));
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
            Some((End::Failed | End::Refused, _)) => ", failed".to_owned(),
        };
        format!("line {line}: process {process} {act}{end}")
    }

    fn list(&self, values: &[ValueId]) -> impl fmt::Display {
        let values: Vec<&str> = values.iter().map(|value| self.values.text(*value)).collect();
        format!("[{}]", values.join(","))
    }
}

/// A process or a key without the first quotation marks.
fn shown(name: &str) -> &str {
    name.trim_matches('"')
}
