//! The answers that were possible instead of one that no order explains: each is tried.

use super::super::{DepthFirst, Limits, Progress, Register, Seen};
use super::timeline::{Span, Timeline};
use super::values::ValueId;
use super::{Act, History, Objects, Op, Operation, Step};

/// The maximum number of answers to try.
const MOST: usize = 64;
/// The maximum number of steps to try one.
const STEPS: usize = 10_000;
/// The memory to try one, in bytes.
const BYTES: usize = 16 << 20;

impl History {
    /// The answers that some order explains together with all answers before, in order. None if there may be too many to
    /// try, or if one can't be decided.
    pub(super) fn possible(&self, op: Op, observes: bool) -> Vec<Seen<ValueId>> {
        let operation = self.operation(op);
        let steps = self.steps_until_end(op);
        let candidates = match (self.objects[operation.key as usize], operation.act) {
            (Objects::Lists, _) | (_, Act::Put(_) | Act::Append(_)) => return Vec::new(),
            (_, Act::Cas { .. }) => vec![Seen::Done, Seen::Refused],
            (_, Act::Read) => self.readable(&steps, op).into_iter().map(Seen::Value).collect(),
        };
        if candidates.len() > MOST {
            return Vec::new();
        }
        let is_possible = |answer: &Seen<ValueId>| self.is_possible(&steps, op, *answer, observes);
        let decided: Option<Vec<bool>> = candidates.iter().map(is_possible).collect();
        let decided = decided.unwrap_or_default();
        candidates.into_iter().zip(decided).filter(|(_, is_possible)| *is_possible).map(|(answer, _)| answer).collect()
    }

    /// The steps of its key up to its end.
    fn steps_until_end(&self, op: Op) -> Vec<u32> {
        let key = self.operation(op).key;
        let mut steps = Vec::new();
        for (at, step) in (0..).zip(&self.steps) {
            let (Step::Called(of) | Step::Ended(of)) = *step;
            if self.operation(of).key == key {
                steps.push(at);
            }
            if matches!(step, Step::Ended(ended) if *ended == op) {
                break;
            }
        }
        steps
    }

    /// The values that a read may find: those of writes that no write has replaced that was called after them.
    fn readable(&self, steps: &[u32], read: Op) -> Vec<ValueId> {
        let timeline = Timeline::of(self, steps, u32::MAX);
        let called = timeline.spans.iter().find(|span| span.op == read).expect("it was called").called;
        let writes = timeline.effective(self).filter_map(|(span, operation, _)| match operation.act {
            Act::Put(value) | Act::Cas { new: value, .. } => Some((span, value)),
            Act::Read | Act::Append(_) => None,
        });
        let writes: Vec<(Span, ValueId)> = writes.collect();
        let last = writes.iter().filter(|(span, _)| span.ended < called).map(|(span, _)| span.called).max();
        let lives = |span: &Span| last.is_none_or(|last| span.ended > last);
        let mut values: Vec<ValueId> = if last.is_none() { vec![self.start] } else { Vec::new() };
        values.extend(writes.iter().filter(|(span, _)| lives(span)).map(|(_, value)| *value));
        values.sort_unstable();
        values.dedup();
        values
    }

    /// Whether some order explains this answer together with all answers before; `None` if that is too much work.
    fn is_possible(&self, steps: &[u32], op: Op, answer: Seen<ValueId>, observes: bool) -> Option<bool> {
        let mut register = Register { start: self.start };
        let line = self.operation(op).line;
        let course = self.course(steps, &mut register, Operation::register_call, |_, operation| {
            if operation.line == line { Some(answer) } else { operation.register_answer(observes) }
        });
        match DepthFirst::new(register, course).search(Limits { steps: STEPS, bytes: BYTES, go_on: &|| true }) {
            Progress::Holds => Some(true),
            Progress::Broken(_) => Some(false),
            Progress::Steps | Progress::Memory | Progress::Stopped => None,
        }
    }
}
