//! A history of one object that a checker has recorded itself: its lines are its steps.

use super::texts::Texts;
use super::values::{ValueId, Values};
use super::{Act, End, History, Objects, Op, Operation, Step};

impl History {
    /// A history of one object without operations; a register is initially null.
    pub(in crate::check) fn of_one(objects: Objects) -> Self {
        let (operations, steps, mut keys) = (Vec::new(), Vec::new(), Texts::default());
        keys.place("");
        let (processes, values, start) = (Texts::default(), Values::new(), Values::NULL);
        Self { objects: vec![objects], operations, steps, keys, processes, values, start, skipped: 0 }
    }

    /// Whether its object is a list.
    pub(in crate::check) fn is_list(&self) -> bool {
        self.objects == [Objects::Lists]
    }

    /// The value of this text.
    pub(in crate::check) fn value(&mut self, text: &str) -> ValueId {
        self.values.id(text)
    }

    /// The text of a value.
    pub(in crate::check) fn text(&self, value: ValueId) -> &str {
        self.values.text(value)
    }

    /// An operation is called.
    pub(in crate::check) fn call(&mut self, act: Act) -> Op {
        let op = Op(u32::try_from(self.operations.len()).expect("so many operations fit no memory"));
        let line = self.steps.len() as u64;
        self.operations.push(Operation { process: 0, line, key: 0, act, end: None });
        self.steps.push(Step::Called(op));
        op
    }

    /// An operation ends.
    pub(in crate::check) fn end(&mut self, op: Op, end: End) {
        self.operations[op.0 as usize].end = Some((end, self.steps.len() as u64));
        self.steps.push(Step::Ended(op));
    }
}

impl Op {
    /// Its place among the operations, in the order of their calls.
    pub(in crate::check) const fn place(self) -> usize {
        self.0 as usize
    }
}
