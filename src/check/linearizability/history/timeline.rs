//! The operations of one key of a history, with their times.

use super::{End, History, Op, Operation, Step};

/// The operations of one key, as far as they are known before some step of the history.
#[derive(Clone, Debug)]
pub(super) struct Timeline {
    pub(super) spans: Vec<Span>,
}

/// An operation with the numbers of the steps at which it was called and answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) op: Op,
    pub(super) called: u32,
    /// `u32::MAX` if it is open, or if its outcome is unknown.
    pub(super) ended: u32,
}

impl Span {
    pub(super) const fn is_open(&self) -> bool {
        self.ended == u32::MAX
    }

    /// Whether it ended before the other one was called.
    pub(super) const fn precedes(&self, other: &Self) -> bool {
        self.ended < other.called
    }
}

impl Timeline {
    /// The operations whose steps these are, before the step `until`.
    pub(super) fn of(history: &History, steps: &[u32], until: u32) -> Self {
        let mut spans: Vec<Span> = Vec::with_capacity(steps.len() / 2 + 1);
        for at in steps.iter().copied().take_while(|at| *at < until) {
            match history.steps[at as usize] {
                Step::Called(op) => spans.push(Span { op, called: at, ended: u32::MAX }),
                Step::Ended(op) => {
                    // Operations are numbered in the order of their calls.
                    let place = spans.binary_search_by_key(&op, |span| span.op).expect("it was called before");
                    spans[place].ended = at;
                }
            }
        }
        Self { spans }
    }

    /// The operations that did not fail, each with what is known of it; one whose end is not reached is open.
    pub(super) fn effective<'h>(
        &self,
        history: &'h History,
    ) -> impl Iterator<Item = (Span, &'h Operation, Option<&'h End>)> {
        let known = self.spans.iter().map(move |span| {
            let operation = history.operation(span.op);
            let end = if span.is_open() { None } else { operation.end.as_ref().map(|(end, _)| end) };
            (*span, operation, end)
        });
        known.filter(|(.., end)| !matches!(end, Some(End::Failed | End::Refused)))
    }
}

/// The judgement of a whole timeline in polynomial time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    /// An order explains it: that of these changes.
    Holds(Vec<Op>),
    /// No order explains it.
    Broken(Proof),
    /// It is of another kind: values are written more than once.
    Unfit,
}

/// Why no order explains a timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::check) struct Proof {
    /// The operation that can't be where it is.
    pub(in crate::check) of: Op,
    /// What contradicts it, in a clause.
    pub(in crate::check) why: String,
    /// The operations that prove it, the fewest.
    pub(in crate::check) ops: Vec<Op>,
}
